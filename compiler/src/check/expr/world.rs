//! What lies around an expression: the questions that its check asks, answered by the resolver.
//!
//! It must not know expressions as written: names go in, declarations come out.

use std::sync::Arc;

use bp_plan::{Constraint, DataType, Expr, FileRef, Phase, Type};
use smol_str::SmolStr;

use crate::diagnostics::Diagnostic;
use crate::source::{FileId, Place};

/// What the name of a value stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Declared {
    /// Something with a value.
    Value(Named),
    /// A used module or package: its values are asked for as `name.value`.
    Module,
    /// Something that has no value (`"policy"`, `"workflow"`, `"test"` …).
    NoValue(&'static str),
    /// Something of another blueprint that only that blueprint can name (`"a node"`, `"an input"` …).
    Inside(&'static str),
}

/// A value with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Its type: `Secret` for a secret, `Nodes` for a node with `for` and for a selection, `Optional`
    /// for a node with `if`; [`Type::Unknown`] where its declaration has a mistake.
    pub ty: Type,
    /// When it is known.
    pub phase: Phase,
    /// What a use of it becomes: [`Expr::Input`], [`Expr::Node`] …; of a folded constant the
    /// value, or, where that is large and would stand at every use, [`Expr::Const`].
    pub expr: Expr,
}

/// A member of a node, a capability, a relationship, a policy: property, attribute, requirement,
/// capability, or output.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its type as it reads: a requirement's target, `Optional` or a `List` by its cardinality.
    pub ty: Type,
    /// When it is known; as late as its value where that is known.
    pub phase: Phase,
    /// Of a requirement: the full name of its relationship type.
    pub via: Option<String>,
}

/// A function of a blueprint.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// What it takes.
    pub parameters: Vec<Parameter>,
    /// What it gives.
    pub result: Type,
    /// When its body is known, apart from its arguments and what is read of them.
    pub phase: Phase,
    /// Its body, lowered with [`super::parameter_scope`]; `None` where it has a mistake.
    pub body: Option<Arc<Expr>>,
    /// What it reads of nodes among its arguments, and of which.
    pub(super) reads: Vec<(Read, Expr)>,
}

/// A member that is read of a node.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Read {
    /// The type of what it is read of.
    pub(super) ty: Type,
    /// Its name.
    pub(super) member: SmolStr,
    /// When it is known of a node of which nothing but the type is known.
    pub(super) default: Phase,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// What it is when left out.
    pub default: Option<Expr>,
    /// What must hold of it; told of constants only.
    pub constraints: Vec<Constraint>,
    /// Where its name stands.
    pub place: Place,
}

/// A text that the source names: a template, or a file to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    /// Which source it is, for mistakes in it.
    pub id: FileId,
    /// Where it lies, from the package's root.
    pub path: String,
    /// Its text.
    pub text: Arc<str>,
}

/// That something is deprecated, or experimental.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What to do instead, of what is deprecated; `None` for what is experimental.
    pub deprecated: Option<String>,
    /// Where it is declared.
    pub place: Place,
}

/// What expressions can name. Paths are as written, with dots (`ops`, `ops.limit`); types by full name.
pub trait World {
    /// What a value's name stands for in this file.
    fn value(&self, file: FileId, path: &str) -> Option<Declared>;

    /// Whether a name of this file stands for a module.
    fn is_module(&self, file: FileId, path: &str) -> bool {
        self.value(file, path) == Some(Declared::Module)
    }

    /// The function of this name in this file; built-in ones are not asked for.
    fn function(&self, file: FileId, path: &str) -> Option<Arc<Function>>;

    /// Whether the function of this name is another blueprint's, and reads what is inside of that.
    fn is_open(&self, _file: FileId, _path: &str) -> bool {
        false
    }

    /// The type of this name in this file, for use as the type of a value; policy, group and
    /// interface types are none.
    fn named_type(&self, file: FileId, path: &str) -> Option<Type>;

    /// A declared data type.
    fn data_type(&self, name: &str) -> Option<Arc<DataType>>;

    /// The member of a [`Type::Node`], [`Type::Capability`] or [`Type::Relationship`]; `from` is
    /// the expression that it is read from, which may tell which node it is.
    fn member(&self, of: &Type, name: &str, from: &Expr) -> Option<Member>;

    /// The names of all members of such a type.
    fn members(&self, of: &Type) -> Vec<String>;

    /// Whether the first is the second or derived from it, as far as that can be told.
    fn is_subtype(&self, sub: &str, sup: &str) -> bool;

    /// Whether a type extends one that is not known, which was told: it may have more members than can be seen.
    fn has_open(&self, of: &Type) -> bool;

    /// The nearest type that both are or derive from.
    fn common_type(&self, a: &str, b: &str) -> Option<String>;

    /// Where a constant that could not be folded is declared, and what it is; by its full name.
    fn constant(&self, _full: &str) -> Option<(Place, &Expr)> {
        None
    }

    /// The keys of a node's instances, where they are known.
    fn keys(&self, _node: &str) -> Option<Vec<&str>> {
        None
    }

    /// Counts bytes of constants that are kept beyond what their text accounts for. Where these are too
    /// many, gives how many there may be; the first time only.
    fn keep(&self, _bytes: usize) -> Result<(), Option<usize>> {
        Ok(())
    }

    /// Something worth a word, which leaves the expression as good as it is.
    fn warn(&self, warning: Diagnostic) {
        drop(warning);
    }

    /// All names of values of this file, for suggestions.
    fn value_names(&self, file: FileId) -> Vec<String>;

    /// All names of functions of this file, built-in ones excepted.
    fn function_names(&self, file: FileId) -> Vec<String>;

    /// All names of types that can be used in this file.
    fn type_names(&self, file: FileId) -> Vec<String>;

    /// Where a value or function of this file is declared.
    fn value_place(&self, file: FileId, path: &str) -> Option<Place>;

    /// Where a type is declared, or with `member` that member of it.
    fn type_place(&self, of: &Type, member: Option<&str>) -> Option<Place>;

    /// What is to be told of uses of a member, or of a field of a data type.
    fn notice(&self, _of: &Type, _member: &str) -> Option<Notice> {
        None
    }

    /// What is to be told of uses of a value.
    fn value_notice(&self, _file: FileId, _path: &str) -> Option<Notice> {
        None
    }

    /// What is to be told of uses of a function.
    fn function_notice(&self, _file: FileId, _path: &str) -> Option<Notice> {
        None
    }

    /// The file that `file("…")` names, relative to the one it stands in; or a sentence that says why not.
    fn file(&self, from: FileId, path: &str) -> Result<FileRef, String>;

    /// As [`World::file`], for what must be text: `read("…")` and `template("…", …)`.
    fn text_file(&self, from: FileId, path: &str) -> Result<TextFile, String>;

    /// How a file writes the name of a type; the full name where it has none for it.
    fn written(&self, _file: FileId, full: &str) -> String {
        full.to_owned()
    }

    /// The place as the plan has it.
    fn span(&self, place: Place) -> bp_plan::Span;

    /// The source's text there.
    fn text(&self, place: Place) -> String;
}
