//! What carries operations out: a script, a call over a network.
//!
//! A provider converges objects; an executor makes single calls, each of which is made once.
//!
//! # What an executor promises
//!
//! - One key and turn is one call: asked for it again, by this process or by the next after a death, it
//!   goes on with what was begun, and never begins twice.
//! - What it can't know is [`Class::UnknownOutcome`](crate::Class::UnknownOutcome), never a failure.
//! - The call ends by its deadline, whether or not anybody still waits for it.
//! - Nothing of what is secret is written anywhere.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;

use crate::{Failure, Subject};

/// A call to be made.
#[derive(Clone)]
pub struct Job {
    /// Of which instance, and with what: among its properties are `value` (what the kind of
    /// implementation asks), `args`, `env` and `files`, each left out where nothing is given.
    pub subject: Subject,
    /// Which operation: `lifecycle.create`.
    pub operation: String,
    /// Stands for this one intended effect, through every try.
    pub key: String,
    /// Which start this is under its key, from 1.
    pub turn: u32,
    /// What is to become of it.
    pub intent: Intent,
    /// It ends by then, counted from its start.
    pub deadline: Duration,
    /// Somebody asks for its result.
    pub wants_result: bool,
    /// Its result is secret: it is kept nowhere but sealed with age for this recipient, and given so: as
    /// `{"$age": …}` ([`SEALED`]).
    pub seal_for: Option<String>,
    /// Texts that must not be seen, each with what stands in its place.
    pub hidden: Vec<(String, String)>,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("subject", &self.subject)
            .field("operation", &self.operation)
            .field("key", &self.key)
            .field("turn", &self.turn)
            .field("intent", &self.intent)
            .finish_non_exhaustive()
    }
}

/// The name under which a sealed result stands, in base64.
pub const SEALED: &str = "$age";

/// What is to become of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// It is carried out; one that was begun is waited for.
    CarryOut,
    /// One that was begun is waited for; another is not begun any more.
    WaitFor,
    /// One that was begun is stopped.
    Stop,
    /// It only looks: nothing needs to be found of it again, and no other call has its key.
    Look,
}

/// A call that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// What it gave.
    pub outcome: Result<Json, Failure>,
    /// What it wrote, bounded: to be kept.
    pub output: Vec<u8>,
}

/// Is told what a call says while it goes on.
pub trait Listener: Send + Sync {
    /// A line that it wrote.
    fn line(&self, line: &str);
}

/// Carries out operations of one kind of implementation.
#[async_trait]
pub trait Executor: Send + Sync {
    /// The data type of the implementations that it carries out, by full name: `std.Script`.
    fn kind(&self) -> &'static str;

    /// Makes a call, or goes on with it; returns when it has ended. Who drops the future only stops
    /// waiting.
    async fn run(&self, job: Job, listener: &dyn Listener) -> Ran;
}
