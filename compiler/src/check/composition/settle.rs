//! What nodes are made of, when all blueprints are known: choices, rings, and inputs that decide.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::choose::{self, Candidate};
use super::decides::{self, Deciding, made_of};
use super::{implement, type_of, types};
use crate::check::members::short;
use crate::check::verify::inside;
use crate::check::{Checked, Program};
use crate::diagnostics::{Diagnostic, composition as says};
use crate::source::{FileId, Place};
use crate::syntax::ast::{self, ItemKind};

/// Chooses for nodes of abstract types, and keeps of the other blueprints those that the root's nodes
/// are made of, each after those that its own are made of.
pub(in crate::check) fn settle(checked: &mut Checked<'_>, out: &mut Vec<Diagnostic>) {
    let program = checked.program.clone();
    types::open(&program, out);
    let mut others = std::mem::take(&mut checked.others);
    let candidates = choose::candidates(&others, &program);
    mark(&program, &candidates);
    for one in std::iter::once(&mut *checked).chain(&mut others) {
        substitute(one, &program, &candidates, out);
    }
    let places: BTreeMap<FileId, usize> =
        others.iter().enumerate().map(|(at, one)| (one.file, at)).collect();
    let root = others.len();
    let target = |kind: &str| {
        let file = program.names.blueprints.get(kind)?;
        if *file == FileId(0) { Some(root) } else { places.get(file).copied() }
    };
    let mut edges: Vec<(usize, usize, Place)> = Vec::new();
    for (at, one) in others.iter().chain(std::iter::once(&*checked)).enumerate() {
        for node in one.nodes.nodes.values() {
            edges.extend(target(made_of(&node.node)).map(|to| (at, to, node.place())));
        }
    }
    let name = |at: usize| {
        let one = others.get(at).unwrap_or(checked);
        one.blueprint.as_ref().map_or(String::new(), |head| format!("`{}`", head.name))
    };
    if rings(root + 1, &edges, &name, out) {
        return;
    }
    let pairs = edges.iter().map(|(from, to, _)| (*from, *to));
    let order: Vec<usize> =
        bp_topology::rings::groups(root + 1, pairs).into_iter().flatten().collect();
    let mut known: BTreeMap<String, Deciding> = BTreeMap::new();
    for at in &order {
        let one = others.get(*at).unwrap_or(checked);
        if !known.is_empty() {
            decides::check(one, &program, &known, out);
        }
        // Of the root nothing is made.
        if *at != root
            && let Some(full) = type_of(program.names, one.file)
        {
            known.insert(full.clone(), decides::inputs(one, &program, &known));
        }
    }
    let reached = reached(root, &order, &edges, out);
    let mut parts: Vec<Option<Checked<'_>>> = others.into_iter().map(Some).collect();
    for at in order.into_iter().filter(|at| reached.contains_key(at)) {
        if let Some(mut part) = parts.get_mut(at).and_then(Option::take) {
            part.program = program.clone();
            part.program.enter(part.file);
            checked.nodes.unplanned.append(&mut part.nodes.unplanned);
            checked.others.push(part);
        }
    }
}

/// What brings in a blueprint that may stand for something is of use, also where nothing names it.
fn mark(program: &Program<'_>, candidates: &[Candidate]) {
    let files: BTreeSet<FileId> = candidates
        .iter()
        .filter_map(|one| program.names.blueprints.get(&one.full).copied())
        .collect();
    for scope in &program.names.files {
        for (alias, module) in &scope.modules {
            if files.contains(&module.file) {
                scope.mark(alias);
            }
        }
    }
}

/// Settles what stands for the nodes of abstract types.
fn substitute(
    checked: &mut Checked<'_>,
    program: &Program<'_>,
    candidates: &[Candidate],
    out: &mut Vec<Diagnostic>,
) {
    let Some(module) = program.sources.modules.get(checked.file.0 as usize) else { return };
    let is_blueprint = |kind: &String| program.names.blueprints.contains_key(kind);
    let is_abstract = |kind: &String| program.types.get(kind).is_some_and(|info| info.is_abstract);
    let is_using =
        |item: &Arc<ast::Item>| matches!(&item.kind, ItemKind::Node(it) if it.using.is_some());
    let mut kinds: Vec<&String> = checked.nodes.nodes.values().map(|one| &one.node.kind).collect();
    // Most nodes are of the type of the one before.
    kinds.dedup();
    let is_of_use = |kind: &String| is_abstract(kind) || is_blueprint(kind);
    if !kinds.into_iter().any(is_of_use) && !module.tree.items.iter().any(is_using) {
        return;
    }
    let mut chosen: Vec<(String, String, Vec<bp_plan::Constraint>)> = Vec::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for item in &module.tree.items {
        let ItemKind::Node(node) = &item.kind else { continue };
        let name = node.name.text.as_str();
        let Some(one) = checked.nodes.nodes.get(name).filter(|_| done.insert(name)) else {
            continue;
        };
        let Some(info) = program.types.get(&one.node.kind) else { continue };
        if info.is_abstract {
            let by = choose::choose(checked, program, candidates, (name, node), out);
            if let Some(by) = &by {
                implement::own(program, (checked.file, node), by, out);
            }
            // Where a person chose, what decides may be known only when inputs are.
            let asks = by.iter().filter(|_| node.using.is_some());
            let asks = asks.flat_map(|by| choose::asks(program, candidates, by)).collect();
            chosen.extend(by.map(|by| (name.to_owned(), by, asks)));
        } else if let Some(using) = &node.using {
            let at = Place { file: checked.file, span: using.span };
            out.push(says::using_concrete(at, short(&one.node.kind), info.place));
        } else if is_blueprint(&one.node.kind) {
            implement::own(program, (checked.file, node), &one.node.kind, out);
        }
    }
    if chosen.is_empty() {
        return;
    }
    for (name, by, asks) in chosen {
        if let Some(one) = checked.nodes.nodes.get_mut(&name) {
            one.substitute(by, asks);
        }
    }
    let mut here = program.clone();
    if checked.file != program.file {
        here.enter(checked.file);
        here.instances = Arc::clone(&checked.instances);
    }
    inside::substituted(checked, &here, out);
}

/// Tells blueprints that contain themselves; whether there are some.
fn rings(
    count: usize,
    edges: &[(usize, usize, Place)],
    name: &dyn Fn(usize) -> String,
    out: &mut Vec<Diagnostic>,
) -> bool {
    let rings = bp_topology::rings::rings(count, edges.iter().map(|(from, to, _)| (*from, *to)));
    for ring in &rings {
        let inside: Vec<_> =
            edges.iter().filter(|(a, b, _)| ring.contains(a) && ring.contains(b)).collect();
        let Some((from, to, place)) = inside.iter().min_by_key(|(.., p)| (p.file, p.span.start))
        else {
            continue;
        };
        let mut way = vec![*from];
        let mut at = *to;
        while at != *from && way.len() <= ring.len() {
            way.push(at);
            let next = inside.iter().filter(|(a, ..)| *a == at).map(|(_, b, _)| *b);
            let Some(next) = next.min_by_key(|b| (way.contains(b) && b != from, *b)) else { break };
            at = next;
        }
        way.push(*from);
        let names: Vec<String> = way.into_iter().map(name).collect();
        out.push(says::blueprint_ring(*place, &names));
    }
    !rings.is_empty()
}

/// What lies inside of the root, with how deep it does; tells what lies too deep.
fn reached(
    root: usize,
    order: &[usize],
    edges: &[(usize, usize, Place)],
    out: &mut Vec<Diagnostic>,
) -> BTreeMap<usize, usize> {
    let mut depth = BTreeMap::from([(root, 0)]);
    // What contains comes before what it contains.
    for at in order.iter().rev() {
        let Some(own) = depth.get(at).copied() else { continue };
        for (_, to, place) in edges.iter().filter(|(from, ..)| from == at) {
            let inner = depth.entry(*to).or_insert(0);
            *inner = (own + 1).max(*inner);
            if *inner == bp_plan::composition::MOST_NESTED + 1 && own + 1 == *inner {
                out.push(says::nested_too_deep(*place, bp_plan::composition::MOST_NESTED));
            }
        }
    }
    depth
}
