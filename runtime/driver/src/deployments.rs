//! What the journal says of deployments: for those who ask, without owning anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_engine::outputs::{Output, outputs};
use bp_engine::status::{Standing, status};
use bp_engine::{Event, Status, Stream};
use bp_journal::{Envelope, Store};
use bp_plan::Plan;

use crate::error::DriverError;
use crate::kept::{self, Kept};
use crate::ledger::{Ledger, decode};
use crate::runtime::{desired, stored};
use crate::timeline::Told;

/// The deployments of a journal.
#[derive(Clone)]
pub struct Deployments {
    store: Arc<dyn Store>,
    /// What is known without reading events; none where that is to be found out.
    base: Option<Arc<Kept>>,
}

/// A deployment in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: Standing,
    /// Its newest revision; 0 where there is none.
    pub revision: u64,
    /// How many targets it has.
    pub targets: usize,
}

impl Deployments {
    /// Those of this journal.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, base: None }
    }

    /// Those of a journal whose first events were dropped, if so.
    pub(crate) fn behind(store: Arc<dyn Store>, base: Option<Arc<Kept>>) -> Self {
        Self { store, base }
    }

    /// What stands for events that were dropped before these; none where none were.
    pub(crate) async fn floor(
        &self,
        id: &str,
        told: &[Told],
    ) -> Result<Option<Arc<Kept>>, DriverError> {
        if self.base.is_some() {
            return Ok(self.base.clone());
        }
        let is_own = |one: &&Told| matches!(one.stream, Stream::Deployment(_));
        if told.iter().find(is_own).is_none_or(|first| first.envelope.sequence == 1) {
            return Ok(None);
        }
        Ok(kept::checkpoint(&self.store, id).await?.map(Arc::new))
    }

    /// The ids of all.
    pub async fn ids(&self) -> Result<Vec<String>, DriverError> {
        let streams = self.store.streams("deployment/").await?;
        Ok(streams
            .into_iter()
            .filter_map(|(name, _)| match Stream::parse(&name) {
                Some(Stream::Deployment(id)) => Some(id),
                _ => None,
            })
            .collect())
    }

    /// All of them, by name.
    pub async fn list(&self) -> Result<Vec<Listed>, DriverError> {
        let mut listed = Vec::new();
        for id in self.ids().await? {
            let ledger = Ledger::load(self.store.clone(), &id).await?;
            let status = status(&ledger.state, None);
            listed.push(Listed {
                id,
                name: status.name,
                state: status.state,
                revision: status.revision,
                targets: ledger.state.targets.len(),
            });
        }
        listed.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        Ok(listed)
    }

    /// The id of the deployment that has this name.
    pub async fn find(&self, name: &str) -> Result<Option<String>, DriverError> {
        let mut ids = self.ids().await?;
        // An id mostly begins with the name: in a journal of many, all others need not be read.
        ids.sort_by_key(|id| !id.starts_with(name));
        for id in ids {
            let events = self.store.read(&Stream::Deployment(id.clone()).to_string(), 0).await?;
            if named(&events)?.is_some_and(|own| own == name) {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// What a deployment is called; none where there is none of this id.
    pub async fn name(&self, id: &str) -> Result<Option<String>, DriverError> {
        named(&self.store.read(&Stream::Deployment(id.to_owned()).to_string(), 0).await?)
    }

    /// How it stands, with the plan of its newest revision for the lines that its failures are about.
    pub async fn status(&self, id: &str) -> Result<(Status, Option<Arc<Plan>>), DriverError> {
        let ledger = self.existing(id).await?;
        let Some((_, revision)) = ledger.state.revision() else {
            return Ok((status(&ledger.state, None), None));
        };
        let mut desired = desired(&ledger, revision, None).await?;
        let plan = desired.topology.plan().clone();
        Ok((status(&ledger.state, Some(&mut desired.topology)), Some(plan)))
    }

    /// Its outputs, by name.
    pub async fn outputs(&self, id: &str) -> Result<BTreeMap<String, Output>, DriverError> {
        let ledger = self.existing(id).await?;
        let Some((_, revision)) = ledger.state.revision() else { return Ok(BTreeMap::new()) };
        let mut desired = desired(&ledger, revision, None).await?;
        if revision.verb == bp_engine::Verb::Uninstall {
            // Nothing is reported any more.
            let (plan, ..) = stored(&ledger, revision).await?;
            let gone = |name: &String| (name.clone(), Output::Unknown(Vec::new()));
            return Ok(plan.outputs.keys().map(gone).collect());
        }
        Ok(outputs(&mut desired.topology, &ledger.state))
    }

    /// Where they are.
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub(crate) async fn existing(&self, id: &str) -> Result<Ledger, DriverError> {
        let ledger = match &self.base {
            Some(base) => {
                Ledger::load_behind(self.store.clone(), id, Some((**base).clone())).await?
            }
            None => Ledger::load(self.store.clone(), id).await?,
        };
        if ledger.is_new() {
            return Err(DriverError::NoDeployment(id.to_owned()));
        }
        Ok(ledger)
    }
}

/// What a deployment is called, by the events of its own stream: the first one says so, or that with which it was
/// dropped.
fn named(events: &[Envelope]) -> Result<Option<String>, DriverError> {
    let Some(first) = events.first() else { return Ok(None) };
    if let Event::DeploymentCreated { name, .. } = decode(first)? {
        return Ok(Some(name));
    }
    for envelope in events.iter().rev() {
        if let Event::CheckpointTaken { name, .. } = decode(envelope)? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
