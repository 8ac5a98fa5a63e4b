//! Selections: how many are taken, and how many of each, where that is known, though not written down.

use std::collections::BTreeMap;

use bp_eval::{Outcome, evaluate_with};
use bp_plan::{Expr, Selection, Value};

use super::Known;
use super::known::{World, reference};
use crate::check::targets::counted;
use crate::diagnostics::{Diagnostic, selections as says};
use crate::source::Place;

/// Tells numbers that no selection of this kind takes, where its name or its `spread` stands.
pub(super) fn verify(
    world: World<'_, '_>,
    selections: &BTreeMap<String, Selection>,
    out: &mut Vec<Diagnostic>,
) {
    let (program, ..) = world;
    for selection in selections.values() {
        if let Some(at) = program.place_of(selection.span)
            && let Some(count) = selection.count.as_ref().and_then(|count| number(world, count))
        {
            count_fits(selection, count, at, out);
        }
        if let Some(spread) = &selection.spread
            && let Some(at) = program.place_of(spread.span)
            && number(world, &spread.max).is_some_and(|most| most < 1)
        {
            out.push(says::too_few(at, 1));
        }
    }
}

/// Tells a count that the cardinality does not allow.
fn count_fits(selection: &Selection, count: i64, at: Place, out: &mut Vec<Diagnostic>) {
    let (fewest, most) = selection.cardinality;
    match u64::try_from(count) {
        Err(_) => out.push(says::too_few(at, 0)),
        Ok(count) if count < fewest || most.is_some_and(|most| count > most) => {
            out.push(says::count_outside(at, count, &counted(fewest, most), at));
        }
        Ok(_) => {}
    }
}

/// The number that an expression is for sure. What is written down was looked at there.
fn number(world: World<'_, '_>, expr: &Expr) -> Option<i64> {
    if expr.as_value().is_some() {
        return None;
    }
    // No candidate has a say in it.
    match evaluate_with(expr, &Known::of(world, reference("")), &[]) {
        Ok(Outcome::Value(Value::Int(number))) => Some(number),
        _ => None,
    }
}
