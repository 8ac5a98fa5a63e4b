//! The steps of workflows.

use bp_plan::workflow::FAILURE_CLASSES;
use bp_plan::{Dimension, Type};

use super::{Finder, bind, type_of};
use crate::check::workflows::{Taken, gives, node_of, operation, parameters, signature};
use crate::ide::spot::{Around, Expected, Owner, Spot};
use crate::syntax::ast::{Body, Each, Expr, ExprKind, Name, Step, StepKind};

impl Finder<'_, '_> {
    pub(super) fn steps<'t>(&self, steps: &'t [Step], around: &Around) -> Option<Spot<'t>> {
        let mut around = around.clone();
        for step in steps {
            if self.is_in(step.span) {
                return self.step(step, &around);
            }
            self.after(step, &mut around);
        }
        None
    }

    /// Brings in what a step leaves for those after it.
    fn after(&self, step: &Step, around: &mut Around) {
        match &step.kind {
            StepKind::Let { name, value } => {
                let ty = type_of(self.program, &around.scope, value);
                bind(around, name, ty);
            }
            StepKind::Call { result: Some(name), operation: called, .. } => {
                let found = operation(self.program, &around.scope, called);
                let ty = found.map_or(Type::Unknown, |(signature, each)| gives(signature, each));
                bind(around, name, ty);
            }
            StepKind::Run { result: Some(name), workflow, .. } => {
                let head = named(workflow).and_then(|name| signature(self.program, name));
                let ty = head.and_then(|head| head.result.clone());
                bind(around, name, ty.unwrap_or(Type::Unknown));
            }
            StepKind::Parallel(steps) => {
                for step in steps {
                    self.after(step, around);
                }
            }
            _ => {}
        }
    }

    fn step<'t>(&self, step: &'t Step, around: &Around) -> Option<Spot<'t>> {
        let any = Expected::Anything;
        let time = Expected::Value(Type::Quantity(Dimension::Duration));
        match &step.kind {
            StepKind::Call { operation: called, arguments, .. } => {
                let found = operation(self.program, &around.scope, called);
                let taken = found.map(|(signature, _)| parameters(signature));
                self.called(called, around)
                    .or_else(|| self.arguments(arguments, taken.unwrap_or_default(), around))
            }
            StepKind::Run { workflow, arguments, .. } => {
                if let Some(name) = named(workflow).filter(|_| self.is_in(workflow.span)) {
                    return Some(Spot::Workflow { name: name.into(), span: workflow.span });
                }
                let head = named(workflow).and_then(|name| signature(self.program, name));
                let taken = head.map(|head| head.parameters.clone());
                self.arguments(arguments, taken.unwrap_or_default(), around)
            }
            StepKind::Let { value, .. } => self.expr(value, around, &Expected::Kept),
            StepKind::Wait(value) => self.expr(value, around, &time),
            StepKind::Fail(value) => self.expr(value, around, &Expected::Value(Type::String)),
            StepKind::Parallel(steps) | StepKind::OnCancel(steps) => self.steps(steps, around),
            StepKind::OnFailure(steps) => {
                let mut around = around.clone();
                let classes = FAILURE_CLASSES.map(|class| Type::Literal(class.to_owned()));
                let class = ("class".to_owned(), Type::Union(classes.to_vec()));
                let message = ("message".to_owned(), Type::String);
                let name = Name { text: "error".into(), span: step.span };
                bind(&mut around, &name, Type::Record([class, message].into()));
                self.steps(steps, &around)
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
                .or_else(|| self.perhaps(timeout.as_ref(), around, &time)),
            StepKind::Return(value) => self.perhaps(value.as_ref(), around, &any),
            StepKind::Recover => None,
        }
    }

    fn arguments<'t>(
        &self,
        body: &'t Body,
        taken: Vec<Taken>,
        around: &Around,
    ) -> Option<Spot<'t>> {
        self.block(body, &Owner::Arguments(taken), around.clone())
    }

    /// The path of an operation: the node like any value, then interface and operation.
    fn called<'t>(&self, called: &'t Expr, around: &Around) -> Option<Spot<'t>> {
        if !self.is_in(called.span) {
            return None;
        }
        match &called.kind {
            ExprKind::Splat { of, body } => {
                if let Some(found) = self.expr(of, around, &Expected::Called) {
                    return Some(found);
                }
                let element = Name { text: "*".into(), span: of.span };
                let each =
                    Each { names: vec![element], over: (**of).clone(), key: None, filter: None };
                let (_, inside) = self.each(&each, around.clone());
                self.called(body, &inside)
            }
            ExprKind::Field { of, name, .. } if self.is_in(name.span) => self
                .of_node(of, name, around)
                .or_else(|| self.expr(called, around, &Expected::Called)),
            ExprKind::Field { of, .. } => self.called(of, around),
            _ => self.expr(called, around, &Expected::Called),
        }
    }

    /// The name of an interface or of an operation; nothing where it is another member of the node.
    fn of_node<'t>(&self, of: &Expr, name: &'t Name, around: &Around) -> Option<Spot<'t>> {
        let info = |of: &Expr| {
            let ty = type_of(self.program, &around.scope, of);
            self.program.types.get(node_of(&ty)?)
        };
        if let Some(info) = info(of) {
            let is_member = info.requirements.contains_key(name.text.as_str());
            let full = info.full.clone();
            return (!is_member).then_some(Spot::Operation { full, interface: None, name });
        }
        let ExprKind::Field { of: node, name: interface, .. } = &of.kind else { return None };
        let full = info(node)?.full.clone();
        Some(Spot::Operation { full, interface: Some(interface.text.clone()), name })
    }
}

/// The bare name that an expression is.
fn named(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        _ => None,
    }
}
