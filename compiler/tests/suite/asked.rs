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

const PROPERTY: &str = r#"relationship type R extends DependsOn { property w: int where self > 5 else "w is ${self}" }
node type A { property n: int = 1 }
node type Q { requires a: A via R }
input i: int = 3
node a: A
node q: Q {
  a -> a via R {
    w = i
  }
}"#;
const SOURCE: &str = r#"relationship type R extends DependsOn {
  source: Q
  property w: int = source.n where self > 5 else "w is ${self}"
}
node type A { property n: int = 1 }
node type Q { property n: int, requires a: A via R }
input i: int = 3
node a: A
node q: Q {
  n = i
  a -> a
}"#;
const CHECK: &str = r#"relationship type R extends DependsOn {
  property w: int
  check self.w > 5 else "w is ${self.w}"
}
node type A { property n: int = 1 }
node type Q { requires a: A via R }
input i: int = 3
node a: A for k in ["x", "y"] { n = 1 }
node q: Q { a -> a["y"] via R { w = i } }"#;
const ENDS: &str = r#"relationship type R extends DependsOn {
  source: Q
  target: A
  check source.n != target.n else "both are ${source.n}"
}
node type A { property n: int }
node type Q { property n: int, requires a: A[0..] via R }
input i: int = 2
node a: A { n = 1 }
node b: A { n = 2 }
node q: Q { n = i, a -> [a, b] }"#;

#[test]
fn relationships_are_as_their_types_ask() {
    assert_told(&[
        (PROPERTY, "int = 3", "int = 6", "E3028 9 `q`: `a -> a`: `w`: w is 3"),
        (SOURCE, "int = 3", "int = 6", "E3028 12 `q`: `a -> a`: `w`: w is 3"),
        (CHECK, "int = 3", "int = 6", "E4023 10 `q`: `a -> a[\"y\"]`: w is 3"),
        (ENDS, "int = 2", "int = 3", "E4023 12 `q`: `a -> b`: both are 2"),
    ]);
}
