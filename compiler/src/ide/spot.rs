//! What can stand at an offset of a file, with what lies around it.

use bp_plan::Type;
use smol_str::SmolStr;

use crate::check::expr::Scope;
use crate::check::workflows::Taken;
use crate::source::Span;
use crate::syntax::ast::{Annotation, Body, Expr, Name, Path, RecordEntry, TypeItemKind, Use};

/// See the module.
#[derive(Clone, Debug)]
pub(super) enum Spot<'t> {
    /// The name of an item, where it is declared.
    Item(&'t Name),
    /// The name of a member of a type or of a parameter, where it is declared.
    Declared(&'t Name),
    /// A name that a loop, a binder or a `let` brings in.
    Local {
        /// The name.
        name: &'t Name,
        /// What is known around it.
        around: Around,
    },
    /// The key of an entry of a block.
    Key {
        /// Whose block it is.
        owner: Owner,
        /// The block.
        body: &'t Body,
        /// The key.
        name: &'t Name,
        /// It stands before `->`.
        is_requirement: bool,
    },
    /// The key of a literal.
    Field {
        /// What the literal is to become.
        expected: Type,
        /// The literal's entries.
        entries: &'t [RecordEntry],
        /// The key.
        name: &'t Name,
    },
    /// A segment of the name of a type.
    Type {
        /// The name.
        path: &'t Path,
        /// Which segment.
        at: usize,
        /// What is wanted there.
        wanted: Wanted,
    },
    /// A bare name in an expression.
    Value {
        /// The name.
        name: SmolStr,
        /// Where it stands.
        span: Span,
        /// What is known around it.
        around: Around,
        /// What is wanted there.
        expected: Expected,
    },
    /// What stands behind a `.`.
    Member {
        /// What it is read from.
        of: &'t Expr,
        /// What is read.
        name: &'t Name,
        /// `?.`.
        safe: bool,
        /// What is known around it.
        around: Around,
        /// What is wanted there.
        expected: Expected,
    },
    /// The name of a function that is called.
    Function {
        /// Its name, perhaps with a module's.
        name: String,
        /// The segment at the offset.
        span: Span,
    },
    /// A string.
    Text {
        /// Where it stands, with its quotes.
        span: Span,
        /// What is wanted there.
        expected: Type,
    },
    /// The path of a file that a function takes in.
    File {
        /// Where it stands, with its quotes.
        span: Span,
        /// The path.
        path: String,
    },
    /// The name of a module behind `use`.
    Module {
        /// The item.
        used: &'t Use,
        /// The segment; none for a file's path.
        at: Option<usize>,
    },
    /// A name that a `use` brings in.
    Used {
        /// The item.
        used: &'t Use,
        /// The name.
        name: &'t Name,
    },
    /// An interface of a node that is called, or with `interface` an operation of that one.
    Operation {
        /// The node's type, by full name.
        full: String,
        /// The interface.
        interface: Option<SmolStr>,
        /// The segment at the offset.
        name: &'t Name,
    },
    /// The name of a workflow that is run.
    Workflow {
        /// Its name.
        name: SmolStr,
        /// Where it stands.
        span: Span,
    },
    /// The name of an annotation.
    Annotation(&'t Annotation),
}

/// What is known around an expression.
#[derive(Clone, Debug, Default)]
pub(super) struct Around {
    /// Types of names.
    pub(super) scope: Scope,
    /// Where locals are brought in.
    pub(super) binders: Vec<Name>,
}

impl Around {
    /// Where a local is brought in.
    pub(super) fn binder(&self, name: &str) -> Option<Span> {
        self.binders.iter().rev().find(|binder| binder.text == name).map(|binder| binder.span)
    }
}

/// Whose block it is; types by full name, none where there is no such type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Owner {
    /// A node template's: its name and its type.
    Node(SmolStr, Option<String>),
    /// Of values for a type's properties.
    Properties(Option<String>),
    /// The blueprint's head.
    Blueprint,
    /// A selection's.
    Select,
    /// A type's, with the kind of type.
    Type(TypeItemKind, Option<String>),
    /// A group's.
    Group,
    /// A test's.
    Test,
    /// Arguments of an operation or a workflow.
    Arguments(Vec<Taken>),
    /// Some other.
    Other,
}

/// What is wanted of an expression.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Expected {
    /// Nothing is known of it.
    #[default]
    Anything,
    /// A value of this type.
    Value(Type),
    /// Something to go over.
    Collection,
    /// A node that is called.
    Called,
    /// What a `let` of a workflow keeps: the result of a step, too.
    Kept,
    /// What can meet a requirement.
    Target {
        /// Its type.
        wanted: Type,
        /// The node that requires it.
        node: SmolStr,
        /// Whether there may be several.
        many: bool,
    },
}

impl Expected {
    /// The type that is wanted.
    pub(super) fn ty(&self) -> Type {
        match self {
            Self::Value(ty) => ty.clone(),
            Self::Anything | Self::Collection | Self::Called | Self::Kept | Self::Target { .. } => {
                Type::Unknown
            }
        }
    }
}

/// What is wanted of a type's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A type of this kind.
    Kind(TypeItemKind),
    /// A type of this kind that is not abstract.
    Concrete(TypeItemKind),
    /// What a requirement can be of.
    Target,
    /// The type of a value.
    Value,
}
