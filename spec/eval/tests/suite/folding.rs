//! Folding keeps the meaning: what an expression gives once all is known, its folded form gives too.

use bp_eval::{Environment, EvalError, Nowhere, Outcome, Outer, evaluate, fold};
use bp_plan::{BinaryOp as Op, Binder, Entry, Expr, Item, Reference, UnaryOp, Value};
use proptest::prelude::*;

use crate::common::{call, field, iff, index, input, local, op, v};

/// Everything known: two inputs, the rest nothing.
struct Known {
    number: i64,
    truth: bool,
}

impl Environment for Known {
    fn input(&self, name: &str) -> Result<Outcome, EvalError> {
        Ok(Outcome::Value(match name {
            "number" => Value::Int(self.number),
            "truth" => Value::Bool(self.truth),
            _ => Value::Null,
        }))
    }

    fn constant(&self, name: &str) -> Result<Outcome, EvalError> {
        Nowhere::default().constant(name)
    }

    fn name(&self, name: Outer<'_>) -> Result<Outcome, EvalError> {
        Nowhere::default().name(name)
    }

    fn field(&self, of: &Reference, name: &str) -> Result<Option<Outcome>, EvalError> {
        Nowhere::default().field(of, name)
    }
}

/// One of these, the first (a leaf) where no more depth is left.
fn one_of(
    depth: u32,
    leaf: BoxedStrategy<Expr>,
    deep: Vec<BoxedStrategy<Expr>>,
) -> BoxedStrategy<Expr> {
    if depth == 0 {
        leaf
    } else {
        prop_oneof![1 => leaf, 4 => prop::strategy::Union::new(deep)].boxed()
    }
}

fn operators(of: &'static [Op]) -> impl Strategy<Value = Op> {
    prop::sample::select(of)
}

fn bind(function: &str, over: Expr, filter: Option<Expr>, body: Expr) -> Expr {
    let names = vec!["x".to_owned()];
    Expr::Binder(Box::new(Binder {
        function: function.into(),
        names,
        over,
        filter,
        key: None,
        body: Some(body),
    }))
}

/// Expressions that give an int, a float or a mistake. `inside` says whether the local `x` is bound, to an int.
fn number(depth: u32, inside: bool) -> BoxedStrategy<Expr> {
    let local_or_input = if inside { local("x") } else { input("number") };
    let leaf =
        prop_oneof![(-2..3_i64).prop_map(v), Just(input("number")), Just(local_or_input)].boxed();
    if depth == 0 {
        return leaf;
    }
    let (n, t, l) =
        (|| number(depth - 1, inside), || truth(depth - 1, inside), || list(depth - 1, inside));
    let arithmetic = operators(&[Op::Add, Op::Subtract, Op::Multiply, Op::Divide]);
    let binders = prop::sample::select(&["count", "sum", "min"][..]);
    one_of(
        depth,
        leaf,
        vec![
            (arithmetic, n(), n()).prop_map(|(o, a, b)| op(o, a, b)).boxed(),
            (t(), n(), n()).prop_map(|(c, a, b)| iff(c, a, b)).boxed(),
            n().prop_map(|of| Expr::Unary { op: UnaryOp::Negate, of: Box::new(of) }).boxed(),
            (l(), n()).prop_map(|(of, key)| op(Op::Coalesce, index(of, key, true), v(0))).boxed(),
            (l(), n()).prop_map(|(of, key)| index(of, key, false)).boxed(),
            n().prop_map(|n| field(Expr::Record(vec![Entry::One("a".into(), n)]), "a", false))
                .boxed(),
            (n(), n()).prop_map(|(a, b)| call("max", vec![a, b])).boxed(),
            l().prop_map(|l| call("sum", vec![l])).boxed(),
            (
                binders,
                l(),
                prop::option::of(truth(depth - 1, true)),
                truth(depth - 1, true),
                number(depth - 1, true),
            )
                .prop_map(|(f, over, filter, t, n)| {
                    bind(f, over, filter, if f == "count" { t } else { n })
                })
                .boxed(),
        ],
    )
}

fn truth(depth: u32, inside: bool) -> BoxedStrategy<Expr> {
    let leaf = prop_oneof![any::<bool>().prop_map(v), Just(input("truth"))].boxed();
    if depth == 0 {
        return leaf;
    }
    let (n, t, l) =
        (|| number(depth - 1, inside), || truth(depth - 1, inside), || list(depth - 1, inside));
    let comparisons = operators(&[Op::Equal, Op::NotEqual, Op::Less, Op::GreaterOrEqual]);
    let quantifiers = prop::sample::select(&["all", "any"][..]);
    one_of(
        depth,
        leaf,
        vec![
            (comparisons, n(), n()).prop_map(|(o, a, b)| op(o, a, b)).boxed(),
            (operators(&[Op::And, Op::Or]), t(), t()).prop_map(|(o, a, b)| op(o, a, b)).boxed(),
            (operators(&[Op::In, Op::NotIn]), n(), l()).prop_map(|(o, a, b)| op(o, a, b)).boxed(),
            (t(), t(), t()).prop_map(|(c, a, b)| iff(c, a, b)).boxed(),
            t().prop_map(|of| Expr::Unary { op: UnaryOp::Not, of: Box::new(of) }).boxed(),
            t().prop_map(|t| op(Op::Coalesce, input("unset"), t)).boxed(),
            (quantifiers, l(), prop::option::of(truth(depth - 1, true)), truth(depth - 1, true))
                .prop_map(|(f, over, filter, body)| bind(f, over, filter, body))
                .boxed(),
        ],
    )
}

fn list(depth: u32, inside: bool) -> BoxedStrategy<Expr> {
    let leaf = Just(Expr::Value(Value::Range(-1, 2))).boxed();
    if depth == 0 {
        return leaf;
    }
    let (n, l) = (|| number(depth - 1, inside), || list(depth - 1, inside));
    let binders = prop::sample::select(&["list", "sort", "unique_by"][..]);
    one_of(
        depth,
        leaf,
        vec![
            prop::collection::vec(n(), 0..3)
                .prop_map(|items| Expr::List(items.into_iter().map(Item::One).collect()))
                .boxed(),
            (n(), l()).prop_map(|(n, l)| Expr::List(vec![Item::One(n), Item::Spread(l)])).boxed(),
            (n(), n()).prop_map(|(a, b)| op(Op::Range, a, b)).boxed(),
            (binders, l(), prop::option::of(truth(depth - 1, true)), number(depth - 1, true))
                .prop_map(|(f, over, filter, body)| bind(f, over, filter, body))
                .boxed(),
            (l(), n())
                .prop_map(|(of, n)| {
                    let body = op(Op::Add, local("*"), n);
                    Expr::Splat { of: Box::new(of), body: Box::new(body) }
                })
                .boxed(),
        ],
    )
}

fn expr() -> impl Strategy<Value = Expr> {
    prop_oneof![
        number(4, false),
        truth(4, false),
        list(4, false),
        (number(3, false), truth(3, false)).prop_map(|(n, t)| Expr::Interpolate(vec![n, t])),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn folding_keeps_the_meaning(expr in expr(), number in -2..3_i64, truth in any::<bool>()) {
        let known = Known { number, truth };
        if let Ok(Outcome::Value(value)) = evaluate(&expr, &known) {
            let early = evaluate(&expr, &Nowhere::default());
            prop_assert!(
                matches!(&early, Ok(Outcome::Unknown))
                    || matches!(&early, Ok(Outcome::Value(same)) if *same == value),
                "early {early:?}, in the end {value:?}"
            );
            let folded = fold(&expr, &Nowhere::default());
            prop_assert!(folded.is_ok(), "{folded:?}");
            let late = evaluate(&folded.unwrap(), &known);
            prop_assert_eq!(late, Ok(Outcome::Value(value)));
        }
    }

    #[test]
    fn folding_twice_is_folding_once(expr in expr()) {
        if let Ok(once) = fold(&expr, &Nowhere::default()) {
            prop_assert_eq!(fold(&once, &Nowhere::default()), Ok(once));
        }
    }
}
