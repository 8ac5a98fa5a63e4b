//! Names: what each file declares and brings in, and the full names of types.
//!
//! It knows declarations, not what they mean: types of members and values come later.

pub(crate) mod blueprint;
mod scope;
mod types;

use std::borrow::Cow;
use std::collections::BTreeMap;

pub(crate) use scope::{Declaration, FileScope};
pub(crate) use types::TypeDeclaration;
use types::kind_words;

use crate::diagnostics::{Diagnostic, names as says, near, of_module};
use crate::loader::Sources;
use crate::source::{FileId, Place, SourceFile, Span};
use crate::syntax::ast;

/// All names of an analysis.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// By file id.
    pub(crate) files: Vec<FileScope>,
    /// Types by full name.
    pub(crate) types: BTreeMap<String, TypeDeclaration>,
    /// The types that blueprints are, with the files of these.
    pub(crate) blueprints: BTreeMap<String, FileId>,
}

/// Of how many names that a file can't bring in the uses are looked for, how many of each, and how far into a
/// line.
const MOST_RENAMED: usize = 10;
const MOST_USES: usize = 1_000;
const LONGEST_LINE: usize = 1_000;

/// Finds all declarations of all files.
pub(crate) fn resolve(sources: &Sources, out: &mut Vec<Diagnostic>) -> Names {
    let mut names = Names::default();
    for (id, module) in sources.all() {
        let mut scope = scope::declare(id, module, &mut names.types, out);
        let full = blueprint::declare(id, module, &mut scope, &mut names.types, out);
        names.blueprints.extend(full.map(|full| (full, id)));
        names.files.push(scope);
    }
    for (id, module) in sources.all() {
        let told = out.len();
        scope::import(id, module, sources, &mut names, out);
        let misspelt = out.iter_mut().skip(told).filter(|told| says::is_not_in_module(told));
        misspelt.take(MOST_RENAMED).for_each(|told| everywhere(&module.source, told));
    }
    types::extend(sources, &mut names, out);
    names
}

/// Extends the fix of a name that is not brought in (`use m { Name }`) to where the name is used.
fn everywhere(source: &SourceFile, told: &mut Diagnostic) {
    let at = told.place;
    let Some(fix) = &mut told.fix else { return };
    let Some((_, better)) = fix.edits.first().cloned() else { return };
    let word = source.slice(at.span);
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    for (start, _) in source.text().match_indices(word).take(MOST_USES) {
        let end = start + word.len();
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let span = Span::new(place(start), place(end));
        let before = source.slice(Span::new(source.line_start(span.start), span.start));
        let after = source.text().get(end..).unwrap_or_default();
        let is_word = !before.ends_with(is_letter) && !after.starts_with(is_letter);
        let is_code = before.matches('"').count().is_multiple_of(2) && !before.contains("//");
        if before.len() < LONGEST_LINE
            && is_word
            && is_code
            && span != at.span
            && !before.ends_with('.')
        {
            fix.edits.push((Place { file: at.file, span }, better.clone()));
        }
    }
}

/// Whether a text declares a type of this name, as a whole word.
fn declares(text: &str, what: &str, name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let head = format!("{what} {name}");
    let mut found = text.match_indices(&head).map(|(at, _)| at + head.len());
    found.any(|end| text.get(end..).is_some_and(|after| !after.starts_with(is_letter)))
}

impl Names {
    /// The full name of the type that a path stands for in a file.
    pub(crate) fn type_name(&self, file: FileId, path: &str) -> Option<String> {
        let scope = self.files.get(file.0 as usize)?;
        if let Some((module, name)) = path.split_once('.') {
            let of = match scope.modules.get(module) {
                Some(imported) => {
                    scope.mark(module);
                    imported.file
                }
                // The core is reached by its own name, too.
                None if module == "std" => FileId(1),
                None => return None,
            };
            return self.files.get(of.0 as usize)?.types.get(name).cloned();
        }
        if let Some(own) = scope.types.get(path) {
            return Some(own.clone());
        }
        if let Some(imported) = scope.imported_types.get(path) {
            scope.mark(path);
            return Some(imported.clone());
        }
        // The core needs no `use`.
        self.files.get(1)?.types.get(path).cloned()
    }

    /// The type that a path stands for, which must be of this kind; else it is reported.
    pub(crate) fn expect_type(
        &self,
        file: FileId,
        path: &ast::Path,
        kind: ast::TypeItemKind,
        out: &mut Vec<Diagnostic>,
    ) -> Option<String> {
        let name: Cow<'_, str> = match path.segments.as_slice() {
            [only] => only.text.as_str().into(),
            all => all.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(".").into(),
        };
        let at = Place { file, span: path.span };
        let Some(full) = self.type_name(file, &name) else {
            out.push(self.unknown_type(at, &name, kind));
            return None;
        };
        let declared = self.types.get(&full)?;
        if declared.kind != kind {
            let (wanted, found) = (kind_words(kind), kind_words(declared.kind));
            out.push(says::wrong_kind(at, wanted, &name, found, declared.place));
            return None;
        }
        Some(full)
    }

    fn unknown_type(&self, at: Place, name: &str, kind: ast::TypeItemKind) -> Diagnostic {
        let last = name.rsplit('.').next().unwrap_or(name);
        let scope = self.files.get(at.file.0 as usize);
        let alias = name.strip_suffix(".Blueprint");
        if let Some(module) = alias.and_then(|alias| scope?.modules.get(alias)) {
            return says::no_blueprint_in(at, name, &module.name);
        }
        let own = format!("{name}.Blueprint");
        let is_module = scope.is_some_and(|scope| scope.modules.contains_key(name));
        if kind == ast::TypeItemKind::Node && is_module && self.type_name(at.file, &own).is_some() {
            return says::module_as_type(at, name, &own);
        }
        let elsewhere = crate::library::MODULES
            .iter()
            .find(|module| module.name != "std" && declares(module.text, kind_words(kind), last));
        let known = self.names_of_types(at.file);
        let of_kind = known.iter().map(String::as_str).filter(|known| {
            let full = self.type_name(at.file, known);
            full.and_then(|full| self.types.get(&full)).is_some_and(|t| t.kind == kind)
        });
        // What is named with its module is of that one, and no blueprint is a node of its own.
        let module = name.rsplit_once('.').map(|(module, _)| module);
        let is_used_as = module.is_some_and(|m| scope.is_some_and(|s| s.modules.contains_key(m)));
        let of_kind: Vec<&str> = of_kind
            .filter(|known| match known.rsplit_once('.') {
                Some((other, _)) => !is_used_as || module == Some(other),
                None => module.is_none() && *known != "Blueprint",
            })
            .collect();
        let all = || of_kind.iter().copied();
        if let Some(core) = self.of_standard(name, kind) {
            return says::standard_type(at, kind_words(kind), name, &core);
        }
        let near = of_module(name, all()).filter(|_| !is_used_as).or_else(|| near(name, all()));
        let place = near
            .and_then(|near| self.type_name(at.file, near))
            .and_then(|full| self.types.get(&full))
            .map(|declared| declared.place);
        let is_used = elsewhere.is_some_and(|module| {
            self.files
                .get(at.file.0 as usize)
                .is_some_and(|f| f.modules.values().any(|m| m.name == module.name))
        });
        let elsewhere = elsewhere.filter(|_| !is_used && near.is_none()).map(|m| m.name);
        if near.is_none() && elsewhere.is_none() && module.is_some() {
            return if is_used_as {
                says::not_of_module(at, kind_words(kind), name, &of_kind)
            } else {
                says::of_unused_module(at, kind_words(kind), name)
            };
        }
        says::unknown_type(at, kind_words(kind), name, near.map(|near| (near, place)), elsewhere)
    }

    /// The core's type that TOSCA calls so: `tosca.nodes.Compute`.
    fn of_standard(&self, name: &str, kind: ast::TypeItemKind) -> Option<String> {
        let parts: Vec<&str> = name.strip_prefix("tosca.")?.split('.').skip(1).collect();
        let core = self.files.get(1)?;
        let is_it = |name: &String| {
            let full = core.types.get(name);
            full.and_then(|full| self.types.get(full)).is_some_and(|of| of.kind == kind)
        };
        let last = parts.last()?;
        let own = match *last {
            "SoftwareComponent" => "Software",
            "Public" => "PublicEndpoint",
            "Admin" => "AdminEndpoint",
            other => other,
        };
        // `Container.Runtime`, `Endpoint.Admin`.
        let joint = parts.concat();
        [joint, own.to_owned()].into_iter().find(is_it)
    }

    /// The names by which a file can use types.
    pub(crate) fn names_of_types(&self, file: FileId) -> Vec<String> {
        let mut known = Vec::new();
        if let Some(scope) = self.files.get(file.0 as usize) {
            known.extend(scope.types.keys().chain(scope.imported_types.keys()).cloned());
            for (alias, module) in &scope.modules {
                let of = self.files.get(module.file.0 as usize);
                let types = of.into_iter().flat_map(|scope| scope.types.keys());
                known.extend(types.map(|name| format!("{alias}.{name}")));
            }
        }
        if let Some(core) = self.files.get(1) {
            known.extend(core.types.keys().cloned());
        }
        known.sort();
        known.dedup();
        known
    }

    /// The name by which a file can use a type, where it has one; that is no use of it.
    pub(crate) fn name_in(&self, file: FileId, full: &str) -> Option<String> {
        let scope = self.files.get(file.0 as usize)?;
        let within = |types: &std::collections::BTreeMap<String, String>| {
            types.iter().find(|(_, known)| *known == full).map(|(name, _)| name.clone())
        };
        let of_module = |(alias, module): (&String, &scope::Imported)| {
            let theirs = self.files.get(module.file.0 as usize)?;
            within(&theirs.types).map(|name| format!("{alias}.{name}"))
        };
        within(&scope.types)
            .or_else(|| within(&scope.imported_types))
            .or_else(|| scope.modules.iter().find_map(of_module))
            .or_else(|| within(&self.files.get(1)?.types))
    }

    /// Whether a type extends one that is not known: it may have any member, and be whatever is wanted.
    pub(crate) fn is_open(&self, full: &str) -> bool {
        self.types.get(full).is_some_and(|declared| declared.is_open)
    }

    /// Whether a type is another, or derived from it, as far as that can be told.
    pub(crate) fn may_be(&self, sub: &str, sup: &str) -> bool {
        self.is_open(sub) || self.is_subtype(sub, sup)
    }

    /// Whether a type is another, or derived from it.
    pub(crate) fn is_subtype(&self, sub: &str, sup: &str) -> bool {
        sub == sup
            || self
                .types
                .get(sub)
                .is_some_and(|declared| declared.ancestors.iter().any(|a| a == sup))
    }
}
