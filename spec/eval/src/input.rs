//! Inputs as people give them on a command line: `replicas=3`.

use bp_plan::{Type, Value};

use crate::typed::{DataTypes, ValueError, conform, from_json};

/// `name=text`, taken apart.
pub fn split_input(argument: &str) -> Result<(&str, &str), ValueError> {
    match argument.split_once('=') {
        Some((name, text)) if !name.trim().is_empty() => Ok((name.trim(), text)),
        _ => Err(ValueError::new(format!(
            "expected NAME=VALUE, found `{}`",
            crate::text::shorten(argument)
        ))),
    }
}

/// The value that a text stands for, by the type of the input: a string is itself, scalars are as
/// the language writes them, lists, maps and records are JSON; `null` leaves an optional one unset.
pub fn parse_input(text: &str, kind: &Type, data_types: &DataTypes) -> Result<Value, ValueError> {
    match kind {
        Type::Optional(_) if text == "null" => Ok(Value::Null),
        Type::Optional(of) | Type::Secret(of) => parse_input(text, of, data_types),
        Type::Union(members) => members
            .iter()
            .find_map(|member| parse_input(text, member, data_types).ok())
            .ok_or_else(|| expected(kind, text)),
        Type::Bool | Type::Int | Type::Float | Type::Null => scalar(text, kind),
        Type::Data(name) => match data_types.get(name).and_then(|data| data.alias.as_ref()) {
            Some(alias) => conform(parse_input(text, alias, data_types)?, kind, data_types),
            None => data(text, kind, data_types),
        },
        Type::List(_) | Type::Map(_) | Type::Record(_) | Type::Json | Type::Unknown => {
            data(text, kind, data_types)
        }
        _ => conform(Value::String(text.to_owned()), kind, data_types),
    }
}

fn expected(kind: &Type, text: &str) -> ValueError {
    ValueError::new(format!("expected {kind}, found `{}`", crate::text::shorten(text)))
}

fn scalar(text: &str, kind: &Type) -> Result<Value, ValueError> {
    let bare = text.trim().replace('_', "");
    let value = match kind {
        Type::Bool => bare.parse().ok().map(Value::Bool),
        Type::Int => match bare.parse::<i64>() {
            Ok(i) => Some(Value::Int(i)),
            Err(error) => {
                use std::num::IntErrorKind::{NegOverflow, PosOverflow};
                if matches!(error.kind(), PosOverflow | NegOverflow) {
                    return Err(ValueError::new(format!(
                        "{} is past 64 bits",
                        crate::text::shorten(text)
                    )));
                }
                None
            }
        },
        Type::Float => bare
            .parse::<f64>()
            .ok()
            .filter(|x| x.is_finite() && bare.contains(|c: char| c.is_ascii_digit()))
            .map(Value::Float),
        _ => (bare == "null").then_some(Value::Null),
    };
    value.ok_or_else(|| expected(kind, text))
}

fn data(text: &str, kind: &Type, data_types: &DataTypes) -> Result<Value, ValueError> {
    let json = serde_json::from_str(text).map_err(|error| {
        ValueError::new(format!(
            "expected {kind}, written as JSON, found `{}` ({error})",
            crate::text::shorten(text)
        ))
    })?;
    from_json(json, kind, data_types)
}
