//! The types that values have, as the compiler checks them and the plan records them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::DataType;
use crate::quantity::Dimension;

/// The type of a value. Named types are given by their full name (`std.kubernetes.Cluster`, `acme.telco.Antenna`;
/// a type of the root file by its bare name where that is in no package).
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// Fits everywhere and takes everything: what stands after an error, so that one mistake gives one error.
    Unknown,
    /// No value at all: the element type of `[]`.
    Never,
    /// `null` alone.
    Null,
    /// `true` or `false`.
    Bool,
    /// 64 bits, signed.
    Int,
    /// A finite IEEE double.
    Float,
    /// Text.
    String,
    /// A number with a unit.
    Quantity(Dimension),
    /// A version, ordered as versions are.
    Version,
    /// A point in time.
    Timestamp,
    /// A file that travels with the plan.
    File,
    /// Open data.
    Json,
    /// Whole numbers from one to another, both ends included.
    Range,
    /// Exactly this string.
    Literal(String),
    /// One of several scalar types and string literals.
    Union(Vec<Type>),
    /// This, or `null`.
    Optional(Box<Type>),
    /// Only of a field of a record without a name: the field has a value of this type, or isn't there.
    Perhaps(Box<Type>),
    /// Any number of these, in order.
    List(Box<Type>),
    /// Strings to these.
    Map(Box<Type>),
    /// A secret of this type.
    Secret(Box<Type>),
    /// A record without a name.
    Record(BTreeMap<String, Type>),
    /// A declared data type.
    Data(String),
    /// A node of this type, or an element of the inventory of it.
    Node(String),
    /// A keyed collection of nodes of this type.
    Nodes(String),
    /// A group of this type.
    Group(String),
    /// A capability of a node.
    Capability(String),
    /// A relationship between two nodes.
    Relationship(String),
}

impl Type {
    /// Of the type of a record's field: the type of what it has where it is there, and whether it may be missing.
    #[must_use]
    pub fn field(&self) -> (&Self, bool) {
        match self {
            Self::Perhaps(of) => (of, true),
            of => (of, false),
        }
    }

    /// Of the type of a record's field: as a field that may be missing.
    #[must_use]
    pub fn perhaps(self) -> Self {
        match self {
            Self::Perhaps(_) | Self::Unknown => self,
            of => Self::Perhaps(Box::new(of)),
        }
    }

    /// Whether any part of a value of this type is secret.
    pub fn holds_secret(&self, data_types: &BTreeMap<String, DataType>) -> bool {
        let mut seen = BTreeSet::new();
        let mut left = vec![self];
        while let Some(kind) = left.pop() {
            match kind {
                Self::Secret(_) => return true,
                Self::Optional(of) | Self::List(of) | Self::Map(of) | Self::Perhaps(of) => {
                    left.push(of);
                }
                Self::Union(members) => left.extend(members),
                Self::Record(fields) => left.extend(fields.values()),
                Self::Data(name) if seen.insert(name) => {
                    let data = data_types.get(name);
                    left.extend(data.and_then(|data| data.alias.as_ref()));
                    left.extend(
                        data.into_iter().flat_map(|data| &data.fields).map(|(_, it)| &it.kind),
                    );
                }
                _ => {}
            }
        }
        false
    }
}

impl fmt::Display for Type {
    /// As the language writes it; named types without what is before the last dot, which `{:#}` writes, too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::Never => f.write_str("nothing"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Float => f.write_str("float"),
            Self::String => f.write_str("string"),
            Self::Quantity(d) => f.write_str(d.name()),
            Self::Version => f.write_str("version"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::File => f.write_str("file"),
            Self::Json => f.write_str("json"),
            Self::Range => f.write_str("range"),
            Self::Literal(text) => write!(f, "\"{text}\""),
            Self::Union(members) => {
                for (i, member) in members.iter().enumerate() {
                    if i > 0 {
                        f.write_str(" | ")?;
                    }
                    member.fmt(f)?;
                }
                Ok(())
            }
            Self::Perhaps(of) if matches!(**of, Self::Optional(_)) => of.fmt(f),
            Self::Optional(of) | Self::Perhaps(of) => around(f, "", of, "?"),
            Self::List(of) => around(f, "list<", of, ">"),
            Self::Map(of) => around(f, "map<", of, ">"),
            Self::Secret(of) => around(f, "secret ", of, ""),
            Self::Record(fields) => {
                f.write_str("{ ")?;
                for (i, (name, of)) in fields.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    around(f, &format!("{name}: "), of, "")?;
                }
                f.write_str(" }")
            }
            Self::Data(name)
            | Self::Node(name)
            | Self::Group(name)
            | Self::Capability(name)
            | Self::Relationship(name) => named(f, name),
            Self::Nodes(name) => {
                f.write_str("collection of ")?;
                named(f, name)
            }
        }
    }
}

fn around(f: &mut fmt::Formatter<'_>, before: &str, of: &Type, after: &str) -> fmt::Result {
    f.write_str(before)?;
    fmt::Display::fmt(of, f)?;
    f.write_str(after)
}

fn named(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    f.write_str(if f.alternate() { name } else { name.rsplit('.').next().unwrap_or(name) })
}
