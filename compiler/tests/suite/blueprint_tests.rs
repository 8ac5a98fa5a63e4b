//! Tests of blueprints: what is wrong with them, and what they find.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::Diagnostic;
use bp_compiler::testing::{Suite, obstacles};

/// Boxes: one in `dev`, three in `prod`, and on each cluster that is for the shop.
pub(crate) const BOXES: &str = r#"blueprint boxes { version = "1.0.0" }
use std.kubernetes as k8s
input env: "dev" | "prod"
input size: int = 2 where self in 1..20 else "a box has a size of 1 to 20"
secret key: string where length(self) >= 8 else "the key has at least 8 characters"
select shops: k8s.Cluster[0..2] { where = self.labels.tier == "shop" }
node type Box extends Kept {
  property n: int
  property name: string = "box"
  property values: json = {}
  property password: secret string?
  attribute name: string
  attribute url: string
}
node box: Box for i in 1..(if env == "prod" then 3 else 1) { n = i }
node main: Box {
  n = size
  values = { url = box["1"].url, size = size * 2, ...{ of = env } }
  password = key
}
node space: k8s.Namespace for cluster in shops { name = "space", host -> cluster }

/// What something reports of.
node type Kept { provider = "noop" }
"#;

use crate::common::placed;

/// `east` and `west` are for the shop, `north` is not.
pub(crate) const CLUSTERS: &str = r#"{ clusters = [
    { name = "east", labels = { tier = "shop", region = "eu" }, version = "1.29.1" },
    { name = "west", labels = { tier = "shop" } },
    { name = "north", labels = { tier = "lab" } },
  ] }"#;

pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn with(text: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("root.bp", text);
        folder
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.0.path().join("root.bp")
    }

    pub(crate) fn bpc(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_bpc"))
            .args(arguments)
            .current_dir(self.0.path())
            .env("LC_ALL", "C.UTF-8")
            .env_remove("NO_COLOR")
            .output()
            .unwrap()
    }
}

fn said(analysis: &Analysis, diagnostics: &[Diagnostic]) -> Vec<String> {
    let place = |d: &Diagnostic| placed(analysis, d);
    diagnostics.iter().map(place).collect()
}

/// What a program wrote.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What is found by each test of a text: nothing where it passed.
pub(crate) fn found(text: &str) -> Vec<Vec<Diagnostic>> {
    let folder = Folder::with(text);
    let analysis = Analysis::load(&folder.root());
    let wrong: Vec<Diagnostic> = obstacles(&analysis);
    assert!(wrong.is_empty(), "{text}\n{wrong:?}");
    let suite = Suite::new(&analysis).unwrap();
    analysis.tests().iter().map(|test| suite.run(test)).collect()
}

/// Nodes with a capability, and nodes that require two of these in each way that can be written.
const SEVERAL: &str = r#"blueprint several { version = "1.0.0" }
capability type Port { property n: int }
node type Box {
  property n: int
  capability port: Port { n = self.n }
}
node type User { requires ports: Port[0..] }
node one: Box { n = 1 }
node two: Box { n = 2 }
node maybe: Box if false { n = 3 }
node box: Box for i in 4..5 { n = i }
node listed: User { ports -> [one, two] }
node all: User { ports -> box }
node taken: User { ports -> box[*] }
node few: User { ports -> [b for b in box if b.n > 4] }
node none: User { ports -> [maybe] }
"#;

#[test]
fn what_requires_capabilities_takes_them_of_the_nodes_that_it_names() {
    for (node, numbers) in [
        ("listed", "[1, 2]"),
        ("all", "[4, 5]"),
        ("taken", "[4, 5]"),
        ("few", "[5]"),
        ("none", "[]"),
    ] {
        let test = format!("{SEVERAL}test \"t\" {{ assert {node}.ports[*].n == {numbers} }}");
        let found = found(&test);
        assert!(found.iter().all(Vec::is_empty), "{node}: {found:?}");
    }
}

#[test]
fn a_choice_among_many_takes_the_first_that_fits() {
    let mut text = "blueprint many { version = \"1.0.0\" }\nnode type H { property size: int }\nnode type A { requires host: H }\n".to_owned();
    for i in 10..40 {
        let _ = write!(
            text,
            "node h{i}: H {{ size = {i} }}\nnode a{i}: A {{ host -> H where self.size >= {i} }}\n"
        );
    }
    text.push_str("test \"t\" {\n  assert a10.host == h10\n  assert a27.host.size == 27\n  assert a39.host == h39\n}\n");
    let found = found(&text);
    assert!(found.iter().all(Vec::is_empty), "{found:?}");
}

/// What decides which nodes there are may be a fact of what was there before.
#[test]
fn facts_of_the_inventory_decide() {
    let text = r#"blueprint facts { version = "1.0.0" }
use std.kubernetes as k8s
select cs: k8s.Cluster[0..]
node type A { requires on: k8s.Cluster[0..] }
node a: A for c in cs by c.name if c.labels.tier == "shop"
node b: A for name in cs[*].name
node d: A if any(c in cs, c.labels?.tier == "shop")
node e: A for tier in unique([c.labels.tier for c in cs])
node f: A { on -> [c for c in cs if c.labels?.tier == "shop"] }
node g: k8s.Namespace for p in [{ c = c, n = c.name } for c in cs] by p.n {
  name = "x"
  host -> p.c
}
test "t" {
  inventory = { clusters = [
    { name = "x", labels = { tier = "shop" } },
    { name = "y", labels = { tier = "lab" } },
  ] }
  assert count(a) == 1
  assert count(b) == 2
  assert d != null
  assert count(e) == 2
  assert length(f.on) == 1
  assert count(g) == 2
}
"#;
    let found = found(text);
    assert!(found.iter().all(Vec::is_empty), "{found:?}");
}

/// Elements of the inventory have the properties of their type, as nodes have.
#[test]
fn elements_are_of_their_type() {
    let text = |elements: &str, claim: &str| {
        format!(
            r#"blueprint hosts {{ version = "1.0.0" }}
node type Host {{
  property memory: size
  property n: int = 5 where self > 3
  property twice: int = self.n * 2
  property note: string?
  check self.twice < 100 else "too many of them"
}}
select hs: Host[0..] {{ where = self.memory > 4GiB }}
test "t" {{
  inventory = {{ elements = [{elements}] }}
  assert {claim}
}}
"#
        )
    };
    let one = r#"{ name = "a", type = "Host", memory = "8GiB" }"#;
    for claim in [
        "count(hs) == 1",
        "all(h in hs, h.memory == 8GiB)",
        "all(h in hs, h.n == 5 and h.twice == 10 and h.note == null)",
    ] {
        let found = found(&text(one, claim));
        assert!(found.iter().all(Vec::is_empty), "{claim}: {found:?}");
    }
    for (wrong, why) in [
        (r#"{ name = "a", type = "Host", memory = "8GiB", n = 1 }"#, "self > 3"),
        (r#"{ name = "a", type = "Host", memory = "8GiB", n = 60 }"#, "too many of them"),
    ] {
        let found = found(&text(wrong, "all(h in hs, h.n > 0)"));
        assert!(found[0].iter().any(|d| d.message.contains(why)), "{found:?}");
    }
}

/// What one test of the boxes finds, given what it says after its inventory.
fn of_boxes(body: &str) -> Vec<Diagnostic> {
    let text = format!("{BOXES}test \"t\" {{\n  inventory = {CLUSTERS}\n{body}\n}}\n");
    found(&text).remove(0)
}

fn passes(body: &str) {
    let found = of_boxes(body);
    assert!(found.is_empty(), "{body}\n{found:?}");
}

fn fails(body: &str, code: &str) -> Diagnostic {
    let found = of_boxes(body);
    let [one] = found.as_slice() else { panic!("{body}\n{found:?}") };
    assert_eq!(one.code, code, "{body}\n{found:?}");
    one.clone()
}

#[test]
fn tests_ask_of_nodes_choices_and_requirements() {
    passes("inputs = { env = \"prod\" }\nassert count(box) == 3 else \"three\"");
    passes("inputs = { env = \"dev\" }\nlet all_boxes = count(box)\nassert all_boxes == 1");
    passes("inputs = { env = \"dev\", size = 7 }\nassert main.n == 7 and main.values.size == 14");
    // What repeats a property reads as it is set, since nothing is reported.
    passes("inputs = { env = \"dev\" }\nassert main.name == \"box\" and box[\"1\"].n == 1");
    passes("inputs = { env = \"dev\" }\nassert [c.name for c in shops] == [\"east\", \"west\"]");
    passes("inputs = { env = \"dev\" }\nassert shops[\"east\"].version == \"1.29.1\"");
    passes("inputs = { env = \"dev\" }\nassert shops[\"west\"].version == null");
    passes(
        "inputs = { env = \"dev\" }\nassert space[\"east\"].host.labels.region == \"eu\" and all(s in space, s.name == \"space\")",
    );
    passes("inputs = { env = \"dev\" }\nassert env == \"dev\" and deployment.name == \"boxes\"");
}

#[test]
fn a_failed_assertion_shows_what_is_compared() {
    let found = fails(
        "inputs = { env = \"prod\" }\nassert count(box) == 2 else \"two, not ${count(box)}\"",
        "E7079",
    );
    assert_eq!(found.message, "`count(box) == 2` does not hold: two, not 3");
    assert_eq!(found.label, "is 3: `box[\"1\"]`, `box[\"2\"]`, `box[\"3\"]`");
    assert!(found.related.is_empty(), "a literal says itself what it is: {found:?}");

    let found = fails("inputs = { env = \"dev\" }\nassert 7 == main.n * 2", "E7079");
    assert_eq!(found.related.len(), 1);
    assert_eq!(found.related[0].1, "is 4");

    // Of `and` only the part that does not hold.
    let found =
        fails("inputs = { env = \"dev\" }\nassert main.n == 2 and main.name == \"b\"", "E7079");
    assert_eq!(found.label, "is \"box\"");

    let found = fails("inputs = { env = \"prod\" }\nassert all(b in box, b.n < 2)", "E7079");
    let label = "not of `box[\"2\"]`, `box[\"3\"]`; of `box[\"2\"]` `b.n` is 2";
    assert_eq!(found.label, label);
    let found = fails("inputs = { env = \"prod\" }\nassert any(b in box, b.n > 7)", "E7079");
    assert!(found.label.starts_with("of none of `box[\"1\"]`"), "{found:?}");

    // Of `or` and `not` each thing that is compared, once.
    let dev = "inputs = { env = \"dev\" }\nassert ";
    let found = fails(&format!("{dev}main.n == 3 or main.n == 4 or main.name == \"x\""), "E7079");
    assert_eq!(found.label, "is false: `main.n` is 2, `main.name` is \"box\"");
    let found = fails(&format!("{dev}not (main.n == 2)"), "E7079");
    assert_eq!(found.label, "is false: `main.n` is 2");

    // What is known without the inputs has a value, too.
    let found = fails("inputs = { env = \"dev\" }\nlet m = { a = 1 }\nassert m == {}", "E7079");
    assert_eq!((found.label.as_str(), found.related.len()), ("is { a = 1 }", 0));
    let both = "let m = 3\nassert m == 3 and m * 2 == 7";
    let found = fails(&format!("inputs = {{ env = \"dev\" }}\n{both}"), "E7079");
    assert_eq!(found.label, "is 6");

    let found =
        fails("inputs = { env = \"dev\" }\nassert \"north\" in [c.name for c in shops]", "E7079");
    assert_eq!(found.related[0].1, "is [\"east\", \"west\"]");
}

#[test]
fn what_has_no_answer_says_why() {
    let found = fails("inputs = { env = \"dev\" }\nassert main.values.url == \"x\"", "E7080");
    assert!(found.message.contains("`box[\"1\"]` reports only once"), "{}", found.message);
    let found = fails("inputs = { env = \"dev\" }\nassert box[\"7\"].n == 1", "E7080");
    assert!(found.message.contains("there is no key `7`"), "{}", found.message);
}

#[test]
fn a_refusal_is_a_failure_unless_it_is_expected() {
    let found = fails("inputs = { env = \"dev\", size = 50 }\nassert true", "E3028");
    assert_eq!(found.message, "the input `size`: a box has a size of 1 to 20");
    assert_eq!(found.related[0].1, "in this test");
    passes("inputs = { env = \"dev\", size = 50 }\nassert_fails E3028");
    passes("assert_fails E7081");
    passes("inputs = { env = \"dev\" }\nsecrets = { key = \"short\" }\nassert_fails E3028");
    passes("inputs = { env = \"dev\" }\nsecrets = { key = \"long enough\" }\nassert main.n == 2");
    let found = fails("inputs = { env = \"dev\" }\nassert_fails E7082", "E7089");
    assert!(found.message.contains("is accepted"), "{}", found.message);
    let found = fails("inputs = { env = \"dev\", size = 50 }\nassert_fails E7082", "E7089");
    assert!(found.message.contains("size of 1 to 20 (E3028)"), "{}", found.message);
}

/// A blueprint after its head, what its test gives, and the code that it is refused with.
const REFUSALS: &[(&str, &str, &str)] = &[
    ("input n: int", "", "E7081"),
    ("input n: int = 1 where self > 0", "inputs = { n = 0 }", "E3028"),
    ("input d: int = 1\ninput n: float = 1 / d", "inputs = { d = 0 }", "E3022"),
    ("input d: int = 1\ninput n: int = d * 9223372036854775807", "inputs = { d = 2 }", "E3023"),
    ("input m: map<int> = { a = 1 }\ninput n: int = m.a", "inputs = { m = { b = 1 } }", "E3024"),
    (
        "input xs: list<string> = []\ninput m: map<int> = { x = 1 for x in xs }",
        "inputs = { xs = [\"a\", \"a\"] }",
        "E3025",
    ),
    (
        "input p: string = \"a\"\ninput n: bool = matches(\"a\", p)",
        "inputs = { p = \"(\" }",
        "E3027",
    ),
    (
        "input j: json = 1\nnode type T { property n: int }\nnode t: T { n = j }",
        "inputs = { j = \"x\" }",
        "E3028",
    ),
    (
        "input xs: list<string> = []\nnode r: Root for x in xs",
        "inputs = { xs = [\"a\", \"a\"] }",
        "E4017",
    ),
    ("input n: int = 1\nnode r: Root for x in 1..n", "inputs = { n = 9000000 }", "E4019"),
    // What the type of a capability asks of a property, and of the whole.
    (
        "input p: int = 1\ncapability type Sql { property port: int? where self in 1..9 else \"1 to 9\" }\nnode type Db { capability sql: Sql }\nnode db: Db { sql = { port = p } }\nnode none: Db",
        "inputs = { p = 10 }",
        "E4023",
    ),
    (
        "input p: int = 1\ncapability type Sql {\n  property least: int = 2\n  property most: int\n  check self.least <= self.most\n}\nnode type Db {\n  property most: int\n  capability sql: Sql { most = self.most }\n}\nnode db: Db { most = p * 3 }",
        "inputs = { p = 0 }",
        "E4023",
    ),
    (
        "use std.kubernetes as k8s\nselect s: k8s.Cluster[1..] { where = self.labels.a == \"b\" }",
        "",
        "E7082",
    ),
    (
        "use std.kubernetes as k8s\nselect s: k8s.Cluster[0..1] { }",
        "inventory = { clusters = [{ name = \"a\" }, { name = \"b\" }] }",
        "E7082",
    ),
    (
        "input on: bool = true\nnode type T { requires up: Root[1..] }\nnode b: Root if on\nnode t: T { up -> [x for x in [b] if x != null] }",
        "inputs = { on = false }",
        "E4008",
    ),
    (
        "input n: int = 9\nnode type B { property n: int }\nnode type T { requires up: B where self.n > 3 else \"too small\" }\nnode b: B { n = n }\nnode t: T { up -> b }",
        "inputs = { n = 1 }",
        "E4011",
    ),
    (
        "input n: int = 1\nnode type T {\n  property n: int\n  check self.n < 5 else \"too many\"\n}\nnode t: T { n = n }",
        "inputs = { n = 7 }",
        "E4023",
    ),
    (
        "use std.kubernetes as k8s\nselect s: k8s.Cluster[2..] { }\nnode n: k8s.Namespace {\n  name = \"n\"\n  host -> s[\"a\"]\n}\nnode c: k8s.ConfigMap {\n  name = \"c\"\n  namespace = n.name\n  host -> s[if true then \"b\" else \"a\"]\n  also -> n via HostedOn\n}",
        "inventory = { clusters = [{ name = \"a\" }, { name = \"b\" }] }",
        "E7084",
    ),
    ("secret k: string where length(self) > 3", "secrets = { k = \"ab\" }", "E3028"),
];

#[test]
fn what_only_the_inputs_show_has_the_code_of_the_same_mistake_in_the_source() {
    let mut wrong = Vec::new();
    for (text, given, code) in REFUSALS {
        let text = format!(
            "blueprint x {{ version = \"1.0.0\" }}\n{text}\ntest \"t\" {{\n  {given}\n  assert_fails {code}\n}}\n"
        );
        for found in found(&text).concat() {
            wrong.push(format!("{code}: {} {}\n{text}", found.code, found.message));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A test's body after the boxes (its first line is 28), and what is said of it.
const MISTAKES: &[(&str, &str)] = &[
    ("inputs = { evn = \"dev\" }", "E7071 29:12"),
    ("inputs = { env = \"dev\", key = \"12345678\" }", "E7071 29:25"),
    ("inputs = { env = \"test\" }", "E3036 29:18"),
    ("inputs = { env = \"dev\", size = \"x\" }", "E3002 29:32"),
    ("inputs = { env = \"dev\", env = \"prod\" }", "E4003 29:25"),
    ("inputs = { env = \"dev\" }\nsecrets = { kee = \"x\" }", "E7078 30:13"),
    ("inputs = { env = \"dev\" }\nsecrets = { env = \"x\" }", "E7078 30:13"),
    ("inputs = { size = 1 }\nassert true", "E7081 28:6"),
    ("inputs = { env = \"dev\" }\nassert main.url == \"x\"", "E7072 30:8"),
    ("inputs = { env = \"dev\" }\nassert mian.n == 1", "E3001 30:8"),
    ("inputs = { env = \"dev\" }\nassert main.n", "E3002 30:8"),
    ("inputs = { env = \"dev\" }\nassert main.password == \"x\"", "E3020 30:8"),
    ("inputs = { env = \"dev\" }\nassert true\ninputs = { env = \"dev\" }", "E4003 31:1"),
    ("inputs = { env = \"dev\" }\nassert true\ninput = 1", "E2018 31:1"),
    ("inputs = { env = \"dev\" }\nassert true\nhost -> main", "E2017 31:1"),
    ("inputs = { env = \"dev\" }\nlet env = 1\nassert true", "E3032 30:5"),
    ("inputs = { env = \"dev\" }\nassert_fails E4102", "E7076 30:14"),
    ("inputs = { env = \"dev\" }\nassert true\nassert_fails E7082", "E7077 30:1"),
    ("assert_fails E7082\nassert_fails E7081", "E7077 30:14"),
    ("inputs = { env = \"dev\" }", "W7070 28:6"),
    ("inputs = { env = \"dev\" }\nassert true\ninventory = 7", "E7074 31:13"),
    ("inputs = { env = \"dev\" }\nassert true\ninventory = { cluster = [] }", "E7074 31:15"),
    (
        "inputs = { env = \"dev\" }\nassert true\ninventory = { clusters = [{ name = \"a\" }, { name = \"a\" }] }",
        "E7074 31:52",
    ),
    (
        "inputs = { env = \"dev\" }\nassert true\ninventory = { clusters = [{ name = \"a\", verison = \"1.2.3\" }] }",
        "E7075 31:41",
    ),
    (
        "inputs = { env = \"dev\" }\nassert true\ninventory = { elements = [{ name = \"a\", type = \"Bxo\" }] }",
        "E7075 31:48",
    ),
    (
        "inputs = { env = \"dev\" }\nassert true\ninventory = { clusters = [{ name = \"a\", version = \"x\" }] }",
        "E3028 31:51",
    ),
    ("inputs = { env = \"dev\" }\nassert true\ninventory = file(\"gone.json\")", "W7071 31:18"),
];

#[test]
fn one_mistake_is_one_error_at_its_place() {
    let mut wrong = Vec::new();
    for (body, wanted) in MISTAKES {
        let folder = Folder::with(&format!("{BOXES}\n\n\ntest \"t\" {{\n{body}\n}}\n"));
        let analysis = Analysis::check(&folder.root());
        let found = said(&analysis, analysis.diagnostics());
        if found != [*wanted] {
            let words: Vec<&str> =
                analysis.diagnostics().iter().map(|d| d.message.as_str()).collect();
            wrong.push(format!("{body}\n  wanted {wanted}, found {found:?} {words:?}"));
        }
        for one in analysis.diagnostics() {
            assert!(one.help.is_some() || !one.related.is_empty(), "{}: no help", one.code);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_missing_inventory_fails_its_tests_and_nothing_else() {
    let test = |name: &str| {
        format!(
            "test \"{name}\" {{\n  inputs = {{ env = \"dev\" }}\n  inventory = file(\"gone.json\")\n  assert true\n}}\n"
        )
    };
    let folder = Folder::with(&format!("{BOXES}\n{}{}", test("one"), test("two")));
    let compiled = folder.bpc(&["compile", "root.bp"]);
    assert_eq!(compiled.status.code(), Some(0), "{}", text(&compiled.stderr));
    assert_eq!(text(&compiled.stderr).matches("gone.json\" can't be read").count(), 1);
    let output = folder.bpc(&["test", "--message-format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout).matches("\"E3039\"").count(), 2, "{}", text(&output.stdout));
}

#[test]
fn two_tests_have_two_names_and_need_a_blueprint() {
    let test = "test \"t\" { inputs = { env = \"dev\" }, assert true }\n";
    let folder = Folder::with(&format!("{BOXES}{test}{test}"));
    let analysis = Analysis::check(&folder.root());
    assert_eq!(said(&analysis, analysis.diagnostics()), ["E2006 26:6"]);
    let folder = Folder::with("node type T\ntest \"t\" { assert true }\n");
    let analysis = Analysis::check(&folder.root());
    assert_eq!(said(&analysis, analysis.diagnostics()), ["E2010 2:6"]);
}

#[test]
fn an_inventory_is_a_file_too_and_its_mistakes_stand_in_it() {
    let text = format!(
        "{BOXES}test \"t\" {{\n  inputs = {{ env = \"dev\" }}\n  inventory = file(\"tests/all.yaml\")\n  assert count(shops) == 1\n}}\n"
    );
    let folder = Folder::with(&text);
    folder.write("tests/all.yaml", "clusters:\n  - name: a\n    labels: { tier: shop }\n");
    let analysis = Analysis::load(&folder.root());
    let suite = Suite::new(&analysis).unwrap();
    assert_eq!(suite.run(&analysis.tests()[0]), []);
    // It is no part of the plan.
    assert!(analysis.artifacts().is_empty());

    folder.write("tests/all.yaml", "clusters:\n  - name: a\n    lables: { tier: shop }\n");
    let analysis = Analysis::load(&folder.root());
    let [one] = analysis.diagnostics() else { panic!("{:?}", analysis.diagnostics()) };
    let file = analysis.sources().file(one.place.file).unwrap();
    assert!(file.path().ends_with("tests/all.yaml"), "{}", file.path());
    assert_eq!((one.code, file.position(one.place.span.start).line), ("E7074", 3));

    folder.write("tests/all.yaml", "clusters: [\n");
    let analysis = Analysis::load(&folder.root());
    assert_eq!(analysis.diagnostics().len(), 1, "{:?}", analysis.diagnostics());
    assert_eq!(analysis.diagnostics()[0].code, "E7074");
}

#[test]
fn choices_are_made_among_other_things_than_clusters() {
    let text = r#"blueprint x { version = "1.0.0" }
node type Host { attribute memory: size, attribute zone: string? }
node type Big extends Host { attribute gpu: int }
node type App { requires host: Host via HostedOn where self.memory >= 2GiB else "it is small" }
select hosts: Host[1..] { where = self.memory >= 4GiB }
node app: App for h in hosts { host -> h }
test "hosts" {
  inventory = { elements = [
    { name = "a", type = "Host", memory = "8GiB" },
    { name = "b", type = "Host", memory = "1GiB" },
    { name = "c", type = "Host", memory = "4GiB", zone = "z" },
  ] }
  assert keys(app) == ["a", "c"]
  assert app["c"].host.zone == "z" and app["a"].host.zone == null
}
"#;
    assert_eq!(found(text), [[]]);
}

#[test]
fn a_nodes_labels_are_read() {
    let text = "blueprint t {\n  version = \"1.0.0\"\n  labels = { shop = \"s\" }\n}\ninput x: string = \"y\"\nnode type A { property p: string? }\nnode a: A { labels = { x = x } }\nnode b: A for i in [\"k\"] { p = a.labels.x, labels = { i = i } }\nnode c: A\ntest \"t\" {\n  assert a.labels.x == \"y\" and b[\"k\"].labels.i == \"k\" and b[\"k\"].p == \"y\"\n  assert a.labels.shop == \"s\" and (c.labels?.x ?? \"-\") == \"-\"\n}\n";
    assert_eq!(found(text), [[]]);
}

/// What a blueprint needs of whoever uses it is met by nobody in its tests.
#[test]
fn what_needs_something_of_who_uses_the_blueprint_stays_open() {
    let text = r#"blueprint part { version = "1.0.0" }
capability type Disk { property free: size = 1GiB }
node type Host { property zone: string = "a", capability disk: Disk }
requires host: Host where self.zone == "a"
requires disks: Disk[1..]
relationship type On extends HostedOn { property zone: string }
node type S {
  property n: int
  property zone: string
  requires host: Host via On where self.zone != "b"
  requires disks: Disk[1..]
}
node s: S for i in 1..2 {
  n = i
  zone = host.zone
  host -> host via On { zone = host.zone }
  disks -> disks
}
group type Pair { members: Host[1..2], check length(self.members) < 3 }
group inner: Group { members = [host] }
group outer: Pair { members = [inner] }
test "other things are known" {
  assert count(s) == 2
  assert s["2"].n == 2
}
test "it is not" { assert s["1"].host.zone == "a" }
test "nor is who is in a group" { assert length(outer.members) == 1 }
"#;
    let found = found(text);
    assert_eq!(found[0], []);
    for found in &found[1..] {
        let [open] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(open.code, "E7080");
        assert!(open.message.contains("whoever uses the blueprint gives for `disks` or `host`"));
    }
}

/// What the `where` of a target says of the names of the node's loop is held against each instance.
#[test]
fn a_target_is_asked_about_the_names_of_the_loop() {
    let head = "blueprint t { version = \"1.0.0\" }\ninput kind: string = \"x\"\nnode type H { property z: string }\nnode type A { requires h: H }\nnode h: H { z = kind }\n";
    for target in ["h", "H"] {
        let text = format!(
            "{head}node a: A for s in [\"x\"] {{\n  let want = \"${{s}}\"\n  h -> {target} where self.z == s and self.z == want\n}}\ntest \"fits\" {{ assert a[\"x\"].h.z == \"x\" }}\ntest \"not\" {{\n  inputs = {{ kind = \"y\" }}\n  assert count(a) == 1\n}}\n"
        );
        let found = found(&text);
        assert_eq!(found[0], [], "{target}");
        let code = if target == "h" { "E4011" } else { "E4008" };
        assert_eq!(found[1].iter().map(|d| d.code).collect::<Vec<_>>(), [code], "{:?}", found[1]);
    }
}

#[test]
fn the_examples_test_themselves() {
    let blueprints = Path::new(env!("CARGO_MANIFEST_DIR")).join("../blueprints");
    for example in ["hello-fleet/hello.bp", "shop/shop.bp"] {
        let analysis = Analysis::load(&blueprints.join(example));
        assert_eq!(said(&analysis, &obstacles(&analysis)), Vec::<String>::new(), "{example}");
        let suite = Suite::new(&analysis).unwrap();
        assert!(analysis.tests().len() >= 4, "{example}");
        for test in analysis.tests() {
            let found = suite.run(test);
            assert!(found.is_empty(), "{example}: {}: {found:?}", test.name());
        }
    }
}

/// What a blueprint inside exposes follows from its inputs; what does not is told once it is there.
#[test]
fn an_exposed_capability_is_read_as_far_as_inputs_decide() {
    let inner = "blueprint db { version = \"1.0.0\" }\ncapability type Sql {\n  property port: int\n  property name: string = \"main\"\n  property address: string\n}\nnode type Server {\n  property port: int = 5432\n  attribute address: string\n  capability sql: Sql { port = self.port + 1, address = self.address }\n  provider = \"noop\"\n}\ninput port: int = 10\nnode primary: Server { port = port * 2 }\nexpose sql = primary.sql\n";
    let test = |asserted: &str| {
        let folder = Folder::with(&format!(
            "blueprint top {{ version = \"1.0.0\" }}\nuse \"./db.bp\" as db\ninput given: int = 3\nnode d: db.Blueprint {{ port = given }}\nnode plain: db.Blueprint\nnode type App {{ property port: int, property url: string }}\nnode app: App {{\n  port = d.sql.port\n  url = \"sql://${{d.sql.address}}\"\n}}\ntest \"t\" {{\n  assert {asserted}\n}}\n"
        ));
        folder.write("db.bp", inner);
        let analysis = Analysis::load(&folder.root());
        assert!(obstacles(&analysis).is_empty(), "{:?}", obstacles(&analysis));
        Suite::new(&analysis).unwrap().run(&analysis.tests()[0])
    };
    for holds in
        ["d.sql.port == 7", "app.port == 7", "d.sql.name == \"main\"", "plain.sql.port == 21"]
    {
        assert!(test(holds).is_empty(), "{holds}: {:?}", test(holds));
    }
    let found = test("d.sql.address == \"x\"");
    assert!(found.len() == 1 && found[0].code == "E7080", "{found:?}");
}

/// Of a collection inside, what is exposed is that of the one with this key.
#[test]
fn an_exposed_capability_of_a_loop_is_read_as_far_as_it_is_known() {
    let inner = "blueprint db { version = \"1.0.0\" }\ncapability type Sql {\n  property port: int\n  property name: string\n}\nnode type Server {\n  property port: int = 5432\n  property name: string\n  capability sql: Sql { port = self.port + 1, name = self.name }\n}\ninput base: int = 10\ninput names: list<string> = [\"a\"]\nnode plain: Server for k in [\"a\", \"b\"] { name = \"db-${k}\" }\nnode own: Server for k, n in { a = 1, b = 2 } { name = k, port = base * n, sql = { port = n } }\nnode late: Server for n in names { name = n, port = base }\nexpose first = plain[\"a\"].sql\nexpose second = own[\"b\"].sql\nexpose late = late[\"a\"].sql\n";
    let test = |asserted: &str| {
        let folder = Folder::with(&format!(
            "blueprint top {{ version = \"1.0.0\" }}\nuse \"./db.bp\" as db\nnode d: db.Blueprint {{ base = 3 }}\ntest \"t\" {{\n  assert {asserted}\n}}\n"
        ));
        folder.write("db.bp", inner);
        let analysis = Analysis::load(&folder.root());
        assert!(obstacles(&analysis).is_empty(), "{:?}", obstacles(&analysis));
        Suite::new(&analysis).unwrap().run(&analysis.tests()[0])
    };
    for holds in [
        "d.first.port == 5433",
        "d.first.name == \"db-a\"",
        "d.second.port == 2 and d.second.name == \"b\"",
        "d.late.port == 4",
    ] {
        assert!(test(holds).is_empty(), "{holds}: {:?}", test(holds));
    }
    // Which names there are is not known outside.
    let found = test("d.late.name == \"a\"");
    assert!(found.len() == 1 && found[0].code == "E7080", "{found:?}");
}
