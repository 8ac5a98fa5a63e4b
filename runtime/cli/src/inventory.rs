//! What people say there is to deploy to: an inventory file, or kubeconfig files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bp_provider::Connection;
use bp_topology::{Element, Inventory};
use kube::config::Kubeconfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::told::Told;

/// The node type that clusters have.
const CLUSTER: &str = "std.kubernetes.Cluster";

/// An inventory file, in YAML or JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Clusters.
    pub clusters: Vec<Cluster>,
}

/// A cluster of an inventory file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// What people call it; unique in the file.
    pub name: String,
    /// What people say of it.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// How it is reached: a kubeconfig file, relative to the inventory.
    pub kubeconfig: PathBuf,
    /// The context of the kubeconfig; its current one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

/// The clusters of an inventory file.
pub(crate) fn read(path: &Path) -> Result<Inventory, Told> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Told::error(format!("the inventory {shown} can't be read: {error}")))?;
    let file: File = serde_saphyr::from_str(&text).map_err(|error| {
        Told::error(format!("the inventory {shown} is not as it should be: {error}")).help(
            "it has the form `clusters: [{ name: east, labels: { tier: demo }, kubeconfig: FILE, context: NAME }]`",
        )
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut inventory = Inventory::default();
    for cluster in file.clusters {
        let kubeconfig = absolute(&folder.join(&cluster.kubeconfig));
        if !kubeconfig.is_file() {
            return Err(Told::error(format!(
                "the inventory {shown} gives `{}` the kubeconfig {}, and there is no such file",
                cluster.name,
                cluster.kubeconfig.display()
            ))
            .help("a relative path starts from the inventory's own folder"));
        }
        add(&mut inventory, cluster.name, &cluster.labels, &kubeconfig, cluster.context)?;
    }
    Ok(inventory)
}

/// Every context of these files as a cluster, all with these labels.
pub(crate) fn from_kubeconfigs(
    paths: &[PathBuf],
    labels: &BTreeMap<String, String>,
) -> Result<Inventory, Told> {
    let mut inventory = Inventory::default();
    for path in paths {
        let shown = path.display();
        // What it says may hold a credential: only where it is wrong is told.
        let kubeconfig = Kubeconfig::read_from(path).map_err(|error| {
            let why = match error {
                kube::config::KubeconfigError::ReadConfig(error, _) => error.to_string(),
                _ => "it is no kubeconfig".to_owned(),
            };
            Told::error(format!("the kubeconfig {shown} can't be read: {why}"))
        })?;
        if kubeconfig.contexts.is_empty() {
            return Err(Told::error(format!("the kubeconfig {shown} has no contexts"))
                .help("each context becomes a cluster; name a file that has some"));
        }
        for context in kubeconfig.contexts {
            let name = context.name.clone();
            add(&mut inventory, name, labels, &absolute(path), Some(context.name))?;
        }
    }
    Ok(inventory)
}

fn add(
    inventory: &mut Inventory,
    name: String,
    labels: &BTreeMap<String, String>,
    kubeconfig: &Path,
    context: Option<String>,
) -> Result<(), Told> {
    if name.trim().is_empty() {
        return Err(Told::error("a cluster of the inventory has an empty name")
            .help("give each cluster a name of its own"));
    }
    if name == "local" {
        return Err(Told::error("a cluster can't be called `local`").help(
            "`local` is the runtime's own machine; give the cluster another name in an inventory file",
        ));
    }
    if inventory.element(&name).is_some() {
        return Err(Told::error(format!("two clusters are called `{name}`")).help(
            "give each cluster a name of its own, in an inventory file where contexts share one",
        ));
    }
    let path = kubeconfig.display().to_string();
    let connection = serde_json::to_value(Connection::Kubeconfig { path, context })
        .map_err(|error| Told::error(format!("`{name}` can't be kept: {error}")))?;
    let facts = BTreeMap::from([
        ("name".to_owned(), serde_json::Value::String(name.clone())),
        ("labels".to_owned(), serde_json::json!(labels)),
    ]);
    inventory.elements.push(Element { name, node_type: CLUSTER.to_owned(), facts, connection });
    Ok(())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// `name=value` labels.
pub(crate) fn labels(written: &[String]) -> Result<BTreeMap<String, String>, Told> {
    written
        .iter()
        .map(|label| match label.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => Err(Told::error(format!("expected NAME=VALUE as label, found `{label}`"))),
        })
        .collect()
}
