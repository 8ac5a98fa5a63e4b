//! Operations: what can be asked of a node or a relationship, and what carries it out.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{Constraint, PropertyType};
use crate::expr::Expr;
use crate::span::Span;
use crate::types::Type;

/// An operation as a type has it, under `interface.operation`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// What it takes, in the order in which it is declared; each is a local of the implementation's
    /// expressions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<OperationParameter>,
    /// What it gives; `None` where nothing is said: open data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Type>,
    /// What carries it out; `None` where nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implementation: Option<Implementation>,
}

/// A parameter of an operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperationParameter {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Type,
    /// What it is when it is left out; `None` where it must be given, or is optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Expr>,
    /// What must hold of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
}

/// What carries an operation out. In its expressions `self` is the node, or the relationship with its
/// ends `source` and `target`; the operation's parameters are locals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Implementation {
    /// The data type that says what kind of implementation it is: `std.Script`, or one derived from it.
    #[serde(rename = "type")]
    pub kind: String,
    /// The data types that it extends, nearest first, up to `std.Implementation`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extends: Vec<String>,
    /// What the kind asks beyond what every implementation has: the script's file, an address.
    pub value: Expr,
    /// What it is given; the operation's parameters when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Expr>,
    /// The node it runs on; when left out, the host of the node, else where the runtime runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Expr>,
    /// Its environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<Expr>,
    /// Files beside it, by the path that it finds them under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Expr>,
    /// How long it may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Expr>,
    /// How often it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<Expr>,
    /// The pause before it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Expr>,
    /// Whether it may be done twice, so that an unknown outcome can be met by doing it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeatable: Option<Expr>,
    /// Attributes that its result sets; in these expressions `result` is a local, too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sets: BTreeMap<String, Expr>,
    /// Where it stands.
    pub span: Span,
}

impl Implementation {
    /// Every expression but those of [`Implementation::sets`].
    pub fn parts(&self) -> impl Iterator<Item = &Expr> {
        std::iter::once(&self.value)
            .chain(&self.args)
            .chain(&self.on)
            .chain(&self.env)
            .chain(&self.files)
            .chain(&self.timeout)
            .chain(&self.retries)
            .chain(&self.backoff)
            .chain(&self.repeatable)
    }
}

/// An operation that a node, or what meets a requirement, carries out in its own way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnOperation {
    /// What carries it out; `None` where it is switched off (`= null`).
    pub implementation: Option<Implementation>,
}

/// A relationship type: what the runtime must know of it, with what it inherits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelationshipType {
    /// The types it extends, nearest first, up to `std.DependsOn`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extends: Vec<String>,
    /// Its `target` is the capability by which the requirement is met; else the node that has it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leads_to_capability: bool,
    /// Its properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, PropertyType>,
    /// Its attributes: what its operations set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Type>,
    /// Its operations that are implemented, as `interface.operation`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub operations: BTreeMap<String, Operation>,
    /// What must hold of a whole relationship.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
}
