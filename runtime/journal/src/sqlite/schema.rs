//! The tables, and how a journal's file is opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::failure;
use crate::store::StoreError;

/// Says in the file's head that it is a journal of ours: `BPJ1`.
const APPLICATION: i64 = 0x4250_4a31;
/// The form of the tables that this program makes.
const VERSION: i64 = 1;
/// The newest form that it knows, and that of a journal whose first events were dropped: an older program would
/// miss them.
pub(super) const COMPACTED: i64 = 2;

const TABLES: &str = "
CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  stream   TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  time_ms  INTEGER NOT NULL,
  hash     TEXT NOT NULL,
  kind     TEXT NOT NULL,
  version  INTEGER NOT NULL,
  epoch    INTEGER NOT NULL,
  actor    TEXT NOT NULL,
  run      TEXT,
  cause    TEXT,
  payload  TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_by_stream ON events (stream, sequence);
CREATE TABLE streams (
  name     TEXT PRIMARY KEY,
  sequence INTEGER NOT NULL,
  hash     TEXT NOT NULL,
  time_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE blobs (
  digest TEXT PRIMARY KEY,
  bytes  BLOB NOT NULL
) STRICT;
";

/// What came later, and what an older program need not know.
const LATER: &str = "
CREATE TABLE IF NOT EXISTS floors (
  stream   TEXT PRIMARY KEY,
  sequence INTEGER NOT NULL,
  hash     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS snapshots (
  stream TEXT PRIMARY KEY,
  digest TEXT NOT NULL,
  bytes  BLOB NOT NULL
) STRICT;
";

/// How many pages the log has before they are brought into the database: a page that is written again in the meantime
/// is brought there once. Of 4 KiB each, they are 16 MiB.
const PAGES_AHEAD: u32 = 4_096;

/// What a database is.
#[derive(PartialEq, Eq)]
enum Form {
    /// A journal of a form that this program knows.
    Known,
    /// There is nothing in it yet.
    Empty,
}

/// Refuses what is no journal, or one of a form that only a newer program knows.
fn form(path: &Path, connection: &Connection) -> Result<Form, StoreError> {
    let failed = |error| failure::sqlite(path, "open the journal", error);
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get(0));
    let (application, version): (i64, i64) =
        (number("application_id").map_err(failed)?, number("user_version").map_err(failed)?);
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
        .map_err(failed)?;
    match (application, version) {
        (APPLICATION, VERSION..=COMPACTED) => Ok(Form::Known),
        (APPLICATION, newer) if newer > COMPACTED => Err(StoreError::Corrupt(format!(
            "the journal {} has form {newer}, and this program knows forms up to {COMPACTED}: it was \
             written by a newer one; use that, nothing was changed",
            path.display()
        ))),
        (0, 0) if tables == 0 => Ok(Form::Empty),
        _ => Err(StoreError::Corrupt(format!(
            "{} is no journal: it is another program's database",
            path.display()
        ))),
    }
}

/// A connection that writes; the tables are made if they are not there.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let failed = |error| failure::sqlite(path, "open the journal", error);
    let mut connection = Connection::open(path).map_err(failed)?;
    connection.busy_timeout(Duration::from_secs(20)).map_err(failed)?;
    // What is another's, or a newer program's, is left as it is: its mode, too.
    form(path, &connection)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    connection.pragma_update(None, "wal_autocheckpoint", PAGES_AHEAD).map_err(failed)?;
    let make = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(failed)?;
    if form(path, &make)? == Form::Known {
        make.execute_batch(LATER).map_err(failed)?;
        return make.commit().map_err(failed).map(|()| connection);
    }
    make.execute_batch(TABLES).map_err(failed)?;
    make.execute_batch(LATER).map_err(failed)?;
    make.pragma_update(None, "application_id", APPLICATION).map_err(failed)?;
    make.pragma_update(None, "user_version", VERSION).map_err(failed)?;
    make.commit().map_err(failed)?;
    Ok(connection)
}
