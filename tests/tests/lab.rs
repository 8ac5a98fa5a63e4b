//! The tests' own ground: the real clusters do what the other tests take for granted, and the
//! harness sees what it must see.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use bp_tests::{Cluster, Clusters, Environment, Objects, Running};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Node};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use serde_json::json;

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

async fn make_namespace(cluster: &Cluster, name: &str) {
    let api: Api<Namespace> = Api::all(cluster.client().await);
    let namespace =
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
    api.patch(name, &PatchParams::apply("test"), &Patch::Apply(namespace)).await.unwrap();
}

async fn remove_namespace(cluster: &Cluster, name: &str) {
    let api: Api<Namespace> = Api::all(cluster.client().await);
    api.delete(name, &DeleteParams::default()).await.unwrap();
    let begin = Instant::now();
    while api.get_opt(name).await.unwrap().is_some() {
        assert!(begin.elapsed() < Duration::from_mins(1), "the namespace {name} does not go");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn write_greeting(cluster: &Cluster, namespace: &str, text: &str) {
    let api: Api<ConfigMap> = Api::namespaced(cluster.client().await, namespace);
    let map = json!({ "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "greeting" }, "data": { "text": text } });
    api.patch("greeting", &PatchParams::apply("test"), &Patch::Apply(map)).await.unwrap();
}

#[test]
fn a_deployment_becomes_available_on_real_clusters() {
    block_on(async {
        for cluster in Clusters::real() {
            make_namespace(&cluster, "lab-web").await;
            let client = cluster.client().await;
            let nodes: Api<Node> = Api::all(client.clone());
            assert_eq!(nodes.list(&ListParams::default()).await.unwrap().items.len(), 2);
            let api: Api<Deployment> = Api::namespaced(client, "lab-web");
            let web = json!({ "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": { "name": "web" },
                "spec": {
                    "replicas": 3, "selector": { "matchLabels": { "app": "web" } },
                    "template": {
                        "metadata": { "labels": { "app": "web" } },
                        "spec": { "containers": [{ "name": "web", "image": "nginx" }] },
                    },
                } });
            api.patch("web", &PatchParams::apply("test"), &Patch::Apply(web)).await.unwrap();
            let begin = Instant::now();
            loop {
                let status = api.get("web").await.unwrap().status.unwrap_or_default();
                if status.available_replicas == Some(3) {
                    break;
                }
                assert!(begin.elapsed() < Duration::from_mins(1), "not available: {status:?}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            remove_namespace(&cluster, "lab-web").await;
        }
    });
}

#[test]
fn each_cluster_has_its_own_credentials_and_refuses_others() {
    let environment = Environment::new();
    block_on(async {
        for cluster in Clusters::real() {
            let expired = cluster.with_expired_token(environment.folder());
            let api: Api<Namespace> = Api::all(expired.client().await);
            let refused = api.get("default").await.unwrap_err();
            assert!(
                matches!(&refused, kube::Error::Api(status) if status.code == 401),
                "{refused:?}"
            );
        }
    });
}

#[test]
fn a_shut_gate_is_an_outage_and_an_open_one_is_none() {
    let environment = Environment::new();
    block_on(async {
        let cluster = Clusters::real().remove(0);
        let (behind, gate) = cluster.behind_gate(environment.folder());
        let reach = || async {
            let api: Api<Namespace> = Api::all(behind.client().await);
            tokio::time::timeout(Duration::from_secs(3), api.get("default")).await
        };
        assert!(reach().await.unwrap().is_ok());
        gate.shut();
        assert!(!matches!(reach().await, Ok(Ok(_))));
        gate.open();
        assert!(reach().await.unwrap().is_ok());
    });
}

#[test]
fn a_second_write_is_seen() {
    let cluster = Clusters::real().remove(0);
    let name = "lab-writes";
    let look = || Objects::of(&cluster, name);
    block_on(async {
        make_namespace(&cluster, name).await;
        write_greeting(&cluster, name, "hello").await;
    });
    let first = look();
    assert_eq!(first.0.len(), 2, "{first:#?}");
    first.assert_applied_once(&Objects::default(), "written once");
    // The same again is no change, and the server's account says so.
    block_on(write_greeting(&cluster, name, "hello"));
    look().assert_applied_once(&first, "written the same twice");
    // The server's times have whole seconds.
    std::thread::sleep(Duration::from_millis(1100));
    block_on(write_greeting(&cluster, name, "goodbye"));
    let second = look();
    assert_ne!(first.wanted(), second.wanted());
    let caught = std::panic::catch_unwind(|| second.assert_applied_once(&first, "written twice"));
    block_on(remove_namespace(&cluster, name));
    assert!(caught.is_err(), "a second write went unseen: {second:#?}");
    assert!(look().is_empty());
}

#[test]
fn a_stopped_cluster_leaves_nothing_and_a_kept_one_its_data() {
    let xtask = |arguments: &[&str]| {
        let mut command = std::process::Command::new(bp_tests::program("xtask"));
        command.arg("lab").args(arguments);
        Running::start(command).wait(Duration::from_mins(2))
    };
    let processes = || {
        let listed = xtask(&["list"]).expect(0).stdout;
        let line = listed.lines().find(|line| line.starts_with("test-stop ")).unwrap().to_owned();
        let numbers = line.split_whitespace().filter_map(|word| word.split_once('='));
        numbers.map(|(_, number)| number.to_owned()).collect::<Vec<_>>()
    };
    // A process that ended, and that nobody has asked after, is still listed: as a zombie.
    let alive = |number: &String| {
        let stat = std::fs::read_to_string(format!("/proc/{number}/stat"));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    };
    let started = xtask(&["start", "test-stop", "--nodes", "1", "--label", "zone=a"]).expect(0);
    let kubeconfig = Path::new(started.stdout.trim()).to_owned();
    let cluster = Cluster {
        name: "test-stop".into(),
        labels: [].into(),
        kubeconfig: kubeconfig.clone(),
        context: None,
    };
    block_on(make_namespace(&cluster, "kept"));
    let before = processes();
    assert_eq!(before.len(), 5);
    assert!(before.iter().all(alive), "{before:?}");

    let _ = xtask(&["stop", "test-stop", "--keep"]).expect(0);
    assert!(!before.iter().any(alive), "{before:?}");
    let _ = xtask(&["start", "test-stop"]).expect(0);
    block_on(async {
        let client = cluster.client().await;
        let kept: Api<Namespace> = Api::all(client.clone());
        assert!(kept.get_opt("kept").await.unwrap().is_some());
        let nodes: Api<Node> = Api::all(client);
        let found = nodes.list(&ListParams::default().labels("zone=a")).await.unwrap();
        assert_eq!(found.items.len(), 1);
    });

    let after = processes();
    let _ = xtask(&["stop", "test-stop"]).expect(0);
    assert!(!after.iter().any(alive), "{after:?}");
    assert!(!kubeconfig.exists());
    let words = xtask(&["stop", "test-stop"]).expect(1).words();
    assert!(words.contains("no cluster `test-stop`"), "{words}");
}
