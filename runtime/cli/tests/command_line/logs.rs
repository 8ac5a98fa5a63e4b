//! Logs: off by themselves, in spans, for people and for programs; and nothing that is kept or told holds a secret.

use bp_plan::*;
use serde_json::Value as Json;

use crate::history::picky;
use crate::{Place, span};

const CANARY: &str = "tr0ub4dor-and-5-canary";

/// `a` has a secret, and as the second of a pair what is made of one.
fn secret() -> Plan {
    let mut plan = picky();
    let secret = Secret {
        kind: Type::String,
        from: "canary".into(),
        constraints: vec![],
        label: None,
        hidden: false,
        span: span(),
    };
    plan.secrets.insert("canary".into(), secret);
    let kind = Type::Secret(Box::new(Type::String));
    let key = PropertyType { kind, default: None, constraints: vec![], replace: false };
    let mut keyed = plan.node_types["Box"].clone();
    keyed.properties.insert("key".into(), key);
    plan.node_types.insert("Keyed".into(), keyed);
    let made = Expr::Interpolate(vec![Expr::string("pw="), Expr::Secret("canary".into())]);
    let a = plan.nodes.get_mut("a").unwrap();
    a.kind = "Keyed".into();
    let property = Property { value: made, phase: Phase::Deploy, span: span(), inner: [].into() };
    a.properties.insert("key".into(), property);
    plan
}

impl Place {
    /// Runs it with a secret; gives its code, its result, and all else that it wrote.
    fn with_secret(&self, secret: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = self.command(arguments);
        let ended = command.env("BPR_SECRET_CANARY", secret).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (ended.status.code(), text(ended.stdout), text(ended.stderr))
    }
}

#[test]
fn nothing_is_logged_unless_it_is_asked_for() {
    let place = Place::new();
    let plan = place.plan();
    let plan = plan.to_str().unwrap();
    let said = place.said(0, &["deploy", plan, "--name", "one"]);
    assert!(!said.contains("step-started") && !said.contains("bp_driver"), "{said}");
    let said = place.said(0, &["deploy", plan, "--name", "two", "--log-level", "debug"]);
    for words in [
        "INFO run{deployment=\"two\" run=\"two-",
        "node{target=\"local\" node=\"a\"}:step{operation=\"converge\" attempt=1",
        "step-succeeded",
        "elapsed_ms=",
        "run-closed",
    ] {
        assert!(said.contains(words), "no `{words}` in:\n{said}");
    }
    let said = place.said(0, &["deploy", plan, "--name", "three", "--log-level", "info"]);
    assert!(said.contains("step-started") && !said.contains("elapsed_ms"), "{said}");
    for (level, words) in [("loud", "expected `error`"), ("hyper=trace", "take `hyper=info`")] {
        let said = place.said(2, &["list", "--log-level", level]);
        assert!(said.contains(words), "{said}");
    }
    let ended = place.command(&["list"]).env("BPR_LOG", "loud").output().unwrap();
    assert_eq!(ended.status.code(), Some(2));
}

#[test]
fn a_log_for_programs_is_an_object_a_line_with_its_spans() {
    let place = Place::new();
    let plan = place.plan();
    let arguments = ["--log-level", "debug", "--log-format", "json", "--output", "json"];
    let mut all = vec!["deploy", plan.to_str().unwrap(), "--name", "one"];
    all.extend(arguments);
    let ended = place.bpr(&all);
    assert_eq!(ended.status.code(), Some(0));
    let status: Json = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(status["state"], "deployed");
    let lines: Vec<Json> = String::from_utf8(ended.stderr)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let ended =
        lines.iter().find(|line| line["outcome"] == "done" && line["spans"][2] != Json::Null);
    let spans = ended.unwrap()["spans"].as_array().unwrap();
    let names: Vec<&str> = spans.iter().map(|span| span["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["run", "node", "step"]);
    assert_eq!((&spans[0]["deployment"], &spans[1]["node"]), (&"one".into(), &"a".into()));
    assert!(lines.iter().any(|line| line["message"] == "run-closed"), "{lines:?}");
}

#[test]
fn logs_exports_reasons_and_replays_hold_no_secret() {
    let place = Place::new();
    let path = place.path("secret.plan");
    write(&secret(), &[].into(), &path).unwrap();
    let plan = path.to_str().unwrap();
    let other = "another-canary-of-mine";
    let mut said = String::new();
    let mut run = |code: i32, secret: &str, arguments: &[&str]| {
        let logged = [arguments, &["--log-level", "trace"]].concat();
        let (ended, out, err) = place.with_secret(secret, &logged);
        assert_eq!(ended, Some(code), "{err}");
        said += &out;
        said += &err;
        out
    };
    run(0, CANARY, &["deploy", plan, "--name", "one"]);
    run(0, other, &["deploy", plan, "--name", "one", "--log-format", "json"]);
    let why = run(0, other, &["why", "one", "a", "--output", "json"]);
    assert!(why.contains("the secret `canary` has another value"), "{why}");
    run(3, other, &["deploy", plan, "--name", "one", "--input", "word=bad"]);
    run(0, other, &["export", "one", "-o", "one.export"]);
    for arguments in [
        &["why", "one", "a"][..],
        &["why", "one", "b"],
        &["replay", "one.export"],
        &["events", "one"],
        &["events", "one", "--output", "json"],
        &["history", "one", "--output", "json"],
    ] {
        run(0, other, arguments);
    }
    said += &std::fs::read_to_string(place.path("one.export")).unwrap();
    for file in ["home/deployments/one/journal.db", "home/deployments/one/journal.db-wal"] {
        let bytes = std::fs::read(place.path(file)).unwrap_or_default();
        said += &String::from_utf8_lossy(&bytes);
    }
    assert!(said.contains("step-succeeded") && said.len() > 10_000);
    for secret in [CANARY, other] {
        assert!(!said.contains(secret), "a secret is told");
    }
    // That it changed is told, by its name.
    let (_, out, _) = place.with_secret(other, &["why", "one", "a", "--output", "json"]);
    assert!(!out.contains("hash"), "{out}");
}
