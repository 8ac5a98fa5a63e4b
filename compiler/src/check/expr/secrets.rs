//! The way a secret took to where it must not go: constants that hold it, members that are declared secret.

use std::collections::BTreeSet;

use bp_plan::{Expr, Type};

use super::{Declared, Scope, World, fits};
use crate::source::Place;

/// How many places of a way are told.
const MOST_PLACES: usize = 8;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Way {
    /// The secrets of the blueprint that it starts from.
    pub(crate) secrets: BTreeSet<String>,
    /// Where it passes by, and what to say there.
    pub(crate) places: Vec<(Place, String)>,
    /// The constants that were looked into.
    seen: BTreeSet<String>,
}

impl Way {
    /// The way into an expression.
    pub(crate) fn into(world: &dyn World, scope: &Scope, expr: &Expr) -> Self {
        let mut way = Self::default();
        way.walk(world, scope, expr);
        way
    }

    /// A diagnostic that shows it.
    pub(crate) fn shown(
        self,
        error: crate::diagnostics::Diagnostic,
    ) -> crate::diagnostics::Diagnostic {
        let told = self.places.into_iter().take(MOST_PLACES);
        told.fold(error, |error, (place, note)| error.related(place, note))
    }

    fn note(&mut self, place: Option<Place>, note: String) {
        let Some(place) = place else { return };
        if !self.places.iter().any(|(known, _)| *known == place) {
            self.places.push((place, note));
        }
    }

    fn walk(&mut self, world: &dyn World, scope: &Scope, expr: &Expr) {
        match expr {
            Expr::Secret(name) => {
                self.secrets.insert(name.clone());
                let place = world.value_place(scope.file(), name);
                self.note(place, format!("`{name}` is declared a secret here"));
            }
            Expr::Const(full) if self.seen.insert(full.clone()) => {
                let Some((place, of)) = world.constant(full) else { return };
                let before = self.places.len();
                self.walk(world, scope, of);
                if self.places.len() > before {
                    let name = full.rsplit('.').next().unwrap_or(full);
                    self.note(Some(place), format!("`{name}` has it in turn"));
                }
            }
            Expr::Field { of, name, .. } => {
                if let Some(from) = type_of(world, scope, of)
                    && let Some(member) = world.member(&from, name, of)
                    && fits::has_secret(&member.ty)
                {
                    let place = world.type_place(&from, Some(name));
                    self.note(place, format!("`{name}` is declared `{}` here", member.ty));
                    return;
                }
                self.walk(world, scope, of);
            }
            other => other.parts(&mut |part| self.walk(world, scope, part)),
        }
    }
}

/// The type of what members are read from: a node, an instance, a capability, what meets a requirement.
fn type_of(world: &dyn World, scope: &Scope, expr: &Expr) -> Option<Type> {
    let settled = |ty: Type| match ty {
        Type::Optional(of) => *of,
        other => other,
    };
    match expr {
        Expr::This => Some(settled(scope.local("self")?.ty.clone())),
        Expr::Source => Some(settled(scope.local("source")?.ty.clone())),
        Expr::Target => Some(settled(scope.local("target")?.ty.clone())),
        Expr::Node(name) | Expr::Group(name) | Expr::Requirement(name) => {
            match world.value(scope.file(), name)? {
                Declared::Value(named) => Some(settled(named.ty)),
                _ => None,
            }
        }
        Expr::Index { of, .. } => match type_of(world, scope, of)? {
            Type::Nodes(full) => Some(Type::Node(full)),
            Type::List(of) => Some(*of),
            _ => None,
        },
        Expr::Field { of, name, .. } => {
            let from = type_of(world, scope, of)?;
            Some(settled(world.member(&from, name, of)?.ty))
        }
        _ => None,
    }
}
