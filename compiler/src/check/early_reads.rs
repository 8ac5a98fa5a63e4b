//! Operations that read an attribute of their own node which, when a node is made, nothing has set by then.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::{Implementation, Type};

use super::Checked;
use super::mentions::mentions;
use super::operations::path;
use super::program::Program;
use super::unset::{made_by_operations, setters};
use crate::diagnostics::{Diagnostic, Severity, operations as says};
use crate::source::{Place, Span};
use crate::syntax::ast::{EntryKind, Expr, ExprKind, ItemKind, Operation, TypeItemKind};
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
                    out.push(says::reads_too_early(at, attribute, &name, Some(first)));
                }
            });
        }
    }
    of_nodes(checked, out);
}

/// The same of nodes that have operations of their own, in the place of those of their types; and the attributes that
/// no operation of such a node sets any more.
fn of_nodes(checked: &Checked<'_>, out: &mut Vec<Diagnostic>) {
    let own = checked.nodes.nodes.iter().filter(|(_, of)| !of.node.operations.is_empty());
    for (node, of) in own {
        let Some(info) = checked.program.types.get(&of.node.kind) else { continue };
        if info.provider.is_some() {
            continue;
        }
        let of_type =
            |step: &str| info.operations.get(step).and_then(|it| it.implementation.as_deref());
        let of_node = |step: &str| match of.node.operations.get(step) {
            Some(own) => own.implementation.as_ref(),
            None => of_type(step),
        };
        let (before, now) = (Told::by(&of_type), Told::by(&of_node));
        let is_awaited = |name: &str| {
            info.attributes.get(name).is_some_and(|(ty, _)| {
                !matches!(ty, Type::Optional(_) | Type::Unknown)
                    && !info.properties.contains_key(name)
            })
        };
        let new: Vec<_> = now.early.difference(&before.early).collect();
        for (step, name) in new.iter().copied().filter(|(_, name)| is_awaited(name)) {
            let at = entry(checked, node, step).unwrap_or_else(|| of.place());
            out.push(says::reads_too_early(at, name, step, now.set.get(name).copied()));
        }
        let gone = before.set.keys().filter(|name| !now.set.contains_key(*name));
        let is_told = |name: &str| new.iter().any(|(_, told)| *told == name);
        for name in
            gone.filter(|name| is_awaited(name) && !is_told(name) && is_read(checked, node, name))
        {
            let (at, by) = (of.place(), before.set.get(name).copied().unwrap_or_default());
            out.push(says::set_no_more(at, name, node, by));
        }
    }
}

/// Whether an output or another node reads this of a node.
fn is_read(checked: &Checked<'_>, node: &str, attribute: &str) -> bool {
    let reads = |expr: &bp_plan::Expr| {
        mentions(expr, &|part| match part {
            bp_plan::Expr::Field { of, name, .. } => {
                name == attribute && Program::node_of(of) == Some(node)
            }
            _ => false,
        })
    };
    checked.outputs.values().any(|output| reads(&output.value))
        || checked.nodes.nodes.values().any(|other| {
            let operations = other.node.operations.values();
            let parts = operations.filter_map(|own| own.implementation.as_ref());
            other.node.properties.values().any(|set| reads(&set.value))
                || parts.flat_map(Implementation::parts).any(&reads)
        })
}

/// What the operations do by which a node is made.
#[derive(Default)]
struct Told<'i> {
    /// Which of them reads which attribute of its own node before it is set.
    early: BTreeSet<(&'static str, &'i str)>,
    /// What they set, with the first that does.
    set: BTreeMap<&'i str, &'static str>,
}

impl<'i> Told<'i> {
    fn by(operation: &dyn Fn(&str) -> Option<&'i Implementation>) -> Self {
        let mut told = Self::default();
        for step in STEPS {
            let Some(implementation) = operation(step) else { continue };
            for part in implementation.parts() {
                told.reads(step, part);
            }
            for name in implementation.sets.keys() {
                told.set.entry(name).or_insert(step);
            }
        }
        told
    }

    fn reads(&mut self, step: &'static str, expr: &'i bp_plan::Expr) {
        if let bp_plan::Expr::Field { of, name, .. } = expr
            && matches!(**of, bp_plan::Expr::This)
            && !self.set.contains_key(name.as_str())
        {
            self.early.insert((step, name));
        }
        expr.parts(&mut |part| self.reads(step, part));
    }
}

/// Where a node has an operation of its own.
fn entry(checked: &Checked<'_>, node: &str, step: &str) -> Option<Place> {
    let items = checked.program.blueprint()?.tree.items.iter();
    let mut bodies = items.filter_map(|item| match &item.kind {
        ItemKind::Node(it) if it.name.text == node => Some(&it.body),
        _ => None,
    });
    let mut operations = bodies.next()?.entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::Operation(operation) => Some(operation),
        _ => None,
    });
    let own = operations.find(|operation| path(operation) == step)?;
    Some(Place { file: checked.program.file, span: own.path.span })
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
