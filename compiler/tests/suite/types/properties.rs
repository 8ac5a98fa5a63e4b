//! What holds of all expressions: none makes the check panic; one that is accepted evaluates to a
//! value of its type, or fails for a reason that only values show.

use std::collections::BTreeMap;

use bp_compiler::check::expr::{Scope, Typed, check_expr};
use bp_compiler::source::{FileId, SourceFile};
use bp_compiler::syntax;
use bp_compiler::syntax::ast::ItemKind;
use bp_eval::{Environment, ErrorKind, EvalError, Outcome, Outer};
use bp_plan::{Expr, Reference, TakenBy, Type, Value};
use proptest::prelude::*;

use super::world::Declarations;

/// Leaves: literals and names of the world.
const LEAVES: &[&str] = &[
    "0",
    "1",
    "2.5",
    "true",
    "false",
    "null",
    "\"a\"",
    "\"dev\"",
    "\"1.27\"",
    "5m",
    "2GiB",
    "10%",
    "1..3",
    "[]",
    "{ }",
    "limit",
    "base",
    "db_class",
    "listed",
    "empty",
    "first",
    "environment",
    "count_in",
    "ratio",
    "maybe",
    "who",
    "names",
    "labels",
    "open",
    "release",
    "since",
    "memory",
    "wait_for",
    "share",
    "flag",
    "port",
    "services",
    "either",
    "password",
    "token",
    "server",
    "servers",
    "perhaps",
    "clusters",
    "v0",
    "v1",
    "self",
    "deployment",
];

/// Forms with holes `#` for what is inside.
const FORMS: &[&str] = &[
    "(# + #)",
    "(# - #)",
    "(# * #)",
    "(# / #)",
    "(# ?? #)",
    "(# == #)",
    "(# != #)",
    "(# < #)",
    "(# >= #)",
    "(# in #)",
    "(# not in #)",
    "(# and #)",
    "(# or #)",
    "(not #)",
    "(-#)",
    "((#)..(#))",
    "(if # then # else #)",
    "(if maybe != null then # else #)",
    "#.a",
    "#?.a",
    "#.cpu",
    "#.url",
    "#.mail",
    "#?.mail",
    "#.port",
    "#.kind",
    "#[#]",
    "#?[#]",
    "#[0]",
    "#[\"a\"]",
    "#[*]",
    "#[*].port",
    "#[*].url",
    "[#, #]",
    "[#]",
    "[#, ...#]",
    "{ a = #, b = # }",
    "{ ...#, a = # }",
    "{ port = # }",
    "{ port = #, mail = # }",
    "[{ port = #, mail = # }, { port = # }]",
    "(if # then { mail = # } else { mail = #, port = 1 })",
    "{ port = 1, ...# }",
    "{ mail = #, phone = null }",
    "[# for v0 in #]",
    "[# for v0 in # if #]",
    "[# for v0, v1 in #]",
    "{ \"${v0}\" = # for v0 in # }",
    "{ v0 = # for v0, v1 in # }",
    "{ # = # for v0 in # }",
    "\"x${#}y\"",
    "all(v0 in #, #)",
    "any(v0, v1 in #, #)",
    "count(v0 in #, #)",
    "sum(v0 in #, #)",
    "max(v0 in #, #)",
    "sort(v0 in #, #)",
    "unique_by(v0 in #, #)",
    "group_by(v0 in #, #)",
    "length(#)",
    "count(#)",
    "keys(#)",
    "values(#)",
    "entries(#)",
    "zip(#, #)",
    "flatten(#)",
    "merge(#, #)",
    "sum(#)",
    "min(#)",
    "min(#, #)",
    "sort(#)",
    "unique(#)",
    "abs(#)",
    "int(#)",
    "float(#)",
    "round(#)",
    "string(#)",
    "upper(#)",
    "join(#, \",\")",
    "split(#, \",\")",
    "contains(#, #)",
    "json_encode(#)",
    "json_decode(#)",
    "mod(#, #)",
    "div(#, #)",
    "range(#, #)",
    "version(#)",
    "host(#)",
    "twice(#)",
    "both(#, #)",
    "inverse(#)",
    "limited(#)",
    "matches(#, #)",
    "sha256(#)",
    "json_decode(\"[1, null]\")",
];

const TYPES: &[&str] = &[
    "",
    "",
    "",
    ": int",
    ": float",
    ": string",
    ": bool",
    ": json",
    ": version",
    ": list<int>",
    ": list<float>",
    ": map<string>",
    ": map<json>",
    ": Service",
    ": Contact",
    ": Contact?",
    ": Span",
    ": Tree",
    ": Port",
    ": list<Service>",
    ": string?",
    ": \"dev\" | \"a\"",
    ": int | percent",
    ": secret string",
    ": secret json",
    ": map<secret string>",
    ": duration",
    ": range",
];

fn expression() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(LEAVES).prop_map(str::to_owned);
    leaf.prop_recursive(5, 24, 3, |inner| {
        (proptest::sample::select(FORMS), proptest::collection::vec(inner, 3)).prop_map(
            |(form, parts)| {
                let mut parts = parts.into_iter();
                form.chars()
                    .map(|c| if c == '#' { parts.next().unwrap() } else { c.to_string() })
                    .collect()
            },
        )
    })
}

/// The check of a text; nothing where it does not parse.
fn checked(text: &str) -> Option<(Typed, Option<Type>, usize, Declarations)> {
    let source = SourceFile::new("test.bp", text);
    let (tree, diagnostics) = syntax::parse(FileId(0), &source);
    let [item] = tree.items.as_slice() else { return None };
    let ItemKind::Value(item) = &item.kind else { return None };
    let value = item.default.as_ref()?;
    let world = Declarations::new(text);
    let mut out = Vec::new();
    let scope = Scope::new(FileId(0));
    let ty = item
        .ty
        .as_ref()
        .map(|ty| bp_compiler::check::expr::check_type_expr(&world, FileId(0), ty, &mut out));
    let typed = check_expr(&world, &scope, value, ty.as_ref(), &mut out);
    for error in &out {
        let span = error.place.span;
        assert!(text.get(span.start as usize..span.end as usize).is_some(), "{text}: {error:?}");
    }
    let wrong = out.len() + diagnostics.len();
    if wrong == 0 {
        assert!(typed.ty != bp_plan::Type::Unknown, "{text}: accepted, and of no type");
    }
    Some((typed, ty, wrong, world))
}

/// Surroundings in which every name has a value of its type.
struct Surroundings(BTreeMap<&'static str, Value>);

impl Surroundings {
    fn new(full: bool) -> Self {
        let text = |text: &str| Value::String(text.to_owned());
        let map = |entries: &[(&str, Value)]| {
            Value::Map(entries.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
        };
        let maybe = |value: Value| if full { value } else { Value::Null };
        let some = |values: Vec<Value>| Value::List(if full { values } else { Vec::new() });
        let quantity = |text: &str| Value::Quantity(text.parse().unwrap());
        let service = map(&[
            ("name", maybe(text("http"))),
            ("port", Value::Int(80)),
            ("target", Value::Int(8080)),
            ("kind", text("tcp")),
        ]);
        Self(BTreeMap::from([
            ("environment", text("dev")),
            ("count_in", Value::Int(3)),
            ("ratio", if full { Value::Float(0.5) } else { Value::Int(2) }),
            ("maybe", maybe(text("a"))),
            ("who", maybe(map(&[("mail", text("m")), ("phone", Value::Null)]))),
            ("names", some(vec![text("a"), text("b")])),
            ("labels", if full { map(&[("a", text("x"))]) } else { map(&[]) }),
            ("open", maybe(map(&[("a", Value::Int(1))]))),
            ("release", Value::Version("1.28".into())),
            ("since", Value::Timestamp("2026-01-31T08:00:00Z".into())),
            ("memory", quantity("2GiB")),
            ("wait_for", quantity("5m")),
            ("share", quantity("10%")),
            ("flag", Value::Bool(full)),
            ("port", Value::Int(80)),
            ("services", some(vec![service])),
            ("either", if full { Value::Int(1) } else { text("x") }),
        ]))
    }
}

fn node(node: &str, key: Option<&str>) -> Value {
    Value::Reference(Reference::Node { node: node.to_owned(), key: key.map(str::to_owned) })
}

impl Environment for Surroundings {
    fn input(&self, name: &str) -> Result<Outcome, EvalError> {
        Ok(Outcome::Value(self.0[name].clone()))
    }

    fn constant(&self, name: &str) -> Result<Outcome, EvalError> {
        panic!("the constant {name} is folded")
    }

    fn name(&self, name: Outer<'_>) -> Result<Outcome, EvalError> {
        Ok(Outcome::Value(match name {
            Outer::Node("servers") => {
                Value::Map(BTreeMap::from([("a".to_owned(), node("servers", Some("a")))]))
            }
            Outer::Node("perhaps") if self.0["flag"] == Value::Bool(false) => Value::Null,
            Outer::Node(name) => node(name, None),
            Outer::Selection(name) => {
                let element = Reference::Element {
                    selection: TakenBy(name.to_owned()),
                    name: "c1".to_owned(),
                };
                Value::Map(BTreeMap::from([("c1".to_owned(), Value::Reference(element))]))
            }
            Outer::Deployment => Value::Map(BTreeMap::from([
                ("id".to_owned(), Value::String("1".into())),
                ("name".to_owned(), Value::String("n".into())),
                ("tenant".to_owned(), Value::String("t".into())),
                ("labels".to_owned(), Value::Map(BTreeMap::new())),
            ])),
            other => panic!("{other:?} is not in scope"),
        }))
    }

    fn field(&self, _: &Reference, name: &str) -> Result<Option<Outcome>, EvalError> {
        Ok(Some(Outcome::Value(match name {
            "cpu" => Value::Int(4),
            "url" => Value::String("http://x".into()),
            "note" | "version" => Value::Null,
            "labels" => Value::Map(BTreeMap::new()),
            _ => return Ok(Some(Outcome::Unknown)),
        })))
    }
}

/// Whether a mistake is one that only values show.
fn is_of_values(error: &EvalError) -> bool {
    error.kind != ErrorKind::Unavailable && error.kind != ErrorKind::WrongType
}

/// Whether the expression has open data in it, whose type is checked as late as its value.
fn has_open_data(text: &str) -> bool {
    // What goes through a record of unlike fields sees open data, too.
    ["open", "json", "deployment", "{ a =", "values(", "entries("]
        .iter()
        .any(|word| text.contains(word))
}

fn holds(text: &str) {
    let Some((typed, declared, 0, world)) = checked(text) else { return };
    let data_types = world.data_types();
    if let Expr::Value(value) = &typed.expr {
        for ty in [Some(&typed.ty), declared.as_ref()].into_iter().flatten() {
            let fits = bp_eval::check_type(value, ty, &data_types);
            assert!(fits.is_ok(), "{text}: {value:?} is no {ty}: {fits:?}");
        }
    }
    // What only values show of a constraint is checked with the values.
    let mut data_types = data_types;
    for data in data_types.values_mut() {
        data.constraints.clear();
        data.fields.values_mut().for_each(|field| field.constraints.clear());
    }
    for full in [true, false] {
        match bp_eval::evaluate(&typed.expr, &Surroundings::new(full)) {
            Ok(Outcome::Value(value)) => {
                let fits = bp_eval::check_type(&value, &typed.ty, &data_types);
                assert!(
                    fits.is_ok() || has_open_data(text),
                    "{text}: {value:?} is no {}: {fits:?}",
                    typed.ty
                );
            }
            Ok(Outcome::Secret(_)) => {
                assert!(names_secret(&typed.ty), "{text}: {} has a secret part", typed.ty);
            }
            Ok(Outcome::Unknown) => {}
            Err(error) => assert!(
                is_of_values(&error)
                    || has_open_data(text)
                    || text.contains('<')
                    || text.contains(">="),
                "{text}: accepted as {}, and then: {error}",
                typed.ty
            ),
        }
    }
}

fn names_secret(ty: &bp_plan::Type) -> bool {
    ty.to_string().contains("secret")
}

/// Words for texts that parse by chance.
const WORDS: &[&str] = &[
    "a", "limit", "self", "1", "2.5", "\"x\"", "\"${", "}\"", "(", ")", "[", "]", "{", "}", ",",
    ".", "?.", "?[", "...", "..", "+", "-", "*", "/", "??", "==", "<", "in", "not", "and", "or",
    "if", "then", "else", "for", "x", "=", "upper(", "all(", "5m", "%", "null", "[*]", "servers",
    " ",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn accepted_expressions_evaluate_to_their_type(
        ty in proptest::sample::select(TYPES),
        value in expression(),
    ) {
        holds(&format!("const it{ty} = {value}"));
    }

    #[test]
    fn any_parsed_expression_is_checked(
        words in proptest::collection::vec(proptest::sample::select(WORDS), 0..25),
    ) {
        checked(&format!("const it = {}", words.join(" ")));
        checked(&format!("const it = {}", words.concat()));
    }
}
