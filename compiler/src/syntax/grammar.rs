//! The parser that `build/parser.rs` makes of `grammar.pest`: a function for each rule, and their names.
#![allow(
    clippy::all,
    clippy::pedantic,
    dead_code,
    non_camel_case_types,
    non_snake_case,
    unused_braces,
    unused_parens,
    unused_variables,
    reason = "generated code"
)]

use super::peg::Parser;

include!(concat!(env!("OUT_DIR"), "/grammar.rs"));
