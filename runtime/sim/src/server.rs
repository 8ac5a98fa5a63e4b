//! The socket: TLS, HTTP, tokens and faults in front of a cluster's objects.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt as _;
use http::{Request, Response, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::api::{self, Answer, Asked, Watch};
use crate::controller::{Controllers, Pace};
use crate::discovery;
use crate::faults::{Fault, Faults};
use crate::identity::Identity;
use crate::status::Refusal;
use crate::store::Store;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The connection is cut instead of a reply.
#[derive(Debug, thiserror::Error)]
#[error("the reply is dropped, as was asked for")]
struct Dropped;

/// A request that was met, for tests to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// Its HTTP method.
    pub method: String,
    /// Its path, without the query.
    pub path: String,
    /// The status that was answered; of a dropped reply the one that was not sent.
    pub code: u16,
}

/// What the tasks of a cluster share.
pub(crate) struct Shared {
    pub(crate) identity: Identity,
    pub(crate) ready_after: Duration,
    pub(crate) store: Mutex<Store>,
    pub(crate) met: Mutex<Vec<Met>>,
    /// The store's revision, for those who wait for changes.
    pub(crate) revision: watch::Sender<u64>,
    /// The revision that is on disk; `None` where nothing is kept there.
    pub(crate) kept: Option<watch::Sender<u64>>,
    pub(crate) faults: watch::Sender<Faults>,
    pub(crate) running: watch::Sender<bool>,
    pub(crate) listening: watch::Sender<bool>,
}

/// How many requests are remembered.
const REMEMBERED: usize = 10_000;

/// Now, as objects have it.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A lock whose holder panicked holds what it held.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.identity.port))
    }

    fn is_up(&self) -> bool {
        *self.running.borrow() && !self.faults.borrow().unreachable
    }

    /// Waits until the socket is as it is wanted.
    pub(crate) async fn settled(&self) {
        let mut listening = self.listening.subscribe();
        let _ = listening.wait_for(|is| *is == self.is_up()).await;
    }

    /// Tells those who wait that the store moved.
    pub(crate) fn publish(&self, revision: u64) {
        self.revision.send_if_modified(|known| {
            let moved = *known < revision;
            *known = revision.max(*known);
            moved
        });
    }
}

/// Listens while the cluster is up, until the task is dropped.
pub(crate) async fn listen(shared: Arc<Shared>, tls: TlsAcceptor, first: TcpListener) {
    let mut first = Some(first);
    let (mut running, mut faults) = (shared.running.subscribe(), shared.faults.subscribe());
    loop {
        while !shared.is_up() {
            tokio::select! {
                end = running.changed() => if end.is_err() { return },
                end = faults.changed() => if end.is_err() { return },
            }
        }
        let listener = match first.take() {
            Some(listener) => listener,
            None => match TcpListener::bind(shared.address()).await {
                Ok(listener) => listener,
                Err(error) => {
                    tracing::warn!(%error, "the port is not free yet");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        shared.listening.send_replace(true);
        let mut connections = JoinSet::new();
        while shared.is_up() {
            tokio::select! {
                accepted = listener.accept() => if let Ok((socket, _)) = accepted {
                    let _ = socket.set_nodelay(true);
                    connections.spawn(connection(Arc::clone(&shared), tls.clone(), socket));
                },
                Some(_) = connections.join_next() => {}
                end = running.changed() => if end.is_err() { return },
                end = faults.changed() => if end.is_err() { return },
            }
        }
        drop(listener);
        connections.shutdown().await;
        shared.listening.send_replace(false);
    }
}

async fn connection(shared: Arc<Shared>, tls: TlsAcceptor, socket: tokio::net::TcpStream) {
    let Ok(stream) = tls.accept(socket).await else { return };
    let service = service_fn(move |request| respond(Arc::clone(&shared), request));
    let served = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn respond(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Dropped> {
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let latency = shared.faults.borrow().latency_ms;
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    let mut fault = None;
    shared.faults.send_if_modified(|faults| {
        fault = faults.take(&method, &path);
        fault.is_some()
    });
    let answered = match fault {
        Some(Fault::TooManyRequests { retry_after }) => {
            Err(Refusal::too_many_requests(retry_after))
        }
        Some(Fault::InternalError) => Err(Refusal::internal()),
        Some(Fault::Unauthorized) => Err(Refusal::unauthorized()),
        Some(Fault::DropReply) | None => answer(&shared, request).await,
    };
    let response = match answered {
        Ok(Answer::Object(code, object)) => whole(code, &object, None),
        Ok(Answer::Text(code, text)) => plain(code, text),
        Ok(Answer::Watch(watch)) => stream(Arc::clone(&shared), watch),
        Err(refusal) => {
            let wait = refusal.details.as_ref().and_then(|d| d.get("retryAfterSeconds"));
            whole(refusal.code, &refusal.to_json(), wait)
        }
    };
    let mut met = lock(&shared.met);
    if met.len() < REMEMBERED {
        met.push(Met { method, path, code: response.status().as_u16() });
    }
    if fault == Some(Fault::DropReply) { Err(Dropped) } else { Ok(response) }
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Result<Answer, Refusal> {
    let (head, body) = request.into_parts();
    let header = |name: header::HeaderName| {
        head.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
    };
    if header(header::AUTHORIZATION) != format!("Bearer {}", shared.identity.token) {
        return Err(Refusal::unauthorized());
    }
    let body = body
        .collect()
        .await
        .map_err(|error| Refusal::bad_request(format!("the body could not be read: {error}")))?;
    let query = head.uri.query().unwrap_or_default();
    let asked = Asked {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        content_type: header(header::CONTENT_TYPE)
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned(),
        agent: header(header::USER_AGENT).split('/').next().unwrap_or_default().to_owned(),
        body: body.to_bytes().to_vec(),
    };
    let path = api::parts(&asked.path);
    if let Some(known) = discovery::answer(&path, &shared.address().to_string()) {
        return Ok(Answer::Object(200, known));
    }
    let Some(about) = api::subject(&path) else { return api::nothing(&path) };
    let (answered, revision) = {
        let mut store = lock(&shared.store);
        let answered = api::answer(&mut store, &asked, about, &now());
        (answered, store.revision)
    };
    shared.publish(revision);
    if asked.method != "GET"
        && let Some(kept) = &shared.kept
    {
        // What was acknowledged is there after a restart.
        let _ = kept.subscribe().wait_for(|known| *known >= revision).await;
    }
    answered
}

fn whole(code: u16, object: &Json, wait: Option<&Json>) -> Response<Body> {
    let body = Full::new(Bytes::from(object.to_string())).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or_default();
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    if let Some(wait) = wait.and_then(Json::as_u64) {
        response.headers_mut().insert(header::RETRY_AFTER, wait.into());
    }
    response
}

fn plain(code: u16, text: &str) -> Response<Body> {
    let body = Full::new(Bytes::from(format!("{text}\n"))).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or_default();
    response
}

/// One event a line, as they come.
fn stream(shared: Arc<Shared>, watch: Watch) -> Response<Body> {
    let end = tokio::time::Instant::now() + Duration::from_secs(watch.seconds);
    let moves = shared.revision.subscribe();
    let chunks = futures::stream::unfold(
        (shared, watch, moves),
        move |(shared, mut watch, mut moves)| async move {
            loop {
                let events = events(&shared, &mut watch);
                if !events.is_empty() {
                    return Some((lines(&events), (shared, watch, moves)));
                }
                tokio::select! {
                    more = moves.changed() => if more.is_err() { return None },
                    () = tokio::time::sleep_until(end) => return None,
                }
            }
        },
    );
    let frames = chunks.map(|text| Ok(Frame::data(Bytes::from(text))));
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// What a watcher has not seen yet.
fn events(shared: &Shared, watch: &mut Watch) -> Vec<Json> {
    let there = std::mem::take(&mut watch.first);
    let mut events: Vec<Json> =
        there.iter().map(|object| json!({ "type": "ADDED", "object": object })).collect();
    match lock(&shared.store).changes_after(watch.after) {
        Ok(changes) => {
            for change in &changes {
                watch.after = change.revision;
                events.extend(watch.event(change));
            }
        }
        Err(refusal) => events.push(json!({ "type": "ERROR", "object": refusal.to_json() })),
    }
    events
}

fn lines(events: &[Json]) -> String {
    let mut text = String::new();
    for event in events {
        text.push_str(&event.to_string());
        text.push('\n');
    }
    text
}

/// Runs the controllers, until the task is dropped.
pub(crate) async fn control(shared: Arc<Shared>) {
    let mut controllers = Controllers::default();
    let (mut revision, mut faults) = (shared.revision.subscribe(), shared.faults.subscribe());
    loop {
        revision.mark_unchanged();
        let never_ready = faults.borrow_and_update().never_ready.clone();
        let pace = Pace { ready_after: shared.ready_after, never_ready };
        let (next, moved) = {
            let mut store = lock(&shared.store);
            let next = controllers.step(&mut store, &pace, Instant::now(), &now());
            (next, store.revision)
        };
        shared.publish(moved);
        let due = async {
            match next {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = revision.changed() => if changed.is_err() { return },
            changed = faults.changed() => if changed.is_err() { return },
            () = due => {}
        }
    }
}
