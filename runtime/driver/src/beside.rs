//! A journal with blobs beside it that are not in it: the files of a plan that is only looked at.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bp_engine::retry::digest;
use bp_journal::{Append, BlobDigest, Envelope, Extent, Mark, Store, StoreError};

/// See the module.
pub(crate) struct Beside {
    inner: Arc<dyn Store>,
    /// By digest.
    blobs: BTreeMap<String, Vec<u8>>,
}

impl Beside {
    /// This journal, with these.
    pub(crate) fn new(inner: Arc<dyn Store>, blobs: &[Vec<u8>]) -> Self {
        let blobs = blobs.iter().map(|bytes| (digest(bytes), bytes.clone())).collect();
        Self { inner, blobs }
    }
}

#[async_trait]
impl Store for Beside {
    async fn append(&self, append: Append) -> Result<Vec<Envelope>, StoreError> {
        self.inner.append(append).await
    }

    async fn read(&self, stream: &str, after: u64) -> Result<Vec<Envelope>, StoreError> {
        self.inner.read(stream, after).await
    }

    async fn streams(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        self.inner.streams(prefix).await
    }

    async fn extents(&self, prefix: &str) -> Result<Vec<Extent>, StoreError> {
        self.inner.extents(prefix).await
    }

    async fn read_each(
        &self,
        known: Vec<(String, Mark)>,
    ) -> Result<Vec<Vec<Envelope>>, StoreError> {
        self.inner.read_each(known).await
    }

    async fn snapshot(&self, stream: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.snapshot(stream).await
    }

    async fn put_blob(&self, bytes: Vec<u8>) -> Result<BlobDigest, StoreError> {
        self.inner.put_blob(bytes).await
    }

    async fn blob(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self.blobs.get(digest) {
            Some(bytes) => Ok(Some(bytes.clone())),
            None => self.inner.blob(digest).await,
        }
    }
}
