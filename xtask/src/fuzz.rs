//! `cargo xtask fuzz`: texts that nobody writes, for the parser, the formatter and the checker.
//!
//! libFuzzer through cargo-fuzz, without a sanitizer: that works on stable Rust, and there is no
//! unsafe code of ours to watch.

use std::path::{Path, PathBuf};
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
    let ground = Ground::new(target, again)?;
    let mut command = ground.cargo("run")?;
    command.arg(target).args([&ground.corpus, &ground.seeds]).arg("--");
    command.args(ground.bounds(seconds)).arg("-print_final_stats=1");
    workspace::run(&mut command).map_err(|error| {
        format!("{error}\nthe text that did it is in {}", ground.artifacts.display())
    })
}

/// Each target for so long, all of them at once, beginning at the same place each time.
pub(crate) fn all(seconds: u64) -> Outcome<String> {
    let grounds = TARGETS.map(|target| Ground::new(target, true));
    let grounds: Vec<Ground> = grounds.into_iter().collect::<Outcome<_>>()?;
    if let Some(ground) = grounds.first() {
        // One build for all of them.
        workspace::run(&mut ground.cargo("build")?)?;
    }
    let run = |ground: &Ground| {
        let mut command = Command::new(ground.program()?);
        command.args([&ground.corpus, &ground.seeds]).args(ground.bounds(seconds));
        command.current_dir(workspace::root().join("fuzz"));
        let output = command.output().map_err(|error| format!("{}: {error}", ground.target))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let lines: Vec<&str> = said.lines().collect();
        let last = lines.get(lines.len().saturating_sub(40)..).unwrap_or_default().join("\n");
        let (target, at) = (ground.target, ground.artifacts.display());
        Err(format!(
            "{last}\nfuzzing the {target} ended with {}; the text is in {at}",
            output.status
        ))
    };
    let ended: Vec<Outcome> = std::thread::scope(|scope| {
        let all: Vec<_> = grounds.iter().map(|ground| scope.spawn(|| run(ground))).collect();
        let died = || Err("a thread of the fuzzers ended early".to_owned());
        all.into_iter().map(|one| one.join().unwrap_or_else(|_| died())).collect()
    });
    let failed: Vec<String> = ended.into_iter().filter_map(Outcome::err).collect();
    if failed.is_empty() {
        return Ok(format!("{}, {seconds} s each", TARGETS.join(", ")));
    }
    Err(failed.join("\n"))
}

/// Where a target finds its texts, and where it leaves them.
struct Ground {
    target: &'static str,
    folder: PathBuf,
    corpus: PathBuf,
    seeds: PathBuf,
    artifacts: PathBuf,
    is_again: bool,
}

impl Ground {
    fn new(target: &str, is_again: bool) -> Outcome<Self> {
        let target = TARGETS.into_iter().find(|known| *known == target).unwrap_or_default();
        let folder = workspace::target().join("fuzz");
        let folder =
            std::path::absolute(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let corpus = folder.join(if is_again { "corpus-again" } else { "corpus" }).join(target);
        if is_again && corpus.exists() {
            std::fs::remove_dir_all(&corpus).map_err(|e| format!("{}: {e}", corpus.display()))?;
        }
        let seeds = folder.join("seeds");
        let artifacts = folder.join("artifacts").join(target);
        for folder in [&corpus, &artifacts] {
            std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        gather(&seeds)?;
        Ok(Self { target, folder, corpus, seeds, artifacts, is_again })
    }

    /// `cargo fuzz` with this command.
    fn cargo(&self, verb: &str) -> Outcome<Command> {
        let mut command = Command::new(tool("cargo-fuzz", VERSION, &[])?);
        command.current_dir(workspace::root().join("fuzz"));
        command.env("CARGO_TARGET_DIR", self.build());
        command.args(["fuzz", verb, "--fuzz-dir", ".", "-s", "none", "--debug-assertions"]);
        Ok(command)
    }

    fn build(&self) -> PathBuf {
        self.folder.join("build")
    }

    /// The target's own program, once it is built: cargo-fuzz has a folder for each platform.
    fn program(&self) -> Outcome<PathBuf> {
        let build = self.build();
        let entries = std::fs::read_dir(&build).map_err(|e| format!("{}: {e}", build.display()))?;
        let programs =
            entries.flatten().map(|entry| entry.path().join("release").join(self.target));
        let found = programs
            .filter(|program| program.is_file())
            .max_by_key(|program| program.metadata().and_then(|metadata| metadata.modified()).ok());
        found.ok_or_else(|| format!("{}: there is no {} here", build.display(), self.target))
    }

    /// What libFuzzer is told.
    fn bounds(&self, seconds: u64) -> Vec<String> {
        let mut bounds = vec![
            format!("-max_total_time={seconds}"),
            format!("-artifact_prefix={}/", self.artifacts.display()),
        ];
        let fixed = ["-dict=words.dict", "-max_len=4096", "-timeout=60", "-rss_limit_mb=3000"];
        bounds.extend(fixed.map(str::to_owned));
        bounds.push("-verbosity=0".to_owned());
        if self.is_again {
            bounds.push("-seed=1".to_owned());
        }
        bounds
    }
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
