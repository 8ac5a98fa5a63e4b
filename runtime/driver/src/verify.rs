//! Whether a journal is whole: every event is the one that was written, none is missing in the middle, and no tail
//! was cut that another stream or a blob still tells of.
//!
//! A stream's own chain shows what was changed inside of it. That its end is gone is shown by others: the run has noted
//! the head of each target when it settled it, the deployment that of each run when it closed it; runs and targets are told
//! of before they begin, requests are named by what they led to. What nobody has told of yet can't be missed: a
//! backup of an earlier moment is whole. Where events were dropped, the checkpoint says which, and stands for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_engine::{Event, Stream};
use bp_journal::{Envelope, Extent, Mark, Store, StoreError};

use crate::error::DriverError;
use crate::kept::{self, Kept};
use crate::ledger::{Ledger, decode};
use crate::past::Until;

/// What was looked at, and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many streams there are.
    pub streams: usize,
    /// How many events were read.
    pub events: u64,
    /// How many blobs are named, each of which was read.
    pub blobs: usize,
    /// What is wrong, in the order of the streams.
    pub flaws: Vec<Flaw>,
}

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flaw {
    /// In which stream.
    pub stream: String,
    /// At which event, where it is one.
    pub event: Option<u64>,
    /// What is wrong, in one sentence.
    pub message: String,
}

/// Reads all of a journal. An error is what keeps it from being read at all; what is wrong inside is a flaw.
pub async fn verify(store: Arc<dyn Store>) -> Result<Verified, DriverError> {
    let mut seen = Seen::default();
    let extents = store.extents("").await?;
    for Extent { stream: name, floor, end } in &extents {
        let events = match store.read(name, 0).await {
            Ok(events) => events,
            Err(StoreError::Corrupt(message)) => {
                seen.flaw(name, None, message);
                seen.unread.insert(name.clone());
                continue;
            }
            Err(other) => return Err(other.into()),
        };
        let found = events.last().map_or(floor.sequence, |last| last.sequence);
        if found != end.sequence {
            let message = format!("it ends at event {found}, and {} were written", end.sequence);
            seen.flaw(name, Some(found), message);
        }
        seen.take_in(name, floor, &events);
    }
    seen.stand_ins(&store, &extents).await?;
    seen.compare();
    let mut blobs = 0;
    for (digest, (stream, event)) in std::mem::take(&mut seen.blobs) {
        match store.blob(&digest).await {
            Ok(Some(_)) => blobs += 1,
            Ok(None) => {
                let message = format!("it names the blob {digest}, which is not there");
                seen.flaw(&stream, Some(event), message);
            }
            Err(StoreError::Corrupt(message)) => seen.flaw(&stream, Some(event), message),
            Err(other) => return Err(other.into()),
        }
    }
    seen.flaws.sort();
    Ok(Verified { streams: extents.len(), events: seen.events, blobs, flaws: seen.flaws })
}

/// What the streams say, of themselves and of each other.
#[derive(Default)]
struct Seen {
    events: u64,
    flaws: Vec<Flaw>,
    /// Streams that could not be read: nobody misses anything in them.
    unread: BTreeSet<String>,
    /// The hashes of each stream's events, and of the one before the first that is there, with their sequences.
    hashes: BTreeMap<String, BTreeMap<String, u64>>,
    /// The last event of each stream.
    ends: BTreeMap<String, u64>,
    /// Hashes of events that were dropped, which are not missed.
    noted: BTreeSet<String>,
    /// The newest checkpoint of each deployment: the digest of its state, and which event it is.
    checkpoints: BTreeMap<String, (String, u64)>,
    /// Digests, each with the first event that names it.
    blobs: BTreeMap<String, (String, u64)>,
    /// The heads that were noted: of which stream, where, and the hash.
    heads: Vec<(String, (String, u64), String)>,
    /// The streams that are told of.
    told: BTreeSet<String>,
    /// Requests that led to something: of which deployment, which, and where that is said.
    requests: Vec<(String, u64, (String, u64))>,
}

impl Seen {
    fn flaw(&mut self, stream: &str, event: Option<u64>, message: String) {
        self.flaws.push(Flaw { stream: stream.to_owned(), event, message });
    }

    fn take_in(&mut self, name: &str, floor: &Mark, events: &[Envelope]) {
        self.events += events.len() as u64;
        let before = Some((floor.hash.clone(), floor.sequence)).filter(|(_, at)| *at > 0);
        let all = events.iter().map(|event| (event.hash.clone(), event.sequence));
        self.hashes.insert(name.to_owned(), all.chain(before).collect());
        let last = events.last().map_or(floor.sequence, |last| last.sequence);
        self.ends.insert(name.to_owned(), last);
        let stream = Stream::parse(name);
        if matches!(stream, Some(Stream::Deployment(_) | Stream::Requests(_))) {
            self.told.insert(name.to_owned());
        }
        let Some(stream) = stream else {
            self.flaw(name, None, "it is no stream that this program knows".to_owned());
            return;
        };
        for envelope in events {
            let at = (name.to_owned(), envelope.sequence);
            let event = match decode(envelope) {
                Ok(event) => event,
                Err(error) => {
                    self.flaw(name, Some(envelope.sequence), error.to_string());
                    continue;
                }
            };
            for digest in event.blobs() {
                self.blobs.entry(digest.to_owned()).or_insert_with(|| at.clone());
            }
            self.relate(&stream, event, at);
        }
    }

    /// What an event says of other streams.
    fn relate(&mut self, stream: &Stream, event: Event, at: (String, u64)) {
        let deployment = match stream {
            Stream::Deployment(id) | Stream::Target(id, _) | Stream::Requests(id) => id.clone(),
            // A run's id begins with its deployment's.
            Stream::Run(run) => run.rsplit_once('.').map_or(run.as_str(), |(id, _)| id).to_owned(),
        };
        match event {
            Event::CheckpointTaken { state, .. } => {
                self.checkpoints.insert(deployment, (state, at.1));
            }
            Event::TargetAdmitted { id, .. } => {
                self.told.insert(Stream::Target(deployment, id).to_string());
            }
            Event::RevisionPlanned { request, .. }
            | Event::RunPaused { request, .. }
            | Event::RunContinued { request, .. }
            | Event::StepsSkipped { request, .. }
            | Event::RequestTaken { request } => {
                self.requests.push((deployment, request, at));
            }
            Event::RunOpened { run, request, .. } | Event::WorkflowOpened { run, request, .. } => {
                self.told.insert(Stream::Run(run).to_string());
                self.requests.push((deployment, request, at));
            }
            Event::RunClosed { run, head, .. } => {
                self.heads.push((Stream::Run(run).to_string(), at, head));
            }
            Event::TargetSettled { target, head, .. } => {
                let mut named = self.hashes.keys().chain(&self.unread);
                let ends = format!("/target/{target}");
                let own = named.find(|name| name.ends_with(&ends)).cloned();
                let own = own.unwrap_or_else(|| Stream::Target(deployment, target).to_string());
                self.heads.push((own, at, head));
            }
            _ => {}
        }
    }

    /// What is kept in the place of events, and beside them.
    async fn stand_ins(
        &mut self,
        store: &Arc<dyn Store>,
        extents: &[Extent],
    ) -> Result<(), DriverError> {
        let parsed = extents.iter().filter_map(|extent| Stream::parse(&extent.stream));
        let ids: BTreeSet<String> = parsed
            .filter_map(|stream| match stream {
                Stream::Deployment(id) => Some(id),
                _ => None,
            })
            .collect();
        for id in ids {
            let is_own = |extent: &&Extent| {
                Stream::parse(&extent.stream).is_some_and(|stream| stream.is_of(&id))
            };
            let own: Vec<&Extent> = extents.iter().filter(is_own).collect();
            let base = self.checkpoint(store, &id, &own).await?;
            self.snapshot(store, &id, base).await?;
        }
        Ok(())
    }

    /// Events were dropped where the checkpoint says so, and nowhere else.
    async fn checkpoint(
        &mut self,
        store: &Arc<dyn Store>,
        id: &str,
        own: &[&Extent],
    ) -> Result<Option<Kept>, DriverError> {
        let stream = Stream::Deployment(id.to_owned()).to_string();
        let checkpoint = self.checkpoints.get(id).cloned();
        let kept = match &checkpoint {
            None => None,
            Some((digest, at)) => match kept::of_blob(store, digest).await {
                Ok(kept) => Some(kept),
                Err(error @ (DriverError::Malformed { .. } | DriverError::NewerState { .. })) => {
                    self.flaw(&stream, Some(*at), error.to_string());
                    return Ok(None);
                }
                // It is told of with the other blobs.
                Err(DriverError::MissingBlob(_) | DriverError::Store(StoreError::Corrupt(_))) => {
                    return Ok(None);
                }
                Err(other) => return Err(other),
            },
        };
        for Extent { stream: name, floor, .. } in own {
            let told = kept.as_ref().and_then(|kept| kept.heads.get(name));
            if *floor != told.cloned().unwrap_or_default() {
                let message = match told {
                    None => format!(
                        "its first {} events are gone, and no checkpoint tells of it",
                        floor.sequence
                    ),
                    Some(told) => format!(
                        "it begins behind event {}, and was cut behind event {}",
                        floor.sequence, told.sequence
                    ),
                };
                self.flaw(name, Some(floor.sequence), message);
            }
        }
        let Some(kept) = kept else { return Ok(None) };
        let at = checkpoint.map_or(0, |(_, at)| at);
        for digest in kept.state.blobs() {
            self.blobs.entry(digest.to_owned()).or_insert_with(|| (stream.clone(), at));
        }
        self.noted.extend(kept.noted.iter().cloned());
        let targets = kept.state.targets.keys();
        self.told.extend(
            targets.map(|target| Stream::Target(id.to_owned(), target.clone()).to_string()),
        );
        let runs = kept.state.runs.iter().map(|run| &run.id);
        let runs = runs.chain(kept.state.workflows.iter().map(|run| &run.id));
        self.told.extend(runs.map(|run| Stream::Run(run.clone()).to_string()));
        Ok(Some(kept))
    }

    /// A snapshot says what the events say that it stands behind.
    async fn snapshot(
        &mut self,
        store: &Arc<dyn Store>,
        id: &str,
        base: Option<Kept>,
    ) -> Result<(), DriverError> {
        let stream = Stream::Deployment(id.to_owned()).to_string();
        let bytes = match store.snapshot(&stream).await {
            Err(StoreError::Corrupt(message)) => {
                self.flaw(&stream, None, message);
                return Ok(());
            }
            found => found?,
        };
        // One of another form, or behind events that are not there, is not used.
        let Some(snapshot) = bytes.and_then(|bytes| kept::read_current(&bytes)) else {
            return Ok(());
        };
        let is_there = |(name, head): (&String, &Mark)| {
            self.hashes.get(name).is_some_and(|all| all.get(&head.hash) == Some(&head.sequence))
        };
        if !self.unread.is_empty() || !snapshot.heads.iter().all(is_there) {
            return Ok(());
        }
        let ends =
            snapshot.heads.iter().map(|(name, head)| (name.clone(), head.sequence)).collect();
        let then: Arc<dyn Store> = Arc::new(Until { inner: store.clone(), ends });
        match Ledger::load_behind(then, id, base).await {
            Ok(ledger) if ledger.state == snapshot.state => {}
            Ok(_) => {
                let message = "its snapshot is not what its events lead to: it was changed by hand";
                self.flaw(&stream, None, message.to_owned());
            }
            // What its events say is told of already.
            Err(DriverError::Event(_) | DriverError::Gap(_)) => {}
            Err(other) => return Err(other),
        }
        Ok(())
    }

    /// What is told in one stream and missing in another.
    fn compare(&mut self) {
        let mut flaws = Vec::new();
        let mut flaw = |stream: &str, event: Option<u64>, message: String| {
            flaws.push(Flaw { stream: stream.to_owned(), event, message });
        };
        for (name, (by, at), head) in &self.heads {
            let is_there = self.hashes.get(name).is_some_and(|all| all.contains_key(head));
            let is_noted = head.is_empty() || self.noted.contains(head);
            if is_noted || is_there || self.unread.contains(name) {
                continue;
            }
            let last = self.ends.get(name).copied().unwrap_or(0);
            flaw(
                name,
                Some(last),
                format!("its end is gone: event {at} of `{by}` tells of one that is not there"),
            );
        }
        for name in self.hashes.keys() {
            let is_known = matches!(Stream::parse(name), Some(Stream::Run(_) | Stream::Target(..)));
            if is_known && !self.told.contains(name) && self.unread.is_empty() {
                let message = "its deployment does not tell of it: the end of that is gone";
                flaw(name, None, message.to_owned());
            }
        }
        for (deployment, request, (by, at)) in &self.requests {
            let name = Stream::Requests(deployment.clone()).to_string();
            let count = self.ends.get(&name).copied().unwrap_or(0);
            if *request > count && !self.unread.contains(&name) {
                flaw(
                    &name,
                    Some(count),
                    format!(
                        "its end is gone: event {at} of `{by}` was asked for by request {request}"
                    ),
                );
            }
        }
        flaws.dedup();
        self.flaws.append(&mut flaws);
    }
}
