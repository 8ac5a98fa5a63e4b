//! `for a, b in over by key if filter` of nodes and of workflow steps.

use bp_plan::{Phase, Type};

use super::{Checker, Part, Scope, Typed, World, fits};
use crate::diagnostics::{Diagnostic, types as says};
use crate::syntax::ast;

/// A `for` that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedEach {
    /// What is gone through; [`Type::Unknown`] where it has a mistake.
    pub over: Typed,
    /// The type of an element.
    pub element: Type,
    /// `by key`.
    pub key: Option<Typed>,
    /// `if filter`.
    pub filter: Option<Typed>,
    /// What is bound inside: the names, and what the filter says of them.
    pub scope: Scope,
}

impl CheckedEach {
    /// When it is known which elements there are.
    pub fn phase(&self) -> Phase {
        let parts = self.key.iter().chain(&self.filter);
        parts.fold(self.over.phase, |phase, part| phase.max(part.phase))
    }
}

/// Checks a `for`. `keyed` is whether each element makes an instance, which must have a key.
pub fn check_each(
    world: &dyn World,
    scope: &Scope,
    each: &ast::Each,
    keyed: bool,
    out: &mut Vec<Diagnostic>,
) -> CheckedEach {
    let mut checker = Checker::new(world, scope, out);
    let mut locals = Vec::new();
    let mut element = Type::Unknown;
    let over = checker.typed(each.over.span, |checker| {
        let bound = checker.bind(&each.names, &each.over);
        (locals, element) = (bound.locals, bound.element);
        checker.goes_through(bound.over, &element, each, keyed)
    });
    checker.scope.locals.extend(locals);
    checker.certain = false;
    let key = each.key.as_ref().map(|key| checker.typed(key.span, |c| c.made_key(key)));
    let filter = each.filter.as_ref();
    let filter = filter.map(|filter| checker.typed(filter.span, |c| c.condition(filter)));
    let mut scope = checker.scope;
    if let Some(condition) = &each.filter {
        scope = scope.given(condition, true);
    }
    CheckedEach { over, element, key, filter, scope }
}

/// Checks a condition: `true` or `false`, and no secret.
pub fn check_condition(
    world: &dyn World,
    scope: &Scope,
    condition: &ast::Expr,
    out: &mut Vec<Diagnostic>,
) -> Typed {
    Checker::new(world, scope, out)
        .typed(condition.span, |c| c.because(None, |c| c.condition(condition)))
}

impl Checker<'_> {
    /// What a `for` goes through: everyone may see which instances there are, and what tells them apart.
    fn goes_through(&mut self, over: Part, element: &Type, each: &ast::Each, keyed: bool) -> Part {
        let at = self.place(each.over.span);
        if over.is_broken() {
            return over;
        }
        if fits::has_secret(&over.ty) {
            self.report(says::secret_decides(at, "what a `for` goes through"));
            return Part::broken();
        }
        if keyed && each.key.is_none() && !self.has_own_key(&over.ty, element) {
            let name = each.names.last().map_or("x", |name| name.text.as_str());
            self.report(says::needs_key(at, name, element));
            return Part::broken();
        }
        over
    }

    /// Whether elements tell their key themselves.
    fn has_own_key(&self, over: &Type, element: &Type) -> bool {
        matches!(
            fits::plain(self.world, over),
            Type::Map(_) | Type::Record(_) | Type::Nodes(_) | Type::Json | Type::Never
        ) || self.is_key(element)
    }
}
