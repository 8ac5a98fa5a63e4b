//! `name: value`, as many other languages give values, where `name = value` is meant.
//!
//! It is told once for an item, with a fix for all of its lines, and what was given counts as set.

use super::peg::Pair;
use bp_plan::Value;
use smol_str::SmolStr;

use super::BUILT_IN_TYPES;
use super::ast::{Body, EntryKind, Expr, ExprKind, Member, Name, TypeExpr, TypeKind};
use super::lowering::{Lowering, span};
use crate::diagnostics::syntax as says;
use crate::source::{Place, Span};

/// What is known of the blocks around, up to the item.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Block {
    /// The innermost declares members with their types, as the block of a type does: `name: T` belongs there.
    pub(super) has_members: bool,
    /// Where the item's first `:` is that should be a `=`.
    first: Option<Place>,
}

impl Lowering<'_> {
    /// `name: 3`.
    pub(super) fn colon_value(&mut self, name: Name, pair: Pair<'_>, at: Span) -> EntryKind {
        let here = span(&pair);
        if self.block.has_members {
            let inner = pair.into_inner().next().map_or(here, |value| span(&value));
            let (found, place) = self.found(inner.start);
            self.report(says::missing_type(self.at(place), &found));
            let ty = TypeExpr { kind: TypeKind::Missing, span: place };
            return EntryKind::Field(Box::new(Member {
                name,
                ty,
                cardinality: None,
                via: None,
                default: None,
                wheres: Vec::new(),
                body: Body::default(),
                span: at,
            }));
        }
        let value = self.only_expr(pair);
        self.colon(&name, value.span, true);
        EntryKind::Assign { key: name, value }
    }

    /// `name: T` in a block of values, where the type may be what is meant as the value.
    pub(super) fn field_as_value(&mut self, member: Member) -> EntryKind {
        let Member { name, ty, default, cardinality, wheres, .. } = member;
        if let Some(value) = default {
            let from = self.colon_after(&name).map_or(name.span.end, |colon| colon.start);
            let end = cardinality.map_or(ty.span.end, |cardinality| cardinality.span.end);
            self.report(says::typed_value(self.at(Span::new(from, end)), &name.text));
            return EntryKind::Assign { key: name, value };
        }
        let meant = value_of(&ty).filter(|_| cardinality.is_none() && wheres.is_empty());
        self.colon(&name, ty.span, meant.is_some());
        let value = meant.unwrap_or(Expr { kind: ExprKind::Missing, span: ty.span });
        EntryKind::Assign { key: name, value }
    }

    /// The `:` behind a name, told once for the item.
    pub(super) fn colon(&mut self, name: &Name, value: Span, is_value: bool) {
        let Some(colon) = self.colon_after(name) else { return };
        let at = self.at(colon);
        let text = self.source.slice(value);
        let is_spaced = |text: &str| text.starts_with([' ', '\n', '\r', '\t']);
        let after = self.source.text().get(colon.end as usize..).unwrap_or_default();
        let before = if name.span.end == colon.start { " " } else { "" };
        let behind = if is_spaced(after) { "" } else { " " };
        let edit = is_value.then(|| (at, format!("{before}={behind}")));
        let first = *self.block.first.get_or_insert(at);
        if first == at {
            let short = text.len() <= 40 && !text.contains('\n');
            let value = if is_value && short { text } else { "…" };
            self.report(says::foreign_colon(at, &name.text, value, edit));
        } else if let Some(told) = self.told(first, "E1007") {
            // One `:` that no machine can put right leaves all to the person.
            told.fix = match (told.fix.take(), edit) {
                (Some(mut fix), Some(edit)) => {
                    fix.edits.push(edit);
                    Some(fix)
                }
                _ => None,
            };
        }
    }

    fn colon_after(&self, name: &Name) -> Option<Span> {
        let after = self.source.text().get(name.span.end as usize..)?;
        let blanks = after.len() - after.trim_start_matches([' ', '\t']).len();
        let start = name.span.end + super::lowering::offset(blanks);
        after.get(blanks..)?.starts_with(':').then(|| Span::new(start, start + 1))
    }
}

/// What stands where a type is read, as the value that it may be.
fn value_of(ty: &TypeExpr) -> Option<Expr> {
    let kind = match &ty.kind {
        TypeKind::Literal(text) => ExprKind::Literal(Value::String(text.to_string())),
        TypeKind::Named { path, arguments } if arguments.is_empty() => {
            let (first, rest) = path.segments.split_first()?;
            let is_type = |name: &SmolStr| name.starts_with(|c: char| c.is_ascii_uppercase());
            if path.segments.iter().any(|name| is_type(&name.text)) {
                return None;
            }
            let of = match first.text.as_str() {
                "true" => ExprKind::Literal(Value::Bool(true)),
                "false" => ExprKind::Literal(Value::Bool(false)),
                "null" => ExprKind::Literal(Value::Null),
                name if rest.is_empty() && BUILT_IN_TYPES.contains(&name) => return None,
                _ => ExprKind::Name(first.text.clone()),
            };
            let of = Expr { kind: of, span: first.span };
            let path = rest.iter().fold(of, |of, name| {
                let span = of.span.to(name.span);
                let (of, name) = (Box::new(of), name.clone());
                Expr { kind: ExprKind::Field { of, name, safe: false }, span }
            });
            return Some(path);
        }
        _ => return None,
    };
    Some(Expr { kind, span: ty.span })
}
