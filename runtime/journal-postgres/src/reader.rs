//! Reading, with the checks of what is read.

use std::collections::BTreeMap;

use bp_journal::{Envelope, Extent, Mark, NewEvent, StoreError, chain};
use futures::try_join;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use crate::link::Link;

const READ: &str = "read the journal";

const BEFORE: &str = "SELECT hash FROM journal_events WHERE stream = $1 AND sequence = $2";
const EVENTS: &str = "SELECT sequence, time_ms, hash, kind, version, epoch, actor, run, cause, payload \
                      FROM journal_events WHERE stream = $1 AND sequence > $2 ORDER BY sequence";
const FLOOR: &str = "SELECT sequence, hash FROM journal_floors WHERE stream = $1";
const EACH: &str = "\
SELECT e.sequence, time_ms, hash, kind, version, epoch, actor, run, cause, payload, e.stream \
FROM unnest($1::TEXT[], $2::BIGINT[]) AS u (stream, seen) \
JOIN journal_events AS e ON e.stream = u.stream AND e.sequence > u.seen ORDER BY e.stream, e.sequence";
const EXTENTS: &str = "\
SELECT s.name, s.sequence, s.hash, coalesce(f.sequence, 0), coalesce(f.hash, '') \
FROM journal_streams AS s LEFT JOIN journal_floors AS f ON f.stream = s.name \
WHERE s.name >= $1 AND s.name < $2 AND s.sequence > 0 ORDER BY s.name";
const BLOB: &str = "SELECT bytes FROM journal_blobs WHERE digest = $1";
const SNAPSHOT: &str = "SELECT digest, bytes FROM journal_snapshots WHERE stream = $1";

/// How often a stream is read anew because its first events were dropped meanwhile.
const READ_ANEW: usize = 3;

/// The events of a stream after a sequence, with their chain checked.
pub(crate) async fn read(
    link: &Link,
    stream: &str,
    after: u64,
) -> Result<Vec<Envelope>, StoreError> {
    let mut tries = 0;
    loop {
        let (floor, previous, events) = read_once(link, stream, after).await?;
        let after = after.max(floor.sequence);
        let previous = if after == floor.sequence { floor.hash } else { previous };
        tries += 1;
        match chain::check_after(stream, after, &previous, &events) {
            // The one was read before the other.
            Err(_) if tries < READ_ANEW => {}
            checked => return checked.map(|()| events),
        }
    }
}

async fn read_once(
    link: &Link,
    stream: &str,
    after: u64,
) -> Result<(Mark, String, Vec<Envelope>), StoreError> {
    let from = signed(after);
    let (floor, before, rows) = link
        .with(READ, |session| async move {
            let (floor, before, events) = try_join!(
                session.prepared(FLOOR),
                session.prepared(BEFORE),
                session.prepared(EVENTS)
            )?;
            let name: [&(dyn ToSql + Sync); 1] = [&stream];
            let parameters: [&(dyn ToSql + Sync); 2] = [&stream, &from];
            let client = &session.client;
            try_join!(
                client.query_opt(&floor, &name),
                client.query_opt(&before, &parameters),
                client.query(&events, &parameters)
            )
        })
        .await?;
    let mark = |row: Row| Ok(Mark { sequence: unsigned(row.try_get(0)?), hash: row.try_get(1)? });
    let floor: Mark = floor.map_or(Ok(Mark::default()), mark).map_err(unreadable)?;
    let previous: String =
        before.map_or(Ok(String::new()), |row| row.try_get(0)).map_err(unreadable)?;
    let events = rows.iter().map(|row| envelope(stream, row)).collect::<Result<Vec<_>, _>>();
    let mut events = events.map_err(unreadable)?;
    events.retain(|event| event.sequence > floor.sequence);
    Ok((floor, previous, events))
}

/// The events of several streams, of each those after what is known of it.
pub(crate) async fn read_each(
    link: &Link,
    known: &[(String, Mark)],
) -> Result<Vec<Vec<Envelope>>, StoreError> {
    let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
    let seen: Vec<i64> = known.iter().map(|(_, mark)| signed(mark.sequence)).collect();
    let (names, seen) = (&names, &seen);
    let rows = link
        .with(READ, |session| async move {
            let statement = session.prepared(EACH).await?;
            session.client.query(&statement, &[names, seen]).await
        })
        .await?;
    let mut found: BTreeMap<String, Vec<Envelope>> = BTreeMap::new();
    for row in &rows {
        let stream: String = row.try_get(10).map_err(unreadable)?;
        let event = envelope(&stream, row).map_err(unreadable)?;
        found.entry(stream).or_default().push(event);
    }
    let mut all = Vec::with_capacity(known.len());
    for (stream, mark) in known {
        let events = found.remove(stream).unwrap_or_default();
        let is_next = events.first().is_none_or(|first| first.sequence == mark.sequence + 1);
        all.push(if is_next {
            chain::check_after(stream, mark.sequence, &mark.hash, &events)?;
            events
        } else {
            // What comes before was dropped.
            read(link, stream, mark.sequence).await?
        });
    }
    Ok(all)
}

/// The streams whose names begin so.
pub(crate) async fn extents(link: &Link, prefix: &str) -> Result<Vec<Extent>, StoreError> {
    // No name goes on with what comes after all characters.
    let end = format!("{prefix}{}", char::MAX);
    let end = end.as_str();
    link.with(READ, |session| async move {
        let statement = session.prepared(EXTENTS).await?;
        let rows = session.client.query(&statement, &[&prefix, &end]).await?;
        let mark = |row: &Row, at: usize| {
            Ok::<_, Error>(Mark {
                sequence: unsigned(row.try_get(at)?),
                hash: row.try_get(at + 1)?,
            })
        };
        rows.iter()
            .map(|row| {
                let (end, floor) = (mark(row, 1)?, mark(row, 3)?);
                Ok(Extent { stream: row.try_get(0)?, floor, end })
            })
            .collect()
    })
    .await
}

/// What was kept for a stream.
pub(crate) async fn snapshot(link: &Link, stream: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let found = link.with(READ, |session| async move {
        let statement = session.prepared(SNAPSHOT).await?;
        let row = session.client.query_opt(&statement, &[&stream]).await?;
        row.map(|row| Ok((row.try_get::<_, String>(0)?, row.try_get::<_, Vec<u8>>(1)?))).transpose()
    });
    let Some((digest, bytes)) = found.await? else { return Ok(None) };
    chain::check_blob(&digest, bytes).map(Some).map_err(|_| chain::spoiled(stream))
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn unreadable(error: Error) -> StoreError {
    crate::failure::other("can't read the journal", error.to_string())
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
