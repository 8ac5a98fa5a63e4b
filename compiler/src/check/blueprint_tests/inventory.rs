//! The inventory that a test names: a file or a literal, held to the types of what it has.

use std::sync::Arc;

use bp_plan::{Phase, Type, Value};
use bp_topology::inventory_file::{CLUSTER, File, FormError};
use bp_topology::{Element, Inventory};
use serde_json::Value as Json;

use crate::check::blocks::in_time;
use crate::check::expr::{Scope, World as _, check_expr, data_types};
use crate::check::members::short;
use crate::check::program::Program;
use crate::diagnostics::{Diagnostic, near, testing as says, types as says_types};
use crate::source::{FileId, Place, SourceFile, Span};
use crate::syntax::ast;

use super::written::{Written, unknown_key};

/// Checks `inventory = …`. What is wrong with a file that isn't there is handed back: the blueprint is whole
/// without it.
pub(super) fn check(
    program: &Program<'_>,
    value: &ast::Expr,
    out: &mut Vec<Diagnostic>,
) -> Result<Option<Arc<Inventory>>, Vec<Diagnostic>> {
    let at = Place { file: program.file, span: value.span };
    let scope = Scope::new(program.file);
    // A file is what it is by itself; all else is open data.
    let mut unheard = Vec::new();
    let alone = check_expr(program, &scope, value, None, &mut unheard);
    if alone.ty == Type::File {
        let Some(Value::File(named)) = alone.expr.as_value() else {
            out.append(&mut unheard);
            in_time(alone.phase, Phase::Compile, "a test's inventory", at, out);
            return Ok(None);
        };
        let Some(file) = program.files.known(&named.path) else { return Err(unheard) };
        out.append(&mut unheard);
        if !file.is_text {
            out.push(says::inventory_form(at, "the file is no text (UTF-8)", None));
            return Ok(None);
        }
        return Ok(match File::parse(file.source.text()) {
            Ok(form) => {
                let stands = Stands::in_file(at, &file.source, file.id);
                from_file(program, form, &stands, out)
            }
            Err(error) => {
                let place = form_place(&file.source, file.id, &error);
                out.push(says::inventory_form(place, &error.message, Some(at)));
                None
            }
        });
    }
    let is_file = match &value.kind {
        ast::ExprKind::Call { function, .. } => {
            function.segments.iter().map(|segment| segment.text.as_str()).eq(["file"])
        }
        _ => false,
    };
    if is_file && !unheard.is_empty() && unheard.iter().all(|one| one.code == "E3039") {
        return Err(unheard);
    }
    Ok(literal(program, &scope, value, out))
}

/// An inventory that stands in the test itself.
fn literal(
    program: &Program<'_>,
    scope: &Scope,
    value: &ast::Expr,
    out: &mut Vec<Diagnostic>,
) -> Option<Arc<Inventory>> {
    let at = Place { file: program.file, span: value.span };
    let written = value;
    let typed = check_expr(program, scope, value, Some(&Type::Json), out);
    if typed.ty == Type::Unknown {
        return None;
    }
    let Some(value) = typed.expr.as_value() else {
        in_time(typed.phase, Phase::Compile, "a test's inventory", at, out);
        return None;
    };
    let form = bp_eval::to_json(value)
        .map_err(|error| error.to_string())
        .and_then(|json| File::of_json(json).map_err(|error| error.message));
    match form {
        Ok(form) => {
            let count = form.clusters.len() + form.elements.len();
            let written = Written::of(written, count);
            from_file(program, form, &Stands { at, text: None, written }, out)
        }
        Err(why) => {
            let at = unknown_key(&why, written).map_or(at, |span| Place { span, ..at });
            out.push(says::inventory_form(at, &why, None));
            None
        }
    }
}

/// Where a file is not as it should be; its first line where nobody knows.
pub(crate) fn form_place(source: &SourceFile, file: FileId, error: &FormError) -> Place {
    place_of(source, file, error.at.unwrap_or((1, 1)))
}

/// The word at this line and column.
fn place_of(source: &SourceFile, file: FileId, (line, column): (u64, u64)) -> Place {
    let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let (line, column) = (number(line), number(column));
    let start = source.offset(line, column);
    let rest = source.slice(Span::new(start, source.offset(line, u32::MAX)));
    let word = rest.find(|c: char| c.is_whitespace() || ",}]".contains(c)).unwrap_or(rest.len());
    let end = start + u32::try_from(word).unwrap_or_default();
    Place { file, span: Span::new(start, end) }
}

/// Where an inventory stands.
pub(crate) struct Stands<'a> {
    /// Where it is named, or written.
    at: Place,
    /// Its own file, where it has one.
    text: Option<(&'a SourceFile, FileId)>,
    /// Its elements, where they are written one by one in the test.
    written: Option<Written<'a>>,
}

impl<'a> Stands<'a> {
    /// In a file of its own, which is named there.
    pub(crate) fn in_file(at: Place, source: &'a SourceFile, file: FileId) -> Self {
        Self { at, text: Some((source, file)), written: None }
    }

    /// The name of the element of this number and name where that can be looked for, else the whole.
    fn element(&self, number: usize, name: &str) -> Place {
        if let Some((_, value)) = self.entry(number, "name") {
            return value;
        }
        let found = self.text.and_then(|(source, file)| {
            Some(place_of(source, file, bp_topology::inventory_file::named(source.text(), name)?))
        });
        found.unwrap_or(self.at)
    }

    /// Where a key of the element of this number stands, and its value.
    fn entry(&self, number: usize, key: &str) -> Option<(Place, Place)> {
        let (key, value) = self.written.as_ref()?.entry(number, key)?;
        let place = |span| Place { span, ..self.at };
        Some((place(key), place(value)))
    }
}

/// The elements of an inventory of this form, each as its type says.
pub(crate) fn from_file(
    program: &Program<'_>,
    form: File,
    stands: &Stands<'_>,
    out: &mut Vec<Diagnostic>,
) -> Option<Arc<Inventory>> {
    let before = out.len();
    let mut inventory = Inventory::default();
    let clusters = form.clusters.into_iter().map(|cluster| cluster.element(Json::Null));
    let others = form.elements.into_iter().map(|other| Element {
        name: other.name,
        node_type: other.node_type,
        facts: other.facts,
        connection: Json::Null,
    });
    for (number, mut element) in clusters.chain(others).enumerate() {
        let at = stands.element(number, &element.name);
        let of_type = stands.entry(number, "type").map_or(at, |(_, value)| value);
        let kind = kind(program, &element, of_type, out);
        if let Some(kind) = &kind {
            element.node_type.clone_from(kind);
            facts(program, (number, &element), (at, stands), out);
        }
        let added = kind.map(|_| inventory.add(element));
        if let Some(Err(error)) = &added {
            out.push(says::inventory_name(at, &error.to_string()));
        }
        if !matches!(added, Some(Ok(()))) {
            break;
        }
    }
    for one in out.iter_mut().skip(before).filter(|one| one.place.file != stands.at.file) {
        one.related.push((stands.at, "the test's inventory".to_owned()));
    }
    (out.len() == before).then(|| Arc::new(inventory))
}

/// The full name of an element's type.
fn kind(
    program: &Program<'_>,
    element: &Element,
    at: Place,
    out: &mut Vec<Diagnostic>,
) -> Option<String> {
    let written = &element.node_type;
    // Who uses no Kubernetes chooses no clusters, whatever the inventory has.
    if program.types.contains_key(written) || written == CLUSTER {
        return Some(written.clone());
    }
    if let Some(Type::Node(full)) = program.named_type(program.file, written) {
        return Some(full);
    }
    let names = program.type_names(program.file);
    let near = near(written, names.iter().map(String::as_str));
    let items = program.blueprint().into_iter().flat_map(|module| &module.tree.items);
    let chosen = items.filter_map(|item| match &item.kind {
        ast::ItemKind::Select(select) => {
            let path = select.ty.segments.iter().map(|it| it.text.as_str());
            Some(path.collect::<Vec<_>>().join("."))
        }
        _ => None,
    });
    let chosen: std::collections::BTreeSet<String> = chosen.collect();
    let chosen: Vec<String> = chosen.into_iter().collect();
    out.push(says::inventory_type(at, (&element.name, written), near, &chosen));
    None
}

/// Whether the facts of an element are what its type says of it.
fn facts(
    program: &Program<'_>,
    (number, element): (usize, &Element),
    (at, stands): (Place, &Stands<'_>),
    out: &mut Vec<Diagnostic>,
) {
    let Some(info) = program.types.get(&element.node_type) else { return };
    let before = out.len();
    // Where attributes stand for facts, they are properties to a test.
    let declared = |name: &str| match info.attributes.get(name) {
        Some((ty, _)) => Some(ty),
        None => info.properties.get(name).map(|property| &property.declared.kind),
    };
    let known: Vec<&str> =
        info.attributes.keys().chain(info.properties.keys()).map(String::as_str).collect();
    for (name, fact) in &element.facts {
        let Some(ty) = declared(name) else {
            if name == "name" || name == "labels" {
                continue;
            }
            let key = stands.entry(number, name).map_or(at, |(key, _)| key);
            let of = short(&element.node_type);
            let near = near(name, known.iter().copied());
            out.push(says::inventory_fact(key, (name, &element.name, of), near, &known));
            continue;
        };
        let types = data_types(program, ty);
        if let Err(error) = bp_eval::from_json(fact.clone(), ty, &types) {
            let message = format!("`{name}` of `{}` in the inventory: {error}", element.name);
            let because = program
                .type_place(&Type::Node(element.node_type.clone()), Some(name))
                .map(|place| (place, format!("`{name}` is declared here")));
            let value = stands.entry(number, name).map_or(at, |(_, value)| value);
            out.push(says_types::constraint_broken(value, &message, None, because));
        }
    }
    // What nodes report may be left open.
    let properties = info.properties.iter();
    let properties = properties
        .filter(|(_, property)| !is_attribute(program, property.place))
        .map(|(name, property)| (name, &property.declared));
    let missing = element.lacks(properties);
    // What was misspelt is not missing as well.
    if !missing.is_empty() && out.len() == before {
        let declared = missing.iter().filter_map(|name| Some((*name, info.properties.get(*name)?)));
        let declared: Vec<(&str, Place)> =
            declared.map(|(name, property)| (name, property.place)).collect();
        let lacking = element.told_lacking(&missing);
        out.push(says::inventory_lacks(at, lacking, &declared));
    }
}

/// Whether a member of a type is declared an attribute there: to a test it is a property.
fn is_attribute(program: &Program<'_>, declared: Place) -> bool {
    let module = program.sources.modules.get(declared.file.0 as usize);
    let items = module.into_iter().flat_map(|module| &module.tree.items);
    let mut bodies = items.filter_map(|item| match &item.kind {
        ast::ItemKind::Type(of) => Some(&of.body),
        _ => None,
    });
    bodies.any(|body| {
        body.entries.iter().any(|entry| match &entry.kind {
            ast::EntryKind::Attribute(member) => member.name.span == declared.span,
            _ => false,
        })
    })
}
