//! What the VS Code extension says of the compiler: its snippets, as they are inserted, are a blueprint
//! in the one layout, and its problem matcher reads what `bpc` writes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::path::Path;

use bp_tests::Environment;
use regex::Regex;
use serde_json::Value as Json;

/// What may stand in the body of a type only.
const MEMBERS: [&str; 2] = ["Property", "Requirement"];

#[test]
fn the_snippets_together_are_a_blueprint() {
    let mut items = Vec::new();
    let mut members = Vec::new();
    for (name, snippet) in snippets() {
        let body = snippet["body"].as_array().unwrap();
        let body: Vec<&str> = body.iter().map(|line| line.as_str().unwrap()).collect();
        let text = inserted(&body.join("\n"));
        // The cursor's place is an empty line.
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        if MEMBERS.contains(&name.as_str()) {
            members.push(format!("  {}\n", lines.join("\n")));
        } else {
            items.push(format!("{}\n", lines.join("\n")));
        }
    }
    assert_eq!(members.len(), MEMBERS.len());
    items.push(format!("node type Whole {{\n{}}}\n", members.concat()));

    let environment = Environment::new();
    let file = environment.write("snippets.bp", items.join("\n"));
    let short = ["--message-format=short".as_ref(), "check".as_ref(), file.as_os_str()];
    let checked = environment.bpc(short).expect(0);
    // What a snippet declares is for others to use.
    let warnings: Vec<&str> = checked.stdout.lines().filter(|l| !l.contains("[W2010]")).collect();
    assert!(warnings.is_empty(), "{warnings:#?}");
    let formatted = environment.bpc(["fmt".as_ref(), file.as_os_str()]).expect(0);
    let canonical = std::fs::read_to_string(&file).unwrap();
    assert_eq!(squeezed(&canonical), squeezed(&items.join("\n")), "{}", formatted.words());
}

#[test]
fn a_snippet_s_holes_are_filled_as_the_editor_does() {
    let text = r#"fn ${1:host}(${2:name}: string) -> string = "\${$2}.$1" ${3|a,b|}$0"#;
    assert_eq!(inserted(text), r#"fn host(name: string) -> string = "${name}.host" a"#);
    assert_eq!(inserted("${1:a[$2]} ${2:key} $1"), "a[key] key a[key]");
}

#[test]
fn the_problem_matcher_reads_what_the_compiler_writes() {
    let matcher = extension("package.json")["contributes"]["problemMatchers"][0].clone();
    assert_eq!(matcher["name"], "bpc");
    let pattern = &matcher["pattern"];
    let regexp = Regex::new(pattern["regexp"].as_str().unwrap()).unwrap();

    let environment = Environment::new();
    let text = "use std.kubernetes as k8s\nconst a = missing\n";
    let file = environment.write("matched.bp", text);
    let short = ["check".as_ref(), "--message-format=short".as_ref(), file.as_os_str()];
    let told = environment.bpc(short).expect(1).stdout;
    let found: Vec<_> = told
        .lines()
        .map(|line| regexp.captures(line).unwrap_or_else(|| panic!("{line}")))
        .collect();
    let part = |index: usize, name: &str| {
        let group = usize::try_from(pattern[name].as_u64().unwrap()).unwrap();
        found[index][group].to_owned()
    };
    let severities: Vec<String> = (0..found.len()).map(|index| part(index, "severity")).collect();
    assert!(severities.contains(&"error".to_owned()), "{told}");
    assert!(severities.contains(&"warning".to_owned()), "{told}");
    let error = severities.iter().position(|severity| severity == "error").unwrap();
    assert_eq!(part(error, "file"), file.display().to_string());
    assert_eq!((part(error, "line"), part(error, "column")), ("2".into(), "11".into()));
    assert!(part(error, "code").starts_with('E') && part(error, "message").contains("missing"));
}

/// The snippets by name, in the file's order.
fn snippets() -> Vec<(String, Json)> {
    let snippets = extension("snippets/blueprint.json").as_object().unwrap().clone();
    assert!(snippets.len() > 10);
    snippets.into_iter().collect()
}

/// A JSON file of the extension.
fn extension(name: &str) -> Json {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = std::fs::read_to_string(root.join("lsp/vscode").join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Where alignment of neighbours decides, blanks differ: a snippet does not know its neighbours.
fn squeezed(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// A snippet's text when it is inserted, and each of its holes left as proposed.
fn inserted(snippet: &str) -> String {
    let mut defaults = BTreeMap::new();
    // Twice: a hole may stand before the one that says what is in it.
    for _ in 0..2 {
        let _ = filled(&mut snippet.chars().peekable(), &mut defaults, None);
    }
    filled(&mut snippet.chars().peekable(), &mut defaults, None)
}

type Characters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn filled(
    text: &mut Characters<'_>,
    defaults: &mut BTreeMap<u32, String>,
    until: Option<char>,
) -> String {
    let mut out = String::new();
    while let Some(char) = text.next() {
        match char {
            '\\' => out.extend(text.next()),
            '$' if text.peek().is_some_and(char::is_ascii_digit) => {
                let hole = number(text);
                out.push_str(defaults.get(&hole).map_or("", String::as_str));
            }
            '$' if text.peek() == Some(&'{') => {
                text.next();
                let hole = number(text);
                let value = match text.next() {
                    Some(':') => filled(text, defaults, Some('}')),
                    Some('|') => {
                        let choices = filled(text, defaults, Some('|'));
                        assert_eq!(text.next(), Some('}'));
                        choices.split(',').next().unwrap().to_owned()
                    }
                    Some('}') => defaults.get(&hole).cloned().unwrap_or_default(),
                    other => panic!("a hole goes on with {other:?}"),
                };
                defaults.insert(hole, value.clone());
                out.push_str(&value);
            }
            char if Some(char) == until => return out,
            char => out.push(char),
        }
    }
    assert_eq!(until, None, "a hole is never closed");
    out
}

fn number(text: &mut Characters<'_>) -> u32 {
    let mut digits = String::new();
    while let Some(digit) = text.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    digits.parse().unwrap()
}
