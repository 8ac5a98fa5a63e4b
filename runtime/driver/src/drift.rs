//! What others have changed: what is there is compared with what was applied, field by field. Nothing is appended,
//! nothing is moved.

use std::collections::BTreeSet;
use std::sync::Arc;

use bp_engine::event::{Drifted, Verb};
use bp_engine::outlook::{Action, NodeOutlook, Outlook};
use bp_engine::terms::node_of;
use bp_plan::Plan;

use crate::error::DriverError;
use crate::foresee::{Looking, foresee};
use crate::ledger::Ledger;
use crate::runtime::{Runtime, pending};

/// The instances that are not as they were applied.
pub fn drifted(outlook: &Outlook) -> impl Iterator<Item = Drifted> {
    outlook.nodes.iter().filter(|node| has_drifted(node)).map(|node| Drifted {
        target: node.target_id.clone(),
        instance: node.id.clone(),
        fields: node.fields.iter().map(|field| field.path.clone()).collect(),
    })
}

/// Whether an instance would be made as it was: what can't be told has not drifted, as far as anybody knows.
pub fn has_drifted(node: &NodeOutlook) -> bool {
    matches!(node.action, Action::Create | Action::Change | Action::Replace)
}

impl Runtime {
    /// What is not as it was applied: of these nodes, or of all where none is named.
    pub async fn drift(&self, id: &str, names: &[String]) -> Result<Outlook, DriverError> {
        Ok(self.looked_at(id, names).await?.2)
    }

    pub(crate) async fn looked_at(
        &self,
        id: &str,
        names: &[String],
    ) -> Result<(Ledger, Arc<Plan>, Outlook), DriverError> {
        let ledger = self.existing(id).await?;
        ledger.no_workflow()?;
        let name = ledger.state.name.clone();
        if pending(&ledger).is_some() {
            return Err(DriverError::Asked(name));
        }
        if ledger.state.open_run().is_some() {
            return Err(DriverError::RunOpen(name));
        }
        let revision = match ledger.state.revision() {
            Some((_, revision)) if revision.verb == Verb::Deploy => revision.clone(),
            _ => return Err(DriverError::NotDeployed(name)),
        };
        let desired = self.desired(&ledger, &revision).await?;
        let plan = desired.topology.plan().clone();
        let hands = self.hands(id, &name, &desired, Arc::new(crate::watch::Silent));
        let looking = Looking { before: None, at_all: true, limits: self.limits };
        let mut outlook =
            foresee(&hands, &self.providers, &ledger, revision, desired, looking).await?;
        if !names.is_empty() {
            let is_named = |node: &NodeOutlook, name: &String| {
                node.id == *name || node_of(&node.id) == name.as_str()
            };
            if let Some(unknown) =
                names.iter().find(|name| !outlook.nodes.iter().any(|node| is_named(node, name)))
            {
                let all = outlook.nodes.iter();
                let known: BTreeSet<&str> =
                    all.flat_map(|node| [node.id.as_str(), node_of(&node.id)]).collect();
                let known = known.into_iter().map(str::to_owned).collect();
                return Err(DriverError::NoStep { name, step: unknown.clone(), known });
            }
            outlook.nodes.retain(|node| names.iter().any(|name| is_named(node, name)));
        }
        // What was never there has not drifted.
        let there = |node: &NodeOutlook| {
            let target = ledger.state.targets.get(&node.target_id);
            let is = target.and_then(|target| target.instances.get(&node.id));
            is.is_some_and(|is| is.applied.is_some() || is.life.is_some())
        };
        outlook.nodes.retain(there);
        Ok((ledger, plan, outlook))
    }
}
