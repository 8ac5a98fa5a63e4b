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

use crate::{Append, Compaction, Envelope, Mark, NewEvent, Store, StoreError, chain};

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
        several_streams_are_read_behind_what_is_known_of_them
        what_is_compacted_is_gone_and_the_rest_is_as_it_was
        a_blob_stays_as_long_as_something_leads_to_it
        what_would_be_dropped_is_told_and_nothing_is_changed
        a_compaction_that_is_refused_drops_nothing
        the_newest_snapshot_is_there
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

async fn several_streams_are_read_behind_what_is_known_of_them(store: Arc<dyn Store>) {
    let first = store.append(append("a", 0, &["1", "2", "3"])).await.unwrap();
    let second = store.append(append("b", 0, &["4"])).await.unwrap();
    let mark = |e: &Envelope| Mark { sequence: e.sequence, hash: e.hash.clone() };
    let known = vec![
        ("b".to_owned(), Mark::default()),
        ("a".to_owned(), mark(&first[1])),
        ("none".to_owned(), Mark::default()),
    ];
    let read = store.read_each(known.clone()).await.unwrap();
    assert_eq!(read, [second, first[2..].to_vec(), vec![]]);
    let mut other = known;
    other[1].1.hash.replace_range(..1, "x");
    let error = store.read_each(other).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
    let extents = store.extents("").await.unwrap();
    assert_eq!(extents.iter().map(|e| e.stream.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((&extents[0].floor, &extents[0].end), (&Mark::default(), &mark(&first[2])));
}

/// A compaction that is told of in stream `own`, which has one event.
fn compaction(kept: &[u8], until: &[(&str, u64)]) -> Compaction {
    let named = format!("{{\"kept\":\"{}\"}}", chain::digest(kept));
    let append = Append { blobs: vec![kept.to_vec()], ..append("own", 1, &[&named]) };
    let until = until.iter().map(|(stream, until)| ((*stream).to_owned(), *until)).collect();
    Compaction { append, until, ..Compaction::default() }
}

async fn what_is_compacted_is_gone_and_the_rest_is_as_it_was(store: Arc<dyn Store>) {
    store.append(append("own", 0, &["made"])).await.unwrap();
    let all = store.append(append("a", 0, &["1", "2", "3"])).await.unwrap();
    store.append(append("whole", 0, &["4"])).await.unwrap();
    store.append(append("over", 0, &["5", "6"])).await.unwrap();
    let mut asked = compaction(b"state", &[("own", 1), ("a", 2), ("whole", 1)]);
    asked.over.push("over".into());
    let freed = store.compact(asked).await.unwrap();
    assert_eq!((freed.events, freed.blobs, freed.written.len()), (6, 0, 1));
    assert_eq!(freed.bytes, 9);
    // What is left follows what is gone.
    assert_eq!(store.read("a", 0).await.unwrap(), all[2..]);
    assert_eq!(store.read("a", 1).await.unwrap(), all[2..]);
    assert_eq!(store.read("a", 2).await.unwrap(), all[2..]);
    assert_eq!(store.read("a", 3).await.unwrap(), []);
    assert_eq!(store.read("own", 0).await.unwrap(), freed.written);
    let known = Mark { sequence: 2, hash: all[1].hash.clone() };
    let each = store.read_each(vec![("a".into(), known.clone())]).await.unwrap();
    assert_eq!(each, [all[2..].to_vec()]);
    // The ends stay where they were, and what is appended goes on from there.
    assert_eq!(store.streams("over").await.unwrap(), []);
    let extents = store.extents("").await.unwrap();
    assert_eq!(
        extents.iter().map(|e| e.stream.as_str()).collect::<Vec<_>>(),
        ["a", "own", "whole"]
    );
    assert_eq!((&extents[0].floor, extents[0].end.sequence), (&known, 3));
    assert_eq!(extents[2].floor, extents[2].end);
    let next = store.append(append("whole", 1, &["7"])).await.unwrap();
    assert_eq!((next[0].sequence, store.read("whole", 0).await.unwrap()), (2, next.clone()));
    assert!(matches!(
        store.append(append("whole", 0, &["8"])).await,
        Err(StoreError::Conflict { actual: 2, .. })
    ));
    // Once more, and farther.
    let again = compaction(b"later", &[("own", 2), ("a", 3), ("whole", 1)]);
    let again = Compaction { append: Append { expected: 2, ..again.append }, ..again };
    let freed = store.compact(again).await.unwrap();
    assert_eq!((freed.events, freed.blobs), (2, 1), "the state before goes with its event");
    assert_eq!(store.read("a", 0).await.unwrap(), []);
    assert_eq!(store.read("whole", 0).await.unwrap(), next);
}

async fn a_blob_stays_as_long_as_something_leads_to_it(store: Arc<dyn Store>) {
    let digest = |bytes: &[u8]| chain::digest(bytes);
    let file = b"a file".to_vec();
    let plan = format!("{{\"file\":\"{}\"}}", digest(&file)).into_bytes();
    let old = b"an old plan".to_vec();
    let names = |bytes: &[u8]| format!("{{\"plan\":\"{}\"}}", digest(bytes));
    store.append(append("own", 0, &["made"])).await.unwrap();
    let mut first = append("a", 0, &[&names(&old), &names(&plan)]);
    first.blobs = vec![old.clone(), plan.clone(), file.clone()];
    store.append(first).await.unwrap();
    // Another one names the plan, too.
    store.append(append("b", 0, &[&names(&plan)])).await.unwrap();
    let freed = store.compact(compaction(b"state", &[("a", 2)])).await.unwrap();
    assert_eq!((freed.events, freed.blobs), (2, 1));
    assert_eq!(store.blob(&digest(&old)).await.unwrap(), None);
    for kept in [&plan, &file, &b"state".to_vec()] {
        assert_eq!(store.blob(&digest(kept)).await.unwrap().as_ref(), Some(kept));
    }
    // What is kept names it.
    let state = names(&file);
    let last = compaction(state.as_bytes(), &[("b", 1), ("own", 2)]);
    let last = Compaction { append: Append { expected: 2, ..last.append }, ..last };
    assert_eq!(store.compact(last).await.unwrap().blobs, 2);
    assert_eq!(store.blob(&digest(&file)).await.unwrap(), Some(file));
    assert_eq!(store.blob(&digest(&plan)).await.unwrap(), None);
}

async fn what_would_be_dropped_is_told_and_nothing_is_changed(store: Arc<dyn Store>) {
    store.append(append("own", 0, &["made"])).await.unwrap();
    store.append(append("a", 0, &["1", "2"])).await.unwrap();
    let before = store.extents("").await.unwrap();
    let asked = Compaction { is_dry: true, ..compaction(b"state", &[("a", 1)]) };
    assert_eq!(store.compact(asked).await.unwrap().events, 1);
    assert_eq!(store.extents("").await.unwrap(), before);
    assert_eq!(store.read("a", 0).await.unwrap().len(), 2);
    assert_eq!(store.blob(&chain::digest(b"state")).await.unwrap(), None);
}

async fn a_compaction_that_is_refused_drops_nothing(store: Arc<dyn Store>) {
    store.append(append("own", 0, &["made", "and taken over"])).await.unwrap();
    store.append(append("a", 0, &["1", "2"])).await.unwrap();
    let error = store.compact(compaction(b"state", &[("a", 1)])).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { expected: 1, actual: 2, .. }), "{error}");
    assert_eq!(store.read("a", 0).await.unwrap().len(), 2);
    assert_eq!(store.blob(&chain::digest(b"state")).await.unwrap(), None);
}

async fn the_newest_snapshot_is_there(store: Arc<dyn Store>) {
    assert_eq!(store.snapshot("own").await.unwrap(), None);
    for bytes in [b"one".to_vec(), vec![7; 3_000_000], b"three".to_vec()] {
        store.put_snapshot("own", bytes.clone()).await.unwrap();
        assert_eq!(store.snapshot("own").await.unwrap(), Some(bytes));
    }
    assert_eq!(store.snapshot("other").await.unwrap(), None);
    store.append(append("own", 0, &["made"])).await.unwrap();
    store.compact(compaction(b"state", &[])).await.unwrap();
    assert_eq!(store.snapshot("own").await.unwrap(), None, "it goes with what it was made of");
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
