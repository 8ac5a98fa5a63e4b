//! The one layout of a file.
//!
//! Works on the words of the text, not on the tree: so every comment stays, and nothing changes
//! but blanks, newlines and the commas between entries that have lines of their own. Line breaks
//! are the author's; indentation, blanks within a line, and the `=` of neighbours are ours.
//!
//! Must not know names or types. Invariant: the tree before is the tree after, and formatting
//! again changes nothing.

mod layout;
mod spacing;
mod tokens;

use crate::diagnostics::syntax::is_of_layout;
use crate::source::{FileId, SourceFile};
use crate::syntax;

/// The text in the one layout; the diagnostics where it has errors of syntax and is to be left as
/// it is.
pub fn format(source: &SourceFile) -> Result<String, Vec<crate::diagnostics::Diagnostic>> {
    let (_, diagnostics) = syntax::parse(FileId(0), source);
    let is_error = |d: &crate::diagnostics::Diagnostic| {
        // A file with nothing in it has a layout, and where entries stand is what layout is about.
        d.severity == crate::diagnostics::Severity::Error && !is_of_layout(d)
    };
    if diagnostics.iter().any(is_error) {
        return Err(diagnostics);
    }
    let text = source.text();
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text).replace("\r\n", "\n");
    Ok(layout::lay_out(&tokens::tokens(&text)))
}
