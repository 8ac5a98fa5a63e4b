//! Folding: a part that needs nothing from outside becomes its value at once; its mistakes are told
//! where they stand.

use bp_eval::{ErrorKind, EvalError, Nowhere, Outcome, evaluate};
use bp_plan::{Expr, Phase};

use super::{CLOSED, Checker, Part};
use crate::diagnostics::{Diagnostic, types as says};
use crate::source::{Place, Span};

/// How deep a lowered expression may nest, so that every evaluation can take it.
const MAX_HEIGHT: usize = 200;
/// How many parts one expression may have, with what it stands for.
const MAX_PARTS: usize = 200_000;

/// The mistake of a value, as a diagnostic.
pub(super) fn mistake(at: Place, error: &EvalError) -> Diagnostic {
    match error.kind {
        ErrorKind::DivisionByZero => says::division_by_zero(at, &error.message),
        ErrorKind::Overflow => says::overflow(at, &error.message),
        ErrorKind::MissingKey => says::missing_key(at, &error.message),
        ErrorKind::DuplicateKey => says::duplicate_made_key(at, &error.message),
        ErrorKind::TooLarge => says::too_large(at, &error.message),
        _ => says::bad_value(at, &error.message),
    }
}

impl Checker<'_> {
    /// The part's value where it has one already; else the part.
    pub(super) fn settle(&mut self, part: Part, span: Span) -> Part {
        if part.open != CLOSED || part.is_broken() || part.expr.as_value().is_some() {
            return part;
        }
        match evaluate(&part.expr, &Nowhere) {
            Ok(Outcome::Value(value)) => {
                Part { expr: Expr::Value(value), phase: Phase::Compile, ..part }
            }
            Err(error) if self.certain => {
                self.report(mistake(self.place(span), &error));
                Part::broken()
            }
            Ok(_) | Err(_) => part,
        }
    }

    /// The whole, unless it is more than an evaluation can take.
    pub(super) fn measured(&mut self, part: Part, span: Span) -> Part {
        if part.expr.as_value().is_none() && height(&part.expr) > MAX_HEIGHT {
            self.report(says::too_deep(self.place(span), MAX_HEIGHT));
            return Part::broken();
        }
        part
    }

    /// Counts what a `let` or a function brings in; false where it is too much, which is reported once.
    pub(super) fn spend(&mut self, expr: &Expr, span: Span) -> bool {
        if self.spent > MAX_PARTS {
            return false;
        }
        self.spent += parts(expr);
        if self.spent > MAX_PARTS {
            self.report(says::too_many_parts(self.place(span), MAX_PARTS));
            return false;
        }
        true
    }
}

/// How many levels an expression has. The parser and [`MAX_HEIGHT`] bound each that is put together.
fn height(expr: &Expr) -> usize {
    let mut deepest = 0;
    expr.parts(&mut |part| deepest = deepest.max(height(part)));
    deepest + 1
}

/// How many parts an expression has.
pub(super) fn parts(expr: &Expr) -> usize {
    let mut count = 1;
    expr.parts(&mut |part| count += parts(part));
    count
}
