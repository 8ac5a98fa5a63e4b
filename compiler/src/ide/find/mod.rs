//! Finds what stands at an offset, and gathers what is known there on the way: one file a kind of
//! construct.
//!
//! The tree may be newer than the program that is asked about names: whatever it does not know is
//! of no type.

mod blocks;
mod expressions;
mod steps;
mod types;
mod wanted;

pub(super) use expressions::settled;
pub(super) use wanted::IMPLEMENTATION;

use bp_plan::{Phase, Type};
use std::sync::Arc;

use super::spot::{Around, Expected, Owner, Role, Runner, Running, Spot, Wanted};
use crate::check::Program;
use crate::check::expr::{Local, Scope, World as _, check_each, check_expr, check_type_expr};
use crate::source::{FileId, Span};
use crate::syntax::ast::{
    self, Blueprint, Expr, ExprKind, Function, Implement, Item, ItemKind, Node, Placed, TypeExpr,
    TypeItemKind, Use,
};

/// The file that questions are asked about.
const FILE: FileId = FileId(0);

/// What stands at this offset of these items.
pub(super) fn find<'t>(
    program: &Program<'_>,
    items: &'t [Arc<Item>],
    offset: u32,
) -> Option<Spot<'t>> {
    Finder { program, offset, whole: None }.items(items)
}

/// The expression of exactly this span.
pub(super) fn whole<'t>(
    program: &Program<'_>,
    items: &'t [Arc<Item>],
    span: Span,
) -> Option<Spot<'t>> {
    Finder { program, offset: span.start, whole: Some(span) }.items(items)
}

/// The type of an expression; [`Type::Unknown`] where it has a mistake.
pub(super) fn type_of(program: &Program<'_>, scope: &Scope, expr: &Expr) -> Type {
    check_expr(program, scope, expr, None, &mut Vec::new()).ty
}

struct Finder<'a, 'p> {
    program: &'a Program<'p>,
    offset: u32,
    /// An expression that is sought for itself.
    whole: Option<Span>,
}

impl Finder<'_, '_> {
    fn is_in(&self, span: Span) -> bool {
        span.start <= self.offset && self.offset <= span.end
    }

    fn ty(&self, ty: &TypeExpr) -> Type {
        check_type_expr(self.program, FILE, ty, &mut Vec::new())
    }

    fn full(&self, path: &ast::Path) -> Option<String> {
        self.program.names.type_name(FILE, &joined(path))
    }

    fn items<'t>(&self, items: &'t [Arc<Item>]) -> Option<Spot<'t>> {
        // Where two touch, the later one.
        items.iter().rev().filter(|item| self.is_in(item.span)).find_map(|item| self.item(item))
    }

    fn item<'t>(&self, item: &'t Item) -> Option<Spot<'t>> {
        if let Some(found) = item.annotations.iter().find(|a| self.is_in(a.span)) {
            return Some(Spot::Annotation(found));
        }
        if let Some(name) = declared(&item.kind).filter(|name| self.is_in(name.span)) {
            return Some(Spot::Item(name));
        }
        let around = || Around { scope: Scope::new(FILE), ..Around::default() };
        match &item.kind {
            ItemKind::Blueprint(it) => self.blueprint(it, &around()),
            ItemKind::Use(used) => self.used(used),
            ItemKind::Value(it) => {
                let ty = it.ty.as_ref().map(|ty| self.ty(ty));
                let wanted = ty.clone().map_or(Expected::Anything, Expected::Value);
                let this = ty.unwrap_or(Type::Unknown);
                None.or_else(|| it.ty.iter().find_map(|ty| self.type_expr(ty, &Wanted::Value)))
                    .or_else(|| self.perhaps(it.default.as_ref(), &around(), &wanted))
                    .or_else(|| self.wheres(&it.wheres, &around(), &this))
            }
            ItemKind::Select(it) => self.placed(it, TypeItemKind::Node, &around()),
            ItemKind::Policy(it) => self.placed(it, TypeItemKind::Policy, &around()),
            ItemKind::Group(it) => self.placed(it, TypeItemKind::Group, &around()),
            ItemKind::Node(it) => self.node(it, &around()),
            ItemKind::Type(it) => self.type_item(it, &around()),
            ItemKind::Expose(it) => self.expr(&it.value, &around(), &Expected::Exposed),
            ItemKind::Output(it) => {
                let ty = it.ty.as_ref().map(|ty| self.ty(ty));
                let wanted = ty.clone().map_or(Expected::Anything, Expected::Value);
                let this =
                    ty.unwrap_or_else(|| type_of(self.program, &Scope::new(FILE), &it.value));
                None.or_else(|| it.ty.iter().find_map(|ty| self.type_expr(ty, &Wanted::Value)))
                    .or_else(|| self.expr(&it.value, &around(), &wanted))
                    .or_else(|| self.wheres(&it.wheres, &around(), &this))
            }
            ItemKind::Implement(it) => self.implement(it),
            ItemKind::Function(it) => self.function(it, around()),
            ItemKind::Workflow(it) => {
                let (found, mut inside) = self.parameters(&it.parameters, around());
                let result = it.result.as_ref().map(|ty| self.ty(ty));
                inside.running = Some(Running { name: it.name.text.clone(), result });
                found
                    .or_else(|| it.result.iter().find_map(|ty| self.type_expr(ty, &Wanted::Value)))
                    .or_else(|| self.steps(&it.steps, &inside))
            }
            ItemKind::Test(it) => self.block(&it.body, &Owner::Test, around()),
            ItemKind::Requires(it) => self.member(it, &around(), &Type::Unknown, &Wanted::Target),
        }
    }

    /// `implement interface.operation = workflow`, of the type that the blueprint stands for.
    fn implement<'t>(&self, it: &'t Implement) -> Option<Spot<'t>> {
        if self.is_in(it.workflow.span) {
            let ExprKind::Name(name) = &it.workflow.kind else { return None };
            let (name, span) = (name.clone(), it.workflow.span);
            return Some(Spot::Workflow { name, span, by: Runner::Operation });
        }
        let segments = &it.operation.segments;
        let name = segments.iter().rev().find(|segment| self.is_in(segment.span))?;
        let interface = segments.first().filter(|first| *first != name);
        let interface = interface.map(|first| first.text.clone());
        let full = substituted(self.program)?;
        Some(Spot::Operation { role: Role::Implemented, full, interface, name })
    }

    fn blueprint<'t>(&self, it: &'t Blueprint, around: &Around) -> Option<Spot<'t>> {
        let this = it.substitutes.as_ref().and_then(|path| self.full(path));
        let this = this.map_or(Type::Unknown, Type::Node);
        None.or_else(|| it.substitutes.iter().find_map(|path| self.path(path, &Wanted::Abstract)))
            .or_else(|| self.wheres(&it.wheres, around, &this))
            .or_else(|| self.block(&it.body, &Owner::Blueprint, around.clone()))
    }

    fn used<'t>(&self, used: &'t Use) -> Option<Spot<'t>> {
        if let Some(name) = used.names.iter().flatten().find(|name| self.is_in(name.span)) {
            return Some(Spot::Used { used, name });
        }
        if let Some(alias) = used.alias.as_ref().filter(|alias| self.is_in(alias.span)) {
            return Some(Spot::Alias { used, alias });
        }
        if !self.is_in(used.span) {
            return None;
        }
        let at = match &used.from {
            ast::UseSource::Path(path) => {
                path.segments.iter().rposition(|segment| self.is_in(segment.span))
            }
            ast::UseSource::File(_) => None,
        };
        Some(Spot::Module { used, at })
    }

    fn placed<'t>(&self, it: &'t Placed, kind: TypeItemKind, around: &Around) -> Option<Spot<'t>> {
        let full = self.full(&it.ty);
        let mut around = around.clone();
        let owner = match kind {
            TypeItemKind::Node => {
                let this = full.map_or(Type::Unknown, Type::Node);
                around.scope = around.scope.with_self(this, Phase::Deploy);
                Owner::Select
            }
            kind => Owner::Over(kind, it.name.text.clone(), full),
        };
        self.path(&it.ty, &Wanted::Kind(kind)).or_else(|| self.block(&it.body, &owner, around))
    }

    fn node<'t>(&self, it: &'t Node, outside: &Around) -> Option<Spot<'t>> {
        let head = it
            .ty
            .iter()
            .find_map(|path| self.path(path, &Wanted::Node))
            .or_else(|| {
                let of = it.ty.as_ref().and_then(|path| self.full(path));
                it.using.iter().find_map(|path| self.path(path, &Wanted::Substitute(of.clone())))
            })
            .or_else(|| self.perhaps(it.condition.as_ref(), outside, &bool()));
        if head.is_some() {
            return head;
        }
        let mut around = outside.clone();
        if let Some(condition) = &it.condition {
            around.scope = around.scope.given(condition, true);
        }
        if let Some(each) = &it.each {
            let (found, inside) = self.each(each, around);
            if found.is_some() {
                return found;
            }
            around = inside;
        }
        let full = it.ty.as_ref().and_then(|path| self.full(path));
        let this = full.clone().map_or(Type::Unknown, Type::Node);
        around.scope = around.scope.with_self(this, Phase::Compile);
        self.block(&it.body, &Owner::Node(it.name.text.clone(), full), around)
    }

    fn function<'t>(&self, it: &'t Function, around: Around) -> Option<Spot<'t>> {
        let (found, inside) = self.parameters(&it.parameters, around);
        let result = it.result.as_ref().map(|ty| self.ty(ty));
        let wanted = result.map_or(Expected::Anything, Expected::Value);
        found
            .or_else(|| it.result.iter().find_map(|ty| self.type_expr(ty, &Wanted::Value)))
            .or_else(|| self.expr(&it.body, &inside, &wanted))
    }

    /// What stands in parameters, and what is known behind them.
    fn parameters<'t>(
        &self,
        parameters: &'t [ast::Member],
        mut around: Around,
    ) -> (Option<Spot<'t>>, Around) {
        let outside = around.clone();
        let mut found = None;
        for parameter in parameters {
            if self.is_in(parameter.span) && found.is_none() {
                found = self.member(parameter, &outside, &Type::Unknown, &Wanted::Value);
            }
            let ty = self.ty(&parameter.ty);
            bind(&mut around, &parameter.name, ty);
        }
        (found, around)
    }

    /// What stands in the head of a loop, and what is known inside of it.
    fn each<'t>(&self, each: &'t ast::Each, around: Around) -> (Option<Spot<'t>>, Around) {
        let looped = check_each(self.program, &around.scope, each, &mut Vec::new());
        let outside = around.clone();
        let mut around = around;
        match looped {
            Some(looped) => {
                for local in looped.locals {
                    around.scope = around.scope.with(local);
                }
                each.names.iter().for_each(|name| around.binds(name));
            }
            None => each.names.iter().for_each(|name| bind(&mut around, name, Type::Unknown)),
        }
        let own = each.names.iter().find(|name| self.is_in(name.span));
        let found = own
            .map(|name| Spot::Local { name, around: around.clone() })
            .or_else(|| self.expr(&each.over, &outside, &Expected::Collection))
            .or_else(|| self.perhaps(each.key.as_ref(), &around, &Expected::Anything))
            .or_else(|| self.perhaps(each.filter.as_ref(), &around, &bool()));
        if let Some(filter) = &each.filter {
            around.scope = around.scope.given(filter, true);
        }
        (found, around)
    }

    fn perhaps<'t>(
        &self,
        expr: Option<&'t Expr>,
        around: &Around,
        wanted: &Expected,
    ) -> Option<Spot<'t>> {
        expr.and_then(|expr| self.expr(expr, around, wanted))
    }

    fn wheres<'t>(
        &self,
        wheres: &'t [ast::Where],
        around: &Around,
        this: &Type,
    ) -> Option<Spot<'t>> {
        let this = match this {
            Type::Optional(of) => (**of).clone(),
            other => other.clone(),
        };
        let mut around = around.clone();
        around.scope = around.scope.with_self(this, Phase::Compile);
        let text = Expected::Value(Type::String);
        wheres.iter().find_map(|one| {
            self.expr(&one.predicate, &around, &bool())
                .or_else(|| self.perhaps(one.message.as_ref(), &around, &text))
        })
    }
}

/// Brings a name in.
fn bind(around: &mut Around, name: &ast::Name, ty: Type) {
    let local = Local::variable(name.text.as_str(), ty, Phase::Run);
    around.scope = std::mem::take(&mut around.scope).with(local);
    around.binds(name);
}

fn bool() -> Expected {
    Expected::Value(Type::Bool)
}

/// The type that the blueprint stands for, by full name.
pub(super) fn substituted(program: &Program<'_>) -> Option<String> {
    let items = &program.blueprint()?.tree.items;
    let path = items.iter().find_map(|item| match &item.kind {
        ItemKind::Blueprint(it) => it.substitutes.as_ref(),
        _ => None,
    })?;
    program.names.type_name(FILE, &joined(path))
}

/// The path with its dots.
pub(super) fn joined(path: &ast::Path) -> String {
    path.segments.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(".")
}

/// The name that an item declares.
pub(super) fn declared(item: &ItemKind) -> Option<&ast::Name> {
    match item {
        ItemKind::Blueprint(it) => Some(&it.name),
        ItemKind::Value(it) => Some(&it.name),
        ItemKind::Select(it) | ItemKind::Policy(it) | ItemKind::Group(it) => Some(&it.name),
        ItemKind::Node(it) => Some(&it.name),
        ItemKind::Type(it) => Some(&it.name),
        ItemKind::Output(it) | ItemKind::Expose(it) => Some(&it.name),
        ItemKind::Function(it) => Some(&it.name),
        ItemKind::Workflow(it) => Some(&it.name),
        ItemKind::Test(it) => Some(&it.name),
        ItemKind::Requires(it) => Some(&it.name),
        ItemKind::Use(_) | ItemKind::Implement(_) => None,
    }
}

/// The parameters that a call of a function of the blueprint is to be given.
pub(super) fn parameter(program: &Program<'_>, function: &str, at: usize) -> Option<Type> {
    let function = program.function(FILE, function)?;
    function.parameters.get(at).map(|parameter| parameter.ty.clone())
}
