//! Properties of nodes and of their capabilities: those that are known, though not written down, and break what
//! is asked of them, and those that can't be worked out.
//!
//! What is written down was looked at where it stands.

use std::collections::{BTreeMap, BTreeSet};

use bp_eval::{
    Environment as _, ErrorKind, EvalError, Outcome, Verdict, check_constraint, evaluate_with,
};
use bp_plan::{Constraint, Expr, Output, Reference, Type, Value};

use super::known::{World, reference};
use super::{Known, instances, own};
use crate::check::expr::mistake;
use crate::check::nodes::CheckedNode;
use crate::check::program::{Program, PropertyInfo, TypeInfo};
use crate::diagnostics::{Diagnostic, types as says};
use crate::source::Place;

/// Mistakes in types that were told of a node, and are not told of the next: where, and of what.
pub(super) type Shared = BTreeSet<(Place, String)>;

/// What is wrong with a property.
pub(super) struct Wrong {
    message: String,
    /// What it does not meet, where the message does not say it.
    text: Option<String>,
}

impl Wrong {
    /// Told there, with what it is about before the message; `because` is where it is asked.
    pub(super) fn told(self, at: Place, about: &str, because: (Place, String)) -> Diagnostic {
        let message = format!("{about}{}", self.message);
        says::constraint_broken(at, &message, self.text.as_deref(), Some(because))
    }
}

/// What a property is asked for: by its type, where that is a named scalar, and by itself.
pub(super) fn asked<'p>(
    program: &'p Program<'_>,
    declared: &'p PropertyInfo,
) -> Vec<&'p Constraint> {
    let data = match &declared.declared.kind {
        Type::Data(name) => program.data.get(name).filter(|data| data.alias.is_some()),
        _ => None,
    };
    let of_type = data.into_iter().flat_map(|data| &data.constraints);
    of_type.chain(&declared.declared.constraints).collect()
}

/// The same, of one that is set to this, or has its default; nothing where its value is written down.
pub(super) fn asked_of_made<'p>(
    program: &'p Program<'_>,
    declared: &'p PropertyInfo,
    set: Option<&Expr>,
) -> Vec<&'p Constraint> {
    match set.or(declared.declared.default.as_ref()) {
        Some(value) if value.as_value().is_none() => asked(program, declared),
        _ => Vec::new(),
    }
}

/// Which of these a property breaks, where its value is known.
pub(super) fn wrong(
    known: &Known<'_, '_>,
    of: &Reference,
    name: &str,
    asked: &[&Constraint],
) -> Option<Wrong> {
    if asked.is_empty() {
        return None;
    }
    let Ok(Some(Outcome::Value(value))) = known.field(of, name) else { return None };
    if value == Value::Null {
        return None;
    }
    asked.iter().find_map(|one| match check_constraint(one, &value, known) {
        Ok(Verdict::Broken(message)) => {
            let text = one.message.is_none().then(|| one.text.clone());
            Some(Wrong { message, text })
        }
        _ => None,
    })
}

/// Where a property is declared, as the reason of what is asked of it.
pub(super) fn declared_here(name: &str, declared: &PropertyInfo) -> (Place, String) {
    (declared.place, format!("`{name}` is declared here"))
}

/// Tells the properties of a node, each for one instance.
pub(super) fn verify(
    world: World<'_, '_>,
    (name, checked): (&str, &CheckedNode),
    info: &TypeInfo,
    out: &mut Vec<Diagnostic>,
) {
    let (program, ..) = world;
    for (property, declared) in &info.properties {
        let set = checked.node.properties.get(property).map(|set| &set.value);
        let asked = asked_of_made(program, declared, set);
        if asked.is_empty() {
            continue;
        }
        for own in instances(world, name, checked) {
            let known = Known::of(world, own.clone());
            let Some(wrong) = wrong(&known, &own, property, &asked) else { continue };
            // What a default makes of a value that is wrong itself was told there.
            if set.is_none() && breaks_as_written(&known, checked, info) {
                break;
            }
            let at = set.map_or_else(|| checked.place(), |_| checked.value(property));
            let about = match &own {
                Reference::Node { key: Some(key), .. } if !key.is_empty() => {
                    format!("`{}`: ", bp_eval::reference_text(&own))
                }
                _ => String::new(),
            };
            out.push(wrong.told(at, &about, declared_here(property, declared)));
            break;
        }
    }
}

/// Whether one of the values that a node writes down is not as its type asks.
fn breaks_as_written(known: &Known<'_, '_>, checked: &CheckedNode, info: &TypeInfo) -> bool {
    checked.node.properties.iter().any(|(name, set)| {
        let (Some(value), Some(declared)) = (set.value.as_value(), info.properties.get(name))
        else {
            return false;
        };
        asked(known.program, declared)
            .iter()
            .any(|one| matches!(check_constraint(one, value, known), Ok(Verdict::Broken(_))))
    })
}

/// Tells what the capabilities of a node have for sure and must not have. `told` are the capabilities whose
/// type was told of.
pub(super) fn of_capabilities(
    world: World<'_, '_>,
    (name, checked): (&str, &CheckedNode),
    info: &TypeInfo,
    told: &mut Shared,
    out: &mut Vec<Diagnostic>,
) {
    let (program, ..) = world;
    for (capability, of) in &info.capabilities {
        let Some(declared) = program.types.get(&of.ty) else { continue };
        for (property, declared) in &declared.properties {
            let asked = asked(program, declared);
            let set = checked.node.capabilities.get(capability).and_then(|set| set.get(property));
            // What the node writes down was looked at there, and defaults where they are declared.
            let is_looked_at = match set {
                Some(set) => set.value.as_value().is_some(),
                None => !of.values.contains_key(property),
            };
            if asked.is_empty() || is_looked_at {
                continue;
            }
            for own in instances(world, name, checked) {
                let known = Known::of(world, own.clone());
                let whole = Reference::Capability { of: Box::new(own), name: capability.clone() };
                let Some(wrong) = wrong(&known, &whole, property, &asked) else { continue };
                let is_written = of.values.get(property).is_some_and(|it| it.as_value().is_some());
                let at = if is_written { of.place } else { checked.place() };
                if told.insert((at, property.clone())) {
                    let about = format!("`{capability}.{property}`: ");
                    out.push(wrong.told(at, &about, declared_here(property, declared)));
                }
                break;
            }
        }
    }
}

/// Tells the outputs that can't be worked out, or break what is asked of them; each with where its value stands.
pub(crate) fn of_outputs(
    world: World<'_, '_>,
    outputs: &BTreeMap<String, Output>,
    out: &mut Vec<Diagnostic>,
) {
    let (program, ..) = world;
    // It has no `self`: an output is of no node.
    let known = Known::of(world, reference(""));
    for output in outputs.values().filter(|output| output.value.as_value().is_none()) {
        let Some(at) = program.place_of(output.span) else { continue };
        match evaluate_with(&output.value, &known, &[]) {
            Err(error) if is_sure(&error) => out.push(mistake(at, &error)),
            Ok(Outcome::Value(value)) => {
                let broken = output.constraints.iter().find_map(|one| {
                    match check_constraint(one, &value, &known) {
                        Ok(Verdict::Broken(message)) => Some((message, one)),
                        _ => None,
                    }
                });
                if let Some((message, one)) = broken {
                    let text = one.message.is_none().then_some(one.text.as_str());
                    out.push(says::constraint_broken(at, &message, text, None));
                }
            }
            _ => {}
        }
    }
}

/// Whether what is known is wrong, and not only too little.
pub(super) fn is_sure(error: &EvalError) -> bool {
    matches!(
        error.kind,
        ErrorKind::MissingKey
            | ErrorKind::NotSet
            | ErrorKind::WrongType
            | ErrorKind::DivisionByZero
            | ErrorKind::Overflow
            | ErrorKind::BadArgument
            | ErrorKind::Constraint
    )
}

/// Tells the properties that can't be worked out, be it for one instance of a collection: those that are set, and
/// those that are left to their type.
pub(super) fn fail(
    world: World<'_, '_>,
    (name, checked): (&str, &CheckedNode),
    info: &TypeInfo,
    out: &mut Vec<Diagnostic>,
) {
    let is_open = |value: &Expr| value.as_value().is_none();
    let set = checked.node.properties.iter();
    let set = set.map(|(property, set)| (property, &set.value, None));
    let left =
        info.properties.iter().filter(|(name, _)| !checked.node.properties.contains_key(name));
    let left = left.filter_map(|(name, declared)| {
        Some((name, declared.declared.default.as_ref()?, Some(declared.place)))
    });
    for (property, value, declared) in set.chain(left).filter(|(_, value, _)| is_open(value)) {
        for (own, locals) in own(world, name, checked) {
            let known = Known::of(world, own);
            let locals: Vec<(&str, Value)> =
                locals.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            let Err(error) = evaluate_with(value, &known, &locals) else { continue };
            if is_sure(&error) {
                out.push(match declared {
                    None => mistake(checked.value(property), &error),
                    Some(place) => mistake(checked.place(), &error)
                        .related(place, format!("`{property}` is worked out here")),
                });
                break;
            }
        }
    }
}
