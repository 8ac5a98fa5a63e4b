//! A home of the journal in memory: for tests, and for what need not outlive the process.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::chain::{self, Head};
use crate::clock::Clock;
use crate::event::Envelope;
use crate::store::{Append, BlobDigest, Store, StoreError};

/// A journal in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    shelves: Mutex<Shelves>,
    clock: Clock,
}

#[derive(Debug, Default)]
struct Shelves {
    streams: BTreeMap<String, Vec<Envelope>>,
    blobs: BTreeMap<BlobDigest, Vec<u8>>,
}

impl MemoryStore {
    /// An empty journal.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty journal whose events bear this clock's time, in milliseconds since 1970.
    #[must_use]
    pub fn with_clock(now_ms: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self { clock: Clock::of(now_ms), ..Self::default() }
    }

    /// No writer leaves the shelves half-changed, so that a panic elsewhere does not spoil them.
    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn append(&self, append: Append) -> Result<Vec<Envelope>, StoreError> {
        let mut shelves = self.shelves();
        if let Some((stream, expected)) = append.owner {
            let actual = shelves.streams.get(&stream).map_or(0, |events| events.len() as u64);
            if actual != expected {
                return Err(StoreError::Conflict { stream, expected, actual });
            }
        }
        let head = shelves
            .streams
            .get(&append.stream)
            .and_then(|events| events.last())
            .map(Head::of)
            .unwrap_or_default();
        if head.sequence != append.expected {
            return Err(StoreError::Conflict {
                stream: append.stream,
                expected: append.expected,
                actual: head.sequence,
            });
        }
        let stamped = chain::stamp(&append.stream, &head, self.clock.now_ms(), append.events);
        for blob in append.blobs {
            shelves.blobs.insert(chain::digest(&blob), blob);
        }
        if !stamped.is_empty() {
            let stream = shelves.streams.entry(append.stream).or_default();
            stream.extend(stamped.iter().cloned());
        }
        Ok(stamped)
    }

    async fn read(&self, stream: &str, after: u64) -> Result<Vec<Envelope>, StoreError> {
        let shelves = self.shelves();
        let events = shelves.streams.get(stream).map_or(&[][..], Vec::as_slice);
        let seen = usize::try_from(after).unwrap_or(usize::MAX).min(events.len());
        Ok(events.get(seen..).unwrap_or_default().to_vec())
    }

    async fn streams(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        Ok(self
            .shelves()
            .streams
            .range(prefix.to_owned()..)
            .take_while(|(name, _)| name.starts_with(prefix))
            .map(|(name, events)| (name.clone(), events.len() as u64))
            .collect())
    }

    async fn put_blob(&self, bytes: Vec<u8>) -> Result<BlobDigest, StoreError> {
        let digest = chain::digest(&bytes);
        self.shelves().blobs.insert(digest.clone(), bytes);
        Ok(digest)
    }

    async fn blob(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let bytes = self.shelves().blobs.get(digest).cloned();
        bytes.map(|bytes| chain::check_blob(digest, bytes)).transpose()
    }
}
