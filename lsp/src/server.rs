//! The requests and notifications that the server answers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bp_compiler::analysis::Analysis;
use bp_compiler::source::{FileId, SourceFile};
use tower_lsp::jsonrpc::Result;
use tower_lsp::{Client, ls_types as lsp};

use crate::convert;
use crate::documents::Documents;

/// How long to wait for the next key before a file is looked at.
const PAUSE: Duration = Duration::from_millis(80);

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct LanguageServer {
    client: Client,
    documents: Arc<Documents>,
}

impl LanguageServer {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, documents: Arc::default() }
    }

    /// Looks at all open files once nobody has typed for a moment, and tells what is wrong.
    fn look(&self, changes: u64) {
        let server = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(PAUSE).await;
            if !server.documents.is_newest(changes) {
                return;
            }
            for root in server.documents.open().into_keys() {
                server.look_at(root, changes).await;
            }
        });
    }

    async fn look_at(&self, root: PathBuf, changes: u64) {
        let overlay = self.documents.open();
        let at = root.clone();
        let looked = tokio::task::spawn_blocking(move || found(&at, &overlay)).await;
        let Ok(found) = looked else {
            let words = format!("{} could not be analysed", root.display());
            self.client.log_message(lsp::MessageType::ERROR, words).await;
            return;
        };
        if !self.documents.is_newest(changes) {
            return;
        }
        let cleared = self.documents.tell(&root, &found.keys().cloned().collect());
        for path in cleared {
            self.publish(&path, Vec::new()).await;
        }
        for (path, diagnostics) in found {
            self.publish(&path, diagnostics).await;
        }
    }

    async fn publish(&self, path: &Path, diagnostics: Vec<lsp::Diagnostic>) {
        if let Some(uri) = lsp::Uri::from_file_path(path) {
            self.client.publish_diagnostics(uri, diagnostics, None).await;
        }
    }
}

/// What is wrong, by file: of the root always, of the files it uses where there is something.
fn found(
    root: &Path,
    overlay: &BTreeMap<PathBuf, String>,
) -> BTreeMap<PathBuf, Vec<lsp::Diagnostic>> {
    let analysis = Analysis::load_with(root, overlay);
    let mut found: BTreeMap<PathBuf, Vec<lsp::Diagnostic>> = BTreeMap::new();
    found.insert(root.to_owned(), Vec::new());
    let files: BTreeSet<FileId> = analysis.diagnostics().iter().map(|d| d.place.file).collect();
    for file in files {
        let Some(path) = convert::path(&analysis, file) else { continue };
        let told = analysis.diagnostics().iter();
        let told = told.filter_map(|d| convert::diagnostic(&analysis, d, file));
        found.entry(path).or_default().extend(told);
    }
    found
}

fn path_of(uri: &lsp::Uri) -> Option<PathBuf> {
    uri.to_file_path().map(std::borrow::Cow::into_owned)
}

impl tower_lsp::LanguageServer for LanguageServer {
    async fn initialize(&self, _: lsp::InitializeParams) -> Result<lsp::InitializeResult> {
        let capabilities = lsp::ServerCapabilities {
            text_document_sync: Some(lsp::TextDocumentSyncCapability::Kind(
                lsp::TextDocumentSyncKind::FULL,
            )),
            code_action_provider: Some(lsp::CodeActionProviderCapability::Simple(true)),
            document_formatting_provider: Some(lsp::OneOf::Left(true)),
            ..lsp::ServerCapabilities::default()
        };
        let server_info = Some(lsp::ServerInfo {
            name: "bpls".to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        });
        Ok(lsp::InitializeResult { capabilities, server_info, ..lsp::InitializeResult::default() })
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }

    async fn did_open(&self, params: lsp::DidOpenTextDocumentParams) {
        if let Some(path) = path_of(&params.text_document.uri) {
            let changes = self.documents.set(path, params.text_document.text);
            self.look(changes);
        }
    }

    async fn did_change(&self, params: lsp::DidChangeTextDocumentParams) {
        let text = params.content_changes.into_iter().next_back().map(|change| change.text);
        if let (Some(path), Some(text)) = (path_of(&params.text_document.uri), text) {
            let changes = self.documents.set(path, text);
            self.look(changes);
        }
    }

    async fn did_close(&self, params: lsp::DidCloseTextDocumentParams) {
        if let Some(path) = path_of(&params.text_document.uri) {
            let changes = self.documents.close(&path);
            for gone in self.documents.tell(&path, &BTreeSet::new()) {
                self.publish(&gone, Vec::new()).await;
            }
            self.look(changes);
        }
    }

    async fn formatting(
        &self,
        params: lsp::DocumentFormattingParams,
    ) -> Result<Option<Vec<lsp::TextEdit>>> {
        let Some(path) = path_of(&params.text_document.uri) else { return Ok(None) };
        let Some(text) = self.documents.text(&path) else { return Ok(None) };
        let source = SourceFile::new(path.display().to_string(), text);
        // A file with errors is left as it is; they are shown already.
        let Ok(formatted) = bp_compiler::format::format(&source) else { return Ok(None) };
        if formatted == source.text() {
            return Ok(Some(Vec::new()));
        }
        let end = u32::try_from(source.text().len()).unwrap_or(u32::MAX);
        let whole = convert::range(&source, bp_compiler::source::Span::new(0, end));
        Ok(Some(vec![lsp::TextEdit { range: whole, new_text: formatted }]))
    }

    async fn code_action(
        &self,
        params: lsp::CodeActionParams,
    ) -> Result<Option<lsp::CodeActionResponse>> {
        let uri = params.text_document.uri;
        let Some(path) = path_of(&uri) else { return Ok(None) };
        let overlay = self.documents.open();
        let looked =
            tokio::task::spawn_blocking(move || Analysis::load_with(&path, &overlay)).await;
        let Ok(analysis) = looked else { return Ok(None) };
        let file = FileId(0);
        let Some(source) = analysis.sources().file(file) else { return Ok(None) };
        let mut actions = Vec::new();
        for diagnostic in analysis.diagnostics() {
            let Some(told) = convert::diagnostic(&analysis, diagnostic, file) else { continue };
            let apart = told.range.end < params.range.start || told.range.start > params.range.end;
            if apart {
                continue;
            }
            let Some((title, edits)) = convert::fix(source, diagnostic, file) else { continue };
            actions.push(lsp::CodeActionOrCommand::CodeAction(lsp::CodeAction {
                title,
                kind: Some(lsp::CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![told]),
                edit: Some(lsp::WorkspaceEdit {
                    changes: Some(HashMap::from([(uri.clone(), edits)])),
                    ..lsp::WorkspaceEdit::default()
                }),
                is_preferred: Some(true),
                ..lsp::CodeAction::default()
            }));
        }
        Ok(Some(actions))
    }
}
