//! Broken engines and drivers: each does one thing wrong, and the oracle has to see it.
//!
//! They are made of the real ones, with something between them and the journal, the providers or the
//! plan that drops, repeats, forgets or takes one thing for another, just as if the engine or the
//! driver did. So nothing of them is in any program that people run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use bp_engine::retry::Limits;
use bp_journal::{Append, BlobDigest, Envelope, Extent, MemoryStore, NewEvent, Store, StoreError};
use bp_plan::Plan;
use bp_provider::{
    Call, Change, Class, Discovery, Done, Executor, Failure, Handle, Health, Intent, Job, Listener,
    Observation, Progress, Provider, Ran, Subject,
};
use serde_json::{Value as Json, json};
use tokio::sync::watch;

use crate::keeper;
use crate::process::Process;
use crate::random::word;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Effects begin before what announces them is durable.
    ActsTooEarly,
    /// Steps are never announced.
    ForgetsToAnnounce,
    /// What was done is not written down.
    ForgetsSuccesses,
    /// Whoever wrote first is written over.
    IgnoresRivals,
    /// Every try of a step has a key of its own.
    RenewsKeys,
    /// All steps of an instance have one key.
    KeepsKeys,
    /// What is there is not looked at.
    NeverObserves,
    /// A lost answer is taken for success.
    TakesLostForDone,
    /// What was taken on is taken for done.
    NeverWaits,
    /// What was begun under other names is forgotten.
    ForgetsEarlier,
    /// What the provider said of an object is forgotten.
    ForgetsRecords,
    /// What is no longer wanted is left.
    NeverDeletes,
    /// What targets ask to wait is not waited.
    IgnoresWaits,
    /// More calls are made at once than is allowed.
    IgnoresLimits,
    /// More calls are made at once by a provider than is allowed.
    IgnoresLimitsOfProviders,
    /// It goes on when it is asked to stop.
    IgnoresStop,
    /// Requirements do not order anything.
    IgnoresRequirements,
    /// What an instance needed is not kept for its removal.
    ForgetsNeeds,
    /// Targets are settled with the hash of another event.
    SettlesWithWrongHeads,
    /// A call that was begun is begun again by whoever goes on.
    CallsAgain,
    /// A call of which nobody knows is taken for one that failed.
    TakesUnknownForFailed,
    /// A call that failed is taken for done.
    TakesFailedForDone,
    /// What others wrote last is not read.
    ReadsStale,
    /// Nobody hears that a person wants a pause.
    IgnoresPauses,
    /// It is forgotten that a revision went back.
    ForgetsRollbacks,
    /// It is forgotten that a step was skipped.
    ForgetsSkips,
    /// What only operations keep is taken to be as it was.
    LooksAway,
}

impl Broken {
    /// All of them.
    pub const ALL: [Self; 27] = [
        Self::ActsTooEarly,
        Self::ForgetsToAnnounce,
        Self::ForgetsSuccesses,
        Self::IgnoresRivals,
        Self::RenewsKeys,
        Self::KeepsKeys,
        Self::NeverObserves,
        Self::TakesLostForDone,
        Self::NeverWaits,
        Self::ForgetsEarlier,
        Self::ForgetsRecords,
        Self::NeverDeletes,
        Self::IgnoresWaits,
        Self::IgnoresLimits,
        Self::IgnoresLimitsOfProviders,
        Self::IgnoresStop,
        Self::IgnoresRequirements,
        Self::ForgetsNeeds,
        Self::SettlesWithWrongHeads,
        Self::CallsAgain,
        Self::TakesUnknownForFailed,
        Self::TakesFailedForDone,
        Self::ReadsStale,
        Self::IgnoresPauses,
        Self::ForgetsRollbacks,
        Self::ForgetsSkips,
        Self::LooksAway,
    ];

    /// The journal as the broken one has it.
    pub(crate) fn store(
        how: Option<Self>,
        disk: Arc<dyn Store>,
        memory: &Arc<MemoryStore>,
    ) -> Arc<dyn Store> {
        let Some(how) = how else { return disk };
        let queue = Arc::new(tokio::sync::Mutex::new(()));
        Arc::new(BrokenStore { how, disk, memory: memory.clone(), queue })
    }

    /// A provider as the broken one calls it.
    pub(crate) fn provider(how: Option<Self>, inner: Arc<dyn Provider>) -> Arc<dyn Provider> {
        let Some(how) = how else { return inner };
        Arc::new(BrokenProvider { how, inner, tries: AtomicU32::new(0) })
    }

    /// An executor as the broken one calls it.
    pub(crate) fn executor(how: Option<Self>, inner: Arc<dyn Executor>) -> Arc<dyn Executor> {
        let Some(how) = how else { return inner };
        Arc::new(BrokenExecutor { how, inner })
    }

    /// What tells the broken one to stop.
    pub(crate) fn stop(how: Option<Self>, process: &Process) -> watch::Receiver<bool> {
        if how == Some(Self::IgnoresStop) { watch::channel(false).1 } else { process.stop() }
    }

    /// The limits that the broken one keeps.
    pub(crate) fn limits(how: Option<Self>, limits: Limits) -> Limits {
        match how {
            Some(Self::IgnoresLimits) => {
                Limits { at_once_per_target: limits.at_once_per_target + 1, ..limits }
            }
            Some(Self::IgnoresLimitsOfProviders) => {
                Limits { at_once_per_provider: BTreeMap::new(), ..limits }
            }
            _ => limits,
        }
    }

    /// A plan as the broken one reads it.
    pub(crate) fn plan(how: Option<Self>, mut plan: Plan) -> Plan {
        if how == Some(Self::IgnoresRequirements) {
            for node in plan.nodes.values_mut() {
                node.requirements.retain(|met| met.name == "host" || met.relationship == "Linked");
            }
        }
        plan
    }
}

struct BrokenStore {
    how: Broken,
    disk: Arc<dyn Store>,
    memory: Arc<MemoryStore>,
    queue: Arc<tokio::sync::Mutex<()>>,
}

impl BrokenStore {
    fn changed(&self, event: NewEvent) -> Option<NewEvent> {
        let mut payload: Json = serde_json::from_str(&event.payload).unwrap_or_default();
        let fields = payload.as_object_mut()?;
        let is = |kind: &str| event.kind == kind;
        match self.how {
            Broken::ForgetsToAnnounce if is("step-started") => return None,
            Broken::ForgetsSuccesses if is("step-succeeded") => return None,
            Broken::ForgetsSkips if is("steps-skipped") => return None,
            Broken::ForgetsRollbacks if is("revision-planned") => {
                fields.remove("back_to");
            }
            Broken::ForgetsNeeds => {
                fields.remove("depends");
            }
            Broken::SettlesWithWrongHeads if is("target-settled") => {
                fields.insert("head".to_owned(), json!(""));
            }
            Broken::KeepsKeys if is("step-started") => {
                let instance = fields.get("instance").and_then(Json::as_str)?;
                let key = json!(word(&[instance]));
                fields.insert("key".to_owned(), key);
            }
            _ => return Some(event),
        }
        Some(NewEvent { payload: payload.to_string(), ..event })
    }

    fn early(&self, append: Append) -> Vec<Envelope> {
        let mut said = Vec::new();
        for (event, sequence) in append.events.iter().cloned().zip(append.expected + 1..) {
            let stream = append.stream.clone();
            let (id, hash) = (format!("{stream}#{sequence}"), String::new());
            said.push(Envelope { id, stream, sequence, time_ms: 0, hash, event });
        }
        let (disk, queue) = (self.disk.clone(), self.queue.clone());
        tokio::spawn(async move {
            let _turn = queue.lock().await;
            // What comes of it nobody is told any more.
            let _ = disk.append(append).await;
        });
        said
    }
}

#[async_trait]
impl Store for BrokenStore {
    async fn append(&self, append: Append) -> Result<Vec<Envelope>, StoreError> {
        let is_target = append.stream.contains("/target/");
        if self.how == Broken::ActsTooEarly && is_target {
            return Ok(self.early(append));
        }
        let events = append.events.into_iter().filter_map(|event| self.changed(event)).collect();
        let mut append = Append { events, ..append };
        if self.how == Broken::IgnoresRivals {
            let there = self.memory.read(&append.stream, 0).await?;
            append.expected = there.len() as u64;
            append.owner = None;
        }
        self.disk.append(append).await
    }

    async fn read(&self, stream: &str, after: u64) -> Result<Vec<Envelope>, StoreError> {
        let mut read = self.disk.read(stream, after).await?;
        if self.how == Broken::ReadsStale && stream.contains("/target/") {
            read.pop();
        }
        if self.how == Broken::IgnoresPauses {
            read.retain(|envelope| envelope.event.kind != "pause-requested");
        }
        Ok(read)
    }

    async fn streams(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        self.disk.streams(prefix).await
    }

    async fn extents(&self, prefix: &str) -> Result<Vec<Extent>, StoreError> {
        self.disk.extents(prefix).await
    }

    async fn put_blob(&self, bytes: Vec<u8>) -> Result<BlobDigest, StoreError> {
        self.disk.put_blob(bytes).await
    }

    async fn blob(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.disk.blob(digest).await
    }
}

struct BrokenProvider {
    how: Broken,
    inner: Arc<dyn Provider>,
    tries: AtomicU32,
}

impl BrokenProvider {
    fn subject(&self, subject: &Subject) -> Subject {
        let mut subject = subject.clone();
        match self.how {
            Broken::ForgetsEarlier => subject.earlier.clear(),
            Broken::ForgetsRecords => subject.record = None,
            _ => {}
        }
        subject
    }

    fn key(&self, subject: &Subject, key: &str) -> String {
        match self.how {
            Broken::RenewsKeys => {
                word(&[key, &self.tries.fetch_add(1, Ordering::Relaxed).to_string()])
            }
            Broken::KeepsKeys => word(&[&subject.instance]),
            _ => key.to_owned(),
        }
    }

    fn progress(
        &self,
        subject: &Subject,
        is_going: bool,
        progress: Result<Progress, Failure>,
    ) -> Result<Progress, Failure> {
        let done = || if is_going { Done::default() } else { keeper::done_as_wanted(subject) };
        match progress {
            Ok(Progress::Accepted { .. }) if self.how == Broken::NeverWaits => {
                Ok(Progress::Done(done()))
            }
            Err(failure)
                if self.how == Broken::TakesLostForDone
                    && failure.class == Class::UnknownOutcome =>
            {
                Ok(Progress::Done(done()))
            }
            other => other.map_err(|failure| self.failure(failure)),
        }
    }

    fn failure(&self, failure: Failure) -> Failure {
        if self.how == Broken::IgnoresWaits {
            return Failure { retry_after: None, ..failure };
        }
        failure
    }
}

#[async_trait]
impl Provider for BrokenProvider {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    async fn observe(&self, call: &Call, subject: &Subject) -> Result<Observation, Failure> {
        if self.how == Broken::NeverObserves {
            return Ok(Observation::Absent);
        }
        let observed = self.inner.observe(call, &self.subject(subject)).await;
        observed.map_err(|failure| self.failure(failure))
    }

    fn diff(&self, subject: &Subject, observed: &Observation) -> Result<Change, Failure> {
        self.inner.diff(subject, observed)
    }

    async fn begin(
        &self,
        call: &Call,
        subject: &Subject,
        change: &Change,
        key: &str,
    ) -> Result<Progress, Failure> {
        let is_going = matches!(change, Change::Delete);
        if is_going && self.how == Broken::NeverDeletes {
            return Ok(Progress::Done(Done::default()));
        }
        let (subject, key) = (self.subject(subject), self.key(subject, key));
        let progress = self.inner.begin(call, &subject, change, &key).await;
        self.progress(&subject, is_going, progress)
    }

    async fn poll(
        &self,
        call: &Call,
        subject: &Subject,
        handle: &Handle,
    ) -> Result<Progress, Failure> {
        self.inner.poll(call, subject, handle).await.map_err(|failure| self.failure(failure))
    }

    async fn cancel(&self, call: &Call, subject: &Subject, handle: &Handle) -> Result<(), Failure> {
        self.inner.cancel(call, subject, handle).await
    }

    async fn health(&self, call: &Call, subject: &Subject) -> Result<Health, Failure> {
        self.inner.health(call, subject).await
    }

    async fn discover(&self, call: &Call) -> Result<Discovery, Failure> {
        self.inner.discover(call).await
    }

    fn poll_every(&self) -> std::time::Duration {
        self.inner.poll_every()
    }
}

struct BrokenExecutor {
    how: Broken,
    inner: Arc<dyn Executor>,
}

/// Turns that no engine reaches by itself, each another one.
static TURNS: AtomicU32 = AtomicU32::new(1_000);

#[async_trait]
impl Executor for BrokenExecutor {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    async fn run(&self, job: Job, listener: &dyn Listener) -> Ran {
        let mut job = job;
        let intent = job.intent;
        match self.how {
            Broken::CallsAgain => job.turn = TURNS.fetch_add(1, Ordering::Relaxed),
            Broken::KeepsKeys => job.key = word(&[&job.subject.instance]),
            _ => {}
        }
        let mut ran = self.inner.run(job, listener).await;
        if self.how == Broken::LooksAway && intent == Intent::Look {
            ran.outcome = Ok(json!({ "state": "started" }));
        }
        if let Err(failure) = &mut ran.outcome {
            let is_unknown = failure.class == Class::UnknownOutcome;
            match self.how {
                Broken::TakesUnknownForFailed => failure.class = Class::Transient,
                Broken::TakesFailedForDone if !is_unknown => {
                    ran.outcome = Ok(json!({ "id": "made up", "state": "started" }));
                }
                _ => {}
            }
        }
        ran
    }
}
