//! Properties of nodes and of their capabilities: those that are known, though not written down, and break what
//! is asked of them, and those that can't be worked out.
//!
//! What is written down was looked at where it stands.

use std::collections::BTreeSet;

use bp_eval::{Environment as _, ErrorKind, Outcome, Verdict, check_constraint, evaluate_with};
use bp_plan::{Constraint, Expr, Reference, Type, Value};

use super::known::World;
use super::{Known, own};
use crate::check::expr::mistake;
use crate::check::nodes::CheckedNode;
use crate::check::program::{Program, PropertyInfo, TypeInfo};
use crate::diagnostics::{Diagnostic, types as says};
use crate::source::Place;

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
        for (own, _) in own(program, name, checked) {
            let known = Known::of(world, own.clone());
            let Some(wrong) = wrong(&known, &own, property, &asked) else { continue };
            let at = set.map_or_else(|| checked.place(), |_| checked.value(property));
            let about = match &own {
                Reference::Node { key: Some(_), .. } => {
                    format!("`{}`: ", bp_eval::reference_text(&own))
                }
                _ => String::new(),
            };
            out.push(wrong.told(at, &about, declared_here(property, declared)));
            break;
        }
    }
}

/// Tells what the capabilities of a node have for sure and must not have. `told` are the capabilities whose
/// type was told of.
pub(super) fn of_capabilities(
    world: World<'_, '_>,
    (name, checked): (&str, &CheckedNode),
    info: &TypeInfo,
    told: &mut BTreeSet<(Place, String)>,
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
            for (own, _) in own(program, name, checked) {
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

/// Tells the properties that can't be worked out, be it for one instance of a collection.
pub(super) fn fail(
    world: World<'_, '_>,
    name: &str,
    checked: &CheckedNode,
    out: &mut Vec<Diagnostic>,
) {
    let (program, ..) = world;
    let open = checked.node.properties.iter().filter(|(_, set)| set.value.as_value().is_none());
    for (property, set) in open {
        for (own, locals) in own(program, name, checked) {
            let known = Known::of(world, own);
            let locals: Vec<(&str, Value)> =
                locals.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            let Err(error) = evaluate_with(&set.value, &known, &locals) else { continue };
            if matches!(
                error.kind,
                ErrorKind::MissingKey
                    | ErrorKind::DivisionByZero
                    | ErrorKind::Overflow
                    | ErrorKind::BadArgument
                    | ErrorKind::Constraint
            ) {
                out.push(mistake(checked.value(property), &error));
                break;
            }
        }
    }
}
