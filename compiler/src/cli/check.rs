//! `bpc check`.

use std::collections::BTreeSet;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use super::output::Output;
use super::watch::Round;
use super::{files, lock, stdin};
use crate::diagnostics::Diagnostic;
use crate::render::short;
use crate::{loader, syntax};

/// Checks the files; whether all is well, and what was read.
pub(super) fn run(paths: &[PathBuf], locked: bool, output: &mut Output) -> (bool, Vec<PathBuf>) {
    checked(paths, locked, Process::Ends, output)
}

/// What becomes of the process behind a check.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Process {
    /// It ends, and its memory with it.
    Ends,
    GoesOn,
}

fn checked(
    paths: &[PathBuf],
    locked: bool,
    process: Process,
    output: &mut Output,
) -> (bool, Vec<PathBuf>) {
    let mut read: Vec<PathBuf> = paths.to_vec();
    let Some(files) = files::sources(paths, output) else {
        output.summary();
        return (false, vec![PathBuf::from(".")]);
    };
    // Folders may get more files.
    let is_listed = paths.is_empty() || paths.iter().any(|path| path.is_dir());
    let (first, then) = if is_listed { order(files) } else { (files, Vec::new()) };
    let mut told = BTreeSet::new();
    let mut covered = BTreeSet::new();
    let is_only = first.len() + then.len() == 1;
    for (file, is_needed) in
        first.iter().map(|file| (file, true)).chain(then.iter().map(|file| (file, false)))
    {
        if !is_needed && covered.contains(&real(file)) {
            continue;
        }
        let Some(analysis) = stdin::analysis(file, false, output) else { continue };
        let sources = analysis.sources();
        // Several files may use the same one: what is wrong with it is told of once.
        let new: Vec<Diagnostic> = analysis
            .diagnostics()
            .iter()
            .filter(|one| told.insert(short::line(one, |id| sources.file(id))))
            .cloned()
            .collect();
        output.diagnostics(&new, |id| sources.file(id));
        if let Some(lock) = analysis.lock() {
            lock::settle(lock, locked, sources, output);
        }
        covered.extend(sources.paths().map(real));
        read.extend(sources.paths().map(Path::to_owned));
        if is_only && process == Process::Ends {
            // To take it apart takes longer than to leave it to the system.
            let _ = ManuallyDrop::new(analysis);
        }
    }
    output.summary();
    read.sort();
    read.dedup();
    (!output.has_errors(), read)
}

/// A round of `bpc check --watch`.
pub(super) fn round(paths: &[PathBuf], locked: bool, mut output: Output) -> Round {
    let (is_fine, read) = checked(paths, locked, Process::GoesOn, &mut output);
    let files = read.iter().filter(|path| path.extension().is_some_and(|end| end == "bp")).count();
    let files = if files == 1 { "1 file".to_owned() } else { format!("{files} files") };
    let result = if is_fine { "fine" } else { "not fine" };
    Round { read, result: format!("{result}: {files} checked") }
}

/// Blueprints first; modules that one of them uses need no look of their own.
fn order(files: Vec<PathBuf>) -> (Vec<PathBuf>, Vec<PathBuf>) {
    files.into_iter().partition(|file| {
        let bytes = loader::bytes_of(file, syntax::MAX_FILE + 1).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        text.lines().any(|line| line.starts_with("blueprint "))
    })
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
