//! Mistakes of names, types' bodies, nodes and files: each gives one error, at its place; every code
//! has a test.

use std::collections::BTreeSet;
use std::path::Path;

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::{Diagnostic, Severity};

use crate::common::placed;

const HEAD: &str = "blueprint x { version = \"1.0.0\" }\n";

/// What stands after a blueprint's head (line 1), and what is said: `CODE LINE:COLUMN`.
const MISTAKES: &[(&str, &str)] = &[
    // Names.
    ("use std.kubernets", "E2001 2:5"),
    ("use \"./gone.bp\"", "E2002 2:5"),
    ("use \"../gone.bp\"", "E2003 2:5"),
    ("const a = 1\nconst a = 2", "E2006 3:7"),
    ("node type T\nnode type T", "E2006 3:11"),
    ("fn f() -> int = 1\nfn f() -> int = 2", "E2006 3:4"),
    ("output a: int = 1\noutput a: int = 2", "E2006 3:8"),
    ("const k8s = 1\nuse std.kubernetes as k8s\noutput o: int = k8s", "E2007 3:23"),
    ("use std.kubernetes { Depolyment }", "E2008 2:22"),
    ("use std.kubernetes as k8s", "W2009 2:23"),
    ("blueprint y { version = \"1.0.0\" }", "E2011 2:11"),
    ("blueprint y { name = \"x\" }", "E2011 2:11"),
    ("node a: Compue", "E2013 2:9"),
    ("node a: Deployment", "E2013 2:9"),
    // What a type has beside its own members, nobody can say where what it extends is not known.
    (
        "node type T extends Gone { property a: int, fixed b = 1, operation lifecycle.create = script(\"root.bp\") }\nnode b: Root\nnode t: T { a = 1, c = 2, up -> b, sql = { port = 1 } }\nnode u: T { a = t.made, after -> t }\nworkflow w() { call t.more.go { x = 1 } }\noutput o: int = u.up.rank",
        "E2013 2:21",
    ),
    ("node type T extends Gone { property a: int }\nnode t: T { a = 1, c = 2 }", "E2013 2:21"),
    (
        "node type A { property m: int = 1 }\nnode type B extends Gone\nnode type C extends B\nnode type R { requires a: A }\nnode c: C { m = 3 }\nnode r: R { a -> c }",
        "E2013 3:21",
    ),
    (
        "data type D extends Gone { a: int = 1 }\nnode type T { property d: D }\nnode t: T { d = { b = 2 } }\noutput o: int = t.d.b",
        "E2013 2:21",
    ),
    (
        "relationship type R extends Gone { property lag: int = 1 }\nnode type T { requires up: Root via R }\nnode b: Root\nnode t: T { up -> b via R { other = 2 } }",
        "E2013 2:29",
    ),
    (
        "policy type P extends Gone { targets: Root[1..] }\nnode b: Root\npolicy p: P { targets = [b], waves = [1] }",
        "E2013 2:23",
    ),
    (
        "node type A extends B { property a: int = 1 }\nnode type B extends A\nnode a: A { b = 1 }\noutput o: int = a.c",
        "E2015 2:21",
    ),
    ("policy a: Compute", "E2014 2:11"),
    ("node type A extends B\nnode type B extends A", "E2015 2:21"),
    ("node type A { property a: int = 1, property a: int = 2 }", "E2016 2:45"),
    ("data type D {\n  a: int\n  a: int\n}", "E2016 4:3"),
    ("data type D { requires a: Compute }", "E2017 2:15"),
    ("node type T { prvider = \"noop\" }", "E2018 2:15"),
    ("select s: Compute[0..] { wher = true }", "E2018 2:26"),
    ("const a = b\nconst b = a", "E2019 2:7"),
    ("fn f() -> int = g()\nfn g() -> int = f()", "E2020 2:4"),
    ("const x = f(1)\nfn f(x: int) -> int = x", "E3032 3:6"),
    // What meets a requirement, and hangs on itself.
    (
        "node type Host { property zone: string }\nnode type App {\n  property zone: string = self.host.zone\n  requires host: Host via HostedOn\n}\nnode h1: Host { zone = \"a\" }\nnode app: App { host -> Host where self.zone == source.host.zone }",
        "E4015 8:25",
    ),
    (
        "node type Host { property zone: string }\nnode type App {\n  property zone: string = self.host.zone\n  requires host: Host via HostedOn\n}\nnode h1: Host { zone = \"a\" }\nnode app: App { host -> Host where self.zone == source.zone }",
        "E4015 4:12",
    ),
    (
        "node type Host { property zone: string }\nnode type App {\n  property zone: string = self.host.zone\n  requires host: Host via HostedOn\n}\nnode h1: Host { zone = \"a\" }\nnode p: App { host -> Host where self.zone == q.host.zone }\nnode q: App { host -> Host where self.zone == p.zone }",
        "E4015 4:12",
    ),
    // One mistake is one error.
    ("input d: duration = 5m where self in 1m..1h\noutput o: duration = d", "E3002 2:38"),
    (
        "node type S { property x: int }\nnode type B extends S { fixed x = 3 }\nnode type C extends B { property x: int where self > 5 }",
        "E4004 4:34",
    ),
    ("secret s: string\nnode type T\nnode t: T for x in [{ k = s }] by x.k", "E3020 4:35"),
    (
        "secret s: string\nnode type T\nnode t: T for x in [{ k = s, n = \"a\" }] by x.n",
        "E4016 4:20",
    ),
    ("node type T\n@was(\"\")\nnode t: T", "E4039 3:1"),
    ("const x: secret string = \"abc\"", "E3046 2:26"),
    ("const x: map<secret string> = { a = \"abc\" }", "E3046 2:31"),
    ("fn f(x: int = 3, y: int) -> int = x + y\noutput o: int = f(1)", "E3052 2:18"),
    ("input xs: list<int> = [1, 2]\noutput o: int = xs[-1]", "E3024 3:20"),
    ("input xs: list<int> = [1, 2]\noutput o: int = xs?[-1] ?? 0", "E3024 3:21"),
    ("node type B\nnode type A { property b: B? }\nnode b: B\nnode a: A { b = b }", "E3053 3:27"),
    ("node type B\nnode type A { attribute b: list<B> }\nnode a: A", "E3053 3:28"),
    ("node type B\ninterface type I { operation o(x: B) }\nnode b: B", "E3053 3:35"),
    ("data type D { inner: D }", "E2021 2:22"),
    ("node type T {\n  @replce\n  property a: int = 1\n}", "E2022 3:3"),
    // What a secret may not decide.
    (
        "secret pw: string\nnode type A { property x: int }\nselect s: A[0..] { count = 1, prefer = [least(length(pw))] }",
        "E3020 4:47",
    ),
    // What nobody could give.
    ("node type A\ninput n: A", "E3047 3:10"),
    ("input n: secret string", "E3051 2:10"),
    ("input n: map<secret string> = {}", "E3051 2:10"),
    ("node type A\ndata type D { a: list<A> }\nsecret n: D?", "E3047 4:11"),
    ("node type A\nnode a: A\noutput o: A = a", "E3048 4:11"),
    ("node type A\nnode a: A\noutput o = [a]", "E3048 4:12"),
    // Nodes and types.
    ("node type T { property size: int = 1 }\nnode a: T { sise = 2 }", "E4001 3:13"),
    ("node type T { property size: int }\nnode a: T", "E4002 3:6"),
    ("node type T { property a: int }\nnode a: T { ...7 }", "E3018 3:16"),
    ("node type T { property a: int }\nnode a: T { ...{ b = 1 } }", "E4001 3:16"),
    ("node type T { property a: int }\nnode a: T {\n  a = 1\n  a = 2\n}", "E4003 5:3"),
    (
        "node type T { property a: int }\nnode type U extends T { fixed a = 1 }\nnode a: U { a = 1 }",
        "E4004 4:13",
    ),
    ("node type T { requires up: Root[0..1] }\nnode b: Root\nnode a: T { upp -> b }", "E4005 4:13"),
    ("node type T { requires up: T[0..1] }\nnode b: Root\nnode a: T { up -> b }", "E4006 4:19"),
    (
        "input on: bool = true\nnode type T { requires up: Root }\nnode b: Root if on\nnode a: T { up -> b }",
        "E4006 5:19",
    ),
    (
        "capability type C\nnode type T {\n  capability a: C\n  capability b: C\n  requires c: C[0..1]\n}\nnode t: T\nnode a: T { c -> t }",
        "E4007 9:18",
    ),
    ("node type T { requires up: Root }\nnode a: T", "E4008 3:6"),
    (
        "node type T { requires up: Root[0..1] }\nnode b: Root\nnode a: T { up -> [b, b] }",
        "W5005 4:23",
    ),
    (
        "node type T { requires up: Root[0..1] via HostedOn }\nnode b: Root\nnode a: T { up -> b via ConnectsTo }",
        "E4010 4:25",
    ),
    (
        "node type T {\n  property n: int = 1\n  requires up: T[0..1] where self.n > source.n else \"too small\"\n}\nnode b: T\nnode a: T { up -> b }",
        "E4011 7:19",
    ),
    (
        "node type A { property m: int = 1 }\nnode type B extends A { property m: string = \"\" }",
        "E4012 3:37",
    ),
    (
        "node type A { property m: int = 1 }\nnode type B extends A { property m: string }",
        "E4012 3:37",
    ),
    ("node type A { property m: int = 7 where self < 5 }", "E4013 2:33"),
    (
        "node type A { property m: int = 4 where self < 50 }\nnode type B extends A { property m: int where self > 4 }",
        "E4013 3:34",
    ),
    (
        "node type T {\n  attribute out: string\n  property v: string = \"\"\n}\nnode a: T { v = b.out }\nnode b: T { v = a.out }",
        "E4014 6:17",
    ),
    ("node type T { property v: int }\nnode a: T { v = b.v }\nnode b: T { v = a.v }", "E4015 3:17"),
    ("node type T { attribute up: bool }\nnode b: T\nnode a: T if b.up", "E4016 4:14"),
    (
        "node type T { attribute up: bool }\nnode b: T\nconst c = not b.up\nnode a: T if c",
        "E4016 5:14",
    ),
    (
        "node type T { attribute up: bool }\nnode b: T\nconst c = b.up\nselect s: Compute[0..] { where = c }",
        "E4016 5:34",
    ),
    ("node a: Root for x in [\"k\", \"k\"]", "E4017 2:23"),
    // So is one of what a node requires, and of a capability of it.
    (
        "node type F { attribute n: int, provider = \"noop\" }\nnode type H { property size: int }\nnode type A { requires host: H }\nnode f: F\nnode h: H { size = f.n }\nnode a: A { host -> h }\nnode b: Root if a.host.size > 4",
        "E4016 8:17",
    ),
    (
        "node type F { attribute n: int }\ncapability type P { property port: int }\nnode type H { capability p: P }\nnode type A { requires to: P }\nnode f: F\nnode h: H { p = { port = f.n } }\nnode a: A { to -> h }\nnode b: Root if a.to.port > 4",
        "E4016 9:17",
    ),
    // A property of an element is known when it is of all.
    (
        "node type S extends K {\n  property size: int\n  attribute real: int\n}\nnode type T\nnode a: S { size = 3 }\nnode all: S for i in 1..3 { size = a.real }\nnode b: T for s in all if s.size > 4\nnode type K { provider = \"noop\" }",
        "E4016 9:27",
    ),
    (
        "node type S extends K {\n  property size: int\n  attribute real: int\n}\nnode type T\nnode a: S { size = 3 }\nnode all: S for i in 1..3 { size = a.real }\nnode b: T if any(n in all[*].size, n > 4)\nnode type K { provider = \"noop\" }",
        "E4016 9:14",
    ),
    // What a group's type makes of what its members report, by another of its properties, too.
    (
        "node type V { attribute n: int }\ngroup type G {\n  members: V[1..]\n  property total: int = sum([m.n for m in self.members])\n  property more: int = self.total + 1\n}\nnode v: V\ngroup g: G { members = [v] }\nnode b: Root for i in 1..g.total",
        "E4016 10:23",
    ),
    (
        "node type V { attribute n: int }\ngroup type G {\n  members: V[1..]\n  property total: int = sum([m.n for m in self.members])\n  property more: int = self.total + 1\n}\nnode v: V\ngroup g: G { members = [v] }\nnode b: Root for i in 1..g.more",
        "E4016 10:23",
    ),
    // What a requirement's type asks decides whom a choice takes.
    (
        "node type V {\n  attribute n: int\n  provider = \"noop\"\n}\nnode type A { requires v: V where self.n > 3 }\nnode v: V\nnode a: A { v -> V }",
        "E4016 8:18",
    ),
    ("node a: Root for x in [[1], [2]]", "E4018 2:23"),
    ("node a: Root for x in 1..5000000", "E4019 2:23"),
    ("node b: Root { labels = { q = \"1\" } }\noutput o: string = b.labels.zz", "E3024 3:20"),
    ("node b: Root\noutput o: string = b.labels[\"zz\"]", "E3024 3:20"),
    ("abstract node type T\nnode a: T", "E4020 3:9"),
    ("select s: Compute[3..2] { }", "E4022 2:18"),
    (
        "node type T {\n  property a: int = 1\n  property b: int = 1\n  check self.a < self.b else \"a is below b\"\n}\nnode t: T { a = 5 }",
        "E4023 7:6",
    ),
    (
        "node type T { requires up: Root[0..2] }\nnode b: Root\nnode a: T {\n  up -> b\n  up -> b\n}",
        "E4024 6:3",
    ),
    ("node type T { attribute id: string }\nnode a: T { id = \"x\" }", "E4025 3:13"),
    // A requirement of a node's own has a name of its own.
    (
        "node type T { property max: int = 5 }\nnode b: T\nnode a: T {\n  max = 3\n  max -> b via ConnectsTo\n}",
        "E4005 6:3",
    ),
    (
        "capability type E\nnode type T { capability ep: E }\nnode b: T\nnode a: T { ep -> b via ConnectsTo }",
        "E4005 5:13",
    ),
    (
        "node type T { attribute id: string }\nnode b: T\nnode a: T { id -> b via ConnectsTo }",
        "E4005 4:13",
    ),
    // Secrets.
    ("secret p: string where length(self) > 9 else \"not ${self}\"", "E3021 2:46"),
    ("secret p: string? where length(self) > 9 else \"not ${self}\"", "E3021 2:47"),
    (
        "node type T { property p: secret string where self != \"\" else \"not ${self}\" }\nnode a: T { p = \"x\" }",
        "E3021 2:63",
    ),
    ("secret p: string = \"hunter2\" where length(self) > 3", "E3046 2:20"),
    ("secret p: string = 7", "E3046 2:20"),
    // What a target's `where` asks of the loop and of `let`s.
    (
        "node type H { property z: string }\nnode type A { requires h: H }\nnode h: H { z = \"x\" }\nnode a: A {\n  let want = \"y\"\n  h -> h where self.z == want\n}",
        "E4011 7:8",
    ),
    (
        "node type H { property z: string }\nnode type A { requires h: H, property p: string }\nnode h: H { z = \"x\" }\nnode a: A {\n  p = \"y\"\n  let want = self.p\n  h -> h where self.z == want\n}",
        "E4011 8:8",
    ),
    // Rings through what a type gives by itself.
    ("node type A { property p: string = self.p }\nnode a: A\nnode b: A", "E4015 2:24"),
    (
        "node type A {\n  property r: string = self.s\n  property s: string = self.r\n}\nnode a: A\nnode b: A { s = \"x\" }",
        "E4015 3:12",
    ),
    (
        "node type A {\n  property r: string = self.s\n  property s: string\n}\nnode a: A { s = self.r }",
        "E4015 3:12",
    ),
    // Rings through what there is.
    ("input i: int = j\ninput j: int = i\noutput o: int = i + j", "E2019 2:7"),
    ("node type A\ninput n: int = count(m)\nnode m: A for i in 1..n", "E2019 3:7"),
    ("node type A\nnode a: A for k in b\nnode b: A for k in a", "E2019 3:6"),
    (
        "node type A { property x: int = 1 }\nnode a: A if any(it in b, it.x == 1)\nnode b: A for i in 1..2 if a != null",
        "E2019 3:6",
    ),
    // A second blueprint, with all that is wrong with it.
    ("node type A\nblueprint t { name = \"x\" }", "E2011 3:11"),
    // How many meet it.
    (
        "node type H\nnode type B { requires two: H[2] }\nnode h: H\nnode b: B { two -> H }",
        "E4009 5:20",
    ),
    (
        "node type H\nnode type B { requires two: H[0..2] }\nnode hs: H for i in 1..5\nnode b: B { two -> [x for x in hs] }",
        "E4009 5:20",
    ),
    // What nobody can ever meet.
    (
        "node type H { property m: size = 1MiB where self < 1GiB }\nnode type B { requires h: H where self.m > 4GiB }",
        "E3050 3:35",
    ),
    ("node type H\nnode type B { requires h: H }\nnode b: B { h -> H where false }", "E3050 4:26"),
    // What is known, though not written down, is held against what is asked of it.
    (
        "capability type C { property n: int where self in 1..10 }\nnode type H { capability c: C { n = 20 } }\nnode h: H\nnode i: H",
        "E3028 3:26",
    ),
    (
        "capability type C { property n: int where self in 1..10 }\nnode type H {\n  property z: int\n  capability c: C { n = self.z }\n}\nnode h: H { z = 20 }",
        "E3028 7:6",
    ),
    (
        "node type H { property z: int where self < 3 }\nnode h: H for i in 1..4 { z = i }",
        "E3028 3:31",
    ),
    (
        "node type H {\n  property z: int\n  property y: int = self.z where self > 5\n}\nnode h: H { z = 1 }",
        "E3028 6:6",
    ),
    (
        "node type H { property z: int where self < 30 }\nnode h: H { z = a.z + 1 }\nnode a: H { z = b.z + 1 }\nnode b: H { z = 28 }",
        "E3028 3:17",
    ),
    (
        "data type P = int where self > 0\nfn f(x: int) -> P = x - 10\nnode type N { property p: P }\nnode n: N { p = f(3) }",
        "E3028 5:17",
    ),
    (
        "node type H { property z: int }\nnode type A { requires host: H via HostedOn where self.z > 1 }\nnode h: H for i in 1..2 { z = i }\nnode a: A for i in 1..2 { host -> h[i] }",
        "E4011 5:35",
    ),
    (
        "capability type C { property n: int }\nnode type H {\n  property z: int\n  capability c: C { n = self.z }\n}\nnode type A { requires c: C where self.n >= 2 }\nnode h: H { z = 1 }\nnode a: A { c -> h }",
        "E4011 9:18",
    ),
    (
        "node type H { property z: int = 1 }\nconst xs = [1, 2]\nnode h: H for i in 0..2 { z = xs[i] }",
        "E3024 4:31",
    ),
    (
        "node type H { property z: int }\nnode type A { requires host: H via HostedOn }\nnode h: H for z in [1, 2, 3] { z = z }\nnode a: A { host -> H where self.z > 5 }",
        "W4079 5:21",
    ),
    // A value that does not meet what nothing could is no second mistake.
    (
        "node type A { property s: string where length(self) < 0 }\nnode a: A { s = \"x\" }",
        "E3050 2:40",
    ),
    (
        "capability type C\nnode type H { capability c: C }\nnode type B { requires two: C[2] }\nnode h: H for x in 1..3\nnode b: B { two -> h }",
        "E4009 6:20",
    ),
    (
        "node type H { property m: int = 1 }\nnode type B { requires h: H }\nnode b: B { h -> H where self.m > 3 and self.m < 2 }",
        "E3050 4:26",
    ),
    (
        "node type H { property m: int = 1 }\nnode type B { requires h: H where self.m > 3 }\nnode h: H { m = 5 }\nnode b: B { h -> h where self.m < 2 }",
        "E3050 5:26",
    ),
    // Each of several `where`s counts.
    (
        "node type H { property z: string, property n: int = 1 }\nnode type A { requires h: H }\nnode h: H { z = \"x\" }\nnode a: A { h -> h where self.z == \"x\" where self.n > 1 }",
        "E4011 5:18",
    ),
    // Rings between instances.
    (
        "node type A { requires n: A[0..1] }\nnode a: A for i in [\"x\", \"y\"] { n -> a[i] }",
        "E4014 3:38",
    ),
    (
        "input xs: list<string>\nnode type A { requires n: A[0..1] }\nnode a: A for i in xs { n -> a[i] }",
        "E4014 4:30",
    ),
    (
        "node type A { requires n: A[0..1] }\nnode a: A for i in [\"x\", \"y\"] { n -> a[\"x\"] }",
        "E4014 3:38",
    ),
    (
        "node type A { requires n: A[0..] }\nnode a: A for i in [\"x\", \"y\"] { n -> a[*] }",
        "E4014 3:38",
    ),
    (
        "node type A { requires n: A[0..1] }\nnode a: A for i in [\"x\", \"y\"] { n -> a[if i == \"x\" then \"y\" else \"x\"] }",
        "E4014 3:38",
    ),
    (
        "node type A { requires n: A[0..1] }\nnode a: A for i in 1..3 { n -> a[mod(i, 3) + 1] }",
        "E4014 3:32",
    ),
    (
        "node type A { property v: string = \"a\", attribute r: string }\nnode a: A for i in [\"x\", \"y\"] { v = a[i].r }",
        "E4014 3:37",
    ),
    (
        "node type A { property v: string = \"a\", property r: string }\nnode a: A for i in [\"x\", \"y\"] { v = a[i].r, r = a[i].v }",
        "E4015 3:37",
    ),
    (
        "node type A { requires n: A[0..1] }\nnode a: A for i in [\"x\", \"y\"] { n -> b[i] }\nnode b: A for i in [\"x\"] { n -> a[\"x\"] }",
        "E4014 3:38",
    ),
    (
        "node type A { property v: string = \"a\", attribute r: string }\nnode a: A for i in [\"x\", \"y\"] { v = b.r }\nnode b: A { v = join(a[*].r, \"\") }",
        "E4014 3:37",
    ),
    // Keys that there are not.
    (
        "node type A { property x: int = 1 }\nnode a: A for i in [\"x\", \"y\"]\noutput o: int = a[1].x",
        "E3024 4:17",
    ),
    (
        "const ks = [\"x\", \"y\"]\nnode type A { property x: int = 1 }\nnode a: A for i in ks\noutput o: int = a[\"q\"].x",
        "E3024 5:17",
    ),
    (
        "node type A { property x: int = 1 }\nnode a: A for k, v in { p = 1 }\noutput o: int = a[\"q\"].x",
        "E3024 4:17",
    ),
    (
        "node type A { property x: int = 1 }\nnode a: A for i in 1..9 by \"k${i}\" if i < 3\noutput o: int = a[\"k3\"].x",
        "E3024 4:17",
    ),
    (
        "node type A { property x: int = 1 }\nnode a: A for i in [\"x\"]\nnode b: A for s in a { x = a[\"y\"].x }\noutput o: int = b[\"x\"].x",
        "E3024 4:28",
    ),
    (
        "node type A\nnode type B { requires a: A }\nnode a: A for i in [\"x\", \"y\"]\nnode b: B { a -> a[\"q\"] }",
        "E3024 5:18",
    ),
    (
        "use std.drift\nnode type A\nnode a: A for i in [\"x\"]\npolicy d: drift.Correct { targets = [a[\"q\"]], every = 5m }",
        "E3024 5:38",
    ),
    (
        "node type A { requires n: A[0..1] }\nnode a: A for i in 1..3 { n -> if i > 1 then a[i - 2] else null }",
        "E3024 3:32",
    ),
    // How many targets there are.
    (
        "node type A { requires n: A[0..1] }\nnode a: A for i in [\"x\", \"y\"]\nnode b: A { n -> a }",
        "E4009 4:18",
    ),
    (
        "node type V\nnode type U { requires v: V[4..] }\nnode a: V for i in 1..3\nnode u: U { v -> a[*] }",
        "E4009 5:18",
    ),
    (
        "node type V\nnode type U { requires v: V[0..2] }\nnode a: V for i in 1..3\nnode u: U { v -> a[*] }",
        "E4009 5:18",
    ),
    (
        "node type V\nnode type U { requires vs: V[2..3] }\nnode one: V\nnode u: U { vs -> one }",
        "E4009 5:19",
    ),
    (
        "node type V\nnode type U { requires v: V[0..3] }\nnode a: V for i in 1..3\nnode b: V\nnode u: U { v -> [b, ...a[*]] }",
        "E4009 6:18",
    ),
    // Members of another kind.
    (
        "node type A { attribute m: string }\nnode type B extends A { requires m: A }\nnode a: A\nnode b: B { m -> a }",
        "E4012 3:34",
    ),
    (
        "capability type C\nnode type A { property m: string = \"\" }\nnode type B extends A { capability m: C }",
        "E4012 4:36",
    ),
    (
        "node type A { requires m: A[0..1] }\nnode type B extends A { property m: string = \"a\" }",
        "E4012 3:34",
    ),
    (
        "node type A { attribute m: string }\nnode type B extends A { property m: int = 1 }",
        "E4012 3:37",
    ),
    ("node type A {\n  property m: string = \"a\"\n  attribute m: int\n}", "E4012 4:16"),
    (
        "const n = 3\nnode type B\nnode type A { requires b: B[1..n] }\nnode b: B\nnode a: A { b -> [] }",
        "E4009 6:18",
    ),
    ("const n = 1\nnode type A { requires b: A[2..n] }", "E4022 3:28"),
    // Twice in one head.
    (
        "node type T\nnode a: T {\n  labels = { a = \"x\" }\n  labels = { b = \"y\" }\n}",
        "E4003 5:3",
    ),
];

/// What looks like one of them, and is none.
const RIGHT: &[&str] = &[
    "secret p: string where length(self) > 9 else \"too short\"",
    "node type H { property z: string }\nnode type A { requires h: H }\nnode h: H { z = \"x\" }\nnode a: A for s in [\"x\"] { h -> H where self.z == s }",
    "node type H { property z: string }\nnode type A { requires h: H }\nnode h: H { z = \"x\" }\nnode a: A for s in [\"x\"] { h -> h where self.z == s }",
    "node type H { property z: string }\nnode type A { requires h: H }\nnode h: H { z = \"x\" }\nnode a: A {\n  let want = \"x\"\n  h -> H where self.z == want\n}",
    "node type A { requires n: A[0..1] }\nnode a: A for i in 1..3 { n -> if i > 1 then a[i - 1] else null }",
    "node type A { property v: string = \"a\", attribute r: string }\nnode a: A for i in 1..3 { v = if i > 1 then a[i - 1].r else \"\" }",
    "node type A { requires n: A[0..1] }\nnode a: A for i in [\"x\", \"y\"] { n -> b[i] }\nnode b: A for i in [\"x\", \"y\"] { n -> if i == \"y\" then a[\"x\"] else null }",
    "node type A { requires n: A[0..2] }\nnode a: A for i in [\"x\", \"y\"] if i == \"y\"\nnode b: A { n -> a }\nnode c: A { n -> [a[\"y\"], b] }",
    "input xs: list<string>\nnode type A { requires n: A[0..1] }\nnode a: A for i in xs\nnode b: A for i in xs { n -> a[i] }\noutput o: json = count(a)",
    "node type A { property x: int = 1 }\nnode a: A for i in [\"x\"]\noutput o: int = a?[\"q\"]?.x ?? 3",
    "const n = 1 + m\nconst m = 1\nnode type B\nnode type A { requires b: B[0..n] }\nnode type C extends A { requires b: B[0..m] }\nnode b: B for i in 1..2\nnode a: A { b -> b }\nnode c: C",
    "const n = 3\nrequires hosts: Compute[1..n]",
    "node type H { property m: int? where self > 3 }\nnode type B { requires h: H where self.m == null }\nnode h: H\nnode b: B { h -> h }",
    "capability type C { property x: int = 1 }\nnode type H { property z: string = \"a\", capability c: C }\nnode h: H\noutput o: string = h.c.node.z",
    "node type A { property m: string?, attribute m: string }\nnode type B extends A { property m: string }",
];

fn analyse(text: &str) -> (Analysis, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.bp");
    std::fs::write(&path, text).unwrap();
    (Analysis::load(&path), folder)
}

fn said(analysis: &Analysis, diagnostics: &[Diagnostic]) -> Vec<String> {
    let place = |d: &Diagnostic| placed(analysis, d);
    diagnostics.iter().map(place).collect()
}

#[test]
fn one_mistake_is_one_error_at_its_place() {
    let mut wrong = Vec::new();
    for (text, wanted) in MISTAKES {
        let (analysis, _folder) = analyse(&format!("{HEAD}{text}\n"));
        let found = said(&analysis, analysis.diagnostics());
        if found != [*wanted] {
            let words: Vec<&str> =
                analysis.diagnostics().iter().map(|d| d.message.as_str()).collect();
            wrong.push(format!("{text}\n  wanted {wanted}, found {found:?} {words:?}"));
        }
        for diagnostic in analysis.diagnostics() {
            assert!(
                diagnostic.help.is_some() || !diagnostic.related.is_empty(),
                "{}: no help",
                diagnostic.code
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_right_is_left_alone() {
    for text in RIGHT {
        let (analysis, _folder) = analyse(&format!("{HEAD}{text}\n"));
        let mut found = said(&analysis, analysis.diagnostics());
        found.retain(|one| one.starts_with('E'));
        assert_eq!(found, Vec::<String>::new(), "{text}");
        assert!(analysis.plan().is_some(), "{text}");
    }
}

/// What is named in a cardinality is used.
#[test]
fn a_cardinality_uses_what_it_names() {
    let text = "use std.kubernetes as k8s\nconst n = 3\nselect c: k8s.Cluster[1..n]\noutput o: int = count(c)\n";
    let (analysis, _folder) = analyse(&format!("{HEAD}{text}"));
    assert_eq!(said(&analysis, analysis.diagnostics()), Vec::<String>::new());
}

/// The first of a line of types that is too long is told.
#[test]
fn a_type_extends_so_many_others() {
    let line = |at: usize| format!("node type T{} extends T{at}\n", at + 1);
    let text: String = (0..1_100).map(line).collect();
    let (analysis, _folder) = analyse(&format!("{HEAD}node type T0\n{text}"));
    let mut found = said(&analysis, analysis.diagnostics());
    found.retain(|one| one.starts_with('E'));
    assert_eq!(found, ["E2023 1002:25"]);
}

/// The way of a secret, from where it must not go to where it is declared.
#[test]
fn the_way_of_a_secret_is_told() {
    let through = |text: &str| {
        let (analysis, _folder) = analyse(&format!("{HEAD}{text}\n"));
        let errors = analysis.diagnostics().iter().filter(|d| d.severity == Severity::Error);
        let told: Vec<String> =
            errors.flat_map(|d| d.related.iter().map(|(_, note)| note.clone())).collect();
        told.join("; ")
    };
    let constants = "secret p: string\nconst a = \"1${p}\"\nconst b = \"2${a}\"\nfn f(x: string) -> string = x\nconst c = f(b)\n";
    let way = through(&format!("{constants}output o: string = c"));
    for part in ["`p` is declared a secret", "`a` has it", "`b` has it", "`c` has it"] {
        assert!(way.contains(part), "{part}: {way}");
    }
    let way = through(&format!("{constants}output o = c"));
    assert!(way.contains("`p` is declared a secret") && way.contains("`a` has it"), "{way}");
    let node = "node type A { property pw: secret string, property u: string = \"\" }\n";
    let way =
        through(&format!("{node}node a: A {{ pw = \"x\" }}\nnode b: A {{ pw = \"x\", u = a.pw }}"));
    assert!(way.contains("`pw` is declared `secret string` here"), "{way}");
    let way = through(
        "node type A {\n  property pw: secret string\n  property url: string = \"x${self.pw}\"\n}",
    );
    assert!(way.contains("`pw` is declared `secret string` here"), "{way}");
    let capability = "capability type C { property s: secret string }\nnode type A { property pw: secret string, capability c: C { s = self.pw } }\nnode a: A { pw = \"x\" }\noutput o: string = a.c.s";
    let way = through(capability);
    assert!(way.contains("`s` is declared `secret string` here"), "{way}");
}

#[test]
fn a_head_says_each_thing_once() {
    let (analysis, _folder) =
        analyse("blueprint x {\n  version = \"1.0.0\"\n  version = \"2.0.0\"\n}\n");
    assert_eq!(said(&analysis, analysis.diagnostics()), ["E4003 3:3"]);
    let twice = "blueprint x {\n  version = \"1.0.0\"\n  labels = { a = \"x\" }\n  labels = { b = \"y\" }\n}\n";
    let (analysis, _folder) = analyse(twice);
    assert_eq!(said(&analysis, analysis.diagnostics()), ["E4003 4:3"]);
}

/// Several files, by name; the first is the root.
fn package(files: &[(&str, &str)]) -> (Analysis, tempfile::TempDir) {
    let folder = crate::common::folder(files);
    (Analysis::load(&folder.path().join(files[0].0)), folder)
}

fn in_package(files: &[(&str, &str)]) -> Vec<String> {
    let (analysis, _folder) = package(files);
    let name = |d: &Diagnostic| {
        let module = &analysis.sources().modules[d.place.file.0 as usize];
        let at = module.source.position(d.place.span.start);
        format!("{} {} {}:{}", d.code, module.path, at.line, at.column)
    };
    analysis.diagnostics().iter().map(name).collect()
}

#[test]
fn files_use_files() {
    let root = "blueprint x { version = \"1.0.0\" }\nuse \"./net/sizes.bp\" as sizes\nuse \"./kinds.bp\" { Box, small }\nnode a: Box {\n  size = sizes.large + small\n}\n";
    let kinds = "use std.kubernetes as k8s\nconst small = 1\nnode type Box {\n  property size: int\n  requires host: k8s.Cluster[0..1] via HostedOn\n}\n";
    let sizes = "const large = 5\n";
    let files = [("root.bp", root), ("kinds.bp", kinds), ("net/sizes.bp", sizes)];
    let (analysis, _folder) = package(&files);
    assert_eq!(said(&analysis, analysis.diagnostics()), Vec::<String>::new());
    let plan = analysis.plan().unwrap();
    assert_eq!(plan.nodes["a"].kind, "kinds.Box");
    assert_eq!(plan.nodes["a"].properties["size"].value, bp_plan::Expr::Value(6.into()));
    assert!(plan.sources.iter().any(|source| source.path == "net/sizes.bp"));
}

#[test]
fn mistakes_of_a_package_stand_in_their_files() {
    let head = "blueprint x { version = \"1.0.0\" }\n";
    let using = |rest: &str| format!("{head}use \"./a.bp\"\n{rest}");
    let ring = in_package(&[
        ("root.bp", &using("output o: int = a.one\n")),
        ("a.bp", "use \"./b.bp\"\nconst one = b.two\n"),
        ("b.bp", "use \"./a.bp\"\nconst two = 2\nconst three = a.one\n"),
    ]);
    assert_eq!(ring, ["E2004 a.bp 1:1"]);
    let node = in_package(&[("root.bp", &using("")), ("a.bp", "node n: Root\n")]);
    assert_eq!(node, ["W2009 root.bp 2:5", "E2010 a.bp 1:6"]);
    let twice = in_package(&[
        ("root.bp", &format!("{head}use \"./a.bp\" {{ T }}\nnode type T\nnode n: T\n")),
        ("a.bp", "node type T\n"),
    ]);
    assert_eq!(twice, ["E2007 root.bp 2:16"]);
    let theirs = in_package(&[
        ("root.bp", &using("output o: int = a.one\n")),
        ("a.bp", "const one = 1 + true\n"),
    ]);
    assert_eq!(theirs.len(), 1, "{theirs:?}");
    assert!(theirs[0].contains("a.bp 1:"), "{theirs:?}");
}

#[test]
fn a_forgotten_head_is_told_once() {
    let items = "const zero = 0\nnode type X { property a: int }\nnode x: X { a = 1 }\ninput i: int\noutput o: int = x.a + i\nexpose e = x\ntest \"t\" { assert true }\nworkflow w() { wait 1s }\nconst one = zero + true\n";
    let (analysis, _folder) = analyse(items);
    assert_eq!(said(&analysis, analysis.diagnostics()), ["E2010 3:6", "E3004 9:18"]);
    let first = &analysis.diagnostics()[0];
    let notes: Vec<&str> = first.related.iter().map(|(_, note)| note.as_str()).collect();
    assert_eq!(
        notes,
        ["so does an input", "so does an output", "so does `expose`, and so do 2 more items"]
    );
    // With the head, the rest is told.
    let (analysis, _folder) = analyse(&format!("{HEAD}{items}"));
    let codes: Vec<&str> = analysis.diagnostics().iter().map(|one| one.code).collect();
    assert_eq!(codes, ["E4044", "E7081", "E3004"]);
    let (analysis, _folder) = analyse("input x: int\ntest \"x\" { assert true }\n");
    assert_eq!(said(&analysis, analysis.diagnostics()), ["E2010 1:7"]);
}

#[test]
fn a_blueprint_has_a_version_and_a_plan_a_blueprint() {
    let (analysis, _folder) = analyse("blueprint x { }\n");
    assert_eq!(said(&analysis, analysis.diagnostics()), ["E4021 1:11"]);
    let (analysis, _folder) = analyse("node type T\n");
    assert!(analysis.diagnostics().is_empty() && analysis.plan().is_none());
    assert_eq!(said(&analysis, analysis.unplanned()), ["E2012 1:1"]);
}

#[test]
fn fixes_mend() {
    let mut mended = 0;
    for (text, _) in MISTAKES {
        let text = format!("{HEAD}{text}\n");
        let (analysis, _folder) = analyse(&text);
        let Some(fix) = analysis.diagnostics().iter().find_map(|d| d.fix.clone()) else { continue };
        let mut edits = fix.edits;
        edits.sort_by_key(|(place, _)| std::cmp::Reverse(place.span.start));
        let mut fixed = text.clone();
        for (place, new) in edits {
            fixed.replace_range(place.span.start as usize..place.span.end as usize, &new);
        }
        let (analysis, _folder) = analyse(&fixed);
        let code = |d: &Diagnostic| (d.severity == Severity::Error).then_some(d.code);
        // A type that is now found may ask for more; the mistake itself is gone.
        let left: BTreeSet<_> = analysis.diagnostics().iter().filter_map(code).collect();
        assert!(
            left.is_disjoint(&BTreeSet::from([
                "E2001", "E2008", "E2013", "E2018", "E4001", "E4005"
            ])),
            "{text}\n{fixed}\n{left:?}"
        );
        mended += 1;
    }
    assert!(mended >= 5, "only {mended} had a fix");
}

#[test]
fn every_code_has_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnostics");
    let tests = include_str!("mistakes.rs");
    // Needs 10,000 files; shows a defect of the compiler; a file that can't be written is the command line's.
    let elsewhere = ["E2005", "E7003", "E7004"];
    let mut missing = Vec::new();
    for file in ["names.rs", "topology.rs", "plan.rs"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        for (at, _) in text.match_indices("\"E").chain(text.match_indices("\"W")) {
            let code = &text[at + 1..at + 6];
            let is_code =
                code[1..].chars().all(|c| c.is_ascii_digit()) && text[at + 6..].starts_with('"');
            if is_code && !tests.contains(&format!("{code} ")) && !elsewhere.contains(&code) {
                missing.push(code.to_owned());
            }
        }
    }
    assert!(missing.is_empty(), "no test for {missing:?}");
}

#[test]
fn what_is_known_too_late_names_both_places() {
    let text = format!(
        "{HEAD}node type T {{ attribute up: bool }}\nnode b: T\nconst c = not b.up\nnode a: T if c\n"
    );
    let (analysis, _folder) = analyse(&text);
    let [error] = analysis.diagnostics() else { panic!("{:?}", analysis.diagnostics()) };
    let notes: Vec<&str> = error.related.iter().map(|(_, note)| note.as_str()).collect();
    assert_eq!(notes, ["`up` is reported, once `b` is there"]);
}

#[test]
fn help_can_be_followed() {
    let help = |text: &str| {
        let (analysis, _folder) = analyse(&format!("{HEAD}{text}\n"));
        let [error] = analysis.diagnostics() else {
            panic!("{text}: {:?}", analysis.diagnostics())
        };
        error.help.clone().unwrap()
    };
    // What stands in a library can't be declared otherwise.
    let own = "secret p: string\nnode type T { property x: string }\nnode a: T { x = p }";
    assert!(help(own).contains("declare what takes it"), "{}", help(own));
    let library = "secret p: string\nnode type T\nnode a: T { labels = { x = p } }";
    assert!(help(library).starts_with("leave the secret out"), "{}", help(library));
    let cron = "use std.schedule\nworkflow w() { wait 1s }\npolicy g: schedule.Cron { cron = \"0 25 * * *\", run = w }";
    assert!(!help(cron).contains("cron_form"), "{}", help(cron));
    for (entry, ours) in [("depends_on = 1", "after -> …"), ("count = 3", "for i in 1..3")] {
        let text = format!("node type T\nnode t: T {{ {entry} }}");
        assert!(help(&text).contains(ours), "{}", help(&text));
    }
    for (call, ours) in [
        ("format(\"a\")", "${a}"),
        ("concat([1], [2])", "...a"),
        ("coalesce(null, 1)", "??"),
        ("lookup({ a = 1 }, \"a\")", "?["),
        ("timestamp()", "input"),
        ("len([1])", "length"),
        ("toset([1])", "unique"),
        ("undefined", "null"),
    ] {
        let text = format!("const a = {call}");
        assert!(help(&text).contains(ours), "{}", help(&text));
    }
    let capability = "capability type C\nnode type H { capability c: C }\nnode type T { requires h: H }\nnode h: H\nnode t: T { h -> C }";
    assert!(help(capability).contains("a node type"), "{}", help(capability));
    let of_all = "node type T { property x: int }\nselect s: T[0..] { where = s.x > 1 }";
    assert!(help(of_all).contains("`self.x`"), "{}", help(of_all));
    let prefer = "node type T { property x: int }\nselect s: T[0..] { prefer = self.x }";
    assert!(help(prefer).contains("least(self.x)"), "{}", help(prefer));
}
