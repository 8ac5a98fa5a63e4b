//! `-`: a blueprint that is read from stdin.

use std::io::Read as _;
use std::path::Path;

use super::output::Output;
use crate::analysis::Analysis;
use crate::source::{FileId, SourceFile};
use crate::syntax;

/// What it is called where it is told of; what it uses lies in the folder that one works in.
pub(super) const NAME: &str = "<stdin>";

/// Whether stdin is meant.
pub(super) fn is_meant(path: &Path) -> bool {
    path == Path::new("-")
}

/// All of it, or of what is too large enough to see that; nothing where it can't be read, which is told
/// of.
pub(super) fn read(most: u64, output: &mut Output) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    match std::io::stdin().lock().take(most.saturating_add(1)).read_to_end(&mut bytes) {
        Ok(_) => Some(bytes),
        Err(error) => {
            let why = format!("stdin can't be read: {error}");
            output.failure("E1027", NAME, &why, "try again");
            None
        }
    }
}

/// An analysis of the file, or of stdin where that is meant, with its plan where one is wanted; nothing where
/// stdin is no text, which is told of.
pub(super) fn analysis(path: &Path, with_plan: bool, output: &mut Output) -> Option<Analysis> {
    if !is_meant(path) {
        return Some(if with_plan { Analysis::load(path) } else { Analysis::check(path) });
    }
    let bytes = read(syntax::MAX_FILE, output)?;
    of(bytes, with_plan, output)
}

/// The same of what was read.
pub(super) fn of(bytes: Vec<u8>, with_plan: bool, output: &mut Output) -> Option<Analysis> {
    let source = decoded(bytes, output)?;
    Some(Analysis::of_text(Path::new(NAME), source.text(), with_plan))
}

/// The text of stdin; nothing where it is none, which is told of.
pub(super) fn text(output: &mut Output) -> Option<String> {
    let bytes = read(syntax::MAX_FILE, output)?;
    Some(decoded(bytes, output)?.text().to_owned())
}

fn decoded(bytes: Vec<u8>, output: &mut Output) -> Option<SourceFile> {
    let (source, refused) = syntax::decode(FileId(0), NAME.to_owned(), bytes);
    if let Some(refused) = refused {
        output.diagnostics(&[refused], |_| Some(&source));
        return None;
    }
    Some(source)
}
