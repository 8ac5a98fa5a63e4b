//! What the operators do to values that are known: arithmetic, comparison, membership.

use std::cmp::Ordering;

use bp_plan::{BinaryOp, Dimension, Quantity, Value};

use crate::text::described;
use crate::version::compare_versions;
use crate::{ErrorKind, EvalError};

/// One of the operators that need both sides.
pub(crate) fn apply(op: BinaryOp, left: &Value, right: &Value) -> Result<Value, EvalError> {
    match op {
        BinaryOp::Add | BinaryOp::Subtract => sum(op, left, right),
        BinaryOp::Multiply => multiply(left, right),
        BinaryOp::Divide => divide(left, right),
        BinaryOp::Range => match (left, right) {
            (Value::Int(from), Value::Int(to)) => Ok(Value::Range(*from, *to)),
            _ => Err(unfit(op, left, right)),
        },
        BinaryOp::Equal => Ok(Value::Bool(equal(left, right))),
        BinaryOp::NotEqual => Ok(Value::Bool(!equal(left, right))),
        BinaryOp::Less => Ok(Value::Bool(compare(left, right)?.is_lt())),
        BinaryOp::LessOrEqual => Ok(Value::Bool(compare(left, right)?.is_le())),
        BinaryOp::Greater => Ok(Value::Bool(compare(left, right)?.is_gt())),
        BinaryOp::GreaterOrEqual => Ok(Value::Bool(compare(left, right)?.is_ge())),
        BinaryOp::In => Ok(Value::Bool(contains(right, left)?)),
        BinaryOp::NotIn => Ok(Value::Bool(!contains(right, left)?)),
        BinaryOp::Coalesce | BinaryOp::And | BinaryOp::Or => Err(unfit(op, left, right)),
    }
}

fn unfit(op: BinaryOp, left: &Value, right: &Value) -> EvalError {
    EvalError::wrong_type(format!(
        "`{}` does not go with {} and {}",
        op.symbol(),
        described(left),
        described(right)
    ))
}

fn overflow(what: &str) -> EvalError {
    EvalError::new(ErrorKind::Overflow, format!("{what} is past 64 bits"))
}

/// `x`, where it is a number at all.
pub(crate) fn finite(x: f64, what: &str) -> Result<Value, EvalError> {
    if x.is_finite() {
        // Adding 0 makes -0.0 the 0.0 that it equals.
        Ok(Value::Float(x + 0.0))
    } else {
        Err(EvalError::new(ErrorKind::Overflow, format!("{what} is no finite number")))
    }
}

/// An int or a float, as a float.
#[expect(clippy::cast_precision_loss, reason = "an int widens to the nearest float")]
pub(crate) fn as_float(value: &Value) -> Option<f64> {
    match value {
        Value::Int(i) => Some(*i as f64),
        Value::Float(x) => Some(*x),
        _ => None,
    }
}

/// `left + right` or `left - right`.
pub(crate) fn sum(op: BinaryOp, left: &Value, right: &Value) -> Result<Value, EvalError> {
    let minus = op == BinaryOp::Subtract;
    let whole = |a: i64, b: i64| if minus { a.checked_sub(b) } else { a.checked_add(b) };
    let what = || format!("{} {} {}", described(left), op.symbol(), described(right));
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => {
            whole(*a, *b).map(Value::Int).ok_or_else(|| overflow(&what()))
        }
        (Value::Quantity(a), Value::Quantity(b)) if a.dimension == b.dimension => {
            whole(a.amount, b.amount)
                .map(|amount| Value::Quantity(Quantity::new(a.dimension, amount)))
                .ok_or_else(|| overflow(&what()))
        }
        _ => match (as_float(left), as_float(right)) {
            (Some(a), Some(b)) => finite(if minus { a - b } else { a + b }, &what()),
            _ if op == BinaryOp::Add && matches!(left, Value::String(_)) => {
                Err(EvalError::wrong_type(format!(
                    "there is no `+` for strings: write \"${{a}}${{b}}\" to join {} and {}",
                    described(left),
                    described(right)
                )))
            }
            _ if op == BinaryOp::Add && matches!(left, Value::List(_)) => {
                Err(EvalError::wrong_type("there is no `+` for lists: write [...a, ...b]"))
            }
            _ => Err(unfit(op, left, right)),
        },
    }
}

fn multiply(left: &Value, right: &Value) -> Result<Value, EvalError> {
    let what = || format!("{} * {}", described(left), described(right));
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => {
            a.checked_mul(*b).map(Value::Int).ok_or_else(|| overflow(&what()))
        }
        (Value::Quantity(q), number) | (number, Value::Quantity(q))
            if as_float(number).is_some() =>
        {
            if q.dimension == Dimension::Percent {
                // A percentage of a number is a number.
                let share = fraction(*q) * as_float(number).unwrap_or_default();
                return finite(share, &what());
            }
            match number {
                Value::Int(times) => q
                    .amount
                    .checked_mul(*times)
                    .map(|amount| Value::Quantity(Quantity::new(q.dimension, amount)))
                    .ok_or_else(|| overflow(&what())),
                _ => scaled(*q, as_float(number).unwrap_or_default(), &what()),
            }
        }
        _ => match (as_float(left), as_float(right)) {
            (Some(a), Some(b)) => finite(a * b, &what()),
            _ => Err(unfit(BinaryOp::Multiply, left, right)),
        },
    }
}

#[expect(clippy::cast_precision_loss, reason = "quotients of quantities are floats")]
fn divide(left: &Value, right: &Value) -> Result<Value, EvalError> {
    let what = || format!("{} / {}", described(left), described(right));
    let by_zero = || EvalError::new(ErrorKind::DivisionByZero, format!("{} divides by 0", what()));
    match (left, right) {
        (Value::Quantity(a), Value::Quantity(b)) if a.dimension == b.dimension => {
            if b.amount == 0 {
                return Err(by_zero());
            }
            finite(a.amount as f64 / b.amount as f64, &what())
        }
        (Value::Quantity(q), number) if as_float(number).is_some() => {
            let by = as_float(number).unwrap_or_default();
            if by == 0.0 {
                return Err(by_zero());
            }
            scaled(*q, 1.0 / by, &what())
        }
        _ => match (as_float(left), as_float(right)) {
            (Some(_), Some(0.0)) => Err(by_zero()),
            (Some(a), Some(b)) => finite(a / b, &what()),
            _ => Err(unfit(BinaryOp::Divide, left, right)),
        },
    }
}

/// A percentage as the number that it stands for: 10% is 0.1.
#[expect(clippy::cast_precision_loss, reason = "a share is a float")]
fn fraction(percent: Quantity) -> f64 {
    percent.amount as f64 / 100_000_000.0
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "rounded to the smallest unit, and checked against 64 bits"
)]
fn scaled(q: Quantity, times: f64, what: &str) -> Result<Value, EvalError> {
    let amount = (q.amount as f64 * times).round();
    if amount.is_finite() && amount.abs() < i64::MAX as f64 {
        Ok(Value::Quantity(Quantity::new(q.dimension, amount as i64)))
    } else {
        Err(overflow(what))
    }
}

/// `-value`.
pub(crate) fn negate(value: &Value) -> Result<Value, EvalError> {
    let past = || overflow(&format!("-({})", described(value)));
    match value {
        Value::Int(i) => i.checked_neg().map(Value::Int).ok_or_else(past),
        Value::Float(x) => Ok(Value::Float(0.0 - x)),
        Value::Quantity(q) => q
            .amount
            .checked_neg()
            .map(|amount| Value::Quantity(Quantity::new(q.dimension, amount)))
            .ok_or_else(past),
        _ => Err(EvalError::wrong_type(format!(
            "expected a number after `-`, found {}",
            described(value)
        ))),
    }
}

/// An int against a float, exactly.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked before the cast")]
fn compare_mixed(i: i64, x: f64) -> Ordering {
    if x >= 9_223_372_036_854_775_808.0 {
        Ordering::Less
    } else if x < -9_223_372_036_854_775_808.0 {
        Ordering::Greater
    } else {
        let whole = x.floor();
        i.cmp(&(whole as i64))
            .then_with(|| if x > whole { Ordering::Less } else { Ordering::Equal })
    }
}

/// Which of two values comes first: numbers of either kind, quantities of one dimension, texts,
/// versions, timestamps, truth values.
pub fn compare(left: &Value, right: &Value) -> Result<Ordering, EvalError> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => Ok(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => Ok(a.partial_cmp(b).unwrap_or(Ordering::Equal)),
        (Value::Int(a), Value::Float(b)) => Ok(compare_mixed(*a, *b)),
        (Value::Float(a), Value::Int(b)) => Ok(compare_mixed(*b, *a).reverse()),
        (Value::String(a), Value::String(b)) => Ok(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Ok(a.cmp(b)),
        (Value::Quantity(a), Value::Quantity(b)) if a.dimension == b.dimension => {
            Ok(a.amount.cmp(&b.amount))
        }
        (Value::Version(a), Value::Version(b) | Value::String(b))
        | (Value::String(a), Value::Version(b)) => compare_versions(a, b),
        (Value::Timestamp(a), Value::Timestamp(b) | Value::String(b))
        | (Value::String(a), Value::Timestamp(b)) => {
            Ok(crate::timestamp::instant(a)?.cmp(&crate::timestamp::instant(b)?))
        }
        _ => {
            let kind = match (left, right) {
                (Value::Null, _) | (_, Value::Null) => ErrorKind::NotSet,
                _ => ErrorKind::WrongType,
            };
            let (left, right) = (described(left), described(right));
            Err(EvalError::new(kind, format!("{left} and {right} have no order")))
        }
    }
}

/// Whether two values are the same: numbers of either kind by what they count, versions by their
/// order, lists and maps by their parts; values of different types never are.
pub fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((ka, a), (kb, b))| ka == kb && equal(a, b))
        }
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_))
        | (Value::Version(_), Value::Version(_) | Value::String(_))
        | (Value::String(_), Value::Version(_) | Value::Timestamp(_))
        | (Value::Timestamp(_), Value::Timestamp(_) | Value::String(_)) => {
            compare(left, right).is_ok_and(Ordering::is_eq) || left == right
        }
        _ => left == right,
    }
}

/// Whether `value` is in `collection`: an element of a list, a number of a range, a key of a map,
/// an instance of a keyed collection.
pub(crate) fn contains(collection: &Value, value: &Value) -> Result<bool, EvalError> {
    match (collection, value) {
        (Value::List(items), _) => Ok(items.iter().any(|item| equal(item, value))),
        (Value::Range(from, to), Value::Int(_) | Value::Float(_)) => {
            Ok(compare(value, &Value::Int(*from))?.is_ge()
                && compare(value, &Value::Int(*to))?.is_le())
        }
        (Value::Map(entries), Value::String(key)) => Ok(entries.contains_key(key)),
        (Value::Map(entries), Value::Reference(_)) => Ok(entries.values().any(|v| v == value)),
        (Value::Map(entries), Value::Int(key)) => Ok(entries.contains_key(&key.to_string())),
        _ => Err(EvalError::wrong_type(format!(
            "expected a list, a range or a map after `in`, found {} (to look for {})",
            described(collection),
            described(value)
        ))),
    }
}
