//! Files that a program names with `file`, `read` and `template`: read when the check meets them, once.
//!
//! They are no modules: they have no names and no tree, `fmt` and the plan's spans pass them by. A
//! text is a source all the same, so that a mistake in a template is shown at the template's line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bp_plan::Digest;

use super::{Module, Overlay, bytes, file_id};
use crate::source::{FileId, SourceFile};
use crate::syntax::MAX_FILE;

/// A file that the program names.
#[derive(Clone, Debug)]
pub struct Attached {
    /// Which source it is.
    pub id: FileId,
    /// Where it lies, seen from the package's root.
    pub path: String,
    /// Its content.
    pub content: Arc<[u8]>,
    /// The digest of its content.
    pub digest: Digest,
    /// Its text; empty for what is no text.
    pub source: SourceFile,
    /// Whether it is text.
    pub is_text: bool,
}

/// The files that were named so far.
#[derive(Debug)]
pub(crate) struct Attachments<'a> {
    overlay: &'a Overlay,
    /// Ids begin after those of the modules.
    first: usize,
    taken: Mutex<Taken>,
    /// How often a file was asked for.
    asked: AtomicUsize,
}

#[derive(Debug, Default)]
struct Taken {
    by_path: BTreeMap<String, usize>,
    files: Vec<Arc<Attached>>,
    missing: Vec<PathBuf>,
    /// Which module, by its path, names which file.
    named: BTreeSet<(String, usize)>,
}

/// Where a program finds the files that it names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Files<'s> {
    /// They are read as they are met.
    Met(&'s Attachments<'s>),
    /// They were read before; no other is.
    Known(&'s [Arc<Attached>]),
}

impl Files<'_> {
    /// The file of this name in a module, or a sentence that says why there is none.
    pub(crate) fn file(&self, from: &Module, name: &str) -> Result<Arc<Attached>, String> {
        match self {
            Self::Met(attachments) => attachments.file(from, name),
            Self::Known(files) => from
                .beside(name)
                .and_then(|(path, _)| files.iter().find(|file| file.path == path).cloned())
                .ok_or_else(|| "it was not read".to_owned()),
        }
    }

    /// How often a file was asked for.
    pub(crate) fn asked(&self) -> usize {
        match self {
            Self::Met(attachments) => attachments.asked.load(Ordering::Relaxed),
            Self::Known(_) => 0,
        }
    }

    /// One that was read already, by its path from the package's root.
    pub(crate) fn known(&self, path: &str) -> Option<Arc<Attached>> {
        match self {
            Self::Met(attachments) => {
                let taken = attachments.taken();
                taken.by_path.get(path).and_then(|at| taken.files.get(*at)).cloned()
            }
            Self::Known(files) => files.iter().find(|file| file.path == path).cloned(),
        }
    }

    /// As [`Self::file`], for a file that must be text.
    pub(crate) fn text(&self, from: &Module, name: &str) -> Result<Arc<Attached>, String> {
        let file = self.file(from, name)?;
        if file.is_text { Ok(file) } else { Err("it is no text (UTF-8)".to_owned()) }
    }

    /// Path and digest of those that modules of these paths named so far, in the order of their
    /// paths. Nobody asks that of what was read before.
    pub(crate) fn digests(&self, modules: &BTreeSet<&str>) -> BTreeSet<(String, Digest)> {
        let Self::Met(attachments) = self else { return BTreeSet::new() };
        let taken = attachments.taken();
        let named = taken.named.iter().filter(|(module, _)| modules.contains(module.as_str()));
        let files = named.filter_map(|(_, at)| taken.files.get(*at));
        files.map(|file| (file.path.clone(), file.digest.clone())).collect()
    }
}

impl<'a> Attachments<'a> {
    /// None yet, for so many modules.
    pub(crate) fn new(overlay: &'a Overlay, modules: usize) -> Self {
        Self { overlay, first: modules, taken: Mutex::default(), asked: AtomicUsize::default() }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file of this name in a module, or a sentence that says why there is none.
    fn file(&self, from: &Module, name: &str) -> Result<Arc<Attached>, String> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if from.is_library {
            return Err("the standard library has no files of its own".to_owned());
        }
        let (path, at) = from.beside(name).ok_or_else(|| {
            "it lies outside of the package, the folder of `bp.toml` or of the root file".to_owned()
        })?;
        let mut taken = self.taken();
        if let Some(known) = taken.by_path.get(&path).copied() {
            taken.named.insert((from.path.clone(), known));
            return taken.files.get(known).cloned().ok_or_else(|| "it was not read".to_owned());
        }
        let content = match self.overlay.get(&at) {
            Some(text) => text.clone().into_bytes(),
            None => content(from, &at).inspect_err(|_| taken.missing.push(at.clone()))?,
        };
        if content.len() as u64 > MAX_FILE {
            return Err(format!("it has more than {} MiB", MAX_FILE >> 20));
        }
        let shown = at.display().to_string();
        let text = String::from_utf8(content.clone());
        let made = Arc::new(Attached {
            id: file_id(self.first + taken.files.len()),
            path: path.clone(),
            digest: Digest::of(&content),
            is_text: text.is_ok(),
            source: SourceFile::new(shown, text.unwrap_or_default()),
            content: content.into(),
        });
        let at = taken.files.len();
        taken.by_path.insert(path, at);
        taken.named.insert((from.path.clone(), at));
        taken.files.push(made.clone());
        Ok(made)
    }

    /// All that were named, in the order of their ids, and where others were looked for.
    pub(crate) fn into_files(self) -> (Vec<Arc<Attached>>, Vec<PathBuf>) {
        let taken = self.taken.into_inner().unwrap_or_else(PoisonError::into_inner);
        (taken.files, taken.missing)
    }
}

/// What is on the disk. Only plain files are opened, and none that a link leads out of the package for.
fn content(from: &Module, at: &Path) -> Result<Vec<u8>, String> {
    let refused = |error: &std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            format!("there is no file {}", at.display())
        }
        _ => format!("{}: {error}", at.display()),
    };
    let real = at.canonicalize().map_err(|error| refused(&error))?;
    if !from.package.holds(at) {
        return Err(format!("{} leads out of the package, by a link", at.display()));
    }
    let kind = real.metadata().map_err(|error| refused(&error))?;
    if kind.is_dir() {
        return Err(format!("{} is a folder", at.display()));
    }
    if !kind.is_file() {
        return Err(format!("{} is no plain file", at.display()));
    }
    bytes(&real).map_err(|error| refused(&error))
}
