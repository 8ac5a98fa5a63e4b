//! Which files a command is about.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::output::Output;
use super::{stdin, write};
use crate::diagnostics::{packages as says_packages, syntax as says};
use crate::loader::{self, Sources};
use crate::source::{FileId, SourceFile};

/// The `.bp` files at or below the paths; hidden folders are passed over. Without a path, those of the
/// package around; nothing where there is none, which is told of.
pub(super) fn sources(paths: &[PathBuf], output: &mut Output) -> Option<Vec<PathBuf>> {
    let mut files = Vec::new();
    if paths.is_empty() {
        let Some(manifest) = loader::manifest_of(Path::new("bp.toml")) else {
            output.failed(Path::new("."), says_packages::no_package_here());
            return None;
        };
        let folder = manifest.parent().filter(|folder| !folder.as_os_str().is_empty());
        collect(folder.unwrap_or(Path::new(".")), &mut files, output);
    }
    for path in paths {
        let before = files.len();
        let had_errors = output.has_errors();
        collect(path, &mut files, output);
        if files.len() == before && output.has_errors() == had_errors {
            output.failed(path, says_packages::nothing_in(path));
        }
    }
    files = files.iter().map(|file| plain(file).to_owned()).collect();
    files.sort();
    // A file is looked at once, whatever it is called.
    let mut known = BTreeSet::new();
    files.retain(|file| known.insert(file.canonicalize().unwrap_or_else(|_| file.clone())));
    Some(files)
}

/// The path without a `./` before it, which no program expects in what it is told.
pub(super) fn plain(path: &Path) -> &Path {
    match path.strip_prefix(".") {
        Ok(plain) if !plain.as_os_str().is_empty() && !stdin::is_meant(plain) => plain,
        _ => path,
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>, output: &mut Output) {
    if !path.is_dir() {
        files.push(path.to_owned());
        return;
    }
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => {
            unreadable(path, &error, output);
            return;
        }
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_hidden = name.to_string_lossy().starts_with('.');
        let path = entry.path();
        // A link to a folder could lead round in a ring.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && !is_hidden {
            collect(&path, files, output);
        } else if !is_hidden && path.extension().is_some_and(|extension| extension == "bp") {
            files.push(path);
        }
    }
}

/// Says that a file can't be read.
pub(super) fn unreadable(path: &Path, why: &std::io::Error, output: &mut Output) {
    let source = SourceFile::new(path.display().to_string(), "");
    let why = loader::why_unreadable(why);
    output.diagnostics(&[says::unreadable(FileId(0), &why)], |_| Some(&source));
}

/// The files on the disk that an analysis is of.
pub(super) fn of(sources: &Sources) -> Vec<PathBuf> {
    sources.paths().map(Path::to_owned).collect()
}

/// Which of these is the file that is to be written: nothing may replace what it is made of.
pub(super) fn is_among<'a>(to: &Path, read: &'a [PathBuf]) -> Option<&'a Path> {
    let read = read.iter().map(PathBuf::as_path);
    // What is not there is none of them.
    read.filter(|_| to.exists()).find(|read| write::is_same(to, read))
}
