//! `bpr`, the runtime on the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(bp_cli::run(std::env::args_os()))
}
