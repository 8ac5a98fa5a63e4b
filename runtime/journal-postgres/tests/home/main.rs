//! The journal in a real PostgreSQL: shared, leased, away, refused, damaged, newer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod away;
mod compacted;
mod leases;
mod refused;
mod shared;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bp_journal::{Append, NewEvent, StoreError};
use bp_journal_postgres::{Given, Holder, PostgresStore, Settings};
use bp_tests::Postgres;
use rcgen::{CertificateParams, Issuer, KeyPair};
use tokio::runtime::Runtime;

fn append(stream: &str, expected: u64, count: usize) -> Append {
    let event = |n| NewEvent {
        kind: "tested".into(),
        version: 1,
        epoch: 1,
        actor: "operator:test".into(),
        run: None,
        cause: None,
        payload: format!("{{\"n\":{n}}}"),
    };
    Append {
        owner: None,
        stream: stream.into(),
        expected,
        events: (0..count).map(event).collect(),
        blobs: vec![],
    }
}

fn holder(name: &str) -> Holder {
    Holder { name: name.to_owned(), place: format!("place of {name}") }
}

fn settings(url: &str) -> Settings {
    Settings::new(url, Given::Environment).unwrap().with_patience(Duration::from_secs(20))
}

fn open(runtime: &Runtime, url: &str) -> PostgresStore {
    runtime.block_on(PostgresStore::open(settings(url))).unwrap()
}

/// Why a database is refused.
fn refusal(settings: Settings) -> String {
    match one_thread().block_on(PostgresStore::open(settings)).map(drop) {
        Err(StoreError::Refused(why) | StoreError::Corrupt(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// What does nothing while nobody asks it for something: as a process that was stopped.
fn one_thread() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// What is told of outages.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

impl Said {
    fn by(&self, settings: Settings) -> Settings {
        let said = self.0.clone();
        settings.telling(move |words| said.lock().unwrap().push(words.to_owned()))
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// Gives a server a certificate for `localhost`; the certificate of the authority that signed it.
fn certify(postgres: &mut Postgres) -> String {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = authority.self_signed(&key).unwrap();
    let own = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let server = server.signed_by(&own, &Issuer::from_params(&authority, &key)).unwrap();
    postgres.stop();
    postgres.put("server.crt", &server.pem());
    postgres.put("server.key", &own.serialize_pem());
    postgres.configure(&["ssl = on"]);
    postgres.begin();
    certificate.pem()
}
