//! One mistake is told once, where it is, with what to do: programs of which more was told, or less.

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::Diagnostic;

use crate::common::placed;

const HEAD: &str = "blueprint x { version = \"1.0.0\" }\n";

/// What stands after a blueprint's head (line 1), what is said of it (`CODE LINE:COLUMN`), and words of the
/// help.
const MISTAKES: &[(&str, &str, &str)] = &[
    // What uses something that has a mistake repeats none.
    (
        "fn f(x: int, y: int = x + 1) -> int = x + y\nconst a = f(1)\noutput o: int = a",
        "E3001 2:23",
        "`x` is known in the body alone",
    ),
    ("fn f(x: int = nope) -> int = x + 1\noutput o: int = f()", "E3001 2:15", "declare it"),
    (
        "use std.drift\nnode type A\nnode n: A\ngroup g: Nope { members = [n] }\npolicy p: drift.Correct { targets = [g] }",
        "E2013 5:10",
        "`group type Nope { … }`",
    ),
    (
        "node type A {\n  implements Nope\n  operation nope.f = script(\"root.bp\")\n}\nnode n: A\nworkflow w() {\n  call n.nope.f { x = 1 }\n}",
        "E2013 3:14",
        "`interface type Nope { … }`",
    ),
    (
        "node type A {\n  implements Nope as other\n  operation other.f = script(\"root.bp\")\n}\nnode n: A\nworkflow w() { call n.other.f }",
        "E2013 3:14",
        "`interface type Nope { … }`",
    ),
    (
        "node type A { requires p: A[0..1] via Nope }\nnode n: A\noutput o: bool = n.p == null",
        "E2013 2:39",
        "`relationship type Nope { … }`",
    ),
    (
        "node type A { requires p: A[0..1] via Nope }\nnode n: A\nnode m: A { p -> n }",
        "E2013 2:39",
        "`relationship type Nope { … }`",
    ),
    (
        "node type A { property a: int }\nnode type A { property b: int }\nnode n: A { a = 1 }\nnode m: A { b = 1 }\noutput o: int = m.b",
        "E2006 3:11",
        "another name",
    ),
    // A name of which nobody can say what it stands for.
    (
        "node type T { property n: int }\ninput b: int = 1\nnode b: T { n = 1 }\noutput y: int = b.n",
        "E2006 4:6",
        "another name",
    ),
    (
        "use std.schedule\ninput schedule: int = 1\npolicy p: schedule.Cron { cron = \"0 2 * * *\", at = 3 }",
        "E2007 2:9",
        "other_schedule",
    ),
    ("fn count(x: int) -> int = x + 1\noutput x: int = count(3)", "E4035 2:4", "own_count"),
    (
        "node type T { property n: int }\ninput self: int = 1\nnode b: T { n = self }",
        "E1014 3:7",
        "`self_`",
    ),
    (
        "node type T {\n  property n: int\n  requires n: T[0..1]\n}\nnode h: T { n = 1 }\nnode b: T {\n  n = 1\n  n -> h\n}",
        "E2016 4:12",
        "",
    ),
    (
        "node type H\nnode type T { requires n: list<H> }\nnode h: H\nnode b: T { n -> h }",
        "E4006 3:27",
        "",
    ),
    (
        "node type A { operation upkeep.run = script(\"root.bp\") }\nnode n: A\nworkflow w() { call n.upkeep.run }",
        "E7011 2:25",
        "",
    ),
    // What is meant can be said.
    (
        "node type T { property n: int = 1 }\nnode core: T for x in 1..3\noutput o: int = core[*][0].n",
        "E3017 4:21",
        "`(xs[*])[0]`",
    ),
    (
        "data type Login { user: string, pass: secret string }\nnode type T { property p: Login, property j: json? }\nsecret pw: string\nnode d: T { p = { user = \"a\", pass = pw } }\nnode e: T { p = { user = \"a\", pass = pw }, j = d.p }",
        "E3021 6:48",
        "`secret json`",
    ),
    (
        "policy p: std.schedule.Cron { cron = \"0 2 * * *\" }",
        "E2013 2:11",
        "add `use std.schedule`, and write `schedule.Cron`",
    ),
    // Rings through what there is.
    (
        "use std.kubernetes as k8s\ninput n: int = count(r)\nselect r: k8s.Cluster[1..] { count = n }\noutput o: int = count(r)",
        "E2019 3:7",
        "`n` needs `r` needs `n`",
    ),
    (
        "use std.kubernetes as k8s\ninput n: int = count(r)\nconst m = n + 1\nselect r: k8s.Cluster[1..] { spread = { by = self.labels.region, max = m } }\noutput o: int = count(r)",
        "E2019 3:7",
        "`n` needs `r` needs `n`",
    ),
    (
        "use std.kubernetes as k8s\nselect a: k8s.Cluster[1..] { count = count(b) }\nselect b: k8s.Cluster[1..] { where = self.labels.n == \"${count(a)}\" }",
        "E2019 3:8",
        "`a` needs `b` needs `a`",
    ),
    // Of a choice: what the one that requires, or a candidate, has late.
    (
        "node type H {\n  property n: int\n  attribute a: string\n}\nnode type W {\n  property k: int\n  requires h: H where self.n == source.k\n}\nnode h: H { n = 1 }\nnode w: W {\n  k = length(h.a)\n  h -> H\n}",
        "E4016 13:8",
        "use an input",
    ),
    (
        "capability type C { property p: string }\nnode type H {\n  attribute a: string\n  capability c: C { p = self.a }\n}\nnode type V { requires h: H where self.c.p == \"x\" }\nnode h: H\nnode v: V { h -> H }",
        "E4016 9:18",
        "use an input",
    ),
    (
        "node type H {\n  property n: int\n  attribute a: string\n}\nnode type W { requires h: H }\nnode h: H { n = 1 }\nnode i: H { n = length(h.a) }\nnode w: W { h -> H where self.n == 3 }",
        "E4016 9:18",
        "use an input",
    ),
    // What uses something of which nothing is known has no mistake of its own.
    (
        "use std.kubernetes as k8s\nselect retail: k8s.Cluster[1..]\nnode web: k8s.Deployment for cluster in retial {\n  name     = \"web\"\n  image    = \"nginx:1.27\"\n  replicas = if cluster.labels?.size == \"large\" then 4 else 2\n  host -> cluster\n}",
        "E3001 4:41",
        "`retail`",
    ),
    (
        "node type N { property z: string }\ninput zones: list<string> = [\"a\"]\nnode m: N for zone in zoness { z = zone }\noutput zs: list<string> = m[*].z",
        "E3001 4:23",
        "`zones`",
    ),
    (
        "use \"./nope.bp\" as s\ncapability type Sql { property port: int }\nnode type App {\n  requires database: Sql via s.Reads\n  property port: int = self.database.port\n  implements s.Ops\n  operation ops.scale = script(\"root.bp\")\n  capability c: s.C { port = 3 }\n}\nnode app: App\noutput o: int = app.c.port",
        "E2002 2:5",
        "relative to this file",
    ),
    (
        "use \"./nope.bp\" as s\ngroup type G {\n  members: s.M[1..]\n  check all(m in self.members, m.zone == \"a\")\n}",
        "E2002 2:5",
        "relative to this file",
    ),
    (
        "interface type Messages { operation send() }\nnode type A {\n  implements Messagess\n  operation messages.send = script(\"root.bp\")\n}\nnode n: A",
        "E2013 4:14",
        "`Messages`",
    ),
    (
        "interface type Messages { operation send() }\nnode type A {\n  implements Messages\n  operation messages.sned = script(\"root.bp\")\n}\nnode n: A\nworkflow w() { call n.messages.send }",
        "E7012 5:22",
        "`send`",
    ),
    (
        "inpt size: string = \"large\"\noutput y: string = \"${size}\"\noutput z: string = size",
        "E1001 2:1",
        "`input`",
    ),
    (
        "node type M\nnode type App {\n  property weights: map<int> = }\n  requires machine: M\n}\nnode machine: M\nnode app: App { machine -> machine }",
        "E1005 4:32",
        "write a value",
    ),
    (
        "capability type C\nnode type N { capability c: C }\nnode n: N\nexpose url = n.c\noutput url: string = \"x\"",
        "E2016 6:8",
        "another name",
    ),
    (
        "node type N\nnode type A { requires two: N[2] }\nnode n: N\nnode b: A { two -> [n, n] }",
        "E4009 5:20",
        "",
    ),
    // A fix leads to no other mistake.
    (
        "node type N { property replicas: int = 1 }\nnode b: N { replicas = replicas * 2 }",
        "E3001 3:24",
        "it would be itself",
    ),
    (
        "node type M\nnode type N { requires machine: M }\nnode a: N { machine -> machine }",
        "E3001 4:24",
        "declare a node `machine`",
    ),
    ("input n: int\noutput a: int = div(n, 0)", "E3022 3:17", "test the divisor"),
    ("input n: int\noutput b: int = mod(n, 0)", "E3022 3:17", "test the divisor"),
    // What other languages write.
    ("input b: int = 1\noutput a: int = ${b}", "E1007 3:17", "write `b`"),
    ("output a: string = `abc`", "E1007 2:20", "between `\"`"),
    ("output a: string = <<EOF\nhello\nEOF\noutput b: int = 1", "E1007 2:20", "\"\"\""),
    ("output a: int = 2 ** 3", "E1007 2:19", "no power"),
    (
        "input n: int = 1\noutput a: int = n++\noutput b: int = n",
        "E1007 3:18",
        "`let next = x + 1`",
    ),
    (
        "input n: int = 1\noutput a: int = n--\noutput b: int = n",
        "E1007 3:18",
        "`let next = x + 1`",
    ),
    ("output a: int = 1 << 3", "E1007 2:19", "not shifted"),
    // Texts and paths without quotes.
    (
        "node type A { property m: \"fast\" | \"slow\" }\nnode n: A { m = fast }",
        "E3001 3:17",
        "write `\"fast\"`",
    ),
    ("input m: (\"fast\" | \"slow\")? = fast", "E1007 2:10", "leave them out"),
    ("input m: \"fast\" | \"slow\" = fast\noutput o: string = m", "E3001 2:28", "write `\"fast\"`"),
    (
        "node type A { operation lifecycle.create = script(a.sh) }\nnode n: A",
        "E3001 2:51",
        "write `\"a.sh\"`",
    ),
    (
        "node type A { operation lifecycle.create = script(a.sh) }\nnode a: A",
        "E3001 2:51",
        "write `\"a.sh\"`",
    ),
    (
        "node type A { operation lifecycle.create = script(scripts/a-b.sh) }\nnode n: A",
        "E3001 2:51",
        "write `\"scripts/a-b.sh\"`",
    ),
    // Names that stand for something else, or elsewhere.
    (
        "node type A {\n  property b: int\n  property a: int = this.b\n}\nnode n: A { b = 1 }",
        "E3001 4:21",
        "write `self`",
    ),
    ("output o: int = 1\noutput p: int = o", "E3001 3:17", "name what it gives: `1`"),
    (
        "output o: int = 1 + 1\noutput p: int = o",
        "E3001 3:17",
        "a `const` gives it a name for both",
    ),
    (
        "node type A {\n  property lo: int\n  property hi: int where self > lo\n}\nnode n: A { lo = 1, hi = 2 }",
        "E3001 4:33",
        "`check self.hi > self.lo`",
    ),
    (
        "data type D {\n  lo: list<int>\n  hi: int where self > count(lo) and self < 9\n}\ninput d: D\noutput o: int = d.hi",
        "E3001 4:30",
        "`check self.hi > count(self.lo) and self.hi < 9`",
    ),
    ("const a = \"${undefined}\"", "E3001 2:14", "can't stand here"),
    ("input a: int = undefined\noutput o: int = a", "E3001 2:16", "can't stand here"),
    ("input a: int? = undefined\noutput o: int? = a", "E3001 2:17", "write `null`"),
    (
        "node type A { property s: string, property t: string = \"\" }\noutput o: string = n.t\nnode n: A { s = o }",
        "E3001 4:17",
        "a `const` gives it a name for both",
    ),
    (
        "const cfg = { path = \"root.bp\" }\noutput o: string = read(cfg.pth)",
        "E3003 3:29",
        "it has `path`",
    ),
    // In a `where`, what it is about is `self`.
    ("input a: int = 3 where a > 2\noutput o: int = a", "E3049 2:24", "write `self`"),
    ("const a: int = 3 where a > 2\noutput o: int = a", "E3049 2:24", "write `self`"),
    ("secret s: string where length(s) > 3", "E3049 2:31", "write `self`"),
    ("fn f(x: int where x > 0) -> int = x\noutput o: int = f(1)", "E3049 2:19", "write `self`"),
    ("workflow w(n: int where n > 0) { wait 1s }", "E3049 2:25", "write `self`"),
    (
        "interface type I { operation f(n: int where n > 0) }\nnode type A { implements I, operation i.f = script(\"root.bp\") }\nnode a: A",
        "E3049 2:45",
        "write `self`",
    ),
    (
        "node type A { property p: int where p > 2 }\nnode a: A { p = 3 }",
        "E3049 2:37",
        "write `self`",
    ),
    // A binder may not have the name either: that is told of it alone.
    (
        "input a: list<int> = [1] where all(a in self, a > 0)\noutput o: int = a[0]",
        "E3032 2:36",
        "another name",
    ),
    // Operations and workflows have blocks.
    (
        "interface type I { operation f(x: int) }\nnode type A { implements I, operation i.f = script(\"root.bp\") }\nnode a: A\nworkflow w() {\n  call a.i.f(x = 3)\n}",
        "E1007 6:13",
        "write `call a.i.f { x = 3 }`",
    ),
    (
        "interface type I { operation f(x: int) }\nnode type A { implements I, operation i.f = script(\"root.bp\") }\nnode a: A\nworkflow w() { call a.i.f(3) }",
        "E1007 5:26",
        "write `call a.i.f { name = value }`",
    ),
    ("workflow v() { wait 1s }\nworkflow w() {\n  v()\n}", "E1007 4:4", "write `run v`"),
    (
        "workflow v(n: int) { wait 1s }\nworkflow w() {\n  v(n = 1)\n}",
        "E1007 4:4",
        "write `run v { n = 1 }`",
    ),
    (
        "workflow v(n: int) { wait 1s }\nworkflow w() { run v(3) }",
        "E1007 3:21",
        "write `run v { name = value }`",
    ),
    ("node type A\nnode a: A { labels { tier = \"x\" } }", "E1007 3:20", "`labels = { … }`"),
    (
        "node type H\ngroup type Site { members: H[1..] }\nnode type A { property s: list<Site> = [] }\nnode a: A",
        "E3029 4:32",
        "name a node type",
    ),
    // What nobody makes is of the inventory.
    (
        "node type A { attribute name: string }\nnode type B { requires a: A }\nnode b: B",
        "E4008 4:6",
        "`select all: A[1..]`, and `for x in all { a -> x }`",
    ),
    (
        "node type A { property name: string, attribute x: int }\nnode type B { requires a: A }\nnode b: B",
        "E4008 4:6",
        "add a node of type `A`",
    ),
    // What is said of a form.
    (
        "input s: map<{ a: int }> = {}\noutput o: int = count(s)",
        "E1007 2:14",
        "`data type Name { field: type }`",
    ),
    ("output o: list<int> = sort([2, 1], -n)", "E3009 2:23", "`sort(x in xs, by: K = x)"),
    (
        "workflow w(xs: list<int>) {\n  for x in xs if x > 1 { wait 1s }\n}",
        "E1001 3:15",
        "`for x in xs { if c { … } }`",
    ),
    (
        "input a: int where self > 5 = 9\noutput o: int = a",
        "E1007 2:29",
        "`name: type = value where",
    ),
    (
        "const a: int where self > 5 = 9\noutput o: int = a",
        "E1007 2:29",
        "`name: type = value where",
    ),
    (
        "node type A { property p: string where matches(self, \"a\") = \"a\" }\nnode a: A",
        "E1007 2:59",
        "`name: type = value where",
    ),
    ("input a: int where self = 9\noutput o: int = a", "E1007 2:25", "write `==`"),
    ("const a = [1 2]\noutput o: list<int> = a", "E1001 2:14", "by commas"),
    ("fn f(x: int) -> int { x }\noutput o: int = f(1)", "E1007 2:21", "-> type = value`"),
    ("fn f(x: int) -> int {\n  x\n}\noutput o: int = f(1)", "E1007 2:21", "-> type = value`"),
    (
        "node type A { property a: int }\nnode n: A {\n  a = 1\n  a = 2\n}",
        "E4003 5:3",
        "remove one",
    ),
    ("input s: string\nsecret t: string from \"db/${s}\"", "E1001 3:23", "the whole name"),
    ("node type A\nnode a A", "E1001 3:8", "write `a: A`"),
    ("input a: bool = true\noutput o: int = if a then 1", "E1001 3:28", "then a else b`"),
    (
        "node type A\nnode a: A for x in [{ k = 1 }] if x.k > 1 by x.k",
        "E1007 3:43",
        "`for x in xs by key if p`",
    ),
    ("node a: Root\ngroup g: Group for x in [1] { members = [a] }", "E1007 3:16", "all instances"),
    ("workflow w() {\n  let a = wait 1s\n}", "E1007 3:11", "only `call` and `run`"),
    ("const a = 5mm", "E1009 2:11", "`m`, `ms`"),
    (
        "data type D { \"x-y\": int }\ninput d: D\noutput o: int = d[\"x-y\"]",
        "E3017 4:17",
        "`.\"x-y\"`",
    ),
    ("data type D { x: int }\ninput d: D\noutput o: int = d[\"x\"]", "E3017 4:17", "`.x`"),
    ("node type A { requires b: Root?[1] }\nnode a: A", "E1025 2:32", "write `Root?`"),
    ("node type A\nnode a: A = { }", "E1007 3:11", "remove the `=`"),
    ("output o: int == 3", "E1007 2:15", "write `=`"),
    (
        "input a: list<int> = [1]\noutput o: list<int> = a.map(x => x + 1)",
        "E1007 3:31",
        "write `[x + 1 for x in a]`",
    ),
    (
        "input a: list<int> = [1]\noutput o: bool = some(a, x => x > 1)",
        "E1007 3:28",
        "write `any(x in a, x > 1)`",
    ),
    (
        "input a: list<int> = [1]\noutput o: int = a.reduce(x => x + 1)",
        "E1007 3:28",
        "bind a name over",
    ),
    ("const a: [int] = [1]\noutput o: list<int> = a", "E1007 2:10", "write `list<int>`"),
    // What is taken, or can't be.
    (
        "node type A { property storage: int }\nnode a: A { storage = 1, storge = 2 }",
        "E4001 3:26",
        "if `storage` is meant, remove one of the two",
    ),
    (
        "node type B\nnode type A { requires hosts: B[0..2] }\nnode b: B\nnode a: A { hosts -> b, host -> b }",
        "E4005 5:25",
        "name all of its targets there",
    ),
    (
        "node a: Databse { name = \"x\" }",
        "E2013 2:9",
        "It is abstract: take a type that extends it",
    ),
    ("node a: db.Database { name = \"x\" }", "E2013 2:9", "bring it in: `use \"./db.bp\" as db`"),
    ("use std.kubernetes as k8s\nnode a: k8s.Gadget", "E2013 3:9", "`k8s` has "),
    ("node type A { property x: int }\nnode a: A { x = x }", "E3001 3:17", "it would be itself"),
    (
        "input on: bool = true\nnode type A { capability ep: Endpoint { host = \"a\", port = 80 } }\nnode a: A if on\nexpose ep = a.ep",
        "E4044 5:13",
        "a node that is always there",
    ),
    (
        "secret pw: string where length(self) > 3 else \"not ${pw}\"\nnode type A { property p: secret string }\nnode a: A { p = pw }",
        "E3021 2:54",
        "without the value",
    ),
    ("input e: dict = {}\noutput o: json = e", "E3029 2:10", "write `map<string>`"),
    // Forms of other languages.
    ("input names: list(string) = []", "E1007 2:14", "write `list<string>`"),
    ("node type A\nnode a: A[3]", "E1007 3:10", "`node a: A for i in 1..3 { … }`"),
    ("node web-1: Root", "E1007 2:6", "write `web_1`"),
    (
        "node type A {\n  property n: int\n}\nnode a: A {\n  n = 1\n  c.port = 7\n}",
        "E1007 7:3",
        "write `c = { port = … }`",
    ),
    (
        "relationship type R extends DependsOn { property path: string }\nnode type V { requires h: Root via R }\nnode h: Root\nnode v: V { h -> h { path = \"/x\" } }",
        "E1007 5:20",
        "`h -> h via Relationship { … }`",
    ),
    (
        "const a = [[i, j] for i in 1..2 for j in 1..2]\noutput o: json = a",
        "E1007 2:33",
        "`flatten([[f(x, y) for y in ys] for x in xs])`",
    ),
    ("locals {\n  x = 1\n}", "E1007 2:1", "write `const name = value`"),
    ("output o: string = \"${var.x}\"", "E3001 2:23", "write `x`, and declare it"),
    ("output o: string = now()", "E3008 2:20", "has no clock"),
    ("output o: string = x.foo(1)", "E3008 2:20", "`foo(x, …)`"),
    (
        "node Server {\n  property n: int = 1\n}\nnode s: Server",
        "E1007 2:1",
        "write `node type Server",
    ),
    ("node tpe Peer\nnode p: Peer", "E1001 2:6", "write `type`"),
    ("input a: string where self =~ \"^a\"", "E1007 2:28", "`matches(text, r\"…\")`"),
    ("fn h(a, b) -> int = a + b\noutput o: int = h(1, 2)", "E1007 2:6", "`a: int`"),
    ("input n: int = 1\ndata type D { x: int = n }", "E4016 3:24", "use a constant"),
    // Values of other types.
    ("input b: int = 3 + \"x\"", "E3005 2:16", "convert a text"),
    ("input x: string? = null\noutput p: string = x or \"b\"", "E3002 3:20", "write `x ?? \"b\"`"),
    (
        "input n: int = 1\noutput p: percent = 10% * n",
        "E3002 3:21",
        "no number becomes a percentage",
    ),
    ("input n: int = 1\noutput p: duration = n", "E3002 3:22", "multiply it by a unit"),
    (
        "use std.kubernetes as k8s\nselect c: k8s.Cluster[0..] { where = self.version > 1.20 }\noutput n: int = count(c)",
        "E3015 3:51",
        "stands between quotes",
    ),
    (
        "node type A { property n: int }\nnode a: A for i in range(3) { n = i }\noutput x: int = a[0].n",
        "E3009 3:20",
        "range(from",
    ),
    // Steps at the same time.
    (
        "workflow w() -> int { return 3 }\nworkflow v() {\n  parallel {\n    let q = run w\n    wait q * 1s\n  }\n}",
        "E3001 6:10",
        "steps of a `parallel` see nothing of each other",
    ),
];

#[test]
fn a_version_whose_name_is_misspelt_is_one_mistake() {
    let (analysis, _folder) =
        package(&[("root.bp", "blueprint x { versio = \"1.0.0\" }\noutput o: int = 3\n")]);
    assert_eq!(said(&analysis), ["E2018 1:15"]);
}

#[test]
fn a_module_is_told_from_its_blueprint() {
    let store = "abstract node type Store { property size: size }\n";
    let small = "blueprint small substitutes store.Store { version = \"1.0.0\" }\nuse \"./store.bp\" as store\ninput size: size\n";
    let root = format!(
        "{HEAD}use \"./store.bp\" as store\nuse \"./small.bp\" as small\nnode a: store.Store using small {{ size = 2GiB }}\n"
    );
    let files = [("store.bp", store), ("small.bp", small), ("root.bp", &root)];
    let (analysis, _folder) = package(&files);
    assert_eq!(said(&analysis), ["E2013 4:27"], "{:#?}", analysis.diagnostics());
    let fix = analysis.diagnostics().iter().find_map(|told| told.fix.as_ref());
    assert_eq!(fix.unwrap().title, "write `small.Blueprint`");
}

fn package(files: &[(&str, &str)]) -> (Analysis, tempfile::TempDir) {
    let folder = crate::common::folder(files);
    let root = folder.path().join(files.last().unwrap().0);
    (Analysis::check(&root), folder)
}

/// All errors.
fn said(analysis: &Analysis) -> Vec<String> {
    let errors = analysis.diagnostics().iter().filter(|one| one.code.starts_with('E'));
    errors.map(|one| placed(analysis, one)).collect()
}

#[test]
fn one_mistake_is_told_once_with_what_to_do() {
    let mut wrong = Vec::new();
    for (text, expected, words) in MISTAKES {
        let (analysis, _folder) = package(&[("root.bp", &format!("{HEAD}{text}\n"))]);
        let found = said(&analysis);
        let mut errors = analysis.diagnostics().iter().filter(|one| one.code.starts_with('E'));
        let help = errors.next().and_then(|one: &Diagnostic| one.help.clone());
        let help = help.unwrap_or_default();
        if found != [*expected] || !help.contains(words) {
            wrong.push(format!("{text}\n  {expected}: {words}\n  {found:?}: {help}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_is_missed_for_another_reason_is_told() {
    for (text, expected) in [
        (
            "node type A { requires p: A[0..1] via Nope }\nnode n: A\noutput o: bool = n.q == null",
            vec!["E2013 2:39", "E3003 4:20"],
        ),
        (
            "node type A { implements Nope }\nnode type B\nnode b: B\nworkflow w() { call b.other.f }",
            vec!["E2013 2:26", "E7048 5:23"],
        ),
        (
            "node type A\nnode type A\nnode type B\nnode b: B { x = 1 }",
            vec!["E2006 3:11", "E4001 5:13"],
        ),
        (
            "fn f(x: int = nope) -> int = x\noutput o: int = f(\"a\")",
            vec!["E3001 2:15", "E3002 3:19"],
        ),
    ] {
        let (analysis, _folder) = package(&[("root.bp", &format!("{HEAD}{text}\n"))]);
        assert_eq!(said(&analysis), expected, "{text}");
    }
}

#[test]
fn what_a_blueprint_exposes_of_what_may_be_unset_is_told_there() {
    let module = "blueprint s { version = \"1.0.0\" }\ncapability type Sql\nnode type Db { capability sql: Sql }\ninput on: bool = true\nnode s: Db if on\nexpose sql = s.sql\n";
    let root = format!(
        "{HEAD}use \"./store.bp\" as store\nnode type C {{ requires sql: store.Sql }}\nnode b: store.Blueprint\nnode c: C {{ sql -> b.sql }}\n"
    );
    let (analysis, _folder) = package(&[("store.bp", module), ("root.bp", &root)]);
    let codes: Vec<&str> = analysis.diagnostics().iter().map(|one| one.code).collect();
    assert_eq!(codes, ["E4044"], "{:#?}", analysis.diagnostics());
}

#[test]
fn a_package_under_another_name_is_told_once() {
    let (analysis, _folder) = package(&[
        ("acme/bp.toml", "[package]\nname = \"acme\"\nversion = \"1.0.0\"\n"),
        ("acme/telco.bp", "node type Antenna\n"),
        ("acme/sites.bp", "node type Site\n"),
        (
            "shop/bp.toml",
            "[package]\nname = \"shop\"\nversion = \"1.0.0\"\n\n[dependencies]\namce = { path = \"../acme\" }\n",
        ),
        ("shop/sites.yaml", "elements:\n  - name: mast\n    type: acme.telco.Antenna\n"),
        (
            "shop/shop.bp",
            "blueprint shop { version = \"1.0.0\" }\nuse acme.telco\nuse acme.sites as places\nselect masts: telco.Antenna[0..]\nnode site: places.Site\ntest \"one\" {\n  inventory = file(\"sites.yaml\")\n  assert 1 == 1\n}\n",
        ),
    ]);
    let codes: Vec<&str> = analysis.diagnostics().iter().map(|one| one.code).collect();
    assert_eq!(codes, ["E6008"], "{:#?}", analysis.diagnostics());
}

#[test]
fn a_misspelt_part_of_a_package_s_file_is_told_once() {
    for manifest in [
        "[pakage]\nname = \"app\"\nversion = \"1.0.0\"\n",
        "[package]\nnam = \"app\"\nversion = \"1.0.0\"\n",
        "[package]\nname = \"app\"\nverison = \"1.0.0\"\n",
    ] {
        let (analysis, _folder) = package(&[("bp.toml", manifest), ("root.bp", HEAD)]);
        let codes: Vec<&str> = analysis.diagnostics().iter().map(|one| one.code).collect();
        assert_eq!(codes, ["E6005"], "{manifest}: {:#?}", analysis.diagnostics());
    }
}

#[test]
fn a_record_with_secret_parts_goes_where_open_data_is_secret() {
    let text = "data type Login { user: string, pass: secret string }\nnode type T { property p: Login, property j: secret json? }\nsecret pw: string\nnode d: T { p = { user = \"a\", pass = pw } }\nnode e: T { p = { user = \"a\", pass = pw }, j = d.p }";
    let (analysis, _folder) = package(&[("root.bp", &format!("{HEAD}{text}\n"))]);
    assert_eq!(said(&analysis), Vec::<String>::new());
}

#[test]
fn what_only_another_blueprint_reads_is_no_near_name() {
    let inner = "blueprint inner { version = \"1.0.0\" }\ninput mode: string = \"a\"\noutput x: string = mode\n";
    let root =
        format!("{HEAD}use \"./inner.bp\" as pg\nnode b: pg.Blueprint\noutput o: string = mode\n");
    let (analysis, _folder) = package(&[("inner.bp", inner), ("root.bp", &root)]);
    let [told] = analysis.diagnostics() else { panic!("{:#?}", analysis.diagnostics()) };
    assert_eq!((told.code, told.fix.is_none()), ("E3001", true), "{told:#?}");
}

#[test]
fn an_instance_that_is_listed_twice_is_told() {
    let text = "node type N\nnode type A { requires two: N[1..2] }\nnode ns: N for x in [1]\nnode a: A { two -> [ns[\"1\"], ns[\"1\"]] }";
    let (analysis, _folder) = package(&[("root.bp", &format!("{HEAD}{text}\n"))]);
    let codes: Vec<&str> = analysis.diagnostics().iter().map(|one| one.code).collect();
    assert_eq!(codes, ["W5005"], "{:#?}", analysis.diagnostics());
}

#[test]
fn an_attribute_that_nobody_tells_is_warned_of_where_it_is_read() {
    let of = |kept: &str, read: &str| {
        format!("{HEAD}node type Db {{ attribute at: string{kept} }}\nnode d: Db\n{read}\n")
    };
    let said = |text: &str| {
        let (analysis, _folder) = package(&[("root.bp", text)]);
        analysis.diagnostics().iter().map(|one| placed(&analysis, one)).collect::<Vec<_>>()
    };
    assert_eq!(said(&of("", "output o: string = d.at")), ["W7027 4:20"]);
    assert_eq!(said(&of("", "const c = d.at\noutput o: string = c")), ["W7027 5:20"]);
    let property = "node type App { property a: string }\nnode e: App { a = \"${d.at}/x\" }";
    assert_eq!(said(&of("", property)), ["W7027 5:19"]);
    let kept = said(&of(", provider = \"noop\"", "output o: string = d.at"));
    assert_eq!(kept, Vec::<String>::new());
}
