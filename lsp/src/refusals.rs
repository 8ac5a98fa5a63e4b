//! Notifications whose parameters are none. Nobody waits for an answer to them and the library drops
//! them without a word; but where an edit is lost, the text is no longer the editor's.

use serde::Deserialize;
use tower_lsp::jsonrpc::Request;
use tower_lsp::ls_types as lsp;

/// The message for the editor's log, where a notification will be dropped.
pub(crate) fn refused(request: &Request) -> Option<Request> {
    if request.id().is_some() {
        return None;
    }
    let none = serde_json::Value::Null;
    let params = request.params().unwrap_or(&none);
    let why = match request.method() {
        "textDocument/didOpen" => wrong::<lsp::DidOpenTextDocumentParams>(params),
        "textDocument/didChange" => wrong::<lsp::DidChangeTextDocumentParams>(params),
        "textDocument/didClose" => wrong::<lsp::DidCloseTextDocumentParams>(params),
        "workspace/didChangeWatchedFiles" => wrong::<lsp::DidChangeWatchedFilesParams>(params),
        _ => None,
    }?;
    let file = params.pointer("/textDocument/uri").and_then(serde_json::Value::as_str);
    let of = file.map(|file| format!(" of {file}")).unwrap_or_default();
    let message = format!(
        "`{}`{of} can't be read and is passed over ({why}): what is said of the file may be wrong until it is \
         opened anew",
        request.method(),
    );
    let told = lsp::LogMessageParams { typ: lsp::MessageType::WARNING, message };
    let params = serde_json::to_value(told).ok()?;
    Some(Request::build("window/logMessage").params(params).finish())
}

fn wrong<'p, P: Deserialize<'p>>(params: &'p serde_json::Value) -> Option<String> {
    P::deserialize(params).err().map(|error| error.to_string())
}
