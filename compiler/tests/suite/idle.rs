//! What is there and has no effect: unused names, constraints that leave no value, what only repeats
//! another mistake; and the fixes that write into an item.

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::Diagnostic;

const HEAD: &str = "blueprint x { version = \"1.0.0\" }\n";

fn analyse(text: &str) -> Analysis {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.bp");
    std::fs::write(&path, text).unwrap();
    Analysis::check(&path)
}

/// `W2010 name` for each diagnostic: the code and what is underlined.
fn said(text: &str) -> Vec<String> {
    let analysis = analyse(text);
    let one = |d: &Diagnostic| {
        let source = analysis.sources().file(d.place.file).unwrap();
        format!("{} {}", d.code, source.slice(d.place.span))
    };
    analysis.diagnostics().iter().map(one).collect()
}

/// The text after the fix of its first diagnostic that has one.
fn mended(text: &str) -> String {
    let analysis = analyse(text);
    let fix = analysis.diagnostics().iter().find_map(|d| d.fix.clone()).unwrap();
    let mut edits = fix.edits;
    edits.sort_by_key(|(place, _)| std::cmp::Reverse(place.span.start));
    let mut text = text.to_owned();
    for (place, new) in edits {
        text.replace_range(place.span.start as usize..place.span.end as usize, &new);
    }
    text
}

#[test]
fn what_nothing_names_is_told() {
    for (text, wanted) in [
        ("input a: int", &["W2010 a"][..]),
        ("secret a: string", &["W2010 a"]),
        ("const a = 1", &["W2010 a"]),
        ("fn f() -> int = 1", &["W2010 f"]),
        ("data type T { a: int }", &["W2010 T"]),
        ("node type T", &["W2010 T"]),
        ("select s: Compute[0..]", &["W2010 s"]),
        ("requires r: Compute", &["W2010 r"]),
        ("requires r: Compute\nnode n: Root { after -> r }", &[]),
        ("const a = 1\nconst b = a", &["W2010 b"]),
        ("const _a = 1\nnode type _T\nfn _f() -> int = 1", &["E1012 _T"]),
        ("fn f(a: int, b: int) -> int = a\noutput o: int = f(1, 2)", &["W2011 b"]),
        ("output o: json = [1 for x in [1]]", &["W2011 x"]),
        ("output o: json = { k = k for k, v in { a = 1 } }", &["W2011 v"]),
        ("output o: bool = all(x in [1], true)", &["W2011 x"]),
        ("node type T {\n  property p: int\n}\nnode n: T {\n  let l = 1\n  p = 2\n}", &["W2011 l"]),
        ("workflow w(n: int) { wait 1s }\nworkflow v() { run w { n = 1 } }", &["W2011 n"]),
    ] {
        assert_eq!(said(&format!("{HEAD}{text}\n")), wanted, "{text}");
    }
}

#[test]
fn what_something_names_is_not_told() {
    for text in [
        "input a: int\noutput o: int = a",
        "input a: int = 1 where self > 0\nnode n: Root if a > 1",
        "const a = 1\nnode n: Root for x in 1..a",
        "input a: string\noutput o: string = \"x ${a}\"",
        "secret a: string\nnode type T { property p: secret string }\nnode n: T { p = a }",
        "fn f(a: int) -> int = a\nfn g() -> int = f(1)\noutput o: int = g()",
        "data type D { a: int }\ninput i: list<D?>\noutput o: json = i",
        "capability type C\nnode type T { capability c: C }\nnode n: T",
        "relationship type R\nnode type T { requires t: Root[0..1] via R }\nnode n: T",
        "node type A\nnode type B extends A\nnode n: B",
        "select s: Compute[0..]\nnode n: Root for c in s",
        "const zone = \"a\"\noutput o: list<string> = [z for z in [\"b\"] if z != zone]",
        "node n: Root for zone in [\"a\", \"b\"]",
        "output o: json = { k = 1 for k, _v in { a = 1 } }",
        "output o: json = [for_ for for_ in [1, 2]]",
    ] {
        assert_eq!(said(&format!("{HEAD}{text}\n")), Vec::<String>::new(), "{text}");
    }
    // What substitutes a type takes what the type says.
    let of = "abstract node type Store {\n  property size: int\n  property key: secret string?\n}\ninput size: int\nsecret key: string?";
    let text = format!("blueprint x substitutes Store {{ version = \"1.0.0\" }}\n{of}\n");
    assert_eq!(said(&text), Vec::<String>::new());
    // What implements an operation takes what the operation says.
    let kinds = "interface type Keep { operation backup(n: int) }\nabstract node type Db { implements Keep }\n";
    let text = format!(
        "blueprint x substitutes Db {{ version = \"1.0.0\" }}\n{kinds}implement keep.backup = bk\nworkflow bk(n: int) {{ wait 1s }}\n"
    );
    assert_eq!(said(&text), Vec::<String>::new());
    // A module is there for others, and where something is broken a use may be hidden.
    assert_eq!(said("const a = 1\n"), Vec::<String>::new());
    assert_eq!(said(&format!("{HEAD}const a = 1\nconst b = c\n")), ["E3001 c"]);
}

#[test]
fn what_is_not_used_is_taken_out() {
    for (text, wanted) in [
        ("/// Idle.\nconst a = 1\nnode n: Root\n".to_owned(), "node n: Root\n"),
        ("use std.kubernetes as k8s\nnode n: Root\n".to_owned(), "node n: Root\n"),
        (
            "node type T { property p: int }\nnode n: T { let l = 1, p = 2 }\n".to_owned(),
            "node type T { property p: int }\nnode n: T { p = 2 }\n",
        ),
        (
            "fn f(a: int) -> int = 1\noutput o: int = f(1)\n".to_owned(),
            "fn f(_a: int) -> int = 1\noutput o: int = f(1)\n",
        ),
    ] {
        assert_eq!(mended(&format!("{HEAD}{text}")), format!("{HEAD}{wanted}"));
    }
    for (names, left) in [("Cluster, Account", "Cluster"), ("Account, Cluster", "Cluster")] {
        let rest = "select s: Cluster[1..]\noutput o: int = length(s)\n";
        let text = |names| format!("{HEAD}use \"./kinds.bp\" {{ {names} }}\n{rest}");
        let folder = tempfile::tempdir().unwrap();
        let kinds = "node type Cluster\nnode type Account\n";
        std::fs::write(folder.path().join("kinds.bp"), kinds).unwrap();
        let path = folder.path().join("root.bp");
        std::fs::write(&path, text(names)).unwrap();
        let analysis = Analysis::check(&path);
        let [unused] = analysis.diagnostics() else { panic!("{:?}", analysis.diagnostics()) };
        assert_eq!(unused.code, "W2009");
        let (place, new) = &unused.fix.as_ref().unwrap().edits[0];
        let mut mended = text(names);
        mended.replace_range(place.span.start as usize..place.span.end as usize, new);
        assert_eq!(mended, text(left));
    }
}

#[test]
fn constraints_that_leave_nothing_are_told() {
    for (text, wanted) in [
        ("int where self > 10 and self < 5", "self > 10 and self < 5"),
        ("int where self > 4 and self < 5", "self > 4 and self < 5"),
        ("int where self > 10 where self < 5", "self < 5"),
        ("int where self in 5..1", "self in 5..1"),
        ("int where self in []", "self in []"),
        ("int where self in [1, 2] where self in [3]", "self in [3]"),
        ("int where self in [1, 2] where self > 2", "self > 2"),
        ("int where self == 1 where self != 1", "self != 1"),
        ("int where not (self > 3) where self > 3", "self > 3"),
        ("int where not (self < 3 or self > 2)", "not (self < 3 or self > 2)"),
        ("int where 5 < self where 4 > self", "4 > self"),
        ("int where self in 1..9 where self not in 1..9 where self == 10", "self == 10"),
        ("size where self > 4GiB where self < 4GiB", "self < 4GiB"),
        ("version where self >= \"1.27\" where self < \"1.9\"", "self < \"1.9\""),
        ("\"a\" | \"b\" where self != \"a\" where self != \"b\"", "self != \"b\""),
        ("bool where self where not self", "not self"),
        ("string where length(self) < 0", "length(self) < 0"),
        ("list<int> where length(self) > 4 where length(self) < 5", "length(self) < 5"),
        ("float where self > 1 where self < 1", "self < 1"),
    ] {
        let text = format!("{HEAD}input i: {text}\noutput o: json = i\n");
        assert_eq!(said(&text), [format!("E3050 {wanted}")], "{text}");
    }
    for text in [
        "int where self > 3 and self < 5",
        "int where self >= 5 and self <= 5",
        "float where self > 4 and self < 5",
        "int where self > 10 or self < 5",
        "int where self in 1..5 where self in [5, 6]",
        "int where self != 1 where self != 2",
        "string where matches(self, \"a\") where matches(self, \"b\")",
        "version where self >= \"1.9\" where self < \"1.27\"",
        "\"a\" | \"b\" where self != \"a\"",
        "bool where self",
        "string where length(self) < 1",
        "string where length(self) > 4 where length(self) < 6 where self != \"a\"",
    ] {
        let text = format!("{HEAD}input i: {text}\noutput o: json = i\n");
        assert_eq!(said(&text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_parameter_that_no_value_can_be_given_is_told() {
    let text = |item: &str| format!("{HEAD}{item}\n");
    for item in [
        "workflow w(x: int where self > 3 and self < 3) { wait 1s * x }",
        "interface type I { operation go(x: int where self > 3 and self < 3) }",
        "fn f(x: int where self > 3 and self < 3) -> int = x\ninput i: int\noutput o: int = f(i)",
    ] {
        assert_eq!(said(&text(item)), ["E3050 self > 3 and self < 3"], "{item}");
        let fine = item.replace("self < 3", "self < 5");
        assert!(!said(&text(&fine)).iter().any(|one| one.starts_with("E3050")), "{fine}");
    }
    // No call of it is told beside it; what another parameter refuses is.
    let calls = "fn f(x: int where self > 3 where self < 3, y: int = 9 where self > 5) -> int = x\n\
                 fn g(x: int) -> int = f(x) + f(4, 6)\noutput o: int = f(1) + g(1)\n";
    assert_eq!(said(&text(calls)), ["E3050 self < 3"]);
    let other = calls.replace("f(1)", "f(1, 2)");
    assert_eq!(said(&text(&other)), ["E3050 self < 3", "E3028 2"]);
    let both = "type Few = int where self < 5\nworkflow w(x: Few where self > 4) { wait 1s * x }";
    assert_eq!(said(&text(&format!("data {both}"))), ["E3050 self > 4"]);
}

#[test]
fn constraints_of_several_places_join() {
    for (text, wanted) in [
        (
            "node type A { property p: int where self < 5 }\nnode type B extends A { property p: int where self > 4 }\nnode n: B { p = 7 }\nnode type C extends B",
            &["E3050 self > 4"][..],
        ),
        (
            "data type Port = int where self in 1..65535\nnode type A { property p: Port = 70000 where self > 65535 }",
            &["E3050 self > 65535"],
        ),
        (
            "node type A {\n  property low: int\n  property high: int\n  check self.low > 5\n  check self.low < 3 and self.high > 3\n}",
            &["E3050 self.low < 3 and self.high > 3"],
        ),
        (
            "node type M { property memory: size = 1GiB }\nnode type A { requires host: M where self.memory > 4GiB and self.memory < 2GiB }",
            &["E3050 self.memory > 4GiB and self.memory < 2GiB"],
        ),
        ("data type D { p: int where self < 0 where self > 0 }", &["E3050 self > 0"]),
        // What a member asks joins with what is asked of the whole.
        (
            "node type A {\n  property p: int where self > 5\n  check self.p < 3\n}\nnode a: A { p = 7 }",
            &["E3050 self.p < 3"],
        ),
        (
            "data type D {\n  p: int where self > 5\n  q: int? where self > 5\n  check self.p < 3\n  check (self.q ?? 0) < 3\n}",
            &["E3050 self.p < 3"],
        ),
    ] {
        let found = said(text);
        let found: Vec<&str> =
            found.iter().map(String::as_str).filter(|one| one.starts_with("E3050")).collect();
        assert_eq!(found, wanted, "{text}");
    }
}

#[test]
fn a_missing_import_is_one_mistake() {
    for (text, wanted) in [
        // It was told where it stands.
        (
            "use std.kubernets as k8s\nselect s: k8s.Cluster[1..]\noutput o: json = k8s.f(1)",
            &["E2001 std.kubernets"][..],
        ),
        ("use \"./gone.bp\" { T, f }\nnode n: T\noutput o: json = f(1)", &["E2002 \"./gone.bp\""]),
        ("use std.kubernetes { Clustr }\nselect s: Clustr[1..]", &["E2008 Clustr"]),
        // It is not there at all.
        (
            "select s: k8s.Cluster[1..]\nselect t: k8s.Cluster[1..]\nnode n: k8s.Deployment",
            &["E2013 k8s.Cluster"],
        ),
        ("output o: int = ops.f(1)\noutput p: int = ops.limit + ops.g(2)", &["E3008 ops.f"]),
    ] {
        assert_eq!(said(&format!("{HEAD}{text}\n")), wanted, "{text}");
    }
    let mended = mended(&format!("{HEAD}select s: k8s.Cluster[1..]\noutput o: int = length(s)\n"));
    assert!(mended.starts_with("use std.kubernetes as k8s\nblueprint"), "{mended}");
    assert_eq!(said(&mended), Vec::<String>::new(), "{mended}");
}

#[test]
fn what_a_node_lacks_is_written_as_its_body_is() {
    let types = "data type E { host: string, port: int, note: string? }\nnode type T {\n  property a: int\n  property e: E\n  property s: \"x\" | \"y\"\n}\n";
    for (node, wanted) in [
        ("node n: T", "node n: T { a = …, e = …, s = … }"),
        ("node n: T { a = 1, s = \"y\" }", "node n: T { a = 1, s = \"y\", e = … }"),
        ("node n: T { }", "node n: T { a = …, e = …, s = … }"),
        (
            "node n: T {\n    a = 1 // one\n    s = \"y\" // two\n}",
            "node n: T {\n    a = 1 // one\n    s = \"y\" // two\n    e = …\n}",
        ),
        (
            "node n: T {\n  // to be written\n}",
            "node n: T {\n  a = …\n  e = …\n  s = …\n  // to be written\n}",
        ),
    ] {
        let mended = mended(&format!("{HEAD}{types}{node}\n"));
        assert_eq!(mended, format!("{HEAD}{types}{wanted}\n"));
        // What they are is for whoever writes the node: until then it is refused.
        let open: Vec<String> = said(&mended);
        assert!(!open.is_empty() && open.iter().all(|one| one == "E1005 …"), "{mended}\n{open:?}");
    }
    let needs = "node type T { requires host: Compute }\nnode m: Compute\n";
    let mended = mended(&format!("{HEAD}{needs}node n: T\n"));
    assert_eq!(mended, format!("{HEAD}{needs}node n: T {{ host -> m }}\n"));
}

#[test]
fn null_in_a_union_makes_it_optional() {
    for text in ["\"a\" | \"b\" | null = null", "int | null = null", "null | string | int = 3"] {
        let text = format!("{HEAD}input i: {text}\noutput o: json = i ?? 1\n");
        assert_eq!(said(&text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_never_changes_is_told() {
    for (text, wanted) in [
        ("node n: Root if 1 == 2", &["W3051 1 == 2"][..]),
        ("output o: int = if true then 1 else 2", &["W3051 true"]),
        ("output o: json = [x for x in [1] if not false]", &["W3051 not false"]),
        ("input a: int\noutput o: int = a ?? 2", &["W3052 a"]),
        ("input m: map<int>\noutput o: int = m[\"k\"] ?? 2", &["W3052 m[\"k\"]"]),
        ("input a: int?\noutput o: int = if a != null then a ?? 1 else 2", &["W3052 a"]),
        // What no values of the inputs meet.
        (
            "input e: \"a\" | \"b\"\nnode n: Root if e == \"a\" and e == \"b\"",
            &["W3051 e == \"a\" and e == \"b\""],
        ),
        ("input k: int where self in 1..5\nnode n: Root if k > 10", &["W3051 k > 10"]),
        (
            "input k: int where self < 5\nnode n: Root for v in [1, 2] if not (k < 9)",
            &["W3051 not (k < 9)"],
        ),
        // Keys that an enumeration may be.
        ("input e: \"a\" | \"b\"\nconst r = { a = 1 }\noutput o: int = r[e]", &["W3053 e"]),
        ("input e: \"a\" | \"b\"\nconst r = { a = 1, b = 2, c = 3 }\noutput o: int = r[e]", &[]),
        ("input e: \"a\" | \"b\"\nconst r = { a = 1 }\noutput o: int = r?[e] ?? 1", &[]),
        (
            "input e: \"a\" | \"b\"\nconst r = { a = 1 }\noutput o: int = if e == \"a\" then r[e] else 1",
            &[],
        ),
        // These may be otherwise.
        ("input k: int where self in 1..5\nnode n: Root if k > 4", &[]),
        ("input k: int? = null where self in 1..5\nnode n: Root if k == null", &[]),
        ("input e: \"a\" | \"b\"\nnode n: Root if e == \"a\" or e == \"b\"", &[]),
        ("const on = true\nnode n: Root if on", &[]),
        ("input a: int?\noutput o: int = a ?? 2", &[]),
        ("input a: json\noutput o: json = a.b ?? 2", &[]),
        ("input m: map<int>\noutput o: int = m?[\"k\"] ?? 2", &[]),
    ] {
        assert_eq!(said(&format!("{HEAD}{text}\n")), wanted, "{text}");
    }
    let read = mended(&format!("{HEAD}input m: map<int>\noutput o: int = m[\"k\"] ?? 2\n"));
    assert!(read.contains("m?[\"k\"] ?? 2"), "{read}");
}
