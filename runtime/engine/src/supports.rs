//! What a plan can say and this engine does not carry out: refused in a sentence, never passed over.
//!
//! One small function for each construct.

use bp_plan::Plan;

use crate::problem::Problem;

/// Why this engine can't carry out a plan.
pub(crate) fn check(plan: &Plan) -> Vec<Problem> {
    let mut problems = Vec::new();
    composed_nodes(plan, &mut problems);
    requirements(plan, &mut problems);
    deployments(plan, &mut problems);
    workflows(plan, &mut problems);
    problems
}

/// Nodes that are made of another blueprint.
fn composed_nodes(plan: &Plan, problems: &mut Vec<Problem>) {
    for (name, node) in &plan.nodes {
        let kind = node.substituted_by.as_ref().unwrap_or(&node.kind);
        let blueprint = plan.node_types.get(kind).and_then(|kind| kind.blueprint.as_ref());
        if let Some(blueprint) = blueprint {
            let made_of = &blueprint.name;
            problems.push(
                Problem::error(format!(
                    "the node `{name}` is made of the blueprint `{made_of}`, which this version of the runtime can't deploy as a part of another"
                ))
                .at(node.span)
                .help(format!("deploy `{made_of}` by itself, and leave the node out for now")),
            );
        }
    }
}

/// What the blueprint needs of whoever uses it, when nobody does.
fn requirements(plan: &Plan, problems: &mut Vec<Problem>) {
    for (name, required) in &plan.requirements {
        if required.requirement.cardinality.0 > 0 {
            let target = &required.requirement.target;
            problems.push(
                Problem::error(format!(
                    "the blueprint requires `{name}`, a `{target}`, of whoever uses it, and nobody does: it can't be deployed by itself"
                ))
                .at(required.span)
                .help(format!(
                    "deploy a blueprint that has a node of this one and gives it `{name} -> …`, or `select` a `{target}` in the place of `requires`"
                )),
            );
        }
    }
}

/// Selections of other deployments.
fn deployments(plan: &Plan, problems: &mut Vec<Problem>) {
    for (name, selection) in &plan.selections {
        let kind = plan.node_types.get(&selection.kind);
        if let Some(blueprint) = kind.and_then(|kind| kind.blueprint.as_ref()) {
            problems.push(
                Problem::error(format!(
                    "`{name}` selects running deployments of `{}`, which this version of the runtime does not have in its inventory",
                    blueprint.name
                ))
                .at(selection.span)
                .help("give what is needed of it as inputs for now"),
            );
        }
    }
}

/// Workflows: their steps.
fn workflows(plan: &Plan, problems: &mut Vec<Problem>) {
    for (name, workflow) in &plan.workflows {
        problems.push(
            Problem::error(format!(
                "the workflow `{name}` can't be run by this version of the runtime"
            ))
            .at(workflow.span)
            .help("leave it out for now, and deploy without it"),
        );
    }
}
