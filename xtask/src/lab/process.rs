//! Programs that outlive the one that started them.
//!
//! `PROGRAM.pid` holds `PID STARTTIME`, so that a process that happens to have the same number
//! later is never taken for ours.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::Outcome;

/// Starts a program, unless it runs already. Its words go to `PROGRAM.log`.
pub(super) fn spawn(folder: &Path, program: &str, command: &mut Command) -> Outcome {
    if running(folder, program).is_some() {
        return Ok(());
    }
    let log = folder.join(format!("{program}.log"));
    let failed = |error: std::io::Error| format!("{program} did not start: {error}");
    let file = File::options().create(true).append(true).open(&log).map_err(failed)?;
    command.stdin(Stdio::null()).stderr(file.try_clone().map_err(failed)?).stdout(file);
    // A group of its own: Ctrl-C in the terminal is not meant for it.
    let child = command.process_group(0).spawn().map_err(failed)?;
    let pid = child.id();
    let start = start_time(pid).unwrap_or_default();
    std::fs::write(pid_file(folder, program), format!("{pid} {start}\n")).map_err(failed)
}

/// The process's number, where it still runs.
pub(super) fn running(folder: &Path, program: &str) -> Option<u32> {
    let text = std::fs::read_to_string(pid_file(folder, program)).ok()?;
    let (pid, start) = text.trim().split_once(' ')?;
    let pid = pid.parse().ok()?;
    (start_time(pid)? == start).then_some(pid)
}

/// Ends a program: asks, and after `patience` no longer asks.
pub(super) fn end(folder: &Path, program: &str, patience: Duration) -> Outcome {
    let begin = Instant::now();
    let mut asked = false;
    while let Some(pid) = running(folder, program) {
        let waited = begin.elapsed();
        if waited > patience + Duration::from_secs(5) {
            return Err(format!("{program} (process {pid}) does not end"));
        }
        let patient = waited < patience;
        if !(patient && asked) {
            let number = i32::try_from(pid).map_err(|error| error.to_string())?;
            // It may have ended meanwhile.
            let _ = kill(
                Pid::from_raw(number),
                if patient { Signal::SIGTERM } else { Signal::SIGKILL },
            );
            asked = true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let file = pid_file(folder, program);
    if file.exists() {
        std::fs::remove_file(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

/// The last lines that a program wrote.
pub(super) fn last_words(folder: &Path, program: &str) -> String {
    let bytes = std::fs::read(folder.join(format!("{program}.log"))).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().rev().take(15).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

fn pid_file(folder: &Path, program: &str) -> std::path::PathBuf {
    folder.join(format!("{program}.pid"))
}

/// When a process started, in the kernel's ticks; nothing for one that has ended.
fn start_time(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in brackets, which may hold blanks.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    if fields.next()? == "Z" {
        return None;
    }
    fields.nth(18).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]

    use std::process::Command;
    use std::time::Duration;

    #[test]
    fn a_program_is_started_once_found_again_and_ended() {
        let folder = tempfile::tempdir().unwrap();
        let start = || super::spawn(folder.path(), "sleep", Command::new("sleep").arg("100"));
        start().unwrap();
        let first = super::running(folder.path(), "sleep");
        assert!(first.is_some());
        start().unwrap();
        assert_eq!(super::running(folder.path(), "sleep"), first);
        super::end(folder.path(), "sleep", Duration::from_secs(2)).unwrap();
        assert_eq!(super::running(folder.path(), "sleep"), None);
    }

    #[test]
    fn a_number_used_again_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        let me = std::process::id();
        std::fs::write(folder.path().join("other.pid"), format!("{me} 1\n")).unwrap();
        assert_eq!(super::running(folder.path(), "other"), None);
    }
}
