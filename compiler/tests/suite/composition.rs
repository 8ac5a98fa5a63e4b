//! Blueprints in blueprints: what one is as a type, what it offers and needs, what stands for what,
//! and the plans inside of a plan.

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::{Diagnostic, Severity};
use bp_plan::{LoadedPlan, Type, from_bytes, to_bytes};

/// A database, as a blueprint of its own.
const DATABASE: &str = r#"blueprint database { version = "2.0.0" }
capability type Sql {
  property port: int
}
node type Host
node type Server {
  property size: int = 1
  property password: secret string
  attribute address: string
  capability sql: Sql { port = 5432 }
  requires host: Host via HostedOn
  provider = "noop"
}
input size: int where self in 1..10 else "1 to 10"
input name: string = "db${size}"
secret password: string
requires site: Host via HostedOn where self != null
node primary: Server {
  size = size
  password = password
  host -> site
}
expose sql = primary.sql
output address: string = primary.address
output label = "${name} of ${size}"
output key: secret string = password
"#;

fn analyse(files: &[(&str, &str)]) -> (tempfile::TempDir, Analysis) {
    let folder = crate::common::folder(files);
    let analysis = Analysis::load(&folder.path().join(files[0].0));
    (folder, analysis)
}

/// What is wrong: `CODE file:line`.
pub(crate) fn wrong(files: &[(&str, &str)]) -> Vec<String> {
    let (_folder, analysis) = analyse(files);
    let errors = analysis.diagnostics().iter().filter(|d| d.severity == Severity::Error);
    errors
        .map(|d| {
            let source = &analysis.sources().modules[d.place.file.0 as usize];
            let line = source.source.position(d.place.span.start).line;
            format!("{} {}:{line}", d.code, source.path)
        })
        .collect()
}

/// What is said, but for what is never used: these blueprints are as small as can be.
fn said(analysis: &Analysis) -> Vec<&Diagnostic> {
    analysis.diagnostics().iter().filter(|d| !matches!(d.code, "W2010" | "W2011")).collect()
}

/// The message and help of the only error.
fn told(files: &[(&str, &str)]) -> String {
    let (_folder, analysis) = analyse(files);
    let found = said(&analysis);
    let [only] = found.as_slice() else { panic!("{found:#?}") };
    format!("{} ({})", only.message, only.help.clone().unwrap_or_default())
}

pub(crate) fn compiled(files: &[(&str, &str)]) -> LoadedPlan {
    let (_folder, analysis) = analyse(files);
    let plan = analysis
        .plan()
        .unwrap_or_else(|| panic!("{:#?}{:#?}", analysis.diagnostics(), analysis.unplanned()));
    let found = said(&analysis);
    assert!(found.is_empty(), "{found:#?}");
    from_bytes(&to_bytes(plan, analysis.artifacts()).unwrap()).unwrap()
}

fn root(text: &str) -> String {
    format!(
        "blueprint shop {{ version = \"1.0.0\" }}\nuse \"./database.bp\" as db\nsecret pass: string\nnode host: db.Host\n{text}\n"
    )
}

fn with_database(text: &str) -> Vec<String> {
    wrong(&[("shop.bp", &root(text)), ("database.bp", DATABASE)])
}

#[test]
fn a_blueprint_is_a_node_type() {
    let text = root(
        "node d: db.Blueprint {\n  size = 3\n  password = pass\n  site -> host\n}\nnode type App {\n  property url: string\n  property port: int\n  requires sql: db.Sql via ConnectsTo\n}\nnode app: App {\n  url = d.address\n  port = d.sql.port\n  sql -> d\n}\noutput label: string = d.label\noutput key: secret string = d.key",
    );
    let loaded = compiled(&[("shop.bp", &text), ("database.bp", DATABASE)]);
    let kind = &loaded.plan.node_types["database.Blueprint"];
    let blueprint = kind.blueprint.as_ref().unwrap();
    assert_eq!((blueprint.name.as_str(), blueprint.version.as_str()), ("database", "2.0.0"));
    assert_eq!(kind.properties["size"].kind, Type::Int);
    assert_eq!(kind.properties["size"].constraints.len(), 1);
    assert_eq!(kind.properties["password"].kind, Type::Secret(Box::new(Type::String)));
    assert_eq!(kind.attributes["label"], Type::String, "an output's type may be left out");
    assert_eq!(kind.attributes["key"], Type::Secret(Box::new(Type::String)));
    assert_eq!(kind.requirements["site"].target, Type::Node("database.Host".into()));
    assert!(kind.requirements["site"].hosts);
    assert!(kind.capabilities.contains_key("sql"));
    // A default that reads another input reads the node's own property.
    let default = serde_json::to_string(&kind.properties["name"].default).unwrap();
    assert!(default.contains("self") && !default.contains("input"), "{default}");

    let inner = &loaded.nested[blueprint.plan.as_ref().unwrap()];
    assert_eq!(inner.blueprint.name, "database");
    assert!(inner.nodes.contains_key("primary") && !inner.nodes.contains_key("d"));
    assert_eq!(inner.exposed["sql"].kind, "database.Sql");
    assert!(inner.requirements["site"].requirement.hosts);
    let target = serde_json::to_string(&inner.nodes["primary"].requirements[0].target).unwrap();
    assert_eq!(target, r#"{"requirement":"site"}"#);
    assert_eq!(loaded.artifacts.len(), 1);
}

#[test]
fn the_same_sources_give_the_same_plans() {
    let text = root("node d: db.Blueprint {\n  size = 3\n  password = pass\n  site -> host\n}");
    let files: &[(&str, &str)] = &[("shop.bp", &text), ("database.bp", DATABASE)];
    let (first, second) = (compiled(files), compiled(files));
    assert_eq!(first.identity, second.identity);
    assert_eq!(first.artifacts, second.artifacts);
}

#[test]
fn files_of_a_blueprint_inside_travel_too_and_plans_lie_in_plans() {
    let inner = "blueprint inner { version = \"1.0.0\" }\nnode type Box {\n  property script: file\n  provider = \"noop\"\n}\nconst late = \"${deployment.name}!\"\nnode a: Box { script = file(\"run.sh\") }\noutput o: string = late\n";
    let middle = "blueprint middle { version = \"1.0.0\" }\nuse \"../inner/inner.bp\" as inner\nconst late = \"${deployment.name}?\"\nnode i: inner.Blueprint\noutput o: string = \"${i.o} ${late}\"\n";
    let top = "blueprint top { version = \"1.0.0\" }\nuse \"./middle/middle.bp\" as middle\nnode m: middle.Blueprint\noutput o: string = m.o\n";
    let loaded = compiled(&[
        ("top.bp", top),
        ("middle/middle.bp", middle),
        ("inner/inner.bp", inner),
        ("inner/run.sh", "echo\n"),
    ]);
    assert_eq!(loaded.nested.len(), 2);
    assert_eq!(loaded.artifacts.len(), 3, "two plans and a file");
    let of = |name: &str| loaded.nested.values().find(|plan| plan.blueprint.name == name).unwrap();
    assert_eq!(of("inner").artifacts.len(), 1);
    assert_eq!(of("middle").artifacts.len(), 2);
    assert_eq!(loaded.plan.artifacts.len(), 3);
    let constants = |name: &str| of(name).constants.keys().cloned().collect::<Vec<_>>();
    assert_eq!(constants("inner"), ["inner.inner.late"]);
    assert_eq!(constants("middle"), ["middle.middle.late"]);
    assert!(loaded.plan.constants.is_empty());
}

#[test]
fn a_plan_without_its_inner_plan_is_none() {
    let text = root("node d: db.Blueprint {\n  size = 3\n  password = pass\n  site -> host\n}");
    let (_folder, analysis) = analyse(&[("shop.bp", &text), ("database.bp", DATABASE)]);
    let mut plan = analysis.plan().unwrap().clone();
    let artifacts = std::collections::BTreeMap::new();
    assert!(to_bytes(&plan, &artifacts).is_err());
    plan.artifacts.clear();
    let error = from_bytes(&to_bytes(&plan, &artifacts).unwrap()).unwrap_err();
    assert!(error.to_string().contains("does not travel with it"), "{error}");
    // Something else under the digest of a plan.
    let digest = bp_plan::Digest::of(b"{}");
    plan.artifacts.insert(digest.clone());
    let kind = plan.node_types.get_mut("database.Blueprint").unwrap();
    kind.blueprint.as_mut().unwrap().plan = Some(digest.clone());
    let artifacts = std::collections::BTreeMap::from([(digest, b"{}".to_vec())]);
    let error = from_bytes(&to_bytes(&plan, &artifacts).unwrap()).unwrap_err();
    assert!(error.to_string().contains("inside of it"), "{error}");
}

#[test]
fn a_node_of_a_blueprint_is_checked_as_any_node() {
    for (text, wanted) in [
        ("node d: db.Blueprint {\n  size = 3\n  password = pass\n}", "E4008 shop.bp:5"),
        ("node d: db.Blueprint {\n  size = 3\n  site -> host\n}", "E4002 shop.bp:5"),
        (
            "node d: db.Blueprint {\n  size = \"x\"\n  password = pass\n  site -> host\n}",
            "E3002 shop.bp:6",
        ),
        (
            "node d: db.Blueprint {\n  size = 30\n  password = pass\n  site -> host\n}",
            "E3028 shop.bp:6",
        ),
        (
            "node d: db.Blueprint {\n  size = 3\n  sise = 3\n  password = pass\n  site -> host\n}",
            "E4001 shop.bp:7",
        ),
        (
            "node d: db.Blueprint {\n  size = 3\n  address = \"x\"\n  password = pass\n  site -> host\n}",
            "E4025 shop.bp:7",
        ),
        (
            "node d: db.Blueprint {\n  size = 3\n  password = pass\n  site -> host\n}\noutput o: int = d.address",
            "E3002 shop.bp:10",
        ),
        (
            "node d: db.Blueprint {\n  size = 3\n  password = pass\n  site -> host\n}\noutput o = d.key",
            "E3021 shop.bp:10",
        ),
        (
            "node d: db.Blueprint {\n  size = 3\n  password = pass\n  site -> host\n}\noutput o = d.primary",
            "E3003 shop.bp:10",
        ),
    ] {
        let found = with_database(text);
        assert_eq!(found, [wanted], "{text}");
    }
}

#[test]
fn a_blueprint_s_own_mistakes_stand_at_their_places() {
    let broken = DATABASE.replace("size = size\n", "size = \"x\"\n").replace(
        "output address: string = primary.address",
        "output address: int = primary.address",
    );
    let text = root(
        "node d: db.Blueprint {\n  size = 3\n  password = pass\n  site -> host\n}\noutput o: string = \"${d.address}\"",
    );
    let found = wrong(&[("shop.bp", &text), ("database.bp", &broken)]);
    assert_eq!(found, ["E3002 database.bp:19", "E3002 database.bp:24"]);
}

#[test]
fn what_is_inside_is_reached_through_a_node_alone() {
    for name in ["primary", "size", "password", "site"] {
        let found = with_database(&format!("output o = db.{name}"));
        assert_eq!(found, ["E4042 shop.bp:5"], "{name}");
    }
    let module = |line: &str| format!("{DATABASE}{line}\n");
    let of =
        |line: &str, text: &str| wrong(&[("shop.bp", &root(text)), ("database.bp", &module(line))]);
    assert_eq!(of("const twice = size * 2", "output o: int = db.twice"), ["E4042 shop.bp:5"]);
    assert_eq!(of("const two = 2", "output o: int = db.two"), [] as [&str; 0]);
    assert_eq!(
        of("fn f(n: int) -> int = n * size", "output o: int = db.f(1)"),
        ["E4043 shop.bp:5"]
    );
    assert_eq!(of("fn f(n: int) -> int = n * 2", "output o: int = db.f(1)"), [] as [&str; 0]);
    let text = "blueprint shop { version = \"1.0.0\" }\nuse \"./database.bp\" { primary }\noutput o = primary.address\n";
    assert_eq!(wrong(&[("shop.bp", text), ("database.bp", DATABASE)]), ["E4042 shop.bp:3"]);
}

#[test]
fn a_type_reads_nothing_of_its_blueprint() {
    for member in [
        "property n: int = self.m + limit",
        "property n: int where self < limit",
        "capability c: C { port = limit }",
        "check self.m < limit",
    ] {
        let text = format!(
            "blueprint x {{ version = \"1.0.0\" }}\ncapability type C {{ property port: int }}\ninput limit: int\nnode type T {{\n  property m: int = 1\n  {member}\n}}\n"
        );
        assert_eq!(wrong(&[("x.bp", &text)]), ["E4057 x.bp:6"], "{member}");
        // What is inherited is told once.
        let more = format!("{text}node type U extends T {{ property n: int = 3 }}\n");
        let found = wrong(&[("x.bp", if member.starts_with("prop") { &more } else { &text })]);
        assert_eq!(found, ["E4057 x.bp:6"], "{member}");
    }
}

/// Nor do data types and operations: whoever uses the type elsewhere would have their own things read under these names.
#[test]
fn data_types_and_operations_read_nothing_of_their_blueprint() {
    for (declared, line) in [
        ("data type D = int where self < limit", 5),
        ("data type D {\n  a: int where self < limit\n}", 6),
        ("interface type I { operation go(n: int where self < limit) }", 5),
        (
            "node type T { operation lifecycle.create = script(\"./a.sh\") { env = { P = key } } }",
            5,
        ),
        (
            "relationship type L extends DependsOn { operation configure.establish_target = script(\"./a.sh\") { args = { x = limit } } }",
            5,
        ),
    ] {
        let text = format!(
            "blueprint x {{ version = \"1.0.0\" }}\ninput limit: int\nsecret key: string\nnode one: Root\n{declared}\n"
        );
        let found = wrong(&[("x.bp", &text), ("a.sh", "true\n")]);
        assert_eq!(found, [format!("E4057 x.bp:{line}")], "{declared}");
    }
    // What they do is taken over as it is, and told once.
    let text = "blueprint x { version = \"1.0.0\" }\ninput limit: int\n\
                node type T { operation lifecycle.create = script(\"./a.sh\") { args = { x = limit } } }\nnode type U extends T\n";
    assert_eq!(wrong(&[("x.bp", text), ("a.sh", "true\n")]), ["E4057 x.bp:3"]);
}

#[test]
fn a_blueprint_is_no_type_to_extend_or_to_declare() {
    assert_eq!(with_database("node type Mine extends db.Blueprint"), ["E4041 shop.bp:5"]);
    let used = "node type Mine extends db.Blueprint {\n  fixed size = 3\n}\nnode d: Mine {\n  password = pass\n  site -> host\n}";
    assert_eq!(with_database(used), ["E4041 shop.bp:5"]);
    assert_eq!(with_database("node type Blueprint"), ["E4040 shop.bp:5"]);
}

#[test]
fn a_capability_of_a_node_is_exposed_and_nothing_else() {
    let of = |line: &str| {
        let text = DATABASE.replace("expose sql = primary.sql", line);
        wrong(&[("database.bp", &text)])
    };
    assert_eq!(of("expose sql = primary.size"), ["E4044 database.bp:23"]);
    assert_eq!(of("expose sql = primary"), ["E4044 database.bp:23"]);
    assert_eq!(of("expose sql = site"), ["E4044 database.bp:23"]);
    assert_eq!(of("expose sql = primary.sqll"), ["E3003 database.bp:23"]);
    assert_eq!(of("expose sql = primary.sql\nexpose sql = primary.sql"), ["E2006 database.bp:24"]);
    assert_eq!(of("expose size = primary.sql"), ["E2016 database.bp:23"]);
    let text = DATABASE.replace("primary.sql\n", "primary\n");
    let (_folder, analysis) = analyse(&[("database.bp", &text)]);
    let fix = analysis.diagnostics()[0].fix.as_ref().unwrap();
    assert_eq!(fix.edits[0].1, "primary.sql");
}

#[test]
fn what_a_blueprint_needs_is_in_its_plan() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/cases/accept/file_requires.bp");
    let analysis = Analysis::load(&path);
    let plan = analysis.plan().unwrap_or_else(|| panic!("{:#?}", analysis.unplanned()));
    let required = &plan.requirements["site"];
    assert_eq!(required.requirement.target, Type::Node("Host".into()));
    assert_eq!(required.requirement.cardinality, (1, Some(1)));
    let zone = serde_json::to_string(&plan.nodes["app"].properties["zone"].value).unwrap();
    assert_eq!(zone, r#"{"field":{"of":{"requirement":"site"},"name":"zone"}}"#);
}

#[test]
fn a_file_s_requirement_reads_by_its_cardinality() {
    let of = |requires: &str, output: &str| {
        wrong(&[(
            "p.bp",
            &format!(
                "blueprint p {{ version = \"1.0.0\" }}\nnode type H {{ property zone: string }}\ninput n: int = 1\n{requires}\noutput o: {output}\n"
            ),
        )])
    };
    assert_eq!(of("requires h: H", "string = h.zone"), [] as [&str; 0]);
    assert_eq!(of("requires h: H?", "string = h.zone").len(), 1);
    assert_eq!(of("requires h: H?", "string? = h?.zone"), [] as [&str; 0]);
    assert_eq!(of("requires h: H[1..3]", "list<string> = h[*].zone"), [] as [&str; 0]);
    assert_eq!(
        of("requires h: H where self.zone != \"\" and n > 0", "string = h.zone"),
        [] as [&str; 0]
    );
    assert_eq!(of("requires h: int", "int = 1"), ["E4006 p.bp:4"]);
    assert_eq!(of("requires h: H via Nothing", "int = 1"), ["E2013 p.bp:4"]);
    assert_eq!(of("requires h: H where self.zones == \"\"", "int = 1").len(), 1);
}

const TYPES: &str = "capability type Sql {\n  property port: int\n}\nabstract node type Database {\n  property size: int\n  property tier: string = \"free\"\n  attribute address: string\n  capability sql: Sql\n  requires network: Network[0..1] via ConnectsTo\n}\nnode type Network\nabstract node type Fast extends Database\n";

fn substitute(name: &str, head: &str) -> String {
    format!(
        "blueprint {name} substitutes {head} {{ version = \"1.0.0\" }}\nuse \"./types.bp\" as types\nnode type Server {{\n  property size: int\n  attribute address: string\n  capability sql: types.Sql {{ port = 1 }}\n  provider = \"noop\"\n}}\ninput size: int\ninput tier: string\nrequires network: types.Network? via ConnectsTo\nnode s: Server {{ size = size }}\nexpose sql = s.sql\noutput address: string = s.address\n"
    )
}

fn shop(text: &str) -> String {
    format!(
        "blueprint shop {{ version = \"1.0.0\" }}\nuse \"./types.bp\" as types\nuse \"./small.bp\" as small\nuse \"./large.bp\" as large\nconst s: types.Sql? = null\ninput n: int = 1\n{text}\noutput o: string = d.address\n"
    )
}

/// With `small` up to 10 and `large` from 5 on.
fn chosen(text: &str, large: &str) -> (Vec<String>, Option<LoadedPlan>) {
    let text = shop(text).replace("const s: types.Sql? = null\n", "");
    // The `use`s count as used where nothing names them: what they bring is what may be chosen.
    let small = substitute("small", "types.Database where self.size <= 10");
    let large = substitute("large", large);
    let files: &[(&str, &str)] =
        &[("shop.bp", &text), ("types.bp", TYPES), ("small.bp", &small), ("large.bp", &large)];
    let found = wrong(files);
    let plan = found.is_empty().then(|| compiled(files));
    (found, plan)
}

const LARGE: &str = "types.Database where self.size > 5";

#[test]
fn a_node_of_an_abstract_type_is_met_by_the_one_blueprint_that_fits() {
    let (found, plan) = chosen("node d: types.Database { size = 3 }", LARGE);
    assert_eq!(found, [] as [&str; 0]);
    let plan = plan.unwrap();
    let node = &plan.plan.nodes["d"];
    assert_eq!(node.kind, "types.Database");
    assert_eq!(node.substituted_by.as_deref(), Some("small.Blueprint"));
    assert_eq!(plan.nested.len(), 1, "what is not chosen does not travel");
    let small = plan.nested.values().next().unwrap();
    assert_eq!(small.substitutes.as_ref().unwrap().kind, "types.Database");
    let (found, plan) = chosen("node d: types.Database { size = 30 }", LARGE);
    assert_eq!(found, [] as [&str; 0]);
    let node = &plan.unwrap().plan.nodes["d"];
    assert_eq!(node.substituted_by.as_deref(), Some("large.Blueprint"));
    // What stands for the type may also stand where the type is asked for.
    let text = "node d: small.Blueprint {\n  size = 1\n  tier = \"x\"\n}\nnode type App { requires db: types.Database }\nnode app: App { db -> d }";
    assert_eq!(chosen(text, LARGE).0, [] as [&str; 0]);
}

#[test]
fn one_blueprint_stands_for_all_instances_of_a_collection() {
    let told = |text: &str| {
        let text = shop(text).replace("d.address", "\"\"");
        let text = text.replace("const s: types.Sql? = null\n", "");
        let small = substitute("small", "types.Database where self.size <= 10")
            .replace("input size: int", "input size: int where self > 2");
        let large = substitute("large", LARGE);
        let files: &[(&str, &str)] =
            &[("shop.bp", &text), ("types.bp", TYPES), ("small.bp", &small), ("large.bp", &large)];
        let found = wrong(files);
        if found == ["E3028 shop.bp:6"] {
            let (_folder, analysis) = analyse(files);
            let by = &said(&analysis)[0].related[0].1;
            assert_eq!(by, "`small`, which stands for this node, asks it here");
        }
        let plan = found.is_empty().then(|| compiled(files).plan);
        (found, plan.and_then(|plan| plan.nodes["d"].substituted_by.clone()))
    };
    for (values, by) in [("3, 4", "small"), ("30, 40", "large")] {
        let (found, chosen) =
            told(&format!("node d: types.Database for x in [{values}] {{ size = x }}"));
        assert_eq!((found, chosen), (vec![], Some(format!("{by}.Blueprint"))), "{values}");
    }
    // An instance may ask for what the inventory tells, as long as what decides is the same in all.
    let fleet = "use std.kubernetes as k8s\nselect cs: k8s.Cluster[1..]\nnode d: types.Database for c in cs { size = 30 }";
    assert_eq!(told(fleet), (vec![], Some("large.Blueprint".to_owned())));
    assert_eq!(told("node d: types.Database for x in [3, 30] { size = x }").0, ["E4051 shop.bp:6"]);
    // What stands for a node may take less than the node's type does.
    assert_eq!(told("node d: types.Database for x in [1, 3] { size = x }").0, ["E3028 shop.bp:6"]);
    assert_eq!(told("node d: types.Database { size = 1 }").0, ["E3028 shop.bp:6"]);
}

#[test]
fn several_that_fit_are_told_and_using_chooses() {
    let several = "node d: types.Database { size = 7 }";
    assert_eq!(chosen(several, LARGE).0, ["E4052 shop.bp:6"]);
    let (found, plan) = chosen("node d: types.Database using large.Blueprint { size = 7 }", LARGE);
    assert_eq!(found, [] as [&str; 0]);
    let node = &plan.unwrap().plan.nodes["d"];
    assert_eq!(node.substituted_by.as_deref(), Some("large.Blueprint"));
    // What is known only when it is deployed does not choose; whoever chooses may leave it to then.
    assert_eq!(chosen("node d: types.Database { size = n }", LARGE).0, ["E4051 shop.bp:6"]);
    let left = "node d: types.Database using small.Blueprint { size = n }";
    assert_eq!(chosen(left, LARGE).0, [] as [&str; 0]);
    for (line, code) in [
        ("node d: types.Database using large.Blueprint { size = 2 }", "E4053"),
        ("node d: types.Database using types.Network { size = 7 }", "E4050"),
        ("node d: types.Fast using small.Blueprint { size = 7 }", "E4050"),
        ("node d: small.Blueprint using small.Blueprint {\n  size = 7\n  tier = \"x\"\n}", "E4049"),
        ("node d: types.Database using large.Nothing { size = 7 }", "E2013"),
    ] {
        assert_eq!(chosen(line, LARGE).0, [format!("{code} shop.bp:6")], "{line}");
    }
}

#[test]
fn none_that_fits_says_why_for_each() {
    assert_eq!(chosen("node d: types.Fast { size = 1 }", LARGE).0, ["E4020 shop.bp:6"]);
    // A mistake in the node is told alone.
    let broken = chosen("node d: types.Database { size = \"big\" }", LARGE).0;
    assert_eq!(broken, ["E3002 shop.bp:6"]);
    // One that stands for a derived type stands for nodes of the type, too.
    let (found, plan) = chosen("node d: types.Database { size = 20 }", "types.Fast");
    assert_eq!(found, [] as [&str; 0]);
    let node = &plan.unwrap().plan.nodes["d"];
    assert_eq!(node.substituted_by.as_deref(), Some("large.Blueprint"));
    let large =
        substitute("large", "types.Database where self.size > 50 else \"large starts at 50\"");
    let small = substitute("small", "types.Database where self.size <= 10");
    let text =
        shop("node d: types.Database { size = 20 }").replace("const s: types.Sql? = null\n", "");
    let said = told(&[
        ("shop.bp", &text),
        ("types.bp", TYPES),
        ("small.bp", &small),
        ("large.bp", &large),
    ]);
    assert!(
        said.contains(
            "`small`: `d` does not meet `where self.size <= 10`; `large`: large starts at 50"
        ) || said.contains(
            "`large`: large starts at 50; `small`: `d` does not meet `where self.size <= 10`"
        ),
        "{said}"
    );
}

#[test]
fn a_secret_that_a_substitute_lacks_is_told_as_one() {
    let types = "abstract node type Store {\n  property password: secret string?\n  property size: int\n}\n";
    let head = "blueprint cold substitutes types.Store { version = \"1.0.0\" }\nuse \"./types.bp\" as types\n";
    let said = told(&[("cold.bp", head), ("types.bp", types)]);
    let [password, size] = ["secret password: string?", "input size: int"];
    assert!(said.contains(&format!("add `{password}`, `{size}`")), "{said}");
    // What is told to be added is enough, and nobody calls it idle.
    let whole = format!("{head}{password}\n{size}\n");
    let (_folder, analysis) = analyse(&[("cold.bp", &whole), ("types.bp", types)]);
    assert!(analysis.diagnostics().is_empty(), "{:#?}", analysis.diagnostics());
}

#[test]
fn what_a_substitute_lacks_is_told_at_its_head() {
    let whole = substitute("small", "types.Database");
    let of = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from}");
        wrong(&[("small.bp", &whole.replace(from, to)), ("types.bp", TYPES)])
    };
    assert_eq!(of("input", "input"), [] as [&str; 0]);
    for (from, to, wanted) in [
        ("input tier: string\n", "", "E4046 small.bp:1"),
        ("expose sql = s.sql\n", "", "E4046 small.bp:1"),
        ("output address: string = s.address\n", "", "E4046 small.bp:1"),
        ("requires network: types.Network? via ConnectsTo\n", "", "E4046 small.bp:1"),
        ("input tier: string\n", "input tier: \"a\" | \"b\"\n", "E4047 small.bp:10"),
        ("output address: string = s.address\n", "output address: int = 1\n", "E4047 small.bp:14"),
        (
            "requires network: types.Network?",
            "requires network: types.Network",
            "E4047 small.bp:11",
        ),
        ("input tier: string\n", "input tier: string\ninput more: string\n", "E4048 small.bp:11"),
        ("input tier: string\n", "input tier: string\nsecret more: string\n", "E4048 small.bp:11"),
        (
            "input tier: string\n",
            "input tier: string\nrequires more: types.Network\n",
            "E4048 small.bp:11",
        ),
        ("substitutes types.Database", "substitutes types.Network", "E4045 small.bp:1"),
        ("substitutes types.Database", "substitutes types.Databas", "E2013 small.bp:1"),
        (
            "substitutes types.Database",
            "substitutes types.Database where self.size < size",
            "E4016 small.bp:1",
        ),
        (
            "substitutes types.Database",
            "substitutes types.Database where self.address == \"x\"",
            "E4016 small.bp:1",
        ),
        (
            "substitutes types.Database",
            "substitutes types.Database where self.sise < 1",
            "E3003 small.bp:1",
        ),
    ] {
        let found = of(from, to);
        assert_eq!(found, [wanted], "{to}");
    }
    assert_eq!(
        of("input tier: string\n", "input tier: string | int\ninput more: int = 1\n"),
        [] as [&str; 0]
    );
    // A type beside the blueprint lends it none of its members.
    let beside = "blueprint x substitutes Store { version = \"1.0.0\" }\nabstract node type Store {\n  attribute address: string\n  requires host: Compute via HostedOn\n}\n";
    let said = told(&[("x.bp", beside)]);
    assert!(said.contains("the output `address`, `requires host`"), "{said}");
    assert!(said.contains("`requires host: Compute via HostedOn`"), "{said}");
    let two = whole.replace("expose sql = s.sql\noutput address: string = s.address\n", "");
    let said = told(&[("small.bp", &two), ("types.bp", TYPES)]);
    assert!(said.contains("the output `address`, `expose sql`"), "{said}");
    assert!(said.contains("`output address: string = …`, `expose sql = …`"), "{said}");
}

#[test]
fn a_blueprint_does_not_contain_itself() {
    let small = substitute("small", "types.Database") + "node again: types.Database { size = 1 }\n";
    let text = "blueprint shop { version = \"1.0.0\" }\nuse \"./types.bp\" as types\nuse \"./small.bp\" as small\nnode d: small.Blueprint {\n  size = 1\n  tier = \"x\"\n}\nnode n: types.Network\n";
    let files: &[(&str, &str)] = &[("shop.bp", text), ("types.bp", TYPES), ("small.bp", &small)];
    assert_eq!(wrong(files), ["E4054 small.bp:15"]);
    assert!(told(files).contains("`small` contains `small`"), "{}", told(files));
    let own = "blueprint x { version = \"1.0.0\" }\nnode again: Blueprint\n";
    assert_eq!(wrong(&[("x.bp", own)]), ["E4054 x.bp:2"]);
    let (a, b) = (
        "blueprint a { version = \"1.0.0\" }\nuse \"./b.bp\" as b\nnode n: b.Blueprint\n",
        "blueprint b { version = \"1.0.0\" }\nuse \"./a.bp\" as a\nnode n: a.Blueprint\n",
    );
    let found = wrong(&[("a.bp", a), ("b.bp", b)]);
    assert!(found.iter().any(|one| one.starts_with("E2004")), "{found:?}");
}

#[test]
fn plans_lie_inside_of_each_other_only_so_deep() {
    let files = |count: usize| -> Vec<(String, String)> {
        (0..count)
            .map(|at| {
                let next = at + 1;
                let inner = if next < count {
                    format!("use \"./b{next}.bp\" as inner\nnode n: inner.Blueprint\n")
                } else {
                    String::new()
                };
                (format!("b{at}.bp"), format!("blueprint b{at} {{ version = \"1.0.0\" }}\n{inner}"))
            })
            .collect()
    };
    let all = |count: usize| files(count);
    let most = all(9);
    let most: Vec<(&str, &str)> = most.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    assert_eq!(compiled(&most).nested.len(), 8);
    let more = all(10);
    let more: Vec<(&str, &str)> = more.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    assert_eq!(wrong(&more), ["E4055 b8.bp:3"]);
}

#[test]
fn an_input_that_decides_takes_what_is_known_when_it_is_deployed() {
    let inner = "blueprint inner { version = \"1.0.0\" }\nnode type Box {\n  property text: string = \"\"\n  attribute n: int\n  provider = \"noop\"\n}\ninput count: int = 1\ninput text: string = \"\"\nconst twice = count * 2\nnode boxes: Box for i in 1..twice { text = text }\n";
    let middle = "blueprint middle { version = \"1.0.0\" }\nuse \"./inner.bp\" as inner\ninput many: int = 1\nnode i: inner.Blueprint { count = many }\n";
    let top = |line: &str| {
        let text = format!(
            "blueprint top {{ version = \"1.0.0\" }}\nuse \"./inner.bp\" as inner\nuse \"./middle.bp\" as middle\ninput given: int = 1\nnode box: inner.Box\n{line}\n"
        );
        let text = if line.contains("middle") {
            text
        } else {
            text.replace("use \"./middle.bp\" as middle\n", "\n")
        };
        wrong(&[("top.bp", &text), ("inner.bp", inner), ("middle.bp", middle)])
    };
    assert_eq!(top("node a: inner.Blueprint { count = given }"), [] as [&str; 0]);
    assert_eq!(top("node a: inner.Blueprint { text = \"${box.n}\" }"), [] as [&str; 0]);
    assert_eq!(top("node a: inner.Blueprint { count = box.n }"), ["E4056 top.bp:6"]);
    assert_eq!(top("node a: middle.Blueprint { many = box.n }"), ["E4056 top.bp:6"]);
    // What is required decides through its properties.
    let asks = "blueprint asks { version = \"1.0.0\" }\nuse \"./inner.bp\" as inner\nrequires site: inner.Box via HostedOn\nnode boxes: inner.Box if site.text == \"on\"\n";
    let passes = "blueprint passes { version = \"1.0.0\" }\nuse \"./inner.bp\" as inner\nuse \"./asks.bp\" as asks\nrequires place: inner.Box via HostedOn\nnode i: asks.Blueprint { site -> place }\n";
    for (used, requirement) in [("asks", "site"), ("passes", "place")] {
        for (value, told) in [("given", &[][..]), ("\"${box.n}\"", &["E4056 top.bp:5"][..])] {
            let text = format!(
                "blueprint top {{ version = \"1.0.0\" }}\nuse \"./inner.bp\" as inner\nuse \"./{used}.bp\" as used\ninput given: string = \"\"\nnode host: inner.Box {{ text = {value} }}\nnode box: inner.Box\nnode u: used.Blueprint {{ {requirement} -> host }}\n"
            );
            let files: Vec<(&str, &str)> = vec![
                ("top.bp", &text),
                ("inner.bp", inner),
                ("asks.bp", asks),
                ("passes.bp", passes),
            ];
            assert_eq!(wrong(&files), told, "{text}");
        }
    }
    // A policy's properties decide, too.
    let kept = inner.replace("input text", "policy type Keep { property every: int }\npolicy keep: Keep {\n  targets = [boxes]\n  every = pace\n}\ninput pace: int = 5\ninput text");
    let text = "blueprint top { version = \"1.0.0\" }\nuse \"./inner.bp\" as inner\nnode box: inner.Box\nnode a: inner.Blueprint { pace = box.n }\n";
    assert_eq!(wrong(&[("top.bp", text), ("inner.bp", &kept)]), ["E4056 top.bp:4"]);
}

#[test]
fn running_deployments_are_selected() {
    let text = "blueprint shop { version = \"1.0.0\" }\nuse \"./database.bp\" as db\nselect other: db.Blueprint { where = self.deployment.name == \"main\" and self.label != \"\" }\noutput addresses: list<string> = other[*].address\n";
    let loaded = compiled(&[("shop.bp", text), ("database.bp", DATABASE)]);
    let kind = &loaded.plan.node_types["database.Blueprint"];
    assert_eq!(kind.blueprint.as_ref().unwrap().name, "database");
    assert_eq!(kind.blueprint.as_ref().unwrap().plan, None, "what runs already needs no plan");
    assert!(loaded.nested.is_empty());
    let typo = text.replace("self.deployment.name", "self.deployment.nam");
    assert_eq!(wrong(&[("shop.bp", &typo), ("database.bp", DATABASE)]).len(), 1);
}

#[test]
fn a_module_has_no_parts_of_a_blueprint() {
    for line in [
        "node a: T",
        "select s: Compute { where = true }",
        "policy p: Policy",
        "group g: Group { members = [] }",
        "workflow w() { wait 1s }",
        "input i: int",
        "secret i: string",
        "output o = 1",
        "test \"t\" { assert true }",
        "requires r: Compute",
        "expose e = 1",
    ] {
        let module = format!("node type T\n{line}\n");
        let root = "blueprint x { version = \"1.0.0\" }\nuse \"./module.bp\" as module\nnode a: module.T\n";
        let found = wrong(&[("root.bp", root), ("module.bp", &module)]);
        assert_eq!(found, ["E2010 module.bp:2"], "{line}");
    }
}

/// A package of two blueprints that share a module and name a file each.
fn beside(shop: &str, shared: &str) -> LoadedPlan {
    let inner = "blueprint keeper { version = \"1.0.0\" }\nuse \"./shared.bp\" as shared\nnode one: shared.Kept {\n  text = read(\"inner.txt\")\n  size = shared.twice\n}\n";
    compiled(&[
        ("shop.bp", shop),
        ("a/unrelated.bp", "const other = 1\n"),
        ("keeper.bp", inner),
        ("shared.bp", shared),
        ("inner.txt", "inner"),
        ("outer.txt", if shop.contains("9.9.9") { "changed" } else { "outer" }),
    ])
}

#[test]
fn a_plan_inside_is_made_of_what_it_uses_alone() {
    let shop = "blueprint shop { version = \"1.0.0\" }\nuse \"./a/unrelated.bp\" as unrelated\nuse \"./keeper.bp\" as keeper\nnode k: keeper.Blueprint\noutput text: string = read(\"outer.txt\")\noutput other: int = unrelated.other\n";
    let shared = "const twice = 2\nnode type Kept {\n  property text: string\n  property size: int where self > 1\n}\n";
    let loaded = beside(shop, shared);
    let digest = |loaded: &LoadedPlan| {
        let blueprint = loaded.plan.node_types["keeper.Blueprint"].blueprint.clone();
        blueprint.and_then(|blueprint| blueprint.plan).unwrap()
    };
    let inner = &loaded.nested[&digest(&loaded)];
    let paths: Vec<&str> = inner.sources.iter().map(|source| source.path.as_str()).collect();
    assert_eq!(paths, ["keeper.bp", "shared.bp", "std/std.bp"]);
    // Places are those of these sources, and their lines travel with the plan.
    let node = &inner.nodes["one"];
    let property = &inner.node_types["shared.Kept"].properties["size"];
    for (span, path, line) in [
        (node.span, "keeper.bp", "node one: shared.Kept {"),
        (node.properties["text"].span, "keeper.bp", "  text = read(\"inner.txt\")"),
        (property.constraints[0].span, "shared.bp", "  property size: int where self > 1"),
    ] {
        let source = &inner.sources[span.file as usize];
        assert_eq!((source.path.as_str(), source.lines[&span.line].as_str()), (path, line));
    }

    let other = beside(&shop.replace("1.0.0", "9.9.9"), shared);
    assert_ne!(other.identity, loaded.identity);
    assert_eq!(digest(&other), digest(&loaded), "it is not made of what changed");
    let changed = beside(shop, &shared.replace("const twice = 2", "const twice = 3"));
    assert_ne!(digest(&changed), digest(&loaded), "it is made of what changed");
}
