//! How objects come, change and go: each step begins, and is asked after until it is done.
//!
//! The names, the field manager and the precondition are in every call before it goes out: the same
//! call again has no second effect.

use std::collections::BTreeMap;

use bp_provider::{Adopted, Class, Done, Failure, Handle, Health, Progress, Record, Subject};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::health::health;
use super::kinds::{Kind, Place};
use super::owner::{self, Owner};
use super::render::{self, Rendered};
use super::session::{Found, Session};
use super::{namespace, reasons};

/// The version of records and handles.
const VERSION: u32 = 1;

/// How often an apply is tried again at once when the object moved since it was read.
const OVERTAKEN: u32 = 10;

/// What is remembered of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    kind: String,
    namespace: String,
    name: String,
    uid: String,
    /// The digest of what was applied; empty where it was adopted, and nothing was applied yet.
    applied: String,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wait {
    /// The object works.
    Ready,
    /// The object is gone.
    Gone,
    /// The object is gone, to be made anew.
    GoneThenMade,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Waiting {
    wait: Wait,
    kind: String,
    namespace: String,
    name: String,
    uid: String,
}

fn unreadable(what: &str) -> Failure {
    Failure::new(
        Class::Permanent,
        format!("the provider `kubernetes` cannot read its own {what}: it is of another version"),
    )
    .help("use the release of bpr that wrote it")
}

fn text<'a>(live: &'a Json, pointer: &str) -> &'a str {
    live.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

fn uid(live: &Json) -> &str {
    text(live, "/metadata/uid")
}

/// What is remembered of the subject.
pub(crate) fn memory(subject: &Subject) -> Result<Option<Memory>, Failure> {
    let Some(record) = &subject.record else { return Ok(None) };
    if record.version != VERSION {
        return Err(unreadable("record"));
    }
    serde_json::from_value(record.body.clone()).map(Some).map_err(|_| unreadable("record"))
}

/// Where the subject's object is: where it was last seen, or where it is to be.
pub(crate) fn place(subject: &Subject) -> Result<Place, Failure> {
    let Some(memory) = memory(subject)? else { return render::place(subject) };
    let kind = Kind::named(&memory.kind).ok_or_else(|| unreadable("record"))?;
    Ok(Place { kind, namespace: memory.namespace, name: memory.name })
}

/// What others may ask of an object.
pub(crate) fn attributes(kind: Kind, live: &Json) -> BTreeMap<String, Json> {
    let mut attributes = BTreeMap::new();
    attributes.insert("name".to_owned(), json!(text(live, "/metadata/name")));
    attributes.insert("uid".to_owned(), json!(uid(live)));
    match kind {
        Kind::Service => {
            attributes.insert("cluster_ip".to_owned(), json!(text(live, "/spec/clusterIP")));
        }
        Kind::Deployment => {
            let available = live.pointer("/status/availableReplicas").and_then(Json::as_i64);
            attributes
                .insert("available_replicas".to_owned(), json!(available.unwrap_or_default()));
        }
        Kind::Namespace | Kind::ConfigMap => {}
    }
    attributes
}

fn record(place: &Place, live: &Json, wanted: Option<&Rendered>) -> Record {
    let applied = wanted.map(|wanted| {
        let digest = Sha256::digest(wanted.object.to_string());
        digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    });
    let memory = Memory {
        kind: place.kind.name().to_owned(),
        namespace: place.namespace.clone(),
        name: place.name.clone(),
        uid: uid(live).to_owned(),
        applied: applied.unwrap_or_default(),
    };
    Record { version: VERSION, body: serde_json::to_value(memory).unwrap_or_default() }
}

fn accepted(wait: Wait, place: &Place, uid: &str, record: Option<Record>, why: String) -> Progress {
    let waiting = Waiting {
        wait,
        kind: place.kind.name().to_owned(),
        namespace: place.namespace.clone(),
        name: place.name.clone(),
        uid: uid.to_owned(),
    };
    let body = serde_json::to_value(waiting).unwrap_or_default();
    Progress::Accepted { handle: Handle { version: VERSION, body, record }, waiting_for: why }
}

/// Makes the object, or changes it, or finds that it is as it is wanted.
pub(crate) async fn converge(
    session: &Session,
    subject: &Subject,
    write: bool,
) -> Result<Progress, Failure> {
    let wanted = render::render(subject)?;
    // A person has said that the object is ours; after the first apply its fields are.
    let is_adopted = memory(subject)?.is_some_and(|memory| memory.applied.is_empty());
    let takes = is_adopted || subject.takes_back;
    for _ in 0..OVERTAKEN {
        let live = match session.get(&wanted.place).await? {
            Found::Live(live) => Some(live),
            Found::Nothing => None,
            Found::NotServed => return Err(not_served(session, &wanted.place)),
        };
        if let Some(live) = &live {
            owner::refuse_foreign(live, subject, &wanted.place)?;
            if live.pointer("/metadata/deletionTimestamp").is_some() {
                let why = "the old one is being deleted".to_owned();
                return Ok(accepted(Wait::GoneThenMade, &wanted.place, uid(live), None, why));
            }
        }
        let now = match live {
            Some(live) if !write => Some(live),
            live => {
                let object = addressed(&wanted, subject, live.as_ref());
                session.apply(&wanted.place, &object, takes).await?
            }
        };
        if let Some(now) = now {
            let record = record(&wanted.place, &now, Some(&wanted));
            return settle(session, &wanted.place, &now, Some(record)).await;
        }
    }
    Err(overtaken(session, &wanted.place))
}

fn overtaken(session: &Session, place: &Place) -> Failure {
    let message = format!(
        "{place} on `{}` is written by somebody else all the time: each of {OVERTAKEN} applies was \
         overtaken",
        session.target()
    );
    Failure::new(Class::Transient, message)
}

/// The object as it is sent: to the very one that was seen, where one was.
fn addressed(wanted: &Rendered, subject: &Subject, live: Option<&Json>) -> Json {
    let mut object = wanted.object.clone();
    let Some(live) = live else { return object };
    let metadata = object.pointer_mut("/metadata").and_then(Json::as_object_mut);
    if let Some(metadata) = metadata {
        metadata.insert("uid".to_owned(), json!(uid(live)));
        let version = text(live, "/metadata/resourceVersion");
        metadata.insert("resourceVersion".to_owned(), json!(version));
        let adopts = owner::owner(live, subject) == Owner::Nobody;
        if (adopts || owner::is_adopted(live))
            && let Some(Json::Object(annotations)) = metadata.get_mut("annotations")
        {
            annotations.insert(owner::ADOPTED.to_owned(), json!("true"));
        }
    }
    object
}

fn not_served(session: &Session, place: &Place) -> Failure {
    Failure::new(
        Class::Permanent,
        format!(
            "{place} cannot be kept on `{}`: its API server does not serve {} of {}",
            session.target(),
            place.kind.name(),
            place.kind.api_version()
        ),
    )
    .help("choose clusters that serve it")
}

/// The object that is there and is to be the subject's: `NAMESPACE/NAME`, `NAME`, or the subject's own.
pub(crate) async fn adopt(
    session: &Session,
    subject: &Subject,
    id: Option<&str>,
) -> Result<Adopted, Failure> {
    let mut place = render::place(subject)?;
    match id.and_then(|id| id.split_once('/')) {
        Some((namespace, name)) if place.kind.is_namespaced() => {
            namespace.clone_into(&mut place.namespace);
            name.clone_into(&mut place.name);
        }
        _ => place.name = id.map_or(place.name, str::to_owned),
    }
    match session.get(&place).await? {
        Found::Live(live) => {
            owner::refuse_foreign(&live, subject, &place)?;
            let id = match place.namespace.as_str() {
                "" => place.name.clone(),
                namespace => format!("{namespace}/{}", place.name),
            };
            Ok(Adopted { id, record: record(&place, &live, None) })
        }
        Found::Nothing => {
            let message = format!("{place} is not there on `{}`", session.target());
            Err(Failure::new(Class::Permanent, message)
                .help("say which object it is: `NODE=NAMESPACE/NAME`"))
        }
        Found::NotServed => Err(not_served(session, &place)),
    }
}

/// Done where the object works, else what it waits for.
async fn settle(
    session: &Session,
    place: &Place,
    live: &Json,
    record: Option<Record>,
) -> Result<Progress, Failure> {
    match health(place.kind, live) {
        Health::Healthy => {
            Ok(Progress::Done(Done { record, attributes: attributes(place.kind, live) }))
        }
        Health::Progressing(why) => Ok(accepted(Wait::Ready, place, uid(live), record, why)),
        Health::Failed(why) => {
            let pods = reasons::of_pods(session, place, live).await;
            let mut failure = Failure::new(
                Class::Permanent,
                format!("{place} on `{}` does not work: {why}{pods}", session.target()),
            )
            .help("look at the Deployment's pods: the image may be wrong, or nothing has room for them");
            if pods.contains("Image") {
                failure.property = Some("image".to_owned());
            }
            Err(failure)
        }
    }
}

/// Deletes what was begun for the subject under other names, and of which no record tells.
pub(crate) async fn clear_earlier(session: &Session, subject: &Subject) -> Result<(), Failure> {
    let now = place(subject).ok();
    for properties in &subject.earlier {
        let earlier = Subject { properties: properties.clone(), record: None, ..subject.clone() };
        let Ok(place) = render::place(&earlier) else { continue };
        let is_now = now.iter().chain(render::place(subject).ok().iter()).any(|now| *now == place);
        if is_now {
            continue;
        }
        if let Found::Live(live) = session.get(&place).await?
            && owner::owner(&live, subject) == Owner::Ours
            && !owner::is_adopted(&live)
            && live.pointer("/metadata/deletionTimestamp").is_none()
        {
            if place.kind == Kind::Namespace {
                namespace::refuse_inhabited(session, subject, &place).await?;
            }
            session.delete(&place, uid(&live)).await?;
        }
    }
    Ok(())
}

/// Deletes the object if it is ours to delete.
pub(crate) async fn remove(
    session: &Session,
    subject: &Subject,
    then_make: bool,
) -> Result<Progress, Failure> {
    let place = place(subject)?;
    let wait = if then_make { Wait::GoneThenMade } else { Wait::Gone };
    let Found::Live(live) = session.get(&place).await? else {
        return gone(session, subject, &wait).await;
    };
    let known = memory(subject)?.is_some_and(|memory| memory.uid == uid(&live));
    let ours = match owner::owner(&live, subject) {
        Owner::Ours => true,
        Owner::Nobody => known,
        Owner::Instance(_) | Owner::Deployment(_) => false,
    };
    if !ours {
        return gone(session, subject, &wait).await;
    }
    if owner::is_adopted(&live) {
        release(session, &place, &live).await?;
        return gone(session, subject, &wait).await;
    }
    let going = live.pointer("/metadata/deletionTimestamp").is_some();
    if !going {
        if place.kind == Kind::Namespace {
            namespace::refuse_inhabited(session, subject, &place).await?;
        }
        session.delete(&place, uid(&live)).await?;
    }
    check_gone(session, subject, &wait, &place, uid(&live)).await
}

/// Gives up what we own of an object that was there before us.
async fn release(session: &Session, place: &Place, live: &Json) -> Result<(), Failure> {
    let mut empty = json!({
        "apiVersion": place.kind.api_version(), "kind": place.kind.name(),
        "metadata": { "name": place.name, "uid": uid(live) },
    });
    if let Some(Json::Object(metadata)) = empty.get_mut("metadata")
        && place.kind.is_namespaced()
    {
        metadata.insert("namespace".to_owned(), json!(place.namespace));
    }
    // No version is named: nobody can overtake it.
    session.apply(place, &empty, false).await.map(|_| ())
}

async fn gone(session: &Session, subject: &Subject, wait: &Wait) -> Result<Progress, Failure> {
    if *wait == Wait::GoneThenMade {
        return converge(session, subject, true).await;
    }
    Ok(Progress::Done(Done::default()))
}

async fn check_gone(
    session: &Session,
    subject: &Subject,
    wait: &Wait,
    place: &Place,
    old: &str,
) -> Result<Progress, Failure> {
    match session.get(place).await? {
        Found::Live(live) if uid(&live) == old => {
            let why = match place.kind {
                Kind::Namespace => "the namespace to empty".to_owned(),
                _ => "the object to be gone".to_owned(),
            };
            Ok(accepted(wait.clone(), place, old, subject.record.clone(), why))
        }
        _ => gone(session, subject, wait).await,
    }
}

/// How what was begun is going.
pub(crate) async fn poll(
    session: &Session,
    subject: &Subject,
    handle: &Handle,
) -> Result<Progress, Failure> {
    if handle.version != VERSION {
        return Err(unreadable("handle"));
    }
    let waiting: Waiting =
        serde_json::from_value(handle.body.clone()).map_err(|_| unreadable("handle"))?;
    let kind = Kind::named(&waiting.kind).ok_or_else(|| unreadable("handle"))?;
    let place = Place { kind, namespace: waiting.namespace, name: waiting.name };
    if waiting.wait != Wait::Ready {
        return check_gone(session, subject, &waiting.wait, &place, &waiting.uid).await;
    }
    match session.get(&place).await? {
        Found::Live(live) if uid(&live) == waiting.uid => {
            settle(session, &place, &live, handle.record.clone()).await
        }
        _ => Err(Failure::new(
            Class::Transient,
            format!(
                "{place} on `{}` was deleted by somebody while it was waited for",
                session.target()
            ),
        )),
    }
}
