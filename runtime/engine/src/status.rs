//! How a deployment stands: what is done, failed, not tried, and why.

use std::collections::{BTreeMap, BTreeSet};

use bp_topology::{Place, Topology};
use serde::Serialize;

use crate::engine::next::{Look, Next};
use crate::event::{Failure, Operation, Outcome, Verb};
use crate::state::{InstanceState, Paused, Revision, Skipped, State, TargetState};
use crate::work::places;
use crate::workflow::story::{WorkflowStatus, story};

/// How a deployment, or its part on a target, stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// On its way.
    Deploying,
    /// All of it is there.
    Deployed,
    /// Some of it is as wanted.
    Partial,
    /// None of it is as wanted.
    Failed,
    /// On its way out.
    Removing,
    /// None of it is there.
    Removed,
}

/// How an instance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeStanding {
    /// It is there and works.
    Deployed,
    /// It is there as an earlier revision wanted it.
    Outdated,
    /// Its step was begun and has not ended.
    Deploying,
    /// Its removal was begun and has not ended.
    Removing,
    /// Its last step failed.
    Failed,
    /// Its last step failed, and is tried again.
    Retrying,
    /// It was not begun yet.
    Waiting,
    /// It was not begun in the last run.
    NotTried,
    /// It counts as done, because a person said so.
    Skipped,
}

impl NodeStanding {
    /// As people read it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deployed => "deployed",
            Self::Outdated => "outdated",
            Self::Deploying => "deploying",
            Self::Removing => "removing",
            Self::Failed => "failed",
            Self::Retrying => "retrying",
            Self::Waiting => "waiting",
            Self::NotTried => "not tried",
            Self::Skipped => "skipped",
        }
    }
}

/// A deployment's status.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: Standing,
    /// The newest revision.
    pub revision: u64,
    /// The revision that the newest goes back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back_to: Option<u64>,
    /// Who has paused the run, and since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<Paused>,
    /// Its instances.
    pub nodes: Vec<NodeStatus>,
    /// Its targets.
    pub targets: Vec<TargetStatus>,
    /// The workflow that was run last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<WorkflowStatus>,
}

/// An instance's status.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodeStatus {
    /// Which instance: `config["east"]`.
    pub id: String,
    /// The name of its target.
    pub target: String,
    /// How it stands.
    pub state: NodeStanding,
    /// Why, where it is not as wanted.
    pub reason: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Who has skipped it, when and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<Skipped>,
    /// The property that a failure is about.
    #[serde(skip)]
    pub property: Option<String>,
}

/// A target's status.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetStatus {
    /// The deployment's own name for it.
    pub id: String,
    /// Its name in the inventory; `local` for the runtime's own machine.
    pub name: String,
    /// How it stands.
    pub state: Standing,
    /// The newest revision that it is at.
    pub revision: Option<u64>,
    /// Why it is not as wanted.
    pub reason: Option<String>,
}

/// The status. Without a topology (its plan can't be read) only what was begun is told.
pub fn status(state: &State, mut topology: Option<&mut Topology>) -> Status {
    let revision = state.revision();
    let verb = revision.map_or(Verb::Deploy, |(_, revision)| revision.verb);
    let run = state.run();
    let is_adopted =
        |target: &TargetState| target.instances.values().any(|is| is.adopted.is_some());
    let whole = match run.and_then(|run| run.closed) {
        None if run.is_none() && state.targets.values().any(is_adopted) => Standing::Partial,
        None => under_way(verb),
        Some(outcome) => ended(verb, outcome),
    };
    let is_open = state.open_run().is_some();
    let outdated = match topology.as_deref_mut() {
        Some(topology) if run.and_then(|run| run.closed) != Some(Outcome::Done) => {
            outdated(topology, state)
        }
        _ => BTreeSet::new(),
    };
    let topology = topology.as_deref();
    let mut nodes = Vec::new();
    for target in state.targets.values() {
        for (instance, is) in &target.instances {
            let is_outdated = outdated.contains(&(target.name.as_str(), instance.as_str()));
            if let Some(skipped) = skipped(instance, target, revision) {
                nodes.push(skipped);
                continue;
            }
            nodes.push(of_instance(instance, target, is, verb, (is_open, is_outdated)));
        }
    }
    let targets = places(state);
    let there: BTreeSet<&str> = reporting(state);
    for instance in topology.into_iter().flat_map(Topology::instances) {
        let name = instance.id.to_string();
        let target = targets.get(&instance.place).and_then(|id| state.targets.get(id));
        let is_told = target.is_some_and(|target| target.instances.contains_key(&name));
        if is_told || instance.is_logical() || verb == Verb::Uninstall {
            continue;
        }
        if let Some(skipped) = target.and_then(|target| skipped(&name, target, revision)) {
            nodes.push(skipped);
            continue;
        }
        nodes.push(not_begun(&name, instance, target, &there, topology, is_open));
    }
    nodes.sort_by(|a, b| (&a.target, &a.id).cmp(&(&b.target, &b.id)));
    // The nodes stand together by target.
    let of = |target: &TargetState| {
        let name = shown(&target.name);
        let from = nodes.partition_point(|node| node.target.as_str() < name);
        let to = nodes.partition_point(|node| node.target.as_str() <= name);
        nodes.get(from..to).unwrap_or_default()
    };
    let all = state.targets.iter();
    let mut targets: Vec<TargetStatus> =
        all.filter_map(|(id, target)| of_target(id, target, state, verb, of(target))).collect();
    targets.sort_by(|a, b| a.name.cmp(&b.name));
    Status {
        name: state.name.clone(),
        state: whole,
        revision: revision.map_or(0, |(number, _)| number),
        back_to: revision.and_then(|(_, revision)| revision.back_to),
        paused: state.open_run().and_then(|run| run.paused.clone()),
        nodes,
        targets,
        workflow: state.workflows.last().map(|run| {
            // The lines of a run are those of its own plan.
            let own = state.revisions.get(&run.revision).map(|revision| &revision.plan);
            let is_own = revision.map(|(_, newest)| &newest.plan) == own;
            let plan = topology.filter(|_| is_own).map(|topology| &**topology.plan());
            story(run, plan)
        }),
    }
}

/// Instances that are there and are not what is wanted now, as (target's name, instance).
fn outdated<'s>(topology: &mut Topology, state: &'s State) -> BTreeSet<(&'s str, &'s str)> {
    crate::outputs::learn(topology, state);
    let names: BTreeMap<String, usize> = topology
        .instances()
        .iter()
        .enumerate()
        .map(|(at, instance)| (instance.id.to_string(), at))
        .collect();
    let mut found = BTreeSet::new();
    for target in state.targets.values() {
        for (name, is) in &target.instances {
            let wanted = names.get(name.as_str()).and_then(|at| topology.instances().get(*at));
            let Some(instance) = wanted.filter(|wanted| is_at(target, &wanted.place)) else {
                continue;
            };
            if !is_current(topology, instance, is) {
                found.insert((target.name.as_str(), name.as_str()));
            }
        }
    }
    found
}

/// Whether an instance is there as it is wanted now; what needs a secret's value is taken for it.
fn is_current(topology: &Topology, instance: &bp_topology::Instance, is: &InstanceState) -> bool {
    if instance.has_life || is.life.is_some() {
        let mut look = Look::at(topology, Some(is), 0);
        let next = look.next(Some(&instance.id), "", is.depends.clone());
        return look.reads.is_veiled || matches!(next, Next::Done(_));
    }
    let (subject, reads) = crate::subject::resolve(topology, &instance.id);
    reads.is_veiled
        || matches!(&subject, Ok(Some(subject)) if {
            let digest = crate::retry::digest(&subject.bytes());
            is.was_last_applied(&digest)
        })
}

fn under_way(verb: Verb) -> Standing {
    match verb {
        Verb::Deploy => Standing::Deploying,
        Verb::Uninstall => Standing::Removing,
    }
}

fn ended(verb: Verb, outcome: Outcome) -> Standing {
    match (outcome, verb) {
        (Outcome::Done, Verb::Deploy) => Standing::Deployed,
        (Outcome::Done, Verb::Uninstall) => Standing::Removed,
        (Outcome::Failed, _) => Standing::Failed,
        (Outcome::Partial | Outcome::Stopped | Outcome::Superseded, _) => Standing::Partial,
    }
}

pub(crate) fn is_at(target: &TargetState, place: &Place) -> bool {
    match place {
        Place::Local => target.name.is_empty(),
        Place::Element(name) => target.name == *name,
    }
}

/// What people call a target.
pub fn shown(name: &str) -> &str {
    if name.is_empty() { "local" } else { name }
}

fn node(id: &str, target: &str, state: NodeStanding) -> NodeStatus {
    NodeStatus {
        id: id.to_owned(),
        target: shown(target).to_owned(),
        state,
        reason: None,
        help: None,
        skipped: None,
        property: None,
    }
}

/// An instance's step that counts as done in this revision.
fn skipped(
    instance: &str,
    target: &TargetState,
    revision: Option<(u64, &Revision)>,
) -> Option<NodeStatus> {
    let skipped = target.skipped.get(instance)?;
    (Some(skipped.revision) == revision.map(|(number, _)| number)).then(|| NodeStatus {
        reason: Some(format!("skipped by {}: {}", skipped.by, skipped.why)),
        skipped: Some(skipped.clone()),
        ..node(instance, &target.name, NodeStanding::Skipped)
    })
}

fn because(mut status: NodeStatus, failure: &Failure) -> NodeStatus {
    status.reason = Some(failure.message.clone());
    status.help.clone_from(&failure.help);
    status.property.clone_from(&failure.property);
    status
}

fn of_instance(
    instance: &str,
    target: &TargetState,
    is: &InstanceState,
    verb: Verb,
    (is_open, is_outdated): (bool, bool),
) -> NodeStatus {
    let plain = |standing| node(instance, &target.name, standing);
    if let Some(failed) = target.failures.get(instance) {
        let is_retried = is_open && failed.retry_at_ms.is_some();
        let standing = if is_retried { NodeStanding::Retrying } else { NodeStanding::Failed };
        return because(plain(standing), &failed.failure);
    }
    let mut status = match (is.operation, &is.flight) {
        (Operation::Converge, Some(_)) => plain(NodeStanding::Deploying),
        (Operation::Delete, _) => plain(NodeStanding::Removing),
        (Operation::Converge, None) if is.adopted.is_some() && is.reported().is_none() => {
            let reason = "it was adopted; an update brings it about".to_owned();
            NodeStatus { reason: Some(reason), ..plain(NodeStanding::Outdated) }
        }
        (Operation::Converge, None) if is.reported().is_none() => {
            let standing = if is_open { NodeStanding::Waiting } else { NodeStanding::NotTried };
            let reason = "some of its operations were not called yet".to_owned();
            NodeStatus { reason: Some(reason), ..plain(standing) }
        }
        (Operation::Converge, None) if is_outdated => plain(NodeStanding::Outdated),
        (Operation::Converge, None) => plain(NodeStanding::Deployed),
    };
    if let Some(unreached) = target.unreached.as_ref()
        && (verb == Verb::Uninstall || is.flight.is_some() || is_outdated)
    {
        status.reason = Some(unreached.failure.message.clone());
    } else if is.flight.is_some() && !is_open {
        status.reason = Some("the run was stopped while it was under way".to_owned());
    }
    status
}

/// The instances that report something, and of which nothing failed.
fn reporting(state: &State) -> BTreeSet<&str> {
    let all = state.targets.values().flat_map(|target| {
        let failed = |name: &str| target.failures.contains_key(name);
        let told = target.instances.iter().filter(|(_, is)| is.reported().is_some());
        told.map(|(name, _)| name.as_str()).filter(move |name| !failed(name))
    });
    all.collect()
}

fn not_begun(
    name: &str,
    instance: &bp_topology::Instance,
    target: Option<&TargetState>,
    there: &BTreeSet<&str>,
    topology: Option<&Topology>,
    is_open: bool,
) -> NodeStatus {
    let at = match &instance.place {
        Place::Local => "",
        Place::Element(name) => name,
    };
    if let Some(failed) = target.and_then(|target| target.failures.get(name)) {
        return because(node(name, at, NodeStanding::Failed), &failed.failure);
    }
    let standing = if is_open { NodeStanding::Waiting } else { NodeStanding::NotTried };
    let mut status = node(name, at, standing);
    if let Some(unreached) = target.and_then(|target| target.unreached.as_ref()) {
        return because(status, &unreached.failure);
    }
    let needs = instance.needs.iter().filter_map(|need| topology?.instances().get(*need));
    let is_missing = |need: &&bp_topology::Instance| !there.contains(need.id.to_string().as_str());
    let missing = needs.filter(|need| !need.is_logical()).find(is_missing);
    status.reason = missing.map(|need| format!("it needs {}", need.id));
    status
}

fn of_target(
    id: &str,
    target: &TargetState,
    state: &State,
    verb: Verb,
    nodes: &[NodeStatus],
) -> Option<TargetStatus> {
    let run = state.run()?;
    let name = shown(&target.name);
    // One that was left, and on which nothing is, is no part of it any more.
    let is_empty = target.instances.is_empty() && nodes.is_empty();
    let is_left = verb == Verb::Deploy && is_empty && target.unreached.is_none();
    let is_part = run.granted.contains(id) || !target.instances.is_empty();
    if is_left || (!is_part && !run.granted.is_empty()) {
        return None;
    }
    let standing = match (run.settled.get(id), run.closed) {
        (Some(outcome), _) => ended(verb, *outcome),
        (None, None) => under_way(verb),
        (None, Some(outcome)) => ended(verb, outcome),
    };
    let revision = state
        .runs
        .iter()
        .rev()
        .find(|run| run.settled.get(id) == Some(&Outcome::Done))
        .map(|run| run.revision);
    let unreached = target.unreached.as_ref().map(|unreached| unreached.failure.message.clone());
    let failed = || {
        let first = nodes
            .iter()
            .find(|node| matches!(node.state, NodeStanding::Failed | NodeStanding::Retrying))?;
        Some(format!("{}: {}", first.id, first.reason.as_deref()?))
    };
    let is_fine = matches!(standing, Standing::Deployed | Standing::Removed);
    let reason = if is_fine { None } else { unreached.or_else(failed) };
    Some(TargetStatus {
        id: id.to_owned(),
        name: name.to_owned(),
        state: standing,
        revision,
        reason,
    })
}
