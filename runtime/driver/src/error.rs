//! Why the driver did not do what it was asked for.

use std::sync::Arc;

use bp_engine::back::NoWayBack;
use bp_engine::event::EventError;
use bp_journal::StoreError;
use bp_plan::{Plan, PlanError};
use bp_topology::Problem;

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The journal did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal holds what this program can't read.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The plan can't be read.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The plan can't be carried out with these inputs and this inventory. Nothing was changed.
    #[error("`{}` can't be deployed like this: {}", plan.blueprint.name, first(problems))]
    Refused {
        /// The plan, with the lines that the problems are about.
        plan: Arc<Plan>,
        /// What is wrong, and what is worth a warning.
        problems: Vec<Problem>,
    },
    /// What is protected would be deleted or replaced. Nothing was changed.
    #[error("{}", one(.0))]
    Unapproved(
        /// Each with the plan that has the line that it is about.
        Vec<(Arc<Plan>, Problem)>,
    ),
    /// Something is not as it was when a plan was made. Nothing was changed.
    #[error("the plan was made for what was there then: {0}")]
    Moved(String),
    /// A plan that was kept can't be read.
    #[error("this is no plan that `bpr plan -o` has written: {0}")]
    Saved(String),
    /// An object can't be adopted. Nothing was changed.
    #[error("`{instance}` can't adopt it: {message}")]
    NotAdopted {
        /// Which instance.
        instance: String,
        /// Why.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// There is no such deployment.
    #[error("there is no deployment `{0}` here")]
    NoDeployment(String),
    /// The deployment never got as far as having something to do.
    #[error("`{0}` was never deployed: there is nothing to go on with")]
    NothingPlanned(String),
    /// There is no way back. Nothing was changed.
    #[error("{}", no_way_back(name, *why))]
    NoWayBack {
        /// The deployment's name.
        name: String,
        /// Why.
        why: NoWayBack,
    },
    /// Nothing is deployed that a workflow could be run on.
    #[error("`{0}` is not deployed: there is nothing to run a workflow on")]
    NotDeployed(String),
    /// A run that brings a revision about has not ended.
    #[error("a run of `{0}` was interrupted before it ended: a workflow is run on what is settled")]
    RunOpen(String),
    /// A workflow has not ended.
    #[error("the workflow `{workflow}` of `{name}` was interrupted before it ended")]
    WorkflowOpen {
        /// The deployment's name.
        name: String,
        /// The workflow's.
        workflow: String,
    },
    /// No run is under way that could be paused.
    #[error("nothing of `{0}` is under way: there is nothing to pause")]
    NothingToPause(String),
    /// The run is paused already.
    #[error("`{name}` is paused already, by {by}")]
    PausedAlready {
        /// The deployment's name.
        name: String,
        /// Who has paused it.
        by: String,
    },
    /// Something else was asked for, and not begun.
    #[error("something else was asked for of `{0}`, and its process died before it began")]
    Asked(String),
    /// There is no such step.
    #[error("`{name}` has no step `{step}`")]
    NoStep {
        /// The deployment's name.
        name: String,
        /// Which was asked for.
        step: String,
        /// Those that there are: instances and their nodes.
        known: Vec<String>,
    },
    /// A step is done.
    #[error("`{step}` is done: it can't be {}", if *.is_skip { "skipped" } else { "tried again" })]
    StepDone {
        /// Which.
        step: String,
        /// It was to be skipped, else to be tried again.
        is_skip: bool,
    },
    /// A step was begun, and has not ended.
    #[error("a call for `{step}` was begun and its end is not known: it can't be skipped")]
    StepUnderWay {
        /// Which.
        step: String,
    },
    /// Nothing is to be tried again.
    #[error("all of revision {revision} of `{name}` is done: there is nothing to try again")]
    NothingToRetry {
        /// The deployment's name.
        name: String,
        /// The newest revision.
        revision: u64,
    },
    /// Nobody said why.
    #[error("why `{step}` is skipped is not said")]
    NoReason {
        /// Which step.
        step: String,
    },
    /// There is no workflow to be cancelled.
    #[error("no workflow of `{0}` is under way")]
    NoWorkflow(String),
    /// The journal names something that it does not hold.
    #[error(
        "the journal names the blob {0}, which it does not hold: it was damaged; restore it from a backup"
    )]
    MissingBlob(String),
    /// Something of the journal can't be read as what it is to be.
    #[error(
        "the journal's {what} can't be read ({source}): it was damaged or written by another program"
    )]
    Malformed {
        /// What.
        what: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// A state that was kept was written by a newer program.
    #[error(
        "the journal keeps a state of form {found}, and this program knows forms up to {}: it was written by a newer \
         one; use that, nothing was changed",
        bp_engine::state::FORM
    )]
    NewerState {
        /// Its form.
        found: u32,
    },
    /// Events of a stream were dropped while it was read, or without what is to be kept instead.
    #[error(
        "the journal has lost the events of `{0}` that come before those that it has: it was damaged or changed by \
         hand; restore it from a backup"
    )]
    Gap(String),
    /// Something could not be written as JSON.
    #[error("an event could not be written: {0}")]
    Encode(serde_json::Error),
}

fn no_way_back(name: &str, why: NoWayBack) -> String {
    match why {
        NoWayBack::Nothing { newest: 0, .. } => {
            format!("`{name}` was never deployed: there is nothing to go back to")
        }
        NoWayBack::Nothing { newest, back_to: Some(to) } => format!(
            "revision {newest} of `{name}` goes back to revision {to} already, and none before that was healthy: there is nothing to go back to"
        ),
        NoWayBack::Nothing { newest, back_to: None } => format!(
            "no revision of `{name}` before {newest} was healthy: there is nothing to go back to"
        ),
        NoWayBack::Unknown { to, oldest: 0 | 1, newest } => {
            format!("`{name}` has no revision {to}: its revisions are 1 to {newest}")
        }
        NoWayBack::Unknown { to, oldest, newest } if (1..oldest).contains(&to) => format!(
            "revision {to} of `{name}` was dropped when its journal was compacted: there are {oldest} to {newest}"
        ),
        NoWayBack::Unknown { to, oldest, newest } => {
            format!("`{name}` has no revision {to}: there are {oldest} to {newest}")
        }
        NoWayBack::Newest(to) => {
            format!("revision {to} of `{name}` is the newest: there is nothing to go back")
        }
        NoWayBack::Removal(to) => {
            format!("revision {to} of `{name}` removed all of it: that is no state to go back to")
        }
    }
}

fn one(problems: &[(Arc<Plan>, Problem)]) -> &str {
    problems.first().map_or("no reason is known", |(_, problem)| problem.message.as_str())
}

fn first(problems: &[Problem]) -> &str {
    problems.iter().find(|p| !p.is_warning).map_or("no reason is known", |p| p.message.as_str())
}
