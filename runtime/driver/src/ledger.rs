//! A deployment's part of the journal: its streams read into a state, and appended to in turn.
//!
//! What is read begins with the newest state that was kept, where there is one: see [`crate::kept`].

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_engine::engine::Addition;
use bp_engine::{Event, State, Stream};
use bp_journal::{Append, Envelope, Mark, NewEvent, Store, StoreError};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::error::DriverError;
use crate::kept::{self, Kept};

/// How many streams are read at once.
const TOGETHER: usize = 500;

/// See the module.
pub(crate) struct Ledger {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) id: String,
    pub(crate) state: State,
    /// Requests, by sequence.
    pub(crate) requests: BTreeMap<u64, Request>,
    heads: BTreeMap<Stream, Mark>,
    /// How many events there are behind the newest state that was kept.
    fresh: u64,
    /// From how many on it is looked whether it is time for another one.
    look_at: u64,
}

/// What a person asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) event: Event,
    /// Who asked: `operator:alice`.
    pub(crate) by: String,
    /// When.
    pub(crate) at_ms: i64,
}

/// Whether others are owned by it.
fn is_owning(stream: &Stream) -> bool {
    matches!(stream, Stream::Deployment(_))
}

/// What an envelope holds.
pub(crate) fn decode(envelope: &Envelope) -> Result<Event, DriverError> {
    let event = &envelope.event;
    Ok(Event::decode(&event.kind, event.version, &event.payload)?)
}

impl Ledger {
    /// Of which nothing was read yet.
    pub(crate) fn empty(store: Arc<dyn Store>, id: &str) -> Self {
        let (state, requests, heads) = (State::default(), BTreeMap::new(), BTreeMap::new());
        Self { store, id: id.to_owned(), state, requests, heads, fresh: 0, look_at: kept::ENOUGH }
    }

    /// Of which so much is known that events need not be read for it.
    pub(crate) fn behind(store: Arc<dyn Store>, id: &str, kept: Kept) -> Self {
        let Kept { state, requests, heads, .. } = kept;
        let parsed = |(name, mark): (String, Mark)| Some((Stream::parse(&name)?, mark));
        let heads = heads.into_iter().filter_map(parsed).collect();
        Self { state, requests, heads, ..Self::empty(store, id) }
    }

    /// Reads all of a deployment's streams.
    pub(crate) async fn load(store: Arc<dyn Store>, id: &str) -> Result<Self, DriverError> {
        let kept = kept::snapshot(&store, id).await?;
        let is_known = kept.is_some();
        match Self::load_behind(store.clone(), id, kept).await {
            // What comes before is not there any more, or not what the snapshot says.
            Err(DriverError::Gap(_)) => {}
            Err(DriverError::Store(StoreError::Corrupt(_))) if is_known => {}
            loaded => return loaded,
        }
        let kept = kept::checkpoint(&store, id).await?;
        Self::load_behind(store, id, kept).await
    }

    /// Reads what comes after what is known.
    pub(crate) async fn load_behind(
        store: Arc<dyn Store>,
        id: &str,
        kept: Option<Kept>,
    ) -> Result<Self, DriverError> {
        let mut ledger = match kept {
            Some(kept) => Self::behind(store, id, kept),
            None => Self::empty(store, id),
        };
        ledger.take_in(vec![Stream::Deployment(id.to_owned())]).await?;
        ledger.take_in_runs_and_targets().await?;
        ledger.take_in(vec![Stream::Requests(id.to_owned())]).await?;
        Ok(ledger)
    }

    /// Reads what is new in the streams that only the owner writes to.
    async fn take_in_runs_and_targets(&mut self) -> Result<(), DriverError> {
        let runs = Stream::Run(format!("{}.", self.id)).to_string();
        let targets = format!("{}/target/", Stream::Deployment(self.id.clone()));
        for prefix in [runs, targets] {
            let found = self.store.streams(&prefix).await?;
            let parsed =
                found.into_iter().filter_map(|(name, at)| Some((Stream::parse(&name)?, at)));
            let new: Vec<Stream> = parsed
                .filter(|(stream, at)| self.at(stream) < *at)
                .map(|(stream, _)| stream)
                .collect();
            for together in new.chunks(TOGETHER) {
                self.take_in(together.to_vec()).await?;
            }
        }
        Ok(())
    }

    /// Whether there is such a deployment.
    pub(crate) fn is_new(&self) -> bool {
        self.state.name.is_empty()
    }

    /// Nothing else may begin while a workflow has not ended.
    pub(crate) fn no_workflow(&self) -> Result<(), DriverError> {
        match self.state.open_workflow() {
            None => Ok(()),
            Some(open) => Err(DriverError::WorkflowOpen {
                name: self.state.name.clone(),
                workflow: open.workflow.clone(),
            }),
        }
    }

    async fn take_in(&mut self, streams: Vec<Stream>) -> Result<(), DriverError> {
        let known = streams
            .iter()
            .map(|stream| (stream.to_string(), self.heads.get(stream).cloned().unwrap_or_default()))
            .collect();
        for (stream, envelopes) in streams.iter().zip(self.store.read_each(known).await?) {
            for envelope in envelopes {
                self.fold(stream, envelope)?;
            }
        }
        Ok(())
    }

    fn fold(&mut self, stream: &Stream, envelope: Envelope) -> Result<(), DriverError> {
        if envelope.sequence != self.at(stream) + 1 {
            return Err(DriverError::Gap(envelope.stream));
        }
        let event = decode(&envelope)?;
        self.state.fold(stream, envelope.event.epoch, &event);
        self.fresh += 1;
        let head = Mark { sequence: envelope.sequence, hash: envelope.hash };
        self.heads.insert(stream.clone(), head);
        if matches!(stream, Stream::Requests(_)) {
            let (by, at_ms) = (envelope.event.actor, envelope.time_ms);
            self.requests.insert(envelope.sequence, Request { event, by, at_ms });
        }
        Ok(())
    }

    /// How many events there are behind the newest state that was kept.
    pub(crate) fn fresh(&self) -> u64 {
        self.fresh
    }

    /// Keeps this state now and then: when that saves more than it costs.
    pub(crate) async fn keep_at_times(&mut self, state: &State) {
        if self.fresh < self.look_at {
            return;
        }
        self.look_at = kept::worthwhile(state);
        if self.fresh >= self.look_at {
            self.keep(state).await;
        }
    }

    /// Keeps this state, which all that was read and appended leads to, so that whoever comes next need not read it
    /// all again. It is of no consequence where that fails.
    pub(crate) async fn keep(&mut self, state: &State) {
        let kept = kept::written(state, self.marks(), &self.requests);
        let stream = Stream::Deployment(self.id.clone()).to_string();
        if let Ok(bytes) = kept
            && self.store.put_snapshot(&stream, bytes).await.is_ok()
        {
            self.fresh = 0;
        }
    }

    /// How far each stream is, by its name.
    pub(crate) fn marks(&self) -> BTreeMap<String, Mark> {
        self.heads.iter().map(|(stream, mark)| (stream.to_string(), mark.clone())).collect()
    }

    /// The hashes of the streams' last events.
    pub(crate) fn hashes(&self) -> BTreeMap<Stream, String> {
        self.heads.iter().map(|(stream, head)| (stream.clone(), head.hash.clone())).collect()
    }

    /// How far each stream is: its name, and the sequence and the hash of its last event.
    pub(crate) fn positions(&self) -> impl Iterator<Item = (String, u64, String)> + '_ {
        self.heads
            .iter()
            .map(|(stream, head)| (stream.to_string(), head.sequence, head.hash.clone()))
    }

    /// Appends to several streams at once, each by itself atomic; gives the envelopes. The blobs are
    /// taken.
    pub(crate) async fn append(
        &mut self,
        actor: &str,
        run: Option<&str>,
        appends: &mut [Addition],
    ) -> Result<Vec<Vec<Envelope>>, DriverError> {
        let epoch = self.state.epoch;
        // What is owned is written before the stream by which it is.
        let mut owned = Vec::with_capacity(appends.len());
        let mut owning = Vec::new();
        for Addition { stream, events, blobs } in &mut *appends {
            let guard = self.owner_of(stream).or_else(|| self.closed_by(events));
            let events = events
                .iter()
                .map(|event| {
                    let (kind, payload) = event.encode().map_err(DriverError::Encode)?;
                    Ok(NewEvent {
                        kind,
                        version: event.version(),
                        epoch,
                        actor: actor.to_owned(),
                        run: run.map(str::to_owned),
                        cause: None,
                        payload,
                    })
                })
                .collect::<Result<Vec<_>, DriverError>>()?;
            let work = if is_owning(stream) { &mut owning } else { &mut owned };
            work.push(self.store.append(Append {
                stream: stream.to_string(),
                expected: self.at(stream),
                owner: guard,
                events,
                blobs: std::mem::take(blobs),
            }));
        }
        let mut owned = try_join_all(owned).await?.into_iter();
        let mut owning = try_join_all(owning).await?.into_iter();
        let next = |addition: &Addition| {
            if is_owning(&addition.stream) { owning.next() } else { owned.next() }
        };
        let done: Vec<Vec<Envelope>> = appends.iter().filter_map(next).collect();
        for (Addition { stream, .. }, envelopes) in appends.iter().zip(&done) {
            if let Some(last) = envelopes.last() {
                let head = Mark { sequence: last.sequence, hash: last.hash.clone() };
                self.heads.insert(stream.clone(), head);
            }
            self.fresh += envelopes.len() as u64;
        }
        Ok(done)
    }

    /// Appends to one stream, and folds.
    pub(crate) async fn record(
        &mut self,
        actor: &str,
        stream: Stream,
        events: Vec<Event>,
        blobs: Vec<Vec<u8>>,
    ) -> Result<Vec<Envelope>, DriverError> {
        let mut appends = [Addition { stream, events, blobs }];
        let envelopes: Vec<Envelope> =
            self.append(actor, None, &mut appends).await?.into_iter().flatten().collect();
        let [Addition { stream, events, .. }] = appends;
        for event in &events {
            self.state.fold(&stream, self.state.epoch, event);
        }
        if matches!(stream, Stream::Requests(_)) {
            for (event, envelope) in events.into_iter().zip(&envelopes) {
                let (by, at_ms) = (envelope.event.actor.clone(), envelope.time_ms);
                self.requests.insert(envelope.sequence, Request { event, by, at_ms });
            }
        }
        Ok(envelopes)
    }

    /// The sequence of a stream's last event.
    pub(crate) fn at(&self, stream: &Stream) -> u64 {
        self.heads.get(stream).map_or(0, |head| head.sequence)
    }

    /// Only its owner writes to a deployment's targets and runs, and whoever takes it over writes to
    /// the deployment's own stream first.
    fn owner_of(&self, stream: &Stream) -> Option<(String, u64)> {
        let deployment = Stream::Deployment(self.id.clone());
        let is_owned = matches!(stream, Stream::Target(..) | Stream::Run(_));
        is_owned.then(|| (deployment.to_string(), self.at(&deployment)))
    }

    /// Who takes over closes the run of the owner before with its last event: nothing may come to it meanwhile.
    fn closed_by(&self, events: &[Event]) -> Option<(String, u64)> {
        let is_taking = events.iter().any(|event| matches!(event, Event::EpochTaken { .. }));
        let run = events.iter().filter(|_| is_taking).find_map(|event| match event {
            Event::RunClosed { run, .. } => Some(Stream::Run(run.clone())),
            _ => None,
        })?;
        Some((run.to_string(), self.at(&run)))
    }

    /// Becomes the owner: the next epoch, with these events in the same append. What the owner before
    /// has written until then is read.
    pub(crate) async fn own(
        &mut self,
        actor: &str,
        owner: &str,
        mut events: Vec<Event>,
    ) -> Result<(), DriverError> {
        self.state.epoch += 1;
        events.insert(0, Event::EpochTaken { owner: owner.to_owned() });
        let stream = Stream::Deployment(self.id.clone());
        self.record(actor, stream, events, Vec::new()).await?;
        self.take_in_runs_and_targets().await?;
        let state = std::mem::take(&mut self.state);
        self.keep_at_times(&state).await;
        self.state = state;
        Ok(())
    }

    /// The bytes of a digest that an event names.
    pub(crate) async fn blob(&self, digest: &str) -> Result<Vec<u8>, DriverError> {
        let bytes = self.store.blob(digest).await?;
        bytes.ok_or_else(|| DriverError::MissingBlob(digest.to_owned()))
    }
}
