//! A file and everything that it uses, read and parsed: the one place of the compiler that reads files.
//!
//! The root is file 0, the core of the standard library file 1; the others follow as they are met.
//! A package is the folder of its root file: nothing outside of it is read.

mod attached;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::diagnostics::{Diagnostic, names as says, syntax as says_syntax};
use crate::library;
use crate::source::{FileId, Place, SourceFile, Span};
use crate::syntax::{self, ast};

pub use attached::Attached;
pub(crate) use attached::{Attachments, Files};

/// How many files one analysis reads.
const MOST_FILES: usize = 10_000;

/// A file of an analysis.
#[derive(Clone, Debug)]
pub struct Module {
    /// What its types' full names begin with: nothing for the root, `std.kubernetes`, `net.vpc` for
    /// the file `net/vpc.bp`.
    pub name: String,
    /// Where it lies, seen from the package's root; `std/…` for the standard library.
    pub path: String,
    /// Its text.
    pub source: SourceFile,
    /// What it says.
    pub tree: ast::File,
    /// What its `use` items lead to, by the item's index.
    pub uses: BTreeMap<usize, FileId>,
    /// It could not be read.
    pub is_missing: bool,
    /// It is a part of the standard library, inside the program.
    pub is_library: bool,
}

/// Files that are not read from the disk: an editor's unsaved texts, by path.
pub type Overlay = BTreeMap<PathBuf, String>;

/// All files of an analysis, with what is wrong with their text.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// By file id.
    pub modules: Vec<Module>,
    /// Files that are named by `file`, `read` and `template`; their ids follow those of the modules.
    pub attached: Vec<Arc<Attached>>,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

impl Sources {
    /// The file of this id.
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        let at = id.0 as usize;
        match self.modules.get(at) {
            Some(module) => Some(&module.source),
            None => self.attached.get(at - self.modules.len()).map(|file| &file.source),
        }
    }

    /// Where a file lies on the disk; nothing for the standard library.
    pub fn on_disk(&self, id: FileId) -> Option<&Path> {
        let is_library = self.modules.get(id.0 as usize).is_some_and(|module| module.is_library);
        self.file(id).filter(|_| !is_library).map(|source| Path::new(source.path()))
    }

    /// All modules with their ids.
    pub fn all(&self) -> impl Iterator<Item = (FileId, &Module)> {
        self.modules.iter().enumerate().map(|(at, module)| (file_id(at), module))
    }
}

fn file_id(at: usize) -> FileId {
    FileId(u32::try_from(at).unwrap_or(u32::MAX))
}

/// Reads a file and all that it uses.
pub fn load(root: &Path, overlay: &Overlay) -> Sources {
    let shown = root.display().to_string();
    let folder = root.parent().map_or_else(PathBuf::new, Path::to_owned);
    let path = root.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut loader = Loader {
        overlay,
        folder,
        sources: Sources::default(),
        by_path: BTreeMap::new(),
        by_name: BTreeMap::new(),
    };
    loader.read(root, shown, path, String::new());
    for module in library::MODULES {
        // Those that nobody uses are not needed, the core always is.
        if module.name == "std" {
            loader.embedded(module);
        }
    }
    let mut next = 0;
    while next < loader.sources.modules.len() {
        loader.follow(next);
        next += 1;
    }
    loader.rings();
    loader.sources
}

struct Loader<'a> {
    overlay: &'a Overlay,
    folder: PathBuf,
    sources: Sources,
    by_path: BTreeMap<String, FileId>,
    by_name: BTreeMap<&'static str, FileId>,
}

impl Loader<'_> {
    /// Reads a file of the package; one that can't be read is there without content.
    fn read(&mut self, at: &Path, shown: String, path: String, name: String) -> FileId {
        let id = file_id(self.sources.modules.len());
        self.by_path.insert(path.clone(), id);
        let bytes = match self.overlay.get(at) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => bytes(at),
        };
        match bytes {
            Ok(bytes) => {
                let (source, refused) = syntax::decode(id, shown, bytes);
                let is_missing = refused.is_some();
                let tree = match refused {
                    Some(refused) => {
                        self.sources.diagnostics.push(refused);
                        ast::File::default()
                    }
                    None => self.parse(id, &source),
                };
                self.add(name, path, source, tree, is_missing);
            }
            Err(error) => {
                let why = match error.kind() {
                    std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
                    _ => error.to_string(),
                };
                self.sources.diagnostics.push(says_syntax::unreadable(id, &why));
                let source = SourceFile::new(shown, "");
                self.add(name, path, source, ast::File::default(), true);
            }
        }
        id
    }

    fn parse(&mut self, id: FileId, source: &SourceFile) -> ast::File {
        let (tree, diagnostics) = syntax::parse(id, source);
        self.sources.diagnostics.extend(diagnostics);
        tree
    }

    fn add(
        &mut self,
        name: String,
        path: String,
        source: SourceFile,
        tree: ast::File,
        is_missing: bool,
    ) {
        let uses = BTreeMap::new();
        let is_library = false;
        self.sources.modules.push(Module {
            name,
            path,
            source,
            tree,
            uses,
            is_missing,
            is_library,
        });
    }

    fn embedded(&mut self, module: &'static library::Library) -> FileId {
        if let Some(id) = self.by_name.get(module.name) {
            return *id;
        }
        let id = file_id(self.sources.modules.len());
        self.by_name.insert(module.name, id);
        let source = SourceFile::new(module.path, module.text);
        let tree = self.parse(id, &source);
        self.add(module.name.to_owned(), module.path.to_owned(), source, tree, false);
        if let Some(added) = self.sources.modules.last_mut() {
            added.is_library = true;
        }
        id
    }

    /// Reads what a file uses.
    fn follow(&mut self, at: usize) {
        let file = file_id(at);
        let Some(module) = self.sources.modules.get(at) else { return };
        let uses: Vec<(usize, ast::Use)> = module
            .tree
            .items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| match &item.kind {
                ast::ItemKind::Use(used) => Some((index, used.clone())),
                _ => None,
            })
            .collect();
        for (index, used) in uses {
            let found = match &used.from {
                ast::UseSource::Path(path) => self.package(file, path),
                ast::UseSource::File(name) => self.neighbour(file, name),
            };
            if let (Some(found), Some(module)) = (found, self.sources.modules.get_mut(at)) {
                module.uses.insert(index, found);
            }
        }
    }

    fn package(&mut self, file: FileId, path: &ast::Path) -> Option<FileId> {
        let name = path.segments.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(".");
        if let Some(module) = library::module(&name) {
            return Some(self.embedded(module));
        }
        let names = library::MODULES.iter().map(|module| module.name);
        let place = Place { file, span: path.span };
        self.sources.diagnostics.push(says::unknown_module(place, &name, names));
        None
    }

    /// A file named by its path from the one that uses it.
    fn neighbour(&mut self, file: FileId, name: &ast::Name) -> Option<FileId> {
        let place = Place { file, span: name.span };
        let module = self.sources.modules.get(file.0 as usize)?;
        let from = module.path.clone();
        if module.is_library {
            self.sources.diagnostics.push(says::outside_package(place, &name.text));
            return None;
        }
        let Some(path) = beside(&from, &name.text) else {
            self.sources.diagnostics.push(says::outside_package(place, &name.text));
            return None;
        };
        if let Some(id) = self.by_path.get(&path) {
            return Some(*id);
        }
        if self.sources.modules.len() >= MOST_FILES {
            self.sources.diagnostics.push(says::too_many_files(place, MOST_FILES));
            return None;
        }
        let at = self.folder.join(&path);
        if !self.overlay.contains_key(&at) && !at.is_file() {
            self.sources.diagnostics.push(says::missing_file(place, &name.text, &at));
            return None;
        }
        let module = path.strip_suffix(".bp").unwrap_or(&path).replace('/', ".");
        let shown = at.display().to_string();
        Some(self.read(&at, shown, path, module))
    }

    /// Files that use each other.
    fn rings(&mut self) {
        let count = self.sources.modules.len();
        let edges = self.sources.all().flat_map(|(id, module)| {
            module.uses.values().map(move |to| (id.0 as usize, to.0 as usize))
        });
        for ring in crate::rings::rings(count, edges) {
            let Some(first) = ring.first().copied() else { continue };
            let Some(module) = self.sources.modules.get(first) else { continue };
            let found = module.uses.iter().find(|(_, to)| ring.contains(&(to.0 as usize)));
            let Some((index, _)) = found else { continue };
            let span = module.tree.items.get(*index).map_or(Span::default(), |item| item.span);
            let names: Vec<String> = ring
                .iter()
                .chain(std::iter::once(&first))
                .filter_map(|at| self.sources.modules.get(*at).map(|m| m.path.clone()))
                .collect();
            let place = Place { file: file_id(first), span };
            self.sources.diagnostics.push(says::use_ring(place, &names));
        }
    }
}

/// What lies in a folder of the package, as a path of the root names it: names, and which of them
/// are folders. The root itself and what is hidden are left out, and so is what a plain string can't
/// name.
pub(crate) fn beside_root(root: &Path, folder: &str) -> Vec<(String, bool)> {
    let own = root.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    // Where the path leads out of the package there is nothing to offer.
    let Some(inside) = beside(&own, folder) else { return Vec::new() };
    let at = root.parent().unwrap_or(root).join(&inside);
    // What can't be read has nothing to offer either.
    let entries = std::fs::read_dir(at).into_iter().flatten().flatten();
    let mut found: Vec<(String, bool)> = entries
        .take(MOST_FILES)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let is_plain = !name.starts_with('.') && !name.contains(['"', '\\', '$']);
            let is_root = inside.is_empty() && name == own;
            let is_folder = entry.path().is_dir();
            (is_plain && !is_root).then_some((name, is_folder))
        })
        .collect();
    found.sort();
    found
}

/// A file's bytes; of one that is too large, enough to see that.
fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(syntax::MAX_FILE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The path of `name`, used in the file at `from`, from the package's root; nothing where it leads out.
fn beside(from: &str, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for component in Path::new(name).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::Normal(part) => parts.push(part.to_str()?),
            _ => return None,
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn paths_stay_inside() {
        assert_eq!(beside("a.bp", "./b.bp").as_deref(), Some("b.bp"));
        assert_eq!(beside("x/a.bp", "../b.bp").as_deref(), Some("b.bp"));
        assert_eq!(beside("x/a.bp", "y/b.bp").as_deref(), Some("x/y/b.bp"));
        assert_eq!(beside("a.bp", "../b.bp"), None);
        assert_eq!(beside("a.bp", "/etc/passwd"), None);
    }
}
