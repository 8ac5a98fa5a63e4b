//! What a provider is: the one way by which the runtime touches the world.
//!
//! A provider converges single objects: it observes, says what differs, begins a change, and tells
//! how a change that takes long is going. Its calls are serialisable values, so that a long call
//! survives a crash of the runtime and a provider can run in a process of its own.
//!
//! This crate must never know a client, the journal or the engine.
//!
//! # What a provider promises
//!
//! - [`Provider::begin`] chooses every name and token from the call before it goes out: the same
//!   call again, with the same key, has no second effect.
//! - A reply that did not come is [`Class::UnknownOutcome`], never a failure.
//! - [`Observation::Absent`] is said only where absence was seen; else [`Observation::CannotTell`].
//! - No call outlives its [`Call::deadline`].

pub mod executor;
pub mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use executor::{Executor, Intent, Job, Listener, Ran, SEALED};
pub use file::File;

/// Where an effect takes place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The runtime's own name for it, which outlives renames.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What the target says it is (for a cluster the UID of its `kube-system` namespace); `None` before first contact.
    pub identity: Option<String>,
    /// How it is reached.
    pub connection: Connection,
}

/// How a target is reached; credentials by reference, never by value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    /// The runtime's own machine.
    Local,
    /// A context of a kubeconfig file.
    Kubeconfig {
        /// The file.
        path: String,
        /// The context; `None` for the file's current one.
        context: Option<String>,
    },
}

/// What every call comes with.
#[derive(Clone, Debug)]
pub struct Call {
    /// Where.
    pub target: Target,
    /// The call ends by then, whatever happens.
    pub deadline: Duration,
}

/// One instance of a node, as a provider is to see it. Whoever prints it sees no property's value.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// The deployment's identity: stable, unique, a label value.
    pub deployment: String,
    /// The deployment's name.
    pub deployment_name: String,
    /// The instance, as people see it: `config["east"]`.
    pub instance: String,
    /// Its node type, by full name.
    pub node_type: String,
    /// The types that this extends, nearest first: what a provider keeps for a type, it keeps for those that extend it.
    #[serde(default)]
    pub extends: Vec<String>,
    /// Its properties, resolved: plain JSON, quantities, versions and timestamps as their texts, a
    /// file of the plan as [`File`] says. Empty when only its [`Subject::record`] is known. For a
    /// deletion, a mark stands in the place of each secret.
    pub properties: BTreeMap<String, Json>,
    /// Which parts of the properties are secret, as paths (`parameters.Password`): nothing of them may
    /// be in a record, a handle, a failure or a log; in an attribute only where its type says that it is secret, too.
    pub secret: BTreeSet<String>,
    /// The properties of its account: region, endpoint, which credentials. Empty for the runtime's own.
    pub account: BTreeMap<String, Json>,
    /// Labels of blueprint and node.
    pub labels: BTreeMap<String, String>,
    /// Stands for all of the above: another one says that something of it, perhaps a secret, changed.
    pub digest: String,
    /// The properties of other subjects that were begun for this instance and did not come to their end,
    /// oldest first: under the names in them something may be there of which no record tells. A
    /// provider that can be given another name looks there, and clears what it finds to be its own.
    pub earlier: Vec<BTreeMap<String, Json>>,
    /// What the provider said when it last changed it.
    pub record: Option<Record>,
    /// Names that the instance had, oldest first: an object that bears one of them is its own.
    #[serde(default)]
    pub was: Vec<String>,
    /// The properties that were last applied, for those who are asked what differs: of files not the content,
    /// and a mark in the place of each secret. None where they are not known.
    #[serde(default)]
    pub applied: Option<BTreeMap<String, Json>>,
    /// Others have changed the object, and a person wants it as it is wanted here: what is said here is taken back from
    /// whoever has it.
    #[serde(default)]
    pub takes_back: bool,
}

impl Subject {
    /// Its node type and those that this extends, nearest first.
    pub fn line(&self) -> Vec<&str> {
        [&self.node_type].into_iter().chain(&self.extends).map(String::as_str).collect()
    }

    /// The properties with nothing in them that is secret: what may be remembered and shown.
    pub fn shown(&self) -> BTreeMap<String, Json> {
        let mut shown = self.properties.clone();
        for path in &self.secret {
            let mut keys = path.split('.');
            let first = keys.next().and_then(|key| shown.get_mut(key));
            let part = keys.fold(first, |part, key| part?.get_mut(key));
            match part {
                Some(part) => *part = Json::String("‹secret›".to_owned()),
                // Not where it was said to be: nothing of the property is shown.
                None => drop(path.split('.').next().and_then(|name| shown.remove(name))),
            }
        }
        shown
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("instance", &self.instance)
            .field("node_type", &self.node_type)
            .field("properties", &self.properties.keys())
            .finish_non_exhaustive()
    }
}

/// What a provider remembers of an object, in its own words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The version of the provider's words.
    pub version: u32,
    /// The words.
    pub body: Json,
}

/// What is really there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observation {
    /// It is there.
    Present(Present),
    /// It is not there.
    Absent,
    /// It can't be told, and why.
    CannotTell(String),
}

/// An object that is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Present {
    /// The object as the target has it.
    pub live: Json,
    /// Attributes, by name.
    pub attributes: BTreeMap<String, Json>,
    /// Whether it is ours: a deployment's object under the same name is not.
    pub owned: bool,
}

/// What is to be done to an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Nothing: it is as it is wanted.
    None,
    /// Make it.
    Create,
    /// Change it in place.
    Update(Vec<FieldChange>),
    /// It can't be changed in place: delete, then make.
    Replace {
        /// Which fields force it.
        because: Vec<FieldChange>,
    },
    /// Remove it.
    Delete,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// A path from the object's root: `spec.replicas`.
    pub path: String,
    /// What is wanted.
    pub desired: Option<Json>,
    /// What was last applied.
    pub applied: Option<Json>,
    /// What is there.
    pub live: Option<Json>,
}

/// An object that was there before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adopted {
    /// Which it is, in the provider's words: `shop/orders`.
    pub id: String,
    /// What to remember of it.
    pub record: Record,
}

/// How a change stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Finished: the object is as wanted, and healthy (or gone).
    Done(Done),
    /// The target has taken it on; ask again with the handle.
    Accepted {
        /// What to ask with.
        handle: Handle,
        /// What it waits for, in a few words: `1 of 3 replicas available`.
        waiting_for: String,
    },
}

/// A finished change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// What to remember; `None` after a deletion.
    pub record: Option<Record>,
    /// Attributes, by name.
    pub attributes: BTreeMap<String, Json>,
}

/// What a long call is asked after with; survives a crash of the runtime.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Handle {
    /// The version of the provider's words.
    pub version: u32,
    /// The words.
    pub body: Json,
    /// What is already known of the object, so that a crash in the wait loses nothing.
    pub record: Option<Record>,
}

/// Whether an object that is there works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It works.
    Healthy,
    /// It is on its way, and what it waits for.
    Progressing(String),
    /// It does not work, and why.
    Failed(String),
}

/// Something that is there to be chosen from, or a fact of a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Discovery {
    /// What the target says it is.
    pub identity: String,
    /// What is known of it (`version`, `apis` …).
    pub facts: BTreeMap<String, Json>,
}

/// What a failure means for what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// May pass by itself: try again, later.
    Transient,
    /// Will not pass by itself.
    Permanent,
    /// Somebody else holds what is to be changed.
    Conflict,
    /// Nobody knows whether it happened: observe first.
    UnknownOutcome,
}

/// A call that failed. Serialisable, because it is journaled; it holds no secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What it means.
    pub class: Class,
    /// What happened, in one sentence, with the target's own words where it gave some.
    pub message: String,
    /// The property that it is about, as a path into the subject's properties (`data.region`), where that is known.
    pub property: Option<String>,
    /// What to do.
    pub help: Option<String>,
    /// What the target asked to wait before the next try.
    pub retry_after: Option<Duration>,
    /// The target itself does not answer: everything on it waits, not this alone.
    pub unreachable: bool,
}

impl Failure {
    /// A failure of this class.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            property: None,
            help: None,
            retry_after: None,
            unreachable: false,
        }
    }

    /// With this advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Converges objects of one kind of target.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The name by which node types ask for it.
    fn name(&self) -> &'static str;

    /// Why it can't keep a node of a type, which is given with those that it extends, nearest first.
    fn refuses(&self, _line: &[&str]) -> Option<Failure> {
        None
    }

    /// The properties by which what a node of a type (with those that this extends, nearest first) makes is told from
    /// all else of its kind on its target; none where the target gives it a name.
    fn told_by(&self, _line: &[&str]) -> &'static [&'static str] {
        &[]
    }

    /// What is really there.
    async fn observe(&self, call: &Call, subject: &Subject) -> Result<Observation, Failure>;

    /// What to do to get from what is there to what is wanted. Pure.
    fn diff(&self, subject: &Subject, observed: &Observation) -> Result<Change, Failure>;

    /// Starts a change. `key` stands for one intended effect.
    async fn begin(
        &self,
        call: &Call,
        subject: &Subject,
        change: &Change,
        key: &str,
    ) -> Result<Progress, Failure>;

    /// How a change that was accepted is going.
    async fn poll(
        &self,
        call: &Call,
        subject: &Subject,
        handle: &Handle,
    ) -> Result<Progress, Failure>;

    /// Stops waiting for a change, and the change itself where the target can.
    async fn cancel(&self, call: &Call, subject: &Subject, handle: &Handle) -> Result<(), Failure>;

    /// Whether what is there works.
    async fn health(&self, call: &Call, subject: &Subject) -> Result<Health, Failure>;

    /// The object that is there already and is to be the subject's: the one that `id` names in the provider's
    /// words, else the one that the subject names. Nothing is done to it.
    async fn adopt(
        &self,
        _call: &Call,
        subject: &Subject,
        _id: Option<&str>,
    ) -> Result<Adopted, Failure> {
        let (name, kind) = (self.name(), &subject.node_type);
        let message = format!("the provider `{name}` can't adopt a `{kind}`");
        Err(Failure::new(Class::Permanent, message))
    }

    /// Who the target is, and what is known of it.
    async fn discover(&self, call: &Call) -> Result<Discovery, Failure>;

    /// How long to wait between two polls of the same handle.
    fn poll_every(&self) -> Duration {
        Duration::from_millis(500)
    }
}
