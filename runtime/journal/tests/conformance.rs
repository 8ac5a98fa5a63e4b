//! What every home of the journal must do, asked of each.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_journal::{Append, MemoryStore, NewEvent, SqliteStore, Store, StoreError};
use proptest::prelude::*;

fn event(payload: &str) -> NewEvent {
    NewEvent {
        kind: "tested".into(),
        version: 1,
        epoch: 7,
        actor: "operator:test".into(),
        run: Some("r1".into()),
        cause: None,
        payload: payload.into(),
    }
}

fn append(stream: &str, expected: u64, payloads: &[&str]) -> Append {
    let events = payloads.iter().map(|payload| event(payload)).collect();
    Append { stream: stream.into(), expected, owner: None, events, blobs: vec![] }
}

/// Asks something of each home.
fn each<F: Future<Output = ()>>(ask: impl Fn(Arc<dyn Store>) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(ask(Arc::new(MemoryStore::new())));
    let folder = tempfile::tempdir().unwrap();
    runtime.block_on(ask(Arc::new(SqliteStore::open(folder.path()).unwrap())));
}

#[test]
fn what_is_appended_is_read_in_order() {
    each(async |store| {
        let first = store.append(append("a", 0, &["1", "2"])).await.unwrap();
        let second = store.append(append("a", 2, &["3"])).await.unwrap();
        let all = store.read("a", 0).await.unwrap();
        assert_eq!(all, [first, second.clone()].concat());
        assert_eq!(store.read("a", 2).await.unwrap(), second);
        assert_eq!(store.read("a", 9).await.unwrap(), []);
        assert_eq!(store.read("b", 0).await.unwrap(), []);
        assert_eq!(all.iter().map(|e| e.sequence).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((all[0].id.as_str(), all[0].event.payload.as_str()), ("a#1", "1"));
        assert!(all.windows(2).all(|pair| pair[0].time_ms <= pair[1].time_ms));
        assert_ne!(all[0].hash, all[1].hash);
    });
}

#[test]
fn who_expects_another_end_is_refused_and_nothing_is_there() {
    each(async |store| {
        store.append(append("a", 0, &["1"])).await.unwrap();
        let mut late = append("a", 0, &["2"]);
        late.blobs.push(b"late".to_vec());
        let error = store.append(late).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict { expected: 0, actual: 1, .. }), "{error}");
        assert!(error.to_string().contains("another process"), "{error}");
        assert_eq!(store.read("a", 0).await.unwrap().len(), 1);
        let blob = store.put_blob(b"other".to_vec()).await.unwrap();
        assert_eq!(store.blob(&blob).await.unwrap().as_deref(), Some(&b"other"[..]));
        assert_eq!(store.blob("0000").await.unwrap(), None);
    });
}

#[test]
fn who_no_longer_owns_a_stream_is_refused_and_nothing_is_there() {
    each(async |store| {
        let owned = |at| Append { owner: Some(("own".into(), at)), ..append("a", 0, &["1"]) };
        store.append(append("own", 0, &["one"])).await.unwrap();
        store.append(append("own", 1, &["other"])).await.unwrap();
        let error = store.append(owned(1)).await.unwrap_err();
        let StoreError::Conflict { stream, expected: 1, actual: 2 } = error else {
            panic!("{error}");
        };
        assert_eq!(stream, "own");
        assert_eq!(store.read("a", 0).await.unwrap(), []);
        assert_eq!(store.append(owned(2)).await.unwrap().len(), 1);
    });
}

#[test]
fn streams_are_found_by_the_beginnings_of_their_names() {
    each(async |store| {
        for name in ["run/2", "deployment/a/target/1", "deployment/a", "deployment/b", "deploymenu"]
        {
            store.append(append(name, 0, &["x", "y"])).await.unwrap();
        }
        store.append(append("empty", 0, &[])).await.unwrap();
        let names = |prefix: &'static str| {
            let store = store.clone();
            async move { store.streams(prefix).await.unwrap() }
        };
        let found = names("deployment/").await;
        let wanted = ["deployment/a", "deployment/a/target/1", "deployment/b"];
        assert_eq!(found, wanted.map(|name| (name.to_owned(), 2)));
        assert_eq!(names("empty").await, []);
        assert_eq!(names("").await.len(), 5);
    });
}

#[test]
fn an_append_stores_the_blobs_that_its_events_name() {
    each(async |store| {
        let blob = vec![7; 3_000_000];
        let digest = store.put_blob(blob.clone()).await.unwrap();
        let mut with = append("a", 0, &["1"]);
        with.blobs = vec![b"one".to_vec(), blob.clone()];
        store.append(with).await.unwrap();
        assert_eq!(store.blob(&digest).await.unwrap(), Some(blob));
    });
}

#[test]
fn of_many_who_write_at_once_each_stream_keeps_its_order() {
    each(async |store| {
        let writers: Vec<_> = (0..40)
            .map(|writer| {
                let store = store.clone();
                tokio::spawn(async move {
                    let stream = format!("s{writer}");
                    for n in 0..25 {
                        let payload = n.to_string();
                        store.append(append(&stream, n, &[&payload])).await.unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        for (stream, last) in store.streams("s").await.unwrap() {
            assert_eq!(last, 25);
            let payloads = store.read(&stream, 0).await.unwrap();
            assert!(payloads.iter().enumerate().all(|(n, e)| e.event.payload == n.to_string()));
        }
    });
}

#[test]
fn of_those_who_race_for_a_place_one_wins() {
    each(async |store| {
        let racers: Vec<_> = (0..30)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(async move {
                    store.append(append("a", 0, &[&n.to_string()])).await.is_ok()
                })
            })
            .collect();
        let mut won = 0;
        for racer in racers {
            won += usize::from(racer.await.unwrap());
        }
        assert_eq!(won, 1);
        assert_eq!(store.read("a", 0).await.unwrap().len(), 1);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is asked in whatever order, both homes answer as the simplest one that can be.
    #[test]
    fn both_homes_answer_alike(steps in prop::collection::vec((0..3_u64, 0..4_u64, prop::collection::vec("[a-z\u{e9}\"\\\\]{0,6}", 0..3)), 1..40)) {
        each(async |store| {
            let mut model: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (stream, expected, payloads) in &steps {
                let name = format!("s{stream}");
                let there = model.entry(name.clone()).or_default();
                let words: Vec<&str> = payloads.iter().map(String::as_str).collect();
                let result = store.append(append(&name, *expected, &words)).await;
                assert_eq!(result.is_ok(), there.len() as u64 == *expected);
                if result.is_ok() {
                    there.extend(payloads.iter().cloned());
                }
            }
            for (name, payloads) in &model {
                let read = store.read(name, 0).await.unwrap();
                assert_eq!(&read.iter().map(|e| e.event.payload.clone()).collect::<Vec<_>>(), payloads);
            }
        });
    }
}
