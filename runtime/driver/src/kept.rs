//! A state that is kept, so that the events that led to it need not be read again, or are not there any more.
//!
//! A snapshot is a cache: it is written now and then, and whoever finds that it does not fit reads the events. A
//! checkpoint stands for events that were dropped: the event `checkpoint-taken` holds its digest, so that it is as well
//! guarded as they were. Both say behind which event of each stream they stand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_engine::state::FORM;
use bp_engine::{Event, State, Stream};
use bp_journal::{Extent, Mark, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::error::DriverError;
use crate::ledger::{Request, decode};

/// So many events are worth a snapshot: fewer are read as soon as one.
pub(crate) const ENOUGH: u64 = 20_000;
/// And so many for each instance, of which a snapshot holds all.
const EACH: u64 = 4;
/// What a run leaves behind is worth one at its end.
pub(crate) const AT_THE_END: u64 = 2_000;

/// See the module.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept<S = State, R = BTreeMap<u64, Request>> {
    /// The form of the state.
    form: u32,
    /// What was done.
    pub(crate) state: S,
    /// The last event of each stream that led to it.
    pub(crate) heads: BTreeMap<String, Mark>,
    /// Requests that are still to be taken, by sequence.
    pub(crate) requests: R,
    /// Hashes of events that are not there any more, which later ones name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) noted: BTreeSet<String>,
    /// Which events it stands for, where they were dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Until>,
}

/// The first events of a deployment, of all streams in one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Until {
    /// How many.
    pub(crate) events: u64,
    /// When the last of them happened, in milliseconds since 1970.
    pub(crate) time_ms: i64,
}

/// After how many events a snapshot saves more than it costs.
pub(crate) fn worthwhile(state: &State) -> u64 {
    let instances: usize = state.targets.values().map(|target| target.instances.len()).sum();
    ENOUGH.max(EACH * instances as u64)
}

/// A state as it is kept.
pub(crate) fn written(
    state: &State,
    heads: BTreeMap<String, Mark>,
    requests: &BTreeMap<u64, Request>,
) -> Result<Vec<u8>, serde_json::Error> {
    let requests: BTreeMap<u64, &Request> =
        requests.range(state.requests_taken + 1..).map(|(at, asked)| (*at, asked)).collect();
    serde_json::to_vec(&Kept {
        form: FORM,
        state,
        heads,
        requests,
        noted: BTreeSet::new(),
        until: None,
    })
}

impl Kept {
    /// A state that stands for events that are dropped.
    pub(crate) fn new(
        state: State,
        heads: BTreeMap<String, Mark>,
        mut requests: BTreeMap<u64, Request>,
        noted: BTreeSet<String>,
        until: Until,
    ) -> Self {
        requests.retain(|at, _| *at > state.requests_taken);
        Self { form: FORM, state, heads, requests, noted, until: Some(until) }
    }

    /// How many events it stands for, and when the last of them happened; none where none were dropped for it.
    pub(crate) fn compacted(&self) -> Option<(u64, i64)> {
        self.until.map(|until| (until.events, until.time_ms))
    }

    /// Whether it stands behind events that these streams have, or have had.
    fn fits(&self, extents: &BTreeMap<String, Extent>) -> bool {
        let is_there = |(name, head): (&String, &Mark)| {
            extents.get(name).is_some_and(|Extent { floor, end, .. }| {
                let is_end = end.sequence > head.sequence || end == head;
                is_end && floor.sequence <= head.sequence
            })
        };
        let is_known =
            |extent: &Extent| extent.floor.sequence == 0 || self.heads.contains_key(&extent.stream);
        self.heads.iter().all(is_there) && extents.values().all(is_known)
    }
}

/// The newest snapshot of a deployment, where it has one that fits.
pub(crate) async fn snapshot(
    store: &Arc<dyn Store>,
    id: &str,
) -> Result<Option<Kept>, DriverError> {
    let own = Stream::Deployment(id.to_owned()).to_string();
    let snapshot = match store.snapshot(&own).await {
        // A damaged one is as good as none; `bpr journal verify` tells of it.
        Err(StoreError::Corrupt(_)) => None,
        found => found?,
    };
    let Some(kept) = snapshot.and_then(|bytes| read_current(&bytes)) else { return Ok(None) };
    let fits = kept.fits(&extents(store, id).await?);
    Ok(fits.then_some(kept))
}

/// A snapshot of the form that this program writes; another one is as good as none.
pub(crate) fn read_current(bytes: &[u8]) -> Option<Kept> {
    let kept: Kept = serde_json::from_slice(bytes).ok()?;
    (kept.form == FORM).then_some(kept)
}

/// What is kept in the place of events that were dropped; none where none were.
pub(crate) async fn checkpoint(
    store: &Arc<dyn Store>,
    id: &str,
) -> Result<Option<Kept>, DriverError> {
    let own = Stream::Deployment(id.to_owned()).to_string();
    let events = store.read(&own, 0).await?;
    if events.first().is_none_or(|first| first.sequence == 1) {
        return Ok(None);
    }
    for envelope in events.iter().rev() {
        if let Event::CheckpointTaken { state, .. } = decode(envelope)? {
            return of_blob(store, &state).await.map(Some);
        }
    }
    Err(DriverError::Gap(own))
}

/// A state that an event names.
pub(crate) async fn of_blob(store: &Arc<dyn Store>, digest: &str) -> Result<Kept, DriverError> {
    #[derive(Deserialize)]
    struct Form {
        form: u32,
    }
    let malformed = |source| DriverError::Malformed { what: "state", source };
    let bytes = store.blob(digest).await?;
    let bytes = bytes.ok_or_else(|| DriverError::MissingBlob(digest.to_owned()))?;
    let Form { form } = serde_json::from_slice(&bytes).map_err(malformed)?;
    if form > FORM {
        return Err(DriverError::NewerState { found: form });
    }
    serde_json::from_slice(&bytes).map_err(malformed)
}

/// From where to where a deployment's streams have events, by their names.
async fn extents(
    store: &Arc<dyn Store>,
    id: &str,
) -> Result<BTreeMap<String, Extent>, DriverError> {
    let mut found = BTreeMap::new();
    for prefix in Stream::prefixes(id) {
        let all = store.extents(&prefix).await?;
        let own = all
            .into_iter()
            .filter(|extent| Stream::parse(&extent.stream).is_some_and(|stream| stream.is_of(id)));
        found.extend(own.map(|extent| (extent.stream.clone(), extent)));
    }
    Ok(found)
}
