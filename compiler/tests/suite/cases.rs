//! The small programs of `tests/cases`: those to accept are accepted, those to reject are rejected
//! with one error on the line that they name.

use std::path::{Path, PathBuf};

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::{Diagnostic, Severity};

fn cases(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases").join(kind);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "bp"));
    files.sort();
    assert!(files.len() > 20, "{files:?}");
    files
}

fn errors(analysis: &Analysis) -> Vec<&Diagnostic> {
    analysis.diagnostics().iter().filter(|d| d.severity == Severity::Error).collect()
}

fn told(analysis: &Analysis) -> String {
    let lines = errors(analysis).into_iter().map(|d| {
        let line = analysis.sources().file(d.place.file).unwrap().position(d.place.span.start).line;
        format!("  line {line}: {}: {} ({:?})", d.code, d.message, d.help)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_right_is_accepted() {
    let mut wrong = Vec::new();
    for path in cases("accept") {
        let analysis = Analysis::load(&path);
        if !errors(&analysis).is_empty() {
            wrong.push(format!("{}:\n{}", path.display(), told(&analysis)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_wrong_is_rejected_once_and_on_its_line() {
    let mut wrong = Vec::new();
    for path in cases("reject") {
        let text = std::fs::read_to_string(&path).unwrap();
        let line = text
            .strip_prefix("// expect: error on line ")
            .and_then(|rest| rest.split(':').next())
            .unwrap_or_else(|| panic!("{} does not say what to expect", path.display()));
        let line: u32 = line.parse().unwrap();
        let analysis = Analysis::load(&path);
        let found = errors(&analysis);
        let is_right = matches!(found.as_slice(), [one] if {
            let file = analysis.sources().file(one.place.file).unwrap();
            file.position(one.place.span.start).line == line
        });
        if !is_right {
            wrong.push(format!("{} (line {line}):\n{}", path.display(), told(&analysis)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_example_and_the_library_have_a_plan_or_no_blueprint() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let hello = Analysis::load(&root.join("blueprints/hello-fleet/hello.bp"));
    assert!(hello.plan().is_some(), "{}\n{:?}", told(&hello), hello.unplanned());
    for module in ["stdlib/std.bp", "stdlib/kubernetes.bp"] {
        let analysis = Analysis::load(&root.join(module));
        // As a file of its own the core's types are not the core's.
        if module == "stdlib/kubernetes.bp" {
            assert!(errors(&analysis).is_empty(), "{module}:\n{}", told(&analysis));
        }
    }
}
