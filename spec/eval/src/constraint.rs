//! `where PREDICATE else "message"`: whether it holds of a value.

use std::collections::BTreeSet;

use bp_plan::{Constraint, Reference, Value};

use crate::text::described;
use crate::typed::DataTypes;
use crate::{Environment, EvalError, Outcome, Outer, Step, evaluate, evaluate_with};

/// How a constraint stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not, and what to tell a person.
    Broken(String),
    /// What it needs isn't known yet, or is secret.
    Open,
}

/// Whether a constraint holds of this value: `self` is the value, all else comes from `env`. On a
/// value that isn't set it holds.
pub fn check_constraint(
    constraint: &Constraint,
    value: &Value,
    env: &dyn Environment,
) -> Result<Verdict, EvalError> {
    check_constraint_with(constraint, value, env, &[])
}

/// As [`check_constraint`], with values for the locals of what the constraint is part of.
pub fn check_constraint_with(
    constraint: &Constraint,
    value: &Value,
    env: &dyn Environment,
    locals: &[(&str, Value)],
) -> Result<Verdict, EvalError> {
    if matches!(value, Value::Null) {
        return Ok(Verdict::Holds);
    }
    let env = WithSelf { value, is_hidden: false, env };
    match evaluate_with(&constraint.predicate, &env, locals)? {
        Outcome::Value(Value::Bool(true)) => Ok(Verdict::Holds),
        Outcome::Value(Value::Bool(false)) => {
            Ok(Verdict::Broken(message(constraint, &env, locals)?))
        }
        Outcome::Value(other) => Err(EvalError::wrong_type(format!(
            "expected true or false from `{}`, found {}",
            constraint.text,
            described(&other)
        ))),
        Outcome::Unknown | Outcome::Secret(_) => Ok(Verdict::Open),
    }
}

/// As [`check_constraint_with`], of a value that nobody may see: what is told has no part of it, nor of the
/// locals.
pub fn check_secret(
    constraint: &Constraint,
    value: &Value,
    env: &dyn Environment,
    locals: &[(&str, Value)],
) -> Verdict {
    let without = Constraint { message: None, ..constraint.clone() };
    // What a mistake says of the value is not for anybody's eyes either.
    match check_constraint_with(&without, value, env, locals) {
        Ok(Verdict::Broken(_)) | Err(_) => {}
        Ok(verdict) => return verdict,
    }
    let own = constraint.message.as_ref().map(|message| {
        let env = WithSelf { value, is_hidden: true, env };
        evaluate(message, &env)
    });
    Verdict::Broken(match own {
        Some(Ok(Outcome::Value(Value::String(text)))) => text,
        _ => format!("it does not meet `where {}`", constraint.text),
    })
}

fn message(
    constraint: &Constraint,
    env: &WithSelf<'_>,
    locals: &[(&str, Value)],
) -> Result<String, EvalError> {
    if let Some(message) = &constraint.message
        && let Outcome::Value(Value::String(text)) = evaluate_with(message, env, locals)?
    {
        return Ok(text);
    }
    Ok(format!("{} does not meet `where {}`", described(env.value), constraint.text))
}

struct WithSelf<'a> {
    value: &'a Value,
    /// It is a secret.
    is_hidden: bool,
    env: &'a dyn Environment,
}

impl Environment for WithSelf<'_> {
    fn input(&self, name: &str) -> Result<Outcome, EvalError> {
        self.env.input(name)
    }

    fn constant(&self, name: &str) -> Result<Outcome, EvalError> {
        self.env.constant(name)
    }

    fn secret(&self, name: &str) -> Result<Outcome, EvalError> {
        self.env.secret(name)
    }

    fn name(&self, name: Outer<'_>) -> Result<Outcome, EvalError> {
        match name {
            Outer::This if self.is_hidden => Ok(Outcome::Secret(BTreeSet::new())),
            Outer::This => Ok(Outcome::Value(self.value.clone())),
            other => self.env.name(other),
        }
    }

    fn element(&self, collection: Outer<'_>, key: &str) -> Result<Option<Value>, EvalError> {
        self.env.element(collection, key)
    }

    fn field(&self, of: &Reference, name: &str) -> Result<Option<Outcome>, EvalError> {
        self.env.field(of, name)
    }

    fn part(&self, of: &Reference, path: &[Step]) -> Option<Result<Outcome, EvalError>> {
        self.env.part(of, path)
    }

    fn data_types(&self) -> Option<&DataTypes> {
        self.env.data_types()
    }
}

/// Surroundings that know nothing but data types, if at all: for what types say of themselves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere<'a> {
    /// The data types, where they are at hand.
    pub data_types: Option<&'a DataTypes>,
}

impl Environment for Nowhere<'_> {
    fn input(&self, _: &str) -> Result<Outcome, EvalError> {
        Ok(Outcome::Unknown)
    }

    fn constant(&self, _: &str) -> Result<Outcome, EvalError> {
        Ok(Outcome::Unknown)
    }

    fn name(&self, _: Outer<'_>) -> Result<Outcome, EvalError> {
        Ok(Outcome::Unknown)
    }

    fn field(&self, _: &Reference, _: &str) -> Result<Option<Outcome>, EvalError> {
        Ok(Some(Outcome::Unknown))
    }

    fn data_types(&self) -> Option<&DataTypes> {
        self.data_types
    }
}

/// Surroundings that know the fields of a record being made: for defaults that use `self`.
pub(crate) struct WithRecord<'a>(pub(crate) &'a std::collections::BTreeMap<String, Value>);

impl Environment for WithRecord<'_> {
    fn input(&self, name: &str) -> Result<Outcome, EvalError> {
        Nowhere::default().input(name)
    }

    fn constant(&self, name: &str) -> Result<Outcome, EvalError> {
        Nowhere::default().constant(name)
    }

    fn name(&self, name: Outer<'_>) -> Result<Outcome, EvalError> {
        match name {
            Outer::This => Ok(Outcome::Value(Value::Map(self.0.clone()))),
            other => Nowhere::default().name(other),
        }
    }

    fn field(&self, of: &Reference, name: &str) -> Result<Option<Outcome>, EvalError> {
        Nowhere::default().field(of, name)
    }
}
