//! The chain of hashes that holds a stream together, and the stamping of new events: for every home.
//!
//! It must never know where events are kept.

use sha2::{Digest, Sha256};

use crate::compaction::Mark;
use crate::event::{Envelope, NewEvent};
use crate::store::{BlobDigest, StoreError};

/// Where a stream ends: what the next event is chained to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The last event's sequence; 0 for a stream without events.
    pub sequence: u64,
    /// The last event's hash; empty for a stream without events.
    pub hash: String,
    /// The last event's time.
    pub time_ms: i64,
}

impl Head {
    /// The head after this event.
    pub fn of(event: &Envelope) -> Self {
        Self { sequence: event.sequence, hash: event.hash.clone(), time_ms: event.time_ms }
    }

    /// By which the last event is known again.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { sequence: self.sequence, hash: self.hash.clone() }
    }
}

/// Chains new events to the head of a stream.
pub fn stamp(stream: &str, head: &Head, now_ms: i64, events: Vec<NewEvent>) -> Vec<Envelope> {
    let mut head = head.clone();
    let mut stamped = Vec::with_capacity(events.len());
    for event in events {
        let sequence = head.sequence + 1;
        let mut envelope = Envelope {
            id: id(stream, sequence),
            stream: stream.to_owned(),
            sequence,
            time_ms: now_ms.max(head.time_ms),
            hash: String::new(),
            event,
        };
        envelope.hash = hash(&head.hash, &envelope);
        head = Head::of(&envelope);
        stamped.push(envelope);
    }
    stamped
}

/// Checks that these events are all that a stream has after a sequence (0 for its beginning), each as it was
/// written; `previous` is the hash of the event before.
pub fn check_after(
    stream: &str,
    after: u64,
    previous: &str,
    events: &[Envelope],
) -> Result<(), StoreError> {
    let mut previous = previous;
    for (event, expected) in events.iter().zip(after + 1..) {
        if event.sequence != expected {
            return Err(StoreError::Corrupt(format!(
                "the journal has lost event {expected} of `{stream}`: it was damaged or changed \
                 by hand; restore it from a backup"
            )));
        }
        check_event(previous, event)?;
        previous = &event.hash;
    }
    Ok(())
}

/// Checks that these events follow what somebody knows of their stream, where none between was dropped.
pub fn check_known(stream: &str, mark: &Mark, events: &[Envelope]) -> Result<(), StoreError> {
    let is_next = |event: &&Envelope| mark.sequence > 0 && event.sequence == mark.sequence + 1;
    match events.first().filter(is_next) {
        None => Ok(()),
        Some(next) => check_after(stream, mark.sequence, &mark.hash, std::slice::from_ref(next)),
    }
}

/// What is told of a snapshot that is not what was kept.
pub fn spoiled(stream: &str) -> StoreError {
    StoreError::Corrupt(format!(
        "the snapshot of `{stream}` is not what was kept: it was damaged or changed by hand; events are read instead"
    ))
}

/// Checks that an event is the one that was chained to the one before.
pub fn check_event(previous: &str, envelope: &Envelope) -> Result<(), StoreError> {
    if hash(previous, envelope) == envelope.hash {
        return Ok(());
    }
    Err(StoreError::Corrupt(format!(
        "event {} of the journal is not what was written: it was damaged or changed by hand; \
         restore the journal from a backup",
        envelope.id
    )))
}

/// Checks that a stream's events, from its first on, are chained without gaps, each as it was written.
pub fn check(events: &[Envelope]) -> Result<(), StoreError> {
    let mut head = Head::default();
    for event in events {
        if event.sequence != head.sequence + 1 || event.time_ms < head.time_ms {
            return Err(StoreError::Corrupt(format!(
                "event {} of the journal does not follow event {} of its stream",
                event.id, head.sequence
            )));
        }
        check_event(&head.hash, event)?;
        head = Head::of(event);
    }
    Ok(())
}

/// The id of an event.
pub fn id(stream: &str, sequence: u64) -> String {
    format!("{stream}#{sequence}")
}

/// The digest of a blob.
pub fn digest(bytes: &[u8]) -> BlobDigest {
    hexadecimal(&Sha256::digest(bytes))
}

/// Checks a blob against the digest it was stored under.
pub fn check_blob(named: &str, bytes: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    if digest(&bytes) == named {
        return Ok(bytes);
    }
    Err(StoreError::Corrupt(format!(
        "the journal's blob {named} is not what was stored: it was damaged or changed by hand; \
         restore it from a backup"
    )))
}

/// SHA-256 over the hash before and every field, each with its length, so that no two events read alike.
fn hash(previous: &str, envelope: &Envelope) -> String {
    let event = &envelope.event;
    let mut hasher = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    field(previous.as_bytes());
    field(envelope.stream.as_bytes());
    field(&envelope.sequence.to_be_bytes());
    field(&envelope.time_ms.to_be_bytes());
    field(event.kind.as_bytes());
    field(&event.version.to_be_bytes());
    field(&event.epoch.to_be_bytes());
    field(event.actor.as_bytes());
    for optional in [&event.run, &event.cause] {
        field(&[u8::from(optional.is_some())]);
        field(optional.as_deref().unwrap_or_default().as_bytes());
    }
    field(event.payload.as_bytes());
    hexadecimal(&hasher.finalize())
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
