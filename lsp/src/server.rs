//! The requests and notifications that the server answers: it says what it can do, notes what
//! changes before it first waits, and leaves the answers to [`crate::requests`].

use std::sync::Arc;

use tower_lsp::jsonrpc::Result;
use tower_lsp::{Client, ls_types as lsp};

use crate::workspace::Workspace;
use crate::{analyst, requests};

/// See the module.
#[derive(Debug)]
pub(crate) struct LanguageServer {
    client: Client,
    workspace: Arc<Workspace>,
}

impl LanguageServer {
    /// With its analyst at work.
    pub(crate) fn new(client: Client) -> Self {
        let workspace = Arc::new(Workspace::default());
        tokio::spawn(analyst::work(workspace.clone(), client.clone()));
        Self { client, workspace }
    }
}

/// After what an editor asks for completions by itself.
const TRIGGERS: [&str; 7] = [".", "\"", "/", "@", ":", "=", ">"];

fn capabilities() -> lsp::ServerCapabilities {
    let triggers = TRIGGERS.map(str::to_owned).to_vec();
    lsp::ServerCapabilities {
        text_document_sync: Some(lsp::TextDocumentSyncCapability::Options(
            lsp::TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(lsp::TextDocumentSyncKind::INCREMENTAL),
                ..lsp::TextDocumentSyncOptions::default()
            },
        )),
        completion_provider: Some(lsp::CompletionOptions {
            trigger_characters: Some(triggers),
            ..lsp::CompletionOptions::default()
        }),
        hover_provider: Some(lsp::HoverProviderCapability::Simple(true)),
        definition_provider: Some(lsp::OneOf::Left(true)),
        references_provider: Some(lsp::OneOf::Left(true)),
        document_highlight_provider: Some(lsp::OneOf::Left(true)),
        rename_provider: Some(lsp::OneOf::Right(lsp::RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: lsp::WorkDoneProgressOptions::default(),
        })),
        document_symbol_provider: Some(lsp::OneOf::Left(true)),
        code_action_provider: Some(lsp::CodeActionProviderCapability::Options(
            lsp::CodeActionOptions {
                code_action_kinds: Some(vec![
                    lsp::CodeActionKind::QUICKFIX,
                    lsp::CodeActionKind::REFACTOR_EXTRACT,
                ]),
                ..lsp::CodeActionOptions::default()
            },
        )),
        document_formatting_provider: Some(lsp::OneOf::Left(true)),
        ..lsp::ServerCapabilities::default()
    }
}

/// Blueprints, and what they mostly take in with `file` and `template`.
const WATCHED: &str = "**/*.{bp,hbs,json,yaml,yml,sh,toml,lock}";

/// That the editor tells of files that change on the disk.
fn watched() -> lsp::Registration {
    lsp::Registration {
        id: "watched-files".to_owned(),
        method: "workspace/didChangeWatchedFiles".to_owned(),
        register_options: Some(serde_json::json!({ "watchers": [{ "globPattern": WATCHED }] })),
    }
}

impl tower_lsp::LanguageServer for LanguageServer {
    async fn initialize(&self, params: lsp::InitializeParams) -> Result<lsp::InitializeResult> {
        let encoding = self.workspace.meet(&params.capabilities);
        let capabilities =
            lsp::ServerCapabilities { position_encoding: Some(encoding.kind()), ..capabilities() };
        let server_info = Some(lsp::ServerInfo {
            name: "bpls".to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        });
        Ok(lsp::InitializeResult { capabilities, server_info, ..lsp::InitializeResult::default() })
    }

    async fn initialized(&self, _: lsp::InitializedParams) {
        let words = concat!("bpls ", env!("CARGO_PKG_VERSION"), " is ready");
        let client = self.client.clone();
        let watches = self.workspace.can_watch();
        // Not awaited here: the editor may be waiting for something else.
        tokio::spawn(async move {
            client.log_message(lsp::MessageType::INFO, words).await;
            if watches && let Err(error) = client.register_capability(vec![watched()]).await {
                let words = format!("changes of files on the disk go unseen: {error}");
                client.log_message(lsp::MessageType::WARNING, words).await;
            }
        });
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }

    async fn did_open(&self, params: lsp::DidOpenTextDocumentParams) {
        self.workspace.open(params.text_document);
    }

    async fn did_change(&self, params: lsp::DidChangeTextDocumentParams) {
        self.workspace.change(params);
    }

    async fn did_save(&self, _: lsp::DidSaveTextDocumentParams) {}

    async fn did_close(&self, params: lsp::DidCloseTextDocumentParams) {
        self.workspace.close(&params.text_document.uri);
    }

    async fn did_change_watched_files(&self, params: lsp::DidChangeWatchedFilesParams) {
        self.workspace.changed_outside(&params);
    }

    async fn did_change_configuration(&self, _: lsp::DidChangeConfigurationParams) {}

    async fn completion(
        &self,
        params: lsp::CompletionParams,
    ) -> Result<Option<lsp::CompletionResponse>> {
        requests::completion::answer(&self.workspace, params).await
    }

    async fn hover(&self, params: lsp::HoverParams) -> Result<Option<lsp::Hover>> {
        requests::hover::answer(&self.workspace, params).await
    }

    async fn goto_definition(
        &self,
        params: lsp::GotoDefinitionParams,
    ) -> Result<Option<lsp::GotoDefinitionResponse>> {
        requests::definition::answer(&self.workspace, params).await
    }

    async fn references(&self, params: lsp::ReferenceParams) -> Result<Option<Vec<lsp::Location>>> {
        requests::references::answer(&self.workspace, params).await
    }

    async fn document_highlight(
        &self,
        params: lsp::DocumentHighlightParams,
    ) -> Result<Option<Vec<lsp::DocumentHighlight>>> {
        requests::references::highlights(&self.workspace, params).await
    }

    async fn prepare_rename(
        &self,
        params: lsp::TextDocumentPositionParams,
    ) -> Result<Option<lsp::PrepareRenameResponse>> {
        requests::rename::prepare(&self.workspace, params).await
    }

    async fn rename(&self, params: lsp::RenameParams) -> Result<Option<lsp::WorkspaceEdit>> {
        requests::rename::answer(&self.workspace, params).await
    }

    async fn document_symbol(
        &self,
        params: lsp::DocumentSymbolParams,
    ) -> Result<Option<lsp::DocumentSymbolResponse>> {
        requests::symbols::answer(&self.workspace, params).await
    }

    async fn formatting(
        &self,
        params: lsp::DocumentFormattingParams,
    ) -> Result<Option<Vec<lsp::TextEdit>>> {
        requests::formatting::answer(&self.workspace, params).await
    }

    async fn code_action(
        &self,
        params: lsp::CodeActionParams,
    ) -> Result<Option<lsp::CodeActionResponse>> {
        requests::fixes::answer(&self.workspace, params).await
    }
}
