//! Which elements of the inventory a selection takes, and why not the others.

use std::collections::BTreeSet;

use bp_eval::{ErrorKind, EvalError, Verdict, check_constraint};
use bp_plan::{BinaryOp, Constraint, Expr, Selection, Value};

use crate::inventory::Element;
use crate::placement::{self, Left, Placement};
use crate::problem::{Lack, Problem, code_of};
use crate::site::{Site, element_reference};
use crate::world::{World, error};

/// What a selection takes, and why not the others.
pub(crate) fn placement(world: &World, name: &str) -> Result<Placement, EvalError> {
    let Some(selection) = world.plan.selections.get(name) else {
        return Err(error(ErrorKind::Unavailable, format!("the plan has no selection `{name}`")));
    };
    let mut fitting = Vec::new();
    let mut unfit = Vec::new();
    for element in candidates(world, selection) {
        let fits = match &selection.predicate {
            None => true,
            Some(predicate) => fits(world, name, element, predicate)?,
        };
        if fits {
            fitting.push(element);
        } else {
            unfit.push((element.name.clone(), Left::Unfit));
        }
    }
    let mut placement = placement::choose(world, name, selection, &fitting)?;
    placement.left.extend(unfit);
    Ok(placement)
}

fn candidates<'w>(world: &'w World, selection: &'w Selection) -> impl Iterator<Item = &'w Element> {
    world.inventory.elements().iter().filter(|element| {
        element.node_type == selection.kind
            || world
                .plan
                .node_types
                .get(&element.node_type)
                .is_some_and(|kind| kind.extends.contains(&selection.kind))
    })
}

/// A missing fact means that it doesn't fit.
fn fits(
    world: &World,
    selection: &str,
    element: &Element,
    predicate: &Constraint,
) -> Result<bool, EvalError> {
    let value = element_reference(selection, &element.name);
    match check_constraint(predicate, &value, &world.outside()) {
        Ok(Verdict::Holds) => Ok(true),
        Ok(Verdict::Broken(_)) => Ok(false),
        Err(error) if error.is_missing_fact() => Ok(false),
        Ok(Verdict::Open) => Err(error(
            ErrorKind::Unavailable,
            format!("`where {}` needs what is known only at run time", predicate.text),
        )),
        Err(error) => Err(error),
    }
}

/// All that is wrong with what the selections take.
pub(crate) fn check(world: &World) -> Vec<Problem> {
    let mut problems = unfit_elements(world);
    if !problems.is_empty() {
        return problems;
    }
    for (name, selection) in &world.plan.selections {
        let placement = match placement(world, name) {
            Ok(placement) => placement,
            Err(error) => {
                problems.push(
                    Problem::error(format!("the selection `{name}`: {error}"))
                        .code(code_of(&error))
                        .at(selection.span),
                );
                continue;
            }
        };
        if selection.implicit {
            continue;
        }
        let count = placement.taken.len() as u64;
        let (fewest, most) = selection.cardinality;
        let is_wrong = count < fewest || most.is_some_and(|most| count > most);
        if !is_wrong && count > 0 {
            continue;
        }
        let found = found(&placement);
        let mut problem = if is_wrong {
            let wanted = cardinality(fewest, most);
            Problem::error(format!("the selection `{name}` wants {wanted}: {found}")).code("E7082")
        } else {
            Problem::warning(format!("the selection `{name}` is empty: {found}"))
        };
        let fitting = placement.left.iter().find(|(_, left)| **left != Left::Unfit);
        if let Some((name, left)) = fitting.filter(|_| count < fewest || count == 0) {
            problem = problem.help(format!("`{name}` fits and is left: {left}"));
        } else if count == 0 {
            problem = match nearest(world, name, selection) {
                Some(nearest) => problem.help(nearest),
                None => problem.lack(Lack::Elements(short(&selection.kind).to_owned())),
            };
        }
        problems.push(problem.at(selection.span));
    }
    problems
}

/// Elements that may be chosen and are no nodes of their type: they lack what it asks of each, or break a check of it.
fn unfit_elements(world: &World) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut told = BTreeSet::new();
    for (name, selection) in &world.plan.selections {
        for element in candidates(world, selection) {
            let Some(kind) = world.plan.node_types.get(&element.node_type) else { continue };
            // What nodes report may be left open.
            let mut missing = element.lacks(&kind.properties);
            missing.retain(|name| !kind.attributes.contains_key(*name));
            if !missing.is_empty() && told.insert(&element.name) {
                let (message, help) = element.told_lacking(&missing);
                let problem = Problem::error(message).code("E7085").help(help);
                problems.push(problem.at(selection.span));
                continue;
            }
            let of = element_reference(name, &element.name);
            let broken = kind.constraints.iter().find_map(|one| breaks(world, &of, one));
            if let Some(why) = broken.filter(|_| told.insert(&element.name)) {
                let message = format!("the inventory's `{}`: {why}", element.name);
                let help = "change what the inventory says of it";
                let problem = Problem::error(message).code("E4023").help(help);
                problems.push(problem.at(selection.span));
            }
        }
    }
    problems
}

/// How an element breaks a check of its type, as far as that is known now.
fn breaks(world: &World, of: &Value, check: &Constraint) -> Option<String> {
    let site = Site::new(world, Some(of.clone()));
    match check_constraint(check, of, &site) {
        Ok(Verdict::Broken(why)) => Some(why),
        _ => None,
    }
}

/// How many fit; and how many of these are taken, with the reason where it is not all.
fn found(placement: &Placement) -> String {
    let taken = placement.taken.len();
    let mut left = placement.left.values().filter(|left| **left != Left::Unfit);
    let fit = match taken + left.clone().count() {
        0 => return "nothing of the inventory fits".to_owned(),
        1 => "1 fits".to_owned(),
        count => format!("{count} fit"),
    };
    match left.next() {
        Some(Left::Crowded { by, max, .. }) => {
            format!("{fit}, of which `spread` takes {taken}: at most {max} with the same {by}")
        }
        Some(Left::Surplus { count }) => format!("{fit}, of which {count} are asked for"),
        Some(Left::Unfit) | None => fit,
    }
}

/// `1 or more`, `exactly 2`, `2 to 4`.
pub(crate) fn cardinality(fewest: u64, most: Option<u64>) -> String {
    match most {
        None => format!("{fewest} or more"),
        Some(most) if most == fewest => format!("exactly {most}"),
        Some(most) => format!("{fewest} to {most}"),
    }
}

/// What stands in the way of the candidate that comes nearest; nothing where there is none.
fn nearest(world: &World, name: &str, selection: &Selection) -> Option<String> {
    let mut nearest: Option<(usize, &Element, String)> = None;
    for element in candidates(world, selection) {
        let Some(predicate) = &selection.predicate else { break };
        let mut parts = Vec::new();
        conjuncts(&predicate.predicate, &mut parts);
        let mut broken = Vec::new();
        for part in &parts {
            let alone = Constraint {
                predicate: (*part).clone(),
                text: predicate.text.clone(),
                message: None,
                span: predicate.span,
            };
            if !matches!(fits(world, name, element, &alone), Ok(true)) {
                broken.push(*part);
            }
        }
        if let Some(first) = broken.first()
            && nearest.as_ref().is_none_or(|(fewest, ..)| broken.len() < *fewest)
        {
            let why = described(world, name, element, first)
                .unwrap_or_else(|| format!("`{}` does not hold", predicate.text));
            nearest = Some((broken.len(), element, why));
        }
    }
    nearest.map(|(_, element, why)| {
        format!(
            "nearest is `{}`: {why}; change its labels or the selection's `where`",
            element.name
        )
    })
}

/// A type's name without that of its module.
fn short(kind: &str) -> &str {
    kind.rsplit('.').next().unwrap_or(kind)
}

fn conjuncts<'e>(expr: &'e Expr, parts: &mut Vec<&'e Expr>) {
    match expr {
        Expr::Binary { op: BinaryOp::And, left, right } => {
            conjuncts(left, parts);
            conjuncts(right, parts);
        }
        other => parts.push(other),
    }
}

/// `its labels.tier is "prod", not "demo"`, for a comparison.
fn described(world: &World, name: &str, element: &Element, part: &Expr) -> Option<String> {
    let Expr::Binary { op: BinaryOp::Equal, left, right } = part else { return None };
    let path = path(left)?;
    let value = |expr: &Expr| {
        // `self == x` as a whole gives the value of the path when it is bound to the element.
        let this = element_reference(name, &element.name);
        let bound = replaced(expr);
        bp_eval::evaluate_with(&bound, &world.outside(), &[("self", this)])
    };
    let wanted = match value(right) {
        Ok(bp_eval::Outcome::Value(value)) => shown(&value),
        _ => return None,
    };
    match value(left) {
        Ok(bp_eval::Outcome::Value(Value::Null)) => Some(format!("it has no {path}")),
        Ok(bp_eval::Outcome::Value(found)) => {
            Some(format!("its {path} is {}, not {wanted}", shown(&found)))
        }
        Err(error) if error.is_missing_fact() => {
            Some(format!("it has no {path} (wanted: {wanted})"))
        }
        _ => None,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        other => bp_eval::scalar_text(other).unwrap_or_else(|_| "something else".to_owned()),
    }
}

/// `labels.tier` of `self.labels.tier`.
fn path(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Field { of, name, .. } => match &**of {
            Expr::This => Some(name.clone()),
            inner => Some(format!("{}.{name}", path(inner)?)),
        },
        _ => None,
    }
}

/// The same with `self` as a local, so that it can be bound.
fn replaced(expr: &Expr) -> Expr {
    match expr {
        Expr::This => Expr::Local("self".to_owned()),
        Expr::Field { of, name, safe } => {
            Expr::Field { of: Box::new(replaced(of)), name: name.clone(), safe: *safe }
        }
        other => other.clone(),
    }
}
