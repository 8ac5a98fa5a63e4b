//! Groups, and policies over nodes and groups. What a policy means is known by its type's name alone:
//! to the plan it is what it is over, with which values.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{Constraint, Property, PropertyType};
use crate::expr::Expr;
use crate::span::Span;

/// A group type, with what it inherits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupType {
    /// The types it extends, nearest first, up to `std.Group`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extends: Vec<String>,
    /// Its properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, PropertyType>,
    /// The node type of its members, by full name.
    pub members: String,
    /// Fewest and most members; no most means any number.
    pub cardinality: (u64, Option<u64>),
    /// What must hold of a whole group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its type, by full name.
    #[serde(rename = "type")]
    pub kind: String,
    /// A list of nodes, collections (all of them), elements, lists of these, and groups, which
    /// stand for their members; `null` is nothing.
    pub members: Expr,
    /// The properties that it sets itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, Property>,
    /// Its `///` comment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub documentation: String,
    /// Where its name stands.
    pub span: Span,
}

/// A policy type, with what it inherits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyType {
    /// The types it extends, nearest first, up to `std.Policy`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extends: Vec<String>,
    /// Its properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, PropertyType>,
    /// The node type of its targets, by full name.
    pub targets: String,
    /// Fewest and most targets; no most means any number.
    pub cardinality: (u64, Option<u64>),
    /// No two policies of it are over the same target.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exclusive: bool,
    /// What must hold of a whole policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Its type, by full name.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is over: as [`Group::members`].
    pub targets: Expr,
    /// The properties that it sets itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, Property>,
    /// The workflow that it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    /// Its `///` comment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub documentation: String,
    /// Where its name stands.
    pub span: Span,
}

/// `run = workflow`, `with = { … }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The workflow's name.
    pub workflow: String,
    /// Its arguments by name; they are evaluated when it begins.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub with: BTreeMap<String, Property>,
    /// Where the workflow is named.
    pub span: Span,
}
