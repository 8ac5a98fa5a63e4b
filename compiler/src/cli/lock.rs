//! `bpc lock`, and keeping `bp.lock` whenever something is compiled or checked.

use std::path::{Path, PathBuf};

use super::output::Output;
use super::write;
use crate::diagnostics::packages as says;
use crate::loader::{self, Lock, Sources};

/// Locks the packages as they are now; whether it did.
pub(super) fn run(path: Option<&Path>, locked: bool, output: &mut Output) -> bool {
    // Any name will do: what counts is the folder.
    let root = match path {
        None => PathBuf::from("bp.toml"),
        Some(path) if path.is_dir() => path.join("bp.toml"),
        Some(path) => path.to_owned(),
    };
    let Some(manifest) = loader::manifest_of(&root) else {
        match path {
            Some(path) => output.failed(path, says::no_package_around(path.exists())),
            None => output.failed(Path::new("."), says::no_package_here()),
        }
        output.summary();
        return false;
    };
    let (sources, lock) = loader::lock(&manifest);
    output.diagnostics(&sources.diagnostics, |id| sources.file(id));
    if let Some(lock) = &lock {
        settle(lock, locked, &sources, output);
    } else if !output.has_errors() {
        output.note(&format!("{} depends on no package: nothing to lock", manifest.display()));
    }
    output.summary();
    !output.has_errors()
}

/// Writes a lock that is not as it should be, or says that it may not.
pub(super) fn settle(lock: &Lock, locked: bool, sources: &Sources, output: &mut Output) {
    if lock.is_current {
        return;
    }
    let refused = if locked {
        says::lock_is_old(lock.at, &lock.path)
    } else {
        match write::replace(&lock.path, lock.text.as_bytes()) {
            Ok(()) => {
                let packages = lock.text.matches("[[package]]").count();
                let packages = if packages == 1 {
                    "1 package".to_owned()
                } else {
                    format!("{packages} packages")
                };
                output.note(&format!("{}: {packages} locked", lock.path.display()));
                return;
            }
            Err(error) => says::lock_unwritable(lock.at, &lock.path, &error.to_string()),
        }
    };
    output.diagnostics(&[refused], |id| sources.file(id));
}
