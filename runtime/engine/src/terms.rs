//! What an approval allows, and what only an approval allows: the deletion and the replacement of nodes
//! that are protected, and of those that nobody was told of.

use std::collections::BTreeSet;

use bp_plan::{Plan, Span};
use bp_topology::{Place, Topology};
use serde::{Deserialize, Serialize};

use crate::state::{InstanceState, State};

/// On what terms a revision is brought about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Nodes (`db`) and instances (`db["eu"]`) that may be deleted and replaced, protected or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved: Vec<String>,
    /// What may be replaced beside those, as (target, instance): what a person was shown. None where nobody
    /// asked to be shown anything first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Vec<(String, String)>>,
}

impl Terms {
    /// Nothing but what is always allowed.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Whether this instance was approved, by itself or with its node.
    pub fn approves(&self, instance: &str) -> bool {
        self.approved.iter().any(|name| name == instance || *name == node_of(instance))
    }
}

/// The node of an instance, by the instance's name: `db` of `db["eu"]`.
pub fn node_of(instance: &str) -> &str {
    instance.split_once('[').map_or(instance, |(node, _)| node)
}

/// Why an instance is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Its node says so, at this place of the plan that says it.
    Marked(Span),
    /// It was there before the deployment, and was adopted.
    Adopted,
}

/// A deletion that nobody approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unapproved {
    /// The name of its target; empty for the runtime's own machine.
    pub target: String,
    /// Which instance.
    pub instance: String,
    /// Why it needs an approval.
    pub protection: Protection,
}

/// Whether an instance is protected: by its node in the plan, by the plan before it where it has no such
/// node any more, or as one that was adopted.
pub(crate) fn protection(
    plan: &Plan,
    before: Option<&Plan>,
    instance: &str,
    is: Option<&InstanceState>,
) -> Option<Protection> {
    let node = node_of(instance);
    let node = plan.nodes.get(node).or_else(|| before?.nodes.get(node));
    let marked = node.filter(|node| node.protect).map(|node| Protection::Marked(node.span));
    marked.or_else(|| is.filter(|is| is.adopted.is_some()).map(|_| Protection::Adopted))
}

/// The deletions that a plan leads to and that nobody approved; what moves to another name has moved in
/// this state. What the plan does not name any more is protected by the plan before it. Whether something is
/// replaced shows only when it is looked at.
pub fn unapproved(
    state: &State,
    topology: &Topology,
    before: Option<&Plan>,
    terms: &Terms,
) -> Vec<Unapproved> {
    let plan = topology.plan();
    let wanted: BTreeSet<(&Place, String)> =
        topology.instances().iter().map(|one| (&one.place, one.id.to_string())).collect();
    let mut found = Vec::new();
    for target in state.targets.values() {
        let place = match target.name.as_str() {
            "" => Place::Local,
            name => Place::Element(name.to_owned()),
        };
        for (instance, is) in &target.instances {
            if wanted.contains(&(&place, instance.clone())) || terms.approves(instance) {
                continue;
            }
            if let Some(protection) = protection(plan, before, instance, Some(is)) {
                let (target, instance) = (target.name.clone(), instance.clone());
                found.push(Unapproved { target, instance, protection });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_approved_with_all_of_its_instances() {
        let terms = Terms { approved: vec!["db".into(), "web[\"eu\"]".into()], replaces: None };
        for (instance, is_approved) in [
            ("db", true),
            ("db[\"eu\"]", true),
            ("web[\"eu\"]", true),
            ("web[\"us\"]", false),
            ("dbs", false),
        ] {
            assert_eq!(terms.approves(instance), is_approved, "{instance}");
        }
    }
}
