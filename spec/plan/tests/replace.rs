//! Expressions with other parts, and types with secret parts.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use bp_plan::{Binder, Constraint, Entry, Expr, Held, Item, Span, Type, Value};
use serde_json::json;

fn local(name: &str) -> Expr {
    Expr::Local(name.into())
}

fn sum_of(name: &str, over: Expr, body: Expr) -> Expr {
    Expr::Binder(Box::new(Binder {
        function: "sum".into(),
        names: vec![name.into()],
        over,
        filter: None,
        key: None,
        body: Some(body),
    }))
}

#[test]
fn locals_are_put_in_wherever_they_are_read() {
    let secret = Expr::Secret("s".into());
    let two = Expr::Value(Value::Int(2));
    let locals = [("a", &Expr::Value(Value::Int(1))), ("b", &secret), ("a", &two)];
    let read = |a: Expr, b: Expr| {
        Expr::Record(vec![
            Entry::One("x".into(), Expr::List(vec![Item::One(a), Item::Spread(b.clone())])),
            Entry::Spread(Expr::Held(Box::new(Held {
                of: b.clone(),
                what: "it".into(),
                kind: Type::String,
                constraints: vec![Constraint {
                    predicate: Expr::Binary {
                        op: bp_plan::BinaryOp::NotEqual,
                        left: Box::new(local("self")),
                        right: Box::new(b),
                    },
                    message: None,
                    text: "self != b".into(),
                    span: Span::default(),
                }],
            }))),
        ])
    };
    // The last of a name counts; what nobody knows stays.
    let put = read(local("a"), local("b")).with_locals(&locals);
    assert_eq!(put, read(two.clone(), secret.clone()));
    assert_eq!(local("c").with_locals(&locals), local("c"));
    let splat = |of: Expr, body: Expr| Expr::Splat { of: Box::new(of), body: Box::new(body) };
    let all = splat(local("*"), Expr::List(vec![Item::One(local("*")), Item::One(local("a"))]));
    let body = Expr::List(vec![Item::One(local("*")), Item::One(two.clone())]);
    assert_eq!(all.with_locals(&[("*", &secret), ("a", &two)]), splat(secret.clone(), body));
    // A loop has its own names, but not in what it goes through.
    let inner =
        sum_of("a", local("a"), Expr::List(vec![Item::One(local("a")), Item::One(local("b"))]));
    let body = Expr::List(vec![Item::One(local("a")), Item::One(secret.clone())]);
    assert_eq!(inner.with_locals(&locals), sum_of("a", two.clone(), body));
}

#[test]
fn a_type_holds_a_secret_however_deep() {
    let data: BTreeMap<String, bp_plan::DataType> = serde_json::from_value(json!({
        "Login": { "fields": {
            "user": { "type": "string" },
            "password": { "type": { "secret": "string" } },
            "next": { "type": { "optional": { "data": "Login" } } },
        } },
        "Ring": { "fields": {
            "next": { "type": { "optional": { "data": "Ring" } } },
        } },
        "Other": { "alias": { "list": { "data": "Login" } } },
    }))
    .unwrap();
    let of = |name: &str| Type::Data(name.into());
    let secret = Type::Secret(Box::new(Type::Int));
    for (kind, holds) in [
        (Type::String, false),
        (of("Ring"), false),
        (of("Gone"), false),
        (Type::Map(Box::new(secret.clone())), true),
        (Type::Record(BTreeMap::from([("a".into(), secret)])), true),
        (of("Login"), true),
        (Type::List(Box::new(of("Other"))), true),
    ] {
        assert_eq!(kind.holds_secret(&data), holds, "{kind}");
    }
}
