//! What happened: one order whatever the clock says, the past at every event, exports, reasons, and runs shown again.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use bp_driver::why::{Reason, Why};
use bp_driver::{
    Archive, Control, Deployments, Moment, PastError, Replay, Timeline, Told, Watcher,
};
use bp_engine::engine::TargetProgress;
use bp_engine::event::Outcome;
use bp_engine::status::Standing;
use bp_engine::{Event, Stream};
use bp_journal::{MemoryStore, Store};
use bp_provider::{Class, Failure};
use common::{ID, World, control, deploy, plan, prepared, runtime};

const CLUSTERS: [&str; 3] = ["east", "north", "west"];

/// Counts as it is told.
#[derive(Default)]
struct Counting(Mutex<Vec<Vec<TargetProgress>>>);

impl Watcher for Counting {
    fn progress(&self, targets: &[TargetProgress]) {
        self.0.lock().unwrap().push(targets.to_vec());
    }
}

/// Deployed where all happens in one millisecond: `north` is down, `config["east"]` is refused, `config["west"]` is tried again.
async fn troubled() -> (Arc<MemoryStore>, Arc<World>, Vec<TargetProgress>) {
    let (store, world) = (Arc::new(MemoryStore::with_clock(|| 7)), Arc::new(World::default()));
    world.down.lock().unwrap().insert("north".into());
    let busy = Failure::new(Class::Transient, "too many requests");
    let held = Failure {
        property: Some("value".into()),
        ..Failure::new(Class::Conflict, "another manager holds it").help("let it go there")
    };
    for (instance, faults) in
        [("config[\"east\"]", vec![held]), ("config[\"west\"]", vec![busy.clone(), busy])]
    {
        world.faults.lock().unwrap().insert(instance.into(), faults);
    }
    let runtime = runtime(store.clone(), &world);
    let counting = Arc::new(Counting::default());
    let prepared = prepared(&runtime, plan("hello"), &CLUSTERS).unwrap();
    let control = Control { watcher: counting.clone(), ..control() };
    let summary = runtime.deploy(ID, "sample", "seed", prepared, control).await.unwrap();
    assert_eq!(summary.outcome, Outcome::Partial);
    let last = counting.0.lock().unwrap().last().unwrap().clone();
    (store, world, last)
}

/// Fails where something stands before what led to it.
fn assert_ordered(told: &[Told]) {
    let mut hashes = BTreeSet::new();
    let (mut runs, mut granted, mut asked) = (BTreeSet::new(), BTreeSet::new(), 0);
    for (at, one) in told.iter().enumerate() {
        assert_eq!(one.number, at as u64 + 1);
        let run = one.envelope.event.run.clone();
        match &one.stream {
            Stream::Requests(_) => asked = one.envelope.sequence,
            Stream::Run(run) => assert!(runs.contains(run), "{one:?}"),
            Stream::Target(_, target) => {
                assert!(granted.contains(&(run.unwrap(), target.clone())), "{one:?}");
            }
            Stream::Deployment(_) => {}
        }
        match &one.event {
            Event::RevisionPlanned { request, .. } => assert!(*request <= asked, "{one:?}"),
            Event::RunOpened { run, .. } => drop(runs.insert(run.clone())),
            Event::TargetsGranted { targets } => {
                let Stream::Run(run) = &one.stream else { panic!("{one:?}") };
                granted.extend(targets.iter().map(|target| (run.clone(), target.clone())));
            }
            Event::RunClosed { head, .. } | Event::TargetSettled { head, .. } => {
                assert!(head.is_empty() || hashes.contains(head), "{one:?}");
            }
            _ => {}
        }
        hashes.insert(one.envelope.hash.clone());
    }
}

#[tokio::test]
async fn what_led_to_something_stands_before_it_though_all_has_one_time() {
    let (store, ..) = troubled().await;
    let deployments = Deployments::new(store);
    let told = deployments.history(ID).await.unwrap();
    assert!(told.len() > 30);
    assert_ordered(&told);
    // One look after another: the newest time is told when nothing came after it.
    let mut timeline = Timeline::default();
    assert!(deployments.news(ID, &mut timeline).await.unwrap().is_empty());
    assert_eq!(deployments.news(ID, &mut timeline).await.unwrap(), told);
    assert!(deployments.news(ID, &mut timeline).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_past_is_there_at_every_event_and_ends_with_the_present() {
    let (store, ..) = troubled().await;
    let deployments = Deployments::new(store);
    let last = deployments.history(ID).await.unwrap().len() as u64;
    let (now, _) = deployments.status(ID).await.unwrap();
    for number in 1..=last {
        let past = deployments.at(ID, Moment::Event(number)).await.unwrap();
        assert_eq!((past.last.number, past.events), (number, last));
        let told = past.deployments.history(ID).await.unwrap();
        assert_eq!(told.len() as u64, number);
        let (status, _) = past.deployments.status(ID).await.unwrap();
        let is_over = number == last;
        assert_eq!(status.state == Standing::Deploying, !is_over, "{number}");
        assert!(!is_over || status == now);
    }
    for (moment, words) in [
        (Moment::Event(0), "no event 0"),
        (Moment::Event(last + 1), "no event"),
        (Moment::Revision(2), "its newest revision is 1"),
        (Moment::Time(6), "was not there yet"),
    ] {
        let error = deployments.at(ID, moment).await.err().unwrap();
        assert!(error.to_string().contains(words), "{moment:?}: {error}");
        let is_early = matches!(error, PastError::Before { created_ms: 7 });
        assert_eq!(is_early, moment == Moment::Time(6));
    }
}

#[tokio::test]
async fn a_replay_counts_as_whoever_watched_was_told() {
    let (store, world, told) = troubled().await;
    let deployments = Deployments::new(store.clone());
    let mut replay = Replay::new(store.clone(), ID).await.unwrap();
    for one in deployments.history(ID).await.unwrap() {
        replay.take(&one).await.unwrap();
    }
    assert_eq!(replay.progress(), told);
    // And when all of it goes.
    world.down.lock().unwrap().clear();
    let runtime = runtime(store.clone(), &world);
    let counting = Arc::new(Counting::default());
    let control = Control { watcher: counting.clone(), ..control() };
    let summary = runtime.uninstall(ID, control).await.unwrap();
    assert_eq!(summary.outcome, Outcome::Done);
    let mut replay = Replay::new(store.clone(), ID).await.unwrap();
    for one in deployments.history(ID).await.unwrap() {
        replay.take(&one).await.unwrap();
    }
    let counts = |all: &[TargetProgress]| {
        let count = |one: &TargetProgress| (one.name.clone(), one.done, one.total);
        all.iter().map(count).collect::<BTreeSet<_>>()
    };
    let last = counting.0.lock().unwrap().last().unwrap().clone();
    assert_eq!(counts(&replay.progress()), counts(&last));
}

async fn reasons(deployments: &Deployments, what: &str) -> Vec<(Reason, String)> {
    let why: Why = deployments.why(ID, what).await.unwrap();
    let causes = why.about.into_iter().flat_map(|about| about.causes);
    causes.map(|cause| (cause.reason, cause.text)).collect()
}

#[tokio::test]
async fn reasons_lead_to_the_target_the_holder_and_the_tries() {
    let (store, world, _) = troubled().await;
    let deployments = Deployments::new(store.clone());
    let text = |all: &[(Reason, String)], at: usize| all[at].1.clone();
    let north = reasons(&deployments, "web[\"north\"]").await;
    assert_eq!(north[0].0, Reason::Target);
    assert!(text(&north, 0).starts_with("`north` does not answer: "), "{north:?}");
    assert_eq!(north[0], reasons(&deployments, "north").await[0]);
    let east = reasons(&deployments, "web[\"east\"]").await;
    assert_eq!(text(&east, 0), "it needs config[\"east\"], which failed");
    assert_eq!(text(&east, 1), "another manager holds it");
    assert!(text(&east, 2).starts_with("somebody else holds what is to be changed"), "{east:?}");
    assert_eq!(east.last().unwrap().0, Reason::Request);
    // All of a node: one for each cluster.
    assert_eq!(deployments.why(ID, "web").await.unwrap().about.len(), 3);
    // What was tried in vain, and given up.
    let busy = Failure::new(Class::Transient, "too many requests");
    world.faults.lock().unwrap().insert("config[\"west\"]".into(), vec![busy; 9]);
    let runtime = runtime(store.clone(), &world);
    let summary = deploy(&runtime, plan("changed"), &CLUSTERS).await.unwrap();
    assert_eq!(summary.outcome, Outcome::Partial);
    let west = reasons(&deployments, "config[\"west\"]").await;
    assert_eq!(west[0], (Reason::Failure, "too many requests".to_owned()));
    assert!(text(&west, 1).contains("was given up after"), "{west:?}");
    assert!(west.iter().any(|(reason, _)| *reason == Reason::Plan), "{west:?}");
    assert!(text(&west, west.len() - 1).contains("revision 2"), "{west:?}");
}

#[tokio::test]
async fn an_export_holds_all_that_is_asked_for() {
    let (store, ..) = troubled().await;
    let deployments = Deployments::new(store.clone());
    let mut bytes = Vec::new();
    deployments.archive(ID).await.unwrap().write(&mut bytes).unwrap();
    let archive = Arc::new(Archive::from_bytes(&bytes).unwrap());
    assert_eq!((archive.name(), archive.id()), ("sample", ID));
    let other = Deployments::new(archive.clone());
    let told = deployments.history(ID).await.unwrap();
    assert_eq!(other.history(ID).await.unwrap(), told);
    let (status, _) = deployments.status(ID).await.unwrap();
    assert_eq!(status.state, Standing::Partial);
    assert_eq!(other.status(ID).await.unwrap().0, status);
    for what in ["web", "config", "space", "registry", "summary", "north"] {
        let own = deployments.why(ID, what).await.unwrap();
        assert_eq!(other.why(ID, what).await.unwrap(), own, "{what}");
    }
    for digest in told.iter().flat_map(|one| one.event.blobs()) {
        assert!(archive.blob(digest).await.unwrap().is_some(), "{digest}");
    }
    // The same once more, byte for byte.
    let mut again = Vec::new();
    other.archive(ID).await.unwrap().write(&mut again).unwrap();
    assert_eq!(again, bytes);
    // Nothing is added to it.
    assert!(archive.put_blob(Vec::new()).await.is_err());
    let append = bp_journal::Append { stream: format!("deployment/{ID}"), ..Default::default() };
    assert!(archive.append(append).await.is_err());
    assert!(bp_driver::verify(archive).await.unwrap().flaws.is_empty());
}

/// Any byte that is changed is noticed.
#[tokio::test]
async fn no_byte_of_an_export_is_changed_unnoticed() {
    let (store, ..) = troubled().await;
    let mut bytes = Vec::new();
    Deployments::new(store).archive(ID).await.unwrap().write(&mut bytes).unwrap();
    for at in (0..bytes.len()).step_by(bytes.len() / 500 + 1) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(Archive::from_bytes(&changed).is_err(), "byte {at}");
        if at > 0 {
            assert!(Archive::from_bytes(&bytes[..at]).is_err(), "the first {at} bytes");
        }
    }
}
