//! The parser that pest makes of `grammar.pest`.
#![allow(missing_docs, unreachable_pub, reason = "generated code")]

use pest_derive::Parser;

#[derive(Parser)]
#[grammar = "syntax/grammar.pest"]
pub struct Grammar;
