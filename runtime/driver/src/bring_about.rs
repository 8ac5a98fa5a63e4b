//! What a step of a workflow brings about of the whole deployment: a run of it, or a look at what is there.

use std::collections::BTreeMap;

use bp_engine::event::{Event, Failure, Verb};
use bp_engine::state::Revision;
use bp_engine::workflow::{BringAbout, Decision, Sought, What, WorkflowRun};
use bp_engine::{Stream, Terms, admissions};
use bp_journal::StoreError;
use bp_plan::Value;

use crate::drift::{drifted, found, untold};
use crate::error::DriverError;
use crate::foresee::{Ask, plan_before};
use crate::ledger::Ledger;
use crate::package::Package;
use crate::prepare::{Prepared, blobs, identity, prepare};
use crate::runtime::{Control, Runtime, given};
use crate::update::{Asked, refuse_unapproved, revision_of};
use crate::workflow::revision;

impl Runtime {
    /// A run of the deployment as a step of a workflow: begun, or gone on with. Whether it waits for a person.
    pub(crate) async fn bring_about(
        &self,
        id: &str,
        open: &WorkflowRun,
        (next, at): (BringAbout, u64),
        control: Control,
    ) -> Result<bool, DriverError> {
        let mut ledger = self.existing(id).await?;
        let own = Stream::Deployment(id.to_owned());
        if ledger.at(&own) != at {
            // Whoever goes on with it by now is not disturbed.
            let (stream, expected, actual) = (own.to_string(), at, ledger.at(&own));
            return Err(StoreError::Conflict { stream, expected, actual }.into());
        }
        let (step, run, what) = match next {
            BringAbout::Run { step, run, what } => (step, run, what),
            BringAbout::Look { step, sought, among } => {
                return self.look(ledger, open, (step, sought, &among)).await;
            }
        };
        let planned = match self.wanted(&ledger, open, (&step, &what)).await? {
            Ok(planned) => planned,
            Err(failure) => return self.ended(ledger, open, step, failure).await,
        };
        let verb = planned.verb;
        let mut again = None;
        if let What::Heal(among) = &what
            && ledger.state.open_run().is_none_or(|known| known.id != run)
        {
            match self.to_heal(&ledger, &planned, among).await? {
                Ok(found) => again = Some(found),
                Err(failure) => return self.ended(ledger, open, step, failure).await,
            }
        }
        let desired = self.desired(&ledger, &planned).await?;
        // What is protected goes by a person's word only; a workflow can't ask for it. `bpr cancel` ends the run.
        let before = plan_before(&ledger, desired.topology.plan()).await?;
        refuse_unapproved(&ledger, &desired, &planned.terms, before.as_ref())?;
        let newest = ledger.state.revision().map(|(number, newest)| (number, newest.clone()));
        let (last, is_same) = newest.map_or((0, false), |(last, newest)| (last, newest == planned));
        let number = if is_same { last } else { last + 1 };
        let mut events = admissions(&ledger.state, &desired.topology);
        let begun = ledger.state.open_run().filter(|known| known.id == run);
        if let Some(begun) = begun {
            let request = ledger.state.requests_taken;
            let own = (begun.id.as_str(), begun.paused.as_ref());
            events.extend(begun.paused.as_ref().map(|_| self.gone_on_with(own, request)));
        } else {
            let request = open.request;
            if !is_same {
                events.push(Event::RevisionPlanned {
                    revision: number,
                    request,
                    verb,
                    plan: planned.plan,
                    inputs: planned.inputs,
                    inventory: planned.inventory,
                    terms: None,
                    back_to: planned.back_to,
                    reached_by: planned.reached_by,
                });
            }
            let heals = again.is_some();
            events.push(Event::RunOpened {
                run: run.clone(),
                revision: number,
                request,
                again,
                heals,
            });
        }
        ledger.own(&self.actor, &self.owner, events).await?;
        let summary = self.drive(ledger, verb, number, run, desired, control).await?;
        Ok(summary.is_paused)
    }

    /// The revision that a step brings about; or why the step fails. One that was begun before stays with its own.
    async fn wanted(
        &self,
        ledger: &Ledger,
        open: &WorkflowRun,
        (step, what): (&str, &What),
    ) -> Result<Result<Revision, Failure>, DriverError> {
        let first = format!("{}.{step}", open.id);
        let again = format!("{first}~");
        let mut runs = ledger.state.runs.iter().rev();
        let begun = runs.find(|run| run.id == first || run.id.starts_with(&again));
        if let Some(begun) = begun.and_then(|run| ledger.state.revisions.get(&run.revision)) {
            return Ok(Ok(begun.clone()));
        }
        let now = revision(ledger, open)?;
        match what {
            What::Deploy | What::Heal(_) => Ok(Ok(Revision { verb: Verb::Deploy, ..now })),
            What::Uninstall => Ok(Ok(Revision { verb: Verb::Uninstall, ..now })),
            What::Scale(inputs) => self.scaled(ledger, now, inputs).await,
            What::Rollback => self.gone_back(ledger).await,
        }
    }

    /// The same revision with other inputs.
    async fn scaled(
        &self,
        ledger: &Ledger,
        now: Revision,
        inputs: &BTreeMap<String, Value>,
    ) -> Result<Result<Revision, Failure>, DriverError> {
        let package = Package::stored(ledger, &now.plan).await?;
        let (mut all, inventory) = given(ledger, &now).await?;
        all.extend(inputs.clone());
        let name = ledger.state.name.clone();
        let asked = Asked { name, package, inputs: all, inventory };
        let prepared = match self.prepared(ledger, asked).await? {
            Ok(prepared) => prepared,
            Err(failure) => return Ok(Err(failure)),
        };
        let wanted = revision_of(&prepared, Terms::default())?;
        keep(ledger, prepared).await?;
        let (terms, inputs) = (wanted.terms, wanted.inputs);
        Ok(Ok(Revision { verb: Verb::Deploy, inputs, terms, back_to: None, ..now }))
    }

    /// What was wanted when it was last healthy.
    async fn gone_back(&self, ledger: &Ledger) -> Result<Result<Revision, Failure>, DriverError> {
        let earlier = match self.earlier(&ledger.id, None).await {
            Err(why @ DriverError::NoWayBack { .. }) => {
                return Ok(Err(Failure::permanent(why.to_string())));
            }
            earlier => earlier?,
        };
        let prepared = match self.prepared(ledger, earlier.asked.clone()).await? {
            Ok(prepared) => earlier.marked(prepared),
            Err(failure) => return Ok(Err(failure)),
        };
        let wanted = revision_of(&prepared, Terms::default())?;
        keep(ledger, prepared).await?;
        Ok(Ok(wanted))
    }

    /// What can be brought about; or why it can't.
    async fn prepared(
        &self,
        ledger: &Ledger,
        asked: Asked,
    ) -> Result<Result<Prepared, Failure>, DriverError> {
        let Asked { name, package, inputs, inventory } = asked;
        self.secrets.ask(&package.plan).await;
        let who = identity(&ledger.id, &name);
        let (providers, executors) = (&self.providers, &self.executors);
        match prepare(package, inputs, inventory, who, providers, executors, &*self.secrets) {
            Ok(prepared) => Ok(Ok(prepared)),
            Err(DriverError::Refused { problems, .. }) => {
                let wrong = problems.into_iter().filter(|problem| !problem.is_warning);
                let told: Vec<String> = wrong.map(|problem| problem.message).collect();
                Ok(Err(Failure::permanent(told.join("; "))))
            }
            Err(other) => Err(other),
        }
    }

    /// What of these has drifted, as (target, instance); or why the step fails.
    async fn to_heal(
        &self,
        ledger: &Ledger,
        planned: &Revision,
        among: &[String],
    ) -> Result<Result<Vec<(String, String)>, Failure>, DriverError> {
        if ledger.state.revision().is_none_or(|(_, newest)| newest != planned) {
            return Ok(Err(Failure::permanent("it is not deployed: there is nothing to heal")));
        }
        let looked = match self.look_at(ledger, planned.clone(), among, Ask::Drift).await {
            Err(DriverError::NoStep { step, .. }) => return Ok(Err(no_node(&step))),
            looked => looked?,
        };
        self.check_approved(&ledger.id, &looked.plan, &looked.outlook).await?;
        Ok(Ok(drifted(&looked.outlook).map(|one| (one.target, one.instance)).collect()))
    }

    /// A look as a step of a workflow: what was found is written down, or why it can't be told. It waits for nobody.
    async fn look(
        &self,
        mut ledger: Ledger,
        open: &WorkflowRun,
        (step, sought, among): (String, Sought, &[String]),
    ) -> Result<bool, DriverError> {
        let ask = match sought {
            Sought::Drift => Ask::Drift,
            Sought::Illness => Ask::Health,
        };
        let looked = match self.look_at(&ledger, revision(&ledger, open)?, among, ask).await {
            Err(DriverError::NoStep { step: name, .. }) => {
                return self.ended(ledger, open, step, no_node(&name)).await;
            }
            looked => looked?,
        };
        if let Some(failure) = untold(&looked, ask, !among.is_empty()) {
            return self.ended(ledger, open, step, failure).await;
        }
        let found =
            Event::StepDecided { step, decision: Decision::Found(found(&looked.outlook, ask)) };
        let stream = Stream::Run(open.id.clone());
        ledger.record(&self.actor, stream, vec![found], Vec::new()).await?;
        Ok(false)
    }

    /// A step of a workflow fails.
    async fn ended(
        &self,
        mut ledger: Ledger,
        open: &WorkflowRun,
        step: String,
        failure: Failure,
    ) -> Result<bool, DriverError> {
        let ended = Event::StepEnded { step, failure: Some(failure) };
        let stream = Stream::Run(open.id.clone());
        ledger.record(&self.actor, stream, vec![ended], Vec::new()).await?;
        Ok(false)
    }
}

/// Keeps what a revision is made of.
async fn keep(ledger: &Ledger, prepared: Prepared) -> Result<(), DriverError> {
    let Prepared { bytes, artifacts, inputs, inventory, reached_by, .. } = prepared;
    for blob in blobs(bytes, artifacts, &inputs, (&inventory, &reached_by))? {
        ledger.store.put_blob(blob).await?;
    }
    Ok(())
}

fn no_node(name: &str) -> Failure {
    Failure::permanent(format!("nothing of the deployment is called `{name}`"))
}
