//! What every home of the journal must do: the suite that each of them passes.
//!
//! ```
//! # use std::sync::Arc;
//! use bp_journal::MemoryStore;
//! use bp_journal::conformance::{self, Case};
//!
//! let runtime = tokio::runtime::Runtime::new().unwrap();
//! conformance::all(&|_, case: Case<'_>| runtime.block_on(case(Arc::new(MemoryStore::new()))));
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite of tests fails by panicking"
)]

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::{Append, NewEvent, Store, StoreError};

/// Something that is asked of an empty home; it panics where the answer is another one.
pub type Case<'a> = &'a dyn Fn(Arc<dyn Store>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// Asks a case, whose name it is told, of an empty home of its own.
pub type Ask<'a> = dyn Fn(&str, Case<'_>) + 'a;

/// Asks all of it.
pub fn all(ask: &Ask<'_>) {
    macro_rules! cases {
        ($($name:ident)*) => { $(ask(stringify!($name), &|store| Box::pin($name(store)));)* };
    }
    cases! {
        what_is_appended_is_read_in_order
        who_expects_another_end_is_refused_and_nothing_is_there
        who_no_longer_owns_a_stream_is_refused_and_nothing_is_there
        streams_are_found_by_the_beginnings_of_their_names
        an_append_stores_the_blobs_that_its_events_name
        of_many_who_write_at_once_each_stream_keeps_its_order
        of_those_who_race_for_a_place_one_wins
    }
    every_home_answers_alike(ask);
}

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

async fn what_is_appended_is_read_in_order(store: Arc<dyn Store>) {
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
}

async fn who_expects_another_end_is_refused_and_nothing_is_there(store: Arc<dyn Store>) {
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
}

async fn who_no_longer_owns_a_stream_is_refused_and_nothing_is_there(store: Arc<dyn Store>) {
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
}

async fn streams_are_found_by_the_beginnings_of_their_names(store: Arc<dyn Store>) {
    for name in ["run/2", "deployment/a/target/1", "deployment/a", "deployment/b", "deploymenu"] {
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
}

async fn an_append_stores_the_blobs_that_its_events_name(store: Arc<dyn Store>) {
    let blob = vec![7; 3_000_000];
    let digest = store.put_blob(blob.clone()).await.unwrap();
    let mut with = append("a", 0, &["1"]);
    with.blobs = vec![b"one".to_vec(), blob.clone()];
    store.append(with).await.unwrap();
    assert_eq!(store.blob(&digest).await.unwrap(), Some(blob));
}

async fn of_many_who_write_at_once_each_stream_keeps_its_order(store: Arc<dyn Store>) {
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
}

async fn of_those_who_race_for_a_place_one_wins(store: Arc<dyn Store>) {
    let racers: Vec<_> = (0..30)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(
                async move { store.append(append("a", 0, &[&n.to_string()])).await.is_ok() },
            )
        })
        .collect();
    let mut won = 0;
    for racer in racers {
        won += usize::from(racer.await.unwrap());
    }
    assert_eq!(won, 1);
    assert_eq!(store.read("a", 0).await.unwrap().len(), 1);
}

/// What is asked of a store: appends to one of three streams, each with what it expects and what it adds.
type Steps = Vec<(u64, u64, Vec<String>)>;

/// Whatever is asked in whatever order, a home answers as the simplest one that can be.
fn every_home_answers_alike(ask: &Ask<'_>) {
    let payloads = prop::collection::vec("[a-z\u{e9}\"\\\\]{0,6}", 0..3);
    let steps = prop::collection::vec((0..3_u64, 0..4_u64, payloads), 1..40);
    let config = ProptestConfig { cases: 30, failure_persistence: None, ..Default::default() };
    let each = TestRunner::new(config).run(&steps, |steps| {
        ask("every_home_answers_alike", &|store| Box::pin(compared(store, steps.clone())));
        Ok(())
    });
    each.unwrap();
}

async fn compared(store: Arc<dyn Store>, steps: Steps) {
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
}
