//! The one layout of a file.
//!
//! Works on the words of the text, not on the tree: so every comment stays, and nothing changes
//! but blanks, newlines and commas that part nothing, or entries that have lines of their own. Line breaks
//! are the author's; indentation, blanks within a line, and the `=` of neighbours are ours.
//!
//! Must not know names or types. Invariant: the tree before is the tree after, and formatting
//! again changes nothing.

mod interpolation;
mod layout;
mod spacing;
mod tokens;

use std::borrow::Cow;

use crate::diagnostics::syntax::{break_of, is_of_layout};
use crate::diagnostics::{Diagnostic, Severity};
use crate::source::{FileId, SourceFile};
use crate::syntax;

/// How often lines are broken whose blocks close further down: once for each block that begins in another's
/// first line.
const MOST_BREAKS: usize = 10;

/// The text in the one layout; the diagnostics where it has errors of syntax and is to be left as
/// it is.
pub fn format(source: &SourceFile) -> Result<String, Vec<Diagnostic>> {
    let (_, diagnostics) = syntax::parse(FileId(0), source);
    let broken = match broken(source, &diagnostics) {
        Some(text) => Cow::Owned(text),
        None if diagnostics.iter().any(is_error) => return Err(diagnostics),
        None => Cow::Borrowed(source.text()),
    };
    let text = broken.strip_prefix('\u{FEFF}').unwrap_or(&broken).replace("\r\n", "\n");
    Ok(layout::lay_out(&tokens::tokens(&text)))
}

/// What the layout can't mend. A file with nothing in it has a layout, and where entries stand is what layout is
/// about.
fn is_error(told: &Diagnostic) -> bool {
    told.severity == Severity::Error && !is_of_layout(told)
}

/// The text with a line for each entry of the blocks that have one on their first line and close further down,
/// where this is all that is wrong with it.
fn broken(source: &SourceFile, diagnostics: &[Diagnostic]) -> Option<String> {
    let mut text = source.text().to_owned();
    let mut told: Vec<Diagnostic> =
        diagnostics.iter().filter(|one| is_error(one)).cloned().collect();
    for _ in 0..MOST_BREAKS {
        let breaks: Option<Vec<usize>> =
            told.iter().map(|one| Some(break_of(one)?.span.start as usize)).collect();
        let mut breaks = breaks.filter(|breaks| !breaks.is_empty())?;
        breaks.sort_unstable();
        for at in breaks.into_iter().rev() {
            text.insert(at, '\n');
        }
        let source = SourceFile::new(source.path(), text.as_str());
        told = syntax::parse(FileId(0), &source).1;
        told.retain(is_error);
        if told.is_empty() {
            return Some(text);
        }
    }
    None
}
