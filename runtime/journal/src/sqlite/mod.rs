//! A home of the journal in an SQLite file: the default.
//!
//! One folder, one journal (`journal.db`). A writer thread gathers the appends that wait at the same
//! time into one transaction, so that many share one sync of the disk; each is atomic by itself, and
//! one that fails does not hurt the others. Readers have connections of their own and never wait for
//! the writer.

mod compact;
mod copy;
mod failure;
mod lock;
mod reader;
mod schema;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::oneshot;

pub use lock::Lock;

use crate::compaction::{Compaction, Extent, Freed, Mark};
use crate::event::Envelope;
use crate::store::{Append, BlobDigest, Store, StoreError};
use reader::Readers;
use writer::{Job, Writer};

/// The file in the journal's folder.
pub const FILE: &str = "journal.db";

/// A journal in an SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    folder: PathBuf,
    writer: Writer,
    readers: Arc<Readers>,
}

impl SqliteStore {
    /// The journal in this folder, made if it is not there.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder)
            .map_err(|error| failure::io(folder, "make the journal's folder", error))?;
        Self::at(folder)
    }

    /// The journal in this folder; nothing where there is none.
    pub fn open_existing(folder: &Path) -> Result<Option<Self>, StoreError> {
        if !folder.join(FILE).is_file() {
            return Ok(None);
        }
        Self::at(folder).map(Some)
    }

    fn at(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        let connection = schema::open(&path)?;
        Ok(Self {
            folder: folder.to_owned(),
            writer: Writer::start(path.clone(), connection)?,
            readers: Arc::new(Readers::new(path)),
        })
    }

    /// Keeps other processes from writing for as long as the lock is held; they may read.
    pub fn lock(&self) -> Result<Lock, StoreError> {
        Lock::take(&self.folder)
    }

    /// Copies the journal as it is now into a new file; meanwhile it may be read and written. Refused where there
    /// is a file already.
    pub async fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        let (from, to) = (self.folder.join(FILE), file.to_owned());
        tokio::task::spawn_blocking(move || copy::copy(&from, &to))
            .await
            .map_err(|error| failure::other("copy the journal", error))?
    }

    /// Does something that blocks with a connection of its own.
    async fn reading<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Readers) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = self.readers.clone();
        tokio::task::spawn_blocking(move || work(&readers))
            .await
            .map_err(|error| failure::other("read the journal", error))?
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn append(&self, append: Append) -> Result<Vec<Envelope>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.writer.send(Job::Append(append, reply))?;
        answer.await.map_err(|error| failure::other("append to the journal", error))?
    }

    async fn read(&self, stream: &str, after: u64) -> Result<Vec<Envelope>, StoreError> {
        let stream = stream.to_owned();
        self.reading(move |readers| readers.read(&stream, after)).await
    }

    async fn read_each(
        &self,
        known: Vec<(String, Mark)>,
    ) -> Result<Vec<Vec<Envelope>>, StoreError> {
        self.reading(move |readers| readers.read_each(&known)).await
    }

    async fn streams(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let extents = self.extents(prefix).await?;
        Ok(extents.into_iter().map(|extent| (extent.stream, extent.end.sequence)).collect())
    }

    async fn extents(&self, prefix: &str) -> Result<Vec<Extent>, StoreError> {
        let prefix = prefix.to_owned();
        self.reading(move |readers| readers.extents(&prefix)).await
    }

    async fn put_blob(&self, bytes: Vec<u8>) -> Result<BlobDigest, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.writer.send(Job::Blob(bytes, reply))?;
        answer.await.map_err(|error| failure::other("store a blob in the journal", error))?
    }

    async fn blob(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let digest = digest.to_owned();
        self.reading(move |readers| readers.blob(&digest)).await
    }

    async fn compact(&self, compaction: Compaction) -> Result<Freed, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.writer.send(Job::Compact(Box::new(compaction), reply))?;
        answer.await.map_err(|error| failure::other("compact the journal", error))?
    }

    async fn snapshot(&self, stream: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let stream = stream.to_owned();
        self.reading(move |readers| readers.snapshot(&stream)).await
    }

    async fn put_snapshot(&self, stream: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.writer.send(Job::Snapshot(stream.to_owned(), bytes, reply))?;
        answer.await.map_err(|error| failure::other("keep a snapshot in the journal", error))?
    }
}
