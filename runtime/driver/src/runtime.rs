//! Deploy, resume, uninstall: a request is journaled, ownership taken, and the run driven to its end.

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_engine::engine::{Engine, Start};
use bp_engine::event::{Event, Outcome, Verb};
use bp_engine::retry::Limits;
use bp_engine::state::{Paused, Revision};
use bp_engine::{Stream, Terms, admissions};
use bp_journal::Store;
use bp_plan::{Plan, Value};
use bp_provider::{Executor, Provider};
use bp_topology::{Expanded, Inventory, Problem, Secrets, Topology};
use tokio::sync::watch;
use tracing::Instrument as _;

use crate::again::Again;
use crate::clock::Clock;
use crate::error::DriverError;
use crate::foresee::plan_before;
use crate::ledger::{Ledger, Request};
use crate::package::Package;
use crate::perform::{Deadlines, Hands};
use crate::prepare::{Prepared, blobs, identity};
use crate::rounds::{Ended, Rounds};
use crate::sealing;
use crate::secrets::{SecretSource, Veil};
use crate::update::{refuse_unapproved, revision_of};
use crate::watch::Watcher;

/// Providers by name.
pub type Providers = BTreeMap<String, Arc<dyn Provider>>;

/// What carries operations out, by the data types of their implementations.
pub type Executors = BTreeMap<String, Arc<dyn Executor>>;

/// A runtime: one process that may own deployments.
#[derive(Clone)]
pub struct Runtime {
    /// Where the journal is.
    pub store: Arc<dyn Store>,
    /// What effects are brought about by.
    pub providers: Providers,
    /// What operations are carried out by.
    pub executors: Executors,
    /// Where secrets come from.
    pub secrets: Arc<dyn SecretSource>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Limits of what is done at once, and how often.
    pub limits: Limits,
    /// How long calls may take.
    pub deadlines: Deadlines,
    /// Which process this is, for people: `pid 7 on build-3`.
    pub owner: String,
    /// Who asks: `operator:alice`.
    pub actor: String,
}

/// How a run is watched and stopped.
#[derive(Clone)]
pub struct Control {
    /// Is told what happens.
    pub watcher: Arc<dyn Watcher>,
    /// Becomes true when nothing more is to be begun.
    pub stop: watch::Receiver<bool>,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// What was asked for.
    pub verb: Verb,
    /// How the run ended; `Stopped` where it was paused.
    pub outcome: Outcome,
    /// It has not ended: it waits for a person.
    pub is_paused: bool,
    /// The revision.
    pub revision: u64,
    /// The revision that it goes back to.
    pub back_to: Option<u64>,
    /// The run; none where there was nothing to do.
    pub run: Option<String>,
    /// How many nodes of how many targets were looked at.
    pub nodes: usize,
    /// See `nodes`.
    pub targets: usize,
    /// How many of them count as done because a person said so.
    pub skipped: usize,
    /// Outputs that have no value although all is done.
    pub outputs: Vec<Problem>,
}

/// What is wanted, read back from the journal.
pub(crate) struct Desired {
    pub(crate) topology: Topology,
    pub(crate) inventory: Arc<Inventory>,
}

impl Runtime {
    /// Deploys what was prepared. The deployment is created if it is new; a run of it that was left
    /// open is superseded. `seed` is what keys and jitter of a new deployment derive from.
    pub async fn deploy(
        &self,
        id: &str,
        name: &str,
        seed: &str,
        prepared: Prepared,
        control: Control,
    ) -> Result<Summary, DriverError> {
        self.deploy_on(id, name, seed, prepared, Terms::default(), control).await
    }

    /// Deploys on these terms: refused where a protected node would be deleted and that was not approved.
    pub async fn deploy_on(
        &self,
        id: &str,
        name: &str,
        seed: &str,
        prepared: Prepared,
        terms: Terms,
        control: Control,
    ) -> Result<Summary, DriverError> {
        let mut ledger = Ledger::load(self.store.clone(), id).await?;
        ledger.no_workflow()?;
        let revision = revision_of(&prepared, terms)?;
        let Prepared {
            bytes, artifacts, plan, inputs, inventory, reached_by, mut topology, ..
        } = prepared;
        self.learn(&ledger, &mut topology).await?;
        let before = plan_before(&ledger, &plan).await?;
        let desired = Desired { topology, inventory: reached_by };
        refuse_unapproved(&ledger, &desired, &revision.terms, before.as_ref())?;
        if ledger.is_new() {
            let created = Event::DeploymentCreated { name: name.to_owned(), seed: seed.to_owned() };
            let stream = Stream::Deployment(id.to_owned());
            ledger.record(&self.actor, stream, vec![created], Vec::new()).await?;
        }
        let blobs = blobs(bytes, artifacts, &inputs, (&inventory, &desired.inventory))?;
        let request = self.request(&mut ledger, wish(&revision), blobs).await?;
        self.plan_and_run(ledger, revision, request, desired, control).await
    }

    /// Goes on with what was begun: the open run, or another run of the newest revision.
    pub async fn resume(&self, id: &str, control: Control) -> Result<Summary, DriverError> {
        self.resume_from(self.existing(id).await?, control).await
    }

    /// The same, from what was read.
    pub(crate) async fn resume_from(
        &self,
        mut ledger: Ledger,
        control: Control,
    ) -> Result<Summary, DriverError> {
        // A request that was journaled and never taken is what the person last wanted.
        match pending(&ledger) {
            Some((request, Pending::Revision(revision))) => {
                let desired = self.desired(&ledger, &revision).await?;
                return self.plan_and_run(ledger, *revision, request, desired, control).await;
            }
            Some((request, Pending::Again(again))) => {
                return self.again(ledger, request, again, control).await;
            }
            None => {}
        }
        let Some((number, revision)) =
            ledger.state.revision().map(|(number, revision)| (number, revision.clone()))
        else {
            return Err(DriverError::NothingPlanned(ledger.state.name.clone()));
        };
        let request = self.request(&mut ledger, Event::ResumeRequested {}, Vec::new()).await?;
        let desired = self.desired(&ledger, &revision).await?;
        let is_done = ledger.state.run().and_then(|run| run.closed) == Some(Outcome::Done);
        let mut events = admissions(&ledger.state, &desired.topology);
        let run = match ledger.state.open_run() {
            Some(open) => {
                events.push(self.gone_on_with((&open.id, open.paused.as_ref()), request));
                open.id.clone()
            }
            None if is_done => {
                let taken = vec![Event::RequestTaken { request }];
                ledger.own(&self.actor, &self.owner, taken).await?;
                return Ok(Summary {
                    verb: revision.verb,
                    outcome: Outcome::Done,
                    is_paused: false,
                    revision: number,
                    back_to: revision.back_to,
                    run: None,
                    nodes: 0,
                    targets: 0,
                    skipped: 0,
                    outputs: Vec::new(),
                });
            }
            None => {
                let run = next_run(&ledger);
                let (own, revision) = (run.clone(), number);
                events.push(Event::RunOpened {
                    run: own,
                    revision,
                    request,
                    again: None,
                    heals: false,
                });
                run
            }
        };
        ledger.own(&self.actor, &self.owner, events).await?;
        self.drive(ledger, revision.verb, number, run, desired, control).await
    }

    /// Removes everything that was deployed, and everything that may have been.
    pub async fn uninstall(&self, id: &str, control: Control) -> Result<Summary, DriverError> {
        self.uninstall_approved(id, Vec::new(), control).await
    }

    /// Removes everything; refused where something is protected and not among the approved.
    pub async fn uninstall_approved(
        &self,
        id: &str,
        approved: Vec<String>,
        control: Control,
    ) -> Result<Summary, DriverError> {
        let mut ledger = self.existing(id).await?;
        ledger.no_workflow()?;
        let Some(revision) = removal(&ledger, &approved) else {
            return Err(DriverError::NothingPlanned(ledger.state.name.clone()));
        };
        let desired = self.desired(&ledger, &revision).await?;
        // The plan that is removed is the newest: it says itself what it protects.
        refuse_unapproved(&ledger, &desired, &revision.terms, None)?;
        let requested = Event::UninstallRequested { approved };
        let request = self.request(&mut ledger, requested, Vec::new()).await?;
        self.plan_and_run(ledger, revision, request, desired, control).await
    }

    pub(crate) async fn existing(&self, id: &str) -> Result<Ledger, DriverError> {
        let ledger = Ledger::load(self.store.clone(), id).await?;
        if ledger.is_new() {
            return Err(DriverError::NoDeployment(id.to_owned()));
        }
        Ok(ledger)
    }

    /// The owner goes on with an open run, for this request.
    pub(crate) fn gone_on_with(
        &self,
        (run, paused): (&str, Option<&Paused>),
        request: u64,
    ) -> Event {
        if paused.is_none() {
            return Event::RequestTaken { request };
        }
        let (run, by, at_ms) = (run.to_owned(), self.actor.clone(), self.clock.now_ms());
        Event::RunContinued { run, request, by, at_ms }
    }

    /// Journals what a person asks for; gives its sequence.
    pub(crate) async fn request(
        &self,
        ledger: &mut Ledger,
        event: Event,
        blobs: Vec<Vec<u8>>,
    ) -> Result<u64, DriverError> {
        let stream = Stream::Requests(ledger.id.clone());
        let written = ledger.record(&self.actor, stream, vec![event], blobs).await?;
        Ok(written.last().map_or(0, |envelope| envelope.sequence))
    }

    /// A new revision, and the run that brings it about.
    async fn plan_and_run(
        &self,
        mut ledger: Ledger,
        planned: Revision,
        request: u64,
        desired: Desired,
        control: Control,
    ) -> Result<Summary, DriverError> {
        let revision = ledger.state.revision().map_or(1, |(number, _)| number + 1);
        let run = next_run(&ledger);
        let mut events: Vec<Event> = superseded(&ledger).into_iter().collect();
        events.extend(admissions(&ledger.state, &desired.topology));
        let verb = planned.verb;
        events.push(Event::RevisionPlanned {
            revision,
            request,
            verb,
            plan: planned.plan,
            inputs: planned.inputs,
            inventory: planned.inventory,
            terms: journaled(&planned.terms),
            back_to: planned.back_to,
            reached_by: planned.reached_by,
        });
        events.push(Event::RunOpened {
            run: run.clone(),
            revision,
            request,
            again: None,
            heals: false,
        });
        ledger.own(&self.actor, &self.owner, events).await?;
        self.drive(ledger, verb, revision, run, desired, control).await
    }

    pub(crate) async fn drive(
        &self,
        mut ledger: Ledger,
        verb: Verb,
        revision: u64,
        run: String,
        desired: Desired,
        control: Control,
    ) -> Result<Summary, DriverError> {
        let hands = self.hands(&ledger.id, &ledger.state.name, &desired, control.watcher);
        let start = Start {
            deployment: ledger.id.clone(),
            heads: ledger.hashes(),
            state: std::mem::take(&mut ledger.state),
            topology: desired.topology,
            inventory: desired.inventory,
            limits: self.limits.clone(),
        };
        ledger.state.epoch = start.state.epoch;
        let name = start.state.name.clone();
        let back_to = start.state.revisions.get(&revision).and_then(|planned| planned.back_to);
        let seen = start.state.requests_taken;
        let Some(engine) = Engine::new(start) else {
            return Err(DriverError::NothingPlanned(name));
        };
        let rounds = Rounds {
            engine,
            ledger,
            hands,
            providers: self.providers.clone(),
            executors: self.executors.clone(),
            clock: self.clock.clone(),
            actor: self.actor.clone(),
            run: run.clone(),
            stop: control.stop,
            seen,
            looked: None,
        };
        let what = format!("{verb:?}").to_lowercase();
        let span = crate::traced::run(&name, &run, &what);
        let Ended { outcome, is_paused, skipped, progress, outputs } =
            Box::pin(rounds.run().instrument(span)).await?;
        let nodes = progress.iter().map(|target| target.total).sum();
        let targets = progress.len();
        let run = Some(run);
        Ok(Summary {
            verb,
            outcome,
            is_paused,
            revision,
            back_to,
            run,
            nodes,
            targets,
            skipped,
            outputs,
        })
    }

    /// What effects of this deployment need.
    pub(crate) fn hands(
        &self,
        id: &str,
        name: &str,
        desired: &Desired,
        watcher: Arc<dyn Watcher>,
    ) -> Hands {
        Hands {
            store: self.store.clone(),
            watcher,
            deployment: id.to_owned(),
            deployment_name: name.to_owned(),
            deadlines: self.deadlines,
            veil: Arc::new(Veil::of(desired.topology.secrets())),
            secrets: desired.topology.secrets().clone(),
            source: self.secrets.clone(),
        }
    }

    pub(crate) async fn desired(
        &self,
        ledger: &Ledger,
        revision: &Revision,
    ) -> Result<Desired, DriverError> {
        let mut desired = desired(ledger, revision, Some(&*self.secrets)).await?;
        self.learn(ledger, &mut desired.topology).await?;
        Ok(desired)
    }

    /// A topology learns what the journal has sealed.
    pub(crate) async fn learn(
        &self,
        ledger: &Ledger,
        topology: &mut Topology,
    ) -> Result<(), DriverError> {
        sealing::learn(topology, &ledger.state, &*self.store, &*self.secrets).await
    }
}

/// What a revision wants, from the journal's blobs; without secrets for those who only look.
pub(crate) async fn desired(
    ledger: &Ledger,
    revision: &Revision,
    secrets: Option<&dyn SecretSource>,
) -> Result<Desired, DriverError> {
    let (plan, inputs, inventory) = stored(ledger, revision).await?;
    let reached_by = match &revision.reached_by {
        None => inventory.clone(),
        Some(digest) => Arc::new(inventory_of(ledger, digest).await?),
    };
    let who = identity(&ledger.id, &ledger.state.name);
    let secrets = match secrets {
        Some(secrets) => {
            secrets.ask(&plan).await;
            secrets.secrets(&plan)
        }
        None => Secrets::veiled(),
    };
    if revision.verb == Verb::Uninstall {
        let topology = Topology::nothing(plan, who, secrets);
        return Ok(Desired { topology, inventory: reached_by });
    }
    let Expanded { topology, problems } = Topology::expand(&plan, &inputs, inventory, who, secrets);
    match topology {
        Some(topology) => Ok(Desired { topology, inventory: reached_by }),
        None => Err(DriverError::Refused { plan, problems }),
    }
}

type Stored = (Arc<Plan>, BTreeMap<String, Value>, Arc<Inventory>);

/// Plan, inputs and inventory of a revision.
pub(crate) async fn stored(ledger: &Ledger, revision: &Revision) -> Result<Stored, DriverError> {
    let Package { plan, .. } = Package::stored(ledger, &revision.plan).await?;
    let (inputs, inventory) = given(ledger, revision).await?;
    Ok((plan, inputs, Arc::new(inventory)))
}

/// Inputs and inventory of a revision.
pub(crate) async fn given(
    ledger: &Ledger,
    revision: &Revision,
) -> Result<(BTreeMap<String, Value>, Inventory), DriverError> {
    let malformed = |source| DriverError::Malformed { what: "inputs", source };
    let inputs =
        serde_json::from_slice(&ledger.blob(&revision.inputs).await?).map_err(malformed)?;
    Ok((inputs, inventory_of(ledger, &revision.inventory).await?))
}

/// The inventory of this digest.
pub(crate) async fn inventory_of(ledger: &Ledger, digest: &str) -> Result<Inventory, DriverError> {
    let malformed = |source| DriverError::Malformed { what: "inventory", source };
    serde_json::from_slice(&ledger.blob(digest).await?).map_err(malformed)
}

/// What a person asks for by this revision.
fn wish(revision: &Revision) -> Event {
    let Revision { plan, inputs, inventory, reached_by, .. } = revision.clone();
    let terms = journaled(&revision.terms);
    match revision.back_to {
        None => Event::DeployRequested { plan, inputs, inventory, terms },
        Some(to) => Event::RollbackRequested { to, plan, inputs, inventory, reached_by, terms },
    }
}

/// Terms as events keep them.
fn journaled(terms: &Terms) -> Option<Box<Terms>> {
    (!terms.is_usual()).then(|| Box::new(terms.clone()))
}

pub(crate) fn next_run(ledger: &Ledger) -> String {
    format!("{}.{}", ledger.id, ledger.state.count_of_runs() + 1)
}

/// The removal of what is there: of the newest plan.
fn removal(ledger: &Ledger, approved: &[String]) -> Option<Revision> {
    let terms = Terms { approved: approved.to_owned(), replaces: None };
    let removal =
        |r: &Revision| Revision { verb: Verb::Uninstall, terms, back_to: None, ..r.clone() };
    ledger.state.revision().map(|(_, revision)| removal(revision))
}

/// The end of the run that was left open, where another takes its place.
pub(crate) fn superseded(ledger: &Ledger) -> Option<Event> {
    let run = ledger.state.open_run()?.id.clone();
    let head = ledger.hashes().remove(&Stream::Run(run.clone())).unwrap_or_default();
    Some(Event::RunClosed { run, outcome: Outcome::Superseded, head })
}

/// What was asked for and never taken.
pub(crate) enum Pending {
    Revision(Box<Revision>),
    Again(Again),
}

/// The newest request for another run that was journaled and never taken. Where that is a removal of what
/// was never begun, there is nothing to go on with, whatever was asked for before.
pub(crate) fn pending(ledger: &Ledger) -> Option<(u64, Pending)> {
    let taken = ledger.state.requests_taken;
    let untaken = ledger.requests.iter().rev().take_while(|(sequence, _)| **sequence > taken);
    let newest = |(sequence, asked): (&u64, &Request)| {
        let of = |revision| Some(Pending::Revision(Box::new(revision)));
        let pending = match &asked.event {
            Event::DeployRequested { plan, inputs, inventory, terms } => of(Revision {
                verb: Verb::Deploy,
                plan: plan.clone(),
                inputs: inputs.clone(),
                inventory: inventory.clone(),
                terms: terms.as_deref().cloned().unwrap_or_default(),
                back_to: None,
                reached_by: None,
            }),
            Event::RollbackRequested { to, plan, inputs, inventory, reached_by, terms } => {
                of(Revision {
                    verb: Verb::Deploy,
                    plan: plan.clone(),
                    inputs: inputs.clone(),
                    inventory: inventory.clone(),
                    terms: terms.as_deref().cloned().unwrap_or_default(),
                    back_to: Some(*to),
                    reached_by: reached_by.clone(),
                })
            }
            Event::UninstallRequested { approved } => removal(ledger, approved).and_then(of),
            _ => Some(Pending::Again(Again::asked_for(asked)?)),
        };
        Some(pending.map(|pending| (*sequence, pending)))
    };
    untaken.into_iter().find_map(newest).flatten()
}
