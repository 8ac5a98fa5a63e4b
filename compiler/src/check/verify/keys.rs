//! Loops over what only a value from outside makes known: two of their elements may have one key, and they may be too
//! many. Those of a constant are told where the loop is checked.

use std::collections::BTreeSet;

use bp_eval::{Outcome, evaluate_with, scalar_text};
use bp_plan::{Each, Expr, Value};

use super::known::{World, instance};
use super::{Known, MOST_ELEMENTS};
use crate::check::nodes::{CheckedNode, MOST_INSTANCES};
use crate::diagnostics::{Diagnostic, topology as says};

/// Tells what is wrong with the instances of a node, as far as they are known.
pub(super) fn verify(
    world: World<'_, '_>,
    (name, checked): (&str, &CheckedNode),
    out: &mut Vec<Diagnostic>,
) {
    let Some(each) = checked.node.each.as_ref().filter(|each| each.over.as_value().is_none())
    else {
        return;
    };
    let Some(place) = world.0.place_of(each.span) else { return };
    let known = Known::of(world, instance(name, ""));
    let is_there = |condition: &Expr| known.holds(condition) == Some(true);
    if !checked.node.condition.iter().all(is_there) {
        return;
    }
    match evaluate_with(&each.over, &known, &[]) {
        Ok(Outcome::Value(Value::List(items))) => {
            if let Some(key) = twice(&known, each, items) {
                out.push(says::key_twice(place, &key));
            }
        }
        Ok(Outcome::Value(Value::Range(from, to))) => {
            let count = to.checked_sub(from).and_then(|count| usize::try_from(count).ok());
            if from <= to && count.is_none_or(|count| count >= MOST_INSTANCES) {
                out.push(says::too_many_instances(place, MOST_INSTANCES));
            }
        }
        _ => {}
    }
}

/// The first key that two elements have for sure.
fn twice(known: &Known<'_, '_>, each: &Each, items: Vec<Value>) -> Option<String> {
    let mut seen = BTreeSet::new();
    items.into_iter().take(MOST_ELEMENTS).find_map(|item| {
        // Where a loop has two names, the first is the key: in a list that is the element.
        let locals: Vec<(&str, Value)> =
            each.names.iter().map(|name| (name.as_str(), item.clone())).collect();
        let value = |expr: &Expr| match evaluate_with(expr, known, &locals) {
            Ok(Outcome::Value(value)) => Some(value),
            _ => None,
        };
        if !each.filter.iter().all(|filter| value(filter) == Some(Value::Bool(true))) {
            return None;
        }
        let key = match &each.key {
            Some(by) => value(by)?,
            None => item.clone(),
        };
        let key = scalar_text(&key).ok()?;
        (!seen.insert(key.clone())).then_some(key)
    })
}
