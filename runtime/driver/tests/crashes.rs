//! The process dies before and after every append of the sample deployment: whoever goes on ends in
//! the same state, and no finished step is run again.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_driver::{Deployments, DriverError};
use bp_engine::event::Outcome;
use bp_engine::status::Standing;
use bp_journal::MemoryStore;
use common::{Dying, ID, World, control, deploy, plan, runtime};

const CLUSTERS: [&str; 3] = ["east", "north", "west"];

/// How often each change took effect, without its key.
fn counted(world: &World) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for line in world.effects() {
        let without_key = line.rsplit_once(' ').unwrap().0.to_owned();
        *counted.entry(without_key).or_insert(0) += 1;
    }
    counted
}

async fn state(store: &Arc<MemoryStore>) -> Standing {
    Deployments::new(store.clone()).status(ID).await.unwrap().0.state
}

#[tokio::test]
async fn a_deployment_that_is_not_disturbed() {
    let (store, world) = (Arc::new(MemoryStore::new()), Arc::new(World::default()));
    let runtime = runtime(store.clone(), &world);
    let summary = deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    assert_eq!(summary.outcome, Outcome::Done);
    assert_eq!(world.there().len(), 2 + 3 * 3, "{:#?}", world.there());
    assert_eq!(state(&store).await, Standing::Deployed);
    let effects = world.effects();
    let place = |what: &str| effects.iter().position(|line| line.contains(what)).unwrap();
    assert_eq!(place("registry@"), 0);
    assert!(place("config[\"east\"]") > place("space[\"east\"]"));
    assert!(place("web[\"east\"]") > place("config[\"east\"]"));
    assert_eq!(place("summary@"), effects.len() - 1);

    let outputs = Deployments::new(store.clone()).outputs(ID).await.unwrap();
    let ids = ["east", "north", "west"].map(|c| format!("id of web[{c:?}]"));
    assert_eq!(outputs["ids"], bp_engine::outputs::Output::Known(serde_json::json!(ids)));

    // The same again: nothing is done, and nothing is asked of anybody.
    let calls = world.calls.load(std::sync::atomic::Ordering::SeqCst);
    let again = deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    assert_eq!((again.outcome, again.revision), (Outcome::Done, 2));
    assert_eq!(world.calls.load(std::sync::atomic::Ordering::SeqCst), calls);

    // Another greeting and a cluster less: one change on each, and what is no longer wanted goes.
    let less = deploy(&runtime, plan("good day"), &["east", "north", "-west"]).await.unwrap();
    assert_eq!(less.outcome, Outcome::Done);
    let news: Vec<String> = world.effects().split_off(effects.len());
    let words: Vec<&str> = news.iter().map(|line| line.split('@').next().unwrap()).collect();
    assert_eq!(words.iter().filter(|w| w.starts_with("update config")).count(), 2, "{words:?}");
    let gone: Vec<&&str> = words.iter().filter(|w| w.starts_with("delete")).collect();
    assert_eq!(
        gone,
        [&"delete web[\"west\"]", &"delete config[\"west\"]", &"delete space[\"west\"]"]
    );

    let removed = runtime.uninstall(ID, control()).await.unwrap();
    assert_eq!(removed.outcome, Outcome::Done);
    assert!(world.there().is_empty(), "{:#?}", world.there());
    assert_eq!(state(&store).await, Standing::Removed);
    let last = world.effects();
    assert!(
        last.first().unwrap().contains("registry")
            && last.last().unwrap().contains("delete registry")
    );
}

/// Deploys with a death at every append in turn; then goes on until it is done.
async fn die_everywhere(writes_last: bool) {
    let reference = {
        let (store, world) = (Arc::new(MemoryStore::new()), Arc::new(World::default()));
        deploy(&runtime(store, &world), plan("hello"), &CLUSTERS).await.unwrap();
        world
    };
    let mut deaths = 0;
    for at in 0.. {
        let (store, world) = (Arc::new(MemoryStore::new()), Arc::new(World::default()));
        let dying = Arc::new(Dying::new(store.clone(), at, writes_last));
        let first = deploy(&runtime(dying.clone(), &world), plan("hello"), &CLUSTERS).await;
        if dying.appends() <= at {
            assert_eq!(first.unwrap().outcome, Outcome::Done);
            break;
        }
        assert!(first.is_err(), "it died at append {at}");
        deaths += 1;
        let alive = runtime(store.clone(), &world);
        let resumed = match alive.resume(ID, control()).await {
            Err(DriverError::NoDeployment(_) | DriverError::NothingPlanned(_)) => {
                assert!(world.effects().is_empty());
                deploy(&alive, plan("hello"), &CLUSTERS).await.unwrap()
            }
            resumed => resumed.unwrap(),
        };
        assert_eq!(resumed.outcome, Outcome::Done, "after a death at append {at}");
        assert_eq!(world.content(), reference.content(), "after a death at append {at}");
        assert_eq!(counted(&world), counted(&reference), "after a death at append {at}");
        assert_eq!(state(&store).await, Standing::Deployed);
        // A death in the removal, too.
        let dying = Arc::new(Dying::new(store.clone(), at % 12, writes_last));
        let _ = runtime(dying, &world).uninstall(ID, control()).await;
        let removed = alive.uninstall(ID, control()).await.unwrap();
        assert_eq!(removed.outcome, Outcome::Done);
        assert!(world.there().is_empty(), "after a death at append {at}: {:?}", world.there());
        assert!(counted(&world).values().all(|times| *times == 1), "{:?}", counted(&world));
    }
    assert!(deaths > 20, "only {deaths} appends");
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
async fn whatever_was_begun_is_removed_without_being_finished() {
    for at in 0..60 {
        let (store, world) = (Arc::new(MemoryStore::new()), Arc::new(World::default()));
        let dying = Arc::new(Dying::new(store.clone(), at, true));
        let _ = deploy(&runtime(dying, &world), plan("hello"), &CLUSTERS).await;
        match runtime(store, &world).uninstall(ID, control()).await {
            Ok(summary) => assert_eq!(summary.outcome, Outcome::Done),
            Err(DriverError::NothingPlanned(_)) => {}
            Err(error) => panic!("{error}"),
        }
        assert!(world.there().is_empty(), "died at {at}: {:?}", world.there());
    }
}

#[tokio::test]
async fn dying_again_and_again_still_ends() {
    let (store, world) = (Arc::new(MemoryStore::new()), Arc::new(World::default()));
    let first = Arc::new(Dying::new(store.clone(), 6, true));
    assert!(deploy(&runtime(first, &world), plan("hello"), &CLUSTERS).await.is_err());
    let mut lives = 0;
    loop {
        lives += 1;
        assert!(lives < 200, "it does not come to an end");
        let dying = Arc::new(Dying::new(store.clone(), 9, lives % 2 == 0));
        if runtime(dying, &world).resume(ID, control()).await.is_ok() {
            break;
        }
    }
    assert!(lives > 2, "it had {lives} lives");
    assert!(counted(&world).values().all(|times| *times == 1), "{:?}", counted(&world));
    assert_eq!(state(&store).await, Standing::Deployed);
}
