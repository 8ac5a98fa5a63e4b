//! A checked program as a plan: what is used, and no more.

mod composition;
mod operations;
mod over;
mod sources;
mod spans;

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::{
    Blueprint, DataType, Digest, EDITION, Expr, FORMAT, NodeType, Plan, PropertyType, Type,
};

use composition::Parts;
pub(crate) use composition::compose;

use crate::check::{Checked, Program, capabilities};

/// The plan of a checked blueprint, with those of others that its nodes are made of; nothing where
/// there is no blueprint.
fn lower(checked: &Checked<'_>, parts: &Parts) -> Option<Plan> {
    let head = checked.blueprint.as_ref()?;
    let program = &checked.program;
    let used = sources::used(program);
    let nodes: BTreeMap<String, bp_plan::Node> = checked
        .nodes
        .nodes
        .iter()
        .map(|(name, checked)| (name.clone(), checked.node.clone()))
        .collect();
    let mut plan = Plan {
        format: FORMAT,
        edition: EDITION.to_owned(),
        blueprint: Blueprint {
            name: head.name.clone(),
            version: head.version.clone(),
            documentation: head.documentation.clone(),
            labels: head.labels.clone(),
            sources: Digest::of(&[]),
        },
        sources: Vec::new(),
        inputs: checked.inputs.clone(),
        secrets: checked.secrets.clone(),
        constants: composition::constants(checked, &used),
        data_types: BTreeMap::new(),
        node_types: node_types(checked, parts, &nodes),
        relationship_types: operations::relationship_types(checked, &nodes),
        selections: checked.selections.clone(),
        nodes,
        group_types: over::group_types(checked),
        groups: over::groups(checked),
        policy_types: over::policy_types(checked),
        policies: over::policies(checked),
        outputs: checked.outputs.clone(),
        requirements: checked.composition.requirements.clone(),
        exposed: checked.composition.exposed.clone(),
        substitutes: checked.composition.substitutes.clone(),
        workflows: checked.workflows.clone(),
        artifacts: BTreeSet::new(),
    };
    plan.data_types = data_types(program, &plan);
    plan.artifacts = bp_plan::validate::files(&plan).into_iter().cloned().collect();
    plan.artifacts.extend(composition::artifacts(&plan, parts));
    sources::fill(&mut plan, program, &used);
    Some(plan)
}

/// The types of nodes and of what is selected.
fn node_types(
    checked: &Checked<'_>,
    parts: &Parts,
    nodes: &BTreeMap<String, bp_plan::Node>,
) -> BTreeMap<String, NodeType> {
    let kinds: BTreeSet<&String> = nodes
        .values()
        .flat_map(|node| std::iter::once(&node.kind).chain(&node.substituted_by))
        .chain(checked.selections.values().map(|selection| &selection.kind))
        .collect();
    let changed = operations::changed_by(nodes);
    let none = BTreeSet::new();
    let mut types = BTreeMap::new();
    for kind in kinds {
        let Some(info) = checked.program.types.get(kind) else { continue };
        let ancestors = checked.program.names.types.get(kind).map(|t| t.ancestors.clone());
        let made = NodeType {
            extends: ancestors.unwrap_or_default(),
            blueprint: composition::blueprint_type(&checked.program, parts, nodes, kind),
            provider: info.provider.clone(),
            properties: info
                .properties
                .iter()
                .map(|(name, property)| (name.clone(), property.declared.clone()))
                .collect(),
            attributes: info
                .attributes
                .iter()
                .map(|(name, (ty, _))| (name.clone(), ty.clone()))
                .collect(),
            requirements: info
                .requirements
                .iter()
                .map(|(name, requirement)| (name.clone(), requirement.declared.clone()))
                .collect(),
            capabilities: info
                .capabilities
                .iter()
                .map(|(name, of)| {
                    (name.clone(), capabilities::values(&checked.program, info, name, of))
                })
                .collect(),
            operations: operations::of_type(info, changed.get(kind).unwrap_or(&none)),
            constraints: info
                .constraints
                .iter()
                .map(|(one, _)| one.clone())
                .chain(capabilities::constraints(&checked.program, info))
                .collect(),
        };
        types.insert(kind.clone(), made);
    }
    types
}

/// The data types that values of the plan need to be checked.
fn data_types(program: &Program<'_>, plan: &Plan) -> BTreeMap<String, DataType> {
    let mut wanted = Vec::new();
    for input in plan.inputs.values() {
        named(&input.kind, &mut wanted);
    }
    for secret in plan.secrets.values() {
        named(&secret.kind, &mut wanted);
    }
    for output in plan.outputs.values() {
        named(&output.kind, &mut wanted);
    }
    for workflow in plan.workflows.values() {
        workflow.parameters.iter().for_each(|taken| named(&taken.kind, &mut wanted));
        workflow.result.iter().for_each(|result| named(result, &mut wanted));
    }
    for kind in plan.node_types.values() {
        kind.properties.values().for_each(|property| named(&property.kind, &mut wanted));
        kind.attributes.values().for_each(|ty| named(ty, &mut wanted));
    }
    over::data_types(plan, &mut |ty| named(ty, &mut wanted));
    operations::types(plan, &mut |ty| named(ty, &mut wanted));
    for ty in bp_plan::validate::held(plan) {
        named(ty, &mut wanted);
    }
    let derived = operations::derived(program);
    let mut types: BTreeMap<String, DataType> = BTreeMap::new();
    while let Some(name) = wanted.pop() {
        if types.contains_key(&name) {
            continue;
        }
        let Some(data) = program.data.get(&name) else { continue };
        data.fields.values().for_each(|field: &PropertyType| named(&field.kind, &mut wanted));
        data.alias.iter().for_each(|alias| named(alias, &mut wanted));
        let constraints = data.fields.values().flat_map(|field| &field.constraints);
        for constraint in constraints.chain(&data.constraints) {
            held(&constraint.predicate, &mut wanted);
            constraint.message.iter().for_each(|message| held(message, &mut wanted));
        }
        let defaults = data.fields.values().filter_map(|field| field.default.as_ref());
        defaults.for_each(|default| held(default, &mut wanted));
        let kin = derived.get(name.as_str()).into_iter().flatten();
        wanted.extend(kin.map(|name| (*name).to_owned()));
        types.insert(name, (**data).clone());
    }
    types
}

/// The data types that parts of an expression are held against.
fn held(expr: &Expr, found: &mut Vec<String>) {
    if let Expr::Held(of) = expr {
        named(&of.kind, found);
    }
    expr.parts(&mut |part| held(part, found));
}

fn named(ty: &Type, found: &mut Vec<String>) {
    match ty {
        Type::Data(name) => found.push(name.clone()),
        Type::Optional(of)
        | Type::Perhaps(of)
        | Type::List(of)
        | Type::Map(of)
        | Type::Secret(of) => named(of, found),
        Type::Union(members) => members.iter().for_each(|member| named(member, found)),
        Type::Record(fields) => fields.values().for_each(|field| named(field, found)),
        _ => {}
    }
}
