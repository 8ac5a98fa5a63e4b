//! `run workflow { … }`: one of the blueprint's, or a built-in one.

use bp_plan::Type;
use bp_plan::workflow::Run;

use super::{Checker, check_arguments, given_by_body, rings, signature};
use crate::check::expr::{Scope, check_expr};
use crate::diagnostics::slips::called_like_a_function;
use crate::diagnostics::{near, workflows as says};
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind};

impl Checker<'_, '_> {
    /// What is run, and the type of what it gives.
    pub(super) fn run(
        &mut self,
        workflow: &ast::Expr,
        body: &ast::Body,
        result: Option<&ast::Name>,
        scope: &Scope,
    ) -> (Option<Run>, Type) {
        let given = given_by_body(scope, body, self.out);
        let Some(name) = self.workflow_name(workflow, scope) else {
            // What it would be given is checked all the same.
            for (_, value) in given {
                self.expr(scope, value, None);
            }
            return (None, Type::Unknown);
        };
        let Some(head) = signature(self.program, &name) else { return (None, Type::Unknown) };
        let at = self.place(workflow.span);
        if head.place.is_some() {
            let (from, to) = (self.head.name.clone(), name.clone());
            self.runs.push(rings::Runs { from, to, place: at });
        }
        let before = self.out.len();
        let arguments = check_arguments(self.program, scope, &head.callee(), &given, at, self.out);
        self.error_outside(before);
        if let (Some(result), None) = (result, &head.result) {
            let place = self.place(result.span);
            self.out.push(says::gives_nothing(place, &name, head.place));
            return (None, Type::Unknown);
        }
        let ty = head.result.clone().unwrap_or(Type::Unknown);
        (Some(Run { workflow: name, arguments, result: None }), ty)
    }

    fn workflow_name(&mut self, workflow: &ast::Expr, scope: &Scope) -> Option<String> {
        let at = self.place(workflow.span);
        match &workflow.kind {
            ExprKind::Missing => None,
            ExprKind::Name(name) if signature(self.program, name).is_some() => {
                Some(name.to_string())
            }
            ExprKind::Name(name) => {
                let is_value = scope.local(name).is_some()
                    || self.program.value_declaration(scope.file(), name).is_some();
                if is_value {
                    self.out.push(says::no_workflow(at, &format!("`{name}`")));
                    return None;
                }
                let known = self.program.workflows.keys().map(String::as_str);
                let near = near(name, known.clone());
                let own: Vec<&str> = self
                    .program
                    .workflows
                    .values()
                    .filter(|head| head.place.is_some() && head.name != self.head.name)
                    .map(|head| head.name.as_str())
                    .collect();
                self.out.push(says::unknown_workflow(at, name, near, &own));
                None
            }
            ExprKind::Call { function, arguments }
                if let [name] = function.segments.as_slice()
                    && signature(self.program, &name.text).is_some() =>
            {
                // A workflow has a block for what it is given.
                let block = if arguments.is_empty() { "" } else { " { name = value }" };
                let form = format!("run {}{block}", name.text);
                let end = function.span.end;
                let given = self.place(Span::new(end, workflow.span.end));
                let edits = arguments.is_empty().then(|| vec![(given, String::new())]);
                let at = self.place(Span::new(end, end + 1));
                self.out.push(called_like_a_function(at, "run", &form, edits));
                None
            }
            _ => {
                let typed = check_expr(self.program, scope, workflow, None, &mut Vec::new());
                let what = match typed.ty {
                    Type::Unknown => "this".to_owned(),
                    ty => format!("a `{ty}`"),
                };
                self.out.push(says::no_workflow(at, &what));
                None
            }
        }
    }
}
