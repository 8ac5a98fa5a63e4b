//! Whether a value is of a type, and values read from JSON by the type that they are to have.

use std::collections::BTreeMap;

use bp_plan::{Constraint, DataType, PropertyType, Quantity, Type, Value};

use crate::constraint::{Nowhere, Verdict, WithRecord, check_constraint};
use crate::text::{described, named, shorten};
use crate::{Outcome, json, parse_version, timestamp};

/// Data types by full name, as a plan carries them.
pub type DataTypes = BTreeMap<String, DataType>;

/// A value isn't of the type that it is to have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{message}", path.trim_start_matches('.'), if path.is_empty() { "" } else { ": " })]
pub struct ValueError {
    /// Which part of the value: `.ports[0].name`; empty for the whole.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

impl ValueError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { path: String::new(), message: message.into() }
    }

    pub(crate) fn at_key(mut self, key: &str) -> Self {
        let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let step = if plain { format!(".{key}") } else { format!("[\"{}\"]", shorten(key)) };
        self.path.insert_str(0, &step);
        self
    }

    pub(crate) fn at_index(mut self, index: usize) -> Self {
        self.path.insert_str(0, &format!("[{index}]"));
        self
    }

    fn expected(kind: &Type, value: &Value) -> Self {
        let example = match kind {
            Type::Quantity(dimension) => {
                use bp_plan::Dimension::{Bitrate, Duration, Frequency, Percent, Size};
                match dimension {
                    Duration => " such as 30s",
                    Size => " such as 20GiB",
                    Frequency => " such as 2.4GHz",
                    Bitrate => " such as 10Gbps",
                    Percent => " such as 10%",
                }
            }
            Type::Version => " such as 1.27",
            Type::Timestamp => " such as 2026-01-31T08:00:00Z",
            Type::Range => " such as 1..50",
            _ => "",
        };
        Self::new(format!("expected {kind}{example}, found {}", described(value)))
    }
}

/// The value that this JSON is as a value of this type: texts become quantities, versions,
/// timestamps and ranges where the type has them, fields left out take their defaults, and the
/// constraints of data types are checked.
pub fn from_json(
    json: serde_json::Value,
    kind: &Type,
    data_types: &DataTypes,
) -> Result<Value, ValueError> {
    conform(json::untyped(json)?, kind, data_types)
}

/// As [`from_json`], for a value that is there already.
pub fn conform(value: Value, kind: &Type, data_types: &DataTypes) -> Result<Value, ValueError> {
    Conform { data_types, texts: true, fills: false }.value(value, kind)
}

/// As [`conform`]; a field of a record that may be unset is there, as null: who reads it without a type finds what an
/// expression reads.
pub fn completed(value: Value, kind: &Type, data_types: &DataTypes) -> Result<Value, ValueError> {
    Conform { data_types, texts: true, fills: true }.value(value, kind)
}

/// Whether a value is of this type, as it stands: an int is good for a float, a string for a
/// version or timestamp, all else must be what it is called.
pub fn check_type(value: &Value, kind: &Type, data_types: &DataTypes) -> Result<(), ValueError> {
    Conform { data_types, texts: false, fills: false }.value(value.clone(), kind).map(drop)
}

struct Conform<'a> {
    data_types: &'a DataTypes,
    /// Whether texts stand for quantities and ranges.
    texts: bool,
    /// Whether null is put where a record has no field that may be unset.
    fills: bool,
}

impl Conform<'_> {
    fn value(&self, value: Value, kind: &Type) -> Result<Value, ValueError> {
        match (kind, value) {
            (Type::Json, value) => json::to_json(&value).map(|_| value),
            (Type::Optional(_) | Type::Null, Value::Null) => Ok(Value::Null),
            (Type::Optional(of) | Type::Perhaps(of) | Type::Secret(of), value) => {
                self.value(value, of)
            }
            (Type::Unknown, value)
            | (Type::Bool, value @ Value::Bool(_))
            | (Type::Int, value @ Value::Int(_))
            | (Type::Float, value @ Value::Float(_))
            | (Type::String, value @ Value::String(_))
            | (Type::Version, value @ Value::Version(_))
            | (Type::Timestamp, value @ Value::Timestamp(_))
            | (Type::Range, value @ Value::Range(..))
            | (Type::File, value @ Value::File(_))
            | (
                Type::Node(_) | Type::Group(_) | Type::Capability(_) | Type::Relationship(_),
                value @ Value::Reference(_),
            ) => Ok(value),
            #[expect(clippy::cast_precision_loss, reason = "an int widens to the nearest float")]
            (Type::Float, Value::Int(i)) => Ok(Value::Float(i as f64)),
            (Type::Quantity(dimension), Value::Quantity(q)) if q.dimension == *dimension => {
                Ok(Value::Quantity(q))
            }
            (Type::Literal(literal), Value::String(text)) if text == *literal => {
                Ok(Value::String(text))
            }
            (
                Type::Quantity(_) | Type::Version | Type::Timestamp | Type::Range,
                Value::String(text),
            ) => self.text(text, kind),
            (Type::Union(members), value) => members
                .iter()
                .find_map(|member| self.value(value.clone(), member).ok())
                .ok_or_else(|| ValueError::expected(kind, &value)),
            (Type::List(of), Value::List(items)) => items
                .into_iter()
                .enumerate()
                .map(|(i, item)| self.value(item, of).map_err(|e| e.at_index(i)))
                .collect::<Result<_, _>>()
                .map(Value::List),
            (Type::List(of), Value::Range(from, to)) if **of == Type::Int => {
                Ok(Value::Range(from, to))
            }
            (Type::Map(of), Value::Map(entries)) => self.map(entries, |_| Ok(&**of)),
            (Type::Nodes(_), Value::Map(entries)) => {
                let reference = Type::Node(String::new());
                self.map(entries, |_| Ok(&reference))
            }
            (Type::Record(fields), Value::Map(entries)) => self.record(entries, fields),
            (Type::Data(name), value) => self.data(value, name),
            (_, value) => Err(ValueError::expected(kind, &value)),
        }
    }

    fn text(&self, text: String, kind: &Type) -> Result<Value, ValueError> {
        let wrong = |text: String| ValueError::expected(kind, &Value::String(text));
        match kind {
            Type::Version => match parse_version(&text) {
                Ok(_) => Ok(Value::Version(text)),
                Err(error) => Err(ValueError::new(error.message)),
            },
            Type::Timestamp => match timestamp::instant(&text) {
                Ok(_) => Ok(Value::Timestamp(text)),
                Err(error) => Err(ValueError::new(error.message)),
            },
            Type::Quantity(dimension) if self.texts => match text.parse::<Quantity>() {
                Ok(q) if q.dimension == *dimension => Ok(Value::Quantity(q)),
                Ok(_) | Err(bp_plan::quantity::QuantityError::Malformed(_)) => Err(wrong(text)),
                Err(error) => Err(ValueError::new(format!("`{}`: {error}", shorten(&text)))),
            },
            Type::Range if self.texts => {
                let ends = text.split_once("..").and_then(|(from, to)| {
                    Some((from.trim().parse().ok()?, to.trim().parse().ok()?))
                });
                ends.map(|(from, to)| Value::Range(from, to)).ok_or_else(|| wrong(text))
            }
            _ => Err(wrong(text)),
        }
    }

    fn map<'t>(
        &self,
        entries: BTreeMap<String, Value>,
        kind: impl Fn(&str) -> Result<&'t Type, ValueError>,
    ) -> Result<Value, ValueError> {
        entries
            .into_iter()
            .map(|(key, value)| {
                let value = kind(&key)
                    .and_then(|kind| self.value(value, kind))
                    .map_err(|e| e.at_key(&key))?;
                Ok((key, value))
            })
            .collect::<Result<_, _>>()
            .map(Value::Map)
    }

    fn record(
        &self,
        entries: BTreeMap<String, Value>,
        fields: &BTreeMap<String, Type>,
    ) -> Result<Value, ValueError> {
        for (name, kind) in fields {
            let may_lack = matches!(kind, Type::Optional(_) | Type::Perhaps(_));
            if !entries.contains_key(name) && !may_lack {
                return Err(missing(name, kind));
            }
        }
        let made = self.map(entries, |name| {
            fields.get(name).ok_or_else(|| no_such_field(name, "record", fields.keys()))
        })?;
        let Value::Map(mut made) = made else { return Ok(made) };
        if self.fills {
            let unset = fields.iter().filter(|(_, kind)| matches!(kind, Type::Optional(_)));
            for (name, _) in unset {
                made.entry(name.clone()).or_insert(Value::Null);
            }
        }
        Ok(Value::Map(made))
    }

    fn data(&self, value: Value, name: &str) -> Result<Value, ValueError> {
        let Some(data) = self.data_types.get(name) else {
            return Err(ValueError::new(format!(
                "there is no data type `{name}` to check this by"
            )));
        };
        let value = match (&data.alias, value) {
            (Some(alias), value) => self.value(value, alias)?,
            (None, Value::Map(entries)) => match self.derived(&entries, data, name) {
                Some(kin) => return self.data(Value::Map(entries), kin),
                None => self.fields(entries, data, name)?,
            },
            (None, value) => {
                return Err(ValueError::expected(&Type::Data(name.to_owned()), &value));
            }
        };
        constrained(&data.constraints, &value)?;
        Ok(value)
    }

    /// The data type derived from this one that a record is of, where it has fields that this has not.
    fn derived(
        &self,
        entries: &BTreeMap<String, Value>,
        data: &DataType,
        name: &str,
    ) -> Option<&str> {
        if entries.keys().all(|key| data.fields.contains_key(key)) {
            return None;
        }
        self.data_types
            .iter()
            .filter(|(_, other)| other.extends.iter().any(|parent| parent == name))
            .filter(|(_, other)| entries.keys().all(|key| other.fields.contains_key(key)))
            .map(|(other, _)| other.as_str())
            // Of several the one that adds the least, then by name.
            .min_by_key(|other| self.data_types.get(*other).map(|data| data.fields.len()))
    }

    /// The fields of a record: each of its type, those left out by their defaults.
    fn fields(
        &self,
        mut entries: BTreeMap<String, Value>,
        data: &DataType,
        name: &str,
    ) -> Result<Value, ValueError> {
        let short = name.rsplit('.').next().unwrap_or(name);
        if let Some(unknown) = entries.keys().find(|key| !data.fields.contains_key(*key)) {
            return Err(no_such_field(unknown, short, data.fields.keys()).at_key(unknown));
        }
        let mut whole = BTreeMap::new();
        let mut late = Vec::new();
        for (field, declared) in &data.fields {
            match entries.remove(field) {
                Some(value) => {
                    let value = self.value(value, &declared.kind).map_err(|e| e.at_key(field))?;
                    whole.insert(field.clone(), value);
                }
                None => late.push((field, declared)),
            }
        }
        for (field, declared) in late {
            if let Some(value) = self.default(declared, &whole).map_err(|e| e.at_key(field))? {
                whole.insert(field.clone(), value);
            } else if matches!(declared.kind, Type::Optional(_)) {
                whole.insert(field.clone(), Value::Null);
            } else {
                return Err(missing(field, &declared.kind));
            }
        }
        for (field, declared) in &data.fields {
            if let Some(value) = whole.get(field) {
                constrained(&declared.constraints, value).map_err(|e| e.at_key(field))?;
            }
        }
        Ok(Value::Map(whole))
    }

    fn default(
        &self,
        declared: &PropertyType,
        record: &BTreeMap<String, Value>,
    ) -> Result<Option<Value>, ValueError> {
        let Some(default) = &declared.default else { return Ok(None) };
        match crate::evaluate(default, &WithRecord(record)) {
            Ok(Outcome::Value(value)) => self.value(value, &declared.kind).map(Some),
            Ok(Outcome::Unknown | Outcome::Secret(_)) => Ok(None),
            Err(error) => Err(ValueError::new(format!("its default: {error}"))),
        }
    }
}

fn constrained(constraints: &[Constraint], value: &Value) -> Result<(), ValueError> {
    for constraint in constraints {
        match check_constraint(constraint, value, &Nowhere::default()) {
            Ok(Verdict::Holds | Verdict::Open) => {}
            Ok(Verdict::Broken(message)) => return Err(ValueError::new(message)),
            Err(error) => {
                return Err(ValueError::new(format!("`where {}`: {error}", constraint.text)));
            }
        }
    }
    Ok(())
}

fn missing(name: &str, kind: &Type) -> ValueError {
    ValueError::new(format!("the field `{name}` ({kind}) is missing"))
}

fn no_such_field<'a>(
    name: &str,
    of: &str,
    fields: impl ExactSizeIterator<Item = &'a String>,
) -> ValueError {
    ValueError::new(format!("{of} has no field `{}`; it has {}", shorten(name), named(fields)))
}
