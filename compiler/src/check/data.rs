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
    let mut edges = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let Some(data) = program.data.get(*name) else { continue };
        let kinds = data.fields.values().map(|field| &field.kind).chain(&data.alias);
        for kind in kinds {
            if let Type::Data(other) = kind
                && let Some(to) = index.get(other.as_str())
            {
                edges.push((at, *to));
            }
        }
    }
    for ring in crate::rings::rings(names.len(), edges) {
        let Some(name) = ring.first().and_then(|at| names.get(*at)) else { continue };
        let Some(declared) = program.names.types.get(*name) else { continue };
        let Some(item) = declared.item(program.sources) else { continue };
        let in_ring = |ty: &Type| match ty {
            Type::Data(other) => index.get(other.as_str()).is_some_and(|at| ring.contains(at)),
            _ => false,
        };
        let field = item.body.entries.iter().find_map(|entry| match &entry.kind {
            EntryKind::Field(member) => {
                let ty = check_type_expr(program, declared.file, &member.ty, &mut Vec::new());
                in_ring(&ty).then_some(member)
            }
            _ => None,
        });
        let (span, field) = field.map_or((declared.place.span, "it"), |member| {
            (member.ty.span, member.name.text.as_str())
        });
        let at = Place { file: declared.file, span };
        out.push(says_names::data_ring(at, &item.name.text, field));
    }
}
