//! The life of an instance: which of its operations are called, and in which order.
//!
//! Going up an instance finds what it requires there already, so what happens between the two ends
//! of a relationship is a part of the life of the end that requires. Which operations there are is
//! known before anything runs; what they are called with is for [`crate::calls`] to say.

use std::fmt;

use bp_plan::{Implementation, Node, Operation, OwnOperation, Plan, Reference, Requirement, Span};
use serde::{Deserialize, Serialize};

use crate::topology::{InstanceId, Topology};
use crate::world::World;

/// An operation that is called: of an instance, or of a relationship by which it requires another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Act {
    /// `lifecycle.create`, `configure.establish_target`.
    pub operation: String,
    /// The relationship; none for an operation of the instance itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
}

/// A relationship, seen from the instance that requires.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Via {
    /// The requirement that it meets.
    pub requirement: String,
    /// What it leads to: `orders.sql`.
    pub target: String,
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.operation)?;
        match &self.via {
            None => Ok(()),
            Some(via) => write!(f, " of {} -> {}", via.requirement, via.target),
        }
    }
}

/// When in a life an operation is called, in order. What a provider does stands for `Create` to
/// `Start` on the way up, and for `Stop` and `Delete` on the way down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Before anything of the node is there.
    Precreate,
    /// It is made.
    Create,
    /// Both ends of a relationship, before the source is set up.
    Preconfigure,
    /// It is set up.
    Configure,
    /// Both ends of a relationship, after the source is set up.
    Postconfigure,
    /// It is started.
    Start,
    /// Both ends of a relationship, once both are started.
    Establish,
    /// Once it runs.
    Poststart,
    /// While it still runs.
    Prestop,
    /// Both ends of a relationship, before one is stopped.
    Unlink,
    /// It is stopped.
    Stop,
    /// It is taken away.
    Delete,
    /// Once nothing of it is there.
    Postdelete,
}

/// The operations of the way up that the node itself has.
const OWN_UP: [(&str, Stage); 5] = [
    ("lifecycle.precreate", Stage::Precreate),
    ("lifecycle.create", Stage::Create),
    ("lifecycle.configure", Stage::Configure),
    ("lifecycle.start", Stage::Start),
    ("lifecycle.poststart", Stage::Poststart),
];
/// Those that its relationships have.
const BETWEEN_UP: [(&str, Stage); 6] = [
    ("configure.preconfigure_source", Stage::Preconfigure),
    ("configure.preconfigure_target", Stage::Preconfigure),
    ("configure.postconfigure_source", Stage::Postconfigure),
    ("configure.postconfigure_target", Stage::Postconfigure),
    ("configure.establish_source", Stage::Establish),
    ("configure.establish_target", Stage::Establish),
];
/// The operations of the way down that the node itself has.
const OWN_DOWN: [(&str, Stage); 4] = [
    ("lifecycle.prestop", Stage::Prestop),
    ("lifecycle.stop", Stage::Stop),
    ("lifecycle.delete", Stage::Delete),
    ("lifecycle.postdelete", Stage::Postdelete),
];
/// Those that its relationships have.
const BETWEEN_DOWN: [(&str, Stage); 2] =
    [("configure.unlink_source", Stage::Unlink), ("configure.unlink_target", Stage::Unlink)];

const UPDATE: &str = "lifecycle.update";
/// Tells what is there.
pub const OBSERVE: &str = "lifecycle.observe";
const TARGET_CHANGED: &str = "configure.target_changed";

/// What a provider does itself, so that a node that it keeps can't do it, too.
pub const OF_PROVIDERS: [&str; 7] = [
    "lifecycle.create",
    "lifecycle.configure",
    "lifecycle.start",
    UPDATE,
    OBSERVE,
    "lifecycle.stop",
    "lifecycle.delete",
];

/// When an operation is called; none for those that are called for a reason of their own.
pub fn stage(operation: &str) -> Option<Stage> {
    let mut all = OWN_UP.iter().chain(&BETWEEN_UP).chain(&OWN_DOWN).chain(&BETWEEN_DOWN);
    all.find(|(name, _)| *name == operation).map(|(_, stage)| *stage)
}

/// What an instance's life calls; what nothing implements is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// Going up, in order.
    pub up: Vec<Act>,
    /// Going down, in order.
    pub down: Vec<Act>,
    /// Changes in place what changed.
    pub update: Option<Act>,
    /// Tells what is there.
    pub observe: Option<Act>,
    /// Called when what the target reports has changed.
    pub target_changed: Vec<Act>,
}

impl Life {
    /// Every operation in it.
    pub fn acts(&self) -> impl Iterator<Item = &Act> {
        let rest = self.update.iter().chain(&self.observe).chain(&self.target_changed);
        self.up.iter().chain(&self.down).chain(rest)
    }
}

/// A relationship of an instance: where it stands in the plan, and what it leads to.
pub(crate) struct Link<'p> {
    pub(crate) requirement: &'p Requirement,
    /// Which target of all that meet a requirement of this name, from 0.
    pub(crate) index: usize,
    pub(crate) target: Reference,
}

/// What carries an operation out, and the operation as its type has it.
pub(crate) struct Carried<'p> {
    pub(crate) declared: &'p Operation,
    pub(crate) implementation: &'p Implementation,
    /// It stands in a node or in a `via` block, and not in a type.
    pub(crate) is_own: bool,
}

impl Topology {
    /// The life of an instance: empty for a logical node, and for one that a provider keeps alone.
    pub fn life(&self, id: &InstanceId) -> Life {
        let plan = &self.world.plan;
        let Some(node) = plan.nodes.get(&id.node) else { return Life::default() };
        if !has_life(plan, node) {
            return Life::default();
        }
        let links = links(&self.world, id, node);
        let own = |operation: &str| {
            let act = Act { operation: operation.to_owned(), via: None };
            of_node(plan, node, operation).map(|_| act)
        };
        let between = |operation: &str| {
            let is_there = |link: &&Link<'_>| of_link(plan, link.requirement, operation).is_some();
            let acts = links
                .iter()
                .filter(is_there)
                .map(|link| Act { operation: operation.to_owned(), via: Some(link.via()) });
            acts.collect::<Vec<_>>()
        };
        let in_order = |of_node: &[(&str, Stage)], of_links: &[(&str, Stage)]| {
            let mut acts: Vec<(Stage, Act)> = of_node
                .iter()
                .filter_map(|(operation, stage)| Some((*stage, own(operation)?)))
                .chain(of_links.iter().flat_map(|(operation, stage)| {
                    between(operation).into_iter().map(|act| (*stage, act))
                }))
                .collect();
            acts.sort_by_key(|(stage, _)| *stage);
            acts.into_iter().map(|(_, act)| act).collect()
        };
        Life {
            up: in_order(&OWN_UP, &BETWEEN_UP),
            down: in_order(&OWN_DOWN, &BETWEEN_DOWN),
            update: own(UPDATE),
            observe: own(OBSERVE),
            target_changed: between(TARGET_CHANGED),
        }
    }
}

impl Link<'_> {
    pub(crate) fn via(&self) -> Via {
        Via {
            requirement: self.requirement.name.clone(),
            target: bp_eval::reference_text(&self.target),
        }
    }
}

/// Whether a node's life calls anything, whatever its relationships lead to.
pub(crate) fn has_life(plan: &Plan, node: &Node) -> bool {
    let of_type = plan.node_types.get(&node.kind).into_iter().flat_map(|kind| &kind.operations);
    let keys = of_type.map(|(key, _)| key).chain(node.operations.keys());
    keys.into_iter().any(|key| key.starts_with("lifecycle.") && of_node(plan, node, key).is_some())
        || node.requirements.iter().any(|requirement| links_are_called(plan, requirement))
}

/// Whether a relationship has operations that a life calls.
pub(crate) fn links_are_called(plan: &Plan, requirement: &Requirement) -> bool {
    let of_type = plan.relationship_types.get(&requirement.relationship);
    let keys = of_type.into_iter().flat_map(|kind| kind.operations.keys());
    let mut keys = keys.chain(requirement.operations.keys());
    keys.any(|key| key.starts_with("configure.") && of_link(plan, requirement, key).is_some())
}

/// The relationships of an instance.
pub(crate) fn links<'p>(world: &World, id: &InstanceId, node: &'p Node) -> Vec<Link<'p>> {
    let mut links: Vec<Link<'p>> = Vec::new();
    for requirement in &node.requirements {
        let before = links.iter().filter(|link| link.requirement.name == requirement.name).count();
        // What is wrong with a target was told when the instance was enlisted.
        for (at, target) in
            world.targets(id, requirement).unwrap_or_default().into_iter().enumerate()
        {
            links.push(Link { requirement, index: before + at, target });
        }
    }
    links
}

/// What carries an operation of a node out.
pub(crate) fn of_node<'p>(plan: &'p Plan, node: &'p Node, operation: &str) -> Option<Carried<'p>> {
    let declared = plan.node_types.get(&node.kind)?.operations.get(operation)?;
    carried(declared, node.operations.get(operation))
}

/// What carries an operation of a relationship out.
pub(crate) fn of_link<'p>(
    plan: &'p Plan,
    requirement: &'p Requirement,
    operation: &str,
) -> Option<Carried<'p>> {
    let declared =
        plan.relationship_types.get(&requirement.relationship)?.operations.get(operation)?;
    carried(declared, requirement.operations.get(operation))
}

fn carried<'p>(declared: &'p Operation, own: Option<&'p OwnOperation>) -> Option<Carried<'p>> {
    let of = own.map_or(&declared.implementation, |own| &own.implementation);
    let implementation = of.as_ref()?;
    Some(Carried { declared, implementation, is_own: own.is_some() })
}

/// The line of the blueprint that says what carries an operation out: `lifecycle.create` of a node,
/// `database.configure.establish_target` of what meets its requirement `database`; or that sets a property
/// of a relationship (`database.port`), else that meets the requirement.
pub(crate) fn blame(plan: &Plan, node: &Node, path: &str) -> Option<Span> {
    if let Some(carried) = of_node(plan, node, path) {
        return Some(carried.implementation.span);
    }
    let (requirement, part) = path.split_once('.').unwrap_or((path, ""));
    let mut met = node.requirements.iter().filter(|met| met.name == requirement);
    let first = met.clone().next()?;
    let of_part = met.find_map(|met| match met.properties.get(part) {
        Some(property) => Some(property.span),
        None => Some(of_link(plan, met, part)?.implementation.span),
    });
    of_part.or(Some(first.span))
}

impl Via {
    /// The name under which the instance keeps an attribute of the relationship.
    pub(crate) fn attribute(&self, name: &str) -> String {
        format!("{} -> {}: {name}", self.requirement, self.target)
    }
}

impl Act {
    /// As a failure's property names it, for [`crate::topology::blame`].
    pub fn path(&self) -> String {
        match &self.via {
            None => self.operation.clone(),
            Some(via) => format!("{}.{}", via.requirement, self.operation),
        }
    }

    /// Whether it is called on the end that is required.
    pub(crate) fn is_on_target(&self) -> bool {
        self.via.is_some() && self.operation.ends_with("_target")
    }
}
