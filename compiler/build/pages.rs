//! Takes the pages of `spec/diagnostics` into the program, each by its code.
//!
//! It only lists files: what is in a page, the catalogue reads.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

/// A list of all pages, as Rust.
pub(crate) fn list(folder: &Path) -> io::Result<String> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let is_code = name.len() == 5 && name.get(1..).is_some_and(|n| n.parse::<u16>().is_ok());
        if is_code && path.extension().is_some_and(|end| end == "md") {
            println!("cargo::rerun-if-changed={}", path.display());
            pages.push((name.to_owned(), path));
        }
    }
    pages.sort();
    let mut list = String::from("&[\n");
    for (code, path) in pages {
        // Writing to a string does not fail.
        let _ = writeln!(list, "    ({code:?}, include_str!({:?})),", path.display().to_string());
    }
    list.push_str("]\n");
    Ok(list)
}
