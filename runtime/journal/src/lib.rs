//! The journal: append-only streams of events, and blobs by digest.
//!
//! It knows bytes, digests and sequence numbers only. It must never know what an event means, nor
//! the engine, a plan or a provider.
//!
//! Invariants:
//! - [`Store::append`] is atomic, durable when it returns, and fails if somebody else wrote first;
//! - events are never changed; the hash of each holds the hash of the one before;
//! - events are only removed from the beginning of a stream on, with an event that says so, and blobs when nothing
//!   names them any more: [`Store::compact`];
//! - a blob is there before an event that names it can be read.

pub mod chain;
mod clock;
pub mod compaction;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod event;
pub mod memory;
pub mod sqlite;
pub mod store;

pub use chain::check;
pub use compaction::{Compaction, Extent, Freed, Mark};
pub use event::{Envelope, NewEvent};
pub use memory::MemoryStore;
pub use sqlite::SqliteStore;
pub use store::{Append, BlobDigest, Store, StoreError};
