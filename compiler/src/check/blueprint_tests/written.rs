//! Where the parts of an inventory stand that is written in a test.

use crate::source::Span;
use crate::syntax::ast::{self, ExprKind, RecordEntry};

/// The elements, in the order in which an inventory has them: clusters, then others.
pub(crate) struct Written<'a>(Vec<&'a [RecordEntry]>);

impl<'a> Written<'a> {
    /// The elements of a literal, which are so many; nothing where they are not written one by one.
    pub(super) fn of(literal: &'a ast::Expr, count: usize) -> Option<Self> {
        let all = ["clusters", "elements"].into_iter().filter_map(|key| {
            let (_, list) = entry(record(literal)?, key)?;
            match &list.kind {
                ExprKind::List(elements) => Some(elements.iter()),
                _ => None,
            }
        });
        let all: Option<Vec<_>> =
            all.flatten().map(|one| record(&one.value).filter(|_| !one.spread)).collect();
        all.filter(|all| all.len() == count).map(Self)
    }

    /// A key of the element of this number, and its value.
    pub(super) fn entry(&self, number: usize, key: &str) -> Option<(Span, Span)> {
        let (key, value) = entry(self.0.get(number)?, key)?;
        Some((key.span, value.span))
    }
}

/// The key of a literal of which a reader of inventories says that it does not know it.
pub(super) fn unknown_key(why: &str, literal: &ast::Expr) -> Option<Span> {
    let key = why.strip_prefix("unknown field `")?.split('`').next()?;
    entry(record(literal)?, key).map(|(key, _)| key.span)
}

fn record(expr: &ast::Expr) -> Option<&[RecordEntry]> {
    match &expr.kind {
        ExprKind::Record(entries) => Some(entries),
        ExprKind::Paren(of) => record(of),
        _ => None,
    }
}

fn entry<'a>(entries: &'a [RecordEntry], wanted: &str) -> Option<(&'a ast::Name, &'a ast::Expr)> {
    entries.iter().find_map(|entry| match entry {
        RecordEntry::One { key, value } if key.text == wanted => Some((key, value)),
        _ => None,
    })
}
