//! Elements of the inventory: which they are, and which fit what is asked of them.

use crate::blueprint_tests::found;

/// Whatever selection or choice took it.
#[test]
fn an_element_is_itself_whatever_took_it() {
    let text = r#"blueprint eq { version = "1.0.0" }
use std.kubernetes as k8s
select all: k8s.Cluster[0..]
select gold: k8s.Cluster[0..] { where = self.labels?.tier == "gold" }
select rest: k8s.Cluster[0..] { where = not (self in gold) }
node n: k8s.Namespace for c in all if c in gold {
  name = "x"
  host -> c
}
node one: k8s.Namespace {
  name = "one"
  host -> k8s.Cluster where self.name == "a"
}
node two: k8s.Namespace {
  name = "two"
  host -> k8s.Cluster where self != one.host
}
group g: Group { members = [all, gold["a"]] }
test "t" {
  inventory = { clusters = [{ name = "a", labels = { tier = "gold" } }, { name = "b" }] }
  assert gold["a"] == all["a"] and gold["a"] != all["b"]
  assert [c.name for c in rest] == ["b"]
  assert keys(n) == ["a"]
  assert one.host == gold["a"] and one.host == all["a"]
  assert two.host == all["b"]
  assert length(unique([...gold[*], ...all[*]])) == 2
  assert contains(gold[*], all["a"]) and not contains(gold[*], all["b"])
  assert length(g.members) == 2
}
"#;
    assert_eq!(found(text), [[]]);
}

/// A fact that is not set has no order: what is asked of it doesn't hold, negated or not.
#[test]
fn a_candidate_without_the_fact_does_not_fit() {
    let text = r#"blueprint facts { version = "1.0.0" }
use std.kubernetes as k8s
node type Host { property memory: size? }
node type App { requires host: Host via HostedOn }
node small: Host
node large: Host { memory = 8GiB }
select new: k8s.Cluster[0..] { where = self.version >= "1.27" }
select old: k8s.Cluster[0..] { where = not (self.version >= "1.27") }
select late: k8s.Cluster[0..] { where = self.labels?.x > "c" }
node app: App { host -> Host where self.memory > 4GiB }
node other: App { host -> Host where not (self.memory > 10GiB) }
test "clusters" {
  inventory = { clusters = [
    { name = "a1", version = "1.28", labels = { x = "d" } },
    { name = "a2" },
    { name = "a3", version = "1.26" },
  ] }
  assert keys(new) == ["a1"]
  assert keys(old) == ["a3"]
  assert keys(late) == ["a1"]
}
test "nodes" { assert app.host == large and other.host == large }
test "elements" {
  inventory = { elements = [{ name = "x", type = "Host" }] }
  assert app.host == large and other.host == large
}
"#;
    assert_eq!(found(text), [[], [], []]);
}
