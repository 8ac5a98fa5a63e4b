//! A diagnostic as a workflow command of GitHub Actions: a mark at its line in the pull request.
//!
//! `::error file=…,line=…,col=…,endLine=…,endColumn=…,title=E2001::MESSAGE`. GitHub reads one line; what would
//! end it, or a property, is written as `%0A`, `%0D`, `%25`, `%3A`, `%2C`.

use std::fmt::Write as _;

use super::visible;
use crate::diagnostics::{Diagnostic, Severity};
use crate::source::{FileId, SourceFile};

/// The diagnostic as one line, without its end; lines and columns from 1. Advice follows the message
/// on lines of its own, as GitHub shows them.
pub fn line<'a>(
    diagnostic: &'a Diagnostic,
    sources: impl Fn(FileId) -> Option<&'a SourceFile>,
) -> String {
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut place = String::new();
    if let Some(source) = sources(diagnostic.place.file) {
        let start = source.position(diagnostic.place.span.start);
        let end = source.position(diagnostic.place.span.end);
        place = format!("file={},line={}", property(source.path()), start.line);
        // Writing to a string does not fail. GitHub takes columns only where the mark stays on one line; theirs includes the last.
        if start.line == end.line {
            let last = end.column.saturating_sub(1).max(start.column);
            let _ = write!(place, ",col={},endLine={},endColumn={last}", start.column, end.line);
        } else {
            let _ = write!(place, ",endLine={}", end.line);
        }
        place.push(',');
    }
    let mut message = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        message = format!("{message}\nhelp: {help}");
    }
    for (at, note) in &diagnostic.related {
        if let Some(source) = sources(at.file) {
            let line = source.position(at.span.start).line;
            message = format!("{message}\n{}:{line}: {note}", source.path());
        }
    }
    format!("::{command} {place}title={}::{}", diagnostic.code, text(&message))
}

/// What may stand after the second `::`.
fn text(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(visible).collect();
    lines.join("\n").replace('%', "%25").replace('\n', "%0A")
}

/// What may be the value of a property.
fn property(value: &str) -> String {
    text(value).replace(':', "%3A").replace(',', "%2C")
}
