//! `textDocument/rename` and `textDocument/prepareRename`.

use std::collections::HashMap;
use std::sync::Arc;

use bp_compiler::ide::{self, RenameError};
use bp_compiler::source::FileId;
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp::ls_types as lsp;

use super::aside;
use crate::workspace::{Looked, Workspace};
use crate::{documents, library};

/// What the protocol calls a request that is understood, and is not done.
const REQUEST_FAILED: i64 = -32803;

fn refused(error: &RenameError) -> Error {
    let message = error.to_string().into();
    Error { code: ErrorCode::ServerError(REQUEST_FAILED), message, data: None }
}

/// Whether what stands there can be renamed: its name, or why not.
pub(crate) async fn prepare(
    workspace: &Arc<Workspace>,
    params: lsp::TextDocumentPositionParams,
) -> Result<Option<lsp::PrepareRenameResponse>> {
    let Some(looked) = present(workspace, &params.text_document.uri).await else { return Ok(None) };
    let encoding = workspace.encoding();
    let found = aside(move || {
        let source = looked.analysis.sources().file(FileId(0))?;
        let offset = encoding.offset_in(source, params.position);
        let found = ide::nameable(&looked.analysis, offset);
        Some(found.map(|span| encoding.range(source, span)))
    });
    match found.await? {
        Some(Err(error)) => Err(refused(&error)),
        found => Ok(found.and_then(std::result::Result::ok).map(lsp::PrepareRenameResponse::Range)),
    }
}

/// What changes with the new name, in all files of the package and in all open texts.
pub(crate) async fn answer(
    workspace: &Arc<Workspace>,
    params: lsp::RenameParams,
) -> Result<Option<lsp::WorkspaceEdit>> {
    let at = params.text_document_position;
    let Some(looked) = present(workspace, &at.text_document.uri).await else { return Ok(None) };
    let with = workspace.clone();
    let found = aside(move || {
        let Looked { analysis, .. } = looked;
        let encoding = with.encoding();
        let source = analysis.sources().file(FileId(0))?;
        let offset = encoding.offset_in(source, at.position);
        let changes = match ide::rename(&analysis, offset, &params.new_name, &with.texts()) {
            Ok(changes) => changes,
            Err(error) => return Some(Err(refused(&error))),
        };
        let mut all = HashMap::new();
        for one in changes {
            let edits = one.edits.iter().map(|(span, text)| lsp::TextEdit {
                range: encoding.range(&one.source, *span),
                new_text: text.clone(),
            });
            all.insert(with.uri(&one.path)?, edits.collect());
        }
        Some(Ok(lsp::WorkspaceEdit { changes: Some(all), ..lsp::WorkspaceEdit::default() }))
    });
    found.await?.transpose()
}

/// The library's own texts keep their names.
async fn present(workspace: &Arc<Workspace>, uri: &lsp::Uri) -> Option<Looked> {
    if library::is_inside(&documents::path(uri)) {
        return None;
    }
    workspace.present(uri).await
}
