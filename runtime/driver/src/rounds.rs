//! A run, round by round: decide, append, perform, wait.
//!
//! What providers answer while an append is on its way to the disk is taken in together after it, so
//! that the disk's pace sets the size of the batches and not the pace of the run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bp_engine::engine::{Addition, Batch, Effect, Engine, TargetProgress};
use bp_engine::event::{Failure, Outcome};
use bp_engine::{Event, Report, Stream};
use bp_provider::Provider;
use bp_topology::Problem;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::clock::Clock;
use crate::error::DriverError;
use crate::kept;
use crate::ledger::{Ledger, decode};
use crate::perform::{Hands, contact, perform};
use crate::runtime::{Executors, Providers};
use crate::traced::{self, Traced};

/// How often a watcher is told how far the targets are.
const PROGRESS_MS: i64 = 60;

/// How often requests of others are looked for.
const REQUESTS: Duration = Duration::from_millis(500);

pub(crate) struct Rounds {
    pub(crate) engine: Engine,
    pub(crate) ledger: Ledger,
    pub(crate) hands: Hands,
    pub(crate) providers: Providers,
    pub(crate) executors: Executors,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) actor: String,
    pub(crate) run: String,
    pub(crate) stop: watch::Receiver<bool>,
    /// The newest request that was looked at.
    pub(crate) seen: u64,
    /// When requests of others were last looked for.
    pub(crate) looked: Option<Instant>,
}

/// What came of a run.
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    /// It has not ended: it waits for a person.
    pub(crate) is_paused: bool,
    /// How many steps count as done because a person said so.
    pub(crate) skipped: usize,
    pub(crate) progress: Vec<TargetProgress>,
    /// Outputs that have no value although all is done.
    pub(crate) outputs: Vec<Problem>,
}

/// Tasks in flight.
struct Flights {
    tasks: JoinSet<()>,
    reports: UnboundedSender<Report>,
    /// Those that only wait for what a target has taken on.
    waits: BTreeMap<(String, String), AbortHandle>,
}

impl Rounds {
    /// Until the run is over. What is in flight when an append fails is dropped: its events were
    /// announced, and whoever goes on observes first.
    pub(crate) async fn run(mut self) -> Result<Ended, DriverError> {
        let (reports, mut answers) = unbounded_channel();
        let mut flights = Flights { tasks: JoinSet::new(), reports, waits: BTreeMap::new() };
        let mut told_ms = 0;
        let mut heard = None;
        loop {
            // From here to the append nothing is awaited: what was reported may lead to what comes
            // next, which is not to begin once a person wanted something else.
            if !self.look_for_requests().await? {
                if let Some(report) = heard.take() {
                    self.report(report, &mut flights);
                }
                self.take_in(&mut answers, &mut flights);
                if *self.stop.borrow() {
                    self.engine.stop();
                    flights.abandon();
                    self.take_in(&mut answers, &mut flights);
                }
            }
            let now = self.clock.now_ms();
            let batch = self.engine.decide(now);
            if batch.is_resting && !self.is_gone_on_with().await? {
                return Ok(self.paused());
            }
            if batch.finished.is_some() || now >= told_ms + PROGRESS_MS {
                told_ms = now;
                self.hands.watcher.progress(&self.engine.progress());
            }
            if let Some(outcome) = batch.finished {
                let is_done = outcome == Outcome::Done;
                let topology = self.engine.topology();
                let outputs =
                    if is_done { bp_engine::outputs::wrong(topology) } else { Vec::new() };
                let (progress, skipped) = (self.engine.progress(), self.engine.skipped());
                if self.ledger.fresh() >= kept::AT_THE_END {
                    self.ledger.keep(self.engine.state()).await;
                }
                return Ok(Ended { outcome, is_paused: false, skipped, progress, outputs });
            }
            let Batch { appends, effects, wake_at_ms, goes_on, .. } = batch;
            let is_quiet = appends.is_empty();
            if !is_quiet {
                self.append(appends).await?;
            }
            for effect in effects {
                self.begin(effect, &mut flights);
            }
            if is_quiet && !goes_on && heard.is_none() {
                heard = self.wait(&mut answers, wake_at_ms).await;
            }
        }
    }

    /// The run waits for a person: whoever goes on with it begins from the journal.
    fn paused(&self) -> Ended {
        let (progress, skipped) = (self.engine.progress(), self.engine.skipped());
        self.hands.watcher.progress(&progress);
        let (outcome, outputs) = (Outcome::Stopped, Vec::new());
        Ended { outcome, is_paused: true, skipped, progress, outputs }
    }

    /// A last look before this process leaves: whether a person wants the run to go on already.
    async fn is_gone_on_with(&mut self) -> Result<bool, DriverError> {
        self.looked = None;
        self.look_for_requests().await?;
        Ok(!self.engine.is_paused())
    }

    /// Others may ask at any time; the owner takes it. Whether there was something that is to be durable before
    /// anything follows from it.
    async fn look_for_requests(&mut self) -> Result<bool, DriverError> {
        if self.looked.is_some_and(|looked| looked.elapsed() < REQUESTS) {
            return Ok(false);
        }
        self.looked = Some(Instant::now());
        let stream = Stream::Requests(self.ledger.id.clone()).to_string();
        let mut was_asked = false;
        for envelope in self.ledger.store.read(&stream, self.seen).await? {
            self.seen = envelope.sequence;
            let (by, at_ms) = (&envelope.event.actor, envelope.time_ms);
            match decode(&envelope)? {
                Event::PauseRequested {} => self.engine.pause(envelope.sequence, by, at_ms),
                Event::ResumeRequested {} => {
                    self.engine.go_on_with(envelope.sequence, by, at_ms);
                }
                _ => continue,
            }
            was_asked = true;
        }
        Ok(was_asked)
    }

    fn take_in(&mut self, answers: &mut UnboundedReceiver<Report>, flights: &mut Flights) {
        while let Ok(report) = answers.try_recv() {
            self.report(report, flights);
        }
        while flights.tasks.try_join_next().is_some() {}
    }

    /// What is secret of a report, sealed; the report, or why it can't be written down.
    fn sealed(&mut self, report: Report) -> Report {
        let Some(sealing) = self.engine.secrets_of(&report) else { return report };
        let record = match &report {
            Report::Succeeded { record, .. } => record.as_ref(),
            _ => None,
        };
        match self.hands.seal(self.engine.topology().secrets(), &sealing, record) {
            Ok(sealed) => {
                self.engine.seal(sealed);
                report
            }
            Err(failure) => match report {
                Report::Called { target, instance, output, .. } => {
                    Report::Called { target, instance, outcome: Err(failure), output }
                }
                Report::Succeeded { target, instance, .. } => {
                    Report::Failed { target, instance, failure }
                }
                other => other,
            },
        }
    }

    fn report(&mut self, report: Report, flights: &mut Flights) {
        let report = self.sealed(report);
        match &report {
            Report::Succeeded { target, instance, .. }
            | Report::Called { target, instance, .. }
            | Report::Failed { target, instance, .. } => {
                flights.waits.remove(&(target.clone(), instance.clone()));
            }
            _ => {}
        }
        if *self.stop.borrow() {
            self.engine.stop();
        }
        self.engine.report(self.clock.now_ms(), report);
    }

    async fn append(&mut self, mut appends: Vec<Addition>) -> Result<(), DriverError> {
        let written = self.ledger.append(&self.actor, Some(&self.run), &mut appends).await?;
        for (Addition { stream, events, .. }, envelopes) in appends.iter().zip(&written) {
            if let Some(last) = envelopes.last() {
                self.engine.appended(stream, &last.hash);
            }
            for (event, envelope) in events.iter().zip(envelopes) {
                traced::appended(stream, envelope, event);
                self.hands.watcher.event(stream, envelope, event);
            }
        }
        // Nothing was decided since: the state is what all that was appended leads to.
        self.ledger.keep_at_times(self.engine.state()).await;
        Ok(())
    }

    fn begin(&self, effect: Effect, flights: &mut Flights) {
        let mut hands = self.hands.clone();
        let reports = flights.reports.clone();
        match effect {
            Effect::Contact { target, provider } => {
                let provider = self.providers.get(&provider).cloned();
                let traced = Traced::contact(&target);
                let span = traced.span();
                let work = async move {
                    let report = match provider {
                        Some(provider) => contact(&hands, &*provider, &target).await,
                        None => Report::Contacted { target: target.id, result: Err(unknown()) },
                    };
                    traced.over(&report);
                    // The run is over when nobody listens.
                    let _ = reports.send(report);
                };
                flights.tasks.spawn(work.instrument(span));
            }
            Effect::Perform { target, step } if step.call.is_some() => {
                let executor = self.executors.get(&step.provider).cloned();
                let key = (target.id.clone(), step.instance.clone());
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
                    let _ = reports.send(report);
                };
                let task = flights.tasks.spawn(work.instrument(span));
                // It goes on by itself, and its key finds it again.
                flights.waits.insert(key, task);
            }
            Effect::Perform { target, step } => {
                let provider: Option<Arc<dyn Provider>> =
                    self.providers.get(&step.provider).cloned();
                let key = (target.id.clone(), step.instance.clone());
                let is_wait = step.handle.is_some();
                let traced = Traced::step(&target, &step);
                let span = traced.span();
                let work = async move {
                    let report = match provider {
                        Some(provider) => perform(&mut hands, &*provider, &target, *step).await,
                        None => Report::Failed {
                            target: target.id,
                            instance: step.instance,
                            failure: unknown(),
                        },
                    };
                    traced.over(&report);
                    let _ = reports.send(report);
                };
                let task = flights.tasks.spawn(work.instrument(span));
                if is_wait {
                    flights.waits.insert(key, task);
                }
            }
        }
    }

    /// Until something is reported, which is given, a time has come, or a person wants the run to stop.
    async fn wait(
        &mut self,
        answers: &mut UnboundedReceiver<Report>,
        wake_at_ms: Option<i64>,
    ) -> Option<Report> {
        let until = wake_at_ms.map_or(Duration::from_secs(1), |at| {
            Duration::from_millis(u64::try_from(at - self.clock.now_ms()).unwrap_or(0))
        });
        let is_stopping = *self.stop.borrow();
        tokio::select! {
            // In this order, so that what happens follows from what happened and not from chance.
            biased;
            report = answers.recv() => return report,
            () = tokio::time::sleep(until.min(Duration::from_secs(1))) => {}
            changed = self.stop.changed(), if !is_stopping => {
                if changed.is_err() {
                    // Nobody can ask any more; the sleep paces the rounds.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        }
        None
    }
}

impl Flights {
    /// Nobody waits any longer for what targets have taken on: the journal has their handles.
    fn abandon(&mut self) {
        for ((target, instance), task) in std::mem::take(&mut self.waits) {
            task.abort();
            let _ = self.reports.send(Report::Abandoned { target, instance });
        }
    }
}

fn unknown() -> Failure {
    Failure::permanent("this runtime no longer has the provider")
}
