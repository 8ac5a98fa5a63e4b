//! What differs between an object as it is wanted and as it is: only in what we manage. Pure.

use bp_provider::{Change, FieldChange};
use serde_json::{Map, Value as Json};

use super::kinds::Kind;
use super::owner::FIELD_MANAGER;
use super::render::Rendered;

/// What to do to the live object.
pub(crate) fn difference(wanted: &Rendered, live: &Json) -> Change {
    let moved = ["name", "namespace"].into_iter().filter_map(|field| {
        let at = |object: &Json| object.get("metadata").and_then(|m| m.get(field)).cloned();
        let (desired, found) = (at(&wanted.object), at(live));
        (desired != found).then(|| change(&format!("metadata.{field}"), desired, found))
    });
    let moved: Vec<FieldChange> = moved.collect();
    if !moved.is_empty() {
        return Change::Replace { because: moved };
    }
    if live.get("metadata").and_then(|m| m.get("deletionTimestamp")).is_some() {
        // It is on its way out, and will be made again once it is gone.
        return Change::Replace { because: Vec::new() };
    }
    let mut changes = Vec::new();
    compare(&wanted.object, Some(live), "", &mut changes);
    for owned in owned_fields(live) {
        let (desired, found) = (at(&wanted.object, &owned), at(live, &owned));
        // What is owned as a whole is wanted as it is, or not at all.
        let whole = desired.is_some_and(|d| d.is_object() || d.is_array());
        if desired.is_none() || (whole && desired != found) {
            changes.push(change(&display(&owned), desired.cloned(), found.cloned()));
        }
    }
    if wanted.place.kind == Kind::Deployment {
        let because: Vec<FieldChange> =
            changes.iter().filter(|c| c.path.starts_with("spec.selector")).cloned().collect();
        if !because.is_empty() {
            return Change::Replace { because };
        }
    }
    if changes.is_empty() { Change::None } else { Change::Update(changes) }
}

/// What was last applied, beside what is wanted and what is there.
pub(crate) fn with_applied(change: &mut Change, wanted: &Rendered, applied: &Rendered) {
    let (Change::Update(changes) | Change::Replace { because: changes }) = change else { return };
    let (mut news, mut gone) = (Vec::new(), Vec::new());
    compare(&wanted.object, Some(&applied.object), "", &mut news);
    compare(&applied.object, Some(&wanted.object), "", &mut gone);
    for change in changes {
        let other = |found: &&FieldChange| found.path == change.path;
        change.applied = match (news.iter().find(other), gone.iter().find(other)) {
            (Some(found), _) => found.live.clone(),
            (None, Some(found)) => found.desired.clone(),
            // It is wanted as it was.
            (None, None) => change.desired.clone(),
        };
    }
}

fn change(path: &str, desired: Option<Json>, live: Option<Json>) -> FieldChange {
    FieldChange { path: path.to_owned(), desired, applied: None, live }
}

/// The keys by which elements of a list are told apart, where they are.
fn keys(path: &str) -> &'static [&'static str] {
    match path.rsplit('.').next().unwrap_or_default() {
        "containers" | "env" => &["name"],
        "ports" if path.contains("containers") => &["containerPort", "protocol"],
        "ports" => &["port", "protocol"],
        _ => &[],
    }
}

fn compare(wanted: &Json, live: Option<&Json>, path: &str, changes: &mut Vec<FieldChange>) {
    match (wanted, live) {
        (Json::Object(fields), Some(Json::Object(found))) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                compare(value, found.get(name), &path, changes);
            }
        }
        (Json::Array(items), Some(Json::Array(found))) if !keys(path).is_empty() => {
            for item in items {
                let same = |other: &&Json| keys(path).iter().all(|k| other.get(k) == item.get(k));
                // The path goes on without the key, so that lists below are known by their names.
                compare(item, found.iter().find(same), path, changes);
            }
        }
        (_, Some(found)) if wanted == found => {}
        (_, found) => changes.push(change(path, Some(wanted.clone()), found.cloned())),
    }
}

/// The annotation of an adopted object, as a step.
const ADOPTION: &str = "f:blueprint/adopted";

/// One step of a field that we own.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    Element(Map<String, Json>),
}

/// The fields that we own, as the API server keeps them.
fn owned_fields(live: &Json) -> Vec<Vec<Step>> {
    let mut fields = Vec::new();
    let entries = live.get("metadata").and_then(|m| m.get("managedFields"));
    for entry in entries.and_then(Json::as_array).into_iter().flatten() {
        let is = |key: &str, value: &str| entry.get(key).and_then(Json::as_str) == Some(value);
        if is("manager", FIELD_MANAGER)
            && is("operation", "Apply")
            && let Some(Json::Object(root)) = entry.get("fieldsV1")
        {
            collect(root, &mut Vec::new(), &mut fields);
        }
    }
    fields
}

fn collect(node: &Map<String, Json>, path: &mut Vec<Step>, fields: &mut Vec<Vec<Step>>) {
    for (key, below) in node {
        let step = match key.split_at_checked(2) {
            Some(("f:", name)) => Step::Field(name.to_owned()),
            Some(("k:", keys)) => Step::Element(serde_json::from_str(keys).unwrap_or_default()),
            _ => continue,
        };
        path.push(step);
        match below {
            Json::Object(below) if !below.is_empty() => collect(below, path, fields),
            // That an object was there before is a fact, and never wanted.
            _ if key == ADOPTION => {}
            _ => fields.push(path.clone()),
        }
        path.pop();
    }
}

fn at<'a>(object: &'a Json, path: &[Step]) -> Option<&'a Json> {
    path.iter().try_fold(object, |here, step| match step {
        Step::Field(name) => here.get(name),
        Step::Element(keys) => here
            .as_array()?
            .iter()
            .find(|item| keys.iter().all(|(key, value)| item.get(key) == Some(value))),
    })
}

fn display(path: &[Step]) -> String {
    let names: Vec<&str> = path
        .iter()
        .filter_map(|step| match step {
            Step::Field(name) => Some(name.as_str()),
            Step::Element(_) => None,
        })
        .collect();
    names.join(".")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails here has failed")]
    use super::*;
    use crate::kubernetes::render::render;
    use crate::kubernetes::testing::subject;
    use serde_json::json;

    fn web(replicas: i64, selector: &str) -> Rendered {
        render(&subject(
            "Deployment",
            &json!({
                "name": "web", "replicas": replicas, "image": "nginx", "ports": [80],
                "env": { "A": "b" }, "selector": { "app": selector },
            }),
        ))
        .unwrap()
    }

    fn live() -> Json {
        let mut live = web(2, "web").object;
        // What the server and others add is not ours.
        *live.pointer_mut("/metadata/annotations/x").unwrap_or(&mut json!(null)) = json!("y");
        let container = live.pointer_mut("/spec/template/spec/containers/0").unwrap();
        container.as_object_mut().unwrap().insert("resources".into(), json!({}));
        live.as_object_mut().unwrap().insert("status".into(), json!({ "replicas": 2 }));
        live
    }

    #[test]
    fn what_others_add_is_no_difference() {
        assert_eq!(difference(&web(2, "web"), &live()), Change::None);
    }

    #[test]
    fn a_changed_field_is_named_with_both_values() {
        let Change::Update(changes) = difference(&web(3, "web"), &live()) else {
            panic!("an update was expected");
        };
        assert_eq!(changes, [change("spec.replicas", Some(json!(3)), Some(json!(2)))]);
    }

    #[test]
    fn what_was_applied_stands_beside_what_is_there() {
        let (wanted, applied) = (web(3, "web"), web(1, "web"));
        let mut found = difference(&wanted, &live());
        with_applied(&mut found, &wanted, &applied);
        let Change::Update(changes) = found else { panic!("an update was expected") };
        let applied: Vec<_> = changes.iter().map(|change| change.applied.clone()).collect();
        assert_eq!(applied, [Some(json!(1))]);
        // Only the cluster's is another.
        let mut found = difference(&wanted, &live());
        with_applied(&mut found, &wanted, &wanted);
        let Change::Update(changes) = found else { panic!("an update was expected") };
        assert_eq!(changes.first().unwrap().applied, Some(json!(3)));
    }

    #[test]
    fn another_selector_name_or_ending_replaces() {
        let replaces = |change: Change| matches!(change, Change::Replace { .. });
        assert!(replaces(difference(&web(2, "other"), &live())));
        let mut renamed = live();
        *renamed.pointer_mut("/metadata/name").unwrap() = json!("old");
        assert!(replaces(difference(&web(2, "web"), &renamed)));
        let mut ending = live();
        let metadata = ending.pointer_mut("/metadata").unwrap().as_object_mut().unwrap();
        metadata.insert("deletionTimestamp".into(), json!("2026-01-01T00:00:00Z"));
        assert!(replaces(difference(&web(2, "web"), &ending)));
    }

    #[test]
    fn a_field_that_we_own_and_no_longer_want_is_a_change() {
        let wanted = render(&subject("ConfigMap", &json!({ "name": "a", "data": { "x": "1" } })));
        let wanted = wanted.unwrap();
        let mut live = wanted.object.clone();
        live.pointer_mut("/data").unwrap().as_object_mut().unwrap().insert("y".into(), json!("2"));
        assert_eq!(difference(&wanted, &live), Change::None, "another's entry");
        let entry = json!([{
            "manager": FIELD_MANAGER, "operation": "Apply",
            "fieldsV1": { "f:data": { "f:x": {}, "f:y": {} } },
        }]);
        let metadata = live.pointer_mut("/metadata").unwrap().as_object_mut().unwrap();
        metadata.insert("managedFields".into(), entry);
        let expected = change("data.y", None, Some(json!("2")));
        assert_eq!(difference(&wanted, &live), Change::Update(vec![expected]));
    }
}
