//! What there is to be chosen from: clusters with what people and observation say of them.

use std::collections::BTreeMap;

use bp_plan::{PropertyType, Type};
use foldhash::HashMap;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// All elements that a deployment may be placed on, as they were when a person asked for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Inventory {
    /// In the order of the person's own file; names are unique.
    elements: Vec<Element>,
    /// Where each stands, by its name.
    places: HashMap<String, usize>,
}

/// An inventory as it is written down.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    elements: Vec<Element>,
}

impl From<Written> for Inventory {
    fn from(written: Written) -> Self {
        written.elements.into_iter().collect()
    }
}

impl From<Inventory> for Written {
    fn from(inventory: Inventory) -> Self {
        Self { elements: inventory.elements }
    }
}

impl FromIterator<Element> for Inventory {
    fn from_iter<I: IntoIterator<Item = Element>>(elements: I) -> Self {
        let mut all = Self::default();
        elements.into_iter().for_each(|element| all.push(element));
        all
    }
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
        self.push(element);
        Ok(())
    }

    fn push(&mut self, element: Element) {
        let at = self.elements.len();
        self.places.entry(element.name.clone()).or_insert(at);
        self.elements.push(element);
    }

    /// All of them, in the order of the person's own file.
    pub fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// The element of this name.
    pub fn element(&self, name: &str) -> Option<&Element> {
        self.places.get(name).and_then(|at| self.elements.get(*at))
    }
}
