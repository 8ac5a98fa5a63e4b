//! `bpr why`: what led to it, as a person reads it and as a program does.

use bp_plan::workflow::{Action, Block, Step, Workflow};
use bp_plan::*;
use serde_json::{Value as Json, json};

use crate::history::picky;
use crate::{Place, boxes, span};

impl Place {
    fn write_plan(&self, name: &str, plan: &Plan) -> String {
        let path = self.path(name);
        write(plan, &[].into(), &path).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn why(&self, what: &str) -> Json {
        let why = self.json(0, &["why", "one", what]);
        assert_eq!(why["deployment"], "one");
        assert_eq!(why["about"].as_array().unwrap().len(), 1, "{why}");
        why["about"][0].clone()
    }

    /// The same for people, without the breaks of lines.
    fn words(&self, what: &str) -> String {
        let said = self.said(0, &["why", "one", what]);
        said.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn reasons(about: &Json) -> Vec<(&str, &str)> {
    let causes = about["causes"].as_array().unwrap().iter();
    causes
        .map(|cause| (cause["reason"].as_str().unwrap(), cause["of"].as_str().unwrap_or("")))
        .collect()
}

#[test]
fn a_failure_is_followed_to_the_input_that_led_to_it() {
    let place = Place::new();
    place.half();
    let why = place.why("b");
    assert_eq!((&why["id"], &why["state"]), (&json!("b"), &json!("failed")));
    assert_eq!(
        reasons(&why),
        [
            ("failure", ""),
            ("policy", ""),
            ("attribute", "a"),
            ("change", "a"),
            ("input", "a"),
            ("request", ""),
        ]
    );
    let causes = &why["causes"];
    assert_eq!(causes[0]["source"]["line"], 5, "{causes}");
    assert_eq!(causes[0]["event"]["attempt"], 1);
    let field = json!({
        "path": "word", "desired": { "value": "bad" }, "applied": { "value": "good" }
    });
    assert_eq!(causes[4]["fields"][0], field);
    let words = place.words("b");
    for part in [
        "✗ b: failed",
        "boxes.bp:5 5 │ label = a.label │ ───────",
        "event ",
        "run one-",
        "try 1",
        "it will not pass by itself",
        "because a reports another `label` label \"good\" → \"bad\"",
        "the input `word` was given another value word \"good\" → \"bad\"",
        "boxes.bp:3 3 │ input count: int = 1",
        "asked for revision 2",
    ] {
        assert!(words.contains(part), "no `{part}` in:\n{words}");
    }
}

#[test]
fn what_was_not_tried_is_followed_to_what_failed() {
    let place = Place::new();
    let plan = place.write_plan("two.plan", &picky());
    place.said(3, &["deploy", &plan, "--name", "two", "--input", "word=bad"]);
    let words = place.said(0, &["why", "two", "c"]);
    for part in [
        "· c: not tried",
        "it needs b, which failed",
        "because `b.label`: the string \"bad\" does not meet",
        "because b: it is made of what a reports\n      label  \"bad\"",
        "because a: that is made of the input `word`\n      word  \"bad\"",
    ] {
        assert!(words.contains(part), "no `{part}` in:\n{words}");
    }
    let why = place.json(0, &["why", "two", "c"]);
    let all = reasons(&why["about"][0]);
    assert_eq!(&all[..3], [("dependency", ""), ("failure", "b"), ("policy", "b")]);
    assert_eq!(all.last(), Some(&("request", "")));
}

#[test]
fn what_is_there_says_since_when_and_what_changed_it() {
    let place = Place::new();
    let plan = place.write_plan("picky.plan", &picky());
    place.said(0, &["deploy", &plan, "--name", "one"]);
    let first = place.why("c");
    assert_eq!(reasons(&first), [("done", ""), ("change", ""), ("request", "")]);
    assert!(place.words("c").contains("revision 1 wants it, and it was not there before"));
    // The blueprint says otherwise.
    let mut other = picky();
    other.sources[0].lines.insert(9, "  label = \"another\"".into());
    let at = Span { file: 0, line: 9, column: 11, end_line: 9, end_column: 20 };
    let label = other.nodes.get_mut("c").unwrap().properties.get_mut("label").unwrap();
    (label.value, label.span) = (Expr::string("another"), at);
    let other = place.write_plan("other.plan", &other);
    place.said(0, &["deploy", &other, "--name", "one"]);
    let why = place.why("c");
    assert_eq!(reasons(&why), [("done", ""), ("change", ""), ("plan", ""), ("request", "")]);
    let words = place.words("c");
    for part in [
        "✔ c: deployed",
        "label \"third\" → \"another\"",
        "the blueprint says otherwise: it was `input count: int = 1`",
        "boxes.bp:9 9 │ label = \"another\" │ ─────────",
    ] {
        assert!(words.contains(part), "no `{part}` in:\n{words}");
    }
    // The others were not touched.
    assert_eq!(reasons(&place.why("a"))[0], ("unchanged", ""));
    assert!(place.words("a").contains("revision 2 wants nothing else of it than revision 1 did"));
    // What goes says so, and is still known.
    let mut less = picky();
    less.nodes.remove("c");
    let less = place.write_plan("less.plan", &less);
    place.said(0, &["deploy", &less, "--name", "one"]);
    let words = place.words("c");
    assert!(words.contains("· c: removed it was removed"), "{words}");
    assert!(words.contains("the blueprint of revision 3 has no node `c` any more"), "{words}");
    place.said(0, &["uninstall", "one"]);
    assert!(place.words("a").contains("asked for all to be removed (revision 4)"));
}

#[test]
fn what_has_no_instance_and_what_is_a_target_say_so() {
    let place = Place::new();
    let mut plan = picky();
    plan.nodes.get_mut("c").unwrap().condition = Some(Expr::Value(Value::Bool(false)));
    let plan = place.write_plan("picky.plan", &plan);
    place.said(0, &["deploy", &plan, "--name", "one"]);
    let words = place.words("c");
    assert!(words.contains("c: not there the condition of `c` does not hold"), "{words}");
    let target = place.why("local");
    assert_eq!((&target["kind"], &target["state"]), (&json!("target"), &json!("reached")));
}

#[test]
fn a_name_that_is_nothing_s_is_told_with_the_nearest() {
    let place = Place::new();
    place.half();
    for (what, words) in [
        ("bb", "did you mean `b`?"),
        ("locl", "did you mean `local`?"),
        ("something-else", "`bpr status one --output json` has all of them"),
    ] {
        let said = place.said(1, &["why", "one", what]);
        assert!(said.contains(&format!("`one` has no node, step or target `{what}`")), "{said}");
        assert!(said.contains(words), "{said}");
    }
    let said = place.said(1, &["why", "on", "b"]);
    assert!(said.contains("did you mean `one`?"), "{said}");
    place.said(2, &["why", "one"]);
}

#[test]
fn an_export_tells_the_same() {
    let place = Place::new();
    place.half();
    place.said(0, &["export", "one", "-o", "one.export"]);
    for what in ["a", "b", "c", "local"] {
        let (own, other) = (["why", "one", what], ["why", "one.export", what]);
        assert_eq!(place.json(0, &own), place.json(0, &other), "{what}");
    }
}

#[test]
fn steps_and_workflows_say_what_led_to_them() {
    let place = Place::new();
    let mut plan = boxes();
    let at = |line| Span { file: 0, line, column: 3, end_line: line, end_column: 7 };
    let lines = [(21, "  fail \"the disk is full\"".into()), (22, "  return".into())];
    plan.sources[0].lines.extend(lines);
    let fails = Action::Fail(Expr::string("the disk is full"));
    let steps = [(fails, 21), (Action::Return(None), 22)];
    let steps = steps.into_iter().map(|(action, line)| Step { action, span: at(line) });
    let body = Block { steps: steps.collect(), ..Block::default() };
    let workflow = Workflow {
        parameters: vec![],
        result: None,
        body,
        documentation: String::new(),
        span: span(),
    };
    plan.workflows.insert("backup".into(), workflow);
    let plan = place.write_plan("flows.plan", &plan);
    place.said(0, &["deploy", &plan, "--name", "one"]);
    let said = place.said(1, &["why", "one", "0"]);
    assert!(said.contains("has no node, step or target `0`"), "{said}");
    place.said(1, &["run", "one", "backup"]);
    let words = place.words("0");
    for part in [
        "✗ step 0: failed the disk is full boxes.bp:21 21 │ fail \"the disk is full\" │ ────",
        "ran the workflow `backup`, as run one-",
    ] {
        assert!(words.contains(part), "no `{part}` in:\n{words}");
    }
    let words = place.words("1");
    assert!(words.contains("step 1: not begun it was not begun: step 0 failed before"), "{words}");
    let workflow = place.why("backup");
    assert_eq!((&workflow["kind"], &workflow["state"]), (&json!("workflow"), &json!("failed")));
    assert_eq!(reasons(&workflow), [("failure", ""), ("request", "")]);
    let said = place.said(1, &["why", "one", "backpu"]);
    assert!(said.contains("did you mean `backup`?"), "{said}");
}
