//! What can stand at an offset of a file, with what lies around it.

use bp_plan::{Dimension, Phase, Type};
use smol_str::SmolStr;

use crate::check::expr::{Local, Scope};
use crate::check::workflows::Taken;
use crate::source::{FileId, Place, Span};
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
        expected: Expected,
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
        /// What is wanted of it.
        expected: Expected,
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
    /// The name by which a module is used.
    Alias {
        /// The item.
        used: &'t Use,
        /// The name.
        alias: &'t Name,
    },
    /// A name that a `use` brings in.
    Used {
        /// The item.
        used: &'t Use,
        /// The name.
        name: &'t Name,
    },
    /// An interface of a type, or with `interface` an operation of that one.
    Operation {
        /// What the operation is named for.
        role: Role<'t>,
        /// The type that has it, by full name.
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
        /// What runs it.
        by: Runner,
    },
    /// An expression that was sought for itself.
    Whole {
        /// The expression.
        expr: &'t Expr,
        /// What is wanted there.
        expected: Expected,
    },
    /// The code of an `assert_fails`.
    Code(&'t Name),
    /// The name of an annotation.
    Annotation(&'t Annotation),
}

/// What an operation is named for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role<'t> {
    /// A step calls it.
    Called,
    /// An entry of this block says what carries it out.
    CarriedOut(&'t Body),
    /// `implement` says which workflow it is.
    Implemented,
}

/// What runs a workflow.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Runner {
    /// A step of this workflow, which can't run itself.
    Step(SmolStr),
    /// A policy.
    Policy,
    /// An operation of the type that the blueprint stands for.
    Operation,
}

/// The workflow that an expression stands in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Running {
    /// Its name.
    pub(super) name: SmolStr,
    /// What it gives.
    pub(super) result: Option<Type>,
}

/// What is known around an expression.
#[derive(Clone, Debug, Default)]
pub(super) struct Around {
    /// Types of names.
    pub(super) scope: Scope,
    /// Locals, and where they are brought in.
    pub(super) binders: Vec<(SmolStr, Place)>,
    /// The workflow that it is in.
    pub(super) running: Option<Running>,
}

impl Around {
    /// Where a local is brought in.
    pub(super) fn binder(&self, name: &str) -> Option<Place> {
        self.binders.iter().rev().find(|(binder, _)| binder == name).map(|(_, place)| *place)
    }

    /// Notes where a local is brought in, in the file that is asked about.
    pub(super) fn binds(&mut self, name: &Name) {
        let place = Place { file: FileId(0), span: name.span };
        self.binders.push((name.text.clone(), place));
    }

    /// Brings in a parameter that is declared elsewhere.
    pub(super) fn knows(&mut self, taken: &Taken) {
        let local = Local::variable(taken.name.as_str(), taken.ty.clone(), Phase::Run);
        self.scope = std::mem::take(&mut self.scope).with(local);
        if let Some(place) = taken.place {
            self.binders.push((taken.name.as_str().into(), place));
        }
    }
}

/// Whose block it is; types by full name, none where there is no such type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Owner {
    /// A node template's: its name and its type.
    Node(SmolStr, Option<String>),
    /// What a capability's type is given.
    Properties(Option<String>),
    /// A relationship's, behind `via`.
    Via(Option<String>),
    /// The blueprint's head.
    Blueprint,
    /// A selection's.
    Select,
    /// A type's, with the kind of type.
    Type(TypeItemKind, Option<String>),
    /// A group's or a policy's: which of them, its name and its type.
    Over(TypeItemKind, SmolStr, Option<String>),
    /// A test's.
    Test,
    /// Arguments of an operation or a workflow.
    Arguments(Vec<Taken>),
    /// Of what carries an operation out: the type that has it and what the operation gives.
    Implementation(Option<String>, Type),
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
    /// A literal with these entries.
    Entries(Vec<Taken>),
    /// Something to go over.
    Collection,
    /// A node that is called.
    Called,
    /// What a `let` of a workflow keeps: the result of a step, too.
    Kept,
    /// What a step waits for: a time, or `until` something.
    Awaited,
    /// What can meet a requirement.
    Target {
        /// Its type.
        wanted: Type,
        /// The node that requires it.
        node: SmolStr,
        /// Whether there may be several.
        many: bool,
    },
    /// Members of a group or targets of a policy: nodes of this type, of any number, and groups of them.
    Over {
        /// The node type, by full name.
        of: String,
        /// The group or the policy.
        owner: SmolStr,
    },
    /// What carries an operation out.
    Implementation,
    /// What a blueprint exposes: a capability of a node.
    Exposed,
    /// `least(e)` or `most(e)`.
    Preference,
    /// This word alone.
    Word(&'static str),
}

impl Expected {
    /// The type that is wanted.
    pub(super) fn ty(&self) -> Type {
        match self {
            Self::Value(ty) => ty.clone(),
            Self::Awaited => Type::Quantity(Dimension::Duration),
            _ => Type::Unknown,
        }
    }
}

/// What is wanted of a type's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A type of this kind.
    Kind(TypeItemKind),
    /// The type of a node: not abstract, or one that a blueprint stands for.
    Node,
    /// A blueprint that stands for this type.
    Substitute(Option<String>),
    /// An abstract node type, which a blueprint can stand for.
    Abstract,
    /// What a requirement can be of.
    Target,
    /// `Workflow`, and nothing else.
    Workflow,
    /// The type of a value.
    Value,
}
