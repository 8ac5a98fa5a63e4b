//! Every place in the sources that a plan names: one walk, by which they are both read and renumbered.

use std::collections::BTreeMap;

use bp_plan::workflow::{Action, Block};
use bp_plan::{
    Constraint, Implementation, Node, Operation, OwnOperation, Plan, Property, PropertyType,
    Requirement, Selection, Span, Workflow,
};

/// What is done with each span.
type Visit<'v> = &'v mut dyn FnMut(&mut Span);

/// Hands every span of a plan to `visit`.
pub(super) fn each(plan: &mut Plan, visit: Visit<'_>) {
    for input in plan.inputs.values_mut() {
        visit(&mut input.span);
        constraints(&mut input.constraints, visit);
    }
    for secret in plan.secrets.values_mut() {
        visit(&mut secret.span);
        constraints(&mut secret.constraints, visit);
    }
    types(plan, visit);
    plan.selections.values_mut().for_each(|one| selection(one, visit));
    plan.nodes.values_mut().for_each(|one| node(one, visit));
    for group in plan.groups.values_mut() {
        visit(&mut group.span);
        properties(group.properties.values_mut(), visit);
    }
    for policy in plan.policies.values_mut() {
        visit(&mut policy.span);
        properties(policy.properties.values_mut(), visit);
        if let Some(run) = &mut policy.run {
            visit(&mut run.span);
            properties(run.with.values_mut(), visit);
        }
    }
    for output in plan.outputs.values_mut() {
        visit(&mut output.span);
        constraints(&mut output.constraints, visit);
    }
    plan.exposed.values_mut().for_each(|exposed| visit(&mut exposed.span));
    for required in plan.requirements.values_mut() {
        visit(&mut required.span);
        constraints(&mut required.requirement.constraints, visit);
    }
    if let Some(substitutes) = &mut plan.substitutes {
        visit(&mut substitutes.span);
        constraints(&mut substitutes.constraints, visit);
    }
    plan.workflows.values_mut().for_each(|one| workflow(one, visit));
}

fn types(plan: &mut Plan, visit: Visit<'_>) {
    for data in plan.data_types.values_mut() {
        constraints(&mut data.constraints, visit);
        declared(&mut data.fields, visit);
    }
    for kind in plan.node_types.values_mut() {
        constraints(&mut kind.constraints, visit);
        declared(&mut kind.properties, visit);
        kind.requirements.values_mut().for_each(|one| constraints(&mut one.constraints, visit));
        kind.operations.values_mut().for_each(|one| operation(one, visit));
    }
    for kind in plan.relationship_types.values_mut() {
        constraints(&mut kind.constraints, visit);
        declared(&mut kind.properties, visit);
        kind.operations.values_mut().for_each(|one| operation(one, visit));
    }
    for kind in plan.group_types.values_mut() {
        constraints(&mut kind.constraints, visit);
        declared(&mut kind.properties, visit);
    }
    for kind in plan.policy_types.values_mut() {
        constraints(&mut kind.constraints, visit);
        declared(&mut kind.properties, visit);
    }
}

fn constraints(all: &mut [Constraint], visit: Visit<'_>) {
    for one in all {
        visit(&mut one.span);
    }
}

fn declared(all: &mut BTreeMap<String, PropertyType>, visit: Visit<'_>) {
    for one in all.values_mut() {
        constraints(&mut one.constraints, visit);
    }
}

fn properties<'a>(all: impl Iterator<Item = &'a mut Property>, visit: Visit<'_>) {
    for property in all {
        visit(&mut property.span);
        property.inner.values_mut().for_each(&mut *visit);
    }
}

fn operation(one: &mut Operation, visit: Visit<'_>) {
    one.parameters.iter_mut().for_each(|taken| constraints(&mut taken.constraints, visit));
    one.implementation.iter_mut().for_each(|it| implementation(it, visit));
}

fn own_operations(all: &mut BTreeMap<String, OwnOperation>, visit: Visit<'_>) {
    let implementations = all.values_mut().filter_map(|own| own.implementation.as_mut());
    implementations.for_each(|one| implementation(one, visit));
}

fn implementation(one: &mut Implementation, visit: Visit<'_>) {
    visit(&mut one.span);
}

fn selection(one: &mut Selection, visit: Visit<'_>) {
    visit(&mut one.span);
    one.predicate.iter_mut().for_each(|it| visit(&mut it.span));
    one.spread.iter_mut().for_each(|it| visit(&mut it.span));
    one.prefer.iter_mut().for_each(|it| visit(&mut it.span));
}

fn node(one: &mut Node, visit: Visit<'_>) {
    visit(&mut one.span);
    constraints(&mut one.constraints, visit);
    one.each.iter_mut().for_each(|each| visit(&mut each.span));
    properties(one.properties.values_mut(), visit);
    one.requirements.iter_mut().for_each(|it| requirement(it, visit));
    one.capabilities.values_mut().for_each(|set| properties(set.values_mut(), visit));
    own_operations(&mut one.operations, visit);
}

fn requirement(one: &mut Requirement, visit: Visit<'_>) {
    visit(&mut one.span);
    one.constraints.iter_mut().for_each(|it| visit(&mut it.span));
    properties(one.properties.values_mut(), visit);
    own_operations(&mut one.operations, visit);
}

fn workflow(one: &mut Workflow, visit: Visit<'_>) {
    visit(&mut one.span);
    for parameter in &mut one.parameters {
        visit(&mut parameter.span);
        constraints(&mut parameter.constraints, visit);
    }
    block(&mut one.body, visit);
}

fn block(one: &mut Block, visit: Visit<'_>) {
    for step in &mut one.steps {
        visit(&mut step.span);
        match &mut step.action {
            Action::Call(call) => properties(call.arguments.values_mut(), visit),
            Action::Run(run) => properties(run.arguments.values_mut(), visit),
            Action::Parallel(inner) => block(inner, visit),
            Action::For(each) => block(&mut each.body, visit),
            Action::If { arms, otherwise } => {
                arms.iter_mut().map(|arm| &mut arm.body).chain(otherwise).for_each(|inner| {
                    block(inner, visit);
                });
            }
            Action::Let { .. }
            | Action::Wait(_)
            | Action::WaitUntil { .. }
            | Action::Fail(_)
            | Action::Return(_) => {}
        }
    }
    one.on_failure.iter_mut().for_each(|handler| block(&mut handler.body, visit));
    one.on_cancel.iter_mut().for_each(|inner| block(inner, visit));
}
