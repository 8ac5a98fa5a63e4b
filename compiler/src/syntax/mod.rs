//! Text to tree: [`parse`] is the only door.
//!
//! `grammar.pest` takes every text; what is broken becomes rules of its own, which the lowering
//! (one file per group of constructs) reports and leaves out. Brackets and comments are counted
//! first ([`scan`]), so that no text makes the parser's stack deep.
//!
//! It must not know names, types or other files.

pub mod ast;
mod blocks;
mod borrowed;
mod called;
mod characters;
mod colons;
mod conditions;
mod echoes;
mod expressions;
mod foreign;
mod grammar;
mod habits;
mod heads;
mod here;
mod items;
mod junk;
mod literals;
mod lowering;
mod marks;
mod moved;
mod operators;
mod peg;
mod pieces;
mod renames;
mod reparse;
pub(crate) mod scan;
mod slips;
mod steps;
mod strings;
mod types;
pub(crate) mod walk;

use crate::diagnostics::{Diagnostic, syntax as says};
use crate::source::{FileId, SourceFile};

pub(crate) use items::snake_case;
pub use reparse::{Before, Parse, Pieces};

/// The names of the built-in types.
pub(crate) const BUILT_IN_TYPES: [&str; 17] = [
    "string",
    "int",
    "float",
    "bool",
    "null",
    "duration",
    "size",
    "frequency",
    "bitrate",
    "percent",
    "version",
    "timestamp",
    "file",
    "json",
    "range",
    "list",
    "map",
];
/// The largest file that is read, in bytes.
pub const MAX_FILE: u64 = 16 * 1024 * 1024;
/// Enough for the deepest text that is parsed.
pub(crate) const STACK: usize = 64 * 1024 * 1024;

/// How deep brackets, comments and operators may nest.
pub const MAX_NESTING: usize = 128;
/// How many errors of syntax are reported for a file.
const MAX_ERRORS: usize = 100;

/// The file of these bytes, its tree, and what is wrong with it.
pub fn parse_bytes(
    file: FileId,
    path: impl Into<String>,
    bytes: Vec<u8>,
) -> (SourceFile, ast::File, Vec<Diagnostic>) {
    let (source, refused) = decode(file, path, bytes);
    let (tree, diagnostics) = match refused {
        Some(refused) => (ast::File::default(), vec![refused]),
        None => parse(file, &source),
    };
    (source, tree, diagnostics)
}

/// The text of a file's bytes; nothing is read of what is no text or too large.
pub(crate) fn decode(
    file: FileId,
    path: impl Into<String>,
    bytes: Vec<u8>,
) -> (SourceFile, Option<Diagnostic>) {
    let length = bytes.len() as u64;
    if length > MAX_FILE {
        return (SourceFile::new(path, ""), Some(says::too_large(file, length, MAX_FILE)));
    }
    match String::from_utf8(bytes) {
        Ok(text) => (SourceFile::new(path, text), None),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let text = String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default()).into_owned();
            (SourceFile::new(path, text), Some(says::not_utf8(file, valid as u64)))
        }
    }
}

/// The tree of a file, and what is wrong with its text.
pub fn parse(file: FileId, source: &SourceFile) -> (ast::File, Vec<Diagnostic>) {
    let Parse { tree, diagnostics, .. } = Parse::new(file, source);
    (tree, diagnostics)
}
