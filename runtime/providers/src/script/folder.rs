//! The folder of one call: what its supervisor leaves there, and what that says to whoever looks.
//!
//! A supervisor holds the lock while it lives, and writes `started` before the script is: so a second
//! one never begins, and a call whose supervisor died in between is known to be in doubt.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Held while the supervisor lives.
const LOCK: &str = "lock";
/// Written before the script begins.
const STARTED: &str = "started";
/// Which process the script is.
const CHILD: &str = "child";
/// What it writes, line by line.
const OUTPUT: &str = "output";
/// What it gave.
const RESULT: &str = "result";
/// How it ended; written last.
const ENDED: &str = "ended";
/// It is to be stopped.
const CANCEL: &str = "cancel";
/// Why no supervisor came about.
const BROKEN: &str = "broken";
/// Where the script runs.
const WORK: &str = "work";

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ended {
    /// By itself, with this exit code.
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// It took too long, and was stopped.
    TimedOut,
    /// It was to be stopped.
    Cancelled,
    /// It never began, and why.
    NotStarted(String),
}

/// How a call stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing was begun.
    Idle,
    /// Its supervisor lives.
    Running,
    /// It has ended.
    Ended(Ended),
    /// Its supervisor died before it could tell.
    Lost,
}

/// The process that a script is: its number, and when it began by the kernel's count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Child {
    pub(super) id: i32,
    pub(super) began: Option<u64>,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn work(&self) -> PathBuf {
        self.0.join(WORK)
    }

    pub(super) fn output(&self) -> PathBuf {
        self.0.join(OUTPUT)
    }

    /// How the call stands. It may hold the lock for a moment; a supervisor waits for it.
    pub(super) fn state(&self) -> io::Result<State> {
        if let Some(ended) = self.ended()? {
            return Ok(State::Ended(ended));
        }
        if self.is_locked()? {
            return Ok(State::Running);
        }
        if !self.0.join(STARTED).exists() {
            return Ok(State::Idle);
        }
        // It may have ended since it was looked for.
        Ok(self.ended()?.map_or(State::Lost, State::Ended))
    }

    fn is_locked(&self) -> io::Result<bool> {
        let file = match File::open(self.0.join(LOCK)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn ended(&self) -> io::Result<Option<Ended>> {
        let Some(text) = read(&self.0.join(ENDED))? else { return Ok(None) };
        serde_json::from_slice(&text).map(Some).map_err(io::Error::other)
    }

    /// Makes the call this process's own; none where another has begun it.
    pub(super) fn claim(&self) -> io::Result<Option<File>> {
        std::fs::create_dir_all(&self.0)?;
        let lock =
            File::options().create(true).truncate(false).write(true).open(self.0.join(LOCK))?;
        lock.lock()?;
        let is_begun = self.0.join(STARTED).exists() || self.0.join(ENDED).exists();
        Ok((!is_begun).then_some(lock))
    }

    /// From now on nobody begins it again.
    pub(super) fn mark_started(&self) -> io::Result<()> {
        self.write(STARTED, b"")?;
        if let Some(parent) = self.0.parent() {
            File::open(parent)?.sync_all()?;
        }
        Ok(())
    }

    pub(super) fn set_child(&self, id: i32) -> io::Result<()> {
        let child = Child { id, began: began(id) };
        self.write(CHILD, &serde_json::to_vec(&child).map_err(io::Error::other)?)
    }

    /// The script's process, if it still is that one.
    pub(super) fn living_child(&self) -> Option<i32> {
        let text = read(&self.0.join(CHILD)).ok()??;
        let child: Child = serde_json::from_slice(&text).ok()?;
        (child.began.is_some() && child.began == began(child.id)).then_some(child.id)
    }

    pub(super) fn mark_ended(&self, ended: &Ended) -> io::Result<()> {
        self.write(ENDED, &serde_json::to_vec(ended).map_err(io::Error::other)?)
    }

    pub(super) fn set_result(&self, text: &[u8]) -> io::Result<()> {
        self.write(RESULT, text)
    }

    pub(super) fn result(&self) -> io::Result<Vec<u8>> {
        Ok(read(&self.0.join(RESULT))?.unwrap_or_default())
    }

    pub(super) fn ask_to_stop(&self) -> io::Result<()> {
        self.write(CANCEL, b"")
    }

    pub(super) fn is_to_stop(&self) -> bool {
        self.0.join(CANCEL).exists()
    }

    /// Why there is no supervisor, where it could say so.
    pub(super) fn broken(&self) -> Option<String> {
        let text = read(&self.0.join(BROKEN)).ok()??;
        Some(String::from_utf8_lossy(&text).into_owned())
    }

    pub(super) fn set_broken(&self, why: &str) -> io::Result<()> {
        std::fs::create_dir_all(&self.0)?;
        self.write(BROKEN, why.as_bytes())
    }

    /// What was written since `from`, in whole lines, and where they end.
    pub(super) fn lines(&self, from: u64) -> io::Result<(Vec<String>, u64)> {
        let mut file = match File::open(self.output()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), from)),
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        bytes.truncate(end);
        let text = String::from_utf8_lossy(&bytes);
        Ok((text.lines().map(str::to_owned).collect(), from + end as u64))
    }

    /// Writes a file as a whole and durably, or not at all.
    fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let new = self.0.join(format!("{name}.new"));
        let mut file = File::create(&new)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&new, self.0.join(name))?;
        File::open(&self.0)?.sync_all()
    }
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// When a process began, in the kernel's ticks: with it a number that was given anew is seen.
fn began(id: i32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name, in brackets, may hold anything; the 22nd field is the 20th behind it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    (state != "Z").then(|| fields.nth(18)?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_call_is_claimed_once() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::new(parent.path().join("k-1"));
        assert_eq!(folder.state().unwrap(), State::Idle);
        let lock = folder.claim().unwrap().unwrap();
        assert_eq!(folder.state().unwrap(), State::Running);
        folder.mark_started().unwrap();
        drop(lock);
        assert_eq!(folder.state().unwrap(), State::Lost);
        assert!(folder.claim().unwrap().is_none());
        folder.mark_ended(&Ended::Exited(0)).unwrap();
        assert_eq!(folder.state().unwrap(), State::Ended(Ended::Exited(0)));
        assert!(folder.claim().unwrap().is_none());
    }

    #[test]
    fn one_that_died_before_it_began_may_be_begun() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::new(parent.path().join("k-1"));
        drop(folder.claim().unwrap().unwrap());
        assert_eq!(folder.state().unwrap(), State::Idle);
        assert!(folder.claim().unwrap().is_some());
    }

    #[test]
    fn a_process_is_known_by_its_number_and_its_beginning() {
        let own = i32::try_from(std::process::id()).unwrap();
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::new(parent.path().to_owned());
        assert_eq!(folder.living_child(), None);
        folder.set_child(own).unwrap();
        assert_eq!(folder.living_child(), Some(own));
        let other = Child { id: own, began: Some(1) };
        folder.write(CHILD, &serde_json::to_vec(&other).unwrap()).unwrap();
        assert_eq!(folder.living_child(), None);
    }
}
