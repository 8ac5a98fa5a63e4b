//! What a person may say about a run: that it pauses and goes on, which steps are tried again, and which
//! count as done.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bp_driver::{Deployments, DriverError, Runtime, Summary};
use bp_engine::event::Outcome;
use bp_engine::status::{NodeStanding, Standing};
use bp_engine::{Event, Status};
use bp_journal::MemoryStore;
use bp_provider::{Class, Failure};
use common::{Dying, ID, World, control, deploy, plan, runtime};

const CLUSTERS: [&str; 2] = ["east", "west"];

fn world() -> (Arc<MemoryStore>, Arc<World>) {
    (Arc::new(MemoryStore::new()), Arc::new(World::default()))
}

async fn status(store: &Arc<MemoryStore>) -> Status {
    Deployments::new(store.clone()).status(ID).await.unwrap().0
}

async fn events(store: &Arc<MemoryStore>) -> Vec<Event> {
    let history = Deployments::new(store.clone()).history(ID).await.unwrap();
    history.into_iter().map(|told| told.event).collect()
}

fn standing(status: &Status, id: &str) -> NodeStanding {
    status.nodes.iter().find(|node| node.id == id).unwrap_or_else(|| panic!("no {id}")).state
}

/// How often each change took effect, without its key.
fn counted(world: &World) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for line in world.effects() {
        let without_key = line.rsplit_once(' ').unwrap().0.to_owned();
        *counted.entry(without_key).or_insert(0) += 1;
    }
    counted
}

fn fails(world: &World, instance: &str, times: usize) {
    let refused = Failure::new(Class::Permanent, "no room");
    world.faults.lock().unwrap().insert(instance.to_owned(), vec![refused; times]);
}

/// A deployment of which `config["west"]` failed: on west nothing that needs it was tried, nor was what
/// needs all.
async fn partly(store: &Arc<MemoryStore>, world: &Arc<World>) -> Runtime {
    let runtime = runtime(store.clone(), world);
    fails(world, "config[\"west\"]", 1);
    let failed = deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    assert_eq!(failed.outcome, Outcome::Partial);
    runtime
}

/// Deploys in the background; comes back when the two `web` are under way, which then take long.
async fn under_way(
    store: &Arc<MemoryStore>,
    world: &Arc<World>,
) -> tokio::task::JoinHandle<Result<Summary, DriverError>> {
    let runtime = runtime(store.clone(), world);
    let deploying = tokio::spawn(async move { deploy(&runtime, plan("hello"), &CLUSTERS).await });
    loop {
        tokio::time::sleep(Duration::from_micros(200)).await;
        let mut objects = world.objects.lock().unwrap();
        let mut slow: Vec<_> =
            objects.iter_mut().filter(|((_, instance), _)| instance.starts_with("web")).collect();
        if slow.len() == 2 {
            for (_, object) in &mut slow {
                object.polls = 700;
            }
            return deploying;
        }
    }
}

#[tokio::test]
async fn calls_in_flight_end_and_nothing_more_begins() {
    let (store, world) = world();
    let deploying = under_way(&store, &world).await;
    let other = runtime(store.clone(), &world);
    other.ask_to_pause(ID).await.unwrap();
    let paused = deploying.await.unwrap().unwrap();
    assert!(paused.is_paused, "{paused:?}");
    let stands = status(&store).await;
    let by = stands.paused.as_ref().unwrap();
    assert_eq!(by.by, "operator:test");
    assert!(by.at_ms > 0);
    for (id, is) in [
        ("web[\"east\"]", NodeStanding::Deployed),
        ("web[\"west\"]", NodeStanding::Deployed),
        ("summary", NodeStanding::Waiting),
    ] {
        assert_eq!(standing(&stands, id), is, "{id}");
    }
    let again = other.ask_to_pause(ID).await.unwrap_err();
    assert!(again.to_string().contains("paused already, by operator:test"), "{again}");
    // It waits until a person says so.
    let resumed = other.resume(ID, control()).await.unwrap();
    assert_eq!((resumed.outcome, resumed.is_paused), (Outcome::Done, false));
    assert_eq!(
        (status(&store).await.state, status(&store).await.paused),
        (Standing::Deployed, None)
    );
    assert!(counted(&world).values().all(|times| *times == 1), "{:?}", counted(&world));
    assert_eq!(
        events(&store).await.iter().filter(|e| matches!(e, Event::RunOpened { .. })).count(),
        1
    );
}

#[tokio::test]
async fn the_process_that_runs_it_goes_on_when_it_is_asked_to() {
    let (store, world) = world();
    let deploying = under_way(&store, &world).await;
    let other = runtime(store.clone(), &world);
    other.ask_to_pause(ID).await.unwrap();
    while status(&store).await.paused.is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    other.ask_to_go_on(ID).await.unwrap();
    let ended = deploying.await.unwrap().unwrap();
    assert_eq!((ended.outcome, ended.is_paused), (Outcome::Done, false));
    assert!(counted(&world).values().all(|times| *times == 1), "{:?}", counted(&world));
}

#[tokio::test]
async fn a_call_that_never_ends_holds_up_no_pause() {
    let (store, world) = world();
    world.hangs.lock().unwrap().insert("registry".into());
    let mut runtime = runtime(store.clone(), &world);
    runtime.deadlines.call = Duration::from_millis(100);
    runtime.limits.first_wait_ms = 5_000;
    runtime.limits.longest_wait_ms = 5_000;
    let deploying = runtime.clone();
    let deploying = tokio::spawn(async move { deploy(&deploying, plan("hello"), &CLUSTERS).await });
    while world.effects().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    runtime.ask_to_pause(ID).await.unwrap();
    let paused = deploying.await.unwrap().unwrap();
    assert!(paused.is_paused, "{paused:?}");
    // What came of it is not known, so it is looked at first: it is not made twice.
    let stands = status(&store).await;
    let registry = stands.nodes.iter().find(|node| node.id == "registry").unwrap();
    let reason = registry.reason.as_deref().unwrap_or_default();
    assert!(reason.contains("no reply within 1 s"), "{registry:?}");
    runtime.limits.first_wait_ms = 1;
    assert_eq!(runtime.resume(ID, control()).await.unwrap().outcome, Outcome::Done);
    assert!(counted(&world).values().all(|times| *times == 1), "{:?}", counted(&world));
}

#[tokio::test]
async fn a_run_whose_process_died_is_paused_without_it() {
    let (store, world) = world();
    let dying = Arc::new(Dying::new(store.clone(), 6, true));
    assert!(deploy(&runtime(dying, &world), plan("hello"), &CLUSTERS).await.is_err());
    let other = runtime(store.clone(), &world);
    other.ask_to_pause(ID).await.unwrap();
    assert!(status(&store).await.paused.is_none(), "nobody has taken it");
    other.pause_here(ID).await.unwrap();
    assert!(status(&store).await.paused.is_some());
    // Another plan takes its place.
    let other = deploy(&other, plan("good day"), &CLUSTERS).await.unwrap();
    assert_eq!(other.outcome, Outcome::Done);
    assert_eq!(status(&store).await.paused, None);
}

#[tokio::test]
async fn what_is_not_under_way_is_not_paused() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    let none = runtime.ask_to_pause(ID).await.unwrap_err();
    assert!(matches!(none, DriverError::NoDeployment(_)), "{none}");
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    let none = runtime.ask_to_pause(ID).await.unwrap_err();
    assert!(none.to_string().contains("nothing to pause"), "{none}");
    // Whoever ran it has just ended it.
    runtime.pause_here(ID).await.unwrap();
    assert_eq!(status(&store).await.paused, None);
}

#[tokio::test]
async fn what_failed_is_tried_again_and_nothing_else() {
    let (store, world) = world();
    let runtime = partly(&store, &world).await;
    let before = counted(&world);
    // The last of four tries helps: the budget is a fresh one.
    let busy = Failure::new(Class::Transient, "busy");
    world.faults.lock().unwrap().insert("config[\"west\"]".into(), vec![busy; 3]);
    let retried = runtime.retry(ID, &[], control()).await.unwrap();
    assert_eq!((retried.outcome, retried.revision), (Outcome::Done, 1));
    let after = counted(&world);
    assert!(after.values().all(|times| *times == 1), "{after:?}");
    let new: Vec<&String> = after.keys().filter(|what| !before.contains_key(*what)).collect();
    assert_eq!(
        new,
        ["create config[\"west\"]@west", "create summary@", "create web[\"west\"]@west"]
    );
    let none = runtime.retry(ID, &[], control()).await.unwrap_err();
    assert!(none.to_string().contains("nothing to try again"), "{none}");
}

#[tokio::test]
async fn only_the_named_steps_are_tried_again_with_what_needs_them() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    fails(&world, "config[\"west\"]", 1);
    fails(&world, "config[\"east\"]", 1);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    let named = ["config[\"east\"]".to_owned()];
    let retried = runtime.retry(ID, &named, control()).await.unwrap();
    assert_eq!(retried.outcome, Outcome::Partial);
    let stands = status(&store).await;
    assert_eq!(standing(&stands, "web[\"east\"]"), NodeStanding::Deployed);
    assert_eq!(standing(&stands, "config[\"west\"]"), NodeStanding::Failed);
    assert_eq!(standing(&stands, "web[\"west\"]"), NodeStanding::NotTried);
    // A node stands for all of its instances.
    let retried = runtime.retry(ID, &["config".to_owned()], control()).await.unwrap();
    assert_eq!(retried.outcome, Outcome::Done);
    assert!(counted(&world).values().all(|times| *times == 1), "{:?}", counted(&world));
}

#[tokio::test]
async fn steps_that_can_t_be_tried_again_are_told() {
    let (store, world) = world();
    let runtime = partly(&store, &world).await;
    let before = events(&store).await.len();
    let why = runtime.retry(ID, &["confg".to_owned()], control()).await.unwrap_err();
    assert!(
        matches!(&why, DriverError::NoStep { known, .. } if known.contains(&"config".to_owned())),
        "{why}"
    );
    let done = runtime.retry(ID, &["registry".to_owned()], control()).await.unwrap_err();
    assert!(done.to_string().contains("`registry` is done"), "{done}");
    assert_eq!(events(&store).await.len(), before, "what is refused is not asked for");
}

#[tokio::test]
async fn what_depends_on_a_skipped_step_goes_on() {
    let (store, world) = world();
    let runtime = partly(&store, &world).await;
    let why = "west has its own";
    let skipped = runtime.skip(ID, "config[\"west\"]", why, control()).await.unwrap();
    assert_eq!(skipped.outcome, Outcome::Done);
    assert!(world.there().contains(&"web[\"west\"]@west".to_owned()), "{:?}", world.there());
    assert!(!world.there().contains(&"config[\"west\"]@west".to_owned()));
    let stands = status(&store).await;
    assert_eq!(stands.state, Standing::Deployed);
    let node = stands.nodes.iter().find(|node| node.id == "config[\"west\"]").unwrap();
    assert_eq!(node.state, NodeStanding::Skipped);
    let told = node.skipped.as_ref().unwrap();
    assert_eq!((told.why.as_str(), told.by.as_str()), (why, "operator:test"));
    assert_eq!(node.reason.as_deref(), Some("skipped by operator:test: west has its own"));
    let events = events(&store).await;
    assert!(events.iter().any(|e| matches!(e, Event::StepsSkipped { why: w, .. } if w == why)));

    // Named, it is tried again; and in another revision by itself.
    let named = ["config[\"west\"]".to_owned()];
    assert!(runtime.retry(ID, &[], control()).await.is_err());
    let retried = runtime.retry(ID, &named, control()).await.unwrap();
    assert_eq!(retried.outcome, Outcome::Done);
    assert_eq!(standing(&status(&store).await, "config[\"west\"]"), NodeStanding::Deployed);
    assert!(counted(&world).values().all(|times| *times == 1), "{:?}", counted(&world));
}

#[tokio::test]
async fn another_revision_tries_what_was_skipped() {
    let (store, world) = world();
    let runtime = partly(&store, &world).await;
    runtime.skip(ID, "config", "not today", control()).await.unwrap();
    // What else is as it was is still skipped by whoever goes on.
    assert_eq!(runtime.resume(ID, control()).await.unwrap().run, None);
    let again = deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    assert_eq!((again.outcome, again.revision), (Outcome::Done, 2));
    assert!(world.there().contains(&"config[\"west\"]@west".to_owned()));
}

#[tokio::test]
async fn what_reads_a_skipped_step_is_not_tried() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    fails(&world, "space[\"west\"]", 1);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    let skipped = runtime.skip(ID, "space[\"west\"]", "it is there", control()).await.unwrap();
    assert_eq!(skipped.outcome, Outcome::Partial);
    let stands = status(&store).await;
    assert_eq!(standing(&stands, "config[\"west\"]"), NodeStanding::NotTried);
    assert_eq!(standing(&stands, "config[\"east\"]"), NodeStanding::Deployed);
}

#[tokio::test]
async fn a_removal_that_fails_can_be_skipped() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    fails(&world, "config[\"west\"]", 1);
    assert_eq!(runtime.uninstall(ID, control()).await.unwrap().outcome, Outcome::Partial);
    let skipped = runtime.skip(ID, "config[\"west\"]", "it stays", control()).await.unwrap();
    assert_eq!(skipped.outcome, Outcome::Done);
    assert_eq!(world.there(), ["config[\"west\"]@west"]);
    // Whoever removes all once more removes it, too.
    assert_eq!(runtime.uninstall(ID, control()).await.unwrap().outcome, Outcome::Done);
    assert!(world.there().is_empty());
}

#[tokio::test]
async fn what_else_failed_is_left_by_a_skip() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    fails(&world, "config[\"west\"]", 1);
    fails(&world, "config[\"east\"]", 1);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    let skipped = runtime.skip(ID, "config[\"west\"]", "later", control()).await.unwrap();
    assert_eq!(skipped.outcome, Outcome::Partial);
    let stands = status(&store).await;
    assert_eq!(standing(&stands, "web[\"west\"]"), NodeStanding::Deployed);
    assert_eq!(standing(&stands, "config[\"east\"]"), NodeStanding::Failed);
    assert_eq!(runtime.resume(ID, control()).await.unwrap().outcome, Outcome::Done);
    assert_eq!(standing(&status(&store).await, "config[\"west\"]"), NodeStanding::Skipped);
}

#[tokio::test]
async fn steps_that_can_t_be_skipped_are_told() {
    let (store, world) = world();
    let runtime = partly(&store, &world).await;
    let before = events(&store).await.len();
    let skip = async |step: &str, why: &str| {
        runtime.skip(ID, step, why, control()).await.unwrap_err().to_string()
    };
    assert!(skip("registry", "so").await.contains("`registry` is done: it can't be skipped"));
    assert!(skip("web[\"wset\"]", "so").await.contains("no step `web[\"wset\"]`"));
    assert!(skip("config", " ").await.contains("why `config` is skipped is not said"));
    assert_eq!(events(&store).await.len(), before, "what is refused is not asked for");
}

#[tokio::test]
async fn a_step_in_flight_is_not_skipped() {
    // Somewhere a process dies while a step is under way.
    let mut refused = 0;
    for at in 3..30 {
        let (store, world) = world();
        let dying = Arc::new(Dying::new(store.clone(), at, true));
        let _ = deploy(&runtime(dying, &world), plan("hello"), &CLUSTERS).await;
        let other = runtime(store.clone(), &world);
        let stands = status(&store).await;
        let flying = stands.nodes.iter().find(|node| node.state == NodeStanding::Deploying);
        let Some(flying) = flying else { continue };
        let why = other.skip(ID, &flying.id, "it takes long", control()).await.unwrap_err();
        assert!(matches!(why, DriverError::StepUnderWay { .. }), "{why}");
        refused += 1;
    }
    assert!(refused > 3, "only {refused}");
}

/// Does something with a death at every append in turn, and goes on by `resume`.
async fn die_everywhere(is_skip: bool, writes_last: bool) {
    for at in 0.. {
        let (store, world) = world();
        let alive = partly(&store, &world).await;
        let dying = Arc::new(Dying::new(store.clone(), at, writes_last));
        let dead = runtime(dying.clone(), &world);
        let named = ["config[\"west\"]".to_owned()];
        let first = if is_skip {
            dead.skip(ID, "config", "so", control()).await
        } else {
            dead.retry(ID, &named, control()).await
        };
        if dying.appends() <= at {
            assert!(at > 3, "only {at} appends");
            assert_eq!(first.unwrap().outcome, Outcome::Done);
            break;
        }
        assert!(first.is_err(), "it died at append {at}");
        let resumed = alive.resume(ID, control()).await.unwrap();
        assert_eq!(resumed.outcome, Outcome::Done, "died at {at}");
        let is = standing(&status(&store).await, "config[\"west\"]");
        // Where the wish was never written down, it was resumed as it was.
        let was_asked =
            events(&store).await.iter().any(|e| matches!(e, Event::SkipRequested { .. }));
        let wanted = if was_asked { NodeStanding::Skipped } else { NodeStanding::Deployed };
        assert_eq!(is, wanted, "died at {at}");
        assert!(counted(&world).values().all(|times| *times == 1), "{:?}", counted(&world));
    }
}

#[tokio::test]
async fn death_before_each_append() {
    die_everywhere(true, false).await;
    die_everywhere(false, false).await;
}

#[tokio::test]
async fn death_after_each_append() {
    die_everywhere(true, true).await;
    die_everywhere(false, true).await;
}
