//! One file a request: what is asked of the compiler, and how its answer looks in the protocol.
//!
//! The asking runs beside the messages, so that a request can be cancelled while it runs.

pub(crate) mod completion;
pub(crate) mod definition;
pub(crate) mod fixes;
pub(crate) mod formatting;
pub(crate) mod hover;
pub(crate) mod references;
pub(crate) mod rename;
pub(crate) mod symbols;

use tower_lsp::jsonrpc::{Error, Result};

/// Runs `work` beside the messages; what goes wrong in it is told as a defect.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        let mut answer = Error::internal_error();
        answer.message =
            format!("this is a defect of bpls, please report it with the file: {error}").into();
        answer
    })
}
