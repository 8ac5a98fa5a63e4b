//! The provider against an API server: the life of one of each kind of object.

use std::path::Path;
use std::time::Duration;

use bp_provider::{
    Call, Change, Class, Connection, Done, Observation, Progress, Provider, Record, Subject, Target,
};
use serde_json::{Value as Json, json};

use super::{client, remove, send};

/// Past this time a step has failed.
const PATIENCE: Duration = Duration::from_mins(2);

/// Deploys, changes, and removes one object of each kind by the provider, and looks at the API server
/// itself at each step: applied once, nothing moved where nothing changed, nothing left.
pub async fn provider(kubeconfig: &Path, context: &str) -> Result<(), String> {
    let client = client(kubeconfig, context).await?;
    remove(&client, "bp-provider").await?;
    let connection = Connection::Kubeconfig {
        path: kubeconfig.display().to_string(),
        context: Some(context.to_owned()),
    };
    let target =
        Target { id: "t".to_owned(), name: context.to_owned(), identity: None, connection };
    let call = Call { target, deadline: Duration::from_secs(30) };
    let provider = crate::kubernetes::provider();
    let check = Check { provider: provider.as_ref(), call, client };
    check.identity().await?;
    check.life().await?;
    check.refusals().await?;
    remove(&check.client, "bp-provider").await
}

struct Check<'a> {
    provider: &'a dyn Provider,
    call: Call,
    client: kube::Client,
}

/// Where the objects of the check are, in the order of their making.
const PATHS: [&str; 4] = [
    "/api/v1/namespaces/bp-provider",
    "/api/v1/namespaces/bp-provider/configmaps/greeting",
    "/apis/apps/v1/namespaces/bp-provider/deployments/web",
    "/api/v1/namespaces/bp-provider/services/web",
];

fn subject(kind: &str, properties: &Json) -> Subject {
    let properties = properties.as_object().cloned().unwrap_or_default();
    Subject {
        deployment: "conformance".to_owned(),
        deployment_name: "conformance".to_owned(),
        instance: kind.to_lowercase(),
        node_type: format!("std.kubernetes.{kind}"),
        extends: Vec::new(),
        properties: properties.into_iter().collect(),
        ..Subject::default()
    }
}

fn subjects(greeting: &str, replicas: u32) -> [Subject; 4] {
    let config = json!({
        "name": "greeting", "namespace": "bp-provider", "data": { "greeting": greeting },
    });
    let web = json!({
        "name": "web", "namespace": "bp-provider", "replicas": replicas, "image": "nginx:1.27",
        "ports": [80], "env": { "A": "b" }, "env_from": ["greeting"], "progress_deadline": "10m",
    });
    let front = json!({
        "name": "web", "namespace": "bp-provider", "selector": { "app": "web" },
        "ports": [{ "name": "http", "port": 80 }],
    });
    [
        subject("Namespace", &json!({ "name": "bp-provider" })),
        subject("ConfigMap", &config),
        subject("Deployment", &web),
        subject("Service", &front),
    ]
}

fn ensure(is: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if is { Ok(()) } else { Err(what()) }
}

impl Check<'_> {
    async fn read(&self, path: &str) -> Result<Json, String> {
        let (code, mut object) =
            send(&self.client, "GET", path, "application/json", &Json::Null).await?;
        if code == 404 {
            return Ok(Json::Null);
        }
        // What controllers write is not ours to compare.
        if let Some(fields) = object.as_object_mut() {
            fields.shift_remove("status");
        }
        if let Some(Json::Object(metadata)) = object.get_mut("metadata") {
            metadata.shift_remove("resourceVersion");
            if let Some(Json::Array(entries)) = metadata.get_mut("managedFields") {
                entries.retain(|entry| entry.get("manager") == Some(&json!("blueprint")));
            }
        }
        Ok(object)
    }

    async fn finish(&self, subject: &Subject, first: Progress) -> Result<Done, String> {
        let end = tokio::time::Instant::now() + PATIENCE;
        let mut progress = first;
        loop {
            let (handle, waiting_for) = match progress {
                Progress::Done(done) => return Ok(done),
                Progress::Accepted { handle, waiting_for } => (handle, waiting_for),
            };
            ensure(tokio::time::Instant::now() < end, || {
                format!("{} never ended: {waiting_for}", subject.instance)
            })?;
            tokio::time::sleep(Duration::from_millis(50)).await;
            let polled = self.provider.poll(&self.call, subject, &handle).await;
            progress = polled.map_err(|failure| format!("{}: {failure}", subject.instance))?;
        }
    }

    async fn converge(&self, subject: &Subject) -> Result<(Change, Done), String> {
        let said = |failure| format!("{}: {failure}", subject.instance);
        let observed = self.provider.observe(&self.call, subject).await.map_err(said)?;
        let change = self.provider.diff(subject, &observed).map_err(said)?;
        let begun = self.provider.begin(&self.call, subject, &change, "key").await;
        Ok((change, self.finish(subject, begun.map_err(said)?).await?))
    }

    async fn identity(&self) -> Result<(), String> {
        let found = self.provider.discover(&self.call).await.map_err(|f| f.to_string())?;
        let system = self.read("/api/v1/namespaces/kube-system").await?;
        let uid = system.pointer("/metadata/uid").and_then(Json::as_str);
        ensure(uid == Some(&found.identity), || {
            format!("the identity is {}, kube-system has {uid:?}", found.identity)
        })
    }

    async fn life(&self) -> Result<(), String> {
        // Replicas run where there are nodes alone; an embedded cluster has none to show and needs none.
        let (code, nodes) =
            send(&self.client, "GET", "/api/v1/nodes", "application/json", &Json::Null).await?;
        let empty = nodes.get("items").and_then(Json::as_array).is_some_and(Vec::is_empty);
        let replicas = u32::from(code == 404 || !empty);
        let mut records: Vec<Option<Record>> = Vec::new();
        let mut first = Vec::new();
        for (subject, path) in subjects("Hello", replicas).iter().zip(PATHS) {
            let (change, done) = self.converge(subject).await?;
            ensure(change == Change::Create, || format!("{}: {change:?}", subject.instance))?;
            let live = self.read(path).await?;
            let uid = live.pointer("/metadata/uid");
            ensure(done.attributes.get("uid") == uid && uid.is_some(), || {
                format!("{path}: {live}")
            })?;
            records.push(done.record);
            first.push(live);
        }
        for ((subject, path), before) in subjects("Hello", replicas).iter().zip(PATHS).zip(&first) {
            let (change, _) = self.converge(subject).await?;
            ensure(change == Change::None, || format!("{}: {change:?}", subject.instance))?;
            // Not even an apply that was not needed moves anything.
            let begun = self.provider.begin(&self.call, subject, &Change::Create, "key").await;
            self.finish(subject, begun.map_err(|f| f.to_string())?).await?;
            let after = self.read(path).await?;
            ensure(after == *before, || format!("{path} moved:\n  {before}\n  {after}"))?;
        }
        let [_, config, ..] = subjects("Bonjour", replicas);
        let (change, _) = self.converge(&config).await?;
        let paths = |changes: &[bp_provider::FieldChange]| {
            changes.iter().map(|c| c.path.clone()).collect::<Vec<_>>()
        };
        ensure(matches!(&change, Change::Update(c) if paths(c) == ["data.greeting"]), || {
            format!("the greeting: {change:?}")
        })?;
        self.removal(records).await
    }

    async fn removal(&self, records: Vec<Option<Record>>) -> Result<(), String> {
        let kinds = ["Namespace", "ConfigMap", "Deployment", "Service"];
        for ((kind, path), record) in kinds.iter().zip(PATHS).zip(records).rev() {
            let known = Subject { record, ..subject(kind, &json!({})) };
            let begun = self.provider.begin(&self.call, &known, &Change::Delete, "key").await;
            self.finish(&known, begun.map_err(|f| format!("{kind}: {f}"))?).await?;
            let left = self.read(path).await?;
            ensure(left.is_null(), || format!("{path} is left: {left}"))?;
            let seen = self.provider.observe(&self.call, &known).await;
            ensure(seen == Ok(Observation::Absent), || format!("{kind}: {seen:?}"))?;
        }
        Ok(())
    }

    async fn refusals(&self) -> Result<(), String> {
        let space = subject("Namespace", &json!({ "name": "bp-provider" }));
        self.converge(&space).await?;
        let [_, config, web, front] = subjects("Hello", 0);
        let with = |subject: &Subject, name: &str, value: Json| {
            let mut subject = subject.clone();
            subject.properties.insert(name.to_owned(), value);
            subject
        };
        let cases = [
            (with(&web, "replicas", json!(-1)), "replicas"),
            (with(&web, "image", json!("")), "image"),
            (with(&web, "ports", json!([80, 70_000])), "ports[1]"),
            (with(&web, "env", json!({ "1 a": "b" })), "env.1 a"),
            (with(&config, "data", json!({ "a b": "c" })), "data.a b"),
            (with(&config, "labels", json!({ "a b": "c" })), "labels"),
            (with(&config, "namespace", json!("bp-nowhere")), "namespace"),
            (with(&front, "ports", json!([{ "port": 0 }])), "ports[0].port"),
            (with(&front, "kind", json!("Foo")), "kind"),
        ];
        for (subject, property) in cases {
            let refused = self.provider.begin(&self.call, &subject, &Change::Create, "key").await;
            let said = refused.as_ref().err().and_then(|f| f.property.as_deref());
            ensure(said == Some(property), || format!("{property}: {refused:?}"))?;
            let class = refused.err().map(|f| f.class);
            ensure(class == Some(Class::Permanent), || format!("{property}: {class:?}"))?;
        }
        self.conflict(&config).await
    }

    async fn conflict(&self, config: &Subject) -> Result<(), String> {
        self.converge(config).await?;
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "greeting" },
            "data": { "greeting": "mine" },
        });
        let [_, path, ..] = PATHS;
        let path = format!("{path}?fieldManager=somebody&force=true");
        send(&self.client, "PATCH", &path, "application/apply-patch+yaml", &object).await?;
        let begun = self.provider.begin(&self.call, config, &Change::Create, "key").await;
        let named = begun.as_ref().err().is_some_and(|failure| {
            failure.class == Class::Conflict
                && failure.property.as_deref() == Some("data.greeting")
                && failure.message.contains("\"somebody\"")
        });
        ensure(named, || format!("a conflict: {begun:?}"))
    }
}
