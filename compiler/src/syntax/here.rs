//! The line of a mistake: what stands before the place, and what from there on.
//!
//! It is for those who tell what was meant from the text; it asks the grammar only how far a value goes.

use super::grammar::Rule;
use super::lowering::offset;
use super::peg;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::slips::between;
use crate::source::{Place, SourceFile};

/// Where something else was awaited.
pub(super) struct Here<'a> {
    pub(super) source: &'a SourceFile,
    pub(super) said: &'a Diagnostic,
    pub(super) at: Place,
    /// The line up to there.
    pub(super) before: &'a str,
    /// The line from there.
    pub(super) rest: &'a str,
}

impl<'a> Here<'a> {
    pub(super) fn of(source: &'a SourceFile, said: &'a Diagnostic) -> Option<Self> {
        let at = said.place;
        let start = source.line_start(at.span.start);
        let line = source.text().get(start as usize..)?.split('\n').next()?;
        let (before, rest) = line.split_at_checked((at.span.start - start) as usize)?;
        Some(Self { source, said, at, before, rest })
    }

    /// So many bytes further on.
    pub(super) fn place(&self, from: usize, length: usize) -> Place {
        let start = self.at.span.start + offset(from);
        between(self.at, start, start + offset(length))
    }

    /// Of the line's bytes.
    pub(super) fn in_line(&self, from: usize, to: usize) -> Place {
        let start = self.at.span.start - offset(self.before.len());
        between(self.at, start + offset(from), start + offset(to))
    }

    /// So many bytes from there, with the blanks before.
    pub(super) fn with_blanks(&self, length: usize) -> Place {
        let blanks = self.before.len() - self.before.trim_end().len();
        let start = self.at.span.start;
        between(self.at, start - offset(blanks), start + offset(length))
    }

    pub(super) fn awaits(&self, what: &str) -> bool {
        self.said.message.strip_prefix("expected ").is_some_and(|said| said.starts_with(what))
    }

    /// Whether what stands before could have ended here.
    pub(super) fn is_behind_value(&self) -> bool {
        let awaited = [
            "the end of the line",
            "an item such as",
            "an operator or",
            "`,` or",
            "`then`",
            "`else`",
        ];
        !self.before.trim().is_empty() && awaited.iter().any(|what| self.awaits(what))
    }

    /// The first word of the line, behind the brace of a block that is of one line.
    pub(super) fn entry(&self) -> &'a str {
        self.before.rsplit(['{', ',']).next().unwrap_or_default().trim_start()
    }
}

/// The word that a text begins with.
pub(super) fn word_of(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// The name that a text ends with.
pub(super) fn last_word(text: &str) -> &str {
    let head = text.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    text.get(head.len()..).unwrap_or_default()
}

/// Whether a text begins with this word, and blanks.
pub(super) fn is_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '\t']))
}

/// How long the value is that a text begins with; nothing where none does.
pub(super) fn length_of_value(text: &str) -> Option<usize> {
    let tree = peg::parse(Rule::expr, text).ok()?;
    let end = tree.pairs().next()?.end() as usize;
    Some(text.get(..end)?.trim_end().len())
}
