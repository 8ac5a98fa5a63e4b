//! `where predicate else message`, as the plan carries it.

use bp_plan::{Constraint, Phase, Type};

use super::{Checker, Part, Scope, World, fits};
use crate::diagnostics::{Diagnostic, types as says};
use crate::syntax::ast::Where;

/// Checks constraints whose `self` is a value of type `this`: what may be unset is set there, and
/// what is secret may be tested there, but not told. Those with mistakes are left out.
pub fn check_wheres(
    world: &dyn World,
    scope: &Scope,
    this: &Type,
    wheres: &[Where],
    out: &mut Vec<Diagnostic>,
) -> Vec<Constraint> {
    if wheres.is_empty() {
        return Vec::new();
    }
    let with_self = |this: Type| scope.clone().with_self(this, Phase::Compile);
    let tested = with_self(set(fits::bare(this.clone())));
    let told = with_self(set(this.clone()));
    wheres.iter().filter_map(|one| check_where(world, (&tested, &told), one, out)).collect()
}

/// The type of what is set.
fn set(ty: Type) -> Type {
    match ty {
        Type::Optional(of) => *of,
        Type::Secret(of) => fits::secret(set(*of)),
        other => other,
    }
}

/// One of them, with what its predicate and its message see.
fn check_where(
    world: &dyn World,
    (tested, told): (&Scope, &Scope),
    one: &Where,
    out: &mut Vec<Diagnostic>,
) -> Option<Constraint> {
    let before = out.len();
    let mut checker = Checker::new(world, tested, out);
    checker.scope.because = None;
    let predicate = checker.condition(&one.predicate);
    let predicate = checker.measured(predicate, one.predicate.span);
    let message = one.message.as_ref().map(|message| {
        checker.scope = told.clone();
        checker.scope.because = None;
        // What holds is not told, so `self` may be anything there.
        let part = checker.perhaps(false, |c| c.infer(message, Some(&Type::String)));
        if fits::has_secret(&part.ty) {
            checker.report(says::secret_message(checker.place(message.span)));
            return Part::broken();
        }
        let part = checker.require(part, &Type::String, message);
        checker.measured(part, message.span)
    });
    let place = checker.place(one.predicate.span);
    let is_broken = predicate.is_broken() || message.as_ref().is_some_and(Part::is_broken);
    if is_broken || out.len() > before {
        return None;
    }
    Some(Constraint {
        predicate: predicate.expr,
        text: world.text(place),
        message: message.map(|part| part.expr),
        span: world.span(place),
    })
}
