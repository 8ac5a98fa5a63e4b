//! What a plan shows, an update does, and no more: looks that move nothing, refusals, approvals, nodes that
//! have other names, and objects that are adopted.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_driver::{Asked, DriverError, Runtime, Saved};
use bp_engine::Terms;
use bp_engine::event::Outcome;
use bp_engine::outlook::{Action, Outlook, Shown};
use bp_journal::{MemoryStore, Store};
use bp_plan::{Expr, Plan, Span};
use common::{
    Dying, ID, Object, World, control, deploy, inventory, plan, plan_with, prepared, runtime,
};
use serde_json::json;

const CLUSTERS: [&str; 2] = ["east", "west"];

/// Everything that the journal holds: how far each stream is.
async fn journal(store: &Arc<MemoryStore>) -> Vec<(String, u64)> {
    let mut all = store.streams("deployment/").await.unwrap();
    all.extend(store.streams("run/").await.unwrap());
    all.extend(store.streams("requests/").await.unwrap());
    all
}

async fn look(runtime: &Runtime, plan: Vec<u8>, clusters: &[&str], approved: &[&str]) -> Outlook {
    let approved = approved.iter().map(|name| (*name).to_owned()).collect();
    let terms = Terms { approved, replaces: None };
    let prepared = prepared(runtime, plan, clusters).unwrap();
    runtime.foresee(ID, "sample", prepared, terms).await.unwrap()
}

/// Updates as `bpr update` does: looks, then does what was seen.
async fn update(
    runtime: &Runtime,
    plan: Vec<u8>,
    approved: &[&str],
) -> Result<(Outlook, Outcome), DriverError> {
    let outlook = look(runtime, plan.clone(), &CLUSTERS, approved).await;
    let prepared = prepared(runtime, plan, &CLUSTERS)?;
    runtime.check_approved(ID, &prepared.plan, &outlook).await?;
    let approved = approved.iter().map(|name| (*name).to_owned()).collect();
    let terms = Terms { approved, replaces: Some(outlook.replaces()) };
    let summary = runtime.deploy_on(ID, "sample", "seed", prepared, terms, control()).await?;
    Ok((outlook, summary.outcome))
}

fn actions(outlook: &Outlook) -> BTreeMap<String, Action> {
    let is_moved = |action: Action| action != Action::None;
    let nodes = outlook.nodes.iter().filter(|node| is_moved(node.action));
    nodes.map(|node| (format!("{}@{}", node.id, node.target), node.action)).collect()
}

fn node<'o>(outlook: &'o Outlook, id: &str) -> &'o bp_engine::outlook::NodeOutlook {
    outlook.nodes.iter().find(|node| node.id == id).unwrap_or_else(|| panic!("no {id}"))
}

/// The effects as actions, by instance and target.
fn effects(world: &World, from: usize) -> BTreeMap<String, Action> {
    let lines = world.effects().split_off(from);
    let effect = |line: &String| {
        let (effect, rest) = line.split_once(' ').unwrap();
        let at = rest.rsplit_once(' ').unwrap().0;
        let at = if at.ends_with('@') { format!("{at}local") } else { at.to_owned() };
        let action = match effect {
            "create" => Action::Create,
            "update" => Action::Change,
            "replace" => Action::Replace,
            "delete" => Action::Delete,
            other => panic!("{other}"),
        };
        (at, action)
    };
    lines.iter().map(effect).collect()
}

fn text(plan: &mut Plan, node: &str, property: &str, value: &str) {
    let node = plan.nodes.get_mut(node).unwrap();
    node.properties.get_mut(property).unwrap().value = Expr::string(value);
}

fn protect(plan: &mut Plan, node: &str) {
    plan.nodes.get_mut(node).unwrap().protect = true;
}

/// The node has another name from now on, and so has all that names it.
fn rename(plan: &mut Plan, old: &str, new: &str) {
    let text = serde_json::to_string(plan).unwrap();
    let renamed = text.replace(&format!("\"{old}\""), &format!("\"{new}\""));
    *plan = serde_json::from_str(&renamed).unwrap();
    plan.nodes.get_mut(new).unwrap().was = vec![old.to_owned()];
    // It was a text, too.
    self::text(plan, new, "value", old);
}

fn world() -> (Arc<MemoryStore>, Arc<World>) {
    (Arc::new(MemoryStore::new()), Arc::new(World::default()))
}

#[tokio::test]
async fn a_look_moves_nothing_and_an_update_does_what_it_showed() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    let first = look(&runtime, plan("hello"), &CLUSTERS, &[]).await;
    assert!(journal(&store).await.is_empty() && world.there().is_empty());
    assert!(actions(&first).values().all(|action| *action == Action::Create));
    assert_eq!(actions(&first).len(), 2 + 3 * 2, "{first:#?}");
    let config = node(&first, "config[\"east\"]");
    let value = config.fields.iter().find(|field| field.path == "value").unwrap();
    assert_eq!(value.desired, Some(Shown::KnownAfter(vec!["space[\"east\"]".into()])));
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    assert_eq!(effects(&world, 0), actions(&first));

    // Another greeting, and a cluster less.
    let (before, done) = (journal(&store).await, world.effects().len());
    let second = look(&runtime, plan("good day"), &["east", "-west"], &[]).await;
    assert_eq!(journal(&store).await, before);
    assert_eq!(world.effects().len(), done);
    let changed = node(&second, "config[\"east\"]");
    let field = &changed.fields[0];
    assert_eq!((changed.action, field.path.as_str()), (Action::Change, "other"));
    assert_eq!(field.desired, Some(Shown::Value(json!("good day"))));
    assert_eq!(field.applied, Some(Shown::Value(json!("hello"))));
    deploy(&runtime, plan("good day"), &["east", "-west"]).await.unwrap();
    assert_eq!(effects(&world, done), actions(&second));
    assert_eq!(second.counts()[&Action::Delete], 3);

    let last = look(&runtime, plan("good day"), &["east", "-west"], &[]).await;
    assert!(last.is_empty() && last.is_complete(), "{last:#?}");
}

#[tokio::test]
async fn what_uses_an_attribute_of_what_changes_is_not_known() {
    let (store, world) = world();
    let runtime = runtime(store, &world);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    let other = plan_with("hello", |plan| text(plan, "space", "value", "wide"));
    let (outlook, outcome) = update(&runtime, other, &[]).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(node(&outlook, "space[\"east\"]").action, Action::Change);
    let config = node(&outlook, "config[\"east\"]");
    assert_eq!(config.action, Action::Unknown);
    assert_eq!(config.fields[0].desired, Some(Shown::KnownAfter(vec!["space[\"east\"]".into()])));
    assert_eq!(config.fields[0].applied, Some(Shown::Value(json!("id of space[\"east\"]"))));
    assert_eq!(node(&outlook, "web[\"east\"]").action, Action::None);
}

#[tokio::test]
async fn a_target_that_does_not_answer_is_told_and_the_others_are_looked_at() {
    let (store, world) = world();
    let runtime = runtime(store, &world);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    world.down.lock().unwrap().insert("west".into());
    let outlook = look(&runtime, plan("good day"), &CLUSTERS, &[]).await;
    assert_eq!(node(&outlook, "config[\"east\"]").action, Action::Change);
    let west = node(&outlook, "config[\"west\"]");
    assert_eq!((west.action, outlook.is_complete()), (Action::Held, false));
    assert!(west.reason.as_ref().unwrap().contains("west does not answer"), "{west:?}");
}

#[tokio::test]
async fn a_plan_that_was_kept_is_refused_when_something_moved() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    let outlook = look(&runtime, plan("good day"), &CLUSTERS, &[]).await;
    let asked = Asked {
        name: "sample".into(),
        package: bp_driver::Package::read(plan("good day")).unwrap(),
        inputs: BTreeMap::new(),
        inventory: inventory(&CLUSTERS),
    };
    let saved = runtime.save(ID, asked, Vec::new(), outlook).await.unwrap();
    let saved = Saved::from_bytes(&serde_json::to_vec(&saved).unwrap()).unwrap();
    assert_eq!(saved.container().unwrap(), plan("good day"));
    runtime.check_position(ID, &saved).await.unwrap();

    // Somebody changed an object behind everybody's back.
    let at = ("east".to_owned(), "config[\"east\"]".to_owned());
    let was = world.objects.lock().unwrap().insert(
        at.clone(),
        Object {
            properties: BTreeMap::from([
                ("value".into(), json!("id of space[\"east\"]")),
                ("other".into(), json!("good day")),
            ]),
            key: "theirs".into(),
            polls: 0,
        },
    );
    let now = look(&runtime, plan("good day"), &CLUSTERS, &[]).await;
    let why = saved.outlook.moved_to(&now).unwrap();
    assert!(why.contains("`config[\"east\"]` was to be changed"), "{why}");
    world.objects.lock().unwrap().insert(at, was.unwrap());
    let now = look(&runtime, plan("good day"), &CLUSTERS, &[]).await;
    assert_eq!(saved.outlook.moved_to(&now), None);

    // Somebody deployed.
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    let error = runtime.check_position(ID, &saved).await.unwrap_err();
    assert!(matches!(error, DriverError::Moved(_)));
    assert!(error.to_string().contains("the last is `run-closed`"), "{error}");
    let elsewhere = runtime.check_position("other-1", &saved).await.unwrap_err();
    assert!(elsewhere.to_string().contains("is not any more"), "{elsewhere}");
}

#[tokio::test]
async fn what_is_protected_is_not_deleted_without_approval() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    let guarded = || plan_with("hello", |plan| protect(plan, "summary"));
    let without = || {
        plan_with("hello", |plan| {
            plan.nodes.remove("summary");
        })
    };
    deploy(&runtime, guarded(), &CLUSTERS).await.unwrap();
    let (before, there) = (journal(&store).await, world.there());
    // By the plan before it, since this one does not name the node any more; and by an uninstallation.
    for refused in [
        deploy(&runtime, without(), &CLUSTERS).await.unwrap_err(),
        update(&runtime, without(), &[]).await.unwrap_err(),
        runtime.uninstall(ID, control()).await.unwrap_err(),
    ] {
        let DriverError::Unapproved(problems) = &refused else { panic!("{refused}") };
        assert_eq!(problems.len(), 1);
        assert_eq!(
            problems[0].1.span,
            Some(Span { file: 0, line: 1, column: 1, end_line: 1, end_column: 2 })
        );
        assert!(refused.to_string().contains("`summary` would be deleted"), "{refused}");
    }
    assert_eq!((journal(&store).await, world.there()), (before, there));

    let (outlook, outcome) = update(&runtime, without(), &["summary"]).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(actions(&outlook), BTreeMap::from([("summary@local".to_owned(), Action::Delete)]));
    assert!(!world.there().contains(&"summary@".to_owned()));
    // An instance that nothing selects any more is one of a node that still is protected.
    let guarded = plan_with("hello", |plan| protect(plan, "web"));
    deploy(&runtime, guarded.clone(), &CLUSTERS).await.unwrap();
    let refused = deploy(&runtime, guarded, &["east", "-west"]).await.unwrap_err();
    assert!(refused.to_string().contains("`web[\"west\"]`"), "{refused}");
    let approved = vec!["web".to_owned()];
    let gone = runtime.uninstall_approved(ID, approved, control()).await.unwrap();
    assert_eq!(gone.outcome, Outcome::Done);
    assert!(world.there().is_empty());
}

#[tokio::test]
async fn what_is_protected_is_not_replaced_without_approval() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    let with = |value: &'static str| {
        plan_with("hello", move |plan| {
            protect(plan, "registry");
            text(plan, "registry", "value", value);
        })
    };
    deploy(&runtime, with("one"), &CLUSTERS).await.unwrap();
    world.rigid.lock().unwrap().insert("registry".into());
    let done = world.effects().len();
    let (before, outlook) =
        (journal(&store).await, look(&runtime, with("two"), &CLUSTERS, &[]).await);
    let registry = node(&outlook, "registry");
    assert_eq!((registry.action, registry.needs_approval), (Action::Replace, true));
    let refused = update(&runtime, with("two"), &[]).await.unwrap_err();
    assert!(refused.to_string().contains("`registry` would be replaced"), "{refused}");
    assert_eq!(journal(&store).await, before);

    // Who does not look first finds out at the step, which does nothing.
    let failed = deploy(&runtime, with("two"), &CLUSTERS).await.unwrap();
    assert_ne!(failed.outcome, Outcome::Done);
    assert_eq!(world.effects().len(), done);
    let (status, _) = bp_driver::Deployments::new(store).status(ID).await.unwrap();
    let reason = status.nodes.iter().find(|node| node.id == "registry").unwrap();
    assert!(reason.reason.as_ref().unwrap().contains("was not approved"), "{reason:?}");
    assert!(reason.help.as_ref().unwrap().contains("--approve 'registry'"));

    let (_, outcome) = update(&runtime, with("two"), &["registry"]).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(effects(&world, done)["registry@local"], Action::Replace);
}

#[tokio::test]
async fn a_replacement_that_shows_only_at_run_time_stops_for_approval() {
    let (store, world) = world();
    let runtime = runtime(store, &world);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    let other = || plan_with("good day", |_| {});
    let outlook = look(&runtime, other(), &CLUSTERS, &[]).await;
    assert_eq!(outlook.replaces(), []);
    // What was to be changed in place can't be any more.
    world.rigid.lock().unwrap().insert("config[\"east\"]".into());
    let done = world.effects().len();
    let terms = Terms { approved: Vec::new(), replaces: Some(outlook.replaces()) };
    let asked = prepared(&runtime, other(), &CLUSTERS).unwrap();
    let summary = runtime.deploy_on(ID, "sample", "seed", asked, terms, control()).await.unwrap();
    assert_eq!(summary.outcome, Outcome::Partial);
    let news = effects(&world, done);
    assert_eq!(news.get("config[\"east\"]@east"), None);
    assert_eq!(news["config[\"west\"]@west"], Action::Change);
    // Now it shows, and needs no more than that: it is not protected.
    let (outlook, outcome) = update(&runtime, other(), &[]).await.unwrap();
    assert_eq!(node(&outlook, "config[\"east\"]").action, Action::Replace);
    assert_eq!(outcome, Outcome::Done);
}

fn renamed(greeting: &str) -> Vec<u8> {
    plan_with(greeting, |plan| {
        rename(plan, "registry", "depot");
        rename(plan, "space", "room");
    })
}

#[tokio::test]
async fn a_node_with_another_name_is_the_same() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    let done = world.effects().len();
    let outlook = look(&runtime, renamed("hello"), &CLUSTERS, &[]).await;
    let depot = node(&outlook, "depot");
    assert_eq!((depot.action, depot.was.as_deref()), (Action::Move, Some("registry")));
    assert_eq!(outlook.counts()[&Action::Move], 3);
    let made = [Action::Create, Action::Delete, Action::Replace];
    assert!(outlook.nodes.iter().all(|node| !made.contains(&node.action)), "{outlook:#?}");

    let (_, outcome) = update(&runtime, renamed("hello"), &[]).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(world.effects().len(), done, "{:?}", world.effects());
    assert!(world.there().contains(&"depot@".to_owned()), "{:?}", world.there());
    assert!(!world.there().contains(&"registry@".to_owned()));
    let after = look(&runtime, renamed("hello"), &CLUSTERS, &[]).await;
    assert!(after.is_empty(), "{after:#?}");

    // What it needed, it needs under the new name, too.
    let removed = runtime.uninstall(ID, control()).await.unwrap();
    assert_eq!(removed.outcome, Outcome::Done);
    assert!(world.there().is_empty());
    assert!(world.effects().last().unwrap().contains("delete depot"));
}

#[tokio::test]
async fn death_at_each_append_of_a_rename_makes_and_deletes_nothing() {
    for writes_last in [false, true] {
        let mut deaths = 0;
        for at in 0.. {
            let (store, world) = world();
            deploy(&runtime(store.clone(), &world), plan("hello"), &CLUSTERS).await.unwrap();
            let done = world.effects().len();
            let dying = Arc::new(Dying::new(store.clone(), at, writes_last));
            let first =
                deploy(&runtime(dying.clone(), &world), renamed("good day"), &CLUSTERS).await;
            let alive = runtime(store.clone(), &world);
            if dying.appends() <= at {
                assert_eq!(first.unwrap().outcome, Outcome::Done);
                break;
            }
            deaths += 1;
            assert!(first.is_err());
            // A death before the request was written leaves nothing to go on with.
            alive.resume(ID, control()).await.unwrap();
            let (_, outcome) = update(&alive, renamed("good day"), &[]).await.unwrap();
            assert_eq!(outcome, Outcome::Done, "after a death at append {at}");
            let made = effects(&world, done);
            assert!(made.values().all(|a| *a == Action::Change), "death at {at}: {made:?}");
            let names: BTreeSet<String> = world.there().into_iter().collect();
            assert!(names.contains("depot@") && !names.contains("registry@"), "{names:?}");
            assert!(look(&alive, renamed("good day"), &CLUSTERS, &[]).await.is_empty());
        }
        assert!(deaths > 6, "only {deaths} appends");
    }
}

#[tokio::test]
async fn death_at_each_append_of_an_approved_update_forgets_no_approval() {
    // A protected node goes, another one is replaced, a third one is changed.
    let first = || {
        plan_with("hello", |plan| {
            protect(plan, "summary");
            protect(plan, "registry");
        })
    };
    let second = || {
        plan_with("good day", |plan| {
            protect(plan, "registry");
            text(plan, "registry", "value", "another");
            plan.nodes.remove("summary");
        })
    };
    for writes_last in [false, true] {
        let mut deaths = 0;
        for at in 0.. {
            let (store, world) = world();
            deploy(&runtime(store.clone(), &world), first(), &CLUSTERS).await.unwrap();
            world.rigid.lock().unwrap().insert("registry".into());
            let done = world.effects().len();
            let dying = Arc::new(Dying::new(store.clone(), at, writes_last));
            let approved = ["summary", "registry"];
            let died = update(&runtime(dying.clone(), &world), second(), &approved).await;
            let alive = runtime(store.clone(), &world);
            if dying.appends() <= at {
                assert_eq!(died.unwrap().1, Outcome::Done);
                break;
            }
            deaths += 1;
            let resumed = alive.resume(ID, control()).await.unwrap();
            assert_eq!(resumed.outcome, Outcome::Done, "after a death at append {at}");
            // Where the request itself was lost, nothing was begun, and nothing is gone on with.
            let expected = BTreeMap::from([
                ("registry@local".to_owned(), Action::Replace),
                ("summary@local".to_owned(), Action::Delete),
                ("config[\"east\"]@east".to_owned(), Action::Change),
                ("config[\"west\"]@west".to_owned(), Action::Change),
            ]);
            let news = effects(&world, done);
            assert!(
                news == expected || (at == 0 && !writes_last && news.is_empty()),
                "{at}: {news:?}"
            );
            assert_eq!(world.effects().len(), done + news.len(), "{at}: nothing is done twice");
        }
        assert!(deaths > 6, "only {deaths} appends");
    }
}

#[tokio::test]
async fn an_object_that_is_there_is_adopted_and_changed_by_the_next_update() {
    let (store, world) = world();
    let runtime = runtime(store.clone(), &world);
    let theirs = Object {
        properties: BTreeMap::from([("value".into(), json!("theirs"))]),
        key: String::new(),
        polls: 0,
    };
    world.objects.lock().unwrap().insert((String::new(), "legacy".into()), theirs);
    let asked = || prepared(&runtime, plan("hello"), &CLUSTERS).unwrap();
    let adopt = |instance: &'static str, object: Option<&'static str>| {
        runtime.adopt(ID, "sample", "seed", asked(), (instance, object))
    };
    for (instance, object, words) in [
        ("registry", Some("nothing"), "there is no `nothing`"),
        ("config[\"east\"]", None, "needs what space[\"east\"] report"),
        ("gate[\"east\"]", None, "no provider keeps it"),
        ("other", None, "wants no such instance"),
    ] {
        let refused = adopt(instance, object).await.unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
        assert!(journal(&store).await.is_empty());
    }
    let adopted = adopt("registry", Some("legacy")).await.unwrap();
    assert_eq!((adopted.id.as_str(), adopted.ahead.action), ("legacy", Action::Change));
    assert!(world.effects().is_empty(), "nothing was done to it");
    assert!(adopt("registry", None).await.unwrap_err().to_string().contains("an object already"));

    let outlook = look(&runtime, plan("hello"), &CLUSTERS, &[]).await;
    assert_eq!(node(&outlook, "registry").action, Action::Change);
    deploy(&runtime, plan("hello"), &CLUSTERS).await.unwrap();
    assert_eq!(effects(&world, 0)["registry@local"], Action::Change);
    // It was there before: it goes only where that is approved.
    let refused = runtime.uninstall(ID, control()).await.unwrap_err();
    assert!(refused.to_string().contains("was adopted"), "{refused}");
    let gone = runtime.uninstall_approved(ID, vec!["registry".into()], control()).await.unwrap();
    assert_eq!(gone.outcome, Outcome::Done);
}
