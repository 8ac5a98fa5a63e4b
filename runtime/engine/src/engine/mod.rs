//! What comes next: decisions over what is wanted, what was done, and what was reported.
//!
//! The driver's round: [`Engine::decide`], append the batch, tell [`Engine::appended`], perform the
//! batch's effects, wait for a report or the batch's time, tell [`Engine::report`], and again.
//! A decision's own events are folded at once; its effects wait until they are durable.

mod advance;
mod ahead;
mod down;
mod effect;
mod foresee;
mod lives;
pub(crate) mod next;
mod pauses;
mod reports;
mod told;
mod turns;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use foresee::{Answer, Query};

pub use effect::{
    Addition, Batch, CallStep, Effect, Intent, Report, Step, TargetProgress, TargetRef, Wanted,
};

use bp_topology::{Inventory, Topology};

use crate::drift;
use crate::event::{Event, Outcome, Verb};
use crate::moved;
use crate::retry::Limits;
use crate::sealed::Sealed;
use crate::state::State;
use crate::stream::Stream;
use turns::Turns;

use crate::work::{Contact, Counts, Standing, Work, connection, places};

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
    heads: BTreeMap<Stream, String>,
    outbox: BTreeMap<Stream, (Vec<Event>, Vec<Vec<u8>>)>,
    effects: Vec<Effect>,
    timers: BTreeSet<(i64, Timer)>,
    /// Whose turn it is to begin something.
    turns: Turns,
    /// Sites that may have nothing more to do.
    settling: BTreeSet<usize>,
    /// How many sites with something to do are not settled.
    unsettled: usize,
    calling: usize,
    is_stopping: bool,
    /// Nothing is begun, and what would be is noted.
    foresight: Option<Box<foresee::Foresight>>,
    /// What was moved to another name when this engine began, by target's id.
    moves: Vec<(String, Event)>,
    /// What was sealed for the next report.
    sealed: Sealed,
    /// The targets by who they said they are.
    identities: BTreeMap<String, String>,
}

impl Engine {
    /// An engine for the open run; none where there is none.
    pub fn new(start: Start) -> Option<Self> {
        let Start { deployment, mut state, topology, inventory, heads, limits } = start;
        let mut outbox: BTreeMap<Stream, (Vec<Event>, Vec<Vec<u8>>)> = BTreeMap::new();
        let moves = moved::moves(&state, &topology);
        for (target, event) in moves.iter().cloned().chain(drift::found(&state)) {
            let stream = Stream::Target(deployment.clone(), target);
            state.fold(&stream, state.epoch, &event);
            outbox.entry(stream).or_default().0.push(event);
        }
        let open = state.open_run()?;
        let (run, revision) = (open.id.clone(), open.revision);
        let verb = state.revisions.get(&revision)?.verb;
        let targets = places(&state);
        let work = Work::new(&state, &topology, &targets);
        let known =
            state.targets.iter().filter_map(|(id, t)| Some((t.identity.clone()?, id.clone())));
        let identities = known.collect();
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
            heads,
            outbox,
            effects: Vec::new(),
            timers: BTreeSet::new(),
            turns: Turns::default(),
            settling: BTreeSet::new(),
            unsettled: 0,
            calling: 0,
            is_stopping: false,
            foresight: None,
            moves,
            sealed: Sealed::default(),
            identities,
        };
        engine.settling.extend(0..engine.work.sites.len());
        engine.unsettled = engine.work.sites.iter().filter(|site| !site.items.is_empty()).count();
        engine.pass_over();
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
        let sites = self.work.sites.iter().filter(|site| !site.items.is_empty());
        let told = sites.map(|site| {
            let Counts { total, done, failed, held } = site.counts;
            let (id, name) = (site.id.clone(), site.name.clone());
            TargetProgress { id, name, total, done, failed, held }
        });
        told.collect()
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
        let Some(run) = self.state.run().filter(|run| run.id == self.run) else {
            return Batch { finished: Some(Outcome::Failed), ..Batch::default() };
        };
        if let Some(outcome) = run.closed {
            return Batch { finished: Some(outcome), ..Batch::default() };
        }
        let (is_started, is_granted) = (run.is_started, !run.granted.is_empty());
        if let Some(outcome) = run.ended {
            let head = self.head(&Stream::Run(self.run.clone()));
            let closed = Event::RunClosed { run: self.run.clone(), outcome, head };
            self.push_deployment(closed);
            return self.batch();
        }
        if !is_granted && !self.work.items.is_empty() || !is_started {
            self.grant(is_started);
            return self.batch();
        }
        if self.outbox.contains_key(&Stream::Deployment(self.deployment.clone())) {
            // What a person said is durable before anything follows from it.
            return self.batch();
        }
        self.fire(now_ms);
        self.advance();
        if self.is_stopping {
            self.hold_all("the run was stopped before it");
        } else if !self.is_paused()
            && self.turns.running() == 0
            && self.calling == 0
            && self.timers.is_empty()
            && self.work.ready.is_empty()
            && let Some((waiting, why)) = self.work.ring()
        {
            for item in waiting {
                self.work.hold(item, &why);
            }
        }
        self.settle();
        let mut batch = self.batch();
        batch.is_resting = self.is_paused()
            && self.turns.running() == 0
            && self.calling == 0
            && !batch.goes_on
            && batch.appends.is_empty();
        batch
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
                    self.turns.give(site);
                }
            }
        }
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
                self.unsettled = self.unsettled.saturating_sub(1);
            }
            let head = self.head(&own);
            self.push(stream.clone(), Event::TargetSettled { target, outcome, head });
        }
        if self.unsettled == 0 {
            let outcome = self.outcome(0..self.work.items.len());
            self.push(stream, Event::RunEnded { outcome });
        }
    }

    fn outcome(&self, items: impl Iterator<Item = usize>) -> Outcome {
        let (mut all, mut done) = (0_usize, 0_usize);
        for item in items.filter_map(|item| self.work.items.get(item)) {
            if !item.is_logical() || item.standing != Standing::Done {
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
                .map(|(stream, (events, blobs))| Addition { stream, events, blobs })
                .collect(),
            effects: std::mem::take(&mut self.effects),
            wake_at_ms: self.timers.first().map(|(at, _)| *at),
            is_resting: false,
            goes_on: !self.work.ready.is_empty(),
            finished: None,
        }
    }
}
