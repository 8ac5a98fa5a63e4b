//! What there is to be chosen from: clusters with what people and observation say of them.

use std::collections::BTreeMap;

use bp_plan::{PropertyType, Type};
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

impl Element {
    /// Which of these properties of its type it must have, and nothing is said of: they have no default and are
    /// not optional.
    pub fn lacks<'p>(
        &self,
        properties: impl IntoIterator<Item = (&'p String, &'p PropertyType)>,
    ) -> Vec<&'p str> {
        let must_be_said = |declared: &PropertyType| {
            declared.default.is_none()
                && !matches!(declared.kind, Type::Optional(_) | Type::Unknown)
        };
        properties
            .into_iter()
            // What it is called, everything says.
            .filter(|(name, declared)| {
                *name != "name" && must_be_said(declared) && !self.facts.contains_key(*name)
            })
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// That it lacks these, and what to do about it, as two sentences.
    pub fn told_lacking(&self, missing: &[&str]) -> (String, String) {
        let list = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let kind = self.node_type.rsplit('.').next().unwrap_or(&self.node_type);
        let (what, open) = match missing.len() {
            1 => ("property", "give it a default"),
            _ => ("properties", "give them defaults"),
        };
        let are = if missing.len() == 1 { "is" } else { "are" };
        let name = &self.name;
        (
            format!("the inventory's `{name}` lacks the {what} {list} of `{kind}`"),
            format!("say in the inventory what {list} of `{name}` {are}, or {open} in the type"),
        )
    }
}

/// Why an element can't be in an inventory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It has no name.
    #[error("something in the inventory has an empty name")]
    Empty,
    /// Its name is that of the runtime's own machine.
    #[error("nothing in an inventory can be called `local`: that is the runtime's own machine")]
    Local,
    /// Another has its name.
    #[error("two things in the inventory are called `{0}`")]
    Twice(String),
}

impl Inventory {
    /// With this element, too.
    pub fn add(&mut self, element: Element) -> Result<(), NameError> {
        if element.name.trim().is_empty() {
            return Err(NameError::Empty);
        }
        if element.name == "local" {
            return Err(NameError::Local);
        }
        if self.element(&element.name).is_some() {
            return Err(NameError::Twice(element.name));
        }
        self.elements.push(element);
        Ok(())
    }

    /// The element of this name.
    pub fn element(&self, name: &str) -> Option<&Element> {
        self.elements.iter().find(|element| element.name == name)
    }
}
