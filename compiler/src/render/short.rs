//! A diagnostic as one line of plain text, for problem matchers of editors and CI.
//!
//! `FILE:LINE:COLUMN: error[E2001]: MESSAGE`: nothing is drawn, and whatever a source or a path
//! holds, it stays one line.

use crate::diagnostics::{Diagnostic, Severity};
use crate::source::{FileId, SourceFile};

/// The diagnostic as one line, without its end; line and column from 1.
pub fn line<'a>(
    diagnostic: &'a Diagnostic,
    sources: impl Fn(FileId) -> Option<&'a SourceFile>,
) -> String {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let (path, at) = match sources(diagnostic.place.file) {
        Some(source) => {
            let at = source.position(diagnostic.place.span.start);
            (source.path(), (at.line, at.column))
        }
        None => ("", (1, 1)),
    };
    let line = format!(
        "{path}:{}:{}: {severity}[{}]: {}",
        at.0, at.1, diagnostic.code, diagnostic.message
    );
    line.replace(char::is_control, " ")
}
