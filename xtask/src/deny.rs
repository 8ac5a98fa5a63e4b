//! `cargo xtask deny`: licences, sources and bans of all dependencies, and advisories where their
//! database can be reached.

use std::process::{Command, Stdio};

use clap::Args;

use crate::tool::tool;
use crate::{Outcome, workspace};

const VERSION: &str = "0.20.2";

/// Check the licences, sources and bans of all dependencies.
#[derive(Args)]
pub(crate) struct Deny {
    /// Not the advisories, even where their database can be reached.
    #[arg(long)]
    offline: bool,
}

impl Deny {
    pub(crate) fn run(self) -> Outcome {
        check(self.offline).map(|note| eprintln!("{note}"))
    }
}

/// What was checked, in a sentence.
pub(crate) fn check(offline: bool) -> Outcome<String> {
    let program = tool("cargo-deny", VERSION, &["--no-default-features"])?;
    let deny = |checks: &[&str]| {
        let mut command = Command::new(&program);
        command.current_dir(workspace::root()).env("CARGO_TERM_COLOR", "never");
        command.args(["--log-level", "warn", "check", "--hide-inclusion-graph"]).args(checks);
        command
    };
    workspace::run(&mut deny(&["bans", "licenses", "sources"]))?;
    if offline {
        return Ok("bans, licences and sources; NOT advisories, as asked".to_owned());
    }
    let mut fetch = Command::new(&program);
    fetch.current_dir(workspace::root()).args(["fetch", "db"]);
    fetch.stdout(Stdio::null()).stderr(Stdio::null());
    if workspace::status(&mut fetch)?.success() {
        workspace::run(deny(&["advisories"]).arg("--disable-fetch"))?;
        return Ok("bans, licences, sources and advisories".to_owned());
    }
    Ok("bans, licences and sources; NOT advisories: their database cannot be reached from here"
        .to_owned())
}
