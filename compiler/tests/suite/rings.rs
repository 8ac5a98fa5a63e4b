//! Rings that no name shows at once: through functions, constants, lists, loops, requirements, and what is there.

use std::path::Path;

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::unused::is_of_unused;

use crate::blueprint_tests::found;
use crate::common::{self, mistakes};

const HEAD: &str = r#"blueprint s { version = "1.0.0" }
node type H {
  property n: int = 1
  attribute a: int
  requires p: H? via DependsOn
}
"#;

/// Six rings, each through something else; each is told once.
const SIX: &str = r#"blueprint s { version = "1.0.0" }
node type H {
  property n: int = 1
  attribute a: int
  requires p: H? via AssociatesWith
}
fn next(x: H) -> int = x.n + 1
node a1: H { n = next(a2) }
node a2: H { n = next(a1) }
const of_b1 = b1.n
node b1: H { n = of_b1 + 1 }
node c1: H { n = max([x.n for x in [c2]]) }
node c2: H { n = max([x.n for x in [c1]]) }
node d: H for i in 1..3 { n = sum([x.a for x in d if x.n < i]) }
node e1: H {
  n = self.p?.n ?? 1
  p -> e2
}
node e2: H {
  n = self.p?.n ?? 1
  p -> e1
}
node f1: H {
  n = self.p?.a ?? 1
  p -> f2
}
node f2: H {
  n = self.p?.a ?? 1
  p -> f1
}
"#;

#[test]
fn each_ring_is_told_once() {
    let told = mistakes(SIX);
    let codes: Vec<&str> = told.iter().filter_map(|said| said.split(' ').next()).collect();
    assert_eq!(codes, ["E4015", "E4015", "E4015", "E4015", "E4015", "E4014"], "{told:?}");
}

/// Which instances there are may hang on what another node has, and whom it needs on them.
#[test]
fn to_need_all_instances_is_no_ring_by_itself() {
    let nodes = "node type A {\n  property n: int = 1\n  requires hs: H[0..] via DependsOn\n}\n\
                 node a: A {\n  n = 2\n  hs -> b[*]\n}\nnode b: H for i in 1..a.n\n";
    assert_eq!(mistakes(&format!("{HEAD}{nodes}")), [] as [&str; 0]);
}

/// What is written down is known, whatever else there is under its name.
#[test]
fn labels_of_the_blueprint_and_values_of_a_group_are_known() {
    for text in [
        "blueprint x {\n  version = \"1.0.0\"\n  labels = { team = \"a\" }\n}\nnode b: Root { labels = { q = \"1\" } }\n\
         output o: string = b.labels.team\noutput p: string = b.labels.q\n",
        "blueprint x { version = \"1.0.0\" }\nnode type V {\n  attribute n: int\n  provider = \"noop\"\n}\n\
         group type G {\n  members: V[1..]\n  property total: int = sum([m.n for m in self.members])\n}\n\
         node v: V\ngroup g: G {\n  members = [v]\n  total = 2\n}\nnode b: Root for i in 1..g.total\n",
    ] {
        assert_eq!(mistakes(text), [] as [&str; 0], "{text}");
    }
}

#[test]
fn rings_are_found_through_whatever_leads_on() {
    for (nodes, wanted) in [
        (
            r"const of_b = b.a
node a: H { n = of_b }
node b: H { p -> a }
",
            "E4014",
        ),
        (
            r"fn read_a(x: H) -> int = x.a
node a: H { n = read_a(b) }
node b: H { n = read_a(a) }
",
            "E4014",
        ),
        (
            r"fn id(x: H) -> H = x
node a: H { p -> id(b) }
node b: H { p -> a }
",
            "E4014",
        ),
        (
            r"node a: H { n = sum([x.a for x in [b]]) }
node b: H { p -> a }
",
            "E4014",
        ),
        (
            r"node a: H { n = b.p?.a ?? 1 }
node b: H { p -> a }
",
            "E4014",
        ),
        (
            r"const c = b
node a: H { p -> c }
node b: H { p -> a }
",
            "E4014",
        ),
        (
            r"node a: H { p -> [b][0] }
node b: H { p -> a }
",
            "E4014",
        ),
        (
            r"node a: H { n = if b != null then 1 else 2 }
node b: H if a.n == 1
",
            "E4015",
        ),
        (
            r"node c: H for i in 1..5 { n = count(d) }
node d: H for k, x in c if x.n > 3
",
            "E4015",
        ),
        (
            r"group type G { members: H[0..] }
group g: G { members = [a] }
node a: H for i in 1..count(g.members)
",
            "E4015",
        ),
        (
            r"node type A { requires hs: H[0..] via DependsOn }
node a: A { hs -> b[*] }
node b: H for i in 1..count(a.hs)
",
            "E4015",
        ),
    ] {
        let told = mistakes(&format!("{HEAD}{nodes}"));
        let codes: Vec<&str> = told.iter().filter_map(|said| said.split(' ').next()).collect();
        assert_eq!(codes, [wanted], "{nodes}\n{told:?}");
    }
}

/// What looks like one by its names alone is none.
#[test]
fn what_leads_on_and_ends_is_no_ring() {
    for nodes in [
        r"node d: H for i in 1..3 { n = if i == 1 then 0 else d[i - 1].n + 1 }
",
        r"fn next(x: H) -> int = x.n + 1
node d: H for i in 1..3 { n = if i == 1 then 0 else next(d[i - 1]) }
",
        r"node a: H { n = 2 }
node b: H { p -> a }
node c: H { n = b.p?.n ?? 1 }
",
        r"input k: int
node a: H { p -> if k == 1 then b else null }
node b: H { n = 1 }
",
        r"node c: H for i in 1..3 { n = i }
node d: H for k, x in c if x.n > 1 { n = count(c) }
",
        r"node d: H for i in 1..3 { p -> if i == 1 then null else d[i - 1] }
node t: H { n = count(d) }
",
        r"node s: H for i in 1..3 { n = i }
node d: H for x in s {
  n = x.n
  p -> x
}
node e: H for x in d { n = x.p?.n ?? 0 }
",
        r"node a: H { n = count([x for x in [b, c] if x.n > 1]) }
node b: H { n = 3 }
node c: H { n = 1 }
",
    ] {
        assert_eq!(mistakes(&format!("{HEAD}{nodes}")), [""; 0], "{nodes}");
    }
}

const PARTS: &str = r#"blueprint s { version = "1.0.0" }
capability type Cap { property n: int }
relationship type Link extends AssociatesWith {
  property n: int = 1
  property m: int = 2
}
node type Q {
  property x: int = 1
  property s: string = ""
  capability c: Cap { n = self.x }
  requires q: Q? via Link
  requires d: Cap? via AssociatesWith
}
group type G {
  members: Q[1..]
  property t: int = sum(m in self.members, m.x)
}
"#;

#[test]
fn rings_go_through_capabilities_relationships_groups_and_labels() {
    for (nodes, ring) in [
        ("node a: Q { x = a.c.n }", Some("`a.c.n` → `a.x` → `a.c.n`")),
        (
            "node a: Q { x = b.x }\nnode b: Q {\n  x = b.d?.n ?? 1\n  d -> a\n}",
            Some("`a.c.n` → `a.x` → `b.x` → `a.c.n`"),
        ),
        (
            "node a: Q {\n  x = b.x\n  q -> b via Link { n = a.x }\n}\nnode b: Q { x = a.q?.via?.n ?? 1 }",
            Some("`a.x` → `b.x` → `a.q.n` → `a.x`"),
        ),
        ("group g: G { members = [a] }\nnode a: Q { x = g.t }", Some("`g.t` → `a.x` → `g.t`")),
        (
            "node a: Q {\n  s = a.labels.k\n  labels = { k = a.s }\n}",
            Some("`a.labels` → `a.s` → `a.labels`"),
        ),
        (
            "node a: Q { labels = { a = self.labels.b, b = \"x\" } }",
            Some("`a.labels` → `a.labels`: give it a value that needs nothing of itself"),
        ),
        // Another part of the same, and another instance.
        (
            "node a: Q {\n  x = b.q?.via?.m ?? 1\n}\nnode b: Q {\n  q -> a via Link { n = a.x }\n}",
            None,
        ),
        ("node a: Q { c = { n = 3 }, x = a.c.n }", None),
        ("group g: G { members = [a] }\nnode a: Q\nnode b: Q { x = g.t }", None),
    ] {
        let text = format!("{PARTS}{nodes}\noutput o: int = a.x\n");
        let folder = common::folder(&[("main.bp", text.as_str())]);
        let analysis = Analysis::load(&folder.path().join("main.bp"));
        let told = analysis.diagnostics().iter().filter(|told| !is_of_unused(told.code));
        let told: Vec<_> = told.map(|told| (told.code, told.help.as_deref())).collect();
        let wanted = ring.map(|ring| ("E4015", Some(ring)));
        assert_eq!(told, wanted.into_iter().collect::<Vec<_>>(), "{nodes}");
    }
}

/// The loop of names, from its first group in the file on.
#[test]
fn a_ring_of_groups_is_told_as_it_goes_round() {
    let text = "blueprint s { version = \"1.0.0\" }\nnode web: Root\n\
                group a: Group { members = [c] }\ngroup b: Group { members = [a, web] }\n\
                group c: Group { members = [b] }\ngroup d: Group { members = [c] }\n";
    let analysis = Analysis::of_text(Path::new("s.bp"), text, true);
    let [told] = analysis.diagnostics() else { panic!("{:?}", analysis.diagnostics()) };
    assert_eq!(told.code, "E5006");
    assert_eq!(told.help.as_deref(), Some("`a` → `c` → `b` → `a`"));
}

/// Who leads to whom hangs on an input: told with its value, before anything runs.
#[test]
fn rings_that_only_an_input_shows_are_told_with_it() {
    const LOOPS: &str = "input n: int = 2\nnode type H { requires h: H? }\nnode g: H for x in 1..n { h -> k[string(x)] }\nnode k: H for x in 1..n { h -> g[string(x)] }\n";
    let told = |text: &str| {
        let text =
            format!("blueprint s {{ version = \"1.0.0\" }}\n{text}test \"t\" {{ assert true }}\n");
        let found = found(&text).into_iter().flatten();
        found.map(|told| (told.message, told.help)).collect::<Vec<_>>()
    };
    let ring = told(LOOPS);
    let message = "these nodes wait for each other: none can be first";
    let helps: Vec<_> = ring.iter().filter_map(|(_, help)| help.as_deref()).collect();
    assert!(ring.iter().all(|(said, _)| said == message), "{ring:?}");
    assert_eq!(helps, [r#"`g["1"]` → `k["1"]` → `g["1"]`"#, r#"`g["2"]` → `k["2"]` → `g["2"]`"#],);
    let own = told(&LOOPS.replace("k[string(x)]", "g[string(x)]"));
    let said: Vec<_> = own.iter().map(|(said, _)| said.as_str()).collect();
    assert_eq!(
        said,
        [
            r#"`g["1"]` waits for itself: its requirement `h` leads to it"#,
            r#"`g["2"]` waits for itself: its requirement `h` leads to it"#,
        ],
    );
    assert_eq!(told(&LOOPS.replace("h -> k[string(x)] ", "")), []);
}
