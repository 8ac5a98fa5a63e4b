//! Text to tree: [`parse`] is the only door.
//!
//! `grammar.pest` takes every text; what is broken becomes rules of its own, which the lowering
//! (one file per group of constructs) reports and leaves out. Brackets and comments are counted
//! first ([`scan`]), so that no text makes the parser's stack deep.
//!
//! It must not know names, types or other files.

pub mod ast;
mod blocks;
mod expressions;
mod grammar;
mod items;
mod junk;
mod literals;
mod lowering;
mod operators;
pub(crate) mod scan;
mod steps;
mod strings;
mod types;
pub(crate) mod walk;

use pest::Parser as _;

use crate::diagnostics::{Diagnostic, Severity, syntax as says};
use crate::source::{FileId, Place, SourceFile, Span};
use grammar::{Grammar, Rule};
pub(crate) use items::snake_case;

/// The largest file that is read, in bytes.
pub const MAX_FILE: u64 = 16 * 1024 * 1024;
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
    let text = source.text();
    if text.len() as u64 > MAX_FILE {
        return (ast::File::default(), vec![says::too_large(file, text.len() as u64, MAX_FILE)]);
    }
    let scan = scan::scan(text);
    let at = |span: Span| Place { file, span };
    if let Some(deep) = scan.too_deep {
        let tree = ast::File { comments: scan.comments, ..ast::File::default() };
        return (tree, vec![says::too_deep(at(deep), MAX_NESTING)]);
    }
    let mut lowering = lowering::Lowering::new(file, source, &scan);
    if let Some(open) = scan.open_comment {
        lowering.report(says::unclosed_comment(at(open)));
    }
    let mut items = match Grammar::parse(Rule::file, text) {
        Ok(mut pairs) => pairs.next().map(|pair| lowering.file(pair)).unwrap_or_default(),
        // The grammar takes every text: only the stack's guard is left as a cause.
        Err(error) => {
            let offset = match error.location {
                pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => {
                    at
                }
            };
            let offset = u32::try_from(offset).unwrap_or(u32::MAX);
            lowering.report(says::too_deep(at(Span::new(offset, offset)), MAX_NESTING));
            Vec::new()
        }
    };
    let mut documentation = std::mem::take(&mut lowering.head);
    // A `use` has nothing of its own to say: what stands above the first one is about the file.
    if let Some(first) = items.first_mut()
        && matches!(first.kind, ast::ItemKind::Use(_))
        && documentation.is_empty()
    {
        documentation = std::mem::take(&mut first.documentation);
    }
    let mut diagnostics = lowering.finish();
    if items.is_empty() && diagnostics.iter().all(|d| d.severity != Severity::Error) {
        diagnostics.push(says::empty(file));
    }
    (ast::File { documentation, items, comments: scan.comments }, diagnostics)
}
