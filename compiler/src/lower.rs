//! A checked program as a plan: what is used, and no more.

mod composition;
mod operations;
mod over;

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::{
    Blueprint, DataType, Digest, EDITION, FORMAT, NodeType, Plan, PropertyType, Source, Span, Type,
};

use composition::Parts;
pub(crate) use composition::compose;

use crate::check::{Checked, Program, capabilities};

/// The plan of a checked blueprint, with those of others that its nodes are made of; nothing where
/// there is no blueprint.
fn lower(checked: &Checked<'_>, parts: &Parts) -> Option<Plan> {
    let head = checked.blueprint.as_ref()?;
    let program = &checked.program;
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
            sources: digest(program),
        },
        sources: Vec::new(),
        inputs: checked.inputs.clone(),
        secrets: checked.secrets.clone(),
        constants: composition::constants(checked),
        data_types: BTreeMap::new(),
        node_types: node_types(checked, parts, &nodes),
        relationship_types: operations::relationship_types(checked, &nodes),
        selections: checked.selections.clone(),
        nodes,
        group_types: over::group_types(checked),
        groups: over::groups(checked),
        policy_types: over::policy_types(checked),
        policies: checked.policies.clone(),
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
    plan.sources = sources(program, &plan);
    Some(plan)
}

/// The digest over all sources and the files that they name, by their paths.
fn digest(program: &Program<'_>) -> Digest {
    let mut all = program.files.digests();
    let modules = program.sources.modules.iter();
    all.extend(modules.map(|m| (m.path.clone(), Digest::of(m.source.text().as_bytes()))));
    all.sort_unstable();
    let mut bytes = Vec::new();
    for (path, digest) in all {
        bytes.extend(format!("{path}\0{digest}\n").into_bytes());
    }
    Digest::of(&bytes)
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
                .map(|(name, of)| (name.clone(), capabilities::values(&checked.program, name, of)))
                .collect(),
            operations: operations::of_type(info, changed.get(kind).unwrap_or(&none)),
            constraints: info.constraints.iter().map(|(one, _)| one.clone()).collect(),
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
    let derived = operations::derived(program);
    let mut types: BTreeMap<String, DataType> = BTreeMap::new();
    while let Some(name) = wanted.pop() {
        if types.contains_key(&name) {
            continue;
        }
        let Some(data) = program.data.get(&name) else { continue };
        data.fields.values().for_each(|field: &PropertyType| named(&field.kind, &mut wanted));
        data.alias.iter().for_each(|alias| named(alias, &mut wanted));
        let kin = derived.get(name.as_str()).into_iter().flatten();
        wanted.extend(kin.map(|name| (*name).to_owned()));
        types.insert(name, (**data).clone());
    }
    types
}

fn named(ty: &Type, found: &mut Vec<String>) {
    match ty {
        Type::Data(name) => found.push(name.clone()),
        Type::Optional(of) | Type::List(of) | Type::Map(of) | Type::Secret(of) => named(of, found),
        Type::Union(members) => members.iter().for_each(|member| named(member, found)),
        Type::Record(fields) => fields.values().for_each(|field| named(field, found)),
        _ => {}
    }
}

/// The sources, each with the lines that the plan's spans touch.
fn sources(program: &Program<'_>, plan: &Plan) -> Vec<Source> {
    let mut lines: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    let mut touch = |span: &Span| {
        let of = lines.entry(span.file).or_default();
        // What is long is shown by its beginning.
        of.extend(span.line..=span.end_line.min(span.line.saturating_add(20)));
    };
    spans(plan, &mut touch);
    let mut order: Vec<(u32, usize)> =
        program.plan_files.iter().enumerate().map(|(at, place)| (*place, at)).collect();
    order.sort_unstable();
    order
        .into_iter()
        .filter_map(|(place, at)| {
            let module = program.sources.modules.get(at)?;
            let wanted = lines.remove(&place).unwrap_or_default();
            Some(Source {
                path: module.path.clone(),
                digest: Digest::of(module.source.text().as_bytes()),
                lines: wanted
                    .into_iter()
                    .map(|line| (line, module.source.line(line).to_owned()))
                    .collect(),
            })
        })
        .collect()
}

/// Every span of the plan.
fn spans(plan: &Plan, touch: &mut impl FnMut(&Span)) {
    fn constraints(all: &[bp_plan::Constraint], touch: &mut impl FnMut(&Span)) {
        for one in all {
            touch(&one.span);
        }
    }
    for input in plan.inputs.values() {
        touch(&input.span);
        constraints(&input.constraints, touch);
    }
    for secret in plan.secrets.values() {
        touch(&secret.span);
        constraints(&secret.constraints, touch);
    }
    for data in plan.data_types.values() {
        constraints(&data.constraints, touch);
        data.fields.values().for_each(|field| constraints(&field.constraints, touch));
    }
    for kind in plan.node_types.values() {
        constraints(&kind.constraints, touch);
        kind.properties.values().for_each(|property| constraints(&property.constraints, touch));
        kind.requirements.values().for_each(|one| constraints(&one.constraints, touch));
    }
    for selection in plan.selections.values() {
        touch(&selection.span);
        selection.predicate.iter().for_each(|one| touch(&one.span));
        selection.spread.iter().for_each(|one| touch(&one.span));
        selection.prefer.iter().for_each(|one| touch(&one.span));
    }
    for node in plan.nodes.values() {
        touch(&node.span);
        node.each.iter().for_each(|each| touch(&each.span));
        for property in node.properties.values() {
            touch(&property.span);
            property.inner.values().for_each(&mut *touch);
        }
        for requirement in &node.requirements {
            touch(&requirement.span);
            requirement.constraint.iter().for_each(|one| touch(&one.span));
            requirement.properties.values().for_each(|property| touch(&property.span));
        }
    }
    over::spans(plan, touch);
    operations::spans(plan, touch);
    plan.outputs.values().for_each(|output| touch(&output.span));
    plan.exposed.values().for_each(|exposed| touch(&exposed.span));
    for required in plan.requirements.values() {
        touch(&required.span);
        constraints(&required.requirement.constraints, touch);
    }
    if let Some(substitutes) = &plan.substitutes {
        touch(&substitutes.span);
        constraints(&substitutes.constraints, touch);
    }
    plan.workflows.values().for_each(|workflow| workflow.spans(touch));
}
