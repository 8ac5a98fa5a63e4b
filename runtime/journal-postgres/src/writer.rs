//! The one task that writes: what waits at the same time shares a transaction, which takes two trips.
//!
//! The first begins it, and locks and reads the leases and the ends of the streams that are concerned; the second
//! writes and commits. Locks are taken in the order of their names, so that processes wait for each other and
//! never in a ring.

use std::sync::Arc;

use bp_journal::{Append, Envelope, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Error;

use crate::failure::{self, Trouble};
use crate::lease::Lease;
use crate::link::{Link, Session, Tries};
use crate::settings::Settings;

mod batch;
pub(crate) mod compact;

/// How much shares one transaction at most: so many appends, and blobs of so many bytes.
const TOGETHER: usize = 1_000;
const BYTES: usize = 32 << 20;

const DOING: &str = "write to the journal";

type Reply = oneshot::Sender<Result<Vec<Envelope>, StoreError>>;

/// What is to be written.
pub(crate) enum Work {
    Append(Append),
    Blob(Vec<u8>),
    Snapshot(String, Vec<u8>),
}

impl Work {
    pub(crate) fn blobs(&self) -> &[Vec<u8>] {
        match self {
            Self::Append(append) => &append.blobs,
            Self::Blob(bytes) => std::slice::from_ref(bytes),
            Self::Snapshot(..) => &[],
        }
    }
}

/// Something that is to be written, and who waits for it.
pub(crate) struct Job {
    work: Work,
    lease: Option<Arc<Lease>>,
    reply: Reply,
    /// What a transaction would have written of which nobody knows whether it was committed.
    tried: Option<Tried>,
}

/// See [`Job`].
pub(crate) struct Tried {
    /// The number that its events bear.
    batch: i64,
    written: Vec<Envelope>,
}

impl Job {
    pub(crate) fn new(work: Work, lease: Option<Arc<Lease>>, reply: Reply) -> Self {
        Self { work, lease, reply, tried: None }
    }

    fn bytes(&self) -> usize {
        match &self.work {
            Work::Snapshot(_, bytes) => bytes.len(),
            work => work.blobs().iter().map(Vec::len).sum(),
        }
    }

    fn answer(self, result: Result<Vec<Envelope>, StoreError>) {
        // An answer that nobody waits for any more is no failure.
        let _ = self.reply.send(result);
    }
}

/// Writes what comes, until nobody can send any more.
pub(crate) async fn work(
    settings: Arc<Settings>,
    link: Arc<Link>,
    mut waiting: mpsc::UnboundedReceiver<Job>,
) {
    while let Some(first) = waiting.recv().await {
        let mut bytes = first.bytes();
        let mut jobs = vec![first];
        while jobs.len() < TOGETHER && bytes < BYTES {
            let Ok(next) = waiting.try_recv() else { break };
            bytes += next.bytes();
            jobs.push(next);
        }
        if let Some(jobs) = together(&settings, &link, jobs).await {
            // One of them can't be written: it is not to hurt the others.
            for job in jobs {
                alone(&settings, &link, job).await;
            }
        }
    }
}

/// Writes these in one transaction and answers each; gives them back where that fails for one's sake.
async fn together(settings: &Settings, link: &Link, jobs: Vec<Job>) -> Option<Vec<Job>> {
    let is_alone = jobs.len() == 1;
    match written(settings, link, jobs).await {
        Ok(()) => None,
        Err((jobs, StoreError::Other { .. })) if !is_alone => Some(jobs),
        Err((jobs, error)) => {
            for job in jobs {
                job.answer(Err(error.again()));
            }
            None
        }
    }
}

async fn alone(settings: &Settings, link: &Link, job: Job) {
    // One by itself is always answered.
    let _ = together(settings, link, vec![job]).await;
}

/// Writes these, however often that takes.
async fn written(
    settings: &Settings,
    link: &Link,
    mut jobs: Vec<Job>,
) -> Result<(), (Vec<Job>, StoreError)> {
    let mut tries = Tries::new(settings);
    loop {
        let session = match link.session(&mut tries).await {
            Ok(session) => session,
            Err(error) => return Err((jobs, error)),
        };
        let error = match batch::write(settings, &session, &mut jobs).await {
            Ok(results) => {
                for (job, result) in jobs.into_iter().zip(results) {
                    job.answer(result);
                }
                return Ok(());
            }
            Err(error) => error,
        };
        take_back(link, &session).await;
        let stays = match failure::of(settings, DOING, &error) {
            Trouble::Passing(why) => link.again(&why, &mut tries).await.err(),
            Trouble::Lasting(error) => Some(error),
        };
        if let Some(error) = stays {
            return Err((jobs, error));
        }
    }
}

/// Ends a transaction that failed; where even that fails, the connection is made anew.
async fn take_back(link: &Link, session: &Session) {
    let ended: Result<(), Error> = session.client.batch_execute("ROLLBACK").await;
    if ended.is_err() {
        link.close().await;
    }
}
