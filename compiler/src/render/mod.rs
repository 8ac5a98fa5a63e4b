//! Diagnostics as text: for a person ([`human`]), for a program ([`json`]), for GitHub
//! ([`github`]), and for what looks for lines in a program's output ([`short`]). Pages of the
//! catalogue, too ([`page`]).
//!
//! Knows diagnostics and sources; writes strings, never to a terminal.

mod excerpt;
pub mod github;
pub mod human;
pub mod json;
pub mod page;
pub mod short;
mod unbroken;

use crate::diagnostics::{Diagnostic, Severity};

/// The text without what a terminal would obey: such characters stand as `\u{1b}`.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if obeyed(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}

/// Whether a terminal obeys the character instead of showing it: moves, colours, the other direction.
fn obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How many of each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
}

impl Counts {
    /// Counts them.
    pub fn of(diagnostics: &[Diagnostic]) -> Self {
        let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
        Self { errors, warnings: diagnostics.len() - errors }
    }

    /// `2 errors, 1 warning`; nothing where there are none.
    pub fn summary(self) -> Option<String> {
        let some = |count: usize, what: &str| match count {
            0 => None,
            1 => Some(format!("1 {what}")),
            _ => Some(format!("{count} {what}s")),
        };
        let parts = [some(self.errors, "error"), some(self.warnings, "warning")];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { None } else { Some(parts.join(", ")) }
    }
}
