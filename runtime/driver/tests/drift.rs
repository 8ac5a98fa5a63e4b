//! What others have changed: it is found, field by field or because it is gone, and made as it was applied, each
//! once, also where the process dies before or after any append.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bp_driver::drift::{drifted, is_ill};
use bp_driver::{Deployments, DriverError};
use bp_engine::event::Outcome;
use bp_engine::outlook::{Action, Shown};
use bp_engine::status::Standing;
use bp_journal::{MemoryStore, Store as _};
use bp_provider::{Class, Failure};
use common::lives::{Calls, lives, runtime_of, telling};
use common::{Dying, ID, World, control, deploy, plan, plan_with, runtime};
use serde_json::json;

const CLUSTERS: [&str; 2] = ["east", "west"];

async fn deployed() -> (Arc<MemoryStore>, Arc<World>) {
    let (store, world) = (Arc::new(MemoryStore::new()), Arc::new(World::default()));
    let done = deploy(&runtime(store.clone(), &world), plan("hello"), &CLUSTERS).await.unwrap();
    assert_eq!(done.outcome, Outcome::Done);
    (store, world)
}

fn at(target: &str, instance: &str) -> (String, String) {
    (target.to_owned(), instance.to_owned())
}

/// Others set a property of an object.
fn tamper(world: &World, target: &str, instance: &str) {
    let mut objects = world.objects.lock().unwrap();
    let object = objects.get_mut(&at(target, instance)).unwrap();
    let first = object.properties.keys().next().unwrap().clone();
    object.properties.insert(first, json!("by others"));
}

/// What is in the journal: how many events of each stream.
async fn written(store: &MemoryStore) -> Vec<(String, u64)> {
    store.streams("").await.unwrap()
}

/// The effects since, without their keys.
fn since(world: &World, before: usize) -> Vec<String> {
    let all = world.effects();
    all[before..].iter().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

#[tokio::test]
async fn where_nothing_has_drifted_nothing_is_written() {
    let (store, world) = deployed().await;
    let (before, effects) = (written(&store).await, world.effects());
    let calls = world.calls.load(Ordering::Relaxed);
    let runtime = runtime(store.clone(), &world);
    let outlook = runtime.drift(ID, &[]).await.unwrap().outlook;
    assert!(outlook.is_empty() && !outlook.nodes.is_empty(), "{outlook:?}");
    let looked = world.calls.load(Ordering::Relaxed) - calls;
    assert!(looked >= outlook.nodes.len(), "{looked} calls for {} nodes", outlook.nodes.len());
    assert!(runtime.heal(ID, &[], control()).await.unwrap().1.is_none());
    assert_eq!((written(&store).await, world.effects()), (before, effects));
}

/// Who is asked to come later comes later, and gives up at some time.
#[tokio::test]
async fn who_looks_waits_as_long_as_is_asked() {
    let (store, world) = deployed().await;
    let runtime = runtime(store.clone(), &world);
    world.later.store(2, Ordering::SeqCst);
    let outlook = runtime.drift(ID, &[]).await.unwrap().outlook;
    assert!(outlook.is_complete() && outlook.is_empty(), "{outlook:?}");
    assert_eq!(world.later.load(Ordering::SeqCst), 0);
    world.later.store(1_000, Ordering::SeqCst);
    let outlook = runtime.drift(ID, &["config".to_owned()]).await.unwrap().outlook;
    assert!(!outlook.is_complete(), "{outlook:?}");
    assert_eq!(outlook.nodes[0].reason.as_deref(), Some("too many requests"));
    world.later.store(2, Ordering::SeqCst);
    let looked = runtime.health(ID, &[]).await.unwrap();
    assert!(looked.outlook.nodes.iter().all(|node| !is_ill(node)), "{:?}", looked.outlook);
}

#[tokio::test]
async fn what_was_changed_or_deleted_is_made_as_it_was_applied() {
    let (store, world) = deployed().await;
    let (content, effects) = (world.content(), world.effects().len());
    tamper(&world, "east", "config[\"east\"]");
    world.objects.lock().unwrap().remove(&at("west", "web[\"west\"]"));
    let runtime = runtime(store.clone(), &world);
    let outlook = runtime.drift(ID, &[]).await.unwrap().outlook;
    let found: Vec<String> = drifted(&outlook).map(|one| one.instance).collect();
    assert_eq!(found, ["config[\"east\"]", "web[\"west\"]"]);
    let gone = outlook.nodes.iter().find(|node| node.id == "web[\"west\"]").unwrap();
    assert_eq!(gone.action, Action::Create);
    // Only what was named.
    let (_, named) = runtime.heal(ID, &["web".to_owned()], control()).await.unwrap();
    assert_eq!(named.unwrap().outcome, Outcome::Done);
    assert_eq!(since(&world, effects), ["create web[\"west\"]@west"]);
    let (_, rest) = runtime.heal(ID, &[], control()).await.unwrap();
    assert_eq!(rest.unwrap().outcome, Outcome::Done);
    assert_eq!(since(&world, effects)[1..], ["update config[\"east\"]@east"]);
    assert_eq!(world.content(), content);
    assert!(runtime.heal(ID, &[], control()).await.unwrap().1.is_none());
    let status = Deployments::new(store).status(ID).await.unwrap().0;
    assert_eq!(status.state, Standing::Deployed);
}

async fn die_everywhere(writes_last: bool) {
    let mut deaths = 0;
    for dies_at in 0.. {
        let (store, world) = deployed().await;
        let (content, effects) = (world.content(), world.effects().len());
        tamper(&world, "east", "config[\"east\"]");
        world.objects.lock().unwrap().remove(&at("west", "web[\"west\"]"));
        let dying = Arc::new(Dying::new(store.clone(), dies_at, writes_last));
        let first = runtime(dying.clone(), &world).heal(ID, &[], control()).await;
        let is_over = dying.appends() <= dies_at;
        if is_over {
            assert_eq!(first.unwrap().1.unwrap().outcome, Outcome::Done);
        } else {
            deaths += 1;
            let alive = runtime(store.clone(), &world);
            // What was asked for goes on; where nothing was yet, it is asked again.
            assert_eq!(alive.resume(ID, control()).await.unwrap().outcome, Outcome::Done);
            let _ = alive.heal(ID, &[], control()).await.unwrap();
        }
        let mut healed = since(&world, effects);
        healed.sort();
        let expected = ["create web[\"west\"]@west", "update config[\"east\"]@east"];
        assert_eq!(healed, expected, "after a death at append {dies_at}");
        assert_eq!(world.content(), content);
        if is_over {
            break;
        }
    }
    assert!(deaths > 5, "only {deaths} appends");
}

#[tokio::test]
async fn death_before_each_append() {
    die_everywhere(false).await;
}

#[tokio::test]
async fn death_after_each_append() {
    die_everywhere(true).await;
}

#[tokio::test]
async fn what_fails_to_be_healed_is_told_and_gone_on_with() {
    let (store, world) = deployed().await;
    let (content, effects) = (world.content(), world.effects().len());
    tamper(&world, "east", "config[\"east\"]");
    let refused = Failure::new(Class::Permanent, "no room");
    world.faults.lock().unwrap().insert("config[\"east\"]".to_owned(), vec![refused]);
    let runtime = runtime(store.clone(), &world);
    let (_, failed) = runtime.heal(ID, &[], control()).await.unwrap();
    assert_ne!(failed.unwrap().outcome, Outcome::Done);
    let status = Deployments::new(store.clone()).status(ID).await.unwrap().0;
    assert_ne!(status.state, Standing::Deployed);
    assert_eq!(runtime.resume(ID, control()).await.unwrap().outcome, Outcome::Done);
    assert_eq!(since(&world, effects), ["update config[\"east\"]@east"]);
    assert_eq!(world.content(), content);
}

#[tokio::test]
async fn a_provider_s_part_of_a_life_is_healed_and_what_follows_it() {
    let (store, world) = (Arc::new(MemoryStore::new()), Arc::new(World::default()));
    let calls = Arc::new(Calls::default());
    let runtime = runtime_of(store.clone(), &world, &calls);
    let _ = deploy(&runtime, lives("hello"), &[]).await.unwrap();
    let (made, effects) = (calls.made().len(), world.effects().len());
    world.objects.lock().unwrap().remove(&at("", "web"));
    let (_, healed) = runtime.heal(ID, &[], control()).await.unwrap();
    assert_eq!(healed.unwrap().outcome, Outcome::Done);
    assert_eq!(since(&world, effects), ["create web@"]);
    let again: Vec<String> = calls.made()[made..]
        .iter()
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(again, ["web configure.establish_target", "web lifecycle.poststart"]);
    assert!(runtime.heal(ID, &[], control()).await.unwrap().1.is_none());
    // Of what only operations keep, nobody is asked, and it is not said to be as it was.
    for looked in [runtime.drift(ID, &[]).await.unwrap(), runtime.health(ID, &[]).await.unwrap()] {
        let asked: Vec<&str> = looked.outlook.nodes.iter().map(|node| node.id.as_str()).collect();
        assert_eq!(
            (asked.as_slice(), looked.unasked.as_slice()),
            (&["web"][..], &["base".to_owned(), "late".to_owned()][..])
        );
    }
}

/// What was called since, without arguments.
fn called_since(calls: &Calls, before: usize) -> Vec<String> {
    let words = |line: &String| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    calls.made()[before..].iter().map(words).collect()
}

async fn telling_deployed() -> (Arc<MemoryStore>, Arc<World>, Arc<Calls>) {
    let (store, world) = (Arc::new(MemoryStore::new()), Arc::new(World::default()));
    let calls = Arc::new(Calls::default());
    let runtime = runtime_of(store.clone(), &world, &calls);
    let done = deploy(&runtime, telling("hello"), &[]).await.unwrap();
    assert_eq!(done.outcome, Outcome::Done);
    (store, world, calls)
}

#[tokio::test]
async fn what_only_operations_keep_is_asked_by_its_own() {
    let (store, world, calls) = telling_deployed().await;
    let runtime = runtime_of(store.clone(), &world, &calls);
    let before = (written(&store).await, calls.made());
    let looked = runtime.drift(ID, &[]).await.unwrap();
    assert!(looked.outlook.is_empty() && looked.unasked.is_empty(), "{:?}", looked.outlook);
    assert_eq!(looked.outlook.nodes.len(), 3);
    assert_eq!(*calls.looks.lock().unwrap(), 2);
    // Only who is named is asked.
    let _ = runtime.drift(ID, &["late".to_owned()]).await.unwrap();
    assert_eq!(*calls.looks.lock().unwrap(), 3);
    let told = [
        (json!({ "state": "absent" }), Action::Create, Some("absent"), None),
        (json!({ "state": "created" }), Action::Change, Some("created"), None),
        (json!({ "state": "up" }), Action::Held, None, Some("does not tell its `state`")),
        (json!(null), Action::Held, None, Some("does not tell its `state`")),
    ];
    for (told, action, live, why) in told {
        calls.told.lock().unwrap().insert("base".to_owned(), told);
        let outlook = runtime.drift(ID, &[]).await.unwrap().outlook;
        let base = outlook.nodes.iter().find(|node| node.id == "base").unwrap();
        assert_eq!(base.action, action, "{base:?}");
        let shown: Vec<_> = base.fields.iter().map(|f| (f.path.as_str(), &f.live)).collect();
        let live = live.map(|live| Some(Shown::Value(json!(live))));
        assert_eq!(shown, live.iter().map(|live| ("state", live)).collect::<Vec<_>>());
        assert_eq!(base.reason.is_some(), why.is_some(), "{base:?}");
        assert!(base.reason.iter().all(|reason| reason.contains(why.unwrap())), "{base:?}");
        // How it is, and whether that is what was applied, is one question here.
        let health = runtime.health(ID, &[]).await.unwrap().outlook;
        let ill: Vec<&str> =
            health.nodes.iter().filter(|node| is_ill(node)).map(|node| node.id.as_str()).collect();
        assert_eq!(ill, ["base"]);
    }
    calls.fail("base lifecycle.observe", Failure::new(Class::Transient, "no such host"));
    let outlook = runtime.drift(ID, &["base".to_owned()]).await.unwrap().outlook;
    let reason = outlook.nodes[0].reason.as_deref().unwrap();
    assert!(reason.contains("`lifecycle.observe`: no such host"), "{reason}");
    assert_eq!(outlook.nodes[0].action, Action::Held);
    assert_eq!((written(&store).await, calls.made()), before);
}

/// What was lost is called again, from there on, whatever dies meanwhile.
async fn lost_and_healed(told: &str, expected: &[&str]) {
    let mut deaths = 0;
    for (dies_at, writes_last) in (0..).flat_map(|at| [(at, false), (at, true)]) {
        let (store, world, calls) = telling_deployed().await;
        let (made, effects) = (calls.made().len(), world.effects());
        let lost = json!({ "state": told });
        calls.told.lock().unwrap().insert("base".to_owned(), lost);
        let dying = Arc::new(Dying::new(store.clone(), dies_at, writes_last));
        let first = runtime_of(dying.clone(), &world, &calls).heal(ID, &[], control()).await;
        let is_over = dying.appends() <= dies_at;
        let alive = runtime_of(store.clone(), &world, &calls);
        if is_over {
            assert_eq!(first.unwrap().1.unwrap().outcome, Outcome::Done);
        } else {
            deaths += 1;
            assert_eq!(alive.resume(ID, control()).await.unwrap().outcome, Outcome::Done);
            let _ = alive.heal(ID, &[], control()).await.unwrap();
        }
        assert_eq!(called_since(&calls, made), expected, "after a death at append {dies_at}");
        assert_eq!(world.effects(), effects);
        assert!(alive.drift(ID, &[]).await.unwrap().outlook.is_empty());
        assert!(alive.heal(ID, &[], control()).await.unwrap().1.is_none());
        // It is looked at once; later runs do not ask again.
        let before = calls.made().len();
        let _ = deploy(&alive, telling("hello"), &[]).await.unwrap();
        assert_eq!(called_since(&calls, before), [""; 0]);
        if is_over {
            break;
        }
    }
    assert!(deaths > 5, "only {deaths} appends");
}

#[tokio::test]
async fn what_is_absent_is_made_again_once() {
    let all = ["base lifecycle.observe", "base lifecycle.create", "base lifecycle.start"];
    lost_and_healed("absent", &all).await;
}

#[tokio::test]
async fn what_only_stands_still_is_started_again_once() {
    lost_and_healed("created", &["base lifecycle.observe", "base lifecycle.start"]).await;
}

/// It could not be made again: that is no "all is well", and the next try looks again.
#[tokio::test]
async fn what_could_not_be_made_again_is_ill_and_tried_again() {
    let (store, world, calls) = telling_deployed().await;
    let runtime = runtime_of(store.clone(), &world, &calls);
    let tell = |state: &str| {
        calls.told.lock().unwrap().insert("base".to_owned(), json!({ "state": state }));
    };
    tell("created");
    calls.fail("base lifecycle.start", Failure::new(Class::Permanent, "no room"));
    let (_, failed) = runtime.heal(ID, &[], control()).await.unwrap();
    assert_eq!(failed.unwrap().outcome, Outcome::Failed);
    tell("absent");
    let drift = runtime.drift(ID, &["base".to_owned()]).await.unwrap();
    let (outlook, unasked) = (drift.outlook, drift.unasked);
    assert!(!outlook.is_complete() && unasked.is_empty(), "{outlook:?}");
    let health = runtime.health(ID, &["base".to_owned()]).await.unwrap();
    assert!(health.outlook.nodes.iter().all(is_ill) && health.outlook.nodes.len() == 1);
    let made = calls.made().len();
    assert_eq!(runtime.retry(ID, &[], control()).await.unwrap().outcome, Outcome::Done);
    let again = ["base lifecycle.observe", "base lifecycle.create", "base lifecycle.start"];
    assert_eq!(called_since(&calls, made), again);
    assert!(runtime.drift(ID, &[]).await.unwrap().outlook.is_empty());
}

/// What tells nothing in the run does not count as healed.
#[tokio::test]
async fn what_does_not_tell_is_not_healed() {
    let (store, world, calls) = telling_deployed().await;
    let tell = |told: serde_json::Value| {
        calls.told.lock().unwrap().insert("base".to_owned(), told);
    };
    tell(json!({ "state": "absent" }));
    let dying = Arc::new(Dying::new(store.clone(), 2, true));
    let _ = runtime_of(dying, &world, &calls).heal(ID, &[], control()).await;
    tell(json!({ "state": "up" }));
    let alive = runtime_of(store.clone(), &world, &calls);
    assert_eq!(alive.resume(ID, control()).await.unwrap().outcome, Outcome::Failed);
    let told = Deployments::new(store.clone()).status(ID).await.unwrap().0;
    let base = told.nodes.iter().find(|node| node.id == "base").unwrap();
    assert!(base.reason.as_deref().unwrap().contains("does not tell its `state`"), "{base:?}");
    tell(json!({ "state": "absent" }));
    let made = calls.made().len();
    assert_eq!(alive.retry(ID, &[], control()).await.unwrap().outcome, Outcome::Done);
    let again = ["base lifecycle.observe", "base lifecycle.create", "base lifecycle.start"];
    assert_eq!(called_since(&calls, made), again);
}

#[tokio::test]
async fn what_came_back_by_itself_meanwhile_is_left_alone() {
    let (store, world, calls) = telling_deployed().await;
    calls.told.lock().unwrap().insert("base".to_owned(), json!({ "state": "absent" }));
    let made = calls.made().len();
    let dying = Arc::new(Dying::new(store.clone(), 2, true));
    let _ = runtime_of(dying, &world, &calls).heal(ID, &[], control()).await;
    calls.told.lock().unwrap().clear();
    let alive = runtime_of(store.clone(), &world, &calls);
    assert_eq!(alive.resume(ID, control()).await.unwrap().outcome, Outcome::Done);
    assert_eq!(called_since(&calls, made), ["base lifecycle.observe"]);
    assert_eq!(alive.drift(ID, &[]).await.unwrap().outlook.nodes.len(), 3);
    assert_eq!(Deployments::new(store).status(ID).await.unwrap().0.state, Standing::Deployed);
}

#[tokio::test]
async fn what_can_t_be_looked_at_is_said() {
    let (store, world) = deployed().await;
    let runtime = runtime(store.clone(), &world);
    let unknown = runtime.drift(ID, &["wep".to_owned()]).await.err().unwrap();
    assert!(
        matches!(unknown, DriverError::NoStep { ref known, .. } if known.contains(&"web".to_owned()))
    );
    world.down.lock().unwrap().insert("west".to_owned());
    let outlook = runtime.drift(ID, &[]).await.unwrap().outlook;
    assert!(!outlook.is_complete());
    assert_eq!(drifted(&outlook).count(), 0);
    assert!(runtime.heal(ID, &[], control()).await.unwrap().1.is_none());
    let none = runtime.drift("nowhere-1", &[]).await.err().unwrap();
    assert!(matches!(none, DriverError::NoDeployment(_)), "{none}");
    world.down.lock().unwrap().clear();
    let _ = runtime.uninstall(ID, control()).await.unwrap();
    let gone = runtime.drift(ID, &[]).await.err().unwrap();
    assert!(matches!(gone, DriverError::NotDeployed(_)), "{gone}");
}

#[tokio::test]
async fn what_was_not_brought_about_yet_has_not_drifted() {
    let (store, world) = deployed().await;
    let effects = world.effects().len();
    let runtime = runtime(store.clone(), &world);
    let refused = Failure::new(Class::Permanent, "no room");
    world.faults.lock().unwrap().insert("config[\"east\"]".to_owned(), vec![refused]);
    let partly = deploy(&runtime, plan("good day"), &CLUSTERS).await.unwrap();
    assert_eq!(partly.outcome, Outcome::Partial);
    let done = since(&world, effects);
    let outlook = runtime.drift(ID, &[]).await.unwrap().outlook;
    assert_eq!(drifted(&outlook).count(), 0);
    let config = outlook.nodes.iter().find(|node| node.id == "config[\"east\"]").unwrap();
    assert!(config.reason.as_deref().unwrap().contains("has not been brought about"), "{config:?}");
    assert!(runtime.heal(ID, &[], control()).await.unwrap().1.is_none());
    assert_eq!(since(&world, effects), done);
}

#[tokio::test]
async fn what_is_protected_is_not_replaced_to_be_healed() {
    let (store, world) = (Arc::new(MemoryStore::new()), Arc::new(World::default()));
    let runtime = runtime(store.clone(), &world);
    let guarded = plan_with("hello", |plan| plan.nodes.get_mut("web").unwrap().protect = true);
    let _ = deploy(&runtime, guarded, &CLUSTERS).await.unwrap();
    let (before, effects) = (written(&store).await, world.effects());
    tamper(&world, "east", "web[\"east\"]");
    world.rigid.lock().unwrap().insert("web[\"east\"]".to_owned());
    let refused = runtime.heal(ID, &[], control()).await.err().unwrap();
    assert!(matches!(refused, DriverError::Unapproved(_)), "{refused}");
    assert_eq!((written(&store).await, world.effects()), (before, effects));
}
