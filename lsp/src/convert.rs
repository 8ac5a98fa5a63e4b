//! Places and diagnostics of the compiler as the protocol has them: lines from 0, columns in UTF-16.

use std::path::PathBuf;

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::{Diagnostic, Severity};
use bp_compiler::source::{FileId, Place, SourceFile, Span};
use tower_lsp::ls_types as lsp;

/// The range of a span.
pub(crate) fn range(source: &SourceFile, span: Span) -> lsp::Range {
    lsp::Range { start: position(source, span.start), end: position(source, span.end) }
}

fn position(source: &SourceFile, offset: u32) -> lsp::Position {
    let at = source.position(offset);
    let line = source.line(at.line);
    let before = line.chars().take(at.column.saturating_sub(1) as usize);
    let units = before.map(char::len_utf16).sum::<usize>();
    lsp::Position {
        line: at.line.saturating_sub(1),
        character: u32::try_from(units).unwrap_or(u32::MAX),
    }
}

/// Where a file of an analysis lies; nothing for the standard library.
pub(crate) fn path(analysis: &Analysis, file: FileId) -> Option<PathBuf> {
    let module = analysis.sources().modules.get(file.0 as usize)?;
    (!module.is_library).then(|| PathBuf::from(module.source.path()))
}

/// A diagnostic; nothing for one whose place is not in this file.
pub(crate) fn diagnostic(
    analysis: &Analysis,
    diagnostic: &Diagnostic,
    file: FileId,
) -> Option<lsp::Diagnostic> {
    if diagnostic.place.file != file {
        return None;
    }
    let source = analysis.sources().file(file)?;
    let mut message = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        message = format!("{message}\nhelp: {help}");
    }
    let related = diagnostic.related.iter().filter_map(|(place, note)| {
        let uri = lsp::Uri::from_file_path(path(analysis, place.file)?)?;
        let source = analysis.sources().file(place.file)?;
        let location = lsp::Location { uri, range: range(source, place.span) };
        Some(lsp::DiagnosticRelatedInformation { location, message: note.clone() })
    });
    let related: Vec<_> = related.collect();
    Some(lsp::Diagnostic {
        range: range(source, diagnostic.place.span),
        severity: Some(match diagnostic.severity {
            Severity::Error => lsp::DiagnosticSeverity::ERROR,
            Severity::Warning => lsp::DiagnosticSeverity::WARNING,
        }),
        code: Some(lsp::NumberOrString::String(diagnostic.code.to_owned())),
        source: Some("bpc".to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        ..lsp::Diagnostic::default()
    })
}

/// The edits of a diagnostic's fix that lie in this file, which must be all of them.
pub(crate) fn fix(
    source: &SourceFile,
    diagnostic: &Diagnostic,
    file: FileId,
) -> Option<(String, Vec<lsp::TextEdit>)> {
    let fix = diagnostic.fix.as_ref()?;
    let edit = |(place, text): &(Place, String)| {
        (place.file == file)
            .then(|| lsp::TextEdit { range: range(source, place.span), new_text: text.clone() })
    };
    let edits: Option<Vec<_>> = fix.edits.iter().map(edit).collect();
    Some((fix.title.clone(), edits?))
}
