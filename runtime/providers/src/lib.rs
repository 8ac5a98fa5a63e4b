//! Providers with their clients, and what carries out operations: what the runtime touches the
//! world through.
//!
//! One module a provider, and one for where secrets are kept. This crate must never know the engine, the journal or the plan; who
//! composes it asks for a provider by its function.

pub mod cloudformation;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod kubernetes;
pub mod noop;
pub mod script;
pub mod secrets;
