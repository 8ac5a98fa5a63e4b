//! Workflows: what comes next in a run of one, by what the journal says of it.
//!
//! A [`WorkflowRun`] is a fold over the run's events; a [`Conductor`] walks through the steps with it and
//! says which events to append and which operations to call. The driver's round is that of
//! [`crate::Engine`]: decide, append, perform, report.
//!
//! Where a run stands follows from its facts alone: each is written once under the path of its step, and
//! whatever is worked out (a condition, a list, an argument, the end of a wait) is a fact before
//! anything is done about it.
//!
//! Invariants:
//! - a decision is made only on what is durable;
//! - no operation is called before the event that announces it is durable;
//! - a call that has ended is never made again in its run.

mod calls;
mod facts;
mod path;
pub mod story;
mod walk;
pub(crate) mod written;

use std::collections::{BTreeMap, BTreeSet};

use bp_topology::{Place, Topology};

use crate::sealed::Sealed;

pub use calls::{CallReport, Perform};
pub use facts::{CallState, Decision, Ended, Set, WorkflowRun};
pub use path::step;
pub use walk::{BringAbout, Sought, What};

use crate::engine::Addition;
use crate::event::{Event, Outcome};
use crate::retry::Limits;
use crate::state::State;
use crate::stream::Stream;
use crate::work::places;
use walk::{Flow, ToCall, Walk};

/// What a conductor starts from.
#[derive(Debug)]
pub struct Start {
    /// The deployment's id.
    pub deployment: String,
    /// What was done. Its open workflow is the one to be brought to its end.
    pub state: State,
    /// What is deployed: of the workflow's revision.
    pub topology: Topology,
    /// The hashes of the streams' last events.
    pub heads: BTreeMap<Stream, String>,
    /// Limits.
    pub limits: Limits,
}

/// What is to be appended, done and waited for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// What to append; the additions are independent of each other.
    pub appends: Vec<Addition>,
    /// What to call once all of it is durable.
    pub calls: Vec<Perform>,
    /// When to decide again if nothing is reported before.
    pub wake_at_ms: Option<i64>,
    /// What is to be brought about by a run of the deployment before anything else; whoever does it
    /// starts a new conductor from the journal then.
    pub bring_about: Option<BringAbout>,
    /// The run is paused, and nothing of it is under way any more.
    pub is_resting: bool,
    /// The run is over.
    pub finished: Option<Outcome>,
}

/// Brings a run of a workflow to its end. See the module.
#[derive(Debug)]
pub struct Conductor {
    deployment: String,
    run: String,
    state: State,
    topology: Topology,
    limits: Limits,
    targets: BTreeMap<Place, String>,
    heads: BTreeMap<Stream, String>,
    outbox: BTreeMap<Stream, (Vec<Event>, Vec<Vec<u8>>)>,
    calls: Vec<Perform>,
    /// Calls that this process makes or waits for, by path, with their targets.
    flying: BTreeMap<String, (ToCall, String)>,
    /// What steps that have ended came to.
    over: BTreeMap<String, Flow>,
    /// `now` never goes back.
    now_ms: i64,
    /// What was sealed for the next report.
    sealed: Sealed,
}

impl Conductor {
    /// For the open workflow; none where there is none.
    pub fn new(start: Start) -> Option<Self> {
        let Start { deployment, state, mut topology, heads, limits } = start;
        let run = state.open_workflow()?.id.clone();
        crate::outputs::learn(&mut topology, &state);
        let targets = places(&state);
        Some(Self {
            deployment,
            run,
            state,
            topology,
            limits,
            targets,
            heads,
            outbox: BTreeMap::new(),
            calls: Vec::new(),
            flying: BTreeMap::new(),
            over: BTreeMap::new(),
            now_ms: i64::MIN,
            sealed: Sealed::default(),
        })
    }

    /// What was done, with all that was decided.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What is deployed.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// The last event of a stream is durable, and has this hash.
    pub fn appended(&mut self, stream: &Stream, hash: &str) {
        self.heads.insert(stream.clone(), hash.to_owned());
    }

    /// The run is cancelled, by the request of this sequence; once is enough.
    pub fn cancel(&mut self, request: u64) {
        if self.facts().is_some_and(|run| run.ended.is_none() && !run.is_cancelled) {
            self.push_run(Event::CancelTaken { request });
        }
    }

    /// By this request nothing more is begun; calls that are under way end.
    pub fn pause(&mut self, request: u64, by: &str, at_ms: i64) {
        let is_open = self.facts().is_some_and(|run| run.ended.is_none() && run.paused.is_none());
        if is_open {
            let (run, by) = (self.run.clone(), by.to_owned());
            let paused = Event::RunPaused { run, request, by, at_ms };
            self.push(Stream::Deployment(self.deployment.clone()), paused);
        }
    }

    /// By this request a run that was paused goes on.
    pub fn go_on_with(&mut self, request: u64, by: &str, at_ms: i64) {
        if self.facts().is_some_and(|run| run.paused.is_some()) {
            let (run, by) = (self.run.clone(), by.to_owned());
            let continued = Event::RunContinued { run, request, by, at_ms };
            self.push(Stream::Deployment(self.deployment.clone()), continued);
        }
    }

    /// What comes next. Everything that was decided before is durable.
    pub fn decide(&mut self, now_ms: i64) -> Batch {
        self.now_ms = self.now_ms.max(now_ms);
        if !self.outbox.is_empty() {
            // What was reported is durable before anything is made of it.
            return self.batch(None);
        }
        let Some(run) = self.facts() else {
            return Batch { finished: Some(Outcome::Failed), ..Batch::default() };
        };
        if let Some(outcome) = run.closed {
            return Batch { finished: Some(outcome), ..Batch::default() };
        }
        if let Some(ended) = &run.ended {
            let outcome = ended.outcome;
            let head = self.head(&Stream::Run(self.run.clone()));
            let closed = Event::RunClosed { run: self.run.clone(), outcome, head };
            self.push(Stream::Deployment(self.deployment.clone()), closed);
            return self.batch(None);
        }
        if !run.is_started {
            let (deployment, workflow) = (self.deployment.clone(), run.workflow.clone());
            self.push_run(Event::WorkflowStarted { deployment, workflow });
            return self.batch(None);
        }
        if run.paused.is_some() {
            let is_resting = self.flying.is_empty();
            return Batch { is_resting, ..Batch::default() };
        }
        let (flow, mut ready, times, events, bring_about) = self.walk();
        if !events.is_empty() {
            // They are folded already.
            let stream = Stream::Run(self.run.clone());
            self.outbox.entry(stream).or_default().0.extend(events);
            return self.batch(None);
        }
        match flow {
            Flow::Open if bring_about.is_some() => {
                // It goes alone: what is under way ends before, and nothing more is begun.
                ready.retain(|call| self.is_flying(&call.path));
                self.make(ready);
                if self.flying.is_empty() && self.outbox.is_empty() {
                    return Batch { bring_about, ..Batch::default() };
                }
            }
            Flow::Open => self.make(ready),
            Flow::Done(_) => self.finish(Outcome::Done, Event::ended(Outcome::Done)),
            Flow::Returned(value) => self.finish(
                Outcome::Done,
                Event::WorkflowEnded {
                    outcome: Outcome::Done,
                    result: Some(value),
                    failure: None,
                    step: None,
                },
            ),
            Flow::Failed(trouble) => self.finish(
                Outcome::Failed,
                Event::WorkflowEnded {
                    outcome: Outcome::Failed,
                    result: None,
                    failure: Some(trouble.failure),
                    step: Some(trouble.step),
                },
            ),
            Flow::Cancelled => self.finish(Outcome::Stopped, Event::ended(Outcome::Stopped)),
        }
        self.batch(times.first().copied())
    }

    fn is_flying(&self, path: &str) -> bool {
        self.facts().and_then(|run| run.calls.get(path)).is_some_and(|call| call.is_flying)
    }

    fn walk(&mut self) -> Walked {
        let nothing = (Flow::Open, Vec::new(), BTreeSet::new(), Vec::new(), None);
        let State { workflows, runs, .. } = &mut self.state;
        let plan = self.topology.plan().clone();
        let Some(facts) = workflows.iter_mut().rev().find(|run| run.id == self.run) else {
            return nothing;
        };
        let mut walk = Walk {
            plan: &plan,
            topology: &self.topology,
            facts,
            over: &mut self.over,
            now_ms: self.now_ms,
            events: Vec::new(),
            ready: Vec::new(),
            times: BTreeSet::new(),
            runs,
            bring_about: None,
            handlers: 0,
        };
        let flow = walk.whole();
        (flow, walk.ready, walk.times, walk.events, walk.bring_about)
    }

    /// The run settles what its targets have done, and has its last word.
    fn finish(&mut self, outcome: Outcome, ended: Event) {
        let open: Vec<String> = self
            .facts()
            .map(|run| run.granted.difference(&run.settled).cloned().collect())
            .unwrap_or_default();
        for target in open {
            let own = Stream::Target(self.deployment.clone(), target.clone());
            let head = self.head(&own);
            self.push_run(Event::TargetSettled { target, outcome, head });
        }
        self.push_run(ended);
    }

    fn facts(&self) -> Option<&WorkflowRun> {
        self.state.workflows.iter().rev().find(|run| run.id == self.run)
    }

    fn head(&self, stream: &Stream) -> String {
        self.heads.get(stream).cloned().unwrap_or_default()
    }

    fn push_run(&mut self, event: Event) {
        self.push(Stream::Run(self.run.clone()), event);
    }

    fn push(&mut self, stream: Stream, event: Event) {
        self.state.fold(&stream, self.state.epoch, &event);
        self.outbox.entry(stream).or_default().0.push(event);
    }

    fn batch(&mut self, wake_at_ms: Option<i64>) -> Batch {
        Batch {
            appends: std::mem::take(&mut self.outbox)
                .into_iter()
                .map(|(stream, (events, blobs))| Addition { stream, events, blobs })
                .collect(),
            calls: std::mem::take(&mut self.calls),
            wake_at_ms,
            bring_about: None,
            is_resting: false,
            finished: None,
        }
    }
}

/// What a walk gives: what came of it, what is to be called, when to look again, what was decided, and
/// what is to be brought about.
type Walked = (Flow, Vec<ToCall>, BTreeSet<i64>, Vec<Event>, Option<BringAbout>);

impl Event {
    /// The last word of a run of a workflow that gives nothing.
    fn ended(outcome: Outcome) -> Self {
        Self::WorkflowEnded { outcome, result: None, failure: None, step: None }
    }
}
