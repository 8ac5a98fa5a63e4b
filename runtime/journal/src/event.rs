//! What the journal keeps of an event: an envelope around bytes that it does not read.

use serde::{Deserialize, Serialize};

/// An event that is to be appended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEvent {
    /// What kind it is: `step-started`.
    pub kind: String,
    /// The version of that kind's payload.
    pub version: u32,
    /// Under which ownership of the deployment it was written.
    pub epoch: u64,
    /// Who caused it: `operator:alice`, `engine`.
    pub actor: String,
    /// The run it belongs to, if any.
    pub run: Option<String>,
    /// The id of the event that led to it, if any.
    pub cause: Option<String>,
    /// JSON text.
    pub payload: String,
}

/// An event as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Unique in the store: `STREAM#SEQUENCE`.
    pub id: String,
    /// Which stream.
    pub stream: String,
    /// Its place in the stream, from 1 without gaps.
    pub sequence: u64,
    /// The store's time when it was appended: milliseconds since 1970, never less than the event's before.
    pub time_ms: i64,
    /// SHA-256 (hexadecimal) over the event before's hash and all of this one.
    pub hash: String,
    /// What was appended.
    #[serde(flatten)]
    pub event: NewEvent,
}
