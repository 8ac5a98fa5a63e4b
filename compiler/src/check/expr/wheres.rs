//! `where predicate else message`, as the plan carries it.

use bp_plan::{Constraint, Expr, Held, Phase, Span, Type};

use super::adapt::data_types;
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

/// A `check` of a type, whose `self` is of it; one without a message says that it does not hold.
pub fn check_of_type(
    world: &dyn World,
    scope: &Scope,
    this: &Type,
    check: &Where,
    out: &mut Vec<Diagnostic>,
) -> Option<Constraint> {
    let made = check_wheres(world, scope, this, std::slice::from_ref(check), out).pop()?;
    let own = || Expr::string(format!("`check {}` does not hold", made.text));
    Some(Constraint { message: Some(made.message.clone().unwrap_or_else(own)), ..made })
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

/// A value that is not known yet, held against its type and its constraints as soon as it is. `what` says what
/// it is, for messages. One of which nothing is asked stays as it is.
pub(crate) fn held_later(
    world: &dyn World,
    what: &str,
    (expr, found): (Expr, &Type),
    ty: &Type,
    constraints: &[Constraint],
) -> Expr {
    if expr.as_value().is_some() || !asks(world, (&expr, found), ty, constraints) {
        return expr;
    }
    // Of what has a secret part no message may tell anything.
    let is_secret = [found, ty].into_iter().any(|ty| fits::holds_secret(world, ty));
    let kind = if is_secret { fits::secret(ty.clone()) } else { ty.clone() };
    let constraints = constraints
        .iter()
        .map(|one| Constraint { span: Span::default(), ..one.replaced(&of_value) });
    Expr::Held(Box::new(Held {
        of: expr,
        what: what.to_owned(),
        kind,
        constraints: constraints.collect(),
    }))
}

/// Whether not every value of such an expression is good for a type with these constraints.
fn asks(
    world: &dyn World,
    (given, found): (&Expr, &Type),
    ty: &Type,
    constraints: &[Constraint],
) -> bool {
    !constraints.is_empty()
        || !(is_by_name(given) && fits::bare(found.clone()) == fits::bare(ty.clone()))
            && data_types(world, ty).values().any(|data| {
                let fields = data.fields.values().map(|field| &field.constraints);
                fields.chain([&data.constraints]).any(|all| !all.is_empty())
            })
}

/// Whether it names something that was declared with its type, so that it was held against that; a list or a
/// record has the type that was wanted of it.
fn is_by_name(expr: &Expr) -> bool {
    match expr {
        Expr::Input(_) | Expr::Const(_) | Expr::Local(_) | Expr::This | Expr::Node(_) => true,
        Expr::Field { of, .. } | Expr::Index { of, .. } => is_by_name(of),
        _ => false,
    }
}

/// The value that a constraint is of, where it stands beside other values.
fn of_value(part: &Expr) -> Option<Expr> {
    matches!(part, Expr::This).then(|| Expr::Local("self".to_owned()))
}
