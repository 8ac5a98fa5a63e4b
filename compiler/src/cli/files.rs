//! Which files a command is about, and how one is written: whole or not at all.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::output::Output;
use crate::diagnostics::{packages as says_packages, syntax as says};
use crate::loader;
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
        let plain = |file: &PathBuf| file.strip_prefix(".").map_or(file.clone(), Path::to_owned);
        files = files.iter().map(plain).collect();
    }
    for path in paths {
        collect(path, &mut files, output);
    }
    files.sort();
    files.dedup();
    // Whoever misspelt a folder's name is not to take silence for a yes.
    if files.is_empty() && !output.has_errors() {
        let at = paths.first().map_or(Path::new("."), PathBuf::as_path);
        output.failed(at, says_packages::no_blueprints_in());
    }
    Some(files)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>, output: &mut Output) {
    if !path.is_dir() {
        files.push(path.to_owned());
        return;
    }
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => {
            unreadable(path, &error.to_string(), output);
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
pub(super) fn unreadable(path: &Path, why: &str, output: &mut Output) {
    let source = SourceFile::new(path.display().to_string(), "");
    output.diagnostics(&[says::unreadable(FileId(0), why)], |_| Some(&source));
}

/// Writes the file whole or not at all.
pub(super) fn replace(to: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = to.parent().filter(|f| !f.as_os_str().is_empty());
    let folder = folder.map_or_else(|| PathBuf::from("."), Path::to_owned);
    if !folder.is_dir() {
        let why = format!("there is no folder `{}`", folder.display());
        return Err(std::io::Error::new(std::io::ErrorKind::NotFound, why));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".bpc-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o644));
    }
    let mut beside = builder.tempfile_in(folder)?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist(to).map_err(|error| error.error)?;
    Ok(())
}
