//! A group or a policy as a whole, as far as its properties are known when compiling: whether the
//! `check`s of its type hold.

use std::cell::Cell;
use std::collections::BTreeMap;

use bp_eval::{Environment, EvalError, Outcome, Outer, Verdict, check_constraint};
use bp_plan::{Property, Reference, Value};

use super::program::{Program, TypeInfo};
use crate::source::Place;

/// See the module.
pub(crate) struct Whole<'a, 's> {
    program: &'a Program<'s>,
    info: &'a TypeInfo,
    set: &'a BTreeMap<String, Property>,
    /// How many defaults are being evaluated, each for the one before.
    depth: Cell<usize>,
}

/// How many defaults may need each other in one chain.
const DEEPEST: usize = 64;

impl<'a, 's> Whole<'a, 's> {
    pub(crate) fn new(
        program: &'a Program<'s>,
        info: &'a TypeInfo,
        set: &'a BTreeMap<String, Property>,
    ) -> Self {
        Self { program, info, set, depth: Cell::new(0) }
    }

    /// The first `check` that surely does not hold: what it says, and where it stands.
    pub(crate) fn broken(&self) -> Option<(String, Place)> {
        let this = this();
        self.info.constraints.iter().find_map(|(constraint, place)| {
            match check_constraint(constraint, &this, self) {
                Ok(Verdict::Broken(message)) => Some((message, *place)),
                _ => None,
            }
        })
    }

    fn property(&self, name: &str) -> Outcome {
        let Some(declared) = self.info.properties.get(name) else { return Outcome::Unknown };
        let set = self.set.get(name).map(|set| &set.value);
        let Some(expr) = set.or(declared.declared.default.as_ref()) else {
            return Outcome::Value(Value::Null);
        };
        if self.depth.get() >= DEEPEST {
            return Outcome::Unknown;
        }
        self.depth.set(self.depth.get() + 1);
        let outcome = bp_eval::evaluate(expr, self).unwrap_or(Outcome::Unknown);
        self.depth.set(self.depth.get() - 1);
        outcome
    }
}

/// What stands for `self`: only its fields are asked for.
fn this() -> Value {
    Value::Reference(Reference::Group { group: "self".to_owned() })
}

impl Environment for Whole<'_, '_> {
    fn input(&self, _: &str) -> Result<Outcome, EvalError> {
        Ok(Outcome::Unknown)
    }

    fn constant(&self, name: &str) -> Result<Outcome, EvalError> {
        match self.program.constants.get(name) {
            Some(expr) => bp_eval::evaluate(expr, self),
            None => Ok(Outcome::Unknown),
        }
    }

    fn name(&self, name: Outer<'_>) -> Result<Outcome, EvalError> {
        Ok(match name {
            Outer::This => Outcome::Value(this()),
            _ => Outcome::Unknown,
        })
    }

    fn field(&self, of: &Reference, name: &str) -> Result<Option<Outcome>, EvalError> {
        let Value::Reference(this) = this() else { return Ok(None) };
        Ok(Some(if *of == this { self.property(name) } else { Outcome::Unknown }))
    }
}
