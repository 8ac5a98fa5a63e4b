//! Targets that are down, calls that fail, two owners, a person who stops the run.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bp_driver::{Control, Deployments, DriverError, Watcher};
use bp_engine::event::{Event, Outcome};
use bp_engine::status::{NodeStanding, Standing};
use bp_engine::{Status, Stream};
use bp_journal::{Envelope, MemoryStore, StoreError};
use bp_provider::{Class, Failure};
use common::{ID, Nothing, World, control, deploy, inventory, plan, plan_with, runtime};

const CLUSTERS: [&str; 3] = ["east", "north", "west"];

async fn status(store: &Arc<MemoryStore>) -> Status {
    Deployments::new(store.clone()).status(ID).await.unwrap().0
}

fn new() -> (Arc<MemoryStore>, Arc<World>) {
    (Arc::new(MemoryStore::new()), Arc::new(World::default()))
}

/// Something else was begun, and nobody knows whether it came about; the way back did not succeed either. What was
/// applied before all that is not taken for what is there.
#[tokio::test]
async fn what_may_have_become_something_else_is_not_taken_for_what_it_was() {
    let (store, world) = new();
    let instance = "config[\"east\"]";
    let fail = |class, times| {
        let failures = vec![Failure::new(class, "no reply"); times];
        world.faults.lock().unwrap().insert(instance.to_owned(), failures);
    };
    let runtime = runtime(store.clone(), &world);
    let _ = deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    let content = world.content();
    fail(Class::UnknownOutcome, 4);
    let there = deploy(&runtime, plan("good day"), &CLUSTERS).await.unwrap();
    assert_eq!(there.outcome, Outcome::Partial);
    fail(Class::Permanent, 1);
    let back = deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    assert_eq!(back.outcome, Outcome::Partial);
    let told = status(&store).await;
    let node = told.nodes.iter().find(|node| node.id == instance).unwrap();
    assert_eq!(node.state, NodeStanding::Failed, "{node:?}");
    assert_eq!(runtime.resume(ID, control()).await.unwrap().outcome, Outcome::Done);
    assert_eq!(world.content(), content);
}

#[tokio::test]
async fn a_target_that_is_down_holds_up_nobody_else() {
    let (store, world) = new();
    world.down.lock().unwrap().insert("north".into());
    let runtime = runtime(store.clone(), &world);
    let summary = deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    assert_eq!(summary.outcome, Outcome::Partial);
    let told = status(&store).await;
    assert_eq!(told.state, Standing::Partial);
    for target in &told.targets {
        let wanted = match target.name.as_str() {
            "north" => Standing::Failed,
            // Its `summary` needs the web servers everywhere.
            "local" => Standing::Partial,
            _ => Standing::Deployed,
        };
        assert_eq!(target.state, wanted, "{target:#?}");
    }
    let north = told.targets.iter().find(|t| t.name == "north").unwrap();
    assert_eq!(north.reason.as_deref(), Some("north does not answer"));
    let web = told.nodes.iter().find(|n| n.id == "web[\"north\"]").unwrap();
    assert_eq!(web.state, NodeStanding::NotTried);
    assert_eq!(web.reason.as_deref(), Some("north does not answer"));
    let summary_node = told.nodes.iter().find(|n| n.id == "summary").unwrap();
    assert!(summary_node.reason.as_deref().unwrap().contains("web[\"north\"]"), "{summary_node:?}");

    let before = world.effects();
    world.down.lock().unwrap().clear();
    let resumed = runtime.resume(ID, control()).await.unwrap();
    assert_eq!(resumed.outcome, Outcome::Done);
    let news = world.effects().split_off(before.len());
    assert!(news.iter().all(|line| line.contains("north") || line.contains("summary")), "{news:?}");
    assert_eq!(status(&store).await.state, Standing::Deployed);
    // There is nothing left to go on with.
    let again = runtime.resume(ID, control()).await.unwrap();
    assert_eq!((again.outcome, again.run), (Outcome::Done, None));
}

#[tokio::test]
async fn nothing_at_all_is_done_when_the_only_target_is_down() {
    let (store, world) = new();
    world.down.lock().unwrap().insert("east".into());
    let runtime = runtime(store.clone(), &world);
    let summary = deploy(&runtime, plan("hello"), &["east"]).await.unwrap();
    // What is here was done.
    assert_eq!(summary.outcome, Outcome::Partial);
    let removed = runtime.uninstall(ID, control()).await.unwrap();
    assert_eq!(removed.outcome, Outcome::Done);
    assert!(world.there().is_empty());
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_its_effect_is_not_doubled() {
    let (store, world) = new();
    let lost = Failure::new(Class::UnknownOutcome, "the reply did not come");
    let busy = Failure::new(Class::Transient, "too many requests");
    let faults = [
        ("space[\"east\"]", vec![lost.clone()]),
        ("config[\"west\"]", vec![lost, busy.clone(), busy]),
    ];
    for (instance, faults) in faults {
        world.faults.lock().unwrap().insert(instance.into(), faults);
    }
    let runtime = runtime(store.clone(), &world);
    let summary = deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    assert_eq!(summary.outcome, Outcome::Done);
    let effects = world.effects();
    for instance in ["create space[\"east\"]", "create config[\"west\"]"] {
        assert_eq!(
            effects.iter().filter(|line| line.starts_with(instance)).count(),
            1,
            "{effects:#?}"
        );
    }
    let history = Deployments::new(store.clone()).history(ID).await.unwrap();
    let keys: Vec<&str> = history
        .iter()
        .filter_map(|told| match &told.event {
            Event::StepStarted { instance, key, .. } if instance == "config[\"west\"]" => {
                Some(key.as_str())
            }
            _ => None,
        })
        .collect();
    assert_eq!(keys.len(), 4, "three tries failed");
    assert!(keys.iter().all(|key| *key == keys[0]), "one intended effect has one key: {keys:?}");
}

#[tokio::test]
async fn what_will_not_pass_stops_its_branch_only() {
    let (store, world) = new();
    let refused = Failure {
        property: Some("value".into()),
        ..Failure::new(Class::Permanent, "the value is not allowed").help("take another")
    };
    world.faults.lock().unwrap().insert("config[\"east\"]".into(), vec![refused]);
    let runtime = runtime(store.clone(), &world);
    let summary = deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    assert_eq!(summary.outcome, Outcome::Partial);
    let told = status(&store).await;
    let node = |id: &str| told.nodes.iter().find(|node| node.id == id).unwrap();
    let config = node("config[\"east\"]");
    assert_eq!(config.state, NodeStanding::Failed);
    assert_eq!(config.reason.as_deref(), Some("the value is not allowed"));
    assert_eq!(
        (config.property.as_deref(), config.help.as_deref()),
        (Some("value"), Some("take another"))
    );
    assert_eq!(node("web[\"east\"]").state, NodeStanding::NotTried);
    assert_eq!(node("web[\"west\"]").state, NodeStanding::Deployed);
    let resumed = runtime.resume(ID, control()).await.unwrap();
    assert_eq!(resumed.outcome, Outcome::Done);
}

#[tokio::test]
async fn a_target_that_is_another_one_is_not_touched() {
    let (store, world) = new();
    let runtime = runtime(store.clone(), &world);
    let _ = deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    world.identities.lock().unwrap().insert("east".into(), "a stranger".into());
    let before = world.effects().len();
    let summary = deploy(&runtime, plan("good day"), &CLUSTERS).await.unwrap();
    assert_eq!(summary.outcome, Outcome::Partial);
    assert!(world.effects()[before..].iter().all(|line| !line.contains("east")));
    let told = status(&store).await;
    let east = told.targets.iter().find(|t| t.name == "east").unwrap();
    assert!(east.reason.as_deref().unwrap().contains("not the cluster it was"), "{east:?}");

    // Two names of one cluster: the second is refused.
    let (store, world) = new();
    world.identities.lock().unwrap().insert("east".into(), "one".into());
    world.identities.lock().unwrap().insert("west".into(), "one".into());
    let summary =
        deploy(&common::runtime(store.clone(), &world), plan("hello"), &CLUSTERS).await.unwrap();
    assert_eq!(summary.outcome, Outcome::Partial);
    let told = status(&store).await;
    let reasons: Vec<&str> = told.targets.iter().filter_map(|t| t.reason.as_deref()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("are the same cluster")), "{reasons:?}");
}

/// Starts a second runtime on the deployment as soon as the first has begun a step.
struct Intruder {
    begun: tokio::sync::Notify,
}

impl Watcher for Intruder {
    fn event(&self, _: &Stream, _: &Envelope, event: &Event) {
        if matches!(event, Event::StepStarted { .. }) {
            self.begun.notify_one();
        }
    }
}

#[tokio::test]
async fn of_two_runtimes_one_goes_on_and_the_other_says_why_it_stops() {
    let (store, world) = new();
    let first = runtime(store.clone(), &world);
    let intruder = Arc::new(Intruder { begun: tokio::sync::Notify::new() });
    let (second, watcher) = (first.clone(), intruder.clone());
    let running = tokio::spawn(async move {
        let identity = bp_driver::identity(ID, "sample");
        let prepared = bp_driver::prepare(
            bp_driver::Package::read(plan("hello")).unwrap(),
            std::collections::BTreeMap::default(),
            inventory(&CLUSTERS),
            identity,
            &first.providers,
            &first.executors,
            &Nothing,
        )
        .unwrap();
        let stop = tokio::sync::watch::channel(false).1;
        first.deploy(ID, "sample", "seed", prepared, Control { watcher, stop }).await
    });
    intruder.begun.notified().await;
    let resumed = second.resume(ID, control()).await;
    let ended = running.await.unwrap();
    let results = [resumed.map(|s| s.outcome), ended.map(|s| s.outcome)];
    let won = results.iter().filter(|r| matches!(r, Ok(Outcome::Done))).count();
    let lost = results
        .iter()
        .filter(|r| matches!(r, Err(DriverError::Store(StoreError::Conflict { .. }))))
        .count();
    assert_eq!((won, lost), (1, 1), "{results:?}");
    assert_eq!(status(&store).await.state, Standing::Deployed);
    let effects = world.effects();
    let mut once: Vec<&str> = effects.iter().map(|l| l.rsplit_once(' ').unwrap().0).collect();
    once.sort_unstable();
    let all = once.len();
    once.dedup();
    assert_eq!(once.len(), all, "{effects:#?}");
}

#[tokio::test]
async fn a_run_that_is_stopped_ends_soon_and_can_be_gone_on_with() {
    let (store, world) = new();
    let runtime = runtime(store.clone(), &world);
    let intruder = Arc::new(Intruder { begun: tokio::sync::Notify::new() });
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let (watcher, own) = (intruder.clone(), runtime.clone());
    let running = tokio::spawn(async move {
        let identity = bp_driver::identity(ID, "sample");
        let inventory = inventory(&CLUSTERS);
        let prepared = bp_driver::prepare(
            bp_driver::Package::read(plan("hello")).unwrap(),
            std::collections::BTreeMap::default(),
            inventory,
            identity,
            &own.providers,
            &own.executors,
            &Nothing,
        )
        .unwrap();
        own.deploy(ID, "sample", "seed", prepared, Control { watcher, stop: stopped }).await
    });
    intruder.begun.notified().await;
    stop.send(true).unwrap();
    let summary =
        tokio::time::timeout(Duration::from_secs(5), running).await.unwrap().unwrap().unwrap();
    assert_eq!(summary.outcome, Outcome::Stopped);
    assert_eq!(status(&store).await.state, Standing::Partial);
    let resumed = runtime.resume(ID, control()).await.unwrap();
    assert_eq!(resumed.outcome, Outcome::Done);
    assert_eq!(world.there().len(), 11);
}

#[tokio::test]
async fn what_is_done_at_once_has_a_limit() {
    let (store, world) = new();
    let mut runtime = runtime(store.clone(), &world);
    runtime.limits.at_once = 2;
    let names: Vec<String> = (0..12).map(|i| format!("c{i:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let _ = deploy(&runtime, plan("hello"), &names).await.unwrap();
    let busiest = world.busiest.load(Ordering::SeqCst);
    assert_eq!(busiest, 2);
}

#[tokio::test]
async fn what_one_provider_does_at_once_has_a_limit_of_its_own() {
    let (store, world) = new();
    let mut runtime = runtime(store.clone(), &world);
    runtime.limits.at_once_per_provider.insert("world".into(), 1);
    let names: Vec<String> = (0..12).map(|i| format!("c{i:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let only_quick = plan_with("hello", |plan| {
        plan.nodes.retain(|name, _| ["registry", "space"].contains(&name.as_str()));
        plan.outputs.clear();
    });
    let done = deploy(&runtime, only_quick, &names).await.unwrap();
    assert_eq!((done.outcome, world.there().len()), (Outcome::Done, 13));
    assert_eq!(world.busiest.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_target_with_many_steps_does_not_hold_up_one_with_few() {
    let (store, world) = new();
    let mut runtime = runtime(store.clone(), &world);
    runtime.limits.at_once = 2;
    // Thirty steps here, of which none waits for another, and one on the cluster.
    let many = plan_with("hello", |plan| {
        let here = plan.nodes["registry"].clone();
        plan.nodes.retain(|name, _| name == "space");
        plan.nodes.get_mut("space").unwrap().requirements.retain(|met| met.hosts);
        plan.nodes.extend((0..30).map(|at| (format!("a{at:02}"), here.clone())));
        plan.outputs.clear();
    });
    let done = deploy(&runtime, many, &["east"]).await.unwrap();
    assert_eq!((done.outcome, world.there().len()), (Outcome::Done, 31));
    let effects = world.effects();
    let place = effects.iter().position(|line| line.starts_with("create space")).unwrap();
    assert!(place < 6, "{effects:#?}");
}

#[tokio::test]
async fn a_target_that_asks_for_time_gets_less_at_once() {
    let (store, world) = new();
    let mut runtime = runtime(store.clone(), &world);
    runtime.limits.at_once_per_target = 8;
    let eight = plan_with("hello", |plan| {
        let space = plan.nodes["space"].clone();
        plan.nodes.retain(|name, _| name == "registry");
        plan.outputs.clear();
        plan.nodes.extend((0..8).map(|at| (format!("s{at}"), space.clone())));
    });
    let busy = Failure::new(Class::Transient, "too many requests");
    let busy = Failure { retry_after: Some(Duration::from_millis(1)), ..busy };
    for at in 0..8 {
        let instance = format!("s{at}[\"east\"]");
        world.faults.lock().unwrap().insert(instance, vec![busy.clone()]);
    }
    let done = deploy(&runtime, eight, &["east"]).await.unwrap();
    assert_eq!((done.outcome, world.there().len()), (Outcome::Done, 9));
    // Half of the eight, and one more once four of them went well.
    let busiest = world.busiest.load(Ordering::SeqCst);
    assert!((1..=5).contains(&busiest), "{busiest} at once");
}

#[tokio::test]
async fn a_selection_that_takes_nothing_is_refused_before_anything_is_written() {
    let (store, world) = new();
    let runtime = runtime(store.clone(), &world);
    let error = deploy(&runtime, plan("hello"), &["-east"]).await.unwrap_err();
    let DriverError::Refused { problems, .. } = error else { panic!("{error}") };
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert!(problems[0].message.contains("`demo` wants 1 or more"), "{problems:#?}");
    let help = problems[0].help.as_deref().unwrap();
    assert!(help.contains("`east`: its labels.tier is \"prod\", not \"demo\""), "{help}");
    assert!(Deployments::new(store).ids().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_older_program_refuses_a_newer_journal_and_harms_nothing() {
    use bp_journal::{Append, NewEvent, Store as _};
    let (store, world) = new();
    let runtime = runtime(store.clone(), &world);
    let _ = deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    let stream = format!("deployment/{ID}");
    let expected = store.read(&stream, 0).await.unwrap().len() as u64;
    let event = NewEvent {
        kind: "dreamt".into(),
        version: 9,
        epoch: 9,
        actor: "tomorrow".into(),
        run: None,
        cause: None,
        payload: "{}".into(),
    };
    store
        .append(Append { stream, expected, events: vec![event], ..Append::default() })
        .await
        .unwrap();
    let before = world.effects();
    let error = runtime.uninstall(ID, control()).await.unwrap_err();
    assert!(error.to_string().contains("newer"), "{error}");
    assert_eq!(world.effects(), before);
}

#[tokio::test]
async fn what_an_earlier_revision_left_is_told_as_that() {
    let (store, world) = new();
    let runtime = runtime(store.clone(), &world);
    let _ = deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    world.down.lock().unwrap().insert("north".into());
    let summary = deploy(&runtime, plan("good day"), &CLUSTERS).await.unwrap();
    assert_eq!(summary.outcome, Outcome::Partial);
    let told = status(&store).await;
    let node = |id: &str| told.nodes.iter().find(|node| node.id == id).unwrap();
    assert_eq!(node("config[\"north\"]").state, NodeStanding::Outdated);
    assert_eq!(node("config[\"north\"]").reason.as_deref(), Some("north does not answer"));
    assert_eq!(node("config[\"east\"]").state, NodeStanding::Deployed);
    assert_eq!(node("space[\"north\"]").state, NodeStanding::Deployed);
    let revisions: Vec<(&str, Option<u64>)> =
        told.targets.iter().map(|t| (t.name.as_str(), t.revision)).collect();
    assert_eq!(
        revisions,
        [("east", Some(2)), ("local", Some(1)), ("north", Some(1)), ("west", Some(2))]
    );
    world.down.lock().unwrap().clear();
    assert_eq!(runtime.resume(ID, control()).await.unwrap().outcome, Outcome::Done);
    assert!(status(&store).await.nodes.iter().all(|node| node.state == NodeStanding::Deployed));
}
