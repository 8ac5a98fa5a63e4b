//! What a home of the journal must do: a database's and a test's in memory.

use std::time::Duration;

use async_trait::async_trait;

use crate::chain;
use crate::compaction::{Compaction, Extent, Freed, Mark};
use crate::event::{Envelope, NewEvent};

/// The SHA-256 of a blob, in hexadecimal digits.
pub type BlobDigest = String;

/// One atomic addition to one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Append {
    /// Which stream.
    pub stream: String,
    /// The sequence of the stream's last event as the writer knows it; 0 for a new stream. The fencing token.
    pub expected: u64,
    /// Another stream that must end there, or nothing is added: that by which the writer owns this one.
    pub owner: Option<(String, u64)>,
    /// What is added, in order.
    pub events: Vec<NewEvent>,
    /// Blobs that the events name, stored with them; the store computes the digests.
    pub blobs: Vec<Vec<u8>>,
}

/// Why the store did not do it. Nothing of the append is then there.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else wrote to the stream first.
    #[error(
        "another process wrote to `{stream}`: expected its last event to be {expected}, it is {actual}"
    )]
    Conflict {
        /// Which stream.
        stream: String,
        /// What the writer expected.
        expected: u64,
        /// What is there.
        actual: u64,
    },
    /// Another living process has the store open for writing this deployment.
    #[error("{0}")]
    Locked(String),
    /// Another process works on it, or died without a word: its lease has not run out.
    #[error("{holder} is working on `{name}`: its lease runs out in {} s", left.as_secs() + 1)]
    Held {
        /// What is leased.
        name: String,
        /// Who has it.
        holder: String,
        /// Which of its leases this is.
        epoch: u64,
        /// How long it goes on if it is not renewed.
        left: Duration,
    },
    /// The lease under which this process wrote is another's now.
    #[error("this process no longer has the lease of `{name}`: {holder} has taken it over")]
    LeaseLost {
        /// What was leased.
        name: String,
        /// Who has it now.
        holder: String,
    },
    /// The home can't be used as it is, and waiting does not help.
    #[error("{0}")]
    Refused(String),
    /// The home did not answer for as long as it was waited for.
    #[error("{0}")]
    Away(String),
    /// No room on the disk.
    #[error("the disk that holds {path} is full")]
    Full {
        /// Where the store is.
        path: String,
    },
    /// What is stored is not what was stored.
    #[error("{0}")]
    Corrupt(String),
    /// Anything else, with what was attempted.
    #[error("{doing}: {source}")]
    Other {
        /// What was attempted, on what.
        doing: String,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// The same error, for one more that it concerns.
    #[must_use]
    pub fn again(&self) -> Self {
        match self {
            Self::Conflict { stream, expected, actual } => {
                Self::Conflict { stream: stream.clone(), expected: *expected, actual: *actual }
            }
            Self::Locked(why) => Self::Locked(why.clone()),
            Self::Held { name, holder, epoch, left } => Self::Held {
                name: name.clone(),
                holder: holder.clone(),
                epoch: *epoch,
                left: *left,
            },
            Self::LeaseLost { name, holder } => {
                Self::LeaseLost { name: name.clone(), holder: holder.clone() }
            }
            Self::Refused(why) => Self::Refused(why.clone()),
            Self::Away(why) => Self::Away(why.clone()),
            Self::Full { path } => Self::Full { path: path.clone() },
            Self::Corrupt(why) => Self::Corrupt(why.clone()),
            Self::Other { doing, source } => {
                Self::Other { doing: doing.clone(), source: source.to_string().into() }
            }
        }
    }
}

/// A home of the journal.
#[async_trait]
pub trait Store: Send + Sync {
    /// Adds to one stream; durable when it returns. Appends that wait at the same time share one commit.
    async fn append(&self, append: Append) -> Result<Vec<Envelope>, StoreError>;

    /// The events of a stream after a sequence (0 for all), in order. Those that were dropped are not among them.
    async fn read(&self, stream: &str, after: u64) -> Result<Vec<Envelope>, StoreError>;

    /// The events of several streams, of each those after what is known of it; what is known must still be true.
    async fn read_each(
        &self,
        known: Vec<(String, Mark)>,
    ) -> Result<Vec<Vec<Envelope>>, StoreError> {
        let mut all = Vec::with_capacity(known.len());
        for (stream, mark) in known {
            let events = self.read(&stream, mark.sequence).await?;
            chain::check_known(&stream, &mark, &events)?;
            all.push(events);
        }
        Ok(all)
    }

    /// The streams whose names begin so, with the sequence of each one's last event, sorted by name.
    async fn streams(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError>;

    /// The same streams, with the first and the last that each still has.
    async fn extents(&self, prefix: &str) -> Result<Vec<Extent>, StoreError>;

    /// Stores bytes under their digest.
    async fn put_blob(&self, bytes: Vec<u8>) -> Result<BlobDigest, StoreError>;

    /// The bytes of a digest, if they are there; checked against it.
    async fn blob(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Drops the first events of streams, and the blobs that nothing names any more, all at once or not at all.
    async fn compact(&self, compaction: Compaction) -> Result<Freed, StoreError> {
        Err(StoreError::Refused(format!("`{}` can't be compacted here", compaction.append.stream)))
    }

    /// What was last kept for a stream, so that what it was made of need not be read again; checked against its
    /// digest. It may be missing at any time.
    async fn snapshot(&self, _stream: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }

    /// Keeps something for a stream in the place of what was kept before.
    async fn put_snapshot(&self, _stream: &str, _bytes: Vec<u8>) -> Result<(), StoreError> {
        Ok(())
    }
}
