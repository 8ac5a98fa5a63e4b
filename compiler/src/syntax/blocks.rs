//! Blocks: the entries of a node, a type, a policy, a test.

use super::peg::Pair;

use super::ast::{
    Body, BodyEntry, EntryKind, Expr, ExprKind, Meets, Member, Operation, TypeKind, Via, Where,
};
use super::grammar::Rule;
use super::lowering::{Lowering, Parts, span};
use crate::diagnostics::syntax as says;
use crate::source::Span;

type P<'i> = Pair<'i>;

impl Lowering<'_> {
    /// `{ … }` after a head, with values in it.
    pub(super) fn body(&mut self, pair: P<'_>) -> Body {
        self.block(pair, false)
    }

    /// `{ … }` of a type, with members in it.
    pub(super) fn members(&mut self, pair: P<'_>) -> Body {
        self.block(pair, true)
    }

    fn block(&mut self, pair: P<'_>, has_members: bool) -> Body {
        let around = std::mem::replace(&mut self.block.has_members, has_members);
        let body = self.entries(pair);
        self.block.has_members = around;
        body
    }

    fn entries(&mut self, pair: P<'_>) -> Body {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let mut entries = Vec::with_capacity(pair.into_inner().count());
        let mut start = at.start;
        while let Some(part) = parts.next() {
            match part.as_rule() {
                Rule::entry => {
                    start = span(&part).start;
                    entries.extend(self.entry(part));
                }
                Rule::junk_rest => self.junk_rest(&part, start),
                Rule::junk => self.junk_entry(&part),
                Rule::extra_comma => self.extra_comma(&part),
                Rule::late_line => self.late_line(at),
                _ => self.unclosed(at, "{", "}"),
            }
        }
        self.idle_documentation(at.end);
        Body { entries, span: Some(at) }
    }

    fn entry(&mut self, pair: P<'_>) -> Option<BodyEntry> {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let mut heads = Vec::new();
        while let Some(annotation) = parts.take(Rule::annotation) {
            heads.push(annotation);
        }
        let inner = parts.next()?;
        let documentation = self.documentation(at.start, span(&inner).start);
        let annotations = heads.into_iter().map(|head| self.annotation(head)).collect();
        let kind = self.entry_kind(inner)?;
        Some(BodyEntry { documentation, annotations, kind, span: at })
    }

    fn entry_kind(&mut self, pair: P<'_>) -> Option<EntryKind> {
        let at = span(&pair);
        Some(match pair.as_rule() {
            Rule::plain => self.plain(pair),
            Rule::property => EntryKind::Property(Box::new(self.member(pair))),
            Rule::attribute => EntryKind::Attribute(Box::new(self.member(pair))),
            Rule::requires => EntryKind::Requires(Box::new(self.requires(pair))),
            Rule::capability => EntryKind::Capability(Box::new(self.member(pair))),
            Rule::operation => EntryKind::Operation(Box::new(self.operation(pair))),
            Rule::implements => {
                let mut parts = Parts::of(pair);
                let interface = parts.take(Rule::path).map(|path| self.path(path))?;
                let alias = parts.take(Rule::word).map(|word| self.value_name(Some(word), at));
                EntryKind::Implements { interface, alias }
            }
            Rule::fixed => {
                let mut parts = Parts::of(pair);
                let key = parts.next().map(|key| self.name(&key))?;
                EntryKind::Fixed { key, value: self.next_expr(&mut parts, at) }
            }
            Rule::member_check => EntryKind::Check(self.condition(pair)),
            Rule::assert_ => EntryKind::Assert(self.condition(pair)),
            Rule::assert_fails => {
                let mut parts = Parts::of(pair);
                EntryKind::AssertFails(parts.take(Rule::word).map(|code| self.name(&code))?)
            }
            Rule::let_ => {
                let mut parts = Parts::of(pair);
                let name = parts.take(Rule::word);
                let name = self.value_name(name, at);
                if matches!(parts.peek(), Some(Rule::call_step | Rule::run_step)) {
                    self.report(says::misplaced(
                        self.at(at),
                        "`call` and `run`",
                        "move this into a `workflow`: only there operations are called",
                    ));
                    return Some(EntryKind::Let {
                        name,
                        value: Expr { kind: ExprKind::Missing, span: at },
                    });
                }
                EntryKind::Let { name, value: self.next_expr(&mut parts, at) }
            }
            _ => EntryKind::Spread(self.only_expr(pair)),
        })
    }

    /// `name = e`, `name -> target`, `name: T`.
    fn plain(&mut self, pair: P<'_>) -> EntryKind {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let key = parts.next();
        let name = self.name_of(key, at);
        if let Some(assign) = parts.take(Rule::assign) {
            return EntryKind::Assign { key: name, value: self.only_expr(assign) };
        }
        if let Some(meets) = parts.take(Rule::meets) {
            let mut inner = Parts::of(meets);
            let target = self.next_expr(&mut inner, at);
            let via = inner.take(Rule::via).map(|via| self.via(via));
            let wheres = self.wheres(&mut inner);
            let via = via.flatten();
            return EntryKind::Meets(Box::new(Meets { name, target, via, wheres }));
        }
        if let Some(value) = parts.take(Rule::colon_value) {
            return self.colon_value(name, value, at);
        }
        if !self.block.has_members && parts.peek() == Some(Rule::missing_type) {
            let (found, place) = self.awaited(name.span.end + 1);
            self.report(says::missing_expression(self.at(place), &found));
            let value = Expr { kind: ExprKind::Missing, span: place };
            return EntryKind::Assign { key: name, value };
        }
        let member = self.member_of(name, &mut parts, at);
        if self.block.has_members {
            EntryKind::Field(Box::new(member))
        } else {
            self.field_as_value(member)
        }
    }

    fn member(&mut self, pair: P<'_>) -> Member {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let name = parts.next();
        let name = self.name_of(name, at);
        self.member_of(name, &mut parts, at)
    }

    /// `requires name: T …`, in a type or at file level.
    pub(super) fn requires(&mut self, pair: P<'_>) -> Member {
        let member = self.member(pair);
        self.counts_once(&member);
        member
    }

    /// Reports a `?` and a cardinality together: each says how many there may be.
    pub(super) fn counts_once(&mut self, member: &Member) {
        if let (TypeKind::Optional(of), Some(written)) = (&member.ty.kind, &member.cardinality) {
            let mark = Span::new(of.span.end, member.ty.span.end);
            let ty = self.source.slice(of.span).to_owned();
            let is_optional = matches!(self.source.slice(written.span), "[1]" | "[0..1]");
            let (at, mark) = (self.at(written.span), self.at(mark));
            self.report(says::optional_with_cardinality(at, mark, &ty, is_optional));
        }
    }

    /// What follows a member's name.
    fn member_of(&mut self, name: super::ast::Name, parts: &mut Parts<'_>, at: Span) -> Member {
        let ty = self.required_type(parts, at);
        let cardinality = parts.take(Rule::card).map(|card| self.cardinality(card));
        let via = parts.take(Rule::via).and_then(|via| self.via(via));
        let default = self.default(parts);
        let wheres = self.wheres(parts);
        let body = parts.take(Rule::body).map(|body| self.body(body)).unwrap_or_default();
        Member { name, ty, cardinality, via, default, wheres, body, span: at }
    }

    fn via(&mut self, pair: P<'_>) -> Option<Via> {
        let mut parts = Parts::of(pair);
        let ty = parts.take(Rule::path).map(|path| self.path(path))?;
        let body = parts.take(Rule::body).map(|body| self.body(body)).unwrap_or_default();
        Some(Via { ty, body })
    }

    fn operation(&mut self, pair: P<'_>) -> Operation {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let path = parts.take(Rule::path).map(|path| self.path(path));
        let path = path.unwrap_or(super::ast::Path { segments: Vec::new(), span: at });
        let parameters = parts.take(Rule::params).map(|params| self.parameters(params));
        let result = self.result_type(&mut parts);
        let implementation = match parts.peek() {
            Some(Rule::expr | Rule::missing_expr) => Some(self.next_expr(&mut parts, at)),
            _ => None,
        };
        let body = parts.take(Rule::body).map(|body| self.body(body)).unwrap_or_default();
        Operation { path, parameters, result, implementation, body }
    }

    /// `(a: T = v, …)`.
    pub(super) fn parameters(&mut self, pair: P<'_>) -> Vec<Member> {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let mut members = Vec::new();
        while let Some(part) = parts.next() {
            match part.as_rule() {
                Rule::param => members.push(self.parameter(part)),
                Rule::extra_comma => self.extra_comma(&part),
                Rule::missing_paren => self.unclosed(at, "(", ")"),
                _ => self.junk_inside(&part, "`,` or `)`"),
            }
        }
        members
    }

    /// `a: T = v where …`.
    pub(super) fn parameter(&mut self, pair: P<'_>) -> Member {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let name = parts.take(Rule::word);
        let name = self.value_name(name, at);
        let member = self.member_of(name, &mut parts, at);
        if let Some(written) = &member.cardinality {
            self.idle_cardinality(written.span);
        }
        member
    }

    /// `= e`, where it stands.
    pub(super) fn default(&mut self, parts: &mut Parts<'_>) -> Option<Expr> {
        let pair = parts.take(Rule::default).or_else(|| parts.take(Rule::default_nl))?;
        Some(self.only_expr(pair))
    }

    /// `where p else m`, as many as stand there.
    pub(super) fn wheres(&mut self, parts: &mut Parts<'_>) -> Vec<Where> {
        let mut wheres = Vec::new();
        while let Some(pair) = parts.take(Rule::where_cont) {
            wheres.push(self.condition(pair));
        }
        wheres
    }

    /// `p else m`.
    fn condition(&mut self, pair: P<'_>) -> Where {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let predicate = self.next_expr(&mut parts, at);
        let message = parts.take(Rule::else_msg).map(|message| self.only_expr(message));
        Where { predicate, message }
    }
}
