//! All that happened once more, event by event, out of the journal alone: how far each target was, as whoever watched
//! the run was told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_engine::engine::TargetProgress;
use bp_engine::status::{NodeStanding, shown, status};
use bp_engine::{Event, State};
use bp_journal::Store;
use bp_topology::Topology;

use crate::error::DriverError;
use crate::kept;
use crate::ledger::Ledger;
use crate::runtime::desired;
use crate::timeline::Told;

/// See the module.
pub struct Replay {
    ledger: Ledger,
    run: Option<Shown>,
}

/// A run that is shown.
struct Shown {
    topology: Topology,
    /// What it brings about or takes away, by the ids of targets.
    parts: BTreeMap<String, BTreeSet<String>>,
}

impl Replay {
    /// Before anything happened of what is still there.
    pub async fn new(store: Arc<dyn Store>, id: &str) -> Result<Self, DriverError> {
        let ledger = match kept::checkpoint(&store, id).await? {
            Some(kept) => Ledger::behind(store, id, kept),
            None => Ledger::empty(store, id),
        };
        Ok(Self { ledger, run: None })
    }

    /// What was done so far.
    pub fn state(&self) -> &State {
        &self.ledger.state
    }

    /// Takes in what happened next.
    pub async fn take(&mut self, told: &Told) -> Result<(), DriverError> {
        self.ledger.state.fold(&told.stream, told.envelope.event.epoch, &told.event);
        if matches!(told.event, Event::RunOpened { .. }) { self.open().await } else { Ok(()) }
    }

    /// What the run that was opened has to do.
    async fn open(&mut self) -> Result<(), DriverError> {
        let Some((_, revision)) = self.ledger.state.revision() else { return Ok(()) };
        let mut topology = desired(&self.ledger, revision, None).await?.topology;
        let mut parts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let ids = self.ids();
        for node in status(&self.ledger.state, Some(&mut topology)).nodes {
            if let Some(id) = ids.get(&node.target) {
                parts.entry(id.clone()).or_default().insert(node.id);
            }
        }
        self.run = Some(Shown { topology, parts });
        Ok(())
    }

    /// The targets' ids, by what people call them.
    fn ids(&self) -> BTreeMap<String, String> {
        let targets = self.ledger.state.targets.iter();
        targets.map(|(id, target)| (shown(&target.name).to_owned(), id.clone())).collect()
    }

    /// How far each target of the newest run is.
    pub fn progress(&mut self) -> Vec<TargetProgress> {
        let ids = self.ids();
        let Some(Shown { topology, parts }) = &mut self.run else { return Vec::new() };
        let state = &self.ledger.state;
        let mut standing: BTreeMap<(&str, String), NodeStanding> = BTreeMap::new();
        for node in status(state, Some(topology)).nodes {
            if let Some(id) = ids.get(&node.target) {
                standing.insert((id, node.id), node.state);
            }
        }
        let run = state.run();
        let is_over =
            |id: &str| run.is_some_and(|run| run.closed.is_some() || run.settled.contains_key(id));
        let is_bad = |((id, _), state): &(&(&str, String), &NodeStanding)| match state {
            NodeStanding::Failed => true,
            NodeStanding::Deployed => false,
            _ => is_over(id),
        };
        let bad = standing.iter().filter(is_bad).map(|((_, node), _)| node.as_str()).collect();
        let held = held(topology, &bad);
        let wanted: BTreeSet<String> =
            topology.instances().iter().map(|one| one.id.to_string()).collect();
        let progress = |(id, nodes): (&String, &BTreeSet<String>)| {
            let name = state.targets.get(id).map(|target| target.name.clone()).unwrap_or_default();
            let id = id.clone();
            let mut of =
                TargetProgress { id, name, total: nodes.len(), done: 0, failed: 0, held: 0 };
            for node in nodes {
                match standing.get(&(of.id.as_str(), node.clone())) {
                    None => of.done += 1,
                    Some(NodeStanding::Failed) => of.failed += 1,
                    Some(_) if held.contains(node) => of.held += 1,
                    Some(NodeStanding::Deployed) if wanted.contains(node) => of.done += 1,
                    Some(_) => of.held += usize::from(is_over(&of.id)),
                }
            }
            // Before its run has settled it, nobody was told that it is over.
            let is_all = of.done + of.failed + of.held == of.total;
            of.done -= usize::from(is_all && of.done > 0 && !is_over(&of.id));
            of
        };
        parts.iter().map(progress).collect()
    }
}

/// Instances that can't be begun, since something that they need has failed or was not begun itself.
fn held(topology: &Topology, known: &BTreeSet<&str>) -> BTreeSet<String> {
    let instances = topology.instances();
    let names: Vec<String> = instances.iter().map(|one| one.id.to_string()).collect();
    let known = names.iter().enumerate().filter(|(_, name)| known.contains(name.as_str()));
    let mut bad: BTreeSet<usize> = known.map(|(at, _)| at).collect();
    let mut held = BTreeSet::new();
    loop {
        let more: Vec<usize> = (0..)
            .zip(instances)
            .filter(|(at, one)| {
                !bad.contains(at) && one.needs.iter().any(|need| bad.contains(need))
            })
            .map(|(at, _)| at)
            .collect();
        if more.is_empty() {
            return held;
        }
        held.extend(more.iter().filter_map(|at| names.get(*at).cloned()));
        bad.extend(more);
    }
}
