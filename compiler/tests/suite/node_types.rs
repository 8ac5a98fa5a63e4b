//! Node types, relationship types and data types: refinement, ends, capabilities, labels, annotations.

use bp_compiler::analysis::Analysis;
use bp_plan::{Expr, Phase, Plan, Type, Value};

use crate::common::{planned, said};

const HEAD: &str = "blueprint x { version = \"1.0.0\" }\n";

fn analyse(text: &str) -> (Analysis, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.bp");
    std::fs::write(folder.path().join("a.txt"), "a\n").unwrap();
    std::fs::write(&path, format!("{HEAD}{text}\n")).unwrap();
    (Analysis::load(&path), folder)
}

fn plan(text: &str) -> Plan {
    let (analysis, _folder) = analyse(text);
    planned(&analysis, text)
}

/// What narrows is taken, and what is in force is joined.
#[test]
fn what_narrows_is_taken() {
    let plan = plan(
        "capability type C { property port: int }\ncapability type D extends C { property path: string = \"/\" }\nrelationship type R extends HostedOn\nnode type Big extends Compute { property gib: int = 8 }\nnode type A {\n  property number: float\n  property mode: string = \"a\"\n  property note: string?\n  property count: int = 50 where self <= 100\n  property open: json = {}\n  attribute state: string\n  requires host: Compute[0..5] via HostedOn\n  capability c: C { port = 1 }\n}\nnode type B extends A {\n  property number: int\n  property mode: \"a\" | \"b\"\n  property note: string = \"n\"\n  property count: int where self >= 10\n  property open: map<string> = { a = \"b\" }\n  attribute state: \"up\" | \"down\"\n  requires host: Big[1..2] via R where self.gib >= 4\n  capability c: D { path = \"/x\" }\n}\nnode big: Big\nnode b: B {\n  number = 1\n  host -> [big]\n}",
    );
    let kind = &plan.node_types["B"];
    assert_eq!(kind.properties["count"].constraints.len(), 2);
    assert_eq!(kind.properties["count"].default, Some(Expr::Value(Value::Int(50))));
    assert_eq!(kind.requirements["host"].cardinality, (1, Some(2)));
    assert_eq!(kind.requirements["host"].relationship, "R");
    let c = &kind.capabilities["c"];
    assert_eq!((&c["port"], &c["path"]), (&Expr::Value(1.into()), &Expr::string("/x")));
}

#[test]
fn data_types_extend_data_types() {
    let plan = plan(
        "data type A {\n  name: string\n  size: int = 5 where self > 0\n}\ndata type B extends A {\n  size: int where self < 10\n  extra: string?\n  check self.size != 7\n}\nfn named(name: string) -> B = { name = name }\nnode type T {\n  property a: A\n  property all: list<A> = []\n}\nnode t: T {\n  a = named(\"x\")\n  all = [named(\"y\"), { name = \"z\" }]\n}\noutput size: int = t.a.size",
    );
    let Expr::Value(Value::Map(a)) = &plan.nodes["t"].properties["a"].value else { panic!() };
    assert_eq!((&a["size"], &a["extra"]), (&Value::Int(5), &Value::Null));
    assert_eq!(plan.data_types["B"].extends, ["A"]);
    assert_eq!(plan.data_types["B"].fields["size"].constraints.len(), 2);
    let value = Value::Map(a.clone());
    bp_eval::check_type(&value, &Type::Data("A".into()), &plan.data_types).unwrap();
    let odd = Value::Map(
        a.iter()
            .map(|(k, v)| (k.clone(), v.clone()))
            .chain([("odd".to_owned(), Value::Null)])
            .collect(),
    );
    assert!(bp_eval::check_type(&odd, &Type::Data("A".into()), &plan.data_types).is_err());
}

#[test]
fn what_a_record_leaves_out_is_there() {
    let plan = plan(
        "data type D {\n  a: string\n  b: string?\n  c: int = 3\n}\ninput i: string\nfn made(x: string) -> D = if x == \"\" then { a = \"none\" } else { a = x }\nconst known = { a = \"k\" }\nfn open(x: string) = { a = x }\nnode type T { property d: D }\nnode one: T { d = open(i) }\nnode two: T { d = known }\nnode three: T { d = made(i) }\noutput b: string? = one.d.b",
    );
    let Expr::Record(entries) = &plan.nodes["one"].properties["d"].value else { panic!() };
    assert_eq!(entries.len(), 3, "{entries:?}");
    let Expr::Value(Value::Map(known)) = &plan.nodes["two"].properties["d"].value else { panic!() };
    assert_eq!(known.len(), 3);
}

#[test]
fn a_text_is_a_file_where_one_is_wanted() {
    let plan = plan(
        "data type D { f: file? }\nnode type T {\n  property f: file\n  property both: file | string = \"a.txt\"\n  property d: D = { f = \"a.txt\" }\n}\nnode t: T { f = \"a.txt\" }",
    );
    assert!(matches!(&plan.nodes["t"].properties["f"].value, Expr::Value(Value::File(_))));
    let both = &plan.node_types["T"].properties["both"].default;
    assert_eq!(*both, Some(Expr::string("a.txt")));
}

#[test]
fn a_node_gives_its_capabilities() {
    let plan = plan(
        "capability type Sql {\n  property port: int = 5432\n  property host: string\n  property user: string?\n}\nnode type Db {\n  property zone: string = \"a\"\n  attribute address: string\n  capability sql: Sql\n  capability other: Sql { host = self.address }\n}\nnode type App {\n  property text: string = \"\"\n  requires sql: Sql where self.port == 80\n}\nnode db: Db { sql = { port = 80, host = \"h-${self.zone}\" } }\nnode app: App {\n  text = \"${db.sql.port} ${db.other.host}\"\n  sql -> db.sql\n}\noutput port: int = db.sql.port",
    );
    let own = &plan.nodes["db"].capabilities["sql"];
    assert_eq!(own["port"].value, Expr::Value(80.into()));
    let of_type = &plan.node_types["Db"].capabilities;
    assert_eq!(of_type["sql"]["port"], Expr::Value(5432.into()));
    assert_eq!(of_type["sql"]["user"], Expr::Value(Value::Null));
    assert_eq!(plan.nodes["app"].properties["text"].phase, Phase::Run);
    assert_eq!(plan.outputs["port"].phase, Phase::Compile);
}

#[test]
fn labels_are_any_map_of_text() {
    let plan = plan(
        "const base = { team = \"shop\", tier = \"x\" }\ninput zone: string\nnode a: Root { labels = { ...base, zone = zone } }\nnode b: Root { labels = base }\nnode c: Root for z in [\"x\", \"y\"] { labels = { zone = z } }",
    );
    assert!(matches!(plan.nodes["a"].labels, Some(Expr::Record(_))));
    assert!(matches!(plan.nodes["b"].labels, Some(Expr::Value(Value::Map(_)))));
}

#[test]
fn annotations_are_in_the_plan() {
    let plan = plan(
        "@label(\"Replicas\")\n@hidden\ninput count: int = 1\n@label(\"Token\")\nsecret token: string\n@protect\n@was(\"db\")\n@was(\"older\")\nnode database: Root\nnode type T {\n  @replace\n  property a: int = 1\n}\nnode t: T",
    );
    let input = &plan.inputs["count"];
    assert_eq!((input.label.as_deref(), input.hidden), (Some("Replicas"), true));
    assert_eq!(plan.secrets["token"].label.as_deref(), Some("Token"));
    let node = &plan.nodes["database"];
    assert!(node.protect && !plan.nodes["t"].protect);
    assert_eq!(node.was, ["db", "older"]);
    assert!(plan.node_types["T"].properties["a"].replace);
}

/// What is wrong, and what is said.
const SAID: &[(&str, &[&str])] = &[
    // Refinement.
    (
        "node type A { property p: string }\nnode type B extends A { property p: json }",
        &["E4012 3:37"],
    ),
    (
        "data type Port = int where self > 0\nnode type A { property p: Port }\nnode type B extends A { property p: int }",
        &["E4012 4:37"],
    ),
    (
        "node type A { property p: list<string> }\nnode type B extends A { property p: list<json> }",
        &["E4012 3:37"],
    ),
    (
        "node type A { property p: string }\nnode type B extends A { property p: string? }",
        &["E4012 3:37"],
    ),
    (
        "node type A { attribute p: \"a\" }\nnode type B extends A { attribute p: string }",
        &["E4012 3:38"],
    ),
    (
        "node type A { property p: int = 5 }\nnode type B extends A { property p: int where self > 5 }",
        &["E4013 3:34"],
    ),
    (
        "node type A { property p: int where self > 5 }\nnode type B extends A { property p: int = 5 }",
        &["E4013 3:43"],
    ),
    (
        "node type A { property p: string = \"c\" }\nnode type B extends A { property p: \"a\" | \"b\" }",
        &["E4037 3:34"],
    ),
    (
        "node type A { property p: int }\nnode type B extends A { fixed p = 1 }\nnode type C extends B { fixed p = 2 }",
        &["E4004 4:31"],
    ),
    (
        "node type A { property p: int }\nnode type B extends A { fixed p = 1 }\nnode type C extends B { property p: int = 2 }",
        &["E4004 4:34"],
    ),
    (
        "node type A { requires r: Compute }\nnode type B extends A { requires r: Root }",
        &["E4012 3:37"],
    ),
    (
        "node type A { requires r: Root[1..2] }\nnode type B extends A { requires r: Root[0..2] }",
        &["E4012 3:41"],
    ),
    (
        "node type A { requires r: Root[2..5] }\nnode type B extends A { requires r: Root }",
        &["E4012 3:34"],
    ),
    (
        "node type A { requires r: Root[0..5] }\nnode type B extends A { requires r: Root[1..] }",
        &["E4012 3:41"],
    ),
    (
        "node type A { requires r: Root via HostedOn }\nnode type B extends A { requires r: Root via ConnectsTo }",
        &["E4010 3:46"],
    ),
    (
        "capability type C\ncapability type D\nnode type A { capability c: C }\nnode type B extends A { capability c: D }",
        &["E4012 5:39"],
    ),
    ("data type A { f: int }\ndata type B extends A { f: string }", &["E4012 3:28"]),
    ("data type A = int\ndata type B extends A { f: string }", &["E4038 3:21"]),
    // Ends of relationships.
    (
        "relationship type R { source: Compute }\nnode type T { requires r: Root via R }",
        &["E4030 3:36"],
    ),
    (
        "relationship type R { target: Compute }\nnode type T { requires r: Root via R }",
        &["E4030 3:36"],
    ),
    (
        "relationship type R { target: Compute }\nnode b: Root\nnode a: Root { x -> b via R }",
        &["E4030 4:21"],
    ),
    (
        "relationship type R { source: Compute }\nnode b: Root\nnode a: Root { x -> b via R }",
        &["E4030 4:27"],
    ),
    ("relationship type R { taget: Compute }", &["E4031 2:23"]),
    ("relationship type R { source: int }", &["E4031 2:31"]),
    (
        "relationship type R { target: Compute }\nrelationship type S extends R { target: Root }",
        &["E4012 3:41"],
    ),
    (
        "relationship type R { property p: int = 1 }\nnode type T { requires r: Root via R { p = 2 } }",
        &["E4036 3:38"],
    ),
    (
        "relationship type R {\n  target: Compute\n  property p: string = target.adress\n}",
        &["E3003 4:31"],
    ),
    // Annotations.
    ("@replace\nnode a: Root", &["E4032 2:1"]),
    ("node type T {\n  @protect\n  property p: int = 1\n}", &["E4032 3:3"]),
    ("capability type C {\n  @replace\n  property p: int = 1\n}", &["E4032 3:3"]),
    ("@hidden\noutput o: int = 1", &["E4032 2:1"]),
    ("node a: Root {\n  @replace\n  labels = { a = \"b\" }\n}", &["E4032 3:3"]),
    ("@was\nnode a: Root", &["E4033 2:1"]),
    ("@protect(1)\nnode a: Root", &["E4033 2:1"]),
    ("@label(5)\ninput i: int", &["E4033 2:1"]),
    ("@was(\"${1}\")\nnode a: Root", &["E4033 2:1"]),
    ("@protect\n@protect\nnode a: Root", &["E4034 3:1"]),
    ("@was(\"b\")\nnode a: Root\nnode b: Root", &["E4039 2:1"]),
    ("@was(\"c\")\nnode a: Root\n@was(\"c\")\nnode b: Root", &["E4039 4:1"]),
    ("@was(\"F oo\")\nnode a: Root", &["E4039 2:1"]),
    ("@protct\nnode a: Root", &["E2022 2:1"]),
    ("node type A { provider = \"kubernets\" }\nnode a: A", &["W4032 2:26"]),
    ("node type A { provider = \"vsphere\" }\nnode a: A", &[]),
    // What is deprecated or experimental.
    ("@deprecated(\"use B\")\nnode type A\nnode a: A", &["W4030 4:9"]),
    ("@experimental\nnode type A\nnode type B extends A\nnode a: B", &["W4031 4:21"]),
    (
        "@deprecated(\"use B\")\ndata type A { x: int? }\nnode type T { property l: list<A> = [] }",
        &["W4030 4:32"],
    ),
    (
        "node type T {\n  @deprecated(\"use q\")\n  property p: int = 1\n}\nnode a: T { p = 2 }\noutput o: int = a.p",
        &["W4030 6:13", "W4030 7:19"],
    ),
    (
        "node type T {\n  @deprecated(\"no\")\n  attribute p: int\n  @experimental\n  requires r: Root[0..1]\n}\nnode type U extends T { provider = \"noop\" }\nnode a: U { r -> b }\nnode b: Root\noutput o: int = a.p",
        &["W4031 9:13", "W4030 11:19"],
    ),
    (
        "data type D {\n  @deprecated(\"use y\")\n  x: int?\n  y: int?\n}\nnode type T { property d: D }\nnode a: T { d = { x = 1 } }",
        &["W4030 8:19"],
    ),
    (
        "@deprecated(\"use g\")\nfn f() -> int = 1\n@experimental\nconst c = f()\noutput o: int = c",
        &["W4030 5:11", "W4031 6:17"],
    ),
    (
        "interface type I {\n  @deprecated(\"use y\")\n  operation x()\n}\nnode type T { implements I }\nnode a: T { operation i.x = null }",
        &["W4030 7:25"],
    ),
    // The rest.
    ("fn upper(s: string) -> string = s", &["E4035 2:4"]),
    ("node type T { attribute a: int = 3 }", &["E4036 2:34"]),
    ("node type T { attribute a: int where self > 1 }", &["E4036 2:38"]),
    ("node type T { property a: int[0..2] }", &["E4036 2:30"]),
    (
        "capability type C { property p: int }\nnode type T { capability c: C }\nnode a: T",
        &["E4002 4:6"],
    ),
    (
        "capability type C { property p: int }\nnode type T { capability c: C }\nnode a: T { c = 5 }",
        &["E4036 4:17"],
    ),
    (
        "capability type C { property p: int = 1 }\nnode type T { capability c: C }\nnode a: T { c = { q = 5 } }",
        &["E4001 4:19"],
    ),
    (
        "capability type C { property p: int = 1 }\nnode type T { capability c: C }\nnode a: T { c = { p = \"x\" } }",
        &["E3002 4:23"],
    ),
    (
        "capability type C { property p: int = 1 where self < 5 }\nnode type T { capability c: C }\nnode a: T { c = { p = 7 } }",
        &["E3028 4:23"],
    ),
    (
        "capability type C { property p: int = 1 }\nnode type T { capability c: C }\nnode a: T {\n  c = { p = 1 }\n  c = { p = 2 }\n}",
        &["E4003 6:3"],
    ),
    (
        "capability type C { property p: int = 1 }\nnode type T { capability c: C }\nnode type U { requires c: C where self.p > 5 }\nnode t: T { c = { p = 3 } }\nnode u: U { c -> t }",
        &["E4011 6:18"],
    ),
    (
        "node type T { attribute up: string }\nnode t: T\nnode a: Root { labels = { x = t.up } }",
        &["E4016 4:31"],
    ),
    (
        "node type S\nnode type D { attribute up: bool }\nnode type U { requires s: S }\nnode d: D\nnode s: S\nnode u: U { s -> [s, s][if d.up then 0 else 1] }",
        &["E4016 7:18"],
    ),
    (
        "capability type C {\n  property a: int = 2\n  property b: int\n  check self.a <= self.b\n}\nnode type T { capability c: C }\nnode t: T { c = { b = 1 } }",
        &["E4023 8:6"],
    ),
    ("node a: Root { labels = [1] }", &["E3002 2:25"]),
    ("node type T { property f: file }\nnode t: T { f = \"gone.txt\" }", &["E3039 3:17"]),
];

#[test]
fn each_mistake_is_told_once_at_its_place() {
    let mut wrong = Vec::new();
    for (text, wanted) in SAID {
        let (analysis, _folder) = analyse(text);
        let found = said(&analysis, analysis.diagnostics());
        let is_right = found.len() == wanted.len()
            && found.iter().zip(*wanted).all(|(found, w)| found.starts_with(&format!("{w} ")));
        if !is_right {
            wrong.push(format!("{text}\n  wanted {wanted:?}, found {found:#?}"));
        }
        assert!(analysis.diagnostics().iter().all(|d| d.help.is_some() || !d.related.is_empty()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_test() {
    let source = include_str!("../../src/diagnostics/nodes.rs");
    let tests = include_str!("node_types.rs");
    for (at, _) in source.match_indices("\"E40").chain(source.match_indices("\"W40")) {
        let code = &source[at + 1..at + 6];
        assert!(tests.contains(&format!("\"{code} ")), "no test for {code}");
    }
}
