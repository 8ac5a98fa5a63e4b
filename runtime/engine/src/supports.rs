//! What a plan can say and this engine does not carry out: refused in a sentence, never passed over.
//!
//! One small function for each construct.

use bp_plan::Plan;

use crate::problem::Problem;

/// Why this engine can't carry out a plan.
pub(crate) fn check(plan: &Plan) -> Vec<Problem> {
    let mut problems = Vec::new();
    workflows(plan, &mut problems);
    problems
}

/// Workflows: their steps.
fn workflows(plan: &Plan, problems: &mut Vec<Problem>) {
    for (name, workflow) in &plan.workflows {
        problems.push(
            Problem::error(format!(
                "the workflow `{name}` can't be run by this version of the runtime"
            ))
            .at(workflow.span)
            .help("leave it out for now, and deploy without it"),
        );
    }
}
