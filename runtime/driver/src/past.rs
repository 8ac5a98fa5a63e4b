//! A journal as it was: every stream ends where it ended then, and nothing can be appended. What was dropped can't be
//! told of any more.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bp_engine::{Event, Stream};
use bp_journal::{Append, BlobDigest, Envelope, Extent, Mark, Store, StoreError};

use crate::deployments::Deployments;
use crate::error::DriverError;
use crate::kept::Kept;
use crate::timeline::Told;

/// A moment of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// This time, in milliseconds since 1970.
    Time(i64),
    /// When this event was the last, by its number.
    Event(u64),
    /// Before the next revision was planned.
    Revision(u64),
}

/// A deployment as it was.
#[derive(Clone)]
pub struct Past {
    /// Answers as it would have answered then.
    pub deployments: Deployments,
    /// The last event before the moment.
    pub last: Box<Told>,
    /// How many events there are by now.
    pub events: u64,
}

/// Why there is nothing to be told of a moment.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    /// The deployment was not there yet.
    #[error("it was not there yet")]
    Before {
        /// When it was made, in milliseconds since 1970.
        created_ms: i64,
    },
    /// What happened by then was dropped.
    #[error("what happened by then was dropped when its journal was compacted")]
    Compacted {
        /// The first event that is still there.
        first: u64,
        /// When the last one happened that is not, in milliseconds since 1970.
        until_ms: i64,
    },
    /// There is no such event.
    #[error("it has {last} events, and no event {asked}")]
    NoEvent {
        /// Which was asked for.
        asked: u64,
        /// How many there are.
        last: u64,
    },
    /// There is no such revision.
    #[error("its newest revision is {last}, and there is no revision {asked}")]
    NoRevision {
        /// Which was asked for.
        asked: u64,
        /// The newest.
        last: u64,
    },
    /// The journal can't be read.
    #[error(transparent)]
    Driver(#[from] DriverError),
}

impl Deployments {
    /// A deployment as it was at a moment.
    pub async fn at(&self, id: &str, moment: Moment) -> Result<Past, PastError> {
        let told = self.history(id).await?;
        let floor = self.floor(id, &told).await?;
        let events = told.last().map_or(0, |last| last.number);
        let count = count(&told, floor.as_deref(), moment)?;
        let Some(last) = count.checked_sub(1).and_then(|at| told.get(at)) else {
            return Err(match gone(&told, floor.as_deref()) {
                Some(compacted) => compacted,
                None => PastError::Before {
                    created_ms: told.first().map_or(0, |first| first.envelope.time_ms),
                },
            });
        };
        let deployments = self.until(told.get(..count).unwrap_or_default(), floor);
        Ok(Past { deployments, last: Box::new(last.clone()), events })
    }

    /// As it was after these events, which are all up to then.
    pub(crate) fn until(&self, told: &[Told], floor: Option<Arc<Kept>>) -> Self {
        let mut ends = BTreeMap::new();
        for (name, mark) in floor.iter().flat_map(|floor| &floor.heads) {
            ends.insert(name.clone(), mark.sequence);
        }
        for one in told {
            ends.insert(one.envelope.stream.clone(), one.envelope.sequence);
        }
        let inner = self.store().clone();
        Self::behind(Arc::new(Until { inner, ends }), floor)
    }

    /// Where in all that happened a moment begins; the first that is still there, where that was dropped.
    pub async fn since(&self, id: &str, told: &[Told], moment: Moment) -> Result<usize, PastError> {
        let floor = self.floor(id, told).await?;
        match since(told, floor.as_deref(), moment) {
            Err(PastError::Compacted { .. }) => Ok(0),
            found => found,
        }
    }
}

/// Why nothing is told of what was before all that is still there; none where nothing was dropped.
fn gone(told: &[Told], floor: Option<&Kept>) -> Option<PastError> {
    let compacted = floor?.compacted()?;
    let first = told.first().map_or(compacted.0 + 1, |first| first.number);
    Some(PastError::Compacted { first, until_ms: compacted.1 })
}

/// How many of the events had happened.
fn count(told: &[Told], floor: Option<&Kept>, moment: Moment) -> Result<usize, PastError> {
    let until =
        |is_later: &dyn Fn(&Told) -> bool| told.iter().position(is_later).unwrap_or(told.len());
    match moment {
        Moment::Time(ms) => Ok(until(&|one| one.envelope.time_ms > ms)),
        Moment::Event(asked) => {
            let last = told.last().map_or(0, |last| last.number);
            if asked == 0 || asked > last {
                return Err(PastError::NoEvent { asked, last });
            }
            Ok(until(&|one| one.number > asked))
        }
        Moment::Revision(asked) => {
            let planned = |one: &Told| match one.event {
                Event::RevisionPlanned { revision, .. } => Some(revision),
                _ => None,
            };
            let before =
                floor.and_then(|floor| floor.state.revision()).map_or(0, |(newest, _)| newest);
            let last = told.iter().filter_map(planned).max().unwrap_or(before);
            if asked == 0 || asked > last {
                return Err(PastError::NoRevision { asked, last });
            }
            if asked < before
                && let Some(gone) = gone(told, floor)
            {
                return Err(gone);
            }
            let next = until(&|one| planned(one).is_some_and(|number| number > asked));
            Ok(if next == told.len() { next } else { begin_of_append(told, next) })
        }
    }
}

/// Where the append begins by which somebody took the deployment over to write this event.
pub(crate) fn begin_of_append(told: &[Told], at: usize) -> usize {
    let Some(epoch) = told.get(at).map(|one| one.envelope.event.epoch) else { return at };
    let is_same = |one: &&Told| {
        matches!(one.stream, Stream::Deployment(_)) && one.envelope.event.epoch == epoch
    };
    at - told.iter().take(at).rev().take_while(is_same).count()
}

/// Where in all that happened a moment begins.
fn since(told: &[Told], floor: Option<&Kept>, moment: Moment) -> Result<usize, PastError> {
    match moment {
        Moment::Time(ms) => {
            let first = told.iter().position(|one| one.envelope.time_ms >= ms);
            Ok(first.unwrap_or(told.len()))
        }
        Moment::Event(_) => Ok(count(told, floor, moment)?.saturating_sub(1)),
        Moment::Revision(1) => count(told, floor, moment).map(|_| 0),
        Moment::Revision(number) => {
            count(told, floor, moment)?;
            count(told, floor, Moment::Revision(number - 1))
        }
    }
}

/// See the module.
pub(crate) struct Until {
    pub(crate) inner: Arc<dyn Store>,
    /// The last event of each stream.
    pub(crate) ends: BTreeMap<String, u64>,
}

#[async_trait]
impl Store for Until {
    async fn append(&self, append: Append) -> Result<Vec<Envelope>, StoreError> {
        Err(read_only(&append.stream))
    }

    async fn read(&self, stream: &str, after: u64) -> Result<Vec<Envelope>, StoreError> {
        let end = self.ends.get(stream).copied().unwrap_or(0);
        if end <= after {
            return Ok(Vec::new());
        }
        let mut events = self.inner.read(stream, after).await?;
        events.retain(|event| event.sequence <= end);
        Ok(events)
    }

    async fn streams(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let begin = self.ends.range(prefix.to_owned()..);
        let named = begin.take_while(|(name, _)| name.starts_with(prefix));
        Ok(named.map(|(name, end)| (name.clone(), *end)).collect())
    }

    async fn extents(&self, prefix: &str) -> Result<Vec<Extent>, StoreError> {
        let mut extents = self.inner.extents(prefix).await?;
        extents.retain(|extent| self.ends.contains_key(&extent.stream));
        for Extent { stream, floor, end } in &mut extents {
            let last = self.ends.get(stream).copied().unwrap_or_default();
            let events = self.inner.read(stream, last.saturating_sub(1)).await?;
            let event = events.into_iter().find(|event| event.sequence == last);
            *end = event.map_or(floor.clone(), |event| Mark { sequence: last, hash: event.hash });
        }
        Ok(extents)
    }

    async fn put_blob(&self, _: Vec<u8>) -> Result<BlobDigest, StoreError> {
        Err(read_only("blobs"))
    }

    async fn blob(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.blob(digest).await
    }
}

/// Nothing is added to what is only looked at.
pub(crate) fn read_only(what: &str) -> StoreError {
    let source = std::io::Error::other("what was is not changed any more");
    StoreError::Other { doing: format!("can't write to `{what}`"), source: Box::new(source) }
}
