//! What people say there is to deploy to: an inventory file, or kubeconfig files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bp_provider::Connection;
use bp_topology::Inventory;
use bp_topology::inventory::NameError;
pub use bp_topology::inventory_file::File;
use bp_topology::inventory_file::{Cluster, FORM};
use kube::config::Kubeconfig;

use crate::told::Told;

/// The clusters of an inventory file.
pub(crate) fn read(path: &Path) -> Result<Inventory, Told> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Told::error(format!("the inventory {shown} can't be read: {error}")))?;
    let file = File::parse(&text).map_err(|error| {
        Told::error(format!("the inventory {shown} is not as it should be: {error}")).help(FORM)
    })?;
    if let Some(other) = file.elements.first() {
        return Err(Told::error(format!(
            "the inventory {shown} has `{}`, a `{}`, and this version can deploy to clusters only",
            other.name, other.node_type
        ))
        .help("leave it out; a blueprint's tests can have it in an inventory of their own"));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut inventory = Inventory::default();
    for cluster in file.clusters {
        let Some(kubeconfig) = &cluster.kubeconfig else {
            return Err(Told::error(format!(
                "the inventory {shown} does not say how `{}` is reached",
                cluster.name
            ))
            .help("give it a kubeconfig: `kubeconfig: FILE`, relative to the inventory"));
        };
        let at = absolute(&folder.join(kubeconfig));
        if !at.is_file() {
            return Err(Told::error(format!(
                "the inventory {shown} gives `{}` the kubeconfig {}, and there is no such file",
                cluster.name,
                kubeconfig.display()
            ))
            .help("a relative path starts from the inventory's own folder"));
        }
        add(&mut inventory, cluster, &at)?;
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
            let cluster = Cluster {
                name: context.name.clone(),
                labels: labels.clone(),
                facts: BTreeMap::new(),
                kubeconfig: None,
                context: Some(context.name),
            };
            add(&mut inventory, cluster, &absolute(path))?;
        }
    }
    Ok(inventory)
}

fn add(inventory: &mut Inventory, cluster: Cluster, kubeconfig: &Path) -> Result<(), Told> {
    let (name, context) = (cluster.name.clone(), cluster.context.clone());
    let path = kubeconfig.display().to_string();
    let connection = serde_json::to_value(Connection::Kubeconfig { path, context })
        .map_err(|error| Told::error(format!("`{name}` can't be kept: {error}")))?;
    inventory.add(cluster.element(connection)).map_err(|error| {
        let help = match error {
            NameError::Empty => "give each cluster a name of its own",
            NameError::Local => "give the cluster another name in an inventory file",
            NameError::Twice(_) => {
                "give each cluster a name of its own, in an inventory file where contexts share one"
            }
        };
        Told::error(error.to_string()).help(help)
    })
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
