//! Doing something again whenever a file that it read has changed.
//!
//! Looks at the files several times a second instead of asking the system to be told: that is the
//! same on every disk and in every container, and it does not matter whether an editor writes into a
//! file, puts another in its place, or takes it away for a moment.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(100);
/// How often is looked at most until nothing changes any more.
const MOST_LOOKS: u32 = 20;
/// For so many files the pause is as it is; for more it is longer, so that looking costs little.
const FILES_A_PAUSE: u32 = 1000;

/// What a round came to.
pub(super) struct Round {
    /// What was read; a folder stands for the names in it.
    pub(super) read: Vec<PathBuf>,
    /// One line: what was found.
    pub(super) result: String,
}

/// Does it, waits for a change, and does it again, until nobody reads any more what is written. A
/// person ends it with Ctrl-C.
pub(super) fn repeat(mut round: impl FnMut() -> Round) {
    let mut known: BTreeSet<PathBuf> = BTreeSet::new();
    loop {
        let before = look(&known);
        let mut err = std::io::stderr();
        if err.is_terminal() {
            // All of the screen and what was scrolled out of it.
            let _ = err.write_all(b"\x1b[2J\x1b[3J\x1b[H");
        }
        let started = now();
        let made = round();
        let took = started.elapsed();
        known = watched(&made.read);
        let after = look(&known);
        let line = format!("{} in {}; waiting for a change\n", made.result, time(took));
        if err.write_all(line.as_bytes()).is_err() {
            return;
        }
        // What changed while it was read counts, too.
        let is_old = |(path, seen): (&PathBuf, &Seen)| {
            path.extension().is_none_or(|end| end != "lock")
                && after.get(path).is_some_and(|now| now != seen)
        };
        if !before.iter().any(is_old) {
            wait(&known, &after);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "tells a person how long it took; no plan has it")]
fn now() -> Instant {
    Instant::now()
}

fn time(took: Duration) -> String {
    match took.as_millis() {
        short if short < 1000 => format!("{short} ms"),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}

/// What was read, and the folders that it stands in: what is missing may come.
fn watched(read: &[PathBuf]) -> BTreeSet<PathBuf> {
    let folders = read.iter().filter_map(|path| path.parent()).map(|folder| {
        if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() }
    });
    folders.chain(read.iter().cloned()).collect()
}

/// Comes back when something has changed, and then nothing for a moment.
fn wait(paths: &BTreeSet<PathBuf>, before: &BTreeMap<PathBuf, Seen>) {
    let many = u32::try_from(paths.len()).unwrap_or(u32::MAX) / FILES_A_PAUSE;
    let pause = PAUSE * (1 + many.min(20));
    let mut newest = before.clone();
    while newest == *before {
        std::thread::sleep(pause);
        newest = look(paths);
    }
    for _ in 0..MOST_LOOKS {
        std::thread::sleep(pause);
        let next = look(paths);
        if next == newest {
            return;
        }
        newest = next;
    }
}

/// What can be seen of a path without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    File { changed: Option<SystemTime>, size: u64, identity: u64 },
    Folder(BTreeSet<PathBuf>),
}

fn look(paths: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, Seen> {
    paths.iter().map(|path| (path.clone(), seen(path))).collect()
}

fn seen(path: &Path) -> Seen {
    let Ok(metadata) = path.metadata() else { return Seen::Nothing };
    if metadata.is_dir() {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        let names = entries.map(|entry| PathBuf::from(entry.file_name()));
        return Seen::Folder(names.filter(|name| !is_passing(name)).collect());
    }
    let identity = identity(&metadata);
    Seen::File { changed: metadata.modified().ok(), size: metadata.len(), identity }
}

/// What editors leave for a moment, and what this program writes.
fn is_passing(name: &Path) -> bool {
    let text = name.to_string_lossy();
    let ending = name.extension().map(|ending| ending.to_string_lossy().into_owned());
    text.starts_with('.')
        || text.ends_with('~')
        || matches!(ending.as_deref(), Some("plan" | "lock" | "tmp" | "swp"))
}

#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn identity(_: &std::fs::Metadata) -> u64 {
    0
}
