//! A walk over a file that notes each name that is used, and each local that is not.

use super::Used;
use crate::source::Span;
use crate::syntax::ast::{
    Body, Each, Element, EntryKind, Expr, ExprKind, Item, ItemKind, Member, Name, RecordEntry,
    Step, StepKind, TypeExpr, TypeKind, Via, Where,
};
use crate::syntax::walk;
use std::sync::Arc;

/// See the module.
#[derive(Default)]
pub(super) struct Uses<'t> {
    /// What is looked for; most names are of nodes, which may stand for themselves.
    sought: Used<'t>,
    /// Workflows that implement operations.
    implementing: Used<'t>,
    pub(super) values: Used<'t>,
    pub(super) functions: Used<'t>,
    pub(super) types: Used<'t>,
    /// Locals that nothing uses.
    pub(super) idle: Vec<Local<'t>>,
    /// Those that are visible, the innermost last.
    locals: Vec<Local<'t>>,
}

/// A name of a loop, a `let`, a parameter.
pub(super) struct Local<'t> {
    pub(super) name: &'t Name,
    /// What it is.
    pub(super) what: &'static str,
    /// The entry that is there for it alone.
    pub(super) whole: Option<Span>,
    /// Whoever gives it a value names it: a workflow's parameter.
    pub(super) is_named_by_callers: bool,
    is_used: bool,
}

impl<'t> Uses<'t> {
    /// Of all items of a file, where they use one of these names.
    pub(super) fn of(items: &'t [Arc<Item>], sought: Used<'t>) -> Self {
        let implementing = items.iter().filter_map(|item| match &item.kind {
            ItemKind::Implement(it) => match &it.workflow.kind {
                ExprKind::Name(workflow) => Some(workflow.as_str()),
                _ => None,
            },
            _ => None,
        });
        let implementing = implementing.collect();
        let mut uses = Self { sought, implementing, ..Self::default() };
        for item in items {
            for annotation in &item.annotations {
                annotation.arguments.iter().for_each(|e| uses.expression(e));
            }
            walk::types_of_item(&item.kind, &mut |path| {
                if let [only] = path.segments.as_slice() {
                    uses.ty_named(only.text.as_str());
                }
            });
            uses.item(&item.kind);
        }
        uses
    }

    /// Binds names, does `inner`, and notes those that were not used.
    fn binding(
        &mut self,
        names: impl IntoIterator<Item = (&'t Name, &'static str, Option<Span>)>,
        inner: impl FnOnce(&mut Self),
    ) {
        let before = self.locals.len();
        for (name, what, whole) in names {
            self.bind(name, what, whole);
        }
        inner(self);
        self.unbind(before);
    }

    fn bind(&mut self, name: &'t Name, what: &'static str, whole: Option<Span>) {
        let is_used = name.text.starts_with('_');
        self.locals.push(Local { name, what, whole, is_named_by_callers: false, is_used });
    }

    fn unbind(&mut self, before: usize) {
        let done = self.locals.split_off(before.min(self.locals.len()));
        self.idle.extend(done.into_iter().filter(|local| !local.is_used));
    }

    fn value(&mut self, name: &'t str) {
        let local = self.locals.iter_mut().rev().find(|local| local.name.text == name);
        if let Some(local) = local {
            local.is_used = true;
            return;
        }
        if !self.sought.contains(name) {
            return;
        }
        // A type can stand where a target is left open.
        if name.starts_with(char::is_uppercase) {
            self.types.insert(name);
        }
        self.values.insert(name);
    }

    fn ty_named(&mut self, name: &'t str) {
        if self.sought.contains(name) {
            self.types.insert(name);
        }
    }

    fn item(&mut self, kind: &'t ItemKind) {
        match kind {
            ItemKind::Blueprint(it) => {
                self.wheres(&it.wheres);
                self.body(&it.body);
            }
            ItemKind::Use(_) => {}
            ItemKind::Implement(it) => self.expression(&it.workflow),
            ItemKind::Value(it) => {
                it.ty.iter().for_each(|ty| self.ty(ty));
                it.default.iter().for_each(|e| self.expression(e));
                self.wheres(&it.wheres);
            }
            ItemKind::Select(it) | ItemKind::Policy(it) | ItemKind::Group(it) => {
                if let Some(cardinality) = &it.cardinality {
                    self.expression(&cardinality.from);
                    cardinality.to.iter().for_each(|to| self.expression(to));
                }
                self.body(&it.body);
            }
            ItemKind::Node(it) => {
                it.condition.iter().for_each(|e| self.expression(e));
                match &it.each {
                    // Its key names each instance, so a node's loop needs no further use of it.
                    Some(each) => self.looped(each, false, |this| this.body(&it.body)),
                    None => self.body(&it.body),
                }
            }
            ItemKind::Type(it) => {
                it.alias.iter().for_each(|ty| self.ty(ty));
                self.wheres(&it.wheres);
                self.body(&it.body);
            }
            ItemKind::Output(it) | ItemKind::Expose(it) => {
                it.ty.iter().for_each(|ty| self.ty(ty));
                self.expression(&it.value);
                self.wheres(&it.wheres);
            }
            ItemKind::Function(it) => {
                it.result.iter().for_each(|ty| self.ty(ty));
                self.parameters(&it.parameters, |this| this.expression(&it.body));
            }
            ItemKind::Workflow(it) => {
                it.result.iter().for_each(|ty| self.ty(ty));
                // What implements an operation takes what the operation says, whether it needs it or not.
                let is_implementing = self.implementing.contains(it.name.text.as_str());
                self.parameters(&it.parameters, |this| {
                    for local in &mut this.locals {
                        local.is_named_by_callers = true;
                        local.is_used |= is_implementing;
                    }
                    this.steps(&it.steps);
                });
            }
            ItemKind::Test(it) => self.body(&it.body),
            ItemKind::Requires(it) => self.member(it),
        }
    }

    fn parameters(&mut self, parameters: &'t [Member], inner: impl FnOnce(&mut Self)) {
        for parameter in parameters {
            self.member(parameter);
        }
        let names = parameters.iter().map(|parameter| (&parameter.name, "parameter", None));
        self.binding(names, inner);
    }

    fn looped(&mut self, each: &'t Each, is_told: bool, inner: impl FnOnce(&mut Self)) {
        self.expression(&each.over);
        let names = each.names.iter().map(|name| (name, "loop's variable", None));
        self.binding(names, |this| {
            if !is_told {
                this.locals.iter_mut().for_each(|local| {
                    local.is_used |= each.names.iter().any(|name| std::ptr::eq(name, local.name));
                });
            }
            each.key.iter().chain(&each.filter).for_each(|e| this.expression(e));
            inner(this);
        });
    }

    fn wheres(&mut self, wheres: &'t [Where]) {
        for one in wheres {
            self.expression(&one.predicate);
            one.message.iter().for_each(|message| self.expression(message));
        }
    }

    fn member(&mut self, member: &'t Member) {
        self.ty(&member.ty);
        if let Some(cardinality) = &member.cardinality {
            self.expression(&cardinality.from);
            cardinality.to.iter().for_each(|to| self.expression(to));
        }
        member.via.iter().for_each(|via| self.via(via));
        member.default.iter().for_each(|e| self.expression(e));
        self.wheres(&member.wheres);
        self.body(&member.body);
    }

    fn via(&mut self, via: &'t Via) {
        self.body(&via.body);
    }

    fn body(&mut self, body: &'t Body) {
        let lets = body.entries.iter().filter_map(|entry| match &entry.kind {
            EntryKind::Let { name, .. } => Some((name, "local", Some(entry.span))),
            _ => None,
        });
        self.binding(lets, |this| {
            for entry in &body.entries {
                for annotation in &entry.annotations {
                    annotation.arguments.iter().for_each(|e| this.expression(e));
                }
                this.entry(&entry.kind);
            }
        });
    }

    fn entry(&mut self, kind: &'t EntryKind) {
        match kind {
            EntryKind::Assign { value, .. }
            | EntryKind::Fixed { value, .. }
            | EntryKind::Let { value, .. }
            | EntryKind::Spread(value) => self.expression(value),
            EntryKind::Meets(meets) => {
                self.expression(&meets.target);
                meets.via.iter().for_each(|via| self.via(via));
                self.wheres(&meets.wheres);
            }
            EntryKind::Field(it)
            | EntryKind::Property(it)
            | EntryKind::Attribute(it)
            | EntryKind::Requires(it)
            | EntryKind::Capability(it) => self.member(it),
            EntryKind::Check(one) | EntryKind::Assert(one) => {
                self.wheres(std::slice::from_ref(one));
            }
            EntryKind::Operation(it) => {
                it.parameters.iter().flatten().for_each(|parameter| self.member(parameter));
                it.result.iter().for_each(|ty| self.ty(ty));
                it.implementation.iter().for_each(|e| self.expression(e));
                self.body(&it.body);
            }
            EntryKind::Implements { .. } | EntryKind::AssertFails(_) => {}
        }
    }

    fn steps(&mut self, steps: &'t [Step]) {
        let before = self.locals.len();
        for step in steps {
            self.step(step);
        }
        self.unbind(before);
    }

    fn step(&mut self, step: &'t Step) {
        match &step.kind {
            StepKind::Call { result, operation: of, arguments }
            | StepKind::Run { result, workflow: of, arguments } => {
                self.expression(of);
                self.body(arguments);
                if let Some(name) = result {
                    self.bind(name, "result", None);
                }
            }
            StepKind::Let { name, value } => {
                self.expression(value);
                self.bind(name, "local", Some(step.span));
            }
            StepKind::Parallel(steps) => {
                // What runs side by side is known after it.
                for step in steps {
                    self.step(step);
                }
            }
            StepKind::OnFailure(steps) | StepKind::OnCancel(steps) => self.steps(steps),
            StepKind::For { names, over, max, steps } => {
                self.expression(over);
                if let Some(max) = max {
                    self.expression(max);
                }
                let names = names.iter().map(|name| (name, "loop's variable", None));
                self.binding(names, |this| this.steps(steps));
            }
            StepKind::If { condition, then, otherwise } => {
                self.expression(condition);
                self.steps(then);
                if let Some(steps) = otherwise {
                    self.steps(steps);
                }
            }
            StepKind::Wait(value) | StepKind::Fail(value) => self.expression(value),
            StepKind::WaitUntil { condition, timeout } => {
                self.expression(condition);
                if let Some(timeout) = timeout {
                    self.expression(timeout);
                }
            }
            StepKind::Return(value) => value.iter().for_each(|value| self.expression(value)),
            StepKind::Recover => {}
        }
    }

    /// The expressions of a type: those of its fields.
    fn ty(&mut self, ty: &'t TypeExpr) {
        match &ty.kind {
            TypeKind::Named { arguments: parts, .. } | TypeKind::Union(parts) => {
                for part in parts {
                    self.ty(part);
                }
            }
            TypeKind::Optional(of) | TypeKind::Secret(of) => self.ty(of),
            TypeKind::Record(fields) => fields.iter().for_each(|field| self.member(field)),
            TypeKind::Literal(_) | TypeKind::Missing => {}
        }
    }

    fn expression(&mut self, expr: &'t Expr) {
        match &expr.kind {
            ExprKind::Name(name) => self.value(name),
            ExprKind::Literal(_) | ExprKind::Element | ExprKind::Missing => {}
            ExprKind::Interpolation(parts) => parts.iter().for_each(|e| self.expression(e)),
            ExprKind::Field { of, .. } | ExprKind::Unary { of, .. } | ExprKind::Paren(of) => {
                self.expression(of);
            }
            ExprKind::Index { of, key: other, .. } | ExprKind::Splat { of, body: other } => {
                self.expression(of);
                self.expression(other);
            }
            ExprKind::Call { function, arguments } => {
                if let [only] = function.segments.as_slice()
                    && self.sought.contains(only.text.as_str())
                {
                    self.functions.insert(only.text.as_str());
                }
                for e in arguments {
                    self.expression(e);
                }
            }
            ExprKind::Binder { names, over, body, .. } => {
                self.expression(over);
                let names = names.iter().map(|name| (name, "loop's variable", None));
                self.binding(names, |this| body.iter().for_each(|body| this.expression(body)));
            }
            ExprKind::List(elements) => {
                for Element { value, .. } in elements {
                    self.expression(value);
                }
            }
            ExprKind::ListFor { body, each } => {
                self.looped(each, true, |this| this.expression(body));
            }
            ExprKind::Record(entries) => {
                for entry in entries {
                    let (RecordEntry::One { value, .. } | RecordEntry::Spread(value)) = entry;
                    self.expression(value);
                }
            }
            ExprKind::RecordFor { key, value, each } => self.looped(each, true, |this| {
                this.expression(key);
                this.expression(value);
            }),
            ExprKind::Binary { left, right, .. } => {
                self.expression(left);
                self.expression(right);
            }
            ExprKind::If { condition, then, otherwise } => {
                self.expression(condition);
                self.expression(then);
                self.expression(otherwise);
            }
        }
    }
}
