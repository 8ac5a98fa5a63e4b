//! The language server: a thin face of the compiler's analysis.
//!
//! Diagnostics as you type, quick fixes, completion, hover, definitions, symbols, formatting. It
//! must never know a rule of the language: what is right and wrong, and what can stand where, is
//! the compiler's ([`bp_compiler::ide`]).

mod analyst;
mod documents;
mod library;
mod positions;
mod refusals;
mod requests;
mod server;
mod transport;
mod workspace;

use std::io::Write as _;
use std::process::ExitCode;

use tower_lsp::LspService;
use transport::Ending;

/// Enough for the deepest text that the parser takes.
const STACK: usize = 16 * 1024 * 1024;

/// Serves on stdin and stdout until the editor says that it is over.
pub fn serve() -> ExitCode {
    let built =
        tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build();
    let runtime = match built {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("it can't start its threads: {error}")),
    };
    let ending = runtime.block_on(async {
        let (service, socket) = LspService::new(server::LanguageServer::new);
        let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
        transport::serve(input, output, service, socket, refusals::refused).await
    });
    // What still reads stdin has no more say.
    runtime.shutdown_background();
    match ending {
        Ending::Done => ExitCode::SUCCESS,
        Ending::Hasty => ExitCode::FAILURE,
        Ending::Broken(why) => failed(&why),
    }
}

fn failed(why: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "bpls: {why}");
    ExitCode::FAILURE
}
