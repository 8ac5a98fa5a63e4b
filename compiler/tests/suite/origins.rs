//! When a member is known hangs on where a node comes from: through records, lists, filters, functions and
//! requirements.

use crate::blueprint_tests::found;
use crate::common::mistakes;

/// What the inventory tells of its elements, wherever these have gone through.
const OF_ELEMENTS: &str = r#"blueprint a { version = "1.0.0" }
use std.kubernetes as k8s
select cs: k8s.Cluster[0..3] { where = self.labels?.a == "b" }
select ds: k8s.Cluster[0..] { where = self.labels?.a == "c" }
input envs: list<string> = ["dev", "prod"]
fn n(c: k8s.Cluster) -> string = c.name
fn m(c: k8s.Cluster) -> string = "x-${n(c)}"
fn names(xs: list<k8s.Cluster>) -> list<string> = [n(c) for c in xs]
node type W {
  property n: string
  requires host: k8s.Cluster via HostedOn
}
node a1: k8s.Namespace for c in cs by m(c) {
  name = "x1"
  host -> c
}
node a2: k8s.Namespace for p in [{ c = c } for c in cs] by p.c.name {
  name = "x2"
  host -> p.c
}
node a3: k8s.Namespace for p in flatten([[{ c = c, e = env } for env in envs] for c in cs]) by "${p.c.name}-${p.e}" {
  name = "x3-${p.e}"
  host -> p.c
}
node a4: k8s.Namespace for c in [x for x in cs if x.labels?.z == "1"] by c.name {
  name = "x4"
  host -> c
}
node a5: k8s.Namespace for c in [...cs[*], ...ds[*]] by c.name {
  name = "x5"
  host -> c
}
node a6: k8s.Namespace for c in sort(x in cs, x.name) by "k-${c.name}" {
  name = "x6"
  host -> c
}
node d: W for c in cs {
  n = c.name
  host -> c
}
node e: W for c in cs if d[c].n == "a" {
  n = c.name
  host -> c
}
node f: W for c in cs if d[c].host.name == "a" {
  n = c.name
  host -> c
}
node g: W for x in d if x.host.labels?.z == "1" {
  n = x.n
  host -> x.host
}
node h: W if any(p in [{ c = c } for c in cs], p.c.labels?.x == "a") {
  n = "h"
  host -> cs["one"]
}
node i: W for s in names(cs[*]) {
  n = s
  host -> cs[s]
}
output o: list<string> = [x.host.name for x in g]
test "where nodes come from" {
  inventory = { clusters = [
    { name = "one", labels = { a = "b", z = "1", x = "a" } },
    { name = "a", labels = { a = "b" } },
    { name = "z", labels = { a = "c" } },
  ] }
  assert count(a1) == 2
  assert keys(a3) == ["a-dev", "a-prod", "one-dev", "one-prod"]
  assert keys(a4) == ["one"]
  assert keys(a6) == ["k-a", "k-one"]
  assert keys(f) == ["a"]
  assert keys(g) == ["one"]
  assert h != null
  assert keys(i) == ["a", "one"]
}
"#;

/// What nodes report and what they are given, in the same ways.
const OF_NODES: &str = r#"blueprint a { version = "1.0.0" }
node type H extends Kept {
  attribute x: string
  property p: string
}
node type W {
  property n: string
  requires host: H via HostedOn
}
fn x(q: H) -> string = q.x
fn y(q: H) -> string = q.p
fn z(hs: list<H>) -> list<string> = [x(q) for q in hs]
node h: H for k in ["a", "b"] { p = k }
node l: H { p = h["a"].x }
node t1: W for e in h by x(e) {
  n = "a"
  host -> e
}
node t2: W for e in h by y(e) {
  n = "a"
  host -> e
}
node t3: W for s in z(h[*]) {
  n = s
  host -> h["a"]
}
node t4: W for p in [{ h = e } for e in h] by p.h.x {
  n = "a"
  host -> p.h
}
node t5: W if y(l) == "a" {
  n = "a"
  host -> l
}
node t6: W for e in h if t2["a"].host.x == "a" {
  n = "a"
  host -> l
}
node type Kept { provider = "noop" }
"#;

#[test]
fn facts_of_elements_are_known_when_deploying() {
    let found = found(OF_ELEMENTS);
    assert!(found.iter().all(Vec::is_empty), "{found:?}");
}

/// `t2` and its like are there by what is set; the others by what is reported.
#[test]
fn what_nodes_report_is_known_later() {
    let lines = ["15:26", "23:21", "27:47", "31:15", "35:26"];
    assert_eq!(mistakes(OF_NODES), lines.map(|at| format!("E4016 {at}")));
}

/// A capability that is required is another node's.
#[test]
fn the_node_of_a_required_capability_is_not_the_one_that_requires() {
    let text = |read: &str| {
        format!(
            r#"blueprint s {{ version = "1.0.0" }}
capability type Gpu {{ property n: int }}
node type Host {{
  property memory: size
  capability gpu: Gpu {{ n = 2 }}
}}
node type Job {{
  property x: int
  requires gpu: Gpu via HostedOn
}}
node h: Host {{ memory = 1GiB }}
node k: Job {{
  x = 1
  gpu -> h
}}
output o = {read}
"#
        )
    };
    assert_eq!(mistakes(&text("k.gpu.node.x")), ["E3003 16:23"]);
    assert_eq!(mistakes(&text("k.gpu.node == h")), [""; 0]);
    assert_eq!(mistakes(&text("h.gpu.node.memory")), [""; 0]);
}
