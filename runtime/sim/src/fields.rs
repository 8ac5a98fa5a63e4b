//! Sets of fields: who owns what of an object, and their written form `fieldsV1`.
//!
//! A path is a list of steps as `fieldsV1` writes them: `f:NAME` for a field, `k:{…}` for an element
//! of a keyed list, `v:…` for a member of a set. This module must not know of objects.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

/// Where a field is.
pub(crate) type Path = Vec<String>;

/// Some fields of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet(pub(crate) BTreeSet<Path>);

/// What the server keeps for itself: nobody owns it.
const STRIPPED: [&[&str]; 12] = [
    &["f:apiVersion"],
    &["f:kind"],
    &["f:metadata"],
    &["f:metadata", "f:name"],
    &["f:metadata", "f:namespace"],
    &["f:metadata", "f:creationTimestamp"],
    &["f:metadata", "f:selfLink"],
    &["f:metadata", "f:uid"],
    &["f:metadata", "f:clusterName"],
    &["f:metadata", "f:generation"],
    &["f:metadata", "f:managedFields"],
    &["f:metadata", "f:resourceVersion"],
];

impl FieldSet {
    /// Without what the server keeps for itself.
    pub(crate) fn stripped(mut self) -> Self {
        self.0.retain(|path| !STRIPPED.iter().any(|s| path.iter().eq(s.iter())));
        self
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    pub(crate) fn minus(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).cloned().collect())
    }

    pub(crate) fn both(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it holds this path or something below it.
    pub(crate) fn reaches(&self, path: &[String]) -> bool {
        self.0.range(path.to_vec()..).next().is_some_and(|next| next.starts_with(path))
    }

    /// With the declared fields above its members, which are there because these are.
    pub(crate) fn with_parents(&self) -> Self {
        let mut all = self.0.clone();
        for path in &self.0 {
            for end in 1..path.len() {
                let parent = path.get(..end).unwrap_or_default();
                if parent.last().is_some_and(|step| step.starts_with("f:")) {
                    all.insert(parent.to_vec());
                }
            }
        }
        Self(all)
    }

    /// In the order in which an API server names them: members of a level before what lies deeper.
    pub(crate) fn in_order(&self) -> Vec<&Path> {
        let mut paths: Vec<&Path> = self.0.iter().collect();
        paths.sort_by(|a, b| level_order(a, b));
        paths
    }

    /// As `fieldsV1`.
    pub(crate) fn to_json(&self) -> Json {
        let mut root = Map::new();
        for path in &self.0 {
            let mut at = &mut root;
            for (index, step) in path.iter().enumerate() {
                let entry = at.entry(step.clone()).or_insert_with(|| Json::Object(Map::new()));
                let Json::Object(next) = entry else { break };
                // A member with something below it says so by a dot. Paths come in order, a
                // member before what lies below it.
                let member = path.get(..=index).is_some_and(|p| self.0.contains(p));
                if member && index + 1 < path.len() && !next.contains_key(".") {
                    next.insert(".".to_owned(), Json::Object(Map::new()));
                }
                at = next;
            }
        }
        Json::Object(root)
    }

    /// From `fieldsV1`.
    pub(crate) fn from_json(json: &Json) -> Self {
        let mut set = Self::default();
        if let Json::Object(root) = json {
            read(root, &mut Vec::new(), &mut set);
        }
        set
    }
}

fn read(node: &Map<String, Json>, path: &mut Path, set: &mut FieldSet) {
    for (step, below) in node {
        if step == "." {
            set.0.insert(path.clone());
            continue;
        }
        path.push(step.clone());
        match below {
            Json::Object(below) if !below.is_empty() => read(below, path, set),
            _ => {
                set.0.insert(path.clone());
            }
        }
        path.pop();
    }
}

fn level_order(a: &Path, b: &Path) -> Ordering {
    for (index, (x, y)) in a.iter().zip(b).enumerate() {
        if x != y {
            let deeper = |path: &Path| path.len() > index + 1;
            return deeper(a).cmp(&deeper(b)).then_with(|| x.cmp(y));
        }
    }
    a.len().cmp(&b.len())
}

/// As an API server writes it for people: `.spec.ports[port=80,protocol="TCP"].name`.
pub(crate) fn display(path: &[String]) -> String {
    let mut text = String::new();
    for step in path {
        match step.split_at_checked(2) {
            Some(("f:", name)) => {
                text.push('.');
                text.push_str(name);
            }
            Some(("k:", keys)) => {
                let keys: Map<String, Json> = serde_json::from_str(keys).unwrap_or_default();
                let pairs: Vec<String> = keys.iter().map(|(k, v)| format!("{k}={v}")).collect();
                text.push('[');
                text.push_str(&pairs.join(","));
                text.push(']');
            }
            Some((_, value)) => {
                text.push_str("[=");
                text.push_str(value);
                text.push(']');
            }
            None => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    #[test]
    fn fields_are_read_as_they_are_written() {
        let written: Json = serde_json::from_str(
            r#"{"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:name":{}}}}}"#,
        )
        .unwrap();
        let set = FieldSet::from_json(&written);
        assert_eq!(set.0.len(), 2);
        assert_eq!(set.to_json(), written);
        let last = set.in_order().pop().unwrap().clone();
        assert_eq!(display(&last), r#".spec.ports[port=80,protocol="TCP"].name"#);
    }
}
