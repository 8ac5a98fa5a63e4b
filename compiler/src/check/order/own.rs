//! A ring of one: a property that hangs on what its own node reports.

use bp_plan::Expr;

use super::graph::{Graph, Thing};
use crate::check::program::{Program, TypeInfo};
use crate::diagnostics::{Diagnostic, topology as says};
use crate::source::Place;
use crate::syntax::ast::{ExprKind, ItemKind};
use crate::syntax::walk;

/// The error of a ring of one node in which a property reads an attribute of it; `at` is where the property
/// gets its value.
pub(super) fn told(
    program: &Program<'_>,
    graph: &Graph<'_>,
    ring: &[usize],
    (name, at): (&str, Place),
) -> Option<Diagnostic> {
    let property = ring.iter().find_map(|thing| match graph.things.get(*thing)? {
        Thing::Property(_, property) => Some((*thing, *property)),
        Thing::Node(_) | Thing::Part(..) | Thing::Group(..) => None,
    });
    let (thing, property) = property?;
    let instance = graph.instance(thing)?;
    let info = program.types.get(&instance.checked.node.kind)?;
    let value = match instance.checked.node.properties.get(property) {
        Some(set) => &set.value,
        None => info.properties.get(property)?.declared.default.as_ref()?,
    };
    let attribute = attribute(value, instance.node, info)?;
    let place = read_at(program, instance.node, &attribute, at).unwrap_or(at);
    let declared = info.attributes.get(&attribute).map(|(_, declared)| *declared);
    Some(says::own_report(place, name, property, &attribute, declared))
}

/// The attribute of the node itself that an expression reads.
fn attribute(expr: &Expr, node: &str, info: &TypeInfo) -> Option<String> {
    if let Expr::Field { of, name, .. } = expr {
        let is_own = match &**of {
            Expr::This => !info.properties.contains_key(name),
            other => Program::node_of(other) == Some(node),
        };
        if is_own && info.attributes.contains_key(name) {
            return Some(name.clone());
        }
    }
    let mut found = None;
    expr.parts(&mut |part| {
        found = found.take().or_else(|| attribute(part, node, info));
    });
    found
}

/// Where it is read, in the entry that this place is in.
fn read_at(program: &Program<'_>, node: &str, attribute: &str, at: Place) -> Option<Place> {
    let module = program.sources.modules.get(at.file.0 as usize)?;
    let after = module.tree.items.partition_point(|item| item.span.start <= at.span.start);
    let body = match &module.tree.items.get(after.checked_sub(1)?)?.kind {
        ItemKind::Node(item) => &item.body,
        ItemKind::Type(item) => &item.body,
        _ => return None,
    };
    let entry = body
        .entries
        .iter()
        .find(|entry| entry.span.start <= at.span.start && at.span.end <= entry.span.end)?;
    let mut found = None;
    walk::body(body, &mut |expr| {
        let ExprKind::Field { of, name, .. } = &expr.kind else { return };
        let of = match &of.kind {
            ExprKind::Index { of, .. } => of,
            _ => of,
        };
        let is_own = matches!(&of.kind, ExprKind::Name(of) if *of == "self" || *of == node);
        let is_inside = entry.span.start <= expr.span.start && expr.span.end <= entry.span.end;
        if is_own && is_inside && name.text == attribute {
            found.get_or_insert(Place { span: expr.span, ..at });
        }
    });
    found
}
