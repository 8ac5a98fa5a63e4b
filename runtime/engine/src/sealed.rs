//! What is secret of what came of effects: this process knows it by its name, and the journal has it sealed.
//!
//! The engine seals nothing itself. Whoever drives it asks what is to be sealed of a report
//! ([`Engine::secrets_of`](crate::engine::Engine::secrets_of)), hands it over sealed, and reports then.

use std::collections::BTreeMap;
use std::fmt;

pub(crate) use bp_topology::sealed::Named;
use bp_topology::{Given, Topology};
use serde_json::{Value as Json, json};

use crate::event::Failure;
use crate::retry::digest;
use crate::state::State;

/// What was sealed and is not written down yet, by name.
#[derive(Debug, Default)]
pub(crate) struct Sealed(BTreeMap<String, Vec<u8>>);

/// The digests by the names, and the blobs.
pub(crate) type Kept = (BTreeMap<String, String>, Vec<Vec<u8>>);

impl Sealed {
    /// These, too.
    pub(crate) fn extend(&mut self, sealed: BTreeMap<String, Vec<u8>>) {
        self.0.extend(sealed);
    }

    /// What an event is to name of these secrets, with its blobs: what the journal has already, it needs not again.
    pub(crate) fn kept(&mut self, secrets: &Named, state: &State) -> Result<Kept, Failure> {
        let mut kept = Kept::default();
        for name in secrets.keys().filter(|name| !state.sealed.contains_key(*name)) {
            let Some(blob) = self.0.remove(name) else {
                let why = "it was done, but what it gave is secret, and could not be sealed";
                return Err(Failure::permanent(why));
            };
            kept.0.insert(name.clone(), digest(&blob));
            kept.1.push(blob);
        }
        Ok(kept)
    }
}

/// What is secret of a report.
#[derive(Clone, PartialEq)]
pub struct Sealing {
    /// What is to be sealed, by name: never to be written or shown.
    pub open: BTreeMap<String, Json>,
    /// What is to be written down of the report beside it: must show no secret.
    pub shown: Json,
}

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealing").field("open", &self.open.keys()).finish_non_exhaustive()
    }
}

/// Learns what is secret of what was given; none where nothing is.
pub(crate) fn known(topology: &mut Topology, state: &State, given: Given) -> Option<Sealing> {
    let Given { result, attributes, secrets } = given;
    if secrets.is_empty() {
        return None;
    }
    let new = secrets.iter().filter(|(name, _)| !state.sealed.contains_key(*name));
    let open =
        new.filter_map(|(name, value)| Some((name.clone(), serde_json::to_value(value).ok()?)));
    let open = open.collect();
    for (name, value) in secrets {
        topology.secrets_mut().know(&name, value);
    }
    let shown = json!({ "result": result, "attributes": attributes });
    Some(Sealing { open, shown })
}
