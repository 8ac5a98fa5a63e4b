//! Workflows that run themselves, directly or not.

use std::collections::{BTreeMap, VecDeque};

use crate::diagnostics::{Diagnostic, workflows as says};
use crate::source::Place;

/// One workflow runs another.
#[derive(Clone, Debug)]
pub(super) struct Runs {
    pub(super) from: String,
    pub(super) to: String,
    /// Where the other is named.
    pub(super) place: Place,
}

/// One error for each ring, at its first `run` in the file.
pub(super) fn check(runs: &[Runs], out: &mut Vec<Diagnostic>) {
    let mut names: Vec<&str> =
        runs.iter().flat_map(|run| [run.from.as_str(), run.to.as_str()]).collect();
    names.sort_unstable();
    names.dedup();
    let index: BTreeMap<&str, usize> =
        names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    let edge = |run: &Runs| Some((*index.get(run.from.as_str())?, *index.get(run.to.as_str())?));
    for ring in bp_topology::rings::rings(names.len(), runs.iter().filter_map(edge)) {
        let is_in = |name: &str| index.get(name).is_some_and(|at| ring.contains(at));
        let mut inside: Vec<&Runs> =
            runs.iter().filter(|run| is_in(&run.from) && is_in(&run.to)).collect();
        inside.sort_by_key(|run| (run.place.file, run.place.span.start));
        let Some(first) = inside.first() else { continue };
        out.push(says::workflow_ring(first.place, &way(first, &inside)));
    }
}

/// The shortest way from a workflow through its first `run` back to it.
fn way(first: &Runs, inside: &[&Runs]) -> Vec<String> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = VecDeque::from([first.to.as_str()]);
    while let Some(at) = queue.pop_front() {
        for run in inside.iter().filter(|run| run.from == at) {
            if run.to != first.to && !came_from.contains_key(run.to.as_str()) {
                came_from.insert(&run.to, at);
                queue.push_back(&run.to);
            }
        }
    }
    let mut back = vec![first.from.clone()];
    let mut at = first.from.as_str();
    while at != first.to
        && let Some(before) = came_from.get(at)
    {
        at = before;
        back.push(at.to_owned());
    }
    back.push(first.from.clone());
    back.reverse();
    back
}
