//! What the API server refuses of a well-formed object, in its own words.
//!
//! As far as the served kinds are used: names, labels, keys, replicas, ports, selectors.

use serde_json::{Map, Value as Json};

use crate::kinds::{Kind, at, text};
use crate::status::Cause;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
    characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
    'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters \
    or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', \
    regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or \
    '-', start with an alphabetic character, and end with an alphanumeric character (e.g. \
    'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and \
    must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or \
    '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric \
    characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. \
    'MyValue',  or 'my_value',  or '12345', regex used for validation is \
    '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or \
    '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is \
    '[-._a-zA-Z0-9]+')";
const ENV_NAME: &str = "a valid environment variable name must consist of alphabetic characters, \
    digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or \
    'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')";
const PORT: &str = "must be between 1 and 65535, inclusive";
const IMMUTABLE: &str = "field is immutable";

/// What is wrong with an object, and with its change where it was there before.
pub(crate) fn validate(kind: &Kind, new: &Json, old: Option<&Json>) -> Vec<Cause> {
    let mut causes = Vec::new();
    metadata(kind, new, &mut causes);
    if let Some(old) = old {
        let uid = text(new, &["metadata", "uid"]);
        if uid != text(old, &["metadata", "uid"]) {
            // Said twice by the real one, too: for the object and for its kind.
            let cause = Cause::invalid("metadata.uid", &quoted(uid), IMMUTABLE);
            causes.extend([cause.clone(), cause]);
        }
    }
    match kind.kind {
        "ConfigMap" => config_map(new, &mut causes),
        "Service" => service(new, &mut causes),
        "Deployment" => deployment(new, old, &mut causes),
        _ => {}
    }
    causes
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

fn is_label(name: &str, first: fn(char) -> bool, max: usize) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.len() <= max && name.starts_with(first) && name.chars().all(inner) && !name.ends_with('-')
}

fn lower_or_digit(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

fn is_subdomain(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(|part| is_label(part, lower_or_digit, 253))
}

fn is_name_part(name: &str) -> bool {
    let ends = |c: char| c.is_ascii_alphanumeric();
    name.starts_with(ends)
        && name.ends_with(ends)
        && name.chars().all(|c| ends(c) || "-_.".contains(c))
}

fn metadata(kind: &Kind, new: &Json, causes: &mut Vec<Cause>) {
    let name = text(new, &["metadata", "name"]);
    if name.is_empty() {
        causes.push(Cause::required("metadata.name", "name or generateName is required"));
    } else {
        let (fits, max, why) = match kind.kind {
            "Namespace" => (is_label(name, lower_or_digit, usize::MAX), 63, LABEL),
            "Service" => (is_label(name, |c| c.is_ascii_lowercase(), usize::MAX), 63, LABEL_1035),
            _ => (name.split('.').all(|p| is_label(p, lower_or_digit, usize::MAX)), 253, SUBDOMAIN),
        };
        if name.len() > max {
            let why = format!("must be no more than {max} characters");
            causes.push(Cause::invalid("metadata.name", &quoted(name), &why));
        }
        if !fits {
            causes.push(Cause::invalid("metadata.name", &quoted(name), why));
        }
    }
    if let Some(Json::Object(found)) = at(new, &["metadata", "labels"]) {
        labels("metadata.labels", found, causes);
    }
    if let Some(Json::Object(found)) = at(new, &["metadata", "annotations"]) {
        for key in found.keys() {
            qualified_name("metadata.annotations", &key.to_lowercase(), causes);
        }
    }
}

fn labels(field: &str, found: &Map<String, Json>, causes: &mut Vec<Cause>) {
    for (key, value) in sorted(found) {
        qualified_name(field, key, causes);
        let value = value.as_str().unwrap_or_default();
        if value.len() > 63 {
            causes.push(Cause::invalid(
                field,
                &quoted(value),
                "must be no more than 63 characters",
            ));
        }
        if !value.is_empty() && !is_name_part(value) {
            causes.push(Cause::invalid(field, &quoted(value), LABEL_VALUE));
        }
    }
}

fn qualified_name(field: &str, key: &str, causes: &mut Vec<Cause>) {
    let name = match key.split_once('/') {
        None => key,
        Some((prefix, name)) => {
            if !is_subdomain(prefix) {
                let why = format!("prefix part {SUBDOMAIN}");
                causes.push(Cause::invalid(field, &quoted(key), &why));
            }
            name
        }
    };
    if name.is_empty() {
        causes.push(Cause::invalid(field, &quoted(key), "name part must be non-empty"));
    } else if name.len() > 63 {
        let why = "name part must be no more than 63 characters";
        causes.push(Cause::invalid(field, &quoted(key), why));
    }
    if !is_name_part(name) {
        causes.push(Cause::invalid(field, &quoted(key), QUALIFIED));
    }
}

fn sorted(found: &Map<String, Json>) -> Vec<(&String, &Json)> {
    let mut pairs: Vec<_> = found.iter().collect();
    pairs.sort_by_key(|(key, _)| *key);
    pairs
}

fn config_map(new: &Json, causes: &mut Vec<Cause>) {
    let Some(Json::Object(entries)) = new.get("data") else { return };
    for (key, _) in sorted(entries) {
        let fits =
            !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if !fits {
            causes.push(Cause::invalid(format!("data[{key}]"), &quoted(key), CONFIG_KEY));
        }
    }
}

fn is_port(value: Option<&Json>) -> bool {
    value.and_then(Json::as_i64).is_some_and(|port| (1..=65535).contains(&port))
}

fn service(new: &Json, causes: &mut Vec<Cause>) {
    let none = Vec::new();
    let ports = at(new, &["spec", "ports"]).and_then(Json::as_array).unwrap_or(&none);
    if ports.is_empty() {
        causes.push(Cause::required("spec.ports", ""));
    }
    for (index, port) in ports.iter().enumerate() {
        let field = format!("spec.ports[{index}]");
        let name = text(port, &["name"]);
        if name.is_empty() {
            if ports.len() > 1 {
                causes.push(Cause::required(format!("{field}.name"), ""));
            }
        } else if !is_label(name, lower_or_digit, 63) {
            causes.push(Cause::invalid(format!("{field}.name"), &quoted(name), LABEL));
        } else if ports.iter().take(index).any(|p| text(p, &["name"]) == name) {
            causes.push(Cause {
                reason: "FieldValueDuplicate",
                field: format!("{field}.name"),
                message: format!("Duplicate value: {name:?}"),
            });
        }
        let number = port.get("port").cloned().unwrap_or_else(|| Json::from(0));
        if !is_port(Some(&number)) {
            causes.push(Cause::invalid(format!("{field}.port"), &number.to_string(), PORT));
        }
        let protocol = text(port, &["protocol"]);
        if !["SCTP", "TCP", "UDP"].contains(&protocol) {
            let known = ["SCTP", "TCP", "UDP"];
            causes.push(Cause::unsupported(format!("{field}.protocol"), &quoted(protocol), &known));
        }
        if let Some(target) = port.get("targetPort").filter(|t| t.is_number())
            && !is_port(Some(target))
            && *target != number
        {
            causes.push(Cause::invalid(format!("{field}.targetPort"), &target.to_string(), PORT));
        } else if port.get("targetPort") == Some(&number) && !is_port(Some(&number)) {
            causes.push(Cause::invalid(format!("{field}.targetPort"), &number.to_string(), PORT));
        }
    }
    if let Some(Json::Object(selector)) = at(new, &["spec", "selector"]) {
        labels("spec.selector", selector, causes);
    }
    let kind = text(new, &["spec", "type"]);
    let known = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    if !known.contains(&kind) {
        causes.push(Cause::unsupported("spec.type", &quoted(kind), &known));
    }
}

fn deployment(new: &Json, old: Option<&Json>, causes: &mut Vec<Cause>) {
    let number = |field: &str| at(new, &["spec", field]).and_then(Json::as_i64).unwrap_or_default();
    if number("replicas") < 0 {
        let value = number("replicas").to_string();
        let why = "must be greater than or equal to 0";
        causes.push(Cause::invalid("spec.replicas", &value, why));
    }
    selector(new, old, causes);
    let none = Vec::new();
    let containers = at(new, &["spec", "template", "spec", "containers"]);
    let containers = containers.and_then(Json::as_array).unwrap_or(&none);
    if containers.is_empty() {
        causes.push(Cause::required("spec.template.spec.containers", ""));
    }
    for (index, found) in containers.iter().enumerate() {
        container(&format!("spec.template.spec.containers[{index}]"), found, causes);
    }
    if number("progressDeadlineSeconds") <= number("minReadySeconds") {
        let value = number("progressDeadlineSeconds").to_string();
        let why = "must be greater than minReadySeconds";
        causes.push(Cause::invalid("spec.progressDeadlineSeconds", &value, why));
    }
}

fn selector(new: &Json, old: Option<&Json>, causes: &mut Vec<Cause>) {
    let labels = at(new, &["spec", "template", "metadata", "labels"]);
    let wanted = at(new, &["spec", "selector", "matchLabels"]).and_then(Json::as_object);
    let empty = wanted.is_none_or(Map::is_empty)
        && at(new, &["spec", "selector", "matchExpressions"]).is_none();
    if at(new, &["spec", "selector"]).is_none_or(Json::is_null) {
        causes.push(Cause::required("spec.selector", ""));
    } else if empty {
        let why = "empty selector is invalid for deployment";
        causes.push(Cause::invalid("spec.selector", &go_selector(new), why));
    }
    let matches = wanted.is_some_and(|wanted| {
        wanted.iter().all(|(key, value)| labels.and_then(|l| l.get(key)) == Some(value))
    });
    if !matches {
        let found = go_map(labels.and_then(Json::as_object));
        let why = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", &found, why));
    }
    if let Some(old) = old
        && at(old, &["spec", "selector"]) != at(new, &["spec", "selector"])
    {
        causes.push(Cause::invalid("spec.selector", &go_selector(new), IMMUTABLE));
    }
}

/// As the server shows a selector: as its own language prints it.
fn go_selector(new: &Json) -> String {
    let labels = at(new, &["spec", "selector", "matchLabels"]).and_then(Json::as_object);
    format!(
        "v1.LabelSelector{{MatchLabels:{}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}}",
        go_map(labels)
    )
}

fn go_map(found: Option<&Map<String, Json>>) -> String {
    let Some(found) = found else { return "map[string]string(nil)".to_owned() };
    let pairs: Vec<String> =
        sorted(found).into_iter().map(|(key, value)| format!("{key:?}:{value}")).collect();
    format!("map[string]string{{{}}}", pairs.join(", "))
}

fn container(field: &str, found: &Json, causes: &mut Vec<Cause>) {
    let name = text(found, &["name"]);
    if name.is_empty() {
        causes.push(Cause::required(format!("{field}.name"), ""));
    } else if !is_label(name, lower_or_digit, 63) {
        causes.push(Cause::invalid(format!("{field}.name"), &quoted(name), LABEL));
    }
    let image = text(found, &["image"]);
    if image.is_empty() {
        causes.push(Cause::required(format!("{field}.image"), ""));
    } else if image.trim() != image {
        let why = "must not have leading or trailing whitespace";
        causes.push(Cause::invalid(format!("{field}.image"), &quoted(image), why));
    }
    let list = |key: &str| found.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
    for (index, port) in list("ports").iter().enumerate() {
        let number = port.get("containerPort");
        if !is_port(number) {
            let field = format!("{field}.ports[{index}].containerPort");
            match number {
                Some(number) => causes.push(Cause::invalid(field, &number.to_string(), PORT)),
                None => causes.push(Cause::required(field, "")),
            }
        }
    }
    for (index, entry) in list("env").iter().enumerate() {
        let name = text(entry, &["name"]);
        let field = format!("{field}.env[{index}].name");
        let inner = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if name.is_empty() {
            causes.push(Cause::required(field, ""));
        } else if name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(inner) {
            causes.push(Cause::invalid(field, &quoted(name), ENV_NAME));
        }
    }
}
