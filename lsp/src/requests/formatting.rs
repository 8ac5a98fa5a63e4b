//! `textDocument/formatting`.

use std::sync::Arc;

use bp_compiler::source::{SourceFile, Span};
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types as lsp;

use super::aside;
use crate::workspace::Workspace;

/// The one layout; a file with errors is left as it is, they are shown already.
pub(crate) async fn answer(
    workspace: &Arc<Workspace>,
    params: lsp::DocumentFormattingParams,
) -> Result<Option<Vec<lsp::TextEdit>>> {
    let Some(text) = workspace.text(&params.text_document.uri) else { return Ok(None) };
    let encoding = workspace.encoding();
    aside(move || {
        let source = SourceFile::new("", text);
        let formatted = bp_compiler::format::format(&source).ok()?;
        if formatted == source.text() {
            return Some(Vec::new());
        }
        let end = u32::try_from(source.text().len()).unwrap_or(u32::MAX);
        let whole = encoding.range(&source, Span::new(0, end));
        Some(vec![lsp::TextEdit { range: whole, new_text: formatted }])
    })
    .await
}
