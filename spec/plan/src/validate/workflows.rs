//! Workflows: locals are bound before they are read, what is run is there and takes what it is given.

use std::collections::BTreeMap;

use super::Check;
use crate::document::Property;
use crate::workflow::{Action, BUILT_IN, Block, Call, Loop, Run, Step, Workflow};

impl<'a> Check<'a> {
    pub(super) fn workflow(&mut self, workflow: &'a Workflow) {
        self.span(workflow.span);
        workflow.result.iter().for_each(|kind| self.kind(kind));
        let outside = self.locals.len();
        for parameter in &workflow.parameters {
            self.within(&parameter.name, |c| {
                c.span(parameter.span);
                c.kind(&parameter.kind);
                parameter.default.iter().for_each(|default| c.expr(default));
                c.constraints(&parameter.constraints);
            });
        }
        self.locals.extend(workflow.parameters.iter().map(|p| p.name.as_str()));
        self.block(&workflow.body, false);
        self.locals.truncate(outside);
    }

    /// A block; what its steps bind is unbound again. In a parallel one no step sees what another binds.
    fn block(&mut self, block: &'a Block, at_once: bool) {
        let outside = self.locals.len();
        for step in &block.steps {
            self.step(step);
            if !at_once {
                self.made_by(step);
            }
        }
        self.locals.truncate(outside);
        if let Some(handler) = &block.on_failure {
            self.locals.push("error");
            self.within("on_failure", |c| c.block(&handler.body, false));
            self.locals.truncate(outside);
        }
        if let Some(cancelled) = &block.on_cancel {
            self.within("on_cancel", |c| c.block(cancelled, false));
        }
    }

    /// What is bound once a step is done: by a parallel one what its steps bind, however deep these are parallel.
    fn made_by(&mut self, step: &'a Step) {
        match &step.action {
            Action::Parallel(block) => {
                if block.on_failure.as_ref().is_none_or(|handler| !handler.recovers) {
                    block.steps.iter().for_each(|step| self.made_by(step));
                }
            }
            action => self.locals.extend(action.local()),
        }
    }

    fn step(&mut self, step: &'a Step) {
        self.span(step.span);
        match &step.action {
            Action::Call(call) => self.call(call),
            Action::Run(run) => self.run(run),
            Action::Let { value, .. } | Action::Wait(value) | Action::Fail(value) => {
                self.expr(value);
            }
            Action::Parallel(block) => self.within("parallel", |c| c.block(block, true)),
            Action::For(each) => self.within("for", |c| c.looped(each)),
            Action::If { arms, otherwise } => self.within("if", |c| {
                for arm in arms {
                    c.expr(&arm.condition);
                    c.block(&arm.body, false);
                }
                if let Some(block) = otherwise {
                    c.block(block, false);
                }
            }),
            Action::WaitUntil { condition, timeout } => {
                self.expr(condition);
                self.expr(timeout);
            }
            Action::Return(value) => value.iter().for_each(|value| self.expr(value)),
        }
    }

    fn looped(&mut self, each: &'a Loop) {
        self.expr(&each.over);
        each.max.iter().for_each(|max| self.expr(max));
        let outside = self.locals.len();
        self.bind(&each.names);
        self.block(&each.body, false);
        self.locals.truncate(outside);
    }

    fn call(&mut self, call: &'a Call) {
        self.expr(&call.target);
        self.within(&call.operation, |c| c.arguments(&call.arguments));
    }

    fn run(&mut self, run: &'a Run) {
        self.within(&run.workflow, |c| {
            c.arguments(&run.arguments);
            let plan = c.plan;
            let Some(workflow) = plan.workflows.get(&run.workflow) else {
                let is_there = BUILT_IN.contains(&run.workflow.as_str());
                c.name(is_there, "workflow", &run.workflow);
                return;
            };
            for name in run.arguments.keys() {
                let is_there = workflow.parameters.iter().any(|p| p.name == *name);
                c.name(is_there, "parameter", name);
            }
        });
    }

    fn arguments(&mut self, arguments: &'a BTreeMap<String, Property>) {
        self.each("arguments", arguments, Self::property);
    }
}
