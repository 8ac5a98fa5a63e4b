//! Values that a fix writes where one is missing: of the type, and such that every `where` holds.
//!
//! Where no such value is found there is none, and no fix: what is offered must be accepted.

use std::cell::Cell;
use std::collections::BTreeMap;

use bp_eval::{Nowhere, Verdict, check_constraint, conform};
use bp_plan::{Constraint, Dimension, Expr, PropertyType, Quantity, Type, Value};

use super::expr::data_types;
use super::program::Program;

/// Records in records are written out so deep.
const MOST_DEPTH: usize = 4;
/// How many values are tried for one `where`.
const MOST_TRIED: usize = 64;
/// How many parts are looked for in one value: records of many records end here.
const MOST_PARTS: usize = 200;

/// A value for a property, as the language writes it.
pub(crate) fn placeholder(program: &Program<'_>, property: &PropertyType) -> Option<String> {
    let search = Search { program, parts: Cell::new(0) };
    search.value(&property.kind, &property.constraints, 0).map(|value| written(&value))
}

fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Secret(of) => bare(of),
        other => other,
    }
}

/// For values that are allowed.
struct Search<'a, 's> {
    program: &'a Program<'s>,
    /// How many were looked for.
    parts: Cell<usize>,
}

impl Search<'_, '_> {
    /// The first of the usual values of a type that is allowed.
    fn value(&self, ty: &Type, asked: &[Constraint], depth: usize) -> Option<Value> {
        self.parts.set(self.parts.get() + 1);
        if self.parts.get() > MOST_PARTS {
            return None;
        }
        let mut tried = self.usual(ty, depth);
        // What a `where` compares with lies near what it allows.
        let mut named = Vec::new();
        for one in asked {
            literals(&one.predicate, &mut named);
        }
        tried.extend(named.into_iter().flat_map(|value| around(&value)));
        let kind = bare(ty);
        let types = data_types(self.program, kind);
        tried.into_iter().take(MOST_TRIED).find(|value| {
            let Ok(value) = conform(value.clone(), kind, &types) else { return false };
            asked
                .iter()
                .all(|one| matches!(check_constraint(one, &value, &Nowhere), Ok(Verdict::Holds)))
        })
    }

    /// Values of a type, the plainest first.
    fn usual(&self, ty: &Type, depth: usize) -> Vec<Value> {
        let texts =
            |texts: &[&str]| texts.iter().map(|text| Value::String((*text).to_owned())).collect();
        match ty {
            Type::Int => vec![Value::Int(0), Value::Int(1)],
            Type::Float => vec![Value::Float(0.0), Value::Float(1.0)],
            Type::Bool => vec![Value::Bool(false), Value::Bool(true)],
            Type::Quantity(dimension) => {
                vec![Value::Quantity(Quantity::new(*dimension, one(*dimension)))]
            }
            Type::String => {
                texts(&["", "name", "1.0.0", "0", "a@example.com", "https://example.com"])
            }
            Type::Version => texts(&["1.0.0"]),
            Type::Timestamp => texts(&["2026-01-31T08:00:00Z"]),
            Type::Json => vec![Value::Map(BTreeMap::new()), Value::List(Vec::new()), Value::Null],
            Type::Optional(_) | Type::Null => vec![Value::Null],
            Type::Literal(text) => vec![Value::String(text.clone())],
            Type::List(inner) => {
                let one = self.value(inner, &[], depth + 1).filter(|_| depth < MOST_DEPTH);
                std::iter::once(Vec::new())
                    .chain(one.map(|one| vec![one]))
                    .map(Value::List)
                    .collect()
            }
            Type::Map(inner) => {
                let one = self.value(inner, &[], depth + 1).filter(|_| depth < MOST_DEPTH);
                let one = one.map(|one| BTreeMap::from([("name".to_owned(), one)]));
                std::iter::once(BTreeMap::new()).chain(one).map(Value::Map).collect()
            }
            Type::Secret(inner) => self.usual(inner, depth),
            Type::Union(members) => {
                members.iter().flat_map(|member| self.usual(member, depth)).collect()
            }
            Type::Data(name) if depth < MOST_DEPTH => self.record(name, depth),
            _ => Vec::new(),
        }
    }

    /// Records with the fields that they need.
    fn record(&self, name: &str, depth: usize) -> Vec<Value> {
        let Some(data) = self.program.data.get(name) else { return Vec::new() };
        if let Some(alias) = &data.alias {
            return self.value(alias, &data.constraints, depth + 1).into_iter().collect();
        }
        let needed = data.fields.iter().filter(|(_, field)| {
            field.default.is_none() && !matches!(field.kind, Type::Optional(_))
        });
        let fields: Option<BTreeMap<String, Value>> = needed
            .map(|(name, field)| {
                self.value(&field.kind, &field.constraints, depth + 1)
                    .map(|value| (name.clone(), value))
            })
            .collect();
        fields.map(Value::Map).into_iter().collect()
    }
}

/// The plain amount of a dimension, in its smallest unit.
fn one(dimension: Dimension) -> i64 {
    match dimension {
        Dimension::Duration => 60_000_000_000,
        Dimension::Size => 1 << 30,
        Dimension::Frequency | Dimension::Bitrate => 1_000_000_000,
        Dimension::Percent => 100_000_000,
    }
}

/// The values that a predicate holds its own against.
fn literals(expr: &Expr, found: &mut Vec<Value>) {
    if let Expr::Value(value) = expr {
        match value {
            Value::List(items) => found.extend(items.iter().cloned()),
            Value::Range(from, to) => found.extend([Value::Int(*from), Value::Int(*to)]),
            other => found.push(other.clone()),
        }
    }
    expr.parts(&mut |part| literals(part, found));
}

/// A value and its neighbours.
fn around(value: &Value) -> Vec<Value> {
    let more = |amount: i64| [amount, amount.saturating_mul(2), amount / 2];
    match value {
        Value::Int(number) => {
            [*number, number.saturating_add(1), number.saturating_sub(1)].map(Value::Int).into()
        }
        Value::Float(number) => [*number, number + 1.0, number - 1.0].map(Value::Float).into(),
        Value::Quantity(of) => more(of.amount)
            .map(|amount| Value::Quantity(Quantity::new(of.dimension, amount)))
            .into(),
        other => vec![other.clone()],
    }
}

/// A value as the language writes it.
fn written(value: &Value) -> String {
    match value {
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(written).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(entries) if entries.is_empty() => "{ }".to_owned(),
        Value::Map(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(name, value)| {
                    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                        && !name.starts_with(|c: char| c.is_ascii_digit());
                    let key = if is_name { name.clone() } else { format!("{name:?}") };
                    format!("{key} = {}", written(value))
                })
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Float(number) => bp_eval::float_text(*number),
        Value::String(text) | Value::Version(text) | Value::Timestamp(text) => {
            format!("\"{}\"", escaped(text))
        }
        other => crate::shown::value(other),
    }
}

/// The text between the quotes of a string.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | '"' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '$' => out.push_str("\\$"),
            c => out.push(c),
        }
    }
    out
}
