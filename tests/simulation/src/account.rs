//! What the journal says, read along as it is written, and what must hold of every append.

use std::collections::{BTreeMap, BTreeSet};

use bp_engine::event::Operation;
use bp_engine::{Event, Outcome, Stream, Verb};
use bp_journal::Envelope;

use crate::blueprint::At;
use crate::said::Said;
use crate::world::World;

/// See the module.
#[derive(Default)]
pub(crate) struct Account {
    /// How often a person's wish for another revision was journaled.
    pub(crate) wishes: usize,
    /// Steps, by their keys.
    pub(crate) announced: BTreeMap<String, Announced>,
    /// Which version a plan is of, by the digest of its container.
    pub(crate) versions: BTreeMap<String, usize>,
    epoch: u64,
    targets: BTreeMap<String, String>,
    /// What each revision wants: the version of a blueprint, or nothing.
    revisions: BTreeMap<u64, Option<usize>>,
    runs: BTreeMap<String, u64>,
    /// What the newest run is to bring about.
    pub(crate) wanted: Option<usize>,
    /// What people have said of runs beside their wishes.
    pub(crate) said: Said,
    /// Instances that were just said to be whole, with the version of which.
    pub(crate) settled: Vec<(At, usize)>,
    /// Instances whose steps count as done in the newest revision.
    pub(crate) skipped: BTreeSet<At>,
    /// How long a pause may take to be heard of, in milliseconds.
    pub(crate) patience_ms: i64,
    granted: BTreeSet<(String, String)>,
    flights: BTreeMap<At, String>,
    finished: BTreeSet<Whole>,
    heads: BTreeMap<String, String>,
}

/// A step that was done: in which revision, on which instance, what, by which operation, with what.
type Whole = (u64, At, Operation, String, String);

/// A step that the journal announces.
#[derive(Clone, Debug)]
pub(crate) struct Announced {
    /// On which instance.
    pub(crate) at: At,
    /// To make it so, or to take it away.
    pub(crate) operation: Operation,
    /// Which operation is called; empty for the provider's own part.
    pub(crate) act: String,
    /// What its revision wants: the version of a blueprint, or nothing.
    pub(crate) version: Option<usize>,
    /// The journal says that it was done.
    pub(crate) is_done: bool,
    revision: u64,
    subject: String,
}

impl Account {
    /// What is durable now; gives what must not be.
    pub(crate) fn appended(
        &mut self,
        was_stopped: bool,
        envelopes: &[Envelope],
        world: &World,
    ) -> Vec<String> {
        let mut found = Vec::new();
        for envelope in envelopes {
            let new = &envelope.event;
            let Some(stream) = Stream::parse(&envelope.stream) else {
                found.push(format!("`{}` is no stream", envelope.stream));
                continue;
            };
            let event = match Event::decode(&new.kind, new.version, &new.payload) {
                Ok(event) => event,
                Err(error) => {
                    found.push(error.to_string());
                    continue;
                }
            };
            let is_own = !matches!(stream, Stream::Requests(_));
            if is_own && new.epoch < self.epoch {
                let (own, newest) = (new.epoch, self.epoch);
                found.push(format!(
                    "wrote {} to {stream} under epoch {own}, when {newest} was taken",
                    new.kind
                ));
            }
            if is_own {
                self.epoch = self.epoch.max(new.epoch);
            }
            if matches!(event, Event::StepStarted { .. }) {
                if was_stopped {
                    found.push(format!("began {} after it was stopped", new.payload));
                }
                let late = envelope.time_ms.saturating_sub(self.patience_ms);
                if let Some(why) = self.said.forbids(late) {
                    found.push(format!("began {} {why}", new.payload));
                }
            }
            self.hear(envelope, &event, &mut found);
            self.take_in(&stream, event, world, &mut found);
            self.heads.insert(envelope.stream.clone(), envelope.hash.clone());
        }
        found
    }

    fn take_in(&mut self, stream: &Stream, event: Event, world: &World, found: &mut Vec<String>) {
        match event {
            Event::DeployRequested { .. }
            | Event::RollbackRequested { .. }
            | Event::UninstallRequested { .. } => self.wishes += 1,
            Event::TargetAdmitted { id, name } => {
                self.targets.insert(id, name);
            }
            Event::RevisionPlanned { revision, verb, plan, .. } => {
                let version = self.versions.get(&plan).copied().filter(|_| verb == Verb::Deploy);
                self.revisions.insert(revision, version);
            }
            Event::RunOpened { run, revision, .. } => {
                self.wanted = self.revisions.get(&revision).copied().flatten();
                self.runs.insert(run, revision);
            }
            Event::TargetsGranted { targets } => {
                let Stream::Run(run) = stream else { return };
                self.granted.extend(targets.into_iter().map(|target| (run.clone(), target)));
            }
            Event::TargetSettled { target, head, .. } => {
                let Some(deployment) = self.deployment() else { return };
                self.check_head(&Stream::Target(deployment, target), &head, found);
            }
            Event::RunClosed { run, head, outcome } => {
                if outcome == Outcome::Done && self.skipped.is_empty() {
                    self.said.whole.extend(self.runs.get(&run));
                }
                self.check_head(&Stream::Run(run), &head, found);
            }
            event => {
                if let Stream::Target(_, target) = stream {
                    self.stepped(target, event, world, found);
                }
            }
        }
    }

    /// The newest revision.
    pub(crate) fn newest(&self) -> Option<u64> {
        self.revisions.keys().next_back().copied()
    }

    /// What people say beside their wishes.
    fn hear(&mut self, envelope: &Envelope, event: &Event, found: &mut Vec<String>) {
        if let Event::RollbackRequested { to, .. } = event {
            let expected = self.said.destination(&self.revisions).map(|(revision, _)| revision);
            if expected != Some(*to) {
                found.push(format!("goes back to revision {to}, and {expected:?} was meant"));
            }
        }
        let at = |(target, instance): &(String, String)| {
            (self.targets.get(target).cloned().unwrap_or_default(), instance.clone())
        };
        let taken = self.said.hear(envelope, event);
        match (event, taken) {
            (_, Some(steps)) => {
                let steps: Vec<At> = steps.iter().map(at).collect();
                self.skipped.extend(steps);
            }
            (Event::RunOpened { again: Some(again), .. }, None) => {
                let again: Vec<At> = again.iter().map(at).collect();
                self.skipped.retain(|at| !again.contains(at));
            }
            (Event::RevisionPlanned { .. }, None) => self.skipped.clear(),
            _ => {}
        }
    }

    /// What a rollback is to go to, as (revision, version).
    pub(crate) fn destination(&self) -> Option<(u64, usize)> {
        self.said.destination(&self.revisions)
    }

    /// The step that a key stands for, as the newest run wants it.
    pub(crate) fn step(&self, key: &str) -> Option<Announced> {
        let step = self.announced.get(key)?;
        Some(Announced { version: self.wanted, ..step.clone() })
    }

    /// The same step, as the run wanted it that announced it.
    pub(crate) fn step_then(&self, key: &str) -> Option<&Announced> {
        self.announced.get(key)
    }

    fn deployment(&self) -> Option<String> {
        self.heads.keys().find_map(|name| match Stream::parse(name) {
            Some(Stream::Deployment(id)) => Some(id),
            _ => None,
        })
    }

    fn check_head(&self, stream: &Stream, head: &str, found: &mut Vec<String>) {
        let is = self.heads.get(&stream.to_string()).map_or("", String::as_str);
        if is != head {
            found.push(format!("{stream} ends with {is:.8}, and it was said to with {head:.8}"));
        }
    }

    fn stepped(&mut self, target: &str, event: Event, world: &World, found: &mut Vec<String>) {
        let name = self.targets.get(target).cloned().unwrap_or_default();
        match event {
            Event::StepStarted { run, instance, operation, key, subject, call, .. } => {
                let at = (name, instance);
                if self.skipped.contains(&at) {
                    found.push(format!("{} was skipped, and is begun", at.1));
                }
                let revision = self.runs.get(&run).copied().unwrap_or_default();
                if !self.granted.contains(&(run, target.to_owned())) {
                    found.push(format!("{} was begun before its target was granted", at.1));
                }
                let act = call.and_then(|call| call.act).map(|act| act.to_string());
                let act = act.unwrap_or_default();
                if self.announced.get(&key).is_some_and(|before| before.is_done) {
                    found.push(format!("{} {act} was done, and is begun again: {key}", at.1));
                }
                let whole = (revision, at.clone(), operation, act.clone(), subject.clone());
                if self.finished.contains(&whole) {
                    found.push(format!(
                        "{} {act} was done in revision {revision}, and is begun again",
                        at.1
                    ));
                }
                let version = self.revisions.get(&revision).copied().flatten();
                self.flights.insert(at.clone(), key.clone());
                let is_done = false;
                let announced =
                    Announced { at, operation, act, version, is_done, revision, subject };
                self.announced.insert(key, announced);
            }
            Event::StepSucceeded { instance, .. } => {
                let Some(key) = self.flights.remove(&(name, instance)) else { return };
                let Some(step) = self.announced.get_mut(&key) else { return };
                step.is_done = true;
                if !step.act.contains("lifecycle.observe") {
                    let (at, act) = (step.at.clone(), step.act.clone());
                    let subject = step.subject.clone();
                    self.finished.insert((step.revision, at, step.operation, act, subject));
                }
                if step.act.is_empty() && step.operation == Operation::Converge {
                    let at = step.at.clone();
                    self.settled.extend(self.wanted.map(|version| (at, version)));
                }
                if step.act.is_empty()
                    && let Err(why) =
                        world.is_so(&Announced { version: self.wanted, ..step.clone() })
                {
                    found.push(format!("{} is said to be done: {why}", step.at.1));
                }
            }
            Event::StepFailed { instance, .. } => {
                self.flights.remove(&(name, instance));
            }
            // What others undid is done again.
            Event::DriftFound { instance, .. } => {
                let drifted = (name, instance);
                self.finished.retain(|(_, at, ..)| *at != drifted);
            }
            Event::InstanceSettled { instance, operation: Operation::Converge, .. } => {
                self.settled.extend(self.wanted.map(|version| ((name, instance), version)));
            }
            _ => {}
        }
    }
}
