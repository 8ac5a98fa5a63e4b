//! The embedded clusters, as the real client sees them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails here has failed"
)]

use std::time::Duration;

use bp_sim::{Cluster, ClusterConfig, Fault, Faults, Fleet, Rule, Serve};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Service};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config, Error};
use serde_json::json;

async fn client(kubeconfig: &str) -> Client {
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig).unwrap();
    let options = KubeConfigOptions::default();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
    config.default_retry = false;
    Client::try_from(config).unwrap()
}

fn web(replicas: u32) -> serde_json::Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
        "spec": {
            "replicas": replicas,
            "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [{ "name": "main", "image": "nginx:1.27" }] },
            },
        },
    })
}

#[tokio::test]
async fn a_deployment_becomes_available_after_its_delay() {
    let config = ClusterConfig::new("east").ready_after(Duration::from_millis(300));
    let cluster = Cluster::start(config).await.unwrap();
    let client = client(&cluster.kubeconfig()).await;
    assert_eq!(client.apiserver_version().await.unwrap().git_version, bp_sim::VERSION);
    let api: Api<Deployment> = Api::namespaced(client, "default");
    let params = PatchParams::apply("test");
    let made = api.patch("web", &params, &Patch::Apply(web(2))).await.unwrap();
    assert_eq!(made.metadata.generation, Some(1));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let status = api.get("web").await.unwrap().status.unwrap();
    assert_eq!((status.observed_generation, status.available_replicas), (Some(1), None));
    tokio::time::sleep(Duration::from_millis(400)).await;
    let status = api.get("web").await.unwrap().status.unwrap();
    assert_eq!((status.observed_generation, status.available_replicas), (Some(1), Some(2)));
}

#[tokio::test]
async fn faults_do_what_they_say() {
    let cluster = Cluster::start(ClusterConfig::new("east")).await.unwrap();
    let client = client(&cluster.kubeconfig()).await;
    let api: Api<ConfigMap> = Api::namespaced(client, "default");
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" }, "data": { "a": "1" },
    });
    let apply = || async {
        api.patch("a", &PatchParams::apply("test"), &Patch::Apply(object.clone())).await
    };
    let slow = Fault::TooManyRequests { retry_after: 7 };
    cluster.faults().add(Rule::new(slow).method("PATCH").times(1));
    let Err(Error::Api(refused)) = apply().await else { panic!("429 was not answered") };
    assert_eq!((refused.code, refused.details.unwrap().retry_after_seconds), (429, 7));
    assert!(cluster.object("ConfigMap", "default", "a").is_none());

    cluster.faults().add(Rule::new(Fault::DropReply).method("PATCH").times(1));
    assert!(matches!(apply().await, Err(Error::Service(_) | Error::HyperError(_))));
    assert!(cluster.object("ConfigMap", "default", "a").is_some(), "the effect is there");
    apply().await.unwrap();

    cluster.faults().unreachable(true).await;
    let down = tokio::time::timeout(Duration::from_secs(5), api.get("a")).await.unwrap();
    assert!(down.is_err());
    cluster.faults().clear().await;
    api.get("a").await.unwrap();
}

#[tokio::test]
async fn a_namespace_takes_its_contents_along() {
    let cluster = Cluster::start(ClusterConfig::new("east")).await.unwrap();
    let client = client(&cluster.kubeconfig()).await;
    let spaces: Api<Namespace> = Api::all(client.clone());
    let services: Api<Service> = Api::namespaced(client, "shop");
    let params = PatchParams::apply("test");
    let space = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop" } });
    spaces.patch("shop", &params, &Patch::Apply(space)).await.unwrap();
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web" }, "spec": { "ports": [{ "port": 80 }] },
    });
    let made = services.patch("web", &params, &Patch::Apply(service)).await.unwrap();
    assert!(made.spec.unwrap().cluster_ip.unwrap().starts_with("10.96."));
    spaces.delete("shop", &DeleteParams::default()).await.unwrap();
    for _ in 0..100 {
        if cluster.object("Namespace", "", "shop").is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(cluster.object("Namespace", "", "shop").is_none());
    assert!(services.list(&ListParams::default()).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_fleet_is_the_same_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let what = Serve { clusters: 2, dir: dir.path().into(), ready_after: Duration::ZERO };
    let fleet = Fleet::start(what.clone()).await.unwrap();
    let again = Fleet::start(what.clone()).await.err().unwrap().to_string();
    assert!(again.contains("already"), "{again}");
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    let kubeconfig = read("cluster-west.kubeconfig");
    let inventory = read("inventory.yaml");
    let api: Api<ConfigMap> = Api::namespaced(client(&kubeconfig).await, "default");
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" }, "data": { "a": "1" },
    });
    api.patch("a", &PatchParams::apply("test"), &Patch::Apply(object)).await.unwrap();
    let before = (fleet.clusters()[1].uid(), fleet.clusters()[1].objects());
    drop(fleet);

    let fleet = Fleet::start(what).await.unwrap();
    assert_eq!((fleet.clusters()[1].uid(), fleet.clusters()[1].objects()), before);
    assert_eq!(read("cluster-west.kubeconfig"), kubeconfig);
    assert_eq!(read("inventory.yaml"), inventory);
    api.get("a").await.unwrap();
}

#[tokio::test]
async fn another_process_can_set_faults() {
    let dir = tempfile::tempdir().unwrap();
    let what = Serve { clusters: 1, dir: dir.path().into(), ready_after: Duration::ZERO };
    let fleet = Fleet::start(what).await.unwrap();
    let control = std::fs::read_to_string(dir.path().join("control.json")).unwrap();
    let control: serde_json::Value = serde_json::from_str(&control).unwrap();
    let address = control["url"].as_str().unwrap().trim_start_matches("http://").to_owned();
    let ask = |token: String, body: &'static str| {
        let address = address.clone();
        async move {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
            let head = format!(
                "PUT /clusters/east/faults HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n\
                 Authorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            socket.write_all(head.as_bytes()).await.unwrap();
            let mut reply = String::new();
            socket.read_to_string(&mut reply).await.unwrap();
            reply
        }
    };
    let token = control["token"].as_str().unwrap().to_owned();
    assert!(ask("wrong".to_owned(), "{}").await.starts_with("HTTP/1.1 401"));
    assert!(ask(token.clone(), r#"{"latencyms":1}"#).await.starts_with("HTTP/1.1 400"));
    let reply = ask(token, r#"{"unreachable":true,"rules":[{"fault":"drop_reply","times":1}]}"#);
    assert!(reply.await.starts_with("HTTP/1.1 200"));
    let rules = vec![Rule::new(Fault::DropReply).times(1)];
    let wanted = Faults { unreachable: true, rules, ..Faults::default() };
    assert_eq!(fleet.clusters()[0].faults().get(), wanted);
}
