//! What happened: as it stood then, all events, exports, and runs shown again.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bp_plan::*;
use serde_json::{Value as Json, json};

use crate::{Place, boxes, span};

/// `a` has the label that is given, `b` takes it over and takes no `bad` one, `c` comes after `b`.
pub(crate) fn picky() -> Plan {
    let mut plan = boxes();
    plan.sources[0].lines.insert(5, "  label = a.label".into());
    plan.inputs.insert(
        "word".into(),
        Input { kind: Type::String, default: Some(Expr::string("good")), ..crate::count() },
    );
    let not_bad = Expr::Binary {
        op: BinaryOp::NotEqual,
        left: Box::new(Expr::This),
        right: Box::new(Expr::string("bad")),
    };
    let text = "self != \"bad\"".to_owned();
    let constraint = Constraint { predicate: not_bad, text, message: None, span: span() };
    let mut kind = plan.node_types["Box"].clone();
    kind.properties.get_mut("label").unwrap().constraints.push(constraint);
    plan.node_types.insert("Picky".into(), kind);
    let label =
        Expr::Field { of: Box::new(Expr::Node("a".into())), name: "label".into(), safe: false };
    for (node, value, phase, line) in
        [("a", Expr::Input("word".into()), Phase::Deploy, 3), ("b", label, Phase::Run, 5)]
    {
        let node = plan.nodes.get_mut(node).unwrap();
        let at = Span { file: 0, line, column: 11, end_line: line, end_column: 18 };
        node.properties
            .insert("label".into(), Property { value, phase, span: at, inner: [].into() });
    }
    plan.nodes.get_mut("b").unwrap().kind = "Picky".into();
    plan
}

impl Place {
    fn picky(&self) -> String {
        let path = self.path("picky.plan");
        write(&picky(), &[].into(), &path).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Deployed well, then with a word that `b` does not take.
    pub(crate) fn half(&self) {
        let plan = self.picky();
        self.said(0, &["deploy", &plan, "--name", "one"]);
        self.said(3, &["deploy", &plan, "--name", "one", "--input", "word=bad"]);
    }

    fn out(&self, code: i32, arguments: &[&str]) -> String {
        let ended = self.bpr(arguments);
        assert_eq!(ended.status.code(), Some(code), "{}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8(ended.stdout).unwrap()
    }

    fn events(&self, arguments: &[&str]) -> Vec<Json> {
        let mut all = vec!["events", "one", "--output", "json"];
        all.extend(arguments);
        self.out(0, &all).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn follow(&self, arguments: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_bpr"))
            .args(["events", "one", "--follow"])
            .args(arguments)
            .env("BPR_HOME", self.path("home"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

fn interrupt(child: &Child) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
}

fn place_of(all: &[Json], kind: &str) -> Vec<usize> {
    let named = all.iter().enumerate().filter(|(_, event)| event["kind"] == kind);
    named.map(|(at, _)| at).collect()
}

#[test]
fn events_stand_in_one_order_and_what_led_to_something_before_it() {
    let place = Place::new();
    place.half();
    let all = place.events(&[]);
    let numbers: Vec<u64> = all.iter().map(|event| event["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=all.len() as u64).collect::<Vec<_>>());
    let times: Vec<&str> = all.iter().map(|event| event["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    let at = |kind: &str| place_of(&all, kind);
    assert_eq!(at("deployment-created"), [0]);
    for (before, after) in [
        ("deploy-requested", "revision-planned"),
        ("revision-planned", "run-opened"),
        ("run-opened", "run-started"),
        ("run-started", "targets-granted"),
        ("targets-granted", "target-settled"),
        ("target-settled", "run-ended"),
        ("run-ended", "run-closed"),
    ] {
        let (before, after) = (at(before), at(after));
        assert_eq!(before.len(), 2, "{all:?}");
        assert!(before.iter().zip(&after).all(|(before, after)| before < after), "{all:?}");
    }
    let failed = &all[at("step-failed")[0]];
    assert_eq!(failed["payload"]["instance"], "b");
    // The same, as one document and for people.
    let history = place.json(0, &["history", "one"]);
    assert_eq!(history["events"].as_array().unwrap(), &all);
    assert_eq!(place.out(0, &["history", "one"]), place.out(0, &["events", "one"]));
    let lines = place.out(0, &["events", "one"]);
    assert_eq!(lines.lines().count(), all.len());
    assert!(lines.contains("step-failed        b: "), "{lines}");
}

#[test]
fn events_begin_where_it_is_asked_for() {
    let place = Place::new();
    place.half();
    let all = place.events(&[]);
    let planned = place_of(&all, "revision-planned")[1];
    let second = place.events(&["--since", "r2"]);
    let first = second[0]["number"].as_u64().unwrap();
    assert!(second.len() < all.len() && first <= planned as u64 + 1, "{second:?}");
    assert_eq!(place.events(&["--since", "r1"]), all);
    assert_eq!(place.events(&["--since", "5"]), all[4..]);
    assert_eq!(place.events(&["--since", "1h"]), all);
    assert_eq!(place.events(&["--since", all[7]["time"].as_str().unwrap()]).last(), all.last());
    let said = place.said(1, &["events", "one", "--since", "999"]);
    assert!(said.contains("none is number 999"), "{said}");
    for command in ["events", "history"] {
        let said = place.said(2, &[command, "one", "--since", "soon"]);
        assert!(said.contains("expected a time") && said.contains("`10m`"), "{said}");
    }
    let said = place.said(1, &["events", "on"]);
    assert!(said.contains("did you mean `one`?"), "{said}");
}

#[test]
fn events_are_followed_until_interrupted() {
    let place = Place::new();
    place.half();
    let known = place.events(&[]).len();
    let mut child = place.follow(&["--output", "json", "--since", "r2"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Json>(&lines.next().unwrap().unwrap()).unwrap();
    while next()["number"] != json!(known) {}
    place.said(0, &["deploy", &place.picky(), "--name", "one"]);
    let mut number = known;
    loop {
        let event = next();
        number += 1;
        assert_eq!(event["number"], json!(number), "none is left out or told twice");
        if event["kind"] == "run-closed" {
            break;
        }
    }
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(number, place.events(&[]).len());
    // Whoever does not read any more does not keep it.
    let mut child = place.follow(&[]);
    drop(child.stdout.take());
    let begin = Instant::now();
    place.said(0, &["uninstall", "one"]);
    while child.try_wait().unwrap().is_none() {
        assert!(begin.elapsed() < Duration::from_secs(30), "it goes on for nobody");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_deployment_is_shown_as_it_stood_then() {
    let place = Place::new();
    let plan = place.picky();
    place.said(0, &["deploy", &plan, "--name", "one"]);
    let (then, words) = (place.json(0, &["status", "one"]), place.out(0, &["status", "one"]));
    let events = place.events(&[]);
    place.said(3, &["deploy", &plan, "--name", "one", "--input", "word=bad"]);
    place.said(0, &["uninstall", "one"]);
    let number = events.len().to_string();
    for at in ["r1", &number, events.last().unwrap()["time"].as_str().unwrap()] {
        assert_eq!(place.json(0, &["status", "one", "--at", at]), then, "{at}");
        assert_eq!(place.out(0, &["status", "one", "--at", at]), words, "{at}");
    }
    let half = place.json(3, &["status", "one", "--at", "r2"]);
    assert_eq!((&half["state"], &half["revision"]), (&json!("partial"), &json!(2)));
    assert_eq!(place.json(0, &["status", "one", "--at", "r3"])["state"], "removed");
    // In the middle of the first run.
    let started = place_of(&events, "step-started")[1] + 1;
    let middle = place.json(0, &["status", "one", "--at", &started.to_string()]);
    assert_eq!(middle["state"], "deploying");
    let states: Vec<&Json> =
        middle["nodes"].as_array().unwrap().iter().map(|node| &node["state"]).collect();
    assert_eq!(states, ["deployed", "deploying", "waiting"]);
    let said = place.said(0, &["status", "one", "--at", "r1"]);
    let all = place.events(&[]);
    let shown = said.rsplit_once("as of event ").unwrap().1.split_once(" of ").unwrap();
    let (last, rest) = (shown.0.parse::<usize>().unwrap(), shown.1);
    assert!(rest.starts_with(&format!("{}, ", all.len())), "{said}");
    assert!(last >= events.len() && last < place_of(&all, "revision-planned")[1], "{said}");
}

#[test]
fn a_moment_that_can_t_be_shown_is_told() {
    let place = Place::new();
    place.said(0, &["deploy", &place.picky(), "--name", "one"]);
    for (at, words) in [
        ("2001-01-01T00:00:00Z", &["`one` was not there yet: it was made at 2"][..]),
        ("30d", &["was not there yet"]),
        ("2999-01-01T00:00:00Z", &["is still to come"]),
        ("r7", &["has no revision 7: the newest is 1"]),
        ("0", &["none is number 0"]),
        ("4711", &["none is number 4711", "`bpr events one`"]),
    ] {
        let said = place.said(1, &["status", "one", "--at", at]);
        for word in words {
            assert!(said.contains(word), "{at}: {said}");
        }
    }
    for (at, word) in [("soon", "expected a time"), ("2026-11-27T02:10:00", "time zone")] {
        let said = place.said(2, &["status", "one", "--at", at]);
        assert!(said.contains(word), "{at}: {said}");
    }
}

/// What the store says and what the file says is the same, byte for byte; and the file is enough.
#[test]
fn what_was_exported_is_shown_again_from_the_file_alone() {
    let place = Place::new();
    place.half();
    let said = place.out(0, &["export", "one", "-o", "one.export"]);
    assert!(said.contains("events and") && said.contains("bpr replay one.export"), "{said}");
    let told = |what: &str, code: i32| {
        let all = [
            vec!["status", what],
            vec!["status", what, "--output", "json"],
            vec!["status", what, "--at", "r1"],
        ];
        let codes = [code, code, 0];
        all.iter().zip(codes).map(|(one, code)| place.out(code, one)).collect::<Vec<_>>()
    };
    let before = told("one", 3);
    let (events, outputs) = (place.out(0, &["events", "one"]), place.out(0, &["outputs", "one"]));
    std::fs::rename(place.path("home"), place.path("gone")).unwrap();
    assert_eq!(told("one.export", 3), before);
    assert_eq!(place.out(0, &["events", "one.export"]), events);
    assert_eq!(place.out(0, &["outputs", "one.export"]), outputs);
    assert_eq!(place.out(0, &["replay", "one.export"]), before[0]);
    assert_eq!(place.out(0, &["replay", "one.export", "--output", "json"]), before[1]);
    let begin = Instant::now();
    assert_eq!(place.out(0, &["replay", "one.export", "--speed", "1000"]), before[0]);
    assert!(begin.elapsed() < Duration::from_secs(20));
    assert!(!place.path("home").exists(), "nothing is written");
    // As whoever watched it was told.
    let said = place.bpr(&["replay", "one.export"]);
    let said = String::from_utf8(said.stderr).unwrap();
    for words in [
        "deploy, revision 1, by operator:",
        "local: 3 of 3",
        "run one-",
        "local: 1 of 3, 1 failed, 1 not tried",
        "local: b: ",
    ] {
        assert!(said.contains(words), "no `{words}` in:\n{said}");
    }
}

#[test]
fn a_file_that_is_not_as_it_was_written_is_refused_with_the_event() {
    let place = Place::new();
    place.half();
    place.said(0, &["export", "one", "-o", "one.export"]);
    let said = place.said(1, &["export", "one", "-o", "one.export"]);
    assert!(said.contains("one.export is there already"), "{said}");
    let said = place.said(1, &["export", "one", "-o", "none/one.export"]);
    assert!(said.contains("can't be written to none/one.export"), "{said}");
    let text = std::fs::read_to_string(place.path("one.export")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let at = |mark: &str| lines.iter().position(|line| line.contains(mark)).unwrap();
    let event = |line: usize| {
        let event: Json = serde_json::from_str(lines[line]).unwrap();
        event["event"]["id"].as_str().unwrap().to_owned()
    };
    let failed = at("\"step-failed\"");
    let blob = at("\"blob\"");
    let digest = serde_json::from_str::<Json>(lines[blob]).unwrap()["blob"]["digest"].clone();
    let changed = |line: usize, from: &str, to: &str| {
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        lines[line] = lines[line].replacen(from, to, 1);
        lines.join("\n") + "\n"
    };
    let without = |line: usize| {
        let rest = lines.iter().enumerate().filter(|(at, _)| *at != line);
        rest.map(|(_, line)| *line).collect::<Vec<_>>().join("\n") + "\n"
    };
    let cut = |count: usize| lines[..count].join("\n") + "\n";
    let last = lines.len();
    for (text, words) in [
        (
            changed(failed, "bad", "gut"),
            format!("event `{}` is not what was written", event(failed)),
        ),
        (without(failed), format!("event `{}` is missing", event(failed))),
        (changed(failed, "\"time_ms\":1", "\"time_ms\":2"), event(failed)),
        (
            changed(failed, "{", "("),
            format!("line {}, event `{}`, can't be read", failed + 1, event(failed)),
        ),
        (cut(failed), format!("event `{}` is missing", event(failed))),
        (
            changed(blob, "\"base64\":\"", "\"base64\":\"AAAA"),
            format!("the blob {}, which event `", digest.as_str().unwrap()),
        ),
        (without(blob), "is missing".to_owned()),
        (cut(last - 1), format!("it is cut off behind line {}", last - 1)),
        (changed(0, "\"name\":\"one\"", "\"name\":\"two\""), "its first line".to_owned()),
        (changed(0, "bpr-export/1", "bpr-export/9"), "is of the format `bpr-export/9`".to_owned()),
        ("{}\n".to_owned(), "it is no file that `bpr export` has written".to_owned()),
        (String::new(), "it is no file that `bpr export` has written".to_owned()),
    ] {
        place.write("hurt.export", &text);
        for command in ["replay", "status", "events", "outputs"] {
            let said = place.said(1, &[command, "hurt.export"]);
            let said = said.replace("\n  │", "").split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(said.contains(&words), "{command}: no `{words}` in:\n{said}");
        }
    }
    let said = place.said(1, &["replay", "gone.export"]);
    assert!(said.contains("no such file") && said.contains("bpr export NAME -o FILE"), "{said}");
    let said = place.said(2, &["replay", "one.export", "--speed", "fast"]);
    assert!(said.contains("expected `instant` or a number above 0"), "{said}");
}
