//! What is read of a node that nobody keeps: its type has neither a provider nor operations, so what it would report
//! never comes.

use std::collections::BTreeMap;

use bp_plan::{Expr, Output, Phase};

use super::known::World;
use crate::check::nodes::CheckedNode;
use crate::check::program::Program;
use crate::diagnostics::{Diagnostic, operations as says};
use crate::source::Place;

/// Warns of the properties of a node that wait in vain.
pub(super) fn verify(world: World<'_, '_>, checked: &CheckedNode, out: &mut Vec<Diagnostic>) {
    let late = checked.node.properties.iter().filter(|(_, set)| set.phase == Phase::Run);
    for (name, set) in late {
        tell(world, &set.value, checked.value(name), out);
    }
}

/// The same of outputs.
pub(super) fn of_outputs(
    world: World<'_, '_>,
    outputs: &BTreeMap<String, Output>,
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
fn tell(world: World<'_, '_>, expr: &Expr, at: Place, out: &mut Vec<Diagnostic>) {
    if let Some((node, name)) = first(world, expr) {
        out.push(says::never_reported(at, name, node));
    }
}

fn first<'e>(world: World<'_, '_>, expr: &'e Expr) -> Option<(&'e str, &'e str)> {
    if let Expr::Field { of, name, .. } = expr
        && let Some(node) = Program::node_of(of)
        && is_unkept(world, node, name)
    {
        return Some((node, name));
    }
    let mut found = None;
    expr.parts(&mut |part| found = found.or_else(|| first(world, part)));
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
