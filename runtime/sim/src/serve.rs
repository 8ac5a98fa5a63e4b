//! Several clusters as one process of its own, which outlives whoever uses them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::SimError;
use crate::cluster::{self, Cluster, ClusterConfig, write_private};
use crate::faults::Faults;
use crate::identity::new_token;

/// What is to be served.
#[derive(Clone, Debug)]
pub struct Serve {
    /// How many clusters.
    pub clusters: usize,
    /// The folder for kubeconfigs, inventory and state.
    pub dir: PathBuf,
    /// How long Deployments take to become available.
    pub ready_after: Duration,
}

/// Clusters that are served, with their files in a folder.
pub struct Fleet {
    clusters: Arc<Vec<Cluster>>,
    dir: PathBuf,
    control: JoinHandle<()>,
    /// Held while the fleet lives: two of them in one folder would overwrite each other.
    _lock: std::fs::File,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.control.abort();
        let _ = std::fs::remove_file(self.dir.join("pid"));
    }
}

const NAMES: [(&str, &str); 4] =
    [("east", "eu-east"), ("west", "eu-west"), ("north", "eu-north"), ("south", "eu-south")];

/// The name and the region of the cluster with this index.
fn name_of(index: usize) -> (String, String) {
    NAMES.get(index).map_or_else(
        || (format!("cluster-{}", index + 1), format!("region-{}", index / 4 + 1)),
        |(name, region)| ((*name).to_owned(), (*region).to_owned()),
    )
}

/// Serves until the process is told to end (SIGTERM, ctrl-c).
pub async fn serve(what: Serve) -> Result<(), SimError> {
    Fleet::start(what).await?.until_told().await
}

impl Fleet {
    /// Starts the clusters and writes their files; everything listens when this returns.
    pub async fn start(what: Serve) -> Result<Self, SimError> {
        let dir = what.dir;
        let error = |source| SimError::File { file: dir.clone(), source };
        std::fs::create_dir_all(dir.join("state")).map_err(error)?;
        let lock = std::fs::File::create(dir.join("lock")).map_err(error)?;
        if lock.try_lock().is_err() {
            return Err(SimError::Busy { dir });
        }
        let mut clusters = Vec::new();
        for index in 0..what.clusters {
            let (name, _) = name_of(index);
            let state = dir.join("state").join(format!("{name}.json"));
            let config = ClusterConfig::new(name).ready_after(what.ready_after).state(state);
            clusters.push(Cluster::start(config).await?);
        }
        let clusters = Arc::new(clusters);
        let (listener, port) = cluster::free_port().await?;
        let token = new_token();
        let control = tokio::spawn(control(listener, Arc::clone(&clusters), token.clone()));
        let fleet = Self { clusters, dir, control, _lock: lock };
        fleet.write_files(port, &token)?;
        Ok(fleet)
    }

    /// The clusters.
    pub fn clusters(&self) -> &[Cluster] {
        &self.clusters
    }

    /// The kubeconfig with one context a cluster.
    pub fn kubeconfig(&self) -> PathBuf {
        self.dir.join("kubeconfig")
    }

    /// The inventory of the clusters.
    pub fn inventory(&self) -> PathBuf {
        self.dir.join("inventory.yaml")
    }

    /// Waits until the process is told to end (SIGTERM, ctrl-c).
    pub async fn until_told(self) -> Result<(), SimError> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let mut told = signal(SignalKind::terminate()).map_err(SimError::Signal)?;
            tokio::select! {
                interrupted = tokio::signal::ctrl_c() => interrupted.map_err(SimError::Signal)?,
                _ = told.recv() => {}
            }
        }
        #[cfg(not(unix))]
        tokio::signal::ctrl_c().await.map_err(SimError::Signal)?;
        for cluster in self.clusters.iter() {
            cluster.stop().await;
        }
        Ok(())
    }

    fn write_files(&self, port: u16, token: &str) -> Result<(), SimError> {
        let write = |name: &str, text: &str| write_private(&self.dir.join(name), text.as_bytes());
        let mut inventory = String::from("clusters:\n");
        for (index, cluster) in self.clusters.iter().enumerate() {
            let (name, region) = name_of(index);
            let file = format!("cluster-{name}.kubeconfig");
            write(&file, &cluster.kubeconfig())?;
            let path = absolute(&self.dir.join(&file));
            let entry = json!({
                "name": name, "labels": { "tier": "demo", "region": region },
                "kubeconfig": path, "context": name,
            });
            // JSON is YAML.
            inventory.push_str("  - ");
            inventory.push_str(&entry.to_string());
            inventory.push('\n');
        }
        write("kubeconfig", &cluster::kubeconfig(self.clusters.iter()))?;
        let control = json!({ "url": format!("http://127.0.0.1:{port}"), "token": token });
        write("control.json", &control.to_string())?;
        write("inventory.yaml", &inventory)?;
        write("pid", &format!("{}\n", std::process::id()))
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Lets other processes set what is to go wrong: `GET` and `PUT /clusters/NAME/faults`.
async fn control(listener: TcpListener, clusters: Arc<Vec<Cluster>>, token: String) {
    let token: Arc<str> = format!("Bearer {token}").into();
    loop {
        let Ok((socket, _)) = listener.accept().await else { continue };
        let (clusters, token) = (Arc::clone(&clusters), Arc::clone(&token));
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let (clusters, token) = (Arc::clone(&clusters), Arc::clone(&token));
                async move { Ok::<_, std::convert::Infallible>(steer(&clusters, &token, request).await) }
            });
            let served = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(socket), service)
                .await;
            if let Err(error) = served {
                tracing::debug!(%error, "a control connection ended early");
            }
        });
    }
}

async fn steer(
    clusters: &[Cluster],
    token: &str,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let reply = |code: StatusCode, text: String| {
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = code;
        response
    };
    let authorised = request.headers().get(header::AUTHORIZATION).is_some_and(|v| v == token);
    if !authorised {
        let text = "the token of control.json is missing or wrong\n";
        return reply(StatusCode::UNAUTHORIZED, text.to_owned());
    }
    let path = request.uri().path().to_owned();
    let name = path.strip_prefix("/clusters/").and_then(|rest| rest.strip_suffix("/faults"));
    let Some(cluster) = clusters.iter().find(|c| Some(c.name()) == name) else {
        let text = "there is /clusters/NAME/faults alone, for the clusters that are served\n";
        return reply(StatusCode::NOT_FOUND, text.to_owned());
    };
    if request.method() == Method::PUT {
        let body = match request.into_body().collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => return reply(StatusCode::BAD_REQUEST, format!("{error}\n")),
        };
        match serde_json::from_slice::<Faults>(&body) {
            Ok(faults) => cluster.faults().set(faults).await,
            Err(error) => return reply(StatusCode::BAD_REQUEST, format!("{error}\n")),
        }
    }
    let faults = serde_json::to_string(&cluster.faults().get()).unwrap_or_default();
    reply(StatusCode::OK, format!("{faults}\n"))
}
