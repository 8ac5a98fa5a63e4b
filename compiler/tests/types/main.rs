//! Types of expressions: what is right, what is wrong and where, and what holds of all.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

mod accepted;
mod mistakes;
mod properties;
mod world;
