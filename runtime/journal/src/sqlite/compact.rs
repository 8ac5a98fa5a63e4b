//! Compaction of a journal's file: one transaction, and then the file gets smaller.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use super::reader::floor;
use super::writer::{append_one, signed};
use super::{failure, schema};
use crate::compaction::{Compaction, Freed, Mark, digests, reachable};
use crate::store::StoreError;

/// Drops what is asked for, and blobs that nothing names any more.
pub(super) fn compact(
    path: &Path,
    connection: &mut Connection,
    compaction: Compaction,
) -> Result<Freed, StoreError> {
    let failed = |error| failure::sqlite(path, "compact the journal", error);
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let Compaction { append, until, over, is_dry } = compaction;
    let own = append.stream.clone();
    let written = append_one(path, &transaction, append)?;
    let mut freed = Freed { written, ..Freed::default() };
    for (stream, until) in until {
        drop_until(path, &transaction, &stream, until, &mut freed)?;
    }
    for stream in over {
        drop_events(&transaction, &stream, i64::MAX, &mut freed).map_err(failed)?;
        for gone in ["DELETE FROM streams WHERE name = ?1", "DELETE FROM floors WHERE stream = ?1"]
        {
            transaction.execute(gone, [&stream]).map_err(failed)?;
        }
    }
    transaction.execute("DELETE FROM snapshots WHERE stream = ?1", [own]).map_err(failed)?;
    sweep(path, &transaction, &mut freed)?;
    transaction.pragma_update(None, "user_version", schema::COMPACTED).map_err(failed)?;
    if is_dry {
        return transaction.rollback().map_err(failed).map(|()| freed);
    }
    transaction.commit().map_err(failed)?;
    // What is free inside of the file is used again where it can't be given back, for others read it.
    let _ = connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);");
    Ok(freed)
}

fn drop_until(
    path: &Path,
    transaction: &Transaction<'_>,
    stream: &str,
    until: u64,
    freed: &mut Freed,
) -> Result<(), StoreError> {
    let failed = |error| failure::sqlite(path, "compact the journal", error);
    if until <= floor(transaction, stream).map_err(failed)?.sequence {
        return Ok(());
    }
    let hash: Option<String> = transaction
        .query_row(
            "SELECT hash FROM events WHERE stream = ?1 AND sequence = ?2",
            (stream, signed(until)),
            |row| row.get(0),
        )
        .optional()
        .map_err(failed)?;
    let Some(hash) = hash else {
        return Err(StoreError::Corrupt(format!(
            "the journal has no event {until} of `{stream}`: nothing was dropped"
        )));
    };
    let floor = Mark { sequence: until, hash };
    drop_events(transaction, stream, signed(until), freed).map_err(failed)?;
    transaction
        .execute(
            "INSERT OR REPLACE INTO floors (stream, sequence, hash) VALUES (?1, ?2, ?3)",
            (stream, signed(floor.sequence), floor.hash),
        )
        .map_err(failed)?;
    Ok(())
}

fn drop_events(
    transaction: &Transaction<'_>,
    stream: &str,
    until: i64,
    freed: &mut Freed,
) -> rusqlite::Result<()> {
    let bytes: i64 = transaction.query_row(
        "SELECT coalesce(sum(octet_length(payload)), 0) FROM events WHERE stream = ?1 AND sequence <= ?2",
        (stream, until),
        |row| row.get(0),
    )?;
    let gone = transaction
        .execute("DELETE FROM events WHERE stream = ?1 AND sequence <= ?2", (stream, until))?;
    freed.events += gone as u64;
    freed.bytes += u64::try_from(bytes).unwrap_or_default();
    Ok(())
}

/// Drops blobs that neither an event that is left nor a blob that one names leads to.
fn sweep(path: &Path, transaction: &Transaction<'_>, freed: &mut Freed) -> Result<(), StoreError> {
    let failed = |error| failure::sqlite(path, "compact the journal", error);
    let named = named(transaction).map_err(failed)?;
    let mut blob =
        transaction.prepare("SELECT bytes FROM blobs WHERE digest = ?1").map_err(failed)?;
    let kept = reachable(named, |digest| {
        blob.query_row([digest], |row| row.get(0)).optional().map_err(failed)
    })?;
    let mut all = transaction.prepare("SELECT digest, length(bytes) FROM blobs").map_err(failed)?;
    let all = all
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect::<rusqlite::Result<Vec<(String, i64)>>>)
        .map_err(failed)?;
    for (digest, bytes) in all.into_iter().filter(|(digest, _)| !kept.contains(digest)) {
        transaction.execute("DELETE FROM blobs WHERE digest = ?1", [digest]).map_err(failed)?;
        freed.blobs += 1;
        freed.bytes += u64::try_from(bytes).unwrap_or_default();
    }
    Ok(())
}

/// What events name.
fn named(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut named = BTreeSet::new();
    let mut payloads = connection.prepare("SELECT payload FROM events")?;
    let mut rows = payloads.query([])?;
    while let Some(row) = rows.next()? {
        let payload = row.get_ref(0)?.as_str()?;
        named.extend(digests(payload.as_bytes()).map(str::to_owned));
    }
    Ok(named)
}
