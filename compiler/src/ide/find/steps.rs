//! The steps of workflows.

use bp_plan::workflow::FAILURE_CLASSES;
use bp_plan::{Dimension, Phase, Type};

use super::{Finder, bind, type_of};
use crate::check::TypeInfo;
use crate::check::expr::Local;
use crate::check::workflows::{Taken, gives, node_of, operation, signature};
use crate::ide::spot::{Around, Expected, Owner, Role, Runner, Spot};
use crate::ide::steps;
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
        let time = Expected::Value(Type::Quantity(Dimension::Duration));
        match &step.kind {
            StepKind::Call { result, operation: called, arguments } => {
                let taken = self.callee(called, around).and_then(|(info, path)| {
                    let signature = info.operations.get(&format!("{}.{}", path.0, path.1))?;
                    Some(steps::parameters(self.program, info, &path, signature))
                });
                self.kept(result.as_ref(), step, around)
                    .or_else(|| self.called(called, around))
                    .or_else(|| self.arguments(arguments, taken.unwrap_or_default(), around))
            }
            StepKind::Run { result, workflow, arguments } => {
                if let Some(found) = self.kept(result.as_ref(), step, around) {
                    return Some(found);
                }
                if let Some(name) = named(workflow).filter(|_| self.is_in(workflow.span)) {
                    let own = around.running.as_ref().map(|running| running.name.clone());
                    let by = Runner::Step(own.unwrap_or_default());
                    return Some(Spot::Workflow { name: name.into(), span: workflow.span, by });
                }
                let head = named(workflow).and_then(|name| signature(self.program, name));
                let taken = head.map(|head| head.parameters.clone());
                self.arguments(arguments, taken.unwrap_or_default(), around)
            }
            StepKind::Let { name, value } => self
                .kept(Some(name), step, around)
                .or_else(|| self.expr(value, around, &Expected::Kept)),
            StepKind::Wait(value) => self.expr(value, around, &Expected::Awaited),
            StepKind::Fail(value) => self.expr(value, around, &Expected::Value(Type::String)),
            StepKind::Parallel(steps) | StepKind::OnCancel(steps) => self.steps(steps, around),
            StepKind::OnFailure(steps) => {
                let mut around = around.clone();
                let classes = FAILURE_CLASSES.map(|class| Type::Literal(class.to_owned()));
                let class = ("class".to_owned(), Type::Union(classes.to_vec()));
                let message = ("message".to_owned(), Type::String);
                let error = Type::Record([class, message].into());
                let error = Local::variable("error", error, Phase::Run);
                around.scope = std::mem::take(&mut around.scope).with(error);
                self.steps(steps, &around)
            }
            StepKind::For { names, over, max, steps } => {
                let each =
                    Each { names: names.clone(), over: over.clone(), key: None, filter: None };
                let (_, inside) = self.each(&each, around.clone());
                if let Some(name) = names.iter().find(|name| self.is_in(name.span)) {
                    return Some(Spot::Local { name, around: inside });
                }
                self.expr(over, around, &Expected::Collection)
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
            StepKind::Return(value) => {
                let result = around.running.as_ref().and_then(|running| running.result.clone());
                let wanted = result.map_or(Expected::Anything, Expected::Value);
                self.perhaps(value.as_ref(), around, &wanted)
            }
            StepKind::Recover => None,
        }
    }

    /// The name by which a step's result is kept.
    fn kept<'t>(&self, name: Option<&'t Name>, step: &Step, around: &Around) -> Option<Spot<'t>> {
        let name = name.filter(|name| self.is_in(name.span))?;
        let mut around = around.clone();
        self.after(step, &mut around);
        Some(Spot::Local { name, around })
    }

    fn arguments<'t>(
        &self,
        body: &'t Body,
        taken: Vec<Taken>,
        around: &Around,
    ) -> Option<Spot<'t>> {
        self.block(body, &Owner::Arguments(taken), around.clone())
    }

    /// The type of the node that is called, and `interface` and `operation`.
    fn callee(&self, called: &Expr, around: &Around) -> Option<(&TypeInfo, (String, String))> {
        match &called.kind {
            ExprKind::Splat { of, body } => self.callee(body, &self.element_of(of, around)),
            ExprKind::Field { of, name, .. } => {
                let ExprKind::Field { of: node, name: interface, .. } = &of.kind else {
                    return None;
                };
                let ty = type_of(self.program, &around.scope, node);
                let info = self.program.types.get(node_of(&ty)?)?;
                Some((info, (interface.text.to_string(), name.text.to_string())))
            }
            _ => None,
        }
    }

    /// What is known of each element of a collection.
    fn element_of(&self, of: &Expr, around: &Around) -> Around {
        let element = Name { text: "*".into(), span: of.span };
        let each = Each { names: vec![element], over: of.clone(), key: None, filter: None };
        self.each(&each, around.clone()).1
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
                self.called(body, &self.element_of(of, around))
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
            let role = Role::Called;
            return (!is_member).then_some(Spot::Operation { role, full, interface: None, name });
        }
        let ExprKind::Field { of: node, name: interface, .. } = &of.kind else { return None };
        let full = info(node)?.full.clone();
        let interface = Some(interface.text.clone());
        Some(Spot::Operation { role: Role::Called, full, interface, name })
    }
}

/// The bare name that an expression is.
fn named(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        _ => None,
    }
}
