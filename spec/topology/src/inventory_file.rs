//! The form of an inventory file, in YAML or JSON: what people say there is to deploy to.
//!
//! It must never open a file: text comes in, elements go out. How an element is reached is for
//! whoever reaches it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::inventory::Element;

/// The node type that clusters have.
pub const CLUSTER: &str = "std.kubernetes.Cluster";

/// What a cluster may have beside its name and its facts.
const CLUSTER_FIELDS: [&str; 3] = ["labels", "kubeconfig", "context"];

/// How such a file looks, for those who wrote another.
pub const FORM: &str = "it has the form `clusters: [{ name: east, labels: { tier: demo }, kubeconfig: FILE, context: NAME }]`; whatever else there is stands below `elements`: `[{ name: db, type: Host, cpus: 4 }]`";

/// An inventory file, in YAML or JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a map with `clusters`")]
pub struct File {
    /// Clusters.
    #[serde(default)]
    pub clusters: Vec<Cluster>,
    /// Whatever else can be chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elements: Vec<Other>,
}

/// A cluster of an inventory file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(expecting = "a cluster: a map with `name`")]
pub struct Cluster {
    /// What people call it; unique in the file.
    pub name: String,
    /// What people say of it.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// How it is reached: a kubeconfig file, relative to the inventory. A blueprint's test reaches
    /// nothing, and needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; its current one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// What else is known of it, by the attributes of its type: `version: "1.29"`.
    #[serde(flatten)]
    pub facts: BTreeMap<String, Json>,
}

/// Something else than a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(expecting = "an element: a map with `name` and `type`")]
pub struct Other {
    /// What people call it; unique in the file.
    pub name: String,
    /// Its node type: `std.Compute`.
    #[serde(rename = "type")]
    pub node_type: String,
    /// What is known of it, by the attributes of its type.
    #[serde(flatten)]
    pub facts: BTreeMap<String, Json>,
}

/// Why a text is no inventory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FormError {
    /// What is wrong, in one sentence.
    pub message: String,
    /// Line and column of it, from 1, where they are known.
    pub at: Option<(u64, u64)>,
}

impl File {
    /// Reads a file's text.
    pub fn parse(text: &str) -> Result<Self, FormError> {
        let options = serde_saphyr::options! { with_snippet: false };
        let file: Self = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let at = error.location().map(|at| (at.line(), at.column()));
            let message = error.to_string().lines().next().unwrap_or_default().to_owned();
            // The place is told by itself.
            let message =
                message.rsplit_once(" at line ").map_or(message.clone(), |(m, _)| m.to_owned());
            FormError { message, at }
        })?;
        file.check().map_err(|(word, message)| FormError { message, at: place(text, &word) })?;
        Ok(file)
    }

    /// Reads a literal.
    pub fn of_json(json: Json) -> Result<Self, FormError> {
        let wrong = |message: String| FormError { message, at: None };
        let file: Self = serde_json::from_value(json).map_err(|error| wrong(error.to_string()))?;
        file.check().map_err(|(_, message)| wrong(message))?;
        Ok(file)
    }

    /// What is nearly a field's name was meant as one: it would be a fact that nobody asks for.
    fn check(&self) -> Result<(), (String, String)> {
        for cluster in &self.clusters {
            for fact in cluster.facts.keys() {
                let meant = CLUSTER_FIELDS
                    .iter()
                    .find(|field| strsim::damerau_levenshtein(fact, field) <= field.len() / 4);
                if let Some(meant) = meant {
                    let name = &cluster.name;
                    let why = format!("`{name}` has `{fact}`: did you mean `{meant}`?");
                    return Err((fact.clone(), why));
                }
            }
        }
        Ok(())
    }
}

/// Where a key stands, as line and column.
fn place(text: &str, key: &str) -> Option<(u64, u64)> {
    (1..).zip(text.lines()).find_map(|(number, line)| {
        let at = line.match_indices(key).map(|(at, _)| at).find(|at| {
            let rest = line.get(at + key.len()..).unwrap_or_default();
            rest.trim_start_matches(['"', '\'', ' ']).starts_with(':')
        })?;
        let before = line.get(..at)?.chars().count();
        Some((number, u64::try_from(before).ok()? + 1))
    })
}

/// Where the name of this element stands in a file's text, as line and column from 1.
pub fn named(text: &str, name: &str) -> Option<(u64, u64)> {
    let quotes = ['"', '\'', ' '];
    (1..).zip(text.lines()).find_map(|(number, line)| {
        let (at, _) = line.match_indices(name).find(|(at, _)| {
            let before = line.get(..*at).unwrap_or_default().trim_end_matches(quotes);
            let key = before.strip_suffix(':').map(|key| key.trim_end_matches(quotes));
            let after = line.get(at + name.len()..).unwrap_or_default();
            key.is_some_and(|key| key.ends_with("name"))
                && after.chars().next().is_none_or(|next| "\"', }#\r".contains(next))
        })?;
        let before = line.get(..at)?.chars().count();
        Some((number, u64::try_from(before).ok()? + 1))
    })
}

impl Cluster {
    /// The element that it is, reached like this.
    pub fn element(self, connection: Json) -> Element {
        let mut facts = self.facts;
        facts.insert("name".to_owned(), Json::String(self.name.clone()));
        facts.insert("labels".to_owned(), serde_json::json!(self.labels));
        Element { name: self.name, node_type: CLUSTER.to_owned(), facts, connection }
    }
}
