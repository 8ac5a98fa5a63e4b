//! `textDocument/documentSymbol`.

use std::sync::Arc;

use bp_compiler::ide::{self, Symbol, SymbolKind};
use bp_compiler::source::SourceFile;
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types as lsp;

use super::aside;
use crate::positions::Encoding;
use crate::workspace::{Looked, Workspace};

/// The declarations of a file, as a tree.
pub(crate) async fn answer(
    workspace: &Arc<Workspace>,
    params: lsp::DocumentSymbolParams,
) -> Result<Option<lsp::DocumentSymbolResponse>> {
    let Some(looked) = workspace.present(&params.text_document.uri).await else { return Ok(None) };
    let encoding = workspace.encoding();
    aside(move || {
        let Looked { analysis, .. } = looked;
        let root = analysis.sources().modules.first()?;
        let found = ide::symbols(&root.tree).into_iter();
        let found = found.map(|symbol| written(&root.source, symbol, encoding)).collect();
        Some(lsp::DocumentSymbolResponse::Nested(found))
    })
    .await
}

fn written(source: &SourceFile, symbol: Symbol, encoding: Encoding) -> lsp::DocumentSymbol {
    let children: Vec<_> =
        symbol.children.into_iter().map(|child| written(source, child, encoding)).collect();
    #[expect(deprecated, reason = "the protocol's own type has no other way to be made")]
    lsp::DocumentSymbol {
        name: symbol.name,
        detail: (!symbol.detail.is_empty()).then_some(symbol.detail),
        kind: kind(symbol.kind),
        tags: None,
        deprecated: None,
        range: encoding.range(source, symbol.span),
        selection_range: encoding.range(source, symbol.name_span),
        children: (!children.is_empty()).then_some(children),
    }
}

fn kind(kind: SymbolKind) -> lsp::SymbolKind {
    match kind {
        SymbolKind::Blueprint => lsp::SymbolKind::PACKAGE,
        SymbolKind::Value => lsp::SymbolKind::VARIABLE,
        SymbolKind::Constant => lsp::SymbolKind::CONSTANT,
        SymbolKind::Node => lsp::SymbolKind::OBJECT,
        SymbolKind::Type => lsp::SymbolKind::CLASS,
        SymbolKind::Property => lsp::SymbolKind::PROPERTY,
        SymbolKind::Requirement => lsp::SymbolKind::INTERFACE,
        SymbolKind::Function => lsp::SymbolKind::FUNCTION,
        SymbolKind::Output => lsp::SymbolKind::KEY,
        SymbolKind::Policy => lsp::SymbolKind::EVENT,
    }
}
