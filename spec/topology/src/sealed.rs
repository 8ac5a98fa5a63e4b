//! What is secret of what nodes report and operations give: a name stands in the place of each secret part, and
//! whoever keeps the values keeps them sealed, by these names.
//!
//! Invariants:
//! - what is written down has a name wherever the type says that a part is secret;
//! - the same part of the same value has the same name, so that what is made of it is seen not to have changed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use bp_eval::{DataTypes, to_json};
use bp_plan::{Entry, Expr, Item, Type, Value};
use serde_json::{Value as Json, json};

/// What stands before an expression that makes a value, where it is written down; no value is written so.
pub const MADE: &str = "$made";

/// The values of secrets by the names that they got.
pub type Named = BTreeMap<String, Value>;

/// A keyed hash of a value, by which its name is told from others.
pub type Mark<'m> = &'m dyn Fn(&Json) -> String;

/// An attribute as it is written down: its value; what has secret parts as the expression that makes it.
pub(crate) fn written(of: &Expr) -> Result<Json, bp_eval::ValueError> {
    match of {
        Expr::Value(value) => to_json(value),
        // Expressions are always JSON.
        made => Ok(json!({ MADE: serde_json::to_value(made).unwrap_or_default() })),
    }
}

/// The expression that makes an attribute of a secret type, where it was written so.
pub(crate) fn made(json: &Json) -> Option<Expr> {
    let entries = json.as_object().filter(|entries| entries.len() == 1)?;
    serde_json::from_value(entries.get(MADE)?.clone()).ok()
}

/// Whether an attribute is written as an expression that makes it.
pub fn is_made(json: &Json) -> bool {
    json.as_object().is_some_and(|entries| entries.len() == 1 && entries.contains_key(MADE))
}

/// The names of secrets that stand in an attribute as it is written down.
pub fn names_in(json: &Json, found: &mut BTreeSet<String>) {
    let Some(made) = made(json) else { return };
    let names = RefCell::new(found);
    // Nothing is replaced: each part is looked at.
    let _ = made.replaced(&|part| {
        if let Expr::Secret(name) = part {
            names.borrow_mut().insert(name.clone());
        }
        None
    });
}

/// Gives secret parts names.
pub(crate) struct Namer<'n> {
    data_types: &'n DataTypes,
    mark: Mark<'n>,
    /// Whose they are: `db.token`.
    pub(crate) of: String,
    pub(crate) found: Named,
}

impl<'n> Namer<'n> {
    pub(crate) fn new(data_types: &'n DataTypes, mark: Mark<'n>) -> Self {
        Self { data_types, mark, of: String::new(), found: Named::new() }
    }

    /// A value of this type, with a name in the place of each part that is secret.
    pub(crate) fn named(&mut self, value: Value, kind: &Type) -> Expr {
        match (kind, value) {
            (_, Value::Null) => Expr::Value(Value::Null),
            (Type::Secret(_), value) => self.name(value),
            (kind, value) if !kind.holds_secret(self.data_types) => Expr::Value(value),
            (Type::Optional(of) | Type::Perhaps(of), value) => self.named(value, of),
            (Type::List(of), Value::List(items)) => {
                Expr::List(items.into_iter().map(|item| Item::One(self.named(item, of))).collect())
            }
            (Type::Map(of), Value::Map(entries)) => self.entries(entries, |_| Some((**of).clone())),
            (Type::Record(fields), Value::Map(entries)) => {
                self.entries(entries, |name| fields.get(name).cloned())
            }
            (Type::Data(name), value) => {
                let data = self.data_types.get(name);
                match (data.and_then(|data| data.alias.clone()), value) {
                    (Some(alias), value) => self.named(value, &alias),
                    (None, Value::Map(entries)) => self.entries(entries, |name| {
                        data.and_then(|data| data.fields.get(name)).map(|field| field.kind.clone())
                    }),
                    (None, value) => self.name(value),
                }
            }
            // Which of its members it is can't be told: all of it is secret.
            (_, value) => self.name(value),
        }
    }

    /// All of a value under one name.
    pub(crate) fn hidden(&mut self, of: &str, value: Value) -> Expr {
        of.clone_into(&mut self.of);
        self.name(value)
    }

    fn entries(
        &mut self,
        entries: BTreeMap<String, Value>,
        kind: impl Fn(&str) -> Option<Type>,
    ) -> Expr {
        let part = |(name, value): (String, Value)| {
            let part = match kind(&name) {
                Some(kind) => self.named(value, &kind),
                None => self.name(value),
            };
            Entry::One(name, part)
        };
        Expr::Record(entries.into_iter().map(part).collect())
    }

    fn name(&mut self, value: Value) -> Expr {
        let mark = (self.mark)(&to_json(&value).unwrap_or_default());
        let name = format!("{}#{}", self.of, mark.get(..16).unwrap_or(&mark));
        self.found.insert(name.clone(), value);
        Expr::Secret(name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn named(value: Json, kind: &Type) -> (Expr, Named) {
        let data_types = BTreeMap::new();
        let value = bp_eval::from_json(value, kind, &data_types).unwrap();
        let mark = |json: &Json| format!("{:016x}", json.to_string().len());
        let mut namer = Namer { of: "db.token".to_owned(), ..Namer::new(&data_types, &mark) };
        let expr = namer.named(value, kind);
        (expr, namer.found)
    }

    #[test]
    fn only_what_is_secret_gets_a_name() {
        let secret = || Type::Secret(Box::new(Type::String));
        let record = Type::Record(BTreeMap::from([
            ("user".to_owned(), Type::String),
            ("keys".to_owned(), Type::List(Box::new(secret()))),
            ("none".to_owned(), Type::Optional(Box::new(secret()))),
        ]));
        let open = json!({ "user": "u", "keys": ["hunter2", "hunter22"], "none": null });
        let (expr, found) = named(open, &record);
        let wrote = written(&expr).unwrap();
        assert!(!wrote.to_string().contains("hunter"), "{wrote}");
        assert!(wrote.to_string().contains("\"u\""), "{wrote}");
        assert_eq!(made(&wrote), Some(expr));
        let names: Vec<&str> = found.keys().map(String::as_str).collect();
        assert_eq!(names, ["db.token#0000000000000009", "db.token#000000000000000a"]);
        let (plain, found) = named(json!({ "user": "u", "keys": [] }), &Type::Json);
        assert!(plain.as_value().is_some() && found.is_empty());
        let (whole, found) = named(json!({ "a": 1 }), &Type::Secret(Box::new(Type::Json)));
        assert!(matches!(whole, Expr::Secret(_)) && found.len() == 1);
    }

    #[test]
    fn only_an_expression_by_itself_is_one() {
        assert_eq!(
            made(&json!({ "$made": { "secret": "s" } })),
            Some(Expr::Secret("s".to_owned()))
        );
        assert_eq!(made(&json!({ "$made": { "secret": "s" }, "more": 1 })), None);
        assert_eq!(made(&json!({ "$made": "nothing" })), None);
        assert_eq!(made(&json!("s")), None);
    }
}
