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
mod beside;
mod call;
pub mod clock;
pub mod deployments;
pub mod error;
mod files;
mod foresee;
mod ledger;
mod pause;
pub mod perform;
mod prepare;
mod rollback;
mod rounds;
pub mod runtime;
pub mod secrets;
mod twins;
pub mod update;
pub mod verify;
pub mod watch;
pub mod workflow;

pub use adopt::Adoption;
pub use clock::{Clock, SystemClock};
pub use deployments::{Deployments, Listed, Told};
pub use error::DriverError;
pub use perform::Deadlines;
pub use prepare::{Prepared, identity, prepare};
pub use rollback::Earlier;
pub use runtime::{Control, Executors, Providers, Runtime, Summary};
pub use secrets::SecretSource;
pub use update::{Asked, Saved};
pub use verify::{Flaw, Verified, verify};
pub use watch::Watcher;
pub use workflow::{Input, Ran};
