//! What a condition says of the paths that it tests against `null`.
//!
//! Knows the syntax only: a path is its text (`x`, `self.a.b`), whatever it stands for.

use bp_plan::{BinaryOp, UnaryOp, Value};

use crate::syntax::ast::{Expr, ExprKind};

/// The paths that are set when the condition is true (`holds`) or false.
pub(super) fn facts(condition: &Expr, holds: bool, settled: &mut Vec<String>) {
    match &condition.kind {
        ExprKind::Paren(of) => facts(of, holds, settled),
        ExprKind::Unary { op: UnaryOp::Not, of } => facts(of, !holds, settled),
        ExprKind::Binary { op, left, right, .. } => match (op, holds) {
            (BinaryOp::And, true) | (BinaryOp::Or, false) => {
                facts(left, holds, settled);
                facts(right, holds, settled);
            }
            (BinaryOp::NotEqual, true) | (BinaryOp::Equal, false) => {
                let tested = if is_null(right) {
                    left
                } else if is_null(left) {
                    right
                } else {
                    return;
                };
                prefixes(tested, settled);
            }
            _ => {}
        },
        _ => {}
    }
}

fn is_null(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(Value::Null) => true,
        ExprKind::Paren(of) => is_null(of),
        _ => false,
    }
}

/// The path itself, and each part that `?.` has asked about.
fn prefixes(expr: &Expr, settled: &mut Vec<String>) {
    settled.extend(path(expr));
    let mut at = expr;
    loop {
        match &at.kind {
            ExprKind::Paren(of) => at = of,
            ExprKind::Field { of, safe, .. } => {
                if *safe {
                    settled.extend(path(of));
                }
                at = of;
            }
            _ => return,
        }
    }
}

/// `x`, `self.a.b`; nothing for what is no plain path.
pub(super) fn path(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.to_string()),
        ExprKind::Paren(of) => path(of),
        ExprKind::Field { of, name, .. } => {
            let mut whole = path(of)?;
            whole.push('.');
            whole.push_str(&name.text);
            Some(whole)
        }
        _ => None,
    }
}
