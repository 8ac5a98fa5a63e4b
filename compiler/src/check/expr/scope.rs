//! What an expression's surroundings bind: loop variables, `let`s, parameters, `self` and its
//! kin; and what a test around it says of them.

use std::sync::Arc;

use bp_plan::{Expr, Phase, Type};
use smol_str::SmolStr;

use super::origin::Origin;
use crate::source::{FileId, Place};

/// A name that the surroundings bind.
#[derive(Clone, Debug, PartialEq)]
pub struct Local {
    /// Its name; `self`, `source` and `target` too.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// When it is known.
    pub phase: Phase,
    /// What a use of it becomes: [`Expr::Local`] for a loop's variable, the value of a `let`.
    pub expr: Expr,
    /// Where the nodes come from that it is, or has inside of it.
    pub(super) origin: Arc<Origin>,
}

impl Local {
    /// A loop's variable or a binder's.
    pub fn variable(name: impl Into<String>, ty: Type, phase: Phase) -> Self {
        let name = name.into();
        Self { expr: Expr::Local(name.clone()), name, ty, phase, origin: Arc::default() }
    }

    /// A loop's variable whose nodes come from there.
    pub(super) fn element(name: impl Into<String>, ty: Type, phase: Phase, origin: Origin) -> Self {
        Self { origin: Arc::new(origin), ..Self::variable(name, ty, phase) }
    }

    /// `let name = value`: each use stands for the value.
    pub fn alias(name: impl Into<String>, value: super::Typed) -> Self {
        // What could not be put together has nothing more to tell where it is used.
        let ty = if value.is_lost() { Type::Unknown } else { value.ty };
        Self { name: name.into(), ty, phase: value.phase, expr: value.expr, origin: Arc::default() }
    }
}

/// Why a type is expected: where that is said, and words for it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Because {
    /// Where the thing of this name is declared.
    Declared(Place, SmolStr),
    /// In words of its own.
    Said(Place, Arc<str>),
}

impl Because {
    pub(super) fn said((place, note): (Place, String)) -> Self {
        Self::Said(place, note.into())
    }

    /// For a diagnostic.
    pub(super) fn told(&self) -> (Place, String) {
        match self {
            Self::Declared(place, name) => (*place, format!("`{name}` is declared here")),
            Self::Said(place, note) => (*place, note.to_string()),
        }
    }
}

/// The names bound around an expression, the innermost last. Cheap to clone: a scope is made for each
/// expression.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    file: FileId,
    pub(super) locals: Arc<Vec<Local>>,
    /// Paths (`x`, `self.a.b`) that a test around has shown to be set.
    pub(super) settled: Arc<Vec<String>>,
    pub(super) because: Option<Because>,
    /// It is about what implements an operation: a file that is not there is no error yet.
    pub(super) is_implementing: bool,
    /// What has this name is what is being constrained: it is called `self` here.
    pub(super) constrained: Option<SmolStr>,
}

impl Scope {
    /// Nothing but what the file has.
    pub fn new(file: FileId) -> Self {
        Self { file, ..Self::default() }
    }

    /// The file it is in.
    pub fn file(&self) -> FileId {
        self.file
    }

    /// With this name bound inside.
    #[must_use]
    pub fn with(mut self, local: Local) -> Self {
        Arc::make_mut(&mut self.locals).push(local);
        self
    }

    /// With `self` of this type: the value being constrained, a candidate, or the node.
    #[must_use]
    pub fn with_self(self, ty: Type, phase: Phase) -> Self {
        self.with(Local {
            name: "self".into(),
            ty,
            phase,
            expr: Expr::This,
            origin: Arc::default(),
        })
    }

    /// With `source`: the node that requires.
    #[must_use]
    pub fn with_source(self, ty: Type, phase: Phase) -> Self {
        self.with(Local {
            name: "source".into(),
            ty,
            phase,
            expr: Expr::Source,
            origin: Arc::default(),
        })
    }

    /// With `target`: the node that is required.
    #[must_use]
    pub fn with_target(self, ty: Type, phase: Phase) -> Self {
        self.with(Local {
            name: "target".into(),
            ty,
            phase,
            expr: Expr::Target,
            origin: Arc::default(),
        })
    }

    /// With the reason of the expected type: where it is declared, and words for it ("`cpu` is declared here").
    #[must_use]
    pub fn because(mut self, place: Option<Place>, note: impl Into<String>) -> Self {
        self.because = place.map(|place| Because::said((place, note.into())));
        self
    }

    /// With the reason of the expected type: what has this name is declared there.
    #[must_use]
    pub(crate) fn declared(mut self, place: Place, name: &SmolStr) -> Self {
        self.because = Some(Because::Declared(place, name.clone()));
        self
    }

    /// As what implements an operation.
    #[must_use]
    pub(crate) fn implementing(mut self) -> Self {
        self.is_implementing = true;
        self
    }

    /// As what constrains the thing of this name.
    #[must_use]
    pub(crate) fn constraining(mut self, name: &SmolStr) -> Self {
        self.constrained = Some(name.clone());
        self
    }

    /// With what a condition says when it is true (`holds`) or false: names that it tests
    /// against `null` are set inside.
    #[must_use]
    pub fn given(mut self, condition: &crate::syntax::ast::Expr, holds: bool) -> Self {
        super::narrow::facts(condition, holds, Arc::make_mut(&mut self.settled));
        self
    }

    /// The same names where `self` is nothing yet; `change` says what stands for it in their values.
    #[must_use]
    pub(crate) fn without_self(&self, change: impl Fn(&Expr) -> Expr) -> Self {
        let others = self.locals.iter().filter(|local| local.name != "self");
        let locals = others.map(|local| Local { expr: change(&local.expr), ..local.clone() });
        let settled =
            self.settled.iter().filter(|path| *path != "self" && !path.starts_with("self."));
        Self {
            file: self.file,
            locals: Arc::new(locals.collect()),
            settled: Arc::new(settled.cloned().collect()),
            ..Self::default()
        }
    }

    /// All locals, the innermost last.
    pub fn locals(&self) -> &[Local] {
        &self.locals
    }

    /// The innermost local of this name.
    pub fn local(&self, name: &str) -> Option<&Local> {
        self.locals.iter().rev().find(|local| local.name == name)
    }
}
