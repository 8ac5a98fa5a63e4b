//! Compaction in a database that others write to: one transaction on a connection of its own.
//!
//! Blobs are shared: the same bytes may be another deployment's, too. So only those go that the dropped events led to,
//! and that no event of anybody, nor a blob that one names, leads to. All events are looked through before; then blobs are
//! locked, so that nobody adds one, and what was appended meanwhile is looked through, too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_journal::compaction::digests;
use bp_journal::{Append, Compaction, Envelope, Freed, StoreError, chain};
use futures::{TryStreamExt as _, pin_mut};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error};

use super::batch::{BLOBS, Columns, ENDS, EVENTS, HEADS, head};
use crate::failure::{self, Trouble};
use crate::lease::Lease;
use crate::link::{Link, Outage, Tries};
use crate::reader::{signed, unsigned};
use crate::schema;
use crate::settings::Settings;

const DOING: &str = "compact the journal";

/// How many blobs are looked through at once.
const TOGETHER: usize = 20;

/// A large journal takes its time.
const BEGIN: &str =
    "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
const LEASE: &str = "SELECT epoch, holder FROM journal_leases WHERE name = $1 FOR UPDATE";
const FLOORS: &str = "\
INSERT INTO journal_floors (stream, sequence, hash) \
SELECT e.stream, e.sequence, e.hash FROM unnest($1::TEXT[], $2::BIGINT[]) AS u (stream, until) \
JOIN journal_events AS e ON e.stream = u.stream AND e.sequence = u.until \
ON CONFLICT (stream) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash";
const UNFOUNDED: &str = "\
SELECT u.stream FROM unnest($1::TEXT[], $2::BIGINT[]) AS u (stream, until) \
LEFT JOIN journal_floors AS f ON f.stream = u.stream AND f.sequence >= u.until WHERE f.stream IS NULL AND u.until > 0";
const GONE: &str = "\
SELECT e.payload FROM unnest($1::TEXT[], $2::BIGINT[]) AS u (stream, until) \
JOIN journal_events AS e ON e.stream = u.stream AND e.sequence <= u.until";
const DROP: &str = "\
DELETE FROM journal_events AS e USING unnest($1::TEXT[], $2::BIGINT[]) AS u (stream, until) \
WHERE e.stream = u.stream AND e.sequence <= u.until";
const OVER: [&str; 2] = [
    "DELETE FROM journal_streams WHERE name = ANY($1)",
    "DELETE FROM journal_floors WHERE stream = ANY($1)",
];
const SNAPSHOT: &str = "DELETE FROM journal_snapshots WHERE stream = $1";
const ALL: &str = "SELECT stream, sequence, payload FROM journal_events";
const NEWS: &str = "\
SELECT e.stream, e.sequence, e.payload FROM journal_streams AS s \
LEFT JOIN unnest($1::TEXT[], $2::BIGINT[]) AS u (stream, seen) ON u.stream = s.name \
JOIN journal_events AS e ON e.stream = s.name AND e.sequence > coalesce(u.seen, 0) \
WHERE s.sequence > coalesce(u.seen, 0)";
const SOME: &str = "SELECT digest, bytes FROM journal_blobs WHERE digest = ANY($1)";
const FORM: &str =
    "INSERT INTO journal_schema (version) VALUES ($1) ON CONFLICT (version) DO NOTHING";

/// Drops what is asked for, under a lease where there is one. A commit whose answer is lost is told as a failure: who asks
/// once more finds it done.
pub(crate) async fn compact(
    settings: &Arc<Settings>,
    lease: Option<&Lease>,
    compaction: Compaction,
) -> Result<Freed, StoreError> {
    let link = Link::new(settings.clone(), Arc::new(Outage::new(settings.clone())));
    let session = link.session(&mut Tries::new(settings)).await?;
    let told = |error: Error| match failure::of(settings, DOING, &error) {
        Trouble::Passing(why) => StoreError::Away(format!(
            "the journal's database {} went away while it was compacted ({why}): do it again when it is back",
            settings.shown()
        )),
        Trouble::Lasting(error) => error,
    };
    let is_dry = compaction.is_dry;
    let done = dropped(&session.client, lease, compaction).await;
    let end = if done.is_ok() && !is_dry { "COMMIT" } else { "ROLLBACK" };
    let ended = session.client.batch_execute(end).await;
    let freed = done.map_err(|trouble| match trouble {
        Failed::Database(error) => told(error),
        Failed::Refused(error) => error,
    })?;
    ended.map_err(told).map(|()| freed)
}

/// Why not.
enum Failed {
    Database(Error),
    Refused(StoreError),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

async fn dropped(
    client: &Client,
    lease: Option<&Lease>,
    compaction: Compaction,
) -> Result<Freed, Failed> {
    let Compaction { append, until, over, .. } = compaction;
    client.batch_execute(BEGIN).await?;
    if let Some(lease) = lease {
        check(client, lease).await?;
    }
    let own = append.stream.clone();
    let written = appended(client, append, &until).await?;
    let mut freed = Freed { written, ..Freed::default() };
    let mut streams: Vec<&str> = until.iter().map(|(stream, _)| stream.as_str()).collect();
    let mut ends: Vec<i64> = until.iter().map(|(_, until)| signed(*until)).collect();
    client.execute(FLOORS, &[&streams, &ends]).await?;
    if let Some(row) = client.query_opt(&format!("{UNFOUNDED} LIMIT 1"), &[&streams, &ends]).await?
    {
        let stream: String = row.try_get(0)?;
        return Err(Failed::Refused(StoreError::Corrupt(format!(
            "the journal has not got the last event of `{stream}` that is to be dropped: nothing was dropped"
        ))));
    }
    streams.extend(over.iter().map(String::as_str));
    ends.resize(streams.len(), i64::MAX);
    let mut led_to = BTreeSet::new();
    let rows = client.query_raw(GONE, [&streams as &(dyn ToSql + Sync), &ends]).await?;
    pin_mut!(rows);
    while let Some(row) = rows.try_next().await? {
        let payload: &str = row.try_get(0)?;
        led_to.extend(digests(payload.as_bytes()).map(str::to_owned));
        freed.bytes += payload.len() as u64;
    }
    freed.events = client.execute(DROP, &[&streams, &ends]).await?;
    for gone in OVER {
        client.execute(gone, &[&over]).await?;
    }
    client.execute(SNAPSHOT, &[&own]).await?;
    sweep(client, led_to, &mut freed).await?;
    client.execute(FORM, &[&schema::COMPACTED]).await?;
    Ok(freed)
}

/// Refuses who has lost the lease.
async fn check(client: &Client, lease: &Lease) -> Result<(), Failed> {
    let row = client.query_opt(LEASE, &[&lease.name]).await?;
    let held = row.map(|row| Ok::<_, Error>((row.try_get(0)?, row.try_get(1)?))).transpose()?;
    let holder = match held {
        Some((epoch, _)) if lease.epoch == epoch => return Ok(()),
        Some((_, holder)) => holder,
        None => "nobody".to_owned(),
    };
    Err(Failed::Refused(StoreError::LeaseLost { name: lease.name.clone(), holder }))
}

/// Appends what tells of it; the streams that are concerned are locked until the end.
async fn appended(
    client: &Client,
    append: Append,
    until: &[(String, u64)],
) -> Result<Vec<Envelope>, Failed> {
    let names = until.iter().map(|(stream, _)| stream.as_str());
    let names: BTreeSet<&str> = names.chain([append.stream.as_str()]).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let (mut heads, mut now_ms) = (BTreeMap::new(), 0);
    for row in client.query(HEADS, &[&names]).await? {
        now_ms = row.try_get(4)?;
        heads.insert(row.try_get::<_, String>(0)?, head(&row)?);
    }
    let Append { stream, expected, events, blobs, .. } = append;
    let head = heads.remove(&stream).unwrap_or_default();
    if head.sequence != expected {
        let actual = head.sequence;
        return Err(Failed::Refused(StoreError::Conflict { stream, expected, actual }));
    }
    let written = chain::stamp(&stream, &head, now_ms, events);
    let batch: i64 = rand::random();
    let all: Vec<&Envelope> = written.iter().collect();
    client.execute(EVENTS, &Columns::of(&all).parameters(&batch)).await?;
    if let Some(last) = written.last() {
        let (sequence, hash, time_ms) =
            (vec![signed(last.sequence)], vec![&last.hash], vec![last.time_ms]);
        client.execute(ENDS, &[&vec![&stream], &sequence, &hash, &time_ms]).await?;
    }
    let digests: Vec<String> = blobs.iter().map(|bytes| chain::digest(bytes)).collect();
    client.execute(BLOBS, &[&digests, &blobs]).await?;
    Ok(written)
}

/// Drops the blobs that dropped events led to and nothing else does.
async fn sweep(client: &Client, led_to: BTreeSet<String>, freed: &mut Freed) -> Result<(), Failed> {
    let led_to = reachable(client, led_to, BTreeSet::new()).await?;
    let (mut seen, mut named) = (BTreeMap::new(), BTreeSet::new());
    look_through(client, ALL, &[], &mut seen, &mut named).await?;
    let kept = reachable(client, named, BTreeSet::new()).await?;
    client.batch_execute("LOCK TABLE journal_blobs IN SHARE ROW EXCLUSIVE MODE").await?;
    let streams: Vec<String> = seen.keys().cloned().collect();
    let ends: Vec<i64> = seen.values().copied().collect();
    let mut news = BTreeSet::new();
    look_through(client, NEWS, &[&streams, &ends], &mut seen, &mut news).await?;
    let kept = reachable(client, news, kept).await?;
    let gone: Vec<&String> = led_to.difference(&kept).collect();
    for row in client
        .query(
            "DELETE FROM journal_blobs WHERE digest = ANY($1) RETURNING octet_length(bytes)",
            &[&gone],
        )
        .await?
    {
        freed.blobs += 1;
        freed.bytes += unsigned(i64::from(row.try_get::<_, i32>(0)?));
    }
    Ok(())
}

/// What events name, and how far each stream was looked through.
async fn look_through(
    client: &Client,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
    seen: &mut BTreeMap<String, i64>,
    named: &mut BTreeSet<String>,
) -> Result<(), Error> {
    let rows = client.query_raw(sql, parameters.iter().copied()).await?;
    pin_mut!(rows);
    while let Some(row) = rows.try_next().await? {
        let (stream, sequence, payload): (&str, i64, &str) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        match seen.get_mut(stream) {
            Some(last) => *last = sequence.max(*last),
            None => drop(seen.insert(stream.to_owned(), sequence)),
        }
        named.extend(digests(payload.as_bytes()).map(str::to_owned));
    }
    Ok(())
}

/// Of these digests and those that their blobs name in turn, the ones of which there are blobs; `known` are looked
/// through already.
async fn reachable(
    client: &Client,
    named: BTreeSet<String>,
    known: BTreeSet<String>,
) -> Result<BTreeSet<String>, Error> {
    let mut there = known;
    let mut next: Vec<String> =
        named.into_iter().filter(|digest| !there.contains(digest)).collect();
    let mut seen: BTreeSet<String> = next.iter().cloned().collect();
    while !next.is_empty() {
        let some = next.split_off(next.len().saturating_sub(TOGETHER));
        for row in client.query(SOME, &[&some]).await? {
            let (digest, bytes): (String, &[u8]) = (row.try_get(0)?, row.try_get(1)?);
            for found in digests(bytes) {
                if !there.contains(found) && seen.insert(found.to_owned()) {
                    next.push(found.to_owned());
                }
            }
            there.insert(digest);
        }
    }
    Ok(there)
}
