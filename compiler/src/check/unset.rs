//! Attributes of relationships that nothing sets. No provider keeps a relationship: what it observes, its
//! operations tell.

use std::collections::BTreeSet;
use std::sync::Arc;

use bp_plan::Implementation;

use super::Checked;
use super::members::short;
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
    let set = set(checked);
    for (full, declared) in &checked.program.names.types {
        let module = sources.modules.get(declared.file.0 as usize);
        let is_own = module.is_some_and(|module| Arc::ptr_eq(&module.package, &root.package));
        if declared.kind != TypeItemKind::Relationship || !is_own {
            continue;
        }
        let Some(item) = declared.item(sources) else { continue };
        for entry in &item.body.entries {
            let EntryKind::Attribute(member) = &entry.kind else { continue };
            let name = member.name.text.as_str();
            let is_set = set.iter().any(|(of, attribute)| {
                attribute == name && checked.program.names.is_subtype(of, full)
            });
            if !is_set {
                let at = Place { file: declared.file, span: member.name.span };
                out.push(says::unset_attribute(at, name, short(full)));
            }
        }
    }
}

/// What operations set: the relationship type by its full name, and the attribute.
fn set(checked: &Checked<'_>) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let mut add = |of: &str, implementation: &Implementation| {
        found.extend(implementation.sets.keys().map(|name| (of.to_owned(), name.clone())));
    };
    for (full, info) in checked.program.types.iter() {
        for operation in info.operations.values() {
            operation.implementation.iter().for_each(|it| add(full, it));
        }
    }
    let nodes = checked.others.iter().chain([checked]).flat_map(|one| one.nodes.nodes.values());
    for met in nodes.flat_map(|one| &one.node.requirements) {
        let own = met.operations.values().filter_map(|own| own.implementation.as_ref());
        own.for_each(|it| add(&met.relationship, it));
    }
    found
}
