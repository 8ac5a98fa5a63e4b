//! The `for` of a node: what it goes through, the names it binds, its filter and its keys; and conditions.

use std::sync::Arc;

use bp_plan::{Phase, Type};

use super::loops::Bound;
use super::{Checker, Local, Part, Scope, Typed, World, fits};
use crate::diagnostics::{Diagnostic, types as says};
use crate::syntax::ast;

/// A checked loop head.
#[derive(Clone, Debug, PartialEq)]
pub struct Looped {
    /// What is gone through.
    pub over: Typed,
    /// The type of its own keys.
    pub key_type: Type,
    /// The type of its elements.
    pub element: Type,
    /// The key given with `by`.
    pub key: Option<Typed>,
    /// The filter.
    pub filter: Option<Typed>,
    /// The names that it binds.
    pub locals: Vec<Local>,
}

/// Checks the head of a node's loop. Nothing where what it goes through has a mistake.
pub fn check_each(
    world: &dyn World,
    scope: &Scope,
    each: &ast::Each,
    out: &mut Vec<Diagnostic>,
) -> Option<Looped> {
    let mut checker = Checker::new(world, scope, out);
    let Bound { over, key: key_type, element, mut locals } = checker.bind(&each.names, &each.over);
    for local in &mut locals {
        // Which instances there are is known when deploying, however early the elements are.
        local.phase = local.phase.max(Phase::Deploy);
    }
    let over = checker.typed(each.over.span, |c| c.open_to_all(over, &each.over));
    Arc::make_mut(&mut checker.scope.locals).extend(locals.iter().cloned());
    checker.certain = false;
    let filter = each.filter.as_ref();
    let made = filter.map(|filter| checker.typed(filter.span, |c| c.filter(filter)));
    let key = each.key.as_ref().map(|key| {
        checker.typed(key.span, |c| match filter {
            Some(filter) => c.given(filter, true, |c| c.made_key(key)),
            None => c.made_key(key),
        })
    });
    (over.ty != Type::Unknown).then_some(Looped {
        over,
        key_type,
        element,
        key,
        filter: made,
        locals,
    })
}

/// Whether a value of this type can be the key of an instance.
pub fn is_key(world: &dyn World, ty: &Type) -> bool {
    let ty = fits::plain(world, ty);
    match &ty {
        Type::Unknown | Type::Never | Type::Json | Type::String | Type::Int | Type::Literal(_) => {
            true
        }
        Type::Union(members) => members.iter().all(|member| is_key(world, member)),
        _ => false,
    }
}

/// Tells where a new local has the name of something that is visible.
pub fn check_local(world: &dyn World, scope: &Scope, name: &ast::Name, out: &mut Vec<Diagnostic>) {
    Checker::new(world, scope, out).new_local(name);
}

/// Checks what decides whether something is there or done: a condition that could be otherwise.
pub fn check_condition(
    world: &dyn World,
    scope: &Scope,
    condition: &ast::Expr,
    out: &mut Vec<Diagnostic>,
) -> Typed {
    let never = ["it decides nothing", "what it decides about never comes"];
    Checker::new(world, scope, out).typed(condition.span, |c| {
        let part = c.because(None, |c| c.condition(condition));
        c.constant_condition(condition, &part, never);
        part
    })
}

/// Checks what is claimed: `true` or `false`, and no secret.
pub fn check_claim(
    world: &dyn World,
    scope: &Scope,
    claim: &ast::Expr,
    out: &mut Vec<Diagnostic>,
) -> Typed {
    Checker::new(world, scope, out).typed(claim.span, |c| c.because(None, |c| c.condition(claim)))
}

impl Checker<'_> {
    /// What everyone may see: which elements there are is no secret, though parts of them may be.
    fn open_to_all(&mut self, over: Part, expr: &ast::Expr) -> Part {
        let (_, is_secret) = fits::revealed(fits::plain(self.world, &over.ty));
        let is_each = matches!(self.elements(&over.ty), Some((_, Type::Secret(_))));
        if over.is_broken() || !is_secret && !is_each {
            return over;
        }
        self.report(says::secret_decides(self.place(expr.span), "what a `for` goes through"));
        Part::broken()
    }
}
