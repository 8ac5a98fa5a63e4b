//! What a file declares, and what it brings in from others.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use foldhash::HashMap;

use super::{Names, TypeDeclaration};
use crate::diagnostics::{Diagnostic, names as says, near};
use crate::loader::{Module, Sources};
use crate::source::{FileId, Place, Span};
use crate::syntax::ast::{self, ItemKind};

/// Where a value or a function is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Declaration {
    /// In which file.
    pub(crate) file: FileId,
    /// Which of its items.
    pub(crate) item: usize,
    /// Where its name stands.
    pub(crate) place: Place,
}

/// A module under the name by which a file uses it.
#[derive(Clone, Debug)]
pub(crate) struct Imported {
    pub(crate) file: FileId,
    /// Its own name.
    pub(crate) name: String,
}

/// The names of a file.
#[derive(Debug, Default)]
pub(crate) struct FileScope {
    /// Its own values.
    pub(crate) values: HashMap<String, Declaration>,
    /// Values brought in by name.
    pub(crate) imported_values: BTreeMap<String, Declaration>,
    /// Its own functions.
    pub(crate) functions: BTreeMap<String, Declaration>,
    /// Functions brought in by name.
    pub(crate) imported_functions: BTreeMap<String, Declaration>,
    /// Its own types: full names by bare ones.
    pub(crate) types: BTreeMap<String, String>,
    /// Types brought in by name.
    pub(crate) imported_types: BTreeMap<String, String>,
    /// Modules by the name they are used under.
    pub(crate) modules: BTreeMap<String, Imported>,
    /// Its blueprint.
    pub(crate) blueprint: Option<Declaration>,
    /// Names of imports, with their places.
    pub(crate) imports: BTreeMap<String, Place>,
    /// Names that a `use` was to bring in and could not: that is reported there.
    pub(crate) lost: BTreeSet<String>,
    /// Imports that something used.
    used: Mutex<BTreeSet<String>>,
}

impl FileScope {
    /// The names of its own values, in order.
    pub(crate) fn value_names(&self) -> Vec<&String> {
        let mut names: Vec<&String> = self.values.keys().collect();
        names.sort_unstable();
        names
    }

    /// Whether it has something of this name, its own or brought in.
    fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
            || self.functions.contains_key(name)
            || self.types.contains_key(name)
            || self.imports.contains_key(name)
    }

    /// Something used this import.
    pub(crate) fn mark(&self, name: &str) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
    }

    /// Imports that something used; from now on none is.
    pub(crate) fn take_used(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Imports that nothing used.
    pub(crate) fn unused(&self) -> Vec<(String, Place)> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        self.imports
            .iter()
            .filter(|(name, _)| !used.contains(*name))
            .map(|(name, place)| (name.clone(), *place))
            .collect()
    }
}

/// The declarations of a file; its types go to `types`, too.
pub(crate) fn declare(
    file: FileId,
    module: &Module,
    types: &mut BTreeMap<String, TypeDeclaration>,
    out: &mut Vec<Diagnostic>,
) -> FileScope {
    let mut scope = FileScope::default();
    let has_blueprint =
        module.tree.items.iter().any(|item| matches!(item.kind, ItemKind::Blueprint(_)));
    let mut outputs: BTreeMap<String, Place> = BTreeMap::new();
    for (index, item) in module.tree.items.iter().enumerate() {
        let at = |name: &ast::Name| Declaration {
            file,
            item: index,
            place: Place { file, span: name.span },
        };
        let needs_blueprint = match &item.kind {
            ItemKind::Node(node) => Some(("a node", node.name.span)),
            ItemKind::Select(select) => Some(("a selection", select.name.span)),
            ItemKind::Policy(policy) => Some(("a policy", policy.name.span)),
            ItemKind::Group(group) => Some(("a group", group.name.span)),
            ItemKind::Workflow(workflow) => Some(("a workflow", workflow.name.span)),
            ItemKind::Output(output) => Some(("an output", output.name.span)),
            ItemKind::Expose(expose) => Some(("`expose`", expose.name.span)),
            ItemKind::Implement(it) => Some(("`implement`", it.operation.span)),
            ItemKind::Test(test) => Some(("a test", test.name.span)),
            ItemKind::Requires(member) => Some(("`requires`", member.name.span)),
            ItemKind::Value(value) => match value.keyword {
                ast::ValueKeyword::Input => Some(("an input", value.name.span)),
                ast::ValueKeyword::Secret => Some(("a secret", value.name.span)),
                ast::ValueKeyword::Const => None,
            },
            _ => None,
        };
        // A file that could not be parsed well may have a blueprint after all.
        if let Some((what, span)) = needs_blueprint.filter(|_| !has_blueprint) {
            out.push(says::not_in_a_module(Place { file, span }, what));
        }
        match &item.kind {
            ItemKind::Blueprint(blueprint) => match &scope.blueprint {
                Some(first) => {
                    out.push(says::second_blueprint(at(&blueprint.name).place, first.place));
                }
                None => scope.blueprint = Some(at(&blueprint.name)),
            },
            ItemKind::Value(value) => value_name(&mut scope, &value.name, at(&value.name), out),
            ItemKind::Select(it) | ItemKind::Policy(it) | ItemKind::Group(it) => {
                value_name(&mut scope, &it.name, at(&it.name), out);
            }
            ItemKind::Node(node) => value_name(&mut scope, &node.name, at(&node.name), out),
            ItemKind::Workflow(it) => value_name(&mut scope, &it.name, at(&it.name), out),
            ItemKind::Requires(it) => value_name(&mut scope, &it.name, at(&it.name), out),
            ItemKind::Function(it) => {
                let found = at(&it.name);
                if let Some(first) = scope.functions.get(it.name.text.as_str()) {
                    out.push(says::twice(found.place, &it.name.text, first.place));
                } else {
                    scope.functions.insert(it.name.text.to_string(), found);
                }
            }
            ItemKind::Output(it) => {
                let place = at(&it.name).place;
                if let Some(first) = outputs.insert(it.name.text.to_string(), place) {
                    out.push(says::twice(place, &it.name.text, first));
                }
            }
            ItemKind::Type(it) => {
                type_name(&mut scope, module, it, at(&it.name), types, out);
            }
            _ => {}
        }
    }
    scope
}

fn value_name(
    scope: &mut FileScope,
    name: &ast::Name,
    found: Declaration,
    out: &mut Vec<Diagnostic>,
) {
    match scope.values.entry(name.text.as_str().to_owned()) {
        Entry::Occupied(first) => {
            out.push(says::twice(found.place, &name.text, first.get().place));
        }
        Entry::Vacant(free) => {
            free.insert(found);
        }
    }
}

fn type_name(
    scope: &mut FileScope,
    module: &Module,
    item: &ast::TypeItem,
    found: Declaration,
    types: &mut BTreeMap<String, TypeDeclaration>,
    out: &mut Vec<Diagnostic>,
) {
    let name = item.name.text.to_string();
    let full =
        if module.name.is_empty() { name.clone() } else { format!("{}.{name}", module.name) };
    if let Some(first) = types.get(&full) {
        out.push(says::twice(found.place, &name, first.place));
        return;
    }
    scope.types.insert(name, full.clone());
    let declared = TypeDeclaration {
        file: found.file,
        item: found.item,
        place: found.place,
        kind: item.kind,
        ancestors: Vec::new(),
        is_open: false,
    };
    types.insert(full, declared);
}

/// What a file brings in.
pub(crate) fn import(
    file: FileId,
    module: &Module,
    sources: &Sources,
    names: &mut Names,
    out: &mut Vec<Diagnostic>,
) {
    for (index, item) in module.tree.items.iter().enumerate() {
        let ItemKind::Use(used) = &item.kind else { continue };
        let Some(target) = module.uses.get(&index).copied() else {
            // It is reported where it stands; its names are known all the same, to be passed over.
            let lost = match &used.names {
                Some(wanted) => wanted.iter().map(|name| name.text.to_string()).collect(),
                None => vec![alias(used).0],
            };
            if let Some(scope) = names.files.get_mut(file.0 as usize) {
                scope.lost.extend(lost);
            }
            continue;
        };
        let Some(theirs) = sources.modules.get(target.0 as usize) else { continue };
        if let Some(wanted) = &used.names {
            for name in wanted {
                bring(file, (name, wanted), target, &theirs.path, names, out);
            }
        } else {
            let (alias, span) = alias(used);
            let place = Place { file, span };
            let imported = super::scope::Imported { file: target, name: theirs.name.clone() };
            let Some(scope) = names.files.get_mut(file.0 as usize) else { continue };
            let first = scope
                .values
                .get(&alias)
                .map(|declared| declared.place)
                .or_else(|| scope.imports.get(&alias).copied());
            if first.is_some() {
                out.push(says::import_repeats(place, &alias, first));
                continue;
            }
            scope.imports.insert(alias.clone(), place);
            scope.modules.insert(alias, imported);
        }
    }
}

/// The name under which a module is used: the last segment where nothing is said.
fn alias(used: &ast::Use) -> (String, Span) {
    if let Some(alias) = &used.alias {
        return (alias.text.to_string(), alias.span);
    }
    match &used.from {
        ast::UseSource::Path(path) => {
            let last = path.segments.last();
            last.map_or((String::new(), path.span), |last| (last.text.to_string(), last.span))
        }
        ast::UseSource::File(name) => {
            let file = name.text.rsplit('/').next().unwrap_or_default();
            (file.strip_suffix(".bp").unwrap_or(file).to_owned(), name.span)
        }
    }
}

fn bring(
    file: FileId,
    (name, beside): (&ast::Name, &[ast::Name]),
    target: FileId,
    path: &str,
    names: &mut Names,
    out: &mut Vec<Diagnostic>,
) {
    let at = Place { file, span: name.span };
    let key = name.text.to_string();
    let Some(theirs) = names.files.get(target.0 as usize) else { return };
    let ty = theirs.types.get(&key).cloned();
    let value = theirs.values.get(&key).copied();
    let function = theirs.functions.get(&key).copied();
    if ty.is_none() && value.is_none() && function.is_none() {
        let values = theirs.value_names();
        let known = theirs.types.keys().chain(values).chain(theirs.functions.keys());
        // What the file has already would be there twice.
        let own = names.files.get(file.0 as usize);
        let is_there = |known: &&str| {
            beside.iter().any(|name| name.text == *known) || own.is_some_and(|own| own.has(known))
        };
        let near = near(&key, known.map(String::as_str));
        let (there, near) = (near.filter(is_there), near.filter(|near| !is_there(near)));
        out.push(says::not_in_module(at, &key, path, (near, there)));
        if let Some(scope) = names.files.get_mut(file.0 as usize) {
            scope.lost.insert(key);
        }
        return;
    }
    let Some(scope) = names.files.get_mut(file.0 as usize) else { return };
    let own = scope.values.get(&key).filter(|_| value.is_some()).map(|declared| declared.place);
    let first = own.or_else(|| scope.imports.get(&key).copied());
    if first.is_some() || (ty.is_some() && scope.types.contains_key(&key)) {
        let beside = beside.iter().find(|one| one.text == key && one.span != name.span);
        out.push(match beside {
            Some(one) => says::import_twice(at, &key, Place { file, span: one.span }),
            None => says::import_repeats(at, &key, first),
        });
        return;
    }
    scope.imports.insert(key.clone(), at);
    if let Some(ty) = ty {
        scope.imported_types.insert(key.clone(), ty);
    }
    if let Some(value) = value {
        scope.imported_values.insert(key.clone(), value);
    }
    if let Some(function) = function {
        scope.imported_functions.insert(key, function);
    }
}
