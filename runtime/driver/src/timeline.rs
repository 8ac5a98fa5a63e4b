//! All that happened to a deployment in one order: by time, and within one millisecond by what led to what.
//!
//! Streams have orders of their own and none among each other. But events name what they came from (a request by
//! its sequence, a run by its name, another stream's head by its hash), so that what led to something never stands
//! behind it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bp_engine::{Event, Stream};
use bp_journal::Envelope;

use crate::deployments::Deployments;
use crate::error::DriverError;
use crate::kept::Kept;
use crate::ledger::decode;

/// An event, with where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its place among all events of the deployment, from 1.
    pub number: u64,
    /// Of which stream.
    pub stream: Stream,
    /// As the journal has it.
    pub envelope: Envelope,
    /// What happened.
    pub event: Event,
}

/// How far all that happened was told.
#[derive(Debug, Default)]
pub struct Timeline {
    before: Before,
    /// How many were told.
    count: u64,
    /// The last that was told of each stream.
    ends: BTreeMap<String, u64>,
    /// How many there were at the last look.
    seen: u64,
}

impl Timeline {
    /// Begins behind events that were dropped.
    pub(crate) fn begin(&mut self, floor: Option<&Kept>) {
        let Some(floor) = floor else { return };
        self.count = floor.compacted().map_or(0, |(events, _)| events);
        self.before = Before::of(floor);
    }

    /// Puts events behind those that were told before, in their order. Those of one stream are given as the
    /// stream has them.
    pub fn take(&mut self, mut told: Vec<Told>) -> Vec<Told> {
        // Stable: a stream's own order stays, for its times never go back.
        told.sort_by_cached_key(|one| {
            (one.envelope.time_ms, rank(&one.stream), one.stream.clone())
        });
        let mut ordered = Vec::with_capacity(told.len());
        let mut rest = told.into_iter().peekable();
        while let Some(first) = rest.next() {
            let time_ms = first.envelope.time_ms;
            let mut together = vec![first];
            while let Some(next) = rest.next_if(|next| next.envelope.time_ms == time_ms) {
                together.push(next);
            }
            self.before.take(together, &mut ordered);
        }
        for one in &mut ordered {
            self.count += 1;
            one.number = self.count;
            self.ends.insert(one.envelope.stream.clone(), one.envelope.sequence);
        }
        ordered
    }
}

impl Deployments {
    /// Everything that happened to a deployment, in one order, oldest first.
    pub async fn history(&self, id: &str) -> Result<Vec<Told>, DriverError> {
        let (_, told) = self.story(id).await?;
        Ok(told)
    }

    /// The same, with how far it was told, for what comes after.
    pub async fn story(&self, id: &str) -> Result<(Timeline, Vec<Told>), DriverError> {
        let mut timeline = Timeline::default();
        let (_, told) = self.unread(id, &timeline).await?;
        timeline.begin(self.floor(id, &told).await?.as_deref());
        let told = timeline.take(told);
        Ok((timeline, told))
    }

    /// What happened since; what happened in the newest millisecond only when nothing came after it for a look, for
    /// more of it may be on its way. The timeline is that of [`Self::story`].
    pub async fn news(&self, id: &str, timeline: &mut Timeline) -> Result<Vec<Told>, DriverError> {
        let (seen, mut told) = self.unread(id, timeline).await?;
        let is_still = std::mem::replace(&mut timeline.seen, seen) == seen;
        if !is_still {
            let newest = told.iter().map(|one| one.envelope.time_ms).max().unwrap_or_default();
            told.retain(|one| one.envelope.time_ms < newest);
        }
        Ok(timeline.take(told))
    }

    /// What was not told yet, stream by stream, and how much there is in all.
    async fn unread(&self, id: &str, timeline: &Timeline) -> Result<(u64, Vec<Told>), DriverError> {
        let (mut count, mut told) = (0, Vec::new());
        for (name, last) in self.streams(id).await? {
            count += last;
            let end = timeline.ends.get(&name).copied().unwrap_or(0);
            let Some(stream) = Stream::parse(&name).filter(|_| end < last) else { continue };
            for envelope in self.store().read(&name, end).await? {
                let event = decode(&envelope)?;
                told.push(Told { number: 0, stream: stream.clone(), envelope, event });
            }
        }
        if count == 0 {
            return Err(DriverError::NoDeployment(id.to_owned()));
        }
        Ok((count, told))
    }

    /// The streams of a deployment, with the last sequence of each.
    pub(crate) async fn streams(&self, id: &str) -> Result<Vec<(String, u64)>, DriverError> {
        let mut found = Vec::new();
        for prefix in Stream::prefixes(id) {
            let named = self.store().streams(&prefix).await?;
            let is_own = |name: &str| Stream::parse(name).is_some_and(|stream| stream.is_of(id));
            found.extend(named.into_iter().filter(|(name, _)| is_own(name)));
        }
        Ok(found)
    }
}

fn rank(stream: &Stream) -> u8 {
    match stream {
        Stream::Requests(_) => 0,
        Stream::Deployment(_) => 1,
        Stream::Run(_) => 2,
        Stream::Target(..) => 3,
    }
}

/// What was told so far, as far as others came from it.
#[derive(Debug, Default)]
struct Before {
    is_created: bool,
    request: u64,
    runs: BTreeSet<String>,
    /// Which target may act in which run.
    granted: BTreeSet<(String, String)>,
    hashes: BTreeSet<String>,
}

impl Before {
    /// What events that were dropped have told of.
    fn of(floor: &Kept) -> Self {
        let state = &floor.state;
        let runs = state.runs.iter().map(|run| (&run.id, &run.granted));
        let workflows = state.workflows.iter().map(|run| (&run.id, &run.granted));
        let all: Vec<_> = runs.chain(workflows).collect();
        let granted = all.iter().flat_map(|(run, targets)| {
            targets.iter().map(|target| ((*run).clone(), target.clone()))
        });
        let mut requests = floor.heads.iter().filter(|(name, _)| name.starts_with("requests/"));
        Self {
            is_created: true,
            request: requests.next().map_or(0, |(_, mark)| mark.sequence),
            runs: all.iter().map(|(run, _)| (*run).clone()).collect(),
            granted: granted.collect(),
            hashes: floor.noted.clone(),
        }
    }

    /// Takes what happened in one millisecond, stream by stream as far as each can go.
    fn take(&mut self, together: Vec<Told>, ordered: &mut Vec<Told>) {
        let mut streams: Vec<VecDeque<Told>> = Vec::new();
        for one in together {
            match streams.last_mut() {
                Some(last) if last.back().is_some_and(|it| it.stream == one.stream) => {
                    last.push_back(one);
                }
                _ => streams.push(VecDeque::from([one])),
            }
        }
        while !streams.is_empty() {
            let count = ordered.len();
            for stream in &mut streams {
                while let Some(one) = stream.pop_front_if(|one| self.allows(one)) {
                    self.note(&one);
                    ordered.push(one);
                }
            }
            streams.retain(|stream| !stream.is_empty());
            if ordered.len() == count
                && let Some(one) = streams.first_mut().and_then(VecDeque::pop_front)
            {
                // What it came from is missing, or has a later time: the clock went back between the two.
                self.note(&one);
                ordered.push(one);
            }
        }
    }

    /// Whether all was told that this one came from.
    fn allows(&self, told: &Told) -> bool {
        let is_told = |head: &String| head.is_empty() || self.hashes.contains(head);
        let is_asked = match &told.event {
            Event::RevisionPlanned { request, .. }
            | Event::RunOpened { request, .. }
            | Event::WorkflowOpened { request, .. }
            | Event::RequestTaken { request }
            | Event::CancelTaken { request } => *request <= self.request,
            Event::RunClosed { head, .. } | Event::TargetSettled { head, .. } => is_told(head),
            _ => true,
        };
        let is_begun = match (&told.stream, &told.envelope.event.run) {
            (Stream::Requests(_), _) => self.is_created,
            (Stream::Run(run), _) => self.runs.contains(run),
            (Stream::Target(_, target), Some(run)) => {
                self.granted.contains(&(run.clone(), target.clone()))
            }
            (Stream::Deployment(_) | Stream::Target(..), _) => true,
        };
        is_asked && is_begun
    }

    fn note(&mut self, told: &Told) {
        self.hashes.insert(told.envelope.hash.clone());
        if let Stream::Requests(_) = &told.stream {
            self.request = self.request.max(told.envelope.sequence);
        }
        match &told.event {
            Event::DeploymentCreated { .. } => self.is_created = true,
            Event::RunOpened { run, .. } | Event::WorkflowOpened { run, .. } => {
                self.runs.insert(run.clone());
            }
            Event::TargetsGranted { targets } => {
                if let Stream::Run(run) = &told.stream {
                    self.granted.extend(targets.iter().map(|target| (run.clone(), target.clone())));
                }
            }
            _ => {}
        }
    }
}
