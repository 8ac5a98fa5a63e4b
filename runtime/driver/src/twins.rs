//! Instances that would keep the same thing: two nodes with one name on one cluster. The second would write over
//! the first, and neither would know.

use std::collections::BTreeMap;

use bp_topology::{Instance, InstanceId, Place, Problem, Property, Topology, topology};
use serde_json::Value as Json;

use crate::runtime::Providers;

/// Where something is kept, by whom, of what kind, and by which properties it is told from others.
type Claim<'t> = (&'t Place, &'t str, String, Vec<Json>);

/// Tells each that would keep what another keeps, as far as that is known before anything runs.
pub(crate) fn check(wanted: &Topology, providers: &Providers) -> Vec<Problem> {
    let mut first: BTreeMap<String, &InstanceId> = BTreeMap::new();
    let mut problems = Vec::new();
    for instance in wanted.instances() {
        let Some((claim, by)) = claim(wanted, providers, instance) else { continue };
        let key = format!("{claim:?}");
        let Some(other) = first.get(key.as_str()) else {
            first.insert(key, &instance.id);
            continue;
        };
        let (id, kind) = (&instance.id, short(&claim.2));
        let named: Vec<String> = by
            .iter()
            .zip(&claim.3)
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| format!("`{name}` {value}"))
            .collect();
        let there = match claim.0 {
            Place::Element(name) => format!(" on `{name}`"),
            Place::Local => String::new(),
        };
        let message = format!(
            "`{other}` and `{id}` would keep the same {kind}{there}: that with the {}",
            named.join(" and the ")
        );
        let mut problem = Problem::error(message).help(format!(
            "the second would write over the first: give one of them another {}",
            by.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
        ));
        problem.span = topology::blame(wanted.plan(), &id.node, by.last().copied());
        problems.push(problem);
    }
    problems
}

/// What an instance would keep; nothing where that has no name of its own, or the name is not known yet.
fn claim<'t>(
    wanted: &'t Topology,
    providers: &Providers,
    instance: &'t Instance,
) -> Option<(Claim<'t>, &'static [&'static str])> {
    let name = instance.provider.as_deref()?;
    let provider = providers.get(name)?;
    let kind = &wanted.plan().nodes.get(&instance.id.node)?.kind;
    let by = provider.told_by(kind);
    if by.is_empty() {
        return None;
    }
    // What can't be resolved is told when it is to be made.
    let partly = wanted.resolve_partly(&instance.id).0.ok()?;
    let mut values = Vec::with_capacity(by.len());
    for property in by {
        if partly.unknown.contains_key(*property) {
            return None;
        }
        values.push(match partly.known.properties.get(*property) {
            None => Json::Null,
            Some(Property::Plain(value)) => value.clone(),
            Some(Property::Secret { .. }) => return None,
        });
    }
    Some(((&instance.place, name, kind.clone(), values), by))
}

fn short(kind: &str) -> &str {
    kind.rsplit('.').next().unwrap_or(kind)
}
