//! Rollbacks: what an earlier revision wanted, to be brought about as any other update is.
//!
//! Plan, inputs and the facts of the inventory are those of then. How its elements are reached is no
//! wish but how things are, so that is as it was last known; also of what only later revisions knew,
//! since what is there has to go.

use std::collections::BTreeSet;
use std::sync::Arc;

use bp_engine::Terms;
use bp_engine::back::{destination, take_names_back};
use bp_engine::event::Verb;
use bp_engine::state::Revision;
use bp_topology::{Element, Inventory};

use crate::error::DriverError;
use crate::ledger::Ledger;
use crate::package::Package;
use crate::prepare::{Prepared, identity, prepare};
use crate::runtime::{Control, Runtime, Summary, given, inventory_of};
use crate::update::Asked;

/// What an earlier revision wanted.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// Which revision.
    pub to: u64,
    /// What was asked for by it.
    pub asked: Asked,
    /// How targets are reached.
    pub reached_by: Inventory,
    /// The secrets that its plan takes. The journal keeps no version of them.
    pub secrets: BTreeSet<String>,
}

impl Earlier {
    /// What was asked for then, prepared, as something that is gone back to.
    pub fn marked(&self, prepared: Prepared) -> Prepared {
        let reached_by = Arc::new(self.reached_by.clone());
        Prepared { reached_by, back_to: Some(self.to), ..prepared }
    }
}

impl Runtime {
    /// What the named revision wanted, or the last that was healthy.
    pub async fn earlier(&self, id: &str, to: Option<u64>) -> Result<Earlier, DriverError> {
        let ledger = self.existing(id).await?;
        let name = ledger.state.name.clone();
        let to = destination(&ledger.state, to)
            .map_err(|why| DriverError::NoWayBack { name: name.clone(), why })?;
        let Some((newest, then)) =
            ledger.state.revision().map(|(_, newest)| newest).zip(ledger.state.revisions.get(&to))
        else {
            return Err(DriverError::NothingPlanned(name));
        };
        let package = Package::stored(&ledger, &then.plan).await?;
        let (inputs, inventory) = given(&ledger, then).await?;
        let known = newest.reached_by.as_ref().unwrap_or(&newest.inventory);
        let known = inventory_of(&ledger, known).await?;
        let package = renamed(&ledger, to, then, package).await?;
        let secrets = package.plan.secrets.keys().cloned().collect();
        let (inventory, reached_by) = (as_of(&inventory, &known), reached(&inventory, &known));
        Ok(Earlier { to, asked: Asked { name, package, inputs, inventory }, reached_by, secrets })
    }

    /// Goes back to the named revision, or the last that was healthy, on these terms.
    pub async fn rollback(
        &self,
        id: &str,
        to: Option<u64>,
        terms: Terms,
        control: Control,
    ) -> Result<Summary, DriverError> {
        let earlier = self.earlier(id, to).await?;
        let Asked { name, package, inputs, inventory } = earlier.asked.clone();
        self.secrets.ask(&package.plan).await;
        let prepared = prepare(
            package,
            inputs,
            inventory,
            identity(id, &name),
            &self.providers,
            &self.executors,
            &*self.secrets,
        )?;
        // It is there, so it has a seed.
        self.deploy_on(id, &name, "", earlier.marked(prepared), terms, control).await
    }
}

/// The plan; made anew where nodes have got other names since, which are to be known as theirs again.
async fn renamed(
    ledger: &Ledger,
    to: u64,
    then: &Revision,
    package: Package,
) -> Result<Package, DriverError> {
    let mut seen = BTreeSet::from([&then.plan]);
    let mut later = Vec::new();
    for (_, revision) in ledger.state.revisions.range(to + 1..).rev() {
        if revision.verb == Verb::Deploy && seen.insert(&revision.plan) {
            later.push(Package::stored(ledger, &revision.plan).await?.plan);
        }
    }
    let mut renamed = (*package.plan).clone();
    if !take_names_back(&mut renamed, &later.iter().map(|plan| &**plan).collect::<Vec<_>>()) {
        return Ok(package);
    }
    let artifacts = bp_plan::from_bytes(&package.bytes)?.artifacts;
    Ok(Package::read(bp_plan::to_bytes(&renamed, &artifacts)?)?)
}

/// The elements of then, each reached as is known now.
fn as_of(then: &Inventory, now: &Inventory) -> Inventory {
    let reached = |element: &Element| {
        let known = now.element(&element.name);
        let connection = known.map_or(&element.connection, |known| &known.connection).clone();
        Element { connection, ..element.clone() }
    };
    then.elements().iter().map(reached).collect()
}

/// All elements of now, and those of then that are not among them.
fn reached(then: &Inventory, now: &Inventory) -> Inventory {
    let gone = then.elements().iter().filter(|element| now.element(&element.name).is_none());
    now.elements().iter().chain(gone).cloned().collect()
}
