//! Values as plain JSON, the way providers and outputs see them, and back.
//!
//! This is not the plan's own form of values (which keeps every type apart): quantities, versions and
//! timestamps are texts here.

use std::collections::BTreeMap;

use bp_plan::Value;
use serde_json::{Map, Number, Value as Json};

use crate::typed::ValueError;

/// The value as plain JSON. A reference has no form there: it is refused with its path.
pub fn to_json(value: &Value) -> Result<Json, ValueError> {
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(i) => Json::Number((*i).into()),
        Value::Float(x) => Json::Number(
            Number::from_f64(*x).ok_or_else(|| ValueError::new("expected a finite number"))?,
        ),
        Value::String(text) | Value::Version(text) | Value::Timestamp(text) => {
            Json::String(text.clone())
        }
        Value::Quantity(quantity) => Json::String(quantity.to_string()),
        Value::Range(from, to) => Json::String(format!("{from}..{to}")),
        Value::List(items) => Json::Array(
            items
                .iter()
                .enumerate()
                .map(|(i, item)| to_json(item).map_err(|e| e.at_index(i)))
                .collect::<Result<_, _>>()?,
        ),
        Value::Map(entries) => Json::Object(
            entries
                .iter()
                .map(|(key, value)| Ok((key.clone(), to_json(value).map_err(|e| e.at_key(key))?)))
                .collect::<Result<Map<_, _>, ValueError>>()?,
        ),
        Value::File(file) => {
            let mut object = Map::new();
            object.insert("path".into(), Json::String(file.path.clone()));
            object.insert("digest".into(), Json::String(file.digest.to_string()));
            Json::Object(object)
        }
        Value::Reference(_) => {
            return Err(ValueError::new(format!(
                "{} is a reference and has no form as data: take a field of it",
                crate::text::described(value)
            )));
        }
    })
}

/// The value that JSON is by itself, without a type to say more.
pub(crate) fn untyped(json: Json) -> Result<Value, ValueError> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(b),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(i), _) => Value::Int(i),
            (None, Some(x)) if number.is_f64() && x.is_finite() => Value::Float(x),
            _ => return Err(ValueError::new(format!("{number} is past 64 bits"))),
        },
        Json::String(text) => Value::String(text),
        Json::Array(items) => Value::List(
            items
                .into_iter()
                .enumerate()
                .map(|(i, item)| untyped(item).map_err(|e| e.at_index(i)))
                .collect::<Result<_, _>>()?,
        ),
        Json::Object(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    let value = untyped(value).map_err(|e| e.at_key(&key))?;
                    Ok((key, value))
                })
                .collect::<Result<BTreeMap<_, _>, ValueError>>()?,
        ),
    })
}
