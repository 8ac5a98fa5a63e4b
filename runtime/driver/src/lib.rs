//! The driver: performs what the engine decides, and journals what came of it.
//!
//! It composes engine, journal and providers behind [`Runtime`] (deploy, resume, rollback, retry, uninstall) and
//! [`Deployments`] (status, outputs, history). It must never know a client of a cloud or cluster,
//! a terminal, or how a person asked.
//!
//! Invariants:
//! - nothing is done to the world before the event that announces it is durable;
//! - whoever writes holds the newest epoch of the deployment, and every append names the sequence it
//!   expects: a second writer stops at its next append;
//! - nothing is decided from anything but the journal and what providers answer;
//! - no secret is written down or shown: what providers say is looked through first.

mod adopt;
mod again;
pub mod archive;
mod beside;
mod bring_about;
mod call;
pub mod clock;
pub mod compact;
pub mod deployments;
pub mod drift;
pub mod error;
mod files;
mod foresee;
mod kept;
mod ledger;
mod observe;
mod package;
pub mod past;
mod pause;
pub mod perform;
mod prepare;
pub mod replay;
mod rollback;
mod rounds;
pub mod runtime;
pub mod sealing;
mod secrets;
pub mod timeline;
mod traced;
mod twins;
pub mod update;
pub mod verify;
pub mod watch;
pub mod why;
pub mod workflow;

pub use adopt::Adoption;
pub use archive::{Archive, ArchiveError};
pub use clock::{Clock, SystemClock};
pub use compact::{Compact, Keep, Outlook as CompactOutlook};
pub use deployments::{Deployments, Listed};
pub use error::DriverError;
pub use package::Package;
pub use past::{Moment, Past, PastError};
pub use perform::Deadlines;
pub use prepare::{Prepared, identity, prepare};
pub use replay::Replay;
pub use rollback::Earlier;
pub use runtime::{Control, Executors, Providers, Runtime, Summary};
pub use secrets::{SecretSource, Unsealed, Veil};
pub use timeline::{Timeline, Told};
pub use update::{Asked, Saved};
pub use verify::{Flaw, Verified, verify};
pub use watch::Watcher;
pub use why::{Why, WhyError};
pub use workflow::{GoneOn, Input, Ran};
