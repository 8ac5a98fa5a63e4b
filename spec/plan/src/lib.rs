//! The plan: what the compiler writes and the runtime runs.
//!
//! A plan is a single file: a container with `plan.json` and the artifacts it
//! names by digest. This crate holds the types of `plan.json`, its canonical form, the container
//! and the checks made when one is loaded.
//!
//! It must never know source text, the compiler, a provider or the journal.
//!
//! Invariants:
//! - the same [`Plan`] always has the same canonical bytes, and its identity is their SHA-256;
//! - what cannot be read is refused with a sentence ([`PlanError`]), never half-loaded;
//! - a secret's value has no place in these types: only its name.

pub mod composition;
pub mod container;
pub mod digest;
pub mod document;
pub mod error;
pub mod expr;
pub mod fields;
pub mod operation;
pub mod policy;
pub mod quantity;
mod replace;
pub mod schema;
pub mod selection;
pub mod span;
pub mod types;
pub mod validate;
pub mod value;
pub mod workflow;

pub use composition::{BlueprintType, Exposed, Required, Substitutes};
pub use container::{LoadedPlan, canonical, from_bytes, read, to_bytes, write};
pub use digest::Digest;
pub use document::{
    Blueprint, Constraint, DataType, Each, Input, Node, NodeType, Output, Phase, Plan, Property,
    PropertyType, Requirement, RequirementType, Secret, Source,
};
pub use error::PlanError;
pub use expr::{BinaryOp, Binder, Entry, Expr, Held, Item, Template, UnaryOp};
pub use fields::Fields;
pub use operation::{
    Implementation, Operation, OperationParameter, OwnOperation, RelationshipType,
};
pub use policy::{Group, GroupType, Policy, PolicyType};
pub use quantity::{Dimension, Quantity};
pub use selection::{Preference, Rank, Selection, Spread};
pub use span::Span;
pub use types::Type;
pub use validate::{Problem, validate};
pub use value::{FileRef, Reference, TakenBy, Value};
pub use workflow::Workflow;

/// The newest format of `plan.json` that this crate reads, and the one it writes.
pub const FORMAT: u32 = 1;

/// The edition a plan of today is written in: standard library, regular expressions, the text of
/// quantities and floats, the order of versions.
pub const EDITION: &str = "2026";
