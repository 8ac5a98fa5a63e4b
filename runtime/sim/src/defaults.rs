//! What the API server fills in where nothing is said.

use serde_json::{Value as Json, json};

use crate::kinds::{Kind, put_default};

/// Fills in the defaults of a kind.
pub(crate) fn fill(kind: &Kind, object: &mut Json) {
    match kind.kind {
        "Namespace" => put_default(object, &["status", "phase"], json!("Active")),
        "Service" => service(object),
        "Deployment" => deployment(object),
        _ => {}
    }
}

fn service(object: &mut Json) {
    put_default(object, &["spec", "type"], json!("ClusterIP"));
    put_default(object, &["spec", "sessionAffinity"], json!("None"));
    put_default(object, &["status", "loadBalancer"], json!({}));
    let kind = object.pointer("/spec/type").and_then(Json::as_str).unwrap_or_default().to_owned();
    if kind == "NodePort" || kind == "LoadBalancer" {
        put_default(object, &["spec", "externalTrafficPolicy"], json!("Cluster"));
    }
    for port in each(object, "/spec/ports") {
        put_default(port, &["protocol"], json!("TCP"));
        let number = port.get("port").cloned().unwrap_or_else(|| json!(0));
        put_default(port, &["targetPort"], number);
    }
}

fn deployment(object: &mut Json) {
    put_default(object, &["spec", "replicas"], json!(1));
    put_default(object, &["spec", "revisionHistoryLimit"], json!(10));
    put_default(object, &["spec", "progressDeadlineSeconds"], json!(600));
    put_default(object, &["spec", "strategy", "type"], json!("RollingUpdate"));
    if object.pointer("/spec/strategy/type") == Some(&json!("RollingUpdate")) {
        put_default(object, &["spec", "strategy", "rollingUpdate", "maxUnavailable"], json!("25%"));
        put_default(object, &["spec", "strategy", "rollingUpdate", "maxSurge"], json!("25%"));
    }
    put_default(object, &["status"], json!({}));
    let Some(template) = object.pointer_mut("/spec/template") else { return };
    put_default(template, &["metadata", "creationTimestamp"], Json::Null);
    for (field, value) in [
        ("restartPolicy", json!("Always")),
        ("terminationGracePeriodSeconds", json!(30)),
        ("dnsPolicy", json!("ClusterFirst")),
        ("securityContext", json!({})),
        ("schedulerName", json!("default-scheduler")),
    ] {
        put_default(template, &["spec", field], value);
    }
    for container in each(object, "/spec/template/spec/containers") {
        put_default(container, &["resources"], json!({}));
        for part in ["limits", "requests"] {
            let found = container.pointer_mut(&format!("/resources/{part}"));
            for (_, value) in found.and_then(Json::as_object_mut).into_iter().flatten() {
                *value = quantity(value);
            }
        }
        put_default(container, &["terminationMessagePath"], json!("/dev/termination-log"));
        put_default(container, &["terminationMessagePolicy"], json!("File"));
        let image = container.get("image").and_then(Json::as_str).unwrap_or_default();
        let name = image.rsplit('/').next().unwrap_or_default();
        let tag = name.split_once(':').map_or("latest", |(_, tag)| tag);
        let policy = if tag == "latest" && !name.contains('@') { "Always" } else { "IfNotPresent" };
        put_default(container, &["imagePullPolicy"], json!(policy));
        for port in each(container, "/ports") {
            put_default(port, &["protocol"], json!("TCP"));
        }
    }
}

/// A quantity in its canonical form, as far as it is a whole number of some unit.
fn quantity(value: &Json) -> Json {
    const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let Some((number, unit)) = text.split_at_checked(digits) else { return value.clone() };
    let Ok(mut number) = number.parse::<u64>() else { return value.clone() };
    if unit == "m" && number.is_multiple_of(1000) {
        return json!((number / 1000).to_string());
    }
    let Some(mut at) = BINARY.iter().position(|known| *known == unit) else { return json!(text) };
    while number > 0 && number.is_multiple_of(1024) && at + 1 < BINARY.len() {
        number /= 1024;
        at += 1;
    }
    json!(format!("{number}{}", BINARY.get(at).unwrap_or(&unit)))
}

fn each<'a>(object: &'a mut Json, pointer: &str) -> impl Iterator<Item = &'a mut Json> {
    object.pointer_mut(pointer).and_then(Json::as_array_mut).into_iter().flatten()
}
