//! A journal as it was: every stream ends where it ended then, and nothing can be appended.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bp_engine::{Event, Stream};
use bp_journal::{Append, BlobDigest, Envelope, Store, StoreError};

use crate::deployments::Deployments;
use crate::error::DriverError;
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
        let events = told.len() as u64;
        let count = count(&told, moment)?;
        let Some((last, _)) = told.get(..count).and_then(<[Told]>::split_last) else {
            let created_ms = told.first().map_or(0, |first| first.envelope.time_ms);
            return Err(PastError::Before { created_ms });
        };
        let mut ends = BTreeMap::new();
        for one in told.iter().take(count) {
            ends.insert(one.envelope.stream.clone(), one.envelope.sequence);
        }
        let inner = self.store().clone();
        let deployments = Self::new(Arc::new(Until { inner, ends }));
        Ok(Past { deployments, last: Box::new(last.clone()), events })
    }
}

/// How many of the events had happened.
fn count(told: &[Told], moment: Moment) -> Result<usize, PastError> {
    let until =
        |is_later: &dyn Fn(&Told) -> bool| told.iter().position(is_later).unwrap_or(told.len());
    match moment {
        Moment::Time(ms) => Ok(until(&|one| one.envelope.time_ms > ms)),
        Moment::Event(asked) => {
            let last = told.len() as u64;
            if asked == 0 || asked > last {
                return Err(PastError::NoEvent { asked, last });
            }
            Ok(usize::try_from(asked).unwrap_or(usize::MAX))
        }
        Moment::Revision(asked) => {
            let planned = |one: &Told| match one.event {
                Event::RevisionPlanned { revision, .. } => Some(revision),
                _ => None,
            };
            let last = told.iter().filter_map(planned).max().unwrap_or(0);
            if asked == 0 || asked > last {
                return Err(PastError::NoRevision { asked, last });
            }
            let next = until(&|one| planned(one).is_some_and(|number| number > asked));
            let Some(epoch) = told.get(next).map(|one| one.envelope.event.epoch) else {
                return Ok(next);
            };
            // That somebody took the deployment over to plan the next one is the same append.
            let is_same = |one: &&Told| {
                matches!(one.stream, Stream::Deployment(_)) && one.envelope.event.epoch == epoch
            };
            let before = told.iter().take(next).rev();
            Ok(next - before.take_while(is_same).count())
        }
    }
}

/// Where in all that happened a moment begins.
pub fn since(told: &[Told], moment: Moment) -> Result<usize, PastError> {
    match moment {
        Moment::Time(ms) => {
            let first = told.iter().position(|one| one.envelope.time_ms >= ms);
            Ok(first.unwrap_or(told.len()))
        }
        Moment::Event(_) => Ok(count(told, moment)? - 1),
        Moment::Revision(1) => count(told, moment).map(|_| 0),
        Moment::Revision(number) => {
            count(told, moment)?;
            count(told, Moment::Revision(number - 1))
        }
    }
}

/// See the module.
struct Until {
    inner: Arc<dyn Store>,
    /// The last event of each stream.
    ends: BTreeMap<String, u64>,
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
