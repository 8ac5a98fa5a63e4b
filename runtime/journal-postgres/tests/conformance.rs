//! The suite of every home, asked of a real PostgreSQL.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bp_journal::conformance::{self, Case};
use bp_journal_postgres::{Given, PostgresStore, Settings};
use bp_tests::Postgres;

#[test]
fn postgresql_conforms() {
    let postgres = Postgres::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let count = AtomicU32::new(0);
    conformance::all(&|name, case: Case<'_>| {
        println!("{name}");
        // A schema of its own is as good as a database, and sooner there.
        let schema = format!("case{}", count.fetch_add(1, Ordering::SeqCst));
        postgres.sql("postgres", &format!("CREATE SCHEMA {schema}"));
        let url = format!("{}&options=-csearch_path%3D{schema}", postgres.url_of("postgres"));
        let settings = Settings::new(&url, Given::Environment).unwrap();
        runtime.block_on(async {
            let store = PostgresStore::open(settings).await.unwrap();
            case(Arc::new(store)).await;
        });
    });
}
