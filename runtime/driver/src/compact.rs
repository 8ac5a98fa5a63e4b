//! Compaction: the first events of a deployment are dropped, what they led to is kept, and so is all that those which
//! stay lead to.
//!
//! The state behind the last event that goes is a blob; the event `checkpoint-taken`, which is appended in the same
//! step in which the others go, holds its digest. So whoever reads begins with that state, a kill leaves all or nothing
//! of it, and what was changed by hand is seen as before.

use std::collections::BTreeSet;

use bp_engine::retry::digest;
use bp_engine::{Event, Stream};
use bp_journal::{Append, Compaction, Freed, NewEvent};

use crate::deployments::Deployments;
use crate::error::DriverError;
use crate::kept::{Kept, Until};
use crate::past::begin_of_append;
use crate::timeline::Told;

/// What is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// What happened since, in milliseconds since 1970.
    Since(i64),
    /// This event, by its number, and what happened since; and what happened in the same millisecond.
    Event(u64),
    /// What happened since the first of so many runs, the newest ones of both kinds, was opened.
    Runs(u64),
}

/// How a journal is compacted.
#[derive(Clone, Debug)]
pub struct Compact {
    /// What is to be kept.
    pub keep: Keep,
    /// Who asks: `operator:alice`.
    pub by: String,
    /// What time it is, in milliseconds since 1970.
    pub now_ms: i64,
    /// Only say what would be dropped.
    pub is_dry: bool,
}

/// What was dropped, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// How many events were dropped since the deployment was made.
    pub events: u64,
    /// When the last of them happened, in milliseconds since 1970.
    pub until_ms: i64,
    /// How many events stay, without the one that tells of this.
    pub stay: u64,
    /// The first revision that can still be gone back to.
    pub oldest_revision: u64,
    /// What was dropped now.
    pub freed: Freed,
}

impl Deployments {
    /// Keeps how a deployment stands now, so that whoever comes next need not read all that led to it.
    pub async fn keep(&self, id: &str) -> Result<(), DriverError> {
        let mut ledger = self.existing(id).await?;
        let state = std::mem::take(&mut ledger.state);
        ledger.keep(&state).await;
        Ok(())
    }

    /// Drops what need not be kept; none where nothing is to be dropped, of which nothing is written. Nobody else may
    /// be working on the deployment, or the journal refuses.
    pub async fn compact(&self, id: &str, asked: &Compact) -> Result<Option<Outlook>, DriverError> {
        let told = self.history(id).await?;
        let (gone, stay) = told.split_at(cut(&told, asked.keep));
        let Some(last) = gone.last() else { return Ok(None) };
        let floor = self.floor(id, &told).await?;
        let until = Until { events: last.number, time_ms: last.envelope.time_ms };
        let noted = noted(gone, floor.as_deref(), stay);
        let ledger = self.until(gone, floor).existing(id).await?;
        let (mut state, mut heads) = (ledger.state.clone(), ledger.marks());
        let (runs, mut revisions) = named(stay);
        revisions.extend(self.existing(id).await?.state.ways_back());
        let over: Vec<String> = state
            .forget(&runs, &revisions)
            .into_iter()
            .map(|run| Stream::Run(run).to_string())
            .collect();
        heads.retain(|name, _| !over.contains(name));
        let (name, oldest_revision) = (state.name.clone(), state.oldest_revision());
        let drops = heads.iter().map(|(name, mark)| (name.clone(), mark.sequence)).collect();
        let kept = Kept::new(state, heads, ledger.requests.clone(), noted, until);
        let kept = serde_json::to_vec(&kept).map_err(DriverError::Encode)?;
        let append = checkpoint(id, name, &told, until, kept, asked)?;
        let compaction = Compaction { append, until: drops, over, is_dry: asked.is_dry };
        let freed = self.store().compact(compaction).await?;
        Ok(Some(Outlook {
            events: until.events,
            until_ms: until.time_ms,
            stay: stay.len() as u64,
            oldest_revision,
            freed,
        }))
    }
}

/// How many events go, of all that are there. No millisecond is cut in two: the order within one is made of all that
/// happened in it.
fn cut(told: &[Told], keep: Keep) -> usize {
    let at = first_kept(told, keep);
    let Some(time_ms) = told.get(at).map(|one| one.envelope.time_ms) else { return at };
    at - told.iter().take(at).rev().take_while(|one| one.envelope.time_ms == time_ms).count()
}

fn first_kept(told: &[Told], keep: Keep) -> usize {
    let before =
        |is_kept: &dyn Fn(&Told) -> bool| told.iter().position(is_kept).unwrap_or(told.len());
    match keep {
        Keep::Since(ms) => before(&|one| one.envelope.time_ms >= ms),
        Keep::Event(number) => before(&|one| one.number >= number),
        Keep::Runs(count) => {
            let opened = told.iter().enumerate().rev().filter(|(_, one)| {
                matches!(one.event, Event::RunOpened { .. } | Event::WorkflowOpened { .. })
            });
            let count = usize::try_from(count.max(1)).unwrap_or(usize::MAX);
            let first = opened.map(|(at, _)| at).nth(count - 1);
            first.map_or(0, |at| begin_of_append(told, at))
        }
    }
}

/// The event that tells of it, with the state that is kept.
fn checkpoint(
    id: &str,
    name: String,
    told: &[Told],
    until: Until,
    kept: Vec<u8>,
    asked: &Compact,
) -> Result<Append, DriverError> {
    let stream = Stream::Deployment(id.to_owned());
    let own = told.iter().rev().find(|one| one.stream == stream).map(|one| &one.envelope);
    let event = Event::CheckpointTaken {
        name,
        state: digest(&kept),
        events: until.events,
        until_ms: until.time_ms,
        by: asked.by.clone(),
        at_ms: asked.now_ms,
    };
    let (kind, payload) = event.encode().map_err(DriverError::Encode)?;
    let event = NewEvent {
        kind,
        version: event.version(),
        epoch: own.map_or(0, |own| own.event.epoch),
        actor: asked.by.clone(),
        run: None,
        cause: None,
        payload,
    };
    Ok(Append {
        stream: stream.to_string(),
        expected: own.map_or(0, |own| own.sequence),
        owner: None,
        events: vec![event],
        blobs: vec![kept],
    })
}

/// The runs and revisions that events tell of.
fn named(told: &[Told]) -> (BTreeSet<String>, BTreeSet<u64>) {
    let (mut runs, mut revisions) = (BTreeSet::new(), BTreeSet::new());
    for one in told {
        runs.extend(one.envelope.event.run.clone());
        if let Stream::Run(run) = &one.stream {
            runs.insert(run.clone());
        }
        match &one.event {
            Event::RunOpened { run, revision, .. }
            | Event::WorkflowOpened { run, revision, .. } => {
                runs.insert(run.clone());
                revisions.insert(*revision);
            }
            Event::RunClosed { run, .. }
            | Event::RunPaused { run, .. }
            | Event::RunContinued { run, .. } => {
                runs.insert(run.clone());
            }
            Event::RevisionPlanned { revision, back_to, .. } => {
                revisions.extend([Some(*revision), *back_to].into_iter().flatten());
            }
            Event::StepsSkipped { revision, .. } => {
                revisions.insert(*revision);
            }
            _ => {}
        }
    }
    (runs, revisions)
}

/// The hashes of events that go, which those that stay name.
fn noted(gone: &[Told], floor: Option<&Kept>, stay: &[Told]) -> BTreeSet<String> {
    let before = floor.iter().flat_map(|floor| &floor.noted).map(String::as_str);
    let gone: BTreeSet<&str> =
        gone.iter().map(|one| one.envelope.hash.as_str()).chain(before).collect();
    let heads = stay.iter().filter_map(|one| match &one.event {
        Event::RunClosed { head, .. } | Event::TargetSettled { head, .. } => Some(head),
        _ => None,
    });
    heads.filter(|head| gone.contains(head.as_str())).cloned().collect()
}
