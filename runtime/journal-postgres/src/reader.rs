//! Reading, with the checks of what is read.

use bp_journal::{Envelope, NewEvent, StoreError, chain};
use futures::try_join;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use crate::link::Link;

const READ: &str = "read the journal";

const BEFORE: &str = "SELECT hash FROM journal_events WHERE stream = $1 AND sequence = $2";
const EVENTS: &str = "SELECT sequence, time_ms, hash, kind, version, epoch, actor, run, cause, payload \
                      FROM journal_events WHERE stream = $1 AND sequence > $2 ORDER BY sequence";
const STREAMS: &str = "SELECT name, sequence FROM journal_streams \
                       WHERE name >= $1 AND name < $2 AND sequence > 0 ORDER BY name";
const BLOB: &str = "SELECT bytes FROM journal_blobs WHERE digest = $1";

/// The events of a stream after a sequence, with their chain checked.
pub(crate) async fn read(
    link: &Link,
    stream: &str,
    after: u64,
) -> Result<Vec<Envelope>, StoreError> {
    let from = signed(after);
    let (before, rows) = link
        .with(READ, |session| async move {
            let (before, events) = try_join!(session.prepared(BEFORE), session.prepared(EVENTS))?;
            let parameters: [&(dyn ToSql + Sync); 2] = [&stream, &from];
            let client = &session.client;
            try_join!(client.query_opt(&before, &parameters), client.query(&events, &parameters))
        })
        .await?;
    let unreadable =
        |error: Error| crate::failure::other("can't read the journal", error.to_string());
    let previous: String =
        before.map_or(Ok(String::new()), |row| row.try_get(0)).map_err(unreadable)?;
    let events = rows.iter().map(|row| envelope(stream, row)).collect::<Result<Vec<_>, _>>();
    let events = events.map_err(unreadable)?;
    chain::check_after(stream, after, &previous, &events)?;
    Ok(events)
}

/// The streams whose names begin so.
pub(crate) async fn streams(link: &Link, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
    // No name goes on with what comes after all characters.
    let end = format!("{prefix}{}", char::MAX);
    let end = end.as_str();
    link.with(READ, |session| async move {
        let statement = session.prepared(STREAMS).await?;
        let rows = session.client.query(&statement, &[&prefix, &end]).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, unsigned(row.try_get(1)?)))).collect()
    })
    .await
}

/// The bytes of a digest.
pub(crate) async fn blob(link: &Link, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let bytes = link.with(READ, |session| async move {
        let statement = session.prepared(BLOB).await?;
        let row = session.client.query_opt(&statement, &[&digest]).await?;
        row.map(|row| row.try_get::<_, Vec<u8>>(0)).transpose()
    });
    bytes.await?.map(|bytes| chain::check_blob(digest, bytes)).transpose()
}

fn envelope(stream: &str, row: &Row) -> Result<Envelope, Error> {
    let sequence = unsigned(row.try_get(0)?);
    Ok(Envelope {
        id: chain::id(stream, sequence),
        stream: stream.to_owned(),
        sequence,
        time_ms: row.try_get(1)?,
        hash: row.try_get(2)?,
        event: NewEvent {
            kind: row.try_get(3)?,
            version: u32::try_from(row.try_get::<_, i64>(4)?).unwrap_or(u32::MAX),
            epoch: unsigned(row.try_get(5)?),
            actor: row.try_get(6)?,
            run: row.try_get(7)?,
            cause: row.try_get(8)?,
            payload: row.try_get(9)?,
        },
    })
}

/// A number as PostgreSQL keeps it: no journal reaches 2^63.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that is never below 0; one that was made so by hand breaks the chain.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
