//! Groups and policies: of types that are there, over what is there, no group within itself.

use std::collections::BTreeSet;

use super::{Check, rings};
use crate::expr::Expr;
use crate::policy::Run;
use crate::workflow::BUILT_IN;

impl<'a> Check<'a> {
    /// Groups and policies, with their types.
    pub(super) fn policies(&mut self) {
        let plan = self.plan;
        self.each("group_types", &plan.group_types, |c, kind| {
            c.each("properties", &kind.properties, Self::property_type);
            c.cardinality(kind.cardinality);
            c.constraints(&kind.constraints);
        });
        self.each("groups", &plan.groups, |c, group| {
            c.name(plan.group_types.contains_key(&group.kind), "group type", &group.kind);
            c.span(group.span);
            c.expr(&group.members);
            c.each("properties", &group.properties, Self::property);
        });
        self.each("policy_types", &plan.policy_types, |c, kind| {
            c.each("properties", &kind.properties, Self::property_type);
            c.cardinality(kind.cardinality);
            c.constraints(&kind.constraints);
        });
        self.each("policies", &plan.policies, |c, policy| {
            c.name(plan.policy_types.contains_key(&policy.kind), "policy type", &policy.kind);
            c.span(policy.span);
            c.expr(&policy.targets);
            c.each("properties", &policy.properties, Self::property);
            policy.run.iter().for_each(|run| c.within("run", |c| c.runs(run)));
        });
        let rings = rings(plan.groups.iter().map(|(name, group)| {
            let mut needs = BTreeSet::new();
            groups_of(&group.members, &mut needs);
            (name.as_str(), needs)
        }));
        if !rings.is_empty() {
            self.within("groups", |c| {
                c.problem(format!("groups that are members of themselves: {}", rings.join(", ")));
            });
        }
    }

    fn runs(&mut self, run: &'a Run) {
        self.span(run.span);
        if let Some(workflow) = self.plan.workflows.get(&run.workflow) {
            for name in run.with.keys() {
                let is_there = workflow.parameters.iter().any(|p| p.name == *name);
                self.name(is_there, "parameter", name);
            }
        } else {
            let is_there = BUILT_IN.contains(&run.workflow.as_str());
            self.name(is_there, "workflow", &run.workflow);
        }
        self.each("with", &run.with, Self::property);
    }
}

fn groups_of<'a>(expr: &'a Expr, found: &mut BTreeSet<&'a str>) {
    if let Expr::Group(name) = expr {
        found.insert(name);
    }
    expr.parts(&mut |part| groups_of(part, found));
}
