//! Orders and rings in graphs of things by number.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, VecDeque};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// Groups of things that need each other, each thing alone where it is in no ring; what is needed
/// comes first. `edges` go from what needs to what is needed.
pub fn groups(count: usize, edges: impl IntoIterator<Item = (usize, usize)>) -> Vec<Vec<usize>> {
    let mut graph: DiGraph<(), ()> = DiGraph::with_capacity(count, count);
    for _ in 0..count {
        graph.add_node(());
    }
    for (from, to) in edges {
        if from < count && to < count {
            graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
        }
    }
    kosaraju_scc(&graph)
        .into_iter()
        .map(|group| {
            let mut group: Vec<usize> = group.into_iter().map(NodeIndex::index).collect();
            group.sort_unstable();
            group
        })
        .collect()
}

/// The edges between things that are in rings, or on the way from one to another: what is left when
/// things that nothing needs are taken away again and again (Kahn's algorithm). Most graphs have none.
fn entangled(count: usize, mut edges: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    edges.retain(|(from, to)| *from < count && *to < count);
    let mut needed_by = vec![0_usize; count];
    // The edges of each thing as a chain: its last one, and of each edge the one before it.
    let mut last: Vec<Option<usize>> = vec![None; count];
    let mut chain: Vec<Option<usize>> = Vec::with_capacity(edges.len());
    for (at, (from, to)) in edges.iter().enumerate() {
        if let Some(by) = needed_by.get_mut(*to) {
            *by += 1;
        }
        chain.push(last.get_mut(*from).and_then(|last| last.replace(at)));
    }
    let mut free: Vec<usize> = (0..count).filter(|at| needed_by.get(*at) == Some(&0)).collect();
    while let Some(at) = free.pop() {
        let mut next = last.get(at).copied().flatten();
        while let Some(edge) = next {
            let to = edges.get(edge).map_or(count, |(_, to)| *to);
            if let Some(by) = needed_by.get_mut(to) {
                *by -= 1;
                if *by == 0 {
                    free.push(to);
                }
            }
            next = chain.get(edge).copied().flatten();
        }
    }
    // What is needed only by things that were taken away is taken away, too; an end of a ring stays.
    edges.retain(|(from, _)| needed_by.get(*from).is_some_and(|by| *by > 0));
    edges
}

/// The groups that are rings, one thing that needs itself included, in the order of their first things.
pub fn rings(count: usize, edges: impl IntoIterator<Item = (usize, usize)>) -> Vec<Vec<usize>> {
    let edges = entangled(count, edges.into_iter().collect());
    if edges.is_empty() {
        return Vec::new();
    }
    let alone: BTreeSet<usize> = edges.iter().filter(|(a, b)| a == b).map(|(a, _)| *a).collect();
    let mut rings: Vec<Vec<usize>> = groups(count, edges)
        .into_iter()
        .filter(|group| group.len() > 1 || group.first().is_some_and(|one| alone.contains(one)))
        .collect();
    rings.sort();
    rings
}

/// The shortest way round that begins with this edge: what it goes from, to, and so on back to that.
pub fn way_round(edges: &[(usize, usize)], (start, second): (usize, usize)) -> Vec<usize> {
    let mut next: HashMap<usize, Vec<usize>> = HashMap::new();
    for (from, to) in edges {
        next.entry(*from).or_default().push(*to);
    }
    // From where each was reached first.
    let mut from: HashMap<usize, usize> = HashMap::from([(second, start)]);
    let mut queue = VecDeque::from([second]);
    while let Some(at) = queue.pop_front() {
        if at == start {
            break;
        }
        for to in next.get(&at).into_iter().flatten() {
            if let Entry::Vacant(new) = from.entry(*to) {
                new.insert(at);
                queue.push_back(*to);
            }
        }
    }
    let mut way = vec![start];
    let mut at = start;
    while let Some(before) = from.get(&at) {
        way.push(*before);
        at = *before;
        if at == start {
            break;
        }
    }
    way.reverse();
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_comes_first_and_rings_are_found() {
        let edges = [(0, 1), (1, 2), (3, 4), (4, 3), (5, 5)];
        let order: Vec<usize> = groups(6, edges).into_iter().flatten().collect();
        let at = |n| order.iter().position(|x| *x == n);
        assert!(at(2) < at(1) && at(1) < at(0));
        assert_eq!(rings(6, edges), [vec![3, 4], vec![5]]);
    }
}
