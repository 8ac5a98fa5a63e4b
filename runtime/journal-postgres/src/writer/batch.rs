//! One transaction: what is read and locked, what follows from that for each job, and what is written.

use std::collections::{BTreeMap, BTreeSet};

use bp_journal::chain::{self, Head};
use bp_journal::{Append, Envelope, StoreError};
use futures::future::{OptionFuture, join4};
use futures::join;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use super::{Job, Tried, Work};
use crate::lease::Lease;
use crate::link::Session;
use crate::reader::{signed, unsigned};
use crate::settings::Settings;

const LEASES: &str = "\
SELECT name, epoch, holder, CAST(extract(epoch FROM expires - clock_timestamp()) * 1000 AS BIGINT) \
FROM journal_leases WHERE name = ANY($1) ORDER BY name FOR UPDATE";
const FRESH: &str = "\
INSERT INTO journal_streams (name, sequence, hash, time_ms) \
SELECT name, 0, '', 0 FROM unnest($1::TEXT[]) AS u (name) ON CONFLICT (name) DO NOTHING";
pub(super) const HEADS: &str = "\
SELECT name, sequence, hash, time_ms, CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) \
FROM journal_streams WHERE name = ANY($1) ORDER BY name FOR UPDATE";
const BATCH: &str = "SELECT batch FROM journal_events WHERE stream = $1 AND sequence = $2";
const RENEW: &str = "\
UPDATE journal_leases SET expires = clock_timestamp() + $2 * INTERVAL '1 second' WHERE name = ANY($1)";
pub(super) const BLOBS: &str = "\
INSERT INTO journal_blobs (digest, bytes) \
SELECT digest, bytes FROM unnest($1::TEXT[], $2::BYTEA[]) AS u (digest, bytes) ON CONFLICT (digest) DO NOTHING";
const SNAPSHOT: &str = "\
INSERT INTO journal_snapshots (stream, digest, bytes) VALUES ($1, $2, $3) \
ON CONFLICT (stream) DO UPDATE SET digest = excluded.digest, bytes = excluded.bytes";
pub(super) const EVENTS: &str = "\
INSERT INTO journal_events \
(stream, sequence, time_ms, hash, kind, version, epoch, actor, run, cause, payload, batch) \
SELECT u.*, $12 FROM unnest($1::TEXT[], $2::BIGINT[], $3::BIGINT[], $4::TEXT[], $5::TEXT[], $6::BIGINT[], \
$7::BIGINT[], $8::TEXT[], $9::TEXT[], $10::TEXT[], $11::TEXT[]) AS u";
pub(super) const ENDS: &str = "\
UPDATE journal_streams AS s SET sequence = u.sequence, hash = u.hash, time_ms = u.time_ms \
FROM unnest($1::TEXT[], $2::BIGINT[], $3::TEXT[], $4::BIGINT[]) AS u (name, sequence, hash, time_ms) \
WHERE s.name = u.name";

type Answer = Result<Vec<Envelope>, StoreError>;

/// What a transaction has read and locked.
struct Known {
    leases: BTreeMap<String, Seen>,
    heads: BTreeMap<String, Head>,
    /// The streams whose heads are not as they were read.
    moved: BTreeSet<String>,
    now_ms: i64,
}

/// A lease, as it is in the database.
struct Seen {
    epoch: i64,
    holder: String,
    left_ms: i64,
}

/// Writes these in one transaction; gives the answer of each when it is committed. After an error nobody knows whether
/// it is: the jobs remember what it would have written.
pub(super) async fn write(
    settings: &Settings,
    session: &Session,
    jobs: &mut [Job],
) -> Result<Vec<Answer>, Error> {
    let mut known = begin(session, jobs).await?;
    let batch: i64 = rand::random();
    let mut answers = Vec::with_capacity(jobs.len());
    for job in jobs.iter_mut() {
        // Whoever wrote it held the locks that are held now: by now it has, or never will.
        if let Some(envelopes) = came_about(session, job).await? {
            answers.push(Ok(envelopes));
            continue;
        }
        let answer = decide(&mut known, job);
        let written = answer.as_ref().ok().filter(|written| !written.is_empty()).cloned();
        job.tried = written.map(|written| Tried { batch, written });
        answers.push(answer);
    }
    let accepted = jobs.iter().zip(&answers).filter(|(_, answer)| answer.is_ok());
    let accepted: Vec<&Job> = accepted.map(|(job, _)| job).collect();
    commit(settings, session, &accepted, &known, batch).await?;
    Ok(answers)
}

/// The first trip.
async fn begin(session: &Session, jobs: &[Job]) -> Result<Known, Error> {
    let appends = || jobs.iter().filter_map(|job| appended(job));
    let leases: BTreeSet<&str> =
        jobs.iter().filter_map(|job| Some(job.lease.as_ref()?.name.as_str())).collect();
    let fresh: BTreeSet<&str> =
        appends().filter(|a| a.expected == 0).map(|a| a.stream.as_str()).collect();
    let streams: BTreeSet<&str> = appends()
        .flat_map(|a| std::iter::once(&a.stream).chain(a.owner.as_ref().map(|(stream, _)| stream)))
        .map(String::as_str)
        .collect();
    let listed = |names: BTreeSet<&str>| names.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let (leases, fresh, streams) = (listed(leases), listed(fresh), listed(streams));
    let (of_leases, of_fresh, of_heads) = (
        session.prepared(LEASES).await?,
        session.prepared(FRESH).await?,
        session.prepared(HEADS).await?,
    );
    let leases: [&(dyn ToSql + Sync); 1] = [&leases];
    let fresh_names: [&(dyn ToSql + Sync); 1] = [&fresh];
    let streams: [&(dyn ToSql + Sync); 1] = [&streams];
    let client = &session.client;
    let needs_leases = jobs.iter().any(|job| job.lease.is_some());
    let asked_leases = needs_leases.then(|| client.query(&of_leases, &leases));
    let asked_fresh = (!fresh.is_empty()).then(|| client.execute(&of_fresh, &fresh_names));
    let (begun, leases, fresh, heads) = join4(
        client.batch_execute("BEGIN"),
        OptionFuture::from(asked_leases),
        OptionFuture::from(asked_fresh),
        client.query(&of_heads, &streams),
    )
    .await;
    begun?;
    let leases = leases.transpose()?.unwrap_or_default();
    fresh.transpose()?;
    let mut known = Known {
        leases: BTreeMap::new(),
        heads: BTreeMap::new(),
        moved: BTreeSet::new(),
        now_ms: 0,
    };
    for row in leases {
        let seen =
            Seen { epoch: row.try_get(1)?, holder: row.try_get(2)?, left_ms: row.try_get(3)? };
        known.leases.insert(row.try_get(0)?, seen);
    }
    for row in heads? {
        known.now_ms = known.now_ms.max(row.try_get(4)?);
        known.heads.insert(row.try_get(0)?, head(&row)?);
    }
    Ok(known)
}

pub(super) fn head(row: &Row) -> Result<Head, Error> {
    let sequence = unsigned(row.try_get(1)?);
    Ok(Head { sequence, hash: row.try_get(2)?, time_ms: row.try_get(3)? })
}

fn appended(job: &Job) -> Option<&Append> {
    match &job.work {
        Work::Append(append) => Some(append),
        Work::Blob(_) | Work::Snapshot(..) => None,
    }
}

/// What a transaction before has written of this job, where it was committed although nobody was told.
async fn came_about(session: &Session, job: &Job) -> Result<Option<Vec<Envelope>>, Error> {
    let Some(Tried { batch, written }) = &job.tried else { return Ok(None) };
    let Some(first) = written.first() else { return Ok(None) };
    let statement = session.prepared(BATCH).await?;
    let at = signed(first.sequence);
    let row = session.client.query_opt(&statement, &[&first.stream, &at]).await?;
    let is_ours = row.map(|row| row.try_get::<_, i64>(0)).transpose()? == Some(*batch);
    Ok(is_ours.then(|| written.clone()))
}

/// What is written of this job.
fn decide(known: &mut Known, job: &Job) -> Answer {
    if let Some(lease) = &job.lease {
        check(known, lease)?;
    }
    let Work::Append(append) = &job.work else { return Ok(Vec::new()) };
    if let Some((stream, expected)) = &append.owner {
        ends_at(known, stream, *expected)?;
    }
    ends_at(known, &append.stream, append.expected)?;
    let head = known.heads.get(&append.stream).cloned().unwrap_or_default();
    let stamped = chain::stamp(&append.stream, &head, known.now_ms, append.events.clone());
    if let Some(last) = stamped.last() {
        known.heads.insert(append.stream.clone(), Head::of(last));
        known.moved.insert(append.stream.clone());
    }
    Ok(stamped)
}

/// Refuses who has lost the lease.
fn check(known: &Known, lease: &Lease) -> Result<(), StoreError> {
    let holder = match known.leases.get(&lease.name) {
        Some(seen) if seen.epoch == lease.epoch => return Ok(()),
        Some(seen) => seen.holder.clone(),
        None => "nobody".to_owned(),
    };
    Err(StoreError::LeaseLost { name: lease.name.clone(), holder })
}

fn ends_at(known: &Known, stream: &str, expected: u64) -> Result<(), StoreError> {
    let actual = known.heads.get(stream).map_or(0, |head| head.sequence);
    if actual == expected {
        return Ok(());
    }
    Err(StoreError::Conflict { stream: stream.to_owned(), expected, actual })
}

/// The second trip. A statement that fails makes the commit one that takes all back, so that the first error is what
/// counts.
async fn commit(
    settings: &Settings,
    session: &Session,
    jobs: &[&Job],
    known: &Known,
    batch: i64,
) -> Result<(), Error> {
    for job in jobs {
        if let Work::Snapshot(stream, bytes) = &job.work {
            let statement = session.prepared(SNAPSHOT).await?;
            let digest = chain::digest(bytes);
            session.client.execute(&statement, &[stream, &digest, bytes]).await?;
        }
    }
    // What a transaction before has written is not written again.
    let new = jobs.iter().filter_map(|job| job.tried.as_ref().filter(|tried| tried.batch == batch));
    let events: Vec<&Envelope> = new.flat_map(|tried| &tried.written).collect();
    let columns = Columns::of(&events);
    let ends = Ends::of(known);
    let blobs = Blobs::of(jobs);
    let renewed = soon_over(settings, jobs, known);
    let seconds = settings.lease.as_secs_f64();
    let (of_blobs, of_events, of_ends, of_renewal) = (
        session.prepared(BLOBS).await?,
        session.prepared(EVENTS).await?,
        session.prepared(ENDS).await?,
        session.prepared(RENEW).await?,
    );
    let client = &session.client;
    let of_columns = columns.parameters(&batch);
    let of_ends_columns = ends.parameters();
    let of_blobs_columns = blobs.parameters();
    let of_renewed: [&(dyn ToSql + Sync); 2] = [&renewed, &seconds];
    let put = (!blobs.digests.is_empty()).then(|| client.execute(&of_blobs, &of_blobs_columns));
    let added = (!events.is_empty()).then(|| client.execute(&of_events, &of_columns));
    let moved = (!events.is_empty()).then(|| client.execute(&of_ends, &of_ends_columns));
    let renewal = (!renewed.is_empty()).then(|| client.execute(&of_renewal, &of_renewed));
    let before = join4(
        OptionFuture::from(put),
        OptionFuture::from(added),
        OptionFuture::from(moved),
        OptionFuture::from(renewal),
    );
    let ((put, added, moved, renewal), committed) = join!(before, client.batch_execute("COMMIT"));
    for done in [put, added, moved, renewal] {
        done.transpose()?;
    }
    committed
}

/// The leases that are renewed along with what they allowed: after any append they hold for long enough to
/// do what it announced.
fn soon_over(settings: &Settings, jobs: &[&Job], known: &Known) -> Vec<String> {
    let enough = settings.lease.as_millis() * 2 / 3;
    let names: BTreeSet<&str> = jobs
        .iter()
        .filter_map(|job| {
            let lease = job.lease.as_ref()?;
            let seen = known.leases.get(&lease.name)?;
            let is_held = seen.epoch == lease.epoch;
            let is_soon_over = u128::from(unsigned(seen.left_ms.max(0))) < enough;
            (is_held && is_soon_over).then_some(lease.name.as_str())
        })
        .collect();
    names.into_iter().map(str::to_owned).collect()
}

/// Events, column by column.
pub(super) struct Columns<'a> {
    streams: Vec<&'a str>,
    sequences: Vec<i64>,
    times: Vec<i64>,
    hashes: Vec<&'a str>,
    kinds: Vec<&'a str>,
    versions: Vec<i64>,
    epochs: Vec<i64>,
    actors: Vec<&'a str>,
    runs: Vec<Option<&'a str>>,
    causes: Vec<Option<&'a str>>,
    payloads: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(events: &[&'a Envelope]) -> Self {
        let texts = |of: fn(&'a Envelope) -> &'a str| events.iter().map(|e| of(e)).collect();
        let numbers = |of: fn(&Envelope) -> i64| events.iter().map(|e| of(e)).collect();
        Self {
            streams: texts(|e| &e.stream),
            sequences: numbers(|e| signed(e.sequence)),
            times: numbers(|e| e.time_ms),
            hashes: texts(|e| &e.hash),
            kinds: texts(|e| &e.event.kind),
            versions: numbers(|e| i64::from(e.event.version)),
            epochs: numbers(|e| signed(e.event.epoch)),
            actors: texts(|e| &e.event.actor),
            runs: events.iter().map(|e| e.event.run.as_deref()).collect(),
            causes: events.iter().map(|e| e.event.cause.as_deref()).collect(),
            payloads: texts(|e| &e.event.payload),
        }
    }

    pub(super) fn parameters<'b>(&'b self, batch: &'b i64) -> [&'b (dyn ToSql + Sync); 12] {
        [
            &self.streams,
            &self.sequences,
            &self.times,
            &self.hashes,
            &self.kinds,
            &self.versions,
            &self.epochs,
            &self.actors,
            &self.runs,
            &self.causes,
            &self.payloads,
            batch,
        ]
    }
}

/// Where streams end now.
struct Ends<'a> {
    names: Vec<&'a str>,
    sequences: Vec<i64>,
    hashes: Vec<&'a str>,
    times: Vec<i64>,
}

impl<'a> Ends<'a> {
    fn of(known: &'a Known) -> Self {
        let moved: Vec<(&str, &Head)> = known
            .moved
            .iter()
            .filter_map(|name| Some((name.as_str(), known.heads.get(name)?)))
            .collect();
        Self {
            names: moved.iter().map(|(name, _)| *name).collect(),
            sequences: moved.iter().map(|(_, head)| signed(head.sequence)).collect(),
            hashes: moved.iter().map(|(_, head)| head.hash.as_str()).collect(),
            times: moved.iter().map(|(_, head)| head.time_ms).collect(),
        }
    }

    fn parameters(&self) -> [&(dyn ToSql + Sync); 4] {
        [&self.names, &self.sequences, &self.hashes, &self.times]
    }
}

/// Blobs, each once, in the order of their digests.
struct Blobs<'a> {
    digests: Vec<String>,
    bytes: Vec<&'a [u8]>,
}

impl<'a> Blobs<'a> {
    fn of(jobs: &[&'a Job]) -> Self {
        let all = jobs.iter().flat_map(|job| job.work.blobs());
        let all: BTreeMap<String, &[u8]> =
            all.map(|bytes| (chain::digest(bytes), bytes.as_slice())).collect();
        let (digests, bytes) = all.into_iter().unzip();
        Self { digests, bytes }
    }

    fn parameters(&self) -> [&(dyn ToSql + Sync); 2] {
        [&self.digests, &self.bytes]
    }
}
