//! Nodes with operations of their own: called in order, each once, also where the process dies before
//! or after any append; and what is made of calls that fail.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::sync::Arc;

use bp_driver::{Deployments, DriverError};
use bp_engine::event::Outcome;
use bp_engine::status::Standing;
use bp_journal::MemoryStore;
use bp_provider::{Class, Failure};
use common::lives::{Calls, lives, runtime_of, unlinked};
use common::{Dying, ID, World, control, deploy};

type Ground = (Arc<MemoryStore>, Arc<World>, Arc<Calls>);

fn ground() -> Ground {
    (Arc::new(MemoryStore::new()), Arc::new(World::default()), Arc::new(Calls::default()))
}

/// What was called, and what the provider did, without keys: each by itself in order.
fn seen((_, world, calls): &Ground) -> (Vec<String>, Vec<String>) {
    let effects = world.effects();
    let without_key = effects.iter().map(|line| line.rsplit_once(' ').unwrap().0.to_owned());
    (calls.made(), without_key.collect())
}

const UP: [&str; 11] = [
    "base lifecycle.precreate {}",
    r#"base lifecycle.create {"value":"hello"}"#,
    r#"base lifecycle.start {"id":"id of base"}"#,
    r#"web lifecycle.precreate {"value":"web"}"#,
    "web configure.preconfigure_source {}",
    r#"web configure.establish_target {"id":"id of base"}"#,
    r#"web lifecycle.poststart {"id":"id of web"}"#,
    "late lifecycle.precreate {}",
    r#"late lifecycle.create {"value":"id of web"}"#,
    r#"late lifecycle.start {"id":"id of late"}"#,
    "",
];
const DOWN: [&str; 7] = [
    r#"late lifecycle.stop {"id":"id of late"}"#,
    r#"late lifecycle.delete {"id":"id of late"}"#,
    r#"web lifecycle.prestop {"id":"id of web"}"#,
    r#"web configure.unlink_source {"id":"id of base"}"#,
    r#"web lifecycle.postdelete {"id":"id of web"}"#,
    r#"base lifecycle.stop {"id":"id of base"}"#,
    r#"base lifecycle.delete {"id":"id of base"}"#,
];

#[tokio::test]
async fn up_and_down_without_a_disturbance() {
    let ground = ground();
    let (store, world, calls) = &ground;
    let runtime = runtime_of(store.clone(), world, calls);
    let summary = deploy(&runtime, lives("hello"), &[]).await.unwrap();
    assert_eq!((summary.outcome, summary.nodes), (Outcome::Done, 3));
    assert_eq!(calls.made(), UP[..10]);
    assert_eq!(seen(&ground).1, ["create web@"]);
    // The same again calls nobody.
    let again = deploy(&runtime, lives("hello"), &[]).await.unwrap();
    assert_eq!(again.outcome, Outcome::Done);
    assert_eq!(calls.made().len(), 10);
    let removed = runtime.uninstall(ID, control()).await.unwrap();
    assert_eq!(removed.outcome, Outcome::Done);
    assert_eq!(calls.made()[10..], DOWN);
    assert_eq!(seen(&ground).1, ["create web@", "delete web@"]);
    assert_eq!(state(store).await, Standing::Removed);
}

async fn state(store: &Arc<MemoryStore>) -> Standing {
    Deployments::new(store.clone()).status(ID).await.unwrap().0.state
}

async fn die_everywhere(writes_last: bool) {
    let mut deaths = 0;
    for at in 0.. {
        let ground = ground();
        let (store, world, calls) = &ground;
        let dying = Arc::new(Dying::new(store.clone(), at, writes_last));
        let first = deploy(&runtime_of(dying.clone(), world, calls), lives("hello"), &[]).await;
        if dying.appends() <= at {
            assert_eq!(first.unwrap().outcome, Outcome::Done);
            break;
        }
        deaths += 1;
        let alive = runtime_of(store.clone(), world, calls);
        let resumed = match alive.resume(ID, control()).await {
            Err(DriverError::NoDeployment(_) | DriverError::NothingPlanned(_)) => {
                assert!(calls.made().is_empty());
                deploy(&alive, lives("hello"), &[]).await.unwrap()
            }
            resumed => resumed.unwrap(),
        };
        assert_eq!(resumed.outcome, Outcome::Done, "after a death at append {at}");
        assert_eq!(calls.made(), UP[..10], "after a death at append {at}");
        assert_eq!(seen(&ground).1, ["create web@"], "after a death at append {at}");
        assert_eq!(state(store).await, Standing::Deployed);
        // A death in the removal, too.
        let dying = Arc::new(Dying::new(store.clone(), at % 14, writes_last));
        let _ = runtime_of(dying, world, calls).uninstall(ID, control()).await;
        let removed = alive.uninstall(ID, control()).await.unwrap();
        assert_eq!(removed.outcome, Outcome::Done);
        assert_eq!(calls.made()[10..], DOWN, "after a death at append {at}");
        assert_eq!(seen(&ground).1, ["create web@", "delete web@"]);
    }
    assert!(deaths > 15, "only {deaths} appends");
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
async fn what_was_begun_is_taken_away_as_far_as_it_came() {
    for at in 0..40 {
        let (store, world, calls) = ground();
        let dying = Arc::new(Dying::new(store.clone(), at, true));
        let _ = deploy(&runtime_of(dying, &world, &calls), lives("hello"), &[]).await;
        let up = calls.made();
        match runtime_of(store, &world, &calls).uninstall(ID, control()).await {
            Ok(summary) => assert_eq!(summary.outcome, Outcome::Done, "died at {at}"),
            Err(DriverError::NothingPlanned(_) | DriverError::NoDeployment(_)) => {
                assert!(up.is_empty());
                continue;
            }
            Err(error) => panic!("{error}"),
        }
        let all = calls.made();
        let down = &all[up.len()..];
        let has = |list: &[String], call: &str| list.iter().any(|line| line.starts_with(call));
        for node in ["base", "late"] {
            // Deleted where anything was begun, stopped where it was to be started. What was announced
            // counts as begun.
            for (up, undone) in [("precreate", "delete"), ("start", "stop")] {
                let was_begun = has(&all, &format!("{node} lifecycle.{up}"));
                let is_undone = has(down, &format!("{node} lifecycle.{undone}"));
                assert!(is_undone || !was_begun, "{node} {up}, died at {at}: {all:#?}");
            }
            let is_stopped = has(down, &format!("{node} lifecycle.stop"));
            let was_made = has(&all, &format!("{node} lifecycle.create"));
            assert!(was_made || !is_stopped, "{node}, died at {at}: {all:#?}");
        }
        assert!(world.there().is_empty(), "died at {at}: {:?}", world.there());
    }
}

#[tokio::test]
async fn a_failure_stops_its_branch_and_is_gone_on_with() {
    let (store, world, calls) = ground();
    let runtime = runtime_of(store.clone(), &world, &calls);
    calls.fail("base lifecycle.start", Failure::new(Class::Transient, "no room"));
    let first = deploy(&runtime, lives("hello"), &[]).await.unwrap();
    assert_eq!(first.outcome, Outcome::Failed);
    let status = Deployments::new(store.clone()).status(ID).await.unwrap().0;
    let base = status.nodes.iter().find(|node| node.id == "base").unwrap();
    assert_eq!(base.reason.as_deref(), Some("no room"));
    assert_eq!(base.property.as_deref(), Some("lifecycle.start"));
    // What was done is not done again.
    let resumed = runtime.resume(ID, control()).await.unwrap();
    assert_eq!(resumed.outcome, Outcome::Done);
    let mut expected: Vec<&str> = UP[..10].to_vec();
    expected.insert(2, UP[2]);
    assert_eq!(calls.made(), expected);
}

#[tokio::test]
async fn what_nobody_can_tell_stops_its_branch_until_somebody_says_more() {
    let (store, world, calls) = ground();
    let runtime = runtime_of(store.clone(), &world, &calls);
    calls.fail("base lifecycle.create", Failure::new(Class::UnknownOutcome, "it went away"));
    for _ in 0..3 {
        let outcome = match calls.made().len() {
            0 => deploy(&runtime, lives("hello"), &[]).await.unwrap().outcome,
            _ => runtime.resume(ID, control()).await.unwrap().outcome,
        };
        assert_eq!(outcome, Outcome::Failed);
        assert_eq!(calls.made(), UP[..2], "it is called once, and never again");
    }
    let status = Deployments::new(store.clone()).status(ID).await.unwrap().0;
    let base = status.nodes.iter().find(|node| node.id == "base").unwrap();
    assert!(base.reason.as_deref().unwrap().contains("nobody knows"), "{base:?}");
    // It can be taken away: what it would have made, `delete` clears.
    let removed = runtime.uninstall(ID, control()).await.unwrap();
    assert_eq!(removed.outcome, Outcome::Done);
    assert_eq!(calls.made()[2..], ["base lifecycle.delete {}"]);
}

#[tokio::test]
async fn another_input_calls_what_takes_it_and_what_follows() {
    let (store, world, calls) = ground();
    let runtime = runtime_of(store.clone(), &world, &calls);
    let _ = deploy(&runtime, lives("hello"), &[]).await.unwrap();
    let changed = deploy(&runtime, lives("good day"), &[]).await.unwrap();
    assert_eq!(changed.outcome, Outcome::Done);
    let news = [r#"base lifecycle.create {"value":"good day"}"#, UP[2]];
    assert_eq!(calls.made()[10..], news);
    assert_eq!(seen(&(store, world, calls)).1, ["create web@"]);
}

#[tokio::test]
async fn a_relationship_that_is_no_more_is_taken_apart_alone() {
    let (store, world, calls) = ground();
    let runtime = runtime_of(store.clone(), &world, &calls);
    let _ = deploy(&runtime, lives("hello"), &[]).await.unwrap();
    let without = deploy(&runtime, unlinked("hello"), &[]).await.unwrap();
    assert_eq!(without.outcome, Outcome::Done);
    // What stood behind its first operation on the way up follows from it, and is done again.
    assert_eq!(calls.made()[10..12], [DOWN[3], UP[6]]);
    let again = deploy(&runtime, unlinked("hello"), &[]).await.unwrap();
    assert_eq!((again.outcome, calls.made().len()), (Outcome::Done, 12));
    // With it again, its operations are called, and what follows them.
    let with = deploy(&runtime, lives("hello"), &[]).await.unwrap();
    assert_eq!(with.outcome, Outcome::Done);
    assert_eq!(calls.made()[12..], UP[4..7]);
    assert_eq!(seen(&(store, world, calls)).1, ["create web@"]);
}

#[tokio::test]
async fn what_is_half_taken_away_goes_before_it_is_made_anew() {
    let (store, world, calls) = ground();
    let runtime = runtime_of(store.clone(), &world, &calls);
    let _ = deploy(&runtime, lives("hello"), &[]).await.unwrap();
    calls.fail("base lifecycle.delete", Failure::new(Class::Transient, "it is in use"));
    let removed = runtime.uninstall(ID, control()).await.unwrap();
    assert_eq!(removed.outcome, Outcome::Partial);
    assert_eq!(calls.made()[10..], DOWN);
    let deployed = deploy(&runtime, lives("hello"), &[]).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::Done);
    assert_eq!(calls.made()[17], DOWN[6]);
    assert_eq!(calls.made()[18..], UP[..10]);
    assert_eq!(state(&store).await, Standing::Deployed);
}

#[tokio::test]
async fn what_may_be_half_taken_away_is_not_said_to_be_there() {
    let (store, world, calls) = ground();
    let runtime = runtime_of(store.clone(), &world, &calls);
    let _ = deploy(&runtime, lives("hello"), &[]).await.unwrap();
    calls.fail("late lifecycle.stop", Failure::new(Class::UnknownOutcome, "it went away"));
    let removed = runtime.uninstall(ID, control()).await.unwrap();
    assert_ne!(removed.outcome, Outcome::Done);
    assert_eq!(calls.made()[10..], DOWN[..1]);
    // Whether it runs nobody knows, and `stop` can't be called twice.
    let deployed = deploy(&runtime, lives("hello"), &[]).await.unwrap();
    assert_ne!(deployed.outcome, Outcome::Done);
    assert_eq!(calls.made().len(), 11);
    let status = Deployments::new(store.clone()).status(ID).await.unwrap().0;
    let late = status.nodes.iter().find(|node| node.id == "late").unwrap();
    assert!(late.reason.as_deref().unwrap().contains("nobody knows"), "{late:?}");
}
