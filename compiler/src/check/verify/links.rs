//! Relationships: what is known of them when compiling, and breaks what their types ask.

use bp_eval::{Environment as _, Outcome, Verdict, check_constraint};
use bp_plan::{Constraint, Reference, Requirement, Type, Value};

use super::known::World;
use super::{Known, broken, constraints, is_whole, led, own, targets};
use crate::check::nodes::CheckedNode;
use crate::check::program::TypeInfo;
use crate::check::relationships::end_type;
use crate::diagnostics::{Diagnostic, topology as says, types as says_types};
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
    for (own, locals) in own(program, name, checked) {
        let known = Known::of(world, own.clone()).required_by(own.clone());
        let mut targets = targets(&requirement.target);
        if targets.is_empty()
            || checked.node.each.is_some()
            || targets.iter().any(|target| is_whole(world.1, target))
        {
            targets = led(&requirement.target, &known, &locals);
        }
        for (index, target) in targets.into_iter().enumerate() {
            let target = match target {
                Reference::Capability { of, .. } if !is_of_capability => *of,
                other => other,
            };
            let (of, name) = (Box::new(own.clone()), requirement.name.clone());
            let this = Reference::Relationship { of, requirement: name, index };
            let known = Known::of(world, this.clone())
                .required_by(own.clone())
                .leading_to(requirement, target);
            if let Some(told) = wrong(&known, info, requirement, &this, at) {
                out.push(told);
                return;
            }
        }
    }
}

fn wrong(
    known: &Known<'_, '_>,
    info: &TypeInfo,
    requirement: &Requirement,
    this: &Reference,
    at: Place,
) -> Option<Diagnostic> {
    for (name, declared) in &info.properties {
        let asked = constraints(known.program, &declared.declared.kind);
        let asked: Vec<&Constraint> = asked.chain(&declared.declared.constraints).collect();
        let set = requirement.properties.get(name).map(|set| &set.value);
        let value = set.or(declared.declared.default.as_ref());
        if asked.is_empty() || value.is_none_or(|value| value.as_value().is_some()) {
            continue;
        }
        let Ok(Some(Outcome::Value(value))) = known.field(this, name) else { continue };
        if let Some((constraint, message)) = broken(&asked, &value, known) {
            let because = (declared.place, format!("`{name}` is declared here"));
            let text = constraint.message.is_none().then_some(constraint.text.as_str());
            let message = format!("`{name}`: {message}");
            return Some(says_types::constraint_broken(at, &message, text, Some(because)));
        }
    }
    let value = Value::Reference(this.clone());
    info.constraints.iter().find_map(|(constraint, declared)| {
        match check_constraint(constraint, &value, known) {
            Ok(Verdict::Broken(why)) => {
                Some(says::node_breaks(at, &requirement.name, &why, *declared))
            }
            _ => None,
        }
    })
}
