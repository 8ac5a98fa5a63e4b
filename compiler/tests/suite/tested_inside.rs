//! Tests of a blueprint whose nodes are made of others: what breaks inside of these with what a test gives.

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::Diagnostic;
use bp_compiler::testing::{Suite, obstacles};

use crate::common::{folder, placed};

/// Blueprints in each other: `leaf` in `inner` in `outer`.
const LEAF: &str = r#"blueprint leaf { version = "1.0.0" }
input size: int
node type L { property size: int where self < 100 }
node l: L { size = size }
"#;
const INNER: &str = r#"blueprint inner { version = "1.0.0" }
use "./leaf.bp" as leaf
input size: int = 1 where self != 13
input zone: string = "a"
input names: list<string> = ["x"]
input url: string = ""
requires machine: H?
secret password: string?
node type H { property zone: string }
node type M { property memory: int }
node type T {
  property n: int
  requires h: H via HostedOn where self.zone == "a"
  check self.n != 7 else "seven is too many"
}
node type T2 { requires m: M }
node type S {
  property url: string
  requires hs: H[1..2]
  check self.url != "bad"
}
node h: H { zone = zone }
node m: M { memory = size }
node any: T2 { m -> M where self.memory != 3 }
node t: T {
  n = size
  h -> h
}
node many: H for x in names { zone = x }
node s: S {
  url = url
  hs -> [x for x in many if x.zone != "none"]
}
node beside: S if machine != null {
  url = if size == 4 then "bad" else "good"
  hs -> h
}
node deep: leaf.Blueprint { size = size * 10 }
"#;
const OUTER: &str = r#"blueprint outer { version = "1.0.0" }
use "./inner.bp" as inner
input size: int = 1
input zone: string = "a"
input names: list<string> = ["x"]
node type Db { attribute url: string }
node db: Db
node whole: inner.Blueprint {
  size = size
  zone = zone
  names = names
  url = db.url
}
node each: inner.Blueprint for i in 1..2 { size = i * size }
"#;

/// What each of these tests of the outer blueprint finds, and what it tells: `CODE line:column` with the lines of other
/// places.
fn found(tests: &str) -> Vec<Vec<(String, Vec<String>, String)>> {
    let folder =
        folder(&[("leaf.bp", LEAF), ("inner.bp", INNER), ("outer.bp", &format!("{OUTER}{tests}"))]);
    let analysis = Analysis::load(&folder.path().join("outer.bp"));
    let wrong = obstacles(&analysis);
    assert!(wrong.is_empty(), "{wrong:#?}");
    let suite = Suite::new(&analysis).unwrap();
    let one = |d: &Diagnostic| {
        let lines = d.related.iter().map(|(at, _)| {
            let source = analysis.sources().file(at.file).unwrap();
            let name = source.path().rsplit('/').next().unwrap();
            format!("{name}:{}", source.position(at.span.start).line)
        });
        (placed(&analysis, d), lines.collect(), d.message.clone())
    };
    analysis.tests().iter().map(|test| suite.run(test).iter().map(one).collect()).collect()
}

/// A test of these inputs that asserts next to nothing.
fn with(inputs: &str) -> String {
    format!(
        "test \"t {}\" {{ inputs = {{ {inputs} }}, assert 1 == 1 }}\n",
        inputs.replace('"', "'")
    )
}

#[test]
fn what_breaks_inside_fails_a_test() {
    for (inputs, wanted) in [
        ("size = 13", &[("E3028 14:51", "outer.bp:15"), ("E3028 9:10", "outer.bp:15")][..]),
        ("size = 7", &[("E4023 14:51", "inner.bp:25"), ("E4023 9:10", "inner.bp:25")]),
        ("size = 3", &[("E4008 14:51", "inner.bp:24"), ("E4008 9:10", "inner.bp:24")]),
        ("size = 10", &[("E3028 38:36", "leaf.bp:4"), ("E3028 38:36", "leaf.bp:4")]),
        ("size = 9", &[("E3028 38:36", "leaf.bp:4")]),
        ("size = 2, zone = \"b\"", &[("E4011 10:10", "inner.bp:27")]),
        ("size = 2, names = [\"none\"]", &[("E4008 11:11", "inner.bp:32")]),
        ("size = 2, names = [\"x\", \"x\"]", &[("E4017 11:11", "inner.bp:29")]),
        ("size = 2, names = [\"x\", \"y\", \"z\"]", &[("E4009 11:11", "inner.bp:32")]),
        // Whether there is what would break then, only who meets the requirement knows.
        ("size = 4", &[]),
    ] {
        let found = found(&with(inputs));
        let told: Vec<(&str, &str)> =
            found[0].iter().map(|(at, lines, _)| (at.as_str(), lines[0].as_str())).collect();
        assert_eq!(told, wanted, "{inputs}: {found:#?}");
    }
}

#[test]
fn what_is_refused_inside_is_refused() {
    let test = |code: &str| {
        format!("test \"t\" {{\n  inputs = {{ size = 7 }}\n  assert_fails {code}\n}}\n")
    };
    assert_eq!(found(&test("E4023")), [[]]);
    let other = found(&test("E3028"));
    let [(at, _, message)] = other[0].as_slice() else { panic!("{other:#?}") };
    assert!(at.starts_with("E7089") && message.contains("seven is too many (E4023)"), "{message}");
}
