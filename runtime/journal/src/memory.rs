//! A home of the journal in memory: for tests, and for what need not outlive the process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::chain::{self, Head};
use crate::clock::Clock;
use crate::compaction::{Compaction, Extent, Freed, Mark, digests, reachable};
use crate::event::Envelope;
use crate::store::{Append, BlobDigest, Store, StoreError};

/// A journal in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    shelves: Mutex<Shelves>,
    clock: Clock,
}

#[derive(Clone, Debug, Default)]
struct Shelves {
    streams: BTreeMap<String, Shelf>,
    blobs: BTreeMap<BlobDigest, Vec<u8>>,
    snapshots: BTreeMap<String, Vec<u8>>,
}

/// A stream.
#[derive(Clone, Debug, Default)]
struct Shelf {
    /// The last event that was dropped.
    floor: Mark,
    events: Vec<Envelope>,
    head: Head,
}

impl Shelf {
    /// Drops the events up to this one.
    fn drop_until(&mut self, until: u64) -> Vec<Envelope> {
        let gone = self.events.iter().take_while(|event| event.sequence <= until).count();
        let gone: Vec<Envelope> = self.events.drain(..gone).collect();
        if let Some(last) = gone.last() {
            self.floor = Head::of(last).mark();
        }
        gone
    }
}

impl Shelves {
    fn append(&mut self, append: Append, now_ms: i64) -> Result<Vec<Envelope>, StoreError> {
        let end = |stream: &str| self.streams.get(stream).map_or(0, |row| row.head.sequence);
        if let Some((stream, expected)) = append.owner {
            let actual = end(&stream);
            if actual != expected {
                return Err(StoreError::Conflict { stream, expected, actual });
            }
        }
        let (expected, actual) = (append.expected, end(&append.stream));
        let stream = append.stream;
        if actual != expected {
            return Err(StoreError::Conflict { stream, expected, actual });
        }
        let head = self.streams.get(&stream).map(|row| row.head.clone()).unwrap_or_default();
        let stamped = chain::stamp(&stream, &head, now_ms, append.events);
        for blob in append.blobs {
            self.blobs.insert(chain::digest(&blob), blob);
        }
        if let Some(last) = stamped.last() {
            let row = self.streams.entry(stream).or_default();
            row.head = Head::of(last);
            row.events.extend(stamped.iter().cloned());
        }
        Ok(stamped)
    }

    fn compact(&mut self, compaction: Compaction, now_ms: i64) -> Result<Freed, StoreError> {
        self.snapshots.remove(&compaction.append.stream);
        let written = self.append(compaction.append, now_ms)?;
        let mut gone = Vec::new();
        for (stream, until) in compaction.until {
            gone.extend(self.streams.get_mut(&stream).map(|row| row.drop_until(until)));
        }
        for stream in &compaction.over {
            gone.extend(self.streams.remove(stream).map(|row| row.events));
        }
        let gone: Vec<Envelope> = gone.into_iter().flatten().collect();
        let events = self.streams.values().flat_map(|row| &row.events);
        let named: BTreeSet<String> = events
            .flat_map(|event| digests(event.event.payload.as_bytes()))
            .map(str::to_owned)
            .collect();
        let kept = reachable(named, |digest| Ok(self.blobs.get(digest).cloned()))?;
        let mut freed = Freed { events: gone.len() as u64, written, ..Freed::default() };
        freed.bytes = gone.iter().map(|event| event.event.payload.len() as u64).sum();
        self.blobs.retain(|digest, bytes| {
            let is_kept = kept.contains(digest);
            freed.blobs += u64::from(!is_kept);
            freed.bytes += if is_kept { 0 } else { bytes.len() as u64 };
            is_kept
        });
        Ok(freed)
    }
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
        self.shelves().append(append, self.clock.now_ms())
    }

    async fn read(&self, stream: &str, after: u64) -> Result<Vec<Envelope>, StoreError> {
        let shelves = self.shelves();
        let Some(row) = shelves.streams.get(stream) else { return Ok(Vec::new()) };
        let seen = after.saturating_sub(row.floor.sequence);
        let seen = usize::try_from(seen).unwrap_or(usize::MAX).min(row.events.len());
        Ok(row.events.get(seen..).unwrap_or_default().to_vec())
    }

    async fn streams(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let extents = self.extents(prefix).await?;
        Ok(extents.into_iter().map(|extent| (extent.stream, extent.end.sequence)).collect())
    }

    async fn extents(&self, prefix: &str) -> Result<Vec<Extent>, StoreError> {
        let shelves = self.shelves();
        let begin = shelves.streams.range(prefix.to_owned()..);
        let named = begin.take_while(|(name, _)| name.starts_with(prefix));
        let extent = |(name, row): (&String, &Shelf)| Extent {
            stream: name.clone(),
            floor: row.floor.clone(),
            end: row.head.mark(),
        };
        Ok(named.map(extent).collect())
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

    async fn compact(&self, compaction: Compaction) -> Result<Freed, StoreError> {
        let mut shelves = self.shelves();
        let is_dry = compaction.is_dry;
        let mut after = shelves.clone();
        let freed = after.compact(compaction, self.clock.now_ms())?;
        if !is_dry {
            *shelves = after;
        }
        Ok(freed)
    }

    async fn snapshot(&self, stream: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.shelves().snapshots.get(stream).cloned())
    }

    async fn put_snapshot(&self, stream: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        self.shelves().snapshots.insert(stream.to_owned(), bytes);
        Ok(())
    }
}
