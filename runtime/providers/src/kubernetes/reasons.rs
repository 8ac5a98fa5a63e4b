//! Why the pods of a Deployment do not run, in the cluster's own words.

use std::collections::BTreeSet;

use kube::core::{ApiResource, GroupVersionKind};
use serde_json::Value as Json;

use super::kinds::{Kind, Place};
use super::session::Session;

/// The reasons, to go behind a sentence; empty where none are known.
pub(crate) async fn of_pods(session: &Session, place: &Place, live: &Json) -> String {
    if place.kind != Kind::Deployment {
        return String::new();
    }
    let Some(Json::Object(labels)) = live.pointer("/spec/selector/matchLabels") else {
        return String::new();
    };
    let selector: Vec<String> = labels
        .iter()
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect();
    let resource =
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("", "v1", "Pod"), "pods");
    let listed = session.list(&resource, &place.namespace, Some(&selector.join(","))).await;
    // That the reasons can't be had must not hide the failure itself.
    let pods = listed.ok().flatten().unwrap_or_default();
    let reasons: BTreeSet<String> = pods.iter().flat_map(of_pod).collect();
    if reasons.is_empty() {
        return String::new();
    }
    format!(" (pods: {})", reasons.into_iter().collect::<Vec<_>>().join("; "))
}

fn of_pod(pod: &Json) -> Vec<String> {
    let list = |pointer: &str| pod.pointer(pointer).and_then(Json::as_array).cloned();
    let said = |at: &Json| {
        let part = |name: &str| at.get(name).and_then(Json::as_str).filter(|t| !t.is_empty());
        match (part("reason"), part("message")) {
            (Some(reason), Some(message)) => Some(format!("{reason}: {message}")),
            (Some(reason), None) => Some(reason.to_owned()),
            _ => None,
        }
    };
    let waiting = list("/status/containerStatuses").unwrap_or_default();
    let conditions = list("/status/conditions").unwrap_or_default();
    let unscheduled = conditions.iter().filter(|c| {
        c.get("type") == Some(&"PodScheduled".into()) && c.get("status") == Some(&"False".into())
    });
    waiting
        .iter()
        .filter_map(|container| said(container.pointer("/state/waiting")?))
        .chain(unscheduled.filter_map(said))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_says_why_it_waits() {
        let pulling = json!({ "status": { "containerStatuses": [
            { "state": { "waiting": { "reason": "ImagePullBackOff", "message": "no such image" } } },
            { "state": { "running": {} } },
        ] } });
        assert_eq!(of_pod(&pulling), ["ImagePullBackOff: no such image"]);
        let homeless = json!({ "status": { "conditions": [
            { "type": "PodScheduled", "status": "False", "reason": "Unschedulable" },
        ] } });
        assert_eq!(of_pod(&homeless), ["Unschedulable"]);
    }
}
