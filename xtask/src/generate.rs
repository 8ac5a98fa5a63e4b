//! `cargo xtask gen`: files that are made from the code: the plan's schema, the catalogue's index and
//! what the compiler answers to its examples.
//!
//! The tests that hold these files to the code write them, too; so nothing is made in two ways.

use clap::Args;

use crate::{Outcome, workspace};

/// Tests that write what they hold, when `UPDATE` is set.
const WRITERS: &[(&str, &str)] =
    &[("bp-plan", "schema"), ("bp-compiler", "catalogue"), ("bp-compiler", "library")];

/// Write the files that are made from the code.
#[derive(Args)]
pub(crate) struct Generate {}

impl Generate {
    #[expect(clippy::unused_self, reason = "every chore is run the same way")]
    pub(crate) fn run(self) -> Outcome {
        for (package, test) in WRITERS {
            let mut write = workspace::cargo(["test", "--quiet", "-p", package, "--test", test]);
            workspace::run(write.env("UPDATE", "1"))?;
        }
        Ok(())
    }
}
