//! `requires name: T [card] via R where …` of a file: what whoever uses the blueprint must give it.

use bp_plan::{Phase, RequirementType, Type};

use super::type_of;
use crate::check::expr::{Scope, check_type_expr, check_wheres};
use crate::check::members;
use crate::check::program::{Program, reads_as};
use crate::diagnostics::{Diagnostic, topology};
use crate::source::{FileId, Place};
use crate::syntax::ast::{self, TypeItemKind};

/// How it reads in the blueprint's expressions.
pub(in crate::check) fn reads(
    program: &Program<'_>,
    file: FileId,
    member: &ast::Member,
    out: &mut Vec<Diagnostic>,
) -> Type {
    head(program, file, member, out).map_or(Type::Unknown, |declared| reads_as(&declared))
}

/// All of it. What is wrong with its head was told by [`reads`].
pub(super) fn check(
    program: &Program<'_>,
    member: &ast::Member,
    out: &mut Vec<Diagnostic>,
) -> Option<RequirementType> {
    let file = program.file;
    let mut declared = head(program, file, member, &mut Vec::new())?;
    let scope = match type_of(program.names, file) {
        Some(full) => Scope::new(file).with_source(Type::Node(full.clone()), Phase::Deploy),
        None => Scope::new(file),
    };
    declared.constraints = check_wheres(program, &scope, &declared.target, &member.wheres, out);
    Some(declared)
}

/// Without its constraints.
pub(super) fn head(
    program: &Program<'_>,
    file: FileId,
    member: &ast::Member,
    out: &mut Vec<Diagnostic>,
) -> Option<RequirementType> {
    let (target, is_optional) = match check_type_expr(program, file, &member.ty, out) {
        Type::Optional(of) => (*of, true),
        other => (other, false),
    };
    if !matches!(target, Type::Node(_) | Type::Capability(_)) {
        if target != Type::Unknown {
            let at = Place { file, span: member.ty.span };
            let (wanted, found) = ("a node type or a capability type", format!("`{target}`"));
            let name = &member.name.text;
            out.push(topology::unfit_target(at, name, wanted, &found, None));
        }
        return None;
    }
    let cardinality = match &member.cardinality {
        Some(written) => members::cardinality(program, file, written, out),
        None if is_optional => (0, Some(1)),
        None => (1, Some(1)),
    };
    let relationship = match &member.via {
        Some(via) => program.names.expect_type(file, &via.ty, TypeItemKind::Relationship, out)?,
        None => "std.DependsOn".to_owned(),
    };
    let hosts = program.names.is_subtype(&relationship, "std.HostedOn");
    let unordered = program.names.is_subtype(&relationship, "std.AssociatesWith");
    let constraints = Vec::new();
    Some(RequirementType { target, cardinality, relationship, hosts, unordered, constraints })
}
