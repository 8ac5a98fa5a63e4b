//! The tables, in the first schema of the connection's search path, and the form that they have.

use bp_journal::StoreError;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

use crate::link::Session;
use crate::settings::{Settings, refused};

/// The form of the tables that this program makes.
const FORM: i32 = 1;
/// The newest form that it knows, and that of a database in which first events were dropped: an older program would miss
/// them.
pub(crate) const COMPACTED: i32 = 2;

/// One transaction: all of it is there, or nothing. `batch` is the number of the transaction that wrote an event,
/// chosen by who wrote it: it finds its own again where the answer to a commit was lost.
const TABLES: &str = r#"
BEGIN;
CREATE TABLE journal_schema (version INTEGER PRIMARY KEY);
INSERT INTO journal_schema (version) VALUES (1);
CREATE TABLE journal_streams (
  name     TEXT COLLATE "C" PRIMARY KEY,
  sequence BIGINT NOT NULL,
  hash     TEXT NOT NULL,
  time_ms  BIGINT NOT NULL
);
CREATE TABLE journal_events (
  stream   TEXT COLLATE "C" NOT NULL,
  sequence BIGINT NOT NULL,
  time_ms  BIGINT NOT NULL,
  hash     TEXT NOT NULL,
  kind     TEXT NOT NULL,
  version  BIGINT NOT NULL,
  epoch    BIGINT NOT NULL,
  actor    TEXT NOT NULL,
  run      TEXT,
  cause    TEXT,
  payload  TEXT NOT NULL,
  batch    BIGINT NOT NULL,
  PRIMARY KEY (stream, sequence)
);
CREATE TABLE journal_blobs (
  digest TEXT COLLATE "C" PRIMARY KEY,
  bytes  BYTEA NOT NULL
);
CREATE TABLE journal_leases (
  name    TEXT COLLATE "C" PRIMARY KEY,
  epoch   BIGINT NOT NULL,
  holder  TEXT NOT NULL,
  place   TEXT NOT NULL,
  expires TIMESTAMPTZ NOT NULL
);
COMMIT;
"#;

/// What came later, and what an older program need not know.
const LATER: &str = r#"
BEGIN;
CREATE TABLE IF NOT EXISTS journal_floors (
  stream   TEXT COLLATE "C" PRIMARY KEY,
  sequence BIGINT NOT NULL,
  hash     TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS journal_snapshots (
  stream TEXT COLLATE "C" PRIMARY KEY,
  digest TEXT NOT NULL,
  bytes  BYTEA NOT NULL
);
COMMIT;
"#;

/// The form of the tables that are there; none where there are none.
pub(crate) async fn form(client: &Client) -> Result<Option<i32>, Error> {
    match client.query("SELECT max(version) FROM journal_schema", &[]).await {
        Ok(rows) => rows.first().map_or(Ok(None), |row| row.try_get(0)),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Refuses tables of a form that this program does not know.
pub(crate) fn check(settings: &Settings, form: i32) -> Result<(), StoreError> {
    if (FORM..=COMPACTED).contains(&form) {
        return Ok(());
    }
    Err(StoreError::Corrupt(format!(
        "the journal in {} has form {form}, and this program knows forms up to {COMPACTED}: it was written by a newer \
         one; use that, nothing was changed",
        settings.shown()
    )))
}

/// Makes the tables.
pub(crate) async fn make(session: &Session) -> Result<(), Error> {
    let made = session.client.batch_execute(TABLES).await;
    let Err(error) = made else { return Ok(()) };
    // What was begun is taken back; the error that is told is the first one.
    let _ = session.client.batch_execute("ROLLBACK").await;
    let is_there =
        [&SqlState::DUPLICATE_TABLE, &SqlState::UNIQUE_VIOLATION, &SqlState::DUPLICATE_OBJECT];
    match error.code() {
        // Another process was quicker, or the answer to a try before was lost.
        Some(code) if is_there.contains(&code) && form(&session.client).await?.is_some() => Ok(()),
        _ => Err(error),
    }
}

/// Makes the tables that came later, in a journal that has not got them.
pub(crate) async fn complete(session: &Session) -> Result<(), Error> {
    const PROBE: &str = "SELECT 1 FROM journal_floors, journal_snapshots LIMIT 0";
    let is_there = |error: &Error| error.code() != Some(&SqlState::UNDEFINED_TABLE);
    match session.client.query(PROBE, &[]).await {
        Err(error) if !is_there(&error) => {}
        probed => return probed.map(drop),
    }
    if session.client.batch_execute(LATER).await.is_err() {
        // Another process may have been quicker.
        let _ = session.client.batch_execute("ROLLBACK").await;
        return session.client.query(PROBE, &[]).await.map(drop);
    }
    Ok(())
}

/// What is told where the tables can't be made because others have their names.
pub(crate) fn taken(settings: &Settings) -> StoreError {
    refused(format!(
        "{} has tables of another program that are called as the journal's (`journal_…`): give the journal a \
         database, or a schema, of its own",
        settings.shown()
    ))
}
