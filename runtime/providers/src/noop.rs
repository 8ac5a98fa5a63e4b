//! A provider that changes nothing: for tests and benchmarks.
//!
//! Where `$BPR_NOOP_LOG` names a file, every change appends a line `NODE OPERATION KEY` to it, and
//! what is there is what the file says: so a test can count effects, across crashes too. Without the
//! file, what is there is what the runtime remembers. Properties come back as attributes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bp_provider::file::without_content;
use bp_provider::{
    Adopted, Call, Change, Class, Discovery, Done, Failure, FieldChange, Handle, Health,
    Observation, Present, Progress, Provider, Record, Subject,
};
use serde_json::Value as Json;

/// In the record of what was adopted: which it was.
const ADOPTED: &str = "$adopted";
/// In the record of what takes secrets: the digest of all.
const DIGEST: &str = "$digest";

/// The provider, with the file that `$BPR_NOOP_LOG` names.
pub fn provider() -> Arc<dyn Provider> {
    Arc::new(Noop::new(std::env::var_os("BPR_NOOP_LOG").map(PathBuf::from)))
}

/// See the module.
#[derive(Debug)]
pub struct Noop {
    path: Option<PathBuf>,
    log: Mutex<Option<Log>>,
}

/// The file, and what it says.
#[derive(Debug)]
struct Log {
    file: File,
    /// The last operation on each node.
    last: BTreeMap<String, String>,
    keys: BTreeSet<String>,
}

impl Noop {
    /// With a file for its changes, or none.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self { path, log: Mutex::new(None) }
    }

    /// Does something with the log, which is read when it is first needed.
    fn with_log<T>(
        &self,
        work: impl FnOnce(&mut Log) -> Result<T, std::io::Error>,
    ) -> Result<Option<T>, Failure> {
        let Some(path) = &self.path else { return Ok(None) };
        let failed = |error: std::io::Error| {
            Failure::new(Class::Transient, format!("{}: {error}", path.display()))
        };
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.is_none() {
            *log = Some(Log::open(path).map_err(failed)?);
        }
        log.as_mut().map(work).transpose().map_err(failed)
    }

    fn is_there(&self, subject: &Subject) -> Result<bool, Failure> {
        // Newest first: what bore an older name is the same.
        let names = || std::iter::once(&subject.instance).chain(subject.was.iter().rev());
        let last = self.with_log(|log| Ok(names().find_map(|name| log.last.get(name)).cloned()))?;
        Ok(match last {
            Some(Some(last)) => last != "delete",
            Some(None) => subject.record.as_ref().is_some_and(|r| r.body.get(ADOPTED).is_some()),
            None => subject.record.is_some(),
        })
    }
}

impl Log {
    fn open(path: &PathBuf) -> Result<Self, std::io::Error> {
        let mut file = File::options().create(true).append(true).read(true).open(path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let mut log = Self { file, last: BTreeMap::new(), keys: BTreeSet::new() };
        for line in text.lines() {
            let mut parts = line.rsplitn(3, ' ');
            if let (Some(key), Some(operation), Some(node)) =
                (parts.next(), parts.next(), parts.next())
            {
                log.last.insert(node.to_owned(), operation.to_owned());
                log.keys.insert(key.to_owned());
            }
        }
        Ok(log)
    }

    /// One line, in one write; none for a key that has one.
    fn add(&mut self, node: &str, operation: &str, key: &str) -> Result<(), std::io::Error> {
        if self.keys.insert(key.to_owned()) {
            self.file.write_all(format!("{node} {operation} {key}\n").as_bytes())?;
            self.last.insert(node.to_owned(), operation.to_owned());
        }
        Ok(())
    }
}

/// What is remembered and reported of the properties: of files not the content, of secrets nothing.
fn kept(subject: &Subject) -> BTreeMap<String, Json> {
    subject.shown().into_iter().map(|(name, value)| (name, without_content(&value))).collect()
}

/// What is remembered of an instance; a secret that changed shows by the digest.
fn properties(subject: &Subject) -> Json {
    let mut kept = kept(subject);
    if !subject.secret.is_empty() {
        kept.insert(DIGEST.to_owned(), Json::from(subject.digest.as_str()));
    }
    kept.into_iter().collect::<serde_json::Map<_, _>>().into()
}

/// The properties that differ; one that only a secret makes another does not show.
fn differing(wanted: &Json, applied: &Json) -> Vec<FieldChange> {
    let empty = serde_json::Map::new();
    let wanted = wanted.as_object().unwrap_or(&empty);
    let applied = applied.as_object().unwrap_or(&empty);
    let names: BTreeSet<&String> = wanted.keys().chain(applied.keys()).collect();
    names
        .into_iter()
        .filter(|name| !name.starts_with('$') && wanted.get(*name) != applied.get(*name))
        .map(|name| FieldChange {
            path: name.clone(),
            desired: wanted.get(name).cloned(),
            applied: applied.get(name).cloned(),
            live: applied.get(name).cloned(),
        })
        .collect()
}

#[async_trait]
impl Provider for Noop {
    fn name(&self) -> &'static str {
        "noop"
    }

    async fn observe(&self, _: &Call, subject: &Subject) -> Result<Observation, Failure> {
        if !self.is_there(subject)? {
            return Ok(Observation::Absent);
        }
        let live = subject.record.as_ref().map_or(Json::Null, |record| record.body.clone());
        let attributes = kept(subject);
        Ok(Observation::Present(Present { live, attributes, owned: true }))
    }

    fn diff(&self, subject: &Subject, observed: &Observation) -> Result<Change, Failure> {
        let applied = subject.record.as_ref().map(|record| &record.body);
        let wanted = properties(subject);
        Ok(match (observed, applied) {
            (Observation::Absent, _) => Change::Create,
            (Observation::CannotTell(why), _) => {
                return Err(Failure::new(Class::Transient, why.clone()));
            }
            (Observation::Present(_), Some(applied)) if *applied != wanted => {
                Change::Update(differing(&wanted, applied))
            }
            (Observation::Present(_), _) => Change::None,
        })
    }

    async fn begin(
        &self,
        _: &Call,
        subject: &Subject,
        change: &Change,
        key: &str,
    ) -> Result<Progress, Failure> {
        let operation = match change {
            Change::None => None,
            Change::Create => Some("create"),
            Change::Update(_) | Change::Replace { .. } => Some("update"),
            Change::Delete => self.is_there(subject)?.then_some("delete"),
        };
        if let Some(operation) = operation {
            self.with_log(|log| log.add(&subject.instance, operation, key))?;
        }
        if *change == Change::Delete {
            return Ok(Progress::Done(Done::default()));
        }
        Ok(Progress::Done(Done {
            record: Some(Record { version: 1, body: properties(subject) }),
            attributes: kept(subject),
        }))
    }

    async fn poll(&self, _: &Call, _: &Subject, _: &Handle) -> Result<Progress, Failure> {
        Err(Failure::new(Class::Permanent, "the noop provider never takes time"))
    }

    async fn cancel(&self, _: &Call, _: &Subject, _: &Handle) -> Result<(), Failure> {
        Ok(())
    }

    async fn health(&self, _: &Call, _: &Subject) -> Result<Health, Failure> {
        Ok(Health::Healthy)
    }

    async fn adopt(
        &self,
        _: &Call,
        subject: &Subject,
        id: Option<&str>,
    ) -> Result<Adopted, Failure> {
        let id = id.unwrap_or(&subject.instance).to_owned();
        let body = serde_json::json!({ ADOPTED: id });
        Ok(Adopted { id, record: Record { version: 1, body } })
    }

    async fn discover(&self, call: &Call) -> Result<Discovery, Failure> {
        let identity = match call.target.name.as_str() {
            "" => "local".to_owned(),
            name => format!("noop:{name}"),
        };
        Ok(Discovery { identity, facts: BTreeMap::new() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

    use std::time::Duration;

    use bp_provider::{Connection, Target};

    use super::*;

    fn call() -> Call {
        let target = Target {
            id: "t".into(),
            name: String::new(),
            identity: None,
            connection: Connection::Local,
        };
        Call { target, deadline: Duration::from_secs(1) }
    }

    fn subject(record: Option<Record>) -> Subject {
        Subject {
            deployment: "d-1".into(),
            deployment_name: "d".into(),
            instance: "a[\"one two\"]".into(),
            node_type: "Item".into(),
            extends: Vec::new(),
            properties: BTreeMap::from([("size".to_owned(), Json::from(3))]),
            record,
            ..Subject::default()
        }
    }

    async fn converge(noop: &Noop, subject: &Subject, key: &str) -> Done {
        let observed = noop.observe(&call(), subject).await.unwrap();
        let change = noop.diff(subject, &observed).unwrap();
        match noop.begin(&call(), subject, &change, key).await.unwrap() {
            Progress::Done(done) => done,
            Progress::Accepted { .. } => panic!("noop takes no time"),
        }
    }

    #[tokio::test]
    async fn each_effect_is_one_line_and_is_seen_by_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.log");
        let noop = Noop::new(Some(path.clone()));
        let done = converge(&noop, &subject(None), "k1").await;
        assert_eq!(done.attributes.get("size"), Some(&Json::from(3)));
        // Another process, which does not know that it was done.
        let noop = Noop::new(Some(path.clone()));
        let again = converge(&noop, &subject(None), "k1").await;
        assert_eq!(again, done);
        let mut changed = subject(done.record);
        changed.properties.insert("size".into(), Json::from(4));
        let _ = converge(&noop, &changed, "k2").await;
        for _ in 0..2 {
            let _ = noop.begin(&call(), &changed, &Change::Delete, "k3").await.unwrap();
        }
        let lines = std::fs::read_to_string(&path).unwrap();
        let node = "a[\"one two\"]";
        assert_eq!(lines, format!("{node} create k1\n{node} update k2\n{node} delete k3\n"));
        let observed = noop.observe(&call(), &changed).await.unwrap();
        assert_eq!(observed, Observation::Absent);
    }

    #[tokio::test]
    async fn without_a_file_what_is_remembered_is_there() {
        let noop = Noop::new(None);
        assert_eq!(noop.observe(&call(), &subject(None)).await.unwrap(), Observation::Absent);
        let done = converge(&noop, &subject(None), "k").await;
        let observed = noop.observe(&call(), &subject(done.record)).await.unwrap();
        assert!(matches!(observed, Observation::Present(_)));
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_written_is_a_failure_that_names_it() {
        let noop = Noop::new(Some(PathBuf::from("/nowhere/calls.log")));
        let failure = noop.observe(&call(), &subject(None)).await.unwrap_err();
        assert!(failure.message.contains("/nowhere/calls.log"), "{failure}");
    }
}
