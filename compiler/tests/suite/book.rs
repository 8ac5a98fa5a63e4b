//! Every example of the language reference compiles, or is refused as it says.
//!
//! A fence is marked `bp` (a whole file that compiles without a diagnostic, and whose tests pass), `bp wrong [CODE]` (one that
//! must not), `bp values` (lines `EXPRESSION // VALUE`), or `LANGUAGE file=NAME` (a file that the
//! page's later examples may use). Fences of other languages are for the reader.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::{Diagnostic, Severity, unused::is_of_unused};
use bp_compiler::testing::Suite;

struct Fence {
    line: usize,
    mark: String,
    text: String,
}

fn fences(page: &str) -> Vec<Fence> {
    let mut found: Vec<Fence> = Vec::new();
    let mut is_open = false;
    for (at, line) in page.lines().enumerate() {
        if let Some(mark) = line.strip_prefix("```") {
            is_open = !is_open;
            if is_open {
                found.push(Fence { line: at + 2, mark: mark.to_owned(), text: String::new() });
            }
        } else if is_open {
            let text = &mut found.last_mut().unwrap().text;
            text.push_str(line);
            text.push('\n');
        }
    }
    assert!(!is_open, "a fence is open at the end");
    found
}

fn told(diagnostics: &[Diagnostic], analysis: &Analysis) -> String {
    let mut text = String::new();
    for d in diagnostics {
        let line = analysis
            .sources()
            .file(d.place.file)
            .map(|file| (file.path().to_owned(), file.position(d.place.span.start).line));
        let _ = writeln!(text, "    {} {line:?}: {}", d.code, d.message);
    }
    text
}

/// What is wrong with an example; nothing where it is as it is marked.
fn judge(folder: &Path, fence: &Fence) -> Option<String> {
    let mut words = fence.mark.split_whitespace();
    let language = words.next()?;
    let second = words.next().unwrap_or_default();
    if let Some(name) = second.strip_prefix("file=") {
        let at = folder.join(name);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, &fence.text).unwrap();
        if language != "bp" {
            return None;
        }
    }
    if language != "bp" {
        return None;
    }
    let root = folder.join(second.strip_prefix("file=").unwrap_or("example.bp"));
    let text = if second == "values" { values(&fence.text) } else { fence.text.clone() };
    fs::write(&root, text).unwrap();
    let analysis = Analysis::load(&root);
    let diagnostics = analysis.diagnostics();
    if second == "wrong" {
        let errors: Vec<&str> =
            diagnostics.iter().filter(|d| d.severity == Severity::Error).map(|d| d.code).collect();
        let wanted = words.next();
        let is_as_said = match wanted {
            Some(code) => errors == [code],
            None => errors.len() == 1,
        };
        return (!is_as_said).then(|| {
            format!(
                "expected one error {}, found\n{}",
                wanted.unwrap_or_default(),
                told(diagnostics, &analysis)
            )
        });
    }
    // A small example need not use what it declares.
    // What it shows of an `if` is decided at once.
    let is_shown = |d: &Diagnostic| is_of_unused(d.code) || second == "values" && d.code == "W3051";
    if !diagnostics.iter().all(is_shown) {
        return Some(told(diagnostics, &analysis));
    }
    let has_blueprint = fence.text.lines().any(|line| line.starts_with("blueprint "));
    if second == "values" {
        let plan = analysis.plan()?;
        for (name, output) in &plan.outputs {
            let Some(number) = name.strip_prefix("is_") else { continue };
            let wanted = &plan.outputs.get(&format!("wanted_{number}")).unwrap().value;
            if output.value != *wanted {
                return Some(format!("line {number} is {:?}, not {wanted:?}", output.value));
            }
        }
        return None;
    }
    if has_blueprint && analysis.plan().is_none() {
        return Some(told(analysis.unplanned(), &analysis));
    }
    let suite = Suite::new(&analysis)?;
    let failed: Vec<Diagnostic> =
        analysis.tests().iter().flat_map(|test| suite.run(test)).collect();
    (!failed.is_empty()).then(|| told(&failed, &analysis))
}

/// A blueprint whose outputs are each line's expression, and what it says that its value is.
fn values(lines: &str) -> String {
    let mut text = "blueprint values { version = \"1.0.0\" }\n".to_owned();
    for (at, line) in lines.lines().enumerate() {
        let (expression, value) = line.rsplit_once(" // ").unwrap();
        let (expression, value) = (expression.trim(), value.trim());
        let _ = writeln!(
            text,
            "output is_{at}: json = {expression}\noutput wanted_{at}: json = {value}"
        );
    }
    text
}

#[test]
fn every_example_is_as_it_says() {
    let book = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../spec/language");
    let mut pages: Vec<PathBuf> =
        fs::read_dir(book).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    let mut wrong = Vec::new();
    let mut count = 0;
    for page in pages.iter().filter(|page| page.extension().is_some_and(|e| e == "md")) {
        let folder = tempfile::tempdir().unwrap();
        for fence in fences(&fs::read_to_string(page).unwrap()) {
            count += usize::from(fence.mark.starts_with("bp"));
            let name = page.file_name().unwrap().to_string_lossy();
            if let Some(why) = judge(folder.path(), &fence) {
                wrong.push(format!("spec/language/{name}:{}: `{}`\n{why}", fence.line, fence.mark));
            }
        }
    }
    assert!(count > 60, "only {count} examples were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_examples_of_functions_hold() {
    use bp_eval::functions::{BINDING, NAMES, OF_FILES, OF_PREFER};
    let folder = tempfile::tempdir().unwrap();
    for file in ["stack.json", "motd.txt", "page.hbs"] {
        fs::write(folder.path().join(file), "{{name}}").unwrap();
    }
    let mut text = String::new();
    for example in NAMES.values().map(|of| of.example).chain(BINDING.iter().map(|of| of.example)) {
        let _ = writeln!(text, "{example} // true");
    }
    let fence = Fence { line: 0, mark: "bp values".to_owned(), text };
    assert_eq!(judge(folder.path(), &fence), None);
    let mut text =
        "blueprint forms { version = \"1.0.0\" }\nuse std.kubernetes as k8s\n".to_owned();
    for form in OF_FILES {
        let _ = writeln!(text, "const of_{} = {}", form.name, form.example);
    }
    for form in OF_PREFER {
        let _ = writeln!(text, "select {}: k8s.Cluster[1] {{ {} }}", form.name, form.example);
    }
    let fence = Fence { line: 0, mark: "bp".to_owned(), text };
    assert_eq!(judge(folder.path(), &fence), None);
}

#[test]
fn every_row_for_those_who_come_from_tosca_has_both_sides() {
    let page =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../spec/language/coming-from-tosca.md");
    let page = fs::read_to_string(page).unwrap();
    let rows: Vec<&str> = page.split("\n### ").skip(1).collect();
    assert!(rows.len() > 30, "only {} rows were found", rows.len());
    for row in rows {
        let of = |is_ours: bool| {
            let found = fences(row.trim_end_matches('#').trim_end());
            found.iter().position(|fence| {
                (fence.mark == "bp" || fence.mark.starts_with("bp file=")) == is_ours
            })
        };
        let name = row.lines().next().unwrap();
        assert!(
            of(true).zip(of(false)).is_some_and(|(ours, theirs)| theirs < ours),
            "`{name}` lacks a side"
        );
    }
}
