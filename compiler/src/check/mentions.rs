//! What expressions mention.

use bp_plan::Expr;

/// Whether any part of the expression is one of these.
pub(crate) fn mentions(expr: &Expr, wanted: &dyn Fn(&Expr) -> bool) -> bool {
    let mut found = wanted(expr);
    expr.parts(&mut |part| found = found || mentions(part, wanted));
    found
}

/// Whether a part belongs to one blueprint, so that it means nothing in another.
pub(crate) fn is_inside(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Input(_)
            | Expr::Secret(_)
            | Expr::Node(_)
            | Expr::Selection(_)
            | Expr::Requirement(_)
    )
}
