//! `implement interface.operation = workflow`: what the operations of a substituted type do.

use std::collections::BTreeMap;

use super::decides::blueprint_name;
use super::written;
use crate::check::Checked;
use crate::check::expr::{World as _, fits};
use crate::check::members::short;
use crate::check::never;
use crate::check::operations::{OperationSignature, parameter_place, path};
use crate::check::program::{Program, TypeInfo};
use crate::check::workflows::{WorkflowHead, signature};
use crate::diagnostics::{Diagnostic, composition as says, names as says_names};
use crate::source::{FileId, Place};
use crate::syntax::ast::{self, EntryKind, ExprKind, Implement, ItemKind};

/// What the blueprint implements, with the places.
type Implemented = BTreeMap<String, (String, Place)>;

/// Checks what a blueprint implements of the type that it substitutes, if it substitutes one.
pub(super) fn check(
    checked: &Checked<'_>,
    wanted: Option<&TypeInfo>,
    out: &mut Vec<Diagnostic>,
) -> BTreeMap<String, String> {
    let mut found: Implemented = BTreeMap::new();
    let Some(module) = checked.program.blueprint() else { return BTreeMap::new() };
    for item in &module.tree.items {
        let ItemKind::Implement(it) = &item.kind else { continue };
        one(checked, wanted, it, &mut found, out);
    }
    found.into_iter().map(|(operation, (workflow, _))| (operation, workflow)).collect()
}

fn one(
    checked: &Checked<'_>,
    wanted: Option<&TypeInfo>,
    it: &Implement,
    found: &mut Implemented,
    out: &mut Vec<Diagnostic>,
) {
    let program = &checked.program;
    let at = Place { file: checked.file, span: it.operation.span };
    let name = written(&it.operation);
    let Some(wanted) = wanted else {
        // A type that is unknown, or not abstract, was told.
        if checked.blueprint.as_ref().is_none_or(|head| !head.substitutes) {
            out.push(says::implements_nothing(at, &name));
        }
        return;
    };
    if let Some((_, first)) = found.get(&name) {
        out.push(says_names::twice(at, &name, *first));
        return;
    }
    let Some(operation) = wanted.operations.get(&name) else {
        if !program.names.is_open(&wanted.full) {
            let known: Vec<String> = wanted.operations.keys().cloned().collect();
            out.push(says::no_operation(at, &name, short(&wanted.full), &known, wanted.place));
        }
        return;
    };
    let value = Place { file: checked.file, span: it.workflow.span };
    let ExprKind::Name(workflow) = &it.workflow.kind else {
        if !matches!(it.workflow.kind, ExprKind::Missing) {
            out.push(says::no_workflow(value, &program.text(value), &[]));
        }
        return;
    };
    let Some(head) = signature(program, workflow).filter(|head| head.place.is_some()) else {
        let known: Vec<String> = program
            .workflows
            .values()
            .filter(|head| head.place.is_some())
            .map(|head| head.name.clone())
            .collect();
        out.push(says::no_workflow(value, workflow, &known));
        return;
    };
    found.insert(name.clone(), (head.name.clone(), at));
    fit(checked, wanted, (&name, operation), head, value, out);
}

/// Whether a workflow takes what the operation is called with, and gives what it gives.
fn fit(
    checked: &Checked<'_>,
    wanted: &TypeInfo,
    (name, operation): (&str, &OperationSignature),
    head: &WorkflowHead,
    at: Place,
    out: &mut Vec<Diagnostic>,
) {
    let program = &checked.program;
    let of = short(&wanted.full);
    for parameter in &operation.parameters {
        let what = format!("the parameter `{}` of `{}`", parameter.name, head.name);
        let taken = head.parameters.iter().find(|taken| taken.name == parameter.name);
        match taken {
            Some(taken) if fits(program, &parameter.ty, &taken.ty) => {
                let given = (&parameter.ty, parameter.constraints.as_slice());
                let asked = (&taken.ty, taken.constraints.as_slice());
                let Some(narrower) = never::narrower(program, asked, given) else { continue };
                // What its type asks is told at its name.
                let is_own = taken.constraints.contains(narrower);
                let own = Some(narrower.span).filter(|_| is_own);
                let own = own.and_then(|span| program.place_of(span));
                let at = own.or(taken.place).unwrap_or(at);
                let declared = parameter_place(program, operation.place, &parameter.name);
                out.push(says::takes_less(at, &what, of, name, declared));
                return;
            }
            other => {
                let found = other.map_or("none".to_owned(), |taken| format!("`{}`", taken.ty));
                let wanted = format!("`{}` or wider", parameter.ty);
                let declared = parameter_place(program, operation.place, &parameter.name);
                out.push(says::offers_other(at, &what, of, &wanted, &found, declared));
                return;
            }
        }
    }
    for taken in head.parameters.iter().filter(|taken| taken.is_required()) {
        if operation.parameters.iter().all(|parameter| parameter.name != taken.name) {
            let what = format!("the parameter `{}` of `{}`", taken.name, head.name);
            let help = format!("give it a default, or add it to `{name}`");
            out.push(says::needs_more(at, &what, of, &help));
            return;
        }
    }
    let Some(result) = &operation.result else { return };
    if head.result.as_ref().is_none_or(|found| !fits(program, found, result)) {
        let what = format!("the result of `{}`", head.name);
        let found = head.result.as_ref().map_or("none".to_owned(), |found| format!("`{found}`"));
        out.push(says::offers_other(
            at,
            &what,
            of,
            &format!("`{result}`"),
            &found,
            operation.place,
        ));
    }
}

/// The operations that a blueprint must implement to stand for a type: those that the type declares
/// and does not carry out itself; what every node has is the runtime's.
pub(super) fn needed<'t>(
    root: Option<&TypeInfo>,
    wanted: &'t TypeInfo,
) -> Vec<(&'t String, &'t OperationSignature)> {
    let is_everyones = |name: &str| root.is_some_and(|root| root.operations.contains_key(name));
    wanted
        .operations
        .iter()
        .filter(|(name, operation)| !operation.implemented && !is_everyones(name))
        .collect()
}

/// Tells the operations that a node says itself, though it is made of a blueprint (by the full name of its type),
/// which carries them out.
pub(super) fn own(
    program: &Program<'_>,
    (file, node): (FileId, &ast::Node),
    full: &str,
    out: &mut Vec<Diagnostic>,
) {
    let Some(declared) = program.names.types.get(full).map(|declared| declared.place) else {
        return;
    };
    for entry in &node.body.entries {
        let EntryKind::Operation(operation) = &entry.kind else { continue };
        let at = Place { file, span: operation.path.span };
        let blueprint = blueprint_name(program, full);
        out.push(says::own_operation(at, &path(operation), &blueprint, declared));
    }
}
