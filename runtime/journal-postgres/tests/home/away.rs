//! A database that goes away: it is waited for, told once, and nothing is lost or written twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bp_journal::{Store as _, StoreError, check};
use bp_journal_postgres::PostgresStore;
use bp_tests::{Gate, Postgres};

use crate::{Said, append, certify, one_thread, open, settings};

#[test]
fn a_database_that_is_away_is_waited_for_and_told_once() {
    let mut postgres = Postgres::start();
    let url = postgres.database("journal");
    let said = Said::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let store = runtime.block_on(PostgresStore::open(said.by(settings(&url)))).unwrap();
    let held = runtime.block_on(store.hold("shop", &crate::holder("one"))).unwrap();
    runtime.block_on(held.append(append("a", 0, 1))).unwrap();
    for (n, crash) in [(1, false), (2, true)] {
        if crash {
            postgres.crash();
        } else {
            postgres.stop();
        }
        let (write, read) = (held.append(append("a", n, 1)), store.read("a", 0));
        let both = async { tokio::join!(write, read) };
        let waiting = runtime.block_on(async {
            let both = std::pin::pin!(both);
            tokio::time::timeout(Duration::from_millis(700), both).await.is_err()
        });
        assert!(waiting, "an answer came from a server that is away");
        let waiting = runtime.block_on(async {
            let append = held.append(append("a", n, 1));
            let begin = async { tokio::task::block_in_place(|| postgres.begin()) };
            tokio::join!(append, begin).0
        });
        // The one before was given up by its writer, and may have come about all the same.
        assert!(matches!(waiting, Ok(_) | Err(StoreError::Conflict { .. })), "{waiting:?}");
        let events = runtime.block_on(store.read("a", 0)).unwrap();
        assert_eq!(events.len() as u64, n + 1);
        check(&events).unwrap();
    }
    let words = said.all();
    assert_eq!(words.len(), 4, "{words:#?}");
    assert!(
        words[0].contains("does not answer") && words[0].contains("nothing is lost"),
        "{words:#?}"
    );
    assert!(words[1].contains("answers again"), "{words:#?}");
}

#[test]
fn who_has_waited_for_long_enough_is_told() {
    let mut postgres = Postgres::start();
    let url = postgres.database("journal");
    let runtime = one_thread();
    let patience = Duration::from_millis(800);
    let store =
        runtime.block_on(PostgresStore::open(settings(&url).with_patience(patience))).unwrap();
    postgres.stop();
    let error = runtime.block_on(store.append(append("a", 0, 1))).unwrap_err();
    assert!(matches!(error, StoreError::Away(_)), "{error}");
    assert!(error.to_string().contains("did not answer for"), "{error}");
    let error = runtime.block_on(PostgresStore::open(settings(&url).with_patience(patience)));
    assert!(matches!(error.map(drop), Err(StoreError::Away(_))));
    // It is not spoilt by that.
    postgres.begin();
    runtime.block_on(store.append(append("a", 0, 1))).unwrap();
}

/// Connections are cut at any moment of many appends, some after the commit and before its answer: each append is
/// there once.
#[test]
fn an_answer_that_is_lost_is_found_again() {
    let mut postgres = Postgres::start();
    postgres.database("journal");
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("ca.pem");
    std::fs::write(&roots, certify(&mut postgres)).unwrap();
    let gate = Gate::to(([127, 0, 0, 1], postgres.port()).into());
    let (password, port) = (postgres.password(), gate.address().port());
    let roots = roots.display();
    let url = format!("postgres://ann:{password}@localhost:{port}/journal?sslrootcert={roots}");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let store = open(&runtime, &url);
    let count = 40;
    let done = Arc::new(AtomicU64::new(0));
    let writing = runtime.spawn({
        let (store, done) = (store.clone(), done.clone());
        async move {
            for n in 0..count {
                store.append(append("a", n, 1)).await.unwrap();
                done.store(n + 1, Ordering::SeqCst);
            }
        }
    });
    let (mut cuts, mut seen) = (0, 0);
    while !writing.is_finished() {
        // Whatever the machine's pace, something is appended between two cuts.
        if done.load(Ordering::SeqCst) > seen {
            std::thread::sleep(Duration::from_micros(cuts * 977 % 7_000));
            seen = done.load(Ordering::SeqCst);
            gate.shut();
            gate.open();
            cuts += 1;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    runtime.block_on(writing).unwrap();
    let events = runtime.block_on(store.read("a", 0)).unwrap();
    assert_eq!(events.len() as u64, count);
    check(&events).unwrap();
    println!("{cuts} cuts");
    assert!(cuts > 5, "only {cuts} cuts");
}
