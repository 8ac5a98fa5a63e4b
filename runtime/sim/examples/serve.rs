//! Embedded clusters as a process: `serve COUNT FOLDER`.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use bp_sim::{Serve, serve};

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [count, folder] = words.as_slice() else {
        let _ = writeln!(std::io::stderr(), "usage: serve COUNT FOLDER");
        return ExitCode::from(2);
    };
    let what = Serve {
        clusters: count.parse().unwrap_or(1),
        dir: folder.into(),
        ready_after: Duration::from_millis(500),
    };
    match serve(what).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}
