//! From a field of the object, as the API server names it, to the property that set it. Pure.

use serde_json::Value as Json;

use super::kinds::Kind;

/// The parts of a path in any of the API server's spellings: `spec.ports[0].port`,
/// `data[a.b]`, `.spec.ports[port=80,protocol="TCP"].name`.
fn parts(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = path.trim_start_matches('.');
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let end = inside.find(']').unwrap_or(inside.len());
            let (key, after) = inside.split_at_checked(end).unwrap_or((inside, ""));
            parts.push(format!("[{key}"));
            rest = after.trim_start_matches(']').trim_start_matches('.');
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (name, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            parts.push(name.to_owned());
            rest = after.strip_prefix('.').unwrap_or(after);
        }
    }
    parts
}

/// The index that a part in brackets means in a list: a number, or the element with this key.
fn index(part: &str, list: Option<&Json>) -> Option<usize> {
    let inside = part.strip_prefix('[')?;
    if let Ok(number) = inside.parse() {
        return Some(number);
    }
    let wanted: Vec<(&str, Json)> = inside
        .split(',')
        .filter_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            Some((key, serde_json::from_str(value).ok()?))
        })
        .collect();
    list?.as_array()?.iter().position(|item| {
        !wanted.is_empty() && wanted.iter().all(|(key, value)| item.get(key) == Some(value))
    })
}

/// The property that set this field, as a path into the node's properties; `None` where none did.
pub(crate) fn property(kind: Kind, object: &Json, path: &str) -> Option<String> {
    let parts = parts(path);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["metadata", field @ ("name" | "namespace")] => Some((*field).to_owned()),
        ["metadata", field @ ("labels" | "annotations"), rest @ ..] => Some(entry(field, rest)),
        rest => match kind {
            Kind::Namespace => None,
            Kind::ConfigMap => match rest {
                ["data", key @ ..] => Some(entry("data", key)),
                _ => None,
            },
            Kind::Deployment => deployment(object, rest),
            Kind::Service => service(object, rest),
        },
    }
}

/// An entry of a map; its key may have been split at its dots.
fn entry(map: &str, key: &[&str]) -> String {
    if key.is_empty() {
        return map.to_owned();
    }
    let key: Vec<&str> = key.iter().map(|part| part.trim_start_matches('[')).collect();
    format!("{map}.{}", key.join("."))
}

fn deployment(object: &Json, parts: &[&str]) -> Option<String> {
    let container = ["spec", "template", "spec", "containers"];
    let found = |field: &str| object.pointer(&format!("/spec/template/spec/containers/0/{field}"));
    match parts {
        ["spec", "replicas"] => Some("replicas".to_owned()),
        ["spec", "progressDeadlineSeconds"] => Some("progress_deadline".to_owned()),
        ["spec", "selector", ..] | ["spec", "template", "metadata", "labels", ..] => {
            Some("selector".to_owned())
        }
        [a, b, c, d, _, rest @ ..] if [*a, *b, *c, *d] == container => match rest {
            ["image", ..] => Some("image".to_owned()),
            ["ports", at, ..] => Some(
                index(at, found("ports")).map_or("ports".to_owned(), |i| format!("ports[{i}]")),
            ),
            ["env", at, ..] => {
                let name = index(at, found("env"))
                    .and_then(|i| found(&format!("env/{i}/name")))
                    .and_then(Json::as_str);
                Some(name.map_or("env".to_owned(), |name| format!("env.{name}")))
            }
            ["envFrom", at, ..] => Some(
                index(at, found("envFrom"))
                    .map_or("env_from".to_owned(), |i| format!("env_from[{i}]")),
            ),
            ["ports" | "env"] => Some(rest.concat()),
            ["envFrom"] => Some("env_from".to_owned()),
            _ => None,
        },
        _ => None,
    }
}

fn service(object: &Json, parts: &[&str]) -> Option<String> {
    match parts {
        ["spec", "type"] => Some("kind".to_owned()),
        ["spec", "selector", key @ ..] => Some(entry("selector", key)),
        ["spec", "ports"] => Some("ports".to_owned()),
        ["spec", "ports", at, rest @ ..] => {
            let Some(i) = index(at, object.pointer("/spec/ports")) else {
                return Some("ports".to_owned());
            };
            Some(match rest {
                [field @ ("name" | "port" | "protocol")] => format!("ports[{i}].{field}"),
                ["targetPort"] => format!("ports[{i}].target_port"),
                _ => format!("ports[{i}]"),
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_lead_to_the_properties_that_set_them() {
        let web = json!({ "spec": { "template": { "spec": { "containers": [{
            "ports": [{ "containerPort": 80, "protocol": "TCP" }, { "containerPort": 81, "protocol": "TCP" }],
            "env": [{ "name": "A", "value": "b" }],
        }] } } } });
        let front = json!({ "spec": { "ports": [{ "port": 80, "protocol": "TCP" }] } });
        let none = json!({});
        let cases = [
            (Kind::Deployment, &web, "spec.replicas", Some("replicas")),
            (
                Kind::Deployment,
                &web,
                ".spec.template.spec.containers[name=\"main\"].image",
                Some("image"),
            ),
            (Kind::Deployment, &web, "spec.template.spec.containers[0].image", Some("image")),
            (
                Kind::Deployment,
                &web,
                ".spec.template.spec.containers[name=\"main\"].ports[containerPort=81,protocol=\"TCP\"].containerPort",
                Some("ports[1]"),
            ),
            (Kind::Deployment, &web, "spec.template.spec.containers[0].env[0].name", Some("env.A")),
            (Kind::Deployment, &web, "spec.template.spec.containers[0].ports", Some("ports")),
            (Kind::Deployment, &web, "spec.template.metadata.labels", Some("selector")),
            (Kind::Deployment, &web, "spec.strategy", None),
            (
                Kind::Service,
                &front,
                ".spec.ports[port=80,protocol=\"TCP\"].targetPort",
                Some("ports[0].target_port"),
            ),
            (Kind::Service, &front, "spec.ports[0].port", Some("ports[0].port")),
            (Kind::Service, &front, "spec.type", Some("kind")),
            (Kind::Service, &front, ".spec.selector.app", Some("selector.app")),
            (Kind::ConfigMap, &none, "data[b/]", Some("data.b/")),
            (Kind::ConfigMap, &none, ".data.a.b", Some("data.a.b")),
            (Kind::ConfigMap, &none, "metadata.name", Some("name")),
            (Kind::Namespace, &none, "metadata.labels", Some("labels")),
            (Kind::Namespace, &none, "metadata.uid", None),
        ];
        for (kind, object, path, expected) in cases {
            assert_eq!(property(kind, object, path).as_deref(), expected, "{path}");
        }
    }
}
