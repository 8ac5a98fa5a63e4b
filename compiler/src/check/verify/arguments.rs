//! What workflows are given: arguments that are known, though not written down, and break what is asked of them.

use std::collections::BTreeMap;

use bp_eval::{Outcome, Verdict, check_constraint, evaluate_with};
use bp_plan::workflow::Action;
use bp_plan::{Property, Workflow};

use super::Known;
use super::known::{World, reference};
use super::properties::is_sure;
use crate::check::expr::mistake;
use crate::check::policies::Policies;
use crate::diagnostics::{Diagnostic, types as says};

/// Tells them, of steps and of policies that run a workflow.
pub(crate) fn verify(
    world: World<'_, '_>,
    workflows: &BTreeMap<String, Workflow>,
    policies: &Policies,
    out: &mut Vec<Diagnostic>,
) {
    for workflow in workflows.values() {
        workflow.body.walk(&mut |step| {
            if let Action::Run(run) = &step.action {
                given(world, workflows.get(&run.workflow), &run.arguments, out);
            }
        });
    }
    for checked in policies.values() {
        if let Some(run) = &checked.policy.run {
            given(world, workflows.get(&run.workflow), &run.with, out);
        }
    }
}

fn given(
    world: World<'_, '_>,
    workflow: Option<&Workflow>,
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
        let mut parameters = workflow.into_iter().flat_map(|workflow| &workflow.parameters);
        let Some(parameter) = parameters.find(|parameter| parameter.name == *name) else {
            continue;
        };
        let broken = parameter.constraints.iter().find_map(|one| {
            match check_constraint(one, &value, &known) {
                Ok(Verdict::Broken(message)) => Some((message, one)),
                _ => None,
            }
        });
        if let Some((message, one)) = broken {
            let text = one.message.is_none().then_some(one.text.as_str());
            let declared = program.place_of(parameter.span);
            let because = declared.map(|at| (at, format!("`{name}` is declared here")));
            out.push(says::constraint_broken(at, &message, text, because));
        }
    }
}
