//! A blueprint's own workflows, run by real scripts: each effect once whatever dies, failures told at the
//! line of their step.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bp_tests::{Ended, Environment, Running};
use serde_json::{Value as Json, json};

use crate::{killed_until_it_fails, seeded};

/// A deployment whose scripts write down what they do.
struct Place {
    environment: Environment,
}

/// Writes `INSTANCE OPERATION WITH` twice, when it begins and when it ends, and gives a result.
const SLOW: &str = r#"
echo "$BLUEPRINT_INSTANCE ${BLUEPRINT_OPERATION#*.} $with begins" >> "$LOG"
sleep 0.1
echo "$BLUEPRINT_INSTANCE ${BLUEPRINT_OPERATION#*.} $with" >> "$LOG"
of="$(printf %s "$BLUEPRINT_INSTANCE" | tr -d '"')"
echo "{ \"of\": \"$of\", \"bytes\": \"2MiB\" }"
"#;

/// What is deployed; `$ENV` says where scripts write.
const NODES: &str = r#"
interface type Care {
  operation copy(with: string, times: int = 1 where self > 0 else "at least once") -> { of: string, bytes: size }
  operation fail(with: string)
  operation mark(with: string) -> { of: string }
}
node type Db {
  attribute mark: string?
  implements Care
  operation care.copy = script("slow.sh") { $ENV }
  operation care.fail = script("fail.sh") { $ENV }
  operation care.mark = script("mark.sh") {
    $ENV
    sets = { mark = result.of }
  }
}
node one: Db
node part: Db for zone in ["a", "b", "c"]
"#;

impl Place {
    fn new() -> Self {
        let environment = Environment::new();
        environment.write("slow.sh", SLOW);
        environment.write(
            "mark.sh",
            "echo \"$BLUEPRINT_INSTANCE mark $with\" >> \"$LOG\"; echo '{ \"of\": \"one\" }'\n",
        );
        environment.write(
            "fail.sh",
            "echo \"$BLUEPRINT_INSTANCE fail $with\" >> \"$LOG\"; echo 'the disk is full' >&2; exit 7\n",
        );
        Self { environment }
    }

    fn log(&self) -> PathBuf {
        self.environment.folder().join("log")
    }

    fn done(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// What has ended, in order.
    fn ended(&self) -> Vec<String> {
        self.done().into_iter().filter(|line| !line.ends_with(" begins")).collect()
    }

    fn count(&self, line: &str) -> usize {
        self.done().iter().filter(|done| *done == line).count()
    }

    fn deploy(&self, workflows: &str) {
        self.deploy_as("place", workflows);
    }

    fn deploy_as(&self, name: &str, workflows: &str) {
        let env = format!("env = {{ LOG = \"{}\" }}", self.log().display());
        let text = format!("blueprint place {{ version = \"1.0.0\" }}\n{NODES}{workflows}");
        let plan = self.environment.compile_text("place", &text.replace("$ENV", &env));
        let _ = self.environment.deploy(&plan, name, &[]).wait(Duration::from_mins(2)).expect(0);
    }

    fn start(&self, arguments: &[&str]) -> Running {
        self.environment.start_bpr([&["run", "place"], arguments].concat())
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).wait(Duration::from_mins(2))
    }

    fn workflow(&self) -> Json {
        self.environment.ask("status", "place", 0)["workflow"].clone()
    }

    fn wait_for(&self, line: &str) {
        let begin = Instant::now();
        while self.count(line) == 0 {
            assert!(begin.elapsed() < Duration::from_mins(1), "no `{line}`: {:?}", self.done());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

const WHOLE: &str = r#"
workflow clean(days: int = 7 where self >= 1) -> { days: int } {
  call one.care.copy { with = "clean ${days}" }
  return { days = days }
}
workflow whole(into: string, keep: duration = 1d) -> { total: size, names: list<string>, days: int } {
  let first = call one.care.copy { with = into }
  parallel {
    let left = call part["a"].care.copy { with = "left" }
    let right = call part["b"].care.copy { with = "right" }
  }
  for zone, each in part max 2 {
    call each.care.copy { with = zone }
  }
  let all = call part[*].care.copy { with = "all", times = 2 }
  let cleaned = run clean { days = 3 }
  if first.bytes > 1GiB {
    fail "too much"
  } else if keep == 1d {
    call one.care.mark { with = "mark" }
  } else {
    fail "not reached"
  }
  wait until one.mark == "one" timeout 1m
  wait 10ms
  return { total = left.bytes + right.bytes, names = [each.of for each in all], days = cleaned.days }
  on failure {
    call one.care.copy { with = "not reached" }
  }
}
"#;

#[test]
fn every_kind_of_step_is_done_and_gives_its_results_on() {
    let place = Place::new();
    place.deploy(WHOLE);
    let words = place.run(&["whole", "-i", "into=s3://x"]).expect(0).stdout;
    assert!(words.contains("place: whole is done") && words.contains("total = 4MiB"), "{words}");
    let ended = place.ended();
    assert_eq!(ended.first().map(String::as_str), Some("one copy s3://x"));
    let at = |line: &str| {
        let found = ended.iter().position(|done| done == line);
        found.unwrap_or_else(|| panic!("no `{line}`: {ended:#?}"))
    };
    // Groups follow each other; within one there is no order.
    let groups: [&[&str]; 5] = [
        &["part[\"a\"] copy left", "part[\"b\"] copy right"],
        &["part[\"a\"] copy a", "part[\"b\"] copy b", "part[\"c\"] copy c"],
        &["part[\"a\"] copy all", "part[\"b\"] copy all", "part[\"c\"] copy all"],
        &["one copy clean 3"],
        &["one mark mark"],
    ];
    for pair in groups.windows(2) {
        let last = pair[0].iter().map(|line| at(line)).max();
        let first = pair[1].iter().map(|line| at(line)).min();
        assert!(last < first, "{ended:#?}");
    }
    assert_eq!(ended.len(), 11, "{ended:#?}");
    let workflow = place.workflow();
    assert_eq!(workflow["state"], "done");
    let names = json!(["part[a]", "part[b]", "part[c]"]);
    assert_eq!(workflow["result"], json!({ "total": "4MiB", "names": names, "days": 3 }));
    let history = place.environment.on("history", "place").expect(0).stdout;
    for words in
        ["workflow-requested", "whole as", "call-started", "copy one", "3 turns, 2 at once"]
    {
        assert!(history.contains(words), "no `{words}` in:\n{history}");
    }
}

#[test]
fn steps_of_a_parallel_run_at_once() {
    let place = Place::new();
    // Each waits for the other: one after the other they would never end.
    place.environment.write(
        "slow.sh",
        "case $with in x) other=y;; *) other=x;; esac\n\
         touch \"${LOG%log}$with\"\n\
         while [ ! -e \"${LOG%log}$other\" ]; do sleep 0.02; done\n\
         echo '{ \"of\": \"x\", \"bytes\": \"1B\" }'\n",
    );
    place.deploy(
        r#"
workflow both() {
  parallel {
    call one.care.copy { with = "x" }
    call part["a"].care.copy { with = "y" }
  }
}
"#,
    );
    let _ = place.run(&["both"]).expect(0);
}

#[test]
fn a_failure_is_handled_and_told_at_the_line_of_its_step() {
    let place = Place::new();
    place.deploy(
        r#"
workflow caught() {
  for zone in ["a", "b"] {
    call part[zone].care.fail { with = zone }
    on failure {
      call one.care.copy { with = error.class }
      recover
    }
  }
}
workflow loud() {
  call one.care.copy { with = "before" }
  call one.care.fail { with = "loud" }
  call one.care.copy { with = "not reached" }
  on failure {
    call part[*].care.copy { with = "tidy" }
    fail "it went wrong: ${error.class}"
  }
}
workflow plain() {
  call one.care.fail { with = "plain" }
}
"#,
    );
    let _ = place.run(&["caught"]).expect(0);
    let caught =
        ["part[\"a\"] fail a", "one copy transient", "part[\"b\"] fail b", "one copy transient"];
    assert_eq!(place.ended(), caught);
    let words = place.run(&["loud"]).expect(1).words();
    assert!(words.contains("the workflow `loud` failed: it went wrong: transient"), "{words}");
    assert_eq!(place.ended()[4..6], ["one copy before", "one fail loud"]);
    assert_eq!(place.ended().len(), 9, "{:?}", place.ended());
    let words = place.run(&["plain"]).expect(1).words();
    for words_of in
        ["the disk is full", "exit code 7", "place.bp:", "call one.care.fail { with = \"plain\" }"]
    {
        assert!(words.contains(words_of), "no `{words_of}` in:\n{words}");
    }
    // The deployment is what it was.
    let status = place.environment.ask("status", "place", 0);
    assert_eq!(
        (&status["state"], &status["workflow"]["state"]),
        (&json!("deployed"), &json!("failed"))
    );
}

#[test]
fn inputs_are_refused_in_sentences() {
    let place = Place::new();
    place.deploy(
        "workflow take(db: Db, days: int where self > 0 else \"at least a day\", until: duration = 1h) {\n  \
         call db.care.copy { with = \"${days}\" }\n}\n",
    );
    for (inputs, words) in [
        (&["days=1"][..], &["the input `db` (Db) is not given", "--input db=…", "place.bp:"][..]),
        (&["db=one", "days=0"], &["at least a day", "place.bp:"]),
        (&["db=one", "days=x"], &["the input `days`: expected int, found `x`"]),
        (&["db=two", "days=1"], &["expected a Db, found `two`", "`one`"]),
        (&["db=one", "days=1", "until=soon"], &["the input `until`: expected duration"]),
        (&["db=one", "days=1", "more=1"], &["no input `more`", "`until`"]),
        (&["db"], &["expected NAME=VALUE"]),
    ] {
        let inputs = inputs.iter().flat_map(|input| ["-i", input]);
        let arguments: Vec<&str> = std::iter::once("take").chain(inputs).collect();
        let said = place.run(&arguments).expect(1).words();
        for words in words {
            assert!(said.contains(words), "no `{words}` in:\n{said}");
        }
    }
    assert!(place.done().is_empty());
    let _ = place.run(&["take", "-i", "db=part[\"b\"]", "-i", "days=2"]).expect(0);
    assert_eq!(place.ended(), ["part[\"b\"] copy 2"]);
    let file = place.environment.write("inputs.yaml", "db: one\ndays: 3\n");
    let _ = place.run(&["take", "--inputs", file.to_str().unwrap()]).expect(0);
    assert_eq!(place.ended()[1..], ["one copy 3"]);
}

const LONG: &str = r#"
workflow long() -> { names: list<string> } {
  let first = call one.care.copy { with = "first" }
  parallel {
    call one.care.copy { with = "beside" }
    for zone in ["a", "b", "c"] max 2 {
      call part[zone].care.copy { with = "1" }
      call part[zone].care.copy { with = "2" }
    }
  }
  wait 50ms
  let all = call part[*].care.copy { with = first.of }
  call one.care.fail { with = "once" }
  return { names = ["not reached"] }
  on failure {
    call one.care.copy { with = "tidied" }
  }
}
"#;

#[test]
fn a_workflow_pauses_and_goes_on() {
    let place = Place::new();
    let slow = SLOW.replace("sleep 0.1", "while [ ! -e \"${LOG%log}go\" ]; do sleep 0.02; done");
    place.environment.write("slow.sh", slow);
    place.deploy(
        r#"
workflow two() {
  call one.care.copy { with = "x" }
  call one.care.copy { with = "y" }
}
"#,
    );
    let running = place.start(&["two"]);
    place.wait_for("one copy x begins");
    let _ = place.environment.on("pause", "place").expect(0);
    let begin = Instant::now();
    while place.workflow()["paused"].is_null() {
        assert!(begin.elapsed() < Duration::from_mins(1), "{:#}", place.workflow());
        std::thread::sleep(Duration::from_millis(10));
    }
    let status = place.environment.on("status", "place").expect(0).words();
    assert!(status.contains("paused by operator:"), "{status}");
    // The call in flight ends, and no other begins.
    place.environment.write("go", "");
    let paused = running.wait(Duration::from_mins(1)).expect(3).words();
    assert!(paused.contains("two was paused"), "{paused}");
    assert_eq!(place.ended(), ["one copy x"]);
    let _ = place.environment.on("resume", "place").expect(0);
    assert_eq!(place.ended(), ["one copy x", "one copy y"]);
    assert_eq!(place.workflow()["paused"], Json::Null);
    assert_eq!(place.workflow()["state"], "done");
}

#[test]
fn killed_at_random_moments_each_effect_is_there_once() {
    let (seed, mut random) = seeded();
    for round in 0..4 {
        let place = Place::new();
        place.deploy(LONG);
        let of = (&place.environment, "place");
        let start = || place.start(&["long"]);
        let (kills, ended) = killed_until_it_fails(of, &mut random, 50..900, start);
        let what = format!("seed {seed}, round {round}, {kills} kills: {:#?}", place.done());
        assert_eq!(place.workflow()["state"], "failed", "{what}\n{}", ended.words());
        let mut effects = vec!["one copy first".to_owned(), "one copy beside".to_owned()];
        effects.push("one copy tidied".to_owned());
        for zone in ["a", "b", "c"] {
            effects.extend(["1", "2", "one"].map(|with| format!("part[\"{zone}\"] copy {with}")));
        }
        for effect in &effects {
            assert_eq!(place.count(effect), 1, "{effect}: {what}");
            assert_eq!(place.count(&format!("{effect} begins")), 1, "{effect}: {what}");
        }
        assert_eq!(place.count("one fail once"), 1, "{what}");
        assert_eq!(place.done().len(), 2 * effects.len() + 1, "{what}");
    }
}

#[test]
fn a_workflow_takes_everything_away_and_makes_it_again() {
    let place = Place::new();
    place.environment.write("made.sh", "echo \"$BLUEPRINT_OPERATION\" >> \"$LOG\"\n");
    place.deploy(
        r#"
node type Made {
  operation lifecycle.create = script("made.sh") { $ENV }
  operation lifecycle.delete = script("made.sh") { $ENV }
}
node made: Made
workflow anew() {
  run uninstall
  call one.care.copy { with = "between" }
  run install
}
"#,
    );
    let _ = place.run(&["anew"]).expect(0);
    let (create, delete) = ("lifecycle.create", "lifecycle.delete");
    assert_eq!(place.ended(), [create, delete, "one copy between", create]);
    assert_eq!(place.environment.ask("status", "place", 0)["state"], "deployed");
}

#[test]
fn an_interrupted_workflow_is_told_held_and_cancelled() {
    let place = Place::new();
    let workflows = r#"
workflow patient() {
  call one.care.copy { with = "begun" }
  wait 10h
  call one.care.copy { with = "not reached" }
  on cancel {
    call part["a"].care.copy { with = "tidied" }
  }
}
"#;
    place.deploy(workflows);
    let running = place.start(&["patient"]);
    place.wait_for("one copy begun");
    // While it is under way another can't begin.
    let _ = place.run(&["patient"]).expect(1);
    let _ = running.kill();
    let said = place.environment.on("status", "place").expect(0).stdout;
    for words in ["workflow patient: running", "bpr resume place", "bpr cancel place"] {
        assert!(said.contains(words), "no `{words}` in:\n{said}");
    }
    for verb in ["uninstall", "run"] {
        let arguments: &[&str] =
            if verb == "run" { &["run", "place", "patient"] } else { &["uninstall", "place"] };
        let said = place.environment.bpr(arguments.iter().copied()).expect(1).words();
        assert!(said.contains("was interrupted") && said.contains("bpr cancel place"), "{said}");
    }
    let said = place.environment.on("cancel", "place").expect(0).words();
    assert!(said.contains("patient was cancelled"), "{said}");
    assert_eq!(place.ended(), ["one copy begun", "part[\"a\"] copy tidied"]);
    // Where a process runs it, that process is asked.
    let running = place.start(&["patient"]);
    let begin = Instant::now();
    while place.count("one copy begun") < 2 {
        assert!(begin.elapsed() < Duration::from_mins(1), "{:?}", place.done());
        std::thread::sleep(Duration::from_millis(5));
    }
    let said = place.environment.on("cancel", "place").expect(0).words();
    let ended = running.wait(Duration::from_mins(1)).expect(3).words();
    assert!(ended.contains("patient was cancelled"), "{said}{ended}");
    assert_eq!(place.workflow()["state"], "cancelled");
    let _ = place.environment.on("uninstall", "place").expect(0);
}

#[test]
fn the_backup_that_people_copy_is_deployed_and_run() {
    let environment = Environment::new();
    let plan: &Path = &environment.compile("backup/backup.bp");
    let deployed = environment.deploy(plan, "nightly", &[]).wait(Duration::from_mins(2)).expect(0);
    assert!(deployed.words().contains("bpr run NAME copy_all"), "{}", deployed.words());
    let ran = environment.bpr(["run", "nightly", "copy_all", "-i", "into=s3://b"]).expect(0);
    assert!(ran.stdout.contains("total = 4MiB"), "{}", ran.words());
    assert!(ran.stderr.contains("orders: copies.snapshot: done"), "{}", ran.words());
    let status = environment.ask("status", "nightly", 0);
    assert_eq!(status["workflow"]["steps"].as_array().unwrap().len(), 6);
}
