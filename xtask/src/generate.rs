//! `cargo xtask gen`: files that are made from the code: the plan's schema, the catalogue's index and
//! what the compiler answers to its examples.
//!
//! The tests that hold these files to the code write them, too; so nothing is made in two ways.

use clap::Args;

use crate::{Outcome, workspace};

/// Tests that write what they hold, when `UPDATE` is set: the package, its program of tests, and which of them.
const WRITERS: &[(&str, &str, &str)] = &[
    ("bp-plan", "schema", ""),
    ("bp-compiler", "suite", "catalogue::"),
    ("bp-compiler", "suite", "library::"),
];

/// Write the files that are made from the code.
#[derive(Args)]
pub(crate) struct Generate {}

impl Generate {
    #[expect(clippy::unused_self, reason = "every chore is run the same way")]
    pub(crate) fn run(self) -> Outcome {
        for (package, test, which) in WRITERS {
            let mut write =
                workspace::cargo(["test", "--quiet", "-p", package, "--test", test, which]);
            workspace::run(write.env("UPDATE", "1"))?;
        }
        Ok(())
    }
}
