//! Embedded clusters as a process of its own: what was acknowledged outlives any end of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails here has failed")]

use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ListParams, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

/// The example `serve`, beside this test's own binary.
fn serve(dir: &Path) -> Child {
    let own = std::env::current_exe().unwrap();
    let example = own.parent().unwrap().parent().unwrap().join("examples/serve");
    Command::new(example).arg("2").arg(dir).spawn().unwrap()
}

async fn until(what: impl Fn() -> bool) {
    for _ in 0..500 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never came");
}

async fn config_maps(dir: &Path) -> Api<ConfigMap> {
    let file = Kubeconfig::read_from(dir.join("cluster-west.kubeconfig")).unwrap();
    let options = KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(file, &options).await.unwrap();
    Api::namespaced(kube::Client::try_from(config).unwrap(), "default")
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let pid = dir.path().join("pid");
    let mut process = serve(dir.path());
    until(|| pid.exists()).await;
    let api = config_maps(dir.path()).await;
    for n in 0..10 {
        let name = format!("c{n}");
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name },
        });
        api.patch(&name, &PatchParams::apply("test"), &Patch::Apply(object)).await.unwrap();
    }
    let before = api.list(&ListParams::default()).await.unwrap().items;
    process.kill().unwrap();
    process.wait().unwrap();
    std::fs::remove_file(&pid).unwrap();

    let mut process = serve(dir.path());
    until(|| pid.exists()).await;
    let after = config_maps(dir.path()).await.list(&ListParams::default()).await.unwrap().items;
    assert_eq!(after, before);
    kill(Pid::from_raw(i32::try_from(process.id()).unwrap()), Signal::SIGTERM).unwrap();
    assert!(process.wait().unwrap().success(), "told to end, it ends well");
    assert!(!pid.exists());
}
