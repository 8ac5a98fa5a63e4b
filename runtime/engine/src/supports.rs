//! What a plan can say and this engine does not carry out: refused in a sentence, never passed over.
//!
//! One small function for each construct.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::workflow::Action;
use bp_plan::{Implementation, Node, Operation, Plan, Span, Type};
use bp_topology::life::{OBSERVE, OF_PROVIDERS};
use bp_topology::{Problem, Topology, topology};

use crate::subject::carried_out_by;

/// Why this engine can't carry out a plan.
pub fn check(plan: &Plan) -> Vec<Problem> {
    let mut problems = Vec::new();
    operations(plan, &mut problems);
    secret_results(plan, &mut problems);
    composed_nodes(plan, &mut problems);
    requirements(plan, &mut problems);
    deployments(plan, &mut problems);
    policies(plan, &mut problems);
    problems
}

/// Operations of a node that its provider carries out itself.
fn operations(plan: &Plan, problems: &mut Vec<Problem>) {
    for (name, node) in &plan.nodes {
        let kind = plan.node_types.get(&node.kind);
        let Some(provider) = kind.and_then(|kind| kind.provider.as_ref()) else { continue };
        let twice = OF_PROVIDERS.iter().find(|operation| is_implemented(plan, node, operation));
        if let Some(operation) = twice {
            problems.push(
                Problem::error(format!(
                    "the node `{name}` is kept by the provider `{provider}`, which does itself what `{operation}` is for"
                ))
                .at(topology::blame(plan, name, Some(operation)).unwrap_or(node.span))
                .help("use `lifecycle.precreate`, `poststart`, `prestop` or `postdelete`, or switch it off: `operation … = null`"),
            );
        }
    }
}

fn is_implemented(plan: &Plan, node: &Node, operation: &str) -> bool {
    let declared = plan.node_types.get(&node.kind).and_then(|kind| kind.operations.get(operation));
    match node.operations.get(operation) {
        Some(own) => own.implementation.is_some(),
        None => declared.is_some_and(|declared| declared.implementation.is_some()),
    }
}

/// Operations that give secrets where another one looks what they did: what that tells is written down as it is.
fn secret_results(plan: &Plan, problems: &mut Vec<Problem>) {
    let all: Vec<Implemented<'_>> = called(plan).collect();
    for look in all.iter().filter(|one| one.key == OBSERVE) {
        let of_life = |one: &&Implemented<'_>| one.of == look.of && one.is_of_life();
        let Some(one) = all.iter().filter(of_life).find(|one| one.gives_secret(plan)) else {
            continue;
        };
        problems.push(
            Problem::error(format!(
                "`{}` of `{}` gives a secret, and `{}` would tell it again: what that tells is written down, and this version of the runtime does not seal it",
                one.key, one.of, look.key
            ))
            .at(look.by.span)
            .help(format!("leave `{}` out; where calling `{}` twice does no harm, say `repeatable = true`", look.key, one.key)),
        );
    }
}

/// The first line by which something becomes known that is secret, and is to be sealed: what an operation gives,
/// or a node reports.
pub fn gives_secret(plan: &Plan) -> Option<Span> {
    if let Some(one) = called(plan).find(|one| one.gives_secret(plan)) {
        return Some(one.by.span);
    }
    let reports = |node: &&Node| {
        let kind = plan.node_types.get(&node.kind).filter(|kind| kind.provider.is_some());
        let mut all = kind.into_iter().flat_map(|kind| kind.attributes.values());
        all.any(|of| of.holds_secret(&plan.data_types))
    };
    plan.nodes.values().find(reports).map(|node| node.span)
}

/// What carries an operation out.
struct Implemented<'p> {
    /// The type of the node or the relationship.
    of: &'p str,
    /// `lifecycle.create`.
    key: &'p str,
    /// As the type has it.
    declared: Option<&'p Operation>,
    /// The type's attributes.
    attributes: &'p BTreeMap<String, Type>,
    by: &'p Implementation,
}

impl Implemented<'_> {
    fn is_of_life(&self) -> bool {
        ["lifecycle.", "configure."].iter().any(|of| self.key.starts_with(of))
    }

    /// Whether something of what it gives, or sets, is secret.
    fn gives_secret(&self, plan: &Plan) -> bool {
        let is_secret = |kind: &Type| kind.holds_secret(&plan.data_types);
        let mut set = self.by.sets.keys();
        set.any(|name| self.attributes.get(name).is_some_and(is_secret))
            || self.declared.and_then(|declared| declared.result.as_ref()).is_some_and(is_secret)
    }
}

/// What carries out the operations that lives and workflows call.
fn called(plan: &Plan) -> impl Iterator<Item = Implemented<'_>> {
    let by_workflows = called_by_workflows(plan);
    let nodes = plan.node_types.iter().map(|(of, kind)| (of, &kind.operations, &kind.attributes));
    let links = plan.relationship_types.iter();
    let links = links.map(|(of, kind)| (of, &kind.operations, &kind.attributes));
    let of_types: BTreeMap<&str, _> =
        nodes.chain(links).map(|(of, all, attributes)| (of.as_str(), (all, attributes))).collect();
    let mut all = Vec::new();
    for (of, (operations, attributes)) in &of_types {
        for (key, declared) in *operations {
            let by = declared.implementation.as_ref();
            let declared = Some(declared);
            all.extend(by.map(|by| Implemented { of, key, declared, attributes, by }));
        }
    }
    let met = plan.nodes.values().flat_map(|node| &node.requirements);
    let met = met.map(|met| (&met.relationship, &met.operations));
    let own = plan.nodes.values().map(|node| (&node.kind, &node.operations)).chain(met);
    for (of, (key, own)) in own.flat_map(|(of, all)| all.iter().map(move |one| (of, one))) {
        let Some((operations, attributes)) = of_types.get(of.as_str()) else { continue };
        let declared = operations.get(key);
        let by = own.implementation.as_ref();
        all.extend(by.map(|by| Implemented { of, key, declared, attributes, by }));
    }
    all.into_iter().filter(move |one| one.is_of_life() || by_workflows.contains(one.key))
}

/// What has to be there to carry out the operations that lives and workflows call, each with the line
/// that asks for it.
pub fn executors(plan: &Plan) -> BTreeMap<String, Span> {
    let mut needed = BTreeMap::new();
    for Implemented { by, .. } in called(plan) {
        let mut kinds = vec![by.kind.clone()];
        kinds.extend(by.extends.iter().cloned());
        if let Some(kind) = carried_out_by(&kinds) {
            needed.entry(kind.to_owned()).or_insert(by.span);
        }
    }
    needed
}

/// The operations that steps of workflows call, by interface and name.
fn called_by_workflows(plan: &Plan) -> BTreeSet<String> {
    let mut called = BTreeSet::new();
    for workflow in plan.workflows.values() {
        workflow.body.walk(&mut |step| {
            if let Action::Call(call) = &step.action {
                called.insert(format!("{}.{}", call.interface, call.operation));
            }
        });
    }
    called
}

/// Operations that are to run on machines: of instances, since only they say on which.
pub fn machines(topology: &Topology) -> Vec<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    for instance in topology.instances().iter().filter(|instance| instance.has_life) {
        let life = topology.life(&instance.id);
        let on = life.acts().find_map(|act| Some((act, topology.machine(&instance.id, act)?)));
        if let Some((act, machine)) = on {
            let id = &instance.id;
            let mut problem = Problem::error(format!(
                "`{id}`: {act} is to run on `{machine}`, and this version of the runtime can't run anything on a `std.Compute`"
            ))
            .help("let it run where the runtime runs: give the machine a type of your own that is no `Compute`");
            problem.span = topology::blame(topology.plan(), &id.node, Some(&act.path()));
            problems.push(problem);
        }
    }
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

/// Policies: rollouts, schedules, corrections of drift.
fn policies(plan: &Plan, problems: &mut Vec<Problem>) {
    for (name, policy) in &plan.policies {
        let kind = policy.kind.strip_prefix("std.").unwrap_or(&policy.kind);
        let runs = policy.run.as_ref().map(|run| &run.workflow);
        let is_by_hand = kind == "schedule.Cron";
        if let Some(workflow) = runs.filter(|run| is_by_hand && plan.workflows.contains_key(*run)) {
            problems.push(
                Problem::warning(format!(
                    "the policy `{name}` runs nothing by itself: this version of the runtime has no schedules"
                ))
                .at(policy.span)
                .help(format!("run it yourself, or by the system's own timer: `bpr run NAME {workflow}`")),
            );
            continue;
        }
        problems.push(
            Problem::error(format!(
                "the policy `{name}` is a `{kind}`, which this version of the runtime can't carry out"
            ))
            .at(policy.span)
            .help("leave it out for now, and deploy without it"),
        );
    }
}
