//! `textDocument/completion`.

use std::sync::Arc;

use bp_compiler::ide::{self, Completion, CompletionKind};
use bp_compiler::source::Span;
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types as lsp;

use super::aside;
use crate::positions::Encoding;
use crate::workspace::{Looked, Workspace};

/// What can stand there. The text is what was typed last; what is around it may be older by a key.
pub(crate) async fn answer(
    workspace: &Arc<Workspace>,
    params: lsp::CompletionParams,
) -> Result<Option<lsp::CompletionResponse>> {
    let at = params.text_document_position;
    let Some(looked) = workspace.newest(&at.text_document.uri).await else { return Ok(None) };
    let (encoding, has_snippets) = (workspace.encoding(), workspace.has_snippets());
    let found = aside(move || {
        let Looked { analysis, text, .. } = looked;
        let (offset, _) = encoding.offset(&text, at.position);
        let found = ide::complete(&analysis, &text, offset);
        let written = Writer { text: &text, encoding, has_snippets };
        found.into_iter().enumerate().map(|(at, one)| written.item(at, one)).collect::<Vec<_>>()
    });
    Ok(Some(lsp::CompletionResponse::Array(found.await?)))
}

struct Writer<'a> {
    text: &'a str,
    encoding: Encoding,
    has_snippets: bool,
}

impl Writer<'_> {
    fn range(&self, span: Span) -> lsp::Range {
        self.encoding.range_in(self.text, span)
    }

    fn item(&self, at: usize, found: Completion) -> lsp::CompletionItem {
        let snippet = found.snippet.filter(|_| self.has_snippets);
        let format = match snippet {
            Some(_) => lsp::InsertTextFormat::SNIPPET,
            None => lsp::InsertTextFormat::PLAIN_TEXT,
        };
        let new_text = snippet.unwrap_or(found.insert);
        let edit = lsp::TextEdit { range: self.range(found.span), new_text };
        let also = found
            .also
            .map(|(span, new_text)| vec![lsp::TextEdit { range: self.range(span), new_text }]);
        let is_documented = !found.documentation.is_empty();
        let documentation = lsp::Documentation::MarkupContent(lsp::MarkupContent {
            kind: lsp::MarkupKind::Markdown,
            value: found.documentation,
        });
        lsp::CompletionItem {
            label: found.label,
            kind: Some(kind(found.kind)),
            detail: (!found.detail.is_empty()).then_some(found.detail),
            documentation: is_documented.then_some(documentation),
            // The compiler has put them in order.
            sort_text: Some(format!("{at:05}")),
            insert_text_format: Some(format),
            text_edit: Some(lsp::CompletionTextEdit::Edit(edit)),
            additional_text_edits: also,
            ..lsp::CompletionItem::default()
        }
    }
}

fn kind(kind: CompletionKind) -> lsp::CompletionItemKind {
    match kind {
        CompletionKind::Keyword => lsp::CompletionItemKind::KEYWORD,
        CompletionKind::Property => lsp::CompletionItemKind::PROPERTY,
        CompletionKind::Requirement => lsp::CompletionItemKind::REFERENCE,
        CompletionKind::Attribute => lsp::CompletionItemKind::FIELD,
        CompletionKind::Type => lsp::CompletionItemKind::CLASS,
        CompletionKind::Value => lsp::CompletionItemKind::VARIABLE,
        CompletionKind::Constant => lsp::CompletionItemKind::CONSTANT,
        CompletionKind::Node => lsp::CompletionItemKind::STRUCT,
        CompletionKind::Function => lsp::CompletionItemKind::FUNCTION,
        CompletionKind::Module => lsp::CompletionItemKind::MODULE,
        CompletionKind::Choice => lsp::CompletionItemKind::ENUM_MEMBER,
    }
}
