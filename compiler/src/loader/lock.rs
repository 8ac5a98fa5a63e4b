//! `bp.lock`: what each package was when it was locked, by a digest over its files.
//!
//! Reads and compares; whoever runs the compiler writes what is new.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bp_plan::Digest;
use toml::de::{DeTable, DeValue};

use super::Sources;
use super::manifest::{self, Reader};
use super::packages::{self, Package, Packages};
use crate::diagnostics::{Diagnostic, packages as says};
use crate::source::{FileId, Place, SourceFile, Span};

/// What the file is called.
const NAME: &str = "bp.lock";
/// How many files a package may have, and how many bytes together.
const MOST_FILES: usize = 10_000;
const MOST_BYTES: u64 = 1 << 30;

/// A `bp.lock` as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// Where it lies.
    pub path: PathBuf,
    /// What it should say.
    pub text: String,
    /// Whether it says so.
    pub is_current: bool,
    /// The first place where something is depended on, for what is said of it.
    pub at: Place,
}

/// An entry as it was read.
struct Locked {
    name: String,
    version: String,
    digest: String,
    at: Place,
}

/// What should be in the lock of the root's package, compared with what is there. Nothing where no
/// package is needed and none is locked. With `accept` it does not matter what is there.
pub(super) fn compare(
    packages: &Packages,
    accept: bool,
    sources: &mut Sources,
    out: &mut Vec<Diagnostic>,
) -> Option<Lock> {
    if packages.root.name.is_empty() || !packages.diagnostics.is_empty() {
        return None;
    }
    let path = packages.root.locate(NAME);
    let there = path.symlink_metadata().is_ok().then(|| packages::text(&path));
    if packages.others.is_empty() && there.is_none() {
        return None;
    }
    let place = u32::try_from(sources.manifests.len()).unwrap_or(u32::MAX);
    let file = FileId(packages::FIRST.saturating_add(place));
    let source = there.as_ref().and_then(|read| read.as_ref().ok()).cloned().unwrap_or_default();
    let source = SourceFile::new(path.display().to_string(), source);
    let before = out.len();
    let locked = match &there {
        None => BTreeMap::new(),
        Some(_) if accept => BTreeMap::new(),
        Some(Err(why)) => {
            out.push(says::broken_lock(Place { file, span: Span::default() }, why));
            BTreeMap::new()
        }
        Some(Ok(_)) => read(file, &source, out),
    };
    let mut entries: BTreeMap<String, String> = BTreeMap::new();
    if out.len() == before {
        let is_there =
            |key: &String| packages.others.iter().any(|other| other.package.qualifier == *key);
        for one in &packages.others {
            let package = &one.package;
            // With another first number it is the same package, where the one that was locked is gone.
            let was = locked.get(&package.qualifier).or_else(|| {
                let mut gone = locked.iter().filter(|(key, _)| !is_there(key));
                gone.find_map(|(_, was)| (was.name == package.name).then_some(was))
            });
            match digest(&package.folder) {
                Ok(digest) => {
                    let digest = digest.to_string();
                    if let Some(was) = was
                        && (was.digest != digest || was.version != package.version)
                    {
                        let (before, now) = (&was.version, &package.version);
                        out.push(says::changed(one.at, &package.name, before, now, was.at));
                    }
                    entries.insert(package.qualifier.clone(), entry(packages, package, &digest));
                }
                Err(why) => out.push(says::undigestable(one.at, &package.name, &why)),
            }
        }
    }
    let mut text = String::from(
        "# What each package was when it was locked. `bpc lock` writes it anew; keep it with the sources.\nversion = 1\n",
    );
    for entry in entries.values() {
        text.push_str(entry);
    }
    let is_current = source.text() == text;
    sources.manifests.push(source);
    let at = packages.others.first().map_or_else(Place::default, |one| one.at);
    (out.len() == before).then_some(Lock { path, text, is_current, at })
}

fn entry(packages: &Packages, package: &Package, digest: &str) -> String {
    let mut text = String::new();
    let folder = relative(&packages.root.folder, &package.folder);
    // Names and versions have no quotes; a path may.
    let folder = toml_text(&folder);
    let _ = write!(
        text,
        "\n[[package]]\nname = \"{}\"\nversion = \"{}\"\npath = {folder}\ndigest = \"{digest}\"\n",
        package.name, package.version
    );
    text
}

fn toml_text(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(letter);
            }
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// The way from one folder to another, with `/`, whatever folder the program runs in.
fn relative(from: &Path, to: &Path) -> String {
    let absolute = |path: &Path| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    };
    let (from, to) = (absolute(from), absolute(to));
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from.iter().skip(same).map(|_| "..".to_owned());
    let down = to.iter().skip(same).map(|part| part.as_os_str().to_string_lossy().into_owned());
    let way: Vec<String> = up.chain(down).collect();
    way.join("/")
}

/// The entries of a lock by the packages' qualified names.
fn read(file: FileId, source: &SourceFile, out: &mut Vec<Diagnostic>) -> BTreeMap<String, Locked> {
    let mut locked = BTreeMap::new();
    let table = match DeTable::parse(source.text()) {
        Ok(table) => table,
        Err(error) => {
            let at = manifest::broken_at(file, source, &error);
            out.push(says::broken_lock(at, error.message()));
            return locked;
        }
    };
    let reader = Reader { file };
    let whole = Place { file, span: Span::default() };
    match table.get_ref().get("version").map(toml::Spanned::get_ref) {
        Some(DeValue::Integer(version)) if version.as_str() == "1" => {}
        _ => {
            let why = "it has not the `version = 1` that this version of bpc writes";
            out.push(says::broken_lock(whole, why));
            return locked;
        }
    }
    let entries = match table.get_ref().get("package").map(toml::Spanned::get_ref) {
        Some(DeValue::Array(entries)) => entries.iter().collect::<Vec<_>>(),
        None => Vec::new(),
        Some(_) => {
            out.push(says::broken_lock(whole, "its `package` is no list of tables"));
            return locked;
        }
    };
    for entry in entries {
        let at = reader.at(entry);
        let field = |name: &str| {
            let table = entry.get_ref().as_table()?;
            Some(table.get(name)?.get_ref().as_str()?.to_owned())
        };
        let (Some(name), Some(version), Some(digest)) =
            (field("name"), field("version"), field("digest"))
        else {
            out.push(says::broken_lock(at, "an entry has a `name`, a `version` and a `digest`"));
            return locked;
        };
        let key = packages::qualifier(&name, &version);
        if locked.contains_key(&key) {
            out.push(says::broken_lock(at, &format!("`{name}` stands in it twice")));
            return locked;
        }
        locked.insert(key, Locked { name, version, digest, at });
    }
    locked
}

/// The digest over the files of a package: all below its folder but what is hidden, locks, plans, and
/// folders that are packages of their own.
fn digest(folder: &Path) -> Result<Digest, String> {
    let root = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let real = root.canonicalize().map_err(|error| format!("{}: {error}", root.display()))?;
    let mut found = Vec::new();
    let mut left = vec![(root.to_owned(), String::new())];
    let mut bytes = 0_u64;
    while let Some((at, path)) = left.pop() {
        let entries =
            std::fs::read_dir(&at).map_err(|error| format!("{}: {error}", at.display()))?;
        for entry in entries {
            let entry = entry.map_err(|error| format!("{}: {error}", at.display()))?;
            let at = entry.path();
            let Ok(name) = entry.file_name().into_string() else {
                return Err(format!("{} has a name that is no text", at.display()));
            };
            let is_plan = Path::new(&name).extension().is_some_and(|end| end == "plan");
            if name.starts_with('.') || name == NAME || is_plan {
                continue;
            }
            let inside = if path.is_empty() { name } else { format!("{path}/{name}") };
            let kind = entry.file_type().map_err(|error| format!("{}: {error}", at.display()))?;
            if kind.is_dir() {
                if !at.join(manifest::NAME).is_file() {
                    left.push((at, inside));
                }
                continue;
            }
            if kind.is_symlink() && !at.canonicalize().is_ok_and(|to| to.starts_with(&real)) {
                return Err(format!("{} leads out of it, or nowhere", at.display()));
            }
            let size = at.metadata().map_err(|error| format!("{}: {error}", at.display()))?;
            if !size.is_file() {
                // A link to a folder inside; or what can't be read to an end.
                if size.is_dir() {
                    continue;
                }
                return Err(format!("{} is no plain file", at.display()));
            }
            bytes = bytes.saturating_add(size.len());
            if found.len() >= MOST_FILES || bytes > MOST_BYTES {
                return Err(format!(
                    "it has more than {MOST_FILES} files or {} MiB",
                    MOST_BYTES >> 20
                ));
            }
            let content = super::bytes_of(&at, MOST_BYTES)
                .map_err(|error| format!("{}: {error}", at.display()))?;
            found.push((inside, Digest::of(&content)));
        }
    }
    found.sort();
    let mut all = String::new();
    for (path, digest) in found {
        let _ = writeln!(all, "{path}\0{digest}");
    }
    Ok(Digest::of(all.as_bytes()))
}
