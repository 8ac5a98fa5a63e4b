//! A diagnostic as one line of JSON, for editors, CI and scripts.

use serde::Serialize;

use crate::diagnostics::{Diagnostic, Severity};
use crate::source::{FileId, Place, SourceFile};

#[derive(Serialize)]
struct Line<'a> {
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    file: &'a str,
    range: Range,
    help: Option<&'a str>,
    related: Vec<Related<'a>>,
    fix: Option<Fix<'a>>,
}

#[derive(Serialize)]
struct Fix<'a> {
    title: &'a str,
    edits: Vec<Edit<'a>>,
}

#[derive(Serialize)]
struct Edit<'a> {
    file: &'a str,
    range: Range,
    text: &'a str,
}

#[derive(Serialize)]
struct Related<'a> {
    message: &'a str,
    file: &'a str,
    range: Range,
}

#[derive(Default, Serialize)]
struct Range {
    start: Position,
    end: Position,
}

#[derive(Serialize)]
struct Position {
    line: u32,
    column: u32,
}

impl Default for Position {
    fn default() -> Self {
        Self { line: 1, column: 1 }
    }
}

/// The diagnostic as one line, without its end; lines and columns from 1.
pub fn line<'a>(
    diagnostic: &'a Diagnostic,
    sources: impl Fn(FileId) -> Option<&'a SourceFile>,
) -> String {
    let locate = |place: Place| match sources(place.file) {
        Some(source) => (source.path(), range(source, place)),
        None => ("", Range::default()),
    };
    let (file, range) = locate(diagnostic.place);
    let related = diagnostic.related.iter().map(|(place, message)| {
        let (file, range) = locate(*place);
        Related { message, file, range }
    });
    let line = Line {
        code: diagnostic.code,
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: &diagnostic.message,
        file,
        range,
        help: diagnostic.help.as_deref(),
        related: related.collect(),
        fix: diagnostic.fix.as_ref().filter(|fix| !fix.is_draft).map(|fix| Fix {
            title: &fix.title,
            edits: fix
                .edits
                .iter()
                .map(|(place, text)| {
                    let (file, range) = locate(*place);
                    Edit { file, range, text }
                })
                .collect(),
        }),
    };
    serde_json::to_string(&line).unwrap_or_default()
}

fn range(source: &SourceFile, place: Place) -> Range {
    let position = |offset| {
        let position = source.position(offset);
        Position { line: position.line, column: position.column }
    };
    Range { start: position(place.span.start), end: position(place.span.end) }
}
