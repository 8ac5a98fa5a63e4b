//! What is asked of the elements of an inventory, and of the nodes that may be chosen beside them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bp_compiler::analysis::Analysis;
use bp_topology::{Element, Identity, Inventory, Secrets, Topology};
use serde_json::Value as Json;

use crate::blueprint_tests::found;
use crate::common::{mistakes, placed};

fn analysis(text: &str) -> Analysis {
    Analysis::of_text(Path::new("sample.bp"), text, true)
}

/// What the tests of this text find: each as `CODE message`.
fn told(text: &str) -> Vec<String> {
    let found = found(&format!("blueprint s {{ version = \"1.0.0\" }}\n{text}"));
    found.iter().flatten().map(|d| format!("{} {}", d.code, d.message)).collect()
}

/// What is wrong with the text, whatever its tests find.
fn wrong(text: &str) -> Vec<(&'static str, String, Option<String>)> {
    let text = format!("blueprint s {{ version = \"1.0.0\" }}\n{text}");
    let analysis = analysis(&text);
    let found = analysis.diagnostics().iter().filter(|d| !matches!(d.code, "W2010" | "W2011"));
    found.map(|d| (d.code, d.message.clone(), d.help.clone())).collect()
}

const HOSTS: &str = r#"capability type Endpoint {
  property port: int
  property scheme: string = "http"
  property url: string = "${self.scheme}://${self.port}"
}
node type Host {
  property base: int = 80
  property zone: string
  capability endpoint: Endpoint { port = self.base + 1 }
}
node type App {
  property port: int = self.endpoint.port
  requires endpoint: Endpoint where self.port > 80
}
node type Guest { requires host: Endpoint via HostedOn }
select hosts: Host[1..] { where = self.endpoint.port < 9000 }
node app: App for h in hosts { endpoint -> h }
node chosen: App { endpoint -> Host where self.endpoint.port == 91 }
node guest: Guest for h in hosts { host -> h.endpoint }
"#;

#[test]
fn elements_have_the_capabilities_of_their_types() {
    let test = |base: &str, asserted: &str| {
        told(&format!(
            "{HOSTS}test \"t\" {{\n  inventory = {{ elements = [{{ name = \"a\", type = \"Host\", zone = \"x\" }}, {{ name = \"b\", type = \"Host\", zone = \"x\", base = {base} }}, {{ name = \"c\", type = \"Host\", zone = \"x\", base = 9000 }}] }}\n  assert {asserted}\n}}\n"
        ))
    };
    for holds in [
        "count(hosts) == 2",
        "hosts[\"a\"].endpoint.port == 81 and hosts[\"b\"].endpoint.port == 91",
        "hosts[\"b\"].endpoint.url == \"http://91\"",
        "app[\"b\"].endpoint.port == 91 and app[\"a\"].port == 81",
        "hosts[\"a\"].endpoint.node == hosts[\"a\"]",
        "chosen.endpoint.url == \"http://91\"",
        "guest[\"a\"].host.scheme == \"http\"",
    ] {
        assert_eq!(test("90", holds), Vec::<String>::new(), "{holds}");
    }
    let found = test("-20", "true");
    assert!(found.iter().any(|one| one.starts_with("E4011 `app[\"b\"]`")), "{found:?}");
}

#[test]
fn an_element_without_what_its_type_asks_for_is_told() {
    let text = |element: &str| {
        format!(
            "node type Host {{\n  property memory: size\n  property cpus: int\n  property zone: string = \"a\"\n  property rack: string?\n}}\nselect hosts: Host[0..]\ntest \"t\" {{\n  inventory = {{ elements = [{{ name = \"one\", type = \"Host\", {element} }}] }}\n  assert count(hosts) == 1\n}}\n"
        )
    };
    assert_eq!(wrong(&text("memory = \"8GiB\", cpus = 2")), []);
    let found = wrong(&text("memory = \"8GiB\""));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].0, found[0].1.as_str()),
        ("E7085", "the inventory's `one` lacks the property `cpus` of `Host`")
    );
    let found = wrong(&text("zone = \"b\""));
    assert_eq!(found[0].1, "the inventory's `one` lacks the properties `cpus`, `memory` of `Host`");
    // The runtime refuses it, too.
    let plan = Arc::new(
        analysis(&format!(
            "blueprint s {{ version = \"1.0.0\" }}\n{}",
            text("memory = \"8GiB\", cpus = 2")
        ))
        .plan()
        .unwrap()
        .clone(),
    );
    let facts = BTreeMap::from([("memory".to_owned(), "8GiB".into())]);
    let node_type = plan.selections["hosts"].kind.clone();
    let element = Element { name: "one".to_owned(), node_type, facts, connection: Json::Null };
    let inventory = Arc::new(Inventory::from_iter([element]));
    let expanded = Topology::expand(
        &plan,
        &BTreeMap::new(),
        inventory,
        Identity::default(),
        Secrets::veiled(),
    );
    let told: Vec<_> = expanded.problems.iter().map(|it| (it.code, it.message.as_str())).collect();
    assert_eq!(
        told,
        [(Some("E7085"), "the inventory's `one` lacks the property `cpus` of `Host`")]
    );
    // A slip of the pen is one mistake.
    let found = wrong(&text("memroy = \"8GiB\", cpus = 2"));
    assert_eq!(found.iter().map(|(code, ..)| *code).collect::<Vec<_>>(), ["E7075"]);
}

#[test]
fn what_may_be_chosen_is_asked_for_its_labels() {
    let text = r#"node type Host { property zone: string = "a" }
node type App { requires host: Host via HostedOn }
input tier: string = "gold"
node one: Host { labels = { tier = "lead" } }
node two: Host { labels = { tier = tier } }
node none: Host
node app: App { host -> Host where self.labels?.tier == "gold" and self.zone != "z" }
node other: App { host -> Host where self.labels.tier == "iron" }
test "of the blueprint" {
  inventory = { elements = [{ name = "h", type = "Host", labels = { tier = "iron" } }, { name = "i", type = "Host" }] }
  assert app.host == two and other.host.zone == "a" and app.host.labels.tier == "gold"
}
test "nothing has it" {
  assert_fails E4008
}
"#;
    assert_eq!(told(text), Vec::<String>::new());
    // What a node says itself needs no test.
    let known = "blueprint s { version = \"1.0.0\" }\nnode type Host\nnode type App { requires host: Host }\nnode one: Host { labels = { tier = \"lead\" } }\nnode app: App { host -> one where self.labels.tier == \"gold\" }\n";
    assert_eq!(mistakes(known), ["E4011 5:25"]);
}

#[test]
fn a_spread_that_leaves_too_few_is_told_with_them() {
    let text = |entries: &str| {
        format!(
            "use std.kubernetes as k8s\ninput max: int = 1\nselect s: k8s.Cluster[3..] {{ {entries} }}\ntest \"t\" {{\n  inventory = {{ clusters = [{{ name = \"c-${{i}}\", labels = {{ r = \"r-${{mod(i, 2)}}\" }} }} for i in 1..5] }}\n  assert count(s) > 0\n}}\n"
        )
    };
    assert_eq!(told(&text("")), Vec::<String>::new());
    assert_eq!(
        told(&text("spread = { by = self.labels.r, max = max }")),
        [
            "E7082 the selection `s` wants 3 or more: 5 fit, of which `spread` takes 2: at most 1 with the same self.labels.r"
        ]
    );
    assert_eq!(
        told(&text("count = max + 1")),
        ["E7082 the selection `s` wants 3 or more: 5 fit, of which 2 are asked for"]
    );
}

/// A requirement of a capability asks its conditions of the capability, whoever chooses the node.
#[test]
fn a_chosen_nodes_capability_is_asked() {
    let text = |least: &str| {
        format!(
            "capability type Port {{ property n: int }}\nnode type Host {{\n  property base: int\n  capability port: Port {{ n = self.base + 1 }}\n  provider = \"noop\"\n}}\nnode type App {{ requires port: Port where self.n > {least} }}\nnode low: Host {{ base = 1 }}\nnode high: Host {{ base = 7 }}\nnode app: App {{ port -> Host where self.base > 0 }}\ntest \"t\" {{ assert app.port.n == 8 }}\n"
        )
    };
    assert_eq!(told(&text("5")), Vec::<String>::new());
    let found = wrong(&text("9"));
    assert_eq!(found.iter().map(|(code, ..)| *code).collect::<Vec<_>>(), ["E4078"]);
}

#[test]
fn what_is_wrong_with_an_element_stands_at_it_in_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.bp");
    let text = "blueprint s { version = \"1.0.0\" }\nnode type Host { property cpus: int }\nselect hosts: Host[0..]\ntest \"t\" {\n  inventory = file(\"all.yaml\")\n  assert count(hosts) == 3\n}\n";
    std::fs::write(&root, text).unwrap();
    for (inventory, wanted) in [
        (
            "elements:\n  - name: web\n    type: Host\n    cpus: 1\n  - { type: Host, name: 'we' }\n",
            "E7085 5:26",
        ),
        (
            "{ \"elements\": [\n  { \"type\": \"Host\", \"name\": \"we\", \"cpu\": 1 }] }\n",
            "E7075 2:30",
        ),
    ] {
        std::fs::write(folder.path().join("all.yaml"), inventory).unwrap();
        let analysis = Analysis::load(&root);
        let told: Vec<String> =
            analysis.diagnostics().iter().map(|d| placed(&analysis, d)).collect();
        assert_eq!(told, [wanted], "{:?}", analysis.diagnostics());
        assert!(
            analysis.diagnostics()[0].related.iter().any(|(_, why)| why == "the test's inventory")
        );
    }
}

/// What nodes report, an inventory may leave open; a collection that is switched off is empty.
#[test]
fn what_is_left_open_or_switched_off_stops_nothing() {
    let text = r#"blueprint c { version = "1.0.0" }
node type H {
  property z: string = "a"
  requires p: H[0..] via ConnectsTo
}
input on: bool = false
select hosts: Compute[0..] { where = self.cpus == 4 }
node web: WebServer for h in hosts { host -> h }
node x: H if on for k in ["a", "b"] { z = k }
node y: H for k, n in x { z = n.z }
node w: H { p -> [n for n in x] }
output zs: list<string> = x[*].z
output many: int = count(x)
test "off" {
  inventory = { elements = [{ name = "a", type = "Compute", cpus = 4 }] }
  assert count(web) == 1
  assert count(y) == 0 and count(x) == 0
}
test "on" {
  inputs = { on = true }
  assert count(y) == 2 and length(w.p) == 2
}
"#;
    let found = found(text);
    assert!(found.iter().all(Vec::is_empty), "{found:?}");
}
