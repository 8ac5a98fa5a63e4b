//! One mark is forgotten: one error. Over every blueprint of the repository, each bracket, quote,
//! comma, colon and sign of assignment is left out in turn.

use crate::common;

use std::path::Path;

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::Severity;
use bp_compiler::loader::Overlay;

/// Where marks stand, outside of comments.
fn marks(text: &str) -> Vec<(usize, char)> {
    let mut at = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let code = if line.trim_start().starts_with("//") { "" } else { line };
        let marks = code.char_indices().filter(|(_, c)| "{}()[]\",:=<>".contains(*c));
        found.extend(marks.map(|(column, mark)| (at + column, mark)));
        at += line.len();
    }
    found
}

/// The errors of a file with another text, each with its line.
fn errors(path: &Path, text: String) -> Vec<String> {
    let overlay = Overlay::from([(path.to_owned(), text)]);
    let analysis = Analysis::check_with(path, &overlay);
    let errors = analysis.diagnostics().iter().filter(|d| d.severity == Severity::Error);
    errors
        .map(|d| {
            let source = analysis.sources().file(d.place.file).unwrap();
            let line = source.position(d.place.span.start).line;
            format!("{line}: {} {}", d.code, d.message)
        })
        .collect()
}

/// Some of what is left out has another meaning, or none: `"${name}"` without its `{` is plain text.
#[test]
fn a_mark_that_is_left_out_is_one_error() {
    let mut several = Vec::new();
    let mut tried = 0;
    for path in common::programs(&["blueprints"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        for (at, mark) in marks(&text).into_iter().step_by(17) {
            let found = errors(&path, format!("{}{}", &text[..at], &text[at + 1..]));
            tried += 1;
            if found.len() > 1 {
                let line = text[..at].matches('\n').count() + 1;
                several.push(format!("{}:{line} `{mark}` {found:#?}", path.display()));
            }
        }
    }
    assert!(tried > 100, "{tried}");
    assert!(several.len() * 25 < tried, "{} of {tried}: {}", several.len(), several.join("\n"));
}

/// The only error is where the bracket was opened.
#[test]
fn what_is_never_closed_is_told_where_it_was_opened() {
    let head = "blueprint x { version = \"1.0.0\" }\nnode type T {\n  property m: map<string>\n  property l: list<int> = []\n  provider = \"noop\"\n}\n";
    let items = [
        "", // the end of the file
        "const next = 1\noutput o: int = next\n",
        "/// Its documentation.\n@protect\nnode other: T { m = {} }\n",
    ];
    for (broken, line) in [
        ("const c: map<string> = {\n  a = \"1\"\n  b = \"2\"\n", 7),
        ("const c: map<string> = {\n", 7),
        ("const c: map<string> = { a = \"1\"\n", 7),
        ("fn f(a: string) -> map<string> = {\n  a = a\n", 7),
        ("const c: list<int> = [\n  1,\n  2\n", 7),
        ("const c: list<int> = [1, 2\n", 7),
        ("const c = length(\n  \"abc\"\n", 7),
        ("node n: T {\n  m = {\n    a = \"1\"\n}\n", 8),
        ("node n: T {\n  m = { a = \"1\" }\n  l = [\n    1,\n}\n", 9),
        ("node n: T {\n  m = { a = \"1\" }\n", 7),
        ("input i: map<string\n", 7),
        ("input i: int = (1 + 2\n", 7),
        ("output t: string = \"${length(\"a\")\"\n", 7),
        ("output t: string = \"\"\"\n  text\n", 7),
        ("workflow w() {\n  parallel {\n    wait 1s\n}\n", 8),
    ] {
        for item in items {
            let text = format!("{head}{broken}{item}");
            let found = errors(Path::new("/nowhere/x.bp"), text.clone());
            let lines: Vec<&str> = found.iter().filter_map(|one| one.split(':').next()).collect();
            assert!(lines.len() == 1 && found[0].contains(" E100"), "{found:#?}\n{text}");
            assert_eq!(lines[0], line.to_string(), "{found:#?}\n{text}");
        }
    }
}
