//! What was done: a fold over the events of a deployment.
//!
//! It can be kept, so that those events need not be read again: a field that is added later must have a default, and
//! [`FORM`] counts up, so that whoever can fold them again does.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::Fields;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::event::{Class, Event, Failure, Operation, Outcome, Verb};
use crate::life::{Begun, LifeState, Seen};
use crate::remembered::Remembered;
use crate::stream::Stream;
use crate::terms::Terms;
use crate::workflow::WorkflowRun;

/// The newest form of a state that was kept.
pub const FORM: u32 = 1;

/// Everything that a deployment's journal says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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
    /// Runs of workflows, oldest first.
    pub workflows: Vec<WorkflowRun>,
    /// The newest request that was taken.
    pub requests_taken: u64,
    /// The digests of the blobs with what is sealed, by the names of the secrets.
    pub sealed: BTreeMap<String, String>,
    /// Revisions all of which was there and worked once, with nothing skipped.
    pub healthy: BTreeSet<u64>,
    /// What of it is not in the journal any more.
    pub compacted: Option<Compacted>,
    /// How many runs of both kinds are not among those above any more.
    pub forgotten_runs: u64,
}

/// What the journal kept before, and dropped: of it there is what the state says, and no event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compacted {
    /// How many events, the first ones.
    pub events: u64,
    /// When the last of them happened, in milliseconds since 1970.
    pub until_ms: i64,
    /// Who asked: `operator:alice`.
    pub by: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

/// What is wanted, or was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// What was asked for.
    pub verb: Verb,
    /// Digest of the plan's container.
    pub plan: String,
    /// Digest of the inputs.
    pub inputs: String,
    /// Digest of the inventory.
    pub inventory: String,
    /// On what terms.
    pub terms: Terms,
    /// The revision that it goes back to.
    pub back_to: Option<u64>,
    /// Digest of the inventory that says how targets are reached, where that is another one.
    pub reached_by: Option<String>,
}

/// A run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// The revision that it brings about.
    pub revision: u64,
    /// What it tries again, as (target, instance), with all that needs it; none where that is whatever is not as
    /// wanted.
    pub again: Option<BTreeSet<(String, String)>>,
    /// What is tried again has drifted.
    pub heals: bool,
    /// Since when nothing more of it is begun, and who wanted that.
    pub paused: Option<Paused>,
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

/// A run that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// Who asked: `operator:alice`.
    pub by: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

/// A step that counts as done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// In which revision.
    pub revision: u64,
    /// Why.
    pub why: String,
    /// Who asked: `operator:alice`.
    pub by: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

/// A target, and what is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TargetState {
    /// Its name in the inventory; empty for the runtime's own machine.
    pub name: String,
    /// Who it said it is when it was first reached.
    pub identity: Option<String>,
    /// Why it was not reached, and in which run; none once it was.
    pub unreached: Option<Unreached>,
    /// What is there, or may be, by instance.
    pub instances: BTreeMap<String, Box<InstanceState>>,
    /// Steps that failed and were not begun again, by instance.
    pub failures: BTreeMap<String, Failed>,
    /// Steps that count as done, by instance, each in one revision.
    pub skipped: BTreeMap<String, Skipped>,
    /// What workflows have set of instances' attributes since they were last reported.
    pub set: BTreeMap<String, crate::workflow::Set>,
}

/// A target that was not reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// What else it needed when it was last as wanted: it may still be as it was then.
    pub needed: Vec<(String, String)>,
    /// What the provider remembers of it.
    pub record: Option<Remembered>,
    /// What was brought about and works.
    pub applied: Option<Applied>,
    /// Digests of other subjects that were begun since it was last as wanted, oldest first: what they
    /// began may be there.
    pub begun: Vec<String>,
    /// A step that was begun and has not ended.
    pub flight: Option<Flight>,
    /// How many of its steps were given up: each gives the next a key of its own.
    pub renewals: u32,
    /// What was called of its life; none where its provider is all of it.
    pub life: Option<Box<LifeState>>,
    /// Names that it had, oldest first: its provider's objects may bear them.
    pub was: Vec<String>,
    /// Its provider was not told its name yet.
    pub is_renamed: bool,
    /// Which object it was, where that was there before and was adopted.
    pub adopted: Option<String>,
    /// It was found not to be as it was applied.
    pub drift: Option<Drift>,
}

/// That an instance was found not to be as it was applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// In which run.
    pub run: String,
    /// Its own operation has told since what is there.
    #[serde(default)]
    pub is_looked_at: bool,
    /// It was made so since.
    pub is_healed: bool,
}

/// What was brought about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// The digest of the subject.
    pub subject: String,
    /// What was reported.
    pub attributes: Fields<Json>,
}

/// A step that was begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flight {
    /// Its key.
    pub key: String,
    /// What to ask with, once the target has taken it on.
    pub handle: Option<Json>,
}

/// A step that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
                } else if let Some(run) = self.workflow_mut(id) {
                    run.fold(event);
                }
            }
            Stream::Target(_, id) => {
                if let Event::InstanceRenamed { instance, was } = event {
                    crate::moved::fold(self, id, instance, was);
                    return;
                }
                if let Event::StepSucceeded { sealed, .. } | Event::CallSucceeded { sealed, .. } =
                    event
                {
                    self.sealed.extend(sealed.clone());
                }
                self.fold_call(id, event);
                let target = self.targets.entry(id.clone()).or_default();
                target.overwrite(event);
                target.fold(event);
            }
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
            Event::RevisionPlanned { .. } => self.planned(event),
            Event::RunOpened { run, revision, request, again, heals } => {
                self.requests_taken = self.requests_taken.max(*request);
                let again: Option<BTreeSet<_>> =
                    again.clone().map(|steps| steps.into_iter().collect());
                for (target, instance) in again.iter().flatten() {
                    // What is tried again does not count as done.
                    if let Some(there) = self.targets.get_mut(target) {
                        there.skipped.remove(instance);
                    }
                }
                let (id, revision, heals) = (run.clone(), *revision, *heals);
                self.runs.push(Run { id, revision, again, heals, ..Run::default() });
            }
            Event::RequestTaken { request } => {
                self.requests_taken = self.requests_taken.max(*request);
            }
            // What else was asked for before is still to be taken.
            Event::RunPaused { run, by, at_ms, .. } => {
                let paused = Some(Paused { by: by.clone(), at_ms: *at_ms });
                if let Some(run) = self.run_mut(run) {
                    run.paused = paused;
                } else if let Some(run) = self.workflow_mut(run) {
                    run.paused = paused;
                }
            }
            Event::RunContinued { run, request, .. } => {
                self.requests_taken = self.requests_taken.max(*request);
                if let Some(run) = self.run_mut(run) {
                    run.paused = None;
                } else if let Some(run) = self.workflow_mut(run) {
                    run.paused = None;
                }
            }
            Event::StepsSkipped { .. } => self.skipped(event),
            Event::RunClosed { run, outcome, .. } => {
                self.was_healthy(run, *outcome);
                if let Some(open) = self.run_mut(run) {
                    open.closed = Some(*outcome);
                    open.paused = None;
                } else if let Some(open) = self.workflow_mut(run) {
                    open.closed = Some(*outcome);
                    open.paused = None;
                }
            }
            Event::WorkflowOpened { request, .. } => {
                self.requests_taken = self.requests_taken.max(*request);
                self.workflows.extend(WorkflowRun::opened(event));
            }
            Event::CheckpointTaken { events, until_ms, by, at_ms, .. } => {
                let (events, until_ms, by, at_ms) = (*events, *until_ms, by.clone(), *at_ms);
                self.compacted = Some(Compacted { events, until_ms, by, at_ms });
            }
            _ => {}
        }
    }

    /// A run is over: where it has brought all of its revision about, that was healthy.
    fn was_healthy(&mut self, run: &str, outcome: Outcome) {
        let Some(revision) = self.run_mut(run).map(|run| run.revision) else { return };
        let mut skipped = self.targets.values().flat_map(|there| there.skipped.values());
        let is_skipping = skipped.any(|skipped| skipped.revision == revision);
        if outcome == Outcome::Done && !is_skipping {
            self.healthy.insert(revision);
        }
    }

    fn planned(&mut self, event: &Event) {
        let Event::RevisionPlanned {
            revision,
            request,
            verb,
            plan,
            inputs,
            inventory,
            terms,
            back_to,
            reached_by,
        } = event
        else {
            return;
        };
        self.requests_taken = self.requests_taken.max(*request);
        let planned = Revision {
            verb: *verb,
            plan: plan.clone(),
            inputs: inputs.clone(),
            inventory: inventory.clone(),
            terms: terms.as_deref().cloned().unwrap_or_default(),
            back_to: *back_to,
            reached_by: reached_by.clone(),
        };
        self.revisions.insert(*revision, planned);
    }

    fn skipped(&mut self, event: &Event) {
        let Event::StepsSkipped { revision, request, steps, why, by, at_ms } = event else {
            return;
        };
        self.requests_taken = self.requests_taken.max(*request);
        for (target, instance) in steps {
            let skipped =
                Skipped { revision: *revision, why: why.clone(), by: by.clone(), at_ms: *at_ms };
            let there = self.targets.entry(target.clone()).or_default();
            there.skipped.insert(instance.clone(), skipped);
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

impl Applied {
    /// What was reported.
    pub fn reported(&self) -> BTreeMap<String, Json> {
        self.attributes.clone().into_iter().collect()
    }
}

impl InstanceState {
    /// One of which nothing is there yet.
    fn new(run: &str) -> Self {
        Self {
            provider: String::new(),
            subject: String::new(),
            operation: Operation::Converge,
            run: run.to_owned(),
            attempt: 0,
            depends: Vec::new(),
            needed: Vec::new(),
            record: None,
            applied: None,
            begun: Vec::new(),
            flight: None,
            renewals: 0,
            life: None,
            was: Vec::new(),
            is_renamed: false,
            adopted: None,
            drift: None,
        }
    }

    /// This subject was brought about, and nothing else was begun since that may have come about, too.
    pub(crate) fn was_last_applied(&self, subject: &str) -> bool {
        let is_applied = self.applied.as_ref().is_some_and(|applied| applied.subject == subject);
        is_applied && self.subject == subject && self.begun.is_empty()
    }

    /// It is not as it was applied, and was not made so yet.
    pub(crate) fn has_drifted(&self) -> bool {
        self.drift.as_ref().is_some_and(|drift| !drift.is_healed)
    }

    /// It has drifted, and its own operation, if it has one, is still to tell what is there.
    pub(crate) fn is_to_be_looked_at(&self) -> bool {
        self.drift.as_ref().is_some_and(|drift| !drift.is_healed && !drift.is_looked_at)
    }

    /// What was told of it may not be so any more when it is tried again.
    fn is_given_up(&mut self) {
        let Some(drift) = self.drift.as_mut().filter(|drift| !drift.is_healed) else { return };
        drift.is_looked_at = false;
        if let Some(life) = self.life.as_mut().filter(|life| life.doubt.is_none()) {
            life.observed = None;
        }
    }

    /// Its removal was begun.
    pub(crate) fn is_going(&self) -> bool {
        let is_half_gone = self.life.as_ref().is_some_and(|life| !life.removed.is_empty());
        self.operation == Operation::Delete || is_half_gone
    }

    /// It is to need these; what it needed until now counts until it is as wanted.
    fn depends_on(&mut self, depends: &[(String, String)]) {
        let before = std::mem::replace(&mut self.depends, depends.to_vec());
        for one in before {
            if !self.depends.contains(&one) && !self.needed.contains(&one) {
                self.needed.push(one);
            }
        }
    }

    /// Whether what was last begun, or is in doubt, is an operation and not its provider's part.
    fn is_calling(&self) -> bool {
        let Some(life) = &self.life else { return false };
        let call = if self.flight.is_some() { &life.last } else { &life.doubt };
        call.as_ref().is_some_and(|call| call.act.is_some())
    }

    /// What it reports, where it is there and works.
    pub fn reported(&self) -> Option<BTreeMap<String, Json>> {
        let mut reported = match (&self.applied, &self.life) {
            (_, Some(life)) if life.baseline.is_none() => return None,
            (None, None) => return None,
            (applied, _) => applied.as_ref().map(Applied::reported).unwrap_or_default(),
        };
        reported.extend(self.life.as_ref().map(|life| life.all_attributes()).unwrap_or_default());
        Some(reported)
    }

    /// What was begun and did not come to its end, seen from a step for this subject.
    fn begun_before(&self, subject: &str) -> Vec<String> {
        let is_concluded = self.operation == Operation::Converge
            && self.flight.is_none()
            && self.applied.as_ref().is_some_and(|applied| applied.subject == self.subject);
        let own = (!is_concluded && !self.subject.is_empty()).then(|| self.subject.clone());
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
    /// What is there of an instance, or may be.
    pub fn instance(&self, instance: &str) -> Option<&InstanceState> {
        self.instances.get(instance).map(Box::as_ref)
    }

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
                if let Some(record) = record {
                    state.record = Some(Remembered::of(record));
                }
            }
            Event::StepSucceeded { instance, .. } => self.succeeded(instance, event),
            Event::InstanceSettled { instance, .. } => self.settled(instance, event),
            Event::InstanceAdopted { instance, .. } => self.adopted(instance, event),
            Event::DriftFound { run, instance } => {
                let Some(state) = self.instances.get_mut(instance) else { return };
                state.drift =
                    Some(Drift { run: run.clone(), is_looked_at: false, is_healed: false });
                if let Some(life) = &mut state.life {
                    life.observed = None;
                }
                // What makes it so is another effect than the one that made it.
                state.renewals += 1;
            }
            Event::StepFailed { instance, operation, failure, retry_at_ms, .. } => {
                let failed = Failed {
                    operation: *operation,
                    failure: failure.clone(),
                    retry_at_ms: *retry_at_ms,
                };
                self.failures.insert(instance.clone(), failed);
                let Some(state) = self.instances.get_mut(instance) else { return };
                let is_open = state.is_calling() && failure.class == Class::UnknownOutcome;
                state.renewals += u32::from(retry_at_ms.is_none() && !is_open);
                if retry_at_ms.is_none() {
                    state.is_given_up();
                }
                // Where nothing was begun, nothing is in doubt.
                if state.flight.take().is_some()
                    && let Some(life) = &mut state.life
                {
                    life.failed(failure);
                }
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
            call,
        } = event
        else {
            return;
        };
        let state = self
            .instances
            .entry(instance.clone())
            .or_insert_with(|| Box::new(InstanceState::new(run)));
        // An operation of its life is none of its provider's subjects.
        if call.as_ref().is_none_or(|call| call.act.is_none()) {
            state.begun = state.begun_before(subject);
            if (state.operation, *operation) == (Operation::Delete, Operation::Converge) {
                // What was brought about may be gone by now: it is to be brought about again.
                state.applied = None;
            }
            state.provider.clone_from(provider);
            state.subject.clone_from(subject);
        }
        if let Some(call) = call {
            let begun = Begun {
                operation: *operation,
                act: call.act.clone(),
                place: call.place,
                inputs: call.inputs.clone(),
                subject: subject.clone(),
                executor: provider.clone(),
                key: key.clone(),
                turn: call.turn,
            };
            state.life.get_or_insert_default().started(begun, call.removal.as_ref());
        }
        state.operation = *operation;
        state.run.clone_from(run);
        state.attempt = *attempt;
        state.depends_on(depends);
        state.flight = Some(Flight { key: key.clone(), handle: None });
        self.failures.remove(instance);
    }

    fn succeeded(&mut self, instance: &str, event: &Event) {
        let Event::StepSucceeded { record, attributes, result, removal, .. } = event else {
            return;
        };
        let Some(state) = self.instances.get_mut(instance) else { return };
        let is_calling = state.is_calling();
        if state.operation == Operation::Delete && state.life.is_none() {
            self.instances.remove(instance);
            return;
        }
        let is_flying = state.flight.take().is_some();
        if let Some(life) = &mut state.life {
            let own = if is_calling { attributes.clone() } else { BTreeMap::new() };
            // What was looked at is known: what comes next is another effect, with a key of its own.
            state.renewals += u32::from(is_flying && life.is_looking());
            life.succeeded(is_flying, &own, result.as_ref());
            if let Some(drift) = state.drift.as_mut().filter(|drift| !drift.is_healed)
                && is_flying
                && life.is_looking()
            {
                let told = result.as_ref().unwrap_or(&Json::Null);
                drift.is_looked_at = life.seen(told) != Seen::Untold;
                life.lose(told);
            }
            if let Some(removal) = removal {
                life.removal.clone_from(removal);
            }
        }
        if is_calling {
            return;
        }
        state.begun.clear();
        state.is_renamed = false;
        if let Some(drift) = &mut state.drift {
            drift.is_healed = true;
        }
        if state.life.is_none() {
            state.needed.clear();
        }
        state.record = record.as_ref().map(Remembered::of);
        state.applied = (state.operation == Operation::Converge).then(|| Applied {
            subject: state.subject.clone(),
            attributes: attributes.clone().into(),
        });
    }

    fn adopted(&mut self, instance: &str, event: &Event) {
        let Event::InstanceAdopted { provider, subject, id, record, .. } = event else { return };
        let mut state = InstanceState::new("");
        state.provider.clone_from(provider);
        state.subject.clone_from(subject);
        state.record = Some(Remembered::of(record));
        state.adopted = Some(id.clone());
        self.instances.insert(instance.to_owned(), Box::new(state));
        self.failures.remove(instance);
    }

    fn settled(&mut self, instance: &str, event: &Event) {
        let Event::InstanceSettled { operation, depends, .. } = event else { return };
        if *operation == Operation::Delete {
            self.instances.remove(instance);
            return;
        }
        let state = self
            .instances
            .entry(instance.to_owned())
            .or_insert_with(|| Box::new(InstanceState::new("")));
        state.operation = Operation::Converge;
        state.depends.clone_from(depends);
        state.needed.clear();
        if let Some(drift) = &mut state.drift {
            drift.is_healed = true;
        }
        state.life.get_or_insert_default().settled(event);
        self.failures.remove(instance);
    }
}
