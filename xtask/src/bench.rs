//! `cargo xtask bench`: the figures of `tests/bench/README.md`.

use clap::Args;

use crate::{Outcome, workspace};

/// Measure bpc and bpr, and write the figures to tests/bench/README.md.
#[derive(Args)]
pub(crate) struct Bench {
    /// For the bench itself; `-- --help` shows what there is.
    #[arg(last = true)]
    arguments: Vec<String>,
}

impl Bench {
    pub(crate) fn run(self) -> Outcome {
        let bench = ["run", "--release", "--locked", "-p", "bp-bench", "--"];
        let mut command = workspace::cargo(bench);
        workspace::run(command.args(["--readme", "tests/bench/README.md"]).args(self.arguments))
    }
}
