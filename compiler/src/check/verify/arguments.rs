//! What workflows and operations are given: arguments that are known, though not written down, and break what is asked
//! of them.

use std::collections::BTreeMap;

use bp_eval::{Outcome, Verdict, check_constraint, evaluate_with};
use bp_plan::workflow::{Action, Call};
use bp_plan::{Constraint, Expr, Property, Workflow};

use super::known::{World, reference};
use super::properties::is_sure;
use super::{Known, steps};
use crate::check::expr::mistake;
use crate::check::operations::parameter_place;
use crate::check::policies::Policies;
use crate::check::program::Program;
use crate::diagnostics::{Diagnostic, types as says};
use crate::source::Place;

/// Tells them, of steps and of policies that run a workflow.
pub(crate) fn verify(
    world: World<'_, '_>,
    workflows: &BTreeMap<String, Workflow>,
    policies: &Policies,
    out: &mut Vec<Diagnostic>,
) {
    let of_workflow = |name: &str| taken(world, workflows.get(name));
    for workflow in workflows.values() {
        steps::reached(world, &workflow.body, &mut |action| match action {
            Action::Run(run) => given(world, &of_workflow(&run.workflow), &run.arguments, out),
            Action::Call(call) => given(world, &of_operation(world, call), &call.arguments, out),
            _ => {}
        });
    }
    for checked in policies.values() {
        if let Some(run) = &checked.policy.run {
            given(world, &of_workflow(&run.workflow), &run.with, out);
        }
    }
}

/// A parameter: its name, what is asked of it, and where it is declared.
type Taken<'p> = (&'p str, &'p [Constraint], Option<Place>);

/// What a workflow takes.
fn taken<'p>(world: World<'p, '_>, workflow: Option<&'p Workflow>) -> Vec<Taken<'p>> {
    let parameters = workflow.into_iter().flat_map(|workflow| &workflow.parameters);
    let (program, ..) = world;
    parameters
        .map(|one| (one.name.as_str(), one.constraints.as_slice(), program.place_of(one.span)))
        .collect()
}

/// What an operation takes that is called of a node, or of each of its instances.
fn of_operation<'p>(world: World<'p, '_>, call: &Call) -> Vec<Taken<'p>> {
    let (program, nodes, _) = world;
    let target = match &call.target {
        Expr::Splat { of, .. } => of,
        other => other,
    };
    let node = Program::node_of(target).and_then(|name| nodes.nodes.get(name));
    let info = node.and_then(|node| program.types.get(&node.node.kind));
    let name = format!("{}.{}", call.interface, call.operation);
    let Some(signature) = info.and_then(|info| info.operations.get(&name)) else {
        return Vec::new();
    };
    let parameters = signature.parameters.iter();
    parameters
        .map(|one| {
            let declared = parameter_place(program, signature.place, &one.name);
            (one.name.as_str(), one.constraints.as_slice(), Some(declared))
        })
        .collect()
}

fn given(
    world: World<'_, '_>,
    parameters: &[Taken<'_>],
    arguments: &BTreeMap<String, Property>,
    out: &mut Vec<Diagnostic>,
) {
    let (program, ..) = world;
    // It has no `self`: a step is of no node.
    let known = Known::of(world, reference(""));
    for (name, given) in arguments.iter().filter(|(_, given)| given.value.as_value().is_none()) {
        let Some(at) = program.place_of(given.span) else { continue };
        let value = match evaluate_with(&given.value, &known, &[]) {
            Ok(Outcome::Value(value)) => value,
            Err(error) if is_sure(&error) => {
                out.push(mistake(at, &error));
                continue;
            }
            _ => continue,
        };
        let Some((_, constraints, declared)) = parameters.iter().find(|(of, ..)| of == name) else {
            continue;
        };
        let broken =
            constraints.iter().find_map(|one| match check_constraint(one, &value, &known) {
                Ok(Verdict::Broken(message)) => Some((message, one)),
                _ => None,
            });
        if let Some((message, one)) = broken {
            let text = one.message.is_none().then_some(one.text.as_str());
            let because = declared.map(|at| (at, format!("`{name}` is declared here")));
            out.push(says::constraint_broken(at, &message, text, because));
        }
    }
}
