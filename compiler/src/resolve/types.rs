//! Which type extends which.

use std::collections::{BTreeMap, BTreeSet};

use super::{Names, blueprint};
use crate::diagnostics::{Diagnostic, composition, names as says};
use crate::loader::Sources;
use crate::source::{FileId, Place};
use crate::syntax::ast::{self, ItemKind, TypeItemKind};

/// How many types a type may extend, one by way of the other.
const MOST_ANCESTORS: usize = 1_000;

/// A declared type.
#[derive(Clone, Debug)]
pub(crate) struct TypeDeclaration {
    pub(crate) file: FileId,
    /// Which of the file's items.
    pub(crate) item: usize,
    /// Where its name stands.
    pub(crate) place: Place,
    pub(crate) kind: TypeItemKind,
    /// Full names of the types it extends, nearest first.
    pub(crate) ancestors: Vec<String>,
    /// Whether what it extends is not known, itself or further up: that was told, and what it has beside its
    /// own members, nobody can say.
    pub(crate) is_open: bool,
}

impl TypeDeclaration {
    /// As the source has it.
    pub(crate) fn item<'s>(&self, sources: &'s Sources) -> Option<&'s ast::TypeItem> {
        match &sources.modules.get(self.file.0 as usize)?.tree.items.get(self.item)?.kind {
            ItemKind::Type(item) => Some(item),
            _ => None,
        }
    }
}

/// What a kind of type is called.
pub(crate) fn kind_words(kind: TypeItemKind) -> &'static str {
    match kind {
        TypeItemKind::Node => "node type",
        TypeItemKind::Data => "data type",
        TypeItemKind::Capability => "capability type",
        TypeItemKind::Interface => "interface type",
        TypeItemKind::Relationship => "relationship type",
        TypeItemKind::Policy => "policy type",
        TypeItemKind::Group => "group type",
    }
}

/// The type that one without `extends` extends.
fn root(kind: TypeItemKind) -> Option<&'static str> {
    match kind {
        TypeItemKind::Node => Some("std.Root"),
        TypeItemKind::Capability => Some("std.Capability"),
        TypeItemKind::Relationship => Some("std.DependsOn"),
        TypeItemKind::Policy => Some("std.Policy"),
        TypeItemKind::Group => Some("std.Group"),
        TypeItemKind::Data | TypeItemKind::Interface => None,
    }
}

/// Fills in the ancestors of all types.
pub(crate) fn extend(sources: &Sources, names: &mut Names, out: &mut Vec<Diagnostic>) {
    let mut parents: BTreeMap<String, String> = BTreeMap::new();
    let mut open: BTreeSet<String> = BTreeSet::new();
    for (full, declared) in &names.types {
        let Some(item) = declared.item(sources) else {
            let parent = blueprint::parent(sources, names, declared, out);
            parents.extend(parent.map(|parent| (full.clone(), parent)));
            continue;
        };
        let parent = match &item.extends {
            Some(path) => {
                let found = names.expect_type(declared.file, path, declared.kind, out);
                if found.as_ref().is_some_and(|found| names.blueprints.contains_key(found)) {
                    let at = Place { file: declared.file, span: path.span };
                    out.push(composition::extends_blueprint(at));
                }
                if found.is_none() {
                    open.insert(full.clone());
                }
                // Of its kind it is, whatever it extends.
                found.or_else(|| root(declared.kind).map(str::to_owned))
            }
            None => root(declared.kind).filter(|root| root != full).map(str::to_owned),
        };
        if let Some(parent) = parent {
            parents.insert(full.clone(), parent);
        }
    }
    break_rings(sources, names, &mut parents, &mut open, out);
    break_lines(sources, names, &mut parents, out);
    let ancestors: BTreeMap<String, Vec<String>> = names
        .types
        .keys()
        .map(|full| {
            let line = std::iter::successors(parents.get(full), |parent| parents.get(*parent));
            (full.clone(), line.cloned().collect())
        })
        .collect();
    for (full, line) in ancestors {
        if let Some(declared) = names.types.get_mut(&full) {
            declared.is_open = std::iter::once(&full).chain(&line).any(|name| open.contains(name));
            declared.ancestors = line;
        }
    }
}

/// A type that is the last of too long a line extends nothing: the first of them is told.
fn break_lines(
    sources: &Sources,
    names: &Names,
    parents: &mut BTreeMap<String, String>,
    out: &mut Vec<Diagnostic>,
) {
    let mut children: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (sub, sup) in &*parents {
        children.entry(sup).or_default().push(sub);
    }
    let roots = names.types.keys().filter(|full| !parents.contains_key(*full));
    let mut next: Vec<(&str, usize)> = roots.map(|full| (full.as_str(), 0)).collect();
    let mut too_long: Vec<String> = Vec::new();
    while let Some((full, depth)) = next.pop() {
        let is_last = depth > MOST_ANCESTORS;
        if is_last {
            too_long.push(full.to_owned());
        }
        let depth = if is_last { 0 } else { depth };
        next.extend(children.get(full).into_iter().flatten().map(|sub| (*sub, depth + 1)));
    }
    let first = too_long
        .iter()
        .filter_map(|full| names.types.get(full))
        .min_by_key(|declared| (declared.place.file, declared.place.span.start));
    if let Some(declared) = first {
        let at = extends_place(sources, declared);
        out.push(says::extends_too_many(at, MOST_ANCESTORS));
    }
    for full in too_long {
        parents.remove(&full);
    }
}

/// Where a type says what it extends.
fn extends_place(sources: &Sources, declared: &TypeDeclaration) -> Place {
    declared
        .item(sources)
        .and_then(|item| item.extends.as_ref())
        .map_or(declared.place, |path| Place { file: declared.file, span: path.span })
}

/// Types in a ring extend what all of their kind do, and are open: one error for the ring.
fn break_rings(
    sources: &Sources,
    names: &Names,
    parents: &mut BTreeMap<String, String>,
    open: &mut BTreeSet<String>,
    out: &mut Vec<Diagnostic>,
) {
    // In the order of the source, so that the error stands at the first.
    let mut order: Vec<(&String, &TypeDeclaration)> = names.types.iter().collect();
    order.sort_by_key(|(_, declared)| (declared.place.file, declared.place.span.start));
    let index: BTreeMap<&str, usize> =
        order.iter().enumerate().map(|(at, (full, _))| (full.as_str(), at)).collect();
    let edges: Vec<(usize, usize)> = parents
        .iter()
        .filter_map(|(sub, sup)| Some((*index.get(sub.as_str())?, *index.get(sup.as_str())?)))
        .collect();
    for ring in bp_topology::rings::rings(order.len(), edges) {
        let Some((first, declared)) = ring.first().and_then(|at| order.get(*at)) else { continue };
        let mut line = vec![(*first).clone()];
        while let Some(next) = line.last().and_then(|last| parents.get(last)) {
            line.push(next.clone());
            if next == *first || line.len() > ring.len() + 1 {
                break;
            }
        }
        let at = extends_place(sources, declared);
        out.push(says::extends_ring(at, &line));
        for at in ring {
            if let Some((full, declared)) = order.get(at) {
                open.insert((*full).clone());
                match root(declared.kind) {
                    Some(root) => parents.insert((*full).clone(), root.to_owned()),
                    None => parents.remove(*full),
                };
            }
        }
    }
}
