//! `bpc`, the compiler of blueprints: a thin face of the library.

use std::io::Write as _;
use std::process::ExitCode;

/// Most of a compilation is small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A bug of ours, not a mistake of the person's.
const BUG: u8 = 70;
/// Enough for the deepest text that the compiler accepts, on every platform.
const STACK: usize = 64 * 1024 * 1024;

fn main() -> ExitCode {
    let work = || bp_compiler::cli::run(std::env::args_os());
    let code = match std::thread::Builder::new().stack_size(STACK).spawn(work) {
        Ok(thread) => thread.join().unwrap_or_else(|_| {
            let words = "this is a bug of bpc: please report the lines above and the blueprint\n";
            let _ = std::io::stderr().write_all(words.as_bytes());
            BUG
        }),
        Err(_) => work(),
    };
    ExitCode::from(code)
}
