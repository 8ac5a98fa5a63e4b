//! What can be told of nodes when compiling: targets that break what is asked of them, nodes that
//! break the checks of their types.

mod missing;

use std::collections::BTreeMap;

use bp_eval::{Environment, EvalError, Outcome, Outer, Verdict, check_constraint};
use bp_plan::{Constraint, Expr, Item, Reference, Requirement, Selection, Value};

use super::groups::Groups;
use super::nodes::{CheckedNode, Nodes};
use super::program::{Program, RequirementInfo};
use super::targets::Around;
use super::{capabilities, choices, requirements};
use crate::diagnostics::{Diagnostic, topology as says};
use crate::source::Place;

/// Tells what is broken for sure.
pub(crate) fn verify(
    program: &Program<'_>,
    nodes: &Nodes,
    selections: &BTreeMap<String, Selection>,
    out: &mut Vec<Diagnostic>,
) {
    let groups = Groups::new();
    let around = Around { program, nodes, selections, groups: &groups };
    for (name, checked) in &nodes.nodes {
        let known = Known { program, nodes, this: name, source: None };
        let Some(info) = program.types.get(&checked.node.kind) else { continue };
        if checked.node.each.is_none() {
            let mut holds = |constraint: &Constraint, declared: Place| {
                let value = reference(name);
                if let Ok(Verdict::Broken(message)) = check_constraint(constraint, &value, &known) {
                    out.push(says::node_breaks(checked.place(), name, &message, declared));
                }
            };
            for (constraint, place) in &info.constraints {
                holds(constraint, *place);
            }
            let own = info.capabilities.iter().filter(|_| !capabilities::are_given(program, info));
            for (constraint, place) in
                own.flat_map(|(name, of)| capabilities::wholes(program, name, of))
            {
                holds(&constraint, place);
            }
        }
        for choice in &checked.choices {
            let declared = info.requirements.get(choice.requirement());
            let is_required = declared.is_some_and(|d| d.declared.cardinality.0 > 0);
            choices::verify(program, nodes, name, choice, is_required, out);
        }
        for (requirement, place) in checked.node.requirements.iter().zip(checked.targets()) {
            let declared = info.requirements.get(&requirement.name);
            let is_choice = checked.choices.iter().any(|it| it.requirement() == requirement.name);
            if declared.is_some_and(|declared| {
                is_miscounted(&around, (requirement, is_choice), place, declared, out)
            }) {
                continue;
            }
            let asked = declared.map_or(&[][..], |d| d.declared.constraints.as_slice());
            let at = declared.map_or(place, |declared| declared.place);
            for constraint in asked.iter().chain(&requirement.constraints) {
                for target in targets(&requirement.target) {
                    let own = Known { program, nodes, this: name, source: Some(name) };
                    breaks(&own, &requirement.name, constraint, &target, place, at, out);
                }
            }
        }
        missing::instances(program, name, checked, out);
    }
}

/// Tells that a requirement is met by more or fewer targets than it takes, where that is sure.
fn is_miscounted(
    around: &Around<'_, '_>,
    (requirement, is_choice): (&Requirement, bool),
    place: Place,
    declared: &RequirementInfo,
    out: &mut Vec<Diagnostic>,
) -> bool {
    let (fewest, most) = declared.declared.cardinality;
    // A choice takes one, if any.
    let (least, largest) =
        if is_choice { (0, Some(1)) } else { around.how_many(&requirement.target) };
    let is_short = largest.is_some_and(|largest| largest < fewest);
    let is_much = most.is_some_and(|most| least > most);
    if !is_short && !is_much {
        return false;
    }
    let found = if is_short { largest.unwrap_or(least) } else { least };
    let wanted = requirements::counted(fewest, most);
    out.push(says::wrong_count(place, &requirement.name, &wanted, found, declared.place));
    true
}

/// Whether a constraint holds of a node, as far as that can be told when compiling.
pub(crate) fn holds(
    program: &Program<'_>,
    nodes: &Nodes,
    node: &str,
    constraint: &Constraint,
) -> Result<Verdict, EvalError> {
    let known = Known { program, nodes, this: node, source: None };
    check_constraint(constraint, &reference(node), &known)
}

/// The targets that are plain nodes, or capabilities of plain nodes.
fn targets(target: &Expr) -> Vec<Reference> {
    match target {
        Expr::Node(name) => vec![Reference::Node { node: name.clone(), key: None }],
        Expr::Field { of, name, .. } => match &**of {
            Expr::Node(node) => vec![Reference::Capability {
                of: Box::new(Reference::Node { node: node.clone(), key: None }),
                name: name.clone(),
            }],
            _ => Vec::new(),
        },
        Expr::List(items) => items
            .iter()
            .flat_map(|item| match item {
                Item::One(one) => targets(one),
                Item::Spread(_) => Vec::new(),
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn reference(node: &str) -> Value {
    Value::Reference(Reference::Node { node: node.to_owned(), key: None })
}

fn breaks(
    known: &Known<'_, '_>,
    name: &str,
    constraint: &Constraint,
    target: &Reference,
    at: Place,
    declared: Place,
    out: &mut Vec<Diagnostic>,
) {
    if let Reference::Node { node, .. } = target
        && known.nodes.nodes.get(node).is_none_or(|n| n.node.each.is_some())
    {
        return;
    }
    let value = Value::Reference(target.clone());
    if let Ok(Verdict::Broken(message)) = check_constraint(constraint, &value, known) {
        let mut seen = Vec::new();
        shown(&constraint.predicate, known, target, &mut seen);
        let seen = seen.join(", ");
        // Without a message of its own, the constraint's text says it all.
        let message = match &constraint.message {
            Some(_) => message,
            None => format!("`{}` does not hold", constraint.text),
        };
        out.push(says::target_breaks(at, name, &constraint.text, &message, &seen, declared));
    }
}

/// What the parts of a predicate are that speak of the target: `memory is 1GiB`.
pub(super) fn shown(
    expr: &Expr,
    known: &Known<'_, '_>,
    target: &Reference,
    seen: &mut Vec<String>,
) {
    if let Expr::Field { of, name, .. } = expr
        && matches!(**of, Expr::This)
    {
        if let Ok(Some(Outcome::Value(value))) = known.field(target, name)
            && let Ok(text) = bp_eval::scalar_text(&value)
        {
            let text = format!("{name} is {text}");
            if !seen.contains(&text) {
                seen.push(text);
            }
        }
        return;
    }
    expr.parts(&mut |part| shown(part, known, target, seen));
}

/// The surroundings as far as they are known when compiling.
pub(super) struct Known<'p, 's> {
    pub(super) program: &'p Program<'s>,
    pub(super) nodes: &'p Nodes,
    pub(super) this: &'p str,
    pub(super) source: Option<&'p str>,
}

impl Known<'_, '_> {
    fn has_capability(&self, node: &CheckedNode, name: &str) -> bool {
        let info = self.program.types.get(&node.node.kind);
        info.is_some_and(|info| info.capabilities.contains_key(name))
    }

    fn property(&self, node: &CheckedNode, name: &str) -> Option<Outcome> {
        let info = self.program.types.get(&node.node.kind)?;
        if info.attributes.contains_key(name) {
            return Some(Outcome::Unknown);
        }
        let declared = info.properties.get(name)?;
        let value = node.node.properties.get(name).map(|set| &set.value);
        let value = value.or(declared.declared.default.as_ref());
        Some(match value {
            Some(Expr::Value(value)) => Outcome::Value(value.clone()),
            Some(_) => Outcome::Unknown,
            None => Outcome::Value(Value::Null),
        })
    }
}

impl Environment for Known<'_, '_> {
    fn input(&self, _: &str) -> Result<Outcome, EvalError> {
        Ok(Outcome::Unknown)
    }

    fn constant(&self, _: &str) -> Result<Outcome, EvalError> {
        Ok(Outcome::Unknown)
    }

    fn name(&self, name: Outer<'_>) -> Result<Outcome, EvalError> {
        Ok(match name {
            Outer::This => Outcome::Value(reference(self.this)),
            Outer::Source => {
                self.source.map_or(Outcome::Unknown, |node| Outcome::Value(reference(node)))
            }
            _ => Outcome::Unknown,
        })
    }

    fn field(&self, of: &Reference, name: &str) -> Result<Option<Outcome>, EvalError> {
        Ok(Some(match of {
            Reference::Node { node, key: None } => match self.nodes.nodes.get(node) {
                Some(node) if self.has_capability(node, name) => {
                    let of = Box::new(of.clone());
                    let name = name.to_owned();
                    Outcome::Value(Value::Reference(Reference::Capability { of, name }))
                }
                Some(node) => self.property(node, name).unwrap_or(Outcome::Unknown),
                None => Outcome::Unknown,
            },
            Reference::Capability { of, name: capability } => {
                let Reference::Node { node, key: None } = &**of else {
                    return Ok(Some(Outcome::Unknown));
                };
                let node = self.nodes.nodes.get(node);
                let own = node
                    .and_then(|node| node.node.capabilities.get(capability))
                    .and_then(|set| set.get(name));
                if let Some(own) = own {
                    return Ok(Some(match &own.value {
                        Expr::Value(value) => Outcome::Value(value.clone()),
                        _ => Outcome::Unknown,
                    }));
                }
                let value = node
                    .and_then(|node| self.program.types.get(&node.node.kind))
                    .and_then(|info| Some((info, info.capabilities.get(capability)?)))
                    .and_then(|(info, of)| {
                        capabilities::values(self.program, info, capability, of).remove(name)
                    });
                match value {
                    Some(Expr::Value(value)) => Outcome::Value(value),
                    _ => Outcome::Unknown,
                }
            }
            _ => Outcome::Unknown,
        }))
    }
}
