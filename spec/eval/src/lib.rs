//! The one evaluator of expressions: for folding in the compiler, for blueprint tests, for the
//! engine and for rehearsals.
//!
//! It must never know source text, a provider, a clock, randomness or a network. What lies
//! outside the expression it asks an [`Environment`] for.
//!
//! Invariants:
//! - total: every evaluation ends, within a budget of steps and size;
//! - a secret comes out as a value only where the surroundings give one; else what has a secret
//!   part is [`Outcome::Secret`];
//! - what isn't known yet is [`Outcome::Unknown`], never a guess.

use std::collections::BTreeSet;

mod access;
mod binder;
pub mod budget;
mod constraint;
mod evaluator;
mod fold;
pub mod functions;
mod held;
mod input;
mod json;
mod literal;
mod operators;
pub mod template;
mod text;
mod timestamp;
mod trace;
mod typed;
mod version;

pub use access::elements;
pub use constraint::{Nowhere, Verdict, check_constraint, check_constraint_with, check_secret};
pub use evaluator::{evaluate, evaluate_constant, evaluate_with};
pub use fold::fold;
pub use input::{parse_input, split_input};
pub use json::to_json;
pub use operators::{compare, equal};
pub use text::{float_text, reference_text, scalar_text};
pub use trace::Tracer;
pub use typed::{DataTypes, ValueError, check_type, completed, conform, from_json};
pub use version::{compare_versions, parse_version};

use bp_plan::{Reference, Value};

/// What an evaluation gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is known.
    Value(Value),
    /// It isn't known yet.
    Unknown,
    /// It has a secret part: the names of these secrets.
    Secret(BTreeSet<String>),
}

/// A mistake that shows when an expression is evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    /// Which kind, for the one who gives it a code.
    pub kind: ErrorKind,
    /// One sentence.
    pub message: String,
}

/// Kinds of mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A division by zero.
    DivisionByZero,
    /// Past 64 bits, or not finite.
    Overflow,
    /// No such key, field or element.
    MissingKey,
    /// Which comes first was asked of what is not set.
    NotSet,
    /// A value of another type than the operation takes.
    WrongType,
    /// A function was given what it can't work on (a bad pattern, a bad CIDR, text that is no JSON).
    BadArgument,
    /// A value that its constraints don't allow.
    Constraint,
    /// The budget of steps or size is spent.
    TooLarge,
    /// Two values for one key.
    DuplicateKey,
    /// The expression needs itself.
    Cycle,
    /// Something that the surroundings can't give, and never will.
    Unavailable,
}

/// A step of the way to a part of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `.name`.
    Field(String),
    /// `[key]`.
    Key(Value),
}

/// What lies outside an expression.
pub trait Environment {
    /// The value of an input.
    fn input(&self, name: &str) -> Result<Outcome, EvalError>;
    /// The value of a constant that was not folded.
    fn constant(&self, name: &str) -> Result<Outcome, EvalError>;
    /// A secret: only the surroundings of its use know a value.
    fn secret(&self, name: &str) -> Result<Outcome, EvalError> {
        Ok(Outcome::Secret(BTreeSet::from([name.to_owned()])))
    }
    /// `self`, `source`, `target`, `deployment`, a node, a selection: an instance gives
    /// [`Value::Reference`], a collection a [`Value::Map`] from keys to references.
    fn name(&self, name: Outer<'_>) -> Result<Outcome, EvalError>;
    /// The element of a collection under this key, where it can be told without going through the
    /// collection; `None` asks for the whole by [`Environment::name`]. A large fleet needs it:
    /// `space[cluster]` stands in a property of every instance.
    fn element(&self, _collection: Outer<'_>, _key: &str) -> Result<Option<Value>, EvalError> {
        Ok(None)
    }
    /// A field of a reference: a node's property, attribute, capability or requirement; a fact of an element.
    /// `Ok(None)` where there is no such field.
    fn field(&self, of: &Reference, name: &str) -> Result<Option<Outcome>, EvalError>;
    /// A part of a field that is not known as a whole, or is no secret as a whole, by the steps that lead to it
    /// (`values`, `replicas`): `None` where it can't be told by itself either.
    fn part(&self, _of: &Reference, _path: &[Step]) -> Option<Result<Outcome, EvalError>> {
        None
    }
    /// The data types by full name; `None` where they are not at hand, so that what must be of one is not known.
    fn data_types(&self) -> Option<&DataTypes> {
        None
    }
    /// Who is told what the parts of an expression come to.
    fn tracer(&self) -> Option<&dyn Tracer> {
        None
    }
}

/// A name that the surroundings know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outer<'a> {
    /// `self`.
    This,
    /// `source`.
    Source,
    /// `target`.
    Target,
    /// `deployment`.
    Deployment,
    /// A node of the blueprint.
    Node(&'a str),
    /// A selection.
    Selection(&'a str),
    /// A group: a [`Value::Reference`].
    Group(&'a str),
    /// What meets a requirement of the blueprint itself.
    Requirement(&'a str),
}
