//! The built-in functions: what they give, and what they refuse.

use bp_eval::ErrorKind;
use bp_eval::functions::{BINDERS, BINDING, Form, NAMES, OF_FILES, OF_PREFER};
use bp_plan::{Expr, Value};

use crate::common::*;

fn strings(items: &[&str]) -> Value {
    Value::List(items.iter().map(|s| Value::from(*s)).collect())
}

fn run(function: &str, arguments: &[Value]) -> Value {
    value(&call(function, arguments.iter().cloned().map(Expr::Value).collect()))
}

fn refused(function: &str, arguments: &[Value]) -> (ErrorKind, String) {
    let error = error(&call(function, arguments.iter().cloned().map(Expr::Value).collect()));
    (error.kind, error.message)
}

#[test]
fn text() {
    let s = |text: &str| Value::from(text);
    assert_eq!(run("string", &[quantity("90m")]), s("1h30m"));
    assert_eq!(run("string", &[Value::Float(1.0)]), s("1.0"));
    assert_eq!(run("split", &[s("a,b"), s(",")]), strings(&["a", "b"]));
    assert_eq!(run("split", &[s(""), s(",")]), strings(&[""]));
    assert_eq!(run("join", &[strings(&["a", "b"]), s("-")]), s("a-b"));
    assert_eq!(run("join", &[list([]), s("-")]), s(""));
    assert_eq!(run("trim", &[s(" a\n")]), s("a"));
    assert_eq!(run("lower", &[s("ÄB")]), s("äb"));
    assert_eq!(run("upper", &[s("äb")]), s("ÄB"));
    assert_eq!(run("replace", &[s("a.b.c"), s("."), s("--")]), s("a--b--c"));
    for _ in 0..2 {
        assert_eq!(run("matches", &[s("1.4.0"), s(r"^\d+\.\d+\.\d+$")]), Value::Bool(true));
        assert_eq!(run("matches", &[s("v1.4.0"), s(r"^\d+")]), Value::Bool(false));
    }
    for (name, is_zone) in [
        ("Europe/Berlin", true),
        ("UTC", true),
        ("America/Argentina/Buenos_Aires", true),
        ("Europe/Berlinn", false),
        ("europe/berlin", false),
        ("", false),
    ] {
        assert_eq!(run("is_time_zone", &[s(name)]), Value::Bool(is_zone), "{name}");
    }
    assert_eq!(run("starts_with", &[s("abc"), s("ab")]), Value::Bool(true));
    assert_eq!(run("ends_with", &[s("abc"), s("ab")]), Value::Bool(false));
    assert_eq!(run("contains", &[s("abc"), s("bc")]), Value::Bool(true));
    assert_eq!(run("contains", &[list([1, 2]), Value::Int(2)]), Value::Bool(true));
    assert_eq!(run("contains", &[map(&[("k", Value::Null)]), s("k")]), Value::Bool(true));
    assert_eq!(run("length", &[s("äb")]), Value::Int(2));
}

#[test]
fn numbers_and_versions() {
    let f = Value::Float;
    let i = Value::Int;
    assert_eq!(run("int", &["42".into()]), i(42));
    assert_eq!(run("int", &[f(3.0)]), i(3));
    assert_eq!(run("float", &["2.5".into()]), f(2.5));
    assert_eq!(run("float", &[quantity("25%")]), f(0.25));
    assert_eq!(run("round", &[f(2.5)]), i(3));
    assert_eq!(run("round", &[f(-2.5)]), i(-3));
    assert_eq!(run("abs", &[quantity("-5m")]), quantity("5m"));
    for (a, b) in [(10, 3), (-10, 3), (10, -3), (-10, -3)] {
        let (Value::Int(div), Value::Int(rest)) =
            (run("div", &[i(a), i(b)]), run("mod", &[i(a), i(b)]))
        else {
            panic!("whole numbers");
        };
        assert!(div * b + rest == a && (0..3).contains(&rest), "{a} {b}: {div} {rest}");
    }
    assert_eq!(run("sum", &[list([1, 2])]), i(3));
    assert_eq!(run("sum", &[Value::List(vec![quantity("1m"), quantity("30s")])]), quantity("90s"));
    assert_eq!(run("min", &[list([2, 1])]), i(1));
    assert_eq!(run("max", &[i(2), f(2.5), i(1)]), f(2.5));
    assert_eq!(run("version", &["1.27".into()]), Value::Version("1.27".into()));
}

#[test]
fn collections() {
    let m = || map(&[("a", Value::Int(2)), ("b", Value::Int(1))]);
    assert_eq!(run("count", &[m()]), Value::Int(2));
    assert_eq!(run("length", &[Value::Range(1, 2_000_000_000)]), Value::Int(2_000_000_000));
    assert_eq!(run("keys", &[m()]), strings(&["a", "b"]));
    assert_eq!(run("values", &[m()]), list([2, 1]));
    let first = map(&[("key", "a".into()), ("value", Value::Int(2))]);
    assert!(matches!(run("entries", &[m()]), Value::List(e) if e.first() == Some(&first)));
    let pair = map(&[("first", Value::Int(1)), ("second", "x".into())]);
    assert_eq!(run("zip", &[list([1]), strings(&["x"])]), Value::List(vec![pair]));
    assert_eq!(run("flatten", &[Value::List(vec![list([1]), list([2, 3])])]), list([1, 2, 3]));
    for (arguments, expected) in [
        (vec![1, 3], vec![1, 2, 3]),
        (vec![1, 6, 2], vec![1, 3, 5]),
        (vec![3, 1, -1], vec![3, 2, 1]),
        (vec![3, 1], vec![]),
        (vec![i64::MAX - 1, i64::MAX], vec![i64::MAX - 1, i64::MAX]),
    ] {
        let arguments: Vec<Value> = arguments.into_iter().map(Value::Int).collect();
        assert_eq!(run("range", &arguments), list(expected), "{arguments:?}");
    }
    let merged = run(
        "merge",
        &[
            map(&[("a", map(&[("b", Value::Int(1)), ("c", Value::Int(2))]))]),
            map(&[("a", map(&[("c", Value::Int(3))]))]),
        ],
    );
    assert_eq!(merged, map(&[("a", map(&[("b", Value::Int(1)), ("c", Value::Int(3))]))]));
    assert_eq!(run("sort", &[list([2, 3, 1])]), list([1, 2, 3]));
    assert_eq!(run("unique", &[list([2, 1, 2])]), list([2, 1]));
    let mixed = Value::List(vec![Value::Int(1), Value::Float(1.0), "1".into()]);
    assert_eq!(run("unique", &[mixed]), Value::List(vec![Value::Int(1), "1".into()]));
}

#[test]
fn encodings() {
    let data = || map(&[("a", Value::Null), ("b", Value::List(vec![Value::Int(1), true.into()]))]);
    assert_eq!(run("json_encode", &[data()]), "{\"a\":null,\"b\":[1,true]}".into());
    assert_eq!(run("json_encode", &[quantity("90m")]), "\"1h30m\"".into());
    assert_eq!(run("json_decode", &["{\"b\": [1, true], \"a\": null}".into()]), data());
    let yaml = run("yaml_encode", &[data()]);
    assert_eq!(yaml, "a: null\nb:\n- 1\n- true\n".into());
    assert_eq!(run("yaml_decode", &[yaml]), data());
    // As YAML 1.2 reads it.
    let expected = map(&[("a", "no".into()), ("b", "1_0".into()), ("c", Value::Float(1.5))]);
    assert_eq!(run("yaml_decode", &["{a: no, b: 1_0, c: 1.5}".into()]), expected);
    assert_eq!(run("base64", &["hello".into()]), "aGVsbG8=".into());
    assert_eq!(run("base64_decode", &["aGVsbG8=".into()]), "hello".into());
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(run("sha256", &["".into()]), empty.into());
}

#[test]
fn networks() {
    let subnet = |of: &str, bits: i64, number: i64| {
        run("cidr_subnet", &[of.into(), bits.into(), number.into()])
    };
    let host = |of: &str, number: i64| run("cidr_host", &[of.into(), number.into()]);
    assert_eq!(subnet("10.0.0.0/16", 8, 2), "10.0.2.0/24".into());
    assert_eq!(subnet("10.0.9.9/16", 0, 0), "10.0.0.0/16".into());
    assert_eq!(subnet("10.0.0.0/30", 2, 3), "10.0.0.3/32".into());
    assert_eq!(subnet("fd00::/48", 16, 65535), "fd00:0:0:ffff::/64".into());
    assert_eq!(subnet("::/0", 128, 1), "::1/128".into());
    assert_eq!(subnet("::/0", 0, 0), "::/0".into());
    assert_eq!(host("10.0.2.0/24", 5), "10.0.2.5".into());
    assert_eq!(host("10.0.2.0/24", -2), "10.0.2.254".into());
    assert_eq!(host("0.0.0.0/0", -1), "255.255.255.255".into());
    assert_eq!(host("::/0", -1), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff".into());
    assert_eq!(host("fd00::/64", 10), "fd00::a".into());
    let inside = |of: &str, x: &str| run("cidr_contains", &[of.into(), x.into()]);
    assert_eq!(inside("10.0.0.0/8", "10.1.2.3"), true.into());
    assert_eq!(inside("10.0.0.0/8", "10.0.0.0/7"), false.into());
    assert_eq!(inside("10.0.0.0/8", "fd00::1"), false.into());
}

#[test]
fn what_can_not_be_is_refused() {
    use ErrorKind::{BadArgument as Bad, DivisionByZero, Overflow, TooLarge, WrongType};
    let s = |text: &str| Value::from(text);
    let i = Value::Int;
    let long = || s(&"x".repeat(1 << 20));
    for (function, arguments, kind, part) in [
        ("string", vec![list([])], WrongType, "expected a scalar"),
        ("split", vec![s("a"), s("")], Bad, "separator is empty"),
        ("join", vec![Value::List(vec![list([])]), s("")], WrongType, "expected a scalar"),
        ("replace", vec![s("a"), s(""), s("b")], Bad, "is empty"),
        ("replace", vec![long(), s("x"), long()], TooLarge, "16 MiB"),
        ("matches", vec![s("a"), s("(")], Bad, "no regular expression: unclosed group"),
        ("matches", vec![i(1), s("a")], WrongType, "expected a string, found the int 1"),
        ("contains", vec![s("a"), i(1)], WrongType, "expected a string to look for"),
        ("int", vec![s("4x")], Bad, "\"4x\" is no whole number"),
        ("int", vec![s("99999999999999999999")], Overflow, "past 64 bits"),
        ("int", vec![Value::Float(1.5)], Bad, "has a fraction: write round(1.5)"),
        ("int", vec![Value::Float(1e30)], Overflow, "past 64 bits"),
        ("float", vec![s("nan")], Bad, "is no number"),
        ("float", vec![s("1e999")], Overflow, "no finite number"),
        ("round", vec![s("1")], WrongType, "expected a number"),
        ("abs", vec![i(i64::MIN)], Overflow, "past 64 bits"),
        ("mod", vec![i(1), i(0)], DivisionByZero, "divided by 0"),
        ("div", vec![i(i64::MIN), i(-1)], Overflow, "past 64 bits"),
        ("min", vec![list([])], Bad, "the list is empty"),
        ("version", vec![s("latest")], Bad, "`latest` is no version"),
        ("length", vec![i(1)], WrongType, "expected a list"),
        ("values", vec![list([1])], WrongType, "expected a map"),
        ("zip", vec![list([1]), list([])], Bad, "1 and 0 elements"),
        ("flatten", vec![list([1])], WrongType, "expected a list of lists"),
        ("range", vec![i(1), i(2), i(0)], Bad, "the step is 0"),
        ("range", vec![i(i64::MIN), i(i64::MAX)], TooLarge, "elements"),
        ("range", vec![i(1)], Bad, "takes 2 to 3 arguments, found 1"),
        ("sort", vec![Value::List(vec![i(1), s("a")])], WrongType, "have no order"),
        ("merge", vec![], Bad, "takes 1 arguments or more, found 0"),
        ("json_encode", vec![cluster("a")], Bad, "is a reference"),
        ("json_decode", vec![s("{")], Bad, "the text is no JSON"),
        ("json_decode", vec![s("18446744073709551615")], Bad, "past 64 bits"),
        ("yaml_decode", vec![s("a: [")], Bad, "the text is no YAML document"),
        ("yaml_decode", vec![s("a: .nan")], Bad, "the text is no YAML document"),
        ("yaml_decode", vec![s("a: 1\na: 2")], Bad, "the text is no YAML document"),
        ("base64_decode", vec![s("?")], Bad, "no base64"),
        ("base64_decode", vec![s("//79")], Bad, "no text (UTF-8)"),
        ("cidr_subnet", vec![s("10.0.0.0"), i(1), i(1)], Bad, "is no network"),
        ("cidr_subnet", vec![s("10.0.0.0/16"), i(17), i(0)], Bad, "room for 0 to 16 more bits"),
        ("cidr_subnet", vec![s("10.0.0.0/16"), i(1), i(2)], Bad, "from 0 to 1, found 2"),
        ("cidr_host", vec![s("10.0.0.0/24"), i(256)], Bad, "has no address 256"),
        ("cidr_host", vec![s("10.0.0.0/24"), i(i64::MIN)], Bad, "has no address"),
    ] {
        let (found, message) = refused(function, &arguments);
        assert!(found == kind && message.contains(part), "{function}: {found:?} {message}");
        assert!(message.starts_with(&format!("`{function}`")), "{message}");
    }
}

#[test]
fn the_table_is_whole() {
    for (name, function) in NAMES.iter() {
        assert!(function.signature.starts_with(&format!("{name}(")), "{name}");
        assert!(function.signature.contains("->"), "{name}");
        assert!(function.documentation.ends_with('.'), "{name}");
        assert!(function.example.contains(&format!("{name}(")), "{name}");
    }
    assert!(BINDING.iter().map(|form| form.name).eq(BINDERS.iter().copied()));
    for form in [BINDING, OF_FILES, OF_PREFER].into_iter().flatten() {
        assert!(form.signature.starts_with(&format!("{}(", form.name)), "{}", form.name);
        assert!(form.documentation.ends_with('.'), "{}", form.name);
        assert!(form.example.contains(&format!("{}(", form.name)), "{}", form.name);
    }
}

#[test]
fn secrets_and_what_is_not_known_go_through() {
    assert!(matches!(outcome(&call("upper", vec![secret()])), bp_eval::Outcome::Secret(_)));
    let both = call("split", vec![unknown(), secret()]);
    assert!(matches!(outcome(&both), bp_eval::Outcome::Secret(_)));
    assert_eq!(outcome(&call("upper", vec![unknown()])), bp_eval::Outcome::Unknown);
}

/// The tables as a document for people.
fn document() -> String {
    let mut text = String::from(
        "# Built-in functions\n\nMade from the tables in `src/functions` by their test: `UPDATE=1 cargo test -p bp-eval` \
         writes it again.\nEach has its types and an example; those that can be compared hold, which the compiler's tests \
         see to.\n\n- [Functions](#functions) are given values.\n- [Forms that bind a name](#forms-that-bind-a-name) \
         go through a collection: `all(n in shop, n.ready)`.\n- [Forms that take a \
         file](#forms-that-take-a-file) of the package in.\n- [Forms of `prefer`](#forms-of-prefer) say what \
         a selection takes first.\n\n## Functions\n",
    );
    for of in NAMES.values() {
        entry(&mut text, of.name, of.signature, of.documentation, of.example);
    }
    forms(
        &mut text,
        BINDING,
        "Forms that bind a name",
        "`xs` is a list, a map, a range, a collection of nodes or a selection, \
        and `x` each of its elements in turn. With two names the first is the key: of a map its key, of a list the position \
        from 0 (`all(k, v in labels, v != \"\")`). What has a default may be left out.",
    );
    forms(
        &mut text,
        OF_FILES,
        "Forms that take a file",
        "Paths are relative to the file that the call stands in, stay inside of the \
        package, and are known when compiling. [How templates are filled in](README.md#templates).",
    );
    forms(
        &mut text,
        OF_PREFER,
        "Forms of `prefer`",
        "They stand in a selection's list of preferences alone.",
    );
    text
}

fn forms(text: &mut String, forms: &[Form], title: &str, first: &str) {
    use std::fmt::Write as _;
    let _ = write!(text, "\n## {title}\n\n{first}\n");
    for of in forms {
        entry(text, of.name, of.signature, of.documentation, of.example);
    }
}

fn entry(text: &mut String, name: &str, signature: &str, documentation: &str, example: &str) {
    use std::fmt::Write as _;
    let _ = write!(
        text,
        "\n### `{name}`\n\n```text\n{signature}\n```\n\n{documentation} `{example}`\n"
    );
}

#[test]
fn the_document_is_fresh() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("FUNCTIONS.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, document()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written == document(), "FUNCTIONS.md is stale: run `UPDATE=1 cargo test -p bp-eval`");
}

#[test]
fn functions_of_a_newer_compiler_are_found() {
    let json = serde_json::json!({
        "format": 1, "edition": "2026", "sources": [], "inputs": {}, "secrets": {},
        "blueprint": {"name": "x", "version": "1", "sources": bp_plan::Digest::of(b"")},
        "constants": {"a": {"interpolate": [
            {"call": {"function": "divine", "arguments": []}},
            {"call": {"function": "upper", "arguments": []}},
            {"binder": {"function": "list", "names": ["x"], "over": {"value": []}}},
        ]}},
        "data_types": {}, "node_types": {}, "selections": {}, "nodes": {}, "outputs": {}, "artifacts": []
    });
    let plan = serde_json::from_value(json).unwrap();
    assert_eq!(bp_eval::functions::unknown(&plan), ["divine"]);
}
