//! What a cluster holds: its objects, the count of its changes, and the changes that can be watched.
//!
//! The store is a value: it knows no clock, no socket and no file. Who asks brings the time.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::defaults;
use crate::kinds::{KINDS, Kind, at, put, take, text};
use crate::managed::{self, Application};
use crate::status::Refusal;
use crate::validate::validate;

/// How many changes can be watched from behind.
const KEPT_CHANGES: usize = 10_000;
/// The namespaces that are there from the start, and stay.
const KEPT_NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// Which object: its kind's plural, its namespace (empty where there is none), its name.
pub(crate) type Key = (String, String, String);

/// A change that was made.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) key: Key,
    pub(crate) old: Option<Json>,
    /// What is there now; `None` where it is gone.
    pub(crate) new: Option<Json>,
    /// What was last there, with the revision of its end.
    pub(crate) last: Json,
}

/// What is kept on disk.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    revision: u64,
    objects: Vec<Json>,
}

/// The objects of a cluster.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) objects: BTreeMap<Key, Json>,
    pub(crate) revision: u64,
    changes: VecDeque<Change>,
}

/// A write that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Write<'a> {
    pub(crate) kind: &'static Kind,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    /// Who writes.
    pub(crate) manager: &'a str,
    /// Now, as objects have it.
    pub(crate) time: &'a str,
    /// Nothing is to be kept.
    pub(crate) dry_run: bool,
}

impl Snapshot {
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }
}

impl Write<'_> {
    fn key(&self) -> Key {
        key(self.kind, self.namespace, self.name)
    }
}

/// The key of an object.
pub(crate) fn key(kind: &Kind, namespace: &str, name: &str) -> Key {
    let namespace = if kind.namespaced { namespace } else { "" };
    (kind.plural.to_owned(), namespace.to_owned(), name.to_owned())
}

/// A new unique identity.
pub(crate) fn new_uid() -> String {
    let [a, b, c, d]: [u32; 4] = rand::random();
    format!(
        "{a:08x}-{:04x}-4{:03x}-{:04x}-{:04x}{d:08x}",
        b >> 16,
        b & 0xfff,
        (c >> 16) & 0x3fff | 0x8000,
        c & 0xffff
    )
}

impl Store {
    /// A new cluster's: the namespaces that every cluster has.
    pub(crate) fn new(time: &str) -> Self {
        let mut store = Self::default();
        let Some(kind) = Kind::named("Namespace") else { return store };
        for name in KEPT_NAMESPACES {
            let write = Write {
                kind,
                namespace: "",
                name,
                manager: "kube-apiserver",
                time,
                dry_run: false,
            };
            // A fresh store refuses none of these.
            let _ = store.create(&write, json!({ "metadata": { "name": name } }));
        }
        store
    }

    pub(crate) fn from_snapshot(snapshot: Snapshot) -> Self {
        let mut store = Self { revision: snapshot.revision, ..Self::default() };
        for object in snapshot.objects {
            if let Some(kind) = Kind::named(text(&object, &["kind"])) {
                let namespace = text(&object, &["metadata", "namespace"]).to_owned();
                let name = text(&object, &["metadata", "name"]).to_owned();
                store.objects.insert(key(kind, &namespace, &name), object);
            }
        }
        store
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot { revision: self.revision, objects: self.objects.values().cloned().collect() }
    }

    pub(crate) fn get(&self, kind: &Kind, namespace: &str, name: &str) -> Result<&Json, Refusal> {
        self.objects.get(&key(kind, namespace, name)).ok_or_else(|| Refusal::not_found(kind, name))
    }

    /// The objects of a kind, in one namespace or in all.
    pub(crate) fn list(&self, kind: &Kind, namespace: Option<&str>) -> Vec<&Json> {
        self.objects
            .iter()
            .filter(|(k, _)| k.0 == kind.plural && namespace.is_none_or(|n| k.1 == n))
            .map(|(_, object)| object)
            .collect()
    }

    /// The changes after a revision; a refusal where they are no longer all known.
    pub(crate) fn changes_after(&self, revision: u64) -> Result<Vec<Change>, Refusal> {
        let oldest = self.changes.front().map_or(self.revision + 1, |c| c.revision);
        if revision + 1 < oldest {
            return Err(Refusal::gone(revision, oldest));
        }
        Ok(self.changes.iter().filter(|c| c.revision > revision).cloned().collect())
    }

    /// Makes an object.
    pub(crate) fn create(&mut self, write: &Write<'_>, object: Json) -> Result<Json, Refusal> {
        self.admit(write)?;
        if self.objects.contains_key(&write.key()) {
            return Err(Refusal::already_exists(write.kind, write.name));
        }
        let mut new = named(write, object);
        take(&mut new, &["metadata", "managedFields"]);
        take(&mut new, &["metadata", "resourceVersion"]);
        let wrong = crate::merge::check(crate::schema::Schema::of_kind(write.kind.kind), &new);
        if !wrong.is_empty() {
            return Err(Refusal::bad_request(format!(
                "{} in version {:?} cannot be handled as a {}: {}",
                write.kind.kind,
                write.kind.version,
                write.kind.kind,
                wrong.join("; ")
            )));
        }
        defaults::fill(write.kind, &mut new);
        managed::track(write.kind, None, &mut new, write.manager, write.time);
        self.finish(write, None, new)
    }

    /// Applies to an object, making it where it is not there.
    pub(crate) fn apply(
        &mut self,
        write: &Write<'_>,
        object: Json,
        force: bool,
    ) -> Result<Json, Refusal> {
        let live = self.objects.get(&write.key()).cloned();
        if live.is_none() {
            self.admit(write)?;
            let uid = text(&object, &["metadata", "uid"]);
            if !uid.is_empty() {
                let why = format!(
                    "uid mismatch: the provided object specified uid {uid}, and no existing \
                     object was found"
                );
                return Err(Refusal::cannot_be_fulfilled(write.kind, write.name, &why));
            }
        }
        let mut wanted = named(write, object);
        let version = text(&wanted, &["metadata", "resourceVersion"]).to_owned();
        take(&mut wanted, &["metadata", "resourceVersion"]);
        let application =
            Application { object: &wanted, manager: write.manager, force, time: write.time };
        let mut new = managed::apply(write.kind, live.as_ref(), &application)?;
        if let Some(live) = &live
            && !version.is_empty()
            && version != text(live, &["metadata", "resourceVersion"])
        {
            return Err(Refusal::modified(write.kind, write.name));
        }
        defaults::fill(write.kind, &mut new);
        self.finish(write, live.as_ref(), new)
    }

    /// Puts an object in the place of what is there.
    pub(crate) fn update(
        &mut self,
        write: &Write<'_>,
        object: Json,
        status: bool,
    ) -> Result<Json, Refusal> {
        let live = self.get(write.kind, write.namespace, write.name)?.clone();
        let version = text(&object, &["metadata", "resourceVersion"]);
        if !version.is_empty() && version != text(&live, &["metadata", "resourceVersion"]) {
            return Err(Refusal::modified(write.kind, write.name));
        }
        let mut new = named(write, object);
        for field in ["uid", "resourceVersion", "creationTimestamp"] {
            if let Some(value) = at(&live, &["metadata", field]) {
                crate::kinds::put_default(&mut new, &["metadata", field], value.clone());
            }
        }
        if status {
            for field in ["spec", "data"] {
                if let Some(value) = live.get(field) {
                    put(&mut new, &[field], value.clone());
                }
            }
        } else if let Some(value) = live.get("status") {
            put(&mut new, &["status"], value.clone());
        }
        defaults::fill(write.kind, &mut new);
        managed::track(write.kind, Some(&live), &mut new, write.manager, write.time);
        if status {
            return Ok(self.commit(write, Some(&live), new));
        }
        self.finish(write, Some(&live), new)
    }

    /// Removes an object, or begins to; what was last there, and whether it is gone.
    pub(crate) fn delete(&mut self, write: &Write<'_>) -> Result<(Json, bool), Refusal> {
        let live = self.get(write.kind, write.namespace, write.name)?.clone();
        let namespace = write.kind.kind == "Namespace";
        if namespace && KEPT_NAMESPACES.contains(&write.name) && write.name != "kube-node-lease" {
            return Err(Refusal::kept_namespace(write.kind, write.name));
        }
        let held = at(&live, &["metadata", "finalizers"])
            .and_then(Json::as_array)
            .is_some_and(|f| !f.is_empty());
        if !namespace && !held {
            if !write.dry_run {
                self.remove(&write.key());
            }
            return Ok((live, true));
        }
        let mut new = live.clone();
        crate::kinds::put_default(&mut new, &["metadata", "deletionTimestamp"], write.time.into());
        if held {
            put(&mut new, &["metadata", "deletionGracePeriodSeconds"], json!(0));
        }
        if namespace {
            put(&mut new, &["status", "phase"], json!("Terminating"));
        }
        Ok((self.commit(write, Some(&live), new), false))
    }

    /// Takes an object out, whatever holds it.
    pub(crate) fn remove(&mut self, key: &Key) {
        let Some(mut last) = self.objects.remove(key) else { return };
        self.revision += 1;
        let old = last.clone();
        put(&mut last, &["metadata", "resourceVersion"], json!(self.revision.to_string()));
        self.note(Change {
            revision: self.revision,
            key: key.clone(),
            old: Some(old),
            new: None,
            last,
        });
    }

    fn admit(&self, write: &Write<'_>) -> Result<(), Refusal> {
        if !write.kind.namespaced {
            return Ok(());
        }
        let Some(spaces) = Kind::named("Namespace") else { return Ok(()) };
        let space = self.get(spaces, "", write.namespace)?;
        if at(space, &["metadata", "deletionTimestamp"]).is_some() {
            return Err(Refusal::terminating(write.kind, write.name, write.namespace));
        }
        Ok(())
    }

    /// Gives a valid object what the server gives, and keeps it.
    fn finish(
        &mut self,
        write: &Write<'_>,
        live: Option<&Json>,
        mut new: Json,
    ) -> Result<Json, Refusal> {
        if live.is_none() {
            put(&mut new, &["metadata", "uid"], json!(new_uid()));
            put(&mut new, &["metadata", "creationTimestamp"], json!(write.time));
            take(&mut new, &["metadata", "deletionTimestamp"]);
            if write.kind.kind == "Namespace" {
                put(&mut new, &["spec", "finalizers"], json!(["kubernetes"]));
                put(&mut new, &["status"], json!({ "phase": "Active" }));
            }
            if write.kind.kind == "Deployment" {
                put(&mut new, &["status"], json!({}));
            }
        }
        let causes = validate(write.kind, &new, live);
        if !causes.is_empty() {
            return Err(Refusal::invalid(write.kind, write.name, &causes));
        }
        if write.kind.kind == "Service" {
            self.give_addresses(&mut new);
        }
        if write.kind.kind == "Deployment" {
            let same = |path: &[&str]| live.is_some_and(|live| at(live, path) == at(&new, path));
            let before =
                live.and_then(|l| at(l, &["metadata", "generation"])).and_then(Json::as_u64);
            let unchanged = same(&["spec"]) && same(&["metadata", "annotations"]);
            let generation = before.map_or(1, |g| g + u64::from(!unchanged));
            put(&mut new, &["metadata", "generation"], json!(generation));
        }
        Ok(self.commit(write, live, new))
    }

    /// Keeps what is different from what is there.
    fn commit(&mut self, write: &Write<'_>, live: Option<&Json>, mut new: Json) -> Json {
        if let Some(live) = live {
            let version = at(live, &["metadata", "resourceVersion"]).cloned().unwrap_or_default();
            put(&mut new, &["metadata", "resourceVersion"], version);
            if *live == new {
                return new;
            }
        }
        if write.dry_run {
            return new;
        }
        let released = live.is_some()
            && write.kind.kind != "Namespace"
            && at(&new, &["metadata", "deletionTimestamp"]).is_some()
            && at(&new, &["metadata", "finalizers"])
                .and_then(Json::as_array)
                .is_none_or(Vec::is_empty);
        if released {
            self.remove(&write.key());
            return new;
        }
        self.revision += 1;
        put(&mut new, &["metadata", "resourceVersion"], json!(self.revision.to_string()));
        let key = write.key();
        let old = self.objects.insert(key.clone(), new.clone());
        let change =
            Change { revision: self.revision, key, old, new: Some(new.clone()), last: new.clone() };
        self.note(change);
        new
    }

    fn note(&mut self, change: Change) {
        self.changes.push_back(change);
        while self.changes.len() > KEPT_CHANGES {
            self.changes.pop_front();
        }
    }

    fn give_addresses(&self, service: &mut Json) {
        let others = |pointer: &str| -> Vec<Json> {
            self.objects.values().filter_map(|o| o.pointer(pointer).cloned()).collect()
        };
        if text(service, &["spec", "type"]) == "ExternalName" {
            return;
        }
        if at(service, &["spec", "clusterIP"]).is_none() {
            let taken = others("/spec/clusterIP");
            let free = (2..65_000_u32)
                .map(|n| json!(format!("10.96.{}.{}", n / 256, n % 256)))
                .find(|ip| !taken.contains(ip))
                .unwrap_or_default();
            put(service, &["spec", "clusterIP"], free);
        }
        let address = at(service, &["spec", "clusterIP"]).cloned().unwrap_or_default();
        put(service, &["spec", "clusterIPs"], json!([address]));
        if !["NodePort", "LoadBalancer"].contains(&text(service, &["spec", "type"])) {
            return;
        }
        let mut taken: Vec<Json> = self
            .objects
            .values()
            .filter_map(|o| o.pointer("/spec/ports").and_then(Json::as_array))
            .flatten()
            .filter_map(|port| port.get("nodePort").cloned())
            .collect();
        let ports = service.pointer_mut("/spec/ports").and_then(Json::as_array_mut);
        for port in ports.into_iter().flatten() {
            if port.get("nodePort").is_none() {
                let free = (30_000..32_768)
                    .map(|n| json!(n))
                    .find(|n| !taken.contains(n))
                    .unwrap_or_default();
                taken.push(free.clone());
                put(port, &["nodePort"], free);
            }
        }
    }
}

/// All kinds that live in namespaces.
pub(crate) fn namespaced_kinds() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter(|k| k.namespaced)
}

/// With the type and the names that the request says.
fn named(write: &Write<'_>, mut object: Json) -> Json {
    let mut new = json!({ "kind": write.kind.kind, "apiVersion": write.kind.api_version() });
    put(&mut new, &["metadata", "name"], json!(write.name));
    if write.kind.namespaced {
        put(&mut new, &["metadata", "namespace"], json!(write.namespace));
    }
    if let (Some(Json::Object(into)), Some(Json::Object(metadata))) =
        (new.get_mut("metadata"), take(&mut object, &["metadata"]))
    {
        for (name, value) in metadata {
            if value.is_null() {
                continue;
            }
            into.entry(name).or_insert(value);
        }
    }
    if let (Some(into), Json::Object(rest)) = (new.as_object_mut(), object) {
        for (name, value) in rest {
            into.entry(name).or_insert(value);
        }
    }
    new
}
