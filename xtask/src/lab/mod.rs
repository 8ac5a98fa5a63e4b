//! Real Kubernetes control planes on loopback: etcd, kube-apiserver, kube-controller-manager and
//! kube-scheduler, several at once, each with its own ports, folder, certificate and token.
//!
//! Beside them an AWS API server and PostgreSQL, which tests start by themselves.
//!
//! Nodes and pods are simulated: the API, the controllers and the scheduler are real, no container
//! runs. Everything is in `$XDG_CACHE_HOME/blueprint/lab`.

mod api;
mod aws;
mod cluster;
mod debian;
mod home;
mod install;
mod kubelet;
mod kubernetes;
mod ports;
mod postgres;
mod process;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::Outcome;
use cluster::Cluster;
use home::Home;

/// Real Kubernetes control planes on loopback, for tests.
#[derive(Subcommand)]
pub(crate) enum Lab {
    /// Get the servers: from `$CLUSTER_LAB_PREBUILT`, or built from Debian's source package.
    Install,
    /// Start a cluster, or what is dead of it, and print the path of its kubeconfig.
    Start(Start),
    /// Stop clusters; nothing of them is left, unless their data are to be kept.
    Stop(Stop),
    /// Get the AWS API server that the tests use, and print its program's path.
    Aws,
    /// Get PostgreSQL's server, and print the folder of its programs, and those of libraries that they need.
    Postgres,
    /// All clusters, and which of their programs run.
    List,
    /// The simulated kubelet of a cluster; started by `start`.
    #[command(hide = true)]
    Kubelet {
        /// The cluster's folder.
        folder: PathBuf,
    },
}

/// Start a cluster.
#[derive(Args)]
pub(crate) struct Start {
    /// Lower-case letters, digits and `-`.
    name: String,
    /// How many simulated nodes.
    #[arg(long, default_value_t = 2)]
    nodes: u32,
    /// A label of the nodes.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = pair)]
    labels: Vec<(String, String)>,
    /// What a node offers, beside or instead of cpu=16, memory=64Gi and pods=110.
    #[arg(long = "capacity", value_name = "KEY=VALUE", value_parser = pair)]
    capacity: Vec<(String, String)>,
}

/// Stop clusters.
#[derive(Args)]
pub(crate) struct Stop {
    /// Which; all where none is named.
    names: Vec<String>,
    /// Keep their data for the next start: an outage rather than an end.
    #[arg(long)]
    keep: bool,
}

impl Lab {
    pub(crate) fn run(self) -> Outcome {
        let home = Home::open()?;
        match self {
            Self::Install => install::install(&home),
            Self::Start(start) => {
                println!("{}", start_cluster(&home, start)?.display());
                Ok(())
            }
            Self::Stop(stop) => stop_clusters(&home, &stop.names, stop.keep),
            Self::Aws => {
                println!("{}", aws::install(&home)?.display());
                Ok(())
            }
            Self::Postgres => {
                let found = postgres::install(&home)?;
                println!("{}", found.programs.display());
                for folder in found.libraries {
                    println!("{}", folder.display());
                }
                Ok(())
            }
            Self::List => list(&home),
            Self::Kubelet { folder } => kubelet::run(&folder),
        }
    }
}

/// Gets the servers.
pub(crate) fn install() -> Outcome {
    let home = Home::open()?;
    install::install(&home)?;
    aws::install(&home)?;
    postgres::install(&home).map(|_| ())
}

/// Starts a cluster with two nodes; returns its kubeconfig.
pub(crate) fn start(name: &str) -> Outcome<PathBuf> {
    let name = name.to_owned();
    let start = Start { name, nodes: 2, labels: Vec::new(), capacity: Vec::new() };
    start_cluster(&Home::open()?, start)
}

/// Stops these clusters and forgets them.
pub(crate) fn stop(names: &[String]) -> Outcome {
    stop_clusters(&Home::open()?, names, false)
}

/// The names of all clusters.
pub(crate) fn names() -> Outcome<Vec<String>> {
    Home::open()?.clusters()
}

fn start_cluster(home: &Home, start: Start) -> Outcome<PathBuf> {
    let nodes = kubelet::Nodes {
        count: start.nodes,
        labels: start.labels.into_iter().collect(),
        capacity: start.capacity.into_iter().collect(),
    };
    let _lock = home.lock(&format!("cluster-{}", start.name))?;
    Cluster::open_or_create(home, &start.name, nodes)?.start(home)
}

fn stop_clusters(home: &Home, names: &[String], keep: bool) -> Outcome {
    let names = if names.is_empty() { home.clusters()? } else { names.to_vec() };
    for name in names {
        let _lock = home.lock(&format!("cluster-{name}"))?;
        Cluster::open(home, &name)?.stop(keep)?;
    }
    Ok(())
}

fn list(home: &Home) -> Outcome {
    println!("{:<16} {:<8} {:<6} PROGRAMS", "NAME", "VERSION", "PORT");
    for name in home.clusters()? {
        let cluster = Cluster::open(home, &name)?;
        let programs = cluster.programs().into_iter().map(|(program, pid)| match pid {
            Some(pid) => format!("{program}={pid}"),
            None => format!("{program}=dead"),
        });
        let programs = programs.collect::<Vec<_>>().join(" ");
        println!("{name:<16} {:<8} {:<6} {programs}", cluster.version(), cluster.port());
    }
    Ok(())
}

fn pair(text: &str) -> Outcome<(String, String)> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("expected KEY=VALUE, found `{text}`")),
    }
}
