//! Targets of requirements: what kinds of lists they may be, which capability is meant, and where a target stands
//! that does not fit.

use std::path::Path;

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::unused::is_of_unused;

use crate::blueprint_tests::found;
use crate::common::{folder, mistakes};

/// A collection that stands in a list of targets is all of its nodes.
#[test]
fn collections_stand_beside_nodes() {
    let text = r#"blueprint s { version = "1.0.0" }
node type N { requires peer: N[0..] via ConnectsTo }
node a: N for i in 1..2
node c: N for i in 1..2
node one: N
node perhaps: N if false
node d: N { peer -> [a, one, c, perhaps] }
node e: N for i in 1..2 { peer -> [one, a] }
node f: N { peer -> [a, c["1"]] }
test "t" {
  assert count(n in d.peer) == 5
  assert count(n in e["1"].peer) == 3
  assert count(n in f.peer) == 3
}
"#;
    let found = found(text);
    assert!(found.iter().all(Vec::is_empty), "{found:?}");
}

/// A type with several capabilities that fit, of which one is named.
const OF_CAPABILITIES: &str = r#"blueprint s { version = "1.0.0" }
node type Db {
  property v: int
  capability a: C { n = 1 }
  capability b: C { n = self.v }
}
capability type C { property n: int }
node type App { requires c: C via ConnectsTo where self.n == 2 }
node first: Db { v = 1 }
node second: Db { v = 2 }
"#;

#[test]
fn a_capability_of_a_type_is_chosen_by_its_name() {
    let text = format!(
        "{OF_CAPABILITIES}node x: App {{ c -> Db.b }}\nnode y: App {{ c -> Db.b where self.n > 1 }}\ntest \"t\" {{\n  assert x.c.node == second and y.c.node == second\n}}\n"
    );
    let found = found(&text);
    assert!(found.iter().all(Vec::is_empty), "{found:?}");
    let of = |node: &str| mistakes(&format!("{OF_CAPABILITIES}{node}\n"));
    assert_eq!(of("node x: App { c -> Db }"), ["E4007 11:20"]);
    assert_eq!(of("node x: App { c -> Db.x }"), ["E3003 11:23"]);
    assert_eq!(of("node x: App { c -> Db.a }"), ["W4079 11:20"]);
    assert_eq!(of("node x: App { c -> Db.b where self.n > 5 }"), ["E3050 11:31"]);
}

#[test]
fn what_does_not_fit_is_told_where_it_stands() {
    let text = r#"blueprint s { version = "1.0.0" }
node type S { property zone: string }
node s: S for k in ["a", "b"] { zone = k }
node other: S { zone = "b" }
node type R { requires ts: S[0..] via ConnectsTo where self.zone != "b" }
relationship type Near extends ConnectsTo {
  target: S
  check target.zone != "b"
}
node type Q { requires ts: S[0..] via Near }
node r: R { ts -> [s["a"], s["b"]] }
node r2: R { ts -> [other, s["a"]] }
node q: Q { ts -> [s["a"], other] }
"#;
    assert_eq!(mistakes(text), ["E4011 11:28", "E4011 12:21", "E4023 13:28"]);
}

/// What the node asks itself is shown where it says so.
#[test]
fn a_condition_of_the_node_is_shown_where_it_stands() {
    let text = r#"blueprint s { version = "1.0.0" }
node type S { property zone: string }
node s: S { zone = "a" }
node type A { requires h: S via HostedOn }
node c: A { h -> s where self.zone == "q" }
"#;
    let folder = crate::common::folder(&[("main.bp", text)]);
    let analysis = bp_compiler::analysis::Analysis::load(&folder.path().join("main.bp"));
    let told: Vec<_> = analysis.diagnostics().iter().filter(|d| d.code == "E4011").collect();
    let [one] = told.as_slice() else { panic!("{told:?}") };
    let source = analysis.sources().file(one.place.file).unwrap();
    let at: Vec<u32> =
        one.related.iter().map(|(place, _)| source.position(place.span.start).line).collect();
    assert_eq!(at, [5]);
}

/// A node that has the capability stands beside a capability of another.
#[test]
fn nodes_stand_beside_capabilities() {
    let text = |more: &str| {
        format!(
            r#"blueprint s {{ version = "1.0.0" }}
capability type C {{ property n: int = 1 }}
node type H {{ capability c: C }}
node type T {{ requires cs: C[0..] via ConnectsTo }}
node h: H
node k: H for i in 1..2
node other: Root
node maybe: H if count(k) > 9
node t: T {{ cs -> [h, k["1"].c] }}
node u: T {{ cs -> [h.c, k, maybe] }}
node v: T {{ cs -> [h, ...k[*], null] }}
{more}
"#
        )
    };
    let tested =
        "test \"t\" {\n  assert length(t.cs) == 2 and length(u.cs) == 3 and length(v.cs) == 3\n}";
    let found = found(&text(tested));
    assert!(found.iter().all(Vec::is_empty), "{found:?}");
    assert_eq!(mistakes(&text("node w: T { cs -> [h, other] }")), ["E4006 12:23"]);
}

/// What is misspelt in one node hides nothing in another.
#[test]
fn two_mistakes_are_two_errors() {
    let text = r#"blueprint s { version = "1.0.0" }
node type Vm { property ram: size }
relationship type Mounted extends HostedOn { property path: string }
node type Vol { requires vm: Vm via Mounted }
node vm: Vm { ram = 1GiB }
node first: Vol { vm -> vm }
node second: Vol { vm -> vm via Mounted { pth = "x", path = "y" } }
node third: Vm { rma = 1GiB }
"#;
    let mut told = mistakes(text);
    told.sort();
    assert_eq!(told, ["E4001 7:43", "E4001 8:18", "E4002 6:19"]);
}

/// What requires is not proposed as what meets it.
#[test]
fn a_node_is_not_proposed_as_its_own_target() {
    let text =
        "blueprint s { version = \"1.0.0\" }\nnode a: Root\nnode b: Root { after -> [a, c] }\n";
    let analysis = Analysis::of_text(Path::new("s.bp"), text, true);
    let told: Vec<_> = analysis.diagnostics().iter().filter(|d| d.code == "E3001").collect();
    let [one] = told.as_slice() else { panic!("{told:?}") };
    let help = one.help.as_deref().unwrap();
    assert!(help.contains("`a`") && !help.contains("`b`"), "{help}");
}

/// Types of one name from two files are told by the names that the file has for them; by their whole names where it has
/// none for one.
#[test]
fn two_types_of_one_name_are_told_apart() {
    const LIB: &str = "node type N\nrelationship type R extends DependsOn\n\
                       node type T {\n  requires x: N via R\n}\n";
    const ROOT: &str = r#"blueprint s { version = "1.0.0" }
node type N
relationship type R extends DependsOn
relationship type To extends DependsOn { target: N }
group type G { members: N }
node type U { requires x: LIB.N via To }
node n: N
node theirs: LIB.N
node of_kind: LIB.T { x -> n }
node wrong: LIB.T { x -> theirs via R }
group g: G { members = [theirs] }
"#;
    let told = |root: &str| {
        let folder = folder(&[("lib.bp", LIB), ("root.bp", root)]);
        let analysis = Analysis::load(&folder.path().join("root.bp"));
        let told = analysis.diagnostics().iter().filter(|d| !is_of_unused(d.code));
        told.map(|d| format!("{} {}", d.code, d.message)).collect::<Vec<_>>()
    };
    let with_alias = ROOT.replacen('\n', "\nuse \"./lib.bp\" as lib\n", 1).replace("LIB", "lib");
    assert_eq!(
        told(&with_alias),
        [
            "E4030 the target of a `To` is an `N`, found a `lib.N`",
            "E4006 `x` needs a `lib.N`, found an `N`",
            "E4010 `x` is met via `lib.R`, found `R`",
            "E5001 `members` takes nodes of `N`, found a `lib.N`",
        ]
    );
    let bare = "blueprint s { version = \"1.0.0\" }\nuse \"./lib.bp\" { T }\nnode type N\n\
                node n: N\nnode t: T { x -> n }\n";
    assert_eq!(told(bare), ["E4006 `x` needs a `lib.N`, found an `N`"]);
}
