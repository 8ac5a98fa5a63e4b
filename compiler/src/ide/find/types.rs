//! Declarations of types, and types as written.

use bp_plan::Type;

use super::{FILE, Finder};
use crate::ide::spot::{Around, Owner, Spot, Wanted};
use crate::syntax::ast::{Path, TypeExpr, TypeItem, TypeKind};

impl Finder<'_, '_> {
    pub(super) fn type_item<'t>(&self, it: &'t TypeItem, around: &Around) -> Option<Spot<'t>> {
        let full = self.program.names.type_name(FILE, &it.name.text);
        let owner = Owner::Type(it.kind, full);
        let alias = it.alias.as_ref().map_or(Type::Unknown, |alias| self.ty(alias));
        None.or_else(|| it.extends.iter().find_map(|path| self.path(path, &Wanted::Kind(it.kind))))
            .or_else(|| it.alias.iter().find_map(|ty| self.type_expr(ty, &Wanted::Value)))
            .or_else(|| self.wheres(&it.wheres, around, &alias))
            .or_else(|| self.block(&it.body, &owner, around.clone()))
    }

    pub(super) fn path<'t>(&self, path: &'t Path, wanted: &Wanted) -> Option<Spot<'t>> {
        let at = path.segments.iter().rposition(|segment| self.is_in(segment.span))?;
        Some(Spot::Type { path, at, wanted: wanted.clone() })
    }

    pub(super) fn type_expr<'t>(&self, ty: &'t TypeExpr, wanted: &Wanted) -> Option<Spot<'t>> {
        if !self.is_in(ty.span) {
            return None;
        }
        match &ty.kind {
            TypeKind::Named { path, arguments } => self
                .path(path, wanted)
                .or_else(|| arguments.iter().find_map(|ty| self.type_expr(ty, &Wanted::Value))),
            TypeKind::Union(members) => {
                members.iter().find_map(|member| self.type_expr(member, wanted))
            }
            TypeKind::Optional(of) | TypeKind::Secret(of) => self.type_expr(of, wanted),
            TypeKind::Record(fields) => fields.iter().find_map(|field| {
                if self.is_in(field.name.span) {
                    return Some(Spot::Declared(&field.name));
                }
                self.type_expr(&field.ty, &Wanted::Value)
            }),
            TypeKind::Literal(_) | TypeKind::Missing => None,
        }
    }
}
