//! `bpr` as a person and a program run it, with the provider that changes nothing.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod compact;
mod history;
mod journal;
mod logs;
mod why;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Command, Output};

use bp_plan::*;
use serde_json::Value as Json;
use tempfile::TempDir;

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bpr"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("BPR_HOME", self.path("home"))
            .env_remove("BPR_JOURNAL")
            .env("BPR_NOOP_LOG", self.path("calls.log"));
        command
    }

    fn bpr(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs it, and wants this code; gives what it wrote, results first.
    fn said(&self, code: i32, arguments: &[&str]) -> String {
        let ended = self.bpr(arguments);
        let words =
            String::from_utf8(ended.stdout).unwrap() + &String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {words}");
        assert!(!words.contains("panicked"), "{words}");
        words
    }

    fn json(&self, code: i32, arguments: &[&str]) -> Json {
        let mut all = arguments.to_vec();
        all.extend(["--output", "json"]);
        let ended = self.bpr(&all);
        assert_eq!(ended.status.code(), Some(code), "{}", String::from_utf8_lossy(&ended.stderr));
        serde_json::from_slice(&ended.stdout).unwrap()
    }

    fn calls(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("calls.log")).unwrap_or_default();
        text.lines().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
    }

    /// A blueprint of three boxes, of which the second needs the first, for as many as `count` says.
    fn plan(&self) -> PathBuf {
        let path = self.path("boxes.plan");
        write(&boxes(), &BTreeMap::new(), &path).unwrap();
        path
    }
}

fn span() -> Span {
    Span { file: 0, line: 3, column: 7, end_line: 3, end_column: 12 }
}

fn count() -> Input {
    Input {
        kind: Type::Int,
        default: Some(Expr::Value(1.into())),
        constraints: vec![],
        label: None,
        hidden: false,
        documentation: String::new(),
        span: span(),
    }
}

fn boxes() -> Plan {
    let text = |text: &str| Property {
        value: Expr::string(text),
        phase: Phase::Compile,
        span: span(),
        inner: BTreeMap::new(),
    };
    let node = |label: &str, after: Option<&str>| Node {
        kind: "Box".into(),
        substituted_by: None,
        constraints: Vec::new(),
        condition: None,
        each: None,
        properties: BTreeMap::from([("label".to_owned(), text(label))]).into(),
        requirements: after
            .map(|after| Requirement {
                name: "after".into(),
                target: Expr::Node(after.into()),
                relationship: "std.DependsOn".into(),
                hosts: false,
                unordered: false,
                properties: BTreeMap::new(),
                operations: BTreeMap::new(),
                constraints: vec![],
                span: span(),
            })
            .into_iter()
            .collect(),
        capabilities: BTreeMap::new(),
        operations: BTreeMap::new(),
        labels: None,
        protect: false,
        was: vec![],
        span: span(),
    };
    let label =
        PropertyType { kind: Type::String, default: None, constraints: vec![], replace: false };
    let kind = NodeType {
        extends: vec!["std.Root".into()],
        blueprint: None,
        provider: Some("noop".into()),
        properties: BTreeMap::from([("label".to_owned(), label)]),
        attributes: BTreeMap::from([("label".to_owned(), Type::String)]),
        requirements: BTreeMap::new(),
        capabilities: BTreeMap::new(),
        operations: BTreeMap::new(),
        constraints: vec![],
    };
    let label_of_b =
        Expr::Field { of: Box::new(Expr::Node("b".into())), name: "label".into(), safe: false };
    Plan {
        format: FORMAT,
        edition: EDITION.into(),
        blueprint: Blueprint {
            name: "boxes".into(),
            version: "1.0.0".into(),
            documentation: String::new(),
            labels: BTreeMap::new(),
            sources: Digest::of(b"sources"),
        },
        sources: vec![Source {
            path: "boxes.bp".into(),
            digest: Digest::of(b"source"),
            lines: BTreeMap::from([(3, "input count: int = 1".into())]),
        }],
        inputs: BTreeMap::from([("count".to_owned(), count())]),
        secrets: BTreeMap::new(),
        constants: BTreeMap::new(),
        data_types: BTreeMap::new(),
        node_types: BTreeMap::from([("Box".to_owned(), kind)]),
        relationship_types: BTreeMap::new(),
        selections: BTreeMap::new(),
        nodes: BTreeMap::from([
            ("a".to_owned(), node("first", None)),
            ("b".to_owned(), node("second", Some("a"))),
            ("c".to_owned(), node("third", Some("b"))),
        ]),
        outputs: BTreeMap::from([(
            "label".to_owned(),
            bp_plan::Output {
                kind: Type::String,
                value: label_of_b,
                constraints: Vec::new(),
                phase: Phase::Run,
                documentation: String::new(),
                span: span(),
            },
        )]),
        group_types: BTreeMap::new(),
        groups: BTreeMap::new(),
        policy_types: BTreeMap::new(),
        policies: BTreeMap::new(),
        requirements: BTreeMap::new(),
        exposed: BTreeMap::new(),
        substitutes: None,
        workflows: BTreeMap::new(),
        artifacts: BTreeSet::new(),
    }
}

#[test]
fn how_much_is_done_at_once_is_asked_for_by_numbers_and_by_providers_that_there_are() {
    let place = Place::new();
    let asked = |argument: &str| ["list", "--at-once", argument].map(str::to_owned);
    for good in ["1", "300", "kubernetes=8"] {
        let arguments = asked(good);
        place.said(0, &arguments.each_ref().map(String::as_str));
    }
    for wrong in ["0", "many", "kubernetes=0", "kubernetes="] {
        let arguments = asked(wrong);
        let words = place.said(2, &arguments.each_ref().map(String::as_str));
        assert!(words.contains("is no number of steps; write one from 1 on"), "{words}");
    }
    let words = place.said(1, &["list", "--at-once", "kubernets=8"]);
    assert!(words.contains("--at-once: there is no provider `kubernets`"), "{words}");
    assert!(words.contains("this runtime has `cloudformation`, `kubernetes`, `noop`"), "{words}");
    let words = place.said(2, &["list", "--at-once-per-target", "0"]);
    assert!(words.contains("`0` is no number of steps"), "{words}");
}

#[test]
fn a_deployment_from_its_beginning_to_its_end() {
    let place = Place::new();
    let plan = place.plan();
    let plan = plan.to_str().unwrap();
    assert!(place.said(0, &["list"]).contains("no deployments"));
    let said = place.said(0, &["deploy", plan, "--name", "one"]);
    assert!(said.contains("one: deployed, 3 nodes on 1 target (revision 1)"), "{said}");
    assert_eq!(place.calls(), ["a create", "b create", "c create"]);

    let status = place.json(0, &["status", "one"]);
    assert_eq!((&status["state"], &status["revision"]), (&"deployed".into(), &1.into()));
    assert_eq!(status["nodes"][1]["id"], "b");
    assert_eq!(status["targets"][0]["name"], "local");
    assert!(place.said(0, &["status", "one"]).contains("3/3 nodes"));
    assert_eq!(place.json(0, &["outputs", "one"]), serde_json::json!({ "label": "second" }));
    assert!(place.said(0, &["outputs", "one"]).contains("label = \"second\""));
    let history = place.json(0, &["history", "one"]);
    let kinds: Vec<&str> =
        history["events"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "step-started").count(), 3);
    assert_eq!(kinds.iter().filter(|kind| **kind == "step-succeeded").count(), 3);
    assert!(place.said(0, &["history", "one"]).contains("step-succeeded     c"));
    let list = place.json(0, &["list"]);
    assert_eq!(
        (&list["deployments"][0]["name"], &list["deployments"][0]["state"]),
        (&"one".into(), &"deployed".into())
    );

    assert!(place.said(0, &["resume", "one"]).contains("nothing to go on with"));
    let _ = place.said(0, &["deploy", plan, "--name", "one"]);
    assert_eq!(place.calls().len(), 3, "the same again changes nothing");
    assert!(place.said(0, &["uninstall", "one"]).contains("one: removed"));
    assert_eq!(place.calls().split_off(3), ["c delete", "b delete", "a delete"]);
    assert_eq!(place.json(0, &["status", "one"])["state"], "removed");
    assert_eq!(place.json(0, &["outputs", "one"]), serde_json::json!({ "label": null }));
    // The name can be used again, and its history goes on.
    let _ = place.said(0, &["deploy", plan, "--name", "one"]);
    assert_eq!(place.json(0, &["status", "one"])["revision"], 4);
}

#[test]
fn a_workflow_that_is_not_there_is_told_with_those_that_are() {
    use bp_plan::workflow::{Block, Workflow};
    let place = Place::new();
    let mut plan = boxes();
    let workflow = Workflow {
        parameters: vec![],
        result: None,
        body: Block::default(),
        documentation: String::new(),
        span: span(),
    };
    plan.workflows.insert("backup".to_owned(), workflow);
    let path = place.path("flows.plan");
    write(&plan, &BTreeMap::new(), &path).unwrap();
    let said = place.said(1, &["run", "x", "backup"]);
    assert!(said.contains("there is no deployment `x`"), "{said}");
    let _ = place.said(0, &["deploy", path.to_str().unwrap(), "--name", "x"]);
    let said = place.said(1, &["run", "x", "backp"]);
    assert!(said.contains("no workflow `backp`") && said.contains("`backup`?"), "{said}");
    let said = place.said(1, &["run", "x", "backup", "-i", "into=there"]);
    assert!(said.contains("no input `into`") && said.contains("takes no inputs"), "{said}");
    let said = place.said(1, &["cancel", "x"]);
    assert!(said.contains("no workflow of `x` is under way"), "{said}");
    // Nothing in it is done at once; how it went is a part of the status.
    let said = place.said(0, &["run", "x", "backup"]);
    assert!(said.contains("backup is done"), "{said}");
    let status = place.json(0, &["status", "x"]);
    assert_eq!(status["workflow"]["state"], "done");
    assert_eq!(status["state"], "deployed");
}

#[test]
fn a_blueprint_that_others_must_use_is_refused_and_says_so() {
    let place = Place::new();
    let deploy = |plan: &Plan| {
        let path = place.path("part.plan");
        write(plan, &BTreeMap::new(), &path).unwrap();
        place.said(1, &["deploy", path.to_str().unwrap(), "--name", "part"])
    };
    let required = |cardinality| bp_plan::Required {
        requirement: bp_plan::RequirementType {
            target: Type::Node("Box".into()),
            cardinality,
            relationship: "std.DependsOn".into(),
            hosts: false,
            unordered: false,
            constraints: vec![],
        },
        documentation: String::new(),
        span: span(),
    };
    let mut plan = boxes();
    plan.requirements.insert("site".into(), required((1, Some(1))));
    let said = deploy(&plan);
    assert!(said.contains("the blueprint requires `site`, a `Box`, of whoever uses it"), "{said}");
    let mut plan = boxes();
    let kind = plan.node_types["Box"].clone();
    let of = bp_plan::BlueprintType { name: "inner".into(), version: "1.0.0".into(), plan: None };
    plan.node_types.insert("Box".into(), bp_plan::NodeType { blueprint: Some(of), ..kind });
    let said = deploy(&plan);
    assert!(said.contains("the node `a` is made of the blueprint `inner`"), "{said}");
    assert!(place.said(0, &["list"]).contains("no deployments"), "nothing was written");
    // What may be left out is: there is nobody who gives it.
    let mut plan = boxes();
    plan.requirements.insert("site".into(), required((0, Some(1))));
    plan.requirements.insert("more".into(), required((0, None)));
    let labels = plan.nodes["a"].properties["label"].clone();
    let value = Expr::Call {
        function: "json_encode".into(),
        arguments: vec![Expr::List(vec![
            bp_plan::Item::One(Expr::Requirement("site".into())),
            bp_plan::Item::One(Expr::Requirement("more".into())),
        ])],
    };
    let set = bp_plan::Property { value, ..labels };
    plan.nodes.get_mut("a").unwrap().properties.insert("label".into(), set);
    let path = place.path("part.plan");
    write(&plan, &BTreeMap::new(), &path).unwrap();
    place.said(0, &["deploy", path.to_str().unwrap(), "--name", "part"]);
    let calls = place.calls();
    assert!(!calls.is_empty(), "{calls:?}");
}

#[test]
fn what_is_asked_wrongly_is_said_before_anything_is_written() {
    let place = Place::new();
    let plan = place.plan();
    let plan = plan.to_str().unwrap();
    place.write("text.plan", "no plan at all\n");
    place.write("inputs.yaml", "cuont: 3\n");
    place.write("broken.yaml", "clusters: [{ name: a");
    place.write("field.yaml", "clusters: [{ name: a, kubeconfig: k, lables: {} }]");
    place.write("gone.yaml", "clusters: [{ name: a, kubeconfig: gone.kubeconfig }]");
    place.write("none.kubeconfig", "apiVersion: v1\nkind: Config\ncontexts: []\n");
    let cases: &[(&[&str], &[&str])] = &[
        (&["deploy", "gone.plan", "--name", "x"], &["gone.plan", "no such file", "bpc compile"]),
        (&["deploy", "text.plan", "--name", "x"], &["text.plan"]),
        (&["deploy", plan, "--name", "Not A Name"], &["Not A Name", "lower-case"]),
        (&["deploy", plan, "--name", "x", "--input", "cuont=3"], &["cuont", "count"]),
        (
            &["deploy", plan, "--name", "x", "--input", "count=many"],
            &["count", "int", "many", "boxes.bp:3"],
        ),
        (&["deploy", plan, "--name", "x", "--input", "count"], &["NAME=VALUE"]),
        (&["deploy", plan, "--name", "x", "--inputs", "inputs.yaml"], &["cuont"]),
        (&["deploy", plan, "--name", "x", "--inputs", "gone.yml"], &["gone.yml"]),
        (
            &["deploy", plan, "--name", "x", "--inventory", "broken.yaml"],
            &["broken.yaml", "clusters:"],
        ),
        (&["deploy", plan, "--name", "x", "--inventory", "field.yaml"], &["field.yaml", "lables"]),
        (&["deploy", plan, "--name", "x", "--inventory", "gone.yaml"], &["gone.kubeconfig", "`a`"]),
        (
            &["deploy", plan, "--name", "x", "--kubeconfig", "none.kubeconfig"],
            &["none.kubeconfig", "no contexts"],
        ),
        (&["deploy", plan, "--name", "x", "--kubeconfig", "gone.kubeconfig"], &["gone.kubeconfig"]),
        (&["status", "x"], &["no deployment `x`"]),
        (&["resume", "x"], &["no deployment `x`"]),
        (&["uninstall", "x"], &["no deployment `x`"]),
    ];
    for (arguments, words) in cases {
        let said = place.said(1, arguments);
        for word in *words {
            assert!(said.contains(word), "no `{word}` in what {arguments:?} says:\n{said}");
        }
    }
    assert!(!place.path("home").exists(), "something was written");
    for arguments in
        [&["deploy"][..], &["deploi"], &["deploy", plan, "--name", "x", "--label", "a=b"]]
    {
        let _ = place.said(2, arguments);
    }
}

#[test]
fn a_name_that_is_nearly_right_is_guessed() {
    let place = Place::new();
    let _ = place.said(0, &["deploy", place.plan().to_str().unwrap(), "--name", "shop-east"]);
    assert!(place.said(1, &["status", "shop-aest"]).contains("did you mean `shop-east`?"));
    let ended = place.bpr(&["status", "shop-aest", "--output", "json"]);
    let error: Json = serde_json::from_slice(&ended.stderr).unwrap();
    assert_eq!(error["error"]["help"], "did you mean `shop-east`?");
    assert!(ended.stdout.is_empty());
}

#[test]
fn a_journal_that_was_damaged_is_called_that_and_hides_no_other() {
    let place = Place::new();
    let plan = place.plan();
    for name in ["one", "two"] {
        let _ = place.said(0, &["deploy", plan.to_str().unwrap(), "--name", name]);
    }
    let journal = place.path("home/deployments/one/journal.db");
    std::fs::write(&journal, "not a journal any more, whatever it was before\n".repeat(100))
        .unwrap();
    for command in ["status", "resume", "uninstall"] {
        let said = place.said(1, &[command, "one"]);
        assert!(said.contains("journal") && said.contains("restore"), "{said}");
    }
    let said = place.said(1, &["list"]);
    assert!(said.contains("two") && said.contains("deployed"), "{said}");
}
