//! Rings among nodes: values that need each other, and nodes that wait for each other.
//!
//! Sought between nodes as the source names them. Whether instances of collections form a ring that
//! the source does not show is for the runtime to find.

use std::collections::BTreeMap;

use bp_plan::{Expr, Item};

use super::nodes::Nodes;
use super::program::Program;
use crate::diagnostics::{Diagnostic, topology as says};
use crate::source::Place;

/// Something that may have to wait.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Thing<'a> {
    Node(&'a str),
    Property(&'a str, &'a str),
}

struct Edge {
    from: usize,
    to: usize,
    place: Place,
}

/// Tells the rings.
pub(crate) fn check(program: &Program<'_>, nodes: &Nodes, out: &mut Vec<Diagnostic>) {
    let mut things = Vec::new();
    for (name, checked) in &nodes.nodes {
        things.push(Thing::Node(name));
        things.extend(checked.node.properties.keys().map(|p| Thing::Property(name, p)));
    }
    let index: BTreeMap<&Thing<'_>, usize> =
        things.iter().enumerate().map(|(at, thing)| (thing, at)).collect();
    let mut graph = Graph { program, nodes, index, edges: Vec::new() };
    for (name, checked) in &nodes.nodes {
        let Some(node) = graph.at(&Thing::Node(name)) else { continue };
        for (property, set) in &checked.node.properties {
            let Some(own) = graph.at(&Thing::Property(name, property)) else { continue };
            let place = checked.values.get(property).copied().unwrap_or(checked.place);
            graph.edges.push(Edge { from: node, to: own, place });
            graph.reads(own, name, &set.value, place);
        }
        for (requirement, place) in checked.node.requirements.iter().zip(&checked.targets) {
            if !requirement.unordered {
                graph.targets(node, name, &requirement.target, *place);
            }
            for set in requirement.properties.values() {
                graph.reads(node, name, &set.value, *place);
            }
        }
    }
    let edges = graph.edges;
    let pairs: Vec<(usize, usize)> = edges.iter().map(|edge| (edge.from, edge.to)).collect();
    for ring in crate::rings::rings(things.len(), pairs) {
        told(&things, &edges, &ring, out);
    }
}

/// One error for a ring, at its first reference in the file.
fn told(things: &[Thing<'_>], edges: &[Edge], ring: &[usize], out: &mut Vec<Diagnostic>) {
    let is_order = ring.iter().any(|at| matches!(things.get(*at), Some(Thing::Node(_))));
    let inside: Vec<&Edge> =
        edges.iter().filter(|edge| ring.contains(&edge.from) && ring.contains(&edge.to)).collect();
    // From a node to its own property nothing is referred to.
    let is_reference = |edge: &&&Edge| match (things.get(edge.from), things.get(edge.to)) {
        (Some(Thing::Node(node)), Some(Thing::Property(owner, _))) => node != owner,
        _ => true,
    };
    let first = inside
        .iter()
        .filter(is_reference)
        .min_by_key(|edge| (edge.place.file, edge.place.span.start));
    let Some(first) = first else { return };
    // A way round, for the help.
    let mut way = vec![first.from];
    let mut at = first.to;
    while !way.contains(&at) && way.len() <= ring.len() {
        way.push(at);
        let next = inside.iter().filter(|edge| edge.from == at).map(|edge| edge.to);
        let Some(next) = next.min_by_key(|to| (!way.contains(to) || *to != first.from, *to)) else {
            break;
        };
        at = next;
    }
    way.push(at);
    let mut names: Vec<String> = Vec::new();
    for thing in way.iter().filter_map(|at| things.get(*at)) {
        let name = match thing {
            Thing::Property(node, property) if !is_order => format!("`{node}.{property}`"),
            Thing::Node(node) | Thing::Property(node, _) => format!("`{node}`"),
        };
        if names.last() != Some(&name) {
            names.push(name);
        }
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

struct Graph<'a> {
    program: &'a Program<'a>,
    nodes: &'a Nodes,
    index: BTreeMap<&'a Thing<'a>, usize>,
    edges: Vec<Edge>,
}

impl Graph<'_> {
    fn at(&self, thing: &Thing<'_>) -> Option<usize> {
        // The map's keys borrow from the list of things; a look-up needs no more than equality.
        self.index.get(thing).copied()
    }

    /// Whether a reference from inside `owner` leads to the whole of `node`, or to the same instance.
    fn leads(owner: &str, of: &Expr) -> Option<String> {
        match of {
            Expr::Node(node) => Some(node.clone()),
            Expr::Index { of, key, .. } => match (&**of, &**key) {
                // `space[cluster]`: the instance that belongs to this one.
                (Expr::Node(node), Expr::Local(_)) if node != owner => Some(node.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    /// What an expression reads of nodes.
    fn reads(&mut self, from: usize, owner: &str, expr: &Expr, place: Place) {
        if let Expr::Field { of, name, .. } = expr {
            let node = match &**of {
                Expr::This => Some(owner.to_owned()),
                other => Self::leads(owner, other),
            };
            if let Some(node) = node {
                let is_own = matches!(**of, Expr::This);
                self.read(from, &node, name, is_own, place);
                return;
            }
        }
        expr.parts(&mut |part| self.reads(from, owner, part, place));
    }

    fn read(&mut self, from: usize, node: &str, name: &str, is_own: bool, place: Place) {
        let info = self.nodes.nodes.get(node).and_then(|n| self.program.types.get(&n.node.kind));
        // What a node sets, it need not wait to hear of itself.
        let is_attribute = info.is_some_and(|info| {
            info.attributes.contains_key(name) && !(is_own && info.properties.contains_key(name))
        });
        // What a blueprint offers is there when all of it is.
        let is_offered = info.is_some_and(|info| {
            info.capabilities.contains_key(name)
                && super::capabilities::are_given(self.program, info)
        });
        let thing = if is_attribute || is_offered {
            Thing::Node(node)
        } else {
            Thing::Property(node, name)
        };
        if let Some(to) = self.at(&thing) {
            self.edges.push(Edge { from, to, place });
        }
    }

    /// The nodes that a target leads to.
    fn targets(&mut self, from: usize, owner: &str, target: &Expr, place: Place) {
        match target {
            Expr::Node(node) => {
                if let Some(to) = self.at(&Thing::Node(node)) {
                    self.edges.push(Edge { from, to, place });
                }
            }
            Expr::Index { .. } => {
                if let Some(node) = Self::leads(owner, target)
                    && let Some(to) = self.at(&Thing::Node(&node))
                {
                    self.edges.push(Edge { from, to, place });
                }
            }
            Expr::Field { of, .. } => self.targets(from, owner, of, place),
            Expr::List(items) => {
                for item in items {
                    if let Item::One(one) = item {
                        self.targets(from, owner, one, place);
                    }
                }
            }
            _ => {}
        }
    }
}
