//! `bpr`, the runtime on the command line.

use std::process::ExitCode;

/// Much of a large run is small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(bp_cli::run(std::env::args_os()))
}
