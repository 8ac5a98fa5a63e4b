//! `call node.interface.operation { … }`: which node, which operation, and whether it can be called.

use bp_plan::workflow::Call;
use bp_plan::{Expr, Type};

use super::{Callee, Checker, Taken, check_arguments, given_by_body};
use crate::check::expr::{Scope, Typed, World as _, check_expr};
use crate::check::members::short;
use crate::check::operations::{OperationSignature, of_node, parameter_place};
use crate::check::proposals;
use crate::check::{Program, TypeInfo};
use crate::diagnostics::workflows as says;
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind, ItemKind};

/// Operations of this interface are the runtime's to call.
const LIFECYCLE: &str = "lifecycle";

/// `target.interface.operation`, taken apart.
struct Path<'t> {
    target: ast::Expr,
    interface: &'t ast::Name,
    operation: &'t ast::Name,
    /// `xs[*].interface.operation`.
    each: bool,
}

/// The parameters of an operation, each as the operation's declaration has it.
pub(crate) fn parameters(signature: &OperationSignature) -> Vec<Taken> {
    let parameters = signature.parameters.iter();
    let taken = parameters.map(|parameter| Taken {
        name: parameter.name.clone(),
        ty: parameter.ty.clone(),
        default: parameter.default.clone(),
        constraints: parameter.constraints.clone(),
        place: Some(signature.place),
    });
    taken.collect()
}

/// The operation that a `call` names, and whether it is called of each element; for editors, which
/// ask before all of it is right.
pub(crate) fn operation<'p>(
    program: &'p Program<'_>,
    scope: &Scope,
    called: &ast::Expr,
) -> Option<(&'p OperationSignature, bool)> {
    let path = path(called)?;
    let target = check_expr(program, scope, &path.target, None, &mut Vec::new());
    let full = node_of(&target.ty)?;
    let name = format!("{}.{}", path.interface.text, path.operation.text);
    Some((program.types.get(full)?.operations.get(&name)?, path.each))
}

/// The type of the node, or of the nodes, that a value of this type is.
pub(crate) fn node_of(ty: &Type) -> Option<&str> {
    match ty {
        Type::Node(full) | Type::Nodes(full) => Some(full),
        Type::Optional(of) | Type::List(of) => node_of(of),
        _ => None,
    }
}

/// What a call gives: a list where it is of each element.
pub(crate) fn gives(signature: &OperationSignature, each: bool) -> Type {
    // Where nothing is said of it, it is whatever the implementation gives.
    let result = signature.result.clone().unwrap_or(Type::Json);
    if each { Type::List(Box::new(result)) } else { result }
}

impl Checker<'_, '_> {
    /// What is called, and the type of what it gives.
    pub(super) fn call(
        &mut self,
        called: &ast::Expr,
        body: &ast::Body,
        scope: &Scope,
    ) -> (Option<Call>, Type) {
        let given = given_by_body(scope, body, self.out);
        let found = self.found(called, scope);
        let Some((path, target, signature)) = found else {
            // What it would be given is checked all the same.
            for (_, value) in given {
                self.expr(scope, value, None);
            }
            return (None, Type::Unknown);
        };
        let place = Some(signature.place);
        let mut parameters = parameters(&signature);
        for taken in &mut parameters {
            taken.place = Some(parameter_place(self.program, signature.place, &taken.name));
        }
        let what = format!("the operation `{}.{}`", path.interface.text, path.operation.text);
        let takes = Callee { what, parameters: &parameters, place };
        let before = self.out.len();
        let at = self.place(path.operation.span);
        let arguments = check_arguments(self.program, scope, &takes, &given, at, self.out);
        self.error_outside(before);
        let ty = gives(&signature, path.each);
        let call = Call {
            target: target.expr,
            each: path.each,
            interface: path.interface.text.to_string(),
            operation: path.operation.text.to_string(),
            arguments,
            result: None,
        };
        (Some(call), ty)
    }

    fn found<'t>(
        &mut self,
        called: &'t ast::Expr,
        scope: &Scope,
    ) -> Option<(Path<'t>, Typed, OperationSignature)> {
        if matches!(called.kind, ExprKind::Missing) {
            return None;
        }
        let Some(path) = path(called) else {
            self.no_operation(called, scope);
            return None;
        };
        let before = self.out.len();
        let target = self.expr(scope, &path.target, None);
        let is_node = |ty: &Type| matches!(ty, Type::Node(_));
        let told = (self.out.as_mut_slice(), before);
        let wanted = proposals::Wanted { kind: None, fits: &is_node, but: None };
        proposals::suit(self.program, scope, &path.target, wanted, told);
        let full = self.node_type(&path, &target)?;
        if path.interface.text == LIFECYCLE {
            let at = self.place(Span::new(path.interface.span.start, path.operation.span.end));
            self.out.push(says::lifecycle_by_hand(at, &path.operation.text));
            return None;
        }
        let program = self.program;
        let info = program.types.get(&full)?;
        let signature = self.operation(&path, info)?;
        if !self.is_implemented(&path, &target.expr, &full, &signature) {
            let at = self.place(path.operation.span);
            let name = format!("{}.{}", path.interface.text, path.operation.text);
            let of = short(&full);
            self.out.push(says::not_implemented(at, &name, of, signature.place));
            return None;
        }
        Some((path, target, signature))
    }

    /// The type of the node that is called, or of each of the nodes.
    fn node_type(&mut self, path: &Path<'_>, target: &Typed) -> Option<String> {
        let at = self.place(path.target.span);
        let element = match (&target.ty, path.each) {
            (Type::List(of), true) => of.as_ref(),
            (other, _) => other,
        };
        match element {
            Type::Unknown => None,
            Type::Node(full) => Some(full.clone()),
            Type::Nodes(_) => {
                let end = self.place(Span::new(path.target.span.end, path.target.span.end));
                self.out.push(says::call_of_collection(at, &target.ty, end));
                None
            }
            Type::List(of) if !path.each && matches!(**of, Type::Node(_)) => {
                let end = self.place(Span::new(path.target.span.end, path.target.span.end));
                self.out.push(says::call_of_collection(at, &target.ty, end));
                None
            }
            Type::Optional(of) if matches!(**of, Type::Node(_)) => {
                self.out.push(says::unsettled_node(at, element, path.each));
                None
            }
            other => {
                self.out.push(says::not_a_node(at, other));
                None
            }
        }
    }

    fn operation(&mut self, path: &Path<'_>, info: &TypeInfo) -> Option<OperationSignature> {
        let (interface, operation) = (path.interface, path.operation);
        let name = format!("{}.{}", interface.text, operation.text);
        if let Some(signature) = info.operations.get(&name) {
            return Some(signature.clone());
        }
        if self.program.names.is_open(&info.full) {
            return None;
        }
        let of = short(&info.full);
        let callable = || info.interfaces.keys().map(String::as_str).filter(|i| *i != LIFECYCLE);
        if !info.interfaces.contains_key(interface.text.as_str()) {
            let known: Vec<&str> = callable().collect();
            let at = self.place(interface.span);
            self.out.push(says::unknown_interface(at, &interface.text, of, &known, info.place));
            return None;
        }
        let prefix = format!("{}.", interface.text);
        let known: Vec<&str> =
            info.operations.keys().filter_map(|name| name.strip_prefix(prefix.as_str())).collect();
        let at = self.place(operation.span);
        self.out.push(says::unknown_operation(at, &operation.text, &interface.text, &known));
        None
    }

    /// Whether something carries the operation out: of a node of the blueprint it is known, any other
    /// may be of a type that extends the declared one.
    fn is_implemented(
        &self,
        path: &Path<'_>,
        target: &Expr,
        full: &str,
        signature: &OperationSignature,
    ) -> bool {
        if self.program.names.is_open(full) {
            return true;
        }
        let name = format!("{}.{}", path.interface.text, path.operation.text);
        let node = match target {
            Expr::Splat { of, body } if matches!(&**body, Expr::Local(element) if element == "*") => {
                Program::node_of(of)
            }
            other => Program::node_of(other),
        };
        if let Some(node) = node {
            let own = self.program.value_declaration(self.program.file, node);
            let own = own.and_then(|declared| self.program.item(declared));
            let own = match own {
                Some(ItemKind::Node(item)) => of_node(item).get(&name).copied(),
                _ => None,
            };
            // What stands for a node of an abstract type implements all that the type does not.
            let is_abstract = self.program.types.get(full).is_some_and(|info| info.is_abstract);
            return own.unwrap_or(signature.implemented || is_abstract);
        }
        signature.implemented
            || self.program.types.iter().any(|(derived, info)| {
                self.program.is_subtype(derived, full)
                    && info.operations.get(&name).is_some_and(|operation| operation.implemented)
            })
    }

    /// What is no `node.interface.operation`, with what was perhaps meant.
    fn no_operation(&mut self, called: &ast::Expr, scope: &Scope) {
        let at = self.place(called.span);
        if let ExprKind::Field { of, name, .. } = &called.kind {
            // `db.snapshot`: the interface was left out, perhaps.
            let before = self.out.len();
            let typed = self.expr(scope, of, None);
            if self.out.len() > before {
                return;
            }
            let info = match &typed.ty {
                Type::Node(full) | Type::Nodes(full) => self.program.types.get(full),
                _ => None,
            };
            let with = info.and_then(|info| {
                let suffix = format!(".{}", name.text);
                info.operations.keys().find(|known| known.ends_with(&suffix))
            });
            if let Some(operation) = with.and_then(|known| known.strip_prefix("lifecycle.")) {
                self.out.push(says::lifecycle_by_hand(self.place(name.span), operation));
                return;
            }
            self.out.push(says::no_operation(
                at,
                with.map(|known| (self.place(name.span), known.as_str())),
            ));
            return;
        }
        self.out.push(says::no_operation(at, None));
    }
}

/// Takes an operation's path apart; nothing where it is none.
fn path(called: &ast::Expr) -> Option<Path<'_>> {
    if let ExprKind::Splat { of, body } = &called.kind {
        let (element, interface, operation) = ends(body)?;
        // The collection with what is taken of each element: `xs[*]`, `xs[*].host`.
        let span = Span::new(called.span.start, element.span.end.max(of.span.end));
        let kind = ExprKind::Splat { of: of.clone(), body: Box::new(element.clone()) };
        return Some(Path { target: ast::Expr { kind, span }, interface, operation, each: true });
    }
    let (target, interface, operation) = ends(called)?;
    Some(Path { target: target.clone(), interface, operation, each: false })
}

/// The last two names of a path, and what stands before them.
fn ends(path: &ast::Expr) -> Option<(&ast::Expr, &ast::Name, &ast::Name)> {
    let ExprKind::Field { of, name: operation, safe: false } = &path.kind else { return None };
    let ExprKind::Field { of, name: interface, safe: false } = &of.kind else { return None };
    Some((of, interface, operation))
}
