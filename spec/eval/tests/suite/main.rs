//! All tests of the evaluator from outside, in one program: it links once, and shares its surroundings.
#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod common;
mod folding;
mod forms;
mod functions;
mod templates;
mod typed;
