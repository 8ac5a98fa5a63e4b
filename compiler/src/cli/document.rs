//! `bpc doc`.

use std::path::Path;

use super::output::Output;
use super::stdin;
use crate::document::document;
use crate::library;
use crate::source::FileId;
use crate::syntax;

/// Writes the documentation of a file, or of a module of the standard library (`std.fleet`), to
/// stdout; whether it could.
pub(super) fn run(what: &Path, output: &mut Output) -> bool {
    let named = what.to_str().and_then(library::module);
    let (title, path, bytes) = match named {
        Some(module) => {
            (module.name.to_owned(), module.path.to_owned(), module.text.as_bytes().to_vec())
        }
        None if stdin::is_meant(what) => match stdin::read(syntax::MAX_FILE, output) {
            Some(bytes) => ("stdin".to_owned(), stdin::NAME.to_owned(), bytes),
            None => return false,
        },
        None => match super::format::read(what) {
            Ok(bytes) => {
                let title = what.file_stem().unwrap_or(what.as_os_str()).to_string_lossy();
                (title.into_owned(), what.display().to_string(), bytes)
            }
            Err(error) => {
                super::files::unreadable(what, &error, output);
                return false;
            }
        },
    };
    let (source, tree, mut diagnostics) = syntax::parse_bytes(FileId(0), path, bytes);
    // Of a file with nothing in it there is little to say, which is no mistake.
    diagnostics.retain(|one| one.code != "E1018");
    output.diagnostics(&diagnostics, |_| Some(&source));
    let text = document(&title, &source, &tree);
    output.answer(&text);
    output.summary();
    !output.has_errors()
}
