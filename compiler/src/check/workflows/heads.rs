//! What workflows take and give.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_plan::{Constraint, Expr, Phase, Type};

use super::arguments::Callee;
use super::builtin;
use crate::check::Program;
use crate::check::expr::{
    Local, Scope, check_expr, check_local, check_type_expr, check_wheres, held,
};
use crate::diagnostics::{Diagnostic, workflows as says};
use crate::loader::Module;
use crate::source::{FileId, Place};
use crate::syntax::ast::{self, ExprKind, ItemKind, ValueKeyword};

/// What a workflow takes and gives.
#[derive(Clone, Debug)]
pub(crate) struct WorkflowHead {
    pub(crate) name: String,
    /// Where its name stands; nothing for a built-in one.
    pub(crate) place: Option<Place>,
    /// In the order in which they are declared.
    pub(crate) parameters: Vec<Taken>,
    pub(crate) result: Option<Type>,
    pub(crate) documentation: String,
}

/// A parameter of a workflow or of an operation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Taken {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) default: Option<Expr>,
    pub(crate) constraints: Vec<Constraint>,
    /// Where its name stands; nothing where nobody wrote it.
    pub(crate) place: Option<Place>,
}

impl Taken {
    /// Whether it must be given.
    pub(crate) fn is_required(&self) -> bool {
        self.default.is_none() && !matches!(self.ty, Type::Optional(_) | Type::Unknown)
    }
}

impl WorkflowHead {
    /// As the mistakes of its arguments speak of it.
    pub(crate) fn callee(&self) -> Callee<'_> {
        Callee {
            what: format!("the workflow `{}`", self.name),
            parameters: &self.parameters,
            place: self.place,
        }
    }
}

/// The workflow of this name: the blueprint's own, or a built-in one.
pub(crate) fn signature<'p>(program: &'p Program<'_>, name: &str) -> Option<&'p WorkflowHead> {
    program.workflows.get(name)
}

/// Finds what all workflows take and give, the built-in ones included.
pub(crate) fn heads(program: &mut Program<'_>, out: &mut Vec<Diagnostic>) {
    let mut found: BTreeMap<String, WorkflowHead> = builtin::heads(program);
    let Some(module) = program.blueprint() else { return };
    let implementing = implementing(module);
    for item in &module.tree.items {
        let ItemKind::Workflow(workflow) = &item.kind else { continue };
        let is_implementing = implementing.contains(workflow.name.text.as_str());
        let head = head(program, item, (workflow, is_implementing), out);
        // A second one of a name was told with the names of the file.
        if found.get(&head.name).is_none_or(|first| first.place.is_none()) {
            if found.contains_key(&head.name)
                && let Some(place) = head.place
            {
                out.push(says::built_in_name(place, &head.name));
            }
            found.insert(head.name.clone(), head);
        }
    }
    program.workflows = Arc::new(found);
}

/// The workflows that carry out operations of the type that a blueprint stands for.
fn implementing(module: &Module) -> BTreeSet<&str> {
    let workflows = module.tree.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Implement(it) => Some(&it.workflow.kind),
        _ => None,
    });
    workflows
        .filter_map(|workflow| match workflow {
            ExprKind::Name(name) => Some(name.as_str()),
            _ => None,
        })
        .collect()
}

/// Whether a name is that of something that the blueprint is given: an input, a secret, a requirement.
fn is_given(program: &Program<'_>, name: &str) -> bool {
    let declared = program.value_declaration(program.file, name);
    match declared.and_then(|declared| program.item(declared)) {
        Some(ItemKind::Value(value)) => value.keyword != ValueKeyword::Const,
        Some(ItemKind::Requires(_)) => true,
        _ => false,
    }
}

fn head(
    program: &Program<'_>,
    item: &ast::Item,
    (workflow, is_implementing): (&ast::Workflow, bool),
    out: &mut Vec<Diagnostic>,
) -> WorkflowHead {
    let file = program.file;
    let mut parameters = Vec::with_capacity(workflow.parameters.len());
    // Names alone: a default can't speak of the parameters beside it.
    let mut names = Scope::new(file);
    for parameter in &workflow.parameters {
        // A type may have an operation that takes what is called like a property of it: both names are the type's, and
        // in the workflow the parameter is meant.
        let is_known = names.local(&parameter.name.text).is_some();
        if is_known || !is_implementing || !is_given(program, &parameter.name.text) {
            check_local(program, &names, &parameter.name, out);
        }
        let made = taken(program, file, parameter, out);
        names = names.with(Local::variable(made.name.as_str(), made.ty.clone(), Phase::Run));
        parameters.push(made);
    }
    let result = workflow.result.as_ref().map(|ty| check_type_expr(program, file, ty, out));
    WorkflowHead {
        name: workflow.name.text.to_string(),
        place: Some(Place { file, span: workflow.name.span }),
        parameters,
        result,
        documentation: item.documentation.to_string(),
    }
}

fn taken(
    program: &Program<'_>,
    file: FileId,
    parameter: &ast::Member,
    out: &mut Vec<Diagnostic>,
) -> Taken {
    let ty = check_type_expr(program, file, &parameter.ty, out);
    let at = Place { file, span: parameter.name.span };
    let scope = Scope::new(file).constraining(&parameter.name.text);
    let constraints = check_wheres(program, &scope, &ty, &parameter.wheres, out);
    let default = parameter.default.as_ref().map(|default| {
        let note = format!("`{}` is declared here", parameter.name.text);
        let scope = Scope::new(file).because(Some(at), note.clone());
        let typed = check_expr(program, &scope, default, Some(&ty), out);
        if let Some(value) = typed.expr.as_value().filter(|_| typed.ty != Type::Unknown) {
            let place = Place { file, span: default.span };
            held(&constraints, value, place, Some((at, note)), out);
        }
        typed.expr
    });
    Taken { name: parameter.name.text.to_string(), ty, default, constraints, place: Some(at) }
}
