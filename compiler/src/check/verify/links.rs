//! Relationships: what is known of them when compiling, and breaks what their types ask.

use bp_eval::{Verdict, check_constraint};
use bp_plan::{Reference, Requirement, Type, Value};

use super::known::World;
use super::places::listed;
use super::properties::{asked_of_made, declared_here, wrong};
use super::{Known, own, shown, targets};
use crate::check::nodes::CheckedNode;
use crate::check::program::TypeInfo;
use crate::check::relationships::end_type;
use crate::diagnostics::{Diagnostic, topology as says};
use crate::source::Place;

/// Tells the first relationship of a requirement that surely breaks what its type asks. `at` is where the
/// requirement is met.
pub(super) fn verify(
    world: World<'_, '_>,
    (name, checked): (&str, &CheckedNode),
    requirement: &Requirement,
    at: Place,
    out: &mut Vec<Diagnostic>,
) {
    let (program, ..) = world;
    let Some(info) = program.types.get(&requirement.relationship) else { return };
    if info.properties.is_empty() && info.constraints.is_empty() {
        return;
    }
    let is_of_capability = matches!(end_type(info, "target"), Type::Capability(_));
    for (own, locals) in own(world, name, checked) {
        let known = Known::of(world, own.clone()).required_by(own.clone());
        let targets = targets(&known, checked, &requirement.target, &locals);
        let listed = listed(program, checked, requirement, at);
        let count = targets.len();
        for (index, target) in targets.into_iter().enumerate() {
            let one = listed.get(index).filter(|_| listed.len() == count);
            let at = one.copied().unwrap_or(at);
            let target = match target {
                Reference::Capability { of, .. } if !is_of_capability => *of,
                other => other,
            };
            let (of, name) = (Box::new(own.clone()), requirement.name.clone());
            let this = Reference::Relationship { of, requirement: name, index };
            let known = Known::of(world, this.clone())
                .required_by(own.clone())
                .leading_to(requirement, target);
            if let Some(told) = breaks(&known, info, requirement, &this, at) {
                out.push(told);
                return;
            }
        }
    }
}

/// What such a relationship breaks: a property that is known, though not written down, or a check of its type.
fn breaks(
    known: &Known<'_, '_>,
    info: &TypeInfo,
    requirement: &Requirement,
    this: &Reference,
    at: Place,
) -> Option<Diagnostic> {
    let of_property = info.properties.iter().find_map(|(name, declared)| {
        let set = requirement.properties.get(name).map(|set| &set.value);
        let wrong = wrong(known, this, name, &asked_of_made(known.program, declared, set))?;
        Some(wrong.told(at, &format!("`{name}`: "), declared_here(name, declared)))
    });
    let value = Value::Reference(this.clone());
    let mut checks = info.constraints.iter();
    of_property.or_else(|| {
        checks.find_map(|(constraint, declared)| {
            match check_constraint(constraint, &value, known) {
                Ok(Verdict::Broken(why)) => {
                    let mut seen = Vec::new();
                    shown(&constraint.predicate, known, this, &mut seen);
                    let seen = seen.join(", ");
                    Some(says::node_breaks(at, &requirement.name, &why, &seen, *declared))
                }
                _ => None,
            }
        })
    })
}
