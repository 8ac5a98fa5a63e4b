//! A workflow: asked for, opened, and driven to its end; gone on with, or cancelled.

use std::sync::Arc;
use std::time::Duration;

use bp_engine::engine::Addition;
use bp_engine::event::{Event, Failure, Outcome, Verb};
use bp_engine::state::Revision;
use bp_engine::workflow::{Batch, BringAbout, CallReport, Conductor, Perform, Start, WorkflowRun};
use bp_engine::{Report, Stream};
use bp_plan::Expr;
use bp_topology::parameters::Arguments;
use bp_topology::{Problem, Topology};
use serde_json::Value as Json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::clock::Clock;
use crate::error::DriverError;
use crate::ledger::{Ledger, decode};
use crate::perform::Hands;
use crate::runtime::{Control, Desired, Executors, Runtime, Summary, next_run};
use crate::traced::{self, Traced};

/// How often requests of others are looked for.
const REQUESTS_MS: i64 = 500;

/// What a person gives a workflow.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// On the command line: `3d`.
    Text(String),
    /// In a file.
    Json(Json),
}

/// What came of a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// The workflow's name.
    pub workflow: String,
    /// The run.
    pub run: String,
    /// How it ended; none where a person stopped this process before it did.
    pub outcome: Option<Outcome>,
}

/// What was gone on with.
#[derive(Debug)]
pub enum GoneOn {
    /// A workflow.
    Workflow(Ran),
    /// A run of the deployment.
    Run(Box<Summary>),
}

impl Runtime {
    /// Runs a workflow of what is deployed, with these inputs.
    pub async fn run_workflow(
        &self,
        id: &str,
        workflow: &str,
        inputs: &[(String, Input)],
        control: Control,
    ) -> Result<Ran, DriverError> {
        let mut ledger = self.existing(id).await?;
        let (number, revision) = deployed(&ledger)?;
        let desired = self.learned(&ledger, &revision).await?;
        let arguments = arguments(&desired.topology, workflow, inputs).map_err(|problems| {
            DriverError::Refused { plan: desired.topology.plan().clone(), problems }
        })?;
        let workflow = workflow.to_owned();
        let asked =
            Event::WorkflowRequested { workflow: workflow.clone(), arguments: arguments.clone() };
        let request = self.request(&mut ledger, asked, Vec::new()).await?;
        self.open(ledger, number, request, workflow, arguments, desired, control).await
    }

    /// Goes on with the workflow that was begun, or asked for and never begun; none where there is none.
    pub async fn resume_workflow(
        &self,
        id: &str,
        control: Control,
    ) -> Result<Option<Ran>, DriverError> {
        let ledger = self.existing(id).await?;
        Ok(self.workflow_gone_on(ledger, control).await?.ok())
    }

    /// Goes on with whatever was begun: a workflow, or a run of the deployment.
    pub async fn go_on(
        &self,
        id: &str,
        of_workflow: Control,
        of_run: Control,
    ) -> Result<GoneOn, DriverError> {
        let ledger = self.existing(id).await?;
        match self.workflow_gone_on(ledger, of_workflow).await? {
            Ok(ran) => Ok(GoneOn::Workflow(ran)),
            Err(ledger) => Ok(GoneOn::Run(Box::new(self.resume_from(*ledger, of_run).await?))),
        }
    }

    /// Goes on with the workflow that was begun; gives the ledger back where there is none.
    async fn workflow_gone_on(
        &self,
        mut ledger: Ledger,
        control: Control,
    ) -> Result<Result<Ran, Box<Ledger>>, DriverError> {
        if let Some(open) = ledger.state.open_workflow().cloned() {
            let revision = revision(&ledger, &open)?;
            let desired = self.learned(&ledger, &revision).await?;
            let request = self.request(&mut ledger, Event::ResumeRequested {}, Vec::new()).await?;
            let taken = vec![self.gone_on_with((&open.id, open.paused.as_ref()), request)];
            ledger.own(&self.actor, &self.owner, taken).await?;
            return self.conduct(ledger, open, desired, control).await.map(Ok);
        }
        let Some((request, workflow, arguments)) = pending(&ledger) else {
            return Ok(Err(Box::new(ledger)));
        };
        let (number, revision) = deployed(&ledger)?;
        let desired = self.learned(&ledger, &revision).await?;
        self.open(ledger, number, request, workflow, arguments, desired, control).await.map(Ok)
    }

    /// Asks whoever runs the open workflow to cancel it; the request is durable when this returns.
    /// Gives the workflow's name.
    pub async fn ask_to_cancel(&self, id: &str) -> Result<String, DriverError> {
        let mut ledger = self.existing(id).await?;
        let Some(open) = ledger.state.open_workflow().map(|run| run.workflow.clone()) else {
            return Err(DriverError::NoWorkflow(ledger.state.name.clone()));
        };
        self.request(&mut ledger, Event::CancelRequested {}, Vec::new()).await?;
        Ok(open)
    }

    async fn learned(&self, ledger: &Ledger, revision: &Revision) -> Result<Desired, DriverError> {
        let mut desired = self.desired(ledger, revision).await?;
        bp_engine::outputs::learn(&mut desired.topology, &ledger.state);
        Ok(desired)
    }

    #[expect(clippy::too_many_arguments, reason = "each is a part of what is opened")]
    async fn open(
        &self,
        mut ledger: Ledger,
        revision: u64,
        request: u64,
        workflow: String,
        arguments: Arguments,
        desired: Desired,
        control: Control,
    ) -> Result<Ran, DriverError> {
        let run = next_run(&ledger);
        let opened = Event::WorkflowOpened { run, revision, request, workflow, arguments };
        ledger.own(&self.actor, &self.owner, vec![opened]).await?;
        let Some(open) = ledger.state.open_workflow().cloned() else {
            return Err(DriverError::NoWorkflow(ledger.state.name.clone()));
        };
        self.conduct(ledger, open, desired, control).await
    }

    async fn conduct(
        &self,
        mut ledger: Ledger,
        open: WorkflowRun,
        desired: Desired,
        control: Control,
    ) -> Result<Ran, DriverError> {
        let mut desired = desired;
        loop {
            let id = ledger.id.clone();
            let turn = Box::pin(self.turn(ledger, &open, desired, control.clone())).await?;
            let next = match turn {
                Turn::Over(outcome) => {
                    return Ok(Ran { workflow: open.workflow, run: open.id, outcome });
                }
                Turn::BringAbout(next, at) => (next, at),
            };
            let is_paused = Box::pin(self.bring_about(&id, &open, next, control.clone())).await?;
            if is_paused {
                return Ok(Ran { workflow: open.workflow, run: open.id, outcome: None });
            }
            // All that is known is in the journal.
            ledger = self.existing(&id).await?;
            let revision = revision(&ledger, &open)?;
            desired = self.learned(&ledger, &revision).await?;
        }
    }

    async fn turn(
        &self,
        mut ledger: Ledger,
        open: &WorkflowRun,
        desired: Desired,
        control: Control,
    ) -> Result<Turn, DriverError> {
        let hands = self.hands(&ledger.id, &ledger.state.name, &desired, control.watcher);
        let start = Start {
            deployment: ledger.id.clone(),
            heads: ledger.hashes(),
            state: std::mem::take(&mut ledger.state),
            topology: desired.topology,
            limits: self.limits.clone(),
        };
        ledger.state.epoch = start.state.epoch;
        let (name, taken) = (start.state.name.clone(), start.state.requests_taken);
        let Some(conductor) = Conductor::new(start) else {
            return Err(DriverError::NoWorkflow(name));
        };
        let rounds = Rounds {
            conductor,
            ledger,
            hands,
            executors: self.executors.clone(),
            clock: self.clock.clone(),
            actor: self.actor.clone(),
            run: open.id.clone(),
            stop: control.stop,
            // What was asked for since it was opened counts, whoever ran it then.
            seen: open.request,
            taken,
            looked_ms: i64::MIN,
        };
        rounds.run().instrument(traced::run(&name, &open.id, &open.workflow)).await
    }
}

/// How far a conductor came.
enum Turn {
    /// The run is over; none where a person stopped this process before it was.
    Over(Option<Outcome>),
    /// This is to be brought about before anything else, where the deployment's stream is still so far.
    BringAbout(BringAbout, u64),
}

/// The revision that a workflow is run on: the one that it was begun with, or the last that its own steps have
/// planned. Of another plan, its steps would mean nothing.
pub(crate) fn revision(ledger: &Ledger, open: &WorkflowRun) -> Result<Revision, DriverError> {
    let state = &ledger.state;
    let Some(begun) = state.revisions.get(&open.revision) else {
        return Err(DriverError::NothingPlanned(state.name.clone()));
    };
    let own = format!("{}.", open.id);
    let runs = state.runs.iter().rev().filter(|run| run.id.starts_with(&own));
    let mut planned = runs.filter_map(|run| state.revisions.get(&run.revision));
    let newest = planned.find(|one| one.verb == Verb::Deploy && one.plan == begun.plan);
    Ok(newest.unwrap_or(begun).clone())
}

/// The revision that workflows are run on.
fn deployed(ledger: &Ledger) -> Result<(u64, Revision), DriverError> {
    let name = || ledger.state.name.clone();
    ledger.no_workflow()?;
    if ledger.state.open_run().is_some() {
        return Err(DriverError::RunOpen(name()));
    }
    match ledger.state.revision() {
        Some((number, revision)) if revision.verb == Verb::Deploy => Ok((number, revision.clone())),
        _ => Err(DriverError::NotDeployed(name())),
    }
}

fn arguments(
    topology: &Topology,
    workflow: &str,
    inputs: &[(String, Input)],
) -> Result<Arguments, Vec<Problem>> {
    bp_topology::parameters::workflow(topology.plan(), workflow).map_err(|it| vec![it])?;
    let mut given = Arguments::new();
    let mut problems = Vec::new();
    for (name, input) in inputs {
        let value = match input {
            Input::Text(text) => topology.argument(workflow, name, text),
            Input::Json(json) => topology.argument_from_json(workflow, name, json.clone()),
        };
        match value {
            Ok(value) => drop(given.insert(name.clone(), Expr::Value(value))),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { topology.arguments(workflow, &given) } else { Err(problems) }
}

/// The newest request, where it asks for a workflow and was never taken.
fn pending(ledger: &Ledger) -> Option<(u64, String, Arguments)> {
    let taken = ledger.state.requests_taken;
    let newer = ledger.requests.iter().rev().take_while(|(sequence, _)| **sequence > taken);
    let mut asked = newer.filter(|(_, asked)| {
        matches!(
            asked.event,
            Event::WorkflowRequested { .. }
                | Event::DeployRequested { .. }
                | Event::RollbackRequested { .. }
                | Event::RetryRequested { .. }
                | Event::SkipRequested { .. }
                | Event::HealRequested { .. }
                | Event::UninstallRequested { .. }
        )
    });
    let (request, asked) = asked.next()?;
    match &asked.event {
        Event::WorkflowRequested { workflow, arguments } => {
            Some((*request, workflow.clone(), arguments.clone()))
        }
        _ => None,
    }
}

/// A run of a workflow, round by round: decide, append, call, wait.
struct Rounds {
    conductor: Conductor,
    ledger: Ledger,
    hands: Hands,
    executors: Executors,
    clock: Arc<dyn Clock>,
    actor: String,
    run: String,
    stop: watch::Receiver<bool>,
    /// The newest request that was looked at.
    seen: u64,
    /// The newest that was taken before: what was said of pauses until then is past.
    taken: u64,
    looked_ms: i64,
}

impl Rounds {
    /// Until the run is over, or a person stops this process: what is under way goes on by itself, and
    /// its key finds it again.
    async fn run(mut self) -> Result<Turn, DriverError> {
        let (reports, mut answers) = unbounded_channel();
        let mut tasks = JoinSet::new();
        loop {
            while let Ok(report) = answers.try_recv() {
                self.report(report);
            }
            while tasks.try_join_next().is_some() {}
            if *self.stop.borrow() {
                return Ok(Turn::Over(None));
            }
            self.look_for_requests().await?;
            let Batch { appends, calls, wake_at_ms, bring_about, is_resting, finished } =
                self.conductor.decide(self.clock.now_ms());
            if is_resting {
                // Whoever goes on with it begins from the journal.
                return Ok(Turn::Over(None));
            }
            if finished.is_some() {
                return Ok(Turn::Over(finished));
            }
            if let Some(next) = bring_about {
                let own = Stream::Deployment(self.ledger.id.clone());
                return Ok(Turn::BringAbout(next, self.ledger.at(&own)));
            }
            let is_quiet = appends.is_empty();
            if !is_quiet {
                self.append(appends).await?;
            }
            for call in calls {
                self.begin(call, &reports, &mut tasks);
            }
            if is_quiet {
                self.wait(&mut answers, wake_at_ms).await;
            }
        }
    }

    /// Takes in what came of a call, with what is secret of it sealed.
    fn report(&mut self, mut report: CallReport) {
        if let Some(sealing) = self.conductor.secrets_of(&report) {
            match self.hands.seal(self.conductor.topology().secrets(), &sealing, None) {
                Ok(sealed) => self.conductor.seal(sealed),
                Err(failure) => report.outcome = Err(failure),
            }
        }
        self.conductor.report(self.clock.now_ms(), report);
    }

    async fn append(&mut self, mut appends: Vec<Addition>) -> Result<(), DriverError> {
        let written = self.ledger.append(&self.actor, Some(&self.run), &mut appends).await?;
        for (Addition { stream, events, .. }, envelopes) in appends.iter().zip(&written) {
            if let Some(last) = envelopes.last() {
                self.conductor.appended(stream, &last.hash);
            }
            for (event, envelope) in events.iter().zip(envelopes) {
                traced::appended(stream, envelope, event);
                self.hands.watcher.event(stream, envelope, event);
            }
        }
        Ok(())
    }

    /// Others may ask at any time; the owner takes it.
    async fn look_for_requests(&mut self) -> Result<(), DriverError> {
        let now_ms = self.clock.now_ms();
        if now_ms < self.looked_ms.saturating_add(REQUESTS_MS) {
            return Ok(());
        }
        self.looked_ms = now_ms;
        let stream = Stream::Requests(self.ledger.id.clone()).to_string();
        for envelope in self.ledger.store.read(&stream, self.seen).await? {
            self.seen = envelope.sequence;
            let (request, by, at_ms) = (envelope.sequence, &envelope.event.actor, envelope.time_ms);
            match decode(&envelope)? {
                Event::CancelRequested {} => {
                    self.conductor.cancel(request);
                    // What tidies up is not held up.
                    self.conductor.go_on_with(request, by, at_ms);
                }
                Event::PauseRequested {} if request > self.taken => {
                    self.conductor.pause(request, by, at_ms);
                }
                Event::ResumeRequested {} if request > self.taken => {
                    self.conductor.go_on_with(request, by, at_ms);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn begin(&self, call: Perform, reports: &UnboundedSender<CallReport>, tasks: &mut JoinSet<()>) {
        let Perform { target, path, step } = call;
        let executor = self.executors.get(&step.provider).cloned();
        let (mut hands, reports) = (self.hands.clone(), reports.clone());
        let traced = Traced::step(&target, &step);
        let span = traced.span();
        let work = async move {
            let report = match (executor, step.call.clone()) {
                (Some(executor), Some(call)) => {
                    crate::call::perform(&mut hands, &*executor, &target, *step, call).await
                }
                _ => crate::call::unknown(target.id, *step),
            };
            traced.over(&report);
            let (outcome, output) = match report {
                Report::Called { outcome, output, .. } => (outcome, output),
                _ => (Err(Failure::permanent("it was no call")), None),
            };
            // The run is over when nobody listens.
            let _ = reports.send(CallReport { step: path, outcome, output });
        };
        tasks.spawn(work.instrument(span));
    }

    /// Until something is reported, a time has come, or a person wants this process to stop.
    async fn wait(&mut self, answers: &mut UnboundedReceiver<CallReport>, wake_at_ms: Option<i64>) {
        let pause = Duration::from_secs(1);
        let until = wake_at_ms.map_or(pause, |at| {
            Duration::from_millis(u64::try_from(at - self.clock.now_ms()).unwrap_or(0))
        });
        tokio::select! {
            report = answers.recv() => {
                if let Some(report) = report {
                    self.report(report);
                }
            }
            () = tokio::time::sleep(until.min(pause)) => {}
            changed = self.stop.changed() => {
                if changed.is_err() {
                    // Nobody can ask any more; the sleep paces the rounds.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        }
    }
}
