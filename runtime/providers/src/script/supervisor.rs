//! The small process that a script runs under: it outlives the runtime, and stores durably what the
//! script wrote, what it gave and how it ended.
//!
//! What it is to do it reads from its standard input, so that secrets are in no file.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Component, Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use bp_provider::File;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, setsid};
use serde::{Deserialize, Serialize};

use super::folder::{Ended, Folder};
use super::output::{Captured, Output, Taken, follow};

/// How long a script has between being asked to end and being killed.
pub(super) const GRACE: Duration = Duration::from_secs(10);
/// How long what a script wrote is waited for when it has ended: a process that it left behind may
/// hold its output.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How often is looked whether it has ended or is to be stopped.
const LOOK: Duration = Duration::from_millis(10);

/// What is to be run.
#[derive(Serialize, Deserialize)]
pub(super) struct Order {
    /// The script.
    pub(super) script: File,
    /// Files beside it, by their paths.
    pub(super) files: BTreeMap<String, File>,
    /// All of its environment.
    pub(super) variables: BTreeMap<String, String>,
    /// Its standard input.
    pub(super) input: String,
    /// It ends by then.
    pub(super) deadline_ms: u64,
    /// What it writes to its standard output is its result.
    pub(super) wants_result: bool,
    /// Its result is kept sealed, for this recipient.
    pub(super) seal_for: Option<String>,
    /// Texts that must not be seen, each with what stands in its place.
    pub(super) hidden: Vec<(String, String)>,
}

/// Runs the one script that the standard input asks for, and stores in the folder what comes of it.
/// The exit code is 0 where the folder tells the rest.
pub fn supervise(folder: &Path) -> u8 {
    // Of its own session: neither the terminal nor whoever kills the runtime's group reaches it. It
    // fails only for one that leads a group already.
    let _ = setsid();
    let folder = Folder::new(folder.to_owned());
    let mut text = Vec::new();
    let order = io::stdin()
        .read_to_end(&mut text)
        .and_then(|_| serde_json::from_slice::<Order>(&text).map_err(io::Error::other));
    // Whoever asked died before it had said all: nothing was begun.
    let Ok(order) = order else { return 1 };
    let result = folder.claim().and_then(|lock| match lock {
        // Another was quicker.
        None => Ok(()),
        Some(lock) => {
            let result = run(&folder, order);
            drop(lock);
            result
        }
    });
    match result {
        Ok(()) => 0,
        Err(error) => {
            // Where even this can't be written, the exit code is all there is.
            let _ = folder.set_broken(&error.to_string());
            1
        }
    }
}

fn run(folder: &Folder, order: Order) -> io::Result<()> {
    let work = folder.work();
    // One that died before it began may have left something.
    let _ = std::fs::remove_dir_all(&work);
    let command = match prepare(&work, &order) {
        Ok(command) => command,
        Err(Unfit::Order(why)) => return folder.mark_ended(&Ended::NotStarted(why)),
        Err(Unfit::Disk(error)) => return Err(error),
    };
    folder.mark_started()?;
    let ended = match watched(folder, command, order)? {
        Ok(ended) => ended,
        Err(why) => Ended::NotStarted(why),
    };
    folder.mark_ended(&ended)?;
    // What is left of it is of no use any more.
    let _ = std::fs::remove_dir_all(&work);
    Ok(())
}

/// Why there is no command.
enum Unfit {
    /// What was asked for can't be run.
    Order(String),
    /// The folder can't be written.
    Disk(io::Error),
}

impl From<io::Error> for Unfit {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// Lays the files out, and says how the script is run.
fn prepare(work: &Path, order: &Order) -> Result<Command, Unfit> {
    std::fs::create_dir_all(work)?;
    for (path, file) in &order.files {
        put(work, path, file)?;
    }
    let name = order.script.path.rsplit('/').next().unwrap_or("script");
    let script = put(work, name, &order.script)?;
    let content = order.script.bytes().unwrap_or_default();
    let mut words = interpreter(&content).into_iter();
    let mut command = match words.next() {
        None => Command::new(&script),
        Some(interpreter) => {
            let mut command = Command::new(interpreter);
            command.args(words).arg(&script);
            command
        }
    };
    command.current_dir(work).env_clear().envs(&order.variables).process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(command)
}

fn put(work: &Path, path: &str, file: &File) -> Result<PathBuf, Unfit> {
    let relative = Path::new(path);
    let is_inside = relative.components().all(|part| matches!(part, Component::Normal(_)));
    if path.is_empty() || !is_inside {
        return Err(Unfit::Order(format!(
            "the file `{path}` would lie outside of the script's folder"
        )));
    }
    let whole = work.join(relative);
    if let Some(parent) = whole.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let content =
        file.bytes().ok_or_else(|| Unfit::Order(format!("the file `{path}` is damaged")))?;
    std::fs::write(&whole, content)?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&whole, mode)?;
    Ok(whole)
}

/// What runs a script: what its first line says, else the shell; nothing for a program.
fn interpreter(content: &[u8]) -> Vec<String> {
    if content.starts_with(b"\x7fELF") {
        return Vec::new();
    }
    let first = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first);
    let words = first.strip_prefix("#!").map(str::trim).filter(|words| !words.is_empty());
    let Some(words) = words else { return vec!["sh".to_owned()] };
    // As the kernel has it: all behind the first word is one argument.
    match words.split_once([' ', '\t']) {
        Some((program, argument)) => vec![program.to_owned(), argument.trim().to_owned()],
        None => vec![words.to_owned()],
    }
}

/// The script from its start to its end; why it did not begin, where it did not.
fn watched(
    folder: &Folder,
    mut command: Command,
    order: Order,
) -> io::Result<Result<Ended, String>> {
    let begin = Instant::now();
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let program = command.get_program().to_string_lossy();
            let path = order.script.path;
            let why = match error.kind() {
                io::ErrorKind::NotFound => {
                    format!("`{path}` needs `{program}`, which is not on this machine")
                }
                io::ErrorKind::ArgumentListTooLong => {
                    format!("`{path}` is given more in its environment than this machine allows")
                }
                _ => format!("`{path}` can't be run by `{program}`: {error}"),
            };
            return Ok(Err(why));
        }
    };
    let group = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
    // Whether it can be noted or not, it runs.
    let _ = folder.set_child(group.as_raw());
    let (done, ends) = channel();
    let output = Output::create(&folder.output(), order.hidden)?;
    if order.seal_for.is_some() {
        // What it says may show what it is about to give.
        output.hold();
    }
    let captured = Captured::default();
    if let Some(mut stdin) = child.stdin.take() {
        let input = order.input;
        // A script that does not read it closes it; that is its own affair.
        std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    }
    let streams = [
        child
            .stderr
            .take()
            .map(|stream| follow(stream, Taken::Lines(output.clone()), done.clone())),
        child.stdout.take().map(|stream| {
            let taken = if order.wants_result {
                Taken::Whole(captured.clone())
            } else {
                Taken::Lines(output.clone())
            };
            follow(stream, taken, done.clone())
        }),
    ];
    let deadline = begin + Duration::from_millis(order.deadline_ms);
    let ended = wait(folder, &mut child, group, deadline)?;
    last_words(&ends, streams.iter().flatten().count());
    if order.wants_result {
        let result = match &order.seal_for {
            Some(recipient) => {
                output.hide(captured.texts());
                captured.sealed(recipient)
            }
            None => captured.told(&output),
        };
        folder.set_result(&result)?;
    }
    output.close()?;
    Ok(Ok(ended))
}

fn wait(folder: &Folder, child: &mut Child, group: Pid, deadline: Instant) -> io::Result<Ended> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(of(status));
        }
        let why = if folder.is_to_stop() {
            Some(Ended::Cancelled)
        } else {
            (Instant::now() >= deadline).then_some(Ended::TimedOut)
        };
        if let Some(why) = why {
            // One that ends just now has ended by itself.
            return Ok(stop(child, group)?.unwrap_or(why));
        }
        std::thread::sleep(LOOK);
    }
}

/// Ends the script and all that it began; its own end, where it came first.
fn stop(child: &mut Child, group: Pid) -> io::Result<Option<Ended>> {
    if let Some(status) = child.try_wait()? {
        return Ok(Some(of(status)));
    }
    let asked = Instant::now();
    // It is not reaped yet, so its number is still its own.
    let _ = killpg(group, Signal::SIGTERM);
    while child.try_wait()?.is_none() && asked.elapsed() < GRACE {
        std::thread::sleep(LOOK);
    }
    // Whoever is left of its group has had its time.
    let _ = killpg(group, Signal::SIGKILL);
    let _ = child.wait()?;
    Ok(None)
}

fn of(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(code),
        (None, signal) => Ended::Signalled(signal.unwrap_or_default()),
    }
}

/// Until both streams have ended, or long enough.
fn last_words(ends: &Receiver<()>, streams: usize) {
    let begin = Instant::now();
    for _ in 0..streams {
        let left = LAST_WORDS.saturating_sub(begin.elapsed());
        if ends.recv_timeout(left).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::interpreter;

    #[test]
    fn the_first_line_says_what_runs_a_script() {
        assert_eq!(interpreter(b"#!/bin/sh\necho"), ["/bin/sh"]);
        assert_eq!(interpreter(b"#! /usr/bin/env  python3 -u\n"), ["/usr/bin/env", "python3 -u"]);
        assert_eq!(interpreter(b"echo hello\n"), ["sh"]);
        assert_eq!(interpreter(b""), ["sh"]);
        assert_eq!(interpreter(b"#!\n"), ["sh"]);
        assert!(interpreter(b"\x7fELF\x02").is_empty());
    }
}
