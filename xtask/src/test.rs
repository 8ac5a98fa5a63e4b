//! `cargo xtask test`: everything there is to check, each stage with its time, none left out silently.

use clap::Args;

use crate::stage::Stages;
use crate::{Outcome, deny, editor, fuzz, lab, simulate, workspace};

/// The real clusters that the tests share.
const CLUSTERS: [&str; 2] = ["test-east", "test-west"];
/// How long each fuzz target runs, in seconds.
const A_MINUTE: u64 = 60;

/// What nextest ends with where no test has the name that was asked for.
const NO_TESTS_RUN: i32 = 4;

/// Install what the tests need, then run everything.
#[derive(Args)]
pub(crate) struct Test {
    /// For the test runner: which tests to run.
    #[arg(last = true)]
    filter: Vec<String>,
}

impl Test {
    pub(crate) fn run(self) -> Outcome {
        let mut stages = Stages::default();
        stages.run("format", || {
            workspace::run(&mut workspace::cargo(["fmt", "--all", "--check"]))
                .map(|()| String::new())
        });
        stages.run("clippy", || {
            let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--quiet"];
            let mut clippy = workspace::cargo(clippy);
            workspace::run(clippy.args(["--", "-D", "warnings"])).map(|()| String::new())
        });
        let built = stages.run("build", || {
            let build = ["build", "--workspace", "--all-targets", "--locked", "--quiet"];
            workspace::run(&mut workspace::cargo(build)).map(|()| "development profile".to_owned())
        });
        let had = lab::names().unwrap_or_default();
        let installed = stages.run("lab install", || lab::install().map(|()| String::new()));
        if !installed {
            stages.not_run("lab start", "the servers are not installed");
        }
        let clusters = installed
            && stages.run("lab start", || {
                for name in CLUSTERS {
                    lab::start(name)?;
                }
                Ok(CLUSTERS.join(", "))
            });
        if built && clusters {
            stages.run("tests", || self.tests());
        } else {
            let why = if built { "the real clusters did not start" } else { "the build failed" };
            stages.not_run("tests", why);
        }
        if built {
            stages.run("doc tests", || {
                let tests = ["test", "--workspace", "--doc", "--locked", "--quiet"];
                workspace::run(&mut workspace::cargo(tests)).map(|()| String::new())
            });
        } else {
            stages.not_run("doc tests", "the build failed");
        }
        stages.run("simulate", simulate::all);
        if built {
            stages.run("fuzz", || fuzz::all(A_MINUTE));
        } else {
            stages.not_run("fuzz", "the build failed");
        }
        in_the_editor(&mut stages, built);
        stages.run("deny", || deny::check(false));
        stages.run("lab stop", || stop(&had));
        let (summary, all) = stages.summary();
        println!("\n{summary}");
        if all { Ok(()) } else { Err("not everything passed; see the summary above".to_owned()) }
    }

    fn tests(&self) -> Outcome<String> {
        let nextest = workspace::cargo(["nextest", "--version"]).output();
        let nextest = nextest.is_ok_and(|output| output.status.success());
        let mut command = if nextest {
            workspace::cargo(["nextest", "run", "--workspace", "--locked", "--no-fail-fast"])
        } else {
            workspace::cargo(["test", "--workspace", "--all-targets", "--locked", "--no-fail-fast"])
        };
        if !self.filter.is_empty() {
            if !nextest {
                command.arg("--");
            }
            command.args(&self.filter);
        }
        if nextest {
            let status = workspace::status(&mut command)?;
            if status.code() == Some(NO_TESTS_RUN) {
                return Err(self.none());
            }
            workspace::succeeded(&command, status)?;
        } else {
            // `cargo test` is content where none has the name.
            if !self.filter.is_empty() && !self.are_named()? {
                return Err(self.none());
            }
            workspace::run(&mut command)?;
        }
        let with = if nextest { "cargo nextest" } else { "cargo test" };
        Ok(match self.filter.join(" ") {
            filter if filter.is_empty() => format!("all, with {with}"),
            filter => format!("ONLY `{filter}`, with {with}"),
        })
    }

    /// Whether some test has the name that is asked for.
    fn are_named(&self) -> Outcome<bool> {
        let list = ["test", "--workspace", "--lib", "--bins", "--tests", "--locked", "--quiet"];
        let mut list = workspace::cargo(list);
        let names = workspace::output(list.args(["--", "--list"]).args(&self.filter))?;
        Ok(names.lines().any(|line| line.ends_with(": test")))
    }

    /// Why nothing was run.
    fn none(&self) -> String {
        let filter = self.filter.join(" ");
        format!(
            "no test has `{filter}` in its name; `cargo test --workspace --tests -- --list` names them all"
        )
    }
}

/// The extension: its highlighting, and the whole of it in real VS Code.
fn in_the_editor(stages: &mut Stages, built: bool) {
    let installed = stages.run("editor install", || editor::install().map(|()| String::new()));
    if !installed {
        stages.not_run("highlighting", "its tools are not installed");
        stages.not_run("editor", "VS Code is not installed");
        return;
    }
    stages.run("highlighting", editor::highlight);
    if built {
        stages.run("editor", editor::test);
    } else {
        stages.not_run("editor", "the build failed");
    }
}

/// Stops the clusters that were not there before.
fn stop(had: &[String]) -> Outcome<String> {
    let there = lab::names()?;
    let names: Vec<String> = CLUSTERS
        .into_iter()
        .map(str::to_owned)
        .filter(|name| there.contains(name) && !had.contains(name))
        .collect();
    if names.is_empty() {
        return Ok("clusters that ran before go on running".to_owned());
    }
    lab::stop(&names).map(|()| String::new())
}
