//! Which instances a plan has, with inputs and an inventory, and what expressions read there.
//!
//! The engine carries out what this says is wanted; a blueprint's tests ask it the same questions
//! before anything is deployed. So both see one answer.
//!
//! It must never know an event, a provider, a clock, a file or a network: what was reported of an
//! instance is told to it.
//!
//! Invariants:
//! - the same plan, inputs, inventory and reports give the same instances and values;
//! - what isn't known yet is left open, never guessed;
//! - a secret's value comes out only as the secret part of a resolved instance.

pub mod calls;
mod elements;
mod groups;
pub mod inputs;
pub mod inventory;
pub mod inventory_file;
mod kept;
pub mod life;
mod links;
pub mod made;
mod outputs;
pub mod parameters;
mod part;
pub mod placement;
mod policies;
pub mod problem;
pub mod resolved;
pub mod rings;
pub mod sealed;
pub mod secrets;
pub mod selection;
mod site;
pub mod topology;
mod world;

pub use calls::{Call, Given, Own};
pub use inventory::{Element, Inventory};
pub use life::{Act, Life, Stage};
pub use made::Made;
pub use placement::{Left, Placement};
pub use problem::{Lack, Problem};
pub use resolved::{Flaw, Partly, Property, Resolved};
pub use secrets::Secrets;
pub use topology::{Expanded, Identity, Instance, InstanceId, Place, Topology};
pub use world::Reads;
