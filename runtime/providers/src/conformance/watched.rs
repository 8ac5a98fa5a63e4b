//! What a watcher is told.

use std::path::Path;
use std::time::Duration;

use futures::{StreamExt as _, pin_mut};
use kube::api::{Api, WatchEvent, WatchParams};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use serde_json::{Value as Json, json};

use super::{client, remove, send};

/// Watches while objects come, change and go, and compares what is told with what was done: nothing
/// is missing, nothing is told twice, a write that changes nothing is not told.
pub async fn watch(kubeconfig: &Path, context: &str) -> Result<(), String> {
    let client = client(kubeconfig, context).await?;
    remove(&client, "bp-watch").await?;
    let space = json!({ "metadata": { "name": "bp-watch" } });
    send(&client, "POST", "/api/v1/namespaces", "application/json", &space).await?;
    let kind = GroupVersionKind::gvk("", "v1", "ConfigMap");
    let resource = ApiResource::from_gvk(&kind);
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), "bp-watch", &resource);
    let listed = send(
        &client,
        "GET",
        "/api/v1/namespaces/bp-watch/configmaps",
        "application/json",
        &Json::Null,
    );
    let version = listed.await?.1.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
    let params = WatchParams::default().labels("watched=yes").timeout(20);
    let version = version.as_str().unwrap_or_default();
    let events = api.watch(&params, version).await.map_err(|error| error.to_string())?;
    let work = async {
        for (name, watched, value) in [
            ("a", "yes", "1"),
            ("b", "no", "1"),
            ("a", "yes", "1"),
            ("a", "yes", "2"),
            ("a", "no", "2"),
        ] {
            let object = json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": { "name": name, "labels": { "watched": watched } }, "data": { "value": value },
            });
            let path = format!(
                "/api/v1/namespaces/bp-watch/configmaps/{name}?fieldManager=watch&force=true"
            );
            send(&client, "PATCH", &path, "application/apply-patch+yaml", &object).await?;
        }
        let path = "/api/v1/namespaces/bp-watch/configmaps/b?fieldManager=watch";
        let marked = json!({ "metadata": { "labels": { "watched": "yes" } } });
        send(&client, "PATCH", path, "application/merge-patch+json", &marked).await?;
        send(&client, "DELETE", path, "application/json", &Json::Null).await.map(|_| ())
    };
    let told = async {
        pin_mut!(events);
        let mut told = Vec::new();
        while told.len() < 5 {
            let next = tokio::time::timeout(Duration::from_secs(20), events.next()).await;
            let Ok(Some(event)) = next else { break };
            told.push(match event.map_err(|error| error.to_string())? {
                WatchEvent::Added(object) => format!("added {}", named(&object)),
                WatchEvent::Modified(object) => format!("modified {}", named(&object)),
                WatchEvent::Deleted(object) => format!("deleted {}", named(&object)),
                WatchEvent::Bookmark(_) => continue,
                WatchEvent::Error(status) => format!("error {}", status.code),
            });
        }
        Ok::<_, String>(told)
    };
    let (worked, told) = tokio::join!(work, told);
    worked?;
    let (told, expected) =
        (told?, ["added a=1", "modified a=2", "deleted a=2", "added b=1", "deleted b=1"]);
    remove(&client, "bp-watch").await?;
    if told == expected {
        return Ok(());
    }
    Err(format!("a watcher was told {told:?}, and {expected:?} was done"))
}

fn named(object: &DynamicObject) -> String {
    let value = object.data.pointer("/data/value").and_then(Json::as_str).unwrap_or_default();
    format!("{}={value}", object.metadata.name.as_deref().unwrap_or_default())
}
