//! Values that must be as is asked of them: an argument whose parameter has a type or a `where` that not
//! every value meets.

use bp_plan::{Held, Type};

use crate::constraint::{Verdict, check_constraint_with, check_secret};
use crate::evaluator::{Eval, Evaluator, Stop};
use crate::typed::{DataTypes, completed};
use crate::{ErrorKind, EvalError};

/// What the value is called in its constraints.
const THIS: &str = "self";

impl<'a> Evaluator<'a> {
    /// The value as its type has it (a record has its type's defaults, and null where a field is unset), or what is
    /// wrong with it.
    pub(crate) fn held(&mut self, held: &'a Held) -> Eval {
        let value = self.eval(&held.of)?;
        let is_hidden = is_secret(&held.kind);
        let wrong = |why: &str| {
            Stop::Error(EvalError::new(ErrorKind::Constraint, format!("{}: {why}", held.what)))
        };
        let none = DataTypes::new();
        let data_types = match self.env.data_types() {
            Some(data_types) => data_types,
            None if has_data(&held.kind) => return Err(Stop::Unknown),
            None => &none,
        };
        let value = completed(value, &held.kind, data_types).map_err(|error| {
            if is_hidden {
                wrong("the secret is not as its type asks")
            } else {
                wrong(&error.to_string())
            }
        })?;
        let locals = [(THIS, value.clone())];
        for constraint in &held.constraints {
            let verdict = if is_hidden {
                check_secret(constraint, &value, self.env, &locals)
            } else {
                check_constraint_with(constraint, &value, self.env, &locals)?
            };
            match verdict {
                Verdict::Holds => {}
                Verdict::Broken(why) => return Err(wrong(&why)),
                Verdict::Open => return Err(Stop::Unknown),
            }
        }
        self.budget.weigh(&value)?;
        Ok(value)
    }
}

/// Whether it is secret as a whole, where it is set.
fn is_secret(kind: &Type) -> bool {
    match kind {
        Type::Secret(_) => true,
        Type::Optional(of) => is_secret(of),
        _ => false,
    }
}

/// Whether a data type is part of it.
fn has_data(kind: &Type) -> bool {
    match kind {
        Type::Data(_) => true,
        Type::Optional(of)
        | Type::Perhaps(of)
        | Type::Secret(of)
        | Type::List(of)
        | Type::Map(of) => has_data(of),
        Type::Union(members) => members.iter().any(has_data),
        Type::Record(fields) => fields.values().any(has_data),
        _ => false,
    }
}
