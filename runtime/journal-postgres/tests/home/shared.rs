//! Several processes on one journal, and what is in it.

use std::sync::Arc;

use bp_journal::{Append, Store, StoreError};
use bp_journal_postgres::PostgresStore;
use bp_tests::Postgres;

use crate::{append, one_thread, open, settings};

#[test]
fn many_writers_share_a_journal_and_each_place_goes_to_one() {
    let postgres = Postgres::start();
    let url = postgres.database("journal");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    // All of them make the tables.
    let stores: Vec<_> =
        (0..5).map(|_| runtime.spawn(PostgresStore::open(settings(&url)))).collect();
    let stores: Vec<PostgresStore> =
        stores.into_iter().map(|store| runtime.block_on(store).unwrap().unwrap()).collect();
    let writers: Vec<_> = stores
        .iter()
        .map(|store| {
            let store = store.clone();
            runtime.spawn(async move {
                let mut won = 0;
                for n in 0..40 {
                    // A race for each place of one stream, and a new stream for each.
                    let own = append(&format!("new/{n}"), 0, 1);
                    let (race, new) =
                        tokio::join!(store.append(append("all", n, 1)), store.append(own));
                    for result in [race, new] {
                        match result {
                            Ok(_) => won += 1,
                            Err(StoreError::Conflict { .. }) => {}
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                    // Whoever lost waits for who won.
                    while store.read("all", n).await.unwrap().is_empty() {}
                }
                won
            })
        })
        .collect();
    let won: usize = writers.into_iter().map(|writer| runtime.block_on(writer).unwrap()).sum();
    assert_eq!(won, 80);
    assert_eq!(runtime.block_on(stores[0].read("all", 0)).unwrap().len(), 40);
    assert_eq!(runtime.block_on(stores[0].streams("new/")).unwrap().len(), 40);
}

#[test]
fn what_was_appended_is_there_for_the_next_one() {
    let postgres = Postgres::start();
    let url = postgres.database("journal");
    let runtime = one_thread();
    let none = runtime.block_on(PostgresStore::open_existing(settings(&url))).unwrap();
    assert!(none.is_none());
    assert_eq!(
        postgres
            .number("journal", "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'journal%'"),
        0
    );
    runtime.block_on(open(&runtime, &url).append(append("a", 0, 3))).unwrap();
    let store = runtime.block_on(PostgresStore::open_existing(settings(&url))).unwrap().unwrap();
    assert_eq!(runtime.block_on(store.read("a", 1)).unwrap().len(), 2);
}

#[test]
fn an_event_that_was_changed_is_found() {
    let postgres = Postgres::start();
    for (n, (sql, word)) in [
        ("UPDATE journal_events SET payload = '{}' WHERE sequence = 2", "a#2"),
        ("UPDATE journal_events SET time_ms = time_ms + 1 WHERE sequence = 1", "a#1"),
        ("DELETE FROM journal_events WHERE sequence = 2", "event 2"),
        ("UPDATE journal_blobs SET bytes = '\\x00'", "blob"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("journal{n}");
        let url = postgres.database(&name);
        let runtime = one_thread();
        let store = open(&runtime, &url);
        runtime.block_on(store.append(append("a", 0, 3))).unwrap();
        let digest = runtime.block_on(store.put_blob(b"a blob".to_vec())).unwrap();
        postgres.sql(&name, sql);
        let error = match runtime.block_on(store.read("a", 0)) {
            Ok(_) => runtime.block_on(store.blob(&digest)).unwrap_err(),
            Err(error) => error,
        };
        let said = error.to_string();
        assert!(matches!(error, StoreError::Corrupt(_)), "{sql}: {said}");
        assert!(said.contains(word) && said.contains("restore"), "{sql}: {said}");
    }
}

#[test]
fn one_that_can_t_be_written_does_not_hurt_the_others() {
    let postgres = Postgres::start();
    let url = postgres.database("journal");
    let runtime = one_thread();
    let store = Arc::new(open(&runtime, &url));
    // PostgreSQL keeps no text with a NUL.
    let mut wrong = append("wrong", 0, 1);
    wrong.events[0].actor = "operator:\0".into();
    let refused = Append { blobs: vec![b"refused".to_vec()], ..append("b", 7, 1) };
    let (a, wrong, refused, c) = runtime.block_on(async {
        tokio::join!(
            store.append(append("a", 0, 2)),
            store.append(wrong),
            store.append(refused),
            store.append(append("c", 0, 2))
        )
    });
    assert_eq!((a.unwrap().len(), c.unwrap().len()), (2, 2));
    assert!(wrong.unwrap_err().to_string().contains("can't write to the journal"));
    assert!(matches!(refused, Err(StoreError::Conflict { expected: 7, actual: 0, .. })));
    let digest = bp_journal::chain::digest(b"refused");
    assert_eq!(runtime.block_on(store.blob(&digest)).unwrap(), None);
    assert_eq!(runtime.block_on(store.streams("")).unwrap().len(), 2);
}

#[test]
fn what_waits_together_shares_a_transaction() {
    let postgres = Postgres::start();
    let url = postgres.database("journal");
    let runtime = one_thread();
    let store = open(&runtime, &url);
    runtime.block_on(async {
        let streams: Vec<String> = (0..300).map(|n| format!("s{n}")).collect();
        let appends = streams.iter().map(|stream| store.append(append(stream, 0, 2)));
        futures::future::try_join_all(appends).await.unwrap();
    });
    let commits = postgres.number("journal", "SELECT count(DISTINCT batch) FROM journal_events");
    assert!(commits <= 3, "{commits} transactions for 300 appends that waited together");
}
