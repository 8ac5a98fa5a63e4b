//! What the journal says of a run of a workflow: a fold over its events.
//!
//! Every fact is written once, under the path of its step; so what is known does not depend on the
//! order in which streams are read.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::{Expr, Value};
use bp_topology::parameters::Arguments;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{path, written};
use crate::event::{Event, Failure, Operation, Outcome, Verb};
use crate::life::Limits;
use crate::state::{Paused, State, TargetState};

/// What was worked out when a step was begun.
///
/// Values; what has a secret part as the expression that makes it, so that no secret is written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// `let`: the local is this.
    Bound(#[serde(with = "written")] Expr),
    /// `if`: this arm, from 0; behind the last one is `else`.
    Chosen(usize),
    /// `for`: over these.
    Turns {
        /// Each key with its element.
        #[serde(with = "written::elements")]
        elements: Vec<(Value, Expr)>,
        /// How many at once.
        at_once: u64,
    },
    /// `wait`, `wait until`: no longer than this.
    Waits {
        /// Milliseconds since 1970.
        until_ms: i64,
    },
    /// `run`: with all parameters of the workflow.
    Runs(#[serde(with = "written::arguments")] Arguments),
    /// `run` of a workflow that every deployment has: a run of this verb.
    BringsAbout(Verb),
    /// `run scale`: these inputs get these values.
    Scales(BTreeMap<String, Value>),
    /// `run rollback`.
    GoesBack,
    /// `call`.
    Calls {
        /// Of these nodes.
        targets: Vec<Value>,
        /// With these arguments.
        #[serde(default, with = "written::arguments", skip_serializing_if = "BTreeMap::is_empty")]
        arguments: Arguments,
    },
    /// `run` of a look at what is there: the names of the instances that were found.
    Found(Vec<String>),
    /// `return`.
    Returned(#[serde(with = "written")] Expr),
}

impl Decision {
    /// Whether something of it has a secret part.
    pub(crate) fn holds_secret(&self) -> bool {
        let is_made = |of: &Expr| of.as_value().is_none();
        match self {
            Self::Bound(of) | Self::Returned(of) => is_made(of),
            Self::Turns { elements, .. } => elements.iter().any(|(_, of)| is_made(of)),
            Self::Runs(arguments) | Self::Calls { arguments, .. } => {
                arguments.values().any(is_made)
            }
            Self::Chosen(_)
            | Self::Waits { .. }
            | Self::BringsAbout(_)
            | Self::Scales(_)
            | Self::GoesBack
            | Self::Found(_) => false,
        }
    }
}

/// What a workflow has set of an instance's attributes: in which revision, and what.
pub type Set = BTreeMap<String, (u64, Json)>;

/// A run of a workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowRun {
    /// Its id.
    pub id: String,
    /// The revision whose plan has the workflow.
    pub revision: u64,
    /// The sequence of the request that asked for it.
    pub request: u64,
    /// The workflow's name.
    pub workflow: String,
    /// All of its parameters, by name.
    #[serde(with = "written::arguments")]
    pub arguments: Arguments,
    /// Its stream has begun.
    pub is_started: bool,
    /// It is to come to its end early.
    pub is_cancelled: bool,
    /// Since when nothing more of it is begun, and who wanted that.
    pub paused: Option<Paused>,
    /// The targets that may act.
    pub granted: BTreeSet<String>,
    /// The targets that have no more to do.
    pub settled: BTreeSet<String>,
    /// What was decided, by the paths of steps.
    pub decided: BTreeMap<String, Decision>,
    /// Steps that have ended and call nothing, by their paths.
    pub ended_steps: BTreeMap<String, Option<Failure>>,
    /// Calls, by their paths.
    pub calls: BTreeMap<String, CallState>,
    /// How it ended, by its own stream.
    pub ended: Option<Ended>,
    /// How it ended, by the deployment's stream.
    pub closed: Option<Outcome>,
}

/// How a run of a workflow ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// How.
    pub outcome: Outcome,
    /// What it gave.
    #[serde(default, with = "written::perhaps")]
    pub result: Option<Expr>,
    /// Why it failed, and at which step.
    pub failure: Option<(Failure, String)>,
}

/// A call that a workflow makes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallState {
    /// The target that the instance is on.
    pub target: String,
    /// Of which instance.
    pub instance: String,
    /// Which operation.
    pub operation: String,
    /// Its key.
    pub key: String,
    /// The digest of the blob that says how it is called.
    pub subject: String,
    /// What carries it out.
    pub executor: String,
    /// How long, and how often.
    pub limits: Limits,
    /// The newest try, from 1; 0 where it was never made.
    pub attempt: u32,
    /// It was begun and has not ended.
    pub is_flying: bool,
    /// Its last failure, and when it is tried again.
    pub retry: Option<(Failure, i64)>,
    /// How it ended.
    pub outcome: Option<Result<Expr, Failure>>,
}

impl WorkflowRun {
    pub(crate) fn opened(event: &Event) -> Option<Self> {
        let Event::WorkflowOpened { run, revision, request, workflow, arguments } = event else {
            return None;
        };
        Some(Self {
            id: run.clone(),
            revision: *revision,
            request: *request,
            workflow: workflow.clone(),
            arguments: arguments.clone(),
            ..Self::default()
        })
    }

    /// Takes in an event of its own stream.
    pub(crate) fn fold(&mut self, event: &Event) {
        match event {
            Event::WorkflowStarted { .. } => self.is_started = true,
            Event::TargetsGranted { targets } => self.granted.extend(targets.iter().cloned()),
            Event::TargetSettled { target, .. } => drop(self.settled.insert(target.clone())),
            Event::StepDecided { step, decision } => {
                self.decided.insert(step.clone(), decision.clone());
            }
            Event::StepEnded { step, failure } => {
                self.ended_steps.insert(step.clone(), failure.clone());
            }
            Event::CancelTaken { .. } => self.is_cancelled = true,
            Event::WorkflowEnded { outcome, result, failure, step } => {
                let failure = failure.clone().map(|it| (it, step.clone().unwrap_or_default()));
                let (outcome, result) = (*outcome, result.clone());
                self.ended = Some(Ended { outcome, result, failure });
            }
            _ => {}
        }
    }

    /// Whether anything of a step, or of what is inside of it, was begun.
    pub(crate) fn is_begun(&self, step: &str) -> bool {
        let inside = path::inside(step);
        self.decided.contains_key(step)
            || self.ended_steps.contains_key(step)
            || self.calls.contains_key(step)
            || self.decided.range(inside.clone()).next().is_some()
            || self.ended_steps.range(inside.clone()).next().is_some()
            || self.calls.range(inside).next().is_some()
    }
}

impl State {
    /// The run of a workflow that has not ended.
    pub fn open_workflow(&self) -> Option<&WorkflowRun> {
        self.workflows.last().filter(|run| run.closed.is_none())
    }

    pub(crate) fn workflow_mut(&mut self, id: &str) -> Option<&mut WorkflowRun> {
        self.workflows.iter_mut().rev().find(|run| run.id == id)
    }

    /// What workflows have set of the attributes of an instance on a target since they were last reported.
    pub(crate) fn set_of(&self, target: &str, instance: &str) -> BTreeMap<String, Json> {
        let there = self.targets.get(target).filter(|there| !there.set.is_empty());
        let Some(set) = there.and_then(|there| there.set.get(instance)) else {
            return BTreeMap::new();
        };
        let gone = self.revisions.iter().filter(|(_, revision)| revision.verb == Verb::Uninstall);
        let gone = gone.map(|(number, _)| *number).max().unwrap_or(0);
        set.iter()
            .filter(|(_, (revision, _))| *revision > gone)
            .map(|(name, (_, value))| (name.clone(), value.clone()))
            .collect()
    }

    /// Takes in a call of a workflow, of a target's stream.
    pub(crate) fn fold_call(&mut self, target: &str, event: &Event) {
        let (Event::CallStarted { run, step, instance, .. }
        | Event::CallSucceeded { run, step, instance, .. }
        | Event::CallFailed { run, step, instance, .. }) = event
        else {
            return;
        };
        let Some(run) = self.workflow_mut(run) else { return };
        let revision = run.revision;
        let call = run.calls.entry(step.clone()).or_default();
        target.clone_into(&mut call.target);
        call.instance.clone_from(instance);
        match event {
            Event::CallStarted { operation, attempt, key, subject, executor, limits, .. } => {
                call.operation.clone_from(operation);
                call.key.clone_from(key);
                call.subject.clone_from(subject);
                call.executor.clone_from(executor);
                call.limits = *limits;
                call.attempt = *attempt;
                call.is_flying = true;
                call.retry = None;
            }
            Event::CallSucceeded { result, attributes, .. } => {
                call.is_flying = false;
                call.outcome = Some(Ok(result.clone()));
                let target = self.targets.entry(target.to_owned()).or_default();
                let set =
                    attributes.iter().map(|(name, json)| (name.clone(), (revision, json.clone())));
                target.set.entry(instance.clone()).or_default().extend(set);
            }
            Event::CallFailed { operation, failure, retry_at_ms, .. } => {
                call.operation.clone_from(operation);
                call.is_flying = false;
                match retry_at_ms {
                    Some(at_ms) => call.retry = Some((failure.clone(), *at_ms)),
                    None => call.outcome = Some(Err(failure.clone())),
                }
            }
            _ => {}
        }
    }
}

impl TargetState {
    /// What an instance reports anew stands in the place of what workflows have set.
    pub(crate) fn overwrite(&mut self, event: &Event) {
        match event {
            Event::StepSucceeded { instance, attributes, .. } => {
                if let Some(set) = self.set.get_mut(instance) {
                    set.retain(|name, _| !attributes.contains_key(name));
                }
            }
            Event::StepStarted { instance, operation: Operation::Delete, .. } => {
                self.set.remove(instance);
            }
            _ => {}
        }
    }
}
