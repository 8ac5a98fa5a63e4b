//! Operations that read an attribute of their own node which, when a node is made, nothing has set by then.

use bp_plan::Type;

use super::Checked;
use super::operations::path;
use super::unset::{made_by_operations, setters};
use crate::diagnostics::{Diagnostic, Severity, operations as says};
use crate::source::{Place, Span};
use crate::syntax::ast::{EntryKind, Expr, ExprKind, Operation, TypeItemKind};
use crate::syntax::walk;

/// The operations by which a node is made, in their order.
const STEPS: [&str; 5] = [
    "lifecycle.precreate",
    "lifecycle.create",
    "lifecycle.configure",
    "lifecycle.start",
    "lifecycle.poststart",
];

/// Tells them. Where something is wrong, what sets an attribute may be hidden.
pub(crate) fn check(checked: &Checked<'_>, out: &mut Vec<Diagnostic>) {
    if out.iter().any(|told| told.severity == Severity::Error) {
        return;
    }
    let names = &checked.program.names;
    let setters = setters(checked);
    for (full, declared) in &names.types {
        let Some(info) = checked.program.types.get(full) else { continue };
        let Some(item) = declared.item(checked.program.sources) else { continue };
        if declared.kind != TypeItemKind::Node || !made_by_operations(info) {
            continue;
        }
        for entry in &item.body.entries {
            let EntryKind::Operation(operation) = &entry.kind else { continue };
            let name = path(operation);
            let Some(step) = STEPS.iter().position(|step| *step == name) else { continue };
            own_reads(operation, &mut |attribute, span| {
                let always_set = info.attributes.get(attribute).is_none_or(|(ty, _)| {
                    matches!(ty, Type::Optional(_) | Type::Unknown)
                        || info.properties.contains_key(attribute)
                });
                let of_kin = setters.iter().filter(|(of, set, _)| {
                    set == attribute && (names.is_subtype(of, full) || names.is_subtype(full, of))
                });
                let mut by = of_kin.map(|(.., by)| by.as_str()).peekable();
                let is_late = |by: &str| {
                    STEPS.iter().position(|step| *step == by).is_some_and(|set| set >= step)
                };
                // What nothing sets is told of where it is declared.
                let Some(first) = by.peek().copied().filter(|_| !always_set) else { return };
                if by.all(is_late) {
                    let at = Place { file: declared.file, span };
                    out.push(says::reads_too_early(at, attribute, &name, first));
                }
            });
        }
    }
}

/// The attributes of its own node that an operation reads, each with its place.
fn own_reads(operation: &Operation, see: &mut dyn FnMut(&str, Span)) {
    let mut visit = |expr: &Expr| {
        if let ExprKind::Field { of, name, .. } = &expr.kind
            && matches!(&of.kind, ExprKind::Name(this) if this == "self")
        {
            see(&name.text, expr.span);
        }
    };
    operation.implementation.iter().for_each(|it| walk::expressions(it, &mut visit));
    walk::body(&operation.body, &mut visit);
}
