//! The steps of workflows.

use bp_plan::Type;

use super::{Finder, bind, type_of};
use crate::ide::spot::{Around, Expected, Owner, Spot};
use crate::syntax::ast::{Each, Step, StepKind};

impl Finder<'_, '_> {
    pub(super) fn steps<'t>(&self, steps: &'t [Step], around: &Around) -> Option<Spot<'t>> {
        let mut around = around.clone();
        for step in steps {
            if self.is_in(step.span) {
                return self.step(step, &around);
            }
            match &step.kind {
                StepKind::Let { name, value } => {
                    let ty = type_of(self.program, &around.scope, value);
                    bind(&mut around, name, ty);
                }
                StepKind::Call { result: Some(name), .. }
                | StepKind::Run { result: Some(name), .. } => {
                    bind(&mut around, name, Type::Unknown);
                }
                _ => {}
            }
        }
        None
    }

    fn step<'t>(&self, step: &'t Step, around: &Around) -> Option<Spot<'t>> {
        let any = Expected::Anything;
        match &step.kind {
            StepKind::Call { operation: of, arguments, .. }
            | StepKind::Run { workflow: of, arguments, .. } => self
                .expr(of, around, &any)
                .or_else(|| self.block(arguments, &Owner::Other, around.clone())),
            StepKind::Let { value, .. } | StepKind::Wait(value) | StepKind::Fail(value) => {
                self.expr(value, around, &any)
            }
            StepKind::Parallel(steps) | StepKind::OnFailure(steps) | StepKind::OnCancel(steps) => {
                self.steps(steps, around)
            }
            StepKind::For { names, over, max, steps } => {
                let each =
                    Each { names: names.clone(), over: over.clone(), key: None, filter: None };
                let (_, inside) = self.each(&each, around.clone());
                self.expr(over, around, &any)
                    .or_else(|| self.perhaps(max.as_ref(), around, &Expected::Value(Type::Int)))
                    .or_else(|| self.steps(steps, &inside))
            }
            StepKind::If { condition, then, otherwise } => self
                .expr(condition, around, &Expected::Value(Type::Bool))
                .or_else(|| self.steps(then, around))
                .or_else(|| otherwise.iter().find_map(|steps| self.steps(steps, around))),
            StepKind::WaitUntil { condition, timeout } => self
                .expr(condition, around, &Expected::Value(Type::Bool))
                .or_else(|| self.perhaps(timeout.as_ref(), around, &any)),
            StepKind::Return(value) => self.perhaps(value.as_ref(), around, &any),
            StepKind::Recover => None,
        }
    }
}
