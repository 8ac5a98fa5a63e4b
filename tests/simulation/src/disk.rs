//! The journal as one process reaches it: the real store in memory, on a disk that fails, with the
//! oracle's account beside it.

use std::sync::Arc;

use async_trait::async_trait;
use bp_journal::{Append, BlobDigest, Envelope, Extent, MemoryStore, NewEvent, Store, StoreError};
use serde_json::Value as Json;

use crate::process::Process;

/// See the module.
pub(crate) struct Disk {
    /// Where everybody's journal is.
    pub(crate) memory: Arc<MemoryStore>,
    /// Whose way to it this is.
    pub(crate) process: Arc<Process>,
}

fn failed() -> StoreError {
    let source = "the disk does not answer".into();
    StoreError::Other { doing: "write to the journal".to_owned(), source }
}

/// What is appended, for people.
fn told(append: &Append) -> String {
    let told = |event: &NewEvent| {
        let payload: Json = serde_json::from_str(&event.payload).unwrap_or_default();
        let parts = ["/instance", "/call/act/operation", "/failure/message", "/retry_at_ms"];
        let parts = parts.iter().filter_map(|part| payload.pointer(part)).map(Json::to_string);
        let words: Vec<String> = std::iter::once(event.kind.clone()).chain(parts).collect();
        words.join(" ")
    };
    let events: Vec<String> = append.events.iter().map(told).collect();
    format!("{} to {} after {}", events.join(", "), append.stream, append.expected)
}

#[async_trait]
impl Store for Disk {
    async fn append(&self, append: Append) -> Result<Vec<Envelope>, StoreError> {
        let (process, sim) = (&self.process, &self.process.sim);
        let was_stopped = process.is_stopped();
        let what = || told(&append);
        let was_fenced = process.is_fenced();
        process.instant("before an append").await;
        sim.passes(3).await;
        process.instant("while it appends").await;
        let (before, after) = sim.with(|inner| {
            let (before, after) = (inner.faults.store_before, inner.faults.store_after);
            (inner.random.happens(before), inner.random.happens(after))
        });
        if before {
            sim.tell(&process.name, || format!("appends {}: the disk refuses", what()));
            return Err(failed());
        }
        let written = self.memory.append(append.clone()).await;
        match &written {
            Ok(envelopes) => {
                if was_fenced {
                    sim.violated(format!("{} was fenced and appends {}", process.name, what()));
                }
                sim.tell(&process.name, || format!("appends {}", what()));
                let now = sim.now_ms();
                let found = sim.with(|inner| {
                    inner.world.comes_to(now);
                    let patience = if inner.faults.delays == 0 { 2_500 } else { 20_000 };
                    inner.account.patience_ms = patience;
                    let found = inner.account.appended(was_stopped, envelopes, &inner.world);
                    inner.world.skipped.clone_from(&inner.account.skipped);
                    for (at, version) in std::mem::take(&mut inner.account.settled) {
                        inner.world.is_found_as(at, version);
                    }
                    found
                });
                for what in found {
                    sim.violated(format!("{}: {what}", process.name));
                }
            }
            Err(error) => {
                sim.tell(&process.name, || format!("appends {}: {error}", what()));
            }
        }
        process.instant("after an append").await;
        sim.passes(1).await;
        if after && written.is_ok() {
            sim.tell(&process.name, || "the disk says that it refused".to_owned());
            return Err(failed());
        }
        if matches!(written, Err(StoreError::Conflict { .. })) {
            process.fenced();
        }
        written
    }

    async fn read(&self, stream: &str, after: u64) -> Result<Vec<Envelope>, StoreError> {
        self.process.instant("while it reads").await;
        self.process.sim.passes(1).await;
        self.memory.read(stream, after).await
    }

    async fn streams(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        self.process.instant("while it reads").await;
        self.memory.streams(prefix).await
    }

    async fn extents(&self, prefix: &str) -> Result<Vec<Extent>, StoreError> {
        self.process.instant("while it reads").await;
        self.memory.extents(prefix).await
    }

    async fn put_blob(&self, bytes: Vec<u8>) -> Result<BlobDigest, StoreError> {
        self.process.instant("before a blob").await;
        self.memory.put_blob(bytes).await
    }

    async fn blob(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.process.instant("while it reads").await;
        self.memory.blob(digest).await
    }
}
