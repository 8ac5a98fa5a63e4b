//! Values by their types: from JSON, from command lines, to JSON.

use std::collections::BTreeMap;

use bp_eval::{DataTypes, Verdict, check_type, from_json, parse_input, split_input, to_json};
use bp_plan::{
    BinaryOp as Op, Constraint, DataType, Digest, Dimension, Expr, FileRef, PropertyType, Span,
    Type, Value,
};
use serde_json::json;

use crate::common::*;

fn constraint(predicate: Expr, message: Option<&str>) -> Constraint {
    Constraint {
        predicate,
        text: "self in 1..65535".into(),
        message: message.map(v),
        span: Span::default(),
    }
}

fn property(kind: Type, default: Option<Expr>, constraints: Vec<Constraint>) -> PropertyType {
    PropertyType { kind, default, constraints, replace: false }
}

fn data_types() -> DataTypes {
    let in_range = || op(Op::In, Expr::This, Expr::Value(Value::Range(1, 65535)));
    let port = DataType {
        extends: Vec::new(),
        alias: Some(Type::Int),
        fields: BTreeMap::new(),
        constraints: vec![constraint(in_range(), None)],
    };
    let service_port = DataType {
        extends: Vec::new(),
        alias: None,
        fields: BTreeMap::from([
            ("name".into(), property(Type::Optional(Box::new(Type::String)), None, vec![])),
            ("port".into(), property(Type::Data("Port".into()), None, vec![])),
            ("target".into(), property(Type::Int, Some(field(Expr::This, "port", false)), vec![])),
            (
                "weight".into(),
                property(
                    Type::Int,
                    Some(v(1)),
                    vec![constraint(in_range(), Some("weights are positive"))],
                ),
            ),
        ]),
        constraints: vec![],
    };
    BTreeMap::from([("Port".into(), port), ("std.k.ServicePort".into(), service_port)])
}

fn service_ports() -> Type {
    Type::List(Box::new(Type::Data("std.k.ServicePort".into())))
}

fn one_of(literals: &[&str]) -> Type {
    Type::Union(literals.iter().map(|l| Type::Literal((*l).into())).collect())
}

#[test]
fn json_becomes_what_its_type_says() {
    let size = Type::Quantity(Dimension::Size);
    for (json, kind, expected) in [
        (json!("20GiB"), size.clone(), quantity("20GiB")),
        (json!("1.27"), Type::Version, Value::Version("1.27".into())),
        (json!("1..5"), Type::Range, Value::Range(1, 5)),
        (json!(3), Type::Float, Value::Float(3.0)),
        (json!(null), Type::Optional(Box::new(Type::Int)), Value::Null),
        (json!("b"), one_of(&["a", "b"]), "b".into()),
        (
            json!("10%"),
            Type::Union(vec![Type::Int, Type::Quantity(Dimension::Percent)]),
            quantity("10%"),
        ),
        (
            json!({"a": [1, "x"]}),
            Type::Json,
            map(&[("a", Value::List(vec![Value::Int(1), "x".into()]))]),
        ),
        (
            json!({"k": "30s"}),
            Type::Map(Box::new(Type::Quantity(Dimension::Duration))),
            map(&[("k", quantity("30s"))]),
        ),
        (
            json!([{"port": 80}]),
            service_ports(),
            Value::List(vec![map(&[
                ("name", Value::Null),
                ("port", Value::Int(80)),
                ("target", Value::Int(80)),
                ("weight", Value::Int(1)),
            ])]),
        ),
    ] {
        assert_eq!(from_json(json, &kind, &data_types()).unwrap(), expected, "{kind}");
    }
}

#[test]
fn json_of_another_type_says_where_and_what() {
    let record = Type::Record(BTreeMap::from([("a".to_owned(), Type::Int)]));
    for (json, kind, message) in [
        (json!("x"), Type::Int, "expected int, found the string \"x\""),
        (json!(1.5), Type::Int, "expected int, found the float 1.5"),
        (json!(5), Type::Quantity(Dimension::Size), "expected size such as 20GiB, found the int 5"),
        (
            json!("5s"),
            Type::Quantity(Dimension::Size),
            "expected size such as 20GiB, found the string \"5s\"",
        ),
        (json!("5 gigs"), Type::Quantity(Dimension::Size), "expected size such as 20GiB, found"),
        (json!("5Gib"), Type::Quantity(Dimension::Size), "`5Gib`: unknown unit `Gib`"),
        (json!("c"), one_of(&["a", "b"]), "expected \"a\" | \"b\", found the string \"c\""),
        (json!("one"), Type::Version, "`one` is no version"),
        (json!("soon"), Type::Timestamp, "`soon` is no timestamp"),
        (json!(u64::MAX), Type::Int, "18446744073709551615 is past 64 bits"),
        (json!([1, "x"]), Type::List(Box::new(Type::Int)), "[1]: expected int"),
        (json!({"a b": "x"}), Type::Map(Box::new(Type::Int)), "[\"a b\"]: expected int"),
        (json!({}), record.clone(), "the field `a` (int) is missing"),
        (json!({"a": 1, "b": 1}), record, "b: record has no field `b`; it has `a`"),
        (json!([{}]), service_ports(), "[0]: the field `port` (Port) is missing"),
        (
            json!([{"port": 0}]),
            service_ports(),
            "[0].port: the int 0 does not meet `where self in 1..65535`",
        ),
        (json!([{"port": 1, "weight": 0}]), service_ports(), "[0].weight: weights are positive"),
        (
            json!([{"prot": 1}]),
            service_ports(),
            "[0].prot: ServicePort has no field `prot`; it has `name`, `port`",
        ),
        (json!([1]), service_ports(), "[0]: expected ServicePort, found the int 1"),
        (json!(1), Type::Data("gone".into()), "there is no data type `gone`"),
        (json!("a"), Type::Node("T".into()), "expected T, found the string"),
    ] {
        let error = from_json(json, &kind, &data_types()).unwrap_err().to_string();
        assert!(error.starts_with(message), "expected «{message}», found «{error}»");
    }
}

#[test]
fn values_are_checked_as_they_stand() {
    let types = data_types();
    let ok = |value: &Value, kind: &Type| check_type(value, kind, &types);
    assert!(ok(&quantity("1s"), &Type::Quantity(Dimension::Duration)).is_ok());
    assert!(ok(&"1s".into(), &Type::Quantity(Dimension::Duration)).is_err());
    assert!(ok(&"1.27".into(), &Type::Version).is_ok());
    assert!(ok(&cluster("a"), &Type::Node("Cluster".into())).is_ok());
    assert!(ok(&cluster("a"), &Type::Json).is_err());
    assert!(ok(&Value::Int(70_000), &Type::Data("Port".into())).is_err());
    assert!(ok(&Value::Int(1), &Type::Secret(Box::new(Type::Int))).is_ok());
}

#[test]
fn command_lines_give_values_by_type() {
    let list = Type::List(Box::new(Type::Int));
    for (text, kind, expected) in [
        ("1", Type::String, Value::from("1")),
        ("", Type::String, Value::from("")),
        ("1_000", Type::Int, Value::Int(1000)),
        ("2.5", Type::Float, Value::Float(2.5)),
        ("true", Type::Bool, Value::Bool(true)),
        ("90m", Type::Quantity(Dimension::Duration), quantity("1h30m")),
        ("1.27", Type::Version, Value::Version("1.27".into())),
        ("prod", one_of(&["dev", "prod"]), "prod".into()),
        ("null", Type::Optional(Box::new(Type::Int)), Value::Null),
        ("7", Type::Optional(Box::new(Type::Int)), Value::Int(7)),
        ("[1, 2]", list.clone(), crate::common::list([1, 2])),
        ("8080", Type::Data("Port".into()), Value::Int(8080)),
        ("{\"a\": 1}", Type::Json, map(&[("a", Value::Int(1))])),
    ] {
        assert_eq!(parse_input(text, &kind, &data_types()).unwrap(), expected, "{text}");
    }
    for (text, kind, message) in [
        ("two", Type::Int, "expected int, found `two`"),
        ("99999999999999999999", Type::Int, "99999999999999999999 is past 64 bits"),
        ("inf", Type::Float, "expected float, found `inf`"),
        ("yes", Type::Bool, "expected bool, found `yes`"),
        ("test", one_of(&["dev", "prod"]), "expected \"dev\" | \"prod\", found `test`"),
        ("1, 2", list, "expected list<int>, written as JSON, found `1, 2`"),
        ("0", Type::Data("Port".into()), "the int 0 does not meet"),
    ] {
        let error = parse_input(text, &kind, &data_types()).unwrap_err().to_string();
        assert!(error.starts_with(message), "expected «{message}», found «{error}»");
    }
    assert_eq!(split_input("a=b=c").unwrap(), ("a", "b=c"));
    assert!(split_input("a").is_err() && split_input("=a").is_err());
}

#[test]
fn values_become_plain_json() {
    let file = Value::File(FileRef { path: "a.sh".into(), digest: Digest::of(b"") });
    for (value, expected) in [
        (quantity("90m"), json!("1h30m")),
        (Value::Version("1.27".into()), json!("1.27")),
        (Value::Range(1, 5), json!("1..5")),
        (Value::Float(1.0), json!(1.0)),
        (map(&[("a", Value::List(vec![Value::Null]))]), json!({"a": [null]})),
        (file, json!({"path": "a.sh", "digest": Digest::of(b"").as_str()})),
    ] {
        assert_eq!(to_json(&value).unwrap(), expected);
    }
    let error = to_json(&map(&[("a", Value::List(vec![cluster("x")]))])).unwrap_err();
    assert_eq!(error.path, ".a[0]");
}

#[test]
fn what_is_told_of_a_secret_has_no_part_of_it() {
    let whole = |predicate: Expr, message: Option<Expr>| Constraint {
        message,
        text: "self == \"x\"".into(),
        ..constraint(predicate, None)
    };
    let broken = || op(Op::Equal, Expr::This, v("x"));
    let shown = Expr::Interpolate(vec![v("no "), Expr::This]);
    let said = |message: Option<Expr>| {
        bp_eval::check_secret(&whole(broken(), message), &"hunter2".into(), &World, &[])
    };
    let not_met = Verdict::Broken("it does not meet `where self == \"x\"`".into());
    assert_eq!(said(Some(shown)), not_met);
    assert_eq!(said(None), not_met);
    assert_eq!(said(Some(v("too short"))), Verdict::Broken("too short".into()));
    // A mistake could say what the value is, too.
    let mistaken = whole(op(Op::Less, Expr::This, v(1)), None);
    assert_eq!(bp_eval::check_secret(&mistaken, &"hunter2".into(), &World, &[]), not_met);
    assert_eq!(bp_eval::check_secret(&mistaken, &Value::Null, &World, &[]), Verdict::Holds);
}
