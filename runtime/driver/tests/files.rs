//! Files of a plan reach their provider, after a crash and from an older plan too; the journal's
//! steps hold their digests.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_engine::event::Outcome;
use bp_journal::{MemoryStore, Store as _};
use bp_plan::{Digest, Expr, FileRef, Type, Value, from_bytes, to_bytes};
use common::{Dying, ID, World, control, deploy, plan, runtime};
use serde_json::json;

/// The sample, whose `registry` takes this file, by itself and among open data.
fn with_file(content: &[u8]) -> Vec<u8> {
    let mut plan = from_bytes(&plan("hello")).unwrap().plan;
    let digest = Digest::of(content);
    let file = Value::File(FileRef { path: "t/registry.yaml".into(), digest: digest.clone() });
    let kind = plan.node_types.get_mut("Quick").unwrap();
    let either = Type::Union(vec![Type::File, Type::String]);
    kind.properties.get_mut("value").unwrap().kind = Type::Optional(Box::new(either));
    kind.properties.get_mut("other").unwrap().kind = Type::Optional(Box::new(Type::Json));
    let registry = plan.nodes.get_mut("registry").unwrap();
    registry.properties.get_mut("value").unwrap().value = Expr::Value(file.clone());
    let mut other = registry.properties["value"].clone();
    let open = Value::Map(BTreeMap::from([("a/b".to_owned(), Value::List(vec![file]))]));
    other.value = Expr::Value(open);
    registry.properties.insert("other".into(), other);
    plan.artifacts.insert(digest.clone());
    to_bytes(&plan, &BTreeMap::from([(digest, content.to_vec())])).unwrap()
}

#[tokio::test]
async fn a_provider_gets_the_content_and_the_journal_its_digest() {
    let (store, world) = (Arc::new(MemoryStore::new()), Arc::new(World::default()));
    let runtime = runtime(store.clone(), &world);
    for (content, shown) in [(&b"Parameters: {}\n"[..], "text"), (&[0xff, 0xfe][..], "base64")] {
        let summary = deploy(&runtime, with_file(content), &["east"]).await.unwrap();
        assert_eq!(summary.outcome, Outcome::Done);
        let there = world.content();
        let properties = &there[&(String::new(), "registry".to_owned())];
        let file = bp_provider::File::read(&properties["value"]).unwrap();
        assert_eq!(file.path, "t/registry.yaml");
        assert_eq!(file.digest, Digest::of(content).as_str());
        assert_eq!(file.bytes().unwrap(), content);
        assert!(properties["value"].get(shown).is_some(), "{properties:?}");
        assert_eq!(properties["other"], json!({ "a/b": [properties["value"]] }));
        // Others' strings are strings.
        assert_eq!(
            there[&("east".to_owned(), "space".to_owned() + "[\"east\"]")]["value"],
            "space"
        );
    }
    // A changed file is a changed property: the second deployment updated the node.
    let effects = world.effects();
    assert!(effects.iter().any(|line| line.starts_with("update registry@")), "{effects:?}");
    let mut steps = 0;
    for (stream, _) in store.streams("deployment/").await.unwrap() {
        for envelope in store.read(&stream, 0).await.unwrap() {
            if envelope.event.kind.contains("started") {
                let payload = &envelope.event.payload;
                assert!(!payload.contains("Parameters"), "{payload}");
                steps += 1;
            }
        }
    }
    assert!(steps > 0, "no step was found in the journal");
}

#[tokio::test]
async fn a_file_is_there_after_a_crash_at_any_append() {
    for dies_at in 0.. {
        let (store, world) = (Arc::new(MemoryStore::new()), Arc::new(World::default()));
        let dying = Arc::new(Dying::new(store.clone(), dies_at, dies_at % 2 == 0));
        let content = b"Parameters: {}\n";
        let died = deploy(&runtime(dying, &world), with_file(content), &["east"]).await.is_err();
        let runtime = runtime(store.clone(), &world);
        let resumed = runtime.resume(ID, control()).await;
        // What was not asked for durably was never asked for.
        if let Ok(summary) = resumed {
            assert_eq!(summary.outcome, Outcome::Done, "died at {dies_at}");
            let there = world.content();
            let properties = &there[&(String::new(), "registry".to_owned())];
            let file = bp_provider::File::read(&properties["value"]).unwrap();
            assert_eq!(file.bytes().unwrap(), content);
        } else {
            assert!(dies_at < 3, "died at {dies_at}: {resumed:?}");
        }
        if !died {
            assert!(dies_at > 5, "the deployment took {dies_at} appends");
            break;
        }
    }
}
