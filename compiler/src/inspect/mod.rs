//! What a plan holds, for a person and for a script.
//!
//! [`Summary`] is the one thing; `text` writes it for people. Knows plans only.

mod element;
mod text;

pub use element::{Element, Found, Line, find};
pub use text::{Look, element, summary};

use std::collections::BTreeMap;

use bp_plan::{Digest, LoadedPlan, Plan, Span};
use serde::Serialize;

use crate::shown;

/// What a plan holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The blueprint.
    pub blueprint: String,
    /// Its version.
    pub version: String,
    /// Its `///` comment.
    pub documentation: String,
    /// The digest of the plan.
    pub identity: String,
    /// The digest over all sources.
    pub sources_digest: String,
    /// The edition of the language's built-ins.
    pub edition: String,
    /// The format of the plan.
    pub format: u32,
    /// Source files.
    pub sources: Vec<SourceFile>,
    /// What must or can be given.
    pub inputs: Vec<Input>,
    /// Names of secrets; a plan has no values.
    pub secrets: Vec<Secret>,
    /// What is chosen from the inventory.
    pub selections: Vec<Placed>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Groups.
    pub groups: Vec<Placed>,
    /// Policies.
    pub policies: Vec<Placed>,
    /// Workflows with their parameters.
    pub workflows: Vec<Placed>,
    /// What whoever uses the blueprint must give it.
    pub requirements: Vec<Placed>,
    /// Capabilities that it offers.
    pub exposed: Vec<Placed>,
    /// The abstract node type that it stands for.
    pub substitutes: Option<String>,
    /// What a deployment tells.
    pub outputs: Vec<Output>,
    /// Files that travel with the plan.
    pub artifacts: Vec<Artifact>,
    /// Plans that travel inside of it.
    pub plans: Vec<Summary>,
}

/// A source file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceFile {
    /// From the package's root.
    pub path: String,
    /// Of its content.
    pub digest: String,
}

/// An input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is when nobody gives it; nothing where it must be given.
    pub default: Option<String>,
    /// What must hold of it.
    pub constraints: Vec<String>,
    /// Its `///` comment.
    pub documentation: String,
    /// Where it stands.
    pub place: String,
}

/// A secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// The type of what is secret.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name in the secret store.
    pub from: String,
    /// Where it stands.
    pub place: String,
}

/// Something with a name, a type and a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Placed {
    /// Its name.
    pub name: String,
    /// Its type, or what it takes.
    #[serde(rename = "type")]
    pub kind: String,
    /// What more is to be said.
    pub details: Vec<String>,
    /// Where it stands.
    pub place: String,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its type, by full name.
    #[serde(rename = "type")]
    pub kind: String,
    /// Who keeps it.
    pub provider: Option<String>,
    /// Operations of its type, or its own, are carried out for it.
    pub has_operations: bool,
    /// What there is one for each of.
    #[serde(rename = "for")]
    pub each: Option<String>,
    /// Where it is placed.
    pub on: Vec<String>,
    /// How many properties it sets.
    pub properties: usize,
    /// How many requirements it meets.
    pub requirements: usize,
    /// Where it stands.
    pub place: String,
}

/// An output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its `///` comment.
    pub documentation: String,
    /// Where it stands.
    pub place: String,
}

/// A file that travels with the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Artifact {
    /// The paths under which the blueprint names it.
    pub paths: Vec<String>,
    /// Of its content.
    pub digest: String,
    /// In bytes.
    pub size: usize,
}

impl Summary {
    /// Of a plan that was read.
    pub fn of(loaded: &LoadedPlan) -> Self {
        Self::inner(&loaded.plan, &loaded.identity, loaded)
    }

    /// Of a plan, or of one inside of it: a plan that is named by its content can't contain itself.
    fn inner(plan: &Plan, identity: &Digest, loaded: &LoadedPlan) -> Self {
        let place = |span: Span| shown::place(plan, span);
        let mut plans = Vec::new();
        let mut files = Vec::new();
        let paths = paths(plan);
        for digest in &plan.artifacts {
            let content = loaded.artifacts.get(digest).map(Vec::as_slice).unwrap_or_default();
            match loaded.nested.get(digest) {
                Some(inner) => plans.push(Self::inner(inner, digest, loaded)),
                None => files.push(Artifact {
                    paths: paths.get(&digest.to_string()).cloned().unwrap_or_default(),
                    digest: digest.to_string(),
                    size: content.len(),
                }),
            }
        }
        Self {
            blueprint: plan.blueprint.name.clone(),
            version: plan.blueprint.version.clone(),
            documentation: plan.blueprint.documentation.clone(),
            identity: identity.to_string(),
            sources_digest: plan.blueprint.sources.to_string(),
            edition: plan.edition.clone(),
            format: plan.format,
            sources: plan
                .sources
                .iter()
                .map(|one| SourceFile { path: one.path.clone(), digest: one.digest.to_string() })
                .collect(),
            inputs: inputs(plan),
            secrets: plan
                .secrets
                .iter()
                .map(|(name, secret)| Secret {
                    name: name.clone(),
                    kind: secret.kind.to_string(),
                    from: secret.from.clone(),
                    place: place(secret.span),
                })
                .collect(),
            selections: selections(plan),
            nodes: nodes(plan),
            groups: groups(plan),
            policies: policies(plan),
            workflows: workflows(plan),
            requirements: requirements(plan),
            exposed: exposed(plan),
            substitutes: plan.substitutes.as_ref().map(|one| one.kind.clone()),
            outputs: plan
                .outputs
                .iter()
                .map(|(name, output)| Output {
                    name: name.clone(),
                    kind: output.kind.to_string(),
                    documentation: output.documentation.clone(),
                    place: place(output.span),
                })
                .collect(),
            artifacts: files,
            plans,
        }
    }
}

/// Where the plan names files, by their digests.
fn paths(plan: &Plan) -> BTreeMap<String, Vec<String>> {
    fn walk(value: &serde_json::Value, found: &mut BTreeMap<String, Vec<String>>) {
        match value {
            serde_json::Value::Object(entries) => {
                if let Some(file) = entries.get("$file")
                    && let (Some(path), Some(digest)) = (
                        file.get("path").and_then(serde_json::Value::as_str),
                        file.get("digest").and_then(serde_json::Value::as_str),
                    )
                {
                    found.entry(digest.to_owned()).or_default().push(path.to_owned());
                }
                entries.values().for_each(|entry| walk(entry, found));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    if let Ok(value) = serde_json::to_value(plan) {
        walk(&value, &mut found);
    }
    for paths in found.values_mut() {
        paths.sort();
        paths.dedup();
    }
    found
}

fn inputs(plan: &Plan) -> Vec<Input> {
    let one = |(name, input): (&String, &bp_plan::Input)| Input {
        name: name.clone(),
        kind: input.kind.to_string(),
        default: input
            .default
            .as_ref()
            .map(|default| default.as_value().map_or("…".to_owned(), shown::value)),
        constraints: input.constraints.iter().map(|one| one.text.clone()).collect(),
        documentation: input.documentation.clone(),
        place: shown::place(plan, input.span),
    };
    plan.inputs.iter().map(one).collect()
}

fn selections(plan: &Plan) -> Vec<Placed> {
    let one = |(name, selection): (&String, &bp_plan::Selection)| {
        let mut details = Vec::new();
        details.extend(selection.predicate.iter().map(|one| format!("where {}", one.text)));
        details.extend(selection.spread.iter().map(|one| format!("spread by {}", one.text)));
        details.extend(selection.prefer.iter().map(|one| format!("prefer {}", one.text)));
        let card = shown::cardinality(selection.cardinality);
        let kind = format!("{}{card}", selection.kind);
        Placed { name: name.clone(), kind, details, place: shown::place(plan, selection.span) }
    };
    plan.selections.iter().map(one).collect()
}

fn nodes(plan: &Plan) -> Vec<Node> {
    let one = |(name, node): (&String, &bp_plan::Node)| Node {
        name: name.clone(),
        kind: node.kind.clone(),
        provider: plan.node_types.get(&node.kind).and_then(|kind| kind.provider.clone()),
        has_operations: plan
            .node_types
            .get(&node.kind)
            .is_some_and(|kind| kind.operations.values().any(|it| it.implementation.is_some()))
            || !node.operations.is_empty(),
        each: node.each.as_ref().map(|each| {
            let over = shown::expression(plan, &each.over, each.span);
            format!("{} in {over}", each.names.join(", "))
        }),
        on: node
            .requirements
            .iter()
            .filter(|one| one.hosts)
            .map(|one| shown::expression(plan, &one.target, one.span))
            .collect(),
        properties: node.properties.len(),
        requirements: node.requirements.len(),
        place: shown::place(plan, node.span),
    };
    plan.nodes.iter().map(one).collect()
}

fn groups(plan: &Plan) -> Vec<Placed> {
    let one = |(name, group): (&String, &bp_plan::Group)| Placed {
        name: name.clone(),
        kind: group.kind.clone(),
        details: settings(plan, &group.properties),
        place: shown::place(plan, group.span),
    };
    plan.groups.iter().map(one).collect()
}

fn policies(plan: &Plan) -> Vec<Placed> {
    let one = |(name, policy): (&String, &bp_plan::Policy)| {
        let mut details = settings(plan, &policy.properties);
        details.extend(policy.run.iter().map(|run| format!("run = {}", run.workflow)));
        let place = shown::place(plan, policy.span);
        Placed { name: name.clone(), kind: policy.kind.clone(), details, place }
    };
    plan.policies.iter().map(one).collect()
}

fn settings(plan: &Plan, properties: &BTreeMap<String, bp_plan::Property>) -> Vec<String> {
    let one = |(name, property): (&String, &bp_plan::Property)| {
        format!("{name} = {}", shown::expression(plan, &property.value, property.span))
    };
    properties.iter().map(one).collect()
}

fn requirements(plan: &Plan) -> Vec<Placed> {
    let one = |(name, required): (&String, &bp_plan::composition::Required)| Placed {
        name: name.clone(),
        kind: format!(
            "{}{}",
            required.requirement.target,
            shown::cardinality(required.requirement.cardinality)
        ),
        details: vec![required.documentation.clone()],
        place: shown::place(plan, required.span),
    };
    plan.requirements.iter().map(one).collect()
}

fn exposed(plan: &Plan) -> Vec<Placed> {
    let one = |(name, exposed): (&String, &bp_plan::composition::Exposed)| Placed {
        name: name.clone(),
        kind: exposed.kind.clone(),
        details: vec![shown::expression(plan, &exposed.value, exposed.span)],
        place: shown::place(plan, exposed.span),
    };
    plan.exposed.iter().map(one).collect()
}

fn workflows(plan: &Plan) -> Vec<Placed> {
    let one = |(name, workflow): (&String, &bp_plan::Workflow)| {
        let parameters: Vec<String> =
            workflow.parameters.iter().map(|one| format!("{}: {}", one.name, one.kind)).collect();
        let result = workflow.result.as_ref().map(|result| format!(" -> {result}"));
        Placed {
            name: name.clone(),
            kind: format!("({}){}", parameters.join(", "), result.unwrap_or_default()),
            details: Vec::new(),
            place: shown::place(plan, workflow.span),
        }
    };
    plan.workflows.iter().map(one).collect()
}
