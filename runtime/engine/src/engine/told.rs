//! What is secret of what is reported: found, known to this process, and sealed before it is written down.

use std::collections::{BTreeMap, BTreeSet};

use bp_topology::parameters::Arguments;
use bp_topology::sealed::names_in;
use bp_topology::{Flaw, Given, InstanceId};
use serde_json::Value as Json;

use super::{Engine, Report};
use crate::event::Operation;
use crate::life::LifeState;
use crate::sealed::{self, Named, Sealing};
use crate::secrets::hash;

impl Engine {
    /// What of a report is secret and not in the journal yet, by name: it is to be sealed
    /// ([`Self::seal`]) before it is reported.
    pub fn secrets_of(&mut self, report: &Report) -> Option<Sealing> {
        let given = match report {
            Report::Succeeded { target, instance, attributes, .. } => {
                let at = self.work.find(target, instance)?;
                let (attributes, secrets) = self.reports(at, attributes.clone());
                Given { attributes, secrets, ..Given::nothing() }
            }
            Report::Called { target, instance, outcome: Ok(result), .. } => {
                let at = self.work.find(target, instance)?;
                // What is wrong with it is told when it is reported.
                self.gives(at, result.clone()).ok()?
            }
            _ => return None,
        };
        sealed::known(&mut self.topology, &self.state, given)
    }

    /// Takes in what was sealed of the next report, by name.
    pub fn seal(&mut self, sealed: BTreeMap<String, Vec<u8>>) {
        self.sealed.extend(sealed);
    }

    /// What a provider reports of an instance, as it is written down.
    pub(super) fn reports(
        &self,
        at: usize,
        attributes: BTreeMap<String, Json>,
    ) -> (BTreeMap<String, Json>, Named) {
        let id = self.work.items.get(at).and_then(|item| item.id.as_ref());
        let Some(id) = id else { return (attributes, Named::new()) };
        let key = self.topology.secrets().key();
        self.topology.reports(id, attributes, &|value| hash(key, value))
    }

    /// What the operation gives that is called for an instance.
    pub(super) fn gives(&self, at: usize, result: Json) -> Result<Given, Flaw> {
        let is = self.instance(at).and_then(|is| is.life.as_deref());
        let begun = is.and_then(|life| life.last.as_ref());
        let id = self.work.items.get(at).and_then(|item| item.id.clone());
        let called = begun.filter(|begun| begun.operation == Operation::Converge);
        let (Some(id), Some(act)) = (id, called.and_then(|begun| begun.act.as_ref())) else {
            return Ok(Given::nothing());
        };
        if !self.topology.life(&id).acts().any(|known| known == act) {
            return Ok(Given::nothing());
        }
        let own = is.map(LifeState::all_attributes).unwrap_or_default();
        let mut given = self.given(&id, act, &own, result)?;
        // A result by itself is not written down: what no attribute is made of, is not kept.
        let mut used = BTreeSet::new();
        given.attributes.values().for_each(|value| names_in(value, &mut used));
        given.secrets.retain(|name, _| used.contains(name));
        Ok(Given { result: Given::nothing().result, ..given })
    }

    fn given(
        &self,
        id: &InstanceId,
        act: &bp_topology::Act,
        own: &BTreeMap<String, Json>,
        result: Json,
    ) -> Result<Given, Flaw> {
        let key = self.topology.secrets().key();
        self.topology.gives(id, act, own, &Arguments::new(), result, &|value| hash(key, value))
    }
}
