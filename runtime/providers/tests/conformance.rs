//! Embedded API servers do as real ones do.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails here has failed")]

use std::time::Duration;

use bp_providers::conformance::{conformance, provider, watch};
use bp_sim::{Cluster, ClusterConfig};

async fn embedded() -> (Cluster, tempfile::TempDir, std::path::PathBuf) {
    let config = ClusterConfig::new("east").ready_after(Duration::from_millis(100));
    let cluster = Cluster::start(config).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kubeconfig");
    std::fs::write(&path, cluster.kubeconfig()).unwrap();
    (cluster, dir, path)
}

#[tokio::test]
async fn an_embedded_api_server_answers_as_a_real_one() {
    let (_cluster, _dir, path) = embedded().await;
    if let Err(differences) = conformance(&path, "east").await {
        panic!("{differences}");
    }
}

#[tokio::test]
async fn a_watcher_is_told_what_a_real_one_tells() {
    let (_cluster, _dir, path) = embedded().await;
    if let Err(differences) = watch(&path, "east").await {
        panic!("{differences}");
    }
}

#[tokio::test]
async fn the_provider_holds_on_an_embedded_api_server() {
    let (_cluster, _dir, path) = embedded().await;
    if let Err(differences) = provider(&path, "east").await {
        panic!("{differences}");
    }
}
