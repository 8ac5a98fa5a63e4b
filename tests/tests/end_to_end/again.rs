//! What a person says about a run, with real scripts and processes: pause and resume, retry and skip,
//! and the way back.

use std::time::{Duration, Instant};

use bp_tests::{Ended, Environment, Running};
use serde_json::Value as Json;

/// `second` waits until the test says `go`, and fails until it says `ok`; `third` needs it.
const BOXES: &str = r#"
blueprint boxes { version = "1.0.0" }
input size: int = 1
node type Box {
  property size: int
  requires needs: Box[0..1] via DependsOn
  operation lifecycle.create = script("create.sh") {
    args = { size = self.size }
    timeout = 60s
    $ENV
  }
  operation lifecycle.delete = script("delete.sh") { $ENV }
}
node first: Box { size = 1 }
node second: Box {
  size = size
  needs -> first
}
node third: Box {
  size = 3
  needs -> second
}
"#;

const CREATE: &str = r#"
if [ "$BLUEPRINT_INSTANCE" = second ]; then
  echo "second begins" >> "$LOG"
  while [ ! -e "${LOG%log}go" ]; do sleep 0.02; done
  [ -e "${LOG%log}ok" ] || { echo "no room" >&2; exit 1; }
fi
echo "$BLUEPRINT_INSTANCE create $size" >> "$LOG"
"#;

struct Boxes {
    environment: Environment,
}

impl Boxes {
    fn new(files: &[&str]) -> Self {
        let environment = Environment::new();
        environment.write("create.sh", CREATE);
        environment.write("delete.sh", "echo \"$BLUEPRINT_INSTANCE delete\" >> \"$LOG\"\n");
        let boxes = Self { environment };
        for name in files {
            boxes.says(name);
        }
        boxes
    }

    fn says(&self, name: &str) {
        self.environment.write(name, "");
    }

    fn start(&self) -> Running {
        let log = self.environment.folder().join("log");
        let text = BOXES.replace("$ENV", &format!("env = {{ LOG = \"{}\" }}", log.display()));
        let plan = self.environment.compile_text("boxes", &text);
        self.environment.deploy(&plan, "boxes", &[])
    }

    fn deploy(&self, code: i32) -> Ended {
        self.start().wait(Duration::from_mins(2)).expect(code)
    }

    fn bpr(&self, code: i32, arguments: &[&str]) -> String {
        self.environment.bpr(arguments).expect(code).words()
    }

    fn done(&self) -> Vec<String> {
        let log = self.environment.folder().join("log");
        let text = std::fs::read_to_string(log).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn status(&self, code: i32) -> Json {
        self.environment.ask("status", "boxes", code)
    }

    fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let begin = Instant::now();
        while !is_so() {
            assert!(begin.elapsed() < Duration::from_mins(1), "no {what}: {:?}", self.done());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Fails where a word is missing.
fn says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "no `{word}` in:\n{said}");
    }
}

#[test]
fn a_run_pauses_and_goes_on() {
    let boxes = Boxes::new(&["ok"]);
    let deploying = boxes.start();
    boxes.wait_until("second", || boxes.done().contains(&"second begins".to_owned()));
    let said = boxes.bpr(0, &["pause", "boxes"]);
    says(&said, &["asked the process", "bpr status boxes"]);
    boxes.wait_until("pause", || !boxes.status(0)["paused"].is_null());
    assert!(boxes.status(0)["paused"]["by"].as_str().is_some_and(|by| by.starts_with("operator:")));
    let said = boxes.bpr(0, &["status", "boxes"]);
    says(&said, &["boxes: paused", "by operator:", " since 20", "`bpr resume boxes` goes on"]);
    let said = boxes.bpr(1, &["pause", "boxes"]);
    says(&said, &["paused already, by operator:", "`bpr resume boxes`"]);
    // The call in flight ends; what needs it does not begin.
    boxes.says("go");
    let said = deploying.wait(Duration::from_mins(1)).expect(3).words();
    says(&said, &["boxes: paused", "bpr resume boxes"]);
    assert_eq!(boxes.done(), ["first create 1", "second begins", "second create 1"]);
    let said = boxes.bpr(0, &["resume", "boxes"]);
    says(&said, &["boxes: deployed"]);
    assert_eq!(boxes.done().split_off(3), ["third create 3"]);
    let history = boxes.bpr(0, &["history", "boxes"]);
    says(&history, &["pause-requested", "run-paused", "run-continued", "by operator:"]);
    let said = boxes.bpr(1, &["pause", "boxes"]);
    says(&said, &["nothing of `boxes` is under way"]);
}

#[test]
fn whoever_runs_it_goes_on_when_it_is_asked_to() {
    let boxes = Boxes::new(&["ok"]);
    let deploying = boxes.start();
    boxes.wait_until("second", || boxes.done().contains(&"second begins".to_owned()));
    boxes.bpr(0, &["pause", "boxes"]);
    boxes.wait_until("pause", || !boxes.status(0)["paused"].is_null());
    let said = boxes.bpr(0, &["resume", "boxes"]);
    says(&said, &["asked the process that runs `boxes` to go on"]);
    boxes.wait_until("end of it", || boxes.status(0)["paused"].is_null());
    boxes.says("go");
    let _ = deploying.wait(Duration::from_mins(1)).expect(0);
    assert_eq!(boxes.done().last().map(String::as_str), Some("third create 3"));
}

#[test]
fn a_killed_run_can_be_paused() {
    let boxes = Boxes::new(&["ok"]);
    let deploying = boxes.start();
    boxes.wait_until("second", || boxes.done().contains(&"second begins".to_owned()));
    let _ = deploying.kill();
    let said = boxes.bpr(0, &["pause", "boxes"]);
    says(&said, &["no process runs `boxes`"]);
    says(&boxes.bpr(0, &["status", "boxes"]), &["boxes: paused"]);
    boxes.says("go");
    let _ = boxes.bpr(0, &["resume", "boxes"]);
    assert_eq!(boxes.done().iter().filter(|line| *line == "second create 1").count(), 1);
}

#[test]
fn what_failed_is_tried_again_or_skipped() {
    let boxes = Boxes::new(&["go"]);
    let said = boxes.deploy(3).words();
    says(&said, &["no room", "bpr retry boxes", "bpr rollback boxes"]);
    for (arguments, words) in [
        (&["retry", "boxes", "secnd"][..], &["no step `secnd`", "did you mean `second`?"][..]),
        (&["retry", "boxes", "first"], &["`first` is done: it can't be tried again"]),
        (&["skip", "boxes", "thrid", "--why", "x"], &["no step `thrid`", "`third`?"]),
        (&["skip", "boxes", "first", "--why", "x"], &["`first` is done: it can't be skipped"]),
        (&["skip", "boxes", "second", "--why", ""], &["why `second` is skipped is not said"]),
        (&["retry", "bixes"], &["no deployment `bixes`", "`boxes`?"]),
        (&["rollback", "boxes"], &["no revision of `boxes` before 1 was healthy"]),
        (&["rollback", "boxes", "--to", "9"], &["no revision 9", "1 to 1", "bpr history boxes"]),
        (&["pause", "boxes"], &["nothing to pause"]),
    ] {
        says(&boxes.bpr(1, arguments), words);
    }
    let said = boxes.bpr(2, &["skip", "boxes", "second"]);
    says(&said, &["--why"]);
    // Still no room; then it is done without.
    let _ = boxes.bpr(3, &["retry", "boxes", "second"]);
    let said = boxes.bpr(0, &["skip", "boxes", "second", "--why", "it is there already"]);
    says(&said, &["boxes: deployed, 3 nodes on 1 target, 1 skipped (revision 1)"]);
    let status = boxes.status(0);
    let second = &status["nodes"][1];
    assert_eq!((&second["id"], &second["state"]), (&"second".into(), &"skipped".into()));
    assert_eq!(second["skipped"]["why"], "it is there already");
    let said = boxes.bpr(0, &["status", "boxes"]);
    says(&said, &["second on local: skipped", "it is there already"]);
    says(&boxes.bpr(0, &["history", "boxes"]), &["steps-skipped", "it is there already"]);
    says(
        &boxes.bpr(0, &["why", "boxes", "second"]),
        &["skipped", "it is there already", "no room"],
    );
    let said = boxes.bpr(1, &["retry", "boxes"]);
    says(&said, &["nothing to try again"]);
    boxes.says("ok");
    let _ = boxes.bpr(0, &["retry", "boxes", "second"]);
    let made: Vec<String> =
        boxes.done().into_iter().filter(|line| line.contains("create")).collect();
    assert_eq!(made, ["first create 1", "third create 3", "second create 1"]);
}

#[test]
fn the_way_back_is_shown_and_gone() {
    let boxes = Boxes::new(&["go", "ok"]);
    let _ = boxes.deploy(0);
    let _ = boxes.bpr(0, &["update", "boxes", "-i", "size=7"]);
    let before = boxes.done();
    let said = boxes.bpr(0, &["rollback", "boxes", "--dry-run"]);
    says(&said, &["back to revision 1", "second"]);
    let shown = boxes.environment.bpr(["rollback", "boxes", "--dry-run", "--output", "json"]);
    assert_eq!(shown.expect(0).json()["counts"]["change"], 1);
    assert_eq!(boxes.done(), before, "a look moves nothing");
    let said = boxes.bpr(0, &["rollback", "boxes"]);
    says(&said, &["boxes: rolled back to revision 1", "(revision 3)"]);
    // A node with operations goes back as an update takes it there.
    assert_eq!(boxes.done().split_off(before.len()), ["second begins", "second create 1"]);
    says(&boxes.bpr(0, &["status", "boxes"]), &["revision 3 (a rollback to 1)"]);
    assert_eq!(boxes.status(0)["back_to"], 1);
    let history = boxes.bpr(0, &["history", "boxes"]);
    says(&history, &["rollback-requested to revision 1", "3, a rollback to revision 1"]);
    let said = boxes.bpr(1, &["rollback", "boxes"]);
    says(&said, &["goes back to revision 1 already", "--to REVISION"]);
    let said = boxes.bpr(1, &["rollback", "boxes", "--to", "3"]);
    says(&said, &["revision 3 of `boxes` is the newest"]);
    let _ = boxes.bpr(0, &["uninstall", "boxes"]);
    let said = boxes.bpr(1, &["rollback", "boxes", "--to", "4"]);
    says(&said, &["revision 4 of `boxes` is the newest"]);
    let _ = boxes.bpr(0, &["rollback", "boxes"]);
    assert_eq!(boxes.status(0)["state"], "deployed");
}

#[test]
fn a_rollback_says_that_secrets_are_those_of_now() {
    let mut environment = Environment::new();
    environment.set("BPR_SECRET_PASSWORD", "correct-horse-battery");
    environment.write("one.sh", "echo done\n");
    let text = |size: u32| {
        format!(
            r#"blueprint kept {{ version = "1.0.{size}" }}
secret password: string
node type Box {{
  property password: secret string
  property size: int
  operation lifecycle.create = script("one.sh") {{
    args = {{ size = self.size }}
    env = {{ PASSWORD = self.password }}
  }}
}}
node one: Box {{ password = password, size = {size} }}
"#
        )
    };
    for size in [1, 2] {
        let plan = environment.compile_text("kept", &text(size));
        let _ = environment.deploy(&plan, "kept", &[]).wait(Duration::from_mins(1)).expect(0);
    }
    let said = environment.bpr(["rollback", "kept"]).expect(0).words();
    says(&said, &["no version of `password` is recorded: as of now"]);
    environment.assert_unseen("correct-horse-battery", &said);
}
