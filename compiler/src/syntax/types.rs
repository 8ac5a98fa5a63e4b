//! Types as written.

use super::peg::Pair;
use smol_str::SmolStr;

use super::ast::{Cardinality, Expr, ExprKind, TypeExpr, TypeKind};
use super::grammar::Rule;
use super::lowering::{Lowering, Parts, span};
use crate::diagnostics::syntax as says;
use crate::source::Span;

/// How many types and literals a union may have: some checks compare each with each.
const MAX_ALTERNATIVES: usize = 5_000;

type P<'i> = Pair<'i>;

impl Lowering<'_> {
    /// The type that comes next, where there is one.
    pub(super) fn optional_type(&mut self, parts: &mut Parts<'_>) -> Option<TypeExpr> {
        if let Some(missing) = parts.take(Rule::missing_type) {
            return Some(self.missing_type(&missing));
        }
        parts.take(Rule::ty).map(|ty| self.ty(ty))
    }

    pub(super) fn required_type(&mut self, parts: &mut Parts<'_>, at: Span) -> TypeExpr {
        let missing = TypeExpr { kind: TypeKind::Missing, span: at };
        self.optional_type(parts).unwrap_or(missing)
    }

    /// The type after `->`, which may be a record.
    pub(super) fn result_type(&mut self, parts: &mut Parts<'_>) -> Option<TypeExpr> {
        match parts.take(Rule::record_ty) {
            Some(record) => Some(self.record_type(record)),
            None => self.optional_type(parts),
        }
    }

    /// Reports that a type is missing.
    pub(super) fn missing_type(&mut self, pair: &P<'_>) -> TypeExpr {
        let (found, place) = self.found(span(pair).start);
        self.report(says::missing_type(self.at(place), &found));
        TypeExpr { kind: TypeKind::Missing, span: place }
    }

    pub(super) fn ty(&mut self, pair: P<'_>) -> TypeExpr {
        let at = span(&pair);
        let missing = TypeExpr { kind: TypeKind::Missing, span: at };
        self.deeper(5, at, |this| this.whole_type(pair)).unwrap_or(missing)
    }

    fn whole_type(&mut self, pair: P<'_>) -> TypeExpr {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        if let Some(secret) = parts.take(Rule::ty_secret) {
            let mut inner = Parts::of(secret);
            let of = self.required_type(&mut inner, at);
            return TypeExpr { kind: TypeKind::Secret(Box::new(of)), span: at };
        }
        let mut members = Vec::new();
        let mut optional = false;
        while let Some(part) = parts.next() {
            match part.as_rule() {
                Rule::opt => optional = true,
                Rule::missing_type => members.push(self.missing_type(&part)),
                _ => members.push(self.type_atom(part)),
            }
        }
        if members.len() > MAX_ALTERNATIVES {
            let start = Span::new(at.start, at.start);
            self.report(says::too_many_alternatives(self.at(start), MAX_ALTERNATIVES));
            return TypeExpr { kind: TypeKind::Missing, span: at };
        }
        let end = members.last().map_or(at.end, |last| last.span.end);
        let whole = match members.pop() {
            Some(only) if members.is_empty() => only,
            Some(last) => {
                members.push(last);
                TypeExpr { kind: TypeKind::Union(members), span: Span::new(at.start, end) }
            }
            None => TypeExpr { kind: TypeKind::Missing, span: at },
        };
        if optional {
            return TypeExpr { kind: TypeKind::Optional(Box::new(whole)), span: at };
        }
        whole
    }

    fn type_atom(&mut self, pair: P<'_>) -> TypeExpr {
        let at = span(&pair);
        if pair.as_rule() != Rule::ty_name {
            let literal = self.string(pair);
            let text = if let ExprKind::Literal(bp_plan::Value::String(text)) = literal.kind {
                SmolStr::new(text)
            } else {
                let found = "a string with `${}`";
                self.report(says::unexpected(self.at(at), "a plain string as a type", found));
                return TypeExpr { kind: TypeKind::Missing, span: at };
            };
            return TypeExpr { kind: TypeKind::Literal(text), span: at };
        }
        let mut parts = Parts::of(pair);
        let Some(path) = parts.take(Rule::path).map(|path| self.path(path)) else {
            return TypeExpr { kind: TypeKind::Missing, span: at };
        };
        let arguments = parts.take(Rule::ty_args).map(|args| self.type_arguments(args));
        let arguments = arguments.unwrap_or_default();
        TypeExpr { kind: TypeKind::Named { path, arguments }, span: at }
    }

    fn type_arguments(&mut self, pair: P<'_>) -> Vec<TypeExpr> {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let mut arguments = Vec::new();
        while let Some(part) = parts.next() {
            match part.as_rule() {
                Rule::ty => arguments.push(self.ty(part)),
                Rule::missing_type => arguments.push(self.missing_type(&part)),
                _ => self.unclosed(at, "<", ">"),
            }
        }
        arguments
    }

    fn record_type(&mut self, pair: P<'_>) -> TypeExpr {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let mut members = Vec::new();
        while let Some(part) = parts.next() {
            match part.as_rule() {
                Rule::param => members.push(self.parameter(part)),
                Rule::extra_comma => self.extra_comma(&part),
                Rule::missing_brace => self.unclosed(at, "{", "}"),
                _ => self.junk_inside(&part, "a field `name: type` or `}`"),
            }
        }
        TypeExpr { kind: TypeKind::Record(members), span: at }
    }

    /// `[n]`, `[n..m]`, `[n..]`.
    pub(super) fn cardinality(&mut self, pair: P<'_>) -> Cardinality {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let mut bounds: Vec<Expr> = Vec::new();
        let mut is_range = false;
        while let Some(part) = parts.next() {
            match part.as_rule() {
                Rule::card_bound => bounds.push(self.expression(part)),
                Rule::card_range => is_range = true,
                Rule::missing_bracket => self.unclosed(at, "[", "]"),
                _ => self.junk_inside(&part, "`..` or `]`"),
            }
        }
        let mut bounds = bounds.into_iter();
        let from = bounds.next().unwrap_or(Expr { kind: ExprKind::Missing, span: at });
        let to = if is_range { bounds.next() } else { Some(from.clone()) };
        Cardinality { from, to, span: at }
    }

    /// A cardinality where none belongs.
    pub(super) fn idle_cardinality(&mut self, at: Span) {
        let at = self.at(at);
        self.report(says::misplaced(
            at,
            "a cardinality",
            "remove it: cardinalities stand at requirements and selections; a list is `list<T>`",
        ));
    }
}
