//! What a plan would do to what is deployed: a value to be shown, kept, and compared.
//!
//! It holds no secret: in the place of one stand the names of the secrets that it has parts of.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::Span;
use bp_topology::sealed::{MADE, is_made, names_in};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::secrets::MARK;
use crate::terms::Protection;

/// What would be done to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed in place, or operations of it are called.
    Change,
    /// It can't be changed in place: it is taken away, and made anew.
    Replace,
    /// It is taken away.
    Delete,
    /// It goes on under another name, and nothing else is done to it.
    Move,
    /// Whether anything is done to it shows only when others have changed.
    Unknown,
    /// It would fail.
    Fail,
    /// It can't be told, since something else can't: its target does not answer, what it needs fails.
    Held,
    /// Nothing.
    None,
}

/// A value of a field, as it may be shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// As it is.
    Value(Json),
    /// It holds parts of these secrets.
    Secret(BTreeSet<String>),
    /// It is known after these have changed.
    KnownAfter(Vec<String>),
    /// It may hold a secret that is not known any more.
    Hidden,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// `spec.replicas` of the object, or the property where its provider does not tell.
    pub path: String,
    /// What is wanted; none where the field is to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<Shown>,
    /// What was last applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Shown>,
    /// What is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Shown>,
    /// It can't be changed in place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replaces: bool,
}

/// An operation that would be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Called {
    /// `lifecycle.create`, `configure.establish_target of database -> orders`.
    pub operation: String,
    /// Whether it is called shows only when others have changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub perhaps: bool,
}

/// What would be done to one instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeOutlook {
    /// Which instance: `config["east"]`.
    pub id: String,
    /// Its node in the blueprint.
    pub node: String,
    /// The name of its target; `local` for the runtime's own machine.
    pub target: String,
    /// What.
    pub action: Action,
    /// The name that it had until now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// Which fields differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// Which operations are called, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<Called>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The property that the reason is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// It is protected, and what would be done to it was not approved.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_approval: bool,
    /// The digest of what is wanted of it, with hashes in the place of secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// The deployment's own name for its target.
    #[serde(skip)]
    pub target_id: String,
    /// Why it is protected.
    #[serde(skip)]
    pub protection: Option<Protection>,
}

/// What a plan would do to what is deployed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outlook {
    /// The instances, by target and name.
    pub nodes: Vec<NodeOutlook>,
}

impl Outlook {
    /// How many instances there are of each action.
    pub fn counts(&self) -> BTreeMap<Action, usize> {
        let mut counts = BTreeMap::new();
        for node in &self.nodes {
            *counts.entry(node.action).or_insert(0) += 1;
        }
        counts
    }

    /// Whether an update would do nothing, not even perhaps.
    pub fn is_empty(&self) -> bool {
        self.nodes.iter().all(|node| node.action == Action::None)
    }

    /// Whether all could be looked at, and nothing would fail.
    pub fn is_complete(&self) -> bool {
        self.nodes.iter().all(|node| !matches!(node.action, Action::Fail | Action::Held))
    }

    /// Instances that are replaced, as (target's id, instance).
    pub fn replaces(&self) -> Vec<(String, String)> {
        let replaced = self.nodes.iter().filter(|node| node.action == Action::Replace);
        replaced.map(|node| (node.target_id.clone(), node.id.clone())).collect()
    }

    /// Instances that need an approval, with the places that protect them.
    pub fn unapproved(&self) -> impl Iterator<Item = (&NodeOutlook, Option<Span>)> {
        self.nodes.iter().filter(|node| node.needs_approval).map(|node| {
            let span = match node.protection {
                Some(Protection::Marked(span)) => Some(span),
                _ => None,
            };
            (node, span)
        })
    }

    /// In one sentence, what another look found otherwise; none where both are the same.
    pub fn moved_to(&self, now: &Self) -> Option<String> {
        let before: BTreeMap<_, _> = self.nodes.iter().map(|n| ((&n.target, &n.id), n)).collect();
        // What is certain tells more than what depends on it.
        let (open, sure): (Vec<_>, Vec<_>) = now.nodes.iter().partition(|node| {
            before.get(&(&node.target, &node.id)).is_some_and(|was| was.action == Action::Unknown)
        });
        for node in sure.into_iter().chain(open) {
            match before.get(&(&node.target, &node.id)) {
                None => return Some(format!("`{}` was not known to it", node.id)),
                Some(was) if was.action != node.action => {
                    return Some(format!(
                        "`{}` was {}, and is {} now",
                        node.id,
                        words(was.action),
                        words(node.action)
                    ));
                }
                Some(was) if was.fields != node.fields => {
                    let differs = node.fields.iter().find(|field| !was.fields.contains(field));
                    let path = differs.or(was.fields.first()).map_or("", |field| &field.path);
                    return Some(format!("`{}` has another `{path}` by now", node.id));
                }
                Some(was) if was.wanted != node.wanted => {
                    return Some(format!("something else is wanted of `{}` by now", node.id));
                }
                Some(was) if was.operations != node.operations => {
                    return Some(format!("other operations of `{}` would be called", node.id));
                }
                Some(_) => {}
            }
        }
        let after: BTreeSet<_> = now.nodes.iter().map(|n| (&n.target, &n.id)).collect();
        let gone = self.nodes.iter().find(|node| !after.contains(&(&node.target, &node.id)));
        gone.map(|node| format!("`{}` is not there any more", node.id))
    }
}

/// What is to be done, in a few words.
fn words(action: Action) -> &'static str {
    match action {
        Action::Create => "to be made",
        Action::Change => "to be changed",
        Action::Replace => "to be replaced",
        Action::Delete => "to be deleted",
        Action::Move => "to be renamed",
        Action::Unknown => "not to be predicted",
        Action::Fail => "to fail",
        Action::Held => "not to be told",
        Action::None => "to be left as it is",
    }
}

impl Shown {
    /// A value of the journal, with marks in the places of secrets.
    pub fn marked(json: &Json) -> Self {
        let mut of = BTreeSet::new();
        secrets_in(json, &mut of);
        if of.is_empty() { Self::Value(json.clone()) } else { Self::Secret(of) }
    }
}

/// The names of the secrets whose marks stand in a value.
pub fn secrets_in(json: &Json, found: &mut BTreeSet<String>) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| secrets_in(item, found)),
        Json::Object(_) if is_made(json) => names_in(json, found),
        Json::Object(entries) => match entries.get(MARK) {
            Some(mark) => {
                let names = mark.get("of").and_then(Json::as_array).into_iter().flatten();
                found.extend(names.filter_map(Json::as_str).map(str::to_owned));
            }
            None => entries.values().for_each(|entry| secrets_in(entry, found)),
        },
        _ => {}
    }
}

/// The properties that differ, part by part, between what was last applied and what is wanted.
pub fn properties(
    applied: &BTreeMap<String, Json>,
    desired: &BTreeMap<String, Json>,
) -> Vec<Field> {
    let mut fields = Vec::new();
    let names: BTreeSet<&String> = applied.keys().chain(desired.keys()).collect();
    for name in names {
        compare(name, applied.get(name), desired.get(name), &mut fields);
    }
    fields
}

fn compare(path: &str, applied: Option<&Json>, desired: Option<&Json>, fields: &mut Vec<Field>) {
    match (applied, desired) {
        (a, b) if a == b => {}
        (Some(Json::Object(a)), Some(Json::Object(b)))
            if ![a, b].iter().any(|one| one.contains_key(MARK) || one.contains_key(MADE)) =>
        {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                compare(&format!("{path}.{key}"), a.get(key), b.get(key), fields);
            }
        }
        (applied, desired) => fields.push(Field {
            path: path.to_owned(),
            desired: desired.map(Shown::marked),
            applied: applied.map(Shown::marked),
            live: None,
            replaces: false,
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    fn map(json: &Json) -> BTreeMap<String, Json> {
        json.as_object().unwrap().clone().into_iter().collect()
    }

    fn mark(hash: &str) -> Json {
        json!({ MARK: { "of": ["password"], "hash": hash } })
    }

    #[test]
    fn properties_are_compared_part_by_part() {
        let before =
            map(&json!({ "data": { "a": 1, "b": 2, "gone": 3 }, "same": [1], "list": [1] }));
        let after = map(&json!({ "data": { "a": 1, "b": 5, "new": 4 }, "same": [1], "list": [2] }));
        let fields = properties(&before, &after);
        let paths: Vec<&str> = fields.iter().map(|field| field.path.as_str()).collect();
        assert_eq!(paths, ["data.b", "data.gone", "data.new", "list"]);
        let gone = fields.iter().find(|field| field.path == "data.gone").unwrap();
        assert_eq!(
            (gone.desired.as_ref(), gone.applied.clone()),
            (None, Some(Shown::Value(json!(3))))
        );
    }

    #[test]
    fn a_secret_that_changed_is_a_field_without_a_value() {
        let (before, after) = (json!({ "p": mark("1") }), json!({ "p": mark("2") }));
        assert!(properties(&map(&before), &map(&before)).is_empty());
        let fields = properties(&map(&before), &map(&after));
        let of = BTreeSet::from(["password".to_owned()]);
        assert_eq!(fields.first().unwrap().desired, Some(Shown::Secret(of)));
        assert!(!serde_json::to_string(&fields).unwrap().contains("hash"));
    }

    #[test]
    fn what_moved_is_said() {
        let node = |action| NodeOutlook {
            id: "a".into(),
            node: "a".into(),
            target: "local".into(),
            action,
            was: None,
            fields: Vec::new(),
            operations: Vec::new(),
            reason: None,
            help: None,
            property: None,
            needs_approval: false,
            wanted: None,
            target_id: "t".into(),
            protection: None,
        };
        let outlook = |action| Outlook { nodes: vec![node(action)] };
        let (same, other) = (outlook(Action::None), outlook(Action::Change));
        assert_eq!(other.moved_to(&other), None);
        assert_eq!(
            same.moved_to(&other).unwrap(),
            "`a` was to be left as it is, and is to be changed now"
        );
        assert!(Outlook::default().moved_to(&same).unwrap().contains("not known"));
        assert!(same.moved_to(&Outlook::default()).unwrap().contains("not there"));
    }
}
