//! Every fix that is offered mends: applied, the mistake is gone and no other has come, but for a value that
//! it leaves open. Over the whole catalogue, the cases to reject, and programs of whose fixes some did not.

use crate::common;

use std::path::Path;

use bp_compiler::analysis::Analysis;
use bp_compiler::catalogue;
use bp_compiler::diagnostics::{Diagnostic, Severity};

/// Files by name; the last is the root.
type Files = Vec<(String, String)>;

const HEAD: &str = "blueprint x { version = \"1.0.0\" }\n";

/// What stands after the head. `+` before a text: a fix is offered; `-`: there is none that could be.
const PROGRAMS: &[(char, &str)] = &[
    // What meets a requirement.
    (
        '+',
        "node type H { property m: size }\nnode type A { requires h: H where self.m > 4GiB }\nnode small: H { m = 1GiB }\nnode a: A\nnode big: H { m = 8GiB }",
    ),
    (
        '-',
        "node type H { property m: size }\nnode type A { requires h: H where self.m > 4GiB }\nnode small: H { m = 1GiB }\nnode a: A",
    ),
    (
        '+',
        "use std.kubernetes as k8s\nselect cs: k8s.Cluster[0..]\nnode n: k8s.Namespace for c in cs {\n  name = \"x\"\n}",
    ),
    (
        '-',
        "node type H\nnode type A { requires h: H }\nnode hs: H for x in [\"a\", \"b\"]\nnode a: A",
    ),
    ('-', "node type A { requires peer: A }\nnode a: A\nnode b: A { peer -> a }"),
    (
        '-',
        "node type H\nnode type A { requires h: H }\ninput on: bool = true\nnode hs: H if on\nnode a: A",
    ),
    (
        '+',
        "capability type C\nnode type H { capability c: C, capability d: C }\nnode type A { requires c: C }\nnode h: H\nnode a: A",
    ),
    (
        '+',
        "capability type C\nnode type H { capability c: C }\nnode type A { requires c: C }\nnode h: H\nnode a: A",
    ),
    (
        '+',
        "relationship type R extends DependsOn { property port: int }\nnode type H\nnode type A { requires h: H via R }\nnode h: H\nnode a: A",
    ),
    (
        '-',
        "node type H\nnode type A { requires h: H[1..2] }\nnode hs: H for x in [\"a\", \"b\", \"c\"]\nnode a: A",
    ),
    // What is proposed can be a target.
    (
        '-',
        "node type H { property on: bool = true }\ncapability type C\nnode type A { requires c: C }\nnode b: H\nnode a: A { c -> b.o }",
    ),
    ('-', "use std.drift { Correct, correct }\nnode n: Root\npolicy p: Correct { targets = [n] }"),
    // A block that closes later than its first line: what stands there is not missed elsewhere.
    (
        '+',
        "interface type I { operation go(a: string) }\nnode type A { implements I\n  operation i.go = script(\"x.sh\") { }\n}\nnode a: A\nworkflow w() { call a.i.go { a = \"x\" } }",
    ),
    // Loops of other languages.
    ('+', "node type A { property p: string }\nnode n: A for x of [\"a\"] { p = x }"),
    ('+', "node type A { property p: int }\nnode a: A { p = 1, labels { tier = \"x\" } }"),
    ('+', "node type A { property p: secret string }\ninput s: secret string\nnode a: A { p = s }"),
    // A value behind what is asked of it.
    ('+', "input a: int where self > 5 = 9\noutput o: int = a"),
    ('+', "node type A { property p: int where self in 1..3 = 2 }\nnode a: A"),
    // Values that are missing.
    ('+', "node type A { property size: size where self >= 10GiB }\nnode a: A"),
    ('+', "node type A { property m: list<int> where count(self) > 0 }\nnode a: A"),
    ('+', "node type A { property f: file }\nnode a: A"),
    (
        '+',
        "node type A { property n: int where self in 3..5, property s: \"a\" | \"b\", property p: percent }\nnode a: A",
    ),
    ('+', "node type A { property s: string where matches(self, r\"^zz[0-9]{4}$\") }\nnode a: A"),
    (
        '+',
        "node type A {\n  property a: int\n  property b: int\n  check self.a < self.b\n}\nnode a: A",
    ),
    (
        '+',
        "data type Port = int where self in 1..65535\ndata type E { host: string, port: Port }\nnode type A { property e: E }\nnode a: A",
    ),
    (
        '+',
        "use std.kubernetes as k8s\nselect cs: k8s.Cluster[0..]\nnode n: k8s.Service for c in cs { host -> c }",
    ),
    (
        '+',
        "use std.kubernetes as k8s\nselect cs: k8s.Cluster[0..]\nnode n: k8s.Deployment for c in cs {\n  host -> c\n}",
    ),
    // `=` and `->`.
    ('+', "node type B\nnode type A { requires b: B }\nnode b: B\nnode a: A { b = b }"),
    ('+', "node type A { property x: int }\nnode a: A { x -> 3 }"),
    ('-', "node type A { property x: int }\nnode type B { requires a: A }\nnode b: B { a = 3 }"),
    // `:` for `=`.
    (
        '+',
        "node type A { property x: int, property y: string, property z: size }\nnode a: A {\n  x: 3\n  y: \"a\"\n  z : 4GiB\n}",
    ),
    ('+', "node type A { property x: int }\nnode a: A { x: int = 3 }"),
    ('-', "node type A { property x: string }\nnode a: A {\n  x: string\n}"),
    ('+', "const x = { \"a\": 1, b: { c: [2] } }\noutput o: int = x.a + x.b.c[0]"),
    // Values that may be unset.
    ('-', "data type P { x: int }\ninput p: P? = null\noutput o: int = p.x"),
    ('+', "data type P { x: int }\ninput p: P? = null\noutput o: int? = p.x"),
    ('+', "data type P { x: int }\ninput p: P? = null\noutput o: int = p.x ?? 3"),
    ('-', "data type P { x: int }\ninput p: P? = null\noutput o: int = p.x + 1"),
    // Functions and operators.
    ('+', "input s: string = \"a\"\noutput y: string = s.upper()"),
    ('+', "input s: string = \"a,b\"\noutput y: list<string> = s.split(\",\")"),
    ('-', "input s: int = 1\noutput y: string = s.upper()"),
    ('+', "input a: string = \"a\"\ninput b: int = 1\noutput o: string = a + \"-\" + b + \".\""),
    ('-', "input a: string = \"a\"\ninput b: list<string> = []\noutput o: string = a + b"),
    // Words and marks.
    ('+', "input x = 3"),
    ('+', "input x = \"a\""),
    ('-', "input x"),
    ('+', "const x = True\noutput o: bool = x"),
    ('+', "imput x: int = 3\noutput o: int = x"),
    ('+', "node type T {\n  proprty x: int = 3\n}\nnode t: T { x = 4 }"),
    ('+', "node type B\nnode type T {\n  require x: B\n}\nnode b: B\nnode t: T { x -> b }"),
    ('+', "const y: duration = 5 m"),
    ('+', "const x = length (\"a\")"),
    ('+', "const x = [1, 2]\nconst y = x [0]"),
    ('+', "input a: int = 1\noutput o: bool = a = 1"),
    ('+', "const y = 1 === 2"),
    ('+', "# one\n# two\nconst y = 1"),
    ('+', "input a: int = 1\nconst y = if a == 1 then 1 elif a == 2 then 2 else 3"),
    ('+', "input a: int[] = [1]"),
    ('+', "input a: (int | string)? = 1"),
    ('+', "const x = 1 const y = 2"),
    ('+', "node type A\nnode a: A for x [1, 2]"),
    ('+', "use std.kubernetes as k8s\nselect a: k8s.Cluster[0..1] where self.name == \"x\""),
    ('+', "const\u{A0}x\u{A0}= 1"),
    ('+', "const x\u{200B} = 1"),
    ('+', "const a = 1\noutput o: int = \u{430}"),
    ('+', "const x = \u{201C}abc\u{201D}"),
    ('+', "node type A { property x: int, property y: int }\nnode a: A { x = 1 y = 2 }"),
    ('+', "input a: int = 1\noutput o: bool = !a in [1]"),
    ('+', "const y = 5min"),
    ('+', "node type A { property x: int\n  property y: int\n}\nnode a: A { x = 1, y = 2 }"),
    ('+', "node type A { property x: int }\nnode a: A { x = 1\n}"),
    ('+', "node type A { property x: int }\nnode a: A { x = 1\nnode b: A { x = 2 }"),
    ('+', "const x = f\"abc\"\noutput o: string = x"),
    // Forms of other languages.
    (
        '+',
        "node type A { property p: string = \"x\" }\nnode a: A\nworkflow w() { if a.p = \"x\" { wait 1s } }",
    ),
    ('-', "workflow w() { for x in [1, 2] parallel { wait 1s } }"),
    ('-', "workflow w() { if true then wait 1s }"),
    ('+', "node type A\nnode a: A for x of [\"a\"]"),
    ('+', "const a = [for x in [1, 2] : x * 2]"),
    ('+', "const a = [for x in [1, 2] : x * 2 if x > 1]"),
    ('+', "const a = (1, 2)"),
    ('+', "const m = { a = 1 }\nconst b = { for k, v in m : k => v }"),
    ('+', "input x: string default \"a\""),
    ('-', "input x: string { default = \"a\" }"),
    ('+', "node type A derived_from Root"),
    ('+', "node type A : Root"),
    ('+', "node type A { property s: string required }"),
    ('+', "node type A { property s: string default \"x\" }"),
    ('+', "node type B\nnode type A { requires z: B[*] }"),
    ('+', "node type A { requires y: Root via HostedOn[0..1] }"),
    ('-', "node type A\nnode a: A count 3 {}"),
    ('+', "const k = 5 min"),
    ('-', "enum T { a, b }"),
    ('+', "workflow backup { wait 1s }"),
    ('-', "fn f(x) = x"),
    ('+', "fn f(x: int): int = x"),
    ('+', "test \"t\" { assert 1 == 1, \"one\" }"),
    ('+', "node type A { property p: string }\nselect s: A { where self.p == \"x\" }"),
    ('-', "workflow w() { try { wait 1s } catch { wait 2s } }"),
    ('-', "workflow w() { retry 3 { wait 1s } }"),
    // A mark in the place of another.
    ('+', "node type A { property v: int }\nnode a: A = { v = 3 }"),
    ('+', "node type A { property v: int }\nnode a: A for x in [1] = {\n  v = x\n}"),
    ('+', "node a: Root\ngroup g: Group = { members = [a] }"),
    (
        '+',
        "relationship type R extends DependsOn { property port: int }\nnode type A { requires h: Root via R }\nnode h: Root\nnode a: A { h -> h via R = { port = 3 } }",
    ),
    ('+', "node type A = { property v: int }\nnode a: A { v = 3 }"),
    ('+', "node type A { property v: int }\nnode a: A { v == 3 }"),
    ('+', "input a: int == 3\noutput o: int = a"),
    ('+', "output o: int == 3"),
    ('+', "node type A { property v: int == 3 }\nnode a: A"),
    ('+', "test \"t\" {\n  let a == 3\n  assert a == 3\n}"),
    ('+', "input a: int = 1\noutput o: bool = a <> 3"),
    ('+', "input a: int? = 1\noutput o: bool = a is null"),
    ('+', "input a: int? = 1\noutput o: bool = a is not null"),
    ('+', "input a: int = 1\noutput o: bool = a => 3"),
    ('+', "const a = { \"x\" => 1, y => 2 }"),
    ('+', "const a = { x => 1 for x in [\"a\"] }"),
    ('+', "input a: list<int> = [1]\noutput o: list<int> = a.map(x => x + 1)"),
    ('+', "input a: list<int> = [1]\noutput o: list<int> = a.filter(x -> x > 1)"),
    (
        '+',
        "input a: list<string> = []\noutput o: list<string> = map(a, x => replace(x, \")\", \"\"))",
    ),
    ('-', "input a: list<int> = [1]\noutput o: int = a.reduce(x => x + 1)"),
    ('+', "node type A { property v: int }\nnode a: A { v = 1 }\nnode b: A { v = a->v }"),
    // What is missing or misplaced in a form of several words.
    ('+', "node type A { property v: int }\nnode a A { v = 3 }"),
    ('+', "input a int = 1\noutput o: int = a"),
    ('+', "input a: int = 1\noutput o int = a"),
    ('+', "data type D { a int, b: int }\ninput d: D\noutput o: int = d.a + d.b"),
    ('+', "fn f(a int) -> int = a\noutput o: int = f(1)"),
    ('+', "fn f(a: int, b int) -> int = a + b\noutput o: int = f(1, 2)"),
    ('+', "fn f(a int, b: int) -> int = a + b\noutput o: int = f(1, 2)"),
    ('+', "input a: bool = true\noutput o: int = if (a) { 1 } else { 2 }"),
    ('+', "input a: int = 1\noutput o: int = if a > 1 { 1 } else if a == 1 { 2 } else { 3 }"),
    ('+', "input a: bool = true\noutput o: int = if a then { 1 } else { 2 }"),
    ('+', "input a: bool = true\noutput o: int = if a then 1 else { 2 }"),
    ('+', "input a: bool = true\noutput o: int = if a { 1 } else 2"),
    ('-', "input a: bool = true\noutput o: int = if a {\n  1\n} else {\n  2\n}"),
    ('+', "input a: bool = true\noutput o: int = if a: 1 else: 2"),
    ('+', "input a: bool = true\noutput o: int = if a 1 else 2"),
    ('-', "input a: bool = true\noutput o: int = if a then 1"),
    ('+', "input a: int = 1\noutput o: int = a + 1 if a > 1 else 2"),
    (
        '+',
        "node type A { property v: string }\nconst b = [{ x = \"a\" }]\nnode a: A for x in b if x.x != \"b\" by x.x { v = x.x }",
    ),
    ('-', "node a: Root\ngroup g: Group for x in [1] { members = [a] }"),
    (
        '+',
        "use std.schedule\nworkflow w(n: int) { wait 1s }\npolicy p: schedule.Cron {\n  cron = \"0 1 * * *\"\n  run = w { n = 3 }\n}",
    ),
    (
        '+',
        "use std.schedule\nworkflow w(n: int) { wait 1s }\npolicy p: schedule.Cron { cron = \"0 1 * * *\", run = w { n = 3 } }",
    ),
    (
        '+',
        "use std.schedule\nworkflow w(n: int) { wait 1s }\npolicy p: schedule.Cron {\n  cron = \"0 1 * * *\"\n  run = w {\n    n = 3\n  }\n}",
    ),
    ('-', "workflow w() {\n  let a = wait 1s\n}"),
    ('+', "node type A { requires b: Root?[1] }\nnode a: A"),
    ('+', "node type A { requires b: Root?[3] }\nnode b: Root for x in 1..3\nnode a: A { b -> b }"),
    ('-', "const a = 5mm"),
    ('+', "input a: int = 0x1F\noutput o: int = a"),
    ('+', "input a: float = 1e5\noutput o: float = a"),
    ('+', "input a: float = 1.5e-3\noutput o: float = a"),
    ('-', "const a = 1e400"),
    ('+', "input a: int = 1\routput o: int = a\r"),
    ('+', "// why\rinput a: int = 1\routput o: int = a\r"),
    // A block for `( )`, and texts without quotes.
    (
        '+',
        "interface type I { operation f(x: int, y: string) }\nnode type A { implements I, operation i.f = script(\"root.bp\") }\nnode a: A\nworkflow w() { call a.i.f(x = 3, y = \"b\") }",
    ),
    ('+', "workflow v() { wait 1s }\nworkflow w() { run v() }"),
    ('-', "workflow v(n: int) { wait 1s }\nworkflow w() { run v(3) }"),
    ('+', "workflow v(n: int) { wait 1s }\nworkflow w() {\n  v(n = 1)\n}"),
    ('-', "workflow v(n: int) { wait 1s }\nworkflow w() {\n  v(1)\n}"),
    ('+', "node type A { property m: \"fast\" | \"slow\" }\nnode n: A { m = fast }"),
    ('+', "node type A { operation lifecycle.create = script(root.bp) }\nnode a: A"),
    ('+', "const a = [1 2 3, 4]"),
    ('-', "const a = [\"a b\" \"c\"]"),
    ('+', "fn f(x: int) -> int { x }"),
    ('+', "fn f(x: int) -> int { return x + 1 }"),
    ('-', "fn f(x: int) -> int {\n  x\n}"),
    ('+', "const a: [int] = [1]"),
    ('-', "input s: string\nsecret t: string from \"db/${s}\""),
    // Names that stand for something else.
    ('+', "node type A {\n  property b: int\n  property a: int = this.b\n}\nnode n: A { b = 1 }"),
    ('+', "input a: int = 3 where a > 2"),
    ('+', "output o: int = 1\noutput p: int = o"),
    ('-', "output o: int = 1 + 1\noutput p: int = o * 2"),
    ('-', "const a = \"${undefined}\""),
    ('+', "const a: int? = undefined"),
    // What follows from another mistake is not told.
    ('-', "output o: bool = all(x, x > 0)"),
    ('+', "output o: bool = all([1, 2], x -> x > 0)"),
    (
        '-',
        "node type A { property x: string, property y: string }\nnode a: A { x = \"abc, y = \"d\" }",
    ),
    ('-', "node type A { property x: int }\nnode a: A\n  x = 1\n}"),
    ('-', "input n: int = 3\nnode type B { property x: int = n }\nnode b: B"),
    (
        '-',
        "node type A { property cpu: int, property mem: int }\nnode a: A {\n  cpu = max(1,\n  mem = 3\n}",
    ),
    ('-', "use std.fleet\nfoo g: fleet.Rollout { targets = [] }"),
    ('+', "use std.fleet\npolciy g: fleet.Rollout { targets = [a] }\nnode a: Root"),
    // A near name that is taken, or that can't stand there.
    ('-', "node type A { property storage: int }\nnode a: A {\n  storage = 1\n  storge = 2\n}"),
    ('+', "node type A { property storage: int }\nnode a: A { storge = 2 }"),
    (
        '-',
        "node type B\nnode type A { requires hosts: B[0..2] }\nnode b: B\nnode c: B\nnode a: A { hosts -> b, host -> c }",
    ),
    ('-', "data type D { one: int }\ninput d: D = { one = 1, onne = 2 }\noutput o: int = d.one"),
    ('-', "node a: Databse { name = \"x\" }"),
    ('-', "node a: db.Database { name = \"x\" }"),
    ('-', "node a: db.Blueprint"),
    ('-', "node a: Bluprint"),
    ('-', "node type A { property x: int }\nnode a: A { x = x }"),
    ('-', "node type A { property x: int = x }\nnode a: A"),
    ('+', "node type A { property x: int, property y: int = x }\nnode a: A { x = 1 }"),
    ('+', "input e: object = {}\noutput o: json = e"),
    ('-', "input e: array = [\"a\"]\noutput o: json = e"),
    ('+', "input e: array<string> = [\"a\"]\noutput o: json = e"),
    (
        '-',
        "input on: bool = true\nnode type A { capability ep: Endpoint { host = \"a\", port = 80 } }\nnode a: A if on\nexpose ep = a.ep",
    ),
    (
        '-',
        "input on: bool = true\nnode type A { capability ep: Endpoint { host = \"a\", port = 80 } }\nnode a: A if on\nexpose ep = a?.ep",
    ),
    (
        '-',
        "secret pw: string where length(self) >= 12 else \"not ${pw}\"\nnode type A { property p: secret string }\nnode a: A { p = pw }",
    ),
    ('+', "node type A { property n: int = 3 }\nnode a: A { set n = 4 }"),
    ('+', "node type A { property n: int = 3 }\nnode a: A {\n  set n = 4\n}"),
    ('+', "input x: string = \"a\"\noutput o: bool = x.startswith(\"a\")"),
    ('-', "input x: string = \"a\"\noutput o: bool = x.begins(\"a\")"),
    ('+', "input x: string = \"a\"\noutput o: bool = startswith(x, \"a\")"),
    // Forms that differ by a mark or a word.
    ('+', "input names: list(string) = [\"a\"]\noutput o: json = names"),
    ('+', "input names: set(string) = [\"a\"]\noutput o: json = names"),
    ('-', "input names: list(object({})) = [\"a\"]\noutput o: json = names"),
    ('-', "node type A\nnode a: A[3]"),
    ('+', "node type A { property n: int }\nnode a = A { n = 1 }"),
    ('+', "node type A { property n: int }\nnode a: A with { n = 1 }"),
    ('+', "node type A { property n: int }\nnode a: A(n = 1)"),
    ('+', "input my-name: string = \"a\""),
    ('-', "input my-name: string = \"a\"\noutput o: string = \"my-name\""),
    ('+', "input v: version = 1.2\noutput o: version = v"),
    ('+', "input v: version? = 1.20\noutput o: bool = v == \"1.20\""),
    ('+', "input v: version = 1.2.3\noutput o: version = v"),
    ('+', "input b: bool = yes\noutput o: bool = b"),
    ('-', "input x: string? = \"a\"\noutput o: string = x or \"b\""),
    ('+', "node type A\nnode a: A\nnode b: A { depends_on = [a] }"),
    ('-', "node type A\nnode b: A { depends_on = [\"a\"] }"),
    ('+', "node type A\nnode a: A\nnode b: A { depends_on -> a }"),
    (
        '+',
        "node type A { property x: int }\nnode a: A {\n  x = 5\n  lifecycle.create = script(\"root.bp\")\n}",
    ),
    ('-', "node type A { property x: int }\nnode a: A {\n  x = 5\n  x.y = 7\n}"),
    ('+', "node type A {\n  prop m: string\n}\nnode a: A { m = \"a\" }"),
    ('+', "input x: string = \"a\"\noutput o: string = \"${var.x}\""),
    ('+', "input x: string = \"a\"\noutput o: string = input.x"),
    ('-', "output o: string = local.x"),
    ('+', "input xs: list<string> = []\noutput o: int = xs.length"),
    ('+', "output o: int = [1].length"),
    ('+', "const d = 1h 30m\noutput o: duration = d"),
    ('+', "node type A {\n  n: string\n}\nnode a: A { n = \"a\" }"),
    ('+', "use std.kubernetes as k8s\nselect c: Cluster[0..]"),
    ('+', "use std.kubernetes\nselect c: k8s.Cluster[0..]"),
    ('+', "node tpe Peer { property x: int = 1 }\nnode p: Peer"),
    ('+', "node Server {\n  property n: int = 1\n}\nnode s: Server"),
    ('-', "input a: string where self =~ \"^a\"\noutput o: string = a"),
    ('-', "input b: int = 3 + \"x\"\noutput o: int = b"),
    ('-', "fn h(a, b) -> int = a + b\noutput o: int = h(1, 2)"),
    (
        '-',
        "fn f(a: list<int>) -> list<int> = [x + 1 for x in a]\noutput o: list<int> = f([1, \"x\"])",
    ),
    ('+', "data type E {\n  a: strin?\n  b: int\n}\ninput e: E = { b = 1 }\noutput o: int = e.b"),
    (
        '-',
        "const c = foo.bar\nnode type S { property n: int }\nnode t: S for x in c.list { n = x }\noutput o: int = t[\"a\"].n",
    ),
];

fn write(folder: &Path, files: &Files) {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn analysis(folder: &Path, files: &Files) -> Analysis {
    write(folder, files);
    Analysis::check(&folder.join(&files.last().unwrap().0))
}

fn told(diagnostics: &[Diagnostic]) -> Vec<String> {
    let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error);
    errors.map(|d| format!("{}: {}", d.code, d.message)).collect()
}

/// Applies each fix by itself. Gives how many there were, and what is wrong with them.
fn examine(files: &Files) -> (usize, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let before = analysis(folder.path(), files);
    let mut wrong = Vec::new();
    let mut count = 0;
    for diagnostic in before.diagnostics() {
        let Some(fix) = &diagnostic.fix else { continue };
        count += 1;
        let mended = common::mended(&before, files, fix);
        let folder = tempfile::tempdir().unwrap();
        let after = analysis(folder.path(), &mended);
        let mut left = told(before.diagnostics());
        if diagnostic.severity == Severity::Error {
            let own = format!("{}: {}", diagnostic.code, diagnostic.message);
            let at = left.iter().position(|one| *one == own).unwrap();
            left.remove(at);
        }
        let mut new = told(after.diagnostics());
        // A draft leaves a value open, and is refused until it is given.
        if fix.is_draft {
            let all = new.len();
            new.retain(|one| !one.starts_with("E1005: expected a value, found `…`"));
            assert!(new.len() < all, "what is left open is refused");
        }
        for one in new {
            match left.iter().position(|left| *left == one) {
                Some(at) => drop(left.remove(at)),
                None => wrong.push(format!(
                    "{}\n  {}: {}\n  `{}` gives\n{}\n  {one}",
                    files.last().unwrap().1,
                    diagnostic.code,
                    diagnostic.message,
                    fix.title,
                    mended.last().unwrap().1,
                )),
            }
        }
    }
    (count, wrong)
}

#[test]
fn fixes_of_these_mend() {
    let mut wrong = Vec::new();
    for (mark, text) in PROGRAMS {
        let files = vec![("root.bp".to_owned(), format!("{HEAD}{text}\n"))];
        let (count, found) = examine(&files);
        wrong.extend(found);
        if (count > 0) != (*mark == '+') {
            let folder = tempfile::tempdir().unwrap();
            let said = told(analysis(folder.path(), &files).diagnostics());
            wrong.push(format!("{text}\n  {mark}, but {count} fixes: {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn each_of_these_has_one_mistake() {
    for (_, text) in PROGRAMS {
        let files = vec![("root.bp".to_owned(), format!("{HEAD}{text}\n"))];
        let folder = tempfile::tempdir().unwrap();
        let said = told(analysis(folder.path(), &files).diagnostics());
        assert_eq!(said.len(), 1, "{text}\n{said:?}");
    }
}

#[test]
fn fixes_of_the_catalogue_mend() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for page in catalogue::pages() {
        for example in page.examples() {
            if example.run.is_some() || example.generate.is_some() {
                continue;
            }
            let (found, mistakes) = examine(&example.files);
            count += found;
            wrong.extend(mistakes.into_iter().map(|one| format!("{}: {one}", page.code)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(count > 40, "{count}");
}

#[test]
fn fixes_of_the_cases_mend() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases/reject");
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "bp") {
            let text = std::fs::read_to_string(&path).unwrap();
            wrong.extend(examine(&vec![("root.bp".to_owned(), text)]).1);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
