//! What is told helps: the sentence, the words at its place, the advice, and the fix go together, and can be followed.

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::{Diagnostic, unused::is_of_unused};
use bp_compiler::source::Place;

use crate::common;

const HEAD: &str = "blueprint x { version = \"1.0.0\" }\n";

/// A diagnostic with all that it says, a line for each part; lines are counted from the text below the head.
fn whole(analysis: &Analysis, told: &Diagnostic) -> String {
    let at = |place: Place| {
        let source = analysis.sources().file(place.file).unwrap();
        let start = source.position(place.span.start);
        format!("{}:{} `{}`", start.line.saturating_sub(1), start.column, source.slice(place.span))
    };
    let mut lines = vec![
        format!("{} {}", told.code, told.message),
        format!("  at {} {}", at(told.place), told.label),
    ];
    lines.extend(told.related.iter().map(|(place, note)| format!("  and {} {note}", at(*place))));
    lines.extend(told.help.iter().map(|help| format!("  help: {help}")));
    if let Some(fix) = &told.fix {
        let edits: Vec<String> =
            fix.edits.iter().map(|(place, new)| format!("{} by `{new}`", at(*place))).collect();
        let kind = if fix.is_draft { "draft" } else { "fix" };
        lines.push(format!("  {kind}: {}: {}", fix.title, edits.join(", ")));
    }
    lines.join("\n") + "\n"
}

/// All that is told of a blueprint with this below its head, but for what is never used.
fn told(body: &str) -> String {
    let folder = common::folder(&[("root.bp", &format!("{HEAD}{body}")), ("a.sh", "")]);
    let analysis = Analysis::check(&folder.path().join("root.bp"));
    let all = analysis.diagnostics().iter();
    let all = all.filter(|told| !is_of_unused(told.code) || told.code == "W2011");
    all.map(|told| whole(&analysis, told)).collect()
}

/// Each program, and what is told of it.
macro_rules! assert_helps {
    ($around:expr, $($program:expr),+ $(,)?) => {
        let told = [$($program),+].map(|program| {
            let text = format!("{}{program}\n", $around);
            format!("{program}\n\n{}", told(&text))
        });
        insta::assert_snapshot!(told.join("\n"));
    };
}

#[test]
fn what_is_proposed_as_a_target_can_be_one() {
    assert_helps!(
        "capability type C\nnode type Vm { property on: bool = true, capability c: C }\nnode type Vol { requires vm: Vm }\nnode type W { requires w: C }\nnode b: Vm\nnode vol1: Vol { vm -> b }\n",
        "node a: Vol { vm -> vol2 }",
        "node a: W { w -> b.o }",
        "node a: W { w -> [b.d, bx] }",
    );
}

#[test]
fn what_would_meet_a_requirement_is_as_much_as_it_takes() {
    assert_helps!(
        "node type H\nnode hs: H for x in [\"a\", \"b\", \"c\"]\n",
        "node type A { requires h: H[1..2] }\nnode a: A",
        "node type A { requires h: H[1..3] }\nnode a: A",
        "node type A { requires h: H[4..] }\nnode a: A",
    );
}

const TYPES: &str = "input on: bool = true\ninput xs: list<string> = []\ncapability type E\ncapability type F\nnode type H\nnode type WithE { capability e: E }\nnode type A {\n  requires h: H[0..1]\n  requires m: H[0..2]\n  requires e: E[0..1]\n  requires f: F[0..1]\n}\nnode type B { requires h: H }\nnode h: H if on\nnode hs: H for i in 1..3\nnode ho: H for x in xs\n";

#[test]
fn how_one_of_many_or_of_perhaps_none_is_named() {
    assert_helps!(
        TYPES,
        "node a: B { h -> h }",
        "node a: B { h -> hs }",
        "node a: B { h -> ho }",
        "node a: B { h -> hs[*] }",
        "use std.kubernetes as k8s\nselect cs: k8s.Cluster[0..]\nnode a: k8s.Namespace { name = \"a\", host -> cs }",
    );
}

#[test]
fn what_else_could_be_named_is_told() {
    assert_helps!(
        TYPES,
        "node a: A { e -> hs[\"1\"] }",
        "node a: A { e -> hs[\"1\"] }\nnode e: WithE",
        "node a: A { f -> hs[\"1\"] }",
        "node e: WithE\nnode a: A { h -> e }",
        "node e: WithE\nnode type U { requires w: WithE }\nnode a: U { w -> e.e }",
        "node a: A { h -> 3 }",
    );
}

#[test]
fn how_many_are_too_many_and_which_is_told() {
    assert_helps!(
        TYPES,
        "node a: A { m -> hs }",
        "node a: A { m -> [hs[\"1\"], hs[\"2\"], hs[\"3\"]] }",
        "node a: B { h -> [] }",
        "node one: H\ngroup type G { members: H[1..2] }\ngroup g: G { members = [one, hs] }\ngroup e: G { members = [hs[\"1\"], hs[\"2\"], one] }",
        "node a: A {\n  h -> hs[\"1\"]\n  h -> hs[\"2\"]\n}",
        "node a: A {\n  m -> hs[\"1\"]\n  m -> hs[\"2\"]\n}",
    );
}

#[test]
fn what_a_relationship_must_be_given_is_written_into_its_block() {
    assert_helps!(
        "relationship type R extends ConnectsTo { property path: string, property q: int }\nnode type H { property z: string = \"a\" }\nnode one: H\nnode type V { requires h: H via R }\n",
        "node v: V { h -> one }",
        "node v: V { h -> one where self.z == \"a\" }",
        "node v: V { h -> one via R }",
        "node v: V { h -> one via R { q = 1 } }",
        "node v: V",
        "node v: V { h -> one via R { qq = 1, path = \"a\" } }",
    );
}

#[test]
fn types_of_elsewhere_are_called_as_the_file_can_call_them() {
    let files = [
        ("deep.bp", "node type Deep { property z: int }\n"),
        (
            "inner.bp",
            "blueprint inner { version = \"1.0.0\" }\nuse std.kubernetes as k8s\nuse \"./deep.bp\" as deep\nrequires cl: k8s.Cluster\nrequires two: k8s.Cluster[2..]\nrequires ns: k8s.Namespace\nrequires d: deep.Deep\n",
        ),
    ];
    let folder = common::folder(&files);
    let mut all = String::new();
    for uses in ["", "use std.kubernetes as k\nuse \"./deep.bp\" as d\n"] {
        let text = format!("{HEAD}use \"./inner.bp\" as inner\n{uses}node n: inner.Blueprint\n");
        common::write(folder.path(), &[("root.bp", &text)]);
        let analysis = Analysis::check(&folder.path().join("root.bp"));
        let lines = analysis.diagnostics().iter().filter(|told| told.code == "E4008");
        all.extend(lines.map(|told| format!("{}\n", told.help.clone().unwrap())));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_name_that_is_there_already_is_not_proposed() {
    assert_helps!(
        "",
        "use std.drift { Correct, correct }\nnode n: Root\npolicy p: Correct { targets = [n] }",
    );
}

#[test]
fn a_value_that_is_left_open_makes_a_draft() {
    assert_helps!("", "node type N { property p: int }\nnode n: N");
}

/// A fix would rename it here alone.
#[test]
fn a_workflows_parameter_is_named_by_those_who_run_it() {
    assert_helps!(
        "",
        "workflow w(n: int, m: int = 2) { wait 1s }\nworkflow v() { run w { n = 1 } }",
        "fn f(n: int) -> int = 1\noutput o: int = f(2)",
    );
}

#[test]
fn a_collection_is_made_a_list_by_a_mark_behind_it() {
    assert_helps!(
        "node type N { requires peer: N[0..] via ConnectsTo }\nnode b: N for i in 1..2\nnode n: N\n",
        "node m: N { peer -> [...b, n] }",
        "workflow w(_l: list<N>) { wait 1s }\nworkflow v() { run w { _l = b } }",
    );
}

#[test]
fn what_is_asked_of_a_whole_value_is_shown() {
    assert_helps!(
        "data type R {\n  min: int\n  max: int = 5\n  check self.min <= self.max else \"min over max\"\n}\nfn k(r: R) -> int = r.max - r.min\n",
        "output o: int = k({ min = 7 })",
    );
}

#[test]
fn where_a_secret_can_not_go_is_told_by_what_would_show() {
    assert_helps!(
        "secret s: list<string>\nsecret p: string\n",
        "node type T { property l: list<secret string> }\nnode t: T { l = [upper(x) for x in s] }",
        "node type T { property m: map<secret string> }\nnode t: T { m = { k = v for k, v in { \"a\" = p } } }",
        "node type T { property l: list<string> }\nnode t: T { l = s }",
        // What could never be given is told where it is asked for, and there alone.
        "policy type P { property q: secret string }\npolicy g: P { q = p }",
    );
}

#[test]
fn a_ring_of_one_is_told_as_what_it_is() {
    assert_helps!(
        "",
        "node type T {\n  attribute x: string\n  property y: string = \"a${self.x}\"\n}\nnode t: T",
        "node type T {\n  attribute x: string\n  property y: string\n}\nnode t: T { y = \"a${t.x}\" }",
        "node type T { property d: int = self.d }\nnode t: T",
        "node type T { requires peer: T[0..1] }\nnode t: T { peer -> t }",
    );
}

#[test]
fn a_ring_of_records_is_told_by_its_fields() {
    assert_helps!(
        "",
        "data type A { z: int, b: B }\ndata type B { a: A }",
        "data type C { c: C }",
        "data type D { e: E }\ndata type E = D",
    );
}

#[test]
fn what_is_wrong_with_an_inventory_is_told_at_it() {
    let with = |kind: &str, elements: &str| {
        format!(
            "select hs: {kind}[0..]\ntest \"t\" {{\n  inventory = {{ {elements} }}\n  assert count(hs) == 1\n}}"
        )
    };
    let of = |elements: &str| with("Host", elements);
    assert_helps!(
        "node type Host { property m: size, property p: string? }\nnode type Seen {\n  attribute zone: string\n  attribute at: string?\n}\n",
        of(
            "elements = [{ name = \"a\", type = \"Host\", m = \"2GiB\" }, { name = \"a\", type = \"Host\", m = \"2GiB\" }]"
        ),
        of("elements = [{ name = \"a\", type = \"Host\", m = 3 }]"),
        of("elements = [{ name = \"a\", type = \"Host\", m = \"2GiB\", zone = 1 }]"),
        of("elements = [{ name = \"a\", type = \"Host\" }]"),
        with("Seen", "elements = [{ name = \"a\", type = \"Seen\" }]"),
        of(
            "elements = [{ name = \"a\", type = \"Hots\" }, { name = \"b\", type = \"Host\", m = \"2GiB\" }]"
        ),
        of("elements = [{ name = \"a\", type = \"Quite\" }]"),
        of("elements = [], foo = 1"),
        // What is made by a loop is told as a whole.
        of("elements = [{ name = \"e${i}\", type = \"Host\" } for i in 1..1]"),
    );
}

#[test]
fn what_can_not_be_is_not_proposed() {
    assert_helps!(
        "node type N { property a: int = 1 }\nnode n: N\n",
        "node w: int",
        "node u: abstract { a = 3 }",
        "workflow w() { call q.m.go }",
        "fn b(x: int, x: int) -> int = x",
        "fn k(x: T) -> T = x",
        "use std.drift { Correct, Correct }\npolicy p: Correct { targets = [n] }",
        "input b: \"x\" | \"y\" | int = \"z\"",
    );
}

#[test]
fn there_are_words_at_each_place() {
    assert_helps!(
        "",
        "node type M {\n  property z: string\n  check self.z != \"a\"\n}\nnode m: M { z = \"a\" }\nnode ms: M for i in 1..2 { z = \"a\" }",
        "node type T { requires up: Root via HostedOn }\nnode b: Root\nnode a: T { up -> b via ConnectsTo }",
        "node type H { property zone: string }\nnode type S { requires h: H[0..1] via HostedOn where self.zone == \"z\" }\nnode h: H { zone = \"a\" }\nnode s: S { h -> H where self.zone == \"z\" }\nnode t: S { h -> h }",
        "interface type I { operation go(n: int) }\nnode type T {\n  implements I\n  operation i.go = script(\"a.sh\")\n}\nnode t: T\nworkflow w() { call t.i.go { n = \"x\" } }",
    );
}

#[test]
fn a_parameter_of_an_operation_is_told_at_its_name() {
    let files = [
        (
            "st.bp",
            "interface type I { operation go(first: int, n: int) -> { ok: bool } }\nabstract node type T { implements I }\n",
        ),
        (
            "root.bp",
            "blueprint x substitutes st.T { version = \"1.0.0\" }\nuse \"./st.bp\" as st\nimplement i.go = w\nworkflow w(first: int, n: bool) -> { ok: bool } { return { ok = n and first > 1 } }\n",
        ),
    ];
    let folder = common::folder(&files);
    let analysis = Analysis::check(&folder.path().join("root.bp"));
    let all: String = analysis.diagnostics().iter().map(|told| whole(&analysis, told)).collect();
    insta::assert_snapshot!(all);
}

#[test]
fn what_is_told_of_a_deployment_is_called_so() {
    assert_helps!("", "output d: string = deployment.nme", "output d: string = deployment.x");
}
