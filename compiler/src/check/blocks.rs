//! Blocks that set properties: of nodes, of relationships, of capabilities.

use std::collections::BTreeMap;

use bp_plan::{Phase, Property, Type};
use smol_str::SmolStr;

use super::expr::{Declared, Scope, World, check_expr, held};
use super::inserts;
use super::members::short;
use super::program::{Program, PropertyInfo, TypeInfo};
use crate::diagnostics::{Diagnostic, names as says_names, topology as says, types as says_types};
use crate::source::{Place, Span};
use crate::syntax::ast::{self, EntryKind, ExprKind, RecordEntry};

/// The properties that a block sets of a type whose every entry is a property; and whether nothing else can be
/// set there, as far as is known.
pub(crate) fn properties(
    program: &Program<'_>,
    scope: &Scope,
    full: &str,
    body: &ast::Body,
    out: &mut Vec<Diagnostic>,
) -> (BTreeMap<String, Property>, bool) {
    let mut set = BTreeMap::new();
    let mut places = BTreeMap::new();
    let Some(info) = program.types.get(full) else { return (set, false) };
    let mut is_known = true;
    for entry in &body.entries {
        match &entry.kind {
            EntryKind::Assign { key, value } => {
                property(program, scope, info, key, value, (&mut set, &mut places), out);
            }
            EntryKind::Spread(value) => {
                let all = (&mut set, &mut places);
                is_known &= spread(program, scope, info, value, all, out);
            }
            _ => {
                let at = Place { file: scope.file(), span: entry.span };
                out.push(says_names::not_here(at, "this", "this block", "`property = value`"));
            }
        }
    }
    (set, is_known)
}

/// What is set, and where.
pub(crate) type Set<'a> = (&'a mut BTreeMap<String, Property>, &'a mut BTreeMap<SmolStr, Place>);

/// One `property = value`.
pub(crate) fn property(
    program: &Program<'_>,
    scope: &Scope,
    info: &TypeInfo,
    key: &ast::Name,
    value: &ast::Expr,
    (set, places): Set<'_>,
    out: &mut Vec<Diagnostic>,
) {
    let name = key.text.as_str();
    let at = Place { file: scope.file(), span: key.span };
    let Some(declared) = info.properties.get(name) else {
        if !program.names.is_open(&info.full) {
            unknown(info, key, at, short(&info.full), out);
            if let Some(told) = out.last_mut().filter(|_| is_dependency(name)) {
                after(program, info, at, value, told);
            }
        }
        // What stands there is checked all the same.
        check_expr(program, scope, value, None, out);
        return;
    };
    if let Some(first) = places.insert(key.text.clone(), at) {
        places.insert(key.text.clone(), first);
        out.push(says::set_twice(at, name, first));
        return;
    }
    if let Some(notice) = program.notices.member(program.names, &info.full, name) {
        out.push(notice.told(at, name));
    }
    if let Some(settled) = declared.fixed {
        out.push(says::fixed(at, name, short(&info.full), settled));
        return;
    }
    let inside = scope.clone().declared(declared.place, &key.text);
    let typed = check_expr(program, &inside, value, Some(&declared.declared.kind), out);
    let place = Place { file: scope.file(), span: value.span };
    let constraints = &declared.declared.constraints;
    if let Some(known) = typed.expr.as_value()
        && !constraints.is_empty()
    {
        let because = Some((declared.place, format!("`{name}` is declared here")));
        held(constraints, known, place, because, out);
    }
    let mut inner = BTreeMap::new();
    inner_spans(program, scope, value, name, 0, &mut inner);
    let property =
        Property { value: typed.expr, phase: typed.phase, span: program.span(place), inner };
    set.insert(name.to_owned(), property);
}

/// `...record`: each of its fields is a property, as if it were written; what is set by itself later
/// wins. Gives whether its fields are known.
pub(crate) fn spread(
    program: &Program<'_>,
    scope: &Scope,
    info: &TypeInfo,
    value: &ast::Expr,
    (set, places): Set<'_>,
    out: &mut Vec<Diagnostic>,
) -> bool {
    let typed = check_expr(program, scope, value, None, out);
    let fields: Vec<String> = match &typed.ty {
        Type::Unknown => return false,
        Type::Record(fields) => fields.keys().cloned().collect(),
        Type::Data(name) if program.data.contains_key(name) => {
            let data = program.data.get(name);
            data.iter().flat_map(|data| data.fields.keys().cloned()).collect()
        }
        other => {
            let at = Place { file: scope.file(), span: value.span };
            out.push(says_types::bad_spread(at, "a record whose fields are known", other));
            return false;
        }
    };
    for field in fields {
        let key = ast::Name { text: field.as_str().into(), span: value.span };
        let of = Box::new(value.clone());
        let kind = ExprKind::Field { of, name: key.clone(), safe: false };
        let read = ast::Expr { kind, span: value.span };
        let before = places.remove(field.as_str());
        let told = out.len();
        property(program, scope, info, &key, &read, (&mut *set, &mut *places), out);
        places.remove(field.as_str());
        if let Some(before) = before.filter(|_| out.len() > told) {
            places.insert(field.into(), before);
        }
    }
    true
}

fn unknown(info: &TypeInfo, key: &ast::Name, at: Place, of: &str, out: &mut Vec<Diagnostic>) {
    let name = key.text.as_str();
    if let Some((_, declared)) = info.attributes.get(name) {
        out.push(says::sets_attribute(at, name, of, Some(*declared)));
        return;
    }
    let known: Vec<String> = info.properties.keys().cloned().collect();
    let hint = if info.requirements.contains_key(name) {
        Some(format!("`{name}` is a requirement: write `{name} -> …`"))
    } else {
        foreign(name).map(str::to_owned)
    };
    out.push(says::unknown_member(at, name, of, &known, hint.as_deref(), Some(info.place)));
}

/// What other languages say by an entry of a node, as it is said here.
fn foreign(name: &str) -> Option<&'static str> {
    Some(match name {
        name if is_dependency(name) => "write `after -> …`: this node comes after what is named",
        "count" => "write `node name: Type for i in 1..3`: one node for each",
        "for_each" => "write `node name: Type for x in xs`: one node for each",
        _ => return None,
    })
}

/// What other languages call what a node comes after.
pub(crate) fn is_dependency(name: &str) -> bool {
    matches!(name, "depends_on" | "dependsOn" | "depends")
}

/// `depends_on = [a]`: with the form of here, where nodes are named.
fn after(
    program: &Program<'_>,
    info: &TypeInfo,
    at: Place,
    value: &ast::Expr,
    told: &mut Diagnostic,
) {
    let is_node = |of: &ast::Expr| match &of.kind {
        ExprKind::Name(name) => match program.value(at.file, name) {
            Some(Declared::Value(value)) => matches!(value.ty, Type::Node(_) | Type::Nodes(_)),
            _ => false,
        },
        _ => false,
    };
    let names = match &value.kind {
        ExprKind::List(all) => !all.is_empty() && all.iter().all(|one| is_node(&one.value)),
        _ => is_node(value),
    };
    if !names || !info.requirements.contains_key("after") {
        return;
    }
    let text = program.text(Place { file: at.file, span: value.span });
    let head = Place { file: at.file, span: Span::new(at.span.start, value.span.start) };
    says::comes_after(told, &text, head);
}

/// Entries for what is missing. What a value is, its author alone knows: `…` is refused until it is given.
pub(crate) fn open(missing: &[(String, Place)]) -> Vec<String> {
    missing.iter().map(|(name, _)| format!("{name} = …")).collect()
}

pub(crate) fn names(missing: &[(String, Place)]) -> String {
    missing.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("`, `")
}

/// Whether nothing stands for it when it is left out.
pub(crate) fn must_be_set(property: &PropertyInfo) -> bool {
    let is_optional =
        matches!(property.declared.kind, bp_plan::Type::Optional(_) | bp_plan::Type::Unknown);
    property.declared.default.is_none() && !is_optional
}

/// Properties that must be set and are not, with the places of their declarations; none where one of them was
/// misspelt, which was told.
pub(crate) fn unset(
    program: &Program<'_>,
    info: &TypeInfo,
    set: &BTreeMap<String, Property>,
    at: Place,
    out: &[Diagnostic],
) -> Vec<(String, Place)> {
    let missing: Vec<(String, Place)> = info
        .properties
        .iter()
        .filter(|(name, property)| must_be_set(property) && !set.contains_key(*name))
        .map(|(name, property)| (name.clone(), property.place))
        .collect();
    if missing.len() != 1 {
        return missing;
    }
    // In the same item, and of the same type.
    let item = program.item_around(at);
    let of = format!("`{}`", short(&info.full));
    let tells = |d: &Diagnostic| {
        (d.code == "E4003" || d.code == "E4001" && d.message.contains(&of))
            && d.place.file == at.file
            && item.start <= d.place.span.start
            && d.place.span.end <= item.end
    };
    let body_told = out.iter().rev().take(4).any(tells);
    if body_told { Vec::new() } else { missing }
}

/// Tells the properties that must be set and are not.
pub(crate) fn missing(
    program: &Program<'_>,
    info: &TypeInfo,
    owner: &str,
    set: &BTreeMap<String, Property>,
    at: Place,
    out: &mut Vec<Diagnostic>,
) {
    let missing = unset(program, info, set, at, out);
    if !missing.is_empty() {
        let error = says::missing_properties(at, owner, short(&info.full), &missing);
        let lines = open(&missing);
        out.push(match inserts::entries(program, at, &lines) {
            Some(edits) => error.draft(format!("set `{}`", names(&missing)), edits),
            None => error,
        });
    }
}

/// Where the entries of a literal stand, by path.
pub(super) fn inner_spans(
    program: &Program<'_>,
    scope: &Scope,
    value: &ast::Expr,
    path: &str,
    depth: usize,
    inner: &mut BTreeMap<String, bp_plan::Span>,
) {
    if depth > 8 {
        return;
    }
    let mut note = |path: String, value: &ast::Expr| {
        inner.insert(path.clone(), program.span(Place { file: scope.file(), span: value.span }));
        inner_spans(program, scope, value, &path, depth + 1, inner);
    };
    match &value.kind {
        ExprKind::Record(entries) => {
            for entry in entries {
                if let RecordEntry::One { key, value } = entry {
                    note(format!("{path}.{}", key.text), value);
                }
            }
        }
        ExprKind::List(elements) => {
            for (at, element) in elements.iter().enumerate() {
                if element.spread {
                    break;
                }
                note(format!("{path}[{at}]"), &element.value);
            }
        }
        ExprKind::Paren(of) => inner_spans(program, scope, of, path, depth, inner),
        _ => {}
    }
}

/// Whether something is known in time.
pub(crate) fn in_time(
    phase: Phase,
    latest: Phase,
    what: &str,
    at: Place,
    out: &mut Vec<Diagnostic>,
) {
    if phase > latest {
        let known = super::members::words(phase);
        out.push(says::too_late(at, what, super::members::words(latest), known));
    }
}
