//! What is known of a deployment, to be asked for why it is so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_engine::event::Operation;
use bp_engine::status::{NodeStanding, NodeStatus, shown};
use bp_engine::terms::node_of;
use bp_engine::{Event, State, Status, Stream, Subject};
use bp_plan::{Expr, Plan, Value};
use bp_topology::Topology;

use crate::deployments::Deployments;
use crate::error::DriverError;
use crate::ledger::Ledger;
use crate::runtime::{desired, stored};
use crate::timeline::Told;

/// See the module.
pub(super) struct Facts {
    ledger: Ledger,
    pub(super) told: Vec<Told>,
    pub(super) state: State,
    status: Status,
    /// What the newest revision wants; none where nothing is.
    pub(super) topology: Option<Topology>,
    wants: BTreeMap<u64, Want>,
}

/// What a revision wants.
#[derive(Clone)]
pub(super) struct Want {
    pub(super) plan: Arc<Plan>,
    pub(super) inputs: Arc<BTreeMap<String, Value>>,
    /// The digest of what there was to be placed on.
    pub(super) inventory: String,
}

impl Facts {
    pub(super) async fn of(deployments: &Deployments, id: &str) -> Result<Self, DriverError> {
        let told = deployments.history(id).await?;
        let (status, _) = deployments.status(id).await?;
        let ledger = deployments.existing(id).await?;
        let topology = match ledger.state.revision() {
            Some((_, revision)) => Some(desired(&ledger, revision, None).await?.topology),
            None => None,
        };
        let state = ledger.state.clone();
        Ok(Self { ledger, told, state, status, topology, wants: BTreeMap::new() })
    }

    /// What a revision wants.
    pub(super) async fn want(&mut self, number: u64) -> Result<Option<Want>, DriverError> {
        if let Some(want) = self.wants.get(&number) {
            return Ok(Some(want.clone()));
        }
        let Some(revision) = self.state.revisions.get(&number) else { return Ok(None) };
        let (plan, inputs, _) = stored(&self.ledger, revision).await?;
        let inventory = revision.inventory.clone();
        let want = Want { plan, inputs: Arc::new(inputs), inventory };
        self.wants.insert(number, want.clone());
        Ok(Some(want))
    }

    /// What a step was begun with.
    pub(super) async fn subject(&self, digest: &str) -> Result<Option<Subject>, DriverError> {
        let bytes = self.ledger.blob(digest).await?;
        Ok(serde_json::from_slice(&bytes).ok())
    }

    /// All instances of a node, or the one of this name, as (target's id, instance): those that there are, and those
    /// that something happened to.
    pub(super) fn instances_of(&self, asked: &str) -> BTreeSet<(String, String)> {
        let is_meant = |instance: &str| instance == asked || node_of(instance) == asked;
        let ids: BTreeMap<&str, &String> =
            self.state.targets.iter().map(|(id, target)| (shown(&target.name), id)).collect();
        let mut found: BTreeSet<(String, String)> = BTreeSet::new();
        for node in self.status.nodes.iter().filter(|node| is_meant(&node.id)) {
            if let Some(id) = ids.get(node.target.as_str()) {
                found.insert(((*id).clone(), node.id.clone()));
            }
        }
        for told in &self.told {
            if let (Stream::Target(_, target), Some(instance)) =
                (&told.stream, instance(&told.event))
                && is_meant(instance)
            {
                found.insert((target.clone(), instance.to_owned()));
            }
        }
        found
    }

    /// The instances of a node that another needs, as (target's id, instance).
    pub(super) fn needed(&self, instance: &str, node: &str) -> Vec<(String, String)> {
        let all = self.instances_of(node).into_iter().filter(|(_, other)| other != instance);
        let wanted = self.topology.as_ref().and_then(|topology| {
            let instances = topology.instances();
            let own = instances.iter().find(|one| one.id.to_string() == instance)?;
            let needs = own.needs.iter().filter_map(|at| instances.get(*at));
            Some(needs.map(|need| need.id.to_string()).collect::<BTreeSet<String>>())
        });
        if let Some(wanted) = wanted {
            return all.filter(|(_, other)| wanted.contains(other)).collect();
        }
        // Of what is not wanted any more no plan is asked: those of its own key, or without one.
        let key = instance.strip_prefix(node_of(instance)).unwrap_or_default();
        let is_near = |other: &str| other == node || other == format!("{node}{key}");
        all.filter(|(_, other)| is_near(other)).collect()
    }

    /// All that can be asked about.
    pub(super) fn names(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = BTreeSet::new();
        for node in &self.status.nodes {
            names.extend([node.id.clone(), node_of(&node.id).to_owned()]);
        }
        names.extend(self.told.iter().filter_map(|told| instance(&told.event)).map(str::to_owned));
        if let Some(topology) = &self.topology {
            names.extend(topology.plan().nodes.keys().cloned());
        }
        if let Some(run) = self.state.workflows.last() {
            names.insert(run.workflow.clone());
            names.extend(run.calls.keys().chain(run.ended_steps.keys()).cloned());
        }
        names.extend(self.state.targets.values().map(|target| shown(&target.name).to_owned()));
        names
    }

    /// How an instance stands; none where it is gone.
    pub(super) fn standing(&self, target: &str, instance: &str) -> Option<&NodeStatus> {
        let name = self.target_name(target);
        self.status.nodes.iter().find(|node| node.id == instance && node.target == name)
    }

    /// What people call a target.
    pub(super) fn target_name<'s>(&'s self, target: &'s str) -> &'s str {
        self.state.targets.get(target).map_or(target, |of| shown(&of.name))
    }

    /// The target that an instance is on, or is to be on.
    pub(super) fn target_of(&self, instance: &str) -> Option<String> {
        let found = self.status.nodes.iter().find(|node| node.id == instance)?;
        let mut targets = self.state.targets.iter();
        targets.find(|(_, of)| shown(&of.name) == found.target).map(|(id, _)| id.clone())
    }

    /// Whether it is there as it is wanted.
    pub(super) fn is_fine(&self, instance: &str) -> bool {
        let mut all = self.status.nodes.iter();
        all.any(|node| node.id == instance && node.state == NodeStanding::Deployed)
    }

    /// The last event before a place of the history for which something is found.
    pub(super) fn last<T>(
        &self,
        before: usize,
        find: impl Fn(&Told) -> Option<T>,
    ) -> Option<(usize, T)> {
        let all = self.told.iter().enumerate().take(before).rev();
        all.into_iter().find_map(|(at, told)| Some((at, find(told)?)))
    }

    /// Which revision a run brings about, or a workflow is run on.
    pub(super) fn revision_of(&self, run: &str) -> Option<u64> {
        let own = self.state.runs.iter().find(|one| one.id == run).map(|one| one.revision);
        let of_workflow = || self.state.workflows.iter().find(|one| one.id == run);
        own.or_else(|| of_workflow().map(|one| one.revision))
    }

    /// What an input is in a revision.
    pub(super) fn input(want: &Want, name: &str) -> Option<serde_json::Value> {
        let input = want.plan.inputs.get(name)?;
        let given = want.inputs.get(name);
        let value = given.or_else(|| input.default.as_ref().and_then(Expr::as_value));
        value.map(bp_engine::workflow::story::plain)
    }
}

/// The instance that an event is about.
pub(super) fn instance(event: &Event) -> Option<&str> {
    match event {
        Event::StepStarted { instance, .. }
        | Event::StepAccepted { instance, .. }
        | Event::StepSucceeded { instance, .. }
        | Event::StepFailed { instance, .. }
        | Event::InstanceSettled { instance, .. }
        | Event::DriftFound { instance, .. }
        | Event::InstanceRenamed { instance, .. }
        | Event::InstanceAdopted { instance, .. } => Some(instance),
        _ => None,
    }
}

/// Whether an event of a target is about this instance.
pub(super) fn is_of(told: &Told, target: &str, asked: &str) -> bool {
    matches!(&told.stream, Stream::Target(_, of) if of == target)
        && instance(&told.event) == Some(asked)
}

/// What a step is, for people: the operation that is called, or what its provider does.
pub(super) fn act(event: &Event) -> Option<(String, Operation)> {
    let Event::StepStarted { operation, call, .. } = event else { return None };
    let act = call.as_ref().and_then(|call| call.act.as_ref());
    let words = act.map_or_else(|| format!("{operation:?}").to_lowercase(), ToString::to_string);
    Some((words, *operation))
}
