//! Types as written, resolved.

use std::collections::BTreeSet;

use bp_plan::Type;

use super::names::{nearest, of_module};
use super::signatures::scalar;
use super::{World, fits};
use crate::diagnostics::{Diagnostic, types as says};
use crate::source::{FileId, Place, Span};
use crate::syntax::BUILT_IN_TYPES;
use crate::syntax::ast::{Path, TypeExpr, TypeKind};

/// The type that this stands for in this file; [`Type::Unknown`] for what has a mistake.
pub fn check_type_expr(
    world: &dyn World,
    file: FileId,
    ty: &TypeExpr,
    out: &mut Vec<Diagnostic>,
) -> Type {
    Resolver { world, file, out }.ty(ty)
}

struct Resolver<'a> {
    world: &'a dyn World,
    file: FileId,
    out: &'a mut Vec<Diagnostic>,
}

impl Resolver<'_> {
    fn place(&self, span: Span) -> Place {
        Place { file: self.file, span }
    }

    fn ty(&mut self, ty: &TypeExpr) -> Type {
        match &ty.kind {
            TypeKind::Missing => Type::Unknown,
            TypeKind::Literal(text) => Type::Literal(text.to_string()),
            TypeKind::Optional(of) => fits::optional(self.ty(of)),
            TypeKind::Secret(of) => fits::secret(self.ty(of)),
            TypeKind::Union(members) => self.union(members),
            TypeKind::Record(members) => Type::Record(
                members.iter().map(|m| (m.name.text.to_string(), self.ty(&m.ty))).collect(),
            ),
            TypeKind::Named { path, arguments } => self.named(path, arguments, ty.span),
        }
    }

    fn union(&mut self, members: &[TypeExpr]) -> Type {
        let mut whole: Vec<Type> = Vec::new();
        let mut seen: BTreeSet<Type> = BTreeSet::new();
        let mut is_known = true;
        for member in members {
            let ty = self.ty(member);
            let parts = match ty {
                Type::Union(parts) => parts,
                Type::Unknown => {
                    is_known = false;
                    continue;
                }
                other => vec![other],
            };
            for part in parts {
                if !is_scalar(&fits::plain(self.world, &part)) {
                    let at = self.place(member.span);
                    self.out.push(says::union_of(at, &part));
                    is_known = false;
                } else if !seen.insert(part.clone()) {
                    let at = self.place(member.span);
                    self.out.push(says::union_repeats(at, &part));
                } else {
                    whole.push(part);
                }
            }
        }
        // With `null` in it, it may be unset, however that is written.
        let others: Vec<Type> = whole.iter().filter(|ty| **ty != Type::Null).cloned().collect();
        let may_be_unset = others.len() < whole.len() && !others.is_empty();
        let whole = if may_be_unset { others } else { whole };
        let ty = match (is_known, whole.as_slice()) {
            (false, _) => return Type::Unknown,
            (true, [only]) => only.clone(),
            (true, _) => Type::Union(whole),
        };
        if may_be_unset { Type::Optional(Box::new(ty)) } else { ty }
    }

    fn named(&mut self, path: &Path, arguments: &[TypeExpr], span: Span) -> Type {
        let name = path.segments.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(".");
        let inner: Vec<Type> = arguments.iter().map(|argument| self.ty(argument)).collect();
        if matches!(name.as_str(), "list" | "map") {
            let [of] = inner.as_slice() else {
                let at = self.place(span);
                self.out.push(says::type_arguments(at, &name, 1, inner.len()));
                return Type::Unknown;
            };
            let of = Box::new(of.clone());
            return if name == "list" { Type::List(of) } else { Type::Map(of) };
        }
        let found = scalar(&name).or_else(|| self.world.named_type(self.file, &name));
        let Some(found) = found else {
            self.unknown(&name, path, !arguments.is_empty());
            return Type::Unknown;
        };
        if !inner.is_empty() {
            let at = self.place(span);
            self.out.push(says::type_arguments(at, &name, 0, inner.len()));
            return Type::Unknown;
        }
        found
    }

    fn unknown(&mut self, name: &str, path: &Path, has_arguments: bool) {
        let at = self.place(path.span);
        let names =
            if self.out.len() < 100 { self.world.type_names(self.file) } else { Vec::new() };
        if names.iter().any(|known| known == name) {
            self.out.push(says::type_of_other_kind(at, name));
            return;
        }
        let known = names.iter().map(String::as_str).chain(BUILT_IN_TYPES.iter().copied());
        let near = foreign(name)
            .or_else(|| of_module(name, known.clone()))
            .or_else(|| nearest(name, known))
            .map(str::to_owned);
        if let Some(near @ ("list" | "map")) = near.as_deref()
            && !has_arguments
        {
            self.out.push(says::unknown_collection(at, name, near));
            return;
        }
        let place = near.as_deref().and_then(|near| {
            let ty = self.world.named_type(self.file, near)?;
            self.world.type_place(&ty, None)
        });
        self.out.push(says::unknown_type(at, name, near.as_deref(), place));
    }
}

fn is_scalar(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Unknown
            | Type::Bool
            | Type::Int
            | Type::Float
            | Type::String
            | Type::Literal(_)
            | Type::Quantity(_)
            | Type::Version
            | Type::Timestamp
            | Type::File
            | Type::Null
            | Type::Union(_)
    )
}

/// What other languages call a type.
fn foreign(name: &str) -> Option<&'static str> {
    Some(match name {
        "str" | "String" | "text" => "string",
        "integer" | "Int" | "i32" | "i64" | "long" => "int",
        "number" | "double" | "f64" | "Float" => "float",
        "boolean" | "Bool" => "bool",
        "array" | "List" | "set" => "list",
        "dict" | "Map" => "map",
        "any" | "object" => "json",
        "bytes" => "size",
        "time" | "datetime" | "date" => "timestamp",
        _ => return None,
    })
}
