//! Rings through what there is: inputs that are what others are by default, nodes that are there for each of
//! others or if others are, selections that ask for others.
//!
//! All of it is settled before any property is looked at, whatever the keys.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::Expr;

use crate::check::Checked;
use crate::check::expr::World as _;
use crate::diagnostics::{Diagnostic, names as says};
use crate::source::Place;
use crate::syntax::ast::ItemKind;

/// Something that is there, or is something, by what its expressions say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing<'a> {
    Input(&'a str),
    Node(&'a str),
    Selection(&'a str),
}

impl<'a> Thing<'a> {
    fn name(self) -> &'a str {
        let (Self::Input(name) | Self::Node(name) | Self::Selection(name)) = self;
        name
    }
}

/// Tells each ring once, at the first thing of it.
pub(crate) fn check(checked: &Checked<'_>, out: &mut Vec<Diagnostic>) {
    let mut things: Vec<(Thing<'_>, Vec<&Expr>)> = Vec::new();
    for (name, input) in &checked.inputs {
        things.push((Thing::Input(name), input.default.iter().collect()));
    }
    for (name, node) in &checked.nodes.nodes {
        let each = node.node.each.iter();
        let each =
            each.flat_map(|each| [Some(&each.over), each.key.as_ref(), each.filter.as_ref()]);
        let says: Vec<&Expr> = each.flatten().chain(&node.node.condition).collect();
        if !says.is_empty() {
            things.push((Thing::Node(name), says));
        }
    }
    for (name, selection) in &checked.selections {
        let fits = selection.predicate.iter().map(|predicate| &predicate.predicate);
        let spread = selection.spread.iter().flat_map(|spread| [&spread.by, &spread.max]);
        let prefer = selection.prefer.iter().map(|preference| &preference.by);
        let asks = fits.chain(spread).chain(prefer).chain(&selection.count);
        things.push((Thing::Selection(name), asks.collect()));
    }
    let index: BTreeMap<Thing<'_>, usize> =
        things.iter().enumerate().map(|(at, (thing, _))| (*thing, at)).collect();
    let mut edges = Vec::new();
    for (at, (_, says)) in things.iter().enumerate() {
        for expr in says {
            let mut seen = BTreeSet::new();
            reads(checked, expr, &mut seen, &mut |thing| {
                edges.extend(index.get(&thing).map(|to| (at, *to)));
            });
        }
    }
    for ring in bp_topology::rings::rings(things.len(), edges.iter().copied()) {
        let all = ring.iter().filter_map(|at| Some((*at, things.get(*at)?.0)));
        let placed = all.filter_map(|(at, thing)| Some((place(checked, thing)?, at)));
        let Some((first, start)) = placed.min_by_key(|(place, _)| place.span.start) else {
            continue;
        };
        let inside: Vec<(usize, usize)> = edges
            .iter()
            .copied()
            .filter(|(from, to)| ring.contains(from) && ring.contains(to))
            .collect();
        let Some(begins) = inside.iter().find(|(from, _)| *from == start) else { continue };
        let way = bp_topology::rings::way_round(&inside, *begins);
        let names = way.iter().filter_map(|at| Some(things.get(*at)?.0.name().to_owned()));
        out.push(says::constant_ring(first, &names.collect::<Vec<_>>()));
    }
}

/// What an expression names whose being there, or value, is settled as early.
fn reads<'e>(
    checked: &'e Checked<'_>,
    expr: &'e Expr,
    seen: &mut BTreeSet<&'e str>,
    found: &mut impl FnMut(Thing<'e>),
) {
    match expr {
        Expr::Const(name) if seen.insert(name) => {
            if let Some((_, of)) = checked.program.constant(name) {
                reads(checked, of, seen, found);
            }
        }
        Expr::Input(name) => found(Thing::Input(name)),
        Expr::Node(name) => found(Thing::Node(name)),
        Expr::Selection(name) => found(Thing::Selection(name)),
        _ => {}
    }
    expr.parts(&mut |part| reads(checked, part, seen, found));
}

/// Where its name stands.
fn place(checked: &Checked<'_>, thing: Thing<'_>) -> Option<Place> {
    let module = checked.program.sources.modules.get(checked.file.0 as usize)?;
    let name = module.tree.items.iter().find_map(|item| {
        let name = match (&item.kind, thing) {
            (ItemKind::Value(it), Thing::Input(_)) => &it.name,
            (ItemKind::Node(it), Thing::Node(_)) => &it.name,
            (ItemKind::Select(it), Thing::Selection(_)) => &it.name,
            _ => return None,
        };
        (name.text == thing.name()).then_some(name)
    })?;
    Some(Place { file: checked.file, span: name.span })
}
