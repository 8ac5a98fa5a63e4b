//! What an API server does that the provider relies on, as a script, and what a real one answered.
//!
//! `script.json` is a sequence of requests. `kubernetes-1.20.2.json` holds what a real kube-apiserver
//! of that version answered to each: status code and body, with identities, versions, times,
//! addresses and whatever controllers write in the background taken out. [`conformance`] plays the
//! script on any API server and compares. The embedded API servers are held to it by
//! `cargo test -p bp-providers`, a real one wherever one is at hand: neither may differ.
//!
//! ```no_run
//! # async fn example() -> Result<(), String> {
//! let kubeconfig = std::path::Path::new("kubeconfig");
//! bp_providers::conformance::conformance(kubeconfig, "east").await?;
//! bp_providers::conformance::watch(kubeconfig, "east").await?;
//! bp_providers::conformance::provider(kubeconfig, "east").await
//! # }
//! ```
//!
//! Each works in a namespace of its own, `bp-conformance`, `bp-watch` and `bp-provider`, which it
//! removes before and after.

use std::path::Path;
use std::time::Duration;

use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

mod normal;
mod provided;
mod watched;

pub use provided::provider;
pub use watched::watch;

use normal::Names;

/// How long a namespace may take to end.
const ENDING: Duration = Duration::from_mins(2);

/// A request of the script.
#[derive(Debug, Deserialize)]
struct Step {
    /// What it shows.
    name: String,
    /// `METHOD PATH`; `GONE PATH` waits until nothing is there.
    #[serde(rename = "do")]
    request: String,
    /// `apply`, `merge`, or JSON where nothing is said.
    #[serde(rename = "type", default)]
    content: String,
    #[serde(default)]
    body: Json,
}

fn script() -> Result<Vec<Step>, String> {
    serde_json::from_str(include_str!("script.json")).map_err(|error| format!("script: {error}"))
}

/// What a real kube-apiserver answered.
fn recorded() -> Result<Map<String, Json>, String> {
    serde_json::from_str(include_str!("kubernetes-1.20.2.json"))
        .map_err(|error| format!("record: {error}"))
}

/// Plays the script on an API server and compares each answer with a real one's.
pub async fn conformance(kubeconfig: &Path, context: &str) -> Result<(), String> {
    let (answers, recorded) = (answers(kubeconfig, context).await?, recorded()?);
    let mut differences = Vec::new();
    for (name, answer) in &answers {
        match recorded.get(name) {
            Some(real) if real == answer => {}
            Some(real) => differences.push(format!("{name}\n  real:  {real}\n  found: {answer}")),
            None => differences.push(format!("{name}: no answer of a real one is recorded")),
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    let (count, all) = (differences.len(), answers.len());
    Err(format!("{count} of {all} answers differ from a real one's:\n{}", differences.join("\n")))
}

/// Plays the script; the answers by the steps' names, ready to be recorded.
pub async fn answers(kubeconfig: &Path, context: &str) -> Result<Map<String, Json>, String> {
    let client = client(kubeconfig, context).await?;
    remove(&client, "bp-conformance").await?;
    let (mut names, mut answers) = (Names::default(), Map::new());
    for step in script()? {
        let (method, path) = step.request.split_once(' ').unwrap_or_default();
        let media = match step.content.as_str() {
            "apply" => "application/apply-patch+yaml",
            "merge" => "application/merge-patch+json",
            _ => "application/json",
        };
        let body = names.addressed(&step.body);
        let (code, answer) = if method == "GONE" {
            wait_gone(&client, path).await?
        } else {
            send(&client, method, path, media, &body).await?
        };
        names.remember(&answer);
        answers.insert(step.name, json!({ "code": code, "body": names.normal(&answer) }));
    }
    Ok(answers)
}

/// A client of a context.
async fn client(kubeconfig: &Path, context: &str) -> Result<Client, String> {
    let text = |error: kube::config::KubeconfigError| error.to_string();
    let file = Kubeconfig::read_from(kubeconfig).map_err(text)?;
    let options =
        KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
    let mut config = Config::from_custom_kubeconfig(file, &options).await.map_err(text)?;
    config.default_retry = false;
    Client::try_from(config).map_err(|error| error.to_string())
}

async fn send(
    client: &Client,
    method: &str,
    path: &str,
    content: &str,
    body: &Json,
) -> Result<(u16, Json), String> {
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", content)
        .body(Body::from(bytes))
        .map_err(|error| error.to_string())?;
    let response = client.send(request).await.map_err(|error| format!("{path}: {error}"))?;
    let code = response.status().as_u16();
    let body = response.into_body().collect_bytes().await.map_err(|e| format!("{path}: {e}"))?;
    let text = String::from_utf8_lossy(&body);
    Ok((code, serde_json::from_str(&text).unwrap_or_else(|_| json!(text.trim()))))
}

async fn wait_gone(client: &Client, path: &str) -> Result<(u16, Json), String> {
    let end = tokio::time::Instant::now() + ENDING;
    loop {
        let (code, answer) = send(client, "GET", path, "application/json", &Json::Null).await?;
        if code == 404 {
            return Ok((code, answer));
        }
        if tokio::time::Instant::now() > end {
            return Err(format!("{path} is still there after {} s", ENDING.as_secs()));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Removes a namespace that an earlier run may have left.
async fn remove(client: &Client, namespace: &str) -> Result<(), String> {
    let path = format!("/api/v1/namespaces/{namespace}");
    send(client, "DELETE", &path, "application/json", &Json::Null).await?;
    wait_gone(client, &path).await.map(|_| ())
}
