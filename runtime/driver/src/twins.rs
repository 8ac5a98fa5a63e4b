//! Instances that would keep the same thing: two nodes with one name on one cluster. The second would write over
//! the first, and neither would know.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use bp_topology::{Instance, InstanceId, Place, Problem, Property, Topology, topology};

use crate::runtime::Providers;

/// What would be kept, and how it is told from others.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Claim<'t> {
    place: &'t Place,
    provider: &'t str,
    kind: &'t str,
    /// The properties by which it is told from others of its kind, with their values; those that are set.
    by: Vec<(&'static str, String)>,
}

/// Tells each that would keep what another keeps, as far as that is known before anything runs.
pub(crate) fn check(wanted: &Topology, providers: &Providers) -> Vec<Problem> {
    let mut first: BTreeMap<Claim<'_>, &InstanceId> = BTreeMap::new();
    let mut problems = Vec::new();
    for instance in wanted.instances() {
        let Some(claim) = claim(wanted, providers, instance) else { continue };
        let id = &instance.id;
        match first.entry(claim) {
            Entry::Vacant(free) => drop(free.insert(id)),
            Entry::Occupied(taken) => problems.push(problem(wanted, taken.key(), taken.get(), id)),
        }
    }
    problems
}

fn problem(
    wanted: &Topology,
    claim: &Claim<'_>,
    first: &InstanceId,
    second: &InstanceId,
) -> Problem {
    let kind = claim.kind.rsplit('.').next().unwrap_or(claim.kind);
    let there = match claim.place {
        Place::Element(name) => format!(" on `{name}`"),
        Place::Local => String::new(),
    };
    let named: Vec<String> =
        claim.by.iter().map(|(name, value)| format!("`{name}` {value}")).collect();
    let others: Vec<String> = claim.by.iter().map(|(name, _)| format!("`{name}`")).collect();
    let message = format!(
        "`{first}` and `{second}` would keep the same {kind}{there}: that with the {}",
        named.join(" and the ")
    );
    let mut problem = Problem::error(message).help(format!(
        "the second would write over the first: give one of them another {}",
        others.join(" or ")
    ));
    let property = claim.by.first().map(|(name, _)| *name);
    problem.span = topology::blame(wanted.plan(), &second.node, property);
    problem
}

/// What an instance would keep; nothing where that has no name of its own, or the name is not known yet.
fn claim<'t>(
    wanted: &'t Topology,
    providers: &Providers,
    instance: &'t Instance,
) -> Option<Claim<'t>> {
    let provider = instance.provider.as_deref()?;
    let kind = &wanted.plan().nodes.get(&instance.id.node)?.kind;
    let extends = wanted.plan().node_types.get(kind).map(|of| &of.extends).into_iter().flatten();
    let line: Vec<&str> = [kind].into_iter().chain(extends).map(String::as_str).collect();
    let told_by = providers.get(provider)?.told_by(&line);
    if told_by.is_empty() {
        return None;
    }
    // What can't be resolved is told when it is to be made.
    let partly = wanted.resolve_partly(&instance.id).0.ok()?;
    let mut by = Vec::with_capacity(told_by.len());
    for property in told_by {
        match partly.known.properties.get(*property) {
            Some(Property::Plain(value)) => by.push((*property, value.to_string())),
            Some(Property::Secret { .. }) => return None,
            None if partly.unknown.contains_key(*property) => return None,
            None => {}
        }
    }
    Some(Claim { place: &instance.place, provider, kind, by })
}
