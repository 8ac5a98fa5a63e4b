//! Values, and how they are written in JSON.
//!
//! What JSON has is written as JSON has it. The rest is an object with one key that starts with
//! `$`: `{"$size": "20GiB"}`, `{"$version": "1.27"}`, `{"$range": [1, 50]}`, `{"$file": {…}}`,
//! `{"$ref": {…}}`. A map with a key of its own that starts with `$` is written `{"$map": {…}}`.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::quantity::Quantity;

/// A value of the language. A secret is none: it is a name until the moment of use.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Not set.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A finite number.
    Float(f64),
    /// Text.
    String(String),
    /// A number with a unit.
    Quantity(Quantity),
    /// A version, as written.
    Version(String),
    /// A point in time, RFC 3339.
    Timestamp(String),
    /// Both ends included.
    Range(i64, i64),
    /// Values in order.
    List(Vec<Value>),
    /// Strings to values, in key order.
    Map(BTreeMap<String, Value>),
    /// A file of the plan.
    File(FileRef),
    /// Something whose fields the surroundings know: a node, a cluster, a capability.
    Reference(Reference),
}

/// A file that travels with the plan.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct FileRef {
    /// Where it lies, from the package's root.
    pub path: String,
    /// Its content's digest, under which the plan holds it.
    pub digest: Digest,
}

/// Something with fields that only the surroundings can tell.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// An instance of a node of the blueprint.
    Node {
        /// The node's name.
        node: String,
        /// Its key, where the node has a `for`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// An element of the inventory, by its name there: that alone says which it is.
    Element {
        /// The selection that it was taken from.
        selection: TakenBy,
        /// Its name in the inventory.
        name: String,
    },
    /// A group of the blueprint.
    Group {
        /// Its name.
        group: String,
    },
    /// A capability of something.
    Capability {
        /// Whose.
        of: Box<Reference>,
        /// Its name.
        name: String,
    },
    /// The relationship by which a requirement of a node is met.
    Relationship {
        /// The node that requires.
        of: Box<Reference>,
        /// The requirement's name.
        requirement: String,
        /// Which of its targets, from 0.
        index: usize,
    },
}

/// The selection that took an element: for people to read. Two of them are always equal, so that an element is
/// itself whatever took it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct TakenBy(pub String);

impl PartialEq for TakenBy {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for TakenBy {}

impl PartialOrd for TakenBy {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TakenBy {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}

impl Hash for TakenBy {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl JsonSchema for Value {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A value: JSON, or an object with one key that starts with `$` for what JSON has no form for ($duration $size $frequency $bitrate $percent $version $timestamp $range $file $ref; $map for a map with such a key of its own)."
        })
    }
}

impl Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(b) => serializer.serialize_bool(*b),
            Self::Int(i) => serializer.serialize_i64(*i),
            Self::Float(x) => serializer.serialize_f64(*x),
            Self::String(s) => serializer.serialize_str(s),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) if entries.keys().any(|k| k.starts_with('$')) => {
                tagged(serializer, "$map", &PlainMap(entries))
            }
            Self::Map(entries) => serializer.collect_map(entries),
            Self::Quantity(q) => tagged(serializer, quantity_tag(*q), &q.to_string()),
            Self::Version(v) => tagged(serializer, "$version", v),
            Self::Timestamp(t) => tagged(serializer, "$timestamp", t),
            Self::Range(from, to) => tagged(serializer, "$range", &[from, to]),
            Self::File(file) => tagged(serializer, "$file", file),
            Self::Reference(reference) => tagged(serializer, "$ref", reference),
        }
    }
}

struct PlainMap<'a>(&'a BTreeMap<String, Value>);

impl Serialize for PlainMap<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0)
    }
}

fn tagged<S: serde::Serializer, T: Serialize>(
    serializer: S,
    tag: &'static str,
    value: &T,
) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap as _;
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(tag, value)?;
    map.end()
}

fn quantity_tag(quantity: Quantity) -> &'static str {
    use crate::quantity::Dimension::{Bitrate, Duration, Frequency, Percent, Size};
    match quantity.dimension {
        Duration => "$duration",
        Size => "$size",
        Frequency => "$frequency",
        Bitrate => "$bitrate",
        Percent => "$percent",
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> serde::de::Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E>(self, i: i64) -> Result<Value, E> {
        Ok(Value::Int(i))
    }

    fn visit_u64<E: serde::de::Error>(self, u: u64) -> Result<Value, E> {
        i64::try_from(u)
            .map(Value::Int)
            .map_err(|_| E::custom(format!("{u} is past 64 bits, signed")))
    }

    fn visit_f64<E>(self, x: f64) -> Result<Value, E> {
        Ok(Value::Float(x))
    }

    fn visit_str<E>(self, s: &str) -> Result<Value, E> {
        Ok(Value::String(s.to_owned()))
    }

    fn visit_string<E>(self, s: String) -> Result<Value, E> {
        Ok(Value::String(s))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(1024));
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            if key.starts_with('$') {
                let value = tagged_value(&key, &mut map)?;
                if !entries.is_empty() || map.next_key::<String>()?.is_some() {
                    return Err(serde::de::Error::custom(format!(
                        "`{key}` stands alone in its object"
                    )));
                }
                return Ok(value);
            }
            entries.insert(key, map.next_value()?);
        }
        Ok(Value::Map(entries))
    }
}

fn tagged_value<'de, A: serde::de::MapAccess<'de>>(
    tag: &str,
    map: &mut A,
) -> Result<Value, A::Error> {
    use serde::de::Error as _;
    Ok(match tag {
        "$map" => Value::Map(map.next_value()?),
        "$version" => Value::Version(map.next_value()?),
        "$timestamp" => Value::Timestamp(map.next_value()?),
        "$range" => {
            let [from, to] = map.next_value::<[i64; 2]>()?;
            Value::Range(from, to)
        }
        "$file" => Value::File(map.next_value()?),
        "$ref" => Value::Reference(map.next_value()?),
        "$duration" | "$size" | "$frequency" | "$bitrate" | "$percent" => {
            let text: String = map.next_value()?;
            let quantity: Quantity = text.parse().map_err(A::Error::custom)?;
            if quantity_tag(quantity) != tag {
                return Err(A::Error::custom(format!(
                    "`{text}` is no {}",
                    tag.trim_start_matches('$')
                )));
            }
            Value::Quantity(quantity)
        }
        _ => {
            return Err(A::Error::custom(format!(
                "`{tag}` is no form of value that this version knows"
            )));
        }
    })
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}
