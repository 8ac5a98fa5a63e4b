//! One embedded cluster.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::SimError;
use crate::faults::{Faults, Rule};
use crate::identity::Identity;
use crate::kinds::{Kind, text};
use crate::server::{self, Met, Shared, lock, now};
use crate::store::{Snapshot, Store, key};

/// How a cluster is to be.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// What people call it; its context in kubeconfigs.
    pub name: String,
    /// How long a Deployment takes to become available.
    pub ready_after: Duration,
    /// Where its objects are kept; in memory alone where nothing is said.
    pub state: Option<PathBuf>,
}

impl ClusterConfig {
    /// A cluster in memory whose Deployments are available at once.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ready_after: Duration::ZERO, state: None }
    }

    /// Deployments take this long.
    #[must_use]
    pub fn ready_after(mut self, delay: Duration) -> Self {
        self.ready_after = delay;
        self
    }

    /// The objects are kept in this file, and are there again when the cluster is started again.
    #[must_use]
    pub fn state(mut self, file: impl Into<PathBuf>) -> Self {
        self.state = Some(file.into());
        self
    }
}

/// What is kept on disk of a cluster.
#[derive(Serialize, Deserialize)]
struct State {
    identity: Identity,
    snapshot: Snapshot,
}

/// An API server on loopback, with its objects and controllers. It ends when it is dropped.
pub struct Cluster {
    name: String,
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Cluster {
    /// Starts it; it listens when this returns.
    pub async fn start(config: ClusterConfig) -> Result<Self, SimError> {
        let known = config.state.as_deref().map(read_state).transpose()?.flatten();
        let (identity, store, listener) = if let Some(State { identity, snapshot }) = known {
            let listener = known_port(identity.port).await?;
            (identity, Store::from_snapshot(snapshot), listener)
        } else {
            let (listener, port) = free_port().await?;
            (Identity::new(port)?, Store::new(&now()), listener)
        };
        let tls = TlsAcceptor::from(Arc::new(identity.server()?));
        let revision = store.revision;
        let shared = Arc::new(Shared {
            identity,
            ready_after: config.ready_after,
            store: Mutex::new(store),
            met: Mutex::new(Vec::new()),
            revision: watch::Sender::new(revision),
            kept: config.state.as_ref().map(|_| watch::Sender::new(0)),
            faults: watch::Sender::new(Faults::default()),
            running: watch::Sender::new(true),
            listening: watch::Sender::new(false),
        });
        let mut tasks = vec![
            tokio::spawn(server::listen(Arc::clone(&shared), tls, listener)),
            tokio::spawn(server::control(Arc::clone(&shared))),
        ];
        if let Some(file) = config.state {
            keep(&shared, &file)?;
            tasks.push(tokio::spawn(keep_on(Arc::clone(&shared), file)));
        }
        shared.settled().await;
        Ok(Self { name: config.name, shared, tasks })
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens: `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("https://{}", self.shared.address())
    }

    /// The token that it takes.
    pub fn token(&self) -> &str {
        &self.shared.identity.token
    }

    /// A kubeconfig with one context, of the cluster's name.
    pub fn kubeconfig(&self) -> String {
        kubeconfig([self])
    }

    /// What is to go wrong.
    pub fn faults(&self) -> FaultControl<'_> {
        FaultControl(&self.shared)
    }

    /// Everything that is there, as the API server has it.
    pub fn objects(&self) -> Vec<Json> {
        lock(&self.shared.store).objects.values().cloned().collect()
    }

    /// One object; `namespace` is empty where there is none.
    pub fn object(&self, kind: &str, namespace: &str, name: &str) -> Option<Json> {
        let key = key(Kind::named(kind)?, namespace, name);
        lock(&self.shared.store).objects.get(&key).cloned()
    }

    /// The UID of `kube-system`, by which a cluster is known.
    pub fn uid(&self) -> String {
        let space = self.object("Namespace", "", "kube-system").unwrap_or_default();
        text(&space, &["metadata", "uid"]).to_owned()
    }

    /// The requests that were met, in order; the first ten thousand.
    pub fn requests(&self) -> Vec<Met> {
        lock(&self.shared.met).clone()
    }

    /// Stops listening; what is there stays.
    pub async fn stop(&self) {
        self.shared.running.send_replace(false);
        self.shared.settled().await;
    }

    /// Listens again, on the same port, with the same objects.
    pub async fn start_again(&self) {
        self.shared.running.send_replace(true);
        self.shared.settled().await;
    }
}

/// Sets what is to go wrong on a cluster.
#[derive(Clone, Copy)]
pub struct FaultControl<'a>(&'a Arc<Shared>);

impl FaultControl<'_> {
    /// What is set.
    pub fn get(&self) -> Faults {
        self.0.faults.borrow().clone()
    }

    /// Sets all of it; it holds when this returns.
    pub async fn set(&self, faults: Faults) {
        self.0.faults.send_replace(faults);
        self.0.settled().await;
    }

    /// Nothing goes wrong any more.
    pub async fn clear(&self) {
        self.set(Faults::default()).await;
    }

    /// One more rule for single requests.
    pub fn add(&self, rule: Rule) {
        self.0.faults.send_modify(|faults| faults.rules.push(rule));
    }

    /// Whether anything listens.
    pub async fn unreachable(&self, is: bool) {
        self.0.faults.send_modify(|faults| faults.unreachable = is);
        self.0.settled().await;
    }

    /// Every reply comes so much later.
    pub fn latency(&self, delay: Duration) {
        let delay = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.0.faults.send_modify(|faults| faults.latency_ms = delay);
    }

    /// This Deployment never becomes available.
    pub fn never_ready(&self, name: &str) {
        self.0.faults.send_modify(|faults| faults.never_ready.push(name.to_owned()));
    }
}

/// A kubeconfig with one context a cluster, of the cluster's name.
pub(crate) fn kubeconfig<'a>(clusters: impl IntoIterator<Item = &'a Cluster>) -> String {
    let base64 = base64::engine::general_purpose::STANDARD;
    let (mut servers, mut users, mut contexts) = (Vec::new(), Vec::new(), Vec::new());
    for cluster in clusters {
        let (name, identity) = (&cluster.name, &cluster.shared.identity);
        let authority = base64.encode(&identity.authority);
        servers.push(json!({ "name": name, "cluster": {
            "server": cluster.url(), "certificate-authority-data": authority,
        } }));
        users.push(json!({ "name": name, "user": { "token": identity.token } }));
        contexts.push(json!({ "name": name, "context": { "cluster": name, "user": name } }));
    }
    let current = contexts.first().and_then(|c| c.get("name")).cloned().unwrap_or_default();
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "clusters": servers, "users": users,
        "contexts": contexts, "current-context": current,
    });
    // JSON is YAML.
    format!("{config:#}\n")
}

/// A port below those that the system gives to outgoing connections, so that it stays free while
/// the cluster is down.
pub(crate) async fn free_port() -> Result<(TcpListener, u16), SimError> {
    let mut last = None;
    for _ in 0..100 {
        let port = rand::random_range(20_000..32_000_u16);
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => return Ok((listener, port)),
            Err(source) => last = Some(SimError::Port { port, source }),
        }
    }
    Err(last.unwrap_or(SimError::Identity))
}

/// A port that was ours; who had it may still be on its way out.
async fn known_port(port: u16) -> Result<TcpListener, SimError> {
    let mut tries = 0;
    loop {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => return Ok(listener),
            Err(source) if tries == 20 => return Err(SimError::Port { port, source }),
            Err(_) => tries += 1,
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn read_state(file: &Path) -> Result<Option<State>, SimError> {
    let error = |source| SimError::File { file: file.to_owned(), source };
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|source| SimError::State { file: file.to_owned(), source }),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(error(source)),
    }
}

/// Writes the whole state; it is there as a whole or not at all.
fn keep(shared: &Shared, file: &Path) -> Result<(), SimError> {
    let snapshot = lock(&shared.store).snapshot();
    let revision = snapshot.revision();
    let state = State { identity: shared.identity.clone(), snapshot };
    let bytes = serde_json::to_vec(&state)
        .map_err(|source| SimError::State { file: file.to_owned(), source })?;
    write_private(file, &bytes)?;
    if let Some(kept) = &shared.kept {
        kept.send_replace(revision);
    }
    Ok(())
}

async fn keep_on(shared: Arc<Shared>, file: PathBuf) {
    let mut revision = shared.revision.subscribe();
    // What came between the first write and this line counts.
    revision.mark_changed();
    while revision.changed().await.is_ok() {
        if let Err(error) = keep(&shared, &file) {
            tracing::error!(%error, "the state could not be kept");
        }
    }
}

/// Writes a file for its owner alone, by a rename: it is there as a whole or not at all.
pub(crate) fn write_private(file: &Path, bytes: &[u8]) -> Result<(), SimError> {
    let error = |source| SimError::File { file: file.to_owned(), source };
    let part = file.with_extension("part");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(&part).map_err(error)?;
    out.write_all(bytes).map_err(error)?;
    std::fs::rename(&part, file).map_err(error)
}
