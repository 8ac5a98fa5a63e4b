//! Keys that the language itself gives to blocks, and what each is for.
//!
//! Of a type it knows nothing: properties and their like are declared.

use super::declared::Meaning;
use super::spot::Owner;
use crate::syntax::ast::TypeItemKind;

/// A key, how its entry begins, and what it is for; `$1` is where a person goes on typing.
pub(super) type Key = (&'static str, &'static str, &'static str);

const BLUEPRINT: &[Key] = &[
    ("version", "version = \"$1\"", "The version of the blueprint."),
    ("labels", "labels = { $1 }", "What people say of the blueprint."),
];

const SELECT: &[Key] = &[
    ("where", "where = $1", "Which elements of the inventory fit; `self` is the candidate."),
    ("spread", "spread = { by = $1, max = 1 }", "At most `max` of those that have the same `by`."),
    ("prefer", "prefer = [$1]", "Which are taken first: `least(e)`, `most(e)`, in this order."),
    ("count", "count = $1", "How many are taken of those that fit."),
];

const TEST: &[Key] = &[
    ("inputs", "inputs = { $1 }", "The inputs; those left out take their defaults."),
    (
        "inventory",
        "inventory = file(\"$1\")",
        "What there is to choose from: a file, or a literal.",
    ),
    (
        "secrets",
        "secrets = { $1 }",
        "Values for secrets; what needs one that is not given stays open.",
    ),
];

const MEMBERS: Key = ("members", "members = [$1]", "Nodes, collections, elements of them, groups.");
const TARGETS: Key = ("targets", "targets = [$1]", "Nodes, collections, elements of them, groups.");
/// What a policy has that runs a workflow.
pub(super) const RUNS: &[Key] = &[
    ("run", "run = $1", "The workflow that is run."),
    ("with", "with = { $1 }", "What the workflow is given, by the names of its parameters."),
];

/// What an implementation has beside the fields of its type.
const IMPLEMENTATION: &[Key] = &[
    ("on", "on = $1", "The node that it runs on; the host of the node when left out."),
    ("sets", "sets = { $1 }", "Attributes of the node, from its `result`."),
];

const OF_NODES: &[Key] = &[("provider", "provider = \"$1\"", "Who keeps the nodes.")];

const OF_RELATIONSHIPS: &[Key] =
    &[("source", "source: $1", "What requires."), ("target", "target: $1", "What is required.")];

const OF_GROUPS: &[Key] =
    &[("members", "members: $1[0..]", "What groups of the type are of, and how many.")];

const OF_POLICIES: &[Key] = &[
    ("targets", "targets: $1[0..]", "What policies of the type are over, and how many."),
    ("run", "run: Workflow", "Policies of the type run a workflow."),
    ("exclusive", "exclusive = true", "No two policies of the type are over the same target."),
];

const NODE: &[Key] = &[("labels", "labels = { $1 }", "What people say of the node.")];

/// The keys that the language gives to the block of a type of this kind.
pub(super) fn of_type(kind: TypeItemKind) -> &'static [Key] {
    match kind {
        TypeItemKind::Node => OF_NODES,
        TypeItemKind::Relationship => OF_RELATIONSHIPS,
        TypeItemKind::Group => OF_GROUPS,
        TypeItemKind::Policy => OF_POLICIES,
        TypeItemKind::Data | TypeItemKind::Capability | TypeItemKind::Interface => &[],
    }
}

/// The keys that the language gives to a block.
pub(super) fn of(owner: &Owner) -> &'static [Key] {
    match owner {
        Owner::Blueprint => BLUEPRINT,
        Owner::Select => SELECT,
        Owner::Test => TEST,
        Owner::Over(TypeItemKind::Group, ..) => &[MEMBERS],
        Owner::Over(..) => &[TARGETS],
        Owner::Implementation(..) => IMPLEMENTATION,
        Owner::Type(kind, _) => of_type(*kind),
        Owner::Node(..) => NODE,
        Owner::Properties(_) | Owner::Via(_) | Owner::Arguments(_) | Owner::Other => &[],
    }
}

/// What a key stands for that no type declares.
pub(super) fn meaning(owner: &Owner, name: &str) -> Option<Meaning> {
    let runs = matches!(owner, Owner::Over(TypeItemKind::Policy, ..));
    let own = of(owner).iter().chain(RUNS.iter().filter(|_| runs));
    let (name, _, text) = own.into_iter().find(|(known, ..)| *known == name)?;
    Some(Meaning::Word { code: (*name).to_owned(), text: (*text).to_owned() })
}
