//! `bpls`, the language server.

use std::io::Write as _;
use std::process::ExitCode;

const HELP: &str = "bpls: the language server of blueprints

It speaks the Language Server Protocol on stdin and stdout; an editor starts it.

  --version   the version
  --help      this
";

fn main() -> ExitCode {
    let said = match std::env::args().nth(1).as_deref() {
        // Editors may say how they talk; this is the only way.
        None | Some("--stdio") => return bp_lsp::serve(),
        Some("--version") => concat!("bpls ", env!("CARGO_PKG_VERSION"), "\n"),
        Some("--help" | "-h") => HELP,
        Some(other) => {
            let words = format!("bpls: `{other}` is no option; see `bpls --help`\n");
            let _ = std::io::stderr().write_all(words.as_bytes());
            return ExitCode::from(2);
        }
    };
    // A closed pipe is no reason to fail.
    let _ = std::io::stdout().write_all(said.as_bytes());
    ExitCode::SUCCESS
}
