//! All tests of the compiler from outside, in one program: it links once, not once for each file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod asked;
mod bites;
mod blueprint_tests;
mod book;
mod bpc_test;
mod cases;
mod catalogue;
mod command_line;
mod common;
mod composition;
mod editor;
mod editor_names;
mod editor_offers;
mod edits;
mod elements;
mod files;
mod fixes;
mod format;
mod forms;
mod given_inside;
mod helps;
mod idle;
mod implemented;
mod inventories;
mod library;
mod meant;
mod mistakes;
mod node_types;
mod operations;
mod origins;
mod packages;
mod pictures;
mod plans;
mod policies;
mod punctuation;
mod records;
mod render;
mod rings;
mod robust;
mod syntax;
mod syntax_errors;
mod targets;
mod templates;
mod tested_inside;
mod told_early;
mod types;
mod watch;
mod workflows;
