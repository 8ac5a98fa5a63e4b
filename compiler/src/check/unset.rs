//! Attributes that nothing sets. No provider keeps a relationship, nor a node that its own operations make: what
//! these observe, the operations tell.

use std::collections::BTreeSet;
use std::sync::Arc;

use bp_plan::{Implementation, Type};

use super::Checked;
use super::members::short;
use super::program::TypeInfo;
use crate::diagnostics::{Diagnostic, Severity, operations as says};
use crate::source::Place;
use crate::syntax::ast::{EntryKind, TypeItemKind};

/// Tells them, for the types of a blueprint's own package: whose types stand elsewhere may set them there.
/// Where something is wrong, what sets one may be hidden.
pub(crate) fn check(checked: &Checked<'_>, out: &mut Vec<Diagnostic>) {
    let is_broken = out.iter().any(|told| told.severity == Severity::Error);
    let sources = checked.program.sources;
    let Some(root) = sources.modules.first().filter(|_| checked.blueprint.is_some() && !is_broken)
    else {
        return;
    };
    let set = setters(checked);
    for (full, declared) in &checked.program.names.types {
        let module = sources.modules.get(declared.file.0 as usize);
        let is_own = module.is_some_and(|module| Arc::ptr_eq(&module.package, &root.package));
        let is_of_operations = match declared.kind {
            TypeItemKind::Relationship => true,
            TypeItemKind::Node => {
                checked.program.types.get(full).is_some_and(|info| made_by_operations(info))
            }
            _ => false,
        };
        if !is_of_operations || !is_own {
            continue;
        }
        let Some(item) = declared.item(sources) else { continue };
        for entry in &item.body.entries {
            let EntryKind::Attribute(member) = &entry.kind else { continue };
            let name = member.name.text.as_str();
            // What may be unset, or repeats a property, has a value all the same.
            let info = checked.program.types.get(full);
            let has_value = info.is_some_and(|info| {
                let ty = info.attributes.get(name).map(|(ty, _)| ty);
                matches!(ty, Some(Type::Optional(_) | Type::Unknown))
                    || info.properties.contains_key(name)
            });
            if has_value && declared.kind == TypeItemKind::Node {
                continue;
            }
            let is_set = set.iter().any(|(of, attribute, _)| {
                attribute == name && checked.program.names.is_subtype(of, full)
            });
            if !is_set {
                let at = Place { file: declared.file, span: member.name.span };
                let step = match declared.kind {
                    TypeItemKind::Node => "lifecycle.create",
                    _ => "configure.establish_target",
                };
                out.push(says::unset_attribute(at, name, short(full), step));
            }
        }
    }
}

/// Whether nothing but its own operations makes such a node.
pub(super) fn made_by_operations(info: &TypeInfo) -> bool {
    info.provider.is_none()
        && !info.is_abstract
        && info.operations.iter().any(|(name, operation)| {
            name.starts_with("lifecycle.") && operation.implementation.is_some()
        })
}

/// What operations set: the type by its full name, the attribute, and the operation.
pub(super) fn setters(checked: &Checked<'_>) -> BTreeSet<(String, String, String)> {
    let mut found = BTreeSet::new();
    let mut add = |of: &str, operation: &str, implementation: &Implementation| {
        let sets = implementation.sets.keys();
        found.extend(sets.map(|name| (of.to_owned(), name.clone(), operation.to_owned())));
    };
    for (full, info) in checked.program.types.iter() {
        for (name, operation) in &info.operations {
            operation.implementation.iter().for_each(|it| add(full, name, it));
        }
    }
    let nodes = checked.others.iter().chain([checked]).flat_map(|one| one.nodes.nodes.values());
    let nodes: Vec<_> = nodes.collect();
    for node in &nodes {
        for (name, own) in &node.node.operations {
            own.implementation.iter().for_each(|it| add(&node.node.kind, name, it));
        }
    }
    for met in nodes.iter().flat_map(|one| &one.node.requirements) {
        for (name, own) in &met.operations {
            own.implementation.iter().for_each(|it| add(&met.relationship, name, it));
        }
    }
    found
}
