//! What is all written down is told when compiling, wherever it is read: through requirements, lists and loops; and what
//! can't be worked out of it is no less wrong.

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::unused::is_of_unused;

use crate::common::{folder, mistakes, placed};

/// Checks and constraints that read through a requirement.
const THROUGH_REQUIREMENTS: &str = r#"blueprint s { version = "1.0.0" }
node type Base { property max: int = 5 }
relationship type R extends ConnectsTo { property w: int = 1 }
node base: Base
node type A {
  requires db: Base via R
  property m: int = self.db.max where self < 5
}
node a: A { db -> base }
node type A1 {
  requires db: Base via R
  check self.db.max > 6 else "needs a large one"
}
node a1: A1 { db -> base }
node type A2 {
  requires db: Base via R
  check self.db.via.w > 6
}
node a2: A2 { db -> base }
node type B {
  requires dbs: Base[0..4] via R
  property first: int = self.dbs[0].max
}
node b: B
node type B2 {
  requires dbs: Base[0..4] via R
  check length(self.dbs) > 0 else "needs one"
}
node b2: B2
node type B3 {
  requires dbs: Base[0..4] via R
  check all(d in self.dbs, d.max > 6)
}
node b3: B3 { dbs -> [base, base] }
node type C {
  requires db: Base? via R
  check self.db != null
}
node c: C
"#;

/// Targets and members that go through a list.
const THROUGH_LISTS: &str = r#"blueprint s { version = "1.0.0" }
relationship type R extends ConnectsTo
node type Base { property max: int = 5 }
node base: Base
node base2: Base { max = 7 }
node y: Base for i in 1..9 { max = i }
node type A { requires db: Base via R where self.max > 6 }
node type B { requires dbs: Base[0..3] via R }
group type G { members: Base[1..3] }
node a: A for one in [base, base2] by "${one.max}" { db -> one }
node b: B { dbs -> [z for z in y if z.max > 2] }
group g: G { members = [n for n in y if n.max > 20] }
"#;

/// What fails while it is worked out.
const FAILING: &str = r#"blueprint s { version = "1.0.0" }
node type Host {
  property memory: size?
  property tags: map<string> = {}
}
node type App { requires host: Host via HostedOn }
node type Big { requires host: Host via HostedOn where self.memory > 1GiB }
node h: Host
node a: App { host -> h where self.memory > 1GiB }
node b: App { host -> h where self.tags.x == "b" }
node c: Big { host -> h }
output o: bool = h.memory > 1GiB
output p: string = h.tags["a"]
"#;

/// Targets that are read: of a requirement, of a group, of a list or a map.
const READ: &str = r#"blueprint s { version = "1.0.0" }
node type Host { property zone: string = "a" }
node type App { requires host: Host via HostedOn }
node type Front {
  requires host: Host via HostedOn
  requires app: App via ConnectsTo where self.host.zone == source.host.zone else "same zone"
}
group type Hosts { members: Host[1..] }
node a: Host
node b: Host { zone = "b" }
group g: Hosts { members = [a] }
node app: App { host -> a }
node f1: Front {
  host -> b
  app -> app
}
node f2: App { host -> app.host where self.zone == "q" }
node f3: App for h in [a, b] by h.zone { host -> h where self.zone == "b" }
node f4: App for k, h in { x = a, y = b } { host -> h where self.zone == "b" }
node f5: App { host -> g.members[0] where self.zone == "q" }
node f6: App { host -> g.members[3] }
node f7: App for z in ["x", "z"] { host -> { x = a, y = b }[z] }
"#;

/// Outputs, arguments of workflows, members of groups.
const ELSEWHERE: &str = r#"blueprint s { version = "1.0.0" }
use std.schedule
node type H { property m: int = 5 where self > 3 }
node h: H
node j: H for k in 1..2
const hm = h.m
group g: Group { members = [j] }
node i: H { m = length(g.members) }
output a: int = h.m where self > 7
output b: int = hm where self > 7 else "more than seven"
output c: int = div(7, h.m - 5)
workflow w(x: int where self > 7) { wait 1s * x }
workflow v() {
  run w { x = h.m }
  run w { x = hm }
}
policy p: schedule.Every {
  every = 1m
  run   = w
  with  = { x = hm }
}
"#;

#[test]
fn targets_that_are_read_are_looked_at() {
    let told = mistakes(READ);
    let wanted = [
        "E4011 15:10",
        "E4011 17:24",
        "E4011 18:50",
        "E4011 19:53",
        "E4011 20:24",
        "E3024 21:24",
        "E3024 22:44",
    ];
    assert_eq!(told, wanted);
}

#[test]
fn outputs_and_arguments_are_held_against_what_nodes_say() {
    let told = mistakes(ELSEWHERE);
    let wanted = [
        "E3028 8:17",
        "E3028 9:17",
        "E3028 10:17",
        "E3022 11:17",
        "E3028 14:15",
        "E3028 15:15",
        "E3028 20:17",
    ];
    assert_eq!(told, wanted);
}

#[test]
fn what_is_read_through_a_requirement_is_known() {
    let mut told = mistakes(THROUGH_REQUIREMENTS);
    // That `base` is listed twice.
    told.retain(|said| !said.starts_with("W5005"));
    told.sort();
    let mut wanted = [
        "E3028 9:6",
        "E4023 14:6",
        "E4023 19:6",
        "E3024 24:6",
        "E4023 29:6",
        "E4023 34:6",
        "E4023 39:6",
    ];
    wanted.sort_unstable();
    assert_eq!(told, wanted);
}

#[test]
fn what_goes_through_a_list_is_counted_and_looked_at() {
    let mut told = mistakes(THROUGH_LISTS);
    told.sort();
    assert_eq!(told, ["E4009 11:20", "E4011 10:60", "E5003 12:24"]);
}

#[test]
fn what_fails_while_it_is_worked_out_is_told() {
    let mut told = mistakes(FAILING);
    told.sort();
    assert_eq!(told, ["E3024 13:20", "E3027 12:18", "E4011 10:23", "E4011 11:23", "E4011 9:23"]);
}

/// What hangs on an input is not known, and nothing is said of it.
#[test]
fn what_an_input_decides_is_left_open() {
    let text = r#"blueprint s { version = "1.0.0" }
input n: int
input m: size?
node type Base { property max: int }
node type A {
  requires db: Base[0..2] via ConnectsTo
  property first: int = if length(self.db) > 0 then self.db[0].max else 0
  check self.first != 3
}
node type B { property memory: size? }
node base: Base { max = n }
node bases: Base for i in 1..n { max = i }
node b: B { memory = m }
node a: A { db -> [x for x in bases if x.max < 3] }
node a2: A { db -> base }
output o: bool = b.memory > 1GiB
output p: int = bases["1"].max
"#;
    assert_eq!(mistakes(text), [""; 0]);
}

/// A blueprint, and one whose nodes are made of it.
const INNER: &str = r#"blueprint inner { version = "1.0.0" }
input n: int = 1
input zone: string = "a"
input names: list<string> = ["x"]
input on: bool = true
const table = { a = 1, b = 2 }
node type H { property z: string }
node type T {
  property p: int where self < 5
  requires h: H via HostedOn where self.z == "a"
  check self.p != 3
}
node h: H { z = zone }
node t: T if on {
  p = n
  h -> h
}
node many: H for x in names { z = x }
output o: int = table[zone]
"#;
const OUTER: &str = r#"blueprint outer { version = "1.0.0" }
use "./inner.bp" as inner
input q: int
node a: inner.Blueprint { n = 10 }
node b: inner.Blueprint { zone = "b" }
node c: inner.Blueprint { n = 3 }
node e: inner.Blueprint { zone = "nowhere", n = 2 }
node ok: inner.Blueprint { n = 2 }
node ok2: inner.Blueprint { n = q }
node ok3: inner.Blueprint { n = 10, on = false }
node f: inner.Blueprint for i in 3..4 { n = i }
"#;

/// What breaks inside of a blueprint with what a node gives is told at the value; what may fit is left alone.
#[test]
fn what_a_blueprint_does_with_what_it_is_given_is_looked_at() {
    let folder = folder(&[("inner.bp", INNER), ("outer.bp", OUTER)]);
    let analysis = Analysis::load(&folder.path().join("outer.bp"));
    let told = analysis.diagnostics().iter().filter(|d| !is_of_unused(d.code));
    let told: Vec<String> = told.map(|d| placed(&analysis, d)).collect();
    assert_eq!(told, ["E3028 4:31", "E4011 5:34", "E4023 6:31", "E3024 7:34", "E4023 11:45"]);
    assert_eq!(mistakes(INNER), [""; 0]);
}

/// Loops inside of a blueprint, and what outer blueprints have them go through.
const LOOPS: &str = r#"blueprint loops { version = "1.0.0" }
input names: list<string> = ["x"]
input most: int = 2
input on: bool = true
node type T { property n: string = "" }
node plain: T for n in names if n != "skip" { n = n }
node keyed: T for n in names by upper(n) if on { n = n }
node counted: T for i in 1..most
"#;
const LOOPED: &str = r#"blueprint outer { version = "1.0.0" }
use "./loops.bp" as loops
input given: list<string>
node twice: loops.Blueprint { names = ["x", "x"], on = false }
node up: loops.Blueprint { names = ["x", "X"] }
node many: loops.Blueprint { most = 2000000 }
node ok: loops.Blueprint { names = ["x", "skip", "skip"], on = false }
node ok2: loops.Blueprint { names = ["x", "X"], on = false }
node ok3: loops.Blueprint { names = given }
node each: loops.Blueprint for all in [["a"], ["b", "b"]] by all[0] { names = all, on = false }
"#;

/// Keys of a loop inside that what a node gives makes known are looked at.
#[test]
fn instances_inside_have_a_key_each() {
    let folder = folder(&[("loops.bp", LOOPS), ("outer.bp", LOOPED)]);
    let analysis = Analysis::load(&folder.path().join("outer.bp"));
    let told = analysis.diagnostics().iter().filter(|d| !is_of_unused(d.code));
    let told: Vec<String> = told
        .map(|d| {
            let (inside, _) = d.related.first().unwrap();
            let source = analysis.sources().file(inside.file).unwrap();
            let line = source.position(inside.span.start).line;
            format!("{} inside {line}", placed(&analysis, d))
        })
        .collect();
    let wanted = [
        "E4017 4:39 inside 6",
        "E4017 5:36 inside 7",
        "E4019 6:37 inside 8",
        "E4017 10:79 inside 6",
    ];
    assert_eq!(told, wanted);
    assert_eq!(mistakes(LOOPS), [""; 0]);
}

/// What is wrong in each instance of a loop, whatever it goes through.
#[test]
fn what_breaks_in_every_instance_needs_no_keys() {
    const KINDS: &str = "capability type P { property q: int where self < 7 }\nnode type E { property n: int = 1 }\nnode type D {\n  property name: string\n  property n: int = length(self.name) where self < 5\n  capability p: P { q = length(self.name) }\n  requires h: E? where length(source.name) < 4\n}\nnode e: E\n";
    for (over, told_by_it) in [
        ("select c: Compute[0..]\nnode d: D for x in c", "x.labels.zone"),
        ("input n: int = 3\nnode d: D for x in 1..n", "string(x)"),
    ] {
        let of = |body: &str| {
            mistakes(&format!(
                "blueprint s {{ version = \"1.0.0\" }}\n{KINDS}{over} {{\n{body}\n}}\n"
            ))
        };
        assert_eq!(of("name = \"abc\", h -> e"), [""; 0], "{over}");
        assert_eq!(of("name = \"abcde\""), ["E3028 12:6"], "{over}");
        assert_eq!(of("name = \"abcdefg\", n = 1"), ["E3028 12:6"], "{over}");
        assert_eq!(of("name = \"abcd\"\nh -> e"), ["E4011 14:6"], "{over}");
        assert_eq!(of("name = \"abc\"\nh -> e where self.n > 5"), ["E4011 14:6"], "{over}");
        // What the element tells is not known.
        assert_eq!(of(&format!("name = {told_by_it}")), [""; 0], "{over}");
    }
}
