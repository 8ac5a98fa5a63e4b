//! Functions of numbers and versions.

use bp_plan::{Quantity, Value};

use super::{Function, at, expected, int, items};
use crate::binder::{extreme, sum};
use crate::operators::finite;
use crate::text::{float_text, shorten};
use crate::{ErrorKind, EvalError, parse_version};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "int",
        least: 1,
        most: Some(1),
        signature: "int(x: int | float | string) -> int",
        documentation: "The whole number that a text or a float without fraction stands for.",
        example: r#"int("42") == 42 and int(3.0) == 3"#,
        run: |a| whole(at(a, 0)?).map(Value::Int),
    },
    Function {
        name: "float",
        least: 1,
        most: Some(1),
        signature: "float(x: int | float | string | percent) -> float",
        documentation: "The number as a float; a percentage as the share that it is.",
        example: r#"float("2.5") == 2.5 and float(25%) == 0.25"#,
        run: |a| float(at(a, 0)?),
    },
    Function {
        name: "round",
        least: 1,
        most: Some(1),
        signature: "round(x: float) -> int",
        documentation: "The nearest whole number; halves go away from 0.",
        example: "round(2.5) == 3",
        run: |a| match at(a, 0)? {
            Value::Int(i) => Ok(Value::Int(*i)),
            Value::Float(x) => whole(&Value::Float(x.round())).map(Value::Int),
            other => Err(expected("a number", other)),
        },
    },
    Function {
        name: "abs",
        least: 1,
        most: Some(1),
        signature: "abs(x: T) -> T",
        documentation: "The number or quantity without its sign.",
        example: "abs(-3) == 3",
        run: |a| absolute(at(a, 0)?),
    },
    Function {
        name: "mod",
        least: 2,
        most: Some(2),
        signature: "mod(a: int, b: int) -> int",
        documentation: "What is left of `a` after `div(a, b)` times `b`; never negative.",
        example: "mod(10, 3) == 1 and mod(-1, 3) == 2",
        run: |a| divided(a, i64::checked_rem_euclid),
    },
    Function {
        name: "div",
        least: 2,
        most: Some(2),
        signature: "div(a: int, b: int) -> int",
        documentation: "How many whole times `b` goes into `a`, so that `mod(a, b)` is left.",
        example: "div(10, 3) == 3 and div(-1, 3) == -1",
        run: |a| divided(a, i64::checked_div_euclid),
    },
    Function {
        name: "sum",
        least: 1,
        most: Some(1),
        signature: "sum(xs: list<T>) -> T",
        documentation: "The sum of numbers or of quantities of one dimension; of nothing it is 0.",
        example: "sum([1, 2, 3]) == 6",
        run: |a| sum(items(a, 0)?.into_iter()),
    },
    Function {
        name: "min",
        least: 1,
        most: None,
        signature: "min(xs: list<T>) -> T or min(a: T, b: T, …) -> T",
        documentation: "The least of a list or of the arguments; an error where there is none.",
        example: "min([2, 1, 3]) == 1 and min(2, 1) == 1",
        run: |a| extreme(listed(a)?.into_iter(), "min"),
    },
    Function {
        name: "max",
        least: 1,
        most: None,
        signature: "max(xs: list<T>) -> T or max(a: T, b: T, …) -> T",
        documentation: "The greatest of a list or of the arguments; an error where there is none.",
        example: "max([2, 1, 3]) == 3 and max(2, 1) == 2",
        run: |a| extreme(listed(a)?.into_iter(), "max"),
    },
    Function {
        name: "version",
        least: 1,
        most: Some(1),
        signature: "version(text: string) -> version",
        documentation: "The version that a text stands for; minor and patch may be left out.",
        example: r#"version("1.9") < version("1.27")"#,
        run: |a| {
            let (Value::Version(version) | Value::String(version)) = at(a, 0)? else {
                return Err(expected("a string", at(a, 0)?));
            };
            parse_version(version)?;
            Ok(Value::Version(version.clone()))
        },
    },
];

fn listed(arguments: &[Value]) -> Result<Vec<Value>, EvalError> {
    match arguments {
        [Value::List(_) | Value::Range(..) | Value::Map(_)] => items(arguments, 0),
        _ => Ok(arguments.to_vec()),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked before the cast")]
fn whole(value: &Value) -> Result<i64, EvalError> {
    let past = |what: &str| {
        EvalError::new(ErrorKind::Overflow, format!("{} is past 64 bits", shorten(what)))
    };
    match value {
        Value::Int(i) => Ok(*i),
        Value::Float(x) if x.fract() != 0.0 => Err(EvalError::bad_argument(format!(
            "{} has a fraction: write round({0}) for the nearest whole number",
            float_text(*x)
        ))),
        Value::Float(x) if x.abs() < 9_223_372_036_854_775_808.0 => Ok(*x as i64),
        Value::Float(x) => Err(past(&float_text(*x))),
        Value::String(text) => text.trim().parse().map_err(|error: std::num::ParseIntError| {
            use std::num::IntErrorKind::{NegOverflow, PosOverflow};
            match error.kind() {
                PosOverflow | NegOverflow => past(text),
                _ => EvalError::bad_argument(format!("\"{}\" is no whole number", shorten(text))),
            }
        }),
        other => Err(expected("a number or a string", other)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "an int widens to the nearest float")]
fn float(value: &Value) -> Result<Value, EvalError> {
    match value {
        Value::Int(i) => Ok(Value::Float(*i as f64)),
        Value::Float(x) => Ok(Value::Float(*x)),
        Value::Quantity(q) if q.dimension == bp_plan::Dimension::Percent => {
            Ok(Value::Float(q.amount as f64 / 100_000_000.0))
        }
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(x) if text.contains(|c: char| c.is_ascii_digit()) => finite(x, text),
            _ => Err(EvalError::bad_argument(format!("\"{}\" is no number", shorten(text)))),
        },
        other => Err(expected("a number, a percentage or a string", other)),
    }
}

fn absolute(value: &Value) -> Result<Value, EvalError> {
    let past = || EvalError::new(ErrorKind::Overflow, "the result is past 64 bits");
    match value {
        Value::Int(i) => i.checked_abs().map(Value::Int).ok_or_else(past),
        Value::Float(x) => Ok(Value::Float(x.abs())),
        Value::Quantity(q) => q
            .amount
            .checked_abs()
            .map(|amount| Value::Quantity(Quantity::new(q.dimension, amount)))
            .ok_or_else(past),
        other => Err(expected("a number or a quantity", other)),
    }
}

fn divided(arguments: &[Value], divide: fn(i64, i64) -> Option<i64>) -> Result<Value, EvalError> {
    let (a, b) = (int(arguments, 0)?, int(arguments, 1)?);
    if b == 0 {
        return Err(EvalError::new(ErrorKind::DivisionByZero, format!("{a} is divided by 0")));
    }
    divide(a, b)
        .map(Value::Int)
        .ok_or_else(|| EvalError::new(ErrorKind::Overflow, "the result is past 64 bits"))
}
