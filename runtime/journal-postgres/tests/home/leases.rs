//! Leases: by the database's time, with their epoch in every append.

use std::time::Duration;

use bp_journal::{Store as _, StoreError};
use bp_journal_postgres::PostgresStore;
use bp_tests::Postgres;

use crate::{append, holder, one_thread, open, settings};

#[test]
fn who_holds_a_lease_keeps_others_out_until_it_gives_it_back() {
    let postgres = Postgres::start();
    let url = postgres.database("journal");
    let runtime = one_thread();
    let (one, two) = (open(&runtime, &url), open(&runtime, &url));
    runtime.block_on(async {
        let held = one.hold("shop", &holder("one")).await.unwrap();
        held.append(append("a", 0, 2)).await.unwrap();
        let error = two.hold("shop", &holder("two")).await.map(drop).unwrap_err();
        assert!(error.to_string().contains("one is working on `shop`"), "{error}");
        let StoreError::Held { left, .. } = error else { panic!("{error}") };
        assert!(left > Duration::from_secs(55) && left <= Duration::from_mins(1), "{left:?}");
        // What is leased to others is another matter.
        two.hold("other", &holder("two")).await.unwrap().append(append("b", 0, 1)).await.unwrap();
        held.release().await.unwrap();
        let taken = two.hold("shop", &holder("two")).await.unwrap();
        taken.append(append("a", 2, 1)).await.unwrap();
    });
}

#[test]
fn a_lease_that_runs_out_is_taken_over_and_who_had_it_writes_nothing_more() {
    let postgres = Postgres::start();
    let url = postgres.database("journal");
    let lease = Duration::from_millis(600);
    // As a process that is stopped for a while: nothing of it goes on while nobody drives it.
    let stopped = one_thread();
    let one = stopped.block_on(PostgresStore::open(settings(&url).with_lease(lease))).unwrap();
    let held = stopped.block_on(one.hold("shop", &holder("one"))).unwrap();
    stopped.block_on(held.append(append("a", 0, 1))).unwrap();

    let runtime = one_thread();
    let two = open(&runtime, &url);
    assert!(runtime.block_on(two.hold("shop", &holder("two"))).is_err());
    std::thread::sleep(lease);
    let taken = runtime.block_on(two.hold("shop", &holder("two"))).unwrap();

    // It names the sequence that is there, and is refused for its lease alone.
    let error = stopped.block_on(held.append(append("a", 1, 1))).unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, StoreError::LeaseLost { .. }), "{said}");
    assert!(said.contains("`shop`") && said.contains("two has taken it over"), "{said}");
    assert_eq!(runtime.block_on(taken.read("a", 0)).unwrap().len(), 1);
    runtime.block_on(taken.append(append("a", 1, 1))).unwrap();
    // Nor can it give back what is another's.
    stopped.block_on(held.release()).unwrap();
    runtime.block_on(taken.append(append("a", 2, 1))).unwrap();
    assert!(stopped.block_on(one.hold("shop", &holder("one"))).is_err());
}

#[test]
fn a_lease_is_renewed_while_its_holder_lives_and_kept_where_nobody_took_it() {
    let postgres = Postgres::start();
    let url = postgres.database("journal");
    let lease = Duration::from_secs(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let one = runtime.block_on(PostgresStore::open(settings(&url).with_lease(lease))).unwrap();
    let held = runtime.block_on(one.hold("shop", &holder("one"))).unwrap();
    std::thread::sleep(lease * 2);
    assert!(runtime.block_on(one.hold("shop", &holder("two"))).is_err());
    runtime.block_on(held.append(append("a", 0, 1))).unwrap();
    drop(held);

    let stopped = one_thread();
    let one = stopped.block_on(PostgresStore::open(settings(&url).with_lease(lease))).unwrap();
    std::thread::sleep(lease);
    let held = stopped.block_on(one.hold("shop", &holder("one"))).unwrap();
    std::thread::sleep(lease * 2);
    stopped.block_on(held.append(append("a", 1, 1))).unwrap();
    // What that append announced has time: the lease was renewed with it.
    let left = "SELECT CAST(extract(epoch FROM expires - clock_timestamp()) * 1000 AS BIGINT) FROM journal_leases";
    let left = postgres.number("journal", left);
    assert!(left > 500, "{left} ms are left");
}

#[test]
fn who_comes_back_to_the_place_of_a_dead_holder_need_not_wait() {
    let postgres = Postgres::start();
    let url = postgres.database("journal");
    let runtime = one_thread();
    let one = open(&runtime, &url);
    runtime.block_on(async {
        let dead = one.hold("shop", &holder("one")).await.unwrap();
        let back = one.hold("shop", &holder("one")).await.unwrap();
        back.append(append("a", 0, 1)).await.unwrap();
        assert!(matches!(dead.append(append("a", 1, 1)).await, Err(StoreError::LeaseLost { .. })));
    });
}
