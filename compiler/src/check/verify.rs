//! What can be told of nodes when compiling: targets that break what is asked of them, nodes that
//! break the checks of their types.

mod known;
mod links;
mod missing;
mod placed;
pub(crate) mod stands;

use std::collections::{BTreeMap, BTreeSet};

use bp_eval::{
    Environment as _, ErrorKind, EvalError, Outcome, Verdict, check_constraint, evaluate_with,
};
use bp_plan::{Constraint, Expr, Item, Reference, Requirement, Selection, Type, Value};

use super::expr::mistake;
use super::groups::Groups;
use super::instances::Locals;
use super::nodes::{CheckedNode, Nodes};
use super::policies::Policies;
use super::program::{Program, RequirementInfo, TypeInfo};
use super::targets::Around;
use super::{capabilities, choices, requirements};
use crate::diagnostics::{Diagnostic, topology as says, types as says_types};
use crate::source::Place;

use known::World;
pub(super) use known::{Known, Memo, instance, reference};

/// Tells what is broken for sure.
pub(crate) fn verify(
    program: &Program<'_>,
    nodes: &Nodes,
    selections: &BTreeMap<String, Selection>,
    (groups, policies): (&Groups, &Policies),
    out: &mut Vec<Diagnostic>,
) {
    let around = Around { program, nodes, selections, groups };
    let memo = Memo::default();
    let world = (program, nodes, &memo);
    placed::verify(world, groups, policies, out);
    let mut told = BTreeSet::new();
    for (name, checked) in &nodes.nodes {
        let Some(info) = program.types.get(&checked.node.kind) else { continue };
        checks(world, (name, checked), info, out);
        properties(world, name, checked, out);
        if !capabilities::are_given(program, info) {
            of_capabilities(world, (name, checked), info, &mut told, out);
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
            links::verify(world, (name, checked), requirement, place, out);
            let asked = declared.map_or(&[][..], |d| d.declared.constraints.as_slice());
            let at = declared.map_or(place, |declared| declared.place);
            let constraints: Vec<&Constraint> =
                asked.iter().chain(&requirement.constraints).collect();
            if constraints.is_empty() {
                continue;
            }
            for (own, locals) in own(program, name, checked) {
                let known = Known::of(world, own.clone()).required_by(own);
                let mut targets = targets(&requirement.target);
                if targets.is_empty()
                    || checked.node.each.is_some()
                    || targets.iter().any(|target| is_whole(nodes, target))
                {
                    targets = led(&requirement.target, &known, &locals);
                }
                let told = out.len();
                for constraint in &constraints {
                    for target in &targets {
                        breaks(&known, &requirement.name, constraint, target, place, at, out);
                    }
                }
                // What breaks for one of many is told once.
                if out.len() > told {
                    break;
                }
            }
        }
        let told = out.len();
        missing::instances(program, name, checked, out);
        if out.len() == told {
            fails(world, name, checked, out);
        }
    }
}

/// Tells the checks of a node's type and of its capabilities' types that do not hold, each for one instance.
fn checks(
    world: World<'_, '_>,
    (name, checked): (&str, &CheckedNode),
    info: &TypeInfo,
    out: &mut Vec<Diagnostic>,
) {
    let (program, ..) = world;
    let own = info.capabilities.iter().filter(|_| !capabilities::are_given(program, info));
    let of_parts = own.flat_map(|(name, of)| capabilities::wholes(program, name, of));
    let all = info.constraints.iter().cloned().chain(of_parts);
    let instances = instances(program, name, checked);
    for (constraint, declared) in all {
        for of in &instances {
            let known = Known::of(world, of.clone());
            let value = Value::Reference(of.clone());
            if let Ok(Verdict::Broken(message)) = check_constraint(&constraint, &value, &known) {
                // One that stands for all of them has no key of its own.
                let one = match of {
                    Reference::Node { key: Some(key), .. } if !key.is_empty() => {
                        bp_eval::reference_text(of)
                    }
                    _ => name.to_owned(),
                };
                out.push(says::node_breaks(checked.place(), &one, &message, declared));
                break;
            }
        }
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

/// Whether a constraint holds of a node, of each of its instances, as far as that can be told when compiling.
pub(crate) fn holds(
    program: &Program<'_>,
    nodes: &Nodes,
    node: &str,
    constraint: &Constraint,
) -> Result<Verdict, EvalError> {
    let memo = Memo::default();
    let Some(checked) = nodes.nodes.get(node) else { return Ok(Verdict::Open) };
    let mut all = Verdict::Holds;
    for of in instances(program, node, checked) {
        let known = Known::of((program, nodes, &memo), of.clone());
        match check_constraint(constraint, &Value::Reference(of), &known)? {
            Verdict::Holds => {}
            Verdict::Open => all = Verdict::Open,
            broken @ Verdict::Broken(_) => return Ok(broken),
        }
    }
    Ok(all)
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

/// The node itself, or each of its instances where these are known, with what the names of the loop are there.
pub(super) fn own(
    program: &Program<'_>,
    name: &str,
    checked: &CheckedNode,
) -> Vec<(Reference, Locals)> {
    if checked.node.each.is_none() {
        return vec![(reference(name), Locals::new())];
    }
    let keyed = program.instances.get(name);
    let all = keyed.into_iter().flat_map(|all| all.iter());
    all.map(|(key, locals)| (instance(name, key), locals.clone())).collect()
}

/// The node itself, or its instances; where these are not known, one that stands for all of them: of it what is
/// known that is the same in each.
fn instances(program: &Program<'_>, name: &str, checked: &CheckedNode) -> Vec<Reference> {
    if checked.node.each.is_some() && !program.instances.contains_key(name) {
        return vec![instance(name, "")];
    }
    own(program, name, checked).into_iter().map(|(own, _)| own).collect()
}

/// Whether it stands for all instances of a collection.
fn is_whole(nodes: &Nodes, target: &Reference) -> bool {
    matches!(target, Reference::Node { node, key: None }
        if nodes.nodes.get(node).is_some_and(|it| it.node.each.is_some()))
}

/// What a value refers to.
fn gather(value: Value, found: &mut Vec<Reference>) {
    match value {
        Value::Reference(reference) => found.push(reference),
        Value::List(items) => items.into_iter().for_each(|item| gather(item, found)),
        Value::Map(entries) => entries.into_values().for_each(|entry| gather(entry, found)),
        _ => {}
    }
}

/// The nodes and capabilities that a target leads to in an instance, as far as that is known.
fn led(target: &Expr, known: &Known<'_, '_>, locals: &Locals) -> Vec<Reference> {
    let locals: Vec<(&str, Value)> =
        locals.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let mut found = Vec::new();
    if let Ok(Outcome::Value(value)) = evaluate_with(target, known, &locals) {
        gather(value, &mut found);
    }
    found
}

/// Tells the properties that are known, though not written down, and break what is asked of them.
fn properties(
    (program, nodes, memo): World<'_, '_>,
    name: &str,
    checked: &CheckedNode,
    out: &mut Vec<Diagnostic>,
) {
    let Some(info) = program.types.get(&checked.node.kind) else { return };
    for (property, declared) in &info.properties {
        let asked = constraints(program, &declared.declared.kind);
        let asked: Vec<&Constraint> = asked.chain(&declared.declared.constraints).collect();
        let set = checked.node.properties.get(property).map(|set| &set.value);
        let is_written = |value: &Expr| value.as_value().is_some();
        let value = set.or(declared.declared.default.as_ref());
        if asked.is_empty() || value.is_none_or(is_written) {
            continue;
        }
        for (own, _) in own(program, name, checked) {
            let known = Known::of((program, nodes, memo), own.clone());
            let Ok(Some(Outcome::Value(value))) = known.field(&own, property) else { continue };
            let Some((constraint, message)) = broken(&asked, &value, &known) else { continue };
            let at = set.map_or_else(|| checked.place(), |_| checked.value(property));
            let message = match &own {
                Reference::Node { key: Some(key), .. } => format!("`{name}[{key:?}]`: {message}"),
                _ => message,
            };
            let because = (declared.place, format!("`{property}` is declared here"));
            let text = constraint.message.is_none().then_some(constraint.text.as_str());
            out.push(says_types::constraint_broken(at, &message, text, Some(because)));
            break;
        }
    }
}

/// Tells what the capabilities of a node have for sure and must not have. `told` are the capabilities whose
/// type was told of.
fn of_capabilities(
    (program, nodes, memo): World<'_, '_>,
    (name, checked): (&str, &CheckedNode),
    info: &TypeInfo,
    told: &mut BTreeSet<(Place, String)>,
    out: &mut Vec<Diagnostic>,
) {
    for (capability, of) in &info.capabilities {
        let Some(declared) = program.types.get(&of.ty) else { continue };
        for (property, declared) in &declared.properties {
            let asked = constraints(program, &declared.declared.kind);
            let asked: Vec<&Constraint> = asked.chain(&declared.declared.constraints).collect();
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
                let known = Known::of((program, nodes, memo), own.clone());
                let whole = Reference::Capability { of: Box::new(own), name: capability.clone() };
                let Ok(Some(Outcome::Value(value))) = known.field(&whole, property) else {
                    continue;
                };
                let Some((constraint, message)) = broken(&asked, &value, &known) else { continue };
                let is_written = of.values.get(property).is_some_and(|it| it.as_value().is_some());
                let at = if is_written { of.place } else { checked.place() };
                if told.insert((at, property.clone())) {
                    let message = format!("`{capability}.{property}`: {message}");
                    let because = (declared.place, format!("`{property}` is declared here"));
                    let text = constraint.message.is_none().then_some(constraint.text.as_str());
                    out.push(says_types::constraint_broken(at, &message, text, Some(because)));
                }
                break;
            }
        }
    }
}

/// Tells the properties that can't be worked out, be it for one instance of a collection.
fn fails(
    (program, nodes, memo): World<'_, '_>,
    name: &str,
    checked: &CheckedNode,
    out: &mut Vec<Diagnostic>,
) {
    let open = checked.node.properties.iter().filter(|(_, set)| set.value.as_value().is_none());
    for (property, set) in open {
        for (own, locals) in own(program, name, checked) {
            let known = Known::of((program, nodes, memo), own);
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

/// The first constraint that a value does not meet, and what is said of it.
fn broken<'c>(
    asked: &[&'c Constraint],
    value: &Value,
    known: &Known<'_, '_>,
) -> Option<(&'c Constraint, String)> {
    if *value == Value::Null {
        return None;
    }
    asked.iter().find_map(|one| match check_constraint(one, value, known) {
        Ok(Verdict::Broken(message)) => Some((*one, message)),
        _ => None,
    })
}

/// What a named scalar asks of its values.
fn constraints<'p>(program: &'p Program<'_>, kind: &Type) -> impl Iterator<Item = &'p Constraint> {
    let data = match kind {
        Type::Data(name) => program.data.get(name).filter(|data| data.alias.is_some()),
        _ => None,
    };
    data.into_iter().flat_map(|data| &data.constraints)
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
    if let Reference::Node { node, key: None } = target
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
    if let Some(path) = path(expr) {
        let value = led_to(expr, known, target).and_then(|value| bp_eval::scalar_text(&value).ok());
        let text = value.map(|value| format!("{path} is {value}"));
        seen.extend(text.filter(|text| !seen.contains(text)));
        return;
    }
    expr.parts(&mut |part| shown(part, known, target, seen));
}

/// `self.sql.port` as it is told of: `sql.port`.
fn path(expr: &Expr) -> Option<String> {
    let Expr::Field { of, name, .. } = expr else { return None };
    match &**of {
        Expr::This => Some(name.clone()),
        of => path(of).map(|of| format!("{of}.{name}")),
    }
}

/// What such a path leads to, from what stands for `self`.
fn led_to(expr: &Expr, known: &Known<'_, '_>, this: &Reference) -> Option<Value> {
    let Expr::Field { of, name, .. } = expr else {
        return matches!(expr, Expr::This).then(|| Value::Reference(this.clone()));
    };
    match led_to(of, known, this)? {
        Value::Reference(of) => match known.field(&of, name) {
            Ok(Some(Outcome::Value(value))) => Some(value),
            _ => None,
        },
        Value::Map(mut entries) => entries.remove(name),
        _ => None,
    }
}
