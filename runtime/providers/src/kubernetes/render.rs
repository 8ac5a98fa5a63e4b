//! From properties to the object that is applied. Pure.
//!
//! What is written is canonical: nothing empty, keys of lists in full, so that an apply that changes
//! nothing is seen to change nothing.

use bp_provider::{Class, Failure, Subject};
use serde_json::{Map, Value as Json, json};

use super::kinds::{Kind, Place};
use super::owner;

/// The name of a Deployment's one container.
const CONTAINER: &str = "main";

/// An object as it is wanted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rendered {
    pub(crate) place: Place,
    pub(crate) object: Json,
}

fn wrong(property: &str, what: &str) -> Failure {
    let mut failure = Failure::new(Class::Permanent, format!("the property `{property}` {what}"));
    failure.property = Some(property.to_owned());
    failure
}

/// The properties of a subject, by their types.
struct Properties<'a>(&'a Subject);

impl Properties<'_> {
    fn get(&self, name: &str) -> Option<&Json> {
        self.0.properties.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(wrong(name, &format!("should be a text, found {other}"))),
        }
    }

    fn required(&self, name: &str) -> Result<String, Failure> {
        self.text(name)?.ok_or_else(|| wrong(name, "is missing"))
    }

    fn number(&self, name: &str) -> Result<Option<i64>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => value
                .as_i64()
                .map(Some)
                .ok_or_else(|| wrong(name, &format!("should be a whole number, found {value}"))),
        }
    }

    fn texts(&self, name: &str) -> Result<Map<String, Json>, Failure> {
        match self.get(name) {
            None => Ok(Map::new()),
            Some(Json::Object(entries)) => {
                let mut sorted: Vec<_> = entries.iter().collect();
                sorted.sort_by_key(|(key, _)| *key);
                for (key, value) in &sorted {
                    if !value.is_string() {
                        let path = format!("{name}.{key}");
                        return Err(wrong(&path, &format!("should be a text, found {value}")));
                    }
                }
                Ok(sorted.into_iter().map(|(k, v)| (k.clone(), v.clone())).collect())
            }
            Some(other) => Err(wrong(name, &format!("should be a map, found {other}"))),
        }
    }

    fn list(&self, name: &str) -> Result<Vec<Json>, Failure> {
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Json::Array(items)) => Ok(items.clone()),
            Some(other) => Err(wrong(name, &format!("should be a list, found {other}"))),
        }
    }
}

/// Where the subject's object is to be.
pub(crate) fn place(subject: &Subject) -> Result<Place, Failure> {
    let kind = Kind::of_node_type(&subject.line())?;
    let properties = Properties(subject);
    let namespace = if kind.is_namespaced() {
        properties.text("namespace")?.unwrap_or_else(|| "default".to_owned())
    } else {
        String::new()
    };
    Ok(Place { kind, namespace, name: properties.required("name")? })
}

/// The object as the subject's properties want it.
pub(crate) fn render(subject: &Subject) -> Result<Rendered, Failure> {
    let place = place(subject)?;
    let properties = Properties(subject);
    let mut object = json!({ "apiVersion": place.kind.api_version(), "kind": place.kind.name() });
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), json!(place.name));
    if place.kind.is_namespaced() {
        metadata.insert("namespace".to_owned(), json!(place.namespace));
    }
    for (part, own) in
        [("labels", owner::labels(subject)), ("annotations", owner::annotations(subject))]
    {
        let mut all = properties.texts(part)?;
        if let Some(key) = all.keys().find(|k| own.contains_key(*k) || k.starts_with(owner::PREFIX))
        {
            let path = format!("{part}.{key}");
            return Err(wrong(&path, "is set by the runtime")
                .help("leave it out: it says which deployment keeps the object"));
        }
        all.extend(own);
        metadata.insert(part.to_owned(), Json::Object(all));
    }
    let body = match place.kind {
        Kind::Namespace => Map::new(),
        Kind::ConfigMap => filled([("data", Json::Object(properties.texts("data")?))]),
        Kind::Deployment => filled([("spec", deployment(&properties, &place)?)]),
        Kind::Service => filled([("spec", service(&properties)?)]),
    };
    if let Some(object) = object.as_object_mut() {
        object.insert("metadata".to_owned(), Json::Object(metadata));
        object.extend(body);
    }
    Ok(Rendered { place, object })
}

/// Without what is empty.
fn filled<const N: usize>(fields: [(&str, Json); N]) -> Map<String, Json> {
    fields
        .into_iter()
        .filter(|(_, value)| match value {
            Json::Null => false,
            Json::Object(fields) => !fields.is_empty(),
            Json::Array(items) => !items.is_empty(),
            _ => true,
        })
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn deployment(properties: &Properties<'_>, place: &Place) -> Result<Json, Failure> {
    let mut selector = properties.texts("selector")?;
    if selector.is_empty() {
        selector.insert("app".to_owned(), json!(place.name));
    }
    let ports: Vec<Json> = properties
        .list("ports")?
        .into_iter()
        .map(|port| json!({ "containerPort": port, "protocol": "TCP" }))
        .collect();
    let env: Vec<Json> = properties
        .texts("env")?
        .into_iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    let env_from: Vec<Json> = properties
        .list("env_from")?
        .into_iter()
        .map(|name| json!({ "configMapRef": { "name": name } }))
        .collect();
    let container = filled([
        ("name", json!(CONTAINER)),
        ("image", json!(properties.required("image")?)),
        ("ports", Json::Array(ports)),
        ("env", Json::Array(env)),
        ("envFrom", Json::Array(env_from)),
    ]);
    let deadline = match properties.text("progress_deadline")? {
        Some(text) => json!(seconds(&text).ok_or_else(|| {
            wrong(
                "progress_deadline",
                &format!("should be a duration such as `10m`, found `{text}`"),
            )
        })?),
        None => Json::Null,
    };
    Ok(Json::Object(filled([
        ("replicas", json!(properties.number("replicas")?)),
        ("selector", json!({ "matchLabels": selector })),
        (
            "template",
            json!({
                "metadata": { "labels": selector },
                "spec": { "containers": [container] },
            }),
        ),
        ("progressDeadlineSeconds", deadline),
    ])))
}

fn service(properties: &Properties<'_>) -> Result<Json, Failure> {
    let mut ports = Vec::new();
    for (index, port) in properties.list("ports")?.into_iter().enumerate() {
        let Json::Object(port) = port else {
            return Err(wrong(&format!("ports[{index}]"), "should be a map"));
        };
        let field = |name: &str| port.get(name).filter(|v| !v.is_null()).cloned();
        let Some(number) = field("port") else {
            return Err(wrong(&format!("ports[{index}].port"), "is missing"));
        };
        ports.push(Json::Object(filled([
            ("name", field("name").unwrap_or_default()),
            ("port", number.clone()),
            ("protocol", field("protocol").unwrap_or_else(|| json!("TCP"))),
            ("targetPort", field("target_port").unwrap_or(number)),
        ])));
    }
    Ok(Json::Object(filled([
        ("type", json!(properties.text("kind")?.unwrap_or_else(|| "ClusterIP".to_owned()))),
        ("selector", Json::Object(properties.texts("selector")?)),
        ("ports", Json::Array(ports)),
    ])))
}

/// A duration in whole seconds, rounded up: `1h30m`, `90s`, `500ms`.
fn seconds(text: &str) -> Option<i64> {
    let mut total_ms: i64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, after) = rest.split_at_checked(digits)?;
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at_checked(end)?;
        let factor = match unit {
            "d" => 86_400_000,
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            // Less than a millisecond is rounded up with the rest.
            "us" | "ns" => 0,
            _ => return None,
        };
        total_ms = total_ms.checked_add(number.parse::<i64>().ok()?.checked_mul(factor)?)?;
        rest = next;
    }
    (!text.is_empty()).then(|| (total_ms.saturating_add(999) / 1000).max(1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use crate::kubernetes::testing::subject;

    #[test]
    fn durations_are_whole_seconds() {
        assert_eq!(seconds("10m"), Some(600));
        assert_eq!(seconds("1h30m"), Some(5400));
        assert_eq!(seconds("1m1s500ms"), Some(62));
        assert_eq!(seconds(""), None);
        assert_eq!(seconds("10"), None);
        assert_eq!(seconds("10x"), None);
    }

    #[test]
    fn a_deployment_has_nothing_empty_and_every_key() {
        let web = subject(
            "Deployment",
            &json!({
                "name": "web", "namespace": "hello", "replicas": 0, "image": "nginx:1.27",
                "ports": [80], "env": {}, "env_from": ["greeting"], "labels": {},
                "progress_deadline": "10m",
            }),
        );
        let rendered = render(&web).unwrap();
        assert_eq!(rendered.place.to_string(), "Deployment `hello/web`");
        let expected = json!({
            "replicas": 0,
            "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [{
                    "name": "main", "image": "nginx:1.27",
                    "ports": [{ "containerPort": 80, "protocol": "TCP" }],
                    "envFrom": [{ "configMapRef": { "name": "greeting" } }],
                }] },
            },
            "progressDeadlineSeconds": 600,
        });
        assert_eq!(rendered.object.get("spec"), Some(&expected));
        let label = rendered.object.pointer("/metadata/labels/blueprint~1deployment");
        assert_eq!(label, Some(&json!("d-1")));
    }

    #[test]
    fn a_service_says_its_target_port_and_protocol() {
        let front = subject(
            "Service",
            &json!({
                "name": "web", "selector": { "app": "web" },
                "ports": [{ "name": null, "port": 80, "target_port": null }],
            }),
        );
        let rendered = render(&front).unwrap();
        assert_eq!(
            rendered.object.pointer("/spec/ports"),
            Some(&json!([{ "port": 80, "protocol": "TCP", "targetPort": 80 }]))
        );
        assert_eq!(rendered.place.namespace, "default");
    }

    #[test]
    fn what_is_wrong_names_its_property() {
        let failed = |kind: &str, properties: Json| {
            let failure = render(&subject(kind, &properties)).unwrap_err();
            assert_eq!(failure.class, Class::Permanent);
            (failure.property.unwrap_or_default(), failure.message)
        };
        let (property, _) = failed("ConfigMap", json!({ "data": {} }));
        assert_eq!(property, "name");
        let (property, _) = failed("ConfigMap", json!({ "name": "a", "data": { "b": 1 } }));
        assert_eq!(property, "data.b");
        let (property, message) =
            failed("Namespace", json!({ "name": "a", "labels": { "blueprint/x": "y" } }));
        assert_eq!(property, "labels.blueprint/x");
        assert!(message.contains("set by the runtime"));
        let (_, message) = failed("Pod", json!({ "name": "a" }));
        assert!(message.contains("std.kubernetes.Pod"), "{message}");
    }
}
