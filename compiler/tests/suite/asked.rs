//! What types ask (`where`, `check`) holds whatever inputs are given: where only they show what is wrong,
//! it is told when they are known.

use std::path::Path;

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::Diagnostic;
use bp_compiler::testing::Suite;

use crate::blueprint_tests::found;

/// What is told of a blueprint with its inputs' defaults: each as `CODE LINE message`.
fn told(body: &str) -> Vec<String> {
    let text = format!("blueprint sample {{ version = \"1.0.0\" }}\n{body}");
    let line = |offset: u32| text.get(..offset as usize).unwrap().lines().count().max(1);
    let found = found(&format!("{text}\ntest \"t\" {{ assert true }}\n"));
    let said = found.into_iter().flatten();
    said.map(|d| format!("{} {} {}", d.code, line(d.place.span.start + 1), d.message)).collect()
}

/// Each text tells this and nothing more; with another text in the place of one of its parts nothing.
fn assert_told(cases: &[(&str, &str, &str, &str)]) {
    for (bad, from, to, wanted) in cases {
        assert_eq!(told(bad), [*wanted], "{bad}");
        let good = bad.replace(from, to);
        assert_ne!(*bad, good);
        assert_eq!(told(&good), Vec::<String>::new(), "{good}");
    }
}

const CRON: &str = r#"use std.schedule
input c: string = "bad"
workflow w() { wait 1s }
policy p: schedule.Cron {
  cron = c
  run = w
}"#;
const BUDGET: &str = r"use std.fleet
input b: percent = 900%
node n: Root
policy p: fleet.Rollout { targets = [n], failure_budget = b }";
const WINDOW: &str = r#"policy type Window {
  property from: int
  property to: int = self.from + 1
  property z: int
  check self.z > 100 else "z is ${self.z}"
  check self.from < self.to
}
input z: int = 3
policy p: Window { from = z, z = z * 10 }"#;
const DEFAULT: &str = r#"policy type Window {
  property from: int
  property to: int = self.from + 1 where self < 4 else "it ends late"
}
input z: int = 3
policy p: Window { from = z }"#;
const ARGUMENT: &str = r#"use std.schedule
input n: int = 3
workflow w(to: int where self > 3 else "${self} is too few") { wait 1s }
policy p: schedule.Cron { cron = "0 2 * * *", run = w, with = { to = n } }"#;

#[test]
fn policies_are_as_their_types_ask() {
    assert_told(&[
        (
            CRON,
            "\"bad\"",
            "\"0 2 * * *\"",
            "E3028 6 the policy `p`: `cron`: a cron expression has five fields, each within its range: minute (0-59), hour (0-23), day (1-31), month (1-12), day of the week (0-7), such as \"0 2 * * *\"",
        ),
        (
            BUDGET,
            "900%",
            "90%",
            "E3028 5 the policy `p`: `failure_budget`: a count, or a share of at most 100%",
        ),
        (WINDOW, "z: int = 3", "z: int = 11", "E5011 10 the policy `p`: z is 30"),
        (DEFAULT, "z: int = 3", "z: int = 2", "E3028 7 the policy `p`: `to`: it ends late"),
        (
            ARGUMENT,
            "n: int = 3",
            "n: int = 4",
            "E3028 5 the policy `p`: the argument `to`: 3 is too few",
        ),
    ]);
}

const OUTPUT: &str = r#"input i: int = 3
output o: int = i * 2 where self > 6 else "${self} is too small""#;

#[test]
fn outputs_are_within_their_constraints() {
    assert_told(&[(OUTPUT, "int = 3", "int = 4", "E3028 3 the output `o`: 6 is too small")]);
}

const PROPERTY: &str = r#"relationship type R extends DependsOn { property w: int where self > 5 else "w is ${self}" }
node type A { property n: int = 1 }
node type Q { requires a: A via R }
input i: int = 3
node a: A
node q: Q {
  a -> a via R {
    w = i
  }
}"#;
const SOURCE: &str = r#"relationship type R extends DependsOn {
  source: Q
  property w: int = source.n where self > 5 else "w is ${self}"
}
node type A { property n: int = 1 }
node type Q { property n: int, requires a: A via R }
input i: int = 3
node a: A
node q: Q {
  n = i
  a -> a
}"#;
const CHECK: &str = r#"relationship type R extends DependsOn {
  property w: int
  check self.w > 5 else "w is ${self.w}"
}
node type A { property n: int = 1 }
node type Q { requires a: A via R }
input i: int = 3
node a: A for k in ["x", "y"] { n = 1 }
node q: Q { a -> a["y"] via R { w = i } }"#;
const ENDS: &str = r#"relationship type R extends DependsOn {
  source: Q
  target: A
  check source.n != target.n else "both are ${source.n}"
}
node type A { property n: int }
node type Q { property n: int, requires a: A[0..] via R }
input i: int = 2
node a: A { n = 1 }
node b: A { n = 2 }
node q: Q { n = i, a -> [a, b] }"#;

#[test]
fn relationships_are_as_their_types_ask() {
    assert_told(&[
        (PROPERTY, "int = 3", "int = 6", "E3028 9 `q`: `a -> a`: `w`: w is 3"),
        (SOURCE, "int = 3", "int = 6", "E3028 12 `q`: `a -> a`: `w`: w is 3"),
        (CHECK, "int = 3", "int = 6", "E4023 10 `q`: `a -> a[\"y\"]`: w is 3"),
        (ENDS, "int = 2", "int = 3", "E4023 12 `q`: `a -> b`: both are 2"),
    ]);
}

#[test]
fn what_functions_and_constants_are_given_is_as_they_ask() {
    assert_told(&[
        (
            "fn f(x: int where self > 5 else \"${self} is small\") -> int = x * 2\ninput a: int = 1\noutput o: int = f(a)",
            "= 1",
            "= 6",
            "E3028 4 the output `o`: `x` of `f`: 1 is small",
        ),
        (
            "data type Port = int where self in 1..65535\nfn f(x: list<Port>) -> int = count(x)\ninput a: int = 0\noutput o: int = f([80, a])",
            "= 0",
            "= 1",
            "E3028 5 the output `o`: `x` of `f`: [1]: the int 0 does not meet `where self in 1..65535`",
        ),
        (
            "data type Port = int where self in 1..65535\nfn f(x: int) -> Port = x + 1\ninput a: int = 65535\noutput o: int = f(a)",
            "= 65535",
            "= 65534",
            "E3028 5 the output `o`: what `f` gives: the int 65536 does not meet `where self in 1..65535`",
        ),
        (
            "const low: int = 3\nfn f(x: int = 9 where self > low) -> int = x\ninput a: int = 1\noutput o: int = f(a) + f()",
            "input a: int = 1",
            "input a: int = 4",
            "E3028 5 the output `o`: `x` of `f`: the int 1 does not meet `where self > low`",
        ),
        (
            "input a: int = 1\nconst b: int = a + 1 where self > 5\noutput o: int = b",
            "= 1",
            "= 5",
            "E3028 4 the output `o`: the constant `b`: the int 2 does not meet `where self > 5`",
        ),
    ]);
}

/// A blueprint of this body, as the compiler sees it.
fn analysed(body: &str) -> Analysis {
    let path = Path::new("/asked.bp");
    let text = format!("blueprint sample {{ version = \"1.0.0\" }}\n{body}\n");
    Analysis::load_with(path, &[(path.to_path_buf(), text)].into_iter().collect())
}

/// What the compiler says of it: each error as `CODE LINE message`.
fn checked(body: &str) -> Vec<String> {
    let analysis = analysed(body);
    let source = &analysis.sources().modules[0].source;
    let line = |d: &Diagnostic| source.position(d.place.span.start).line;
    let errors = analysis.diagnostics().iter().filter(|d| d.code.starts_with('E'));
    errors.map(|d| format!("{} {} {}", d.code, line(d), d.message)).collect()
}

#[test]
fn what_is_known_when_compiling_is_held_against_what_is_asked() {
    for (text, from, to, wanted) in [
        (
            "data type Port = int where self in 1..65535\nfn f(x: Port) -> int = x\noutput o: list<int> = [f(x) for x in [80, 0]]",
            ", 0]",
            ", 1]",
            "E3028 4 `x` of `f`: the int 0 does not meet `where self in 1..65535`",
        ),
        (
            "fn f(x: int where self > 0) -> int = x\nnode type A { property p: int }\nnode a: A { p = 0 }\nnode b: A { p = f(a.p) }\noutput o: int = b.p",
            "p = 0",
            "p = 1",
            "E3028 5 `x` of `f`: the int 0 does not meet `where self > 0`",
        ),
        (
            "fn f(x: int = 0 where self > 0) -> int = x\noutput o: int = f(1)",
            "int = 0",
            "int = 1",
            "E3028 2 the int 0 does not meet `where self > 0`",
        ),
        (
            "policy type P { property p: int, check self.p > 0 }\nnode type A { property p: int }\nnode a: A { p = 0 }\npolicy q: P { p = a.p }\noutput o: int = a.p",
            "p = 0",
            "p = 1",
            "E5011 5 `q`: `check self.p > 0` does not hold",
        ),
    ] {
        assert_eq!(checked(text), [wanted], "{text}");
        assert_eq!(checked(&text.replace(from, to)), [""; 0], "{text}");
    }
}

#[test]
fn groups_are_as_their_types_ask_of_their_members() {
    const KIND: &str = "group type G {\n  members: A[0..]\n  property most: int\n  check count(self.members) <= self.most else \"${count(self.members)} are too many\"\n  check all(m in self.members, m.size > 1) else \"too small\"\n}\nnode type A { property size: int }\n";
    let of = |rest: &str| checked(&format!("{KIND}{rest}\noutput o: int = g.most"));
    let nodes = "node a: A { size = 2 }\nnode b: A for x in [1, 2] { size = x + 2 }\n";
    for (rest, wanted) in [
        ("group g: G { members = [a, b], most = 3 }", None),
        ("group g: G { members = [a, b], most = 2 }", Some("E5011 11 `g`: 3 are too many")),
        (
            "group h: Group { members = [b] }\ngroup g: G { members = [a, h], most = 2 }",
            Some("E5011 12 `g`: 3 are too many"),
        ),
    ] {
        let found = of(&format!("{nodes}{rest}"));
        assert_eq!(found, wanted.into_iter().collect::<Vec<_>>(), "{rest}");
    }
    let small = "node a: A { size = 1 }\ngroup g: G { members = [a], most = 2 }";
    assert_eq!(of(small), ["E5011 10 `g`: too small"]);
    // What only an input tells is told when that is known.
    let given = "input n: int = 1\nnode a: A { size = n }\ngroup g: G { members = [a], most = 2 }";
    let given = told(&format!("{KIND}{given}\noutput o: int = g.most"));
    assert_eq!(given, ["E5011 11 the group `g`: too small"]);
}

#[test]
fn policies_are_as_their_types_ask_of_their_targets() {
    const KIND: &str = "policy type Budget {\n  targets: A[0..]\n  property most: int\n  check sum(one in self.targets, one.size) <= self.most else \"${sum(one in self.targets, one.size)} is too much\"\n}\nnode type A { property size: int }\n";
    let nodes = "node a: A { size = 2 }\nnode b: A for x in [1, 2] { size = x + 2 }\ngroup h: Group { members = [b] }\noutput o: int = a.size\n";
    for (rest, wanted) in [
        ("policy p: Budget { targets = [a, b], most = 9 }", None),
        ("policy p: Budget { targets = [a, b], most = 8 }", Some("E5011 12 `p`: 9 is too much")),
        (
            "policy p: Budget { targets = [b[\"1\"], h], most = 6 }",
            Some("E5011 12 `p`: 7 is too much"),
        ),
    ] {
        let found = checked(&format!("{KIND}{nodes}{rest}"));
        let found: Vec<&String> = found.iter().filter(|told| !told.starts_with('W')).collect();
        assert_eq!(found, wanted.into_iter().collect::<Vec<_>>(), "{rest}");
    }
    // What only an input tells is told when that is known.
    let given = "input n: int = 3\nnode a: A { size = n }\npolicy p: Budget { targets = [a], most = 2 }\noutput o: int = a.size";
    assert_eq!(told(&format!("{KIND}{given}")), ["E5011 10 the policy `p`: 3 is too much"]);
    // A group has members, a policy targets.
    let named =
        KIND.replace("one in self.targets, one.size) <=", "one in self.members, one.size) <=");
    let found = checked(&format!("{named}{nodes}policy p: Budget {{ targets = [a], most = 9 }}"));
    assert_eq!(found, ["E3003 5 `Budget` has no `members`"]);
}

#[test]
fn what_is_asked_of_groups_and_policies_is_known_when_they_are_deployed() {
    const KINDS: &str = "node type A { property size: int = 1, attribute cost: int, provider = \"noop\" }\nnode a: A\n";
    for of in [
        "group type G { members: A[0..], check all(m in self.members, m.cost > 3) }\ngroup g: G { members = [a] }",
        "policy type G { targets: A[0..], check sum(m in self.targets, m.cost) > 3 }\npolicy g: G { targets = [a] }",
        "group type G { members: A[0..], property all: int = sum(m in self.members, m.cost), check self.all > 3 }\ngroup g: G { members = [a] }",
    ] {
        let found = checked(&format!("{KINDS}{of}"));
        let [only] = found.as_slice() else { panic!("{of}: {found:?}") };
        assert!(only.starts_with("E4016 5 ") || only.starts_with("E4016 4 "), "{of}: {only}");
        let size = of.replace("m.cost", "m.size").replace("> 3", "> 0");
        assert_eq!(checked(&format!("{KINDS}{size}")), [""; 0], "{of}");
        // Who is there hangs on an input.
        let text =
            format!("input on: bool = true\n{}", KINDS.replace("node a: A", "node a: A if on"));
        let told = told(&format!("{text}{of}"));
        let [only] = told.as_slice() else { panic!("{of}: {told:?}") };
        assert!(only.contains("must be known when it is deployed"), "{of}: {only}");
    }
}

#[test]
fn relationships_that_are_known_are_as_their_types_ask() {
    for (text, from, to, wanted) in [
        (PROPERTY_KNOWN, "n = 2", "n = 6", "E3028 10 `w`: w is 2"),
        (CHECK, "input i: int = 3", "const i: int = 6", "E4023 10 `a`: w is 3"),
        (ENDS, "input i: int = 2", "const i: int = 3", "E4023 12 `a`: both are 2"),
    ] {
        let text = text.replace("input i", "const i");
        assert_eq!(checked(&text), [wanted], "{text}");
        let good = text.replace(&from.replace("input i", "const i"), to);
        assert_ne!(good, text);
        assert_eq!(checked(&good), [""; 0], "{good}");
    }
}

const PROPERTY_KNOWN: &str = r#"relationship type R extends DependsOn {
  source: Q
  property w: int = source.n where self > 5 else "w is ${self}"
}
node type A
node type Q { property n: int, requires a: A via R }
node a: A
node q: Q for k in ["x"] {
  n = 2, a -> a
}
output o: int = q["x"].n"#;

/// Objects of Kubernetes: what stands in the first and must not, and what is said of it.
const OBJECTS: &[(&str, &str)] = &[
    ("Namespace { name = \"Shop\" }", "a namespace's name has"),
    ("Deployment { name = \"web-\", image = \"a\" }", "a name has at most 253"),
    ("Deployment { name = \"web\", namespace = \"a.b\", image = \"a\" }", "a namespace's name has"),
    ("Deployment { name = \"web\", image = \"\" }", "an image is a name without blanks"),
    ("Deployment { name = \"web\", image = \"a\", ports = [80, 99999] }", "a port is a number"),
    ("Deployment { name = \"web\", image = \"a\", labels = { \"a b\" = \"c\" } }", "labels have"),
    ("Deployment { name = \"web\", image = \"a\", labels = { a = \"-\" } }", "labels have"),
    (
        "Deployment { name = \"web\", image = \"a\", annotations = { \"/a\" = \"\" } }",
        "the key of an",
    ),
    (
        "Deployment { name = \"web\", image = \"a\", env = { \"a=b\" = \"\" } }",
        "the name of an env",
    ),
    ("Deployment { name = \"web\", image = \"a\", env_from = [\"A\"] }", "these are names of Conf"),
    ("Deployment { name = \"web\", image = \"a\", replicas = 3000000000 }", "the int 3000000000"),
    ("ConfigMap { name = \"web\", data = { \"a/b\" = \"\" } }", "the key of an entry"),
    ("Service { name = \"1\", selector = {}, ports = [{ port = 80 }] }", "`n`: a Service's name"),
    ("Service { name = \"web\", selector = {}, ports = [] }", "a Service serves at least"),
    ("Service { name = \"web\", selector = {}, ports = [{ port = 0 }] }", "the int 0 does not"),
    (
        "Service { name = \"web\", selector = {}, ports = [{ port = 80 }, { port = 81 }] }",
        "`n`: where a Service has several ports",
    ),
    (
        "Service { name = \"web\", selector = {}, ports = [{ port = 80, name = \"a\" }, { port = 81, name = \"a\" }] }",
        "`n`: two ports of a Service have the same name",
    ),
    (
        "Service { name = \"web\", selector = {}, ports = [{ port = 80, name = \"a\" }, { port = 80, name = \"b\" }] }",
        "`n`: a Service has the same port twice",
    ),
];

#[test]
fn objects_that_no_api_server_takes_are_told() {
    let of = |node: &str| {
        let node = node.replacen(" {", " for c in cs { host -> c,", 1);
        checked(&format!(
            "use std.kubernetes as k8s\nselect cs: k8s.Cluster[1..]\nnode n: k8s.{node}"
        ))
    };
    for (node, wanted) in OBJECTS {
        let found = of(node);
        let is_told = found.iter().any(|told| told.contains(&format!(" 4 {wanted}")));
        assert!(found.len() == 1 && is_told, "{node}\n  {wanted}: {found:?}");
    }
    for node in [
        "Namespace { name = \"shop-1\", labels = { \"a.b/c\" = \"D_e\", e = \"\" } }",
        "Deployment { name = \"a.b\", image = \"r/i@sha256:0\", ports = [1, 65535], env = { \"A B\" = \"=\" } }",
        "Service { name = \"web\", selector = { app = \"a\" }, ports = [{ port = 53, name = \"a\" }, { port = 53, protocol = \"UDP\", name = \"b\" }] }",
        "ConfigMap { name = \"web\", data = { \"a.b\" = \"\" }, annotations = { \"a/b\" = \"any thing\" } }",
    ] {
        assert_eq!(of(node), [""; 0], "{node}");
    }
}

#[test]
fn a_blueprint_that_was_chosen_by_name_is_asked_when_inputs_are_known() {
    let folder = crate::common::folder(&[
        (
            "store.bp",
            "abstract node type Store {\n  property size: size\n  attribute url: string\n}\n",
        ),
        (
            "tiny.bp",
            "blueprint tiny substitutes store.Store where self.size <= 1TiB { version = \"1.0.0\" }\nuse \"./store.bp\" as store\ninput size: size\noutput url: string = \"u-${size}\"\n",
        ),
        (
            "shop.bp",
            "blueprint shop { version = \"1.0.0\" }\nuse \"./store.bp\" as store\nuse \"./tiny.bp\" as tiny\ninput n: size = 10GiB\nnode a: store.Store using tiny.Blueprint { size = n }\noutput u: string = a.url\ntest \"small\" { assert a.size == 10GiB }\ntest \"large\" {\n  inputs = { n = 2TiB }\n  assert a.size == 2TiB\n}\n",
        ),
    ]);
    let analysis = Analysis::load(&folder.path().join("shop.bp"));
    assert!(analysis.diagnostics().is_empty(), "{:#?}", analysis.diagnostics());
    let suite = Suite::new(&analysis).unwrap();
    let found: Vec<Vec<String>> = analysis
        .tests()
        .iter()
        .map(|test| suite.run(test).iter().map(|d| format!("{} {}", d.code, d.message)).collect())
        .collect();
    assert_eq!(
        found,
        [vec![], vec!["E4023 `a`: `a` does not meet `where self.size <= 1TiB`".to_owned()]]
    );
}

#[test]
fn what_a_requirement_asks_is_asked_of_each_instance_of_a_collection() {
    let of = |target: &str, last: &str| {
        checked(&format!(
            "node type H {{ property z: string }}\nnode type T {{ requires hs: H[1..] where self.z == \"a\" }}\nnode h: H for x in [\"a\", \"{last}\"] {{ z = \"${{x}}\" }}\nnode t: T {{ hs -> {target} }}"
        ))
    };
    for target in ["h", "h[*]"] {
        let found = of(target, "b");
        assert!(found.len() == 1 && found[0].starts_with("E4011 5 "), "{target}: {found:?}");
    }
    assert_eq!(of("h", "a2").len(), 1);
}

#[test]
fn the_instance_that_breaks_a_check_is_named() {
    let text = "node type A { property z: int, check self.z < 3 }\nnode a: A for i in 1..3 { z = i }\noutput o: int = a[\"1\"].z";
    assert_eq!(checked(text), ["E4023 3 `a[\"3\"]`: `check self.z < 3` does not hold"]);
}

/// What values are held against in a blueprint's plan.
fn kinds(body: &str) -> Vec<bp_plan::Type> {
    let analysis = analysed(body);
    let plan = analysis.plan().unwrap_or_else(|| panic!("{:#?}", analysis.diagnostics()));
    bp_plan::validate::held(plan).into_iter().cloned().collect()
}

#[test]
fn what_has_a_secret_part_is_held_as_a_secret() {
    use bp_plan::Type;
    let of = |head: &str, given: &str| {
        kinds(&format!(
            "data type D {{ key: secret string where length(self) > 3 }}\nsecret s: string\ndata type Long = string where length(self) > 3\n{head}\nnode type A {{ property p: secret json }}\nnode a: A {{ p = f({given}) }}"
        ))
    };
    let secret = |ty: Type| Type::Secret(Box::new(ty));
    assert_eq!(of("fn f(x: Long) -> string = x", "s"), [secret(Type::Data("Long".into()))]);
    let optional = of("fn f(x: string? where length(self) > 3) -> string = x ?? \"\"", "s");
    assert_eq!(optional, [Type::Optional(Box::new(secret(Type::String)))]);
    assert_eq!(
        of("fn f(x: D) -> secret json = x.key", "{ key = s }"),
        [secret(Type::Data("D".into()))]
    );
}

/// What a data type does not allow is for a test to show, as what an input's own `where` does not.
#[test]
fn a_test_shows_what_a_data_type_refuses() {
    let text = r#"blueprint t2 { version = "1.0.0" }
data type Port = int where self in 1..65535
data type R {
  min: int
  max: int = 9
  check self.min < self.max
}
input p: Port = 80
input q: int = 80 where self in 1..65535
input r: R = { min = 1 }
output o: int = p + q + r.min
const wrong = { p = 0 }
test "p" {
  inputs = { p = 0 }
  assert_fails E3028
}
test "q" {
  inputs = { q = 0 }
  assert_fails E3028
}
test "r" {
  inputs = { r = { min = 30 } }
  assert_fails E3028
}
test "spread" {
  inputs = { ...wrong }
  assert_fails E3028
}
"#;
    let found = found(text);
    assert!(found.iter().all(Vec::is_empty), "{found:?}");
    // A test that wants the blueprint accepted is wrong.
    let asserted = text.replace("assert_fails E3028", "assert true");
    let told = crate::common::mistakes(&asserted);
    let told: Vec<&String> = told.iter().filter(|said| said.starts_with("E3028")).collect();
    assert_eq!(told, ["E3028 14:18", "E3028 22:18", "E3028 26:17"]);
}

/// A range where a list is declared, or open data, is the list of its numbers.
#[test]
fn a_range_becomes_the_list_that_is_declared() {
    let text = r#"blueprint s { version = "1.0.0" }
input k: int = 3
node type N {
  property l: list<int>
  property o: list<int>? = null
  property j: json = {}
}
node n: N {
  l = 1..3
  o = 1..k
  j = { ports = 8080..8082 }
}
input i: list<int> = 1..3
fn is_two(l: list<int>) -> bool = l == [1, 2]
test "t" {
  assert n.l == [1, 2, 3] and n.o == [1, 2, 3] and i == [1, 2, 3]
  assert is_two(1..2) and is_two(1..(k - 1))
  assert n.j == { ports = [8080, 8081, 8082] }
  assert json_encode({ ports = 1..2 }) == "{\"ports\":[1,2]}"
}
"#;
    let found = found(text);
    assert!(found.iter().all(Vec::is_empty), "{found:?}");
    let many = "blueprint s { version = \"1.0.0\" }\ninput i: list<int> = 1..1000000000\noutput o: int = i[0]\n";
    assert_eq!(crate::common::mistakes(many), ["E3026 2:22"]);
}
