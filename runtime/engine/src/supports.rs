//! What a plan can say and this engine does not carry out: refused in a sentence, never passed over.
//!
//! One small function for each construct.

use bp_plan::Plan;
use bp_topology::Problem;

/// Why this engine can't carry out a plan.
pub fn check(plan: &Plan) -> Vec<Problem> {
    let mut problems = Vec::new();
    operations(plan, &mut problems);
    relationships(plan, &mut problems);
    protected(plan, &mut problems);
    renamed(plan, &mut problems);
    composed_nodes(plan, &mut problems);
    requirements(plan, &mut problems);
    deployments(plan, &mut problems);
    workflows(plan, &mut problems);
    policies(plan, &mut problems);
    problems
}

/// Operations that the life of a node calls.
fn operations(plan: &Plan, problems: &mut Vec<Problem>) {
    for (name, node) in &plan.nodes {
        let kind = plan.node_types.get(&node.kind);
        let of_type = kind
            .into_iter()
            .flat_map(|kind| &kind.operations)
            .filter(|(key, it)| it.implementation.is_some() && !node.operations.contains_key(*key));
        let own = node.operations.iter().filter(|(_, own)| own.implementation.is_some());
        let all = of_type.map(|(key, _)| key).chain(own.map(|(key, _)| key));
        if let Some(operation) = all.filter(|key| key.starts_with("lifecycle.")).min() {
            problems.push(
                Problem::error(format!(
                    "the node `{name}` has the operation `{operation}`, which this version of the runtime can't carry out"
                ))
                .at(node.span)
                .help("leave it out for now, or switch it off: `operation … = null`"),
            );
        }
    }
}

/// Operations of relationships.
fn relationships(plan: &Plan, problems: &mut Vec<Problem>) {
    for (name, node) in &plan.nodes {
        for requirement in &node.requirements {
            let kind = plan.relationship_types.get(&requirement.relationship);
            let of_type = kind.into_iter().flat_map(|kind| &kind.operations).filter(|(key, it)| {
                it.implementation.is_some() && !requirement.operations.contains_key(*key)
            });
            let own = requirement.operations.iter().filter(|(_, own)| own.implementation.is_some());
            if let Some(operation) =
                of_type.map(|(key, _)| key).chain(own.map(|(key, _)| key)).min()
            {
                let of = &requirement.name;
                problems.push(
                    Problem::error(format!(
                        "`{name}.{of}` has the operation `{operation}`, which this version of the runtime can't carry out"
                    ))
                    .at(requirement.span)
                    .help("leave it out for now, or switch it off: `operation … = null`"),
                );
            }
        }
    }
}

/// Nodes that are not to be taken away without approval.
fn protected(plan: &Plan, problems: &mut Vec<Problem>) {
    for (name, node) in plan.nodes.iter().filter(|(_, node)| node.protect) {
        problems.push(
            Problem::error(format!(
                "the node `{name}` is protected, and this version of the runtime asks nobody before it deletes or replaces"
            ))
            .at(node.span)
            .help("remove `@protect` if the node may be deleted and replaced"),
        );
    }
}

/// Nodes that had other names.
fn renamed(plan: &Plan, problems: &mut Vec<Problem>) {
    for (name, node) in &plan.nodes {
        if let Some(was) = node.was.first() {
            problems.push(
                Problem::error(format!(
                    "the node `{name}` was called `{was}`, and this version of the runtime would delete the one and make the other"
                ))
                .at(node.span)
                .help("keep the old name for now; where nothing is deployed under it, remove `@was`"),
            );
        }
    }
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

/// Selections of other deployments; what a choice may take of the inventory is found to be nothing.
fn deployments(plan: &Plan, problems: &mut Vec<Problem>) {
    for (name, selection) in plan.selections.iter().filter(|(_, it)| !it.implicit) {
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

/// Policies: rollouts, schedules, corrections of drift.
fn policies(plan: &Plan, problems: &mut Vec<Problem>) {
    for (name, policy) in &plan.policies {
        let kind = policy.kind.strip_prefix("std.").unwrap_or(&policy.kind);
        problems.push(
            Problem::error(format!(
                "the policy `{name}` is a `{kind}`, which this version of the runtime can't carry out"
            ))
            .at(policy.span)
            .help("leave it out for now, and deploy without it"),
        );
    }
}
