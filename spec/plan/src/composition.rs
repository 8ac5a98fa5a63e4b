//! Blueprints in blueprints: what one offers, what it needs, what it stands for, and the plans that
//! travel inside of a plan.
//!
//! A plan that is used by another is an artifact of it: its canonical `plan.json`, by digest. What is
//! named by its content can't contain itself.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::document::{Constraint, Plan, RequirementType};
use crate::error::PlanError;
use crate::expr::Expr;
use crate::span::Span;

/// How deep plans may lie inside of plans.
pub const MOST_NESTED: usize = 8;

/// A capability of a node that the blueprint offers to whoever uses it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exposed {
    /// The capability's type, by full name.
    #[serde(rename = "type")]
    pub kind: String,
    /// Gives the capability.
    pub value: Expr,
    /// Its `///` comment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub documentation: String,
    /// Where the value stands.
    pub span: Span,
}

/// What whoever uses the blueprint must give it: `requires` of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Required {
    /// As a node type would declare it; in its constraints `source` is the node that stands for the
    /// blueprint, and its properties are the blueprint's inputs.
    pub requirement: RequirementType,
    /// Its `///` comment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub documentation: String,
    /// Where its name stands.
    pub span: Span,
}

/// The abstract node type that a blueprint stands for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Substitutes {
    /// The node type, by full name.
    #[serde(rename = "type")]
    pub kind: String,
    /// Of which nodes; `self` is the node.
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
    /// What the type's operations are, as `interface.operation`: workflows of the blueprint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub operations: BTreeMap<String, String>,
    /// Where the type is named.
    pub span: Span,
}

/// The blueprint that a node type is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlueprintType {
    /// Its name: deployments of it are elements of the inventory of this type.
    pub name: String,
    /// Its version, as written.
    pub version: String,
    /// Its plan, an artifact; `None` where no node is of the type, and running deployments are selected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Digest>,
}

/// The digests of the plans that the nodes of a plan are made of.
pub fn nested(plan: &Plan) -> BTreeSet<&Digest> {
    plan.node_types
        .values()
        .filter_map(|kind| kind.blueprint.as_ref().and_then(|blueprint| blueprint.plan.as_ref()))
        .collect()
}

/// All plans inside of a plan, those inside of them too: read by `read`, and each one whole.
pub(crate) fn plans(
    plan: &Plan,
    artifacts: &BTreeMap<Digest, Vec<u8>>,
    read: impl Fn(&[u8]) -> Result<Plan, PlanError>,
) -> Result<BTreeMap<Digest, Plan>, PlanError> {
    let mut found: BTreeMap<Digest, Plan> = BTreeMap::new();
    let mut level: BTreeSet<Digest> = nested(plan).into_iter().cloned().collect();
    for _ in 0..MOST_NESTED {
        if level.is_empty() {
            return Ok(found);
        }
        let mut next = BTreeSet::new();
        for digest in level {
            let inner = match found.remove(&digest) {
                Some(inner) => inner,
                None => whole(plan, &digest, artifacts, &read)?,
            };
            next.extend(nested(&inner).into_iter().cloned());
            found.insert(digest, inner);
        }
        level = next;
    }
    if level.is_empty() { Ok(found) } else { Err(PlanError::NestedTooDeep { most: MOST_NESTED }) }
}

/// One plan inside of another.
fn whole(
    outer: &Plan,
    digest: &Digest,
    artifacts: &BTreeMap<Digest, Vec<u8>>,
    read: impl Fn(&[u8]) -> Result<Plan, PlanError>,
) -> Result<Plan, PlanError> {
    let at = |problem| PlanError::Nested { digest: digest.clone(), problem: Box::new(problem) };
    let Some(bytes) = artifacts.get(digest) else {
        return Err(PlanError::Container(format!("the artifact {} is missing", digest.short())));
    };
    let inner = read(bytes).map_err(at)?;
    if let Some(missing) = inner.artifacts.iter().find(|one| !outer.artifacts.contains(*one)) {
        let why = format!("the artifact {} is missing", missing.short());
        return Err(at(PlanError::Container(why)));
    }
    Ok(inner)
}
