//! `textDocument/hover`.

use std::sync::Arc;

use bp_compiler::ide;
use bp_compiler::source::FileId;
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types as lsp;

use super::aside;
use crate::workspace::{Looked, Workspace};

/// What stands there.
pub(crate) async fn answer(
    workspace: &Arc<Workspace>,
    params: lsp::HoverParams,
) -> Result<Option<lsp::Hover>> {
    let at = params.text_document_position_params;
    let Some(looked) = workspace.present(&at.text_document.uri).await else { return Ok(None) };
    let encoding = workspace.encoding();
    aside(move || {
        let Looked { analysis, .. } = looked;
        let source = analysis.sources().file(FileId(0))?;
        let offset = encoding.offset_in(source, at.position);
        let found = ide::hover(&analysis, offset)?;
        let mut value = format!("```blueprint\n{}\n```", found.code);
        if !found.text.is_empty() {
            value = format!("{value}\n\n{}", found.text);
        }
        let contents = lsp::MarkupContent { kind: lsp::MarkupKind::Markdown, value };
        Some(lsp::Hover {
            contents: lsp::HoverContents::Markup(contents),
            range: Some(encoding.range(source, found.span)),
        })
    })
    .await
}
