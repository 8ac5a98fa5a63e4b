//! Expressions with other names: what was said in one place, as another place sees it.

use bp_plan::{Binder, Constraint, Entry, Expr, Held, Item, Template};

/// The expression with parts replaced: what `change` gives stands in the place of the part, and is
/// not looked into.
pub(crate) fn replaced(expr: &Expr, change: &dyn Fn(&Expr) -> Option<Expr>) -> Expr {
    if let Some(other) = change(expr) {
        return other;
    }
    let go = |expr: &Expr| replaced(expr, change);
    let boxed = |expr: &Expr| Box::new(replaced(expr, change));
    match expr {
        Expr::Field { of, name, safe } => {
            Expr::Field { of: boxed(of), name: name.clone(), safe: *safe }
        }
        Expr::Index { of, key, safe } => {
            Expr::Index { of: boxed(of), key: boxed(key), safe: *safe }
        }
        Expr::Splat { of, body } => Expr::Splat { of: boxed(of), body: boxed(body) },
        Expr::List(items) => Expr::List(
            items
                .iter()
                .map(|item| match item {
                    Item::One(expr) => Item::One(go(expr)),
                    Item::Spread(expr) => Item::Spread(go(expr)),
                })
                .collect(),
        ),
        Expr::Record(entries) => Expr::Record(
            entries
                .iter()
                .map(|entry| match entry {
                    Entry::One(key, expr) => Entry::One(key.clone(), go(expr)),
                    Entry::Spread(expr) => Entry::Spread(go(expr)),
                })
                .collect(),
        ),
        Expr::Unary { op, of } => Expr::Unary { op: *op, of: boxed(of) },
        Expr::Binary { op, left, right } => {
            Expr::Binary { op: *op, left: boxed(left), right: boxed(right) }
        }
        Expr::If { condition, then, otherwise } => {
            Expr::If { condition: boxed(condition), then: boxed(then), otherwise: boxed(otherwise) }
        }
        Expr::Call { function, arguments } => {
            Expr::Call { function: function.clone(), arguments: arguments.iter().map(go).collect() }
        }
        Expr::Binder(binder) => Expr::Binder(Box::new(Binder {
            function: binder.function.clone(),
            names: binder.names.clone(),
            over: go(&binder.over),
            filter: binder.filter.as_ref().map(go),
            key: binder.key.as_ref().map(go),
            body: binder.body.as_ref().map(go),
        })),
        Expr::Interpolate(parts) => Expr::Interpolate(parts.iter().map(go).collect()),
        Expr::Template(template) => Expr::Template(Box::new(Template {
            path: template.path.clone(),
            text: template.text.clone(),
            data: go(&template.data),
        })),
        Expr::Held(held) => Expr::Held(Box::new(Held {
            of: go(&held.of),
            what: held.what.clone(),
            kind: held.kind.clone(),
            constraints: held.constraints.iter().map(|one| constraint(one, change)).collect(),
        })),
        other => other.clone(),
    }
}

/// A constraint with parts replaced.
pub(crate) fn constraint(
    constraint: &Constraint,
    change: &dyn Fn(&Expr) -> Option<Expr>,
) -> Constraint {
    Constraint {
        predicate: replaced(&constraint.predicate, change),
        message: constraint.message.as_ref().map(|message| replaced(message, change)),
        ..constraint.clone()
    }
}

/// Whether any part of the expression is one of these.
pub(crate) fn mentions(expr: &Expr, wanted: &dyn Fn(&Expr) -> bool) -> bool {
    let mut found = wanted(expr);
    expr.parts(&mut |part| found = found || mentions(part, wanted));
    found
}

/// Whether a part belongs to one blueprint, so that it means nothing in another.
pub(crate) fn is_inside(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Input(_)
            | Expr::Secret(_)
            | Expr::Node(_)
            | Expr::Selection(_)
            | Expr::Requirement(_)
    )
}
