//! The plans that a plan's nodes are made of: each an artifact, named by the digest of its canonical form.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::{BlueprintType, Digest, Expr, Node, Plan};

use super::lower;
use crate::check::{Checked, Program};
use crate::resolve::blueprint;
use crate::source::FileId;

/// A plan with those inside of it, by their digests.
#[derive(Debug, Default)]
pub(crate) struct Composed {
    pub(crate) plan: Option<Plan>,
    /// The plans inside, as they travel.
    pub(crate) nested: BTreeMap<Digest, Vec<u8>>,
    /// What the plans' own checks refuse.
    pub(crate) problems: Vec<String>,
}

/// The plans of other blueprints, by the full names of these as types.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    plans: BTreeMap<String, Part>,
}

#[derive(Debug)]
struct Part {
    digest: Digest,
    /// What travels with it, and itself.
    artifacts: BTreeSet<Digest>,
}

/// The plan of the root, and of all that its nodes are made of.
pub(crate) fn compose(checked: &Checked<'_>) -> Composed {
    let mut parts = Parts::default();
    let mut composed = Composed::default();
    for one in &checked.others {
        let Some(plan) = lower(one, &parts) else { continue };
        if let Err(problems) = bp_plan::validate(&plan) {
            composed.problems.extend(problems.iter().map(ToString::to_string));
            continue;
        }
        let bytes = match bp_plan::canonical(&plan) {
            Ok(bytes) => bytes,
            Err(error) => {
                composed.problems.push(error.to_string());
                continue;
            }
        };
        let digest = Digest::of(&bytes);
        let mut artifacts = plan.artifacts;
        artifacts.insert(digest.clone());
        if let Some((full, _)) =
            checked.program.names.blueprints.iter().find(|(_, file)| **file == one.file)
        {
            parts.plans.insert(full.clone(), Part { digest: digest.clone(), artifacts });
        }
        composed.nested.insert(digest, bytes);
    }
    if composed.problems.is_empty() {
        composed.plan = lower(checked, &parts);
    }
    composed
}

/// The digests of the plans inside of a plan, and of all that travels with them.
pub(super) fn artifacts(plan: &Plan, parts: &Parts) -> BTreeSet<Digest> {
    let nested = bp_plan::composition::nested(plan);
    let inside = parts.plans.values().filter(|part| nested.contains(&part.digest));
    inside.flat_map(|part| part.artifacts.iter().cloned()).collect()
}

/// The blueprint that a type is; with its plan where one of the nodes is made of it.
pub(super) fn blueprint_type(
    program: &Program<'_>,
    parts: &Parts,
    nodes: &BTreeMap<String, Node>,
    full: &str,
) -> Option<BlueprintType> {
    let declared =
        program.names.types.get(full).filter(|_| program.names.blueprints.contains_key(full))?;
    let item = blueprint::item(program.sources, declared)?;
    let made =
        nodes.values().any(|node| node.substituted_by.as_deref().unwrap_or(&node.kind) == full);
    Some(BlueprintType {
        name: item.name.text.to_string(),
        version: program.versions.get(full).cloned().unwrap_or_default(),
        plan: parts.plans.get(full).filter(|_| made).map(|part| part.digest.clone()),
    })
}

/// The constants that a blueprint can name: its own, those of the modules that it uses, and what its choices
/// choose among.
pub(super) fn constants(checked: &Checked<'_>, used: &BTreeSet<FileId>) -> BTreeMap<String, Expr> {
    let program = &checked.program;
    let modules: BTreeSet<&str> = program
        .sources
        .all()
        .filter(|(file, _)| used.contains(file))
        .filter(|(file, _)| *file == program.file || !program.has_blueprint(*file))
        .map(|(_, module)| module.name.as_str())
        .collect();
    program
        .constants
        .iter()
        .filter(|(name, _)| modules.contains(name.rsplit_once('.').map_or("", |(of, _)| of)))
        .map(|(name, value)| (name.clone(), value.clone()))
        .chain(candidates(checked))
        .collect()
}

fn candidates(checked: &Checked<'_>) -> BTreeMap<String, Expr> {
    let mut found = BTreeMap::new();
    for choice in checked.nodes.nodes.values().flat_map(|node| &node.choices) {
        if let Some(name) = choice.constant()
            && !found.contains_key(&name)
        {
            found.insert(name, choice.candidates());
        }
    }
    found
}
