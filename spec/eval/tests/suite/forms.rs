//! Every form of expression, known, unknown and secret.

use std::collections::BTreeSet;

use bp_eval::{ErrorKind, Outcome, evaluate_with, fold};
use bp_plan::{
    BinaryOp as Op, Binder, Constraint, Entry, Expr, Held, Item, Span, Type, UnaryOp, Value,
};

use crate::common::*;

fn binder(function: &str, names: &[&str], over: Expr, body: Option<Expr>) -> Binder {
    Binder {
        function: function.into(),
        names: names.iter().map(|n| (*n).to_owned()).collect(),
        over,
        filter: None,
        key: None,
        body,
    }
}

fn bind(function: &str, over: Expr, body: Expr) -> Expr {
    Expr::Binder(Box::new(binder(function, &["x"], over, Some(body))))
}

fn range(from: i64, to: i64) -> Expr {
    Expr::Value(Value::Range(from, to))
}

#[test]
fn arithmetic() {
    for (operator, left, right, expected) in [
        (Op::Add, v(1), v(2), Value::Int(3)),
        (Op::Subtract, v(1), float(0.5), Value::Float(0.5)),
        (Op::Multiply, v(-3), v(4), Value::Int(-12)),
        (Op::Divide, v(7), v(2), Value::Float(3.5)),
        (Op::Divide, q("7d"), q("1d"), Value::Float(7.0)),
        (Op::Divide, q("1GiB"), v(2), quantity("512MiB")),
        (Op::Add, q("20GiB"), q("512MiB"), quantity("20992MiB")),
        (Op::Subtract, q("1h"), q("90m"), quantity("-30m")),
        (Op::Multiply, q("10s"), v(3), quantity("30s")),
        (Op::Multiply, float(0.5), q("1m"), quantity("30s")),
        (Op::Multiply, q("25%"), v(80), Value::Float(20.0)),
        (Op::Range, v(1), v(3), Value::Range(1, 3)),
    ] {
        let expr = op(operator, left, right);
        assert_eq!(value(&expr), expected, "{expr:?}");
    }
    let negated = Expr::Unary { op: UnaryOp::Negate, of: Box::new(q("5m")) };
    assert_eq!(value(&negated), quantity("-5m"));
}

#[test]
fn arithmetic_that_can_not_be() {
    for (operator, left, right, kind) in [
        (Op::Add, v(i64::MAX), v(1), ErrorKind::Overflow),
        (Op::Multiply, v(i64::MIN), v(-1), ErrorKind::Overflow),
        (Op::Multiply, float(1e300), float(1e300), ErrorKind::Overflow),
        (Op::Multiply, q("100d"), v(i64::MAX), ErrorKind::Overflow),
        (Op::Multiply, q("100d"), float(1e300), ErrorKind::Overflow),
        (Op::Divide, v(1), v(0), ErrorKind::DivisionByZero),
        (Op::Divide, q("1s"), q("0s"), ErrorKind::DivisionByZero),
        (Op::Divide, q("1s"), float(0.0), ErrorKind::DivisionByZero),
        (Op::Add, v("a"), v("b"), ErrorKind::WrongType),
        (Op::Add, Expr::Value(list([])), Expr::Value(list([])), ErrorKind::WrongType),
        (Op::Add, q("1s"), q("1B"), ErrorKind::WrongType),
        (Op::Add, q("1s"), v(1), ErrorKind::WrongType),
        (Op::Less, v("a"), v(1), ErrorKind::WrongType),
        (Op::In, v(1), v(1), ErrorKind::WrongType),
        (Op::Range, v(1), float(2.0), ErrorKind::WrongType),
        (Op::And, v(1), v(true), ErrorKind::WrongType),
    ] {
        let expr = op(operator, left, right);
        assert_eq!(error(&expr).kind, kind, "{expr:?}");
    }
    assert!(error(&op(Op::Add, v("a"), v("b"))).message.contains("${a}${b}"));
}

#[test]
fn comparison_and_membership() {
    let numbers = || Expr::Value(list([1, 2]));
    for (operator, left, right) in [
        (Op::Equal, v(1), float(1.0)),
        (Op::NotEqual, v("1"), v(1)),
        (Op::Less, version("1.9"), version("1.27")),
        (Op::GreaterOrEqual, version("v1.29.3+k3s1"), v("1.27")),
        (Op::Equal, version("1.27"), version("1.27.0")),
        (Op::Equal, q("60s"), q("1m")),
        (Op::Greater, q("1GiB"), q("1GB")),
        (Op::Less, v(i64::MAX), float(9.3e18)),
        (Op::Less, v("a"), v("b")),
        (Op::Equal, Expr::Value(list([1])), Expr::Value(Value::List(vec![Value::Float(1.0)]))),
        (Op::In, v(50), range(1, 50)),
        (Op::NotIn, v(51), range(1, 50)),
        (Op::In, float(1.5), range(1, 2)),
        (Op::In, v(2), numbers()),
        (Op::In, v("k"), Expr::Value(map(&[("k", Value::Null)]))),
        (Op::In, Expr::Value(cluster("a")), Expr::Selection("demo".into())),
        (Op::NotIn, Expr::Value(cluster("z")), Expr::Selection("demo".into())),
    ] {
        let expr = op(operator, left, right);
        assert_eq!(value(&expr), Value::Bool(true), "{expr:?}");
    }
}

#[test]
fn logic_with_what_is_not_known() {
    let truth = |b| Outcome::Value(Value::Bool(b));
    let broken = || op(Op::Equal, op(Op::Divide, v(1), v(0)), v(1));
    for (expr, expected) in [
        (op(Op::And, v(false), broken()), truth(false)),
        (op(Op::Or, v(true), broken()), truth(true)),
        (op(Op::And, unknown(), v(false)), truth(false)),
        (op(Op::Or, unknown(), v(true)), truth(true)),
        (op(Op::And, unknown(), v(true)), Outcome::Unknown),
        (op(Op::And, unknown(), broken()), Outcome::Unknown),
        (op(Op::And, v(true), v(true)), truth(true)),
        (op(Op::Or, v(false), unknown()), Outcome::Unknown),
        (op(Op::Coalesce, input("unset"), v(true)), truth(true)),
        (op(Op::Coalesce, v(true), broken()), truth(true)),
        (op(Op::Coalesce, unknown(), broken()), Outcome::Unknown),
        (iff(v(true), v(true), broken()), truth(true)),
        (iff(unknown(), v(true), broken()), Outcome::Unknown),
        (op(Op::Add, unknown(), v(1)), Outcome::Unknown),
    ] {
        assert_eq!(outcome(&expr), expected, "{expr:?}");
    }
    assert_eq!(error(&op(Op::And, v(true), broken())).kind, ErrorKind::DivisionByZero);
    assert_eq!(error(&iff(v(1), v(1), v(2))).kind, ErrorKind::WrongType);
}

#[test]
fn what_has_a_secret_part_is_secret() {
    let names = |names: &[&str]| Outcome::Secret(names.iter().map(|n| (*n).to_owned()).collect());
    let one = || names(&["password"]);
    let sealed = || field(Expr::Value(cluster("a")), "sealed", false);
    for (expr, expected) in [
        (secret(), one()),
        (input("password"), one()),
        (Expr::Interpolate(vec![v("x"), secret()]), one()),
        (Expr::List(vec![Item::One(unknown()), Item::One(secret())]), one()),
        (Expr::Record(vec![Entry::One("a".into(), secret())]), one()),
        (op(Op::Equal, secret(), v("guess")), one()),
        (op(Op::And, secret(), v(false)), one()),
        (op(Op::And, unknown(), secret()), one()),
        (op(Op::Coalesce, unknown(), secret()), one()),
        (iff(secret(), v(1), v(2)), one()),
        (iff(unknown(), secret(), v(2)), one()),
        (op(Op::Add, secret(), sealed()), names(&["password", "sealed"])),
        (index(Expr::Value(list([1])), secret(), false), one()),
        (call("own.double", vec![secret()]), one()),
        (bind("list", range(1, 2), secret()), one()),
        (bind("any", range(1, 2), op(Op::Equal, secret(), local("x"))), one()),
        (field(secret(), "length", true), one()),
    ] {
        assert_eq!(outcome(&expr), expected, "{expr:?}");
    }
}

#[test]
fn reading_parts() {
    let record = || Expr::Value(map(&[("a", Value::Int(1))]));
    let numbers = || Expr::Value(list([4, 5]));
    for (expr, expected) in [
        (field(record(), "a", false), Value::Int(1)),
        (field(record(), "b", true), Value::Null),
        (field(input("unset"), "b", true), Value::Null),
        (index(record(), v("a"), false), Value::Int(1)),
        (index(numbers(), v(1), false), Value::Int(5)),
        (index(numbers(), v(2), true), Value::Null),
        (index(range(10, 20), v(3), false), Value::Int(13)),
        (index(input("unset"), v(2), true), Value::Null),
        (index(Expr::Selection("demo".into()), Expr::Value(cluster("b")), false), cluster("b")),
        (index(Expr::Selection("demo".into()), v("a"), false), cluster("a")),
        (field(Expr::Value(cluster("b")), "name", false), Value::from("b")),
        (field(Expr::Value(cluster("b")), "labels", true), Value::Null),
        (field(index(Expr::Node("numbered".into()), v(10), false), "key", false), "10".into()),
    ] {
        assert_eq!(value(&expr), expected, "{expr:?}");
    }
    for (expr, kind) in [
        (field(record(), "b", false), ErrorKind::MissingKey),
        (field(input("unset"), "b", false), ErrorKind::WrongType),
        (field(v(1), "b", true), ErrorKind::WrongType),
        (index(numbers(), v(-1), false), ErrorKind::MissingKey),
        (index(numbers(), v("a"), false), ErrorKind::WrongType),
        (index(record(), v("b"), false), ErrorKind::MissingKey),
        (index(range(i64::MAX - 1, i64::MAX), v(5), false), ErrorKind::MissingKey),
        (field(Expr::Value(cluster("b")), "labels", false), ErrorKind::MissingKey),
        (field(Expr::Value(cluster("b")), "broken", false), ErrorKind::Unavailable),
        (local("nowhere"), ErrorKind::Unavailable),
        (call("nowhere", vec![]), ErrorKind::Unavailable),
    ] {
        assert_eq!(error(&expr).kind, kind, "{expr:?}");
    }
    assert_eq!(outcome(&field(Expr::Value(cluster("b")), "later", false)), Outcome::Unknown);
    assert!(error(&field(record(), "b", false)).message.contains("`a`"));
}

#[test]
fn an_element_is_had_without_its_collection() {
    let endless = || Expr::Selection("endless".into());
    let key = || Expr::Value(cluster("z"));
    assert_eq!(value(&field(index(endless(), key(), false), "name", false)), "z".into());
    // What isn't there is asked of the whole, which this world doesn't know.
    assert_eq!(outcome(&index(endless(), v("gone"), false)), Outcome::Unknown);
    assert_eq!(outcome(&index(endless(), unknown(), false)), Outcome::Unknown);
}

#[test]
fn literals_and_spreads() {
    let expr = Expr::List(vec![
        Item::One(v(1)),
        Item::Spread(Expr::Value(list([2, 3]))),
        Item::Spread(range(4, 5)),
    ]);
    assert_eq!(value(&expr), list([1, 2, 3, 4, 5]));
    let base = map(&[("a", Value::Int(1)), ("b", Value::Int(2))]);
    let expr = Expr::Record(vec![
        Entry::Spread(Expr::Value(base)),
        Entry::One("b".into(), v(3)),
        Entry::One("c".into(), v(4)),
    ]);
    let expected = [("a", Value::Int(1)), ("b", Value::Int(3)), ("c", Value::Int(4))];
    assert_eq!(value(&expr), map(&expected));
    assert_eq!(error(&Expr::List(vec![Item::Spread(v(1))])).kind, ErrorKind::WrongType);
    assert_eq!(error(&Expr::Record(vec![Entry::Spread(v(1))])).kind, ErrorKind::WrongType);
}

#[test]
fn interpolation_uses_canonical_texts() {
    let parts = [v("a"), v(1), float(2.0), v(true), q("90m"), version("1.27"), q("12.5%")];
    let expr = Expr::Interpolate(parts.to_vec());
    assert_eq!(value(&expr), Value::from("a12.0true1h30m1.2712.5%"));
    for part in [input("unset"), Expr::Value(list([]))] {
        assert_eq!(error(&Expr::Interpolate(vec![part])).kind, ErrorKind::WrongType);
    }
}

#[test]
fn splats_go_in_key_order() {
    let splat = |of, body| Expr::Splat { of: Box::new(of), body: Box::new(body) };
    let name = |n: &str| field(local("*"), n, false);
    let demo = || Expr::Selection("demo".into());
    assert_eq!(value(&splat(demo(), local("*"))), Value::List(vec![cluster("a"), cluster("b")]));
    assert_eq!(value(&splat(demo(), name("name"))), Value::List(vec!["a".into(), "b".into()]));
    // Keys that are whole numbers sort as numbers.
    let numbered = splat(Expr::Node("numbered".into()), name("key"));
    assert_eq!(value(&numbered), Value::List(vec!["1".into(), "2".into(), "10".into()]));
    assert_eq!(outcome(&splat(demo(), name("later"))), Outcome::Unknown);
    assert_eq!(error(&splat(v(1), local("*"))).kind, ErrorKind::WrongType);
}

#[test]
fn binders() {
    let x = || local("x");
    let numbers = || Expr::Value(list([3, 1, 2, 1]));
    let big = || op(Op::Greater, x(), v(1));
    for (expr, expected) in [
        (bind("all", numbers(), op(Op::Greater, x(), v(0))), Value::Bool(true)),
        (bind("any", numbers(), op(Op::Equal, x(), v(9))), Value::Bool(false)),
        (bind("count", numbers(), big()), Value::Int(2)),
        (bind("sum", numbers(), op(Op::Multiply, x(), v(2))), Value::Int(14)),
        (bind("sum", range(1, 0), x()), Value::Int(0)),
        (bind("min", numbers(), x()), Value::Int(1)),
        (bind("max", numbers(), x()), Value::Int(3)),
        (bind("sort", numbers(), op(Op::Subtract, v(0), x())), list([3, 2, 1, 1])),
        (bind("unique_by", numbers(), x()), list([3, 1, 2])),
        (bind("list", range(1, 3), op(Op::Multiply, x(), x())), list([1, 4, 9])),
        (
            bind("group_by", numbers(), iff(big(), v("big"), v("small"))),
            map(&[("big", list([3, 2])), ("small", list([1, 1]))]),
        ),
        (
            bind("list", Expr::Selection("demo".into()), field(x(), "name", false)),
            Value::List(vec!["a".into(), "b".into()]),
        ),
    ] {
        assert_eq!(value(&expr), expected, "{expr:?}");
    }
    let counted = Expr::Binder(Box::new(Binder {
        filter: Some(big()),
        ..binder("count", &["x"], numbers(), None)
    }));
    assert_eq!(value(&counted), Value::Int(2));
    assert_eq!(error(&bind("min", range(1, 0), x())).kind, ErrorKind::BadArgument);
    assert_eq!(
        error(&bind("sum", Expr::Value(Value::List(vec!["a".into()])), x())).kind,
        ErrorKind::WrongType
    );
    assert_eq!(error(&bind("least", numbers(), x())).kind, ErrorKind::Unavailable);
    assert_eq!(error(&bind("all", v(1), x())).kind, ErrorKind::WrongType);
}

#[test]
fn a_choice_is_the_first_that_fits() {
    let choose = |over: Vec<Expr>, filter: Option<Expr>| {
        let over = Expr::List(over.into_iter().map(Item::One).collect());
        Expr::Binder(Box::new(Binder { filter, ..binder("choose", &["x"], over, None) }))
    };
    let is = |wanted: i64| Some(op(Op::Equal, field(local("x"), "a", false), v(wanted)));
    let with = |key: &str, value: i64| Expr::Value(map(&[(key, value.into())]));
    let null = || Expr::Value(Value::Null);
    assert_eq!(value(&choose(vec![null(), v(1), v(2)], None)), Value::Int(1));
    // What isn't there is passed over; what has no such fact does not fit.
    let all = || vec![null(), with("b", 2), with("a", 1), with("a", 2)];
    assert_eq!(value(&choose(all(), is(1))), map(&[("a", 1.into())]));
    assert_eq!(value(&choose(vec![with("a", 1)], is(3))), Value::Null);
    assert_eq!(value(&choose(vec![], None)), Value::Null);
    // It is not guessed past what isn't known.
    let waits = Some(iff(op(Op::Equal, local("x"), v(1)), unknown(), v(true)));
    assert_eq!(outcome(&choose(vec![v(1), v(2)], waits.clone())), Outcome::Unknown);
    assert_eq!(value(&choose(vec![v(2), v(1)], waits)), Value::Int(2));
    assert_eq!(error(&choose(vec![v(1)], is(1))).kind, ErrorKind::WrongType);
}

#[test]
fn all_and_any_need_only_what_settles_them() {
    let turn = |decisive: bool| iff(op(Op::Equal, local("x"), v(1)), unknown(), v(decisive));
    assert_eq!(value(&bind("any", range(1, 2), turn(true))), Value::Bool(true));
    assert_eq!(value(&bind("all", range(1, 2), turn(false))), Value::Bool(false));
    assert_eq!(outcome(&bind("any", range(1, 2), turn(false))), Outcome::Unknown);
    // The first turn may settle it, and then the second, a mistake, is never taken.
    let divided = op(Op::Equal, op(Op::Divide, v(1), v(0)), v(1));
    let broken = iff(op(Op::Equal, local("x"), v(1)), unknown(), divided);
    assert_eq!(outcome(&bind("any", range(1, 2), broken.clone())), Outcome::Unknown);
    assert_eq!(error(&bind("any", range(2, 2), broken)).kind, ErrorKind::DivisionByZero);
    // Nor is it asked then whether the second counts.
    let divided = op(Op::Equal, op(Op::Divide, v(1), v(0)), v(1));
    let counts = iff(op(Op::Equal, local("x"), v(1)), unknown(), divided);
    let some = |over| {
        let all = binder("all", &["x"], over, Some(v(false)));
        Expr::Binder(Box::new(Binder { filter: Some(counts.clone()), ..all }))
    };
    assert_eq!(outcome(&some(range(1, 2))), Outcome::Unknown);
    assert_eq!(error(&some(range(2, 2))).kind, ErrorKind::DivisionByZero);
}

#[test]
fn maps_are_made_and_gone_through() {
    let more = map(&[("a", Value::Int(1)), ("b", Value::Int(2))]);
    let doubled = |key: Expr| {
        Expr::Binder(Box::new(Binder {
            key: Some(key),
            ..binder(
                "map",
                &["k", "x"],
                Expr::Value(more.clone()),
                Some(op(Op::Multiply, local("x"), v(2))),
            )
        }))
    };
    assert_eq!(value(&doubled(local("k"))), map(&[("a", Value::Int(2)), ("b", Value::Int(4))]));
    assert_eq!(error(&doubled(v("same"))).kind, ErrorKind::DuplicateKey);
    assert_eq!(error(&doubled(v(true))).kind, ErrorKind::WrongType);
}

#[test]
fn what_is_asked_of_a_value_is_held_against_it() {
    let text = |text: &str| Some(v(text));
    let asked = |of: Expr, kind: Type, message: Option<Expr>| {
        let predicate = op(Op::Less, local("self"), v(9));
        let text = "self < 9".to_owned();
        let constraints = vec![Constraint { predicate, text, message, span: Span::default() }];
        Expr::Held(Box::new(Held { of, what: "`x` of `f`".to_owned(), kind, constraints }))
    };
    assert_eq!(value(&asked(v(8), Type::Int, None)), Value::Int(8));
    assert_eq!(
        value(&asked(v(Value::Null), Type::Optional(Box::new(Type::Int)), None)),
        Value::Null
    );
    // `self` of what is around is another.
    assert_eq!(value(&asked(Expr::This, Type::Int, None)), Value::Int(7));
    let told = error(&asked(v(9), Type::Int, None));
    assert_eq!(told.kind, ErrorKind::Constraint);
    assert_eq!(told.message, "`x` of `f`: the int 9 does not meet `where self < 9`");
    assert_eq!(
        error(&asked(v(9), Type::Int, text("below nine"))).message,
        "`x` of `f`: below nine"
    );
    let told = error(&asked(v("9"), Type::Int, None));
    assert_eq!(told.message, "`x` of `f`: expected int, found the string \"9\"");
    assert_eq!(outcome(&asked(unknown(), Type::Int, None)), Outcome::Unknown);
    // Of a secret no message tells the value, nor one that its type would have told.
    let secret = || Type::Secret(Box::new(Type::Int));
    let told = error(&asked(v(31_337), secret(), Some(local("self"))));
    assert_eq!(told.message, "`x` of `f`: it does not meet `where self < 9`");
    let told = error(&asked(v("hunter2"), secret(), None));
    assert_eq!(told.message, "`x` of `f`: the secret is not as its type asks");
    let told = error(&asked(v("hunter2"), Type::Optional(Box::new(secret())), None));
    assert_eq!(told.message, "`x` of `f`: the secret is not as its type asks");
    // Without the data types at hand it is not known.
    let of = Type::Data("Port".to_owned());
    assert_eq!(outcome(&asked(v(80), of, None)), Outcome::Unknown);
}

#[test]
fn locals_from_outside() {
    let expr = op(Op::Add, local("n"), Expr::This);
    let result = evaluate_with(&expr, &World, &[("n", Value::Int(1))]).unwrap();
    assert_eq!(result, Outcome::Value(Value::Int(8)));
}

#[test]
fn every_evaluation_ends() {
    let square = bind("list", range(1, 10_000), bind("count", range(1, 10_000), v(true)));
    assert_eq!(error(&square).kind, ErrorKind::TooLarge);
    assert_eq!(error(&bind("count", range(1, 2_000_000_000), v(true))).kind, ErrorKind::TooLarge);
    assert_eq!(error(&Expr::Const("ring".into())).kind, ErrorKind::TooLarge);
    let mib = "x".repeat(1 << 20);
    let long = Expr::Interpolate(vec![v(mib.as_str()); 17]);
    assert_eq!(error(&long).kind, ErrorKind::TooLarge);
    let wide = bind("list", range(1, 1_000_000), v(mib.as_str()));
    assert_eq!(error(&wide).kind, ErrorKind::TooLarge);
    // No string is long, no list has many elements, and together they are too much.
    let much = bind("list", range(1, 300), v(mib.as_str()));
    let told = error(&much);
    assert!(told.kind == ErrorKind::TooLarge && told.message.contains("256 MiB"), "{told:?}");
    // A million turns are fine, as long as what they make is small.
    let twice = op(Op::Multiply, local("x"), v(2));
    let Value::List(many) = value(&bind("list", range(1, 1_000_000), twice)) else { panic!() };
    assert_eq!(many.len(), 1_000_000);
}

#[test]
fn deep_expressions_are_refused_on_a_small_stack() {
    let mut deep = unknown();
    for _ in 0..100_000 {
        deep = Expr::Unary { op: UnaryOp::Not, of: Box::new(deep) };
    }
    // A test's thread has 2 MiB, as a worker of the runtime does.
    assert_eq!(error(&deep).kind, ErrorKind::TooLarge);
    assert_eq!(fold(&deep, &World).unwrap_err().kind, ErrorKind::TooLarge);
    // Dropping it would go as deep.
    std::mem::forget(deep);
}

#[test]
fn folding_keeps_what_is_not_known() {
    let sum = |left| op(Op::Add, left, op(Op::Multiply, v(2), v(3)));
    let broken = || op(Op::Divide, v(1), v(0));
    let over = |body| bind("list", unknown(), body);
    for (expr, expected) in [
        (sum(v(1)), v(7)),
        (sum(unknown()), op(Op::Add, unknown(), v(6))),
        (sum(input("two")), v(8)),
        (Expr::Const("c".into()), v("constant")),
        (iff(v(true), unknown(), broken()), unknown()),
        (iff(unknown(), broken(), sum(v(1))), iff(unknown(), broken(), v(7))),
        (op(Op::And, v(true), unknown()), op(Op::And, v(true), unknown())),
        (op(Op::And, unknown(), v(false)), v(false)),
        (op(Op::Or, v(true), broken()), v(true)),
        (op(Op::Coalesce, v(1), unknown()), v(1)),
        (op(Op::Coalesce, input("unset"), unknown()), unknown()),
        (over(sum(v(1))), over(v(7))),
        (over(sum(local("x"))), over(op(Op::Add, local("x"), v(6)))),
        (bind("list", range(1, 2), sum(local("x"))), Expr::Value(list([7, 8]))),
        (
            bind("list", range(1, 2), sum(unknown())),
            bind("list", range(1, 2), sum(unknown()).clone()),
        ),
        (
            Expr::List(vec![Item::One(sum(v(0))), Item::One(secret())]),
            Expr::List(vec![Item::One(v(6)), Item::One(secret())]),
        ),
        (Expr::Interpolate(vec![v("a"), v(1)]), v("a1")),
    ] {
        let folded = fold(&expr, &World).unwrap();
        if matches!(&expr, Expr::Binder(b) if b.body == Some(sum(unknown()))) {
            let body = op(Op::Add, unknown(), v(6));
            assert_eq!(folded, bind("list", range(1, 2), body));
        } else {
            assert_eq!(folded, expected, "{expr:?}");
        }
    }
    for expr in [broken(), Expr::List(vec![Item::One(broken()), Item::One(unknown())])] {
        assert_eq!(fold(&expr, &World).unwrap_err().kind, ErrorKind::DivisionByZero);
    }
    assert!(fold(&over(broken()), &World).is_ok(), "a loop may have no turn");
    let names = BTreeSet::from(["password".to_owned()]);
    assert_eq!(outcome(&fold(&secret(), &World).unwrap()), Outcome::Secret(names));
}

#[test]
fn a_part_of_a_literal_is_known_by_itself() {
    let secret = Expr::Secret("password".into());
    let record = |entries: Vec<(&str, Expr)>| {
        Expr::Record(entries.into_iter().map(|(key, of)| Entry::One(key.into(), of)).collect())
    };
    let field =
        |of: Expr, name: &str| Expr::Field { of: Box::new(of), name: name.into(), safe: false };
    let index = |of: Expr, key: Value| Expr::Index {
        of: Box::new(of),
        key: Box::new(Expr::Value(key)),
        safe: false,
    };
    let text = |text: &str| Expr::Value(text.into());
    let login = record(vec![("user", text("u")), ("password", secret)]);
    let list = Expr::List(vec![Item::One(text("x")), Item::One(login.clone())]);
    let nested = record(vec![("login", login.clone()), ("all", list.clone())]);
    let spread =
        Expr::Record(vec![Entry::One("user".into(), text("first")), Entry::Spread(login.clone())]);
    let all = Expr::List(vec![Item::One(login.clone()), Item::One(login.clone())]);
    let each = |name: &str| Expr::Splat {
        of: Box::new(all.clone()),
        body: Box::new(field(Expr::Local("*".into()), name)),
    };
    let both = Outcome::Value(Value::List(vec!["u".into(), "u".into()]));
    let known = Outcome::Value("u".into());
    let hidden = Outcome::Secret(BTreeSet::from(["password".to_owned()]));
    for (expr, outcome) in [
        (field(login.clone(), "user"), &known),
        (field(login.clone(), "password"), &hidden),
        (index(login, "user".into()), &known),
        (field(field(nested.clone(), "login"), "user"), &known),
        (field(index(field(nested, "all"), 1.into()), "user"), &known),
        (field(index(list.clone(), 1.into()), "user"), &known),
        (index(list, 1.into()), &hidden),
        (each("user"), &both),
        (each("password"), &hidden),
        // Which entry counts is not plain.
        (field(spread, "user"), &hidden),
    ] {
        assert_eq!(evaluate_with(&expr, &World, &[]).as_ref(), Ok(outcome), "{expr:?}");
    }
}
