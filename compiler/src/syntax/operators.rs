//! Operators: what binds tighter, and what may stand beside what.

use std::iter::Peekable;

use super::peg::Pair;
use bp_plan::{BinaryOp, UnaryOp, Value};

use super::ast::{Expr, ExprKind};
use super::grammar::Rule;
use super::lowering::{Lowering, MAX_CHAIN, span};
use super::{MAX_NESTING, literals};
use crate::diagnostics::syntax as says;
use crate::source::Span;

type P<'i> = Pair<'i>;

/// Where an operator stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fixity {
    Prefix,
    /// Of its like in a row, the left binds first.
    Left,
    Right,
    Postfix,
}

/// How an operator stands and how tightly it binds; nothing for what is an operand.
fn operator_of(rule: Rule) -> Option<(Fixity, u8)> {
    Some(match rule {
        Rule::op_or | Rule::foreign_or => (Fixity::Left, 1),
        Rule::op_and | Rule::foreign_and => (Fixity::Left, 2),
        Rule::not => (Fixity::Prefix, 3),
        Rule::op_eq
        | Rule::op_ne
        | Rule::op_le
        | Rule::op_lt
        | Rule::op_ge
        | Rule::op_gt
        | Rule::op_in
        | Rule::op_not_in => (Fixity::Left, 4),
        Rule::op_else => (Fixity::Right, 5),
        Rule::op_range => (Fixity::Left, 6),
        Rule::op_add | Rule::op_sub => (Fixity::Left, 7),
        Rule::op_mul | Rule::op_div | Rule::foreign_mod => (Fixity::Left, 8),
        Rule::neg | Rule::foreign_not => (Fixity::Prefix, 9),
        Rule::field | Rule::index | Rule::splat | Rule::call_args | Rule::ternary => {
            (Fixity::Postfix, 10)
        }
        _ => return None,
    })
}

impl Lowering<'_> {
    /// An `expr`: operands and operators to a tree.
    pub(super) fn operators(&mut self, pair: P<'_>) -> Expr {
        let at = span(&pair);
        let missing = Expr { kind: ExprKind::Missing, span: at };
        let is_comment = |part: &P<'_>| {
            matches!(part.as_rule(), Rule::line_comment | Rule::block_comment | Rule::open_comment)
        };
        let parts = || pair.into_inner().filter(|part| !is_comment(part));
        // Most are an operand alone.
        if let Some(only) = parts().next()
            && parts().nth(1).is_none()
        {
            return self.primary(only);
        }
        let mut operators = 0;
        let mut prefixes = 0;
        for part in parts() {
            match part.as_rule() {
                Rule::neg | Rule::not | Rule::foreign_not => prefixes += 1,
                rule if is_operand(rule) => prefixes = 0,
                _ => operators += 1,
            }
            if prefixes > MAX_NESTING {
                self.report(says::too_deep(self.at(span(&part)), MAX_NESTING));
                return missing;
            }
        }
        if operators > MAX_CHAIN {
            self.report(says::too_long(self.at(at), MAX_CHAIN));
            return missing;
        }
        self.climb(&mut parts().peekable(), 0).unwrap_or(missing)
    }

    /// An operand with all operators behind it that bind at least so tightly (precedence climbing:
    /// Pratt, "Top down operator precedence", 1973).
    fn climb<'i>(
        &mut self,
        parts: &mut Peekable<impl Iterator<Item = P<'i>>>,
        least: u8,
    ) -> Option<Expr> {
        let first = parts.next()?;
        let mut left = match operator_of(first.as_rule()) {
            Some((_, binds)) => {
                let of = self.climb(parts, binds)?;
                self.prefix(&first, of)
            }
            None => self.primary(first),
        };
        while let Some((fixity, binds)) = parts.peek().and_then(|part| operator_of(part.as_rule()))
            && binds >= least
        {
            let operator = parts.next()?;
            left = match fixity {
                Fixity::Postfix => self.postfix(left, operator),
                Fixity::Right => {
                    let right = self.climb(parts, binds)?;
                    self.infix(left, &operator, right)
                }
                Fixity::Left | Fixity::Prefix => {
                    let right = self.climb(parts, binds + 1)?;
                    self.infix(left, &operator, right)
                }
            };
        }
        Some(left)
    }

    fn prefix(&mut self, op: &P<'_>, of: Expr) -> Expr {
        let at = span(op).to(of.span);
        if op.as_rule() == Rule::neg
            && let Some(position) = self.minimums.iter().position(|minimum| *minimum == of.span)
        {
            self.minimums.remove(position);
            return Expr { kind: ExprKind::Literal(Value::Int(i64::MIN)), span: at };
        }
        let operator = match op.as_rule() {
            Rule::neg => UnaryOp::Negate,
            Rule::foreign_not => {
                self.report(says::foreign_operator(self.at(span(op)), "!", "not "));
                UnaryOp::Not
            }
            _ => UnaryOp::Not,
        };
        Expr { kind: ExprKind::Unary { op: operator, of: Box::new(of) }, span: at }
    }

    fn infix(&mut self, left: Expr, op: &P<'_>, right: Expr) -> Expr {
        let at = left.span.to(right.span);
        let op_span = span(op);
        let Some(operator) = self.operator(op, &left, &right) else {
            return Expr { kind: ExprKind::Missing, span: at };
        };
        let is_joint = matches!(operator, BinaryOp::And | BinaryOp::Or);
        let chains = |left: BinaryOp| {
            compares(operator) && compares(left)
                || operator == BinaryOp::Range && left == BinaryOp::Range
        };
        if let ExprKind::Binary { op: before, .. } = &left.kind
            && chains(*before)
        {
            self.report(says::chained(self.at(op_span), op.as_str()));
            return Expr { kind: ExprKind::Missing, span: at };
        }
        if !is_joint {
            match right.kind {
                ExprKind::If { .. } => self.needs_parentheses(right.span, "`if` after an operator"),
                ExprKind::Unary { op: UnaryOp::Not, .. } => {
                    self.needs_parentheses(right.span, "`not` after an operator");
                }
                _ => {}
            }
        }
        if operator == BinaryOp::Range {
            for bound in [&left, &right] {
                if matches!(bound.kind, ExprKind::Binary { .. }) {
                    self.needs_parentheses(bound.span, "a computed bound of a range");
                }
            }
        }
        let kind = ExprKind::Binary {
            op: operator,
            op_span,
            left: Box::new(left),
            right: Box::new(right),
        };
        Expr { kind, span: at }
    }

    fn needs_parentheses(&mut self, at: Span, what: &str) {
        let text = self.source.slice(at).to_owned();
        self.report(says::needs_parentheses(self.at(at), what, &text));
    }

    /// The operator; a foreign one is reported and taken for ours.
    fn operator(&mut self, op: &P<'_>, left: &Expr, right: &Expr) -> Option<BinaryOp> {
        Some(match op.as_rule() {
            Rule::op_add => BinaryOp::Add,
            Rule::op_sub => BinaryOp::Subtract,
            Rule::op_mul => BinaryOp::Multiply,
            Rule::op_div => BinaryOp::Divide,
            Rule::op_eq => BinaryOp::Equal,
            Rule::op_ne => BinaryOp::NotEqual,
            Rule::op_le => BinaryOp::LessOrEqual,
            Rule::op_lt => BinaryOp::Less,
            Rule::op_ge => BinaryOp::GreaterOrEqual,
            Rule::op_gt => BinaryOp::Greater,
            Rule::op_in => BinaryOp::In,
            Rule::op_not_in => BinaryOp::NotIn,
            Rule::op_range => BinaryOp::Range,
            Rule::op_else => BinaryOp::Coalesce,
            Rule::op_and => BinaryOp::And,
            Rule::op_or => BinaryOp::Or,
            Rule::foreign_and => {
                self.report(says::foreign_operator(self.at(span(op)), "&&", "and"));
                BinaryOp::And
            }
            Rule::foreign_or => {
                let at = self.at(span(op));
                if is_no_condition(right) {
                    self.report(says::foreign_operator(at, "||", "??"));
                    return Some(BinaryOp::Coalesce);
                }
                self.report(if is_condition(left) || is_condition(right) {
                    says::foreign_operator(at, "||", "or")
                } else {
                    says::foreign_or(at)
                });
                BinaryOp::Or
            }
            _ => {
                self.report(says::foreign_modulus(self.at(span(op))));
                return None;
            }
        })
    }
}

/// Whether a part of an `expr` is an operand.
fn is_operand(rule: Rule) -> bool {
    literals::is_literal(rule)
        || matches!(
            rule,
            Rule::name
                | Rule::list
                | Rule::braced
                | Rule::paren
                | Rule::if_expr
                | Rule::missing_expr
        )
}

/// Whether this can be nothing but true or false.
fn is_condition(of: &Expr) -> bool {
    match &of.kind {
        ExprKind::Paren(inner) => is_condition(inner),
        ExprKind::Literal(Value::Bool(_)) | ExprKind::Unary { op: UnaryOp::Not, .. } => true,
        ExprKind::Binary { op, .. } => compares(*op) || matches!(op, BinaryOp::And | BinaryOp::Or),
        _ => false,
    }
}

/// Whether this is surely neither true nor false.
fn is_no_condition(of: &Expr) -> bool {
    match &of.kind {
        ExprKind::Paren(inner) => is_no_condition(inner),
        ExprKind::Literal(value) => !matches!(value, Value::Bool(_)),
        ExprKind::Interpolation(_) | ExprKind::List(_) | ExprKind::Record(_) => true,
        _ => false,
    }
}

/// Whether an operator compares.
fn compares(operator: BinaryOp) -> bool {
    matches!(
        operator,
        BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessOrEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterOrEqual
            | BinaryOp::In
            | BinaryOp::NotIn
    )
}
