//! One mistake, one error: each code of syntax with its place, and texts that are no programs.

use std::collections::BTreeSet;
use std::path::Path;

use bp_compiler::diagnostics::{Diagnostic, Severity};
use bp_compiler::source::{FileId, SourceFile};
use bp_compiler::syntax;

fn parse(text: &str) -> (syntax::ast::File, Vec<Diagnostic>, SourceFile) {
    let source = SourceFile::new("test.bp", text);
    let (tree, diagnostics) = syntax::parse(FileId(0), &source);
    (tree, diagnostics, source)
}

/// `E1001 3:4` for each diagnostic.
fn places(text: &str) -> Vec<String> {
    let (_, diagnostics, source) = parse(text);
    let place = |d: &Diagnostic| {
        let at = source.position(d.place.span.start);
        format!("{} {}:{}", d.code, at.line, at.column)
    };
    diagnostics.iter().map(place).collect()
}

/// A text with one mistake, and where it is to be reported.
const MISTAKES: &[(&str, &str)] = &[
    // Something else than what is expected.
    ("node a T {\n  x = 1\n}\nnode b: T", "E1001 1:8"),
    ("node a: T {\n  x 1\n  y = 2\n}", "E1001 2:5"),
    ("node a: T {\n  property\n  y = 2\n}", "E1001 2:3"),
    ("hello\nnode b: T", "E1001 1:1"),
    ("const a = [1 2]", "E1001 1:14"),
    ("const a = f(1 2)", "E1001 1:15"),
    ("const a = (1 2)", "E1001 1:14"),
    ("const a = m[1 2]", "E1001 1:15"),
    ("const a = { x 1 }", "E1001 1:15"),
    ("const a = 1 2", "E1001 1:13"),
    ("const a: int", "E1001 1:13"),
    ("output a: int", "E1001 1:14"),
    ("expose a = \nconst b = 1", "E1005 1:12"),
    ("const a = if b then 1", "E1001 1:22"),
    ("const a = if b 1", "E1001 1:16"),
    ("const a = b.\nconst c = 1", "E1001 1:13"),
    ("const a = \"${1 2}\"", "E1001 1:16"),
    ("workflow w() {\n  x = 1\n  wait 1s\n}", "E1001 2:3"),
    ("fn f(a: int b: int) -> int = a", "E1001 1:13"),
    ("policy p: list<int> { }", "E1001 1:11"),
    ("node type T { operation a.b() -> { x: int y } }", "E1001 1:43"),
    // Forms of other languages.
    ("workflow w() { if a.p = \"x\" { wait 1s } }", "E1007 1:23"),
    ("workflow w() { for x in [1, 2] parallel { wait 1s } }", "E1001 1:32"),
    ("workflow w() { if c then wait 1s }", "E1001 1:21"),
    ("node n: A for x of [\"a\"]", "E1001 1:11"),
    ("const a = [for x in [1, 2] : x * 2]", "E1007 1:11"),
    ("const a = (1, 2)", "E1007 1:11"),
    ("const a = { for k, v in m : k => v }", "E1007 1:11"),
    ("input x: string default \"a\"", "E1007 1:17"),
    ("input x: string { default = \"a\" }", "E1007 1:17"),
    ("node type A derived_from Root", "E1007 1:13"),
    ("node type A : Root", "E1007 1:13"),
    ("node type A { property s: string required }", "E1007 1:34"),
    ("requires z: Root[*]", "E1007 1:17"),
    ("node type A { requires y: B via C[0..1] }", "E1007 1:34"),
    ("node v: A count 3 {}", "E1007 1:11"),
    ("const k = 5 min", "E1007 1:13"),
    ("enum T { a, b }", "E1007 1:1"),
    ("workflow backup { wait 1s }", "E1007 1:10"),
    ("fn f(x) = x", "E1007 1:6"),
    ("fn f(x: int): int = x", "E1007 1:13"),
    ("test \"t\" { assert c, \"m\" }", "E1007 1:20"),
    ("node type A { property a: int where self > 5, \"m\" }", "E1007 1:45"),
    ("select s: A { where self.p == 1 }", "E1007 1:21"),
    ("workflow w() { try { wait 1s } }", "E1007 1:16"),
    ("workflow w() { retry 3 { wait 1s } }", "E1007 1:16"),
    // Closed, but below.
    ("node type A { property p: string = \"{\"\n  property q: int }", "E1002 1:13"),
    ("workflow w() { wait 1s\n  wait 2s\n}", "E1002 1:14"),
    ("node type A { property p: int // why\n}", "E1002 1:13"),
    // Open brackets.
    ("node a: T {\n  x = 1\nnode b: T", "E1002 1:11"),
    ("node a: T {\n  x = { y = 1\n  host -> c\n}\nnode b: T", "E1002 2:7"),
    ("const a = [1, 2\nconst b = 1", "E1002 1:11"),
    ("const a = f(1, 2\nconst b = 1", "E1002 1:12"),
    ("const a = (1 + 2\nconst b = 1", "E1002 1:11"),
    ("const a = b[1\nconst c = 1", "E1002 1:12"),
    ("input a: list<int\ninput b: int", "E1002 1:14"),
    ("const a = \"${b\"\nconst c = 1", "E1002 1:12"),
    ("workflow w() {\n  wait 1s\nnode b: T", "E1002 1:14"),
    ("workflow w(a: int {\n}\nnode b: T", "E1002 1:11"),
    ("use std.a { A, B\nnode b: T", "E1002 1:11"),
    ("select s: T[1.. {\n}\n", "E1002 1:12"),
    // Strings and comments.
    ("const a = \"abc\nconst b = \"fine\"", "E1003 1:11"),
    ("const a = r\"abc\nconst b = \"fine\"", "E1003 1:11"),
    ("const a = \"\"\"\n  abc\nconst b = 1", "E1003 1:11"),
    ("const a = 1\n/* open\nconst b = 2", "E1004 2:1"),
    // Nothing where something must be.
    ("const a =\nconst b = 1", "E1005 1:10"),
    ("node a: T {\n  cpu =\n  ram = 1\n}", "E1005 2:8"),
    ("const a = 1 +\nconst b = 1", "E1005 1:14"),
    ("const a = f(1, (2 + ))", "E1005 1:21"),
    ("node a: T { x -> }", "E1005 1:18"),
    ("input a: = 1", "E1006 1:10"),
    ("input a", "E1006 1:7"),
    ("const a = 1\ninput b = 2\nconst c = 3", "E1006 2:7"),
    ("node a: {\n  x = 1\n}", "E1006 1:9"),
    ("node type T extends {\n}", "E1006 1:21"),
    ("data type P = where self > 1", "E1006 1:15"),
    // Operators of other languages.
    ("const a = b && c", "E1007 1:13"),
    ("const a = b || c", "E1007 1:13"),
    ("const a = !b", "E1007 1:11"),
    ("const a = b % c", "E1007 1:13"),
    ("const a = b ? 1 : 2", "E1007 1:12"),
    ("const a = 'x'\nconst b = 1", "E1007 1:11"),
    ("node a: T {\n  x = 'don\n}", "E1007 2:7"),
    ("const a = 3;\nconst b = 1", "E1007 1:12"),
    ("node a: T {\n  x = 1;\n  y = 2\n}", "E1007 2:8"),
    ("node a: T { x = 1; y = 2 }", "E1007 1:18"),
    ("const a = 1; const b = 2", "E1007 1:12"),
    ("var a = 1\nconst b = 2", "E1007 1:1"),
    ("def f(a: int) -> int = a\nconst b = 2", "E1007 1:1"),
    ("import \"./x.bp\"\nconst b = 2", "E1007 1:1"),
    ("resource web {\n  x = 1\n}\nconst b = 2", "E1007 1:1"),
    ("const a = 1 < 2 < 3", "E1008 1:17"),
    ("const a = 1..2..3", "E1008 1:15"),
    // `=` before a block, `==` for `=`, and other marks.
    ("node a: T = { x = 1 }\nconst b = 1", "E1007 1:11"),
    ("node a: T == {\n  x = 1\n}\nconst b = 1", "E1007 1:11"),
    ("node a: T for x in [1, 2] = { x = 1 }\nconst b = 1", "E1007 1:27"),
    ("group g: G = { members = [a] }\nconst b = 1", "E1007 1:12"),
    ("policy p: P = { targets = [a] }\nconst b = 1", "E1007 1:13"),
    ("select s: T[0..] = { where = true }\nconst b = 1", "E1007 1:18"),
    ("blueprint x = { version = \"1.0.0\" }\nconst b = 1", "E1007 1:13"),
    ("node a: T {\n  b -> c via m.R = { x = 1 }\n}\nconst b = 1", "E1007 2:18"),
    ("node type T = { property a: int }\nconst b = 1", "E1007 1:13"),
    ("node type T extends A = { property a: int }\nconst b = 1", "E1007 1:23"),
    ("node type T { capability c: C = { x = 1 } }\nconst b = 1", "E1007 1:31"),
    ("workflow w() { call a.b.c = { x = 1 } }\nconst b = 1", "E1007 1:27"),
    ("node a: T { x == 1 }\nconst b = 1", "E1007 1:15"),
    ("input a: int == 1\nconst b = 1", "E1007 1:14"),
    ("const a == 1\nconst b = 1", "E1007 1:9"),
    ("output a: int == 1\nconst b = 1", "E1007 1:15"),
    ("node type T { property a: int == 1 }\nconst b = 1", "E1007 1:31"),
    ("fn f(a: int == 1) -> int = a\nconst b = 1", "E1007 1:13"),
    ("fn f(a: int) -> int == a\nconst b = 1", "E1007 1:21"),
    ("workflow w() {\n  let a == 1\n}\nconst b = 1", "E1007 2:9"),
    ("const a = b <> 1\nconst c = 1", "E1007 1:13"),
    ("const a = b is null\nconst c = 1", "E1007 1:13"),
    ("const a = [x for x in b if x is not null]\nconst c = 1", "E1007 1:30"),
    ("workflow w() { if a.p is null { wait 1s } }\nconst c = 1", "E1007 1:23"),
    ("const a = b => 3\nconst c = 1", "E1007 1:13"),
    ("const a = b =< 3\nconst c = 1", "E1007 1:13"),
    ("const a = { x => 1, \"y\" => 2 }\nconst c = 1", "E1007 1:15"),
    ("const a = { x => 1 for x in b }\nconst c = 1", "E1007 1:15"),
    ("const a = b.map(x => x + 1)\nconst c = 1", "E1007 1:19"),
    ("const a = all([1, 2], x -> x > 0)\nconst c = 1", "E1007 1:25"),
    ("node a: T { x = b->c }\nconst c = 1", "E1007 1:18"),
    // `:` for `=`, once for a block.
    ("node a: T {\n  x: 3\n}\nconst b = 1", "E1007 2:4"),
    ("node a: T {\n  x: \"${b}\"\n  y: -1\n  z : c + 1\n}\nconst b = 1", "E1007 2:4"),
    ("node a: T { x: int = 3 }", "E1007 1:14"),
    ("node a: T { x: string }", "E1007 1:14"),
    ("node a: T { x: [1], y:true, z: b.c }", "E1007 1:14"),
    ("node a: T { x -> b via R { port: 80 } }", "E1007 1:32"),
    ("policy p: P {\n  targets: [a]\n  every: 5m\n}", "E1007 2:10"),
    ("workflow w() {\n  call a.b.c { x: 3 }\n}", "E1007 2:17"),
    ("const a = { \"b\": 1, c: { d: [2] } }", "E1007 1:16"),
    ("const a = {\n  \"b\": 1,\n  c: 2\n}", "E1007 2:6"),
    // Slips of the pen.
    ("imput x: int = 3\nconst b = 1", "E1001 1:1"),
    ("nod a: T\nconst b = 1", "E1001 1:1"),
    ("node type T {\n  proprty x: int = 3\n}", "E1001 2:3"),
    ("node type T {\n  require x: B\n}", "E1001 2:3"),
    ("node type T {\n  operaton lifecycle.create = script(\"a\")\n}", "E1001 2:3"),
    ("workflow w() {\n  cal a.b.c\n}", "E1001 2:3"),
    ("const a: duration = 5 m\nconst b = 1", "E1001 1:23"),
    ("node a: T { x = 4 GiB }", "E1001 1:19"),
    ("const a = length (b)\nconst c = 1", "E1001 1:18"),
    ("const a = b [0]\nconst c = 1", "E1001 1:13"),
    ("output a: bool = b = 1\nconst c = 1", "E1007 1:20"),
    ("select a: T[0..1] {\n  where = self.b = \"x\"\n}", "E1007 2:18"),
    ("const a = if b = 1 then 2 else 3", "E1007 1:16"),
    ("const a = b === 2", "E1007 1:13"),
    ("const a = f(b = 1)", "E1007 1:15"),
    ("# note\n# and more\nconst b = 1", "E1007 1:1"),
    ("const a = if b == 1 then 1 elif c then 2 else 3", "E1007 1:28"),
    ("const a = if b == 1 { 1 } else { 2 }\nconst c = 1", "E1007 1:21"),
    ("input a: int[] = [1]\nconst b = 1", "E1007 1:10"),
    ("input a: (int | string)? = 1\nconst b = 1", "E1007 1:10"),
    ("const a = 1 const b = 2", "E1022 1:13"),
    ("node a: T for x [1, 2]\nconst b = 1", "E1001 1:11"),
    ("node type T { requires v: V[-1..2] }", "E1001 1:28"),
    ("select a: T[0..1] where self.b\nconst c = 1", "E1001 1:19"),
    ("const a = b%\nconst c = 1", "E1007 1:12"),
    // Strange characters.
    ("const\u{A0}a = 1", "E1001 1:6"),
    ("const a\u{200B} = 1", "E1001 1:8"),
    ("output o: int = \u{430}", "E1001 1:17"),
    ("const a = \u{201C}abc\u{201D}", "E1007 1:11"),
    ("const gr\u{F6}\u{DF}e = 1\noutput o: int = gr\u{F6}\u{DF}e", "E1001 1:7"),
    ("\u{FEFF}\u{FEFF}const a = 1", "E1001 1:1"),
    ("const a = \"\u{202E}\"", "W1003 1:12"),
    // What is awaited at the end of a line.
    ("node a: T {\n  cpu =\n}", "E1005 2:8"),
    ("node a: T {\n  b ->\n}", "E1005 2:7"),
    ("const a = 5.\n", "E1001 1:13"),
    ("data type D { x: 3 }", "E1006 1:18"),
    ("node a: T { x: }", "E1005 1:16"),
    // Literals.
    ("const a = 20Gib", "E1009 1:11"),
    ("const a = 5parsecs", "E1009 1:11"),
    ("const a = 9223372036854775808", "E1010 1:11"),
    ("const a = 99999999999d", "E1010 1:11"),
    ("const a = 1h5GiB", "E1010 1:11"),
    ("const a = \"a\\qb\"", "E1011 1:13"),
    ("const a = \"\\u{D800}\"", "E1011 1:12"),
    ("node a: T { \"x\\q\" = 1 }", "E1011 1:15"),
    ("const a = 0x1F", "E1007 1:11"),
    ("const a = [0b101]", "E1007 1:12"),
    ("const a = 0o17", "E1007 1:11"),
    ("const a = 1.5e3 + 2", "E1007 1:11"),
    ("const a = 1e-3", "E1007 1:11"),
    ("const a = 1e400", "E1007 1:11"),
    ("const a = 0xFFFFFFFFFFFFFFFFFF", "E1007 1:11"),
    ("const a = 5mm", "E1009 1:11"),
    // What is missing or misplaced in a form of several words.
    ("policy a m.P { x = 1 }\nconst b = 1", "E1001 1:10"),
    ("input a int = 1\nconst b = 1", "E1001 1:9"),
    ("const a int = 1\nconst b = 1", "E1001 1:9"),
    ("output a int = 1\nconst b = 1", "E1001 1:10"),
    ("node type T { property a list<int> = [] }\nconst b = 1", "E1001 1:26"),
    ("data type D {\n  a secret string\n}\nconst b = 1", "E1001 2:5"),
    ("fn f(a int, b: int) -> int = a\nconst b = 1", "E1001 1:8"),
    ("fn f(a: int, b int) -> int = a\nconst b = 1", "E1001 1:16"),
    ("const a = if (b) { 1 } else if c { 2 } else { 3 }\nconst d = 1", "E1007 1:18"),
    ("const a = if b then { 1 } else { 2 }\nconst d = 1", "E1007 1:21"),
    ("const a = if b then 1 else { 2 }\nconst d = 1", "E1007 1:28"),
    ("const a = if b { 1 } else 2\nconst d = 1", "E1007 1:16"),
    ("const a = if b: 1 else: 2\nconst d = 1", "E1001 1:15"),
    ("const a = if b 1 else 2\nconst d = 1", "E1001 1:16"),
    ("const a = 1 if b else 2\nconst d = 1", "E1007 1:13"),
    ("node a: T for x in b if x.c by x.d { e = 1 }\nconst f = 1", "E1007 1:29"),
    ("node a: T for x in b\n  if x.c\n  by x.d {\n  e = 1\n}\nconst f = 1", "E1007 3:3"),
    ("group a: G for x in b { members = [x] }\nconst c = 1", "E1007 1:12"),
    ("policy a: P for x in b { targets = [x] }\nconst c = 1", "E1007 1:13"),
    ("policy a: P if b { targets = [c] }\nconst c = 1", "E1007 1:13"),
    ("select a: T[0..] for x in b { where = true }\nconst c = 1", "E1007 1:18"),
    ("policy a: P {\n  run = w { n = 1 }\n}\nconst b = 1", "E1007 2:11"),
    ("workflow w() {\n  let a = wait 1s\n}\nconst b = 1", "E1007 2:11"),
    // Ends of lines that are none.
    ("const a = 1\rconst b = 2\rconst c = 3", "E1007 1:12"),
    ("node a: T {\r  x = \"\r\"\r  y = 1\r}\r", "E1007 1:12"),
    ("// why\rconst a = 1\n", "E1007 1:7"),
    ("/// why\rconst a = 1\nconst b = 1", "E1007 1:8"),
    ("const a = 1\nconst b = 2\rconst c = 3\nconst d = 4", "E1007 2:12"),
    // Names.
    ("node type server { }", "E1012 1:11"),
    ("node Web: Server", "E1013 1:6"),
    ("fn F(a: int) -> int = a", "E1013 1:4"),
    ("input self: int", "E1014 1:7"),
    ("const a = [x for self in b]", "E1014 1:18"),
    // Layout.
    ("node a: T\n{\n  x = 1\n}", "E1019 2:1"),
    ("const a = b == not c", "E1020 1:16"),
    ("const a = 1 + if b then 1 else 2", "E1020 1:15"),
    ("const a = 1..n * 2", "E1020 1:14"),
    ("const a = b[0](1)", "E1021 1:11"),
    ("const a = 5(1)", "E1021 1:11"),
    ("node a: T { x = 1 y = 2 }", "E1022 1:19"),
    ("const a = 1\n}\nconst b = 2", "E1023 2:1"),
    ("node a: T {\n  x = 1)\n}", "E1023 2:8"),
    ("const a = { \"${b}\" = 1 }", "E1024 1:13"),
    ("node a: T { let r = call b.c.d }", "E1025 1:13"),
    ("const a = f(...b)", "E1025 1:13"),
    ("const a = [1, 2 for x in b]", "E1001 1:17"),
    ("input a: int[2]", "E1025 1:13"),
    ("data type D { a: int?[2] }", "E1025 1:22"),
    ("fn f(a: int[2]) -> int = a", "E1025 1:12"),
    ("node type T { requires a: B?[1] }", "E1025 1:29"),
    ("node type T { requires a: B?[3] via R }", "E1025 1:29"),
    ("group type G { members: B?[0..1] }", "E1025 1:27"),
    ("requires a: m.B?[0..]", "E1025 1:17"),
    ("group g: G[1..] { members = [] }", "E1025 1:11"),
    ("policy p: P[0] { }", "E1025 1:12"),
    ("abstract data type D { a: int }", "E1025 1:1"),
    ("node a: T if b if c { }", "E1025 1:19"),
    ("const a = { b = 1,\n  c = 2 }\nconst d = 1", "E1029 1:11"),
    ("node a: T { b = 1,\n  c = 2\n}\nconst d = 1", "E1029 1:11"),
    ("node a: T {\n  b = { c = 1\n  d = 2\n}\nconst d = 1", "E1002 2:7"),
    (
        "node type T {\n  property a: map<int> = { }\n  property b: map<int> = { x = 1\n  property c: int\n}",
        "E1002 3:26",
    ),
    ("node a: T\n  x = 1\n  y = 2\n}\nconst d = 1", "E1001 2:3"),
    // Files.
    ("", "E1018 1:1"),
    ("// nothing\n", "E1018 1:1"),
    // Warnings.
    ("const fooBar = 1", "W1002 1:7"),
    ("node type Web_Server", "W1002 1:11"),
    ("const a = [itemName for itemName in b]", "W1002 1:25"),
    ("const a = 1\n/// idle\n", "W1001 2:1"),
    ("node a: T {\n  x = 1\n  /// idle\n}", "W1001 3:3"),
    (
        "/// Of the file.\n\n/// Of no declaration.\n/// Nor this.\n\n/// Of `a`.\nconst a = 1\n",
        "W1001 3:1",
    ),
    ("const a = 1\n/// idle\n\n/// Of `b`.\nconst b = 1\n", "W1001 2:1"),
];

#[test]
fn one_mistake_is_one_error_at_its_place() {
    let mut wrong = Vec::new();
    for (text, expected) in MISTAKES {
        let found = places(text);
        if found != [*expected] {
            wrong.push(format!("{text:?}\n  expected {expected}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_misspelt_item_is_told() {
    let text =
        "imput a: int = 1\nnod b: A\nouput c: int = 3\noutput d: int = 1\nexpose x y\nnodes e: T";
    assert_eq!(places(text), ["E1001 1:1", "E1001 2:1", "E1001 3:1", "E1001 5:10", "E1001 6:1"]);
}

#[test]
fn what_stands_after_a_mistake_is_still_read() {
    for (text, _) in MISTAKES.iter().filter(|(text, _)| text.contains("\nconst ")) {
        if !text.contains("/*") {
            let (tree, _, _) = parse(text);
            assert!(tree.items.len() > usize::from(text.starts_with("const a")), "{text:?}");
        }
    }
}

#[test]
fn every_code_has_a_test() {
    let source = include_str!("../../src/diagnostics/syntax.rs");
    let codes: BTreeSet<&str> = source
        .split('"')
        .filter(|part| {
            part.len() == 5 && part.starts_with(['E', 'W']) && part[1..].parse::<u32>().is_ok()
        })
        .collect();
    assert!(codes.len() > 20, "{codes:?}");
    let elsewhere = concat!(include_str!("syntax_errors.rs"), include_str!("command_line.rs"));
    for code in codes {
        let tested = elsewhere.matches(code).count();
        assert!(tested > 0, "{code} has no test");
    }
}

#[test]
fn depth_and_length_have_an_end() {
    let many = |text: &str| text.repeat(100_000);
    for text in [
        format!("const a = {}", many("(")),
        format!("const a = {}", many("[")),
        format!("const a = {}", many("{")),
        format!("const a = {}", many("\"${")),
        format!("const a = {}1", many("- ")),
        format!("const a = 1 {}", many("- ")),
        format!("const a = b and {}", many("not ")),
        format!("const a = {}b", many("not ")),
        format!("const a = {}1", many("1 + ")),
        format!("const a = {}1", many("a ?? ")),
        format!("const a = {}1", many("if b then c else ")),
        format!("const a = {}1", many("if b then ")),
        format!("const a = b{}", many(".c")),
        format!("const a = b{}", many("[*]")),
        format!("input a: {}int", many("list<")),
        format!("input a: {}int", many("secret ")),
        many("/*"),
        format!("workflow w() {{\n if a {{ }} {} }}", many("else if b { } ")),
    ] {
        let (_, diagnostics, _) = parse(&text);
        let start: String = text.chars().take(30).collect();
        assert_eq!(diagnostics.len(), 1, "{start}: {:?}", diagnostics.first());
        assert_eq!(diagnostics[0].code, "E1015", "{start}");
    }
}

#[test]
fn the_deepest_that_is_allowed_parses() {
    let nested = |open: &str, close: &str| {
        let depth = 127;
        format!("const a = {}1{}", open.repeat(depth), close.repeat(depth))
    };
    for text in [
        nested("(", ")"),
        nested("[", "]"),
        nested("{ a = ", " }"),
        nested("-(", ")"),
        nested("1 + (", ")"),
        nested("f(", ")"),
        nested("\"${", "}\""),
    ] {
        let (tree, diagnostics, _) = parse(&text);
        assert_eq!(diagnostics, [], "{}", &text[..40]);
        assert_eq!(tree.items.len(), 1);
    }
}

#[test]
fn garbage_ends_soon_with_few_errors() {
    let mut state = 1_u64;
    let mut random = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u8::try_from(state >> 57).unwrap()
    };
    let letters: String = (0..2_000_000).map(|_| char::from(random())).collect();
    let brackets: String = (0..2_000_000)
        .map(|_| char::from(b"{}()[]\"\n a=:-/*"[usize::from(random()) % 15]))
        .collect();
    let entries = "a = {{ [ \n".repeat(200_000);
    let heads = "node a: T {\n".repeat(50_000);
    for text in [letters, brackets, entries, heads] {
        let (_, diagnostics, _) = parse(&text);
        let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
        assert!((1..=101).contains(&errors), "{errors}");
    }
}

#[test]
fn a_file_past_the_limit_and_one_that_is_no_text_are_refused() {
    let large = vec![b' '; usize::try_from(syntax::MAX_FILE).unwrap() + 1];
    let (_, _, diagnostics) = syntax::parse_bytes(FileId(0), "large.bp", large);
    assert_eq!(diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), ["E1016"]);
    let (_, _, diagnostics) = syntax::parse_bytes(FileId(0), "x.bp", b"const a = \xff".to_vec());
    assert_eq!(diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), ["E1017"]);
    assert_eq!(diagnostics[0].place.span.start, 10);
}

#[test]
fn more_mistakes_than_a_hundred_are_cut_off() {
    let (_, diagnostics, _) = parse(&"const a = 1 2\n".repeat(500));
    assert_eq!(diagnostics.len(), 101);
    assert_eq!(diagnostics[100].code, "E1026");
}

/// Every fix leads to a text with fewer errors.
#[test]
fn fixes_mend() {
    let mut seen = 0;
    for (text, _) in MISTAKES {
        let (_, diagnostics, source) = parse(text);
        let Some(fix) = diagnostics.iter().find_map(|d| d.fix.clone()) else { continue };
        let mut edits = fix.edits.clone();
        edits.sort_by_key(|(place, _)| std::cmp::Reverse(place.span));
        let mut mended = source.text().to_owned();
        for (place, text) in edits {
            mended.replace_range(place.span.start as usize..place.span.end as usize, &text);
        }
        let (_, after, _) = parse(&mended);
        assert!(after.len() < diagnostics.len(), "{text:?} -> {mended:?}: {after:?}");
        seen += 1;
    }
    assert!(seen > 8, "{seen}");
}

fn programs() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut texts = Vec::new();
    for folder in ["stdlib", "blueprints/hello-fleet", "tests/cases/accept"] {
        let mut paths: Vec<_> = std::fs::read_dir(root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "bp"))
            .collect();
        paths.sort();
        texts.extend(paths.iter().map(|path| std::fs::read_to_string(path).unwrap()));
    }
    texts
}

/// A bracket or a quote less, anywhere: nearly always exactly one error.
#[test]
fn a_forgotten_bracket_costs_one_error() {
    let (mut all, mut single) = (0, 0);
    for text in programs() {
        for (at, _) in text.match_indices(['{', '}', '(', ')', '[', ']', '"']) {
            // The brackets of a regular expression are text: without one the program is as well.
            let line = text[..at].rfind('\n').map_or(0, |start| start + 1);
            if text[line..].lines().next().is_some_and(|line| line.contains('\\')) {
                continue;
            }
            let mut broken = text.clone();
            broken.remove(at);
            let (_, diagnostics, _) = parse(&broken);
            let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
            // In the words of a comment, or of a string, nothing is broken by it.
            let line = text[..at].rsplit('\n').next().unwrap();
            if errors == 0 && line.contains(['"', '/']) {
                continue;
            }
            all += 1;
            single += usize::from(errors == 1);
        }
    }
    assert!(single * 100 >= all * 90, "{single} of {all} give exactly one error");
}

/// What holds of any text: no panic, places inside of it and between its characters.
fn holds(text: &str) {
    let (_, diagnostics, source) = parse(text);
    for diagnostic in diagnostics {
        let related = diagnostic.related.iter().map(|(place, _)| *place);
        for place in related.chain([diagnostic.place]) {
            let span = place.span;
            assert!(span.start <= span.end, "{diagnostic:?}");
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{diagnostic:?}");
        }
        source.position(diagnostic.place.span.end);
    }
}

const WORDS: &[&str] = &[
    "node",
    "type",
    "a",
    "T",
    ":",
    "=",
    "->",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "${",
    "\n",
    " ",
    "if",
    "then",
    "else",
    "for",
    "in",
    "where",
    "via",
    "call",
    "on failure",
    "1",
    "20GiB",
    "..",
    "...",
    "?",
    "??",
    ".",
    "?.",
    "[*]",
    ",",
    "//",
    "///",
    "/*",
    "*/",
    "\"\"\"",
    "\\",
    "@",
    "and",
    "not",
    "-",
    "workflow w()",
    "test \"x\"",
    "blueprint x",
    "use std.x",
    "é",
    "\u{FEFF}",
    "\r\n",
];

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_text_is_taken(text in "\\PC{0,200}") {
        holds(&text);
    }

    #[test]
    fn any_words_are_taken(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..80)) {
        holds(&words.concat());
        holds(&words.join(" "));
    }

    #[test]
    fn programs_with_a_piece_changed_are_taken(
        file in 0..29_usize,
        at in 0..2000_usize,
        length in 0..30_usize,
        word in proptest::sample::select(WORDS),
    ) {
        let programs = programs();
        let text = &programs[file % programs.len()];
        let letters: Vec<char> = text.chars().collect();
        let at = at % letters.len();
        let end = (at + length).min(letters.len());
        let changed: String =
            letters[..at].iter().copied().chain(word.chars()).chain(letters[end..].iter().copied()).collect();
        holds(&changed);
    }
}
