//! Operations and relationship types as the plan has them: what is implemented or changed, and no more.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::{
    Implementation, Node, Operation, OperationParameter, OwnOperation, Plan, RelationshipType, Type,
};

use crate::check::operations::OperationSignature;
use crate::check::relationships::end_type;
use crate::check::{Checked, Program, TypeInfo};

/// The operations of a type that are implemented, or that something of `changed` names.
pub(super) fn of_type(info: &TypeInfo, changed: &BTreeSet<&String>) -> BTreeMap<String, Operation> {
    info.operations
        .iter()
        .filter(|(key, operation)| operation.implemented || changed.contains(key))
        .map(|(key, operation)| (key.clone(), lowered(operation)))
        .collect()
}

fn lowered(operation: &OperationSignature) -> Operation {
    let parameters = operation.parameters.iter().map(|parameter| OperationParameter {
        name: parameter.name.clone(),
        kind: parameter.ty.clone(),
        default: parameter.default.clone(),
        constraints: parameter.constraints.clone(),
    });
    Operation {
        parameters: parameters.collect(),
        result: operation.result.clone(),
        implementation: operation.implementation.as_deref().cloned(),
    }
}

/// The operations that nodes change, by the nodes' types.
pub(super) fn changed_by(nodes: &BTreeMap<String, Node>) -> BTreeMap<&String, BTreeSet<&String>> {
    let mut changed: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for node in nodes.values().filter(|node| !node.operations.is_empty()) {
        changed.entry(&node.kind).or_default().extend(node.operations.keys());
    }
    changed
}

/// The relationship types by which requirements are met.
pub(super) fn relationship_types(
    checked: &Checked<'_>,
    nodes: &BTreeMap<String, Node>,
) -> BTreeMap<String, RelationshipType> {
    let mut changed: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for requirement in nodes.values().flat_map(|node| &node.requirements) {
        let of = changed.entry(&requirement.relationship).or_default();
        of.extend(requirement.operations.keys());
    }
    let mut types = BTreeMap::new();
    for (kind, changed) in changed {
        let Some(info) = checked.program.types.get(kind) else { continue };
        let ancestors = checked.program.names.types.get(kind).map(|t| t.ancestors.clone());
        let properties = info.properties.iter();
        let made = RelationshipType {
            extends: ancestors.unwrap_or_default(),
            leads_to_capability: matches!(end_type(info, "target"), Type::Capability(_)),
            properties: properties.map(|(name, p)| (name.clone(), p.declared.clone())).collect(),
            attributes: info
                .attributes
                .iter()
                .map(|(n, (ty, _))| (n.clone(), ty.clone()))
                .collect(),
            operations: of_type(info, &changed),
            constraints: info.constraints.iter().map(|(one, _)| one.clone()).collect(),
        };
        types.insert(kind.clone(), made);
    }
    types
}

/// Every type that operations and relationship types of a plan name.
pub(super) fn types(plan: &Plan, visit: &mut dyn FnMut(&Type)) {
    for kind in plan.relationship_types.values() {
        kind.properties.values().for_each(|property| visit(&property.kind));
        kind.attributes.values().for_each(&mut *visit);
    }
    each_operation(plan, &mut |operation| {
        operation.parameters.iter().for_each(|parameter| visit(&parameter.kind));
        operation.result.iter().for_each(&mut *visit);
    });
    each_implementation(plan, &mut |one| visit(&Type::Data(one.kind.clone())));
}

fn each_operation(plan: &Plan, visit: &mut dyn FnMut(&Operation)) {
    let of_nodes = plan.node_types.values().flat_map(|kind| kind.operations.values());
    let of_relationships =
        plan.relationship_types.values().flat_map(|kind| kind.operations.values());
    of_nodes.chain(of_relationships).for_each(visit);
}

fn each_implementation(plan: &Plan, visit: &mut dyn FnMut(&Implementation)) {
    each_operation(plan, &mut |operation| operation.implementation.iter().for_each(&mut *visit));
    let mut own = |all: &BTreeMap<String, OwnOperation>| {
        all.values().filter_map(|own| own.implementation.as_ref()).for_each(&mut *visit);
    };
    for node in plan.nodes.values() {
        own(&node.operations);
        node.requirements.iter().for_each(|requirement| own(&requirement.operations));
    }
}

/// The data types that extend each one, which may stand in its place.
pub(super) fn derived<'p>(program: &'p Program<'_>) -> BTreeMap<&'p str, Vec<&'p str>> {
    let mut derived: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in program.data.keys() {
        let ancestors = program.names.types.get(name).map(|t| t.ancestors.as_slice());
        for ancestor in ancestors.unwrap_or_default() {
            derived.entry(ancestor).or_default().push(name);
        }
    }
    derived
}
