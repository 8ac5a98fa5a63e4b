//! Mistakes of names, types' bodies, nodes and files: each gives one error, at its place; every code
//! has a test.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::path::Path;

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::{Diagnostic, Severity};

const HEAD: &str = "blueprint x { version = \"1.0.0\" }\n";

/// What stands after a blueprint's head (line 1), and what is said: `CODE LINE:COLUMN`.
const MISTAKES: &[(&str, &str)] = &[
    // Names.
    ("use std.kubernets", "E2001 2:5"),
    ("use \"./gone.bp\"", "E2002 2:5"),
    ("use \"../gone.bp\"", "E2003 2:5"),
    ("const a = 1\nconst a = 2", "E2006 3:7"),
    ("node type T\nnode type T", "E2006 3:11"),
    ("fn f() -> int = 1\nfn f() -> int = 2", "E2006 3:4"),
    ("output a: int = 1\noutput a: int = 2", "E2006 3:8"),
    ("const k8s = 1\nuse std.kubernetes as k8s\noutput o: int = k8s", "E2007 3:23"),
    ("use std.kubernetes { Depolyment }", "E2008 2:22"),
    ("use std.kubernetes as k8s", "W2009 2:23"),
    ("blueprint y { version = \"1.0.0\" }", "E2011 2:11"),
    ("node a: Compue", "E2013 2:9"),
    ("node a: Deployment", "E2013 2:9"),
    // What a type has beside its own members, nobody can say where what it extends is not known.
    (
        "node type T extends Gone { property a: int, fixed b = 1, operation lifecycle.create = script(\"root.bp\") }\nnode b: Root\nnode t: T { a = 1, c = 2, up -> b, sql = { port = 1 } }\nnode u: T { a = t.made, after -> t }\nworkflow w() { call t.more.go { x = 1 } }\noutput o: int = u.up.rank",
        "E2013 2:21",
    ),
    ("node type T extends Gone { property a: int }\nnode t: T { a = 1, c = 2 }", "E2013 2:21"),
    (
        "node type A { property m: int = 1 }\nnode type B extends Gone\nnode type C extends B\nnode type R { requires a: A }\nnode c: C { m = 3 }\nnode r: R { a -> c }",
        "E2013 3:21",
    ),
    (
        "data type D extends Gone { a: int = 1 }\nnode type T { property d: D }\nnode t: T { d = { b = 2 } }\noutput o: int = t.d.b",
        "E2013 2:21",
    ),
    (
        "relationship type R extends Gone { property lag: int = 1 }\nnode type T { requires up: Root via R }\nnode b: Root\nnode t: T { up -> b via R { other = 2 } }",
        "E2013 2:29",
    ),
    (
        "policy type P extends Gone { targets: Root[1..] }\nnode b: Root\npolicy p: P { targets = [b], waves = [1] }",
        "E2013 2:23",
    ),
    (
        "node type A extends B { property a: int = 1 }\nnode type B extends A\nnode a: A { b = 1 }\noutput o: int = a.c",
        "E2015 2:21",
    ),
    ("policy a: Compute", "E2014 2:11"),
    ("node type A extends B\nnode type B extends A", "E2015 2:21"),
    ("node type A { property a: int = 1, property a: int = 2 }", "E2016 2:45"),
    ("data type D {\n  a: int\n  a: int\n}", "E2016 4:3"),
    ("data type D { requires a: Compute }", "E2017 2:15"),
    ("node type T { prvider = \"noop\" }", "E2018 2:15"),
    ("select s: Compute[0..] { wher = true }", "E2018 2:26"),
    ("const a = b\nconst b = a", "E2019 2:7"),
    ("fn f() -> int = g()\nfn g() -> int = f()", "E2020 2:4"),
    ("data type D { inner: D }", "E2021 2:22"),
    ("node type T {\n  @replce\n  property a: int = 1\n}", "E2022 3:3"),
    // Nodes and types.
    ("node type T { property size: int = 1 }\nnode a: T { sise = 2 }", "E4001 3:13"),
    ("node type T { property size: int }\nnode a: T", "E4002 3:6"),
    ("node type T { property a: int }\nnode a: T { ...7 }", "E3018 3:16"),
    ("node type T { property a: int }\nnode a: T { ...{ b = 1 } }", "E4001 3:16"),
    ("node type T { property a: int }\nnode a: T {\n  a = 1\n  a = 2\n}", "E4003 5:3"),
    (
        "node type T { property a: int }\nnode type U extends T { fixed a = 1 }\nnode a: U { a = 1 }",
        "E4004 4:13",
    ),
    ("node type T { requires up: Root[0..1] }\nnode b: Root\nnode a: T { upp -> b }", "E4005 4:13"),
    ("node type T { requires up: T[0..1] }\nnode b: Root\nnode a: T { up -> b }", "E4006 4:19"),
    (
        "input on: bool = true\nnode type T { requires up: Root }\nnode b: Root if on\nnode a: T { up -> b }",
        "E4006 5:19",
    ),
    (
        "capability type C\nnode type T {\n  capability a: C\n  capability b: C\n  requires c: C[0..1]\n}\nnode t: T\nnode a: T { c -> t }",
        "E4007 9:18",
    ),
    ("node type T { requires up: Root }\nnode a: T", "E4008 3:6"),
    (
        "node type T { requires up: Root[0..1] }\nnode b: Root\nnode a: T { up -> [b, b] }",
        "E4009 4:19",
    ),
    (
        "node type T { requires up: Root[0..1] via HostedOn }\nnode b: Root\nnode a: T { up -> b via ConnectsTo }",
        "E4010 4:25",
    ),
    (
        "node type T {\n  property n: int = 1\n  requires up: T[0..1] where self.n > source.n else \"too small\"\n}\nnode b: T\nnode a: T { up -> b }",
        "E4011 7:19",
    ),
    (
        "node type A { property m: int = 1 }\nnode type B extends A { property m: string = \"\" }",
        "E4012 3:37",
    ),
    ("node type A { property m: int = 7 where self < 5 }", "E4013 2:33"),
    (
        "node type A { property m: int = 4 where self < 50 }\nnode type B extends A { property m: int where self > 4 }",
        "E4013 3:34",
    ),
    (
        "node type T {\n  attribute out: string\n  property v: string = \"\"\n}\nnode a: T { v = b.out }\nnode b: T { v = a.out }",
        "E4014 6:17",
    ),
    ("node type T { property v: int }\nnode a: T { v = b.v }\nnode b: T { v = a.v }", "E4015 3:17"),
    ("node type T { attribute up: bool }\nnode b: T\nnode a: T if b.up", "E4016 4:14"),
    (
        "node type T { attribute up: bool }\nnode b: T\nconst c = not b.up\nnode a: T if c",
        "E4016 5:14",
    ),
    (
        "node type T { attribute up: bool }\nnode b: T\nconst c = b.up\nselect s: Compute[0..] { where = c }",
        "E4016 5:34",
    ),
    ("node a: Root for x in [\"k\", \"k\"]", "E4017 2:23"),
    ("node a: Root for x in [[1], [2]]", "E4018 2:23"),
    ("node a: Root for x in 1..5000000", "E4019 2:23"),
    ("abstract node type T\nnode a: T", "E4020 3:9"),
    ("select s: Compute[3..2] { }", "E4022 2:18"),
    (
        "node type T {\n  property a: int = 1\n  property b: int = 1\n  check self.a < self.b else \"a is below b\"\n}\nnode t: T { a = 5 }",
        "E4023 7:6",
    ),
    (
        "node type T { requires up: Root[0..2] }\nnode b: Root\nnode a: T {\n  up -> b\n  up -> b\n}",
        "E4024 6:3",
    ),
    ("node type T { attribute id: string }\nnode a: T { id = \"x\" }", "E4025 3:13"),
];

fn analyse(text: &str) -> (Analysis, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.bp");
    std::fs::write(&path, text).unwrap();
    (Analysis::load(&path), folder)
}

fn said(analysis: &Analysis, diagnostics: &[Diagnostic]) -> Vec<String> {
    let place = |d: &Diagnostic| {
        let at = analysis.sources().file(d.place.file).unwrap().position(d.place.span.start);
        format!("{} {}:{}", d.code, at.line, at.column)
    };
    diagnostics.iter().map(place).collect()
}

#[test]
fn one_mistake_is_one_error_at_its_place() {
    let mut wrong = Vec::new();
    for (text, wanted) in MISTAKES {
        let (analysis, _folder) = analyse(&format!("{HEAD}{text}\n"));
        let found = said(&analysis, analysis.diagnostics());
        if found != [*wanted] {
            let words: Vec<&str> =
                analysis.diagnostics().iter().map(|d| d.message.as_str()).collect();
            wrong.push(format!("{text}\n  wanted {wanted}, found {found:?} {words:?}"));
        }
        for diagnostic in analysis.diagnostics() {
            assert!(
                diagnostic.help.is_some() || !diagnostic.related.is_empty(),
                "{}: no help",
                diagnostic.code
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Several files, by name; the first is the root.
fn package(files: &[(&str, &str)]) -> (Analysis, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    (Analysis::load(&folder.path().join(files[0].0)), folder)
}

fn in_package(files: &[(&str, &str)]) -> Vec<String> {
    let (analysis, _folder) = package(files);
    let name = |d: &Diagnostic| {
        let module = &analysis.sources().modules[d.place.file.0 as usize];
        let at = module.source.position(d.place.span.start);
        format!("{} {} {}:{}", d.code, module.path, at.line, at.column)
    };
    analysis.diagnostics().iter().map(name).collect()
}

#[test]
fn files_use_files() {
    let root = "blueprint x { version = \"1.0.0\" }\nuse \"./net/sizes.bp\" as sizes\nuse \"./kinds.bp\" { Box, small }\nnode a: Box {\n  size = sizes.large + small\n}\n";
    let kinds = "use std.kubernetes as k8s\nconst small = 1\nnode type Box {\n  property size: int\n  requires host: k8s.Cluster[0..1] via HostedOn\n}\n";
    let sizes = "const large = 5\n";
    let files = [("root.bp", root), ("kinds.bp", kinds), ("net/sizes.bp", sizes)];
    let (analysis, _folder) = package(&files);
    assert_eq!(said(&analysis, analysis.diagnostics()), Vec::<String>::new());
    let plan = analysis.plan().unwrap();
    assert_eq!(plan.nodes["a"].kind, "kinds.Box");
    assert_eq!(plan.nodes["a"].properties["size"].value, bp_plan::Expr::Value(6.into()));
    assert!(plan.sources.iter().any(|source| source.path == "net/sizes.bp"));
}

#[test]
fn mistakes_of_a_package_stand_in_their_files() {
    let head = "blueprint x { version = \"1.0.0\" }\n";
    let using = |rest: &str| format!("{head}use \"./a.bp\"\n{rest}");
    let ring = in_package(&[
        ("root.bp", &using("output o: int = a.one\n")),
        ("a.bp", "use \"./b.bp\"\nconst one = b.two\n"),
        ("b.bp", "use \"./a.bp\"\nconst two = 2\nconst three = a.one\n"),
    ]);
    assert_eq!(ring, ["E2004 a.bp 1:1"]);
    let node = in_package(&[("root.bp", &using("")), ("a.bp", "node n: Root\n")]);
    assert_eq!(node, ["W2009 root.bp 2:5", "E2010 a.bp 1:6"]);
    let twice = in_package(&[
        ("root.bp", &format!("{head}use \"./a.bp\" {{ T }}\nnode type T\nnode n: T\n")),
        ("a.bp", "node type T\n"),
    ]);
    assert_eq!(twice, ["E2007 root.bp 2:16"]);
    let theirs = in_package(&[
        ("root.bp", &using("output o: int = a.one\n")),
        ("a.bp", "const one = 1 + true\n"),
    ]);
    assert_eq!(theirs.len(), 1, "{theirs:?}");
    assert!(theirs[0].contains("a.bp 1:"), "{theirs:?}");
}

#[test]
fn a_blueprint_has_a_version_and_a_plan_a_blueprint() {
    let (analysis, _folder) = analyse("blueprint x { }\n");
    assert_eq!(said(&analysis, analysis.diagnostics()), ["E4021 1:11"]);
    let (analysis, _folder) = analyse("node type T\n");
    assert!(analysis.diagnostics().is_empty() && analysis.plan().is_none());
    assert_eq!(said(&analysis, analysis.unplanned()), ["E2012 1:1"]);
}

#[test]
fn fixes_mend() {
    let mut mended = 0;
    for (text, _) in MISTAKES {
        let text = format!("{HEAD}{text}\n");
        let (analysis, _folder) = analyse(&text);
        let Some(fix) = analysis.diagnostics().iter().find_map(|d| d.fix.clone()) else { continue };
        let mut edits = fix.edits;
        edits.sort_by_key(|(place, _)| std::cmp::Reverse(place.span.start));
        let mut fixed = text.clone();
        for (place, new) in edits {
            fixed.replace_range(place.span.start as usize..place.span.end as usize, &new);
        }
        let (analysis, _folder) = analyse(&fixed);
        let code = |d: &Diagnostic| (d.severity == Severity::Error).then_some(d.code);
        // A type that is now found may ask for more; the mistake itself is gone.
        let left: BTreeSet<_> = analysis.diagnostics().iter().filter_map(code).collect();
        assert!(
            left.is_disjoint(&BTreeSet::from([
                "E2001", "E2008", "E2013", "E2018", "E4001", "E4005"
            ])),
            "{text}\n{fixed}\n{left:?}"
        );
        mended += 1;
    }
    assert!(mended >= 5, "only {mended} had a fix");
}

#[test]
fn every_code_has_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnostics");
    let tests =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes.rs"))
            .unwrap();
    // Needs 10,000 files; shows a defect of the compiler; a file that can't be written is the command line's.
    let elsewhere = ["E2005", "E7003", "E7004"];
    let mut missing = Vec::new();
    for file in ["names.rs", "topology.rs", "plan.rs"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        for (at, _) in text.match_indices("\"E").chain(text.match_indices("\"W")) {
            let code = &text[at + 1..at + 6];
            let is_code =
                code[1..].chars().all(|c| c.is_ascii_digit()) && text[at + 6..].starts_with('"');
            if is_code && !tests.contains(&format!("{code} ")) && !elsewhere.contains(&code) {
                missing.push(code.to_owned());
            }
        }
    }
    assert!(missing.is_empty(), "no test for {missing:?}");
}

#[test]
fn what_is_known_too_late_names_both_places() {
    let text = format!(
        "{HEAD}node type T {{ attribute up: bool }}\nnode b: T\nconst c = not b.up\nnode a: T if c\n"
    );
    let (analysis, _folder) = analyse(&text);
    let [error] = analysis.diagnostics() else { panic!("{:?}", analysis.diagnostics()) };
    let notes: Vec<&str> = error.related.iter().map(|(_, note)| note.as_str()).collect();
    assert_eq!(notes, ["`up` is reported, once `b` is there"]);
}

#[test]
fn help_can_be_followed() {
    let help = |text: &str| {
        let (analysis, _folder) = analyse(&format!("{HEAD}{text}\n"));
        let [error] = analysis.diagnostics() else {
            panic!("{text}: {:?}", analysis.diagnostics())
        };
        error.help.clone().unwrap()
    };
    // What stands in a library can't be declared otherwise.
    let own = "secret p: string\nnode type T { property x: string }\nnode a: T { x = p }";
    assert!(help(own).contains("declare what takes it"), "{}", help(own));
    let library = "secret p: string\nnode type T\nnode a: T { labels = { x = p } }";
    assert!(help(library).starts_with("leave the secret out"), "{}", help(library));
    let cron = "use std.schedule\nworkflow w() { wait 1s }\npolicy g: schedule.Cron { cron = \"0 25 * * *\", run = w }";
    assert!(!help(cron).contains("cron_form"), "{}", help(cron));
    let prefer = "node type T { property x: int }\nselect s: T[0..] { prefer = self.x }";
    assert!(help(prefer).contains("least(self.x)"), "{}", help(prefer));
}
