//! What is written in another form is told with the one that is meant, and the fix writes that one: once applied,
//! the program has no error.

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::{Diagnostic, Severity};

use crate::common::{folder, mended, placed};

const HEAD: &str = "blueprint x { version = \"1.0.0\" }\n";

/// What stands after a blueprint's head (line 1), the one error (`CODE LINE:COLUMN`), words of its message or
/// help, words that stand in neither, and what the fix makes of the text; nothing where there is no fix.
type Form =
    (&'static str, &'static str, &'static [&'static str], &'static str, Option<&'static str>);

/// Types that only begin like one of the library's.
const TYPES: &[Form] = &[
    ("node a: N", "E2013 2:9", &["declare it: `node type N { … }`"], "std.", None),
    ("node a: S", "E2013 2:9", &["declare it: `node type S { … }`"], "std.", None),
    ("node a: net.N", "E2013 2:9", &["bring it in"], "std.", None),
    ("node a: db.Dep", "E2013 2:9", &["bring it in"], "std.", None),
];

/// Commas with nothing between them.
const COMMAS: &[Form] = &[
    (
        "output o: list<int> = [1,, 2]",
        "E1001 2:26",
        &["a comma is too much here", "remove it"],
        "closed",
        Some("output o: list<int> = [1, 2]"),
    ),
    (
        "output o: list<int> = [, 1]",
        "E1001 2:24",
        &["a comma is too much here"],
        "closed",
        Some("output o: list<int> = [1]"),
    ),
    (
        "output o: list<int> = [1, 2,, ]",
        "E1001 2:29",
        &["a comma is too much here"],
        "closed",
        Some("output o: list<int> = [1, 2, ]"),
    ),
    (
        "output o: int = max(1,, 2)",
        "E1001 2:23",
        &["a comma is too much here"],
        "closed",
        Some("output o: int = max(1, 2)"),
    ),
    (
        "output o: int = max(, 1, , , 2)",
        "E1001 2:21",
        &["a comma is too much here"],
        "closed",
        Some("output o: int = max(1, 2)"),
    ),
    (
        "fn f(a: int,, b: int) -> int = a + b\noutput o: int = f(1, 2)",
        "E1001 2:13",
        &["a comma is too much here"],
        "closed",
        Some("fn f(a: int, b: int) -> int = a + b\noutput o: int = f(1, 2)"),
    ),
    (
        "node type A { property a: int, property b: int }\nnode n: A { a = 1,, b = 2 }",
        "E1001 3:19",
        &["a comma is too much here"],
        "closed",
        Some("node type A { property a: int, property b: int }\nnode n: A { a = 1, b = 2 }"),
    ),
    (
        "node type A { property a: int, property b: int }\nnode n: A {\n  a = 1,\n  , b = 2\n}",
        "E1001 5:3",
        &["a comma is too much here"],
        "closed",
        Some("node type A { property a: int, property b: int }\nnode n: A {\n  a = 1,\n  b = 2\n}"),
    ),
    (
        "data type D {\n  a: int\n  b: int\n}\nconst d: D = { , a = 1, b = 2 }\noutput o: int = d.a",
        "E1001 6:16",
        &["a comma is too much here"],
        "closed",
        Some(
            "data type D {\n  a: int\n  b: int\n}\nconst d: D = { a = 1, b = 2 }\noutput o: int = d.a",
        ),
    ),
];

/// Names that begin with a letter of the wrong case.
const CASES: &[Form] = &[
    (
        "const MAX = 3\noutput o: int = MAX + 1\noutput p: string = \"at most ${MAX}, not MAX\"",
        "E1013 2:7",
        &["call it `max`"],
        "",
        Some(
            "const max = 3\noutput o: int = max + 1\noutput p: string = \"at most ${max}, not MAX\"",
        ),
    ),
    // `max` is there already; a key may be called so.
    ("const MAX = 3\noutput o: int = max(MAX, 1)", "E1013 2:7", &["call it `max`"], "", None),
    (
        "node type A { property p: int }\nconst P = 3\nnode n: A { p = P }",
        "E1013 3:7",
        &["call it `p`"],
        "",
        None,
    ),
    (
        "node type server { property n: int = 1 }\nnode type Large extends server\nnode a: server\nnode b: Large",
        "E1012 2:11",
        &["call it `Server`"],
        "",
        Some(
            "node type Server { property n: int = 1 }\nnode type Large extends Server\nnode a: Server\nnode b: Large",
        ),
    ),
    (
        "node type server { property n: int = 1 }\nnode type Server\nnode a: Server",
        "E1012 2:11",
        &["call it `Server`"],
        "",
        None,
    ),
];

/// Habits in blocks and steps.
const HABITS: &[Form] = &[
    (
        "node type H\nnode type A { requires host: H }\nnode h: H\nnode a: A { host => h }",
        "E1007 5:18",
        &["write `host -> h`"],
        "",
        Some("node type H\nnode type A { requires host: H }\nnode h: H\nnode a: A { host -> h }"),
    ),
    (
        "node type A { property n: int }\nconst h = 3\nnode a: A { n => h }",
        "E1007 4:15",
        &["write `key = value`"],
        "",
        Some("node type A { property n: int }\nconst h = 3\nnode a: A { n = h }"),
    ),
    (
        "node type A { node type B }",
        "E1025 2:15",
        &["`node type` can't stand in a block", "side by side"],
        "closed",
        None,
    ),
    (
        "node type A {\n  property n: int\n  node type B {\n    property m: int\n  }\n}",
        "E1025 4:3",
        &["`node type` can't stand in a block"],
        "closed",
        None,
    ),
    (
        "node type A { property n: int required false }\nnode a: A",
        "E1007 2:31",
        &["write `name: type?`"],
        "",
        Some("node type A { property n: int? }\nnode a: A"),
    ),
    (
        "node type A { property n: int required true }\nnode a: A { n = 1 }",
        "E1007 2:31",
        &["write `name: type`"],
        "",
        Some("node type A { property n: int }\nnode a: A { n = 1 }"),
    ),
    (
        "node type A { property n: int optional true }\nnode a: A",
        "E1007 2:31",
        &["write `name: type?`"],
        "",
        Some("node type A { property n: int? }\nnode a: A"),
    ),
    (
        "node type A { properties { n: int } }",
        "E1007 2:15",
        &["write `property name: type`"],
        "properties =",
        None,
    ),
    (
        "node type A {\n  lifecycle {\n    create = script(\"root.bp\")\n  }\n}",
        "E1007 3:3",
        &["write `operation lifecycle.create = script("],
        "lifecycle =",
        None,
    ),
    (
        "node type A { property n: int }\nnode a: A { properties { n = 1 } }",
        "E1007 3:13",
        &["write `name = value`"],
        "properties =",
        None,
    ),
    (
        "node type A\nnode a: A { lifecycle { create = script(\"root.bp\") } }",
        "E1007 3:13",
        &["write `operation lifecycle.create = script("],
        "lifecycle =",
        None,
    ),
    (
        "workflow w() {\n  wait 1s\n  on error { wait 2s }\n}",
        "E1007 4:3",
        &["write `on failure { … }`"],
        "",
        Some("workflow w() {\n  wait 1s\n  on failure { wait 2s }\n}"),
    ),
    (
        "workflow w() {\n  wait 1s\n  on_failure { wait 2s }\n}",
        "E1007 4:3",
        &["write `on failure { … }`"],
        "",
        Some("workflow w() {\n  wait 1s\n  on failure { wait 2s }\n}"),
    ),
];

/// Values, and what is named in their place.
const VALUES: &[Form] = &[
    (
        "input a: string?\noutput o: string = a || \"x\"",
        "E1007 3:22",
        &["write `??`"],
        "",
        Some("input a: string?\noutput o: string = a ?? \"x\""),
    ),
    (
        "input a: int = 1\noutput o: bool = a > 1 || a < 0",
        "E1007 3:24",
        &["write `or`"],
        "",
        Some("input a: int = 1\noutput o: bool = a > 1 or a < 0"),
    ),
    (
        "input a: string?\ninput b: string = \"\"\noutput o: string = a || b",
        "E1007 4:22",
        &["write `or` between conditions, and `??`"],
        "",
        None,
    ),
    ("node a: tosca.nodes.Compute", "E2013 2:9", &["write `Compute`"], "", Some("node a: Compute")),
    (
        "relationship type R extends tosca.relationships.ConnectsTo",
        "E2013 2:29",
        &["write `ConnectsTo`"],
        "",
        Some("relationship type R extends ConnectsTo"),
    ),
    (
        "node a: tosca.nodes.Gone",
        "E2013 2:9",
        &["`use \"./tosca/nodes.bp\" as nodes`, and write `nodes.Gone`"],
        "",
        None,
    ),
    (
        "output o: size = 20G",
        "E1009 2:18",
        &["`20GB` for 20 times 10^9 bytes, `20GiB` for 20 times 2^30"],
        "",
        None,
    ),
    (
        "output o: size = 5k",
        "E1009 2:18",
        &["`5kB` for 5 times 10^3 bytes, `5KiB` for 5 times 2^10"],
        "",
        None,
    ),
    (
        "const q = \"kubernetes\"\nnode type A { provider = q }",
        "E4016 3:26",
        &["write its name between quotes: `provider = \"kubernetes\"`"],
        "constant",
        None,
    ),
];

/// Names with letters of other alphabets.
const NAMES: &[Form] = &[
    (
        "input café: int\noutput o: int = café + 1\noutput p: string = \"a café: ${café}\"",
        "E1001 2:7",
        &[
            "`café` is no name: names have letters of ASCII, digits and `_` only",
            "call it `cafe`, here and wherever",
        ],
        "string",
        Some("input cafe: int\noutput o: int = cafe + 1\noutput p: string = \"a café: ${cafe}\""),
    ),
    (
        "input а: int\noutput o: int = а",
        "E1001 2:7",
        &["`а` is no name", "write `a`: it only looks the same"],
        "",
        Some("input a: int\noutput o: int = a"),
    ),
    (
        "input a: int\noutput o: int = а",
        "E1001 3:17",
        &["`а` is no name", "write `a`: it only looks the same"],
        "",
        Some("input a: int\noutput o: int = a"),
    ),
    (
        "node Straße: Root\nnode type A { requires up: Root }\nnode a: A { up -> Straße }",
        "E1001 2:6",
        &["`Straße` is no name", "call it `strasse`"],
        "",
        Some("node strasse: Root\nnode type A { requires up: Root }\nnode a: A { up -> strasse }"),
    ),
    (
        "node straße: Root\nnode type A { requires up: Root }\nnode a: A { up -> straße }",
        "E1001 2:6",
        &["call it `strasse`"],
        "",
        Some("node strasse: Root\nnode type A { requires up: Root }\nnode a: A { up -> strasse }"),
    ),
    (
        "node type A { property größe: int }\nnode a: A { größe = 3 }\noutput o: int = a.größe",
        "E1001 2:24",
        &["call it `groesse`"],
        "",
        Some(
            "node type A { property groesse: int }\nnode a: A { groesse = 3 }\noutput o: int = a.groesse",
        ),
    ),
    (
        "node type Größe\nnode a: Größe",
        "E1001 2:11",
        &["call it `Groesse`"],
        "",
        Some("node type Groesse\nnode a: Groesse"),
    ),
    (
        "input 🚀: int\noutput o: int = 🚀",
        "E1001 2:7",
        &["`🚀` is no name", "give it a name of the letters `a` to `z`"],
        "string =",
        None,
    ),
    (
        "fn f(größe: int) -> int = größe * 2\noutput o: int = f(2)",
        "E1001 2:6",
        &["call it `groesse`"],
        "",
        Some("fn f(groesse: int) -> int = groesse * 2\noutput o: int = f(2)"),
    ),
    // Between quotes a member may be called so.
    (
        "node type A { property \"größe\": int }\nnode a: A { größe = 3 }",
        "E1001 3:13",
        &["call it `groesse`"],
        "",
        None,
    ),
    // It is called so already.
    (
        "input cafe: int\ninput café: int\noutput o: int = café + cafe",
        "E1001 3:7",
        &["call it `cafe`"],
        "",
        None,
    ),
];

fn wrong(forms: &[Form]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (text, expected, words, never, meant) in forms {
        let files = vec![("root.bp".to_owned(), format!("{HEAD}{text}\n"))];
        let (analysis, _folder) = checked(&files);
        let errors = errors(&analysis);
        let places: Vec<String> = errors.iter().map(|one| placed(&analysis, one)).collect();
        let first = errors.first();
        let told = first.map_or(String::new(), |one| {
            format!("{}\n  {}", one.message, one.help.clone().unwrap_or_default())
        });
        let says = words.iter().all(|word| told.contains(word));
        let fix = first.and_then(|one| one.fix.as_ref());
        let fixed = fix.map(|fix| mended(&analysis, &files, fix));
        let left = fixed.as_ref().map(|files| {
            let (analysis, _folder) = checked(files);
            self::errors(&analysis).iter().map(|one| one.message.clone()).collect::<Vec<_>>()
        });
        let fixed = fixed.map(|files| files.into_iter().map(|(_, text)| text).collect::<String>());
        let is_fixed = fixed == meant.map(|meant| format!("{HEAD}{meant}\n"));
        let is_told = places == [*expected] && says && (never.is_empty() || !told.contains(never));
        if !is_told || !is_fixed || left.as_ref().is_some_and(|left| !left.is_empty()) {
            wrong.push(format!("{text}\n  {places:?}: {told}\n  {fixed:?}\n  {left:?}"));
        }
    }
    wrong
}

fn checked(files: &[(String, String)]) -> (Analysis, tempfile::TempDir) {
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let folder = folder(&files);
    (Analysis::check(&folder.path().join("root.bp")), folder)
}

fn errors(analysis: &Analysis) -> Vec<&Diagnostic> {
    analysis.diagnostics().iter().filter(|one| one.severity == Severity::Error).collect()
}

#[test]
fn no_module_is_named_for_a_type_that_only_begins_like_one_of_its_own() {
    assert_eq!(wrong(TYPES).join("\n\n"), "");
}

#[test]
fn a_comma_too_many_is_told_where_it_stands() {
    assert_eq!(wrong(COMMAS).join("\n\n"), "");
}

#[test]
fn a_name_of_the_wrong_case_is_mended_wherever_it_is_used() {
    assert_eq!(wrong(CASES).join("\n\n"), "");
}

#[test]
fn habits_in_blocks_and_steps_are_told_with_what_is_meant() {
    assert_eq!(wrong(HABITS).join("\n\n"), "");
}

#[test]
fn values_of_other_languages_are_told_with_what_is_meant() {
    assert_eq!(wrong(VALUES).join("\n\n"), "");
}

#[test]
fn a_version_without_quotes_is_no_input() {
    let files = vec![("root.bp".to_owned(), "blueprint x { version = v }\n".to_owned())];
    let (analysis, _folder) = checked(&files);
    let told: Vec<_> = errors(&analysis).iter().map(|one| one.help.clone()).collect();
    assert_eq!(told, [Some("write the version between quotes: `version = \"1.0.0\"`".to_owned())]);
}

#[test]
fn a_name_of_other_letters_is_one_mistake_and_is_mended_everywhere() {
    assert_eq!(wrong(NAMES).join("\n\n"), "");
}
