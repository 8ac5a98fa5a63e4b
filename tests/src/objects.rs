//! What an API server says of a test's objects, asked with a client of the test's own.

use std::collections::BTreeMap;

use kube::api::{Api, DynamicObject, ListParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::Value as Json;

use crate::clusters::Cluster;

/// The objects of one namespace, the namespace among them, by `Kind/name`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Objects(pub BTreeMap<String, Object>);

/// One object.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// The server's own identity of it.
    pub uid: String,
    /// How often its wanted state was changed.
    pub generation: Option<i64>,
    /// When it was made.
    pub created: String,
    /// Who applied to it, and when: `manager Operation time`, without status.
    pub writes: Vec<String>,
    /// What is wanted of it: data or spec, without what the server chose.
    pub wanted: Json,
}

const KINDS: [(&str, &str, &str); 4] = [
    ("", "Namespace", "namespaces"),
    ("", "ConfigMap", "configmaps"),
    ("apps", "Deployment", "deployments"),
    ("", "Service", "services"),
];
/// Every namespace gets it from the cluster itself.
const NOT_OURS: [&str; 1] = ["kube-root-ca.crt"];

impl Objects {
    /// What a cluster has of a namespace.
    pub fn of(cluster: &Cluster, namespace: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime
            .block_on(read(cluster, namespace))
            .unwrap_or_else(|error| panic!("{}: {error}", cluster.name))
    }

    /// Whether nothing is there.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wanted of each object; the same for the same plan, whoever ran it.
    pub fn wanted(&self) -> BTreeMap<&str, &Json> {
        self.0.iter().map(|(name, object)| (name.as_str(), &object.wanted)).collect()
    }

    /// Fails the test where an object was applied more than once: by the server's own count of
    /// changes, its identity, and the times of those who wrote.
    pub fn assert_applied_once(&self, before: &Self, what: &str) {
        for (name, object) in &self.0 {
            if let Some(generation) = object.generation {
                assert_eq!(generation, 1, "{what}: {name} was changed: {object:?}");
            }
            // An object of nothing but a name has no fields, so nobody wrote any.
            assert!(object.writes.len() <= 1, "{what}: {name} has several writers: {object:?}");
            for write in &object.writes {
                // The server takes the writer's time first: a second may begin between the two.
                let at = write.rsplit(' ').next().unwrap();
                assert!(
                    at <= object.created.as_str(),
                    "{what}: {name} was written after it was made: {object:?}"
                );
            }
            if let Some(earlier) = before.0.get(name) {
                assert_eq!(earlier.uid, object.uid, "{what}: {name} was made anew");
                assert_eq!(earlier.writes, object.writes, "{what}: {name} was written again");
            }
        }
    }
}

async fn read(cluster: &Cluster, namespace: &str) -> Result<Objects, kube::Error> {
    let client = cluster.client().await;
    let mut objects = BTreeMap::new();
    for (group, kind, plural) in KINDS {
        let kind_of = GroupVersionKind::gvk(group, "v1", kind);
        let resource = ApiResource::from_gvk_with_plural(&kind_of, plural);
        let api: Api<DynamicObject> = if kind == "Namespace" {
            Api::all_with(client.clone(), &resource)
        } else {
            Api::namespaced_with(client.clone(), namespace, &resource)
        };
        for object in api.list(&ListParams::default()).await?.items {
            let object = serde_json::to_value(&object).expect("an object is JSON");
            let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            let other = kind == "Namespace" && name != namespace;
            if !other && !NOT_OURS.contains(&name.as_str()) {
                let name = if kind == "Namespace" { String::new() } else { name };
                objects.insert(format!("{kind}/{name}"), describe(&object));
            }
        }
    }
    Ok(Objects(objects))
}

fn describe(object: &Json) -> Object {
    let meta = &object["metadata"];
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let entries = meta["managedFields"].as_array().cloned().unwrap_or_default();
    let writes = entries
        .iter()
        // The status is the cluster's own to write.
        .filter(|entry| entry["subresource"].is_null() && entry["operation"] == "Apply")
        .map(|entry| format!("{} Apply {}", text(&entry["manager"]), text(&entry["time"])))
        .collect();
    let mut wanted = object.get("data").or_else(|| object.get("spec")).cloned().unwrap_or_default();
    if let Some(fields) = wanted.as_object_mut() {
        for chosen in
            ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"]
        {
            fields.remove(chosen);
        }
    }
    Object {
        uid: text(&meta["uid"]),
        generation: meta["generation"].as_i64(),
        created: text(&meta["creationTimestamp"]),
        writes,
        wanted,
    }
}
