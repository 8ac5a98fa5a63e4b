//! Compaction where others write to the same database, read from it, or take the lease over; and a kill in the middle.

use std::sync::Arc;
use std::time::Duration;

use bp_journal::{Append, Compaction, NewEvent, Store as _, StoreError, chain};
use bp_journal_postgres::PostgresStore;
use bp_tests::Postgres;

use crate::{append, holder, one_thread, open, settings};

/// A compaction that stream `own` tells of, of which so many events are known.
fn compaction(expected: u64, until: &[(&str, u64)]) -> Compaction {
    let kept = format!("what is kept {expected}").into_bytes();
    let [event] = naming(&kept);
    let own = Append { events: vec![event], blobs: vec![kept], ..append("own", expected, 0) };
    let until = until.iter().map(|(stream, until)| ((*stream).to_owned(), *until)).collect();
    Compaction { append: own, until, ..Compaction::default() }
}

fn naming(blob: &[u8]) -> [NewEvent; 1] {
    let [mut event] = <[NewEvent; 1]>::try_from(append("", 0, 1).events).unwrap();
    event.payload = format!("{{\"blob\":\"{}\"}}", chain::digest(blob));
    [event]
}

#[test]
fn who_has_lost_the_lease_compacts_nothing() {
    let postgres = Postgres::start();
    let url = postgres.database("journal");
    let runtime = one_thread();
    let one = open(&runtime, &url);
    runtime.block_on(async {
        let lost = one.hold("shop", &holder("one")).await.unwrap();
        lost.append(append("own", 0, 1)).await.unwrap();
        lost.append(append("a", 0, 3)).await.unwrap();
        // The same place, so that nobody waits.
        let held = one.hold("shop", &holder("one")).await.unwrap();
        let error = lost.compact(compaction(1, &[("a", 2)])).await.unwrap_err();
        assert!(matches!(error, StoreError::LeaseLost { .. }), "{error}");
        assert_eq!(held.read("a", 0).await.unwrap().len(), 3);
        assert_eq!(held.compact(compaction(1, &[("a", 2)])).await.unwrap().events, 2);
        assert_eq!(held.read("a", 0).await.unwrap().len(), 1);
    });
}

#[test]
fn others_write_and_read_on_while_it_is_compacted() {
    let postgres = Postgres::start();
    let url = postgres.database("journal");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (one, two) = (open(&runtime, &url), open(&runtime, &url));
    let blob = vec![7; 10_000];
    let named = chain::digest(&blob);
    runtime.block_on(async {
        one.append(append("own", 0, 1)).await.unwrap();
        // What this one led to, another one may come to lead to, too.
        let mut first = Append { events: naming(&blob).into(), ..append("a", 0, 0) };
        first.blobs.push(blob.clone());
        one.append(first).await.unwrap();
        one.append(append("a", 1, 400)).await.unwrap();
    });
    let store = Arc::new(two);
    let writes = {
        let (store, blob) = (store.clone(), blob.clone());
        runtime.spawn(async move {
            for n in 0..60 {
                let with = Append {
                    events: naming(&blob).into(),
                    blobs: vec![blob.clone()],
                    ..append("other", n, 0)
                };
                store.append(with).await.unwrap();
            }
        })
    };
    let reads = {
        let store = store.clone();
        runtime.spawn(async move {
            for _ in 0..60 {
                let read = store.read("a", 0).await.unwrap();
                assert_eq!(read.last().unwrap().sequence, 401);
            }
        })
    };
    runtime.block_on(async {
        for n in 0..20 {
            one.compact(compaction(n + 1, &[("a", n * 20 + 1)])).await.unwrap();
        }
        writes.await.unwrap();
        reads.await.unwrap();
        assert_eq!(store.read("other", 0).await.unwrap().len(), 60);
        assert_eq!(store.blob(&named).await.unwrap(), Some(blob), "others name it");
        assert_eq!(store.read("a", 0).await.unwrap().len(), 20);
    });
    // An older program is told by the form; this one knows it.
    assert_eq!(
        postgres.number("journal", "SELECT CAST(max(version) AS BIGINT) FROM journal_schema"),
        2
    );
    drop(open(&one_thread(), &url));
}

#[test]
fn a_server_that_dies_in_the_middle_leaves_all_or_nothing_of_it() {
    let mut postgres = Postgres::start();
    let url = postgres.database("journal");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let store = open(&runtime, &url);
    runtime.block_on(async {
        store.append(append("own", 0, 1)).await.unwrap();
        store.append(append("a", 0, 2_000)).await.unwrap();
    });
    let (mut expected, mut until) = (1, 0);
    for round in 0..4 {
        let asked = compaction(expected, &[("a", until + 400)]);
        let compacting = {
            let store = store.clone();
            runtime.spawn(async move { store.compact(asked).await })
        };
        std::thread::sleep(Duration::from_millis(round * 12));
        postgres.crash();
        postgres.begin();
        // Whether it was done is seen afterwards.
        let _ = runtime.block_on(compacting).unwrap();
        let store = runtime.block_on(PostgresStore::open(settings(&url))).unwrap();
        runtime.block_on(async {
            let own = store.extents("own").await.unwrap().remove(0).end.sequence;
            let left = store.read("a", 0).await.unwrap();
            let floor = store.extents("a").await.unwrap().remove(0).floor.sequence;
            assert_eq!(left.len() as u64, 2_000 - floor);
            match own - expected {
                0 => assert_eq!(floor, until),
                1 => assert_eq!(floor, until + 400),
                more => panic!("{more} events tell of one compaction"),
            }
            (expected, until) = (own, floor);
        });
    }
}

#[test]
fn a_journal_that_was_made_before_has_what_came_later() {
    let postgres = Postgres::start();
    let url = postgres.database("journal");
    let runtime = one_thread();
    let store = open(&runtime, &url);
    runtime.block_on(store.append(append("a", 0, 2))).unwrap();
    postgres.sql("journal", "DROP TABLE journal_floors; DROP TABLE journal_snapshots");
    let store = runtime.block_on(PostgresStore::open_existing(settings(&url))).unwrap().unwrap();
    runtime.block_on(async {
        assert_eq!(store.read("a", 0).await.unwrap().len(), 2);
        store.put_snapshot("a", b"kept".to_vec()).await.unwrap();
        assert_eq!(store.snapshot("a").await.unwrap().as_deref(), Some(&b"kept"[..]));
    });
}
