//! Rings among nodes: values that need each other, and nodes that wait for each other.
//!
//! Sought between nodes as the source names them, among those alone whose names lead back to them; those that are in a
//! ring so far, and whose instances are known, are looked at once more, instance by instance. Whether instances that are known only when
//! deploying form a ring that the source does not show is for the runtime to find.

mod existence;
mod graph;
mod own;
mod reads;
mod things;

use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(crate) use self::existence::check as existence;
use bp_plan::{Expr, Node};

use self::graph::{Edge, Graph, Instance, THERE, Thing};
use super::groups::Groups;
use super::instances::Keyed;
use super::mentions::mentions;
use super::nodes::Nodes;
use super::program::Program;
use crate::diagnostics::{Diagnostic, topology as says};
use crate::source::Place;

/// How many nodes are looked at instance by instance that no ring shows yet.
const MOST_TANGLED: usize = 2_000;

/// How many names of a ring are told.
const SHOWN: usize = 12;

/// Tells the rings.
pub(crate) fn check(program: &Program<'_>, nodes: &Nodes, groups: &Groups) -> Vec<Diagnostic> {
    let none = BTreeMap::new();
    let mut out = Vec::new();
    let some = suspects(program, nodes, groups);
    if some.as_ref().is_some_and(BTreeSet::is_empty) {
        return out;
    }
    let coarse = Graph::between_nodes(program, nodes, groups, some.as_ref());
    let rings = rings(&coarse);
    if rings.is_empty() {
        return out;
    }
    let of = |thing: &usize| Some(coarse.instance(*thing)?.node);
    let tangled: BTreeSet<&str> = rings.iter().flatten().filter_map(of).collect();
    let tangled: Vec<&str> = with_named(nodes, tangled).into_iter().collect();
    let keyed: &BTreeMap<String, Keyed> = &program.instances;
    let both = (nodes, groups);
    let fine = Graph::between_instances(program, both, &tangled, keyed)
        // So many that the source alone has to tell.
        .or_else(|| Graph::between_instances(program, both, &tangled, &none));
    if let Some(fine) = fine {
        tell(program, &fine, &mut out);
    }
    out
}

/// The nodes that may be in a ring, by their places: those whose names lead back to them, and those that something
/// reads of themselves. Nothing where names don't tell.
fn suspects<'n>(
    program: &Program<'_>,
    nodes: &'n Nodes,
    groups: &Groups,
) -> Option<BTreeSet<usize>> {
    let (all, order) = (&nodes.kept.all, &nodes.kept.order);
    if !groups.is_empty() || nodes.nodes.len() != all.len() || order.is_roundabout {
        return None;
    }
    let mut leaving: HashMap<&'n str, bool> = HashMap::new();
    let mut leaves = |kind: &'n str, last: &mut (&'n str, bool)| {
        if last.0 != kind {
            let leaves = *leaving.entry(kind).or_insert_with(|| {
                let info = program.types.get(kind);
                info.is_none_or(|info| !things::left_by(program, info).is_empty())
            });
            *last = (kind, leaves);
        }
        last.1
    };
    // Most nodes are of the type of the one before, and connected by the same.
    let (mut last, mut last_link): ((&'n str, bool), _) = (("", false), ("", false));
    let mut found = order.tangled.clone();
    for checked in all {
        let checked = checked.as_ref()?;
        // Whom a choice may take, no name tells.
        if !checked.choices.is_empty() {
            return None;
        }
        let mut links = checked.node.requirements.iter().map(|met| met.relationship.as_str());
        if checked.reads_itself
            || leaves(&checked.node.kind, &mut last)
            || links.any(|link| leaves(link, &mut last_link))
        {
            found.insert(checked.number());
        }
    }
    Some(found)
}

/// Whether something that a node is made of is read of the node itself, or may be.
pub(crate) fn reads_itself(node: &Node) -> bool {
    let capabilities = node.capabilities.values().flat_map(|set| set.values());
    let links = node.requirements.iter().flat_map(|met| met.properties.values());
    let set = node.properties.values().chain(capabilities).chain(links).map(|set| &set.value);
    let targets = node.requirements.iter().map(|met| &met.target);
    let each = node.each.iter();
    let each = each.flat_map(|each| [Some(&each.over), each.key.as_ref(), each.filter.as_ref()]);
    let mut all =
        set.chain(targets).chain(each.flatten()).chain(&node.condition).chain(&node.labels);
    all.any(|expr| mentions(expr, &|part| matches!(part, Expr::This | Expr::Source)))
}

/// These nodes, and those that they name and that these name: a way may lead over them that the source does not show.
fn with_named<'a>(nodes: &'a Nodes, tangled: BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let mut all = tangled.clone();
    let mut newest = tangled;
    for _ in 0..2 {
        let mut named = BTreeSet::new();
        for checked in newest.iter().filter_map(|name| nodes.nodes.get(*name)) {
            let node = &checked.node;
            let values = node.properties.values().map(|set| &set.value);
            let targets = node.requirements.iter().map(|met| &met.target);
            for expr in values.chain(targets).chain(&node.condition) {
                names(expr, &mut named);
            }
        }
        named.retain(|name| !all.contains(name));
        if all.len() + named.len() > MOST_TANGLED {
            break;
        }
        all.extend(named.iter().copied());
        newest = named;
    }
    all
}

fn names<'e>(expr: &'e Expr, found: &mut BTreeSet<&'e str>) {
    if let Expr::Node(name) = expr {
        found.insert(name);
    }
    expr.parts(&mut |part| names(part, found));
}

fn rings(graph: &Graph<'_>) -> Vec<Vec<usize>> {
    let pairs: Vec<(usize, usize)> = graph.edges.iter().map(|edge| (edge.from, edge.to)).collect();
    bp_topology::rings::rings(graph.things.len(), pairs)
}

fn tell(program: &Program<'_>, graph: &Graph<'_>, out: &mut Vec<Diagnostic>) {
    let rings = rings(graph);
    let ring_of: HashMap<usize, usize> = rings
        .iter()
        .enumerate()
        .flat_map(|(at, ring)| ring.iter().map(move |of| (*of, at)))
        .collect();
    let mut inside: Vec<Vec<&Edge>> = vec![Vec::new(); rings.len()];
    for edge in &graph.edges {
        let ring = ring_of.get(&edge.from).filter(|ring| ring_of.get(&edge.to) == Some(*ring));
        if let Some(inside) = ring.and_then(|ring| inside.get_mut(*ring)) {
            inside.push(edge);
        }
    }
    let mut places = BTreeSet::new();
    let mut seen: BTreeSet<BTreeSet<&str>> = BTreeSet::new();
    for (ring, inside) in rings.iter().zip(&inside) {
        // The instances of one collection may form many rings, all of one line.
        let of = |thing: &usize| match graph.things.get(*thing)? {
            Thing::Group(group, _) => Some(*group),
            _ => Some(graph.instance(*thing)?.node),
        };
        if seen.insert(ring.iter().filter_map(of).collect()) {
            told((program, graph), inside, ring, &mut places, out);
        }
    }
}

/// One error for a ring, at its first reference in the file.
fn told(
    (program, graph): (&Program<'_>, &Graph<'_>),
    inside: &[&Edge],
    ring: &[usize],
    places: &mut BTreeSet<Place>,
    out: &mut Vec<Diagnostic>,
) {
    let is_there = |at: &usize| matches!(graph.things.get(*at), Some(Thing::Property(_, THERE)));
    // What there is hangs on itself alone: told with the inputs and selections that it goes through.
    if ring.iter().all(is_there) {
        return;
    }
    let is_order = ring.iter().any(|at| matches!(graph.things.get(*at), Some(Thing::Node(_))));
    // From a node to its own property nothing is referred to.
    let is_reference =
        |edge: &&&Edge| match (graph.things.get(edge.from), graph.things.get(edge.to)) {
            (Some(Thing::Node(node)), Some(Thing::Property(owner, _) | Thing::Part(owner, ..))) => {
                node != owner
            }
            _ => true,
        };
    // Where a type's line is a part of several rings, each is told at a line of its own.
    let first = inside
        .iter()
        .filter(is_reference)
        .min_by_key(|edge| (places.contains(&edge.place), edge.place.file, edge.place.span.start));
    let Some(first) = first.filter(|first| places.insert(first.place)) else { return };
    let edges: Vec<(usize, usize)> = inside.iter().map(|edge| (edge.from, edge.to)).collect();
    let way = bp_topology::rings::way_round(&edges, (first.from, first.to));
    let mut names: Vec<String> = Vec::new();
    for at in &way {
        let Some(name) = said(graph, *at, is_order) else { continue };
        if names.last() != Some(&name) {
            names.push(name);
        }
    }
    // Of one, the way goes from it to it.
    if let [only] = names.as_slice() {
        let own = (only.trim_matches('`'), first.place);
        if let Some(error) = own::told(program, graph, ring, own).filter(|_| is_order) {
            out.push(error);
            return;
        }
        names.push(only.clone());
    }
    // A long way is told by its start and its end.
    if names.len() > SHOWN {
        let left_out = format!("… {} more …", names.len() - SHOWN);
        names.splice(SHOWN / 2..names.len() - SHOWN / 2, [left_out]);
    }
    let mut others: Vec<(Place, String)> = inside
        .iter()
        .filter(is_reference)
        .filter(|edge| edge.place != first.place)
        .map(|edge| (edge.place, "and here".to_owned()))
        .collect();
    others.sort();
    others.dedup();
    others.truncate(5);
    out.push(if is_order {
        says::order_ring(first.place, &names, &others)
    } else {
        says::value_ring(first.place, &names, &others)
    });
}

/// How a thing of a ring is called; where nodes wait for each other, by its node.
fn said(graph: &Graph<'_>, at: usize, is_order: bool) -> Option<String> {
    let of = graph.instance(at).map(named);
    Some(match (*graph.things.get(at)?, of) {
        (Thing::Property(_, property), Some(of)) if !is_order && property != THERE => {
            format!("`{of}.{property}`")
        }
        (Thing::Part(_, part, property), Some(of)) if !is_order => {
            format!("`{of}.{part}.{property}`")
        }
        (Thing::Group(group, property), _) => format!("`{group}.{property}`"),
        (_, of) => format!("`{}`", of?),
    })
}

/// An instance as the language writes it.
fn named(instance: &Instance<'_>) -> String {
    match instance.key {
        Some(key) => format!("{}[{key:?}]", instance.node),
        None => instance.node.to_owned(),
    }
}
