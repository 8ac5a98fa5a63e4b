//! Workflows over the sample of lives, in the plan's own form; and such as give secrets on.
#![allow(clippy::needless_pass_by_value, reason = "parts of a plan are put together as values")]

use bp_plan::*;
use serde_json::{Value as Json, json};

use super::lives::{called, lives};
use super::named;

fn span() -> Json {
    json!([0, 1, 1, 1, 2])
}

fn text(text: &str) -> Json {
    json!({ "value": text })
}

fn local(name: &str) -> Json {
    json!({ "local": name })
}

fn of(what: Json, name: &str) -> Json {
    json!({ "field": { "of": what, "name": name } })
}

/// A step of this action.
fn step(action: Json) -> Json {
    json!({ "action": action, "span": span() })
}

/// `call NODE.care.OPERATION { text = … }`.
fn call(node: &str, operation: &str, with: Json) -> Json {
    step(json!({ "call": {
        "target": { "node": node },
        "interface": "care",
        "operation": operation,
        "arguments": { "text": { "value": with, "phase": "run", "span": span() } },
    } }))
}

fn bound(mut step: Json, name: &str) -> Json {
    step["action"]["call"]["result"] = json!(name);
    step
}

fn wait(time: &str) -> Json {
    step(json!({ "wait": { "value": { "$duration": time } } }))
}

fn block(steps: &[Json]) -> Json {
    json!({ "steps": steps })
}

fn handling(steps: &[Json], handler: &[Json], recovers: bool) -> Json {
    let mut block = block(steps);
    block["on_failure"] = json!({ "body": { "steps": handler } });
    if recovers {
        block["on_failure"]["recovers"] = json!(true);
    }
    block
}

fn workflow(parameters: &[(&str, Json)], body: Json) -> Json {
    let parameters: Vec<Json> = parameters
        .iter()
        .map(|(name, kind)| json!({ "name": name, "type": kind, "span": span() }))
        .collect();
    json!({ "parameters": parameters, "body": body, "span": span() })
}

/// Everything that there is: a sequence with results, steps at once, a loop, a condition, another
/// workflow, a wait, a failure that is handled.
fn tend() -> Json {
    let list =
        json!({ "list": [{ "one": text("x") }, { "one": text("y") }, { "one": text("z") }] });
    let turns = json!({ "for": {
        "names": ["part"],
        "over": list,
        "max": { "value": 2 },
        "body": block(&[call("base", "look", local("part"))]),
    } });
    let days = json!({ "days": { "value": { "value": 3 }, "phase": "compile", "span": span() } });
    let run = step(json!({ "run": { "workflow": "clean", "arguments": days } }));
    let same = json!({ "binary": {
        "op": "equal", "left": of(local("first"), "id"), "right": text("id of base"),
    } });
    let arm = json!({ "condition": same, "body": block(&[run]) });
    let otherwise = block(&[step(json!({ "fail": text("another id") }))]);
    let caught = handling(
        &[call("base", "fail", text("no")), call("late", "look", text("beside"))],
        &[call("late", "look", of(local("error"), "class"))],
        true,
    );
    handling(
        &[
            bound(call("base", "look", local("into")), "first"),
            step(json!({ "parallel": block(&[
                bound(call("base", "look", text("a")), "a"),
                bound(call("late", "look", text("b")), "b"),
            ]) })),
            step(turns),
            step(json!({ "if": { "arms": [arm], "otherwise": otherwise } })),
            wait("20ms"),
            step(json!({ "parallel": caught })),
            call("late", "look", of(local("b"), "id")),
            step(json!({ "return": of(local("first"), "id") })),
        ],
        &[call("late", "look", text("never"))],
        false,
    )
}

/// The sample of workflows with a secret `key`, and `hush`, which gives it on in every way: by itself, through
/// a `let`, through another workflow and its result, as a part of a text, in turns of a loop.
pub fn secrets() -> Vec<u8> {
    let mut plan = bp_plan::from_bytes(&workflows()).unwrap().plan;
    let hidden = || json!({ "secret": "string" });
    plan.secrets = serde_json::from_value(json!({
        "key": { "type": "string", "from": "key", "span": span() },
    }))
    .unwrap();
    let made = plan.node_types.get_mut("Made").unwrap();
    for name in ["look", "again"] {
        let mut quiet = made.operations[&format!("care.{name}")].clone();
        quiet.parameters[0].kind = serde_json::from_value(hidden()).unwrap();
        made.operations.insert(format!("care.{name}_quietly"), quiet);
    }
    let key = || json!({ "secret": "key" });
    let texts = |parts: &[Json]| json!({ "interpolate": parts });
    let record = |entries: &[(&str, Json)]| {
        let all = entries.iter().map(|(name, of)| json!({ "one": [name, of] }));
        json!({ "record": all.collect::<Vec<_>>() })
    };
    let let_ = |name: &str, value: Json| step(json!({ "let": { "name": name, "value": value } }));
    let given = |value: Json| json!({ "value": value, "phase": "run", "span": span() });
    let turn =
        |name: &str, key: Json| json!({ "one": record(&[("name", text(name)), ("key", key)]) });
    let is_first = json!({ "binary": {
        "op": "equal", "left": of(local("turn"), "name"), "right": text("first"),
    } });
    let turns = json!({ "for": {
        "names": ["turn"],
        "over": { "list": [turn("first", of(local("r"), "made")), turn("last", key())] },
        "body": block(&[
            step(json!({ "if": { "arms": [{
                "condition": is_first,
                "body": block(&[call("base", "look", of(local("turn"), "name"))]),
            }] } })),
            call("late", "look_quietly", of(local("turn"), "key")),
        ]),
    } });
    let mut inner = workflow(
        &[("key", hidden()), ("beside", json!("string"))],
        block(&[
            call("late", "look_quietly", local("key")),
            call("late", "look", local("beside")),
            step(json!({ "return": record(&[
                ("made", texts(&[text("<"), local("key"), text(">")])),
                ("beside", local("beside")),
            ]) })),
        ]),
    );
    inner["parameters"][0]["constraints"] = json!([{
        "predicate": { "binary": { "op": "greater", "left": {
            "call": { "function": "length", "arguments": ["self"] },
        }, "right": { "value": 9 } } },
        "message": text("at least ten"),
        "text": "length(self) > 9",
        "span": span(),
    }]);
    let hush = block(&[
        bound(call("base", "look_quietly", key()), "first"),
        let_("made", texts(&[of(local("first"), "id"), text(" "), key()])),
        call("late", "look_quietly", local("made")),
        step(json!({ "run": {
            "workflow": "inner",
            "arguments": { "key": given(local("made")), "beside": given(text("beside")) },
            "result": "r",
        } })),
        wait("5ms"),
        step(turns),
        step(json!({ "return": record(&[
            ("made", of(local("r"), "made")), ("beside", of(local("r"), "beside")),
        ]) })),
    ]);
    let short = step(json!({ "run": {
        "workflow": "inner",
        "arguments": {
            "key": given(json!({ "call": { "function": "replace", "arguments": [
                key(), text("-canary-in-the-mine"), text(""),
            ] } })),
            "beside": given(text("not reached")),
        },
    } }));
    let mut by_default =
        workflow(&[("key", hidden())], block(&[call("base", "look_quietly", local("key"))]));
    by_default["parameters"][0]["default"] = texts(&[text("by default "), key()]);
    let more = json!({
        "hush": workflow(&[], hush),
        "inner": inner,
        "short": workflow(&[], block(&[short])),
        "by_default": by_default,
        "quietly": workflow(&[], block(&[
            call("base", "again_quietly", texts(&[text("again "), key()])),
        ])),
    });
    let more: std::collections::BTreeMap<String, Workflow> = serde_json::from_value(more).unwrap();
    plan.workflows.extend(more);
    to_bytes(&plan, &std::collections::BTreeMap::new()).unwrap()
}

/// The sample with an interface `care` and workflows over it.
pub fn workflows() -> Vec<u8> {
    let mut plan = bp_plan::from_bytes(&lives("hello")).unwrap().plan;
    let of_text = |sets| {
        let mut operation = called(&[], sets);
        operation.parameters = vec![OperationParameter {
            name: "text".into(),
            kind: Type::String,
            default: None,
            constraints: vec![],
        }];
        operation.result = Some(Type::Record(named([("id", Type::String)])));
        if let Some(one) = &mut operation.implementation {
            one.args = None;
        }
        operation
    };
    let mut again = of_text(false);
    if let Some(one) = &mut again.implementation {
        one.retries = Some(Expr::Value(Value::Int(2)));
        one.backoff = serde_json::from_value(json!({ "value": { "$duration": "1ms" } })).ok();
    }
    let made = plan.node_types.get_mut("Made").unwrap();
    made.operations.extend(named([
        ("care.look", of_text(false)),
        ("care.fail", of_text(false)),
        ("care.again", again),
        ("care.mark", of_text(true)),
    ]));
    let string = || json!("string");
    let failing = handling(
        &[call("base", "fail", text("no")), call("base", "look", text("not reached"))],
        &[call("late", "look", of(local("error"), "message"))],
        false,
    );
    let mut patient = block(&[
        call("base", "look", text("begun")),
        wait("10h"),
        call("base", "look", text("not reached")),
    ]);
    patient["on_cancel"] = block(&[call("late", "look", text("tidied"))]);
    let never = json!({ "wait_until": {
        "condition": { "binary": {
            "op": "equal", "left": of(json!({ "node": "base" }), "id"), "right": text("never"),
        } },
        "timeout": { "value": { "$duration": "30ms" } },
    } });
    let run = |name: &str| step(json!({ "run": { "workflow": name } }));
    let beside = block(&[call("late", "look", text("beside")), run("update")]);
    let anew = block(&[
        call("base", "look", text("before")),
        step(json!({ "parallel": beside })),
        run("uninstall"),
        run("install"),
        call("base", "look", text("after")),
    ]);
    let looked = |name: &str, result: &str| {
        let nodes = json!({ "list": [{ "one": { "node": "web" } }] });
        let nodes = json!({ "value": nodes, "phase": "run", "span": span() });
        step(json!({ "run": {
            "workflow": name, "arguments": { "nodes": nodes }, "result": result,
        } }))
    };
    let entry = |name: &str, of: Json| json!({ "one": [name, of] });
    let mend = block(&[
        looked("check_drift", "before"),
        looked("check_health", "ill"),
        run("heal"),
        looked("check_drift", "after"),
        step(json!({ "return": { "record": [
            entry("before", of(local("before"), "drifted")),
            entry("ill", of(local("ill"), "unhealthy")),
            entry("after", of(local("after"), "drifted")),
        ] } })),
    ]);
    let all = json!({
        "mend": workflow(&[], mend),
        "anew": workflow(&[], anew),
        "tend": workflow(&[("into", string())], tend()),
        "clean": workflow(&[("days", json!("int"))], block(&[call("late", "look", text("clean"))])),
        "failing": workflow(&[], failing),
        "patient": workflow(&[], patient),
        "again": workflow(&[], block(&[call("base", "again", text("once more"))])),
        "never": workflow(&[], block(&[step(never)])),
        "mark": workflow(&[("node", json!({ "node": "Made" }))], block(&[
            step(json!({ "call": {
                "target": local("node"),
                "interface": "care",
                "operation": "mark",
                "arguments": { "text": { "value": text("m"), "phase": "run", "span": span() } },
            } })),
            call("base", "look", of(json!({ "node": "late" }), "id")),
        ])),
    });
    plan.workflows = serde_json::from_value(all).unwrap();
    to_bytes(&plan, &std::collections::BTreeMap::new()).unwrap()
}
