//! Literals and strings with `${}`.

use bp_plan::{Expr, Type, Value};

use super::{Checker, Part, fits};
use crate::diagnostics::types as says;
use crate::source::Span;
use crate::syntax::ast;

/// The type of a literal by itself.
pub(super) fn type_of(value: &Value) -> Type {
    match value {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Bool,
        Value::Int(_) => Type::Int,
        Value::Float(_) => Type::Float,
        Value::String(text) => Type::Literal(text.clone()),
        Value::Quantity(quantity) => Type::Quantity(quantity.dimension),
        Value::Version(_) => Type::Version,
        Value::Timestamp(_) => Type::Timestamp,
        Value::Range(..) => Type::Range,
        Value::File(_) => Type::File,
        Value::List(_) | Value::Map(_) | Value::Reference(_) => Type::Json,
    }
}

impl Checker<'_> {
    pub(super) fn literal(&mut self, value: &Value, hint: Option<&Type>, span: Span) -> Part {
        let natural = Part::value(type_of(value), value.clone());
        let (Value::String(text), Some(hint)) = (value, hint) else { return natural };
        let fits = fits::fits(self.world, &natural.ty, hint);
        if !fits && self.is_file(hint) {
            return self.file_at(text, span).unwrap_or_else(Part::broken);
        }
        let Some(target) = (if fits { None } else { self.text_becomes(hint) }) else {
            return natural;
        };
        match bp_eval::conform(value.clone(), &target, &bp_eval::DataTypes::new()) {
            Ok(value) => Part::value(target, value),
            Err(error) => {
                self.report(says::bad_text(self.place(span), &target, &error.message));
                Part::broken()
            }
        }
    }

    /// `version` or `timestamp`, where that is what a string is to become.
    fn text_becomes(&self, hint: &Type) -> Option<Type> {
        match fits::plain(self.world, hint) {
            Type::Optional(of) | Type::Secret(of) => self.text_becomes(&of),
            Type::Union(members) => members.iter().find_map(|member| self.text_becomes(member)),
            found @ (Type::Version | Type::Timestamp) => Some(found),
            _ => None,
        }
    }

    /// Whether a file is wanted, so that a text is the path of one.
    fn is_file(&self, hint: &Type) -> bool {
        match fits::plain(self.world, hint) {
            Type::Optional(of) | Type::Secret(of) => self.is_file(&of),
            Type::Union(members) => members.contains(&Type::File),
            found => found == Type::File,
        }
    }

    pub(super) fn interpolation(&mut self, parts: &[ast::Expr], span: Span) -> Part {
        let mut whole = Part::value(Type::String, Value::Null);
        let mut lowered = Vec::with_capacity(parts.len());
        let (mut broken, mut is_secret) = (false, false);
        for expr in parts {
            let before = self.out.len();
            let part = self.infer(expr, None);
            self.meant(expr, &Type::String, before);
            let (ty, was_secret) = fits::revealed(part.ty.clone());
            is_secret |= was_secret;
            broken |= part.is_broken() || !self.is_printable(&ty, expr);
            whole.phase = whole.phase.max(part.phase);
            whole.open = whole.open.min(part.open);
            lowered.push(part.expr);
        }
        if broken {
            return Part {
                ty: if is_secret { Type::Unknown } else { Type::String },
                open: super::OPEN,
                ..whole
            };
        }
        whole.ty = if is_secret { fits::secret(Type::String) } else { Type::String };
        whole.expr = Expr::Interpolate(lowered);
        self.settle(whole, span)
    }

    /// Whether a string can hold a value of this type; tells why it can't.
    fn is_printable(&mut self, ty: &Type, expr: &ast::Expr) -> bool {
        match fits::plain(self.world, ty) {
            Type::Optional(of) => {
                self.report(says::unsettled(
                    self.place(expr.span),
                    &Type::Optional(of),
                    "in a string",
                ));
                false
            }
            Type::Unknown
            | Type::Never
            | Type::Json
            | Type::Bool
            | Type::Int
            | Type::Float
            | Type::String
            | Type::Literal(_)
            | Type::Quantity(_)
            | Type::Version
            | Type::Timestamp => true,
            Type::Union(members) => members.iter().all(|of| self.is_printable(of, expr)),
            other => {
                self.report(says::not_printable(self.place(expr.span), &other));
                false
            }
        }
    }
}
