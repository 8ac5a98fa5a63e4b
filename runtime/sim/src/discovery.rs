//! What an API server says of itself: its version, and what it serves.

use serde_json::{Value as Json, json};

use crate::kinds::{KINDS, Kind};

/// The version whose behaviour the embedded servers have. The suffix says that they are none.
pub const VERSION: &str = "v1.20.2+embedded";

/// The answer to a path that is not about objects.
pub(crate) fn answer(path: &[&str], address: &str) -> Option<Json> {
    match path {
        ["version"] => Some(json!({
            "major": "1", "minor": "20", "gitVersion": VERSION, "gitCommit": "",
            "gitTreeState": "clean", "buildDate": "", "goVersion": "", "compiler": "rustc",
            "platform": "embedded",
        })),
        ["api"] => Some(json!({
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [
                { "clientCIDR": "0.0.0.0/0", "serverAddress": address },
            ],
        })),
        ["apis"] => Some(json!({
            "kind": "APIGroupList", "apiVersion": "v1", "groups": [group("apps", false)],
        })),
        ["apis", "apps"] => Some(group("apps", true)),
        ["api", "v1"] => Some(resources("")),
        ["apis", "apps", "v1"] => Some(resources("apps")),
        _ => None,
    }
}

fn group(name: &str, alone: bool) -> Json {
    let version = json!({ "groupVersion": format!("{name}/v1"), "version": "v1" });
    let mut group = json!({ "name": name, "versions": [version], "preferredVersion": version });
    if alone && let Some(group) = group.as_object_mut() {
        group.insert("kind".into(), "APIGroup".into());
        group.insert("apiVersion".into(), "v1".into());
    }
    group
}

fn resources(group: &str) -> Json {
    let kinds: Vec<&Kind> = KINDS.iter().filter(|k| k.group == group).collect();
    let mut list = Vec::new();
    for kind in &kinds {
        list.push(json!({
            "name": kind.plural, "singularName": "", "namespaced": kind.namespaced,
            "kind": kind.kind, "shortNames": [kind.short],
            "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
        }));
        if kind.has_status {
            list.push(json!({
                "name": format!("{}/status", kind.plural), "singularName": "",
                "namespaced": kind.namespaced, "kind": kind.kind,
                "verbs": ["get", "patch", "update"],
            }));
        }
    }
    let version = kinds.first().map(|k| k.api_version()).unwrap_or_default();
    json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": list,
    })
}
