//! The conformance suite on an API server of yours: `conformance KUBECONFIG CONTEXT`.
//!
//! `conformance KUBECONFIG CONTEXT --record FILE` writes the answers instead, to record those of a
//! real one.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use bp_providers::conformance;

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        [kubeconfig, context] => checked(Path::new(kubeconfig), context).await,
        [kubeconfig, context, "--record", file] => {
            record(Path::new(kubeconfig), context, file).await
        }
        _ => Err("usage: conformance KUBECONFIG CONTEXT [--record FILE]".to_owned()),
    };
    let Err(why) = done else { return ExitCode::SUCCESS };
    let _ = writeln!(std::io::stderr(), "{why}");
    ExitCode::FAILURE
}

async fn checked(kubeconfig: &Path, context: &str) -> Result<(), String> {
    conformance::conformance(kubeconfig, context).await?;
    conformance::watch(kubeconfig, context).await?;
    conformance::provider(kubeconfig, context).await
}

async fn record(kubeconfig: &Path, context: &str, file: &str) -> Result<(), String> {
    let answers = conformance::answers(kubeconfig, context).await?;
    let lines: Vec<String> = answers
        .iter()
        .map(|(name, answer)| format!("{}:{answer}", serde_json::json!(name)))
        .collect();
    std::fs::write(file, format!("{{\n{}\n}}\n", lines.join(",\n"))).map_err(|e| e.to_string())
}
