//! Workflows: what they take and give, and what their steps do.
//!
//! Heads come first ([`heads`]), so that steps and policies can run what stands further down.

mod arguments;
mod builtin;
mod heads;

pub(crate) use arguments::{Callee, check_arguments, given_by_body, given_by_record};
pub(crate) use builtin::NAMES as BUILT_IN;
pub(crate) use heads::{Taken, WorkflowHead, heads, signature};
