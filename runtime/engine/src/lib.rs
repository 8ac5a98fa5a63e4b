//! The engine: pure decisions over events.
//!
//! A plan, its inputs and an inventory give a [`bp_topology::Topology`]: which instances there are and where.
//! Events give a [`State`]: what was done. An [`Engine`] holds both, and says what comes next: which
//! events to append, and which effects to perform once they are durable.
//!
//! It must never know a clock, a file, a network, a provider or the journal's home: time is given,
//! effects are named, and what came of them is reported.
//!
//! Invariants:
//! - the same events, reports and times give the same decisions;
//! - no effect is named before the event that announces it is among those to append;
//! - a step that has succeeded is never begun again in its revision, unless others undid it and a person wants it healed;
//! - what fails holds up only what needs it;
//! - a secret's value is in no event and no blob.

pub mod adopt;
pub mod back;
mod drift;
pub mod engine;
pub mod event;
mod forget;
mod format;
pub mod life;
pub mod moved;
pub mod outlook;
pub mod outputs;
mod pace;
pub mod remembered;
pub mod retry;
mod sealed;
pub mod secrets;
pub mod state;
pub mod status;
pub mod stream;
pub mod subject;
pub mod supports;
pub mod terms;
mod work;
pub mod workflow;

pub use engine::{Batch, Effect, Engine, Report};
pub use event::{Event, Failure, Outcome, Verb};
pub use sealed::Sealing;
pub use state::State;
pub use status::Status;
pub use stream::Stream;
pub use subject::Subject;
pub use terms::Terms;
pub use work::admissions;
