//! What has a secret part is kept as the expression that makes it, and given to operations and workflows.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_eval::Outcome;
use bp_plan::{Digest, EDITION, Entry, Expr, FORMAT, Item, Plan, Value};
use bp_topology::parameters::Arguments;
use bp_topology::{
    Act, Call, Flaw, Identity, InstanceId, Inventory, Own, Property, Secrets, Topology,
};
use serde_json::{Value as Json, json};

const SECRET: &str = "hunter-22";

fn read<T: serde::de::DeserializeOwned>(json: Json) -> T {
    serde_json::from_value(json).unwrap()
}

fn plan() -> Plan {
    let digest = serde_json::to_value(Digest::of(b"source")).unwrap();
    let span = json!([0, 1, 1, 1, 2]);
    let hidden = json!({ "secret": "string" });
    let field = |of: Json, name: &str| json!({ "field": { "of": of, "name": name } });
    let long = json!({
        "predicate": { "binary": {
            "op": "greater",
            "left": { "call": { "function": "length", "arguments": ["self"] } },
            "right": { "value": 5 },
        } },
        "message": { "value": "at least six" },
        "text": "length(self) > 5",
        "span": span,
    });
    read(json!({
        "format": FORMAT,
        "edition": EDITION,
        "blueprint": { "name": "sample", "version": "1.0.0", "sources": digest },
        "sources": [{ "path": "sample.bp", "digest": digest, "lines": {} }],
        "inputs": {},
        "secrets": { "s": { "type": "string", "from": "s", "span": span } },
        "constants": {},
        "data_types": { "Login": { "fields": {
            "user": { "type": "string" },
            "password": { "type": hidden },
            "port": { "type": "int", "default": { "value": 22 } },
        } } },
        "node_types": { "Db": {
            "properties": { "pw": { "type": hidden } },
            "attributes": { "mark": "string" },
            "operations": { "care.show": {
                "parameters": [
                    { "name": "login", "type": { "data": "Login" } },
                    { "name": "key", "type": hidden, "constraints": [long],
                      "default": { "interpolate": [{ "value": "default " }, { "secret": "s" }] } },
                    { "name": "number", "type": { "optional": { "secret": "int" } } },
                ],
                "implementation": {
                    "type": "std.Script",
                    "value": { "record": [] },
                    "args": { "record": [
                        { "one": ["login", { "local": "login" }] },
                        { "one": ["user", field(json!({ "local": "login" }), "user")] },
                        { "one": ["number", { "local": "number" }] },
                    ] },
                    "env": { "record": [{ "one": ["KEY", { "local": "key" }] }] },
                    "span": span,
                },
            } },
        } },
        "selections": {},
        "nodes": { "one": {
            "type": "Db",
            "properties": { "pw": {
                "value": { "interpolate": [{ "value": "pw " }, { "secret": "s" }] },
                "phase": "run",
                "span": span,
            } },
            "span": span,
        } },
        "outputs": {},
        "policies": {},
        "artifacts": [],
        "workflows": { "w": {
            "parameters": [
                { "name": "key", "type": hidden, "constraints": [long], "span": span },
                { "name": "login", "type": { "optional": { "data": "Login" } }, "span": span },
            ],
            "body": { "steps": [] },
            "span": span,
        } },
    }))
}

fn topology() -> Topology {
    topology_of(plan())
}

fn topology_of(plan: Plan) -> Topology {
    let plan = Arc::new(plan);
    let mut secrets = Secrets::new(Vec::new());
    secrets.add(&plan, "s", SECRET, "a test");
    let given = BTreeMap::new();
    let expanded = Topology::expand(
        &plan,
        &given,
        Arc::new(Inventory::default()),
        Identity::default(),
        secrets,
    );
    expanded.topology.unwrap_or_else(|| panic!("{:#?}", expanded.problems))
}

fn secret() -> Expr {
    Expr::Secret("s".into())
}

fn text(text: &str) -> Expr {
    Expr::Value(text.into())
}

fn local(name: &str) -> Expr {
    Expr::Local(name.into())
}

fn field(of: Expr, name: &str) -> Expr {
    Expr::Field { of: Box::new(of), name: name.into(), safe: false }
}

fn of(function: &str, arguments: Vec<Expr>) -> Expr {
    Expr::Call { function: function.into(), arguments }
}

fn record(entries: &[(&str, Expr)]) -> Expr {
    let one = |(name, of): &(&str, Expr)| Entry::One((*name).to_owned(), of.clone());
    Expr::Record(entries.iter().map(one).collect())
}

fn kept(topology: &Topology, expr: &Expr, locals: &[(&str, Expr)]) -> Result<Option<Expr>, String> {
    let locals: Vec<(String, Expr)> =
        locals.iter().map(|(name, of)| ((*name).to_owned(), of.clone())).collect();
    topology.kept(expr, &locals).0.map_err(|error| error.message)
}

#[test]
fn what_is_known_is_a_value_and_secrets_are_names() {
    let mut topology = topology();
    topology.report(InstanceId::one("one"), read(json!({ "mark": "m" })));
    let mark = field(Expr::Node("one".into()), "mark");
    let joined = |parts: &[Expr]| Expr::Interpolate(parts.to_vec());
    assert_eq!(kept(&topology, &mark, &[]), Ok(Some(text("m"))));
    // Locals and what nodes report are folded away; what is plain beside a secret is a value.
    let made = joined(&[mark, text(" "), local("p"), of("upper", vec![local("open")])]);
    let whole = record(&[("made", made), ("open", of("upper", vec![local("open")]))]);
    let locals = [("p", secret()), ("open", text("o"))];
    let expected = record(&[
        ("made", joined(&[text("m"), text(" "), secret(), text("O")])),
        ("open", text("O")),
    ]);
    let found = kept(&topology, &whole, &locals).unwrap().unwrap();
    assert_eq!(found, expected);
    // Of what is kept, what is plain is known by itself.
    let locals = [("r".to_owned(), found)];
    let outcome = topology.evaluate_with(&field(local("r"), "open"), &locals).0;
    assert_eq!(outcome, Ok(Outcome::Value("O".into())));
    assert!(matches!(
        topology.evaluate_with(&field(local("r"), "made"), &locals).0,
        Ok(Outcome::Secret(names)) if names.contains("s")
    ));
}

#[test]
fn what_is_not_known_or_wrong_is_told_without_the_secret() {
    let topology = topology();
    // Nobody has reported the mark.
    let open = Expr::Interpolate(vec![secret(), field(Expr::Node("one".into()), "mark")]);
    let (found, reads) = topology.kept(&open, &[]);
    assert_eq!(found, Ok(None));
    assert!(reads.missing.contains(&InstanceId::one("one")));
    let wrong = kept(&topology, &of("int", vec![secret()]), &[]).unwrap_err();
    assert_eq!(wrong, "it has no value with the secret `s`");
    // What doubles from line to line ends in a sentence.
    let mut made = secret();
    let grown = (0..60).find_map(|_| {
        let twice = Expr::Interpolate(vec![local("p"), local("p")]);
        match kept(&topology, &twice, &[("p", made.clone())]) {
            Ok(more) => {
                made = more.unwrap();
                None
            }
            Err(message) => Some(message),
        }
    });
    assert!(grown.unwrap().contains("the secret `s` has more than 10000 parts"));
}

#[test]
fn which_elements_there_are_is_no_secret() {
    let topology = topology();
    let login = record(&[("user", text("u")), ("password", secret())]);
    let list = Expr::List(vec![Item::One(text("plain")), Item::One(login.clone())]);
    let all = topology.kept_elements(&list).unwrap().unwrap();
    assert_eq!(all, [(Value::Int(0), text("plain")), (Value::Int(1), login)]);
    let plain = Expr::Value(Value::Map(BTreeMap::from([("k".into(), Value::Int(1))])));
    let all = topology.kept_elements(&plain).unwrap().unwrap();
    assert_eq!(all, [("k".into(), Expr::Value(Value::Int(1)))]);
    // Where they aren't written one by one, each is taken from the whole.
    let split = of("split", vec![secret(), text("-")]);
    let all = topology.kept_elements(&split).unwrap().unwrap();
    let keys: Vec<&Value> = all.iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [&Value::Int(0), &Value::Int(1)]);
    assert!(all.iter().all(|(_, element)| element.as_value().is_none()), "{all:?}");
}

fn call(given: &[(&str, Expr)]) -> Result<Call, Flaw> {
    let mut topology = topology();
    let one = InstanceId::one("one");
    topology.report(one.clone(), read(json!({ "mark": "m" })));
    let given: Arguments =
        given.iter().map(|(name, of)| ((*name).to_owned(), of.clone())).collect();
    let act = Act { operation: "care.show".into(), via: None };
    topology.call_given(&one, &act, Own::Now(&BTreeMap::new()), &given).0.map(Option::unwrap)
}

fn login(password: Expr) -> Expr {
    record(&[("user", text("u")), ("password", password)])
}

#[test]
fn an_operation_is_called_with_what_is_made_and_only_that_is_hidden() {
    let made = of("upper", vec![secret()]);
    let call = call(&[("login", login(made)), ("key", field(Expr::Node("one".into()), "pw"))]);
    let mut properties = call.unwrap().properties;
    let Some(Property::Secret { open, of, parts, .. }) = properties.remove("args") else {
        panic!("{properties:?}")
    };
    let whole = json!({ "user": "u", "password": "HUNTER-22", "port": 22 });
    assert_eq!(open, json!({ "login": whole, "user": "u", "number": null }));
    assert_eq!(of.into_iter().collect::<Vec<_>>(), ["s"]);
    assert_eq!(parts, [["login", "password"]]);
    let Some(Property::Secret { open, .. }) = properties.remove("env") else { panic!() };
    assert_eq!(open, json!({ "KEY": "pw hunter-22" }));
}

#[test]
fn a_secret_default_of_a_parameter_is_given() {
    let call = call(&[("login", login(secret()))]).unwrap();
    let Some(Property::Secret { open, .. }) = call.properties.get("env") else { panic!() };
    assert_eq!(*open, json!({ "KEY": "default hunter-22" }));
}

#[test]
fn an_argument_that_does_not_fit_is_told_without_the_secret() {
    for (given, words) in [
        (("key", of("replace", vec![secret(), text("hunter-"), text("")])), "`key`: at least six"),
        (("number", secret()), "`number`: the secret is not as its type asks"),
        (("number", of("int", vec![secret()])), "`number`: it has no value with the secret `s`"),
        (("login", record(&[("user", secret())])), "`login`: the secret is not as its type asks"),
        (
            ("login", record(&[("user", Expr::Value(Value::Int(1))), ("password", secret())])),
            "`login`: user: expected string",
        ),
    ] {
        let login = ("login", login(secret()));
        let flaw = call(&[login, given]).unwrap_err().message;
        assert!(flaw.contains(words) && !flaw.contains("hunter"), "no {words:?} in {flaw}");
    }
}

#[test]
fn a_workflow_is_given_what_is_made() {
    let topology = topology();
    let short = of("replace", vec![secret(), text("hunter-"), text("")]);
    let given =
        |key: Expr| Arguments::from([("key".into(), key), ("login".into(), login(secret()))]);
    let whole = topology.arguments("w", &given(secret())).unwrap();
    let Expr::Held(held) = &whole["key"] else { panic!("{whole:?}") };
    assert_eq!(held.of, secret());
    let expected = record(&[
        ("user", text("u")),
        ("password", whole["login"].clone()),
        ("port", Expr::Value(Value::Int(22))),
    ]);
    // The password is held by itself, the rest is known.
    let (Expr::Record(found), Expr::Record(expected)) = (&whole["login"], expected) else {
        panic!()
    };
    assert_eq!((&found[0], &found[2]), (&expected[0], &expected[2]));
    let problems = topology.arguments("w", &given(short)).unwrap_err();
    assert_eq!(problems[0].message, "the input `key`: at least six");
    let by_hand = topology.argument("w", "login", "{}").unwrap_err().message;
    assert!(by_hand.contains("what a person gives a workflow is written down"), "{by_hand}");
    let left_out = topology.arguments("w", &Arguments::new()).unwrap_err();
    assert!(left_out[0].message.contains("the input `key`: it is secret"), "{left_out:?}");
}

/// What is read of a property beside its secret parts is no secret; of one that is declared to be secret, all is.
#[test]
fn the_open_parts_of_a_property_are_open() {
    let span = json!([0, 1, 1, 1, 2]);
    let mut plan = plan();
    plan.node_types.insert(
        "Mixed".to_owned(),
        read(json!({ "properties": {
            "data": { "type": "json" },
            "login": { "type": { "data": "Login" } },
            "many": { "type": { "list": "json" } },
            "whole": { "type": { "secret": "json" } },
        } })),
    );
    let hidden = json!({ "secret": "s" });
    let half = json!({ "record": [{ "one": ["a", { "value": 1 }] }, { "one": ["b", hidden] }] });
    let set = |value: Json| json!({ "value": value, "phase": "deploy", "span": span });
    plan.nodes.insert(
        "two".to_owned(),
        read(json!({
            "type": "Mixed",
            "properties": {
                "data": set(json!({ "record": [
                    { "one": ["half", half] },
                    { "spread": { "record": [{ "one": ["key", hidden] }] } },
                    { "one": ["open", { "value": "plain" }] },
                ] })),
                "login": set(json!({ "record": [
                    { "one": ["user", { "value": "u" }] },
                    { "one": ["password", hidden] },
                    { "one": ["port", { "value": 23 }] },
                ] })),
                "many": set(json!({ "list": [{ "one": half }, { "one": hidden }] })),
                "whole": set(half.clone()),
            },
            "span": span,
        })),
    );
    let topology = topology_of(plan);
    let field =
        |of: Expr, name: &str| Expr::Field { of: Box::new(of), name: name.into(), safe: false };
    let index = |of: Expr, key: Value| Expr::Index {
        of: Box::new(of),
        key: Box::new(Expr::Value(key)),
        safe: false,
    };
    let of = |name: &str| field(Expr::Node("two".into()), name);
    let key = |name: &str| Value::String(name.into());
    let open = |expr: Expr, value: Value| {
        assert_eq!(topology.evaluate(&expr).0.unwrap(), Outcome::Value(value), "{expr:?}");
    };
    open(field(of("data"), "open"), key("plain"));
    open(index(of("data"), key("open")), key("plain"));
    open(field(field(of("data"), "half"), "a"), 1.into());
    open(index(field(of("data"), "half"), key("a")), 1.into());
    open(field(of("login"), "port"), 23.into());
    open(field(index(of("many"), 0.into()), "a"), 1.into());
    let hidden = [
        of("data"),
        field(of("data"), "key"),
        field(of("data"), "half"),
        field(field(of("data"), "half"), "b"),
        field(of("login"), "password"),
        index(of("many"), 1.into()),
        field(index(of("many"), 0.into()), "b"),
        field(of("whole"), "a"),
    ];
    for expr in hidden {
        let outcome = topology.evaluate(&expr).0.unwrap();
        assert_eq!(outcome, Outcome::Secret(["s".to_owned()].into()), "{expr:?}");
    }
}
