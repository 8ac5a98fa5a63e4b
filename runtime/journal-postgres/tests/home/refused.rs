//! Databases that can't keep a journal: each with its own sentence, and nothing changed.

use bp_journal::Store as _;
use bp_journal_postgres::{Given, PostgresStore, Settings};
use bp_tests::Postgres;

use crate::{append, certify, one_thread, open, refusal, settings};

#[test]
fn a_server_that_forgets_what_it_committed_is_refused() {
    let postgres = Postgres::start();
    let url = postgres.database("journal");
    postgres.sql("postgres", "ALTER DATABASE journal SET synchronous_commit = off");
    let said = refusal(settings(&url));
    assert!(
        said.contains("`synchronous_commit = off`") && said.contains("a crash would"),
        "{said}"
    );
    postgres.sql("postgres", "ALTER DATABASE journal SET synchronous_commit = local");
    drop(open(&one_thread(), &url));

    let postgres = Postgres::with(&["fsync = off"]);
    let said = refusal(settings(&postgres.database("journal")));
    assert!(said.contains("`fsync = off`") && said.contains("a power cut would"), "{said}");
    assert_eq!(
        postgres
            .number("journal", "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'journal%'"),
        0
    );
}

#[test]
fn a_newer_form_is_refused_and_harmed_by_nothing() {
    let postgres = Postgres::start();
    let url = postgres.database("journal");
    let runtime = one_thread();
    let store = open(&runtime, &url);
    runtime.block_on(store.append(append("a", 0, 1))).unwrap();
    postgres.sql("journal", "INSERT INTO journal_schema (version) VALUES (9)");
    let said = refusal(settings(&url));
    assert!(
        said.contains("form 9") && said.contains("newer") && said.contains("nothing was changed"),
        "{said}"
    );
    let existing = runtime.block_on(PostgresStore::open_existing(settings(&url))).map(drop);
    assert!(existing.unwrap_err().to_string().contains("form 9"));
    assert_eq!(postgres.number("journal", "SELECT count(*) FROM journal_events"), 1);
}

#[test]
fn another_program_s_tables_are_left_alone() {
    let postgres = Postgres::start();
    let url = postgres.database("journal");
    postgres.sql("journal", "CREATE TABLE journal_events (song TEXT)");
    let said = refusal(settings(&url));
    assert!(said.contains("tables of another program"), "{said}");
    assert_eq!(
        postgres
            .number("journal", "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'journal%'"),
        1
    );
}

#[test]
fn who_is_not_let_in_is_told_why() {
    let postgres = Postgres::start();
    let url = postgres.database("journal");
    let said = refusal(settings(&postgres.url_of("nowhere")));
    assert!(said.contains("no database `nowhere`") && said.contains("createdb nowhere"), "{said}");
    let stranger = url.replace("ann@", "stranger@");
    let said = refusal(settings(&stranger));
    assert!(said.contains("`stranger`") && said.contains("does not exist"), "{said}");
    postgres.sql("journal", "CREATE ROLE reader LOGIN");
    let said = refusal(settings(&url.replace("ann@", "reader@")));
    assert!(said.contains("`reader` may not keep a journal"), "{said}");
    postgres.sql("postgres", "CREATE DATABASE latin ENCODING LATIN1 TEMPLATE template0");
    let said = refusal(settings(&postgres.url_of("latin")));
    assert!(said.contains("LATIN1") && said.contains("UTF8"), "{said}");
}

#[test]
fn over_a_network_a_password_and_a_good_certificate_are_needed() {
    let mut postgres = Postgres::start();
    postgres.database("journal");
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("ca.pem");
    let url = postgres.url_over_loopback("journal");
    let given = |user: &str, query: &str| {
        let url = url.replace("ann@", user);
        Settings::new(&format!("{url}{query}"), Given::Environment).unwrap()
    };
    let secret = postgres.password();
    let password = format!("ann:{secret}@");
    let trusting = format!("?sslrootcert={}", roots.display());

    let said = refusal(given(&password, ""));
    assert!(said.contains("does not support TLS") && said.contains("sslrootcert=FILE"), "{said}");

    std::fs::write(&roots, certify(&mut postgres)).unwrap();
    let runtime = one_thread();
    let store = runtime.block_on(PostgresStore::open(given(&password, &trusting))).unwrap();
    runtime.block_on(store.append(append("a", 0, 1))).unwrap();
    let encrypted = "SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
                     WHERE s.ssl AND a.application_name = 'blueprint'";
    assert!(postgres.number("journal", encrypted) >= 1);

    let said = refusal(given("ann:wrong-horse@", &trusting));
    assert!(
        said.contains("refuses the password of `ann`") && !said.contains("wrong-horse"),
        "{said}"
    );
    let said = refusal(given("ann@", &trusting));
    assert!(
        said.contains("asks for the password of `ann`") && said.contains("PGPASSWORD"),
        "{said}"
    );
    // An authority that nobody knows has signed it.
    let said = refusal(given(&password, ""));
    assert!(said.contains("encrypted and verified") && said.contains("UnknownIssuer"), "{said}");
    assert!(!said.contains(secret), "{said}");
}
