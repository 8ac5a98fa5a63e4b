//! Expressions that are right: their types, phases and values.

use bp_plan::Phase;

use crate::world::check;

/// An expression, its type, and its value as JSON where it is constant.
const RIGHT: &[(&str, &str, &str)] = &[
    ("1", "int", "1"),
    ("1.5", "float", "1.5"),
    ("true", "bool", "true"),
    ("null", "null", "null"),
    ("\"a\"", "\"a\"", "\"a\""),
    ("20GiB", "size", "{\"$size\":\"20GiB\"}"),
    ("1 + 2 * 3", "int", "7"),
    ("1 + 2.5", "float", "3.5"),
    ("7 / 2", "float", "3.5"),
    ("-(1 + 2)", "int", "-3"),
    ("limit + 1", "int", "11"),
    ("base.a + base[\"b\"]", "int", "3"),
    ("1h + 30m", "duration", "{\"$duration\":\"1h30m\"}"),
    ("2 * 3GiB", "size", "{\"$size\":\"6GiB\"}"),
    ("7d / 1d", "float", "7.0"),
    ("25% * 80", "float", "20.0"),
    ("1..5", "range", "{\"$range\":[1,5]}"),
    ("count_in + 1", "int", ""),
    ("environment", "\"dev\" | \"staging\" | \"prod\"", ""),
];

#[test]
fn right_expressions_have_types_and_values() {
    for (text, ty, value) in RIGHT {
        let (typed, out, _) = check(text);
        assert!(out.is_empty(), "{text}: {out:?}");
        assert_eq!(typed.ty.to_string(), *ty, "{text}");
        let found = typed.expr.as_value().map(|value| serde_json::to_string(value).unwrap());
        assert_eq!(found.unwrap_or_default(), *value, "{text}");
        assert_eq!(typed.phase == Phase::Compile, !value.is_empty(), "{text}: {:?}", typed.phase);
    }
}
