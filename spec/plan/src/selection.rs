//! Selections: what is chosen from the inventory, and which of what fits is taken first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Constraint;
use crate::expr::Expr;
use crate::span::Span;

/// A selection of the inventory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// The node type that is chosen from, by full name.
    #[serde(rename = "type")]
    pub kind: String,
    /// Fewest and most; no most means any number.
    pub cardinality: (u64, Option<u64>),
    /// Which elements fit; `self` is the candidate.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub predicate: Option<Constraint>,
    /// How those that are taken are spread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
    /// Which come first: by the first preference, where that is equal by the second, and so on; at
    /// last by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefer: Vec<Preference>,
    /// How many are taken at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<Expr>,
    /// It was made for a requirement that leaves the choice to the runtime: nobody wrote it, and
    /// it may be empty.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub implicit: bool,
    /// Where it stands (its name).
    pub span: Span,
}

impl Selection {
    /// All elements of a type.
    pub fn new(kind: impl Into<String>, cardinality: (u64, Option<u64>), span: Span) -> Self {
        Self {
            kind: kind.into(),
            cardinality,
            predicate: None,
            spread: None,
            prefer: Vec::new(),
            count: None,
            implicit: false,
            span,
        }
    }
}

/// `spread = { by = e, max = n }`: of what has one value of `by`, at most so many are taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// What they are told apart by; `self` is the candidate.
    pub by: Expr,
    /// The expression as the source has it, to show.
    pub text: String,
    /// How many of one value.
    pub max: Expr,
    /// Where it stands.
    pub span: Span,
}

/// `least(e)` or `most(e)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preference {
    /// Which come first.
    pub rank: Rank,
    /// What they are ordered by; `self` is the candidate. Those that do not have it come last.
    pub by: Expr,
    /// The expression as the source has it, to show.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// Which end of an order comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rank {
    /// The smallest.
    Least,
    /// The largest.
    Most,
}
