//! Whether a live object works, in kstatus' order. Pure.

use bp_provider::Health;
use serde_json::Value as Json;

use super::kinds::Kind;

fn number(live: &Json, pointer: &str) -> i64 {
    live.pointer(pointer).and_then(Json::as_i64).unwrap_or_default()
}

fn condition<'a>(live: &'a Json, name: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let found = live.pointer("/status/conditions")?.as_array()?.iter();
    let text = |c: &'a Json, field: &str| c.get(field).and_then(Json::as_str).unwrap_or_default();
    found
        .filter(|c| text(c, "type") == name)
        .map(|c| (text(c, "status"), text(c, "reason"), text(c, "message")))
        .next()
}

/// Whether it works.
pub(crate) fn health(kind: Kind, live: &Json) -> Health {
    if live.pointer("/metadata/deletionTimestamp").is_some() {
        return Health::Progressing("it is being deleted".to_owned());
    }
    match kind {
        Kind::ConfigMap => Health::Healthy,
        Kind::Namespace => match live.pointer("/status/phase").and_then(Json::as_str) {
            Some("Active") => Health::Healthy,
            other => Health::Progressing(format!("phase {}", other.unwrap_or("not yet known"))),
        },
        Kind::Service => service(live),
        Kind::Deployment => deployment(live),
    }
}

fn service(live: &Json) -> Health {
    let kind = live.pointer("/spec/type").and_then(Json::as_str).unwrap_or_default();
    let ingress = live.pointer("/status/loadBalancer/ingress").and_then(Json::as_array);
    if kind == "LoadBalancer" && ingress.is_none_or(Vec::is_empty) {
        return Health::Progressing("the load balancer has no address yet".to_owned());
    }
    if live.pointer("/spec/clusterIP").is_none() {
        return Health::Progressing("it has no address yet".to_owned());
    }
    Health::Healthy
}

fn deployment(live: &Json) -> Health {
    if number(live, "/status/observedGeneration") < number(live, "/metadata/generation") {
        return Health::Progressing("the controller has not seen it yet".to_owned());
    }
    if let Some(("False", "ProgressDeadlineExceeded", message)) = condition(live, "Progressing") {
        return Health::Failed(format!("its progress deadline is exceeded: {message}"));
    }
    let wanted = live.pointer("/spec/replicas").and_then(Json::as_i64).unwrap_or(1);
    let updated = number(live, "/status/updatedReplicas");
    let all = number(live, "/status/replicas");
    let available = number(live, "/status/availableReplicas");
    let waits = |text: String| {
        // Why replicas can't be made is worth more than how many are missing.
        match condition(live, "ReplicaFailure") {
            Some(("True", _, message)) => Health::Progressing(format!("{text}: {message}")),
            _ => Health::Progressing(text),
        }
    };
    if updated < wanted {
        waits(format!("{updated} of {wanted} replicas updated"))
    } else if all > updated {
        waits(format!("{} old replicas still running", all - updated))
    } else if available < wanted {
        waits(format!("{available} of {wanted} replicas available"))
    } else {
        Health::Healthy
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn live(status: &Json) -> Json {
        json!({ "metadata": { "generation": 2 }, "spec": { "replicas": 2 }, "status": status })
    }

    #[test]
    fn a_deployment_works_when_its_newest_replicas_serve() {
        let of = |status: Json| health(Kind::Deployment, &live(&status));
        let waits = |text: &str| Health::Progressing(text.to_owned());
        let served = json!({
            "observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2,
        });
        assert_eq!(of(served), Health::Healthy);
        let old = json!({ "observedGeneration": 1, "updatedReplicas": 2, "availableReplicas": 2 });
        assert_eq!(of(old), waits("the controller has not seen it yet"));
        let one = json!({
            "observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1,
        });
        assert_eq!(of(one), waits("1 of 2 replicas available"));
        let rolling = json!({
            "observedGeneration": 2, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 3,
        });
        assert_eq!(of(rolling), waits("1 old replicas still running"));
        let stuck = json!({ "observedGeneration": 2, "conditions": [{
            "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
            "message": "ReplicaSet \"web-1\" has timed out progressing.",
        }] });
        assert!(matches!(of(stuck), Health::Failed(why) if why.contains("web-1")));
    }

    #[test]
    fn what_is_being_deleted_does_not_work() {
        let mut gone = json!({ "metadata": { "deletionTimestamp": "now" } });
        assert!(matches!(health(Kind::ConfigMap, &gone), Health::Progressing(_)));
        gone = json!({ "status": { "phase": "Active" } });
        assert_eq!(health(Kind::Namespace, &gone), Health::Healthy);
        let balanced = json!({ "spec": { "type": "LoadBalancer", "clusterIP": "10.0.0.1" } });
        assert!(matches!(health(Kind::Service, &balanced), Health::Progressing(_)));
    }
}
