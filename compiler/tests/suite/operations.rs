//! Interfaces, operations, what implements them: what is accepted and how the plan has it, and each
//! mistake at its place.

use bp_compiler::analysis::Analysis;
use bp_plan::{Expr, Plan, Quantity, Type, Value};

use crate::common::{planned, said};

const HEAD: &str = "blueprint x { version = \"1.0.0\" }\n";

/// An analysis of a file that has `a.sh` and `b.sh` beside it.
fn analyse(text: &str) -> (Analysis, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for script in ["a.sh", "b.sh"] {
        std::fs::write(folder.path().join(script), format!("echo {script}\n")).unwrap();
    }
    let path = folder.path().join("root.bp");
    std::fs::write(&path, format!("{HEAD}{text}\n")).unwrap();
    (Analysis::load(&path), folder)
}

fn plan(text: &str) -> Plan {
    let (analysis, _folder) = analyse(text);
    planned(&analysis, text)
}

const MAINTENANCE: &str = "interface type Maintenance {\n  operation snapshot(into: string, timeout: duration = 10m) -> { bytes: size }\n  operation prune(keep: int = 3 where self >= 1)\n}\n";

#[test]
fn a_type_implements_an_interface() {
    let plan = plan(&format!(
        "{MAINTENANCE}node type Db {{\n  attribute taken: size\n  implements Maintenance\n  operation maintenance.snapshot = script(\"a.sh\") {{\n    timeout = timeout\n    retries = 3\n    sets = {{ taken = result.bytes }}\n  }}\n}}\nnode db: Db"
    ));
    let kind = &plan.node_types["Db"];
    assert_eq!(kind.operations.keys().collect::<Vec<_>>(), ["maintenance.snapshot"]);
    let snapshot = &kind.operations["maintenance.snapshot"];
    let names: Vec<&str> = snapshot.parameters.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["into", "timeout"]);
    assert_eq!(snapshot.parameters[0].kind, Type::String);
    let ten: Quantity = "10m".parse().unwrap();
    assert_eq!(snapshot.parameters[1].default, Some(Expr::Value(Value::Quantity(ten))));
    assert!(matches!(&snapshot.result, Some(Type::Record(fields)) if fields.len() == 1));
    let done = snapshot.implementation.as_ref().unwrap();
    assert_eq!(
        (done.kind.as_str(), done.extends.as_slice()),
        ("std.Script", &["std.Implementation".to_owned()][..])
    );
    let Expr::Value(Value::Map(value)) = &done.value else { panic!("{:?}", done.value) };
    assert_eq!(value.keys().collect::<Vec<_>>(), ["path"]);
    assert!(matches!(&value["path"], Value::File(file) if file.path == "a.sh"));
    assert_eq!(done.timeout, Some(Expr::Local("timeout".into())));
    assert_eq!(done.retries, Some(Expr::Value(Value::Int(3))));
    assert_eq!(done.repeatable, Some(Expr::Value(Value::Bool(false))));
    assert_eq!((&done.args, &done.on), (&None, &None));
    assert!(matches!(&done.sets["taken"], Expr::Field { name, .. } if name == "bytes"));
    assert_eq!(plan.artifacts.len(), 1);
    assert!(plan.sources.iter().any(|s| s.lines.values().any(|l| l.contains("script(\"a.sh\")"))));
}

#[test]
fn the_module_of_scripts_has_what_the_core_has() {
    let of = |used: &str, call: &str| {
        let db = format!(
            "{used}{MAINTENANCE}node type Db {{\n  implements Maintenance\n  operation maintenance.snapshot = {call}(\"a.sh\")\n}}\nnode db: Db"
        );
        plan(&db).node_types["Db"].operations["maintenance.snapshot"]
            .implementation
            .clone()
            .unwrap()
    };
    let core = of("", "script");
    for (used, call) in [
        ("use std.script\n", "script.script"),
        ("use std.script as s\n", "s.script"),
        ("use std.script { script }\n", "script"),
    ] {
        let done = of(used, call);
        assert_eq!((&done.kind, &done.extends), (&core.kind, &core.extends), "{used}");
        assert_eq!((&done.value, &done.timeout), (&core.value, &core.timeout), "{used}");
    }
}

#[test]
fn operations_are_inherited_overridden_and_switched_off() {
    let plan = plan(
        "node type A { operation lifecycle.create = script(\"a.sh\") }\nnode type B extends A { operation lifecycle.start = script(\"b.sh\") }\nnode type C extends B { operation lifecycle.create = null }\nnode b: B\nnode c: C\nnode own: A { operation lifecycle.create = script(\"b.sh\") { on = b } }\nnode off: A { operation lifecycle.create = null }\nnode more: A { operation lifecycle.stop = script(\"b.sh\") }",
    );
    let of = |kind: &str| -> Vec<(String, bool)> {
        let all = plan.node_types[kind].operations.iter();
        all.map(|(key, it)| (key.clone(), it.implementation.is_some())).collect()
    };
    let has = |key: &str, is: bool| (key.to_owned(), is);
    assert_eq!(of("A"), [has("lifecycle.create", true), has("lifecycle.stop", false)]);
    assert_eq!(of("B"), [has("lifecycle.create", true), has("lifecycle.start", true)]);
    assert_eq!(of("C"), [has("lifecycle.start", true)]);
    let own = plan.nodes["own"].operations["lifecycle.create"].implementation.as_ref().unwrap();
    assert_eq!(own.on, Some(Expr::Node("b".into())));
    assert!(plan.nodes["off"].operations["lifecycle.create"].implementation.is_none());
    assert!(plan.nodes["b"].operations.is_empty());
}

#[test]
fn arguments_may_hold_secrets_parameters_and_what_the_node_reports() {
    let plan = plan(&format!(
        "{MAINTENANCE}secret token: string\nnode type Db {{\n  property name: string\n  property password: secret string\n  attribute id: string\n  implements Maintenance as upkeep\n  operation upkeep.snapshot = script(\"a.sh\") {{\n    args = {{ into = into, id = self.id, password = self.password }}\n    env = {{ NAME = self.name, PASSWORD = self.password }}\n    files = {{ \"lib.sh\" = \"b.sh\" }}\n    repeatable = true\n  }}\n}}\nnode db: Db {{\n  name = \"x\"\n  password = token\n  operation upkeep.prune = script(\"a.sh\") {{ args = {{ token = token, keep = keep }} }}\n}}"
    ));
    let done = plan.node_types["Db"].operations["upkeep.snapshot"].implementation.as_ref().unwrap();
    assert!(matches!(&done.args, Some(Expr::Record(entries)) if entries.len() == 3));
    let Some(Expr::Value(Value::Map(files))) = &done.files else { panic!("{:?}", done.files) };
    assert!(matches!(&files["lib.sh"], Value::File(file) if file.path == "b.sh"));
    assert_eq!(plan.artifacts.len(), 2);
}

#[test]
fn an_implementation_s_own_kind_says_what_it_takes() {
    let plan = plan(
        "data type Request {\n  method: string\n  body: json?\n}\ndata type Http extends Implementation {\n  url: string\n  args: Request\n}\nfn http(url: string) -> Http = { url = url, args = { method = \"GET\" }, timeout = 5s }\ninterface type Ping { operation ping(method: string) }\nnode type T {\n  implements Ping\n  operation ping.ping = http(\"https://example.com\")\n  operation lifecycle.start = http(\"https://example.com\") {\n    args = { method = \"POST\", body = { a = 1 } }\n  }\n}\nnode a: T",
    );
    let kind = &plan.node_types["T"];
    let ping = kind.operations["ping.ping"].implementation.as_ref().unwrap();
    assert_eq!((ping.kind.as_str(), ping.extends.len()), ("Http", 1));
    assert!(ping.timeout.is_some(), "the function settles it");
    let start = kind.operations["lifecycle.start"].implementation.as_ref().unwrap();
    assert!(
        matches!(&start.args, Some(Expr::Value(Value::Map(args))) if args.len() == 2),
        "{:?}",
        start.args
    );
    assert_eq!(plan.data_types["Http"].extends, ["std.Implementation"]);
}

#[test]
fn relationships_have_operations_of_both_sides() {
    let plan = plan(
        "node type Db { property port: int = 5432 }\nnode type App {\n  property name: string = \"app\"\n  requires db: Db via Uses\n}\nrelationship type Uses extends ConnectsTo {\n  source: App\n  target: Db\n  property user: string = \"u-${source.name}\"\n  attribute granted: string\n  operation configure.establish_target = script(\"a.sh\") {\n    args = { user = self.user, port = target.port }\n    sets = { granted = result.user }\n  }\n}\nnode db: Db\nnode one: App { db -> db }\nnode two: App {\n  db -> db via Uses {\n    user = \"two\"\n    operation configure.establish_target = null\n    operation configure.establish_source = script(\"b.sh\") { args = { me = self.name, port = target.port } }\n  }\n}",
    );
    let kind = &plan.relationship_types["Uses"];
    assert_eq!(kind.extends, ["std.ConnectsTo", "std.DependsOn"]);
    let established =
        kind.operations["configure.establish_target"].implementation.as_ref().unwrap();
    assert!(established.sets.contains_key("granted"));
    let own = &plan.nodes["two"].requirements[0].operations;
    assert!(own["configure.establish_target"].implementation.is_none());
    assert!(own["configure.establish_source"].implementation.is_some());
    assert!(plan.nodes["one"].requirements[0].operations.is_empty());
}

/// `target` is the capability that a relationship leads to, whether the node's name stands for it or not.
#[test]
fn a_relationship_leads_to_the_capability_of_a_node() {
    let types = "capability type Disk { property free: size }\ncapability type Fast extends Disk { property rate: int }\nrelationship type Attach extends AttachesTo {\n  target: Disk\n  operation configure.establish_source = script(\"a.sh\") { args = { b = target.free } }\n}\nnode type Vm {\n  property zone: string = \"z\"\n  capability disk: Fast { free = 5GiB, rate = 1 }\n}\nnode type Vol { requires disk: Disk via Attach }\nnode vm: Vm\n";
    let node = |target: &str, read: &str| {
        format!(
            "{types}node v: Vol {{\n  disk -> {target} via Attach {{\n    operation configure.establish_target = script(\"a.sh\") {{ args = {{ b = target.{read} }} }}\n  }}\n}}"
        )
    };
    for target in ["vm", "vm.disk", "Vm", "[vm][0]"] {
        for read in ["free", "rate"] {
            plan(&node(target, read));
        }
        let (analysis, _folder) = analyse(&node(target, "zone"));
        let found = said(&analysis, analysis.diagnostics());
        assert!(matches!(found.as_slice(), [one] if one.starts_with("E3003")), "{found:?}");
        // One that leads to nodes leads to the node that has it.
        let of_nodes =
            |read| node(target, read).replace("  target: Disk\n", "").replace("target.free", "1");
        plan(&of_nodes("zone"));
        let (analysis, _folder) = analyse(&of_nodes("rate"));
        let found = said(&analysis, analysis.diagnostics());
        assert!(matches!(found.as_slice(), [one] if one.starts_with("E3003")), "{found:?}");
    }
}

#[test]
fn interfaces_extend_interfaces() {
    plan(
        "interface type A { operation one(x: int) -> { y: int? } }\ninterface type B extends A {\n  operation one(x: float, z: int = 1) -> { y: int }\n  operation two()\n}\nnode type S {\n  implements A as things\n}\nnode type T extends S {\n  implements B as things\n  operation things.one = script(\"a.sh\")\n  operation things.two = script(\"b.sh\")\n}\nnode t: T",
    );
}

#[test]
fn a_script_that_is_not_there_is_a_warning_until_a_plan_is_made() {
    let (analysis, _folder) =
        analyse("node type T { operation lifecycle.create = script(\"gone.sh\") }\nnode a: T");
    let found = said(&analysis, analysis.diagnostics());
    assert!(matches!(found.as_slice(), [one] if one.starts_with("W7010 2:51")), "{found:?}");
    let found = said(&analysis, analysis.unplanned());
    assert!(matches!(found.as_slice(), [one] if one.starts_with("E7010 2:51")), "{found:?}");
    assert!(analysis.plan().is_none());
}

/// What is wrong, and what is said.
const MISTAKES: &[(&str, &str)] = &[
    ("node type T { operation lifecylce.create = script(\"a.sh\") }", "E7011 2:25"),
    ("node a: Root { operation maintenance.snapshot = null }", "E7011 2:26"),
    ("node type T { operation lifecycle.craete = script(\"a.sh\") }", "E7012 2:35"),
    ("node a: Root { operation lifecycle.craete = null }", "E7012 2:36"),
    ("node type T { operation create = script(\"a.sh\") }", "E7013 2:25"),
    ("interface type I { operation i.x() }", "E7013 2:30"),
    ("interface type I { operation x() = script(\"a.sh\") }", "E7014 2:36"),
    ("interface type I { operation x(a: int, a: int) }", "E7015 2:40"),
    (
        "interface type A { operation x(a: int) }\ninterface type B extends A { operation x() }",
        "E7016 3:40",
    ),
    (
        "interface type A { operation x(a: int) }\ninterface type B extends A { operation x(a: string) }",
        "E7016 3:45",
    ),
    (
        "interface type A { operation x(a: int) }\ninterface type B extends A { operation x(a: int, b: int) }",
        "E7016 3:50",
    ),
    (
        "interface type A { operation x(a: int = 1) }\ninterface type B extends A { operation x(a: int) }",
        "E7016 3:45",
    ),
    (
        "interface type A { operation x() -> { r: int } }\ninterface type B extends A { operation x() -> { r: string } }",
        "E7016 3:47",
    ),
    (
        "interface type A { operation x() }\ninterface type B { operation x() }\nnode type T {\n  implements A as i\n  implements B as i\n}",
        "E7017 6:19",
    ),
    (
        "node a: Root {\n  operation lifecycle.stop = null\n  operation lifecycle.stop = null\n}",
        "E7018 4:13",
    ),
    (
        "node type T {\n  operation lifecycle.stop = null\n  operation lifecycle.stop = null\n}",
        "E7018 4:13",
    ),
    ("node a: Root { operation lifecycle.stop = \"a.sh\" }", "E7019 2:43"),
    ("node a: Root { operation lifecycle.stop = 5 }", "E7019 2:43"),
    ("node a: Root { operation lifecycle.stop = script(\"a.sh\") { retires = 3 } }", "E7020 2:60"),
    (
        "data type A { method: string }\ndata type H extends Implementation { args: A }\nfn h() -> H = { args = { method = \"GET\" } }\nnode a: Root { operation lifecycle.stop = h() }",
        "E7021 5:43",
    ),
    (
        "node a: Root { operation lifecycle.stop = script(\"a.sh\") { sets = { path = result.path } } }",
        "E7022 2:69",
    ),
    ("node a: Root { operation lifecycle.stop = script(\"a.sh\") { sets = [1] } }", "E7023 2:67"),
    // What is set may be declared behind it.
    (
        "node type B {\n  operation lifecycle.stop = script(\"a.sh\") { sets = { q = result.x, r = result.x } }\n  attribute q: string\n}\nnode b: B",
        "E7022 3:70",
    ),
    ("node a: Root { operation lifecycle.stop }", "E7024 2:26"),
    ("node type T { operation lifecycle.stop }", "E7024 2:25"),
    ("node a: Root { operation lifecycle.stop(x: int) = script(\"a.sh\") }", "E7025 2:26"),
    // What belongs to other stages.
    ("node a: Root { operation lifecycle.stop = scirpt(\"a.sh\") }", "E3008 2:43"),
    ("node a: Root { operation lifecycle.stop = script(\"a.sh\") { retries = -1 } }", "E3028 2:70"),
    ("node a: Root { operation lifecycle.stop = script(\"a.sh\") { timeout = 5 } }", "E3002 2:70"),
    ("node a: Root { operation lifecycle.stop = script(\"a.sh\") { on = \"x\" } }", "E3002 2:65"),
    (
        "node a: Root { operation lifecycle.stop = script(\"a.sh\") {\n  retries = 1\n  retries = 2\n} }",
        "E4003 4:3",
    ),
    ("node type T { implements Compute }", "E2014 2:26"),
    ("interface type I { property x: int }", "E2017 2:20"),
    ("interface type I {\n  operation x()\n  operation x()\n}", "E2016 4:13"),
    (
        "secret s: string\nnode type T { attribute a: string }\nnode a: T { operation lifecycle.stop = script(\"a.sh\") { sets = { a = s } } }",
        "E3021 4:70",
    ),
    (
        "secret s: duration\nnode a: Root { operation lifecycle.stop = script(\"a.sh\") { timeout = s } }",
        "E3021 3:70",
    ),
    (
        "interface type I { operation x() -> { n: int } }\nnode type T {\n  attribute a: string\n  implements I\n  operation i.x = script(\"a.sh\") { sets = { a = result.n } }\n}",
        "E3002 6:49",
    ),
    (
        "interface type I { operation x() -> { n: int } }\nnode type T {\n  attribute a: int\n  implements I\n  operation i.x = script(\"a.sh\") { sets = { a = result.m } }\n}",
        "E3003 6:56",
    ),
    (
        "node type T { property p: string = \"a\", attribute up: int }\nnode a: T { operation lifecycle.create = script(\"a.sh\") { args = { x = b.up } } }\nnode b: T { operation lifecycle.create = script(\"a.sh\") { args = { x = a.up } } }",
        "E4014 3:6",
    ),
    // Names that no folder and no environment can have.
    (
        "node a: Root { operation lifecycle.stop = script(\"a.sh\") { files = { \"../x\" = \"b.sh\" } } }",
        "E7029 2:70",
    ),
    (
        "node a: Root { operation lifecycle.stop = script(\"a.sh\") { files = { \"/etc/x\" = \"b.sh\" } } }",
        "E7029 2:70",
    ),
    (
        "node a: Root { operation lifecycle.stop = script(\"a.sh\") { files = { \"\" = \"b.sh\" } } }",
        "E7029 2:70",
    ),
    (
        "node a: Root { operation lifecycle.stop = script(\"a.sh\") { files = { x = \"b.sh\", \"x/y\" = \"b.sh\", xy = \"b.sh\" } } }",
        "E7029 2:70",
    ),
    (
        "input i: string\nnode a: Root { operation lifecycle.stop = script(\"a.sh\") { env = { \"A=\" = i, \"B C\" = i } } }",
        "E7029 3:68",
    ),
];

#[test]
fn one_mistake_is_one_error_at_its_place() {
    let mut wrong = Vec::new();
    for (text, wanted) in MISTAKES {
        let (analysis, _folder) = analyse(text);
        let found = said(&analysis, analysis.diagnostics());
        if !matches!(found.as_slice(), [one] if one.starts_with(&format!("{wanted} "))) {
            wrong.push(format!("{text}\n  wanted {wanted}, found {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn fixes_mend() {
    let mut mended = 0;
    for (text, wanted) in MISTAKES {
        let (analysis, _folder) = analyse(text);
        let Some(fix) = analysis.diagnostics().iter().find_map(|d| d.fix.clone()) else { continue };
        let mut fixed = format!("{HEAD}{text}");
        for (place, new) in fix.edits {
            fixed.replace_range(place.span.start as usize..place.span.end as usize, &new);
        }
        let (analysis, _folder) = analyse(fixed.strip_prefix(HEAD).unwrap());
        let code = wanted.split(' ').next().unwrap();
        assert!(analysis.diagnostics().iter().all(|d| d.code != code), "{fixed}");
        mended += 1;
    }
    assert!(mended >= 6, "only {mended} had a fix");
}

#[test]
fn every_code_has_a_test() {
    let source = include_str!("../../src/diagnostics/operations.rs");
    let tests = include_str!("operations.rs");
    for (at, _) in source.match_indices("\"E70").chain(source.match_indices("\"W70")) {
        let code = &source[at + 1..at + 6];
        assert!(tests.contains(&format!("\"{code} ")), "no test for {code}");
    }
}

/// A provider's own steps are nobody else's: told in the type, in one derived from it, and in a node.
#[test]
fn a_provider_and_an_operation_do_not_keep_one_node() {
    let kept = "node type Disk {\n  provider = \"noop\"\n}\n";
    for (text, place) in [
        (
            "node type Disk {\n  operation lifecycle.create = script(\"a.sh\")\n  provider = \"noop\"\n}\nnode d: Disk",
            "3:13",
        ),
        (
            &format!(
                "{kept}node type Fast extends Disk {{\n  operation lifecycle.delete = script(\"a.sh\")\n}}\nnode d: Fast"
            ),
            "6:13",
        ),
        (
            "node type Own {\n  operation lifecycle.create = script(\"a.sh\")\n}\nnode type Kept extends Own {\n  provider = \"noop\"\n}\nnode d: Kept",
            "6:3",
        ),
        (
            &format!("{kept}node d: Disk {{\n  operation lifecycle.create = script(\"a.sh\")\n}}"),
            "6:13",
        ),
    ] {
        let (analysis, _folder) = analyse(text);
        let told = said(&analysis, analysis.diagnostics());
        assert_eq!(told.len(), 1, "{text}\n{told:#?}");
        assert!(told[0].starts_with(&format!("E7026 {place} ")), "{text}\n{told:#?}");
        assert!(told[0].contains("\"noop\"") && told[0].contains("lifecycle."), "{told:#?}");
    }
    // Before and after them there is room, and one of the two may be switched off.
    plan(&format!(
        "{kept}node d: Disk {{\n  operation lifecycle.precreate = script(\"a.sh\")\n  operation lifecycle.poststart = script(\"b.sh\")\n}}"
    ));
    plan(
        "node type Own {\n  operation lifecycle.create = script(\"a.sh\")\n}\nnode type Kept extends Own {\n  provider = \"noop\"\n  operation lifecycle.create = null\n}\nnode d: Kept",
    );
}

#[test]
fn an_attribute_of_a_relationship_that_nothing_sets_is_told() {
    let text = |of_type: &str, via: &str| {
        format!(
            "relationship type Copies extends DependsOn {{\n  attribute lag: json\n{of_type}}}\nnode type Db {{ requires other: Db? via Copies }}\nnode a: Db\nnode b: Db {{ other -> a{via} }}"
        )
    };
    let sets =
        "operation configure.establish_source = script(\"a.sh\") { sets = { lag = result } }";
    let told = |text: &str| {
        let (analysis, _folder) = analyse(text);
        said(&analysis, analysis.diagnostics())
    };
    let found = told(&text("", ""));
    assert!(found.len() == 1 && found[0].starts_with("W7027 3:13 "), "{found:#?}");
    assert_eq!(told(&text(&format!("  {sets}\n"), "")), [] as [&str; 0]);
    assert_eq!(told(&text("", &format!(" via Copies {{\n  {sets}\n}}"))), [] as [&str; 0]);
    // A module's types are there for others, who may set it.
    let module = text("", "");
    let module = module.split("node a:").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("m.bp"), module).unwrap();
    let analysis = Analysis::load(&folder.path().join("m.bp"));
    assert_eq!(said(&analysis, analysis.diagnostics()), [] as [&str; 0]);
}

#[test]
fn an_attribute_of_what_operations_make_that_nothing_sets_is_told() {
    let told = |of_type: &str, of_node: &str| {
        let text = format!("node type A {{\n{of_type}\n}}\nnode a: A {{\n{of_node}\n}}");
        let (analysis, _folder) = analyse(&text);
        said(&analysis, analysis.diagnostics())
    };
    let create = "  operation lifecycle.create = script(\"a.sh\")";
    let sets = "  operation lifecycle.create = script(\"a.sh\") { sets = { url = result } }";
    let found = told(&format!("  attribute url: json\n{create}"), "");
    assert!(found.len() == 1 && found[0].starts_with("W7027 3:13 "), "{found:#?}");
    assert!(found[0].contains("lifecycle.create"), "{found:#?}");
    for (of_type, of_node) in [
        (format!("  attribute url: json\n{sets}"), ""),
        (format!("  attribute url: json\n{create}"), sets),
        (format!("  attribute url: string?\n{create}"), ""),
        // Whoever keeps it reports it.
        (String::from("  attribute url: json\n  provider = \"noop\""), ""),
    ] {
        assert_eq!(told(&of_type, of_node), [] as [&str; 0], "{of_type}");
    }
}

#[test]
fn an_attribute_of_its_own_that_nothing_has_set_by_then_is_told() {
    let told = |of_type: &str, rest: &str| {
        let text = format!("node type A {{\n  attribute url: json\n{of_type}\n}}\n{rest}node a: A");
        let (analysis, _folder) = analyse(&text);
        said(&analysis, analysis.diagnostics())
    };
    let step = |name: &str, block: &str| {
        format!("  operation lifecycle.{name} = script(\"a.sh\") {{ {block} }}")
    };
    let (reads, sets) = ("args = { a = self.url }", "sets = { url = result }");
    let found = told(&step("create", &format!("{reads}, {sets}")), "");
    assert!(found.len() == 1 && found[0].starts_with("E7028 4:62 "), "{found:#?}");
    let found = told(&format!("{}\n{}", step("start", sets), step("configure", reads)), "");
    assert!(found.len() == 1 && found[0].starts_with("E7028 5:"), "{found:#?}");
    assert!(found[0].contains("lifecycle.configure"), "{found:#?}");
    for (of_type, rest) in [
        (format!("{}\n{}", step("create", sets), step("configure", reads)), ""),
        // What an operation of a derived type sets may be read.
        (
            step("create", sets),
            "node type B extends A {\n  operation lifecycle.configure = script(\"a.sh\") { args = { a = self.url } }\n}\n",
        ),
        (
            step("configure", reads),
            "node type B extends A {\n  operation lifecycle.create = script(\"a.sh\") { sets = { url = result } }\n}\n",
        ),
        // By then it is set.
        (format!("{}\n{}", step("poststart", sets), step("stop", reads)), ""),
    ] {
        assert_eq!(told(&of_type, rest), [] as [&str; 0], "{of_type} {rest}");
    }
}

/// A node's own operations stand in the place of those of its type, and with them what these set.
#[test]
fn what_a_nodes_own_operations_read_and_no_longer_set_is_told() {
    let told = |of_node: &str| {
        let text = format!(
            "node type A {{\n  attribute url: json\n  operation lifecycle.create = script(\"a.sh\") {{ sets = {{ url = result }} }}\n  operation lifecycle.start = script(\"a.sh\") {{ args = {{ a = self.url }} }}\n}}\nnode a: A {{\n{of_node}\n}}\noutput url: json = a.url"
        );
        let (analysis, _folder) = analyse(&text);
        said(&analysis, analysis.diagnostics())
    };
    let own = |name: &str, block: &str| {
        format!("  operation lifecycle.{name} = script(\"a.sh\") {{ {block} }}")
    };
    let sets = "sets = { url = result }";
    for (of_node, wanted) in [
        (own("precreate", "args = { a = self.url }"), vec!["E7028 8:13"]),
        ("  operation lifecycle.create = null".to_owned(), vec!["E7028 7:6"]),
        (
            format!("{}\n{}", own("create", "args = {}"), own("start", "args = {}")),
            vec!["W7027 7:6"],
        ),
        (own("create", sets), vec![]),
        (format!("{}\n{}", own("create", "args = {}"), own("configure", sets)), vec![]),
    ] {
        let found = told(&of_node);
        let places = found.iter().map(|one| one.split(' ').take(2).collect::<Vec<_>>().join(" "));
        let places: Vec<String> = places.collect();
        assert_eq!(places, wanted, "{of_node}: {found:#?}");
    }
}
