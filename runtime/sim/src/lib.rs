//! Embedded Kubernetes API servers, for tests, demos and rehearsals in real time.
//!
//! A [`Cluster`] is an API server on loopback that real clients talk to over TLS: namespaces,
//! config maps, services and deployments with create, get, list, watch, update, merge patch,
//! server-side apply and delete; controllers that make Deployments available after a delay and end
//! namespaces. Its words are those of a real kube-apiserver of the version that it names, and the
//! suite that it passes is run against a real one, too. What it does not serve it does not name in
//! its discovery.
//!
//! ```no_run
//! # async fn example() -> Result<(), bp_sim::SimError> {
//! use bp_sim::{Cluster, ClusterConfig, Fault, Rule};
//!
//! let east = Cluster::start(ClusterConfig::new("east")).await?;
//! std::fs::write("kubeconfig", east.kubeconfig()).ok();
//! east.faults().add(Rule::new(Fault::DropReply).method("PATCH").times(1));
//! // … a client does its work …
//! assert!(east.object("ConfigMap", "hello", "greeting").is_some());
//! east.stop().await; // nothing listens
//! east.start_again().await; // the same port, the same objects
//! # Ok(())
//! # }
//! ```
//!
//! [`serve`] runs several as a process of its own, with these files in its folder:
//!
//! - `kubeconfig` has a context a cluster, `cluster-NAME.kubeconfig` one cluster alone;
//! - `inventory.yaml` names the clusters with the label `tier=demo` and a region;
//! - `control.json` has address and token of the control endpoint: `GET` and
//!   `PUT /clusters/NAME/faults` take and give [`Faults`] as JSON;
//! - `state/` keeps each cluster's objects, port and credentials over restarts;
//! - `pid` is written last, when everything listens.
//!
//! This crate must never know the engine, the plan, or the providers.
//!
//! # Invariants
//!
//! - A write that changes nothing changes nothing: no resource version, generation or time moves.
//! - What a cluster with a state file acknowledged is there when it is started again, however its
//!   process ended. (The file is not forced to the disk: a power cut may lose it.)

use std::path::PathBuf;

mod api;
mod cluster;
mod controller;
mod defaults;
mod discovery;
mod faults;
mod fields;
mod identity;
mod kinds;
mod managed;
mod merge;
mod schema;
mod selector;
mod serve;
mod server;
mod status;
mod store;
mod validate;

pub use cluster::{Cluster, ClusterConfig, FaultControl};
pub use discovery::VERSION;
pub use faults::{Fault, Faults, Rule};
pub use serve::{Fleet, Serve, serve};
pub use server::Met;

/// Why clusters could not be started or kept.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The port is taken.
    #[error(
        "cannot listen on 127.0.0.1:{port}: {source}; end what holds the port, or use a new folder"
    )]
    Port {
        /// Which.
        port: u16,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file can't be read or written.
    #[error("cannot use {}: {source}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A state file is not one.
    #[error("{} is not the state of an embedded cluster: {source}; remove it to start anew", file.display())]
    State {
        /// Which.
        file: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Another process serves from the same folder.
    #[error("clusters are served from {} already; end that process first, or use another folder", dir.display())]
    Busy {
        /// Which.
        dir: PathBuf,
    },
    /// The cluster's certificate can't be made.
    #[error("cannot make the cluster's certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The cluster's certificate can't be used.
    #[error("the cluster's certificate or key cannot be used; remove its state file to start anew")]
    Identity,
    /// The process can't hear signals.
    #[error("cannot wait for signals: {0}")]
    Signal(std::io::Error),
}
