//! What an editor is told: `$0` is the cursor.

use std::path::{Path, PathBuf};

use bp_compiler::analysis::Analysis;
use bp_compiler::ide::{self, Completion, Completions, Hover, Symbol};
use bp_compiler::source::{FileId, SourceFile};
use bp_compiler::syntax;

const ROOT: &str = "/nowhere/shop.bp";

/// What every text begins with.
const HEAD: &str = r#"
blueprint shop {
  version = "1.0.0"
}

use std.kubernetes as k8s
use "./sizes.bp" as sizes

/// Where it runs.
input environment: "dev" | "staging" | "prod" = "dev"
/// How many.
input replicas: int = 2 where self in 1..20
secret token: string
const zone = "a"

/// Clusters to run on.
select demo: k8s.Cluster[1..] {
  where = self.labels.tier == "demo"
}

fn doubled(x: int) -> int = x * 2

data type Door {
  /// Which way it opens.
  side: "left" | "right"
  width: int = 1
}

/// Somewhere to live.
node type House {
  /// What it is called.
  @replace
  property name: string
  /// How it is entered.
  property door: Door
  property doors: list<Door> = []
  property stairs: int? where self > 0
  attribute address: string
  capability view: Endpoint { host = "x", port = 80 }
  requires host: k8s.Cluster via HostedOn
  requires neighbour: House[0..1]
  provider = "noop"
}

node first: House for cluster in demo {
  name = "first"
  door = { side = "left" }
  host -> cluster
}

node second: House {
  name = "second"
  door = { side = "left" }
  host -> only
}

node only: k8s.Cluster
node spare: House if replicas > 3 {
  name = "spare"
  door = { side = "left" }
  host -> only
}
"#;

const SIZES: &str = "/// A small one.\nconst small = 1\nfn twice(x: int) -> int = x * 2\ndata type Size { value: int }\n";

fn analysis(text: &str) -> Analysis {
    let overlay = [
        (PathBuf::from(ROOT), text.to_owned()),
        (PathBuf::from("/nowhere/sizes.bp"), SIZES.to_owned()),
    ];
    Analysis::check_with(Path::new(ROOT), &overlay.into())
}

/// The whole text, and the cursor in it.
fn marked(text: &str) -> (String, u32) {
    let text = format!("{HEAD}{text}");
    let at = text.find("$0").expect("the cursor");
    (text.replace("$0", ""), u32::try_from(at).unwrap())
}

fn completions(text: &str) -> Completions {
    let (text, at) = marked(text);
    ide::complete(&analysis(&text), &text, at)
}

fn complete(text: &str) -> Vec<Completion> {
    completions(text).items
}

fn labels(text: &str) -> Vec<String> {
    complete(text).into_iter().map(|found| found.label).collect()
}

/// The text after the completion of this label was taken.
#[track_caller]
fn taken(text: &str, label: &str) -> String {
    let Completions { span, also, items } = completions(text);
    let Some(found) = items.iter().find(|found| found.label == label) else {
        let labels: Vec<_> = items.iter().map(|f| &f.label).collect();
        panic!("no {label} in {labels:?}");
    };
    let (mut text, _) = marked(text);
    text.replace_range(span.start as usize..span.end as usize, &found.insert);
    if let Some((span, also)) = &also {
        text.replace_range(span.start as usize..span.end as usize, also);
    }
    text.split_off(HEAD.len())
}

#[track_caller]
fn has(text: &str, wanted: &[&str]) {
    let labels = labels(text);
    for wanted in wanted {
        assert!(labels.iter().any(|label| label == wanted), "no {wanted} in {labels:?}");
    }
}

#[track_caller]
fn has_not(text: &str, unwanted: &[&str]) {
    let labels = labels(text);
    for unwanted in unwanted {
        assert!(!labels.iter().any(|label| label == unwanted), "{unwanted} in {labels:?}");
    }
}

#[test]
fn missing_properties_come_first() {
    let found = complete("node third: House {\n  name = \"third\"\n  $0\n}\n");
    let labels: Vec<_> = found.iter().map(|f| f.label.as_str()).collect();
    assert_eq!(labels[..2], ["door", "host"], "{labels:?}");
    assert!(
        labels.contains(&"stairs") && labels.contains(&"neighbour") && labels.contains(&"after")
    );
    assert!(!labels.contains(&"name") && !labels.contains(&"address"), "{labels:?}");
    assert_eq!(found[0].documentation, "How it is entered.");
    assert_eq!(found[0].detail, "Door (required)");
    assert_eq!(found[0].snippet.as_deref(), Some("door = { $1 }"));
    assert_eq!(found[1].snippet.as_deref(), Some("host -> $1"));
}

#[test]
fn keys_are_completed_in_broken_text() {
    for text in [
        "node third: House {\n  na$0",
        "node third: House {\n  na$0\n\nnode fourth: House { }\n",
        "node third: House {\n  door = \n  na$0\n",
        "node third: House {\n  door = x.\n  na$0\n}",
        "node third: House {\n  door = { side = \n  }\n  na$0\n}",
        "node third: House { na$0",
        "node third: House { na$0 }",
        "node third: House { stairs = 1, na$0 }",
        "node broken: { \n\nnode third: House {\n  na$0\n",
    ] {
        has(text, &["name"]);
    }
    assert_eq!(
        taken("node third: House {\n  na$0\n}", "name"),
        "node third: House {\n  name = \n}".replace("= \n", "= \"\"\n")
    );
    assert_eq!(
        taken("node third: House {\n  na$0 = 1\n}", "name"),
        "node third: House {\n  name = 1\n}"
    );
    assert_eq!(
        taken("node third: House {\n  ho$0 -> only\n}", "host"),
        "node third: House {\n  host -> only\n}"
    );
}

#[test]
fn keys_of_literals() {
    has("node third: House {\n  door = { $0 }\n}", &["side", "width"]);
    has("node third: House {\n  door = {\n    $0\n  }\n}", &["side", "width"]);
    has("node third: House {\n  door = {\n    si$0\n", &["side", "width"]);
    has("node third: House {\n  doors = [{ side = \"left\", $0 }]\n}", &["width"]);
    has_not("node third: House {\n  doors = [{ side = \"left\", $0 }]\n}", &["side"]);
}

#[test]
fn types() {
    has("node x: $0", &["House", "k8s", "k8s.Deployment", "Compute"]);
    has_not("node x: $0", &["Door", "Database", "string", "HostedOn"]);
    has("node x: k8s.$0", &["Deployment", "Service"]);
    has_not("node x: k8s.$0", &["Object", "ServicePort", "House"]);
    has("node x: k8s.Dep$0 {\n}\n", &["Deployment"]);
    has("select x: $0", &["House"]);
    has("input x: $0", &["string", "int", "Door", "sizes.Size", "list"]);
    has("input x: list<$0>", &["string", "Door"]);
    has("data type X {\n  a: $0\n}", &["string", "Door"]);
    has("node type X extends $0 {\n}", &["House", "Database"]);
    has("node type X {\n  requires x: $0\n}", &["House", "Endpoint"]);
    has_not("node type X {\n  requires x: $0\n}", &["Door", "string"]);
    has("node type X {\n  requires x: House via $0\n}", &["HostedOn"]);
    has("node x: House {\n  other -> only via $0\n}", &["ConnectsTo"]);
    has("input x: sizes.$0", &["Size"]);
}

#[test]
fn only_targets_that_fit() {
    let own = |text: &str| {
        let all = labels(text);
        all.into_iter().filter(|label| !label.starts_with("k8s.")).collect::<Vec<_>>()
    };
    assert_eq!(own("node third: House {\n  host -> $0\n}"), ["only"]);
    assert_eq!(own("node third: House for c in demo {\n  host -> $0\n}"), ["c", "only"]);
    assert_eq!(labels("node third: House {\n  host -> $0\n}"), ["only", "k8s.Cluster"]);
    assert_eq!(
        own("node third: House {\n  neighbour -> $0\n}"),
        ["second", "spare", "House"],
        "a collection is no single target, and a node is not its own"
    );
    has(
        "node type X {\n  requires all: House[0..]\n}\nnode third: X {\n  all -> [$0]\n}",
        &["second"],
    );
    has("node third: House {\n  neighbour -> [$0]\n}", &["second"]);
    has("node third: House {\n  host -> k8s.$0\n}", &["Cluster"]);
    has_not("node third: House {\n  host -> k8s.$0\n}", &["Deployment"]);
}

#[test]
fn what_cannot_stand_there_is_not_offered() {
    let none = Vec::<String>::new();
    assert_eq!(labels("node third: House {\n  @$0\n}"), none);
    assert_eq!(labels("policy p: Policy {\n  @$0\n}"), none);
    has_not("node type N extends $0 {\n}\n", &["N"]);
    has_not("node type House extends $0 {\n}\n", &["House"]);
    has("node type House extends $0 {\n}\n", &["k8s.Object"]);
}

#[test]
fn what_is_there_is_not_put_there_again() {
    assert_eq!(taken("input a: li$0<string>", "list"), "input a: list<string>");
    assert_eq!(taken("input a: li$0", "list"), "input a: list<>");
    assert_eq!(taken("inp$0ut x: int", "input"), "input x: int");
    assert_eq!(taken("ou$0ut x: int = 2", "output"), "output x: int = 2");
    assert_eq!(taken("no$0de type X {\n}", "node type"), "node type X {\n}");
    has_not("no$0de type X {\n}", &["node"]);
    let found = complete("inp$0ut x: int");
    assert!(found.iter().all(|found| found.snippet.is_none()), "{found:?}");
}

#[test]
fn collections_come_first_where_one_is_gone_over() {
    for text in [
        "node x: House for c in $0 {\n}",
        "output x = count($0)",
        "output x = all(y in $0)",
        "output x = [y for y in $0]",
        "output x = sort($0)",
    ] {
        let found = labels(text);
        let at = |wanted: &str| found.iter().position(|label| label == wanted);
        for single in ["second", "replicas", "environment"] {
            assert!(at("first") < at(single) && at("demo") < at(single), "{text}: {found:?}");
        }
    }
}

#[test]
fn choices_of_strings() {
    assert_eq!(labels("input x: \"a\" | \"b\" = $0")[..2], ["\"a\"", "\"b\""]);
    assert_eq!(labels("input x: \"a\" | \"b\" = \"$0\""), ["a", "b"]);
    assert_eq!(labels("node third: House {\n  door = { side = \"$0\" }\n}"), ["left", "right"]);
    assert_eq!(labels("node third: House {\n  door = { side = \"$0\n}"), ["left", "right"]);
    assert_eq!(labels("const x = environment == \"$0\""), ["dev", "prod", "staging"]);
    assert_eq!(labels("const x = environment in [\"dev\", \"$0\"]"), ["dev", "prod", "staging"]);
    assert_eq!(taken("input x: \"a\" | \"b\" = \"b$0\"", "a"), "input x: \"a\" | \"b\" = \"a\"");
}

#[test]
fn names_in_expressions() {
    has("const x = $0", &["environment", "replicas", "zone", "second", "doubled", "length", "if"]);
    has("const x = 1 + re$0", &["replicas"]);
    has("const x = \"a-${en$0", &["environment"]);
    has("const x = \"a-${en$0}-b\"", &["environment"]);
    has("const x = [y for y in [1, 2] if $0]", &["y"]);
    has("const x = all(n in [1], $0)", &["n"]);
    has("fn f(alpha: int) -> int = $0", &["alpha", "doubled"]);
    has("node x: House {\n  let beta = 1\n  stairs = $0\n}", &["beta", "self"]);
    has("node x: House for c in demo {\n  name = $0\n  host -> c\n}", &["c"]);
    has("const x = doubled($0)", &["replicas"]);
    has("workflow w(gamma: int) {\n  let delta = 1\n  wait $0\n}", &["gamma", "delta"]);
    let labels = labels("node x: House {\n  stairs = $0\n}");
    assert!(
        labels.iter().position(|l| l == "replicas")
            < labels.iter().position(|l| l == "environment")
    );
}

#[test]
fn members() {
    has("const x = second.$0", &["name", "address", "door", "host", "neighbour", "view"]);
    has("const x = second.na$0\n", &["name"]);
    has("const x = second.door.$0\n\nnode z: House { }", &["side", "width"]);
    has("const x = second.view.$0", &["host", "port"]);
    has("const x = second.host.$0", &["labels", "version"]);
    has("const x = second.neighbour?.$0", &["address"]);
    has("const x = first[\"a\"].$0", &["address"]);
    has("const x = [h.$0 for h in first]", &["address"]);
    has("const x = first[*].$0", &["address"]);
    has("const x = \"a ${second.$0}\"", &["address"]);
    has("const x = \"a ${second.$0", &["address"]);
    has("const x = deployment.$0", &["id", "name"]);
    has("node x: House {\n  name = self.$0\n}", &["stairs"]);
    has("select x: k8s.Cluster {\n  where = self.$0\n}", &["labels"]);
    has("node type X {\n  property a: Door where self.$0\n}", &["side"]);
    has("node type X {\n  requires a: House where self.$0\n}", &["address"]);
    has("node type X {\n  property a: int\n  check self.$0 > 1\n}", &["a"]);
    has("group type X {\n  members: House[1..]\n  check count(self.$0) > 1\n}", &["members"]);
    has(
        "policy type X {\n  targets: House[1..]\n  property a: int\n  check count(self.$0) > 1\n}",
        &["a", "targets"],
    );
    has("const x = sizes.$0", &["small", "twice"]);
    assert_eq!(taken("const x = spare.$0", "address"), "const x = spare?.address");
    assert_eq!(taken("const x = spare?.$0", "address"), "const x = spare?.address");
}

#[test]
fn uses_and_heads() {
    has("use std.$0", &["kubernetes"]);
    assert_eq!(labels("use $0"), ["std"]);
    has("use std.kubernetes { $0 }", &["Deployment"]);
    has("use \"./sizes.bp\" { $0 }", &["Size", "small", "twice"]);
    has("\n$0", &["node", "input", "node type", "output"]);
    has_not("\n$0", &["blueprint"]);
    has("\nno$0\n\nnode x: House { }", &["node"]);
    has("node x: House {\n  name = \"x\"\n\n$0", &["node", "door"]);
    has("node type X {\n  @$0\n  property a: int\n}", &["replace"]);
    has("node type X {\n  $0\n}", &["property", "requires", "provider"]);
    has("node type X extends House {\n  fixed $0\n}", &["stairs"]);
    has("policy p: Policy {\n}\nblueprint b {\n  $0\n}", &["version"]);
    has("node x: House {\n  name = \"x\"\n  // $0", &[]);
    assert_eq!(labels("// $0"), Vec::<String>::new());
    assert_eq!(labels("/// no$0"), Vec::<String>::new());
    assert_eq!(labels("const x = \"no$0\""), Vec::<String>::new());
}

#[test]
fn clauses_that_go_on() {
    assert_eq!(labels("node x: House $0"), ["for", "if", "using"]);
    assert_eq!(labels("node x: House f$0 {\n}\n"), ["for", "if", "using"]);
    assert_eq!(labels("node type X $0"), ["extends"]);
    assert_eq!(labels("node x: House {\n  host -> only $0\n}"), ["via", "where"]);
    has("node type X {\n  property a: int $0\n}", &["where"]);
    assert_eq!(labels("input x: int $0"), ["where"]);
    assert_eq!(labels("node x: House for $0"), Vec::<String>::new());
    assert_eq!(labels("node x: House for c $0"), ["in"]);
    assert_eq!(labels("input x: int = 2 $0"), ["where"]);
    assert_eq!(labels("input x: string = \"dev\" $0"), ["where"]);
    assert_eq!(labels("input x: list<string> = [\"a\"] $0"), ["where"]);
    assert_eq!(labels("input x: int where self > 1 $0"), ["else", "where"]);
    assert_eq!(labels("input x: string where matches(self, r\"^a$\") $0"), ["else", "where"]);
    assert_eq!(labels("input x: int where self > 1 else \"a\" $0"), ["where"]);
    assert_eq!(labels("const x = [second $0]"), ["for"]);
    assert_eq!(labels("const x = [y for y $0]"), ["in"]);
    assert_eq!(taken("node x: House f$0", "for"), "node x: House for ");
}

#[test]
fn no_cursor_makes_it_panic() {
    let text = format!("{HEAD}\nnode x: House {{\n  name = \"é${{a.}}\n  door = {{ side = x ? [\n");
    let analysis = analysis(&text);
    for at in 0..=u32::try_from(text.len()).unwrap() + 2 {
        ide::complete(&analysis, &text, at);
        ide::hover(&analysis, at);
        ide::definition(&analysis, at);
    }
    for cut in (0..text.len()).filter(|at| text.is_char_boundary(*at)).step_by(7) {
        ide::complete(&analysis, &text[..cut], u32::try_from(cut).unwrap());
    }
}

fn hover(text: &str) -> Option<Hover> {
    let (text, at) = marked(text);
    ide::hover(&analysis(&text), at)
}

#[track_caller]
fn tells(text: &str, code: &str, words: &str) {
    let found = hover(text).expect("something is told");
    assert_eq!(found.code, code, "{found:?}");
    assert!(found.text.contains(words), "{found:?}");
}

#[test]
fn hovers() {
    tells("output x = repl$0icas", "input replicas: int = 2 where self in 1..20", "How many.");
    tells("node x: Ho$0use { }", "node type House", "Somewhere to live.");
    tells(
        "node x: k8s.Dep$0loyment { }",
        "node type Deployment extends Object",
        "equal containers",
    );
    tells("node x: House { na$0me = \"x\" }", "property name: string", "What it is called.");
    tells("node x: House { na$0me = \"x\" }", "property name: string", "A change of this property");
    tells("node x: House { sta$0irs = 1 }", "property stairs: int? where self > 0", "`House`");
    tells(
        "node x: House { ho$0st -> only }",
        "requires host: k8s.Cluster via HostedOn",
        "requirement",
    );
    tells("output x = second.na$0me", "property name: string", "What it is called.");
    tells(
        "output x = second.host.lab$0els",
        "attribute labels: map<string>",
        "What people say of it.",
    );
    tells(
        "node x: House { door = { si$0de = \"left\" } }",
        "side: \"left\" | \"right\"",
        "Which way",
    );
    tells("output x = len$0gth(\"a\")", "length(x: string | list<T> | map<T> | range) -> int", "");
    tells("output x = dou$0bled(1)", "fn doubled(x: int) -> int = x * 2", "");
    tells("output x = zo$0ne", "const zone = \"a\"  // \"a\"", "");
    tells("output x = sizes.sm$0all", "const small = 1  // int", "A small one.");
    tells("node x: House for c in demo {\n  name = $0c.name\n}", "c: Cluster", "");
    tells("node x: House { door = { side = \"le$0ft\" } }", "\"left\" | \"right\"", "");
    tells("use std.kuber$0netes as other", "std.kubernetes", "`Deployment`");
    tells("node type X {\n  @rep$0lace\n  property a: int\n}", "@replace", "replaces the node");
    tells("select x: k8s.Clu$0ster { }", "node type Cluster", "A cluster of the inventory.");
    let found = hover("select x: k8s.Clu$0ster { }").unwrap();
    assert!(!found.text.contains("server-side apply"), "the file's words: {found:?}");
    tells("use std.kuber$0netes as other", "std.kubernetes", "server-side apply");
    assert_eq!(hover("output x = nothi$0ng"), None);
    assert_eq!(hover("// comm$0ent"), None);
}

/// The file and the text at the definition.
fn defined(text: &str) -> Option<(String, String)> {
    let (text, at) = marked(text);
    let analysis = analysis(&text);
    let place = ide::definition(&analysis, at)?;
    let source = analysis.sources().file(place.file)?;
    let file = if place.file == FileId(0) { String::new() } else { source.path().to_owned() };
    Some((file, source.slice(place.span).to_owned()))
}

#[test]
fn definitions() {
    let own = |name: &str| Some((String::new(), name.to_owned()));
    assert_eq!(defined("output x = repl$0icas"), own("replicas"));
    assert_eq!(defined("output x = second$0"), own("second"));
    assert_eq!(defined("output x = second.do$0or"), own("door"));
    assert_eq!(defined("node x: Ho$0use { }"), own("House"));
    assert_eq!(defined("node x: House { do$0or = 1 }"), own("door"));
    assert_eq!(defined("node x: House { host -> on$0ly }"), own("only"));
    assert_eq!(defined("node x: House for c in demo { name = $0c.name }"), own("c"));
    assert_eq!(defined("output x = [yy for yy in [1] if y$0y > 1]"), own("yy"));
    assert_eq!(defined("output x = all(yy in [1], y$0y > 1)"), own("yy"));
    assert_eq!(defined("output x = dou$0bled(1)"), own("doubled"));
    let library = |name: &str| Some(("std/kubernetes.bp".to_owned(), name.to_owned()));
    assert_eq!(defined("node x: k8s.Dep$0loyment { }"), library("Deployment"));
    assert_eq!(defined("node x: k8$0s.Deployment { }"), library(""));
    assert_eq!(defined("node x: k8s.Deployment { im$0age = \"a\" }"), library("image"));
    assert_eq!(defined("use std.kubernetes { Dep$0loyment }"), library("Deployment"));
    let sizes = |name: &str| Some(("/nowhere/sizes.bp".to_owned(), name.to_owned()));
    assert_eq!(defined("output x = sizes.sm$0all"), sizes("small"));
    assert_eq!(defined("output x = sizes.tw$0ice(1)"), sizes("twice"));
    assert_eq!(defined("input x: sizes.Si$0ze"), sizes("Size"));
    assert_eq!(defined("output x = len$0gth(\"a\")"), None);
}

#[test]
fn symbols_are_a_tree() {
    let analysis = analysis(HEAD);
    let found = ide::symbols(&analysis.sources().modules[0].tree);
    let shown = |symbol: &Symbol| format!("{} ({})", symbol.name, symbol.detail);
    let top: Vec<String> = found.iter().map(shown).collect();
    assert_eq!(top[0], "shop (blueprint)");
    assert!(top.contains(&"first (node: House)".to_owned()), "{top:?}");
    assert!(top.contains(&"demo (select: k8s.Cluster)".to_owned()), "{top:?}");
    let house = found.iter().find(|symbol| symbol.name == "House").unwrap();
    let inside: Vec<String> = house.children.iter().map(shown).collect();
    assert!(inside.contains(&"name (property)".to_owned()), "{inside:?}");
    assert!(inside.contains(&"host (requires)".to_owned()), "{inside:?}");
    for symbol in found.iter().chain(&house.children) {
        assert!(symbol.span.start <= symbol.name_span.start);
        assert!(symbol.name_span.end <= symbol.span.end);
    }
}

/// What the file says of itself, and what its first item does.
fn documented(text: &str) -> (String, String) {
    let source = SourceFile::new("a.bp", text);
    let (tree, told) = syntax::parse(FileId(0), &source);
    assert!(told.is_empty(), "{told:?}");
    let laid_out = bp_compiler::format::format(&source).unwrap();
    let (again, _) = syntax::parse(FileId(0), &SourceFile::new("a.bp", laid_out.as_str()));
    assert_eq!(tree.documentation, again.documentation, "{laid_out}");
    assert_eq!(tree.items[0].documentation, again.items[0].documentation, "{laid_out}");
    (tree.documentation.to_string(), tree.items[0].documentation.to_string())
}

#[test]
fn a_block_of_documentation_belongs_to_what_it_stands_above() {
    let both = |file: &str, item: &str| (file.to_owned(), item.to_owned());
    assert_eq!(documented("/// A\n/// B\n\n/// C\n/// D\nconst a = 1\n"), both("A\nB", "C\nD"));
    assert_eq!(
        documented("/// A\n\n/// B\nblueprint b {\n  version = \"1.0.0\"\n}\n"),
        both("A", "B")
    );
    assert_eq!(documented("/// A\nblueprint b {\n  version = \"1.0.0\"\n}\n"), both("", "A"));
    assert_eq!(documented("/// A\n// no\n/// B\nconst a = 1\n"), both("", "A\nB"));
    assert_eq!(documented("// no\n\n/// A\n\n/// B\nconst a = 1\n"), both("A", "B"));
    assert_eq!(documented("/// A\n\nuse std.kubernetes\n"), both("A", ""));
    assert_eq!(documented("/// A\n\nconst a = 1\n"), both("", "A"));
}

/// A package on the disk, and a text that is its root.
struct Package(tempfile::TempDir);

impl Package {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |path: &str, text: &str| std::fs::write(folder.path().join(path), text).unwrap();
        std::fs::create_dir_all(folder.path().join("pages/deep")).unwrap();
        write("shop.bp", "");
        write("other.bp", "const a = 1\n");
        write("motd.txt", "hi\n");
        write(".hidden", "");
        write("pages/page.hbs", "{{title}}{{#each items}}{{name}}{{../foot}}{{/each}}\n");
        write("pages/sizes.bp", "const b = 1\n");
        Self(folder)
    }

    fn analysis(&self, text: &str) -> (Analysis, u32) {
        let (text, at) = marked(text);
        let root = self.0.path().join("shop.bp");
        (Analysis::check_with(&root, &[(root.clone(), text)].into()), at)
    }

    fn labels(&self, text: &str) -> Vec<String> {
        let (analysis, _) = self.analysis(text);
        let (text, at) = marked(text);
        ide::complete(&analysis, &text, at).items.into_iter().map(|found| found.label).collect()
    }
}

#[test]
fn paths_of_files_are_completed() {
    let package = Package::new();
    let all = ["motd.txt", "other.bp", "pages/"];
    for function in ["file", "read", "template"] {
        assert_eq!(package.labels(&format!("const x = {function}(\"$0\")")), all);
        assert_eq!(package.labels(&format!("const x = {function}(\"$0")), all);
    }
    let inside = ["pages/page.hbs", "pages/sizes.bp", "pages/deep/"];
    assert_eq!(package.labels("const x = template(\"pages/p$0\", { })"), inside);
    assert_eq!(
        package.labels("const x = read(\"./pa$0\")"),
        ["./motd.txt", "./other.bp", "./pages/"]
    );
    assert_eq!(package.labels("use \"$0\""), ["./other.bp", "./pages/"]);
    assert_eq!(package.labels("use \"./pages/$0\" as x"), ["./pages/sizes.bp", "./pages/deep/"]);
    let none = Vec::<String>::new();
    assert_eq!(package.labels("const x = read(\"../$0\")"), none);
    assert_eq!(package.labels("const x = read(\"/$0\")"), none);
    assert_eq!(package.labels("const x = read(\"no/such/$0\")"), none);
    assert_eq!(package.labels("const x = length(\"$0\")"), none);
}

#[test]
fn what_a_template_still_needs_is_offered() {
    let package = Package::new();
    let of =
        |data: &str| package.labels(&format!("const x = template(\"pages/page.hbs\", {data})"));
    assert_eq!(of("{ $0 }"), ["foot", "items", "title"]);
    assert_eq!(of("{ foot = \"a\", $0 }"), ["items", "title"]);
    assert_eq!(of("{\n  foot = \"a\"\n  ti$0\n}"), ["items", "title"]);
}

#[test]
fn a_path_leads_to_its_file() {
    let package = Package::new();
    for (text, wanted) in [
        ("const x = template(\"pages/pa$0ge.hbs\", { title = \"a\" })", "pages/page.hbs"),
        ("const x = read(\"mo$0td.txt\")", "motd.txt"),
        ("use \"./oth$0er.bp\"", "other.bp"),
    ] {
        let (analysis, at) = package.analysis(text);
        let place = ide::definition(&analysis, at).expect(text);
        let path = analysis.sources().on_disk(place.file).unwrap();
        assert_eq!(path, package.0.path().join(wanted));
    }
    let (analysis, at) = package.analysis("const x = read(\"no$0ne.txt\")");
    assert_eq!(ide::definition(&analysis, at), None);
}

#[test]
fn functions_of_files_are_known() {
    has("const x = $0", &["file", "read", "template"]);
    tells("output x = re$0ad(\"a\")", "read(path: string) -> string", "The text of the file");
    tells("output x = fi$0le(\"a\")", "file(path: string) -> file", "travels with the plan");
    tells(
        "output x = temp$0late(\"a\", { })",
        "template(path: string, data: json) -> string",
        "Handlebars",
    );
}

/// Something to call, for what follows it.
const CALLS: &str = r#"
/// What keeps the data safe.
interface type Maintenance {
  /// Copies all of it.
  operation snapshot(bucket: string, timeout: duration = 10m) -> { bytes: size }
}
node type Database {
  implements Maintenance
  operation maintenance.snapshot = script("snapshot.sh")
  requires house: House[0..1]
}
node database: Database
node replicas_of_it: Database for zone in ["a", "b"]
/// Takes what is old away.
workflow clean(days: int = 7) -> { removed: int } {
  return { removed = 0 }
}
"#;

fn with_calls(text: &str) -> String {
    format!("{CALLS}{text}")
}

#[test]
fn steps_begin_with_their_words() {
    let words = ["call", "run", "let", "parallel", "for", "if", "wait until", "on failure"];
    has("workflow w() {\n  $0\n}", &words);
    has("workflow w() {\n  ca$0", &words);
    has("workflow w() {\n  if true {\n    $0\n  }\n  wait 1s\n}", &words);
    has_not("workflow w() {\n  $0\n}", &["recover", "node"]);
    has("workflow w() {\n  wait 1s\n  on failure {\n    $0\n  }\n}", &["recover"]);
    has("workflow w() {\n  let x = $0\n}", &["call", "run", "replicas"]);
    assert_eq!(
        taken("workflow w() {\n  wa$0\n}", "wait until"),
        "workflow w() {\n  wait until  timeout 5m\n}"
    );
}

#[test]
fn operations_are_completed_by_their_path() {
    let has = |text: &str, wanted: &[&str]| has(&with_calls(text), wanted);
    let has_not = |text: &str, wanted: &[&str]| has_not(&with_calls(text), wanted);
    has("workflow w() {\n  call $0\n}", &["database", "replicas_of_it", "second"]);
    has_not("workflow w() {\n  call $0\n}", &["replicas", "zone", "doubled"]);
    has("workflow w() {\n  call database.$0\n}", &["maintenance", "house"]);
    has_not("workflow w() {\n  call database.$0\n}", &["lifecycle", "snapshot"]);
    has("workflow w() {\n  call database.maintenance.$0\n}", &["snapshot"]);
    has("workflow w() {\n  call replicas_of_it[*].maintenance.$0\n}", &["snapshot"]);
    has("workflow w(of: Database) {\n  call of.maintenance.$0\n}", &["snapshot"]);
    let text = with_calls("workflow w() {\n  call database.maintenance.sn$0\n}");
    assert!(taken(&text, "snapshot").ends_with("call database.maintenance.snapshot {  }\n}"));
    let found = complete(&text);
    assert_eq!(
        found[0].detail,
        "snapshot(bucket: string, timeout: duration = 10m) -> { bytes: size }"
    );
    assert_eq!(found[0].documentation, "Copies all of it.");
}

#[test]
fn arguments_and_results_are_known() {
    let text = with_calls("workflow w() {\n  call database.maintenance.snapshot {\n    $0\n  }\n}");
    assert_eq!(labels(&text), ["bucket", "timeout"]);
    let has = |text: &str, wanted: &[&str]| has(&with_calls(text), wanted);
    has("workflow w() {\n  run $0\n}", &["clean", "update", "heal"]);
    has("workflow w() {\n  run clean { $0 }\n}", &["days"]);
    has("workflow w() {\n  run scale { $0 }\n}", &["replicas", "environment"]);
    has(
        "workflow w() {\n  let r = call database.maintenance.snapshot { bucket = \"x\" }\n  fail \"${r.$0}\"\n}",
        &["bytes"],
    );
    has(
        "workflow w() {\n  parallel {\n    let r = run clean\n  }\n  fail \"${r.$0}\"\n}",
        &["removed"],
    );
    has(
        "workflow w() {\n  wait 1s\n  on failure {\n    fail error.$0\n  }\n}",
        &["class", "message"],
    );
}

#[test]
fn operations_and_workflows_are_told_of() {
    let call = |name: &str| {
        let path = "database.maintenance.snapshot { bucket = \"x\" }";
        let path = path.replace(name, &format!("{}$0{}", &name[..1], &name[1..]));
        with_calls(&format!("workflow w() {{\n  call {path}\n}}"))
    };
    tells(
        &call("snapshot"),
        "maintenance.snapshot(bucket: string, timeout: duration = 10m) -> { bytes: size }",
        "Copies all of it.",
    );
    tells(&call("maintenance"), "interface type Maintenance", "What keeps the data safe.");
    tells(&call("bucket"), "bucket: string", "");
    tells(
        &with_calls("workflow w() { run cl$0ean }"),
        "workflow clean(days: int = 7) -> { removed: int }",
        "Takes what is old away.",
    );
    tells("workflow w() { run he$0al }", "workflow heal(nodes: list<Root>?)", "as it should be");
}
