//! Orders and rings in graphs of things by number.

use std::collections::BTreeSet;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// Groups of things that need each other, each thing alone where it is in no ring; what is needed
/// comes first. `edges` go from what needs to what is needed.
pub(crate) fn groups(
    count: usize,
    edges: impl IntoIterator<Item = (usize, usize)>,
) -> Vec<Vec<usize>> {
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

/// The groups that are rings, one thing that needs itself included, in the order of their first things.
pub(crate) fn rings(
    count: usize,
    edges: impl IntoIterator<Item = (usize, usize)>,
) -> Vec<Vec<usize>> {
    let edges: Vec<(usize, usize)> = edges.into_iter().collect();
    let alone: BTreeSet<usize> = edges.iter().filter(|(a, b)| a == b).map(|(a, _)| *a).collect();
    let mut rings: Vec<Vec<usize>> = groups(count, edges)
        .into_iter()
        .filter(|group| group.len() > 1 || group.first().is_some_and(|one| alone.contains(one)))
        .collect();
    rings.sort();
    rings
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
