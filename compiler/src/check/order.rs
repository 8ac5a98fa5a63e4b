//! Rings among nodes: values that need each other, and nodes that wait for each other.
//!
//! Sought between nodes as the source names them. Whether instances of collections form a ring that
//! the source does not show is for the runtime to find.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use bp_plan::{Expr, Item};

use super::nodes::{CheckedNode, Nodes};
use super::program::Program;
use crate::diagnostics::{Diagnostic, topology as says};
use crate::source::Place;

/// How many names of a ring are told.
const SHOWN: usize = 12;

/// Something that may have to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    let mut starts = HashMap::with_capacity(nodes.nodes.len());
    for (name, checked) in &nodes.nodes {
        starts.insert(name.as_str(), things.len());
        things.push(Thing::Node(name));
        // What is known now needs nothing.
        let open = checked.node.properties.iter().filter(|(_, set)| set.value.as_value().is_none());
        things.extend(open.map(|(property, _)| Thing::Property(name, property)));
    }
    let mut graph = Graph { program, nodes, things: &things, starts, edges: Vec::new() };
    for (name, checked) in &nodes.nodes {
        let Some(node) = graph.at(Thing::Node(name)) else { continue };
        let open = checked.node.properties.iter().filter(|(_, set)| set.value.as_value().is_none());
        for (own, (property, set)) in (node + 1..).zip(open) {
            let place = checked.value(property);
            graph.edges.push(Edge { from: node, to: own, place });
            graph.reads(own, name, &set.value, place);
        }
        for (requirement, place) in checked.node.requirements.iter().zip(checked.targets()) {
            if !requirement.unordered {
                graph.targets(node, name, &requirement.target, place);
            }
            for set in requirement.properties.values() {
                graph.reads(node, name, &set.value, place);
            }
        }
        graph.operations(node, name, checked);
    }
    let edges = graph.edges;
    let pairs: Vec<(usize, usize)> = edges.iter().map(|edge| (edge.from, edge.to)).collect();
    let rings = crate::rings::rings(things.len(), pairs);
    let ring_of: HashMap<usize, usize> = rings
        .iter()
        .enumerate()
        .flat_map(|(at, ring)| ring.iter().map(move |of| (*of, at)))
        .collect();
    let mut inside: Vec<Vec<&Edge>> = vec![Vec::new(); rings.len()];
    for edge in &edges {
        let ring = ring_of.get(&edge.from).filter(|ring| ring_of.get(&edge.to) == Some(*ring));
        if let Some(inside) = ring.and_then(|ring| inside.get_mut(*ring)) {
            inside.push(edge);
        }
    }
    for (ring, inside) in rings.iter().zip(&inside) {
        told(&things, inside, ring, out);
    }
}

/// One error for a ring, at its first reference in the file.
fn told(things: &[Thing<'_>], inside: &[&Edge], ring: &[usize], out: &mut Vec<Diagnostic>) {
    let is_order = ring.iter().any(|at| matches!(things.get(*at), Some(Thing::Node(_))));
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
    let way = way_round(inside, first);
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

/// The shortest way round that begins with this edge, for the help.
fn way_round(inside: &[&Edge], first: &Edge) -> Vec<usize> {
    let mut next: HashMap<usize, Vec<usize>> = HashMap::new();
    for edge in inside {
        next.entry(edge.from).or_default().push(edge.to);
    }
    // From where each was reached first.
    let mut from: HashMap<usize, usize> = HashMap::from([(first.to, first.from)]);
    let mut queue = VecDeque::from([first.to]);
    while let Some(at) = queue.pop_front() {
        if at == first.from {
            break;
        }
        for to in next.get(&at).into_iter().flatten() {
            if let Entry::Vacant(new) = from.entry(*to) {
                new.insert(at);
                queue.push_back(*to);
            }
        }
    }
    let mut way = vec![first.from];
    let mut at = first.from;
    while let Some(before) = from.get(&at) {
        way.push(*before);
        at = *before;
        if at == first.from {
            break;
        }
    }
    way.reverse();
    way
}

struct Graph<'a> {
    program: &'a Program<'a>,
    nodes: &'a Nodes,
    /// Each node, and behind it those of its properties that need something, in the order of their names.
    things: &'a [Thing<'a>],
    /// Where each node stands among them.
    starts: HashMap<&'a str, usize>,
    edges: Vec<Edge>,
}

impl Graph<'_> {
    fn at(&self, thing: Thing<'_>) -> Option<usize> {
        let (Thing::Node(node) | Thing::Property(node, _)) = thing;
        let start = *self.starts.get(node)?;
        let Thing::Property(_, property) = thing else { return Some(start) };
        let own = self.things.get(start + 1..)?.iter();
        let own = own.take_while(|thing| matches!(thing, Thing::Property(..)));
        (start + 1..)
            .zip(own)
            .find(|(_, own)| **own == Thing::Property(node, property))
            .map(|(at, _)| at)
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
        if let Some(to) = self.at(thing) {
            self.edges.push(Edge { from, to, place });
        }
    }

    /// What the operations of a node's life read of other nodes. What they read of the node itself orders
    /// nothing, and what is called later waits for nothing.
    fn operations(&mut self, from: usize, owner: &str, checked: &CheckedNode) {
        let own = checked.node.operations.iter().filter(|(key, _)| key.starts_with("lifecycle."));
        for implementation in own.filter_map(|(_, own)| own.implementation.as_ref()) {
            for part in implementation.parts() {
                self.reads_others(from, owner, part, checked.place());
            }
        }
    }

    fn reads_others(&mut self, from: usize, owner: &str, expr: &Expr, place: Place) {
        if let Expr::Field { of, .. } = expr
            && matches!(**of, Expr::This)
        {
            return;
        }
        if let Expr::Field { of, name, .. } = expr
            && let Some(node) = Self::leads(owner, of)
            && node != owner
        {
            self.read(from, &node, name, false, place);
            return;
        }
        expr.parts(&mut |part| self.reads_others(from, owner, part, place));
    }

    /// The nodes that a target leads to.
    fn targets(&mut self, from: usize, owner: &str, target: &Expr, place: Place) {
        match target {
            Expr::Node(node) => {
                if let Some(to) = self.at(Thing::Node(node)) {
                    self.edges.push(Edge { from, to, place });
                }
            }
            Expr::Index { .. } => {
                if let Some(node) = Self::leads(owner, target)
                    && let Some(to) = self.at(Thing::Node(&node))
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
