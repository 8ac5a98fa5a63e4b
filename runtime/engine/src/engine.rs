//! What comes next: decisions over what is wanted, what was done, and what was reported.
//!
//! The driver's round: [`Engine::decide`], append the batch, tell [`Engine::appended`], perform the
//! batch's effects, wait for a report or the batch's time, tell [`Engine::report`], and again.
//! A decision's own events are folded at once; its effects wait until they are durable.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::event::{Event, Failure, Operation, Outcome, Verb};
use crate::inventory::Inventory;
use crate::retry::{Limits, derived, digest};
use crate::state::{InstanceState, State};
use crate::stream::Stream;
use crate::subject::{Subject, resolve};
use crate::topology::{InstanceId, Place, Topology};
use crate::work::{Contact, Standing, Work, connection, places};

/// What is to be appended, done and waited for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Events by stream, each with the blobs that they name. Streams are independent of each other.
    pub appends: Vec<(Stream, Vec<Event>, Vec<Vec<u8>>)>,
    /// What to do once all of it is durable.
    pub effects: Vec<Effect>,
    /// When to decide again if nothing is reported before.
    pub wake_at_ms: Option<i64>,
    /// The run is over.
    pub finished: Option<Outcome>,
}

/// A target, for the one who reaches it.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetRef {
    /// The deployment's own name for it.
    pub id: String,
    /// What people call it; empty for the runtime's own machine.
    pub name: String,
    /// Who it said it is.
    pub identity: Option<String>,
    /// How it is reached.
    pub connection: Json,
}

/// Something to do in the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask a target who it is.
    Contact {
        /// Which.
        target: TargetRef,
        /// By this provider.
        provider: String,
    },
    /// Bring a step about, or go on with it: with a handle ask how it stands, else observe first.
    Perform {
        /// Where.
        target: TargetRef,
        /// What.
        step: Step,
    },
}

/// A step to bring about.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// On which instance.
    pub instance: String,
    /// What is done to it.
    pub operation: Operation,
    /// Stands for this one intended effect.
    pub key: String,
    /// Which try in this run.
    pub attempt: u32,
    /// The provider that does it.
    pub provider: String,
    /// What is wanted of it.
    pub subject: Wanted,
    /// What the provider remembers of it.
    pub record: Option<Json>,
    /// What to ask with, where the target has taken the change on.
    pub handle: Option<Json>,
}

/// Where the subject of a step is.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// Here.
    Here(Subject),
    /// In the blob of this digest.
    Stored(String),
}

/// What came of an effect.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// A target said who it is, or did not.
    Contacted {
        /// The target's id.
        target: String,
        /// Who it says it is.
        result: Result<String, Failure>,
    },
    /// A step was taken on, and needs time.
    Accepted {
        /// The target's id.
        target: String,
        /// On which instance.
        instance: String,
        /// What to ask with.
        handle: Json,
        /// What is already known of the object.
        record: Option<Json>,
    },
    /// A step is done.
    Succeeded {
        /// The target's id.
        target: String,
        /// On which instance.
        instance: String,
        /// What the provider remembers of it.
        record: Option<Json>,
        /// What it reports.
        attributes: BTreeMap<String, Json>,
    },
    /// A step failed.
    Failed {
        /// The target's id.
        target: String,
        /// On which instance.
        instance: String,
        /// Why.
        failure: Failure,
    },
    /// Nobody waits any longer for a step that was taken on: the run is being stopped.
    Abandoned {
        /// The target's id.
        target: String,
        /// On which instance.
        instance: String,
    },
}

/// How far a target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetProgress {
    /// The target's id.
    pub id: String,
    /// Its name; empty for the runtime's own machine.
    pub name: String,
    /// Instances of it that a provider keeps.
    pub total: usize,
    /// As wanted.
    pub done: usize,
    /// Given up.
    pub failed: usize,
    /// Not begun, and not to be.
    pub held: usize,
}

/// What an engine starts from.
#[derive(Debug)]
pub struct Start {
    /// The deployment's id.
    pub deployment: String,
    /// What was done. Its open run is the one to be brought to its end.
    pub state: State,
    /// What is wanted.
    pub topology: Topology,
    /// How targets are reached.
    pub inventory: Arc<Inventory>,
    /// The hashes of the streams' last events.
    pub heads: BTreeMap<Stream, String>,
    /// Limits.
    pub limits: Limits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Step(usize),
    Contact(usize),
}

/// See the module.
#[derive(Debug)]
pub struct Engine {
    deployment: String,
    run: String,
    revision: u64,
    verb: Verb,
    state: State,
    topology: Topology,
    inventory: Arc<Inventory>,
    limits: Limits,
    work: Work,
    targets: BTreeMap<Place, String>,
    heads: BTreeMap<Stream, String>,
    outbox: BTreeMap<Stream, (Vec<Event>, Vec<Vec<u8>>)>,
    effects: Vec<Effect>,
    timers: BTreeSet<(i64, Timer)>,
    /// Sites with something to begin.
    active: BTreeSet<usize>,
    /// Sites that may have nothing more to do.
    settling: BTreeSet<usize>,
    running: usize,
    calling: usize,
    is_stopping: bool,
}

impl Engine {
    /// An engine for the open run; none where there is none.
    pub fn new(start: Start) -> Option<Self> {
        let Start { deployment, state, topology, inventory, heads, limits } = start;
        let open = state.open_run()?;
        let (run, revision) = (open.id.clone(), open.revision);
        let verb = state.revisions.get(&revision)?.verb;
        let targets = places(&state);
        let work = Work::new(&state, &topology, &targets);
        let mut engine = Self {
            deployment,
            run,
            revision,
            verb,
            state,
            topology,
            inventory,
            limits,
            work,
            targets,
            heads,
            outbox: BTreeMap::new(),
            effects: Vec::new(),
            timers: BTreeSet::new(),
            active: BTreeSet::new(),
            settling: BTreeSet::new(),
            running: 0,
            calling: 0,
            is_stopping: false,
        };
        engine.settling.extend(0..engine.work.sites.len());
        Some(engine)
    }

    /// What was done, with all that was decided.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What is wanted.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Begin nothing more; what is in flight ends.
    pub fn stop(&mut self) {
        self.is_stopping = true;
    }

    /// The last event of a stream is durable, and has this hash.
    pub fn appended(&mut self, stream: &Stream, hash: &str) {
        self.heads.insert(stream.clone(), hash.to_owned());
    }

    /// How far each target is.
    pub fn progress(&self) -> Vec<TargetProgress> {
        let count = |site: &crate::work::Site| {
            let mut progress = TargetProgress {
                id: site.id.clone(),
                name: site.name.clone(),
                total: 0,
                done: 0,
                failed: 0,
                held: 0,
            };
            for item in site.items.iter().filter_map(|item| self.work.items.get(*item)) {
                if item.provider.is_some() {
                    progress.total += 1;
                    progress.done += usize::from(item.standing == Standing::Done);
                    progress.failed += usize::from(item.standing == Standing::Failed);
                    progress.held += usize::from(matches!(item.standing, Standing::Held(_)));
                }
            }
            progress
        };
        self.work.sites.iter().filter(|site| !site.items.is_empty()).map(count).collect()
    }

    /// Instances that can't be begun in this run, as (target, instance, why).
    pub fn held(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.work.items.iter().filter_map(|item| match &item.standing {
            Standing::Held(why) => {
                let site = self.work.sites.get(item.target)?;
                Some((site.id.as_str(), item.instance.as_str(), why.as_str()))
            }
            _ => None,
        })
    }

    /// What comes next. Everything that was decided before is durable.
    pub fn decide(&mut self, now_ms: i64) -> Batch {
        let Some(run) = self.state.run().cloned().filter(|run| run.id == self.run) else {
            return Batch { finished: Some(Outcome::Failed), ..Batch::default() };
        };
        if let Some(outcome) = run.closed {
            return Batch { finished: Some(outcome), ..Batch::default() };
        }
        if let Some(outcome) = run.ended {
            let head = self.head(&Stream::Run(self.run.clone()));
            let closed = Event::RunClosed { run: self.run.clone(), outcome, head };
            self.push_deployment(closed);
            return self.batch();
        }
        if run.granted.is_empty() && !self.work.items.is_empty() || !run.is_started {
            self.grant(run.is_started);
            return self.batch();
        }
        self.fire(now_ms);
        self.advance();
        if self.is_stopping {
            self.hold_all("the run was stopped before it");
        } else if self.running == 0
            && self.calling == 0
            && self.timers.is_empty()
            && let Some((waiting, why)) = self.work.ring()
        {
            for item in waiting {
                self.work.hold(item, &why);
            }
        }
        self.settle();
        self.batch()
    }

    /// Takes in what came of an effect.
    pub fn report(&mut self, now_ms: i64, report: Report) {
        match report {
            Report::Contacted { target, result } => {
                let Some(site) = self.work.site(&target) else { return };
                self.calling = self.calling.saturating_sub(1);
                match result.and_then(|identity| self.check_identity(&target, identity)) {
                    Ok(identity) => {
                        let run = self.run.clone();
                        self.push_target(&target, Event::TargetContacted { run, identity });
                        self.set_contact(site, Contact::Reached);
                        self.active.insert(site);
                    }
                    Err(failure) => self.not_reached(now_ms, site, failure),
                }
            }
            Report::Accepted { target, instance, handle, record } => {
                let event = Event::StepAccepted { instance: instance.clone(), handle, record };
                self.push_target(&target, event);
                if let Some(item) = self.work.find(&target, &instance) {
                    self.perform(item);
                }
            }
            Report::Succeeded { target, instance, record, attributes } => {
                let event = Event::StepSucceeded {
                    instance: instance.clone(),
                    record,
                    attributes: attributes.clone(),
                };
                self.push_target(&target, event);
                if let Some(item) = self.work.find(&target, &instance) {
                    self.release(item);
                    self.finish(item, attributes);
                }
            }
            Report::Failed { target, instance, failure } => {
                if let Some(item) = self.work.find(&target, &instance) {
                    self.release(item);
                    self.step_failed(now_ms, item, failure);
                }
            }
            Report::Abandoned { target, instance } => {
                if let Some(item) = self.work.find(&target, &instance) {
                    self.release(item);
                    self.work.hold(item, "the run was stopped while it was under way");
                }
            }
        }
    }

    fn grant(&mut self, is_started: bool) {
        let stream = Stream::Run(self.run.clone());
        if !is_started {
            let started = Event::RunStarted {
                deployment: self.deployment.clone(),
                revision: self.revision,
                verb: self.verb,
            };
            self.push(stream.clone(), started);
        }
        let targets: Vec<String> = self
            .work
            .sites
            .iter()
            .filter(|site| !site.items.is_empty())
            .map(|site| site.id.clone())
            .collect();
        if !targets.is_empty() {
            self.push(stream, Event::TargetsGranted { targets });
        }
    }

    fn fire(&mut self, now_ms: i64) {
        while let Some((at, timer)) = self.timers.first().copied()
            && at <= now_ms
        {
            self.timers.pop_first();
            match timer {
                Timer::Step(item) => self.enqueue(item),
                Timer::Contact(site) => {
                    self.set_contact(site, Contact::None);
                    self.active.insert(site);
                }
            }
        }
    }

    /// Looks at what is ready, and begins what may begin, until nothing more can.
    fn advance(&mut self) {
        loop {
            while let Some(item) = self.work.ready.pop_front() {
                self.consider(item);
            }
            let active: Vec<usize> = std::mem::take(&mut self.active).into_iter().collect();
            for site in active {
                self.advance_site(site);
            }
            if self.work.ready.is_empty() {
                break;
            }
        }
        for item in std::mem::take(&mut self.work.ended) {
            if let Some(item) = self.work.items.get(item) {
                self.settling.insert(item.target);
            }
        }
    }

    /// An item whose needs are met: is there anything to do?
    fn consider(&mut self, at: usize) {
        let Some(item) = self.work.items.get(at) else { return };
        if item.has_ended() {
            return;
        }
        let Some(id) = item.id.clone() else {
            self.enqueue(at);
            return;
        };
        if item.provider.is_none() {
            self.finish(at, BTreeMap::new());
            return;
        }
        let (subject, reads) = resolve(&self.topology, &id);
        for other in &reads.instances {
            if let Some(need) = self.item_of(other).filter(|need| *need != at) {
                self.work.order(at, need);
            }
        }
        match subject {
            Err(failure) => self.refuse(at, failure),
            Ok(None) => self.wait(at, &id, &reads.missing),
            Ok(Some(subject)) => match self.unchanged(at, &subject) {
                Some(attributes) => self.finish(at, attributes),
                None => {
                    if let Some(item) = self.work.items.get_mut(at) {
                        item.subject = Some(subject);
                    }
                    self.enqueue(at);
                }
            },
        }
    }

    /// Waits for what others are still to report.
    fn wait(&mut self, at: usize, id: &InstanceId, missing: &BTreeSet<InstanceId>) {
        for other in missing {
            let standing = self
                .item_of(other)
                .and_then(|item| self.work.items.get(item))
                .map(|i| i.standing.clone());
            match standing {
                Some(Standing::Failed) => {
                    self.work.hold(at, &format!("it needs {other}, which failed"));
                    return;
                }
                Some(Standing::Held(_)) => {
                    self.work.hold(at, &format!("it needs {other}, which was not tried"));
                    return;
                }
                Some(_) if other != id => {}
                _ => {
                    let why = format!("`{id}` needs what `{other}` reports, which never comes");
                    self.refuse(at, Failure::permanent(why));
                    return;
                }
            }
        }
        if let Some(item) = self.work.items.get_mut(at) {
            item.standing = Standing::Waiting;
        }
    }

    fn item_of(&self, id: &InstanceId) -> Option<usize> {
        let place = &self.topology.instances().get(self.topology.find(id)?)?.place;
        self.work.find(self.targets.get(place)?, &id.to_string())
    }

    /// What an instance reports that is there just as it is wanted.
    fn unchanged(&self, at: usize, subject: &Subject) -> Option<BTreeMap<String, Json>> {
        let is = self.instance(at)?;
        let applied = is.applied.as_ref()?;
        let wanted = digest(&subject.bytes());
        let is_so = is.operation == Operation::Converge
            && is.flight.is_none()
            && is.subject == wanted
            && applied.subject == wanted;
        is_so.then(|| applied.attributes.clone())
    }

    fn instance(&self, at: usize) -> Option<&InstanceState> {
        let item = self.work.items.get(at)?;
        let site = self.work.sites.get(item.target)?;
        self.state.targets.get(&site.id)?.instances.get(&item.instance)
    }

    fn enqueue(&mut self, at: usize) {
        let Some(item) = self.work.items.get_mut(at) else { return };
        if item.has_ended() {
            return;
        }
        item.standing = Standing::Queued;
        if let Some(site) = self.work.sites.get_mut(item.target) {
            site.queue.insert(at);
        }
        self.active.insert(item.target);
    }

    /// Begins what may begin on a target; calls it first.
    fn advance_site(&mut self, at: usize) {
        let Some(site) = self.work.sites.get(at) else { return };
        let Some(first) = site.queue.first().copied() else { return };
        match &site.contact {
            Contact::Calling | Contact::Backoff(_) => {}
            Contact::Unreached(why) => {
                let why = why.clone();
                for item in site.queue.clone() {
                    self.work.hold(item, &why);
                }
            }
            Contact::None if self.is_stopping => {}
            Contact::None => {
                let provider = self.work.items.get(first).and_then(|item| item.provider.clone());
                match self.target(at) {
                    Some(target) => {
                        self.calling += 1;
                        self.set_contact(at, Contact::Calling);
                        let provider = provider.unwrap_or_default();
                        self.effects.push(Effect::Contact { target, provider });
                    }
                    None => {
                        let why = format!("`{}` is no longer in the inventory", site.name);
                        let failure = Failure::permanent(why);
                        self.not_reached(0, at, failure);
                    }
                }
            }
            Contact::Reached => {
                while !self.is_stopping
                    && self.running < self.limits.at_once
                    && let Some(site) = self.work.sites.get_mut(at)
                    && site.running < self.limits.at_once_per_target
                    && let Some(item) = site.queue.pop_first()
                {
                    self.begin(item);
                }
                if self.work.sites.get(at).is_some_and(|site| !site.queue.is_empty()) {
                    self.active.insert(at);
                }
            }
        }
    }

    /// Begins a step; one that was begun before and whose end nobody saw goes on.
    fn begin(&mut self, at: usize) {
        let Some(item) = self.work.items.get(at) else { return };
        let Some(site) = self.work.sites.get(item.target) else { return };
        let is = self.instance(at);
        let operation = item.operation;
        let (subject, blob) = match (&item.subject, is) {
            (Some(subject), _) => {
                let bytes = subject.bytes();
                (digest(&bytes), Some(bytes))
            }
            (None, Some(is)) => (is.subject.clone(), None),
            (None, None) => return,
        };
        let goes_on = is.is_some_and(|is| {
            is.flight.is_some() && is.operation == operation && is.subject == subject
        });
        let target = site.id.clone();
        if !goes_on {
            let is_retry = is.is_some_and(|is| {
                is.run == self.run && is.operation == operation && is.subject == subject
            });
            let attempt = is.filter(|_| is_retry).map_or(1, |is| is.attempt.saturating_add(1));
            let renewals = is.map_or(0, |is| is.renewals).to_string();
            let revision = self.revision.to_string();
            let word = match operation {
                Operation::Converge => "converge",
                Operation::Delete => "delete",
            };
            let parts = [
                &self.state.seed,
                &target,
                &item.instance,
                word,
                &subject,
                revision.as_str(),
                &renewals,
            ];
            let depends = match (operation, is) {
                (Operation::Delete, Some(is)) => is.depends.clone(),
                _ => self.depends(at),
            };
            let event = Event::StepStarted {
                run: self.run.clone(),
                instance: item.instance.clone(),
                operation,
                attempt,
                key: derived(&parts),
                subject,
                provider: item.provider.clone().unwrap_or_default(),
                depends,
            };
            let stream = Stream::Target(self.deployment.clone(), target);
            self.push(stream.clone(), event);
            if let Some(bytes) = blob {
                self.outbox.entry(stream).or_default().1.push(bytes);
            }
        }
        self.running += 1;
        if let Some(item) = self.work.items.get_mut(at) {
            item.standing = Standing::Running;
            if let Some(site) = self.work.sites.get_mut(item.target) {
                site.running += 1;
            }
        }
        self.perform(at);
    }

    /// What an instance needs, seen through logical nodes.
    fn depends(&self, at: usize) -> Vec<(String, String)> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::from([at]);
        let mut stack = vec![at];
        while let Some(next) = stack.pop() {
            for need in self.work.items.get(next).into_iter().flat_map(|item| &item.needs) {
                let Some(item) = self.work.items.get(*need).filter(|_| seen.insert(*need)) else {
                    continue;
                };
                match self.work.sites.get(item.target) {
                    Some(site) if item.provider.is_some() => {
                        found.insert((site.id.clone(), item.instance.clone()));
                    }
                    _ => stack.push(*need),
                }
            }
        }
        found.into_iter().collect()
    }

    /// Names the effect of a step that is begun.
    fn perform(&mut self, at: usize) {
        let Some(item) = self.work.items.get(at) else { return };
        let (Some(is), Some(target)) = (self.instance(at), self.target(item.target)) else {
            return;
        };
        let Some(flight) = &is.flight else { return };
        let step = Step {
            instance: item.instance.clone(),
            operation: item.operation,
            key: flight.key.clone(),
            attempt: is.attempt,
            provider: is.provider.clone(),
            subject: match &item.subject {
                Some(subject) => Wanted::Here(subject.clone()),
                None => Wanted::Stored(is.subject.clone()),
            },
            record: is.record.clone(),
            handle: flight.handle.clone(),
        };
        self.effects.push(Effect::Perform { target, step });
    }

    /// A step is no longer under way.
    fn release(&mut self, at: usize) {
        let Some(item) = self.work.items.get(at) else { return };
        self.running = self.running.saturating_sub(1);
        if let Some(site) = self.work.sites.get_mut(item.target) {
            site.running = site.running.saturating_sub(1);
        }
        // Its place is free, on its target and for all.
        self.active.insert(item.target);
    }

    fn finish(&mut self, at: usize, attributes: BTreeMap<String, Json>) {
        if let Some(id) = self.work.items.get(at).and_then(|item| item.id.clone()) {
            self.topology.world.report(id, attributes);
        }
        self.work.done(at);
    }

    /// What is wanted can't be said: nothing was begun.
    fn refuse(&mut self, at: usize, failure: Failure) {
        let Some(item) = self.work.items.get(at) else { return };
        let Some(target) = self.work.sites.get(item.target).map(|site| site.id.clone()) else {
            return;
        };
        let (instance, operation) = (item.instance.clone(), item.operation);
        let event = Event::StepFailed { instance, operation, failure, retry_at_ms: None };
        self.push_target(&target, event);
        self.work.failed(at);
    }

    fn step_failed(&mut self, now_ms: i64, at: usize, failure: Failure) {
        let Some(item) = self.work.items.get(at) else { return };
        let site = item.target;
        let Some(target) = self.work.sites.get(site).map(|site| site.id.clone()) else { return };
        let attempt = self.instance(at).map_or(1, |is| is.attempt);
        let (instance, operation) = (item.instance.clone(), item.operation);
        let is_retried = failure.may_pass() && attempt < self.limits.attempts && !self.is_stopping;
        let retry_at_ms = is_retried.then(|| {
            let wait = self.limits.wait_ms(&self.state.seed, &instance, attempt);
            now_ms.saturating_add(wait.max(failure.retry_after_ms.unwrap_or(0)))
        });
        let unreachable = failure.unreachable.then(|| failure.clone());
        self.push_target(&target, Event::StepFailed { instance, operation, failure, retry_at_ms });
        match retry_at_ms {
            Some(at_ms) => {
                if let Some(item) = self.work.items.get_mut(at) {
                    item.standing = Standing::Backoff(at_ms);
                }
                self.timers.insert((at_ms, Timer::Step(at)));
            }
            None => {
                self.work.failed(at);
                if let Some(failure) = unreachable {
                    self.give_up(site, failure);
                }
            }
        }
    }

    /// The identity, if the target is the one it was, and no other of this deployment.
    fn check_identity(&self, target: &str, identity: String) -> Result<String, Failure> {
        let name = self.state.targets.get(target).map_or("", |t| t.name.as_str());
        let pinned = self.state.targets.get(target).and_then(|t| t.identity.as_ref());
        if let Some(pinned) = pinned.filter(|pinned| **pinned != identity) {
            return Err(Failure {
                help: Some(
                    "give the new cluster a name of its own, or point the old name at the old one"
                        .to_owned(),
                ),
                ..Failure::permanent(format!(
                    "`{name}` is not the cluster it was: it had the identity {pinned} and has {identity} now"
                ))
            });
        }
        let twin = self.state.targets.iter().find(|(id, other)| {
            *id != target && !name.is_empty() && other.identity.as_ref() == Some(&identity)
        });
        match twin {
            Some((_, other)) => Err(Failure {
                help: Some("name it once in the inventory".to_owned()),
                ..Failure::permanent(format!("`{name}` and `{}` are the same cluster", other.name))
            }),
            None => Ok(identity),
        }
    }

    fn not_reached(&mut self, now_ms: i64, at: usize, failure: Failure) {
        let Some(site) = self.work.sites.get_mut(at) else { return };
        site.calls += 1;
        let (calls, id) = (site.calls, site.id.clone());
        if !failure.may_pass() || calls >= self.limits.contacts || self.is_stopping {
            self.give_up(at, failure);
            return;
        }
        let wait = self.limits.wait_ms(&self.state.seed, &id, calls);
        let retry_at = now_ms.saturating_add(wait.max(failure.retry_after_ms.unwrap_or(0)));
        let event = Event::TargetUnreached {
            run: self.run.clone(),
            attempt: calls,
            failure,
            retry_at_ms: Some(retry_at),
        };
        self.push_target(&id, event);
        self.set_contact(at, Contact::Backoff(retry_at));
        self.timers.insert((retry_at, Timer::Contact(at)));
    }

    /// A target is given up for this run: what is not begun on it is held.
    fn give_up(&mut self, at: usize, failure: Failure) {
        let Some(site) = self.work.sites.get_mut(at) else { return };
        if matches!(site.contact, Contact::Unreached(_)) {
            return;
        }
        let why = failure.message.clone();
        site.contact = Contact::Unreached(why.clone());
        let (id, attempt, items) = (site.id.clone(), site.calls, site.items.clone());
        let run = self.run.clone();
        self.push_target(&id, Event::TargetUnreached { run, attempt, failure, retry_at_ms: None });
        for item in items {
            let is_under_way = self
                .work
                .items
                .get(item)
                .is_none_or(|item| item.standing == Standing::Running || item.has_ended());
            if !is_under_way {
                self.work.hold(item, &why);
            }
        }
        self.timers.retain(|(_, timer)| match timer {
            Timer::Step(item) => self.work.items.get(*item).is_some_and(|i| !i.has_ended()),
            Timer::Contact(site) => *site != at,
        });
    }

    fn hold_all(&mut self, why: &str) {
        for at in 0..self.work.items.len() {
            let is_open = self
                .work
                .items
                .get(at)
                .is_some_and(|i| !i.has_ended() && i.standing != Standing::Running);
            if is_open {
                self.work.hold(at, why);
            }
        }
        self.timers.clear();
        self.advance();
    }

    /// Journals the ends of targets, and of the run.
    fn settle(&mut self) {
        for item in std::mem::take(&mut self.work.ended) {
            if let Some(item) = self.work.items.get(item) {
                self.settling.insert(item.target);
            }
        }
        let stream = Stream::Run(self.run.clone());
        for at in std::mem::take(&mut self.settling) {
            let Some(site) = self.work.sites.get(at) else { continue };
            if site.items.is_empty() || site.is_settled || site.open > 0 {
                continue;
            }
            let target = site.id.clone();
            let own = Stream::Target(self.deployment.clone(), target.clone());
            if self.outbox.contains_key(&own) {
                // Its last events are not durable yet, and the run's stream is to hold their hash.
                self.settling.insert(at);
                continue;
            }
            let outcome = self.outcome(site.items.iter().copied());
            if let Some(site) = self.work.sites.get_mut(at) {
                site.is_settled = true;
            }
            let head = self.head(&own);
            self.push(stream.clone(), Event::TargetSettled { target, outcome, head });
        }
        let is_over = self.work.sites.iter().all(|site| site.items.is_empty() || site.is_settled);
        if is_over {
            let outcome = self.outcome(0..self.work.items.len());
            self.push(stream, Event::RunEnded { outcome });
        }
    }

    fn outcome(&self, items: impl Iterator<Item = usize>) -> Outcome {
        let (mut all, mut done) = (0_usize, 0_usize);
        for item in items.filter_map(|item| self.work.items.get(item)) {
            if item.provider.is_some() || item.standing != Standing::Done {
                all += 1;
                done += usize::from(item.standing == Standing::Done);
            }
        }
        match done {
            _ if done == all => Outcome::Done,
            _ if self.is_stopping => Outcome::Stopped,
            0 => Outcome::Failed,
            _ => Outcome::Partial,
        }
    }

    fn set_contact(&mut self, at: usize, contact: Contact) {
        if let Some(site) = self.work.sites.get_mut(at) {
            site.contact = contact;
        }
    }

    fn target(&self, at: usize) -> Option<TargetRef> {
        let site = self.work.sites.get(at)?;
        Some(TargetRef {
            id: site.id.clone(),
            name: site.name.clone(),
            identity: self.state.targets.get(&site.id).and_then(|t| t.identity.clone()),
            connection: connection(&self.inventory, &site.name)?,
        })
    }

    fn head(&self, stream: &Stream) -> String {
        self.heads.get(stream).cloned().unwrap_or_default()
    }

    fn push_deployment(&mut self, event: Event) {
        self.push(Stream::Deployment(self.deployment.clone()), event);
    }

    fn push_target(&mut self, target: &str, event: Event) {
        self.push(Stream::Target(self.deployment.clone(), target.to_owned()), event);
    }

    fn push(&mut self, stream: Stream, event: Event) {
        self.state.fold(&stream, self.state.epoch, &event);
        self.outbox.entry(stream).or_default().0.push(event);
    }

    fn batch(&mut self) -> Batch {
        Batch {
            appends: std::mem::take(&mut self.outbox)
                .into_iter()
                .map(|(stream, (events, blobs))| (stream, events, blobs))
                .collect(),
            effects: std::mem::take(&mut self.effects),
            wake_at_ms: self.timers.first().map(|(at, _)| *at),
            finished: None,
        }
    }
}
