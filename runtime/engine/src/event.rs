//! What happened: every event of a deployment's journal, and its form in the envelope.
//!
//! Events are never rewritten: a field that is added later must have a default, and a change of
//! meaning is a new version, which an older engine refuses.

use std::collections::BTreeMap;

use bp_plan::Expr;
use bp_topology::Act;
use bp_topology::parameters::Arguments;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use crate::format::{EventError, VERSION};
use crate::life::{Called, Kept, Limits};
use crate::terms::Terms;
use crate::workflow::{Decision, written};

/// What a person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Bring about what a plan says.
    Deploy,
    /// Remove all that was deployed.
    Uninstall,
}

/// How a run, or its part on one target, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All of it is done.
    Done,
    /// Some of it is done.
    Partial,
    /// None of it is done.
    Failed,
    /// A person stopped it; what was in flight has ended.
    Stopped,
    /// Another request took its place.
    Superseded,
}

/// What a step does to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Make it so: create, change or leave it, and wait until it works.
    Converge,
    /// Remove it, and wait until it is gone.
    Delete,
}

/// What a failure means for what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// May pass by itself.
    Transient,
    /// Will not pass by itself.
    Permanent,
    /// Somebody else holds what is to be changed.
    Conflict,
    /// Nobody knows whether it happened: observe first.
    UnknownOutcome,
}

/// Why something failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What it means.
    pub class: Class,
    /// What happened, in one sentence.
    pub message: String,
    /// The property that it is about, as a path: `ports[0].port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// What the target asked to wait before the next try, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<i64>,
    /// The target itself does not answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreachable: bool,
}

impl Failure {
    /// One that will not pass by itself.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self {
            class: Class::Permanent,
            message: message.into(),
            property: None,
            help: None,
            retry_after_ms: None,
            unreachable: false,
        }
    }

    /// Whether another try may help without anybody's doing.
    pub fn may_pass(&self) -> bool {
        matches!(self.class, Class::Transient | Class::UnknownOutcome)
    }
}

/// An instance that is not as it was applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drifted {
    /// On which target.
    pub target: String,
    /// Which instance.
    pub instance: String,
    /// Its fields that differ; none where it is gone, or its provider does not tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub enum Event {
    /// A deployment has a name.
    DeploymentCreated {
        /// What people call it.
        name: String,
        /// What its keys and its jitter derive from.
        seed: String,
    },
    /// A process has become the deployment's owner; the envelope has the epoch.
    EpochTaken {
        /// Which process, for people: `pid 7 on build-3`.
        owner: String,
    },
    /// A target belongs to the deployment from now on.
    TargetAdmitted {
        /// The deployment's own name for it.
        id: String,
        /// Its name in the inventory; empty for the runtime's own machine.
        name: String,
    },
    /// What is wanted from now on.
    RevisionPlanned {
        /// Its number, from 1.
        revision: u64,
        /// The sequence of the request that asked for it.
        request: u64,
        /// What is asked for.
        verb: Verb,
        /// Digests of the blobs that say what: plan (the container), inputs, inventory.
        plan: String,
        /// See `plan`.
        inputs: String,
        /// See `plan`.
        inventory: String,
        /// On what terms; none stands for the usual ones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        terms: Option<Box<Terms>>,
        /// The revision that it goes back to; none where it is no rollback.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back_to: Option<u64>,
        /// Digest of the inventory that says how targets are reached, where that is another one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reached_by: Option<String>,
    },
    /// The first events of all streams are dropped with this one; what they led to is kept.
    CheckpointTaken {
        /// What the deployment is called.
        name: String,
        /// Digest of the blob with the state behind the last event that is dropped.
        state: String,
        /// How many events are dropped by now, since the deployment was made.
        events: u64,
        /// When the last of them happened, in milliseconds since 1970.
        until_ms: i64,
        /// Who asked.
        by: String,
        /// When, in milliseconds since 1970.
        at_ms: i64,
    },
    /// A run begins to bring a revision about.
    RunOpened {
        /// The run.
        run: String,
        /// Which revision.
        revision: u64,
        /// The sequence of the request that asked for it.
        request: u64,
        /// What is tried again, as (target, instance), with all that needs it; none where that is whatever is
        /// not as wanted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<Vec<(String, String)>>,
        /// What is tried again is not as it was applied any more, and is made so.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        heals: bool,
    },
    /// Nothing more of a run is begun until it is gone on with; calls that are under way end.
    RunPaused {
        /// The run.
        run: String,
        /// The sequence of the request that asked for it.
        request: u64,
        /// Who asked: `operator:alice`.
        by: String,
        /// When it was asked for.
        at_ms: i64,
    },
    /// A run that was paused goes on.
    RunContinued {
        /// The run.
        run: String,
        /// The sequence of the request that asked for it.
        request: u64,
        /// Who asked.
        by: String,
        /// When it was asked for.
        at_ms: i64,
    },
    /// Steps count as done in this revision, whatever is there.
    StepsSkipped {
        /// The revision.
        revision: u64,
        /// The sequence of the request that asked for it.
        request: u64,
        /// Of which instances, as (target, instance).
        steps: Vec<(String, String)>,
        /// Why, in the words of who asked.
        why: String,
        /// Who asked.
        by: String,
        /// When it was asked for.
        at_ms: i64,
    },
    /// A request needs nothing to be done.
    RequestTaken {
        /// Its sequence.
        request: u64,
    },
    /// A run is over.
    RunClosed {
        /// The run.
        run: String,
        /// How.
        outcome: Outcome,
        /// The hash of its stream's last event; empty where it has none.
        head: String,
    },

    /// A run's first word.
    RunStarted {
        /// Of which deployment.
        deployment: String,
        /// Which revision it brings about.
        revision: u64,
        /// What is asked for.
        verb: Verb,
    },
    /// Targets that may act from now on.
    TargetsGranted {
        /// Their ids.
        targets: Vec<String>,
    },
    /// A target has no more to do in this run.
    TargetSettled {
        /// Its id.
        target: String,
        /// How it ended.
        outcome: Outcome,
        /// The hash of its stream's last event; empty where it has none.
        head: String,
    },
    /// A run's last word.
    RunEnded {
        /// How.
        outcome: Outcome,
    },

    /// A target answered, and said who it is.
    TargetContacted {
        /// In which run.
        run: String,
        /// Who it says it is.
        identity: String,
    },
    /// A target did not answer, or is not the one it was.
    TargetUnreached {
        /// In which run.
        run: String,
        /// Which try, from 1.
        attempt: u32,
        /// Why.
        failure: Failure,
        /// When it is tried again; none when it is given up for this run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at_ms: Option<i64>,
    },
    /// An effect is about to be caused.
    StepStarted {
        /// In which run.
        run: String,
        /// On which instance.
        instance: String,
        /// What is done to it.
        operation: Operation,
        /// Which try in this run, from 1.
        attempt: u32,
        /// Stands for this one intended effect.
        key: String,
        /// The digest of the blob with the subject: type, provider, properties, labels.
        subject: String,
        /// The provider that does it.
        provider: String,
        /// What the instance needs, as (target, instance).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        depends: Vec<(String, String)>,
        /// The operation of the instance's life that is called; none where its provider is all of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<Box<Called>>,
    },
    /// The target has taken the change on, and needs time.
    StepAccepted {
        /// On which instance.
        instance: String,
        /// What to ask with, in the provider's words.
        handle: Json,
        /// What is already known of the object.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<Json>,
    },
    /// The effect is there, and works.
    StepSucceeded {
        /// On which instance.
        instance: String,
        /// What the provider remembers of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<Json>,
        /// What it reports, or what an operation set; in the place of each secret part stands a name.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        attributes: BTreeMap<String, Json>,
        /// The digests of the blobs with what is secret of it, sealed, by those names.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        sealed: BTreeMap<String, String>,
        /// What an operation told that is called to look.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<Json>,
        /// How the instance is taken away again, where that is known better now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        removal: Option<Vec<Kept>>,
        /// The digest of the blob with what an operation wrote.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<String>,
    },
    /// The step did not come to its end.
    StepFailed {
        /// On which instance.
        instance: String,
        /// What was to be done.
        operation: Operation,
        /// Why not.
        failure: Failure,
        /// When it is tried again; none when it is given up for this run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at_ms: Option<i64>,
        /// The digest of the blob with what an operation wrote.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<String>,
    },
    /// All operations that an instance's life calls were called: it is whole, or gone.
    InstanceSettled {
        /// Which instance.
        instance: String,
        /// Whether it is there now, or gone.
        operation: Operation,
        /// What was called on its way up, in order, each with the digest of what it was called with;
        /// none stands for the provider's own part.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        acts: Vec<(Option<Act>, String)>,
        /// The digests of what is called only when they change.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        baseline: Vec<(Act, String)>,
        /// How it is taken away again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        removal: Vec<Kept>,
        /// What the instance needs, as (target, instance).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        depends: Vec<(String, String)>,
    },

    /// An instance is not as it was applied any more, and is to be made so.
    DriftFound {
        /// In which run.
        run: String,
        /// Which instance.
        instance: String,
    },
    /// An instance has another name from now on; what was done under the old one was done to it.
    InstanceRenamed {
        /// What it is called now.
        instance: String,
        /// What it was called.
        was: String,
    },
    /// An object that was there before is an instance's from now on. Nothing was done to it yet.
    InstanceAdopted {
        /// Which instance.
        instance: String,
        /// The provider that keeps it.
        provider: String,
        /// The digest of the blob with the subject that the object was taken for.
        subject: String,
        /// Which object, in the provider's words.
        id: String,
        /// What the provider remembers of it.
        record: Json,
    },

    /// A run begins to carry a workflow out. It is closed by `run-closed`, as every run is.
    WorkflowOpened {
        /// The run.
        run: String,
        /// The revision whose plan has the workflow.
        revision: u64,
        /// The sequence of the request that asked for it.
        request: u64,
        /// The workflow's name.
        workflow: String,
        /// All of its parameters, by name.
        #[serde(default, with = "written::arguments", skip_serializing_if = "BTreeMap::is_empty")]
        arguments: Arguments,
    },
    /// The first word of a run of a workflow.
    WorkflowStarted {
        /// Of which deployment.
        deployment: String,
        /// Which workflow.
        workflow: String,
    },
    /// A step of a workflow was begun, and this is what it is about: worked out once.
    StepDecided {
        /// Which step, as a path.
        step: String,
        /// What was decided.
        decision: Decision,
    },
    /// A step of a workflow that calls nothing has ended.
    StepEnded {
        /// Which step, as a path.
        step: String,
        /// Why it failed; none where it did not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
    },
    /// A run of a workflow is cancelled: nothing more of it is begun but what its `on cancel` says.
    CancelTaken {
        /// The sequence of the request that asked for it.
        request: u64,
    },
    /// The last word of a run of a workflow.
    WorkflowEnded {
        /// How.
        outcome: Outcome,
        /// What it gave.
        #[serde(default, with = "written::perhaps", skip_serializing_if = "Option::is_none")]
        result: Option<Expr>,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
        /// The step that failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
    },
    /// An operation is about to be called by a workflow.
    CallStarted {
        /// In which run.
        run: String,
        /// By which step, as a path.
        step: String,
        /// Of which instance.
        instance: String,
        /// Which operation: `copies.snapshot`.
        operation: String,
        /// Which try, from 1; it is the turn under the key, too.
        attempt: u32,
        /// Stands for this one intended effect.
        key: String,
        /// The digest of the blob that says how it is called.
        subject: String,
        /// What carries it out.
        executor: String,
        /// How long, and how often.
        limits: Limits,
    },
    /// An operation that a workflow called was carried out.
    CallSucceeded {
        /// In which run.
        run: String,
        /// By which step, as a path.
        step: String,
        /// Of which instance.
        instance: String,
        /// Which operation.
        operation: String,
        /// What it gave; in the place of each secret part stands a name.
        #[serde(with = "written")]
        result: Expr,
        /// What it set, likewise.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        attributes: BTreeMap<String, Json>,
        /// The digests of the blobs with what is secret of it, sealed, by those names.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        sealed: BTreeMap<String, String>,
        /// The digest of the blob with what it wrote.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<String>,
    },
    /// An operation that a workflow called, or was to call, failed.
    CallFailed {
        /// In which run.
        run: String,
        /// By which step, as a path.
        step: String,
        /// Of which instance.
        instance: String,
        /// Which operation.
        operation: String,
        /// Why.
        failure: Failure,
        /// When it is tried again; none when it is given up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at_ms: Option<i64>,
        /// The digest of the blob with what it wrote.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<String>,
    },

    /// A person wants a workflow run.
    WorkflowRequested {
        /// Its name.
        workflow: String,
        /// All of its parameters, by name.
        #[serde(default, with = "written::arguments", skip_serializing_if = "BTreeMap::is_empty")]
        arguments: Arguments,
    },
    /// A person wants the workflow that is under way cancelled.
    CancelRequested {},
    /// A person wants a plan deployed.
    DeployRequested {
        /// Digests of blobs, as in `revision-planned`.
        plan: String,
        /// See `plan`.
        inputs: String,
        /// See `plan`.
        inventory: String,
        /// On what terms; none stands for the usual ones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        terms: Option<Box<Terms>>,
    },
    /// A person wants to go back to what an earlier revision wanted.
    RollbackRequested {
        /// Which revision.
        to: u64,
        /// Digests of blobs, as in `revision-planned`.
        plan: String,
        /// See `plan`.
        inputs: String,
        /// See `plan`.
        inventory: String,
        /// See `plan`; none where that is the inventory.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reached_by: Option<String>,
        /// On what terms; none stands for the usual ones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        terms: Option<Box<Terms>>,
    },
    /// A person wants what was begun to be finished.
    ResumeRequested {},
    /// A person wants nothing more to be begun for now.
    PauseRequested {},
    /// A person wants steps that are not done to be tried again.
    RetryRequested {
        /// Which, as (target, instance); none for all of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        steps: Option<Vec<(String, String)>>,
    },
    /// A person wants what has drifted to be as it was applied.
    HealRequested {
        /// What has, as it was found.
        found: Vec<Drifted>,
    },
    /// A person wants steps to count as done.
    SkipRequested {
        /// Which, as (target, instance).
        steps: Vec<(String, String)>,
        /// Why.
        why: String,
    },
    /// A person wants all of it gone.
    UninstallRequested {
        /// Protected nodes that may go.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        approved: Vec<String>,
    },
    /// A person wants an object that is there already to be a node's.
    AdoptionRequested {
        /// Which instance.
        instance: String,
        /// Which object, in the words of the node's provider; none for the one that has the node's own name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
}

impl Event {
    /// The digests of the blobs that it names.
    pub fn blobs(&self) -> Vec<&str> {
        match self {
            Self::RevisionPlanned { plan, inputs, inventory, reached_by, .. }
            | Self::RollbackRequested { plan, inputs, inventory, reached_by, .. } => {
                [plan, inputs, inventory]
                    .into_iter()
                    .chain(reached_by)
                    .map(String::as_str)
                    .collect()
            }
            Self::DeployRequested { plan, inputs, inventory, .. } => {
                vec![plan, inputs, inventory]
            }
            Self::StepStarted { subject, call, .. } => {
                let removal = call.as_ref().and_then(|call| call.removal.as_ref());
                std::iter::once(subject.as_str())
                    .chain(kept(removal.into_iter().flatten()))
                    .collect()
            }
            Self::CallStarted { subject, .. } | Self::InstanceAdopted { subject, .. } => {
                vec![subject]
            }
            Self::StepSucceeded { output, removal, sealed, .. } => {
                let sealed = sealed.values().map(String::as_str);
                let kept = kept(removal.iter().flatten());
                output.as_deref().into_iter().chain(kept).chain(sealed).collect()
            }
            Self::InstanceSettled { removal, .. } => kept(removal).collect(),
            Self::CheckpointTaken { state, .. } => vec![state],
            Self::CallSucceeded { output, sealed, .. } => {
                output.as_deref().into_iter().chain(sealed.values().map(String::as_str)).collect()
            }
            Self::StepFailed { output, .. } | Self::CallFailed { output, .. } => {
                output.as_deref().into_iter().collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The digests of the blobs that say how an instance is taken away again.
fn kept<'k>(removal: impl IntoIterator<Item = &'k Kept>) -> impl Iterator<Item = &'k str> {
    removal.into_iter().map(|kept| kept.call.as_str())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn workflows_know_every_class() {
        let all = [Class::Transient, Class::Permanent, Class::Conflict, Class::UnknownOutcome];
        let all = all.map(|class| match class {
            // A class that is added here is to be added there, too.
            Class::Transient | Class::Permanent | Class::Conflict | Class::UnknownOutcome => {
                serde_json::to_value(class).unwrap().as_str().unwrap().replace('-', "_")
            }
        });
        assert_eq!(all, bp_plan::workflow::FAILURE_CLASSES);
    }
}
