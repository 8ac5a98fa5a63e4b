//! `cargo xtask deny`: licences, sources and bans of all dependencies, and advisories where their
//! database can be reached.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::Args;

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
    let program = program()?;
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

/// cargo-deny: the one on the PATH, or the tool cache's, built there when missing.
fn program() -> Outcome<PathBuf> {
    if let Some(program) = workspace::find("cargo-deny") {
        return Ok(program);
    }
    let tools = workspace::cache()?.join("tools").join(format!("cargo-deny-{VERSION}"));
    let program = tools.join("bin/cargo-deny");
    if !program.is_file() {
        eprintln!("building cargo-deny {VERSION} into {}", tools.display());
        let mut install = workspace::cargo(["install", "--quiet", "--locked", "--debug", "--root"]);
        install.arg(&tools).arg(format!("cargo-deny@{VERSION}")).arg("--no-default-features");
        install.env("CARGO_TARGET_DIR", tools.join("build")).env("CARGO_PROFILE_DEV_DEBUG", "0");
        workspace::run(&mut install)?;
        // Kept only so long as it is built.
        let _ = std::fs::remove_dir_all(tools.join("build"));
    }
    Ok(program)
}
