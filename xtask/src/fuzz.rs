//! `cargo xtask fuzz`: texts that nobody writes, for the parser, the formatter and the checker.
//!
//! libFuzzer through cargo-fuzz, without a sanitizer: that works on stable Rust, and there is no
//! unsafe code of ours to watch.

use std::path::Path;
use std::process::Command;

use clap::Args;

use crate::tool::tool;
use crate::{Outcome, workspace};

const VERSION: &str = "0.13.2";
const TARGETS: [&str; 3] = ["parser", "formatter", "checker"];
/// What it starts from.
const SEEDS: [&str; 4] = ["tests/cases/accept", "tests/cases/reject", "stdlib", "blueprints"];

/// Feed the compiler texts that nobody writes.
#[derive(Args)]
pub(crate) struct Fuzz {
    /// parser, formatter or checker; all of them where it is left out.
    target: Option<String>,
    /// How long each runs.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Begin at the same place each time, with nothing learned before, so that what one run finds
    /// another finds, too.
    #[arg(long)]
    again: bool,
}

impl Fuzz {
    pub(crate) fn run(self) -> Outcome {
        let targets: Vec<&str> = match &self.target {
            Some(target) => vec![target],
            None => TARGETS.to_vec(),
        };
        if let Some(unknown) = targets.iter().find(|target| !TARGETS.contains(target)) {
            let known = TARGETS.join(", ");
            return Err(format!("there is no fuzz target `{unknown}`: there are {known}"));
        }
        targets.into_iter().try_for_each(|target| fuzz(target, self.seconds, self.again))
    }
}

fn fuzz(target: &str, seconds: u64, again: bool) -> Outcome {
    let program = tool("cargo-fuzz", VERSION, &[])?;
    let folder = workspace::target().join("fuzz");
    let folder = std::path::absolute(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let corpus = folder.join(if again { "corpus-again" } else { "corpus" }).join(target);
    if again && corpus.exists() {
        std::fs::remove_dir_all(&corpus).map_err(|e| format!("{}: {e}", corpus.display()))?;
    }
    let seeds = folder.join("seeds");
    let artifacts = folder.join("artifacts").join(target);
    for folder in [&corpus, &artifacts] {
        std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    gather(&seeds)?;
    let mut command = Command::new(&program);
    command.current_dir(workspace::root().join("fuzz"));
    command.env("CARGO_TARGET_DIR", folder.join("build"));
    command.args(["fuzz", "run", "--fuzz-dir", ".", "-s", "none", "--debug-assertions", target]);
    command.args([&corpus, &seeds]);
    command.arg("--");
    command.arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.args(["-dict=words.dict", "-max_len=4096", "-timeout=20", "-rss_limit_mb=3000"]);
    command.args(["-verbosity=0", "-print_final_stats=1"]);
    if again {
        command.arg("-seed=1");
    }
    workspace::run(&mut command)
        .map_err(|error| format!("{error}\nthe text that did it is in {}", artifacts.display()))
}

/// Copies every blueprint of the repository into one folder.
fn gather(into: &Path) -> Outcome {
    let told = |at: &Path| {
        let at = at.display().to_string();
        move |error: std::io::Error| format!("{at}: {error}")
    };
    std::fs::create_dir_all(into).map_err(told(into))?;
    let mut folders: Vec<_> = SEEDS.iter().map(|seed| workspace::root().join(seed)).collect();
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(told(&folder))? {
            let path = entry.map_err(told(&folder))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "bp") {
                count += 1;
                std::fs::copy(&path, into.join(format!("{count}.bp"))).map_err(told(&path))?;
            }
        }
    }
    Ok(())
}
