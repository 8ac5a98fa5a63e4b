//! Workflows that set inputs and go back: what the deployment is made of changes in the middle of one, whatever
//! dies, and is made once.

use std::path::PathBuf;
use std::time::Duration;

use bp_tests::{Ended, Environment, Running};
use serde_json::Value as Json;

use crate::{killed_until_it_fails, seeded};

/// A deployment of as many parts as its input says; scripts write down what they do.
struct Place {
    environment: Environment,
}

const PARTS: &str = r#"
blueprint place { version = "1.0.0" }
input copies: int = 1 where self in 1..6 else "between one and six"
input colour: string = "red"
node type Part {
  property colour: string
  operation lifecycle.create = script("made.sh") { $ENV }
  operation lifecycle.delete = script("gone.sh") { $ENV }
}
node part: Part for number in 1..copies { colour = colour }
workflow double() -> { copies: int } {
  run scale { copies = copies * 2 }
  return { copies = copies }
}
workflow careful(most: int, wanted: int) {
  run scale { copies = wanted }
  if copies > most { fail "${copies} are too many" }
  on failure { run rollback }
}
workflow back() { run rollback }
workflow paint() {
  run scale { colour = "blue" }
  run scale { copies = 2 }
}
"#;

impl Place {
    fn new() -> Self {
        let environment = Environment::new();
        environment.write("made.sh", "sleep 0.05; echo \"$BLUEPRINT_INSTANCE made\" >> \"$LOG\"\n");
        environment.write("gone.sh", "sleep 0.05; echo \"$BLUEPRINT_INSTANCE gone\" >> \"$LOG\"\n");
        let place = Self { environment };
        let env = format!("env = {{ LOG = \"{}\" }}", place.log().display());
        let plan = place.environment.compile_text("place", &PARTS.replace("$ENV", &env));
        let _ =
            place.environment.deploy(&plan, "place", &[]).wait(Duration::from_mins(2)).expect(0);
        place
    }

    fn log(&self) -> PathBuf {
        self.environment.folder().join("log")
    }

    fn done(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        let mut done: Vec<String> = text.lines().map(str::to_owned).collect();
        done.sort();
        done
    }

    fn start(&self, arguments: &[&str]) -> Running {
        self.environment.start_bpr([&["run", "place"], arguments].concat())
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).wait(Duration::from_mins(2))
    }

    fn status(&self) -> Json {
        self.environment.ask("status", "place", 0)
    }

    /// How many parts there are.
    fn parts(&self) -> usize {
        let status = self.status();
        assert_eq!(status["state"], "deployed", "{status:#}");
        status["nodes"].as_array().unwrap().len()
    }
}

/// Each of these parts, made or gone.
fn parts(numbers: impl IntoIterator<Item = u32>, what: &str) -> Vec<String> {
    numbers.into_iter().map(|number| format!("part[\"{number}\"] {what}")).collect()
}

#[test]
fn a_workflow_sets_inputs_and_goes_on_with_what_they_make() {
    let place = Place::new();
    assert_eq!(place.parts(), 1);
    let words = place.run(&["double"]).expect(0).stdout;
    assert!(words.contains("copies = 2"), "{words}");
    assert_eq!(place.parts(), 2);
    let words = place.run(&["double"]).expect(0).stdout;
    assert!(words.contains("copies = 4"), "{words}");
    assert_eq!((place.parts(), place.done()), (4, parts(1..=4, "made")));
    // What does not fit is told, and nothing is done.
    let words = place.run(&["double"]).expect(1).words();
    for told in ["copies", "between one and six", "run scale { copies = copies * 2 }"] {
        assert!(words.contains(told), "no `{told}` in:\n{words}");
    }
    assert_eq!((place.parts(), place.done()), (4, parts(1..=4, "made")));
    // Of two, the second builds on the first.
    let _ = place.run(&["paint"]).expect(0);
    assert_eq!(place.parts(), 2);
    let inputs = place.environment.bpr(["history", "place"]).expect(0).stdout;
    assert!(
        inputs.contains("sets colour = \"blue\"") && inputs.contains("sets copies = 2"),
        "{inputs}"
    );
}

#[test]
fn a_workflow_goes_back_to_what_was_healthy() {
    let place = Place::new();
    let words = place.run(&["back"]).expect(1).words();
    for told in ["run rollback", "no revision of `place` before 1 was healthy"] {
        assert!(words.contains(told), "no `{told}` in:\n{words}");
    }
    let _ = place.run(&["careful", "-i", "most=3", "-i", "wanted=3"]).expect(0);
    assert_eq!(place.parts(), 3);
    let words = place.run(&["careful", "-i", "most=3", "-i", "wanted=5"]).expect(1).words();
    assert!(words.contains("5 are too many"), "{words}");
    assert_eq!(place.parts(), 3);
    let mut done = [parts(1..=5, "made"), parts(4..=5, "gone")].concat();
    done.sort();
    assert_eq!(place.done(), done);
    // By hand it is gone back on from there.
    let _ = place.run(&["back"]).expect(0);
    assert_eq!(place.parts(), 1);
}

#[test]
fn killed_at_random_moments_it_is_scaled_and_gone_back_once() {
    let (seed, mut random) = seeded();
    for round in 0..3 {
        let place = Place::new();
        let of = (&place.environment, "place");
        let start = || place.start(&["careful", "-i", "most=3", "-i", "wanted=5"]);
        let (kills, ended) = killed_until_it_fails(of, &mut random, 20..400, start);
        let what = format!("seed {seed}, round {round}, {kills} kills\n{}", ended.words());
        assert_eq!(place.status()["workflow"]["state"], "failed", "{what}");
        assert_eq!(place.parts(), 1, "{what}");
        let mut done = [parts(1..=5, "made"), parts(2..=5, "gone")].concat();
        done.sort();
        assert_eq!(place.done(), done, "{what}");
    }
}
