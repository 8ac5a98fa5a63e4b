//! Members that are declared again: what refines may only narrow.

use bp_plan::{Expr, PropertyType, RequirementType, Type, Value};

use super::expr::{World, fits};
use super::members::{Pass, breaks};
use super::program::{Program, TypeInfo};
use crate::diagnostics::{Diagnostic, nodes as says_nodes, topology as says};
use crate::source::{FileId, Place};
use crate::syntax::ast;

/// Whether every value of the new type is one of the old, by the types alone. Open data is as wide as can
/// be, and a name that asks something of its values is narrower than what it is a name of.
pub(crate) fn narrower(program: &Program<'_>, new: &Type, old: &Type) -> bool {
    fits(program, new, old) && !loses(program, new, old, 0)
}

fn loses(program: &Program<'_>, new: &Type, old: &Type, depth: usize) -> bool {
    let inner = |new: &Type, old: &Type| depth < 100 && loses(program, new, old, depth + 1);
    match (new, old) {
        (Type::Unknown | Type::Never, _) | (_, Type::Unknown) => false,
        (new, old) if new == old => false,
        (Type::Optional(new), Type::Optional(old)) | (Type::Secret(new), Type::Secret(old)) => {
            inner(new, old)
        }
        (new, Type::Optional(old) | Type::Secret(old)) => inner(new, old),
        (Type::List(new), Type::List(old)) | (Type::Map(new), Type::Map(old)) => inner(new, old),
        (Type::Record(new), Type::Record(old)) => {
            new.iter().any(|(name, new)| old.get(name).is_some_and(|old| inner(new, old)))
        }
        (Type::Record(new), Type::Map(old)) => new.values().any(|new| inner(new, old)),
        (_, Type::Json) => false,
        (Type::Json, _) => true,
        (Type::Data(new), Type::Data(old)) if program.is_subtype(new, old) => false,
        (new, Type::Data(name)) => match program.data_type(name) {
            // What the name asks would be lost.
            Some(data) => match &data.alias {
                Some(alias) => asks(program, name) || inner(new, alias),
                None => true,
            },
            None => false,
        },
        _ => false,
    }
}

/// Whether the name of a scalar asks something of its values.
fn asks(program: &Program<'_>, name: &str) -> bool {
    let declared = program.names.types.get(name);
    let item = declared.and_then(|declared| declared.item(program.sources));
    item.is_some_and(|item| !item.wheres.is_empty())
}

/// What a type calls by a name, and where it declares that; of an attribute that repeats a property, that.
pub(crate) fn kind(info: &TypeInfo, name: &str) -> Option<(&'static str, Place)> {
    let property = info.properties.get(name).map(|of| ("a property", of.place));
    property
        .or_else(|| info.attributes.get(name).map(|(_, place)| ("an attribute", *place)))
        .or_else(|| info.requirements.get(name).map(|of| ("a requirement", of.place)))
        .or_else(|| info.capabilities.get(name).map(|of| ("a capability", of.place)))
}

/// Joins what is inherited of a property into its new declaration, and tells what widens it.
pub(crate) fn property(
    program: &Program<'_>,
    (pass, file): (Pass, FileId),
    member: &ast::Member,
    made: &mut PropertyType,
    old: &PropertyType,
    declared: Option<Place>,
    out: &mut Vec<Diagnostic>,
) {
    let name = member.name.text.as_str();
    if pass == Pass::Signatures {
        narrows(program, file, member, (&made.kind, &old.kind), declared, out);
    }
    let own = std::mem::take(&mut made.constraints);
    made.constraints = old.constraints.iter().cloned().chain(own).collect();
    made.replace |= old.replace;
    // What may be unset by default may come to be needed. Signatures know only that there is a default.
    let was_unset = pass == Pass::Bodies && old.default == Some(Expr::Value(Value::Null));
    if made.default.is_none() && (!was_unset || fits(program, &Type::Null, &made.kind)) {
        made.default.clone_from(&old.default);
    }
    if pass == Pass::Signatures {
        return;
    }
    let Some(default) = &made.default else { return };
    let span = member.default.as_ref().map_or(member.name.span, |e| e.span);
    let at = Place { file, span };
    // What its own constraints say was told.
    let is_told = member.default.is_some() && out.last().is_some_and(|d| d.code == "E4013");
    if !is_told {
        let before = out.len();
        breaks(&made.constraints, default, at, name, out);
        // That the type itself does not fit was told.
        let is_inherited = member.default.is_none() && narrower(program, &made.kind, &old.kind);
        if out.len() == before && is_inherited && !fits_value(program, default, made) {
            let (old, new) = (format!("`{}`", old.kind), format!("`{}`", made.kind));
            out.push(says_nodes::default_unfit(at, name, &old, &new));
        }
    }
}

/// Whether an inherited default is still of the type.
fn fits_value(program: &Program<'_>, default: &bp_plan::Expr, made: &PropertyType) -> bool {
    let Some(value) = default.as_value() else { return true };
    let data_types = super::expr::data_types(program, &made.kind);
    bp_eval::check_type(value, &made.kind, &data_types).is_ok()
}

/// Tells a type that is wider than the inherited one.
pub(crate) fn narrows(
    program: &Program<'_>,
    file: FileId,
    member: &ast::Member,
    (new, old): (&Type, &Type),
    declared: Option<Place>,
    out: &mut Vec<Diagnostic>,
) {
    if narrower(program, new, old) {
        return;
    }
    let at = Place { file, span: member.ty.span };
    let [old, new] = program.apart(file, old, new).map(|text| format!("`{text}`"));
    out.push(says::widened(at, &member.name.text, &old, &new, declared.unwrap_or(at)));
}

/// Tells how a requirement takes more than the inherited one.
pub(crate) fn requirement(
    program: &Program<'_>,
    file: FileId,
    member: &ast::Member,
    (new, old): (&RequirementType, &RequirementType),
    declared: Place,
    out: &mut Vec<Diagnostic>,
) {
    let name = member.name.text.as_str();
    narrows(program, file, member, (&new.target, &old.target), Some(declared), out);
    let ((least, most), (fewest, highest)) = (new.cardinality, old.cardinality);
    let is_inside = fewest <= least
        && match (most, highest) {
            (_, None) => true,
            (Some(most), Some(highest)) => most <= highest,
            (None, Some(_)) => false,
        };
    if !is_inside {
        let span = member.cardinality.as_ref().map_or(member.name.span, |c| c.span);
        let at = Place { file, span };
        let (old, new) = (range(old.cardinality), range(new.cardinality));
        out.push(says::widened(at, name, &old, &new, declared));
    }
    if let Some(via) = &member.via
        && !program.names.may_be(&new.relationship, &old.relationship)
    {
        let at = Place { file, span: via.ty.span };
        let [wanted, found] =
            [&old.relationship, &new.relationship].map(|it| Type::Relationship(it.clone()));
        let [wanted, found] = program.apart(file, &wanted, &found);
        out.push(says::wrong_via(at, name, &wanted, &found, declared));
    }
}

fn range((least, most): (u64, Option<u64>)) -> String {
    match most {
        Some(most) if most == least => format!("`[{least}]`"),
        Some(most) => format!("`[{least}..{most}]`"),
        None => format!("`[{least}..]`"),
    }
}
