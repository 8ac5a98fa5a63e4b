//! The `for` of a node: what it goes through, the names it binds, its filter and its keys.

use bp_plan::{Phase, Type};

use super::{Checker, Local, Part, Scope, Typed, World, fits};
use crate::diagnostics::Diagnostic;
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
    let found = checker.collection(&each.over);
    let (over, key_type, element) = match found {
        Some((part, key, element)) => (Some(part), key, element),
        None => (None, Type::Unknown, Type::Unknown),
    };
    let phase = over.as_ref().map_or(Phase::Deploy, |part| part.phase.max(Phase::Deploy));
    let bound = if each.names.len() > 1 {
        vec![key_type.clone(), element.clone()]
    } else {
        vec![element.clone()]
    };
    let mut locals: Vec<Local> = Vec::new();
    for (name, ty) in each.names.iter().zip(bound) {
        checker.new_local(name);
        locals.push(Local::variable(name.text.as_str(), ty, phase));
    }
    let (filter, key) = checker.within(locals.clone(), |c| {
        c.perhaps(false, |c| {
            let filter = each.filter.as_ref().map(|filter| c.condition(filter));
            let key = each.key.as_ref().map(|key| c.infer(key, Some(&Type::String)));
            (filter, key)
        })
    });
    let made = |part: Part| Typed { ty: part.ty, expr: part.expr, phase: part.phase };
    let over = over?;
    Some(Looped {
        over: made(over),
        key_type,
        element,
        key: key.map(made),
        filter: filter.map(made),
        locals,
    })
}

/// Whether a value of this type can be the key of an instance.
pub fn is_key(world: &dyn World, ty: &Type) -> bool {
    let ty = fits::plain(world, ty);
    match &ty {
        Type::Unknown | Type::String | Type::Int | Type::Literal(_) => true,
        Type::Union(members) => members.iter().all(|member| is_key(world, member)),
        _ => false,
    }
}
