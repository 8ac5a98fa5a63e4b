//! The standard library, and the pages of the catalogue of diagnostics, as files that an editor can
//! open: their text is inside of the program, and is written to the person's cache, read-only, when
//! something in it is to be shown.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use bp_compiler::catalogue;
use bp_compiler::loader::Module;

/// Where it goes; nothing on a machine without a place for such files.
static FOLDER: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let folders = directories::ProjectDirs::from("", "", "blueprint")?;
    Some(folders.cache_dir().join("library").join(env!("CARGO_PKG_VERSION")))
});

/// Whether a file is one of these.
pub(crate) fn is_inside(path: &Path) -> bool {
    FOLDER.as_deref().is_some_and(|folder| path.starts_with(folder))
}

/// A module's file, written if it isn't there as it should be.
pub(crate) fn file(module: &Module) -> Option<PathBuf> {
    let path = FOLDER.as_deref()?.join(&module.path);
    write(&path, module.source.text()).ok()?;
    Some(path)
}

/// Pages that were written, so that the next diagnostic of a code needs no look at the disk.
static WRITTEN: LazyLock<Mutex<BTreeMap<String, Option<PathBuf>>>> = LazyLock::new(Mutex::default);

/// The page that explains a code, written if it isn't there as it should be.
pub(crate) fn page(code: &str) -> Option<PathBuf> {
    let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = written.get(code) {
        return known.clone();
    }
    let path = catalogue::page(code).and_then(|page| {
        let path = FOLDER.as_deref()?.join("diagnostics").join(format!("{code}.md"));
        write(&path, page.text).ok()?;
        Some(path)
    });
    written.insert(code.to_owned(), path.clone());
    path
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if std::fs::read(path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)?;
    // Beside it and then into its place, so that nobody sees half of it.
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    std::fs::write(&beside, text)?;
    let mut permissions = std::fs::metadata(&beside)?.permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&beside, permissions)?;
    std::fs::rename(&beside, path)
}
