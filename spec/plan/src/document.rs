//! `plan.json`: the document itself.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::composition::{BlueprintType, Exposed, Required, Substitutes};
use crate::digest::Digest;
use crate::expr::Expr;
use crate::fields::Fields;
use crate::operation::{Operation, OwnOperation, RelationshipType};
use crate::policy::{Group, GroupType, Policy, PolicyType};
use crate::selection::Selection;
use crate::span::Span;
use crate::types::Type;
use crate::workflow::Workflow;

/// When an expression's value is known at the earliest. An expression is as late as its latest part.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Constants and literals.
    #[default]
    Compile,
    /// Inputs, facts of the inventory, which instances there are.
    Deploy,
    /// What providers report, and secrets.
    Run,
}

/// A whole plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The format of this document.
    pub format: u32,
    /// The edition of the language's built-ins that it was compiled for.
    pub edition: String,
    /// What it is a plan of.
    pub blueprint: Blueprint,
    /// The source files, in the order of their paths; spans point into them.
    pub sources: Vec<Source>,
    /// Inputs by name.
    pub inputs: BTreeMap<String, Input>,
    /// Secrets by name; never their values.
    pub secrets: BTreeMap<String, Secret>,
    /// Constants that could not be folded.
    pub constants: BTreeMap<String, Expr>,
    /// Data types by full name, as far as values of the plan need them to be checked.
    pub data_types: BTreeMap<String, DataType>,
    /// Node types by full name.
    pub node_types: BTreeMap<String, NodeType>,
    /// Relationship types by full name, as far as requirements of the plan are met by them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub relationship_types: BTreeMap<String, RelationshipType>,
    /// Selections of the inventory by name.
    pub selections: BTreeMap<String, Selection>,
    /// Node templates by name.
    #[serde(deserialize_with = "in_bulk")]
    pub nodes: BTreeMap<String, Node>,
    /// Group types by full name, as far as groups are of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub group_types: BTreeMap<String, GroupType>,
    /// Groups by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, Group>,
    /// Policy types by full name, as far as policies are of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub policy_types: BTreeMap<String, PolicyType>,
    /// Policies by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub policies: BTreeMap<String, Policy>,
    /// Outputs by name.
    pub outputs: BTreeMap<String, Output>,
    /// What whoever uses the blueprint must give it, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub requirements: BTreeMap<String, Required>,
    /// Capabilities that it offers to whoever uses it, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exposed: BTreeMap<String, Exposed>,
    /// The abstract node type that it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub substitutes: Option<Substitutes>,
    /// Workflows by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub workflows: BTreeMap<String, Workflow>,
    /// Digests of the files that travel with the plan.
    pub artifacts: BTreeSet<Digest>,
}

/// The blueprint's head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Blueprint {
    /// Its name.
    pub name: String,
    /// Its version, as written.
    pub version: String,
    /// Its `///` comment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub documentation: String,
    /// Labels that travel to the inventory and to objects.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, Expr>,
    /// The digest over all sources.
    pub sources: Digest,
}

/// A source file: enough of it to show a person the line that something came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Relative to the package's root, with `/`; a file of the standard library is `std/…`.
    pub path: String,
    /// Of its content.
    pub digest: Digest,
    /// The lines that spans of the plan touch, by number.
    pub lines: BTreeMap<u32, String>,
}

/// A predicate that a value must meet; inside it `self` is the value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Constraint {
    /// What must hold.
    pub predicate: Expr,
    /// The predicate as the source has it, to show.
    pub text: String,
    /// What to tell a person when it does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Expr>,
    /// Where it stands.
    pub span: Span,
}

/// An input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Type,
    /// What it is when nobody gives it; `None` where it must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Expr>,
    /// What must hold of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
    /// What people are shown in the place of its name (`@label`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// People who are asked for inputs are not asked for it (`@hidden`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// Its `///` comment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub documentation: String,
    /// Where it stands.
    pub span: Span,
}

/// A secret: what it is called, never what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// The type of what is secret.
    #[serde(rename = "type")]
    pub kind: Type,
    /// Its name in the secret store.
    pub from: String,
    /// What must hold of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
    /// As in [`Input::label`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// As in [`Input::hidden`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// Where it stands.
    pub span: Span,
}

/// A declared data type: a record, or a constrained scalar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataType {
    /// For `data type Port = int where …`: the scalar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<Type>,
    /// The data types that it extends, nearest first: it may stand where one of them is wanted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extends: Vec<String>,
    /// The fields of a record.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, PropertyType>,
    /// What must hold of the whole value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
}

/// A node type: what the runtime must know of it, with what it inherits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeType {
    /// The types it extends, nearest first, up to `std.Root`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extends: Vec<String>,
    /// The blueprint that its nodes are made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blueprint: Option<BlueprintType>,
    /// The provider that keeps its nodes; `None` for a logical node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Its properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, PropertyType>,
    /// Its attributes: what the provider reports. One may repeat a property.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Type>,
    /// Its requirements.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub requirements: BTreeMap<String, RequirementType>,
    /// Its capabilities: the values of their properties, which may use `self`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capabilities: BTreeMap<String, BTreeMap<String, Expr>>,
    /// Its operations that are implemented, and those of interfaces that can be called, as
    /// `interface.operation`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub operations: BTreeMap<String, Operation>,
    /// What must hold of a whole node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
}

/// A property as its type declares it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PropertyType {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Type,
    /// What it is when a node does not set it; may use `self`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Expr>,
    /// What must hold of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
    /// Whether a change of it replaces the node (`@replace`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replace: bool,
}

/// A requirement as its type declares it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequirementType {
    /// The node or capability type that is required.
    pub target: Type,
    /// Fewest and most targets; no most means any number.
    pub cardinality: (u64, Option<u64>),
    /// The relationship type, by full name.
    pub relationship: String,
    /// The relationship type and those it extends include `std.HostedOn`: the node is placed where its target is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hosts: bool,
    /// The relationship does not order its ends (`std.AssociatesWith`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unordered: bool,
    /// What must hold of a target; `source` is the node that requires.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
}

/// A node template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Its type, by full name.
    #[serde(rename = "type")]
    pub kind: String,
    /// For a node of an abstract type: the type of the blueprint that stands for it, by full name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub substituted_by: Option<String>,
    /// What must hold of it beyond its type: where a person chose the blueprint that stands for it, that one's
    /// `where`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
    /// Whether there is one at all.
    #[serde(default, rename = "if", skip_serializing_if = "Option::is_none")]
    pub condition: Option<Expr>,
    /// What there is one for each of.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub each: Option<Each>,
    /// The properties that it sets itself.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub properties: Fields<Property>,
    /// What meets its requirements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<Requirement>,
    /// Properties of its capabilities that it sets itself, by capability.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capabilities: BTreeMap<String, BTreeMap<String, Property>>,
    /// Operations that it carries out in its own way, or not at all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub operations: BTreeMap<String, OwnOperation>,
    /// Labels that travel to the inventory and to objects: a map of text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Expr>,
    /// It is never deleted or replaced without approval (`@protect`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protect: bool,
    /// Names that it had in earlier versions of the blueprint (`@was`), in the order of the source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub was: Vec<String>,
    /// Where its name stands.
    pub span: Span,
}

/// `for names in over by key if filter`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Each {
    /// One name (the element), or two (key and element).
    pub names: Vec<String>,
    /// What is gone through.
    pub over: Expr,
    /// The instance's key, where it is not the element's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Expr>,
    /// Which elements count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Expr>,
    /// Where `over` stands.
    pub span: Span,
}

/// A property that a node sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Property {
    /// Its value.
    pub value: Expr,
    /// When it is known.
    #[serde(default, skip_serializing_if = "is_compile")]
    pub phase: Phase,
    /// Where the value stands.
    pub span: Span,
    /// Where the entries of a literal inside it stand, by path from the property (`data.region`, `ports[0].port`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inner: BTreeMap<String, Span>,
}

/// What meets a requirement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// The requirement's name.
    pub name: String,
    /// Gives a node, a capability, an element of a selection, `null`, or a list of these.
    pub target: Expr,
    /// The relationship type, by full name: the declared one or one derived from it.
    pub relationship: String,
    /// As in [`RequirementType::hosts`], for this relationship.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hosts: bool,
    /// As in [`RequirementType::unordered`], for this relationship.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unordered: bool,
    /// The relationship's properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, Property>,
    /// Operations of the relationship that are carried out in another way here, or not at all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub operations: BTreeMap<String, OwnOperation>,
    /// What must hold of the targets beyond what the type asks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
    /// Where the target stands.
    pub span: Span,
}

/// An output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Type,
    /// Its value.
    pub value: Expr,
    /// What must hold of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
    /// When it is known.
    #[serde(default, skip_serializing_if = "is_compile")]
    pub phase: Phase,
    /// Its `///` comment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub documentation: String,
    /// Where the value stands.
    pub span: Span,
}

/// A map of which all entries are read before it is made: so it is half as large as one that grew by each of them.
fn in_bulk<'de, D: Deserializer<'de>, V: Deserialize<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, V>, D::Error> {
    Fields::deserialize(deserializer).map(|all| all.into_iter().collect())
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_compile(phase: &Phase) -> bool {
    *phase == Phase::Compile
}
