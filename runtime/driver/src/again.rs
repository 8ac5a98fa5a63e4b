//! After a partial failure: steps that are tried again, and steps that count as done. After others' changes: what
//! has drifted, made as it was.

use std::collections::BTreeSet;

use bp_engine::admissions;
use bp_engine::event::{Drifted, Event, Outcome};
use bp_engine::status::{NodeStanding, NodeStatus, shown, status};
use bp_engine::terms::node_of;

use crate::drift::{Looked, drifted};
use crate::error::DriverError;
use crate::ledger::{Ledger, Request};
use crate::runtime::{Control, Desired, Pending, Runtime, Summary, next_run, pending, superseded};

/// Instances, each with its target's id.
type Steps = Vec<(String, String)>;

/// What a person wants of steps of the newest revision.
#[derive(Clone, Debug)]
pub(crate) enum Again {
    /// These are tried again, or all that are not done.
    Retry(Option<Steps>),
    /// These have drifted, and are made as they were applied.
    Heal(Steps),
    /// These count as done.
    Skip { steps: Steps, why: String, by: String, at_ms: i64 },
}

impl Again {
    /// What a request asks for; none where it is another one.
    pub(crate) fn asked_for(request: &Request) -> Option<Self> {
        match &request.event {
            Event::RetryRequested { steps } => Some(Self::Retry(steps.clone())),
            Event::HealRequested { found } => Some(Self::heal(found)),
            Event::SkipRequested { steps, why } => Some(Self::Skip {
                steps: steps.clone(),
                why: why.clone(),
                by: request.by.clone(),
                at_ms: request.at_ms,
            }),
            _ => None,
        }
    }

    fn heal(found: &[Drifted]) -> Self {
        Self::Heal(found.iter().map(|one| (one.target.clone(), one.instance.clone())).collect())
    }
}

/// A step of the newest revision.
struct Found {
    step: (String, String),
    standing: NodeStanding,
    /// It is as wanted.
    is_done: bool,
    /// A call for it was begun, and its end is not known.
    is_under_way: bool,
}

impl Runtime {
    /// Tries the named steps again, or all that are not done, each with a fresh budget. What is done is not
    /// done again.
    pub async fn retry(
        &self,
        id: &str,
        names: &[String],
        control: Control,
    ) -> Result<Summary, DriverError> {
        let mut ledger = self.existing(id).await?;
        ledger.no_workflow()?;
        let (steps, revision) = self.steps(&ledger).await?;
        let wanted = if names.is_empty() {
            let is_open = |found: &Found| !found.is_done && found.standing != NodeStanding::Skipped;
            if !steps.iter().any(is_open) {
                let name = ledger.state.name.clone();
                return Err(DriverError::NothingToRetry { name, revision });
            }
            None
        } else {
            let mut wanted = BTreeSet::new();
            for name in names {
                let open = open(&ledger, &steps, name, false)?;
                wanted.extend(open.into_iter().map(|found| found.step.clone()));
            }
            Some(wanted.into_iter().collect::<Steps>())
        };
        let asked = Event::RetryRequested { steps: wanted.clone() };
        let request = self.request(&mut ledger, asked, Vec::new()).await?;
        self.again(ledger, request, Again::Retry(wanted), control).await
    }

    /// Lets a step count as done in the newest revision, and goes on with what depends on it.
    pub async fn skip(
        &self,
        id: &str,
        name: &str,
        why: &str,
        control: Control,
    ) -> Result<Summary, DriverError> {
        if why.trim().is_empty() {
            return Err(DriverError::NoReason { step: name.to_owned() });
        }
        let mut ledger = self.existing(id).await?;
        ledger.no_workflow()?;
        let (steps, _) = self.steps(&ledger).await?;
        let open = open(&ledger, &steps, name, true)?;
        if let Some(found) = open.iter().find(|found| found.is_under_way) {
            return Err(DriverError::StepUnderWay { step: found.step.1.clone() });
        }
        let steps: Steps = open.iter().map(|found| found.step.clone()).collect();
        let asked = Event::SkipRequested { steps: steps.clone(), why: why.to_owned() };
        let request = self.request(&mut ledger, asked, Vec::new()).await?;
        let (why, by, at_ms) = (why.to_owned(), self.actor.clone(), self.clock.now_ms());
        self.again(ledger, request, Again::Skip { steps, why, by, at_ms }, control).await
    }

    /// Makes what others have changed as it was applied; what depends on it follows. Nothing is appended where nothing
    /// has drifted, among the named nodes or at all: none then.
    pub async fn heal(
        &self,
        id: &str,
        names: &[String],
        control: Control,
    ) -> Result<(Looked, Option<Summary>), DriverError> {
        let (mut ledger, looked) = self.looked_at(id, names).await?;
        self.check_approved(id, &looked.plan, &looked.outlook).await?;
        let found: Vec<Drifted> = drifted(&looked.outlook).collect();
        if found.is_empty() {
            return Ok((looked, None));
        }
        let again = Again::heal(&found);
        let asked = Event::HealRequested { found };
        let request = self.request(&mut ledger, asked, Vec::new()).await?;
        let summary = self.again(ledger, request, again, control).await?;
        Ok((looked, Some(summary)))
    }

    /// The run that a person wants: another one, or after a skip the one that was left open.
    pub(crate) async fn again(
        &self,
        mut ledger: Ledger,
        request: u64,
        again: Again,
        control: Control,
    ) -> Result<Summary, DriverError> {
        let Some((revision, planned)) =
            ledger.state.revision().map(|(number, planned)| (number, planned.clone()))
        else {
            return Err(DriverError::NothingPlanned(ledger.state.name.clone()));
        };
        let desired = self.desired(&ledger, &planned).await?;
        let mut events = admissions(&ledger.state, &desired.topology);
        let fresh = next_run(&ledger);
        let opened = |again, heals| {
            let run = fresh.clone();
            Event::RunOpened { run, revision, request, again, heals }
        };
        let run = match again {
            Again::Retry(steps) => {
                events.extend(superseded(&ledger));
                events.push(opened(steps, false));
                fresh.clone()
            }
            Again::Heal(steps) => {
                events.extend(superseded(&ledger));
                events.push(opened(Some(steps), true));
                fresh.clone()
            }
            Again::Skip { steps, why, by, at_ms } => {
                let skipped =
                    Event::StepsSkipped { revision, request, steps: steps.clone(), why, by, at_ms };
                let ended = ledger.state.run().and_then(|run| run.closed);
                let run = if let Some(open) = ledger.state.open_run() {
                    let own = (open.id.as_str(), open.paused.as_ref());
                    events.push(self.gone_on_with(own, request));
                    open.id.clone()
                } else {
                    // What else failed is left as it is.
                    let is_partial = matches!(ended, Some(Outcome::Partial | Outcome::Failed));
                    events.push(opened(is_partial.then_some(steps), false));
                    fresh.clone()
                };
                events.push(skipped);
                run
            }
        };
        ledger.own(&self.actor, &self.owner, events).await?;
        self.drive(ledger, planned.verb, revision, run, desired, control).await
    }

    /// The steps of the newest revision, and its number.
    async fn steps(&self, ledger: &Ledger) -> Result<(Vec<Found>, u64), DriverError> {
        if let Some((_, Pending::Revision(_))) = pending(ledger) {
            return Err(DriverError::Asked(ledger.state.name.clone()));
        }
        let Some((number, revision)) = ledger.state.revision() else {
            return Err(DriverError::NothingPlanned(ledger.state.name.clone()));
        };
        let mut desired = self.desired(ledger, revision).await?;
        let nodes = status(&ledger.state, Some(&mut desired.topology)).nodes;
        let found = nodes.iter().filter_map(|node| found(ledger, &desired, node));
        Ok((found.collect(), number))
    }
}

fn found(ledger: &Ledger, desired: &Desired, node: &NodeStatus) -> Option<Found> {
    let mut targets = ledger.state.targets.iter();
    let (target, there) = targets.find(|(_, target)| shown(&target.name) == node.target)?;
    let mut wanted = desired.topology.instances().iter();
    let is_wanted = wanted.any(|instance| instance.id.to_string() == node.id);
    Some(Found {
        step: (target.clone(), node.id.clone()),
        standing: node.state,
        // What is to go is not done as long as it is there.
        is_done: is_wanted && node.state == NodeStanding::Deployed,
        is_under_way: there.instances.get(&node.id).is_some_and(|is| is.flight.is_some()),
    })
}

/// The steps of this name that are not done.
fn open<'f>(
    ledger: &Ledger,
    steps: &'f [Found],
    name: &str,
    is_skip: bool,
) -> Result<Vec<&'f Found>, DriverError> {
    let mut named = named(ledger, steps, name)?;
    named.retain(|found| !found.is_done);
    if named.is_empty() {
        return Err(DriverError::StepDone { step: name.to_owned(), is_skip });
    }
    Ok(named)
}

/// The steps of this name: one of an instance, or those of all instances of a node.
fn named<'f>(
    ledger: &Ledger,
    steps: &'f [Found],
    name: &str,
) -> Result<Vec<&'f Found>, DriverError> {
    let is_named = |found: &&Found| found.step.1 == name || node_of(&found.step.1) == name;
    let named: Vec<&Found> = steps.iter().filter(is_named).collect();
    if !named.is_empty() {
        return Ok(named);
    }
    let both = steps.iter().flat_map(|found| [found.step.1.as_str(), node_of(&found.step.1)]);
    let known: BTreeSet<&str> = both.collect();
    Err(DriverError::NoStep {
        name: ledger.state.name.clone(),
        step: name.to_owned(),
        known: known.into_iter().map(str::to_owned).collect(),
    })
}
