//! What can be told of nodes when compiling: targets that break what is asked of them, nodes that
//! break the checks of their types.

mod arguments;
pub(crate) mod inside;
mod keys;
mod known;
mod links;
mod missing;
mod placed;
mod places;
mod properties;
mod selected;
mod stands;
mod steps;
mod unkept;

use std::collections::{BTreeMap, BTreeSet};

use bp_eval::{Environment as _, EvalError, Outcome, Verdict, check_constraint, evaluate_with};
use bp_plan::{Constraint, Expr, Item, Output, Reference, Requirement, Selection, Value, Workflow};

use super::expr::mistake;
use super::groups::Groups;
use super::instances::Locals;
use super::nodes::{CheckedNode, Nodes};
use super::policies::Policies;
use super::program::{Program, RequirementInfo, TypeInfo};
use super::targets::Around;
use super::{capabilities, choices, requirements};
use crate::diagnostics::{Diagnostic, topology as says};
use crate::source::Place;

use known::World;
pub(super) use known::{Known, Memo, instance, reference};
use properties::Shared;

/// How many elements of a loop are looked at whose keys are not known.
const MOST_ELEMENTS: usize = 1_000;

/// Tells what is broken for sure: of all nodes, or of some by their places. Returns of which nodes something was
/// told; nothing where what was told of one hangs on which was looked at first.
pub(crate) fn verify(
    program: &Program<'_>,
    (nodes, some): (&Nodes, Option<&BTreeSet<usize>>),
    selections: &BTreeMap<String, Selection>,
    (groups, policies): (&Groups, &Policies),
    (outputs, workflows): (&BTreeMap<String, Output>, &BTreeMap<String, Workflow>),
    out: &mut Vec<Diagnostic>,
) -> Option<BTreeSet<usize>> {
    let memo = Memo::among(placed::places(program, groups, policies));
    let (world, over) = ((program, nodes, &memo), (groups, policies));
    let told = looked_at((world, some), selections, over, (outputs, workflows), out);
    told.filter(|_| !memo.is_cut())
}

/// The same, with what is known beside the blueprint itself.
fn looked_at(
    (world, some): (World<'_, '_>, Option<&BTreeSet<usize>>),
    selections: &BTreeMap<String, Selection>,
    (groups, policies): (&Groups, &Policies),
    (outputs, workflows): (&BTreeMap<String, Output>, &BTreeMap<String, Workflow>),
    out: &mut Vec<Diagnostic>,
) -> Option<BTreeSet<usize>> {
    let (program, nodes, _) = world;
    let around = Around { program, nodes, selections, groups };
    placed::verify(world, groups, policies, out);
    properties::of_outputs(world, outputs, out);
    unkept::of_outputs(world, outputs, out);
    arguments::verify(world, workflows, policies, out);
    selected::verify(world, selections, out);
    let mut shared = BTreeSet::new();
    let mut told = BTreeSet::new();
    let is_looked_at = |at| some.is_none_or(|some| some.contains(&at));
    for (name, checked) in &nodes.nodes {
        let at = checked.number();
        if is_looked_at(at) {
            let before = out.len();
            node((world, &around), (name, checked), &mut shared, out);
            told.extend((out.len() > before).then_some(at));
        }
    }
    // What several nodes share is told of the first.
    shared.is_empty().then_some(told)
}

/// Tells what is broken of a node; `shared` are the mistakes of others that are told once.
fn node(
    (world, around): (World<'_, '_>, &Around<'_, '_>),
    (name, checked): (&str, &CheckedNode),
    shared: &mut Shared,
    out: &mut Vec<Diagnostic>,
) {
    let (program, nodes, _) = world;
    let Some(info) = program.types.get(&checked.node.kind) else { return };
    keys::verify(world, (name, checked), out);
    checks(world, (name, checked), info, out);
    properties::verify(world, (name, checked), info, out);
    if !capabilities::are_given(program, info) {
        properties::of_capabilities(world, (name, checked), info, shared, out);
    }
    unkept::verify(world, checked, out);
    let told = out.len();
    missing::instances(program, name, checked, out);
    let is_missing = out.len() > told;
    for choice in &checked.choices {
        let declared = info.requirements.get(choice.requirement());
        let is_required = declared.is_some_and(|d| d.declared.cardinality.0 > 0);
        choices::verify(program, nodes, name, choice, is_required, out);
    }
    for (requirement, place) in checked.node.requirements.iter().zip(checked.targets()) {
        let declared = info.requirements.get(&requirement.name);
        let is_choice = checked.choices.iter().any(|it| it.requirement() == requirement.name);
        if declared.is_some_and(|declared| {
            is_miscounted(around, (requirement, is_choice), place, declared, out)
        }) {
            continue;
        }
        links::verify(world, (name, checked), requirement, place, out);
        let asked = declared.map_or(&[][..], |d| d.declared.constraints.as_slice());
        let at = declared.map_or(place, |declared| declared.place);
        let constraints: Vec<&Constraint> = asked.iter().chain(&requirement.constraints).collect();
        if !is_missing && target_fails(world, (name, checked), &requirement.target, place, out) {
            continue;
        }
        meets(world, (name, checked), (requirement, place), (&constraints, at), out);
    }
    if !is_missing {
        properties::fail(world, (name, checked), info, out);
    }
    stands::verify(world, (name, checked), out);
}

/// Tells the targets of a requirement of which these constraints do not hold, which are declared there.
fn meets(
    world: World<'_, '_>,
    (name, checked): (&str, &CheckedNode),
    (requirement, place): (&Requirement, Place),
    (constraints, at): (&[&Constraint], Place),
    out: &mut Vec<Diagnostic>,
) {
    if constraints.is_empty() {
        return;
    }
    let (program, ..) = world;
    for (own, locals) in own_or_one(world, name, checked) {
        let known = Known::of(world, own.clone()).required_by(own);
        let targets = targets(&known, checked, &requirement.target, &locals);
        let told = out.len();
        let listed = places::listed(program, checked, requirement, place);
        for constraint in constraints {
            let at = places::of_constraint(program, constraint, requirement, at);
            for (index, target) in targets.iter().enumerate() {
                let place = if listed.len() == targets.len() {
                    listed.get(index).copied().unwrap_or(place)
                } else {
                    place
                };
                breaks(&known, &requirement.name, constraint, target, place, at, out);
            }
        }
        // What breaks for one of many is told once.
        if out.len() > told {
            break;
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
    let mut all = info.constraints.iter().cloned().chain(of_parts).peekable();
    if all.peek().is_none() {
        return;
    }
    let instances = instances(world, name, checked);
    for (constraint, declared) in all {
        for of in &instances {
            let known = Known::of(world, of.clone());
            let value = Value::Reference(of.clone());
            let broken = match check_constraint(&constraint, &value, &known) {
                Ok(Verdict::Broken(message)) => Some(message),
                Err(error) if properties::is_sure(&error) => {
                    Some(format!("`check {}`: {error}", constraint.text))
                }
                _ => None,
            };
            if let Some(message) = broken {
                // One that stands for all of them has no key of its own.
                let one = match of {
                    Reference::Node { key: Some(key), .. } if !key.is_empty() => {
                        bp_eval::reference_text(of)
                    }
                    _ => name.to_owned(),
                };
                let mut seen = Vec::new();
                shown(&constraint.predicate, &known, of, &mut seen);
                let seen = seen.join(", ");
                out.push(says::node_breaks(checked.place(), &one, &message, &seen, declared));
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
    let (counted, help) =
        around.amount(&around.parts(&requirement.target), declared.declared.cardinality);
    let counted = (counted.as_str(), help);
    out.push(says::wrong_count(place, &requirement.name, &wanted, found, counted, declared.place));
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
    let world = (program, nodes, &memo);
    for of in instances(world, node, checked) {
        let known = Known::of(world, of.clone());
        match check_constraint(constraint, &Value::Reference(of), &known)? {
            Verdict::Holds => {}
            Verdict::Open => all = Verdict::Open,
            broken @ Verdict::Broken(_) => return Ok(broken),
        }
    }
    Ok(all)
}

/// The targets of a requirement in an instance: those that are written as plain nodes, whether they are there
/// or not, else what the expression leads to, as far as that is known.
fn targets(
    known: &Known<'_, '_>,
    checked: &CheckedNode,
    target: &Expr,
    locals: &Locals,
) -> Vec<Reference> {
    if let Expr::List(items) = target {
        let one = |item: &Item| match item {
            Item::One(one) => targets(known, checked, one, locals),
            Item::Spread(of) => led(of, known, locals),
        };
        return items.iter().flat_map(one).collect();
    }
    let is_whole =
        |node: &str| known.nodes.nodes.get(node).is_some_and(|it| it.node.each.is_some());
    let has_it = |plain: &Reference| match plain {
        Reference::Capability { of, name } => match &**of {
            Reference::Node { node, .. } => known.has(node, name),
            _ => false,
        },
        _ => true,
    };
    match written(target) {
        Some((node, plain)) if checked.node.each.is_none() && !is_whole(node) && has_it(&plain) => {
            vec![plain]
        }
        _ => led(target, known, locals),
    }
}

/// A target that is a plain node, or a capability of one; and the node's name.
fn written(target: &Expr) -> Option<(&str, Reference)> {
    let (node, capability) = super::targets::plain(target)?;
    let of = reference(node);
    Some((
        node,
        match capability {
            None => of,
            Some(name) => Reference::Capability { of: Box::new(of), name: name.to_owned() },
        },
    ))
}

/// The node itself, or each of its instances where these are known, with what the names of the loop are there.
/// Where only the elements are known, their keys are empty.
pub(super) fn own(
    world: World<'_, '_>,
    name: &str,
    checked: &CheckedNode,
) -> Vec<(Reference, Locals)> {
    let (program, ..) = world;
    let is_absent = checked.node.condition.as_ref().is_some_and(|condition| {
        condition.as_value().is_none()
            && Known::of(world, reference(name)).holds(condition) == Some(false)
    });
    if is_absent {
        return Vec::new();
    }
    let Some(each) = &checked.node.each else { return vec![(reference(name), Locals::new())] };
    if let Some(keyed) = program.instances.get(name) {
        return keyed.iter().map(|(key, locals)| (instance(name, key), locals.clone())).collect();
    }
    let known = Known::of(world, instance(name, ""));
    let Ok(Outcome::Value(over)) = evaluate_with(&each.over, &known, &[]) else {
        return Vec::new();
    };
    let Ok(elements) = bp_eval::elements(over) else { return Vec::new() };
    let mut all = Vec::new();
    for (key, element) in elements.into_iter().take(MOST_ELEMENTS) {
        let names = each.names.iter().rev().cloned();
        let locals: Locals = names.zip([element, key]).collect();
        let seen: Vec<(&str, Value)> =
            locals.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let is_there = each.filter.as_ref().map(|filter| evaluate_with(filter, &known, &seen));
        match is_there {
            None | Some(Ok(Outcome::Value(Value::Bool(true)))) => {
                all.push((instance(name, ""), locals));
            }
            _ => {}
        }
    }
    all
}

/// The node itself, or its instances; where these are not known, one that stands for all of them: of it what is
/// known that is the same in each.
fn instances(world: World<'_, '_>, name: &str, checked: &CheckedNode) -> Vec<Reference> {
    let (program, ..) = world;
    if checked.node.each.is_some() && !program.instances.contains_key(name) {
        return vec![instance(name, "")];
    }
    own(world, name, checked).into_iter().map(|(own, _)| own).collect()
}

/// The same as [`own`]; where nothing is known of the instances, one that stands for all of them.
fn own_or_one(world: World<'_, '_>, name: &str, checked: &CheckedNode) -> Vec<(Reference, Locals)> {
    let all = own(world, name, checked);
    let (program, ..) = world;
    let is_open = checked.node.each.is_some() && !program.instances.contains_key(name);
    if all.is_empty() && is_open { vec![(instance(name, ""), Locals::new())] } else { all }
}

/// What a value refers to.
pub(super) fn gather(value: Value, found: &mut Vec<Reference>) {
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

/// Tells a target that can't be worked out, be it for one instance.
fn target_fails(
    world: World<'_, '_>,
    (name, checked): (&str, &CheckedNode),
    target: &Expr,
    at: Place,
    out: &mut Vec<Diagnostic>,
) -> bool {
    // A node by its name is there, or is null.
    if matches!(target, Expr::Node(_) | Expr::Value(_)) {
        return false;
    }
    for (own, locals) in own(world, name, checked) {
        let known = Known::of(world, own);
        let locals: Vec<(&str, Value)> =
            locals.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        if let Err(error) = evaluate_with(target, &known, &locals)
            && properties::is_sure(&error)
        {
            out.push(mistake(at, &error));
            return true;
        }
    }
    false
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
    let verdict = check_constraint(constraint, &value, known);
    if let Err(error) = &verdict
        && properties::is_sure(error)
    {
        let (text, message) = (&constraint.text, format!("`{}`: {error}", constraint.text));
        out.push(says::target_breaks(at, name, text, &message, "", declared));
    }
    if let Ok(Verdict::Broken(message)) = verdict {
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
        let value = led_to(expr, known, target).and_then(|value| match &value {
            Value::String(text) => Some(format!("{text:?}")),
            other => bp_eval::scalar_text(other).ok(),
        });
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
