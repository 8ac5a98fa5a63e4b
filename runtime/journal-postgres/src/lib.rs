//! A home of the journal in PostgreSQL: for runtimes that share it.
//!
//! It knows what `bp-journal` knows: bytes, digests and sequence numbers. Beside that it lends leases: several
//! runtimes work on one database, each on what it has a lease of.
//!
//! Invariants:
//! - an append is one transaction, durable when it is answered; a server that commits before it is on the disk
//!   is refused;
//! - an append under a lease is refused once the lease is another's, whatever any clock says;
//! - an answer that was lost is found again: nothing is written twice, nothing is forgotten;
//! - plain SQL, so that whatever speaks PostgreSQL's protocol and keeps its promises will do: no advisory locks, no
//!   notifications, no functions of its own.
//!
//! A task gathers the appends that wait at the same time into one transaction, in two trips to the server;
//! reads have a connection of their own.

mod failure;
mod lease;
mod link;
mod passfile;
mod reader;
mod schema;
pub mod settings;
mod tls;
mod writer;

use std::sync::Arc;

use async_trait::async_trait;
use bp_journal::{
    Append, BlobDigest, Compaction, Envelope, Extent, Freed, Mark, Store, StoreError,
};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

pub use lease::Holder;
pub use settings::{Given, Settings};

use lease::Lease;
use link::{Link, Outage, Tries};
use writer::{Job, Work, compact};

/// A journal in PostgreSQL. Used inside of a tokio runtime.
#[derive(Clone)]
pub struct PostgresStore {
    settings: Arc<Settings>,
    jobs: mpsc::UnboundedSender<Job>,
    reads: Arc<Link>,
}

impl PostgresStore {
    /// The journal of this database, whose tables are made if they are not there.
    pub async fn open(settings: Settings) -> Result<Self, StoreError> {
        let (store, link) = Self::reach(settings).await?;
        let made = link
            .with("make the journal's tables", |session| async move {
                if session.form.is_none() {
                    schema::make(&session).await?;
                }
                schema::complete(&session).await
            })
            .await;
        if let Err(StoreError::Other { source, .. }) = &made
            && source.to_string().contains("already exists")
        {
            return Err(schema::taken(&store.settings));
        }
        made?;
        // What another process has just made may be of another form.
        link.close().await;
        link.session(&mut Tries::new(&store.settings)).await?;
        Ok(store)
    }

    /// The journal of this database; none where it has no tables of a journal. Nothing is made.
    pub async fn open_existing(settings: Settings) -> Result<Option<Self>, StoreError> {
        let (store, link) = Self::reach(settings).await?;
        let session = link.session(&mut Tries::new(&store.settings)).await?;
        if session.form.is_none() {
            return Ok(None);
        }
        link.with("complete the journal's tables", |session| async move {
            schema::complete(&session).await
        })
        .await?;
        Ok(Some(store))
    }

    async fn reach(settings: Settings) -> Result<(Self, Arc<Link>), StoreError> {
        let settings = Arc::new(settings);
        let outage = Arc::new(Outage::new(settings.clone()));
        let reads = Arc::new(Link::new(settings.clone(), outage.clone()));
        let writes = Arc::new(Link::new(settings.clone(), outage));
        writes.session(&mut Tries::at_first(&settings)).await?;
        let (jobs, waiting) = mpsc::unbounded_channel();
        tokio::spawn(writer::work(settings.clone(), writes.clone(), waiting));
        Ok((Self { settings, jobs, reads }, writes))
    }

    /// Takes the lease of this name, under which alone this process then writes; refused as long as another
    /// holder has it.
    pub async fn hold(&self, name: &str, holder: &Holder) -> Result<Leased, StoreError> {
        let lease = lease::take(&self.reads, &self.settings, name, holder).await?;
        let keep = lease::keep(self.reads.clone(), self.settings.clone(), lease.clone());
        Ok(Leased { store: self.clone(), lease: Arc::new(lease), keeping: tokio::spawn(keep) })
    }

    /// The URL, as people may see it.
    pub fn shown(&self) -> &str {
        self.settings.shown()
    }

    async fn write(
        &self,
        work: Work,
        lease: Option<Arc<Lease>>,
    ) -> Result<Vec<Envelope>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let ended = || failure::other("can't write to the journal", "its connection has ended");
        self.jobs.send(Job::new(work, lease, reply)).map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn append(&self, append: Append) -> Result<Vec<Envelope>, StoreError> {
        self.write(Work::Append(append), None).await
    }

    async fn read(&self, stream: &str, after: u64) -> Result<Vec<Envelope>, StoreError> {
        reader::read(&self.reads, stream, after).await
    }

    async fn read_each(
        &self,
        known: Vec<(String, Mark)>,
    ) -> Result<Vec<Vec<Envelope>>, StoreError> {
        reader::read_each(&self.reads, &known).await
    }

    async fn streams(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let extents = self.extents(prefix).await?;
        Ok(extents.into_iter().map(|extent| (extent.stream, extent.end.sequence)).collect())
    }

    async fn extents(&self, prefix: &str) -> Result<Vec<Extent>, StoreError> {
        reader::extents(&self.reads, prefix).await
    }

    async fn put_blob(&self, bytes: Vec<u8>) -> Result<BlobDigest, StoreError> {
        let digest = bp_journal::chain::digest(&bytes);
        self.write(Work::Blob(bytes), None).await?;
        Ok(digest)
    }

    async fn blob(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        reader::blob(&self.reads, digest).await
    }

    async fn compact(&self, compaction: Compaction) -> Result<Freed, StoreError> {
        compact::compact(&self.settings, None, compaction).await
    }

    async fn snapshot(&self, stream: &str) -> Result<Option<Vec<u8>>, StoreError> {
        reader::snapshot(&self.reads, stream).await
    }

    async fn put_snapshot(&self, stream: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        self.write(Work::Snapshot(stream.to_owned(), bytes), None).await.map(drop)
    }
}

/// A journal that is written to under a lease, which is renewed until it is given back, lost, or dropped.
pub struct Leased {
    store: PostgresStore,
    lease: Arc<Lease>,
    keeping: JoinHandle<()>,
}

impl Leased {
    /// Gives the lease back: who wants it next need not wait.
    pub async fn release(&self) -> Result<(), StoreError> {
        self.keeping.abort();
        lease::release(&self.store.reads, &self.lease).await
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}

#[async_trait]
impl Store for Leased {
    async fn append(&self, append: Append) -> Result<Vec<Envelope>, StoreError> {
        self.store.write(Work::Append(append), Some(self.lease.clone())).await
    }

    async fn read(&self, stream: &str, after: u64) -> Result<Vec<Envelope>, StoreError> {
        self.store.read(stream, after).await
    }

    async fn read_each(
        &self,
        known: Vec<(String, Mark)>,
    ) -> Result<Vec<Vec<Envelope>>, StoreError> {
        self.store.read_each(known).await
    }

    async fn streams(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        self.store.streams(prefix).await
    }

    async fn extents(&self, prefix: &str) -> Result<Vec<Extent>, StoreError> {
        self.store.extents(prefix).await
    }

    async fn put_blob(&self, bytes: Vec<u8>) -> Result<BlobDigest, StoreError> {
        self.store.put_blob(bytes).await
    }

    async fn blob(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.blob(digest).await
    }

    async fn compact(&self, compaction: Compaction) -> Result<Freed, StoreError> {
        compact::compact(&self.store.settings, Some(&self.lease), compaction).await
    }

    async fn snapshot(&self, stream: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.snapshot(stream).await
    }

    async fn put_snapshot(&self, stream: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        self.store.put_snapshot(stream, bytes).await
    }
}
