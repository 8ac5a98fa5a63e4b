//! Folding: a part that needs nothing from outside becomes its value at once; its mistakes are told
//! where they stand.

use bp_eval::budget::weight;
use bp_eval::{DataTypes, ErrorKind, EvalError, Outcome, evaluate_constant};
use bp_plan::{BinaryOp, Expr, Phase, Type, Value};

use super::{CLOSED, Checker, Part};
use crate::diagnostics::{Diagnostic, types as says};
use crate::source::{Place, Span};

/// How deep a lowered expression may nest, so that every evaluation can take it.
const MAX_HEIGHT: usize = 200;
/// How many parts one expression may have, with what it stands for.
const MAX_PARTS: usize = 200_000;
/// How many bytes the constants that one expression names may take, besides the largest of them.
const MAX_TAKEN: usize = 2 << 20;
/// How many times the default of a field counts.
const DEFAULTS_COUNT: usize = 8;
/// How many bytes of constants are for each byte of the text that they are written as; what is more was
/// brought in by names, and counts for the whole program.
const BYTES_OF_TEXT: usize = 200;

/// What the constants take that an expression names, in bytes.
#[derive(Debug, Default)]
pub(super) struct Taken {
    total: usize,
    /// The largest of them: what only one constant takes was allowed where it is declared.
    largest: usize,
    is_told: bool,
}

/// The mistake of a value, as a diagnostic.
pub fn mistake(at: Place, error: &EvalError) -> Diagnostic {
    match error.kind {
        ErrorKind::DivisionByZero => says::division_by_zero(at, &error.message),
        ErrorKind::Overflow => says::overflow(at, &error.message),
        ErrorKind::MissingKey => says::missing_key(at, &error.message),
        ErrorKind::DuplicateKey => says::duplicate_made_key(at, &error.message),
        ErrorKind::TooLarge => says::too_large(at, &error.message),
        ErrorKind::Constraint => says::constraint_broken(at, &error.message, None, None),
        _ => says::bad_value(at, &error.message),
    }
}

/// What fails whatever the rest of it will be: a divisor that is 0, a pattern that is none.
fn doomed(expr: &Expr) -> Option<EvalError> {
    let text = |text: &str| Expr::Value(Value::String(text.to_owned()));
    let tried = match expr {
        Expr::Binary { op: op @ BinaryOp::Divide, right, .. } if right.as_value().is_some() => {
            Expr::Binary {
                op: *op,
                left: Box::new(Expr::Value(Value::Int(1))),
                right: right.clone(),
            }
        }
        Expr::Call { function, arguments } => match (function.as_str(), arguments.as_slice()) {
            ("div" | "mod", [_, by]) if by.as_value().is_some() => {
                let one = Expr::Value(Value::Int(1));
                Expr::Call { function: function.clone(), arguments: vec![one, by.clone()] }
            }
            ("matches", [_, by]) if by.as_value().is_some() => {
                Expr::Call { function: function.clone(), arguments: vec![text(""), by.clone()] }
            }
            ("replace", [_, old, _]) if old.as_value().is_some() => Expr::Call {
                function: function.clone(),
                arguments: vec![text(""), old.clone(), text("")],
            },
            _ => return None,
        },
        _ => return None,
    };
    let error = evaluate_constant(&tried, None).err()?;
    match error.kind {
        ErrorKind::DivisionByZero => {
            Some(EvalError::new(error.kind, "the divisor of this is always 0"))
        }
        ErrorKind::BadArgument => Some(error),
        _ => None,
    }
}

impl Checker<'_> {
    /// The part's value where it has one already; else the part.
    pub(super) fn settle(&mut self, part: Part, span: Span) -> Part {
        if part.is_broken() || part.expr.as_value().is_some() {
            return part;
        }
        let known = (part.open == CLOSED).then(|| self.constant(&part.expr));
        let error = match known {
            Some(Ok(Outcome::Value(value))) => {
                return Part { expr: Expr::Value(value), phase: Phase::Compile, ..part };
            }
            Some(Err(error)) => Some(error),
            Some(Ok(_)) | None => doomed(&part.expr),
        };
        match error.filter(|_| self.certain) {
            Some(error) => {
                self.report(mistake(self.place(span), &error));
                Part::broken()
            }
            None => part,
        }
    }

    /// What an expression is that needs nothing from outside but the data types that its parts are held against.
    fn constant(&self, expr: &Expr) -> Result<Outcome, EvalError> {
        let known = evaluate_constant(expr, None);
        if !matches!(known, Ok(Outcome::Unknown)) {
            return known;
        }
        let mut data_types = DataTypes::new();
        self.held_types(expr, &mut data_types);
        if data_types.is_empty() { known } else { evaluate_constant(expr, Some(&data_types)) }
    }

    fn held_types(&self, expr: &Expr, found: &mut DataTypes) {
        if let Expr::Held(held) = expr {
            found.extend(self.data_types(&held.kind));
        }
        expr.parts(&mut |part| self.held_types(part, found));
    }

    /// The whole, unless it is more than an evaluation can take.
    pub(super) fn measured(&mut self, part: Part, span: Span) -> Part {
        if part.expr.as_value().is_none() && height(&part.expr) > MAX_HEIGHT {
            self.report(says::too_deep(self.place(span), MAX_HEIGHT));
            return Part::broken();
        }
        let Some(value) = part.expr.as_value() else { return part };
        let written = (span.end - span.start) as usize * BYTES_OF_TEXT;
        let kept = held(value).saturating_sub(written);
        if kept == 0 {
            return part;
        }
        let Err(most) = self.world.keep(kept) else { return part };
        if let Some(most) = most {
            self.report(says::too_much_kept(self.place(span), most));
        }
        Part::broken()
    }

    /// Counts what a constant brings in; false where it is too much, which is reported once.
    pub(super) fn take(&mut self, ty: &Type, expr: &Expr, span: Span) -> bool {
        let own = expr.as_value().map_or(0, held) + type_weight(ty);
        self.takes(own, span)
    }

    /// As [`Self::take`], of a default of a data type. These stand in the values of all who leave the field
    /// out, so there is room for less.
    pub(super) fn take_default(&mut self, default: &Expr, span: Span) -> bool {
        self.takes(default.as_value().map_or(0, held).saturating_mul(DEFAULTS_COUNT), span)
    }

    fn takes(&mut self, own: usize, span: Span) -> bool {
        let taken = &mut self.taken;
        if taken.is_told {
            return false;
        }
        taken.total += own;
        taken.largest = taken.largest.max(own);
        taken.is_told = taken.total - taken.largest > MAX_TAKEN;
        if !taken.is_told {
            return true;
        }
        // What is made of this in turn has nothing more to tell.
        if !matches!(self.world.keep(usize::MAX), Err(None)) {
            self.report(says::too_much_taken(self.place(span), MAX_TAKEN));
        }
        false
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

/// How many bytes the places of a small map take, which are there before its entries are.
const SMALL_MAP: usize = 600;

/// About how many bytes a value takes in memory; [`weight`] is what it costs to go through it.
fn held(value: &Value) -> usize {
    match value {
        Value::List(items) => size_of::<Value>() + items.iter().map(held).sum::<usize>(),
        Value::Map(entries) => {
            let entry =
                |(key, value): (&String, &Value)| size_of::<String>() + key.len() + held(value);
            SMALL_MAP + entries.iter().map(entry).sum::<usize>()
        }
        other => weight(other),
    }
}

/// About how many bytes a type takes.
fn type_weight(ty: &Type) -> usize {
    let own = size_of::<Type>();
    own + match ty {
        Type::Optional(of)
        | Type::Perhaps(of)
        | Type::Secret(of)
        | Type::List(of)
        | Type::Map(of) => type_weight(of),
        Type::Union(members) => members.iter().map(type_weight).sum(),
        Type::Record(fields) => {
            let field =
                |(name, of): (&String, &Type)| size_of::<String>() + name.len() + type_weight(of);
            SMALL_MAP + fields.iter().map(field).sum::<usize>()
        }
        _ => 0,
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
