//! The files of a package that may speak of something, for who wants to know all of its places.

use std::path::{Path, PathBuf};

use super::{MOST_FILES, Overlay, bytes, manifest, packages};

/// The blueprints and modules of the package of a file that hold one of these words, itself left out;
/// of an editor's texts, those outside of the package too. What can't be read holds nothing.
pub(crate) fn files_with(root: &Path, overlay: &Overlay, words: &[&str]) -> Vec<PathBuf> {
    let (folder, _, _) = packages::home(root, overlay);
    let mut found: Vec<PathBuf> = overlay.keys().filter(|at| is_source(at)).cloned().collect();
    let mut left = vec![folder];
    while let Some(folder) = left.pop().filter(|_| found.len() < MOST_FILES) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
            // A link to a folder could lead round in a ring.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_hidden || is_folder && path.join(manifest::NAME).is_file() {
                continue;
            }
            if is_folder {
                left.push(path);
            } else if is_source(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    found.dedup();
    found.retain(|at| {
        at != root
            && match overlay.get(at) {
                Some(text) => holds(text, words),
                None => bytes(at).is_ok_and(|text| holds(&String::from_utf8_lossy(&text), words)),
            }
    });
    found
}

fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "bp")
}

fn holds(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}
