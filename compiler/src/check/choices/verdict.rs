//! Whether anything fits a choice that is left to the runtime, and what comes nearest.

use std::collections::BTreeSet;

use bp_eval::{Verdict, check_constraint_with};
use bp_plan::{BinaryOp, Constraint, Expr, Phase, Reference, Value};

use super::{Candidate, Choice};
use crate::check::blocks::in_time;
use crate::check::instances::Locals;
use crate::check::members::short;
use crate::check::mentions::mentions;
use crate::check::nodes::{CheckedNode, Nodes};
use crate::check::program::Program;
use crate::check::verify::{Known, Memo, instance, own, reference, shown};
use crate::diagnostics::{Diagnostic, selections as says};
use crate::source::Place;

/// How many instances with candidates are looked at one by one.
const MOST_PAIRS: usize = 10_000;
/// How many candidates are told of.
const MOST_TOLD: usize = 5;

/// How far a candidate is from fitting, where it is, and why it does not fit.
type Miss = (usize, Place, String);

/// Tells a choice of a node that nothing of the blueprint fits, or that it is known too late what does.
pub(crate) fn verify(
    program: &Program<'_>,
    nodes: &Nodes,
    node: &str,
    choice: &Choice,
    is_required: bool,
    out: &mut Vec<Diagnostic>,
) {
    if let Some((of, what)) = late(program, node, choice) {
        let mut told = Vec::new();
        in_time(Phase::Run, Phase::Deploy, "which candidate fits", choice.at, &mut told);
        let why = format!("`{what}` of `{of}` is known while the deployment runs");
        let place = nodes.nodes.get(of).map(CheckedNode::place);
        let related = |error: Diagnostic| match place {
            Some(place) => error.related(place, why.clone()),
            None => error,
        };
        out.extend(told.into_iter().map(related));
        return;
    }
    let Some((mut misses, of)) = all_miss(program, nodes, node, choice) else { return };
    misses.sort_by(|a, b| (a.0, &a.2).cmp(&(b.0, &b.2)));
    let told: Vec<(Place, String)> =
        misses.into_iter().take(MOST_TOLD).map(|(_, place, why)| (place, why)).collect();
    let Choice { requirement: name, at, .. } = choice;
    let wanted = short(&choice.wanted);
    let of = of.map(|of| format!(" of `{}`", bp_eval::reference_text(&of))).unwrap_or_default();
    let what = format!("`{name}`{of}");
    if choice.inventory.is_some() {
        // Without any node of that type the inventory is what was meant.
        if told.is_empty() {
            return;
        }
        out.push(says::left_to_inventory(*at, &what, wanted, &told));
    } else if is_required {
        let text: Vec<&str> = choice.constraints.iter().map(|one| one.text.as_str()).collect();
        out.push(says::nothing_fits(*at, &what, wanted, &text.join(" and "), &told));
    }
}

/// A node, a candidate or the one that requires, of which something is asked that is known while a deployment runs,
/// and what that is.
fn late<'c>(program: &Program<'_>, node: &'c str, choice: &'c Choice) -> Option<(&'c str, String)> {
    let is_late = |of: &str, what: &str| {
        let phases = program.phases.get(of);
        phases.and_then(|phases| phases.get(what)).is_some_and(|phase| *phase == Phase::Run)
    };
    let candidates = || {
        let open = choice.candidates.iter().map(|one| one.name.as_str());
        open.filter(|name| *name != node && !choice.closing.contains(*name))
    };
    let mut read = BTreeSet::new();
    if !choice.is_late {
        choice.constraints.iter().for_each(|one| reads(&one.predicate, &mut read));
    }
    read.into_iter().find_map(|(end, what)| {
        let of = match end {
            End::Candidate => candidates().find(|name| is_late(name, &what)),
            End::Source => Some(node).filter(|name| is_late(name, &what)),
        };
        Some((of?, what))
    })
}

/// Of whom a predicate reads something.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Candidate,
    Source,
}

/// What a predicate reads of both ends: `property`, or `capability.property`.
fn reads(expr: &Expr, all: &mut BTreeSet<(End, String)>) {
    let end = |of: &Expr| match of {
        Expr::This => Some(End::Candidate),
        Expr::Source => Some(End::Source),
        _ => None,
    };
    if let Expr::Field { of, name, .. } = expr {
        if let Some(end) = end(of) {
            all.insert((end, name.clone()));
        } else if let Expr::Field { of, name: part, .. } = &**of
            && let Some(end) = end(of)
        {
            all.insert((end, format!("{part}.{name}")));
        }
    }
    expr.parts(&mut |part| reads(part, all));
}

/// Why no candidate fits: the node, or one of its instances where each asks something else. Nothing where one
/// fits or may fit.
fn all_miss(
    program: &Program<'_>,
    nodes: &Nodes,
    node: &str,
    choice: &Choice,
) -> Option<(Vec<Miss>, Option<Reference>)> {
    let candidates = || choice.candidates.iter().filter(|candidate| candidate.name != node);
    let any = (reference(node), Locals::new());
    let of = |asking: &(Reference, Locals)| {
        candidates()
            .map(|one| miss(program, nodes, (node, asking), choice, one))
            .collect::<Option<Vec<Miss>>>()
    };
    if let Some(misses) = of(&any) {
        return Some((misses, None));
    }
    let is_of_instance = |expr: &Expr| matches!(expr, Expr::Local(_) | Expr::Source);
    let checked = nodes.nodes.get(node).filter(|checked| checked.node.each.is_some())?;
    if !choice.constraints.iter().any(|one| mentions(&one.predicate, &is_of_instance)) {
        return None;
    }
    // Of instances whose keys are not known, none could be named.
    program.instances.get(node)?;
    let memo = Memo::default();
    let all = own((program, nodes, &memo), node, checked);
    if all.len().saturating_mul(choice.candidates.len()) > MOST_PAIRS {
        return None;
    }
    all.iter().find_map(|asking| Some((of(asking)?, Some(asking.0.clone()))))
}

/// How far a candidate is from fitting, and why it does not; nothing where it fits or may fit.
fn miss(
    program: &Program<'_>,
    nodes: &Nodes,
    (node, asking): (&str, &(Reference, Locals)),
    choice: &Choice,
    candidate: &Candidate,
) -> Option<Miss> {
    let (source, locals) = asking;
    let locals: Vec<(&str, Value)> =
        locals.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let name = &candidate.name;
    // What has a mistake of its own may fit once that is mended.
    let checked = nodes.nodes.get(name)?;
    if choice.closing.contains(name) {
        let why = format!("`{name}`, which needs `{node}` itself: that would be a ring");
        return Some((usize::MAX, checked.place(), why));
    }
    if checked.node.condition.as_ref().and_then(Expr::as_value) == Some(&Value::Bool(false)) {
        let why = format!("`{name}`, which is never there: its `if` does not hold");
        return Some((usize::MAX, checked.place(), why));
    }
    let memo = Memo::default();
    let of_one = |this: Reference| {
        let shown = match &this {
            Reference::Node { key: Some(key), .. } => format!("{name}[{key:?}]"),
            _ => name.clone(),
        };
        let known = Known::of((program, nodes, &memo), this.clone()).required_by(source.clone());
        let (broken, seen) = asked(choice, (&known, &locals), &this)?;
        let why = match seen.as_slice() {
            [] => format!("`{shown}`, which does not fit"),
            _ => format!("`{shown}`, whose {}", seen.join(", and whose ")),
        };
        Some((broken, checked.place(), why))
    };
    if !candidate.is_keyed {
        return of_one(reference(name));
    }
    // Of a collection any instance may fit; the nearest is told.
    let mut misses = Vec::new();
    for key in program.instances.get(name)?.keys() {
        misses.push(of_one(instance(name, key))?);
    }
    misses.into_iter().min_by_key(|(broken, ..)| *broken)
}

/// How much of what is asked does not hold of a candidate, and what it has instead; nothing where all may hold.
fn asked(
    choice: &Choice,
    (known, locals): (&Known<'_, '_>, &[(&str, Value)]),
    this: &Reference,
) -> Option<(usize, Vec<String>)> {
    let mut broken = 0;
    let mut seen = Vec::new();
    for constraint in &choice.constraints {
        let mut parts = Vec::new();
        conjuncts(&constraint.predicate, &mut parts);
        for part in parts {
            let alone = Constraint { predicate: part.clone(), message: None, ..constraint.clone() };
            let value = Value::Reference(this.clone());
            let is_broken = match check_constraint_with(&alone, &value, known, locals) {
                Ok(Verdict::Broken(_)) => true,
                Err(error) => error.is_missing_fact(),
                Ok(_) => false,
            };
            if is_broken {
                broken += 1;
                shown(part, known, this, &mut seen);
            }
        }
    }
    (broken > 0).then_some((broken, seen))
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
