//! Reading parts of values: fields, keys, elements.

use std::collections::BTreeMap;

use bp_plan::{Reference, Value};

use crate::budget::check_elements;
use crate::text::{described, named};
use crate::{ErrorKind, EvalError};

/// `of.name` of a value whose fields are its own.
pub(crate) fn field(of: &Value, name: &str, safe: bool) -> Result<Value, EvalError> {
    match of {
        Value::Map(entries) => match entries.get(name) {
            Some(value) => Ok(value.clone()),
            None if safe => Ok(Value::Null),
            None => Err(missing_key(entries, name)),
        },
        Value::Null if safe => Ok(Value::Null),
        Value::Null => Err(EvalError::wrong_type(format!(
            "`.{name}` of null: write `?.{name}` where it may be unset"
        ))),
        _ => Err(missing_field(of, name)),
    }
}

/// There is no such field.
pub(crate) fn missing_field(of: &Value, name: &str) -> EvalError {
    let kind = match of {
        Value::Reference(_) => ErrorKind::MissingKey,
        _ => ErrorKind::WrongType,
    };
    EvalError::new(kind, format!("{} has no field `{name}`", described(of)))
}

fn missing_key(entries: &BTreeMap<String, Value>, key: &str) -> EvalError {
    let there = if entries.is_empty() {
        "it is empty".to_owned()
    } else {
        format!("there is {}", named(entries.keys()))
    };
    EvalError::new(
        ErrorKind::MissingKey,
        format!("there is no key `{}`: {there}", crate::text::shorten(key)),
    )
}

/// `of[key]`.
pub(crate) fn index(of: &Value, key: &Value, safe: bool) -> Result<Value, EvalError> {
    match (of, key) {
        (Value::Null, _) if safe => Ok(Value::Null),
        (Value::Null, _) => Err(EvalError::wrong_type(format!(
            "null has no element {}: write `?[…]` where it may be unset",
            described(key)
        ))),
        (Value::List(items), Value::Int(i)) => {
            match usize::try_from(*i).ok().and_then(|i| items.get(i)) {
                Some(value) => Ok(value.clone()),
                None if safe => Ok(Value::Null),
                None => Err(outside(*i, items.len())),
            }
        }
        (Value::Range(from, to), Value::Int(i)) => {
            let at = from.checked_add(*i).filter(|at| *i >= 0 && at <= to);
            match at {
                Some(at) => Ok(Value::Int(at)),
                None if safe => Ok(Value::Null),
                None => Err(outside(*i, length(of)?)),
            }
        }
        (Value::Map(entries), _) => {
            let name = key_text(key)?;
            match entries.get(&name) {
                Some(value) => Ok(value.clone()),
                None if safe => Ok(Value::Null),
                None => Err(missing_key(entries, &name)),
            }
        }
        _ => Err(EvalError::wrong_type(format!(
            "{} can't be indexed by {}",
            described(of),
            described(key)
        ))),
    }
}

fn outside(i: i64, length: usize) -> EvalError {
    EvalError::new(
        ErrorKind::MissingKey,
        format!("there is no element {i}: the list has {length}, counted from 0"),
    )
}

/// The key that a value stands for: a string itself, a whole number's text, an element's name, an
/// instance's key.
pub(crate) fn key_text(key: &Value) -> Result<String, EvalError> {
    match key {
        Value::String(text) => Ok(text.clone()),
        Value::Int(i) => Ok(i.to_string()),
        Value::Reference(
            Reference::Element { name, .. } | Reference::Node { key: Some(name), .. },
        ) => Ok(name.clone()),
        other => Err(EvalError::wrong_type(format!(
            "expected a string, a whole number or an element of a selection as key, found {}",
            described(other)
        ))),
    }
}

/// How many elements a collection has.
pub(crate) fn length(of: &Value) -> Result<usize, EvalError> {
    match of {
        Value::List(items) => Ok(items.len()),
        Value::Map(entries) => Ok(entries.len()),
        Value::Range(from, to) => {
            let length = (i128::from(*to) - i128::from(*from) + 1).max(0);
            Ok(usize::try_from(length).unwrap_or(usize::MAX))
        }
        other => Err(no_collection(other)),
    }
}

fn no_collection(value: &Value) -> EvalError {
    EvalError::wrong_type(format!(
        "expected a list, a range, a map or a collection of nodes, found {}",
        described(value)
    ))
}

/// The elements in order, each with its key: the index of a list's, the key of a map's. A keyed
/// collection over whole numbers is in the order of the numbers.
pub fn elements(of: Value) -> Result<Vec<(Value, Value)>, EvalError> {
    check_elements(length(&of)?)?;
    Ok(match of {
        Value::List(items) => (0..).map(Value::Int).zip(items).collect(),
        Value::Range(from, to) => (0..).map(Value::Int).zip((from..=to).map(Value::Int)).collect(),
        Value::Map(entries) => match numbered(&entries) {
            Some(order) => {
                let mut entries = entries;
                order
                    .into_iter()
                    .filter_map(|(_, key)| entries.remove_entry(&key))
                    .map(|(key, value)| (Value::String(key), value))
                    .collect()
            }
            None => entries.into_iter().map(|(key, value)| (Value::String(key), value)).collect(),
        },
        other => return Err(no_collection(&other)),
    })
}

/// For a collection of instances that are all keyed by whole numbers: the keys as numbers sort.
fn numbered(entries: &BTreeMap<String, Value>) -> Option<Vec<(i64, String)>> {
    let mut order = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let number: i64 = key.parse().ok()?;
        if !matches!(value, Value::Reference(_)) || number.to_string() != *key {
            return None;
        }
        order.push((number, key.clone()));
    }
    order.sort_unstable();
    Some(order)
}
