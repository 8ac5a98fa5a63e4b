//! `textDocument/codeAction`: the fixes that diagnostics bring with them, and what a value that is
//! selected can be taken out into.

use std::collections::HashMap;
use std::sync::Arc;

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::Diagnostic;
use bp_compiler::ide;
use bp_compiler::source::{FileId, Place, SourceFile, Span};
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types as lsp;

use super::aside;
use crate::positions::Encoding;
use crate::workspace::{Looked, Workspace};
use crate::{analyst, documents, library};

/// The fixes of what is wrong in a range, and what the value that fills it can be taken out into.
pub(crate) async fn answer(
    workspace: &Arc<Workspace>,
    params: lsp::CodeActionParams,
) -> Result<Option<lsp::CodeActionResponse>> {
    let Some(looked) = workspace.present(&params.text_document.uri).await else { return Ok(None) };
    if library::is_inside(&documents::path(&looked.uri)) {
        return Ok(None);
    }
    let workspace = workspace.clone();
    let wanted = params.range;
    aside(move || {
        let Looked { analysis, uri, .. } = looked;
        let file = FileId(0);
        let source = analysis.sources().file(file)?;
        let mut actions = Vec::new();
        for diagnostic in analysis.diagnostics() {
            let told = analyst::diagnostic(&workspace, &analysis, diagnostic, file);
            let Some(told) = told else { continue };
            if told.range.end < wanted.start || told.range.start > wanted.end {
                continue;
            }
            let fix = fix(source, diagnostic, file, workspace.encoding());
            let Some((title, edits)) = fix else { continue };
            actions.push(lsp::CodeActionOrCommand::CodeAction(lsp::CodeAction {
                title,
                kind: Some(lsp::CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![told]),
                edit: Some(lsp::WorkspaceEdit {
                    changes: Some(HashMap::from([(uri.clone(), edits)])),
                    ..lsp::WorkspaceEdit::default()
                }),
                // What leaves a value open is not made without a look at it.
                is_preferred: Some(diagnostic.fix.as_ref().is_some_and(|fix| !fix.is_draft)),
                ..lsp::CodeAction::default()
            }));
        }
        let start = workspace.encoding().offset_in(source, wanted.start);
        let end = workspace.encoding().offset_in(source, wanted.end);
        if start < end {
            actions.extend(extractions(&workspace, &analysis, &uri, Span::new(start, end)));
        }
        Some(actions)
    })
    .await
}

/// What a value can be taken out into.
fn extractions(
    workspace: &Workspace,
    analysis: &Analysis,
    uri: &lsp::Uri,
    span: Span,
) -> Vec<lsp::CodeActionOrCommand> {
    let Some(source) = analysis.sources().file(FileId(0)) else { return Vec::new() };
    let found = ide::extractions(analysis, span, &workspace.texts()).into_iter();
    let actions = found.map(|one| {
        let edits = one.edits.into_iter().map(|(span, new_text)| lsp::TextEdit {
            range: workspace.encoding().range(source, span),
            new_text,
        });
        let changes = HashMap::from([(uri.clone(), edits.collect())]);
        lsp::CodeActionOrCommand::CodeAction(lsp::CodeAction {
            title: one.title,
            kind: Some(lsp::CodeActionKind::REFACTOR_EXTRACT),
            edit: Some(lsp::WorkspaceEdit {
                changes: Some(changes),
                ..lsp::WorkspaceEdit::default()
            }),
            ..lsp::CodeAction::default()
        })
    });
    actions.collect()
}

/// The edits of a diagnostic's fix that lie in this file, which must be all of them.
fn fix(
    source: &SourceFile,
    diagnostic: &Diagnostic,
    file: FileId,
    encoding: Encoding,
) -> Option<(String, Vec<lsp::TextEdit>)> {
    let fix = diagnostic.fix.as_ref()?;
    let edit = |(place, text): &(Place, String)| {
        let range = || encoding.range(source, place.span);
        (place.file == file).then(|| lsp::TextEdit { range: range(), new_text: text.clone() })
    };
    let edits: Option<Vec<_>> = fix.edits.iter().map(edit).collect();
    Some((fix.title.clone(), edits?))
}
