//! Data types: records with their fields, their own and those that they inherit, and names of scalars.

use std::collections::BTreeMap;

use bp_plan::{DataType, Type};

use super::expr::{Scope, World, check_of_type, check_type_expr, check_wheres};
use super::members::{Pass, described, property};
use super::program::Program;
use super::refinement;
use crate::diagnostics::{Diagnostic, names as says_names, nodes as says_nodes};
use crate::resolve::TypeDeclaration;
use crate::source::Place;
use crate::syntax::ast::{self, EntryKind};

/// A data type as far as this pass tells.
pub(crate) fn data_type(
    program: &Program<'_>,
    full: &str,
    declared: &TypeDeclaration,
    item: &ast::TypeItem,
    pass: Pass,
    out: &mut Vec<Diagnostic>,
) -> DataType {
    let file = declared.file;
    let this = Type::Data(full.to_owned());
    let scope = Scope::new(file);
    let mut silent = Vec::new();
    let typed = if pass == Pass::Signatures { &mut *out } else { &mut silent };
    if let Some(alias) = &item.alias {
        let alias = check_type_expr(program, file, alias, typed);
        let constraints = match pass {
            Pass::Signatures => Vec::new(),
            Pass::Bodies => check_wheres(program, &scope, &alias, &item.wheres, out),
        };
        return DataType {
            extends: Vec::new(),
            alias: Some(alias),
            fields: BTreeMap::new(),
            constraints,
        };
    }
    let mut data = match declared.ancestors.first().and_then(|name| program.data.get(name)) {
        Some(parent) if parent.alias.is_none() => DataType::clone(parent),
        Some(_) => {
            if let (Pass::Signatures, Some(path)) = (pass, &item.extends) {
                let at = Place { file, span: path.span };
                let parent = path.segments.last().map_or("", |last| last.text.as_str());
                out.push(says_nodes::extends_scalar(at, &item.name.text, parent));
            }
            DataType {
                extends: Vec::new(),
                alias: None,
                fields: BTreeMap::new(),
                constraints: Vec::new(),
            }
        }
        None => DataType {
            extends: Vec::new(),
            alias: None,
            fields: BTreeMap::new(),
            constraints: Vec::new(),
        },
    };
    data.extends.clone_from(&declared.ancestors);
    let mut places: BTreeMap<&str, Place> = BTreeMap::new();
    for entry in &item.body.entries {
        match &entry.kind {
            EntryKind::Field(member) => {
                let place = Place { file, span: member.name.span };
                if let Some(first) = places.insert(&member.name.text, place) {
                    if pass == Pass::Signatures {
                        let name = &member.name.text;
                        out.push(says_names::member_twice(place, name, &item.name.text, first));
                    }
                    continue;
                }
                let ty = match pass {
                    Pass::Signatures => check_type_expr(program, file, &member.ty, out),
                    Pass::Bodies => check_type_expr(program, file, &member.ty, &mut silent),
                };
                let mut field = property(program, &scope, &this, member, ty, false, pass, out);
                if let Some(old) = data.fields.get(member.name.text.as_str()) {
                    let parent = declared.ancestors.first();
                    let declared = parent.and_then(|full| {
                        program.type_place(&Type::Data(full.clone()), Some(&member.name.text))
                    });
                    let at = (pass, file);
                    refinement::property(program, at, member, &mut field, old, declared, out);
                }
                data.fields.insert(member.name.text.to_string(), field);
            }
            EntryKind::Check(check) if pass == Pass::Bodies => {
                data.constraints.extend(check_of_type(program, &scope, &this, check, out));
            }
            EntryKind::Check(_) => {}
            _ if pass == Pass::Signatures => {
                let place = Place { file, span: entry.span };
                let found = described(&entry.kind);
                out.push(says_names::not_here(place, found, "a data type", "fields and `check`"));
            }
            _ => {}
        }
    }
    data
}

/// Records that contain themselves without end.
pub(crate) fn data_rings(program: &Program<'_>, out: &mut Vec<Diagnostic>) {
    let names: Vec<&String> = program.data.keys().collect();
    let index: BTreeMap<&str, usize> =
        names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    // The field by which one contains another; a name of another type has none.
    let mut by: BTreeMap<(usize, usize), Option<&str>> = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        let Some(data) = program.data.get(*name) else { continue };
        let fields = data.fields.iter().map(|(name, field)| (Some(name.as_str()), &field.kind));
        for (field, kind) in fields.chain(data.alias.iter().map(|of| (None, of))) {
            if let Type::Data(other) = kind
                && let Some(to) = index.get(other.as_str())
            {
                by.entry((at, *to)).or_insert(field);
            }
        }
    }
    for ring in bp_topology::rings::rings(names.len(), by.keys().copied()) {
        let inside: Vec<(usize, usize)> =
            by.keys().copied().filter(|(a, b)| ring.contains(a) && ring.contains(b)).collect();
        let Some(first) = inside.first() else { continue };
        let way = bp_topology::rings::way_round(&inside, *first);
        let steps: Vec<(Place, String)> = way
            .iter()
            .zip(way.iter().skip(1))
            .filter_map(|(from, to)| step(program, names.get(*from)?, *by.get(&(*from, *to))?))
            .collect();
        out.extend(says_names::data_ring(&steps));
    }
}

/// Where one record contains the next, and how that is told: `A.b`.
fn step(program: &Program<'_>, full: &str, field: Option<&str>) -> Option<(Place, String)> {
    let declared = program.names.types.get(full)?;
    let item = declared.item(program.sources)?;
    let name = &item.name.text;
    let members = item.body.entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::Field(member) => Some(member),
        _ => None,
    });
    let member = members.into_iter().find(|member| Some(member.name.text.as_str()) == field);
    let span = member.map_or(declared.place.span, |member| member.ty.span);
    let path = field.map_or_else(|| name.to_string(), |field| format!("{name}.{field}"));
    Some((Place { file: declared.file, span }, path))
}
