//! Comparisons: `== != < <= > >= in`, `not in`.

use bp_plan::{BinaryOp, Type, Value};

use super::{Checker, Part, fits};
use crate::diagnostics::types as says;
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind};

impl Checker<'_> {
    pub(super) fn comparison(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Part {
        let is_in = matches!(op, BinaryOp::In | BinaryOp::NotIn);
        let (a, b) = self.operands(left, right, is_in);
        if a.is_broken() || b.is_broken() {
            return Part { ty: Type::Bool, ..Part::broken() };
        }
        let x = self.compared(&a.ty);
        let y = self.compared(&b.ty);
        let goes = match op {
            BinaryOp::In | BinaryOp::NotIn => {
                let Some(goes) = self.contains(&y, &x) else {
                    self.report(says::in_what(self.place(right.span), &b.ty));
                    return Part { ty: Type::Bool, ..Part::broken() };
                };
                goes
            }
            BinaryOp::Equal | BinaryOp::NotEqual => self.comparable(&x, &y),
            _ => self.ordered(&x, &y),
        };
        if goes {
            return self.joined(op, Type::Bool, a, b, span);
        }
        let [x, y] = self.apart(&a.ty, &b.ty);
        let sides = ((&x, self.place(left.span)), (&y, self.place(right.span)));
        let error = match self.missed_literal(&a.ty, &b.ty, left, right) {
            Some(error) => error,
            None => says::incomparable(self.place(op_span), op.symbol(), sides.0, sides.1),
        };
        self.report(error);
        Part { ty: Type::Bool, ..Part::broken() }
    }

    /// Both sides; a literal string becomes the version or timestamp that it is compared with.
    fn operands(&mut self, left: &ast::Expr, right: &ast::Expr, is_in: bool) -> (Part, Part) {
        if !is_in && is_text(left) && !is_text(right) {
            let b = self.infer(right, None);
            let a = self.beside(left, &b.ty);
            return (a, b);
        }
        let a = self.infer(left, None);
        let b = if is_in { self.among(right, &a.ty) } else { self.beside(right, &a.ty) };
        (a, b)
    }

    /// A side, whose literals become what the other side is.
    fn beside(&mut self, expr: &ast::Expr, other: &Type) -> Part {
        if is_text(expr) {
            let other = fits::bare(other.clone());
            return self.infer(expr, Some(&other));
        }
        self.infer(expr, None)
    }

    /// What is after `in`: the literals of a list become what is sought.
    fn among(&mut self, expr: &ast::Expr, sought: &Type) -> Part {
        let inner = unwrapped(expr);
        let ExprKind::List(elements) = &inner.kind else { return self.infer(expr, None) };
        let texts = !elements.is_empty()
            && elements.iter().all(|element| !element.spread && is_text(&element.value));
        let wanted = fits::plain(self.world, &self.compared(sought));
        if texts && matches!(wanted, Type::Version | Type::Timestamp) {
            return self.because(None, |c| c.infer(expr, Some(&Type::List(Box::new(wanted)))));
        }
        let mut options = Vec::new();
        self.literals(&wanted, &mut options);
        let is_enumeration = matches!(&wanted, Type::Union(of) if of.len() == options.len());
        if texts && is_enumeration {
            return self.because(None, |c| c.infer(expr, Some(&Type::List(Box::new(wanted)))));
        }
        self.infer(expr, None)
    }

    /// The type as it counts for comparing: whether it is set or secret does not matter.
    fn compared(&self, ty: &Type) -> Type {
        match fits::plain(self.world, ty) {
            Type::Optional(of) | Type::Perhaps(of) | Type::Secret(of) => self.compared(&of),
            other => other,
        }
    }

    /// Whether two values of these types can be the same.
    fn comparable(&self, a: &Type, b: &Type) -> bool {
        let (a, b) = (self.compared(a), self.compared(b));
        match (&a, &b) {
            (Type::Null | Type::Json | Type::Unknown | Type::Never, _)
            | (_, Type::Null | Type::Json | Type::Unknown | Type::Never)
            | (Type::Int | Type::Float, Type::Int | Type::Float)
            | (Type::Literal(_), Type::Literal(_)) => true,
            (Type::Union(members), other) | (other, Type::Union(members)) => {
                members.iter().any(|member| match (member, other) {
                    (Type::Literal(a), Type::Literal(b)) => a == b,
                    (member, other) => self.comparable(member, other),
                })
            }
            (Type::List(a), Type::List(b)) | (Type::Map(a), Type::Map(b)) => self.comparable(a, b),
            (Type::Record(fields), Type::Map(of)) | (Type::Map(of), Type::Record(fields)) => {
                fields.values().all(|field| self.comparable(field, of))
            }
            (Type::Record(a), Type::Record(b)) => {
                a.iter().all(|(name, a)| b.get(name).is_none_or(|b| self.comparable(a, b)))
            }
            (a, b) => fits::fits(self.world, a, b) || fits::fits(self.world, b, a),
        }
    }

    /// Whether values of these types have an order.
    #[expect(clippy::match_same_arms, reason = "the arms are tried in this order")]
    pub(super) fn ordered(&self, a: &Type, b: &Type) -> bool {
        let (a, b) = (self.compared(a), self.compared(b));
        match (&a, &b) {
            (Type::Unknown | Type::Never, _) | (_, Type::Unknown | Type::Never) => true,
            (Type::Json, other) | (other, Type::Json) => {
                matches!(other, Type::Json) || self.ordered(other, other)
            }
            (Type::Int | Type::Float, Type::Int | Type::Float)
            | (Type::String | Type::Literal(_), Type::String | Type::Literal(_))
            | (Type::Version, Type::Version)
            | (Type::Timestamp, Type::Timestamp)
            | (Type::Bool, Type::Bool) => true,
            (Type::Quantity(a), Type::Quantity(b)) => a == b,
            (Type::Union(members), other) | (other, Type::Union(members)) => {
                members.iter().all(|member| self.ordered(member, other))
            }
            _ => false,
        }
    }

    /// Whether a value of this type can be in the collection; nothing where that is no collection.
    pub(super) fn contains(&self, collection: &Type, value: &Type) -> Option<bool> {
        let is_key = |ty: &Type| {
            matches!(ty, Type::Json | Type::Never)
                || fits::fits(self.world, ty, &Type::String)
                || fits::fits(self.world, ty, &Type::Int)
        };
        Some(match collection {
            Type::List(of) => self.comparable(value, of),
            Type::Range => matches!(value, Type::Int | Type::Float | Type::Json | Type::Never),
            Type::Map(_) | Type::Record(_) => is_key(value),
            Type::Nodes(_) => is_key(value) || matches!(value, Type::Node(_)),
            Type::Json | Type::Unknown | Type::Never => true,
            _ => return None,
        })
    }

    /// A literal that the other side can never be.
    fn missed_literal(
        &self,
        a: &Type,
        b: &Type,
        left: &ast::Expr,
        right: &ast::Expr,
    ) -> Option<crate::diagnostics::Diagnostic> {
        for (literal, expr, other) in [(a, left, b), (b, right, a)] {
            if let Type::Literal(text) = literal {
                let mut options = Vec::new();
                let element = match self.compared(other) {
                    Type::List(of) => *of,
                    other => other,
                };
                self.literals(&element, &mut options);
                if !options.is_empty() {
                    return Some(says::not_one_of(
                        self.place(expr.span),
                        text,
                        (&options, &[]),
                        &element,
                    ));
                }
            }
        }
        None
    }
}

fn unwrapped(expr: &ast::Expr) -> &ast::Expr {
    let mut at = expr;
    while let ExprKind::Paren(of) = &at.kind {
        at = of;
    }
    at
}

fn is_text(expr: &ast::Expr) -> bool {
    matches!(unwrapped(expr).kind, ExprKind::Literal(Value::String(_)))
}
