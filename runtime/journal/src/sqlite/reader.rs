//! Reading: connections that never wait for the writer, and the checks of what is read.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row};

use super::failure;
use crate::chain;
use crate::compaction::{Extent, Mark};
use crate::event::{Envelope, NewEvent};
use crate::store::StoreError;

/// Idle connections, and how to make more.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::new(Vec::new()) }
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&Connection, &Path) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let result = work(&connection, &self.path);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        result
    }

    fn connect(&self) -> Result<Connection, StoreError> {
        let failed = |error| failure::sqlite(&self.path, "read the journal", error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(failed)?;
        connection.busy_timeout(Duration::from_secs(20)).map_err(failed)?;
        connection.pragma_update(None, "query_only", true).map_err(failed)?;
        // A query is planned once, and not again for each stream that it is asked of.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failed)?;
        Ok(connection)
    }

    /// The events of a stream after a sequence, with their chain checked.
    pub(super) fn read(&self, stream: &str, after: u64) -> Result<Vec<Envelope>, StoreError> {
        self.with(|connection, path| {
            let failed = |error| failure::sqlite(path, "read the journal", error);
            // All of it as it is at one moment.
            let moment = connection.unchecked_transaction().map_err(failed)?;
            read(&moment, path, stream, after)
        })
    }

    /// The events of several streams, of each those after what is known of it.
    pub(super) fn read_each(
        &self,
        known: &[(String, Mark)],
    ) -> Result<Vec<Vec<Envelope>>, StoreError> {
        self.with(|connection, path| {
            let failed = |error| failure::sqlite(path, "read the journal", error);
            let moment = connection.unchecked_transaction().map_err(failed)?;
            let read = |(stream, mark): &(String, Mark)| {
                let events = read(&moment, path, stream, mark.sequence)?;
                chain::check_known(stream, mark, &events).map(|()| events)
            };
            known.iter().map(read).collect()
        })
    }

    /// The streams whose names begin so.
    pub(super) fn extents(&self, prefix: &str) -> Result<Vec<Extent>, StoreError> {
        self.with(|connection, path| {
            let failed = |error| failure::sqlite(path, "read the journal", error);
            let mut query = connection
                .prepare_cached(
                    "SELECT name, s.sequence, s.hash, coalesce(f.sequence, 0), coalesce(f.hash, '') \
                     FROM streams AS s LEFT JOIN floors AS f ON f.stream = s.name WHERE name >= ?1 ORDER BY name",
                )
                .map_err(failed)?;
            let rows = query
                .query_map([prefix], |row| {
                    let end = Mark { sequence: number(row, 1)?, hash: row.get(2)? };
                    let floor = Mark { sequence: number(row, 3)?, hash: row.get(4)? };
                    Ok(Extent { stream: row.get(0)?, floor, end })
                })
                .map_err(failed)?;
            let mut extents = Vec::new();
            for row in rows {
                let extent = row.map_err(failed)?;
                if !extent.stream.starts_with(prefix) {
                    break;
                }
                extents.push(extent);
            }
            Ok(extents)
        })
    }

    /// What was kept for a stream.
    pub(super) fn snapshot(&self, stream: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let found: Option<(String, Vec<u8>)> = self.with(|connection, path| {
            connection
                .prepare_cached("SELECT digest, bytes FROM snapshots WHERE stream = ?1")
                .and_then(|mut query| {
                    query.query_row([stream], |row| Ok((row.get(0)?, row.get(1)?))).optional()
                })
                .map_err(|error| failure::sqlite(path, "read the journal", error))
        })?;
        let Some((digest, bytes)) = found else { return Ok(None) };
        chain::check_blob(&digest, bytes).map(Some).map_err(|_| chain::spoiled(stream))
    }

    /// The bytes of a digest.
    pub(super) fn blob(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let bytes = self.with(|connection, path| {
            connection
                .prepare_cached("SELECT bytes FROM blobs WHERE digest = ?1")
                .and_then(|mut query| query.query_row([digest], |row| row.get(0)).optional())
                .map_err(|error| failure::sqlite(path, "read the journal", error))
        })?;
        bytes.map(|bytes: Vec<u8>| chain::check_blob(digest, bytes)).transpose()
    }
}

fn read(
    connection: &Connection,
    path: &Path,
    stream: &str,
    after: u64,
) -> Result<Vec<Envelope>, StoreError> {
    let failed = |error| failure::sqlite(path, "read the journal", error);
    let floor = floor(connection, stream).map_err(failed)?;
    let hash_of = |sequence: i64| {
        connection
            .prepare_cached("SELECT hash FROM events WHERE stream = ?1 AND sequence = ?2")?
            .query_row((stream, sequence), |row| row.get(0))
            .optional()
    };
    let after = after.max(floor.sequence);
    let from = i64::try_from(after).unwrap_or(i64::MAX);
    let previous = match after {
        after if after == floor.sequence => floor.hash,
        _ => hash_of(from).map_err(failed)?.unwrap_or_default(),
    };
    let mut query = connection
        .prepare_cached(
            "SELECT sequence, time_ms, hash, kind, version, epoch, actor, run, cause, payload \
             FROM events WHERE stream = ?1 AND sequence > ?2 ORDER BY sequence",
        )
        .map_err(failed)?;
    let rows = query.query_map((stream, from), |row| envelope(stream, row)).map_err(failed)?;
    let events: Vec<Envelope> = rows.collect::<Result<_, _>>().map_err(failed)?;
    chain::check_after(stream, after, &previous, &events)?;
    Ok(events)
}

/// The last event of a stream that was dropped.
pub(super) fn floor(connection: &Connection, stream: &str) -> rusqlite::Result<Mark> {
    let floor = connection
        .prepare_cached("SELECT sequence, hash FROM floors WHERE stream = ?1")?
        .query_row([stream], |row| Ok(Mark { sequence: number(row, 0)?, hash: row.get(1)? }))
        .optional()?;
    Ok(floor.unwrap_or_default())
}

/// A whole number that is never below 0.
fn number(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(at)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(at, number))
}

fn envelope(stream: &str, row: &Row<'_>) -> rusqlite::Result<Envelope> {
    let sequence = number(row, 0)?;
    Ok(Envelope {
        id: chain::id(stream, sequence),
        stream: stream.to_owned(),
        sequence,
        time_ms: row.get(1)?,
        hash: row.get(2)?,
        event: NewEvent {
            kind: row.get(3)?,
            version: row.get(4)?,
            epoch: number(row, 5)?,
            actor: row.get(6)?,
            run: row.get(7)?,
            cause: row.get(8)?,
            payload: row.get(9)?,
        },
    })
}
