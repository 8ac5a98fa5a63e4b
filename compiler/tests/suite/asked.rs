//! What types ask (`where`, `check`) holds whatever inputs are given: where only they show what is wrong,
//! it is told when they are known.

use crate::blueprint_tests::found;

/// What is told of a blueprint with its inputs' defaults: each as `CODE LINE message`.
fn told(body: &str) -> Vec<String> {
    let text = format!("blueprint sample {{ version = \"1.0.0\" }}\n{body}");
    let line = |offset: u32| text.get(..offset as usize).unwrap().lines().count().max(1);
    let found = found(&format!("{text}\ntest \"t\" {{ assert true }}\n"));
    let said = found.into_iter().flatten();
    said.map(|d| format!("{} {} {}", d.code, line(d.place.span.start + 1), d.message)).collect()
}

/// Each text tells this and nothing more; with another text in the place of one of its parts nothing.
fn assert_told(cases: &[(&str, &str, &str, &str)]) {
    for (bad, from, to, wanted) in cases {
        assert_eq!(told(bad), [*wanted], "{bad}");
        let good = bad.replace(from, to);
        assert_ne!(*bad, good);
        assert_eq!(told(&good), Vec::<String>::new(), "{good}");
    }
}

const CRON: &str = r#"use std.schedule
input c: string = "bad"
workflow w() { wait 1s }
policy p: schedule.Cron {
  cron = c
  run = w
}"#;
const BUDGET: &str = r"use std.fleet
input b: percent = 900%
node n: Root
policy p: fleet.Rollout { targets = [n], failure_budget = b }";
const WINDOW: &str = r#"policy type Window {
  property from: int
  property to: int = self.from + 1
  property z: int
  check self.z > 100 else "z is ${self.z}"
  check self.from < self.to
}
input z: int = 3
policy p: Window { from = z, z = z * 10 }"#;
const DEFAULT: &str = r#"policy type Window {
  property from: int
  property to: int = self.from + 1 where self < 4 else "it ends late"
}
input z: int = 3
policy p: Window { from = z }"#;

#[test]
fn policies_are_as_their_types_ask() {
    assert_told(&[
        (
            CRON,
            "\"bad\"",
            "\"0 2 * * *\"",
            "E3028 6 the policy `p`: `cron`: a cron expression has five fields (minute, hour, day, month, day of the week), such as \"0 2 * * *\"",
        ),
        (
            BUDGET,
            "900%",
            "90%",
            "E3028 5 the policy `p`: `failure_budget`: a count, or a share of at most 100%",
        ),
        (WINDOW, "z: int = 3", "z: int = 11", "E5011 10 the policy `p`: z is 30"),
        (DEFAULT, "z: int = 3", "z: int = 2", "E3028 7 the policy `p`: `to`: it ends late"),
    ]);
}

const OUTPUT: &str = r#"input i: int = 3
output o: int = i * 2 where self > 6 else "${self} is too small""#;

#[test]
fn outputs_are_within_their_constraints() {
    assert_told(&[(OUTPUT, "int = 3", "int = 4", "E3028 3 the output `o`: 6 is too small")]);
}
