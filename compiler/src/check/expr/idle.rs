//! Parts of an expression that never count: a branch that is never taken, a `??` after what is always set.
//!
//! They are worth a warning and are no mistakes: what they stand in is as good as before.

use bp_plan::{BinaryOp, Expr, Type, Value};

use super::{Checker, Part, fits};
use crate::diagnostics::never as says;
use crate::source::Span;
use crate::syntax::{
    ast::{self, ExprKind},
    walk,
};

impl Checker<'_> {
    /// The condition of a loop's elements.
    pub(super) fn filter(&mut self, filter: &ast::Expr) -> Part {
        let part = self.condition(filter);
        self.constant_condition(filter, &part, ["it leaves out nothing", "it leaves nothing"]);
        part
    }

    /// A condition that is written out to the last: no name in it could ever be another.
    pub(super) fn constant_condition(&self, condition: &ast::Expr, part: &Part, what: [&str; 2]) {
        let Expr::Value(Value::Bool(is)) = part.expr else { return };
        let mut is_literal = true;
        walk::expressions(condition, &mut |expr| {
            is_literal &= matches!(
                expr.kind,
                ExprKind::Literal(_)
                    | ExprKind::Unary { .. }
                    | ExprKind::Binary { .. }
                    | ExprKind::Paren(_)
                    | ExprKind::List(_)
            );
        });
        if !is_literal || part.is_broken() {
            return;
        }
        let [if_true, if_false] = what;
        let what = if is { if_true } else { if_false };
        self.world.warn(says::constant_condition(self.place(condition.span), is, what));
    }

    /// A `??` after what is always set.
    pub(super) fn never_unset(&self, left: &ast::Expr, right: &ast::Expr, part: &Part) {
        let (revealed, _) = fits::revealed(part.ty.clone());
        let may_be_unset = matches!(
            revealed,
            Type::Optional(_) | Type::Null | Type::Json | Type::Unknown | Type::Never
        );
        if may_be_unset {
            return;
        }
        // A missing key is an error, and was perhaps meant to be caught.
        let of = match &left.kind {
            ExprKind::Index { of, safe: false, .. } | ExprKind::Field { of, safe: false, .. } => {
                Some(of).filter(|of| self.may_lack(of))
            }
            _ => None,
        };
        let instead = of.map(|of| self.place(Span::new(of.span.end, of.span.end)));
        let rest = self.place(Span::new(left.span.end, right.span.end));
        let place = self.place(left.span);
        self.world.warn(says::idle_default(place, &revealed, rest, instead));
    }

    /// Whether it has keys of which one may be missing.
    fn may_lack(&self, of: &ast::Expr) -> bool {
        // One that is in another would be looked at twice for each level.
        let mut is_nested = false;
        walk::expressions(of, &mut |expr| {
            is_nested |= matches!(expr.kind, ExprKind::Binary { op: BinaryOp::Coalesce, .. });
        });
        if is_nested {
            return false;
        }
        let mut aside = Vec::new();
        let mut checker = Checker::new(self.world, &self.scope, &mut aside);
        let (ty, _) = fits::revealed(checker.infer(of, None).ty);
        matches!(ty, Type::Map(_) | Type::List(_) | Type::Nodes(_) | Type::Json)
    }
}
