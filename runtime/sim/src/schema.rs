//! What the fields of the served kinds are: taken from the `OpenAPI` document of a real API server.
//!
//! Server-side apply needs to know which lists are keyed, which values are atomic and which fields
//! there are at all. `schema.json` holds the definitions that the served kinds reach, without their
//! prose. This module must not know of objects' owners or of storage.

use std::sync::LazyLock;

use serde_json::{Map, Value as Json};

static DEFINITIONS: LazyLock<Map<String, Json>> =
    LazyLock::new(|| serde_json::from_str(include_str!("schema.json")).unwrap_or_default());

/// The schema of one value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema(&'static Json);

/// What a value is, as far as merging goes.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// One value, by its type: `string`, `integer`, `number`, `boolean`, or any for what is open.
    Scalar(&'static str),
    /// An object with declared fields.
    Struct,
    /// An object with fields of anyone's choice.
    Map(Schema),
    /// A list that is kept or replaced as a whole.
    AtomicList(Option<Schema>),
    /// An object that is kept or replaced as a whole.
    AtomicObject,
    /// A list of values, each there once.
    Set(Schema),
    /// A list of objects told apart by these keys.
    Keyed(Vec<&'static str>, Schema),
}

static OPEN: Json = Json::Null;

impl Schema {
    /// The schema of a kind.
    pub(crate) fn of_kind(kind: &str) -> Self {
        Self(DEFINITIONS.get(kind).unwrap_or(&OPEN))
    }

    fn resolved(self) -> &'static Json {
        let mut at = self.0;
        while let Some(name) = at.get("$ref").and_then(Json::as_str) {
            at = DEFINITIONS.get(name).unwrap_or(&OPEN);
        }
        at
    }

    fn word(self, key: &str) -> Option<&'static str> {
        // What stands beside a reference counts before what stands at its end.
        let of = |node: &'static Json| node.get(key).and_then(Json::as_str);
        of(self.0).or_else(|| of(self.resolved()))
    }

    /// What it is.
    pub(crate) fn shape(self) -> Shape {
        let node = self.resolved();
        match node.get("type").and_then(Json::as_str) {
            Some("object") => {
                if self.word("x-kubernetes-map-type") == Some("atomic") {
                    Shape::AtomicObject
                } else if node.get("properties").is_some() {
                    Shape::Struct
                } else if let Some(element) = node.get("additionalProperties") {
                    Shape::Map(Schema(element))
                } else {
                    Shape::AtomicObject
                }
            }
            Some("array") => self.list(node),
            Some("string") if self.word("format") == Some("int-or-string") => Shape::Scalar("any"),
            Some(scalar) if !node_is_quantity(self.0) => Shape::Scalar(scalar),
            _ => Shape::Scalar("any"),
        }
    }

    fn list(self, node: &'static Json) -> Shape {
        let Some(items) = node.get("items").map(Schema) else {
            return Shape::AtomicList(None);
        };
        match self.word("x-kubernetes-list-type") {
            Some("map") => {
                let keys = node
                    .get("x-kubernetes-list-map-keys")
                    .and_then(Json::as_array)
                    .map(|keys| keys.iter().filter_map(Json::as_str).collect());
                Shape::Keyed(keys.unwrap_or_default(), items)
            }
            Some("set") => Shape::Set(items),
            Some(_) => Shape::AtomicList(Some(items)),
            None => {
                let merged = self
                    .word("x-kubernetes-patch-strategy")
                    .is_some_and(|s| s.split(',').any(|part| part == "merge"));
                match (merged, self.word("x-kubernetes-patch-merge-key")) {
                    (true, Some(key)) => Shape::Keyed(vec![key], items),
                    (true, None) => Shape::Set(items),
                    (false, _) => Shape::AtomicList(Some(items)),
                }
            }
        }
    }

    /// The schema of a field; `None` where there is none of this name.
    pub(crate) fn field(self, name: &str) -> Option<Self> {
        self.resolved().get("properties")?.get(name).map(Schema)
    }

    /// Whether nothing is known of it.
    pub(crate) fn is_open(self) -> bool {
        self.resolved().is_null()
    }

    /// Whether it declares no fields, so that any may be there.
    pub(crate) fn has_no_fields(self) -> bool {
        self.resolved().get("properties").is_none()
    }
}

fn node_is_quantity(node: &Json) -> bool {
    node.get("$ref").and_then(Json::as_str) == Some("Quantity")
}

/// What stands for a key that an element of a keyed list leaves out.
pub(crate) fn key_default(key: &str) -> Option<Json> {
    (key == "protocol").then(|| Json::from("TCP"))
}
