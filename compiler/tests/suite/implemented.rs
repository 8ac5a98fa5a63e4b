//! `implement`: workflows of a blueprint that carry out the operations of the type that it stands for.

use crate::composition::{compiled, wrong};

const KEPT: &str = "interface type Maintenance {\n  operation snapshot(into: string) -> { bytes: int }\n}\nabstract node type Kept {\n  property size: int\n  implements Maintenance\n}\n";

fn keeper(lines: &str) -> String {
    format!(
        "blueprint keeper substitutes types.Kept {{ version = \"1.0.0\" }}\nuse \"./types.bp\" as types\ninput size: int\n{lines}\n"
    )
}

#[test]
fn a_workflow_implements_an_operation() {
    let workflow = "workflow save(into: string) -> { bytes: int } { return { bytes = size } }";
    let keeper_text = keeper(&format!("implement maintenance.snapshot = save\n{workflow}"));
    let text = "blueprint shop { version = \"1.0.0\" }\nuse \"./types.bp\" as types\nuse \"./keeper.bp\" as keeper\nnode k: types.Kept { size = 1 }\nnode l: keeper.Blueprint { size = 2 }\nworkflow both() {\n  call k.maintenance.snapshot { into = \"a\" }\n  call l.maintenance.snapshot { into = \"b\" }\n}\n";
    let loaded = compiled(&[("shop.bp", text), ("types.bp", KEPT), ("keeper.bp", &keeper_text)]);
    let inner = loaded.nested.values().next().unwrap();
    assert_eq!(inner.substitutes.as_ref().unwrap().operations["maintenance.snapshot"], "save");
    assert!(inner.workflows.contains_key("save"));
    assert!(loaded.plan.workflows.contains_key("both"));
}

#[test]
fn what_is_implemented_fits_the_operation() {
    let of = |lines: &str| wrong(&[("keeper.bp", &keeper(lines)), ("types.bp", KEPT)]);
    let good = "workflow save(into: string) -> { bytes: int } { return { bytes = size } }";
    let with = |line: &str| of(&format!("{line}\n{good}"));
    assert_eq!(with("implement maintenance.snapshot = save"), [] as [&str; 0]);
    for (lines, wanted) in [
        (format!("const none = 1\n{good}"), "E4046 keeper.bp:1"),
        (format!("implement maintenance.snapshott = save\n{good}"), "E4059 keeper.bp:4"),
        (format!("implement maintenance.snapshot = saved\n{good}"), "E4060 keeper.bp:4"),
        (format!("implement maintenance.snapshot = size\n{good}"), "E4060 keeper.bp:4"),
        (format!("implement maintenance.snapshot = 1 + 1\n{good}"), "E4060 keeper.bp:4"),
        (format!("implement maintenance.snapshot = uninstall\n{good}"), "E4060 keeper.bp:4"),
        (
            "implement maintenance.snapshot = save\nworkflow save() -> { bytes: int } { return { bytes = 1 } }".to_owned(),
            "E4047 keeper.bp:4",
        ),
        (
            "implement maintenance.snapshot = save\nworkflow save(into: int) -> { bytes: int } { return { bytes = 1 } }".to_owned(),
            "E4047 keeper.bp:4",
        ),
        (
            "implement maintenance.snapshot = save\nworkflow save(into: string) { wait 1s }".to_owned(),
            "E4047 keeper.bp:4",
        ),
        (
            "implement maintenance.snapshot = save\nworkflow save(into: string, more: int) -> { bytes: int } { return { bytes = more } }".to_owned(),
            "E4048 keeper.bp:4",
        ),
    ] {
        let found = of(&lines);
        let missing = lines.starts_with("implement maintenance.snapshott");
        // An operation under another name is lacking under its own.
        let found: Vec<&String> =
            found.iter().filter(|one| !(missing && one.starts_with("E4046"))).collect();
        assert_eq!(found, [wanted], "{lines}");
    }
    for (operation, workflow, is_fine) in [
        ("string", "string where self != \"\"", false),
        ("string where self != \"\"", "string where self != \"\"", true),
        ("string where length(self) in 2..4", "string where length(self) > 1", true),
        ("string where length(self) in 2..4", "string where length(self) in 1..3", false),
        (
            "string where matches(self, \"a\") and self != \"\"",
            "string where matches(self, \"a\")",
            true,
        ),
        ("string", "string where matches(self, \"a\")", false),
        ("string", "Name", false),
        ("Name", "string where length(self) > 0", true),
        ("string where length(self) > 2", "Name", true),
        ("\"a\" | \"b\"", "string where self in [\"a\", \"b\", \"c\"]", true),
    ] {
        let types = KEPT.replace("(into: string)", &format!("(into: {operation})"));
        let types = format!("{types}data type Name = string where length(self) > 1\n");
        let workflow = workflow.replace("Name", "types.Name");
        let lines = format!(
            "implement maintenance.snapshot = save\nworkflow save(into: {workflow}) -> {{ bytes: int }} {{ return {{ bytes = size }} }}"
        );
        let found = wrong(&[("keeper.bp", &keeper(&lines)), ("types.bp", &types)]);
        let wanted = if is_fine { vec![] } else { vec!["E4047 keeper.bp:5"] };
        assert_eq!(found, wanted, "{operation}: {workflow}");
    }
    let twice = "implement maintenance.snapshot = save\nimplement maintenance.snapshot = save";
    assert_eq!(with(twice), ["E2006 keeper.bp:5"]);
    let nothing =
        "blueprint x { version = \"1.0.0\" }\nimplement a.b = w\nworkflow w() { wait 1s }\n";
    assert_eq!(wrong(&[("x.bp", nothing)]), ["E4058 x.bp:2"]);
    let module = "node type T\nimplement a.b = w\n";
    assert_eq!(wrong(&[("m.bp", module)])[0], "E2010 m.bp:2");
    let open =
        "blueprint x { version = \"1.0.0\" }\nnode type T { property a: int\nimplement a.b = w\n";
    let found = wrong(&[("x.bp", open)]);
    assert!(
        found.contains(&"E4058 x.bp:3".to_owned()),
        "a forgotten brace hides nothing: {found:?}"
    );
}

/// A node that is made of a blueprint has no operations of its own.
#[test]
fn a_blueprint_carries_out_what_is_done_with_its_node() {
    let keeper = keeper(
        "implement maintenance.snapshot = save\nworkflow save(into: string) -> { bytes: int } { return { bytes = size } }",
    );
    let of = |kind: &str, operation: &str| {
        let text = format!(
            "blueprint shop {{ version = \"1.0.0\" }}\nuse \"./types.bp\" as types\nuse \"./keeper.bp\" as keeper\nnode k: {kind} {{\n  size = 1\n  {operation}\n}}\n"
        );
        wrong(&[
            ("shop.bp", &text),
            ("types.bp", KEPT),
            ("keeper.bp", &keeper),
            ("a.sh", "echo '{}'"),
        ])
    };
    for kind in ["types.Kept", "keeper.Blueprint"] {
        assert_eq!(of(kind, ""), [""; 0], "{kind}");
        for operation in ["maintenance.snapshot", "lifecycle.create"] {
            let own = format!("operation {operation} = script(\"a.sh\")");
            assert_eq!(of(kind, &own), ["E4061 shop.bp:6"], "{kind} {operation}");
        }
    }
}

/// A type may have a property and a parameter of one name: in the workflow the parameter is meant.
#[test]
fn a_parameter_may_be_called_like_what_the_blueprint_is_given() {
    let types = KEPT.replace("into: string", "size: string");
    let of = |lines: &str| wrong(&[("keeper.bp", &keeper(lines)), ("types.bp", &types)]);
    let of_workflow = |given: &str| {
        format!(
            "implement maintenance.snapshot = save\nworkflow save(size: string) -> {{ bytes: int }} {{ return {{ bytes = {given} }} }}"
        )
    };
    assert_eq!(of(&of_workflow("length(size)")), [""; 0]);
    assert_eq!(of(&of_workflow("size")), ["E3002 keeper.bp:5"]);
    let other = "workflow other(size: string) { wait 1s }";
    assert_eq!(of(&format!("{}\n{other}", of_workflow("1"))), ["E3032 keeper.bp:6"]);
    let twice = of_workflow("1").replace("size: string", "size: string, size: string?");
    assert_eq!(of(&twice), ["E3032 keeper.bp:5"]);
    let of_node = of_workflow("1").replace("save(size: string", "save(size: string, n: int = 1");
    assert_eq!(of(&format!("{of_node}\nnode n: Root")), ["E3032 keeper.bp:5"]);
}
