//! A name that must be another is one wherever it is used: the fix of its declaration reaches them all.
//!
//! It looks at words of the text outside of comments and strings, and at what stands beside them. Where one of
//! them may be something else, no fix is offered.

use super::ast::Comment;
use super::lowering::offset;
use super::scan::{Edge, Scan};
use crate::diagnostics::slips::{has_twins, is_strange_name};
use crate::diagnostics::{Diagnostic, Severity};
use crate::source::{Place, SourceFile, Span};

/// Of how many uses a fix is made.
const MOST_USES: usize = 1_000;

/// Which words are uses of a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// No other name is written like this.
    Any,
    /// Nor like this; and the better one, if it is there, is what was meant.
    Twin,
    /// Where a value may stand.
    Value,
    /// Where a type may stand.
    Type,
}

/// Extends the fixes of names to all of their uses in the file.
pub(super) fn everywhere(
    source: &SourceFile,
    scan: &Scan,
    comments: [&[Comment]; 2],
    told: &mut [Diagnostic],
) {
    for one in told.iter_mut().filter(|one| one.severity == Severity::Error) {
        let of = match one.code {
            "E1012" => Of::Type,
            "E1013" => Of::Value,
            _ if has_twins(one) => Of::Twin,
            _ if is_strange_name(one) => Of::Any,
            _ => continue,
        };
        let Some(mut fix) = one.fix.take() else { continue };
        let Some((_, better)) = fix.edits.first().cloned() else { continue };
        let words = Words { source, scan, comments };
        let Some(places) = words.uses(one.place, &better, of) else { continue };
        fix.edits = places.into_iter().map(|place| (place, better.clone())).collect();
        one.fix = Some(fix);
    }
}

struct Words<'s> {
    source: &'s SourceFile,
    scan: &'s Scan,
    /// Each in the order of the text.
    comments: [&'s [Comment]; 2],
}

impl Words<'_> {
    /// Where the name stands; nothing where that is not sure, or the better one is taken.
    fn uses(&self, declared: Place, better: &str, of: Of) -> Option<Vec<Place>> {
        let name = self.source.slice(declared.span);
        // A type of the better name that is only used may be this one.
        let is_taken = |at: Span| of != Of::Type || self.is_use(at, of) != Some(true);
        if of != Of::Twin && self.all(better).any(is_taken) {
            return None;
        }
        // A member may be called so between quotes.
        if of == Of::Any && self.source.text().contains(&format!("\"{name}\"")) {
            return None;
        }
        let mut places = Vec::new();
        for span in self.all(name) {
            if span != declared.span {
                match self.is_use(span, of) {
                    Some(true) => {}
                    Some(false) => continue,
                    None => return None,
                }
            }
            places.push(Place { span, ..declared });
            if places.len() > MOST_USES {
                return None;
            }
        }
        Some(places)
    }

    /// Whether this word is a use; nothing where it may be something else.
    fn is_use(&self, at: Span, of: Of) -> Option<bool> {
        let text = self.source.text();
        let before = text.get(..at.start as usize)?.trim_end_matches([' ', '\t']);
        let after = text.get(at.end as usize..)?.trim_start_matches([' ', '\t']);
        let is_given = after.starts_with('=') && !after.starts_with("==");
        let is_key = is_given || after.starts_with(':') || after.starts_with("->");
        let is_type = before.ends_with([':', '<', '|'])
            || ["extends", "via", "implements"].iter().any(|word| before.ends_with(word));
        match of {
            Of::Any | Of::Twin => Some(true),
            Of::Value if before.ends_with('.') => Some(false),
            Of::Value => (!is_key && !is_type).then_some(true),
            Of::Type => (is_type && !is_key).then_some(true),
        }
    }

    /// Where this word stands in the code.
    fn all(&self, word: &str) -> impl Iterator<Item = Span> {
        let text = self.source.text();
        let is_letter = |c: char| c.is_alphanumeric() || c == '_';
        let found = text.match_indices(word).filter(move |(at, word)| {
            let (before, rest) = text.split_at_checked(*at).unwrap_or_default();
            let after = rest.get(word.len()..).unwrap_or_default();
            !before.ends_with(is_letter) && !after.starts_with(is_letter)
        });
        let found = found.map(|(at, word)| Span::new(offset(at), offset(at + word.len())));
        found.filter(|span| self.is_code(span.start))
    }

    fn is_code(&self, at: u32) -> bool {
        let holds = |span: Span| span.start <= at && at < span.end;
        let is_comment = |comments: &[Comment]| {
            let next = comments.partition_point(|comment| comment.span.start <= at);
            let last = next.checked_sub(1).and_then(|last| comments.get(last));
            last.is_some_and(|comment| holds(comment.span))
        };
        if self.comments.into_iter().any(is_comment) {
            return false;
        }
        let strings = &self.scan.strings;
        let next = strings.partition_point(|span| span.start <= at);
        let Some(string) = next.checked_sub(1).and_then(|last| strings.get(last)) else {
            return true;
        };
        if !holds(*string) {
            return true;
        }
        let edges = &self.scan.interpolations;
        let place = |edge: &Edge| match edge {
            Edge::Begin(at) | Edge::End(at) => *at,
        };
        let from = edges.partition_point(|edge| place(edge) < string.start);
        let edges = edges.get(from..).unwrap_or_default();
        let edges = edges.iter().take_while(|edge| place(edge) <= at);
        let depth = |edge: &Edge| if matches!(edge, Edge::Begin(_)) { 1 } else { -1 };
        edges.map(depth).sum::<i32>() > 0
    }
}
