//! Operators: what binds tighter, and what may stand beside what.

use std::cell::RefCell;
use std::sync::LazyLock;

use bp_plan::{BinaryOp, UnaryOp, Value};
use pest::iterators::Pair;
use pest::pratt_parser::{Assoc, Op, PrattParser};

use super::ast::{Expr, ExprKind};
use super::grammar::Rule;
use super::lowering::{Lowering, MAX_CHAIN, span};
use super::{MAX_NESTING, literals};
use crate::diagnostics::syntax as says;
use crate::source::Span;

type P<'i> = Pair<'i, Rule>;

/// Loosest first.
static PRATT: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let left = |rule| Op::infix(rule, Assoc::Left);
    PrattParser::new()
        .op(left(Rule::op_or) | left(Rule::foreign_or))
        .op(left(Rule::op_and) | left(Rule::foreign_and))
        .op(Op::prefix(Rule::not))
        .op(left(Rule::op_eq)
            | left(Rule::op_ne)
            | left(Rule::op_le)
            | left(Rule::op_lt)
            | left(Rule::op_ge)
            | left(Rule::op_gt)
            | left(Rule::op_in)
            | left(Rule::op_not_in))
        .op(Op::infix(Rule::op_else, Assoc::Right))
        .op(left(Rule::op_range))
        .op(left(Rule::op_add) | left(Rule::op_sub))
        .op(left(Rule::op_mul) | left(Rule::op_div) | left(Rule::foreign_mod))
        .op(Op::prefix(Rule::neg) | Op::prefix(Rule::foreign_not))
        .op(Op::postfix(Rule::field)
            | Op::postfix(Rule::index)
            | Op::postfix(Rule::splat)
            | Op::postfix(Rule::call_args)
            | Op::postfix(Rule::ternary))
});

impl Lowering<'_> {
    /// An `expr`: operands and operators to a tree.
    pub(super) fn operators(&mut self, pair: P<'_>) -> Expr {
        let at = span(&pair);
        let missing = Expr { kind: ExprKind::Missing, span: at };
        let parts: Vec<P<'_>> = pair
            .into_inner()
            .filter(|part| {
                !matches!(
                    part.as_rule(),
                    Rule::line_comment | Rule::block_comment | Rule::open_comment
                )
            })
            .collect();
        let mut operators = 0;
        let mut prefixes = 0;
        for part in &parts {
            match part.as_rule() {
                Rule::neg | Rule::not | Rule::foreign_not => prefixes += 1,
                rule if is_operand(rule) => prefixes = 0,
                _ => operators += 1,
            }
            if prefixes > MAX_NESTING {
                self.report(says::too_deep(self.at(span(part)), MAX_NESTING));
                return missing;
            }
        }
        if operators > MAX_CHAIN {
            self.report(says::too_long(self.at(at), MAX_CHAIN));
            return missing;
        }
        if parts.len() == 1 {
            return match parts.into_iter().next() {
                Some(only) => self.primary(only),
                None => missing,
            };
        }
        let this = RefCell::new(self);
        PRATT
            .map_primary(|part| this.borrow_mut().primary(part))
            .map_prefix(|op, of| this.borrow_mut().prefix(&op, of))
            .map_postfix(|of, op| this.borrow_mut().postfix(of, op))
            .map_infix(|left, op, right| this.borrow_mut().infix(left, &op, right))
            .parse(parts.into_iter())
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
        let Some(operator) = self.operator(op) else {
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
    fn operator(&mut self, op: &P<'_>) -> Option<BinaryOp> {
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
                self.report(says::foreign_operator(self.at(span(op)), "||", "or"));
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
