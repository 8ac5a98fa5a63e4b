//! The kinds that the embedded API servers serve.
//!
//! A new kind is a line here and its definitions in `schema.json`; defaults and validation of it
//! are in the modules of these names.

use serde_json::{Value as Json, json};

/// A kind of object, and where it is served.
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "Kubernetes calls it so")]
pub(crate) struct Kind {
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) namespaced: bool,
    pub(crate) has_status: bool,
    pub(crate) short: &'static str,
}

pub(crate) static KINDS: [Kind; 4] = [
    Kind {
        group: "",
        version: "v1",
        kind: "ConfigMap",
        plural: "configmaps",
        namespaced: true,
        has_status: false,
        short: "cm",
    },
    Kind {
        group: "",
        version: "v1",
        kind: "Namespace",
        plural: "namespaces",
        namespaced: false,
        has_status: true,
        short: "ns",
    },
    Kind {
        group: "",
        version: "v1",
        kind: "Service",
        plural: "services",
        namespaced: true,
        has_status: true,
        short: "svc",
    },
    Kind {
        group: "apps",
        version: "v1",
        kind: "Deployment",
        plural: "deployments",
        namespaced: true,
        has_status: true,
        short: "deploy",
    },
];

impl Kind {
    /// The kind served under this name in this group and version.
    pub(crate) fn served(group: &str, version: &str, plural: &str) -> Option<&'static Self> {
        KINDS.iter().find(|k| k.group == group && k.version == version && k.plural == plural)
    }

    /// The kind of this name.
    pub(crate) fn named(kind: &str) -> Option<&'static Self> {
        KINDS.iter().find(|k| k.kind == kind)
    }

    /// `v1`, `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// As messages about its objects name it: `deployments.apps`.
    pub(crate) fn qualified_plural(&self) -> String {
        qualified(self.plural, self.group)
    }

    /// As messages about its validation name it: `Deployment.apps`.
    pub(crate) fn qualified_kind(&self) -> String {
        qualified(self.kind, self.group)
    }

    /// What an object of it is before anything is said: what the server compares a new one with.
    pub(crate) fn blank(&self) -> Json {
        let metadata = json!({ "creationTimestamp": null });
        let pods = json!({ "metadata": metadata, "spec": { "containers": null } });
        match self.kind {
            "ConfigMap" => json!({ "metadata": metadata }),
            "Service" => {
                json!({ "metadata": metadata, "spec": {}, "status": { "loadBalancer": {} } })
            }
            "Deployment" => json!({
                "metadata": metadata,
                "spec": { "selector": null, "template": pods, "strategy": {} },
                "status": {},
            }),
            _ => json!({ "metadata": metadata, "spec": {}, "status": {} }),
        }
    }
}

fn qualified(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}

/// The text at a path of fields; empty where there is none.
pub(crate) fn text<'a>(object: &'a Json, path: &[&str]) -> &'a str {
    at(object, path).and_then(Json::as_str).unwrap_or_default()
}

/// The value at a path of fields.
pub(crate) fn at<'a>(object: &'a Json, path: &[&str]) -> Option<&'a Json> {
    path.iter().try_fold(object, |at, step| at.get(step))
}

/// Sets a value at a path of fields, making objects on the way.
pub(crate) fn put(object: &mut Json, path: &[&str], value: Json) {
    let mut here = object;
    for step in path {
        if !here.is_object() {
            *here = Json::Object(serde_json::Map::new());
        }
        let Json::Object(fields) = here else { return };
        here = fields.entry((*step).to_owned()).or_insert(Json::Null);
    }
    *here = value;
}

/// Sets a value where there is none.
pub(crate) fn put_default(object: &mut Json, path: &[&str], value: Json) {
    if at(object, path).is_none_or(Json::is_null) {
        put(object, path, value);
    }
}

/// Takes a field out.
pub(crate) fn take(object: &mut Json, path: &[&str]) -> Option<Json> {
    let (last, parents) = path.split_last()?;
    let parent = parents.iter().try_fold(object, |at, step| at.get_mut(step))?;
    parent.as_object_mut()?.shift_remove(*last)
}
