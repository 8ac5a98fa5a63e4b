//! What outputs come to, and whether they may.

use bp_eval::{ErrorKind, EvalError, Outcome, Verdict, check_constraint};
use bp_plan::Output;

use crate::problem::{Problem, code_of};
use crate::world::{World, error};

/// The value of an output: of its type, and within its constraints.
pub(crate) fn value(world: &World, output: &Output) -> Result<Outcome, EvalError> {
    let outcome = bp_eval::evaluate(&output.value, &world.outside())?;
    let Outcome::Value(value) = outcome else { return Ok(outcome) };
    let value = bp_eval::conform(value, &output.kind, &world.plan.data_types)
        .map_err(|why| error(ErrorKind::WrongType, why.to_string()))?;
    for constraint in &output.constraints {
        if let Verdict::Broken(message) = check_constraint(constraint, &value, &world.outside())? {
            return Err(error(ErrorKind::Constraint, message));
        }
    }
    Ok(Outcome::Value(value))
}

/// The outputs that can't be worked out, or are not within their constraints, as far as that is known before
/// anything runs.
pub(crate) fn check(world: &World) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, output) in &world.plan.outputs {
        if let Err(error) = value(world, output) {
            let problem = Problem::error(format!("the output `{name}`: {error}"));
            problems.push(problem.code(code_of(&error)).at(output.span));
        }
    }
    problems
}
