//! The suite of every home, asked of the two that need no server.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::sync::Arc;

use bp_journal::conformance::{self, Case};
use bp_journal::{MemoryStore, SqliteStore};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

#[test]
fn the_one_in_memory_conforms() {
    let runtime = runtime();
    conformance::all(&|name, case: Case<'_>| {
        println!("{name}");
        runtime.block_on(case(Arc::new(MemoryStore::new())));
    });
}

#[test]
fn sqlite_conforms() {
    let runtime = runtime();
    conformance::all(&|name, case: Case<'_>| {
        println!("{name}");
        let folder = tempfile::tempdir().unwrap();
        runtime.block_on(case(Arc::new(SqliteStore::open(folder.path()).unwrap())));
    });
}
