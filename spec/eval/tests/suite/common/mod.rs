//! Surroundings for tests: a few inputs, a secret, a collection of clusters, a node.
#![allow(clippy::missing_docs_in_private_items, missing_docs, reason = "a test's own vocabulary")]

use std::collections::BTreeSet;

use bp_eval::{Environment, ErrorKind, EvalError, Outcome, Outer};
use bp_plan::{BinaryOp, Expr, Reference, TakenBy, Value};

pub(crate) struct World;

pub(crate) fn cluster(name: &str) -> Value {
    Value::Reference(Reference::Element { selection: TakenBy("demo".into()), name: name.into() })
}

impl Environment for World {
    fn input(&self, name: &str) -> Result<Outcome, EvalError> {
        Ok(match name {
            "two" => Outcome::Value(Value::Int(2)),
            "unset" => Outcome::Value(Value::Null),
            "password" => Outcome::Secret(BTreeSet::from(["password".to_owned()])),
            _ => Outcome::Unknown,
        })
    }

    fn constant(&self, name: &str) -> Result<Outcome, EvalError> {
        match name {
            // A constant that needs itself, to see that it ends.
            "ring" => bp_eval::evaluate(&Expr::Const("ring".into()), self),
            _ => Ok(Outcome::Value(Value::String("constant".into()))),
        }
    }

    fn name(&self, name: Outer<'_>) -> Result<Outcome, EvalError> {
        Ok(match name {
            Outer::Selection("demo") => Outcome::Value(Value::Map(
                ["a", "b"].into_iter().map(|n| (n.to_owned(), cluster(n))).collect(),
            )),
            Outer::Node("numbered") => Outcome::Value(Value::Map(
                ["1", "2", "10"]
                    .into_iter()
                    .map(|k| {
                        let key = Some(k.to_owned());
                        let node = "numbered".to_owned();
                        (k.to_owned(), Value::Reference(Reference::Node { node, key }))
                    })
                    .collect(),
            )),
            Outer::This => Outcome::Value(Value::Int(7)),
            _ => Outcome::Unknown,
        })
    }

    fn element(&self, collection: Outer<'_>, key: &str) -> Result<Option<Value>, EvalError> {
        Ok(match (collection, key) {
            (Outer::Selection("endless"), "gone") => None,
            (Outer::Selection("endless"), key) => Some(cluster(key)),
            _ => None,
        })
    }

    fn field(&self, of: &Reference, name: &str) -> Result<Option<Outcome>, EvalError> {
        Ok(match (of, name) {
            (Reference::Element { name: element, .. }, "name") => {
                Some(Outcome::Value(Value::String(element.clone())))
            }
            (Reference::Node { key: Some(key), .. }, "key") => {
                Some(Outcome::Value(Value::String(key.clone())))
            }
            (_, "later") => Some(Outcome::Unknown),
            (_, "sealed") => Some(Outcome::Secret(BTreeSet::from(["sealed".to_owned()]))),
            (_, "broken") => {
                return Err(EvalError::new(ErrorKind::Unavailable, "the provider never said"));
            }
            _ => None,
        })
    }
}

pub(crate) fn v(value: impl Into<Value>) -> Expr {
    Expr::Value(value.into())
}

pub(crate) fn q(text: &str) -> Expr {
    Expr::Value(quantity(text))
}

pub(crate) fn quantity(text: &str) -> Value {
    Value::Quantity(text.parse().unwrap())
}

pub(crate) fn float(x: f64) -> Expr {
    Expr::Value(Value::Float(x))
}

pub(crate) fn version(text: &str) -> Expr {
    Expr::Value(Value::Version(text.into()))
}

pub(crate) fn input(name: &str) -> Expr {
    Expr::Input(name.into())
}

pub(crate) fn unknown() -> Expr {
    input("later")
}

pub(crate) fn secret() -> Expr {
    Expr::Secret("password".into())
}

pub(crate) fn local(name: &str) -> Expr {
    Expr::Local(name.into())
}

pub(crate) fn op(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    Expr::Binary { op, left: Box::new(left), right: Box::new(right) }
}

pub(crate) fn field(of: Expr, name: &str, safe: bool) -> Expr {
    Expr::Field { of: Box::new(of), name: name.into(), safe }
}

pub(crate) fn index(of: Expr, key: Expr, safe: bool) -> Expr {
    Expr::Index { of: Box::new(of), key: Box::new(key), safe }
}

pub(crate) fn iff(condition: Expr, then: Expr, otherwise: Expr) -> Expr {
    Expr::If {
        condition: Box::new(condition),
        then: Box::new(then),
        otherwise: Box::new(otherwise),
    }
}

pub(crate) fn call(function: &str, arguments: Vec<Expr>) -> Expr {
    Expr::Call { function: function.into(), arguments }
}

pub(crate) fn list(items: impl IntoIterator<Item = i64>) -> Value {
    Value::List(items.into_iter().map(Value::Int).collect())
}

pub(crate) fn map(entries: &[(&str, Value)]) -> Value {
    Value::Map(entries.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
}

pub(crate) fn value(expr: &Expr) -> Value {
    match bp_eval::evaluate(expr, &World) {
        Ok(Outcome::Value(value)) => value,
        other => panic!("{expr:?} gives {other:?}"),
    }
}

pub(crate) fn error(expr: &Expr) -> EvalError {
    match bp_eval::evaluate(expr, &World) {
        Err(error) => error,
        Ok(other) => panic!("{expr:?} gives {other:?}"),
    }
}

pub(crate) fn outcome(expr: &Expr) -> Outcome {
    bp_eval::evaluate(expr, &World).unwrap()
}
