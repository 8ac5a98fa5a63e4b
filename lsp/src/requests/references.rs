//! `textDocument/references` and `textDocument/documentHighlight`.

use std::path::Path;
use std::sync::Arc;

use bp_compiler::analysis::Analysis;
use bp_compiler::ide::{self, Places};
use bp_compiler::source::FileId;
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types as lsp;

use super::aside;
use crate::library;
use crate::workspace::{Looked, Workspace};

/// All places of what stands there, in all files of the package and in all open texts.
pub(crate) async fn answer(
    workspace: &Arc<Workspace>,
    params: lsp::ReferenceParams,
) -> Result<Option<Vec<lsp::Location>>> {
    let at = params.text_document_position;
    let with_declaration = params.context.include_declaration;
    let Some(looked) = workspace.present(&at.text_document.uri).await else { return Ok(None) };
    let workspace = workspace.clone();
    aside(move || {
        let Looked { analysis, .. } = looked;
        let encoding = workspace.encoding();
        let offset = encoding.offset_in(analysis.sources().file(FileId(0))?, at.position);
        let declared = ide::definition(&analysis, offset);
        let declared = declared.filter(|_| !with_declaration).and_then(|place| {
            Some((analysis.sources().file(place.file)?.path().to_owned(), place.span))
        });
        let mut found = Vec::new();
        for Places { path, source, spans } in ide::references(&analysis, offset, &workspace.texts())
        {
            let Some(uri) = uri(&workspace, &analysis, &path) else { continue };
            let is_wanted = |span: &&_| {
                declared.as_ref().is_none_or(|(file, own)| file != source.path() || own != *span)
            };
            let ranges = spans.iter().filter(is_wanted).map(|span| encoding.range(&source, *span));
            found.extend(ranges.map(|range| lsp::Location { uri: uri.clone(), range }));
        }
        Some(found)
    })
    .await
}

/// What an editor calls a file; one of the standard library is put where it can be opened.
fn uri(workspace: &Workspace, analysis: &Analysis, path: &Path) -> Option<lsp::Uri> {
    let modules = &analysis.sources().modules;
    match modules.iter().find(|module| module.is_library && Path::new(&module.path) == path) {
        Some(module) => workspace.uri(&library::file(module)?),
        None => workspace.uri(path),
    }
}

/// Where the same is named in this text.
pub(crate) async fn highlights(
    workspace: &Arc<Workspace>,
    params: lsp::DocumentHighlightParams,
) -> Result<Option<Vec<lsp::DocumentHighlight>>> {
    let at = params.text_document_position_params;
    let Some(looked) = workspace.present(&at.text_document.uri).await else { return Ok(None) };
    let encoding = workspace.encoding();
    aside(move || {
        let source = looked.analysis.sources().file(FileId(0))?;
        let offset = encoding.offset_in(source, at.position);
        let found = ide::highlights(&looked.analysis, offset).into_iter();
        let shown = found.map(|span| lsp::DocumentHighlight {
            range: encoding.range(source, span),
            kind: Some(lsp::DocumentHighlightKind::TEXT),
        });
        Some(shown.collect())
    })
    .await
}
