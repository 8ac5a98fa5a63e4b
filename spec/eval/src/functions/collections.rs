//! Functions of lists and maps.

use std::collections::BTreeMap;

use bp_plan::Value;

use super::{Function, at, expected, int, items, map};
use crate::EvalError;
use crate::access::{elements, length};
use crate::binder::{sort, unique};
use crate::budget::check_elements;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "length",
        least: 1,
        most: Some(1),
        signature: "length(x: string | list<T> | map<T> | range) -> int",
        documentation: "How many characters a text, how many elements a collection has.",
        example: r#"length("äb") == 2 and length([1, 2]) == 2"#,
        run: |a| match at(a, 0)? {
            Value::String(text) => counted(text.chars().count()),
            other => counted(length(other)?),
        },
    },
    Function {
        name: "count",
        least: 1,
        most: Some(1),
        signature: "count(xs: list<T> | map<T> | range) -> int",
        documentation: "How many elements a collection has.",
        example: "count([1, 2]) == 2",
        run: |a| counted(length(at(a, 0)?)?),
    },
    Function {
        name: "keys",
        least: 1,
        most: Some(1),
        signature: "keys(m: map<T>) -> list<string>",
        documentation: "The keys of a map, in order.",
        example: r#"keys({ b = 1, a = 2 }) == ["a", "b"]"#,
        run: |a| Ok(Value::List(map(a, 0)?.keys().cloned().map(Value::String).collect())),
    },
    Function {
        name: "values",
        least: 1,
        most: Some(1),
        signature: "values(m: map<T>) -> list<T>",
        documentation: "The values of a map, in the order of their keys.",
        example: "values({ b = 1, a = 2 }) == [2, 1]",
        run: |a| map(a, 0).and_then(|_| items(a, 0)).map(Value::List),
    },
    Function {
        name: "entries",
        least: 1,
        most: Some(1),
        signature: "entries(m: map<T>) -> list<{ key: string, value: T }>",
        documentation: "The keys of a map with their values, in order.",
        example: "entries({ a = 1 })[0].value == 1",
        run: |a| {
            let entries = elements(Value::Map(map(a, 0)?.clone()))?;
            Ok(Value::List(
                entries.into_iter().map(|(k, v)| record([("key", k), ("value", v)])).collect(),
            ))
        },
    },
    Function {
        name: "zip",
        least: 2,
        most: Some(2),
        signature: "zip(a: list<A>, b: list<B>) -> list<{ first: A, second: B }>",
        documentation: "The elements of two lists of the same length, pair by pair.",
        example: r#"zip([1], ["x"])[0].second == "x""#,
        run: zip,
    },
    Function {
        name: "flatten",
        least: 1,
        most: Some(1),
        signature: "flatten(xs: list<list<T>>) -> list<T>",
        documentation: "The elements of the lists in a list, one after the other.",
        example: "flatten([[1], [2, 3]]) == [1, 2, 3]",
        run: flatten,
    },
    Function {
        name: "range",
        least: 2,
        most: Some(3),
        signature: "range(from: int, to: int, step: int = 1) -> list<int>",
        documentation: "The whole numbers from one to another, both included, as a list.",
        example: "range(1, 5, 2) == [1, 3, 5]",
        run: range,
    },
    Function {
        name: "merge",
        least: 1,
        most: None,
        signature: "merge(a: map<T>, b: map<T>, …) -> map<T>",
        documentation: "Maps joined, also those inside of them; for all else the later value wins.",
        example: "merge({ a = { b = 1 } }, { a = { c = 2 } }) == { a = { b = 1, c = 2 } }",
        run: |a| {
            let mut whole = BTreeMap::new();
            for position in 0..a.len() {
                merge(&mut whole, map(a, position)?);
            }
            Ok(Value::Map(whole))
        },
    },
    Function {
        name: "sort",
        least: 1,
        most: Some(1),
        signature: "sort(xs: list<T>) -> list<T>",
        documentation: "The elements in order.",
        example: "sort([2, 3, 1]) == [1, 2, 3]",
        run: |a| sort(items(a, 0)?.into_iter().map(|x| (x.clone(), x)).collect()),
    },
    Function {
        name: "unique",
        least: 1,
        most: Some(1),
        signature: "unique(xs: list<T>) -> list<T>",
        documentation: "The elements without those that equal an earlier one.",
        example: "unique([2, 1, 2]) == [2, 1]",
        run: |a| Ok(Value::List(unique(items(a, 0)?.into_iter().map(|x| (x.clone(), x))))),
    },
];

fn counted(count: usize) -> Result<Value, EvalError> {
    i64::try_from(count)
        .map(Value::Int)
        .map_err(|_| EvalError::new(crate::ErrorKind::Overflow, "the count is past 64 bits"))
}

fn record<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Map(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn zip(arguments: &[Value]) -> Result<Value, EvalError> {
    let (first, second) = (items(arguments, 0)?, items(arguments, 1)?);
    if first.len() != second.len() {
        return Err(EvalError::bad_argument(format!(
            "the lists have {} and {} elements, and need as many",
            first.len(),
            second.len()
        )));
    }
    let pairs = first.into_iter().zip(second);
    Ok(Value::List(pairs.map(|(a, b)| record([("first", a), ("second", b)])).collect()))
}

fn flatten(arguments: &[Value]) -> Result<Value, EvalError> {
    let mut out = Vec::new();
    for item in items(arguments, 0)? {
        match item {
            Value::List(inner) => out.extend(inner),
            Value::Range(..) => out.extend(elements(item)?.into_iter().map(|(_, value)| value)),
            other => return Err(expected("a list of lists", &other)),
        }
        check_elements(out.len())?;
    }
    Ok(Value::List(out))
}

fn range(arguments: &[Value]) -> Result<Value, EvalError> {
    let (from, to) = (int(arguments, 0)?, int(arguments, 1)?);
    let step = if arguments.len() > 2 { int(arguments, 2)? } else { 1 };
    if step == 0 {
        return Err(EvalError::bad_argument("the step is 0"));
    }
    let span = (i128::from(to) - i128::from(from)) / i128::from(step);
    check_elements(usize::try_from(span + 1).unwrap_or(if span < 0 { 0 } else { usize::MAX }))?;
    let mut out = Vec::new();
    let mut next = Some(from);
    while let Some(number) = next {
        if (step > 0 && number > to) || (step < 0 && number < to) {
            break;
        }
        out.push(Value::Int(number));
        next = number.checked_add(step);
    }
    Ok(Value::List(out))
}

fn merge(into: &mut BTreeMap<String, Value>, from: &BTreeMap<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(key), value) {
            (Some(Value::Map(inner)), Value::Map(more)) => merge(inner, more),
            _ => drop(into.insert(key.clone(), value.clone())),
        }
    }
}
