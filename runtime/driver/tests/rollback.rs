//! The way back: a rollback converges to what an earlier revision wanted, does nothing else, and survives a
//! death at every append.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_driver::{Deployments, DriverError, Runtime, Summary};
use bp_engine::back::NoWayBack;
use bp_engine::event::Outcome;
use bp_engine::status::Standing;
use bp_engine::{Event, Terms};
use bp_journal::MemoryStore;
use bp_plan::Expr;
use bp_provider::{Class, Failure};
use common::{Dying, ID, World, control, deploy, inventory, plan, plan_with, prepared, runtime};

const CLUSTERS: [&str; 2] = ["east", "west"];

fn world() -> (Arc<MemoryStore>, Arc<World>) {
    (Arc::new(MemoryStore::new()), Arc::new(World::default()))
}

async fn rollback(runtime: &Runtime, to: Option<u64>) -> Result<Summary, DriverError> {
    runtime.rollback(ID, to, Terms::default(), control()).await
}

/// How often each change took effect since this one, without its key.
fn since(world: &World, from: usize) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for line in world.effects().split_off(from) {
        let without_key = line.rsplit_once(' ').unwrap().0.to_owned();
        *counted.entry(without_key).or_insert(0) += 1;
    }
    counted
}

/// The other plan: another greeting, a node more, a node less.
fn other() -> Vec<u8> {
    plan_with("good day", |plan| {
        let mut more = plan.nodes["summary"].clone();
        more.properties.get_mut("value").unwrap().value = Expr::string("more");
        plan.nodes.insert("more".into(), more);
        plan.nodes.remove("summary");
    })
}

#[tokio::test]
async fn what_a_healthy_revision_wanted_is_there_again() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    let first = world.content();
    deploy(&runtime, other(), &CLUSTERS).await.unwrap();
    assert_ne!(world.content(), first);
    let from = world.effects().len();
    let back = rollback(&runtime, None).await.unwrap();
    assert_eq!((back.outcome, back.revision, back.back_to), (Outcome::Done, 3, Some(1)));
    assert_eq!(world.content(), first);
    // Just what differs was touched.
    let done: Vec<String> = since(&world, from).into_keys().collect();
    assert_eq!(
        done,
        [
            "create summary@",
            "delete more@",
            "update config[\"east\"]@east",
            "update config[\"west\"]@west"
        ]
    );
    let (status, _) = Deployments::new(store.clone()).status(ID).await.unwrap();
    assert_eq!((status.state, status.back_to), (Standing::Deployed, Some(1)));
    // Further back there is nothing, and not forth again.
    let why = rollback(&runtime, None).await.unwrap_err();
    assert!(
        matches!(&why, DriverError::NoWayBack { why, .. }
            if *why == NoWayBack::Nothing { newest: 3, back_to: Some(1) }),
        "{why}"
    );
    assert!(why.to_string().contains("nothing to go back to"), "{why}");
    let forth = rollback(&runtime, Some(2)).await.unwrap();
    assert_eq!((forth.outcome, forth.back_to), (Outcome::Done, Some(2)));
    assert_eq!(since(&world, from).len(), 6, "four of them there and back");
}

#[tokio::test]
async fn what_failed_half_way_is_taken_back() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    let first = world.content();
    let refused = Failure::new(Class::Permanent, "no room");
    world.faults.lock().unwrap().insert("config[\"west\"]".into(), vec![refused]);
    let failed = deploy(&runtime, other(), &CLUSTERS).await.unwrap();
    assert_eq!(failed.outcome, Outcome::Partial);
    let back = rollback(&runtime, None).await.unwrap();
    assert_eq!((back.outcome, back.back_to), (Outcome::Done, Some(1)));
    assert_eq!(world.content(), first);
}

#[tokio::test]
async fn all_that_was_removed_comes_back() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    let first = world.content();
    runtime.uninstall(ID, control()).await.unwrap();
    assert!(world.there().is_empty());
    let back = rollback(&runtime, None).await.unwrap();
    assert_eq!((back.outcome, back.back_to), (Outcome::Done, Some(1)));
    assert_eq!(world.content(), first);
    runtime.uninstall(ID, control()).await.unwrap();
    assert!(world.there().is_empty());
    let why = rollback(&runtime, Some(2)).await.unwrap_err();
    assert!(why.to_string().contains("removed all of it"), "{why}");
}

#[tokio::test]
async fn what_a_removal_may_have_taken_is_made_again_however_often_that_fails() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    let first = world.content();
    let refused = || vec![Failure::new(Class::Permanent, "no room")];
    // Its removal is told to have failed, and took it away all the same.
    world.faults.lock().unwrap().insert("config[\"west\"]".into(), refused());
    assert_eq!(runtime.uninstall(ID, control()).await.unwrap().outcome, Outcome::Partial);
    world.objects.lock().unwrap().remove(&("west".to_owned(), "config[\"west\"]".to_owned()));
    // So does what is to make it again.
    world.faults.lock().unwrap().insert("config[\"west\"]".into(), refused());
    assert_eq!(rollback(&runtime, None).await.unwrap().outcome, Outcome::Partial);
    assert_eq!(runtime.resume(ID, control()).await.unwrap().outcome, Outcome::Done);
    assert_eq!(world.content(), first);
}

#[tokio::test]
async fn targets_are_reached_as_is_known_now() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    deploy(&runtime, plan("hello"), &["east"]).await.unwrap();
    // A cluster that the first revision did not know, and one that is reached otherwise now.
    let mut elements = inventory(&["east", "west"]).elements().to_vec();
    elements[0].connection =
        serde_json::json!({ "kubeconfig": { "path": "new", "context": "east" } });
    let now: bp_topology::Inventory = elements.into_iter().collect();
    let both = prepared_with(&runtime, now.clone());
    runtime.deploy(ID, "sample", "seed", both, control()).await.unwrap();
    assert!(world.there().iter().any(|one| one.ends_with("@west")));

    let earlier = runtime.earlier(ID, None).await.unwrap();
    let names = |of: &bp_topology::Inventory| -> Vec<String> {
        of.elements().iter().map(|element| element.name.clone()).collect()
    };
    assert_eq!(names(&earlier.asked.inventory), ["east"]);
    assert_eq!(earlier.asked.inventory.elements()[0].connection, now.elements()[0].connection);
    assert_eq!(names(&earlier.reached_by), ["east", "west"]);
    let back = rollback(&runtime, None).await.unwrap();
    assert_eq!(back.outcome, Outcome::Done);
    assert!(!world.there().iter().any(|one| one.ends_with("@west")), "{:?}", world.there());
    // Whoever removes all of it then reaches them, too.
    let removed = runtime.uninstall(ID, control()).await.unwrap();
    assert_eq!(removed.outcome, Outcome::Done);
    assert!(world.there().is_empty(), "{:?}", world.there());
}

fn prepared_with(runtime: &Runtime, inventory: bp_topology::Inventory) -> bp_driver::Prepared {
    bp_driver::prepare(
        bp_driver::Package::read(plan("hello")).unwrap(),
        BTreeMap::new(),
        inventory,
        bp_driver::identity(ID, "sample"),
        &runtime.providers,
        &runtime.executors,
        &*runtime.secrets,
    )
    .unwrap()
}

#[tokio::test]
async fn a_node_that_got_another_name_gets_its_old_one_back() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    let renamed = plan_with("hello", |plan| {
        let mut node = plan.nodes.remove("summary").unwrap();
        node.was = vec!["summary".into()];
        plan.nodes.insert("report".into(), node);
    });
    deploy(&runtime, renamed, &CLUSTERS).await.unwrap();
    assert!(world.there().contains(&"report@".to_owned()), "{:?}", world.there());
    let from = world.effects().len();
    assert_eq!(rollback(&runtime, None).await.unwrap().outcome, Outcome::Done);
    assert!(world.there().contains(&"summary@".to_owned()), "{:?}", world.there());
    // It is the same object: nothing was made or deleted for a name's sake.
    let done = since(&world, from);
    assert!(
        !done.keys().any(|what| what.starts_with("create") || what.starts_with("delete")),
        "{done:?}"
    );
}

#[tokio::test]
async fn what_is_protected_stays_without_an_approval() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    let protecting = plan_with("hello", |plan| {
        let mut more = plan.nodes["summary"].clone();
        more.protect = true;
        plan.nodes.insert("more".into(), more);
    });
    deploy(&runtime, protecting, &CLUSTERS).await.unwrap();
    let before = Deployments::new(store.clone()).history(ID).await.unwrap().len();
    let why = rollback(&runtime, None).await.unwrap_err();
    assert!(matches!(&why, DriverError::Unapproved(_)), "{why}");
    assert_eq!(Deployments::new(store.clone()).history(ID).await.unwrap().len(), before);
    let terms = Terms { approved: vec!["more".into()], replaces: None };
    let back = runtime.rollback(ID, None, terms, control()).await.unwrap();
    assert_eq!(back.outcome, Outcome::Done);
    assert!(!world.there().contains(&"more@".to_owned()));
}

#[tokio::test]
async fn there_may_be_nothing_to_go_back_to() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    let none = rollback(&runtime, None).await.unwrap_err();
    assert!(matches!(none, DriverError::NoDeployment(_)), "{none}");
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    for (to, words) in [
        (None, "no revision of `sample` before 1 was healthy"),
        (Some(1), "revision 1 of `sample` is the newest"),
        (Some(7), "`sample` has no revision 7: its revisions are 1 to 1"),
    ] {
        let why = rollback(&runtime, to).await.unwrap_err().to_string();
        assert!(why.contains(words), "{why}");
    }
    let history = Deployments::new(store).history(ID).await.unwrap();
    let asks = history.iter().filter(|told| matches!(told.event, Event::RollbackRequested { .. }));
    assert_eq!(asks.count(), 0, "what is refused is not asked for");
}

/// Goes back with a death at every append in turn; then goes on until it is done.
async fn die_everywhere(writes_last: bool) {
    let reference = {
        let (store, world) = world();
        let runtime = runtime(store, &world);
        deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
        deploy(&runtime, other(), &CLUSTERS).await.unwrap();
        let from = world.effects().len();
        rollback(&runtime, None).await.unwrap();
        (world.content(), since(&world, from))
    };
    let mut deaths = 0;
    for at in 0.. {
        let (store, world) = world();
        let alive = runtime(store.clone(), &world);
        deploy(&alive, plan("hello"), &CLUSTERS).await.unwrap();
        deploy(&alive, other(), &CLUSTERS).await.unwrap();
        let from = world.effects().len();
        let dying = Arc::new(Dying::new(store.clone(), at, writes_last));
        let first = rollback(&runtime(dying.clone(), &world), None).await;
        if dying.appends() <= at {
            assert_eq!(first.unwrap().outcome, Outcome::Done);
            break;
        }
        assert!(first.is_err(), "it died at append {at}");
        deaths += 1;
        let mut resumed = alive.resume(ID, control()).await.unwrap();
        if resumed.back_to.is_none() {
            // It was never asked for.
            assert_eq!(at, 0);
            resumed = rollback(&alive, None).await.unwrap();
        }
        assert_eq!((resumed.outcome, resumed.back_to), (Outcome::Done, Some(1)), "died at {at}");
        assert_eq!((world.content(), since(&world, from)), reference, "died at {at}");
    }
    assert!(deaths > 8, "only {deaths} appends");
}

#[tokio::test]
async fn death_before_each_append_of_a_rollback() {
    die_everywhere(false).await;
}

#[tokio::test]
async fn death_after_each_append_of_a_rollback() {
    die_everywhere(true).await;
}

#[tokio::test]
async fn a_look_shows_what_a_rollback_does_and_moves_nothing() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    deploy(&runtime, other(), &CLUSTERS).await.unwrap();
    let (from, before) = (world.effects().len(), history(&store).await);
    let earlier = runtime.earlier(ID, None).await.unwrap();
    let back = earlier.marked(prepared(&runtime, plan("hello"), &CLUSTERS).unwrap());
    let outlook = runtime.foresee(ID, "sample", back, Terms::default()).await.unwrap();
    assert_eq!((world.effects().len(), history(&store).await), (from, before));
    let moved = outlook.nodes.iter().filter(|node| node.action != bp_engine::outlook::Action::None);
    let ids: Vec<&str> = moved.map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["config[\"east\"]", "more", "summary", "config[\"west\"]"]);
}

async fn history(store: &Arc<MemoryStore>) -> usize {
    Deployments::new(store.clone()).history(ID).await.unwrap().len()
}
