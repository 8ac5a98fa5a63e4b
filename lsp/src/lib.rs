//! The language server: a thin face of the compiler's analysis.
//!
//! Today: diagnostics as you type, quick fixes, formatting. It must never know a rule of the language:
//! what is right and wrong is the compiler's.

mod convert;
mod documents;
mod server;

use std::process::ExitCode;

use tower_lsp::{LspService, Server};

/// Serves on stdin and stdout until the editor says that it is over.
pub fn serve() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "bpls can't start its threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(async {
        let (service, socket) = LspService::new(server::LanguageServer::new);
        Server::new(tokio::io::stdin(), tokio::io::stdout(), socket).serve(service).await;
    });
    // What still reads stdin has no more say.
    runtime.shutdown_background();
    ExitCode::SUCCESS
}
