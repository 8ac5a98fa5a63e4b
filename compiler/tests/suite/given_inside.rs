//! What nodes give the blueprints that they are made of, followed inside: what can never work there is told at the
//! value, as if it stood there.

use crate::composition::wrong;

/// What `expose` names is there.
#[test]
fn what_is_exposed_is_there() {
    let of = |exposed: &str| {
        let text = format!(
            "blueprint e {{ version = \"1.0.0\" }}\ncapability type Sql {{ property port: int = 1 }}\nnode type N {{ capability sql: Sql }}\nnode c: N for x in [\"a\", \"b\"]\nexpose sql = {exposed}\n"
        );
        wrong(&[("e.bp", &text)])
    };
    assert_eq!(of("c[\"b\"].sql"), [""; 0]);
    assert_eq!(of("c[\"z\"].sql"), ["E3024 e.bp:5"]);
}

/// An abstract type, and a blueprint that stands for it.
const STORE: &str = r#"abstract node type Store {
  property tier: string = "silver"
  capability sql: Sql
  requires machine: Machine via HostedOn
}
node type Machine { property memory: size }
capability type Sql { property port: int }
"#;
const DATABASE: &str = r#"blueprint database substitutes store.Store { version = "1.0.0" }
use "./store.bp" as store
requires machine: store.Machine where self.memory >= 2GiB
input tier: string
node type Server {
  capability sql: store.Sql { port = 5432 }
  requires host: store.Machine via HostedOn
}
node primary: Server { host -> machine }
expose sql = primary.sql
"#;

/// What is wrong with a shop beside these.
fn in_shop(text: &str) -> Vec<String> {
    let shop = format!(
        "blueprint shop {{ version = \"1.0.0\" }}\nuse \"./store.bp\" as store\nuse \"./database.bp\" as database\n{text}"
    );
    wrong(&[("shop.bp", &shop), ("store.bp", STORE), ("database.bp", DATABASE)])
}

/// What a blueprint asks of what meets its requirements, it asks of nodes that it stands for, too.
#[test]
fn a_substitute_asks_of_targets() {
    let of = |memory: &str, db: &str| {
        in_shop(&format!("node small: store.Machine {{ memory = {memory} }}\nnode db: {db}\n"))
    };
    let direct = "database.Blueprint { tier = \"a\", machine -> small }";
    assert_eq!(of("1GiB", direct), ["E4011 shop.bp:5"]);
    assert_eq!(of("1GiB", "store.Store { machine -> small }"), ["E4011 shop.bp:5"]);
    assert_eq!(of("2GiB", "store.Store { machine -> small }"), [""; 0]);
}

/// A capability that a substitute exposes is read as that of a node of the blueprint itself.
#[test]
fn what_a_substitute_exposes_is_read() {
    let of = |db: &str, rest: &str| {
        in_shop(&format!(
            "node big: store.Machine {{ memory = 4GiB }}\nnode type App {{ requires database: store.Sql where self.port > 6000 }}\nnode type P {{ property port: int where self > 6000 }}\nnode db: {db}\n{rest}"
        ))
    };
    let (direct, by) =
        ("database.Blueprint { tier = \"a\", machine -> big }", "store.Store { machine -> big }");
    for db in [direct, by] {
        assert_eq!(of(db, "node app: App { database -> db.sql }"), ["E4011 shop.bp:8"], "{db}");
        assert_eq!(of(db, "node p: P { port = db.sql.port }"), ["E3028 shop.bp:8"], "{db}");
        assert_eq!(of(db, "node p: P { port = db.sql.port + 600 }"), [""; 0], "{db}");
    }
}

/// What an abstract type has by default, it gives the blueprint that stands for it.
#[test]
fn defaults_of_an_abstract_type_are_followed() {
    let of = |default: &str, node: &str| {
        let kind = format!("abstract node type St {{ property env: map<string> = {default} }}\n");
        let inner = "blueprint inner substitutes a.St { version = \"1.0.0\" }\nuse \"./kind.bp\" as a\ninput env: map<string>\nnode type X { property x: string }\nnode x: X { x = env[\"KEY\"] }\n";
        let outer = format!(
            "blueprint outer {{ version = \"1.0.0\" }}\nuse \"./kind.bp\" as a\nuse \"./inner.bp\" as i\n{node}\n"
        );
        wrong(&[("outer.bp", &outer), ("kind.bp", &kind), ("inner.bp", inner)])
    };
    assert_eq!(of("{}", "node s: a.St"), ["E3024 outer.bp:4"]);
    assert_eq!(of("{ KEY = \"v\" }", "node s: a.St"), [""; 0]);
    assert_eq!(of("{}", "node s: a.St { env = { KEY = \"v\" } }"), [""; 0]);
    assert_eq!(of("{ KEY = \"v\" }", "node s: a.St { env = {} }"), ["E3024 outer.bp:4"]);
}

/// What a node inside gives on is followed, however deep that goes; a mistake of a blueprint in between is its own.
#[test]
fn values_are_followed_through_blueprints() {
    let inmost = "blueprint inmost { version = \"1.0.0\" }\nnode type N { property n: int where self > 2 }\ninput n: int\nsecret pw: string where length(self) > 5\nnode a: N { n = n }\n";
    let of = |given: &str, n: &str, pw: &str| {
        let between = format!(
            "blueprint between {{ version = \"1.0.0\" }}\nuse \"./inmost.bp\" as l\ninput n: int\nsecret pw: string\nnode x: l.Blueprint {{\n  n = {given}\n  pw = pw\n}}\n"
        );
        let around = "blueprint around { version = \"1.0.0\" }\nuse \"./between.bp\" as l\ninput n: int\nsecret pw: string\nnode x: l.Blueprint {\n  n = n\n  pw = pw\n}\n";
        let outer = format!(
            "blueprint outer {{ version = \"1.0.0\" }}\nuse \"./around.bp\" as l\nnode x: l.Blueprint {{\n  n = {n}\n  pw = {pw}\n}}\n"
        );
        wrong(&[
            ("outer.bp", &outer),
            ("around.bp", around),
            ("between.bp", &between),
            ("inmost.bp", inmost),
        ])
    };
    assert_eq!(of("n", "1", "\"abcdef\""), ["E3028 outer.bp:4"]);
    assert_eq!(of("n", "3", "\"abc\""), ["E3028 outer.bp:5"]);
    assert_eq!(of("n", "1", "\"abc\""), ["E3028 outer.bp:4", "E3028 outer.bp:5"]);
    assert_eq!(of("n", "3", "\"abcdef\""), [""; 0]);
    assert_eq!(of("n * 2", "2", "\"abcdef\""), [""; 0]);
    assert_eq!(of("1", "3", "\"abcdef\""), ["E3028 between.bp:6"]);
}

/// What is wrong with a blueprint whose one node is made of another, with this body.
fn with_inner(inner: &str, body: &str) -> Vec<String> {
    let inner = format!("blueprint inner {{ version = \"1.0.0\" }}\n{inner}");
    let outer = format!(
        "blueprint outer {{ version = \"1.0.0\" }}\nuse \"./inner.bp\" as inner\nnode x: inner.Blueprint {{\n{body}\n}}\n"
    );
    wrong(&[("outer.bp", &outer), ("inner.bp", &inner)])
}

/// Instances that are there with what is given may be in a ring.
#[test]
fn rings_inside_are_told_at_what_is_given() {
    let inner = "node type N\ninput tier: string = \"silver\"\nnode c: N for i in 1..2 if tier == \"gold\" { after -> b }\nnode b: N { after -> c[\"1\"] }\n";
    assert_eq!(with_inner(inner, "tier = \"gold\""), ["E4014 outer.bp:4"]);
    // Without the first of them, the other has nothing to come after.
    assert_eq!(with_inner(inner, "tier = \"bronze\""), ["E3024 outer.bp:4"]);
    let fine = inner.replace("c[\"1\"]", "a").replace("node b", "node a: N\nnode b");
    assert_eq!(with_inner(&fine, "tier = \"gold\""), [""; 0]);
}

/// How many there are of a collection inside is known where what it goes through is given.
#[test]
fn targets_inside_are_counted() {
    let inner = "node type M\nnode type P { requires ms: M[2..] }\ninput tags: list<string> = [\"a\", \"b\"]\ninput on: bool = true\nnode m: M for t in tags if t != \"x\"\nnode p: P if on { ms -> m }\n";
    assert_eq!(with_inner(inner, "tags = [\"a\"]"), ["E4009 outer.bp:4"]);
    assert_eq!(with_inner(inner, "tags = [\"a\", \"x\"]"), ["E4009 outer.bp:4"]);
    assert_eq!(with_inner(inner, "tags = [\"a\", \"c\"]"), [""; 0]);
    // What is not there needs nothing.
    assert_eq!(with_inner(inner, "on = false, tags = [\"a\"]"), [""; 0]);
}

/// Selections and calls inside are looked at with what is given.
#[test]
fn selections_and_calls_inside_take_what_is_given() {
    let inner = "use std.kubernetes as k8s\ninterface type I { operation go(x: int where self > 10) }\nnode type O {\n  implements I\n  operation i.go = script(\"stdlib.sh\")\n}\ninput cnt: int = 3\ninput mx: int = 3\ninput arg: int = 11\nselect cl: k8s.Cluster[0..5] {\n  count = cnt\n  spread = { by = self.labels?.x ?? \"a\", max = mx }\n}\nnode ns: k8s.Namespace for c in cl {\n  name = \"a\"\n  host -> c\n}\nnode o: O\nworkflow w() { call o.i.go { x = arg } }\n";
    let of = |body: &str| {
        let told = with_inner(inner, body);
        told.into_iter().filter(|told| !told.contains("inner.bp")).collect::<Vec<_>>()
    };
    assert_eq!(of("cnt = 9"), ["E4071 outer.bp:4"]);
    assert_eq!(of("cnt = -1"), ["E4075 outer.bp:4"]);
    assert_eq!(of("mx = 0"), ["E4075 outer.bp:4"]);
    assert_eq!(of("arg = 1"), ["E3028 outer.bp:4"]);
    assert_eq!(of("cnt = 9\narg = 1"), ["E4071 outer.bp:4", "E3028 outer.bp:5"]);
    assert_eq!(of("cnt = 5, mx = 1, arg = 12"), [""; 0]);
}

/// What a workflow inside surely does not come to, breaks nothing.
#[test]
fn steps_that_are_not_reached_break_nothing() {
    let of = |steps: &str, arg: &str| {
        let inner = format!(
            "input arg: int = 11\nworkflow v(x: int where self > 10) {{ wait 1s * x }}\nworkflow w() {{\n{steps}\n}}\n"
        );
        with_inner(&inner, &format!("arg = {arg}"))
    };
    assert_eq!(of("run v { x = arg }", "1"), ["E3028 outer.bp:4"]);
    for steps in [
        "if arg > 10 { run v { x = arg } }",
        "if arg < 11 { return }\nrun v { x = arg }",
        "if arg < 11 { fail \"too few\" } else { wait 1s }\nrun v { x = arg }",
        "if arg < 5 { wait 1s } else if arg < 50 { run v { x = arg } }",
        "for n in [n for n in [1] if arg > 10] { run v { x = arg } }",
    ] {
        assert_eq!(of(steps, "1"), [""; 0], "{steps}");
    }
    let other = "if arg < 5 { wait 1s } else if arg < 50 { run v { x = arg } }";
    assert_eq!(of(other, "7"), ["E3028 outer.bp:4"]);
    assert_eq!(of("parallel {\n  run v { x = arg }\n  wait 1s\n}", "7"), ["E3028 outer.bp:4"]);
}
