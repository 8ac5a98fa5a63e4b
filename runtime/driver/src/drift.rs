//! What others have changed: what is there is compared with what was applied, field by field. Nothing is appended,
//! nothing is moved.

use std::collections::BTreeSet;
use std::sync::Arc;

use bp_engine::event::{Class, Drifted, Failure, Verb};
use bp_engine::outlook::{Action, NodeOutlook, Outlook};
use bp_engine::state::{InstanceState, Revision};
use bp_engine::terms::node_of;
use bp_plan::Plan;

use crate::error::DriverError;
use crate::foresee::{Ask, Looking, foresee};
use crate::ledger::Ledger;
use crate::observe::{self, NOT_YET, can_be_asked, instance};
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

/// The names of the instances that a look has found.
pub(crate) fn found(outlook: &Outlook, ask: Ask) -> Vec<String> {
    let is_found = |node: &&NodeOutlook| match ask {
        Ask::Health => is_ill(node),
        _ => has_drifted(node),
    };
    outlook.nodes.iter().filter(is_found).map(|node| node.id.clone()).collect()
}

/// Whether an instance does not work, or can't be asked.
pub fn is_ill(node: &NodeOutlook) -> bool {
    node.action != Action::None
}

/// Why a look does not tell what was asked: who can't be asked how it is, is not well, and that is an answer. Of
/// what was named, nobody may be there to ask.
pub(crate) fn untold(looked: &Looked, ask: Ask, is_named: bool) -> Option<Failure> {
    let Looked { outlook, unasked, .. } = looked;
    if let Some(one) = unasked.first().filter(|_| is_named) {
        let why = "nothing but its own operations keeps it, and nobody can be asked";
        return Some(Failure::permanent(format!("how `{one}` is can't be told: {why}")));
    }
    let mut held = outlook.nodes.iter().filter(|_| ask != Ask::Health);
    let node =
        held.find(|node| matches!(node.action, Action::Held | Action::Fail | Action::Unknown))?;
    let why = node.reason.as_deref().unwrap_or("no reason is known");
    let message = format!("whether `{}` has drifted can't be told: {why}", node.id);
    Some(Failure { class: Class::Transient, ..Failure::permanent(message) })
}

/// What was seen of what is deployed.
pub struct Looked {
    /// Its plan.
    pub(crate) plan: Arc<Plan>,
    /// What there is, as those who keep it tell.
    pub outlook: Outlook,
    /// The instances that nobody can be asked about: nothing but their own operations keeps them, and none of these
    /// tells what is there.
    pub unasked: Vec<String>,
}

impl Runtime {
    /// What is not as it was applied: of these nodes, or of all where none is named.
    pub async fn drift(&self, id: &str, names: &[String]) -> Result<Looked, DriverError> {
        Ok(self.looked_at(id, names).await?.1)
    }

    /// How these nodes are, or all where none is named: as they are wanted, or why not.
    pub async fn health(&self, id: &str, names: &[String]) -> Result<Looked, DriverError> {
        let ledger = self.existing(id).await?;
        let revision = deployed(&ledger)?;
        self.look_at(&ledger, revision, names, Ask::Health).await
    }

    pub(crate) async fn looked_at(
        &self,
        id: &str,
        names: &[String],
    ) -> Result<(Ledger, Looked), DriverError> {
        let ledger = self.existing(id).await?;
        ledger.no_workflow()?;
        let name = ledger.state.name.clone();
        if pending(&ledger).is_some() {
            return Err(DriverError::Asked(name));
        }
        if ledger.state.open_run().is_some() {
            return Err(DriverError::RunOpen(name));
        }
        let revision = deployed(&ledger)?;
        let looked = self.look_at(&ledger, revision, names, Ask::Drift).await?;
        Ok((ledger, looked))
    }

    /// What there is of a revision, as those who keep it tell.
    pub(crate) async fn look_at(
        &self,
        ledger: &Ledger,
        revision: Revision,
        names: &[String],
        ask: Ask,
    ) -> Result<Looked, DriverError> {
        let name = ledger.state.name.clone();
        let desired = self.desired(ledger, &revision).await?;
        let plan = desired.topology.plan().clone();
        let hands = self.hands(&ledger.id, &name, &desired, Arc::new(crate::watch::Silent));
        let looking = Looking { before: None, ask, limits: self.limits.clone() };
        let mut outlook =
            foresee(&hands, &self.providers, ledger, revision, desired, looking).await?;
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
        let state = &ledger.state;
        let is_unasked = |node: &&NodeOutlook| {
            instance(state, node).is_some_and(|is| is.provider.is_empty() && !can_be_asked(is))
        };
        let unasked = outlook.nodes.iter().filter(is_unasked).map(|node| node.id.clone()).collect();
        // What was never there has not drifted.
        let was_there = |is: &InstanceState| is.applied.is_some() || can_be_asked(is);
        outlook.nodes.retain(|node| instance(state, node).is_some_and(was_there));
        for node in outlook.nodes.iter_mut().filter(|_| ask == Ask::Drift) {
            let applied = instance(state, node).and_then(|is| is.applied.as_ref());
            let is_as_wanted = node.wanted.as_deref() == applied.map(|it| it.subject.as_str());
            if has_drifted(node) && !is_as_wanted {
                node.action = Action::Held;
                node.reason = Some(NOT_YET.to_owned());
            }
        }
        let by = (&hands, &self.executors);
        observe::ask(by, state, &mut outlook.nodes, (ask, &self.limits)).await;
        Ok(Looked { plan, outlook, unasked })
    }
}

/// The revision that is deployed.
fn deployed(ledger: &Ledger) -> Result<Revision, DriverError> {
    match ledger.state.revision() {
        Some((_, revision)) if revision.verb == Verb::Deploy => Ok(revision.clone()),
        _ => Err(DriverError::NotDeployed(ledger.state.name.clone())),
    }
}
