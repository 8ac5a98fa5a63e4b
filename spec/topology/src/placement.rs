//! Which of the elements that fit a selection takes: in the order of its preferences, spread, and no
//! more than it wants; and why not the others.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use bp_eval::{ErrorKind, EvalError, Outcome};
use bp_plan::{Expr, Rank, Selection, Value};

use crate::inventory::Element;
use crate::site::{Site, element_reference};
use crate::world::{World, error, known};

/// What a selection takes, and what it leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// The names of what is taken, in the inventory's order.
    pub taken: Vec<String>,
    /// What is left, by name, each with the reason.
    pub left: BTreeMap<String, Left>,
}

/// Why an element is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// It does not meet the selection's `where`.
    Unfit,
    /// As many with the same value were taken as there may be.
    Crowded {
        /// What elements are spread by, as the source has it.
        by: String,
        /// Its value here; none where it is not known.
        value: Option<String>,
        /// How many there may be.
        max: u64,
    },
    /// As many were taken as are wanted, all of which come before it.
    Surplus {
        /// How many are wanted.
        count: u64,
    },
}

impl std::fmt::Display for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unfit => f.write_str("it does not fit"),
            Self::Crowded { by, value: Some(value), max } => {
                write!(f, "there {} {max} already whose {by} is {value}", are(*max))
            }
            Self::Crowded { by, value: None, max } => {
                write!(f, "there {} {max} already of which {by} is not known", are(*max))
            }
            Self::Surplus { count } => write!(f, "the {count} that are wanted come before it"),
        }
    }
}

/// The verb of a number.
fn are(count: u64) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// Chooses among those that fit, which are given in the inventory's order.
pub(crate) fn choose(
    world: &World,
    name: &str,
    selection: &Selection,
    fits: &[&Element],
) -> Result<Placement, EvalError> {
    let mut placement = Placement::default();
    let ranked = ranked(world, name, selection, fits)?;
    let limit = limit(world, selection)?;
    let max = match &selection.spread {
        Some(spread) => Some(number(world, &spread.max)?),
        None => None,
    };
    let mut groups: BTreeMap<Option<String>, u64> = BTreeMap::new();
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    for element in ranked {
        if let Some(count) = limit.filter(|limit| taken.len() as u64 >= *limit) {
            placement.left.insert(element.name.clone(), Left::Surplus { count });
            continue;
        }
        if let Some((spread, max)) = selection.spread.as_ref().zip(max) {
            let value = fact(world, name, element, &spread.by)?;
            let value = value.map(|value| bp_eval::scalar_text(&value)).transpose()?;
            let there = groups.entry(value.clone()).or_default();
            if *there >= max {
                let left = Left::Crowded { by: spread.text.clone(), value, max };
                placement.left.insert(element.name.clone(), left);
                continue;
            }
            *there += 1;
        }
        taken.insert(&element.name);
    }
    placement.taken = fits
        .iter()
        .map(|element| element.name.as_str())
        .filter(|name| taken.contains(*name))
        .map(str::to_owned)
        .collect();
    Ok(placement)
}

/// By preference, at last by name. Without a preference, a spread or a count nothing has to be ordered.
fn ranked<'e>(
    world: &World,
    name: &str,
    selection: &Selection,
    fits: &[&'e Element],
) -> Result<Vec<&'e Element>, EvalError> {
    if selection.prefer.is_empty() && selection.spread.is_none() && selection.count.is_none() {
        return Ok(fits.to_vec());
    }
    let mut ranked: Vec<(Vec<Option<Value>>, &Element)> = Vec::with_capacity(fits.len());
    for element in fits {
        let mut keys = Vec::with_capacity(selection.prefer.len());
        for (at, preference) in selection.prefer.iter().enumerate() {
            let key = fact(world, name, element, &preference.by)?;
            // What has no order is a mistake, told before anything is sorted.
            let known = ranked.iter().find_map(|(keys, _)| keys.get(at)?.as_ref());
            if let (Some(known), Some(key)) = (known, &key) {
                bp_eval::compare(known, key).map_err(|e| {
                    error(e.kind, format!("`{}` of `{}`: {e}", preference.text, element.name))
                })?;
            }
            keys.push(key);
        }
        ranked.push((keys, element));
    }
    ranked.sort_by(|(a, first), (b, second)| {
        let keys = selection.prefer.iter().zip(a.iter().zip(b));
        keys.map(|(preference, (a, b))| order(preference.rank, a.as_ref(), b.as_ref()))
            .find(|order| *order != Ordering::Equal)
            .unwrap_or_else(|| first.name.cmp(&second.name))
    });
    Ok(ranked.into_iter().map(|(_, element)| element).collect())
}

/// Those that have no such fact come last.
fn order(rank: Rank, a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => {
            let order = bp_eval::compare(a, b).unwrap_or(Ordering::Equal);
            if rank == Rank::Most { order.reverse() } else { order }
        }
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

/// How many are taken at most: `count`, or the cardinality's most where there is a preference.
fn limit(world: &World, selection: &Selection) -> Result<Option<u64>, EvalError> {
    match &selection.count {
        Some(count) => number(world, count).map(Some),
        None if selection.prefer.is_empty() => Ok(None),
        None => Ok(selection.cardinality.1),
    }
}

fn number(world: &World, expr: &Expr) -> Result<u64, EvalError> {
    match bp_eval::evaluate(expr, &world.outside()).and_then(known)? {
        Value::Int(number) => u64::try_from(number).map_err(|_| {
            error(ErrorKind::BadArgument, format!("{number} can't be a number of elements"))
        }),
        _ => Err(error(ErrorKind::WrongType, "a number of elements is a whole number")),
    }
}

/// A fact of a candidate; none where it is not known.
fn fact(
    world: &World,
    selection: &str,
    element: &Element,
    expr: &Expr,
) -> Result<Option<Value>, EvalError> {
    let this = element_reference(selection, &element.name);
    match bp_eval::evaluate(expr, &Site::new(world, Some(this))) {
        Ok(Outcome::Value(Value::Null)) => Ok(None),
        Ok(outcome) => known(outcome).map(Some),
        Err(error) if error.is_missing_fact() => Ok(None),
        Err(error) => Err(error),
    }
}
