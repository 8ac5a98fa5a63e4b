//! The harness of the tests that cross crates: one environment, one vocabulary.
//!
//! A test sees the product as a person does: it runs the built `bpc` and `bpr`, and looks at the
//! clusters with a client of its own. It must never reach into the product's state.
//!
//! - [`Environment`]: a `$BPR_HOME` and a folder of its own, programs, kills, deadlines;
//! - [`Clusters`]: real control planes (shared by all tests of a machine) and embedded ones;
//! - [`Aws`]: an AWS API server of a test's own;
//! - [`Postgres`]: a PostgreSQL server of a test's own;
//! - [`Gate`]: a door in front of a cluster that a test can shut and open again;
//! - [`Objects`]: what an API server says of a test's objects.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::print_stderr,
    reason = "a harness fails by panicking"
)]

mod aws;
mod clusters;
mod environment;
mod gate;
mod objects;
mod postgres;
mod run;

pub use aws::{Aws, StackSeen};
pub use clusters::{Cluster, Clusters};
pub use environment::{Environment, program};
pub use gate::Gate;
pub use objects::{Object, Objects};
pub use postgres::Postgres;
pub use run::{Ended, Running};
