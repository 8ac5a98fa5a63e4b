//! The provider `kubernetes` on embedded clusters: what goes well, and what goes wrong.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails here has failed"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bp_provider::{
    Call, Change, Class, Connection, Done, Failure, Observation, Progress, Provider, Subject,
    Target,
};
use bp_sim::{Cluster, ClusterConfig, Fault, Rule};
use serde_json::{Value as Json, json};

struct World {
    cluster: Cluster,
    provider: Arc<dyn Provider>,
    call: Call,
    dir: tempfile::TempDir,
}

async fn world(config: ClusterConfig) -> World {
    let cluster = Cluster::start(config).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kubeconfig");
    std::fs::write(&path, cluster.kubeconfig()).unwrap();
    let connection = Connection::Kubeconfig { path: path.display().to_string(), context: None };
    let target = Target { id: "t1".into(), name: "east".into(), identity: None, connection };
    let call = Call { target, deadline: Duration::from_secs(5) };
    World { cluster, provider: bp_providers::kubernetes::provider(), call, dir }
}

fn subject(kind: &str, properties: &Json) -> Subject {
    Subject {
        deployment: "d-1".into(),
        deployment_name: "shop".into(),
        instance: format!("{}[\"east\"]", kind.to_lowercase()),
        node_type: format!("std.kubernetes.{kind}"),
        extends: Vec::new(),
        properties: properties.as_object().unwrap().clone().into_iter().collect(),
        ..Subject::default()
    }
}

fn config(data: &Json) -> Subject {
    subject("ConfigMap", &json!({ "name": "greeting", "namespace": "default", "data": data }))
}

fn web(replicas: i64) -> Subject {
    let properties = json!({
        "name": "web", "namespace": "default", "replicas": replicas, "image": "nginx:1.27",
        "ports": [80], "progress_deadline": "1s",
    });
    subject("Deployment", &properties)
}

impl World {
    async fn begin(&self, subject: &Subject, change: &Change) -> Result<Progress, Failure> {
        self.provider.begin(&self.call, subject, change, "key").await
    }

    async fn finish(&self, subject: &Subject, mut progress: Progress) -> Result<Done, Failure> {
        for _ in 0..400 {
            match progress {
                Progress::Done(done) => return Ok(done),
                Progress::Accepted { handle, .. } => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    progress = self.provider.poll(&self.call, subject, &handle).await?;
                }
            }
        }
        panic!("it never ended");
    }

    async fn converge(&self, subject: &Subject) -> Result<(Change, Done), Failure> {
        let observed = self.provider.observe(&self.call, subject).await?;
        let change = self.provider.diff(subject, &observed)?;
        let progress = self.begin(subject, &change).await?;
        Ok((change, self.finish(subject, progress).await?))
    }

    async fn delete(&self, subject: &Subject) -> Result<Done, Failure> {
        let progress = self.begin(subject, &Change::Delete).await?;
        self.finish(subject, progress).await
    }

    fn object(&self, kind: &str, name: &str) -> Option<Json> {
        self.cluster.object(kind, "default", name)
    }

    /// Somebody else writes.
    async fn foreign(&self, kind: &str, name: &str, manager: &str, mut object: Json) {
        object["metadata"] = json!({ "name": name });
        let path = self.dir.path().join("kubeconfig");
        let kubeconfig = kube::config::Kubeconfig::read_from(path).unwrap();
        let options = kube::config::KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
        let client = kube::Client::try_from(config).unwrap();
        let gvk = kube::core::GroupVersionKind::gvk("", "v1", kind);
        let resource = kube::core::ApiResource::from_gvk(&gvk);
        let api: kube::Api<kube::core::DynamicObject> =
            kube::Api::namespaced_with(client, "default", &resource);
        let params = kube::api::PatchParams::apply(manager).force();
        api.patch(name, &params, &kube::api::Patch::Apply(object)).await.unwrap();
    }
}

#[tokio::test]
async fn an_object_is_applied_once() {
    let world = world(ClusterConfig::new("east")).await;
    let config = config(&json!({ "a": "1" }));
    let (change, done) = world.converge(&config).await.unwrap();
    assert_eq!(change, Change::Create);
    let live = world.object("ConfigMap", "greeting").unwrap();
    assert_eq!(done.attributes["uid"], live["metadata"]["uid"]);
    assert_eq!(live["metadata"]["labels"]["app.kubernetes.io/managed-by"], "blueprint");
    let (change, again) = world.converge(&config).await.unwrap();
    assert_eq!(change, Change::None);
    assert_eq!(again, done);
    // Even an apply that was not needed moves nothing.
    world.begin(&config, &Change::Create).await.unwrap();
    assert_eq!(world.object("ConfigMap", "greeting").unwrap(), live);
}

#[tokio::test]
async fn a_deployment_is_done_when_it_is_available() {
    let config = ClusterConfig::new("east").ready_after(Duration::from_millis(200));
    let world = world(config).await;
    let progress = world.begin(&web(2), &Change::Create).await.unwrap();
    let Progress::Accepted { handle, .. } = &progress else { panic!("it was done at once") };
    assert!(handle.record.is_some(), "a crash in the wait loses nothing");
    let none = world.begin(&web(2), &Change::None).await.unwrap();
    assert!(matches!(none, Progress::Accepted { .. }), "unchanged, but not healthy yet");
    let done = world.finish(&web(2), progress).await.unwrap();
    assert_eq!(done.attributes["available_replicas"], 2);
    assert_eq!(world.object("Deployment", "web").unwrap()["metadata"]["generation"], 1);

    let (change, done) = world.converge(&web(3)).await.unwrap();
    let Change::Update(changes) = change else { panic!("an update was expected") };
    assert_eq!(changes[0].path, "spec.replicas");
    assert_eq!(done.attributes["available_replicas"], 3);
    assert_eq!(world.object("Deployment", "web").unwrap()["metadata"]["generation"], 2);
}

#[tokio::test]
async fn a_deployment_past_its_deadline_has_failed() {
    let world = world(ClusterConfig::new("east")).await;
    world.cluster.faults().never_ready("web");
    let failure = world.converge(&web(1)).await.unwrap_err();
    assert_eq!(failure.class, Class::Permanent);
    assert!(failure.message.contains("progress deadline"), "{failure}");
}

#[tokio::test]
async fn what_is_gone_from_the_blueprint_goes_from_the_object() {
    let world = world(ClusterConfig::new("east")).await;
    world.converge(&config(&json!({ "a": "1", "b": "2" }))).await.unwrap();
    let (change, _) = world.converge(&config(&json!({ "a": "1" }))).await.unwrap();
    assert!(matches!(change, Change::Update(changes) if changes[0].path == "data.b"));
    let live = world.object("ConfigMap", "greeting").unwrap();
    assert_eq!(live["data"], json!({ "a": "1" }));
}

#[tokio::test]
async fn a_field_of_another_owner_is_a_conflict_that_names_it() {
    let world = world(ClusterConfig::new("east")).await;
    world.converge(&config(&json!({ "a": "1" }))).await.unwrap();
    let other = json!({ "apiVersion": "v1", "kind": "ConfigMap", "data": { "a": "2" } });
    world.foreign("ConfigMap", "greeting", "kubectl", other).await;
    let failure = world.converge(&config(&json!({ "a": "1" }))).await.unwrap_err();
    assert_eq!(failure.class, Class::Conflict);
    assert_eq!(failure.property.as_deref(), Some("data.a"));
    assert!(failure.message.contains("\"kubectl\""), "{failure}");
}

#[tokio::test]
async fn another_deployments_object_is_refused() {
    let world = world(ClusterConfig::new("east")).await;
    world.converge(&config(&json!({ "a": "1" }))).await.unwrap();
    let mut other = config(&json!({ "a": "1" }));
    other.deployment = "d-2".into();
    other.deployment_name = "rival".into();
    let observed = world.provider.observe(&world.call, &other).await.unwrap();
    assert!(matches!(&observed, Observation::Present(present) if !present.owned));
    let failure = world.provider.diff(&other, &observed).unwrap_err();
    assert!(failure.message.contains("the deployment `shop`"), "{failure}");
    let failure = world.begin(&other, &Change::Create).await.unwrap_err();
    assert_eq!(failure.class, Class::Permanent);
    // Nor is it deleted.
    world.delete(&other).await.unwrap();
    assert!(world.object("ConfigMap", "greeting").is_some());
    let mut twin = config(&json!({ "a": "1" }));
    twin.instance = "other".into();
    let failure = world.begin(&twin, &Change::Create).await.unwrap_err();
    assert!(failure.message.contains("configmap[\"east\"]"), "{failure}");
    let help = failure.help.unwrap();
    assert!(help.contains("`configmap[\"east\"]` and `other` cannot keep one object"), "{help}");
    assert!(!help.contains("uninstall"), "{help}");
}

#[tokio::test]
async fn an_adopted_object_is_released_and_not_deleted() {
    let world = world(ClusterConfig::new("east")).await;
    let before = json!({ "apiVersion": "v1", "kind": "ConfigMap", "data": { "z": "0" } });
    world.foreign("ConfigMap", "greeting", "kubectl", before).await;
    let config = config(&json!({ "a": "1" }));
    world.converge(&config).await.unwrap();
    let (change, _) = world.converge(&config).await.unwrap();
    assert_eq!(change, Change::None);
    world.delete(&config).await.unwrap();
    let live = world.object("ConfigMap", "greeting").unwrap();
    assert_eq!(live["data"], json!({ "z": "0" }));
    assert_eq!(live["metadata"].get("labels"), None);
}

#[tokio::test]
async fn what_was_begun_under_another_name_is_cleared() {
    let world = world(ClusterConfig::new("east")).await;
    let named = |name: &str| {
        subject("ConfigMap", &json!({ "name": name, "namespace": "default", "data": {} }))
    };
    // Made, and the runtime died before it knew.
    world.converge(&named("first")).await.unwrap();
    let mut strangers = named("others");
    strangers.deployment = "d-2".into();
    world.converge(&strangers).await.unwrap();
    let earlier = vec![named("first").properties, named("others").properties];
    let second = Subject { earlier: earlier.clone(), ..named("second") };
    world.converge(&second).await.unwrap();
    assert_eq!(world.object("ConfigMap", "first"), None);
    assert!(world.object("ConfigMap", "others").is_some(), "it is another deployment's");
    // So it is where the removal comes next.
    world.converge(&named("first")).await.unwrap();
    world.delete(&second).await.unwrap();
    assert_eq!(world.object("ConfigMap", "first"), None);
    assert_eq!(world.object("ConfigMap", "second"), None);
}

#[tokio::test]
async fn a_deletion_ends_when_the_object_is_gone() {
    let world = world(ClusterConfig::new("east")).await;
    let space = subject("Namespace", &json!({ "name": "shop" }));
    let (_, done) = world.converge(&space).await.unwrap();
    let known = Subject { properties: BTreeMap::new(), record: done.record, ..space.clone() };
    world.delete(&known).await.unwrap();
    assert!(world.cluster.object("Namespace", "", "shop").is_none());
    world.delete(&known).await.unwrap();
    assert_eq!(world.provider.observe(&world.call, &known).await.unwrap(), Observation::Absent);
}

#[tokio::test]
async fn a_namespace_with_others_things_stays() {
    let world = world(ClusterConfig::new("east")).await;
    let mut space = subject("Namespace", &json!({ "name": "default" }));
    space.instance = "space".into();
    world.converge(&space).await.unwrap();
    // It was there before: released, whatever is in it.
    world.delete(&space).await.unwrap();
    let own = subject("Namespace", &json!({ "name": "shop" }));
    world.converge(&own).await.unwrap();
    let mut other = config(&json!({ "a": "1" }));
    other.properties.insert("namespace".into(), json!("shop"));
    other.deployment = "d-2".into();
    world.converge(&other).await.unwrap();
    let failure = world.delete(&own).await.unwrap_err();
    assert_eq!(failure.class, Class::Conflict);
    assert!(failure.message.contains("ConfigMap `greeting`"), "{failure}");
}

#[tokio::test]
async fn another_name_or_selector_replaces() {
    let world = world(ClusterConfig::new("east")).await;
    let (_, done) = world.converge(&web(1)).await.unwrap();
    let mut renamed = web(1);
    renamed.properties.insert("selector".into(), json!({ "app": "front" }));
    renamed.record = done.record.clone();
    let (change, again) = world.converge(&renamed).await.unwrap();
    assert!(matches!(change, Change::Replace { .. }));
    assert_ne!(again.attributes["uid"], done.attributes["uid"]);
    renamed.properties.insert("name".into(), json!("front"));
    renamed.record = again.record;
    let (change, _) = world.converge(&renamed).await.unwrap();
    assert!(matches!(change, Change::Replace { .. }));
    assert!(world.object("Deployment", "web").is_none());
    assert!(world.object("Deployment", "front").is_some());
}

#[tokio::test]
async fn failures_are_classed() {
    let world = world(ClusterConfig::new("east")).await;
    let config = config(&json!({ "a": "1" }));
    let faults = world.cluster.faults();
    let apply = || world.begin(&config, &Change::Create);

    faults.add(Rule::new(Fault::TooManyRequests { retry_after: 7 }).times(1));
    let failure = apply().await.unwrap_err();
    assert_eq!((failure.class, failure.unreachable), (Class::Transient, false));
    assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));

    faults.add(Rule::new(Fault::InternalError).times(1));
    assert_eq!(apply().await.unwrap_err().class, Class::Transient);

    faults.add(Rule::new(Fault::Unauthorized).times(1));
    let failure = apply().await.unwrap_err();
    assert_eq!(failure.class, Class::Permanent);
    assert!(failure.help.unwrap().contains("expired"));

    faults.add(Rule::new(Fault::DropReply).method("PATCH").times(1));
    let failure = apply().await.unwrap_err();
    assert_eq!(failure.class, Class::UnknownOutcome, "{failure}");
    let (change, _) = world.converge(&config).await.unwrap();
    assert_eq!(change, Change::None, "it was done");

    faults.add(Rule::new(Fault::DropReply).method("DELETE").times(1));
    let failure = world.begin(&config, &Change::Delete).await.unwrap_err();
    assert_eq!(failure.class, Class::UnknownOutcome, "{failure}");

    faults.unreachable(true).await;
    let failure = apply().await.unwrap_err();
    assert_eq!((failure.class, failure.unreachable), (Class::Transient, true), "{failure}");
    faults.clear().await;
    apply().await.unwrap();
}

#[tokio::test]
async fn no_call_outlives_its_deadline() {
    let mut world = world(ClusterConfig::new("east")).await;
    world.cluster.faults().latency(Duration::from_mins(1));
    world.call.deadline = Duration::from_millis(300);
    let config = config(&json!({ "a": "1" }));
    let failure = world.provider.observe(&world.call, &config).await.unwrap_err();
    assert_eq!((failure.class, failure.unreachable), (Class::Transient, true), "{failure}");
    assert!(failure.message.contains("within 0.3 s"), "{failure}");
}

#[tokio::test]
async fn a_refused_field_names_the_property_that_set_it() {
    let world = world(ClusterConfig::new("east")).await;
    let refused = |subject: Subject| {
        let world = &world;
        async move {
            let failure = world.begin(&subject, &Change::Create).await.unwrap_err();
            assert_eq!(failure.class, Class::Permanent, "{failure}");
            failure.property.unwrap()
        }
    };
    assert_eq!(refused(web(-1)).await, "replicas");
    let mut ports = web(1);
    ports.properties.insert("ports".into(), json!([80, 70_000]));
    assert_eq!(refused(ports).await, "ports[1]");
    let mut image = web(1);
    image.properties.insert("image".into(), json!(""));
    assert_eq!(refused(image).await, "image");
    assert_eq!(refused(config(&json!({ "a b": "1" }))).await, "data.a b");
    let mut away = config(&json!({ "a": "1" }));
    away.properties.insert("namespace".into(), json!("nowhere"));
    assert_eq!(refused(away).await, "namespace");
}

#[tokio::test]
async fn a_wrong_token_is_refused_and_never_shown() {
    let world = world(ClusterConfig::new("east")).await;
    let token = world.cluster.token().to_owned();
    let bad = world.cluster.kubeconfig().replace(&token, "s3cr3t");
    std::fs::write(world.dir.path().join("kubeconfig"), bad).unwrap();
    let failure = world.provider.discover(&world.call).await.unwrap_err();
    assert_eq!(failure.class, Class::Permanent);
    assert!(!format!("{failure:?}").contains("s3cr3t"), "{failure:?}");
}

#[tokio::test]
async fn another_clusters_certificate_is_not_trusted() {
    let world = world(ClusterConfig::new("east")).await;
    let other = Cluster::start(ClusterConfig::new("east")).await.unwrap();
    let mixed = other.kubeconfig().replace(&other.url(), &world.cluster.url());
    std::fs::write(world.dir.path().join("kubeconfig"), mixed).unwrap();
    let failure = world.provider.discover(&world.call).await.unwrap_err();
    assert_eq!(failure.class, Class::Permanent, "{failure}");
    assert!(failure.help.unwrap().contains("certificate"), "{}", failure.message);
}

#[tokio::test]
async fn a_cluster_is_known_by_its_kube_system() {
    let world = world(ClusterConfig::new("east")).await;
    let discovery = world.provider.discover(&world.call).await.unwrap();
    assert_eq!(discovery.identity, world.cluster.uid());
    assert_eq!(discovery.facts["version"], bp_sim::VERSION.trim_start_matches('v'));
    assert_eq!(discovery.facts["apis"], json!(["v1", "apps/v1"]));
}

#[tokio::test]
async fn an_apply_that_is_overtaken_is_tried_again() {
    let world = Arc::new(world(ClusterConfig::new("east")).await);
    world.converge(&config(&json!({ "a": "0" }))).await.unwrap();
    let other = Arc::clone(&world);
    let busy = tokio::spawn(async move {
        for n in 0..u32::MAX {
            let object = json!({
                "apiVersion": "v1", "kind": "ConfigMap", "data": { "other": n.to_string() },
            });
            other.foreign("ConfigMap", "greeting", "busy", object).await;
        }
    });
    for n in 0..20 {
        world.converge(&config(&json!({ "a": n.to_string() }))).await.unwrap();
    }
    busy.abort();
    let refused = |met: &&bp_sim::Met| met.code == 409;
    assert!(world.cluster.requests().iter().any(|met| refused(&met)), "nothing was overtaken");
    let live = world.object("ConfigMap", "greeting").unwrap();
    assert_eq!(live["data"]["a"], "19");
}
