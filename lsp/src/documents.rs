//! The texts that the editor has open, and what was last said of each file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Texts by path.
    open: BTreeMap<PathBuf, String>,
    /// Counts the changes: an analysis of an older count has nothing to say any more.
    changes: u64,
    /// Files with diagnostics, by the root whose analysis found them.
    told: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
}

impl Documents {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file is open with this text; gives the count of the change.
    pub(crate) fn set(&self, path: PathBuf, text: String) -> u64 {
        let mut inner = self.inner();
        inner.open.insert(path, text);
        inner.changes += 1;
        inner.changes
    }

    /// A file is no longer open.
    pub(crate) fn close(&self, path: &Path) -> u64 {
        let mut inner = self.inner();
        inner.open.remove(path);
        inner.changes += 1;
        inner.changes
    }

    /// Whether nothing has changed since.
    pub(crate) fn is_newest(&self, changes: u64) -> bool {
        self.inner().changes == changes
    }

    /// The open texts.
    pub(crate) fn open(&self) -> BTreeMap<PathBuf, String> {
        self.inner().open.clone()
    }

    /// The text of an open file.
    pub(crate) fn text(&self, path: &Path) -> Option<String> {
        self.inner().open.get(path).cloned()
    }

    /// Notes which files an analysis has diagnostics for; gives those that have none any more.
    pub(crate) fn tell(&self, root: &Path, files: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
        let mut inner = self.inner();
        let before = inner.told.insert(root.to_owned(), files.clone()).unwrap_or_default();
        let others: BTreeSet<PathBuf> = inner
            .told
            .iter()
            .filter(|(other, _)| *other != root)
            .flat_map(|(_, files)| files.iter().cloned())
            .collect();
        before.into_iter().filter(|file| !files.contains(file) && !others.contains(file)).collect()
    }
}
