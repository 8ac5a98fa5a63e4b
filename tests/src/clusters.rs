//! Clusters to deploy to: real control planes, which all tests of a machine share, and what an
//! inventory says of a cluster.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde::{Deserialize, Serialize};

use crate::environment::program;
use crate::gate::Gate;
use crate::run::Running;

/// A cluster, as an inventory names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// What people call it.
    pub name: String,
    /// What people say of it.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// How it is reached.
    pub kubeconfig: PathBuf,
    /// The context of the kubeconfig.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

/// Clusters, as an inventory file holds them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clusters {
    /// The clusters.
    pub clusters: Vec<Cluster>,
}

impl Clusters {
    /// Two real control planes. They are started where they don't run yet and go on running for the
    /// tests that come after; `cargo xtask test` stops them at its end.
    pub fn real() -> Vec<Cluster> {
        ["test-east", "test-west"].map(real).into()
    }

    /// What an inventory file says.
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut clusters: Self = serde_saphyr::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let folder = path.parent().expect("a file is in a folder");
        for cluster in &mut clusters.clusters {
            cluster.kubeconfig = folder.join(&cluster.kubeconfig);
        }
        clusters
    }
}

impl Cluster {
    /// The same cluster with one more label.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The same cluster, reached through a gate; the new kubeconfig goes into `folder`.
    pub fn behind_gate(&self, folder: &Path) -> (Self, Gate) {
        let text = std::fs::read_to_string(&self.kubeconfig).expect("a kubeconfig can be read");
        let server = self.server(&text);
        let gate = Gate::to(server);
        let text = text.replace(&server.to_string(), &gate.address().to_string());
        let kubeconfig = folder.join(format!("{}-gate.kubeconfig", self.name));
        std::fs::write(&kubeconfig, text).expect("the test's folder can be written");
        (Self { kubeconfig, ..self.clone() }, gate)
    }

    /// The same cluster with credentials that it no longer takes.
    #[must_use]
    pub fn with_expired_token(&self, folder: &Path) -> Self {
        let text = std::fs::read_to_string(&self.kubeconfig).expect("a kubeconfig can be read");
        let (before, after) = text.split_once("token: \"").expect("the lab uses tokens");
        let (_, after) = after.split_once('"').expect("a string ends");
        let kubeconfig = folder.join(format!("{}-expired.kubeconfig", self.name));
        std::fs::write(&kubeconfig, format!("{before}token: \"expired\"{after}"))
            .expect("the test's folder can be written");
        Self { kubeconfig, ..self.clone() }
    }

    /// A client of the test's own.
    pub async fn client(&self) -> Client {
        let options = KubeConfigOptions { context: self.context.clone(), ..Default::default() };
        let kubeconfig = Kubeconfig::read_from(&self.kubeconfig).expect("a kubeconfig");
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
        Client::try_from(config.expect("a context")).expect("a client")
    }

    fn server(&self, kubeconfig: &str) -> SocketAddr {
        let (_, rest) = kubeconfig
            .split_once("//127.0.0.1:")
            .unwrap_or_else(|| panic!("{} names no server on loopback", self.kubeconfig.display()));
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        SocketAddr::from(([127, 0, 0, 1], digits.parse().expect("a port")))
    }
}

fn real(name: &str) -> Cluster {
    let mut start = Command::new(program("xtask"));
    start.args(["lab", "start", name]);
    let started = Running::start(start).wait(std::time::Duration::from_mins(5)).expect(0);
    let kubeconfig = PathBuf::from(started.stdout.trim());
    Cluster {
        name: name.to_owned(),
        labels: BTreeMap::from([("tier".to_owned(), "demo".to_owned())]),
        kubeconfig,
        context: Some(name.to_owned()),
    }
}
