//! Every program of the repository as the parser sees it.

use std::path::{Path, PathBuf};

use bp_compiler::diagnostics::{Diagnostic, Severity};
use bp_compiler::source::{FileId, SourceFile};
use bp_compiler::syntax;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn programs(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "bp"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no programs in {folder}");
    files
}

fn parse(text: &str) -> (syntax::ast::File, Vec<Diagnostic>, SourceFile) {
    let source = SourceFile::new("test.bp", text);
    let (tree, diagnostics) = syntax::parse(FileId(0), &source);
    (tree, diagnostics, source)
}

/// `E1001 at 3:4: …` for each error.
fn errors(text: &str) -> Vec<String> {
    let (_, diagnostics, source) = parse(text);
    diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .map(|diagnostic| {
            let at = source.position(diagnostic.place.span.start);
            format!("{} at {}:{}: {}", diagnostic.code, at.line, at.column, diagnostic.message)
        })
        .collect()
}

#[test]
fn good_programs_parse_without_a_word() {
    for folder in ["stdlib", "blueprints/hello-fleet", "tests/cases/accept"] {
        for path in programs(folder) {
            let text = std::fs::read_to_string(&path).unwrap();
            let (tree, diagnostics, _) = parse(&text);
            assert!(
                diagnostics.is_empty(),
                "{}: {:?} {diagnostics:?}",
                path.display(),
                errors(&text)
            );
            assert!(!tree.items.is_empty(), "{}", path.display());
        }
    }
}

#[test]
fn rejected_programs_have_at_most_the_expected_error() {
    let syntactic = [
        "chained_comparison",
        "foreign_operator",
        "lower_case_type",
        "unclosed_brace",
        "unclosed_string",
        "unknown_unit",
    ];
    for path in programs("tests/cases/reject") {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let found = errors(&text);
        if syntactic.contains(&name.as_str()) {
            let line = text.split("on line ").nth(1).unwrap().split(':').next().unwrap();
            assert_eq!(found.len(), 1, "{name}: {found:?}");
            assert!(found[0].contains(&format!(" at {line}:")), "{name}: {found:?}");
        } else {
            assert_eq!(found, Vec::<String>::new(), "{name}");
        }
    }
}
