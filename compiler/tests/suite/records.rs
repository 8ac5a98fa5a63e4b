//! Records without a name of which some lack a field: what is read of them is there when it is deployed, too.

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::unused::is_of_unused;
use bp_compiler::testing::Suite;

use crate::common::folder;

/// Tables as one writes them first: an entry leaves out what it does not need.
const TABLES: &str = r#"blueprint tables { version = "1.0.0" }
input env: "dev" | "prod" = "dev"
data type Size {
  name: string
  n: int?
  class: string = "small"
}
fn title(of: Size) -> string = "${of.name}-${of.class}"
fn number(of: Size) -> int = of.n ?? 7
fn second(of: list<Size>) -> int = of[1].n ?? 7
fn inside(of: map<list<Size>>) -> string = of.all[1].class
node type H {
  property n: int
  property title: string = ""
}
const sizes = { dev = { n = 1, class = "x" }, prod = { n = 2 } }
const listed = [{ name = "a", n = 3 }, { name = env }]
const picked = if env == "dev" then { name = "a" } else { name = "b", n = 4, class = "large" }
output class: string = sizes[env]?.class ?? "none"
output titles: list<string> = [title(x) for x in listed]
node each: H for s in [{ name = "a", n = 3 }, { name = "b", n = 4, extra = true }] by s.name { n = s.n }
node size: H {
  n = sizes[env].n
  title = sizes[env].class ?? "none"
}
node one: H {
  n = number(picked)
  title = title(picked)
}
node spread: H {
  n = number({ n = 5, ...picked })
  title = title({ ...picked })
}
node deep: H {
  n = second(listed)
  title = inside({ all = listed })
}
node narrowed: H { n = if sizes[env].class == null then 0 else length([picked.n ?? 0]) }
test "what is missing is null, or the default" {
  assert each["a"].n + each["b"].n == 7
  assert size.n == 1 and size.title == "x"
  assert one.n == 7 and one.title == "a-small"
  assert spread.n == 5 and spread.title == "a-small"
  assert deep.n == 7 and deep.title == "small"
  assert narrowed.n == 1
}
test "what is there counts" {
  inputs = { env = "prod" }
  assert size.n == 2 and size.title == "none"
  assert one.n == 4 and one.title == "b-large"
  assert spread.n == 4 and spread.title == "b-large"
  assert narrowed.n == 0
}
"#;

#[test]
fn what_records_lack_is_null_or_the_default_of_what_they_stand_for() {
    let folder = folder(&[("root.bp", TABLES)]);
    let analysis = Analysis::load(&folder.path().join("root.bp"));
    let told = analysis.diagnostics().iter().filter(|told| !is_of_unused(told.code));
    assert_eq!(told.map(|told| &told.message).collect::<Vec<_>>(), Vec::<&String>::new());
    let suite = Suite::new(&analysis).unwrap();
    assert_eq!(analysis.tests().len(), 2);
    for test in analysis.tests() {
        assert_eq!(suite.run(test), []);
    }
}

#[test]
fn what_may_be_missing_is_told_where_it_must_be_there() {
    for (body, code) in [
        ("output o: int = [{ n = 1, c = 2 }, { n = 2 }][1].c", "E3006"),
        ("output o: list<int> = [{ n = 1, c = 2 }, { n = 2 }][*].c", "E3002"),
        ("output o: int = [{ n = 1, c = 2 }, { n = 2 }][1].d", "E3003"),
        ("output o: int = [{ n = 1, c = { d = 1 } }, { n = 2 }][0].c.d", "E3006"),
        (
            "data type R { c: int }\nfn f(r: R) -> int = r.c\noutput o: int = f([{ c = 1 }, { c = 2, d = 1 }][0])",
            "E3002",
        ),
        (
            "data type R { n: int, c: int }\nfn f(r: R) -> int = r.c\noutput o: int = f([{ n = 1, c = 1 }, { n = 2 }][0])",
            "E3002",
        ),
    ] {
        let text = format!("blueprint x {{ version = \"1.0.0\" }}\n{body}\n");
        let folder = folder(&[("root.bp", &text)]);
        let analysis = Analysis::check(&folder.path().join("root.bp"));
        let told = analysis.diagnostics().iter().filter(|told| !is_of_unused(told.code));
        assert_eq!(told.map(|told| told.code).collect::<Vec<_>>(), [code], "{body}");
    }
}

/// What a spread map brings is known with its values alone: a key that the data type lacks is refused then.
#[test]
fn a_spread_map_must_have_the_fields_of_the_data_type() {
    let text = r#"blueprint s { version = "1.0.0" }
data type Service {
  port: int
  name: string?
}
input labels: map<string> = {}
const it: Service = { port = 1, ...labels }
node type N { property p: int }
node n: N { p = it.port }
test "fits" {
  inputs = { labels = { name = "x" } }
  assert n.p == 1
}
test "does not" {
  inputs = { labels = { a = "x" } }
  assert_fails E3028
}
"#;
    let found = crate::blueprint_tests::found(text);
    assert!(found.iter().all(Vec::is_empty), "{found:?}");
}
