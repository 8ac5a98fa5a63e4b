//! The ends of relationships: what a type says of its source and target, and whether those that it
//! connects are such.

use bp_plan::{Phase, RequirementType, Type};

use super::expr::{Scope, World, check_type_expr};
use super::members::{Builder, Pass, short};
use super::program::{Program, TypeInfo};
use super::refinement;
use crate::diagnostics::{Diagnostic, nodes as says};
use crate::source::Place;
use crate::syntax::ast::{self, TypeItemKind};

impl Builder<'_, '_> {
    /// `source: A` or `target: B` of a relationship type.
    pub(super) fn end(&mut self, info: &mut TypeInfo, member: &ast::Member) {
        let name = member.name.text.as_str();
        let place = self.place(member.name.span);
        let mut silent = Vec::new();
        let out = match self.pass {
            Pass::Signatures => &mut *self.out,
            Pass::Bodies => &mut silent,
        };
        if !is_end(name) {
            out.push(says::unknown_end(place, name));
            return;
        }
        let file = self.declared.file;
        let ty = check_type_expr(self.program, file, &member.ty, out);
        let at = Place { file, span: member.ty.span };
        let is_end = match &ty {
            Type::Node(_) | Type::Unknown => true,
            Type::Capability(_) => name == "target",
            _ => false,
        };
        if !is_end {
            let wanted =
                if name == "target" { "a node type or a capability type" } else { "a node type" };
            out.push(says::end_of_no_node(at, name, wanted, &ty.to_string()));
            return;
        }
        if let Some(clause) = member.wheres.first() {
            let at = Place { file, span: clause.predicate.span };
            let help = "say it where the relationship is used: `requires x: T via R where …`";
            out.push(says::idle_part(at, "`where`", "an end of a relationship", help));
        }
        if let Some((old, declared)) = info.ends.get(name) {
            refinement::narrows(self.program, file, member, (&ty, old), Some(*declared), out);
        }
        info.ends.insert(name.to_owned(), (ty, place));
    }

    /// Whether a requirement of this type connects what its relationship can connect.
    pub(super) fn ends_of(&mut self, member: &ast::Member, declared: &RequirementType) {
        if self.declared.kind != TypeItemKind::Node {
            return;
        }
        let span = member.via.as_ref().map_or(member.name.span, |via| via.ty.span);
        let at = self.place(span);
        let (via, source) = (&declared.relationship, self.this());
        fit(self.program, via, (&source, at), (&declared.target, at), self.out);
        if let Some(via) = &member.via
            && let Some(body) = via.body.span
        {
            let at = self.place(body);
            let help = "give the relationship's properties where the requirement is met: `x -> y via R { … }`";
            self.out.push(says::idle_part(at, "block after `via`", "a type's requirement", help));
        }
    }

    /// The scope in which the expressions of the type's body are checked.
    pub(super) fn scope(&self, info: &TypeInfo) -> Scope {
        let scope = Scope::new(self.declared.file);
        match self.declared.kind {
            TypeItemKind::Relationship => with_ends(scope, info),
            _ => scope,
        }
    }
}

/// The type of an end as expressions see it.
pub(crate) fn end_type(info: &TypeInfo, end: &str) -> Type {
    let declared = info.ends.get(end).map(|(ty, _)| ty.clone());
    declared.unwrap_or_else(|| Type::Node("std.Root".to_owned()))
}

/// With `source` and `target` as a relationship type has them.
pub(crate) fn with_ends(scope: Scope, info: &TypeInfo) -> Scope {
    scope
        .with_source(end_type(info, "source"), Phase::Deploy)
        .with_target(end_type(info, "target"), Phase::Deploy)
}

/// Tells the ends that are none for this relationship: each at the place given with it.
pub(crate) fn fit(
    program: &Program<'_>,
    relationship: &str,
    (source, at_source): (&Type, Place),
    (target, at_target): (&Type, Place),
    out: &mut Vec<Diagnostic>,
) -> bool {
    let Some(info) = program.types.get(relationship) else { return true };
    for (end, found, at) in [("source", source, at_source), ("target", target, at_target)] {
        let Some((wanted, declared)) = info.ends.get(end) else { continue };
        if !goes(program, found, wanted) {
            let [wanted, found] = program.apart(at.file, wanted, found);
            out.push(says::unfit_end(at, end, short(relationship), &wanted, &found, *declared));
            return false;
        }
    }
    true
}

fn goes(program: &Program<'_>, found: &Type, wanted: &Type) -> bool {
    match (found, wanted) {
        (Type::Node(found), Type::Node(wanted))
        | (Type::Capability(found), Type::Capability(wanted)) => program.is_subtype(found, wanted),
        (Type::Node(_), Type::Capability(_)) => {
            super::requirements::can_meet(program, found, wanted)
        }
        // A capability stands for its node, whose type is known only where it is met.
        _ => true,
    }
}

/// Whether a member of a relationship type is one of its ends.
pub(crate) fn is_end(name: &str) -> bool {
    matches!(name, "source" | "target")
}
