//! A file and everything that it uses, read and parsed: the one place of the compiler that reads files.
//!
//! The root is file 0, the core of the standard library file 1; the others follow as they are met.
//! A package is the folder of a `bp.toml`, or of its root file where there is none: nothing outside of
//! it is read, but for the packages that its `bp.toml` names.

mod around;
mod attached;
mod lock;
mod manifest;
mod packages;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::diagnostics::{
    Diagnostic, names as says, near, packages as says_packages, syntax as says_syntax,
};
use crate::library;
use crate::source::{FileId, Place, SourceFile, Span};
use crate::syntax::{self, Parse, Pieces, ast};

pub(crate) use around::files_with;
pub use attached::Attached;
pub(crate) use attached::{Attachments, Files};
pub use lock::Lock;
pub use packages::Package;
use packages::Packages;

/// How many files one analysis reads.
const MOST_FILES: usize = 10_000;

/// A file of an analysis.
#[derive(Clone, Debug)]
pub struct Module {
    /// What its types' full names begin with: `std.kubernetes`, `acme.net.vpc` for the file `net/vpc.bp`
    /// of the package `acme`. Where there is no `bp.toml`, `net.vpc`, and nothing for the root.
    pub name: String,
    /// Where it lies, seen from the package's root; `std/…` for the standard library, `acme@1.0.0/…`
    /// for another package.
    pub path: String,
    /// The package that it is a part of.
    pub package: Arc<Package>,
    /// Its text.
    pub source: SourceFile,
    /// What it says.
    pub tree: Arc<ast::File>,
    /// What is wrong with its text, and how it was cut: for the text after the next edit.
    parsed: Arc<Kept>,
    /// What its `use` items lead to, by the item's index.
    pub uses: BTreeMap<usize, FileId>,
    /// It could not be read.
    pub is_missing: bool,
    /// It is a part of the standard library, inside the program.
    pub is_library: bool,
}

/// Files that are not read from the disk: an editor's unsaved texts, by path.
pub type Overlay = BTreeMap<PathBuf, String>;

impl Module {
    /// The file of this name, seen from this one: its path as of a module, and where it lies. Nothing
    /// where it leads out of the package.
    fn beside(&self, name: &str) -> Option<(String, PathBuf)> {
        let prefix = &self.package.prefix;
        let own = self.path.strip_prefix(prefix.as_str()).unwrap_or(&self.path);
        let inside = beside(own, name)?;
        let at = self.package.locate(&inside);
        Some((format!("{prefix}{inside}"), at))
    }
}

/// What the parse of a text leaves behind for the next one.
#[derive(Debug, Default)]
struct Kept {
    diagnostics: Vec<Diagnostic>,
    pieces: Pieces,
}

/// All files of an analysis, with what is wrong with their text.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// By file id.
    pub modules: Vec<Module>,
    /// Files that are named by `file`, `read` and `template`; their ids follow those of the modules.
    pub attached: Vec<Arc<Attached>>,
    /// The texts of `bp.toml`s and of `bp.lock`; their ids are far behind all others.
    pub manifests: Vec<SourceFile>,
    /// Where something was looked for and is not.
    pub missing: Vec<PathBuf>,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

impl Sources {
    /// The file of this id.
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        let at = id.0 as usize;
        if let Some(at) = id.0.checked_sub(packages::FIRST) {
            return self.manifests.get(at as usize);
        }
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

    /// The files on the disk that the analysis is of, and those that it would be of if they were there.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let modules = self.modules.iter().filter(|module| !module.is_library);
        let modules = modules.map(|module| &module.source);
        let attached = self.attached.iter().map(|file| &file.source);
        let read = modules.chain(attached).chain(&self.manifests);
        let missing = self.missing.iter().map(PathBuf::as_path);
        read.map(|source| Path::new(source.path())).chain(missing)
    }

    /// All modules with their ids.
    pub fn all(&self) -> impl Iterator<Item = (FileId, &Module)> {
        self.modules.iter().enumerate().map(|(at, module)| (file_id(at), module))
    }
}

fn file_id(at: usize) -> FileId {
    FileId(u32::try_from(at).unwrap_or(u32::MAX))
}

/// The `bp.toml` of the package that a file belongs to, which need not be there itself.
pub fn manifest_of(file: &Path) -> Option<PathBuf> {
    let (folder, _, has_manifest) = packages::home(file, &Overlay::new());
    has_manifest.then(|| folder.join(manifest::NAME))
}

/// What `bp.lock` should say of the packages of a root file (which need not be there), whatever it says.
pub fn lock(root: &Path) -> (Sources, Option<Lock>) {
    let (packages, mut sources) = packages_of(root, &Overlay::new());
    let mut out = Vec::new();
    let lock = lock::compare(&packages, true, &mut sources, &mut out);
    sources.diagnostics.append(&mut out);
    (sources, lock)
}

fn packages_of(root: &Path, overlay: &Overlay) -> (Packages, Sources) {
    let mut packages = packages::find(root, overlay);
    let sources = Sources {
        manifests: std::mem::take(&mut packages.manifests),
        diagnostics: packages.diagnostics.clone(),
        missing: std::mem::take(&mut packages.missing),
        ..Sources::default()
    };
    (packages, sources)
}

/// Reads a file and all that it uses. With `is_locked` the packages must be what `bp.lock` says, and what it
/// should say is given, too; an editor's texts change all the time. What was parsed `before` is parsed
/// again only where its text has changed.
pub fn load(
    root: &Path,
    overlay: &Overlay,
    is_locked: bool,
    before: Option<&Sources>,
) -> (Sources, Option<Lock>) {
    let shown = root.display().to_string();
    let (packages, mut sources) = packages_of(root, overlay);
    let mut lock = None;
    if is_locked {
        let mut out = Vec::new();
        lock = lock::compare(&packages, false, &mut sources, &mut out);
        sources.diagnostics.append(&mut out);
    }
    let path = packages.inside.clone();
    let package = packages.root.clone();
    let mut loader =
        Loader { overlay, before, sources, by_path: BTreeMap::new(), by_name: BTreeMap::new() };
    let name = if package.qualifier.is_empty() { String::new() } else { package.module(&path) };
    loader.read(root, shown, path, name, package);
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
    (loader.sources, lock)
}

struct Loader<'a> {
    overlay: &'a Overlay,
    before: Option<&'a Sources>,
    sources: Sources,
    by_path: BTreeMap<String, FileId>,
    by_name: BTreeMap<&'static str, FileId>,
}

impl Loader<'_> {
    /// Reads a file of the package; one that can't be read is there without content.
    fn read(
        &mut self,
        at: &Path,
        shown: String,
        path: String,
        name: String,
        package: Arc<Package>,
    ) -> FileId {
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
                let (source, parsed) = match refused {
                    Some(refused) => {
                        self.sources.diagnostics.push(refused);
                        (source, Parsed::default())
                    }
                    None => self.parse(id, source),
                };
                self.add(name, path, package, source, parsed, is_missing);
            }
            Err(error) => {
                let why = why_unreadable(&error);
                self.sources.diagnostics.push(says_syntax::unreadable(id, &why));
                let source = SourceFile::new(shown, "");
                self.add(name, path, package, source, Parsed::default(), true);
            }
        }
        id
    }

    /// The tree of a file; where it was seen before, its text may have a gap now.
    fn parse(&mut self, id: FileId, source: SourceFile) -> (SourceFile, Parsed) {
        let modules = self.before.map_or(&[][..], |before| &before.modules);
        let before = modules.get(id.0 as usize);
        let before = before.filter(|old| !old.is_missing && old.source.path() == source.path());
        let (source, parsed) = match before {
            Some(old) if old.source.says(source.text()) => {
                (old.source.clone(), (Arc::clone(&old.tree), Arc::clone(&old.parsed)))
            }
            Some(old) => {
                let pieces = &old.parsed.pieces;
                let before = syntax::Before { source: &old.source, pieces, tree: &old.tree };
                let (source, parse) = Parse::edited(id, &source, before);
                (source, kept(parse))
            }
            None => {
                let parsed = kept(Parse::new(id, &source));
                (source, parsed)
            }
        };
        self.sources.diagnostics.extend(parsed.1.diagnostics.iter().cloned());
        (source, parsed)
    }

    fn add(
        &mut self,
        name: String,
        path: String,
        package: Arc<Package>,
        source: SourceFile,
        (tree, parsed): Parsed,
        is_missing: bool,
    ) {
        let uses = BTreeMap::new();
        let is_library = false;
        self.sources.modules.push(Module {
            name,
            path,
            package,
            source,
            tree,
            parsed,
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
        let (source, parsed) = parsed_library(module);
        let (name, path) = (module.name.to_owned(), module.path.to_owned());
        self.add(name, path, Arc::default(), source, parsed, false);
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

    /// A module of the standard library or of a package.
    fn package(&mut self, file: FileId, path: &ast::Path) -> Option<FileId> {
        let segments: Vec<&str> = path.segments.iter().map(|s| s.text.as_str()).collect();
        let name = segments.join(".");
        if let Some(module) = library::module(&name) {
            return Some(self.embedded(module));
        }
        let place = Place { file, span: path.span };
        let (first, inner) = segments.split_first()?;
        let at_first = Place { file, span: path.segments.first()?.span };
        let package = self.sources.modules.get(file.0 as usize)?.package.clone();
        let mut own = package.dependencies.get(*first).cloned();
        if *first == package.name {
            own = Some(Some(package.clone()));
        }
        let Some(found) = own else {
            let mut names = library::MODULES.iter().map(|module| module.name);
            if *first == "std" || near(&name, names.clone()).is_some() || names.any(|n| n == *first)
            {
                self.sources.diagnostics.push(says::unknown_module(place, &name, names));
            } else if !package.is_broken {
                let known = package.dependencies.keys().map(String::as_str);
                let manifest = package.manifest();
                let made = says_packages::no_package(at_first, first, known, manifest.as_deref());
                self.sources.diagnostics.push(made);
            }
            return None;
        };
        let found = found?;
        let inside = match inner {
            [] => format!("{}.bp", found.name),
            inner => format!("{}.bp", inner.join("/")),
        };
        let at = found.locate(&inside);
        if !self.is_there(&at) {
            let mut there = modules_of(&found, &inside);
            if there.is_empty() {
                there = modules_of(&found, "");
            }
            let near = near(&name, there.iter().map(String::as_str));
            let made = says_packages::no_module(place, &found.name, &inside, near, &there, &at);
            self.sources.diagnostics.push(made);
            self.sources.missing.push(at);
            return None;
        }
        self.file(place, &name, &inside, &found)
    }

    fn is_there(&self, at: &Path) -> bool {
        self.overlay.contains_key(at) || at.is_file()
    }

    /// A file named by its path from the one that uses it.
    fn neighbour(&mut self, file: FileId, name: &ast::Name) -> Option<FileId> {
        let place = Place { file, span: name.span };
        let module = self.sources.modules.get(file.0 as usize)?;
        let package = module.package.clone();
        let found = if module.is_library { None } else { module.beside(&name.text) };
        let Some((path, at)) = found else {
            self.sources.diagnostics.push(says::outside_package(place, &name.text));
            return None;
        };
        if !self.is_there(&at) {
            self.sources.diagnostics.push(says::missing_file(place, &name.text, &at));
            self.sources.missing.push(at);
            return None;
        }
        let inside = path.strip_prefix(package.prefix.as_str()).unwrap_or(&path).to_owned();
        self.file(place, &name.text, &inside, &package)
    }

    /// A file of a package, which is there.
    fn file(
        &mut self,
        place: Place,
        name: &str,
        inside: &str,
        package: &Arc<Package>,
    ) -> Option<FileId> {
        let path = format!("{}{inside}", package.prefix);
        if let Some(id) = self.by_path.get(&path) {
            return Some(*id);
        }
        if self.sources.modules.len() >= MOST_FILES {
            self.sources.diagnostics.push(says::too_many_files(place, MOST_FILES));
            return None;
        }
        let at = package.locate(inside);
        if !self.overlay.contains_key(&at) && !package.holds(&at) {
            self.sources.diagnostics.push(says::outside_package(place, name));
            return None;
        }
        let shown = at.display().to_string();
        Some(self.read(&at, shown, path, package.module(inside), package.clone()))
    }

    /// Files that use each other.
    fn rings(&mut self) {
        let count = self.sources.modules.len();
        let edges = self.sources.all().flat_map(|(id, module)| {
            module.uses.values().map(move |to| (id.0 as usize, to.0 as usize))
        });
        for ring in bp_topology::rings::rings(count, edges) {
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

/// A module of the standard library, which is parsed once for all analyses: its text is a part of the
/// program, and trees don't know which file of an analysis they are.
fn parsed_library(module: &library::Library) -> (SourceFile, Parsed) {
    static PARSED: Mutex<BTreeMap<&str, (SourceFile, Parsed)>> = Mutex::new(BTreeMap::new());
    let read = || {
        let source = SourceFile::new(module.path, module.text);
        let parsed = kept(Parse::new(FileId(0), &source));
        (source, parsed)
    };
    match PARSED.lock() {
        Ok(mut known) => known.entry(module.name).or_insert_with(read).clone(),
        // Somebody else's defect is no reason to fail.
        Err(_) => read(),
    }
}

/// A file's tree, and what is kept beside it.
type Parsed = (Arc<ast::File>, Arc<Kept>);

fn kept(parse: Parse) -> Parsed {
    let Parse { tree, diagnostics, pieces } = parse;
    (Arc::new(tree), Arc::new(Kept { diagnostics, pieces }))
}

/// What lies in a folder of the package, as a path of the root names it: names, and which of them
/// are folders. The root itself and what is hidden are left out, and so is what a plain string can't
/// name.
pub(crate) fn beside_root(root: &Path, folder: &str) -> Vec<(String, bool)> {
    let (package, own, _) = packages::home(root, &Overlay::new());
    // Where the path leads out of the package there is nothing to offer.
    let Some(inside) = beside(&own, folder) else { return Vec::new() };
    let at = package.join(&inside);
    let own = own.strip_prefix(&format!("{inside}/")).unwrap_or(&own).to_owned();
    // What can't be read has nothing to offer either.
    let entries = std::fs::read_dir(at).into_iter().flatten().flatten();
    let mut found: Vec<(String, bool)> = entries
        .take(MOST_FILES)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let is_plain = !name.starts_with('.') && !name.contains(['"', '\\', '$']);
            let is_root = name == own;
            let is_folder = entry.path().is_dir();
            (is_plain && !is_root).then_some((name, is_folder))
        })
        .collect();
    found.sort();
    found
}

/// The modules in a folder of a package, as `use` names them.
fn modules_of(package: &Package, inside: &str) -> Vec<String> {
    let folder = inside.rfind('/').map_or("", |at| inside.get(..at).unwrap_or_default());
    let before = if folder.is_empty() { String::new() } else { folder.replace('/', ".") + "." };
    let entries = std::fs::read_dir(package.locate(folder)).into_iter().flatten().flatten();
    let names = entries.take(MOST_FILES).filter_map(|entry| entry.file_name().into_string().ok());
    let module = |name: String| {
        let name = name.strip_suffix(".bp")?;
        let is_main = folder.is_empty() && name == package.name;
        Some(if is_main {
            package.name.clone()
        } else {
            format!("{}.{before}{name}", package.name)
        })
    };
    let mut found: Vec<String> = names.filter_map(module).collect();
    found.sort();
    found
}

/// Why a file can't be read, in the words that people know.
pub(crate) fn why_unreadable(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    }
}

/// A file's bytes; of one that is too large, enough to see that.
fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    bytes_of(path, syntax::MAX_FILE + 1)
}

/// The first so many bytes of a file. What is no file, such as a pipe, is not opened: that could last for
/// ever. What the process was given open (`/dev/stdin`, the `<(…)` of a shell) may be anything.
pub(crate) fn bytes_of(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let told = std::fs::metadata(path)?;
    let kind = told.file_type();
    let is_open = path == Path::new("/dev/stdin") || path.starts_with("/dev/fd");
    if !kind.is_file() && !kind.is_dir() && !is_open {
        let why = "it is no file but a pipe, a socket or a device";
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, why));
    }
    let length = usize::try_from(told.len().min(most)).unwrap_or_default();
    let mut bytes = Vec::with_capacity(length);
    std::fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
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
