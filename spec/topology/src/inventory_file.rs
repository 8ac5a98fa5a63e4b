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

/// How such a file looks, for those who wrote another.
pub const FORM: &str = "it has the form `clusters: [{ name: east, labels: { tier: demo }, kubeconfig: FILE, context: NAME }]`";

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
#[serde(deny_unknown_fields, expecting = "a cluster: a map with `name`")]
pub struct Cluster {
    /// What people call it; unique in the file.
    pub name: String,
    /// What people say of it.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// What else is known of it, by the attributes of its type: `version: "1.29"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, Json>,
    /// How it is reached: a kubeconfig file, relative to the inventory. A blueprint's test reaches
    /// nothing, and needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; its current one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

/// Something else than a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an element: a map with `name` and `type`")]
pub struct Other {
    /// What people call it; unique in the file.
    pub name: String,
    /// Its node type: `std.Compute`.
    #[serde(rename = "type")]
    pub node_type: String,
    /// What is known of it, by the attributes of its type.
    #[serde(default)]
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
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let at = error.location().map(|at| (at.line(), at.column()));
            let message = error.to_string().lines().next().unwrap_or_default().to_owned();
            FormError { message, at }
        })
    }
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
