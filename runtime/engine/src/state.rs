//! What was done: a fold over the events of a deployment.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::event::{Event, Failure, Operation, Outcome, Verb};
use crate::stream::Stream;

/// Everything that a deployment's journal says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Its name.
    pub name: String,
    /// What keys and jitter derive from.
    pub seed: String,
    /// The newest ownership.
    pub epoch: u64,
    /// Targets by id.
    pub targets: BTreeMap<String, TargetState>,
    /// What was wanted, by number.
    pub revisions: BTreeMap<u64, Revision>,
    /// Runs, oldest first.
    pub runs: Vec<Run>,
    /// The newest request that was taken.
    pub requests_taken: u64,
}

/// What is wanted, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// What was asked for.
    pub verb: Verb,
    /// Digest of the plan's container.
    pub plan: String,
    /// Digest of the inputs.
    pub inputs: String,
    /// Digest of the inventory.
    pub inventory: String,
}

/// A run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// The revision that it brings about.
    pub revision: u64,
    /// Its stream has begun.
    pub is_started: bool,
    /// The targets that may act.
    pub granted: BTreeSet<String>,
    /// The targets that have no more to do.
    pub settled: BTreeMap<String, Outcome>,
    /// How it ended, by its own stream.
    pub ended: Option<Outcome>,
    /// How it ended, by the deployment's stream.
    pub closed: Option<Outcome>,
}

/// A target, and what is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetState {
    /// Its name in the inventory; empty for the runtime's own machine.
    pub name: String,
    /// Who it said it is when it was first reached.
    pub identity: Option<String>,
    /// Why it was not reached, and in which run; none once it was.
    pub unreached: Option<Unreached>,
    /// What is there, or may be, by instance.
    pub instances: BTreeMap<String, InstanceState>,
    /// Steps that failed and were not begun again, by instance.
    pub failures: BTreeMap<String, Failed>,
}

/// A target that was not reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Unreached {
    /// In which run.
    pub run: String,
    /// Which try.
    pub attempt: u32,
    /// Why.
    pub failure: Failure,
    /// When it is tried again; none when it was given up.
    pub retry_at_ms: Option<i64>,
}

/// An instance that is there, or may be.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceState {
    /// Its provider.
    pub provider: String,
    /// The digest of the subject that was last begun.
    pub subject: String,
    /// What was last begun.
    pub operation: Operation,
    /// In which run.
    pub run: String,
    /// The number of that try.
    pub attempt: u32,
    /// What it needs, as (target, instance).
    pub depends: Vec<(String, String)>,
    /// What the provider remembers of it.
    pub record: Option<Json>,
    /// What was brought about and works.
    pub applied: Option<Applied>,
    /// Digests of other subjects that were begun since it was last as wanted, oldest first: what they
    /// began may be there.
    pub begun: Vec<String>,
    /// A step that was begun and has not ended.
    pub flight: Option<Flight>,
    /// How many of its steps were given up: each gives the next a key of its own.
    pub renewals: u32,
}

/// What was brought about.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The digest of the subject.
    pub subject: String,
    /// What was reported.
    pub attributes: BTreeMap<String, Json>,
}

/// A step that was begun.
#[derive(Clone, Debug, PartialEq)]
pub struct Flight {
    /// Its key.
    pub key: String,
    /// What to ask with, once the target has taken it on.
    pub handle: Option<Json>,
}

/// A step that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Failed {
    /// What was to be done.
    pub operation: Operation,
    /// Why not.
    pub failure: Failure,
    /// When it is tried again; none when it was given up.
    pub retry_at_ms: Option<i64>,
}

impl State {
    /// The newest revision.
    pub fn revision(&self) -> Option<(u64, &Revision)> {
        self.revisions.last_key_value().map(|(number, revision)| (*number, revision))
    }

    /// The newest run.
    pub fn run(&self) -> Option<&Run> {
        self.runs.last()
    }

    /// The run that has not ended.
    pub fn open_run(&self) -> Option<&Run> {
        self.run().filter(|run| run.closed.is_none())
    }

    fn run_mut(&mut self, id: &str) -> Option<&mut Run> {
        self.runs.iter_mut().rev().find(|run| run.id == id)
    }

    /// Takes in an event of one of the deployment's streams.
    pub fn fold(&mut self, stream: &Stream, epoch: u64, event: &Event) {
        match stream {
            Stream::Deployment(_) => {
                self.epoch = self.epoch.max(epoch);
                self.fold_deployment(event);
            }
            Stream::Run(id) => {
                if let Some(run) = self.run_mut(id) {
                    run.fold(event);
                }
            }
            Stream::Target(_, id) => self.targets.entry(id.clone()).or_default().fold(event),
            Stream::Requests(_) => {}
        }
    }

    fn fold_deployment(&mut self, event: &Event) {
        match event {
            Event::DeploymentCreated { name, seed } => {
                self.name.clone_from(name);
                self.seed.clone_from(seed);
            }
            Event::TargetAdmitted { id, name } => {
                self.targets.entry(id.clone()).or_default().name.clone_from(name);
            }
            Event::RevisionPlanned { revision, request, verb, plan, inputs, inventory } => {
                self.requests_taken = self.requests_taken.max(*request);
                let planned = Revision {
                    verb: *verb,
                    plan: plan.clone(),
                    inputs: inputs.clone(),
                    inventory: inventory.clone(),
                };
                self.revisions.insert(*revision, planned);
            }
            Event::RunOpened { run, revision, request } => {
                self.requests_taken = self.requests_taken.max(*request);
                self.runs.push(Run { id: run.clone(), revision: *revision, ..Run::default() });
            }
            Event::RequestTaken { request } => {
                self.requests_taken = self.requests_taken.max(*request);
            }
            Event::RunClosed { run, outcome, .. } => {
                if let Some(open) = self.run_mut(run) {
                    open.closed = Some(*outcome);
                }
            }
            _ => {}
        }
    }
}

impl Run {
    fn fold(&mut self, event: &Event) {
        match event {
            Event::RunStarted { .. } => self.is_started = true,
            Event::TargetsGranted { targets } => self.granted.extend(targets.iter().cloned()),
            Event::TargetSettled { target, outcome, .. } => {
                self.settled.insert(target.clone(), *outcome);
            }
            Event::RunEnded { outcome } => self.ended = Some(*outcome),
            _ => {}
        }
    }
}

impl InstanceState {
    /// What was begun and did not come to its end, seen from a step for this subject.
    fn begun_before(&self, subject: &str) -> Vec<String> {
        let is_concluded = self.operation == Operation::Converge
            && self.flight.is_none()
            && self.applied.as_ref().is_some_and(|applied| applied.subject == self.subject);
        let own = (!is_concluded).then(|| self.subject.clone());
        let mut begun: Vec<String> = Vec::new();
        for digest in self.begun.iter().cloned().chain(own) {
            if digest != subject && !begun.contains(&digest) {
                begun.push(digest);
            }
        }
        begun
    }
}

impl TargetState {
    fn fold(&mut self, event: &Event) {
        match event {
            Event::TargetContacted { identity, .. } => {
                self.identity.get_or_insert_with(|| identity.clone());
                self.unreached = None;
            }
            Event::TargetUnreached { run, attempt, failure, retry_at_ms } => {
                self.unreached = Some(Unreached {
                    run: run.clone(),
                    attempt: *attempt,
                    failure: failure.clone(),
                    retry_at_ms: *retry_at_ms,
                });
            }
            Event::StepStarted { .. } => self.started(event),
            Event::StepAccepted { instance, handle, record } => {
                let Some(state) = self.instances.get_mut(instance) else { return };
                if let Some(flight) = state.flight.as_mut() {
                    flight.handle = Some(handle.clone());
                }
                if record.is_some() {
                    state.record.clone_from(record);
                }
            }
            Event::StepSucceeded { instance, record, attributes } => {
                self.succeeded(instance, record.as_ref(), attributes);
            }
            Event::StepFailed { instance, operation, failure, retry_at_ms } => {
                let failed = Failed {
                    operation: *operation,
                    failure: failure.clone(),
                    retry_at_ms: *retry_at_ms,
                };
                self.failures.insert(instance.clone(), failed);
                let Some(state) = self.instances.get_mut(instance) else { return };
                state.flight = None;
                state.renewals += u32::from(retry_at_ms.is_none());
            }
            _ => {}
        }
    }

    fn started(&mut self, event: &Event) {
        let Event::StepStarted {
            run,
            instance,
            operation,
            attempt,
            key,
            subject,
            provider,
            depends,
        } = event
        else {
            return;
        };
        let before = self.instances.remove(instance);
        let begun = before.as_ref().map(|before| before.begun_before(subject)).unwrap_or_default();
        let (record, applied, renewals) =
            before.map_or((None, None, 0), |i| (i.record, i.applied, i.renewals));
        let state = InstanceState {
            provider: provider.clone(),
            subject: subject.clone(),
            operation: *operation,
            run: run.clone(),
            attempt: *attempt,
            depends: depends.clone(),
            record,
            applied,
            begun,
            flight: Some(Flight { key: key.clone(), handle: None }),
            renewals,
        };
        self.instances.insert(instance.clone(), state);
        self.failures.remove(instance);
    }

    fn succeeded(
        &mut self,
        instance: &str,
        record: Option<&Json>,
        attributes: &BTreeMap<String, Json>,
    ) {
        let Some(state) = self.instances.get_mut(instance) else { return };
        if state.operation == Operation::Delete {
            self.instances.remove(instance);
            return;
        }
        state.flight = None;
        state.begun.clear();
        state.record = record.cloned();
        state.applied =
            Some(Applied { subject: state.subject.clone(), attributes: attributes.clone() });
    }
}
