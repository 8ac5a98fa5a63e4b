//! What an engine asks for, and what it is told: values between it and the driver.

use std::collections::{BTreeMap, BTreeSet};

use bp_topology::Act;
use serde_json::Value as Json;

use crate::event::{Event, Failure, Operation, Outcome};
use crate::life::Limits;
use crate::stream::Stream;
use crate::subject::Subject;

/// Events for one stream, with the blobs that they name.
#[derive(Clone, Debug, PartialEq)]
pub struct Addition {
    /// Which stream.
    pub stream: Stream,
    /// In order.
    pub events: Vec<Event>,
    /// Blobs that the events name.
    pub blobs: Vec<Vec<u8>>,
}

/// What is to be appended, done and waited for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// What to append; the additions are independent of each other.
    pub appends: Vec<Addition>,
    /// What to do once all of it is durable.
    pub effects: Vec<Effect>,
    /// When to decide again if nothing is reported before.
    pub wake_at_ms: Option<i64>,
    /// The run is paused, and nothing of it is under way any more.
    pub is_resting: bool,
    /// There is more to decide, without waiting for anything: what is decided is not to wait for it.
    pub goes_on: bool,
    /// The run is over.
    pub finished: Option<Outcome>,
}

/// A target, for the one who reaches it.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetRef {
    /// The deployment's own name for it.
    pub id: String,
    /// What people call it; empty for the runtime's own machine.
    pub name: String,
    /// Who it said it is.
    pub identity: Option<String>,
    /// How it is reached.
    pub connection: Json,
}

/// Something to do in the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask a target who it is.
    Contact {
        /// Which.
        target: TargetRef,
        /// By this provider.
        provider: String,
    },
    /// Bring a step about, or go on with it: with a handle ask how it stands, else observe first.
    Perform {
        /// Where.
        target: TargetRef,
        /// What.
        step: Box<Step>,
    },
}

/// A step to bring about.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// On which instance.
    pub instance: String,
    /// What is done to it.
    pub operation: Operation,
    /// Stands for this one intended effect.
    pub key: String,
    /// Which try in this run.
    pub attempt: u32,
    /// The provider that does it.
    pub provider: String,
    /// What is wanted of it.
    pub subject: Wanted,
    /// Digests of other subjects that were begun for it and did not come to their end, oldest first.
    pub earlier: Vec<String>,
    /// What the provider remembers of it.
    pub record: Option<Json>,
    /// What to ask with, where the target has taken the change on.
    pub handle: Option<Json>,
    /// The operation that is to be called; none where it is the provider's own part.
    pub call: Option<CallStep>,
    /// Names that the instance had.
    pub was: Vec<String>,
    /// It may be replaced where it can't be changed in place; else that needs an approval.
    pub may_replace: bool,
    /// The attributes that are secret, as a whole or in part: what is reported of them is sealed.
    pub hidden: BTreeSet<String>,
    /// Others have changed it, and it is made as it was applied.
    pub takes_back: bool,
}

/// An operation that is to be called.
#[derive(Clone, Debug, PartialEq)]
pub struct CallStep {
    /// Which: `lifecycle.create`, `configure.establish_target of database -> orders`.
    pub act: Act,
    /// Which start this is under the step's key, from 1.
    pub turn: u32,
    /// What is to become of it.
    pub intent: Intent,
    /// How long it may take, and whether its result is asked for.
    pub limits: Limits,
}

/// What is to become of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// It is carried out; one that was begun is waited for.
    CarryOut,
    /// One that was begun is waited for; another is not begun any more.
    WaitFor,
    /// One that was begun is stopped.
    Stop,
    /// It only looks, and no journal knows of it.
    Look,
}

/// Where the subject of a step is.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// Here.
    Here(Box<Subject>),
    /// In the blob of this digest.
    Stored(String),
}

/// What came of an effect.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// A target said who it is, or did not.
    Contacted {
        /// The target's id.
        target: String,
        /// Who it says it is.
        result: Result<String, Failure>,
    },
    /// A step was taken on, and needs time.
    Accepted {
        /// The target's id.
        target: String,
        /// On which instance.
        instance: String,
        /// What to ask with.
        handle: Json,
        /// What is already known of the object.
        record: Option<Json>,
    },
    /// A step is done.
    Succeeded {
        /// The target's id.
        target: String,
        /// On which instance.
        instance: String,
        /// What the provider remembers of it.
        record: Option<Json>,
        /// What it reports.
        attributes: BTreeMap<String, Json>,
    },
    /// A step failed.
    Failed {
        /// The target's id.
        target: String,
        /// On which instance.
        instance: String,
        /// Why.
        failure: Failure,
    },
    /// An operation was called, and has ended.
    Called {
        /// The target's id.
        target: String,
        /// Of which instance.
        instance: String,
        /// What it gave.
        outcome: Result<Json, Failure>,
        /// What it wrote.
        output: Option<Vec<u8>>,
    },
    /// Nobody waits any longer for a step that was taken on: the run is being stopped.
    Abandoned {
        /// The target's id.
        target: String,
        /// On which instance.
        instance: String,
    },
}

/// How far a target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetProgress {
    /// The target's id.
    pub id: String,
    /// Its name; empty for the runtime's own machine.
    pub name: String,
    /// Instances of it that are not logical.
    pub total: usize,
    /// As wanted.
    pub done: usize,
    /// Given up.
    pub failed: usize,
    /// Not begun, and not to be.
    pub held: usize,
}
