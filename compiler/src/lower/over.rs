//! Groups and policies with their types, as the plan has them.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::{Constraint, Group, GroupType, Plan, Policy, PolicyType, PropertyType, Type};

use crate::check::{Checked, TypeInfo};

fn properties(info: &TypeInfo) -> BTreeMap<String, PropertyType> {
    info.properties.iter().map(|(name, one)| (name.clone(), one.declared.clone())).collect()
}

fn constraints(info: &TypeInfo) -> Vec<Constraint> {
    info.constraints.iter().map(|(one, _)| one.clone()).collect()
}

/// The types of these names, each with what it extends.
fn types<'c>(
    checked: &'c Checked<'_>,
    kinds: BTreeSet<&'c String>,
) -> impl Iterator<Item = (&'c String, &'c TypeInfo, Vec<String>)> {
    kinds.into_iter().filter_map(|kind| {
        let info: &TypeInfo = checked.program.types.get(kind)?;
        let declared = checked.program.names.types.get(kind);
        Some((kind, info, declared.map(|t| t.ancestors.clone()).unwrap_or_default()))
    })
}

pub(super) fn group_types(checked: &Checked<'_>) -> BTreeMap<String, GroupType> {
    let kinds = checked.groups.values().map(|checked| &checked.group.kind).collect();
    types(checked, kinds)
        .filter_map(|(kind, info, extends)| {
            let (members, cardinality, _) = info.over.members.clone()?;
            let (properties, constraints) = (properties(info), constraints(info));
            let made = GroupType { extends, properties, members, cardinality, constraints };
            Some((kind.clone(), made))
        })
        .collect()
}

pub(super) fn groups(checked: &Checked<'_>) -> BTreeMap<String, Group> {
    checked.groups.iter().map(|(name, checked)| (name.clone(), checked.group.clone())).collect()
}

pub(super) fn policies(checked: &Checked<'_>) -> BTreeMap<String, Policy> {
    checked.policies.iter().map(|(name, checked)| (name.clone(), checked.policy.clone())).collect()
}

pub(super) fn policy_types(checked: &Checked<'_>) -> BTreeMap<String, PolicyType> {
    let kinds = checked.policies.values().map(|checked| &checked.policy.kind).collect();
    types(checked, kinds)
        .filter_map(|(kind, info, extends)| {
            let (targets, cardinality, _) = info.over.members.clone()?;
            let made = PolicyType {
                extends,
                properties: properties(info),
                targets,
                cardinality,
                exclusive: info.over.exclusive.is_some(),
                constraints: constraints(info),
            };
            Some((kind.clone(), made))
        })
        .collect()
}

/// The types of all properties.
pub(super) fn data_types(plan: &Plan, see: &mut impl FnMut(&Type)) {
    let groups = plan.group_types.values().map(|kind| &kind.properties);
    let policies = plan.policy_types.values().map(|kind| &kind.properties);
    groups.chain(policies).flat_map(BTreeMap::values).for_each(|property| see(&property.kind));
}
