//! Operators: arithmetic, logic, ranges, `??` and `if`.

use bp_plan::{BinaryOp, Dimension, Expr, Type, UnaryOp, Value};

use super::{Checker, Part, fits};
use crate::diagnostics::{Diagnostic, types as says};
use crate::source::Span;
use crate::syntax::ast;

/// What counts for arithmetic.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Number {
    Int,
    Float,
    Quantity(Dimension),
    Json,
}

impl Checker<'_> {
    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        hint: Option<&Type>,
        span: Span,
    ) -> Part {
        match op {
            BinaryOp::And | BinaryOp::Or => self.logical(op, left, right),
            BinaryOp::Coalesce => self.coalesce(left, right, hint, span),
            BinaryOp::Range => self.range(left, right, span),
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide => {
                self.arithmetic((op, op_span), left, right, hint, span)
            }
            _ => self.comparison(op, op_span, left, right, span),
        }
    }

    /// Two operands put together.
    pub(super) fn joined(
        &mut self,
        op: BinaryOp,
        ty: Type,
        left: Part,
        right: Part,
        span: Span,
    ) -> Part {
        let is_secret = [&left, &right].iter().any(|side| fits::holds_secret(self.world, &side.ty));
        let ty = if is_secret { fits::secret(ty) } else { ty };
        let phase = left.phase.max(right.phase);
        let open = left.open.min(right.open);
        let expr = Expr::Binary { op, left: Box::new(left.expr), right: Box::new(right.expr) };
        self.settle(Part::new(ty, expr, phase, open), span)
    }

    fn arithmetic(
        &mut self,
        (op, op_span): (BinaryOp, Span),
        left: &ast::Expr,
        right: &ast::Expr,
        hint: Option<&Type>,
        span: Span,
    ) -> Part {
        let a = self.infer(left, None);
        let told = self.out.len();
        let b = self.infer(right, None);
        if op == BinaryOp::Add && a.is_broken() && self.out.len() == told {
            self.longer_text(left, right, &b.ty, span);
        }
        if a.is_broken() || b.is_broken() {
            return Part::broken();
        }
        let told = self.out.len();
        if op == BinaryOp::Add && self.is_text_or_list(&a.ty, &b.ty, left, right, span) {
            let takes_text = hint.is_none_or(|hint| fits::fits(self.world, &Type::String, hint));
            if !takes_text && let Some(told) = self.out.get_mut(told) {
                says::no_text_wanted(told);
            }
            return Part::broken();
        }
        let (Some(x), Some(y)) = (self.number(&a.ty), self.number(&b.ty)) else {
            return self.unfit(op, op_span, &a.ty, &b.ty, left, right);
        };
        let Some(ty) = result(op, x, y) else {
            return self.unfit(op, op_span, &a.ty, &b.ty, left, right);
        };
        self.joined(op, ty, a, b, span)
    }

    fn unfit(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        a: &Type,
        b: &Type,
        left: &ast::Expr,
        right: &ast::Expr,
    ) -> Part {
        for (ty, expr) in [(a, left), (b, right)] {
            if matches!(ty, Type::Optional(_) | Type::Null) {
                self.report(says::unsettled(
                    self.place(expr.span),
                    ty,
                    &format!("beside `{}`", op.symbol()),
                ));
                return Part::broken();
            }
        }
        self.report(says::operator(
            self.place(op_span),
            op.symbol(),
            (a, self.place(left.span)),
            (b, self.place(right.span)),
        ));
        Part::broken()
    }

    /// Tells how strings and lists are joined, where `+` was to join some.
    fn is_text_or_list(
        &mut self,
        a: &Type,
        b: &Type,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> bool {
        let plain = |ty: &Type| fits::plain(self.world, &fits::bare(ty.clone()));
        let is_text = |ty: &Type| {
            matches!(ty, Type::String | Type::Literal(_))
                || matches!(ty, Type::Union(of) if of.iter().all(|of| matches!(of, Type::Literal(_) | Type::String)))
        };
        let (a, b) = (plain(a), plain(b));
        let at = self.place(span);
        if is_text(&a) || is_text(&b) {
            let have_texts = [&a, &b].iter().all(|ty| self.is_scalar(ty));
            let text = have_texts.then(|| self.interpolated(&[left, right])).flatten();
            self.report(says::plus_on_strings(at, text));
            return true;
        }
        if matches!((&a, &b), (Type::List(_), _) | (_, Type::List(_))) {
            self.report(says::plus_on_lists(at));
            return true;
        }
        false
    }

    /// `a + "b" + c`: one mistake, and one string for all of it.
    fn longer_text(&mut self, left: &ast::Expr, right: &ast::Expr, added: &Type, span: Span) {
        let before = self.place(left.span);
        let is_told = |d: &Diagnostic| d.place == before && says::is_plus_on_strings(d);
        let Some(told) = self.out.pop_if(|d| is_told(d)) else { return };
        let plain = fits::plain(self.world, &fits::bare(added.clone()));
        let has_text = told.fix.is_some() && self.is_scalar(&plain);
        let mut parts = vec![right];
        let mut next = left;
        while let ast::ExprKind::Binary { op: BinaryOp::Add, left, right, .. } = &next.kind {
            parts.push(right);
            next = left;
        }
        parts.push(next);
        parts.reverse();
        let text = has_text.then(|| self.interpolated(&parts)).flatten();
        self.report(says::plus_on_strings(self.place(span), text));
    }

    /// Operands as one string with `${}`, where their texts allow it.
    fn interpolated(&self, exprs: &[&ast::Expr]) -> Option<String> {
        let texts: Vec<String> =
            exprs.iter().map(|expr| self.world.text(self.place(expr.span))).collect();
        interpolated(exprs, &texts)
    }

    fn number(&self, ty: &Type) -> Option<Number> {
        match fits::plain(self.world, ty) {
            Type::Int | Type::Never => Some(Number::Int),
            Type::Float => Some(Number::Float),
            Type::Quantity(dimension) => Some(Number::Quantity(dimension)),
            Type::Json => Some(Number::Json),
            Type::Secret(of) => self.number(&of),
            Type::Union(members) => {
                let mut kinds = members.iter().map(|of| self.number(of));
                let first = kinds.next()??;
                kinds.try_fold(first, |whole, kind| match (whole, kind?) {
                    (a, b) if a == b => Some(a),
                    (Number::Int | Number::Float, Number::Int | Number::Float) => {
                        Some(Number::Float)
                    }
                    _ => None,
                })
            }
            _ => None,
        }
    }

    pub(super) fn unary(&mut self, op: UnaryOp, of: &ast::Expr, span: Span) -> Part {
        let part = match op {
            UnaryOp::Not => self.truth(of),
            UnaryOp::Negate => self.infer(of, None),
        };
        if part.is_broken() {
            return part;
        }
        if op == UnaryOp::Negate && self.number(&part.ty).is_none() {
            let at = self.place(of.span);
            if matches!(part.ty, Type::Optional(_)) {
                self.report(says::unsettled(at, &part.ty, "after `-`"));
            } else {
                self.report(says::negated(at, &part.ty));
            }
            return Part::broken();
        }
        let expr = Expr::Unary { op, of: Box::new(part.expr) };
        let ty = match (op, self.number(&part.ty)) {
            (UnaryOp::Not, _) => Type::Bool,
            (_, Some(Number::Float)) => Type::Float,
            (_, Some(Number::Quantity(of))) => Type::Quantity(of),
            (_, Some(Number::Json)) => Type::Json,
            _ => Type::Int,
        };
        let ty = if fits::has_secret(&part.ty) { fits::secret(ty) } else { ty };
        self.settle(Part::new(ty, expr, part.phase, part.open), span)
    }

    /// `true` or `false`, perhaps a secret one.
    pub(super) fn truth(&mut self, expr: &ast::Expr) -> Part {
        let want = Type::Secret(Box::new(Type::Bool));
        self.because(None, |c| c.check(expr, &want))
    }

    fn logical(&mut self, op: BinaryOp, left: &ast::Expr, right: &ast::Expr) -> Part {
        let decisive = op == BinaryOp::Or;
        let told = self.out.len();
        let a = self.truth(left);
        if decisive && self.is_other_value(left, told) {
            return self.other_value(left, right, told);
        }
        let known = match a.expr.as_value() {
            Some(Value::Bool(known)) if !a.is_broken() => Some(*known),
            _ => None,
        };
        let goes_on = known == Some(!decisive);
        let b = self.perhaps(goes_on, |c| c.given(left, !decisive, |c| c.truth(right)));
        if a.is_broken() || b.is_broken() {
            return Part { ty: Type::Bool, ..Part::broken() };
        }
        match known {
            Some(known) if known == decisive => a,
            Some(_) => b,
            None => {
                let span = left.span.to(right.span);
                self.joined(op, Type::Bool, a, b, span)
            }
        }
    }

    /// Whether an operand was told to be no condition.
    fn is_other_value(&self, left: &ast::Expr, told: usize) -> bool {
        self.out.get(told).is_some_and(|told| says::is_no_condition(told, self.place(left.span)))
    }

    /// `x or "b"`, where `x ?? "b"` is meant: one mistake, whatever the whole is to be.
    fn other_value(&mut self, left: &ast::Expr, right: &ast::Expr, told: usize) -> Part {
        self.out.truncate(told);
        let found = self.infer(left, None);
        self.infer(right, None);
        let texts = [left, right].map(|side| self.world.text(self.place(side.span)));
        self.report(says::no_condition(self.place(left.span), &found.ty, &texts));
        Part::broken()
    }

    fn coalesce(
        &mut self,
        left: &ast::Expr,
        right: &ast::Expr,
        hint: Option<&Type>,
        span: Span,
    ) -> Part {
        let wide = hint.map(|hint| fits::optional(hint.clone()));
        self.takes_null = true;
        let a = self.infer(left, wide.as_ref());
        let is_null = matches!(a.expr, Expr::Value(Value::Null)) && !a.is_broken();
        let goes_on = is_null;
        // A literal beside a version is a version.
        let like = match fits::revealed(a.ty.clone()).0 {
            Type::Optional(of) => *of,
            other => other,
        };
        let b = self.perhaps(goes_on, |c| match hint {
            Some(hint) => c.check(right, hint),
            None => c.infer(right, Some(&like)),
        });
        if a.is_broken() || b.is_broken() {
            return Part::broken();
        }
        let (set, was_secret) = fits::revealed(a.ty.clone());
        let set = match set {
            Type::Optional(of) => *of,
            Type::Null => Type::Never,
            other => other,
        };
        let set = if was_secret { fits::secret(set) } else { set };
        let Some(ty) = fits::join(self.world, &set, &b.ty) else {
            let [ty, before] = self.apart(&b.ty, &set);
            self.report(says::no_common(
                self.place(right.span),
                &ty,
                "the value before `??`",
                &before,
                self.place(left.span),
            ));
            return Part::broken();
        };
        self.never_unset(left, right, &a);
        match &a.expr {
            Expr::Value(Value::Null) => Part { ty, ..b },
            Expr::Value(_) => Part { ty, ..a },
            _ => self.joined(BinaryOp::Coalesce, ty, a, b, span),
        }
    }

    fn range(&mut self, left: &ast::Expr, right: &ast::Expr, span: Span) -> Part {
        let ends = [self.infer(left, None), self.infer(right, None)];
        let is_measured = |part: &Part| {
            let of = fits::bare(fits::plain(self.world, &part.ty));
            matches!(of, Type::Quantity(_) | Type::Float | Type::Version | Type::Timestamp)
        };
        if ends.iter().all(is_measured) {
            let texts = [left, right].map(|end| self.world.text(self.place(end.span)));
            self.report(says::range_of(self.place(span), &ends[0].ty, &texts));
            return Part::broken();
        }
        let [a, b] = ends;
        let a = self.bound(a, left);
        let b = self.bound(b, right);
        if a.is_broken() || b.is_broken() {
            return Part::broken();
        }
        self.joined(BinaryOp::Range, Type::Range, a, b, span)
    }

    /// An end of a range.
    fn bound(&mut self, part: Part, expr: &ast::Expr) -> Part {
        if fits::has_secret(&part.ty) {
            self.report(says::secret_decides(self.place(expr.span), "the end of a range"));
            return Part::broken();
        }
        self.because(None, |c| c.require(part, &Type::Int, expr))
    }

    pub(super) fn choice(
        &mut self,
        condition: &ast::Expr,
        then: &ast::Expr,
        otherwise: &ast::Expr,
        hint: Option<&Type>,
        span: Span,
    ) -> Part {
        let decides = self.because(None, |c| c.condition(condition));
        let never = ["the `else` is never taken", "the `then` is never taken"];
        self.constant_condition(condition, &decides, never);
        let known = match decides.expr.as_value() {
            Some(Value::Bool(known)) if !decides.is_broken() => Some(*known),
            _ => None,
        };
        let branch = |c: &mut Self, expr: &ast::Expr, holds: bool| {
            c.perhaps(known == Some(holds), |c| {
                c.given(condition, holds, |c| match hint {
                    Some(hint) => c.check(expr, hint),
                    None => c.infer(expr, None),
                })
            })
        };
        let a = branch(self, then, true);
        let b = branch(self, otherwise, false);
        if decides.is_broken() || a.is_broken() || b.is_broken() {
            return Part::broken();
        }
        let Some(ty) = fits::join(self.world, &a.ty, &b.ty) else {
            let [ty, before] = self.apart(&b.ty, &a.ty);
            self.report(says::no_common(
                self.place(otherwise.span),
                &ty,
                "the other branch",
                &before,
                self.place(then.span),
            ));
            return Part::broken();
        };
        match known {
            Some(true) => return Part { ty, ..a },
            Some(false) => return Part { ty, ..b },
            None => {}
        }
        let phase = decides.phase.max(a.phase).max(b.phase);
        let open = decides.open.min(a.open).min(b.open);
        let expr = Expr::If {
            condition: Box::new(decides.expr),
            then: Box::new(a.expr),
            otherwise: Box::new(b.expr),
        };
        self.settle(Part::new(ty, expr, phase, open), span)
    }
}

/// What the operator gives, if it goes with these.
fn result(op: BinaryOp, a: Number, b: Number) -> Option<Type> {
    use Number::{Float, Int, Json, Quantity};
    let is_number = |n: Number| matches!(n, Int | Float);
    match (op, a, b) {
        (BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply, Int, Int) => Some(Type::Int),
        (BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide, a, b)
            if is_number(a) && is_number(b) =>
        {
            Some(Type::Float)
        }
        (BinaryOp::Add | BinaryOp::Subtract, Quantity(a), Quantity(b)) if a == b => {
            Some(Type::Quantity(a))
        }
        (BinaryOp::Add | BinaryOp::Subtract, Quantity(of), Json)
        | (BinaryOp::Add | BinaryOp::Subtract, Json, Quantity(of)) => Some(Type::Quantity(of)),
        (BinaryOp::Multiply, Quantity(Dimension::Percent), n)
        | (BinaryOp::Multiply, n, Quantity(Dimension::Percent))
            if is_number(n) =>
        {
            Some(Type::Float)
        }
        (BinaryOp::Multiply, Quantity(of), n) | (BinaryOp::Multiply, n, Quantity(of))
            if is_number(n) =>
        {
            Some(Type::Quantity(of))
        }
        (BinaryOp::Divide, Quantity(a), Quantity(b)) if a == b => Some(Type::Float),
        (BinaryOp::Divide, Quantity(of), n) if is_number(n) => Some(Type::Quantity(of)),
        (_, Json, _) | (_, _, Json) => Some(Type::Json),
        _ => None,
    }
}

/// The operands as one string with `${}`, where their texts allow it.
fn interpolated(exprs: &[&ast::Expr], texts: &[String]) -> Option<String> {
    let mut whole = String::from("\"");
    for (expr, text) in exprs.iter().zip(texts) {
        if text.is_empty() || text.contains('\n') {
            return None;
        }
        match &expr.kind {
            ast::ExprKind::Literal(Value::String(_)) | ast::ExprKind::Interpolation(_) => {
                let inner = text.strip_prefix('"')?.strip_suffix('"')?;
                if text.starts_with("\"\"\"") {
                    return None;
                }
                whole.push_str(inner);
            }
            ast::ExprKind::Literal(_) => whole.push_str(text),
            _ => {
                whole.push_str("${");
                whole.push_str(text);
                whole.push('}');
            }
        }
    }
    whole.push('"');
    Some(whole)
}
