//! Expressions with other parts: what was said in one place, as another place sees it.

use crate::document::Constraint;
use crate::expr::{Binder, Entry, Expr, Held, Item, Template};

impl Expr {
    /// The expression with parts replaced: what `change` gives stands in the place of the part, and is
    /// not looked into.
    #[must_use]
    pub fn replaced(&self, change: &dyn Fn(&Self) -> Option<Self>) -> Self {
        if let Some(other) = change(self) {
            return other;
        }
        let go = |expr: &Self| expr.replaced(change);
        let boxed = |expr: &Self| Box::new(expr.replaced(change));
        match self {
            Self::Field { of, name, safe } => {
                Self::Field { of: boxed(of), name: name.clone(), safe: *safe }
            }
            Self::Index { of, key, safe } => {
                Self::Index { of: boxed(of), key: boxed(key), safe: *safe }
            }
            Self::Splat { of, body } => Self::Splat { of: boxed(of), body: boxed(body) },
            Self::List(items) => Self::List(
                items
                    .iter()
                    .map(|item| match item {
                        Item::One(expr) => Item::One(go(expr)),
                        Item::Spread(expr) => Item::Spread(go(expr)),
                    })
                    .collect(),
            ),
            Self::Record(entries) => Self::Record(
                entries
                    .iter()
                    .map(|entry| match entry {
                        Entry::One(key, expr) => Entry::One(key.clone(), go(expr)),
                        Entry::Spread(expr) => Entry::Spread(go(expr)),
                    })
                    .collect(),
            ),
            Self::Unary { op, of } => Self::Unary { op: *op, of: boxed(of) },
            Self::Binary { op, left, right } => {
                Self::Binary { op: *op, left: boxed(left), right: boxed(right) }
            }
            Self::If { condition, then, otherwise } => Self::If {
                condition: boxed(condition),
                then: boxed(then),
                otherwise: boxed(otherwise),
            },
            Self::Call { function, arguments } => Self::Call {
                function: function.clone(),
                arguments: arguments.iter().map(go).collect(),
            },
            Self::Binder(binder) => Self::Binder(Box::new(Binder {
                function: binder.function.clone(),
                names: binder.names.clone(),
                over: go(&binder.over),
                filter: binder.filter.as_ref().map(go),
                key: binder.key.as_ref().map(go),
                body: binder.body.as_ref().map(go),
            })),
            Self::Interpolate(parts) => Self::Interpolate(parts.iter().map(go).collect()),
            Self::Template(template) => Self::Template(Box::new(Template {
                path: template.path.clone(),
                text: template.text.clone(),
                data: go(&template.data),
            })),
            Self::Held(held) => Self::Held(Box::new(Held {
                of: go(&held.of),
                what: held.what.clone(),
                kind: held.kind.clone(),
                constraints: held.constraints.iter().map(|one| one.replaced(change)).collect(),
            })),
            other => other.clone(),
        }
    }

    /// The expression with these in the places of the locals that it reads; the last of a name counts. A
    /// binder's own names are left to it, and the element `*` to its splat. What is put in must read no local itself.
    #[must_use]
    pub fn with_locals(&self, locals: &[(&str, &Self)]) -> Self {
        self.replaced(&|part| match part {
            Self::Local(name) => {
                let known = locals.iter().rev().find(|(known, _)| known == name);
                known.map(|(_, expr)| (*expr).clone())
            }
            Self::Splat { of, body } => {
                let mut inside = locals.to_vec();
                inside.retain(|(known, _)| *known != "*");
                let body = Box::new(body.with_locals(&inside));
                Some(Self::Splat { of: Box::new(of.with_locals(locals)), body })
            }
            Self::Binder(binder) => {
                let mut inside = locals.to_vec();
                inside.retain(|(known, _)| !binder.names.iter().any(|name| name == known));
                let within = |expr: &Self| expr.with_locals(&inside);
                Some(Self::Binder(Box::new(Binder {
                    function: binder.function.clone(),
                    names: binder.names.clone(),
                    over: binder.over.with_locals(locals),
                    filter: binder.filter.as_ref().map(within),
                    key: binder.key.as_ref().map(within),
                    body: binder.body.as_ref().map(within),
                })))
            }
            _ => None,
        })
    }

    /// How many parts it has, itself among them.
    pub fn size(&self) -> usize {
        let mut size = 1;
        self.parts(&mut |part| size += part.size());
        size
    }
}

impl Constraint {
    /// The constraint with parts replaced, as in [`Expr::replaced`].
    #[must_use]
    pub fn replaced(&self, change: &dyn Fn(&Expr) -> Option<Expr>) -> Self {
        Self {
            predicate: self.predicate.replaced(change),
            message: self.message.as_ref().map(|message| message.replaced(change)),
            ..self.clone()
        }
    }
}
