//! Whether a plan's inputs are as the plan wants them.

use std::collections::BTreeMap;

use bp_eval::{Outcome, Verdict, check_constraint};
use bp_plan::{Plan, Type, Value};

use crate::problem::{Lack, Problem, code_of};
use crate::world::World;

/// The value of an input that a person gave as text (`replicas=3`).
pub fn parse(plan: &Plan, name: &str, text: &str) -> Result<Value, Problem> {
    let Some(input) = plan.inputs.get(name) else { return Err(unknown(plan, name)) };
    bp_eval::parse_input(text, &input.kind, &plan.data_types)
        .map_err(|error| wrong(name, &error.to_string(), "E3002").at(input.span))
}

/// The value of an input that a person gave in a file.
pub fn from_json(plan: &Plan, name: &str, json: serde_json::Value) -> Result<Value, Problem> {
    let Some(input) = plan.inputs.get(name) else { return Err(unknown(plan, name)) };
    bp_eval::from_json(json, &input.kind, &plan.data_types)
        .map_err(|error| wrong(name, &error.to_string(), "E3002").at(input.span))
}

fn unknown(plan: &Plan, name: &str) -> Problem {
    if let Some(secret) = plan.secrets.get(name) {
        return Problem::error(format!("`{name}` is a secret, and no input"))
            .code("E7071")
            .at(secret.span)
            .help("secrets come from where the runtime keeps them, never from the command line");
    }
    let there = plan.inputs.keys().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    Problem::error(format!("the blueprint `{}` has no input `{name}`", plan.blueprint.name))
        .code("E7071")
        .help(if there.is_empty() {
            "it takes no inputs".to_owned()
        } else {
            format!("it has {there}")
        })
}

fn wrong(name: &str, why: &str, code: &'static str) -> Problem {
    Problem::error(format!("the input `{name}`: {why}")).code(code)
}

/// All that is wrong with the inputs.
pub(crate) fn check(world: &World, given: &BTreeMap<String, Value>) -> Vec<Problem> {
    let mut problems: Vec<Problem> = given
        .keys()
        .filter(|name| !world.plan.inputs.contains_key(*name))
        .map(|name| unknown(&world.plan, name))
        .collect();
    for (name, input) in &world.plan.inputs {
        let must = input.default.is_none() && !matches!(input.kind, Type::Optional(_));
        if must && !given.contains_key(name) && !world.is_open(name) {
            let missing = format!("the input `{name}` ({}) is not given", input.kind);
            problems.push(
                Problem::error(missing)
                    .code("E7081")
                    .at(input.span)
                    .lack(Lack::Input(name.clone())),
            );
            continue;
        }
        let value = match world.input(name) {
            Ok(Outcome::Value(value)) => value,
            Ok(_) => continue,
            Err(error) => {
                let message = format!("the default of the input `{name}`: {error}");
                problems.push(Problem::error(message).code(code_of(&error)).at(input.span));
                continue;
            }
        };
        if let Err(error) = bp_eval::check_type(&value, &input.kind, &world.plan.data_types) {
            problems.push(wrong(name, &error.to_string(), "E3028").at(input.span));
            continue;
        }
        for constraint in &input.constraints {
            let (message, code) = match check_constraint(constraint, &value, &world.outside()) {
                Ok(Verdict::Broken(message)) => (message, "E3028"),
                Ok(_) => continue,
                Err(error) => (error.to_string(), code_of(&error)),
            };
            problems.push(wrong(name, &message, code).at(constraint.span));
        }
    }
    problems
}
