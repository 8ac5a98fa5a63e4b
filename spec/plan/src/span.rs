//! Where in the source an element of the plan came from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A stretch of a source file, in lines and columns counted from 1 (columns in Unicode scalar
/// values). Written as `[file, line, column, end line, end column]`, where `file` is an index into
/// the plan's `sources` and the end is the first column after the stretch.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(from = "[u32; 5]", into = "[u32; 5]")]
#[schemars(with = "[u32; 5]")]
pub struct Span {
    /// Index into the plan's `sources`.
    pub file: u32,
    /// First line, from 1.
    pub line: u32,
    /// First column, from 1.
    pub column: u32,
    /// Last line, from 1.
    pub end_line: u32,
    /// First column after the stretch, from 1.
    pub end_column: u32,
}

impl From<[u32; 5]> for Span {
    fn from([file, line, column, end_line, end_column]: [u32; 5]) -> Self {
        Self { file, line, column, end_line, end_column }
    }
}

impl From<Span> for [u32; 5] {
    fn from(s: Span) -> Self {
        [s.file, s.line, s.column, s.end_line, s.end_column]
    }
}
