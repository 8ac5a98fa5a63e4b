//! A sample deployment, a world to deploy it to, and stores that lose power.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test's own vocabulary")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

pub mod lives;
pub mod workflows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bp_driver::{
    Clock, Control, DriverError, Prepared, Providers, Runtime, SecretSource, Summary, SystemClock,
    Watcher,
};
use bp_engine::retry::Limits;
use bp_journal::{Append, BlobDigest, Envelope, Extent, MemoryStore, Store, StoreError};
use bp_plan::*;
use bp_provider::{
    Adopted, Call, Change, Class, Discovery, Done, Failure, FieldChange, Handle, Health,
    Observation, Present, Progress, Provider, Record, Subject,
};
use bp_topology::{Element, Inventory, Secrets};
use serde_json::{Value as Json, json};

pub const ID: &str = "sample-1";

fn span() -> Span {
    Span { file: 0, line: 1, column: 1, end_line: 1, end_column: 2 }
}

pub fn named<T>(entries: impl IntoIterator<Item = (&'static str, T)>) -> BTreeMap<String, T> {
    entries.into_iter().map(|(name, entry)| (name.to_owned(), entry)).collect()
}

fn field(of: Expr, name: &str) -> Expr {
    Expr::Field { of: Box::new(of), name: name.into(), safe: false }
}

fn index(of: Expr, key: Expr) -> Expr {
    Expr::Index { of: Box::new(of), key: Box::new(key), safe: false }
}

fn property(value: Expr) -> Property {
    Property { value, phase: Phase::Run, span: span(), inner: BTreeMap::new() }
}

fn kind(name: &str) -> NodeType {
    let text = || PropertyType {
        kind: Type::Optional(Box::new(Type::String)),
        default: None,
        constraints: vec![],
        replace: false,
    };
    NodeType {
        extends: vec!["std.Root".into()],
        blueprint: None,
        provider: Some(name.into()),
        properties: named([("value", text()), ("other", text())]),
        attributes: named([("id", Type::String), ("value", Type::String)]),
        requirements: BTreeMap::new(),
        capabilities: BTreeMap::new(),
        operations: BTreeMap::new(),
        constraints: vec![],
    }
}

fn node(kind: &str, properties: &[(&'static str, Expr)], after: &[Expr], on: bool) -> Node {
    let requirement = |target: &Expr, name: &str, hosts| Requirement {
        name: name.into(),
        target: target.clone(),
        relationship: "std.DependsOn".into(),
        hosts,
        unordered: false,
        properties: BTreeMap::new(),
        operations: BTreeMap::new(),
        constraints: vec![],
        span: span(),
    };
    let cluster = Expr::Local("cluster".into());
    let mut requirements: Vec<_> = after.iter().map(|t| requirement(t, "after", false)).collect();
    requirements.extend(on.then(|| requirement(&cluster, "host", true)));
    Node {
        kind: kind.into(),
        substituted_by: None,
        constraints: Vec::new(),
        condition: None,
        each: on.then(|| Each {
            names: vec!["cluster".into()],
            over: Expr::Selection("demo".into()),
            key: None,
            filter: None,
            span: span(),
        }),
        properties: properties
            .iter()
            .map(|(n, v)| ((*n).to_owned(), property(v.clone())))
            .collect(),
        requirements,
        capabilities: BTreeMap::new(),
        operations: BTreeMap::new(),
        labels: None,
        protect: false,
        was: vec![],
        span: span(),
    }
}

fn node_types() -> BTreeMap<String, NodeType> {
    named([
        ("Quick", kind("world")),
        ("Slow", kind("slow")),
        ("Logical", NodeType { provider: None, attributes: BTreeMap::new(), ..kind("") }),
        (
            "Cluster",
            NodeType {
                provider: None,
                properties: BTreeMap::new(),
                attributes: named([("labels", Type::Map(Box::new(Type::String)))]),
                ..kind("")
            },
        ),
    ])
}

/// On each cluster `space`, then `config` (which needs what `space` reports), then `web`, which takes
/// time; here `registry`, which all need, and `summary`, which needs all.
pub fn plan(greeting: &str) -> Vec<u8> {
    plan_with(greeting, |_| {})
}

/// The same plan, changed.
pub fn plan_with(greeting: &str, change: impl FnOnce(&mut Plan)) -> Vec<u8> {
    let local = || Expr::Local("cluster".into());
    let at = |n: &str| index(Expr::Node(n.into()), local());
    let mut plan = Plan {
        format: FORMAT,
        edition: EDITION.into(),
        blueprint: Blueprint {
            name: "sample".into(),
            version: "1.0.0".into(),
            documentation: String::new(),
            labels: BTreeMap::new(),
            sources: Digest::of(b"sources"),
        },
        sources: vec![Source {
            path: "sample.bp".into(),
            digest: Digest::of(b"source"),
            lines: BTreeMap::from([(1, "blueprint sample".into())]),
        }],
        inputs: BTreeMap::new(),
        secrets: BTreeMap::new(),
        constants: BTreeMap::new(),
        data_types: BTreeMap::new(),
        node_types: node_types(),
        relationship_types: BTreeMap::new(),
        selections: named([(
            "demo",
            Selection {
                predicate: Some(Constraint {
                    predicate: Expr::Binary {
                        op: BinaryOp::Equal,
                        left: Box::new(field(field(Expr::This, "labels"), "tier")),
                        right: Box::new(Expr::string("demo")),
                    },
                    text: "self.labels.tier == \"demo\"".into(),
                    message: None,
                    span: span(),
                }),
                ..Selection::new("Cluster", (1, None), span())
            },
        )]),
        nodes: named([
            ("registry", node("Quick", &[("value", Expr::string("registry"))], &[], false)),
            (
                "space",
                node(
                    "Quick",
                    &[("value", Expr::string("space"))],
                    &[Expr::Node("registry".into())],
                    true,
                ),
            ),
            (
                "config",
                node(
                    "Quick",
                    &[("value", field(at("space"), "id")), ("other", Expr::string(greeting))],
                    &[],
                    true,
                ),
            ),
            ("gate", node("Logical", &[], &[at("config")], true)),
            ("web", node("Slow", &[("value", Expr::string("web"))], &[at("gate")], true)),
            (
                "summary",
                node(
                    "Quick",
                    &[("value", Expr::string("all"))],
                    &[Expr::Node("web".into())],
                    false,
                ),
            ),
        ]),
        outputs: named([(
            "ids",
            Output {
                kind: Type::List(Box::new(Type::String)),
                value: Expr::Splat {
                    of: Box::new(Expr::Node("web".into())),
                    body: Box::new(field(Expr::Local("*".into()), "id")),
                },
                constraints: Vec::new(),
                phase: Phase::Run,
                documentation: String::new(),
                span: span(),
            },
        )]),
        group_types: BTreeMap::new(),
        groups: BTreeMap::new(),
        policy_types: BTreeMap::new(),
        policies: BTreeMap::new(),
        requirements: BTreeMap::new(),
        exposed: BTreeMap::new(),
        substitutes: None,
        workflows: BTreeMap::new(),
        artifacts: BTreeSet::new(),
    };
    change(&mut plan);
    to_bytes(&plan, &BTreeMap::new()).unwrap()
}

/// A name with a `-` in front is there and not selected.
pub fn inventory(names: &[&str]) -> Inventory {
    let element = |name: &&str| {
        let (name, tier) = name.strip_prefix('-').map_or((*name, "demo"), |name| (name, "prod"));
        Element {
            name: name.to_owned(),
            node_type: "Cluster".into(),
            facts: BTreeMap::from([("labels".to_owned(), json!({ "tier": tier }))]),
            connection: json!("local"),
        }
    };
    names.iter().map(element).collect()
}

/// What is there, as every process that dies and comes back finds it.
#[derive(Debug, Default)]
pub struct World {
    /// Objects by target and instance.
    pub objects: Mutex<BTreeMap<(String, String), Object>>,
    /// Every change that had an effect: `create config["east"]@east KEY`.
    pub effects: Mutex<Vec<String>>,
    /// Targets that do not answer.
    pub down: Mutex<BTreeSet<String>>,
    /// Instances whose next calls fail so.
    pub faults: Mutex<BTreeMap<String, Vec<Failure>>>,
    /// What targets say they are, where that is not their name.
    pub identities: Mutex<BTreeMap<String, String>>,
    /// So many looks are asked to come later.
    pub later: AtomicUsize,
    /// Instances whose next call never ends, after its effect.
    pub hangs: Mutex<BTreeSet<String>>,
    /// Instances that can't be changed in place.
    pub rigid: Mutex<BTreeSet<String>>,
    /// Calls of any kind.
    pub calls: AtomicUsize,
    /// Steps under way, and the most of them so far.
    pub busy: AtomicUsize,
    pub busiest: AtomicUsize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    pub properties: BTreeMap<String, Json>,
    pub key: String,
    /// How often it is still to be asked after before it works.
    pub polls: u32,
}

impl World {
    pub fn effects(&self) -> Vec<String> {
        self.effects.lock().unwrap().clone()
    }

    pub fn there(&self) -> Vec<String> {
        let objects = self.objects.lock().unwrap();
        objects.keys().map(|(target, instance)| format!("{instance}@{target}")).collect()
    }

    /// What is there, without keys.
    pub fn content(&self) -> BTreeMap<(String, String), BTreeMap<String, Json>> {
        let objects = self.objects.lock().unwrap();
        objects.iter().map(|(at, object)| (at.clone(), object.properties.clone())).collect()
    }
}

pub struct Converging {
    world: Arc<World>,
    polls: u32,
    name: &'static str,
}

impl Converging {
    fn reach(&self, call: &Call) -> Result<(), Failure> {
        self.world.calls.fetch_add(1, Ordering::Relaxed);
        if self.world.down.lock().unwrap().contains(&call.target.name) {
            let mut failure =
                Failure::new(Class::Transient, format!("{} does not answer", call.target.name));
            failure.unreachable = true;
            return Err(failure);
        }
        Ok(())
    }

    fn at(call: &Call, subject: &Subject) -> (String, String) {
        (call.target.name.clone(), subject.instance.clone())
    }

    /// The object, under the newest of the names that the instance has had.
    fn find(&self, call: &Call, subject: &Subject) -> Option<Object> {
        let objects = self.world.objects.lock().unwrap();
        let names = std::iter::once(&subject.instance).chain(subject.was.iter().rev());
        let mut found =
            names.filter_map(|name| objects.get(&(call.target.name.clone(), name.clone())));
        found.next().cloned()
    }

    /// What bears an older name bears the new one from now on.
    fn name(&self, call: &Call, subject: &Subject) {
        let mut objects = self.world.objects.lock().unwrap();
        for was in &subject.was {
            if let Some(object) = objects.remove(&(call.target.name.clone(), was.clone())) {
                objects.insert(Self::at(call, subject), object);
            }
        }
    }

    fn done(subject: &Subject, key: &str) -> Done {
        let mut attributes = subject.properties.clone();
        // An object keeps its id, whatever its instance is called by now.
        let first = subject.was.first().unwrap_or(&subject.instance);
        attributes.insert("id".into(), json!(format!("id of {first}")));
        let body = json!({ "key": key, "properties": subject.properties });
        Done { record: Some(Record { version: 1, body }), attributes }
    }
}

#[async_trait]
impl Provider for Converging {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn observe(&self, call: &Call, subject: &Subject) -> Result<Observation, Failure> {
        self.reach(call)?;
        let later = &self.world.later;
        if later
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .is_ok()
        {
            let busy = Failure::new(Class::Transient, "too many requests");
            return Err(Failure { retry_after: Some(Duration::from_millis(5)), ..busy });
        }
        Ok(match self.find(call, subject) {
            None => Observation::Absent,
            Some(object) => Observation::Present(Present {
                live: json!(object.properties),
                attributes: BTreeMap::new(),
                owned: true,
            }),
        })
    }

    fn diff(&self, subject: &Subject, observed: &Observation) -> Result<Change, Failure> {
        Ok(match observed {
            Observation::Present(there) if there.live == json!(subject.properties) => Change::None,
            Observation::Present(_)
                if self.world.rigid.lock().unwrap().contains(&subject.instance) =>
            {
                let field = |path: &str| FieldChange {
                    path: path.into(),
                    desired: subject.properties.get(path).cloned(),
                    applied: None,
                    live: None,
                };
                Change::Replace { because: vec![field("value")] }
            }
            Observation::Present(_) => Change::Update(vec![]),
            _ => Change::Create,
        })
    }

    async fn begin(
        &self,
        call: &Call,
        subject: &Subject,
        change: &Change,
        key: &str,
    ) -> Result<Progress, Failure> {
        self.reach(call)?;
        let busy = self.world.busy.fetch_add(1, Ordering::SeqCst) + 1;
        self.world.busiest.fetch_max(busy, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.world.busy.fetch_sub(1, Ordering::SeqCst);
        let fault = {
            let mut faults = self.world.faults.lock().unwrap();
            faults.get_mut(&subject.instance).and_then(Vec::pop)
        };
        if let Some(fault) = fault.as_ref().filter(|f| f.class != Class::UnknownOutcome) {
            if fault.retry_after.is_some() {
                // How much comes at once from now on is what counts.
                self.world.busiest.store(0, Ordering::SeqCst);
            }
            return Err(fault.clone());
        }
        self.name(call, subject);
        let at = Self::at(call, subject);
        {
            let mut objects = self.world.objects.lock().unwrap();
            let word = match change {
                Change::None => None,
                Change::Create => Some("create"),
                Change::Delete => objects.contains_key(&at).then_some("delete"),
                Change::Replace { .. } => Some("replace"),
                Change::Update(_) => Some("update"),
            };
            if let Some(word) = word {
                let line = format!("{word} {}@{} {key}", subject.instance, call.target.name);
                self.world.effects.lock().unwrap().push(line);
            }
            if *change == Change::Delete {
                objects.remove(&at);
                return Ok(Progress::Done(Done::default()));
            }
            if word.is_some() {
                let properties = subject.properties.clone();
                objects.insert(
                    at.clone(),
                    Object { properties, key: key.to_owned(), polls: self.polls },
                );
            }
            // The reply is lost after the effect.
            if let Some(fault) = fault {
                return Err(fault);
            }
        }
        let hangs = self.world.hangs.lock().unwrap().remove(&subject.instance);
        if hangs {
            std::future::pending::<()>().await;
        }
        let done = Self::done(subject, key);
        if self.polls == 0 {
            return Ok(Progress::Done(done));
        }
        let handle = Handle { version: 1, body: json!({ "key": key }), record: done.record };
        Ok(Progress::Accepted { handle, waiting_for: "it to work".into() })
    }

    async fn poll(
        &self,
        call: &Call,
        subject: &Subject,
        handle: &Handle,
    ) -> Result<Progress, Failure> {
        self.reach(call)?;
        let mut objects = self.world.objects.lock().unwrap();
        let Some(object) = objects.get_mut(&Self::at(call, subject)) else {
            return Err(Failure::new(Class::Permanent, "it is gone"));
        };
        if object.polls > 0 {
            object.polls -= 1;
            let waiting_for = format!("{} more", object.polls);
            return Ok(Progress::Accepted { handle: handle.clone(), waiting_for });
        }
        Ok(Progress::Done(Self::done(subject, handle.body["key"].as_str().unwrap())))
    }

    async fn cancel(&self, _: &Call, _: &Subject, _: &Handle) -> Result<(), Failure> {
        Ok(())
    }

    async fn health(&self, _: &Call, _: &Subject) -> Result<Health, Failure> {
        Ok(Health::Healthy)
    }

    async fn adopt(
        &self,
        call: &Call,
        subject: &Subject,
        id: Option<&str>,
    ) -> Result<Adopted, Failure> {
        self.reach(call)?;
        let id = id.unwrap_or(&subject.instance).to_owned();
        let mut objects = self.world.objects.lock().unwrap();
        if !objects.contains_key(&(call.target.name.clone(), id.clone())) {
            return Err(Failure::new(Class::Permanent, format!("there is no `{id}`")));
        }
        // Names are all that this world knows things by.
        if let Some(object) = objects.remove(&(call.target.name.clone(), id.clone())) {
            objects.insert(Self::at(call, subject), object);
        }
        Ok(Adopted { record: Record { version: 1, body: json!({ "id": id }) }, id })
    }

    async fn discover(&self, call: &Call) -> Result<Discovery, Failure> {
        self.reach(call)?;
        let name = &call.target.name;
        let identity = self.world.identities.lock().unwrap().get(name).cloned();
        let identity = identity.unwrap_or_else(|| format!("identity of {name}"));
        Ok(Discovery { identity, facts: BTreeMap::new() })
    }

    fn poll_every(&self) -> Duration {
        Duration::from_millis(1)
    }
}

/// A store whose process dies at its n-th append: before it is written, or after.
pub struct Dying {
    inner: Arc<MemoryStore>,
    appends: AtomicUsize,
    dies_at: usize,
    writes_last: bool,
}

impl Dying {
    pub fn new(inner: Arc<MemoryStore>, dies_at: usize, writes_last: bool) -> Self {
        Self { inner, appends: AtomicUsize::new(0), dies_at, writes_last }
    }

    pub fn appends(&self) -> usize {
        self.appends.load(Ordering::SeqCst)
    }

    fn dead(doing: &str) -> StoreError {
        StoreError::Other { doing: doing.to_owned(), source: "the process died".into() }
    }
}

#[async_trait]
impl Store for Dying {
    async fn append(&self, append: Append) -> Result<Vec<Envelope>, StoreError> {
        let n = self.appends.fetch_add(1, Ordering::SeqCst);
        if n > self.dies_at || (n == self.dies_at && !self.writes_last) {
            return Err(Self::dead("append"));
        }
        let written = self.inner.append(append).await?;
        if n == self.dies_at { Err(Self::dead("append")) } else { Ok(written) }
    }

    async fn read(&self, stream: &str, after: u64) -> Result<Vec<Envelope>, StoreError> {
        self.inner.read(stream, after).await
    }

    async fn streams(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        self.inner.streams(prefix).await
    }

    async fn extents(&self, prefix: &str) -> Result<Vec<Extent>, StoreError> {
        self.inner.extents(prefix).await
    }

    async fn snapshot(&self, stream: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.snapshot(stream).await
    }

    async fn put_snapshot(&self, stream: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        self.inner.put_snapshot(stream, bytes).await
    }

    async fn put_blob(&self, bytes: Vec<u8>) -> Result<BlobDigest, StoreError> {
        self.inner.put_blob(bytes).await
    }

    async fn blob(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.blob(digest).await
    }
}

struct Quiet;

impl Watcher for Quiet {}

pub fn control() -> Control {
    Control { watcher: Arc::new(Quiet), stop: tokio::sync::watch::channel(false).1 }
}

/// No secret is known.
#[derive(Debug)]
pub struct Nothing;

impl SecretSource for Nothing {
    fn secrets(&self, _: &Plan) -> Secrets {
        Secrets::new(Vec::new())
    }
}

pub fn runtime(store: Arc<dyn Store>, world: &Arc<World>) -> Runtime {
    let provider = |name, polls| -> Arc<dyn Provider> {
        Arc::new(Converging { world: world.clone(), polls, name })
    };
    let providers: Providers = BTreeMap::from([
        ("world".to_owned(), provider("world", 0)),
        ("slow".to_owned(), provider("slow", 2)),
    ]);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Runtime {
        store,
        providers,
        executors: BTreeMap::new(),
        secrets: Arc::new(Nothing),
        clock,
        limits: Limits {
            first_wait_ms: 1,
            longest_wait_ms: 4,
            attempts: 4,
            contacts: 2,
            ..Limits::default()
        },
        deadlines: bp_driver::Deadlines::default(),
        owner: "a test".into(),
        actor: "operator:test".into(),
    }
}

pub fn prepared(runtime: &Runtime, plan: Vec<u8>, names: &[&str]) -> Result<Prepared, DriverError> {
    let identity = bp_driver::identity(ID, "sample");
    bp_driver::prepare(
        bp_driver::Package::read(plan)?,
        BTreeMap::new(),
        inventory(names),
        identity,
        &runtime.providers,
        &runtime.executors,
        &*runtime.secrets,
    )
}

pub async fn deploy(
    runtime: &Runtime,
    plan: Vec<u8>,
    names: &[&str],
) -> Result<Summary, DriverError> {
    let prepared = prepared(runtime, plan, names)?;
    runtime.deploy(ID, "sample", "seed", prepared, control()).await
}
