//! `bpc fmt`.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::files;
use super::output::{self, Output};
use crate::source::{FileId, SourceFile};
use crate::{loader, syntax};

/// Formats the paths; whether all is well.
pub(super) fn run(paths: &[PathBuf], check: bool, output: &mut Output) -> bool {
    if let [path] = paths
        && path == Path::new("-")
    {
        return standard_input(check, output);
    }
    let Some(files) = files::sources(paths, output) else { return false };
    let mut other_layout = 0;
    for path in &files {
        let Some((source, formatted)) = formatted(path, output) else { continue };
        if formatted == source.text() {
            continue;
        }
        other_layout += 1;
        if check {
            output::write_out(&format!("{}\n", path.display()));
        } else if let Err(error) = replace(path, &formatted) {
            output.failure(
                "E1028",
                &path.display().to_string(),
                &format!("the file can't be written: {error}"),
                "check that you may write it and that the disk has room; it is as it was",
            );
        }
    }
    output.summary();
    if check && other_layout > 0 {
        let files = if other_layout == 1 { "file has" } else { "files have" };
        output
            .note(&format!("{other_layout} {files} another layout; run `bpc fmt` without --check"));
    }
    let is_right = other_layout == 0 || !check;
    is_right && !output.has_errors()
}

fn standard_input(check: bool, output: &mut Output) -> bool {
    let mut bytes = Vec::new();
    let limit = syntax::MAX_FILE + 1;
    if let Err(error) = std::io::stdin().lock().take(limit).read_to_end(&mut bytes) {
        output.failure("E1027", "<stdin>", &format!("stdin can't be read: {error}"), "try again");
        return false;
    }
    let Some((source, formatted)) = lay_out("<stdin>".to_owned(), bytes, output) else {
        output.summary();
        return false;
    };
    if check {
        return formatted == source.text();
    }
    output::write_out(&formatted);
    true
}

/// A file and its text in the one layout; nothing where it has errors, which are written.
fn formatted(path: &Path, output: &mut Output) -> Option<(SourceFile, String)> {
    match read(path) {
        Ok(bytes) => lay_out(path.display().to_string(), bytes, output),
        Err(error) => {
            files::unreadable(path, &error.to_string(), output);
            None
        }
    }
}

/// The file's bytes; of one that is too large, enough to see that.
pub(super) fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    loader::bytes_of(path, syntax::MAX_FILE + 1)
}

fn lay_out(path: String, bytes: Vec<u8>, output: &mut Output) -> Option<(SourceFile, String)> {
    let (source, refused) = syntax::decode(FileId(0), path, bytes);
    let result = match refused {
        Some(refused) => Err(vec![refused]),
        None => crate::format::format(&source),
    };
    match result {
        Ok(formatted) => Some((source, formatted)),
        Err(diagnostics) => {
            output.diagnostics(&diagnostics, |_| Some(&source));
            output.note(&format!("{}: left as it is", source.path()));
            None
        }
    }
}

/// Replaces the file so that it is either as it was or whole, with the rights it had.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let path = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    beside.write_all(text.as_bytes())?;
    beside.as_file().set_permissions(std::fs::metadata(&path)?.permissions())?;
    beside.as_file().sync_all()?;
    beside.persist(&path).map_err(|error| error.error)?;
    Ok(())
}
