//! What this engine can't carry out yet: told before anything is done, never passed over.

use bp_plan::Plan;
use bp_topology::Problem;

/// Everything in a plan that can't be carried out.
pub fn check(plan: &Plan) -> Vec<Problem> {
    let mut problems = Vec::new();
    policies(plan, &mut problems);
    problems
}

/// Policies: rollouts, schedules, corrections of drift.
fn policies(plan: &Plan, problems: &mut Vec<Problem>) {
    for (name, policy) in &plan.policies {
        let kind = policy.kind.strip_prefix("std.").unwrap_or(&policy.kind);
        problems.push(
            Problem::error(format!(
                "the policy `{name}` can't be carried out by this version: it knows no `{kind}`"
            ))
            .help("leave the policy out, and deploy without it")
            .at(policy.span),
        );
    }
}
