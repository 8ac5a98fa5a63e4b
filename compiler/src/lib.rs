//! The compiler: source text to checked program to plan.
//!
//! A pipeline with one type per stage; each takes the one before, never reaches back, and never
//! prints: `SourceFile → syntax::ast::File → Resolved → Checked → bp_plan::Plan`, with diagnostics
//! beside. `bpc` and `bpls` are thin faces of the same [`analysis`].
//!
//! It must never know a provider, an engine, a clock or a network.
//!
//! Invariants:
//! - same sources, same inputs: same plan, byte for byte;
//! - no input makes it panic, overflow the stack or run without bound;
//! - one mistake, one error; a mistake is a [`diagnostics::Diagnostic`], never an `Err`.

pub mod analysis;
pub mod catalogue;
pub mod check;
pub mod cli;
pub mod diagnostics;
pub mod document;
mod follow_on;
pub mod format;
pub mod graph;
pub mod ide;
pub mod inspect;
pub mod library;
pub mod loader;
mod lower;
mod meant;
pub mod render;
mod resolve;
mod shown;
pub mod source;
pub mod syntax;
pub mod testing;
mod withheld;
