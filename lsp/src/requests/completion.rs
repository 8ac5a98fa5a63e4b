//! `textDocument/completion`.

use std::sync::Arc;

use bp_compiler::ide::{self, Completion, CompletionKind, Completions};
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types as lsp;

use super::aside;
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
        let Completions { span, also, items } = ide::complete(&analysis, &text, offset);
        // To find a line is a walk through the text: once an answer, not once a name.
        let range = |span| encoding.range_in(&text, span);
        let also = also.map(|(span, new_text)| lsp::TextEdit { range: range(span), new_text });
        let written = Writer { range: range(span), also, has_snippets };
        items.into_iter().enumerate().map(|(at, one)| written.item(at, one)).collect::<Vec<_>>()
    });
    Ok(Some(lsp::CompletionResponse::Array(found.await?)))
}

/// What all items of an answer have in common. It has no text to look anything up in.
struct Writer {
    range: lsp::Range,
    also: Option<lsp::TextEdit>,
    has_snippets: bool,
}

impl Writer {
    fn item(&self, at: usize, found: Completion) -> lsp::CompletionItem {
        let snippet = found.snippet.filter(|_| self.has_snippets);
        let format = match snippet {
            Some(_) => lsp::InsertTextFormat::SNIPPET,
            None => lsp::InsertTextFormat::PLAIN_TEXT,
        };
        let new_text = snippet.unwrap_or(found.insert);
        let edit = lsp::TextEdit { range: self.range, new_text };
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
            additional_text_edits: self.also.clone().map(|also| vec![also]),
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
