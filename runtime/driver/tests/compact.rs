//! What is kept in the place of events: compacted at any event, a deployment stands and goes on as before; a snapshot
//! after any append says what the events say; what was changed by hand is seen.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use bp_driver::{
    Archive, Compact, CompactOutlook, Deployments, DriverError, Keep, Moment, PastError, Replay,
    Told, verify,
};
use bp_engine::event::Outcome;
use bp_engine::{Event, Status, Terms};
use bp_journal::{
    Append, BlobDigest, Compaction, Envelope, Extent, Freed, MemoryStore, Store, StoreError,
};
use common::lives::{Calls, lives, runtime_of};
use common::{ID, World, control, deploy, plan, plan_with, runtime};

const CLUSTERS: [&str; 2] = ["east", "west"];

/// A journal each of whose appends has a time of its own.
fn ticking() -> MemoryStore {
    let now = AtomicI64::new(1_000);
    MemoryStore::with_clock(move || now.fetch_add(1, Ordering::SeqCst))
}

/// A journal with three revisions: the last one is a removal that was interrupted, for `west` was down.
async fn sample() -> (Arc<MemoryStore>, Arc<World>) {
    let (store, world) = (Arc::new(ticking()), Arc::new(World::default()));
    let runtime = runtime(store.clone(), &world);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    let changed = plan_with("good day", |plan| drop(plan.nodes.remove("summary")));
    deploy(&runtime, changed, &CLUSTERS).await.unwrap();
    world.down.lock().unwrap().insert("west".into());
    assert_eq!(runtime.uninstall(ID, control()).await.unwrap().outcome, Outcome::Partial);
    world.down.lock().unwrap().clear();
    (store, world)
}

fn asked(keep: Keep) -> Compact {
    Compact { keep, by: "operator:test".into(), now_ms: 1_000, is_dry: false }
}

async fn compacted(store: &Arc<MemoryStore>, keep: Keep) -> CompactOutlook {
    let deployments = Deployments::new(store.clone());
    deployments.compact(ID, &asked(keep)).await.unwrap().unwrap()
}

async fn status(store: Arc<dyn Store>) -> Status {
    Deployments::new(store).status(ID).await.unwrap().0
}

async fn flaws(store: Arc<dyn Store>) -> Vec<String> {
    let flaws = verify(store).await.unwrap().flaws.into_iter();
    flaws.map(|flaw| format!("{}: {}", flaw.stream, flaw.message)).collect()
}

fn is_checkpoint(told: &Told) -> bool {
    matches!(told.event, Event::CheckpointTaken { .. })
}

#[tokio::test]
async fn compacted_at_any_event_it_stands_and_goes_on_as_before() {
    let (whole, _) = sample().await;
    let events = Deployments::new(whole.clone()).history(ID).await.unwrap().len() as u64;
    let before = status(whole.clone()).await;
    let mut first = 1;
    let mut cuts = 0;
    while first <= events {
        let (store, world) = sample().await;
        let deployments = Deployments::new(store.clone());
        let was = deployments.history(ID).await.unwrap();
        // The next that has another time.
        let time_ms = was.iter().find(|one| one.number == first).unwrap().envelope.time_ms;
        let next = was.iter().find(|one| one.envelope.time_ms > time_ms);
        first = next.map_or(events + 1, |next| next.number);
        cuts += 1;
        let outlook = compacted(&store, Keep::Event(first)).await;
        let (gone, stay) = (outlook.events, outlook.stay);
        assert_eq!((gone, gone + stay, outlook.freed.events), (first - 1, events, first - 1));
        assert_eq!(flaws(store.clone()).await, Vec::<String>::new(), "from {first} on");
        assert_eq!(status(store.clone()).await, before, "from {first} on");
        // What is left is as it was, under the same numbers.
        let told = deployments.history(ID).await.unwrap();
        let left: Vec<&Told> = told.iter().filter(|one| !is_checkpoint(one)).collect();
        let expected: Vec<&Told> = was.iter().filter(|one| one.number >= first).collect();
        assert_eq!(left.len(), expected.len());
        for (left, expected) in left.iter().zip(&expected) {
            assert_eq!(left.envelope, expected.envelope);
        }
        assert_eq!(
            told.iter().map(|one| one.number).collect::<Vec<_>>(),
            (first..=events + 1).collect::<Vec<_>>()
        );
        // And it goes on.
        let done = runtime(store.clone(), &world).resume(ID, control()).await.unwrap();
        assert_eq!(done.outcome, Outcome::Done, "from {first} on");
        assert_eq!(world.there(), Vec::<String>::new());
        assert_eq!(flaws(store.clone()).await, Vec::<String>::new(), "from {first} on, at the end");
        // Once more, all of it.
        compacted(&store, Keep::Event(u64::MAX)).await;
        assert_eq!(flaws(store.clone()).await, Vec::<String>::new(), "from {first} on, twice");
        let again = deploy(&runtime(store.clone(), &world), plan("hello"), &CLUSTERS).await;
        assert_eq!(again.unwrap().outcome, Outcome::Done);
        assert_eq!(flaws(store).await, Vec::<String>::new());
    }
    assert!(cuts > 30, "only {cuts} cuts");
}

#[tokio::test]
async fn the_past_is_there_as_far_as_it_was_kept_and_beyond_that_is_said_so() {
    let (store, _) = sample().await;
    let deployments = Deployments::new(store.clone());
    let events = deployments.history(ID).await.unwrap().len() as u64;
    let mut before = Vec::new();
    for number in 1..=events {
        let past = deployments.at(ID, Moment::Event(number)).await.unwrap();
        before.push(past.deployments.status(ID).await.unwrap().0);
    }
    let first = compacted(&store, Keep::Event(events / 2)).await.events + 1;
    for (number, before) in (1..=events).zip(&before) {
        let past = deployments.at(ID, Moment::Event(number)).await;
        if number < first {
            let Err(PastError::Compacted { first: is_there, .. }) = past else {
                panic!("event {number} is dropped");
            };
            assert_eq!(is_there, first);
            continue;
        }
        let (status, _) = past.unwrap().deployments.status(ID).await.unwrap();
        assert_eq!(&status, before, "{number}");
    }
    let gone = deployments.at(ID, Moment::Revision(1)).await.err().unwrap();
    assert!(matches!(gone, PastError::Compacted { .. }), "{gone}");
    let told = deployments.history(ID).await.unwrap();
    assert_eq!(deployments.since(ID, &told, Moment::Event(2)).await.unwrap(), 0);
    assert_eq!(deployments.since(ID, &told, Moment::Event(first + 3)).await.unwrap(), 3);
    for what in ["web", "config", "west"] {
        let why = deployments.why(ID, what).await.unwrap();
        assert_eq!(why.compacted.unwrap().events, first - 1);
    }
}

#[tokio::test]
async fn an_export_begins_where_the_journal_does() {
    let (store, _) = sample().await;
    compacted(&store, Keep::Runs(1)).await;
    let deployments = Deployments::new(store.clone());
    let mut bytes = Vec::new();
    deployments.archive(ID).await.unwrap().write(&mut bytes).unwrap();
    assert!(bytes.starts_with(b"{\"format\":\"bpr-export/2\""));
    let archive = Arc::new(Archive::from_bytes(&bytes).unwrap());
    assert_eq!(status(archive.clone()).await, status(store).await);
    assert_eq!(flaws(archive.clone()).await, Vec::<String>::new());
    let told = deployments.history(ID).await.unwrap();
    let other = Deployments::new(archive.clone());
    assert_eq!(other.history(ID).await.unwrap(), told);
    let mut replay = Replay::new(archive, ID).await.unwrap();
    for one in &told {
        replay.take(one).await.unwrap();
    }
    assert_eq!(replay.progress().len(), 3, "the runtime's own machine is a target, too");
    for at in (0..bytes.len()).step_by(bytes.len() / 200 + 1) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(Archive::from_bytes(&changed).is_err(), "byte {at}");
    }
}

#[tokio::test]
async fn a_rollback_goes_where_it_would_have_gone() {
    let (store, world) = (Arc::new(MemoryStore::new()), Arc::new(World::default()));
    let runtime = runtime(store.clone(), &world);
    for greeting in ["one", "two", "three", "four"] {
        deploy(&runtime, plan(greeting), &CLUSTERS).await.unwrap();
    }
    let outlook = compacted(&store, Keep::Runs(1)).await;
    assert_eq!(outlook.oldest_revision, 3);
    assert!(outlook.freed.blobs > 4, "{outlook:?}");
    let error = runtime.rollback(ID, Some(1), Terms::default(), control()).await.unwrap_err();
    assert!(error.to_string().contains("was dropped when its journal was compacted"), "{error}");
    let back = runtime.rollback(ID, None, Terms::default(), control()).await.unwrap();
    assert_eq!((back.outcome, back.back_to), (Outcome::Done, Some(3)));
    let (status, _) = Deployments::new(store.clone()).status(ID).await.unwrap();
    assert_eq!(status.revision, 5);
    assert_eq!(flaws(store).await, Vec::<String>::new());
}

#[tokio::test]
async fn where_nothing_is_to_be_dropped_nothing_is_written() {
    let (store, _) = sample().await;
    let before = store.extents("").await.unwrap();
    let deployments = Deployments::new(store.clone());
    for keep in [Keep::Since(0), Keep::Runs(9), Keep::Event(1)] {
        assert_eq!(deployments.compact(ID, &asked(keep)).await.unwrap(), None);
    }
    let dry = Compact { is_dry: true, ..asked(Keep::Runs(1)) };
    let would = deployments.compact(ID, &dry).await.unwrap().unwrap();
    assert_eq!(store.extents("").await.unwrap(), before);
    assert_eq!(compacted(&store, Keep::Runs(1)).await.freed.events, would.freed.events);
    assert_eq!(deployments.compact(ID, &asked(Keep::Runs(1))).await.unwrap(), None);
}

/// A journal that answers otherwise than it is asked.
struct Changed {
    inner: Arc<MemoryStore>,
    /// Keeps a snapshot after each append, and holds it against what the events say.
    keeps: bool,
    /// What is found where a snapshot is asked for; that of `inner` where that is none.
    snapshot: Option<Vec<u8>>,
    /// None is found.
    hides_snapshot: bool,
    /// What is found where this blob is asked for.
    blob: Option<(String, Option<Vec<u8>>)>,
    /// Whether the first events of streams are said to be there.
    hides_floors: bool,
}

impl Changed {
    fn new(inner: Arc<MemoryStore>) -> Self {
        Self {
            inner,
            keeps: false,
            snapshot: None,
            hides_snapshot: false,
            blob: None,
            hides_floors: false,
        }
    }

    async fn compare(&self) {
        let kept = Deployments::new(self.inner.clone());
        match kept.keep(ID).await {
            Err(DriverError::NoDeployment(_)) => return,
            kept => kept.unwrap(),
        }
        let without = Self { hides_snapshot: true, ..Self::new(self.inner.clone()) };
        assert_eq!(status(self.inner.clone()).await, status(Arc::new(without)).await);
        assert_eq!(flaws(self.inner.clone()).await, Vec::<String>::new());
    }
}

#[async_trait]
impl Store for Changed {
    async fn append(&self, append: Append) -> Result<Vec<Envelope>, StoreError> {
        let written = self.inner.append(append).await?;
        if self.keeps {
            self.compare().await;
        }
        Ok(written)
    }

    async fn read(&self, stream: &str, after: u64) -> Result<Vec<Envelope>, StoreError> {
        self.inner.read(stream, after).await
    }

    async fn streams(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        self.inner.streams(prefix).await
    }

    async fn extents(&self, prefix: &str) -> Result<Vec<Extent>, StoreError> {
        let mut extents = self.inner.extents(prefix).await?;
        if self.hides_floors {
            for extent in &mut extents {
                extent.floor.sequence += 1;
            }
        }
        Ok(extents)
    }

    async fn put_blob(&self, bytes: Vec<u8>) -> Result<BlobDigest, StoreError> {
        self.inner.put_blob(bytes).await
    }

    async fn blob(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match &self.blob {
            Some((changed, bytes)) if changed == digest => Ok(bytes.clone()),
            _ => self.inner.blob(digest).await,
        }
    }

    async fn compact(&self, compaction: Compaction) -> Result<Freed, StoreError> {
        self.inner.compact(compaction).await
    }

    async fn snapshot(&self, stream: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match &self.snapshot {
            Some(snapshot) => Ok(Some(snapshot.clone())),
            None if self.hides_snapshot => Ok(None),
            None => self.inner.snapshot(stream).await,
        }
    }
}

#[tokio::test]
async fn a_snapshot_after_any_append_says_what_the_events_say() {
    let keeping = Changed { keeps: true, ..Changed::new(Arc::default()) };
    let (store, calls) = (Arc::new(keeping), Arc::new(Calls::default()));
    let world = Arc::new(World::default());
    let lived = runtime_of(store.clone(), &world, &calls);
    deploy(&lived, lives("hello"), &[]).await.unwrap();
    lived.uninstall(ID, control()).await.unwrap();

    let keeping = Changed { keeps: true, ..Changed::new(Arc::default()) };
    let (store, world) = (Arc::new(keeping), Arc::new(World::default()));
    let runtime = runtime(store.clone(), &world);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    deploy(&runtime, plan("good day"), &CLUSTERS).await.unwrap();
    runtime.rollback(ID, None, Terms::default(), control()).await.unwrap();
}

#[tokio::test]
async fn a_snapshot_that_does_not_fit_is_not_used_and_one_that_was_changed_is_told() {
    let (store, world) = sample().await;
    let own = format!("deployment/{ID}");
    let right = status(store.clone()).await;
    Deployments::new(store.clone()).keep(ID).await.unwrap();
    let kept = String::from_utf8(store.snapshot(&own).await.unwrap().unwrap()).unwrap();
    let changed = |snapshot: String| {
        let snapshot = Some(snapshot.into_bytes());
        Arc::new(Changed { snapshot, ..Changed::new(store.clone()) })
    };
    // Of another form, cut off, of another journal.
    let (other, _) = sample().await;
    Deployments::new(other.clone()).keep(ID).await.unwrap();
    let other = String::from_utf8(other.snapshot(&own).await.unwrap().unwrap()).unwrap();
    for unfit in
        [kept.replace("\"form\":1", "\"form\":99"), kept[..kept.len() / 2].to_owned(), other]
    {
        assert_eq!(status(changed(unfit)).await, right);
    }
    // One whose state is another one.
    let lie = changed(
        kept.replace("good day", "good lie").replace("\"name\":\"sample\"", "\"name\":\"simple\""),
    );
    let told = flaws(lie).await;
    assert!(
        told.iter().any(|flaw| flaw.contains("its snapshot is not what its events lead to")),
        "{told:?}"
    );
    // One that is behind is gone on from.
    runtime(store.clone(), &world).resume(ID, control()).await.unwrap();
    let behind = changed(kept);
    assert_eq!(status(behind.clone()).await, status(store).await);
    assert_eq!(flaws(behind).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_stands_for_events_is_as_well_guarded_as_they_were() {
    let (store, _) = sample().await;
    compacted(&store, Keep::Runs(1)).await;
    let told = Deployments::new(store.clone()).history(ID).await.unwrap();
    let digest = told.iter().find_map(|one| match &one.event {
        Event::CheckpointTaken { state, .. } => Some(state.clone()),
        _ => None,
    });
    let digest = digest.unwrap();
    let floors = Changed { hides_floors: true, ..Changed::new(store.clone()) };
    let told = flaws(Arc::new(floors)).await;
    assert!(told.iter().any(|flaw| flaw.contains("was cut behind event")), "{told:?}");
    let kept = String::from_utf8(store.blob(&digest).await.unwrap().unwrap()).unwrap();
    // What it leads to is looked at, too.
    let (_, rest) = kept.split_once("\"plan\":\"").unwrap();
    let plan = rest[..64].to_owned();
    let blob = Some((plan.clone(), None));
    let told = flaws(Arc::new(Changed { blob, ..Changed::new(store.clone()) })).await;
    assert!(
        told.iter().any(|flaw| flaw.contains(&plan) && flaw.contains("is not there")),
        "{told:?}"
    );
    let newer = Some((digest, Some(kept.replace("\"form\":1", "\"form\":99").into_bytes())));
    let newer = Arc::new(Changed { blob: newer, ..Changed::new(store.clone()) });
    let error = Deployments::new(newer).status(ID).await.unwrap_err();
    assert!(
        error.to_string().contains("form 99") && error.to_string().contains("newer"),
        "{error}"
    );
}
