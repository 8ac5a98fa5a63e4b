//! What names and expressions mean: from a syntax tree to checked types and lowered expressions.

pub mod expr;
