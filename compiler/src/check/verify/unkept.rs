//! What is read of a node that nobody keeps: its type has neither a provider nor operations, so what it would report
//! never comes.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::{Expr, Output, Phase};

use super::known::World;
use crate::check::nodes::CheckedNode;
use crate::check::program::Program;
use crate::diagnostics::{Diagnostic, operations as says};
use crate::source::Place;

/// Warns of the properties of a node that wait in vain.
pub(super) fn verify<'e>(
    world: World<'e, '_>,
    checked: &'e CheckedNode,
    out: &mut Vec<Diagnostic>,
) {
    let late = checked.node.properties.iter().filter(|(_, set)| set.phase == Phase::Run);
    for (name, set) in late {
        tell(world, &set.value, checked.value(name), out);
    }
}

/// The same of outputs.
pub(super) fn of_outputs<'e>(
    world: World<'e, '_>,
    outputs: &'e BTreeMap<String, Output>,
    out: &mut Vec<Diagnostic>,
) {
    let (program, ..) = world;
    for output in outputs.values().filter(|output| output.value.as_value().is_none()) {
        if let Some(at) = program.place_of(output.span) {
            tell(world, &output.value, at, out);
        }
    }
}

/// Tells of the first that is never reported.
fn tell<'e>(world: World<'e, '_>, expr: &'e Expr, at: Place, out: &mut Vec<Diagnostic>) {
    if let Some((node, name)) = first(world, expr, &mut BTreeSet::new()) {
        out.push(says::never_reported(at, name, node));
    }
}

/// `seen` are the constants that were looked into.
fn first<'e>(
    world: World<'e, '_>,
    expr: &'e Expr,
    seen: &mut BTreeSet<&'e str>,
) -> Option<(&'e str, &'e str)> {
    let (program, ..) = world;
    if let Expr::Const(name) = expr {
        let of = program.constants.get(name).filter(|_| seen.insert(name))?;
        return first(world, of, seen);
    }
    if let Expr::Field { of, name, .. } = expr
        && let Some(node) = Program::node_of(of)
        && is_unkept(world, node, name)
    {
        return Some((node, name));
    }
    let mut found = None;
    expr.parts(&mut |part| found = found.or_else(|| first(world, part, seen)));
    found
}

/// Whether it is an attribute that neither a provider nor an operation tells.
fn is_unkept((program, nodes, _): World<'_, '_>, node: &str, name: &str) -> bool {
    let Some(checked) = nodes.nodes.get(node) else { return false };
    let Some(info) = program.types.get(&checked.node.kind) else { return false };
    let is_kept = info.provider.is_some() || info.operations.values().any(|it| it.implemented);
    info.attributes.contains_key(name)
        && !info.properties.contains_key(name)
        && !is_kept
        && !info.is_abstract
        && checked.node.operations.is_empty()
        && checked.node.substituted_by.is_none()
        && !program.names.blueprints.contains_key(&info.full)
}
