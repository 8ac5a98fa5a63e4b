//! `textDocument/definition`.

use std::sync::Arc;

use bp_compiler::ide;
use bp_compiler::source::FileId;
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types as lsp;

use super::aside;
use crate::library;
use crate::workspace::{Looked, Workspace};

/// Where what stands there is declared; the standard library's text is put where an editor can open it.
pub(crate) async fn answer(
    workspace: &Arc<Workspace>,
    params: lsp::GotoDefinitionParams,
) -> Result<Option<lsp::GotoDefinitionResponse>> {
    let at = params.text_document_position_params;
    let Some(looked) = workspace.present(&at.text_document.uri).await else { return Ok(None) };
    let workspace = workspace.clone();
    let encoding = workspace.encoding();
    aside(move || {
        let Looked { analysis, .. } = looked;
        let own = analysis.sources().file(FileId(0))?;
        let offset = encoding.offset_in(own, at.position);
        let place = ide::definition(&analysis, offset)?;
        let sources = analysis.sources();
        let path = match sources.on_disk(place.file) {
            Some(path) => path.to_owned(),
            None => library::file(sources.modules.get(place.file.0 as usize)?)?,
        };
        let uri = workspace.uri(&path)?;
        let range = encoding.range(sources.file(place.file)?, place.span);
        Some(lsp::GotoDefinitionResponse::Scalar(lsp::Location { uri, range }))
    })
    .await
}
