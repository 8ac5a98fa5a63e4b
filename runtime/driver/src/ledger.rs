//! A deployment's part of the journal: its streams read into a state, and appended to in turn.

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_engine::engine::Addition;
use bp_engine::{Event, State, Stream};
use bp_journal::{Append, Envelope, NewEvent, Store};
use futures::future::try_join_all;

use crate::error::DriverError;

/// See the module.
pub(crate) struct Ledger {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) id: String,
    pub(crate) state: State,
    /// Requests, by sequence.
    pub(crate) requests: BTreeMap<u64, Request>,
    heads: BTreeMap<Stream, Head>,
}

/// What a person asked for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) event: Event,
    /// Who asked: `operator:alice`.
    pub(crate) by: String,
    /// When.
    pub(crate) at_ms: i64,
}

#[derive(Clone, Debug, Default)]
struct Head {
    sequence: u64,
    hash: String,
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
        Self { store, id: id.to_owned(), state, requests, heads }
    }

    /// Reads all of a deployment's streams.
    pub(crate) async fn load(store: Arc<dyn Store>, id: &str) -> Result<Self, DriverError> {
        let mut ledger = Self::empty(store, id);
        ledger.take_in(Stream::Deployment(id.to_owned())).await?;
        ledger.take_in_runs_and_targets().await?;
        ledger.take_in(Stream::Requests(id.to_owned())).await?;
        Ok(ledger)
    }

    /// Reads what is new in the streams that only the owner writes to.
    async fn take_in_runs_and_targets(&mut self) -> Result<(), DriverError> {
        let prefix = format!("{}/target/", Stream::Deployment(self.id.clone()));
        let targets = self.store.streams(&prefix).await?;
        let runs = self.runs().into_iter().map(|run| (Stream::Run(run), u64::MAX));
        let targets =
            targets.into_iter().filter_map(|(name, at)| Some((Stream::parse(&name)?, at)));
        for (stream, at) in runs.chain(targets).collect::<Vec<_>>() {
            if self.at(&stream) < at {
                self.take_in(stream).await?;
            }
        }
        Ok(())
    }

    /// Whether there is such a deployment.
    pub(crate) fn is_new(&self) -> bool {
        self.state.name.is_empty()
    }

    /// The runs of all kinds.
    pub(crate) fn runs(&self) -> Vec<String> {
        let workflows = self.state.workflows.iter().map(|run| &run.id);
        self.state.runs.iter().map(|run| &run.id).chain(workflows).cloned().collect()
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

    async fn take_in(&mut self, stream: Stream) -> Result<(), DriverError> {
        for envelope in self.store.read(&stream.to_string(), self.at(&stream)).await? {
            let event = decode(&envelope)?;
            self.state.fold(&stream, envelope.event.epoch, &event);
            if matches!(stream, Stream::Requests(_)) {
                let (by, at_ms) = (envelope.event.actor.clone(), envelope.time_ms);
                self.requests.insert(envelope.sequence, Request { event, by, at_ms });
            }
            let head = Head { sequence: envelope.sequence, hash: envelope.hash };
            self.heads.insert(stream.clone(), head);
        }
        Ok(())
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
                owner: self.owner_of(stream),
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
                let head = Head { sequence: last.sequence, hash: last.hash.clone() };
                self.heads.insert(stream.clone(), head);
            }
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
        let envelopes =
            self.append(actor, None, &mut appends).await?.into_iter().flatten().collect();
        let [Addition { stream, events, .. }] = appends;
        for event in &events {
            self.state.fold(&stream, self.state.epoch, event);
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
        self.take_in_runs_and_targets().await
    }

    /// The bytes of a digest that an event names.
    pub(crate) async fn blob(&self, digest: &str) -> Result<Vec<u8>, DriverError> {
        let bytes = self.store.blob(digest).await?;
        bytes.ok_or_else(|| DriverError::MissingBlob(digest.to_owned()))
    }
}
