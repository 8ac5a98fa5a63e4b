//! One command, from its start to its exit: wall time, and the processor time of it and its children.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

/// What a command took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Taken {
    /// Seconds on the clock.
    pub(crate) wall: f64,
    /// Seconds of processors, in user and kernel.
    pub(crate) cpu: f64,
}

/// A command to be measured.
pub(crate) struct Job<'a> {
    pub(crate) program: &'a Path,
    pub(crate) arguments: Vec<String>,
    pub(crate) folder: &'a Path,
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Job<'_> {
    fn name(&self) -> String {
        format!("{} {}", self.program.display(), self.arguments.join(" "))
    }

    /// Runs it once. What it says is kept in a file beside, and shown where it fails.
    pub(crate) fn run(&self) -> Result<Taken, String> {
        let log = self.folder.join("output.log");
        let file = std::fs::File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
        let also = file.try_clone().map_err(|e| format!("{}: {e}", log.display()))?;
        let mut command = Command::new(self.program);
        command
            .args(&self.arguments)
            .current_dir(self.folder)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env_remove("TF_CLI_CONFIG_FILE")
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(also);
        let before = children()?;
        let start = Instant::now();
        let status = command.status().map_err(|e| format!("{}: {e}", self.name()))?;
        let wall = start.elapsed().as_secs_f64();
        let cpu = children()?.saturating_sub(before).as_secs_f64();
        if !status.success() {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            let tail: Vec<&str> = said.lines().rev().take(20).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            return Err(format!("{} ended with {status}:\n{}", self.name(), tail.join("\n")));
        }
        Ok(Taken { wall, cpu })
    }

    /// The most memory that it has at once, in bytes.
    pub(crate) fn memory(&self) -> Result<u64, String> {
        let own = std::env::current_exe().map_err(|e| format!("bp-bench: {e}"))?;
        let output = Command::new(own)
            .arg("--memory-of")
            .arg(self.program)
            .args(&self.arguments)
            .current_dir(self.folder)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .output()
            .map_err(|e| format!("{}: {e}", self.name()))?;
        let said = String::from_utf8_lossy(&output.stdout);
        said.trim().parse().map_err(|_| {
            format!("{}: {}", self.name(), String::from_utf8_lossy(&output.stderr).trim())
        })
    }

    /// Runs it several times, each after `fresh`, and takes the middle one of each figure.
    pub(crate) fn repeat(
        &self,
        times: usize,
        mut fresh: impl FnMut() -> Result<(), String>,
    ) -> Result<Taken, String> {
        let mut runs = Vec::new();
        for _ in 0..times {
            fresh()?;
            runs.push(self.run()?);
        }
        Ok(middle(&runs))
    }
}

/// Runs several commands one after the other, round by round, and takes the middle one of each figure of each: a machine
/// whose speed changes within seconds is as fast, or as slow, for all of them.
pub(crate) fn in_turns(jobs: &[&Job<'_>], rounds: usize) -> Result<Vec<Taken>, String> {
    let mut runs = vec![Vec::new(); jobs.len()];
    for _ in 0..rounds {
        for (job, runs) in jobs.iter().zip(&mut runs) {
            runs.push(job.run()?);
        }
    }
    Ok(runs.iter().map(|runs| middle(runs)).collect())
}

/// The processor time of all children that have ended.
fn children() -> Result<Duration, String> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|e| format!("getrusage: {e}"))?;
    let micros = |time: nix::sys::time::TimeVal| {
        u64::try_from(time.tv_sec()).unwrap_or(0) * 1_000_000
            + u64::try_from(time.tv_usec()).unwrap_or(0)
    };
    Ok(Duration::from_micros(micros(usage.user_time()) + micros(usage.system_time())))
}

/// The most memory that any child had so far, in bytes.
fn most_memory() -> Result<u64, String> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|e| format!("getrusage: {e}"))?;
    Ok(u64::try_from(usage.max_rss()).unwrap_or(0) * 1024)
}

/// Runs a command and gives the most memory that it had, in bytes. It is to be this process's only child: the
/// system keeps one figure for all of them.
pub(crate) fn memory_of(command: &[String]) -> Result<u64, String> {
    let [program, arguments @ ..] = command else { return Err("no command".to_owned()) };
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .map_err(|e| format!("{program}: {e}"))?;
    if status.success() { most_memory() } else { Err(format!("{program} ended with {status}")) }
}

/// The median of each figure.
pub(crate) fn middle(runs: &[Taken]) -> Taken {
    let median = |of: fn(&Taken) -> f64| {
        let mut sorted: Vec<f64> = runs.iter().map(of).collect();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    };
    Taken { wall: median(|t| t.wall), cpu: median(|t| t.cpu) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_middle_run_counts() {
        let runs = [3.0, 1.0, 2.0].map(|x| Taken { wall: x, cpu: x * 2.0 });
        assert_eq!(middle(&runs), Taken { wall: 2.0, cpu: 4.0 });
    }

    #[test]
    fn a_failure_shows_what_was_said() {
        let folder = tempfile::tempdir().unwrap();
        let job = Job {
            program: Path::new("/bin/sh"),
            arguments: vec!["-c".into(), "echo no good; exit 3".into()],
            folder: folder.path(),
            environment: vec![],
        };
        let error = job.run().unwrap_err();
        assert!(error.contains("exit status: 3") && error.contains("no good"), "{error}");
    }

    #[test]
    fn processor_time_is_that_of_the_child() {
        let folder = tempfile::tempdir().unwrap();
        let job = Job {
            program: Path::new("/bin/sh"),
            arguments: vec![
                "-c".into(),
                "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done".into(),
            ],
            folder: folder.path(),
            environment: vec![],
        };
        let taken = job.run().unwrap();
        assert!(taken.cpu > 0.01 && taken.wall > 0.01, "{taken:?}");
    }
}
