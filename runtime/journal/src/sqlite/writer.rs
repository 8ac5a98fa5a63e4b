//! The one thread that writes: what waits at the same time shares a transaction.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use rusqlite::blob::ZeroBlob;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::{compact, failure};
use crate::chain::{self, Head};
use crate::clock;
use crate::compaction::{Compaction, Freed};
use crate::event::Envelope;
use crate::store::{Append, BlobDigest, StoreError};

/// How much shares one transaction at most.
const TOGETHER: usize = 1_000;

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// Something to be written.
pub(super) enum Job {
    Append(Append, Reply<Vec<Envelope>>),
    Blob(Vec<u8>, Reply<BlobDigest>),
    Snapshot(String, Vec<u8>, Reply<()>),
    Compact(Box<Compaction>, Reply<Freed>),
}

/// What was written and awaits its commit.
enum Written {
    Append(Result<Vec<Envelope>, StoreError>, Reply<Vec<Envelope>>),
    Blob(Result<BlobDigest, StoreError>, Reply<BlobDigest>),
    Snapshot(Result<(), StoreError>, Reply<()>),
}

/// The thread, and the way to it.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(path: PathBuf, connection: Connection) -> Result<Self, StoreError> {
        let (jobs, waiting) = channel();
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || work(&path, connection, &waiting))
            .map_err(|error| failure::other("start the journal's thread", error))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    pub(super) fn send(&self, job: Job) -> Result<(), StoreError> {
        let sent = self.jobs.as_ref().map(|jobs| jobs.send(job));
        match sent {
            Some(Ok(())) => Ok(()),
            _ => Err(failure::other(
                "write to the journal",
                std::io::Error::other("the journal's thread has ended"),
            )),
        }
    }
}

impl Drop for Writer {
    /// What was sent is written before the journal closes.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // It ends when nobody can send any more.
            let _ = thread.join();
        }
    }
}

fn work(path: &Path, mut connection: Connection, waiting: &Receiver<Job>) {
    while let Ok(first) = waiting.recv() {
        let mut jobs = vec![first];
        jobs.extend(waiting.try_iter().take(TOGETHER - 1));
        // What concerns all of the journal is done by itself, behind what came before.
        let mut small = Vec::with_capacity(jobs.len());
        for job in jobs {
            match job {
                Job::Compact(compaction, reply) => {
                    together(path, &mut connection, std::mem::take(&mut small));
                    drop(reply.send(compact::compact(path, &mut connection, *compaction)));
                }
                job => small.push(job),
            }
        }
        together(path, &mut connection, small);
    }
}

fn together(path: &Path, connection: &mut Connection, jobs: Vec<Job>) {
    if jobs.is_empty() {
        return;
    }
    let failed = |error| failure::sqlite(path, "write to the journal", error);
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            let why = failed(error);
            for job in jobs {
                job.refuse(&why);
            }
            return;
        }
    };
    let mut written = Vec::with_capacity(jobs.len());
    // What fails for another reason than a conflict may be there in part: then nothing of all this is to be there.
    let mut broken = None;
    let mut jobs = jobs.into_iter();
    for job in jobs.by_ref() {
        let one = match job {
            Job::Append(append, reply) => {
                Written::Append(append_one(path, &transaction, append), reply)
            }
            Job::Blob(bytes, reply) => {
                Written::Blob(put(&transaction, &bytes).map_err(failed), reply)
            }
            Job::Snapshot(stream, bytes, reply) => {
                Written::Snapshot(keep(&transaction, &stream, &bytes).map_err(failed), reply)
            }
            // It has a transaction of its own.
            Job::Compact(..) => continue,
        };
        broken = one.breaks();
        written.push(one);
        if broken.is_some() {
            break;
        }
    }
    let failure = match broken {
        None => transaction.commit().map_err(failed).err(),
        Some(why) => {
            drop(transaction);
            Some(why)
        }
    };
    if let Some(why) = &failure {
        jobs.for_each(|job| job.refuse(why));
    }
    for one in written {
        one.answer(failure.as_ref());
    }
}

impl Job {
    /// Nothing of it was done.
    fn refuse(self, why: &StoreError) {
        // An answer that nobody waits for any more is no failure.
        match self {
            Self::Append(_, reply) => drop(reply.send(Err(why.again()))),
            Self::Blob(_, reply) => drop(reply.send(Err(why.again()))),
            Self::Snapshot(_, _, reply) => drop(reply.send(Err(why.again()))),
            Self::Compact(_, reply) => drop(reply.send(Err(why.again()))),
        }
    }
}

impl Written {
    /// Why nothing that shares its transaction can be written: a part of it may be there. A blob is one statement,
    /// and a snapshot is one savepoint, which is done or not; nothing is done of an append that conflicts.
    fn breaks(&self) -> Option<StoreError> {
        match self {
            Self::Append(Err(StoreError::Conflict { .. }), _) => None,
            Self::Append(Err(why), _) => Some(why.again()),
            _ => None,
        }
    }

    /// Tells what came of it; nothing did where the commit failed.
    fn answer(self, failure: Option<&StoreError>) {
        fn send<T>(result: Result<T, StoreError>, reply: Reply<T>, failure: Option<&StoreError>) {
            let result = result.and_then(|done| failure.map_or(Ok(done), |why| Err(why.again())));
            // An answer that nobody waits for any more is no failure.
            drop(reply.send(result));
        }
        match self {
            Self::Append(result, reply) => send(result, reply, failure),
            Self::Blob(result, reply) => send(result, reply, failure),
            Self::Snapshot(result, reply) => send(result, reply, failure),
        }
    }
}

/// One append. Nothing of it was written where there is a conflict; after any other failure the transaction is to be
/// rolled back.
pub(super) fn append_one(
    path: &Path,
    transaction: &Transaction<'_>,
    append: Append,
) -> Result<Vec<Envelope>, StoreError> {
    let failed = |error| failure::sqlite(path, "write to the journal", error);
    if let Some((stream, expected)) = append.owner {
        let actual = head(transaction, &stream).map_err(failed)?.sequence;
        if actual != expected {
            return Err(StoreError::Conflict { stream, expected, actual });
        }
    }
    let head = head(transaction, &append.stream).map_err(failed)?;
    if head.sequence != append.expected {
        return Err(StoreError::Conflict {
            stream: append.stream,
            expected: append.expected,
            actual: head.sequence,
        });
    }
    let stamped = chain::stamp(&append.stream, &head, clock::now_ms(), append.events);
    for blob in &append.blobs {
        put(transaction, blob).map_err(failed)?;
    }
    insert(transaction, &stamped).map_err(failed)?;
    Ok(stamped)
}

fn head(connection: &Connection, stream: &str) -> rusqlite::Result<Head> {
    let found = connection
        .prepare_cached("SELECT sequence, hash, time_ms FROM streams WHERE name = ?1")?
        .query_row([stream], |row| {
            let sequence: i64 = row.get(0)?;
            Ok(Head {
                sequence: u64::try_from(sequence).unwrap_or_default(),
                hash: row.get(1)?,
                time_ms: row.get(2)?,
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

fn insert(connection: &Connection, stamped: &[Envelope]) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO events (stream, sequence, time_ms, hash, kind, version, epoch, actor, run, cause, payload) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    for envelope in stamped {
        let event = &envelope.event;
        insert.execute((
            &envelope.stream,
            signed(envelope.sequence),
            envelope.time_ms,
            &envelope.hash,
            &event.kind,
            event.version,
            signed(event.epoch),
            &event.actor,
            &event.run,
            &event.cause,
            &event.payload,
        ))?;
    }
    if let Some(last) = stamped.last() {
        connection
            .prepare_cached(
                "INSERT INTO streams (name, sequence, hash, time_ms) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (name) DO UPDATE SET sequence = ?2, hash = ?3, time_ms = ?4",
            )?
            .execute((&last.stream, signed(last.sequence), &last.hash, last.time_ms))?;
    }
    Ok(())
}

/// A number as SQLite keeps it: no journal reaches 2^63.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn put(connection: &Connection, bytes: &[u8]) -> rusqlite::Result<BlobDigest> {
    let digest = chain::digest(bytes);
    connection
        .prepare_cached("INSERT OR IGNORE INTO blobs (digest, bytes) VALUES (?1, ?2)")?
        .execute((&digest, bytes))?;
    Ok(digest)
}

/// In the place of what was kept for the stream before: all of it, or nothing.
fn keep(connection: &Connection, stream: &str, bytes: &[u8]) -> rusqlite::Result<()> {
    connection.execute_batch("SAVEPOINT keep")?;
    let kept = keep_in_place(connection, stream, bytes);
    connection.execute_batch(match kept {
        Ok(()) => "RELEASE keep",
        Err(_) => "ROLLBACK TO keep; RELEASE keep",
    })?;
    kept
}

/// Writes where it is to stand: as a statement's value it would be copied twice, and it may be large.
fn keep_in_place(connection: &Connection, stream: &str, bytes: &[u8]) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO snapshots (stream, digest, bytes) VALUES (?1, ?2, ?3)",
        )?
        .execute((stream, chain::digest(bytes), ZeroBlob(bytes.len() as u64)))?;
    let row = connection.last_insert_rowid();
    connection.blob_open("main", "snapshots", "bytes", row, false)?.write_at(bytes, 0)
}
