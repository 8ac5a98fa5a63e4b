//! What several test files need: the programs of the repository, and the files that a fix leaves.

use std::path::{Path, PathBuf};

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::{Diagnostic, Fix, unused::is_of_unused};
use bp_plan::Plan;

/// All programs in and below these folders of the repository, in the order of their paths.
pub(crate) fn programs(folders: &[&str]) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "bp") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Writes these files, by name and text, into a folder.
pub(crate) fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// A new folder with these files.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    folder
}

/// `CODE line:column`: what is said, and where.
pub(crate) fn placed(analysis: &Analysis, said: &Diagnostic) -> String {
    let source = analysis.sources().file(said.place.file).unwrap();
    let at = source.position(said.place.span.start);
    format!("{} {}:{}", said.code, at.line, at.column)
}

/// `CODE line:column` of all that is said of a program but for what is never used.
pub(crate) fn mistakes(text: &str) -> Vec<String> {
    let folder = folder(&[("main.bp", text)]);
    let analysis = Analysis::load(&folder.path().join("main.bp"));
    let told = analysis.diagnostics().iter().filter(|d| !is_of_unused(d.code));
    told.map(|d| placed(&analysis, d)).collect()
}

/// What is said, where, in which words, but for what is never used: a small program need not use all it declares.
pub(crate) fn said(analysis: &Analysis, diagnostics: &[Diagnostic]) -> Vec<String> {
    let one = |d: &Diagnostic| format!("{} {} / {:?}", placed(analysis, d), d.message, d.help);
    diagnostics.iter().filter(|d| !is_of_unused(d.code)).map(one).collect()
}

/// The plan of a text of which nothing is said.
pub(crate) fn planned(analysis: &Analysis, text: &str) -> Plan {
    let all = [analysis.diagnostics(), analysis.unplanned()].concat();
    let told = said(analysis, &all);
    assert!(told.is_empty(), "{text}\n{told:#?}");
    let plan = analysis.plan().unwrap().clone();
    bp_plan::validate(&plan).unwrap();
    plan
}

/// These files (name and text) once a fix is applied.
pub(crate) fn mended(
    analysis: &Analysis,
    files: &[(String, String)],
    fix: &Fix,
) -> Vec<(String, String)> {
    let mut files = files.to_vec();
    let mut edits = fix.edits.clone();
    edits.sort_by_key(|(place, _)| std::cmp::Reverse(place.span.start));
    for (place, text) in edits {
        let path = analysis.sources().file(place.file).unwrap().path();
        let file = files.iter_mut().find(|(name, _)| path.ends_with(name.as_str()));
        let range = place.span.start as usize..place.span.end as usize;
        file.unwrap().1.replace_range(range, &text);
    }
    files
}
