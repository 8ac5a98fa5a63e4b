//! What there is to be chosen from: clusters with what people and observation say of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// All elements that a deployment may be placed on, as they were when a person asked for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// In the order of the person's own file; names are unique.
    pub elements: Vec<Element>,
}

/// Something to be placed on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Element {
    /// What people call it; unique in the inventory.
    pub name: String,
    /// Its node type, by full name: `std.kubernetes.Cluster`.
    pub node_type: String,
    /// What is known of it, by the type's attributes: `labels`, `version` …
    #[serde(default)]
    pub facts: BTreeMap<String, Json>,
    /// How it is reached, in the words of those who reach it. Credentials by reference, never by value.
    pub connection: Json,
}

impl Inventory {
    /// The element of this name.
    pub fn element(&self, name: &str) -> Option<&Element> {
        self.elements.iter().find(|element| element.name == name)
    }
}
