//! Packages: which folder a file belongs to, what it depends on, and where their files lie.
//!
//! A package is the folder of a `bp.toml`; a file that has none above it is in a package without a
//! name, its own folder. What a package depends on is read at once, through all of them: a ring, a
//! second version or a folder that is not there is told of whether or not a file uses it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::manifest::{self, Dependency, Manifest};
use super::{Overlay, bytes_of};
use crate::diagnostics::{Diagnostic, packages as says};
use crate::source::{FileId, Place, SourceFile, Span};

/// The ids of packages' files begin here, those of modules end before.
pub(super) const FIRST: u32 = 1 << 30;
/// How many packages one analysis takes.
const MOST: usize = 200;
/// How many modules are offered to somebody who types.
const MOST_OFFERED: usize = 1000;
/// How far above a file its package's folder is looked for.
const HIGHEST: usize = 64;

/// A package.
#[derive(Debug, Default)]
pub struct Package {
    /// Its name; empty where there is no `bp.toml`.
    pub name: String,
    /// Its version; empty where there is no `bp.toml`.
    pub version: String,
    /// What the full names of its types begin with: its name, from version 2 on with the first number.
    pub(super) qualifier: String,
    /// What the paths of its files begin with in a plan: nothing for the root's own package.
    pub(super) prefix: String,
    /// Where it lies.
    pub(super) folder: PathBuf,
    /// The folder of the root file, from the package's, and as the person named it.
    pub(super) near: Option<(String, PathBuf)>,
    /// By the name that `use` has; nothing where one is wrong, which is told of.
    pub(super) dependencies: BTreeMap<String, Option<Arc<Package>>>,
    /// Its `bp.toml` is wrong, and that is told of: nothing is known of what it depends on.
    pub(super) is_broken: bool,
}

impl Package {
    /// Where a file of it lies on the disk, as a person would name it.
    pub(super) fn locate(&self, inside: &str) -> PathBuf {
        if let Some((near, folder)) = &self.near
            && let Some(rest) = inside.strip_prefix(near.as_str())
        {
            return folder.join(rest);
        }
        self.folder.join(inside)
    }

    /// Whether what lies there is a plain file inside of the package, wherever links lead.
    pub(super) fn holds(&self, at: &Path) -> bool {
        let Ok(to) = at.canonicalize() else { return false };
        to.starts_with(real(&self.folder))
    }

    /// The full name of the module in a file of it.
    pub(super) fn module(&self, inside: &str) -> String {
        let name = inside.strip_suffix(".bp").unwrap_or(inside).replace('/', ".");
        if self.qualifier.is_empty() {
            name
        } else if name == self.name {
            self.qualifier.clone()
        } else {
            format!("{}.{name}", self.qualifier)
        }
    }

    /// The modules of all packages that it depends on, as `use` names them.
    pub(crate) fn modules(&self) -> Vec<String> {
        let mut found = Vec::new();
        for package in self.dependencies.values().flatten() {
            let mut left = vec![(package.folder.clone(), package.name.clone())];
            while let Some((folder, name)) = left.pop().filter(|_| found.len() < MOST_OFFERED) {
                // What can't be read has nothing to offer.
                for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                    let Ok(own) = entry.file_name().into_string() else { continue };
                    let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                    if is_folder && !own.starts_with('.') {
                        left.push((entry.path(), format!("{name}.{own}")));
                    } else if let Some(own) = own.strip_suffix(".bp") {
                        let is_main = own == package.name && name == package.name;
                        found.push(if is_main { name.clone() } else { format!("{name}.{own}") });
                    }
                }
            }
        }
        found.sort();
        found
    }

    /// Where its `bp.toml` lies; nothing where there is none.
    pub(super) fn manifest(&self) -> Option<PathBuf> {
        (!self.name.is_empty() || self.is_broken).then(|| self.locate(manifest::NAME))
    }
}

/// A package that another depends on.
#[derive(Clone, Debug)]
pub(super) struct Depended {
    pub(super) package: Arc<Package>,
    /// Where it is named.
    pub(super) at: Place,
}

/// The package of a root file and all that it depends on.
#[derive(Debug, Default)]
pub(super) struct Packages {
    pub(super) root: Arc<Package>,
    /// The root file, from the root's folder.
    pub(super) inside: String,
    /// All others, in the order in which they were met.
    pub(super) others: Vec<Depended>,
    /// The texts of the `bp.toml`s.
    pub(super) manifests: Vec<SourceFile>,
    /// Where a `bp.toml` was looked for and is not.
    pub(super) missing: Vec<PathBuf>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// The folder of the package that a file belongs to, and the file's path from it.
pub(super) fn home(root: &Path, overlay: &Overlay) -> (PathBuf, String, bool) {
    let own = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let parent = root.parent().unwrap_or(Path::new(""));
    let is_package = |folder: &Path| {
        let at = folder.join(manifest::NAME);
        overlay.contains_key(&at) || at.is_file()
    };
    let mut folder = parent.to_owned();
    let mut inside = own.clone();
    for _ in 0..HIGHEST {
        if is_package(&folder) {
            return (folder, inside, true);
        }
        let last = folder.components().next_back();
        match last {
            Some(Component::Normal(name)) => {
                inside = format!("{}/{inside}", name.to_string_lossy());
                folder.pop();
            }
            Some(Component::CurDir) => {
                folder.pop();
            }
            // Above what the person wrote the way goes on by the working folder's own names.
            None | Some(Component::ParentDir) => {
                let Some(name) = absolute_name(&folder) else { break };
                inside = format!("{name}/{inside}");
                folder.push("..");
            }
            Some(Component::RootDir | Component::Prefix(_)) => break,
        }
    }
    (parent.to_owned(), own, false)
}

/// What the folder is called that a relative path leads to.
fn absolute_name(folder: &Path) -> Option<String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    folder.canonicalize().ok()?.file_name().map(|name| name.to_string_lossy().into_owned())
}

/// Finds the package of a file, and all that it depends on.
pub(super) fn find(root: &Path, overlay: &Overlay) -> Packages {
    let (folder, inside, has_manifest) = home(root, overlay);
    let mut finder = Finder {
        overlay,
        found: Packages { inside: inside.clone(), ..Packages::default() },
        by_folder: BTreeMap::new(),
        by_qualifier: BTreeMap::new(),
        line: Vec::new(),
        rings: BTreeSet::new(),
        misnamed: Vec::new(),
    };
    let near = inside.rfind('/').map_or("", |at| inside.get(..=at).unwrap_or_default());
    let near = Some((near.to_owned(), root.parent().unwrap_or(Path::new("")).to_owned()));
    let mut package = Package { folder, near, ..Package::default() };
    if has_manifest {
        let at = package.locate(manifest::NAME);
        if let Ok(manifest) = finder.manifest(&at, None) {
            finder.fill(&mut package, manifest);
        }
        // Its own files are named from it.
        package.prefix = String::new();
    }
    finder.found.root = Arc::new(package);
    finder.found
}

struct Finder<'a> {
    overlay: &'a Overlay,
    found: Packages,
    /// By the folder as it is on the disk.
    by_folder: BTreeMap<PathBuf, Arc<Package>>,
    /// What has taken a name, and where it is named.
    by_qualifier: BTreeMap<String, (PathBuf, String, Place)>,
    /// Folder and name of the packages that are being read, outermost first.
    line: Vec<(PathBuf, String)>,
    /// Rings that were told of, by the folders in them.
    rings: BTreeSet<BTreeSet<PathBuf>>,
    /// What packages are called that the `bp.toml` at hand depends on by another name.
    misnamed: Vec<String>,
}

impl Finder<'_> {
    /// Reads a `bp.toml`. What is wrong with one that is not there stands where it is named.
    fn manifest(&mut self, at: &Path, named: Option<(&Dependency, Place)>) -> Result<Manifest, ()> {
        let place = u32::try_from(self.found.manifests.len()).unwrap_or(u32::MAX);
        let file = FileId(FIRST.saturating_add(place));
        let read = match self.overlay.get(at) {
            Some(text) => Ok(text.clone()),
            None => text(at),
        };
        let shown = at.display().to_string();
        match read {
            Ok(text) => {
                let source = SourceFile::new(shown, text);
                let manifest = manifest::parse(file, &source, &mut self.found.diagnostics);
                self.found.manifests.push(source);
                Ok(manifest)
            }
            Err(why) => {
                self.found.missing.push(at.to_owned());
                let made = if let Some((dependency, place)) = named {
                    says::no_dependency(place, &dependency.name, &why)
                } else {
                    self.found.manifests.push(SourceFile::new(shown, ""));
                    says::unreadable_manifest(Place { file, span: Span::default() }, &why)
                };
                self.found.diagnostics.push(made);
                Err(())
            }
        }
    }

    /// Takes over what the `bp.toml` says, and reads what it depends on.
    fn fill(&mut self, package: &mut Package, manifest: Manifest) {
        let real = real(&package.folder);
        package.is_broken = manifest.is_broken;
        package.name = manifest.name.as_ref().map(|(name, _)| name.clone()).unwrap_or_default();
        package.version = manifest.version;
        package.qualifier = qualifier(&package.name, &package.version);
        package.prefix = format!("{}@{}/", package.name, package.version);
        if let Some((_, at)) = manifest.name {
            let taken = (real.clone(), package.version.clone(), at);
            self.by_qualifier.entry(package.qualifier.clone()).or_insert(taken);
        }
        self.line.push((real, package.name.clone()));
        for dependency in &manifest.dependencies {
            let found = self.dependency(&package.folder, dependency);
            package.dependencies.insert(dependency.name.clone(), found);
            for name in std::mem::take(&mut self.misnamed) {
                package.dependencies.entry(name).or_insert(None);
            }
        }
        self.line.pop();
    }

    /// A package that another depends on; nothing where it is wrong, which is told of.
    fn dependency(&mut self, from: &Path, named: &Dependency) -> Option<Arc<Package>> {
        let (path, at) = named.path.as_ref()?;
        let folder = plain(&from.join(path));
        let real = real(&folder);
        if let Some(start) = self.line.iter().position(|(on, _)| *on == real) {
            self.ring(start, *at);
            return None;
        }
        if let Some(known) = self.by_folder.get(&real).cloned() {
            return self.named_so(&known, named, None).then_some(known);
        }
        if self.found.others.len() >= MOST || self.line.len() >= MOST {
            if !self.found.diagnostics.iter().any(|told| told.code == "E6014") {
                self.found.diagnostics.push(says::too_many_packages(*at, MOST));
            }
            return None;
        }
        let manifest = self.manifest(&folder.join(manifest::NAME), Some((named, *at))).ok()?;
        let (name, theirs) = manifest.name.clone()?;
        let mut package = Package { name, folder, ..Package::default() };
        if !self.named_so(&package, named, Some(theirs)) {
            return None;
        }
        let key = qualifier(&package.name, &manifest.version);
        if let Some((other, version, first)) = self.by_qualifier.get(&key)
            && *other != real
        {
            let versions = [version.as_str(), manifest.version.as_str()];
            let made = says::two_versions(named.at, &named.name, versions, *first);
            self.found.diagnostics.push(made);
            return None;
        }
        self.by_qualifier.insert(key, (real.clone(), manifest.version.clone(), named.at));
        self.fill(&mut package, manifest);
        let package = Arc::new(package);
        self.by_folder.insert(real, package.clone());
        self.found.others.push(Depended { package: package.clone(), at: named.at });
        Some(package)
    }

    /// Whether the package has the name that it is depended on by.
    fn named_so(&mut self, package: &Package, named: &Dependency, theirs: Option<Place>) -> bool {
        if package.name == named.name {
            return true;
        }
        let theirs = theirs.unwrap_or(named.at);
        self.found.diagnostics.push(says::other_name(named.at, &named.name, &package.name, theirs));
        self.misnamed.push(package.name.clone());
        false
    }

    /// Packages that depend on each other, from this one of the line on; one error for a ring.
    fn ring(&mut self, start: usize, at: Place) {
        let ring = self.line.get(start..).unwrap_or_default();
        let folders: BTreeSet<PathBuf> = ring.iter().map(|(folder, _)| folder.clone()).collect();
        let mut names: Vec<String> = ring.iter().map(|(_, name)| name.clone()).collect();
        names.extend(names.first().cloned());
        if self.rings.insert(folders) {
            self.found.diagnostics.push(says::package_ring(at, &names));
        }
    }
}

/// What a package's types begin with: versions from 2 on are packages of their own, as their first number says.
pub(super) fn qualifier(name: &str, version: &str) -> String {
    match version.split('.').next() {
        None | Some("" | "0" | "1") => name.to_owned(),
        Some(major) => format!("{name}@{major}"),
    }
}

/// The folder as it is on the disk, or as it is written where it isn't there.
fn real(folder: &Path) -> PathBuf {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

/// A path without the steps that lead nowhere: `a/../b` is `b`.
pub(super) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(plain.components().next_back(), Some(Component::Normal(_))) =>
            {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// The text of a `bp.toml` or `bp.lock`, or a sentence that says why there is none.
pub(super) fn text(at: &Path) -> Result<String, String> {
    let refused = |error: &std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            format!("there is no {}", at.display())
        }
        _ => format!("{}: {error}", at.display()),
    };
    let kind = at.metadata().map_err(|error| refused(&error))?;
    if !kind.is_file() {
        return Err(format!("{} is no plain file", at.display()));
    }
    let bytes = bytes_of(at, manifest::MOST + 1).map_err(|error| refused(&error))?;
    if bytes.len() as u64 > manifest::MOST {
        return Err(format!("{} has more than {} MiB", at.display(), manifest::MOST >> 20));
    }
    String::from_utf8(bytes).map_err(|_| format!("{} is no text (UTF-8)", at.display()))
}
