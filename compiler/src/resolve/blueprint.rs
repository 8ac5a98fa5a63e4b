//! Blueprints as node types: what a file with a `blueprint` is called as a type.

use std::collections::BTreeMap;

use super::{FileScope, Names, TypeDeclaration};
use crate::diagnostics::{Diagnostic, composition as says};
use crate::loader::{Module, Sources};
use crate::source::FileId;
use crate::syntax::ast::{self, ItemKind, TypeItemKind};

/// The name of a blueprint as a type: `db.Blueprint`.
pub(crate) const NAME: &str = "Blueprint";

/// Makes a file's blueprint a type of the file.
pub(super) fn declare(
    file: FileId,
    module: &Module,
    scope: &mut FileScope,
    types: &mut BTreeMap<String, TypeDeclaration>,
    out: &mut Vec<Diagnostic>,
) -> Option<String> {
    let blueprint = scope.blueprint?;
    let full = match module.name.as_str() {
        "" => NAME.to_owned(),
        name => format!("{name}.{NAME}"),
    };
    if let Some(own) = types.get(&full) {
        out.push(says::name_taken(own.place, blueprint.place));
        return None;
    }
    let declared = TypeDeclaration {
        file,
        item: blueprint.item,
        place: blueprint.place,
        kind: TypeItemKind::Node,
        ancestors: Vec::new(),
        is_open: false,
    };
    types.insert(full.clone(), declared);
    scope.types.insert(NAME.to_owned(), full.clone());
    Some(full)
}

/// The item of a blueprint that is a type.
pub(crate) fn item<'s>(
    sources: &'s Sources,
    declared: &TypeDeclaration,
) -> Option<&'s ast::Blueprint> {
    match &sources.modules.get(declared.file.0 as usize)?.tree.items.get(declared.item)?.kind {
        ItemKind::Blueprint(item) => Some(item),
        _ => None,
    }
}

/// The type that a blueprint extends: the one that it substitutes.
pub(super) fn parent(
    sources: &Sources,
    names: &Names,
    declared: &TypeDeclaration,
    out: &mut Vec<Diagnostic>,
) -> Option<String> {
    let item = item(sources, declared)?;
    let substituted = item
        .substitutes
        .as_ref()
        .and_then(|path| names.expect_type(declared.file, path, TypeItemKind::Node, out))
        // Told with what the blueprint substitutes.
        .filter(|full| !names.blueprints.contains_key(full));
    Some(substituted.unwrap_or_else(|| "std.Root".to_owned()))
}
