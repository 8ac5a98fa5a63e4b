//! The syntax tree: what a file says, with a span on everything, before any name is resolved.
//!
//! A plain tree: comments are in a side table ([`Comments`]), what could not be parsed is left out
//! (its diagnostic was reported) or stands as [`ExprKind::Missing`] or [`TypeKind::Missing`],
//! which later stages pass over in silence.

use std::sync::Arc;

use bp_plan::{BinaryOp, UnaryOp, Value};
use smol_str::SmolStr;

pub use crate::source::Span;

/// A whole file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// What the file itself is about: the `///` block at its start that belongs to no declaration.
    pub documentation: SmolStr,
    /// The items, in the order of the source; shared with the tree before an edit that left them alone.
    pub items: Vec<Arc<Item>>,
    /// Every comment but `///`, in the order of the source.
    pub comments: Comments,
}

/// The comments of a file, for the formatter.
pub type Comments = Vec<Comment>;

/// A `//` or `/* */` comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// With its marks.
    pub text: SmolStr,
    /// Where it stands.
    pub span: Span,
}

/// A name and where it stands. Also for quoted keys: `text` is then without the quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: SmolStr,
    /// Where it stands (with the quotes, where it has some).
    pub span: Span,
}

/// `a.b.c`: a type's name, an operation's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// At least one.
    pub segments: Vec<Name>,
    /// The whole.
    pub span: Span,
}

/// An item of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The `///` lines above it, joined by newlines, each without its mark and one blank.
    pub documentation: SmolStr,
    /// `@replace` and its like.
    pub annotations: Vec<Annotation>,
    /// What it is.
    pub kind: ItemKind,
    /// From its annotations to its last character.
    pub span: Span,
}

/// `@name` or `@name(arguments)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// Without the `@`.
    pub name: Name,
    /// What it is given.
    pub arguments: Vec<Expr>,
    /// With the `@`.
    pub span: Span,
}

/// Every kind of item.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemKind {
    /// `blueprint name substitutes T where … { … }`.
    Blueprint(Blueprint),
    /// `use …`.
    Use(Use),
    /// `input`, `secret`, `const`.
    Value(ValueItem),
    /// `select name: T[card] { … }`.
    Select(Placed),
    /// `node name: T … { … }`.
    Node(Node),
    /// `… type T …`.
    Type(TypeItem),
    /// `policy name: T { … }`.
    Policy(Placed),
    /// `group name: T { … }`.
    Group(Placed),
    /// `output name: T = e`.
    Output(Output),
    /// `expose name = e`.
    Expose(Output),
    /// `implement interface.operation = workflow`.
    Implement(Implement),
    /// `fn name(…) -> T = e`.
    Function(Function),
    /// `workflow name(…) { … }`.
    Workflow(Workflow),
    /// `test "…" { … }`.
    Test(Test),
    /// `requires name: T` at file level.
    Requires(Member),
}

/// `implement interface.operation = workflow`: what an operation of the substituted type does.
#[derive(Clone, Debug, PartialEq)]
pub struct Implement {
    /// `interface.operation`.
    pub operation: Path,
    /// The workflow.
    pub workflow: Expr,
}

/// `blueprint name { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Blueprint {
    /// Its name.
    pub name: Name,
    /// The abstract type that it stands for.
    pub substitutes: Option<Path>,
    /// When it may.
    pub wheres: Vec<Where>,
    /// Its body.
    pub body: Body,
}

/// `use std.kubernetes as k8s`, `use "./x.bp" { A, B }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// What is used.
    pub from: UseSource,
    /// `as name`.
    pub alias: Option<Name>,
    /// `{ A, B }`.
    pub names: Option<Vec<Name>>,
    /// Where the source stands.
    pub span: Span,
}

/// What is used.
#[derive(Clone, Debug, PartialEq)]
pub enum UseSource {
    /// A package's module.
    Path(Path),
    /// A file, relative to this one.
    File(Name),
}

/// Which word began a [`ValueItem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKeyword {
    /// `input`.
    Input,
    /// `secret`.
    Secret,
    /// `const`.
    Const,
}

/// `input name: T = e where p else m`, and the same for secrets and constants.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueItem {
    /// Which.
    pub keyword: ValueKeyword,
    /// Its name.
    pub name: Name,
    /// Its type; a constant may leave it out.
    pub ty: Option<TypeExpr>,
    /// `from "name"`, for secrets.
    pub from: Option<Name>,
    /// `= e`.
    pub default: Option<Expr>,
    /// `where …`.
    pub wheres: Vec<Where>,
}

/// `where predicate else message`.
#[derive(Clone, Debug, PartialEq)]
pub struct Where {
    /// What must hold.
    pub predicate: Expr,
    /// What to say when it does not.
    pub message: Option<Expr>,
}

/// `[n]`, `[n..m]`, `[n..]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Cardinality {
    /// The fewest.
    pub from: Expr,
    /// The most: `None` for `[n..]`, equal to `from` for `[n]`.
    pub to: Option<Expr>,
    /// With the brackets.
    pub span: Span,
}

/// `select`, `policy`, `group`: a name, a type and a body.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: Path,
    /// How many.
    pub cardinality: Option<Cardinality>,
    /// Its body.
    pub body: Body,
}

/// `node name: T if c for x in xs by key if p using x.Blueprint { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name.
    pub name: Name,
    /// Its type; `None` when the source leaves it out (reported).
    pub ty: Option<Path>,
    /// The first `if`.
    pub condition: Option<Expr>,
    /// `for …`.
    pub each: Option<Each>,
    /// `using …`.
    pub using: Option<Path>,
    /// Its body.
    pub body: Body,
}

/// `for a, b in over by key if filter`.
#[derive(Clone, Debug, PartialEq)]
pub struct Each {
    /// One or two names.
    pub names: Vec<Name>,
    /// What is gone through.
    pub over: Expr,
    /// `by key`.
    pub key: Option<Expr>,
    /// The last `if`.
    pub filter: Option<Expr>,
}

/// Which `… type` it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TypeItemKind {
    /// `node type`.
    Node,
    /// `data type`.
    Data,
    /// `capability type`.
    Capability,
    /// `interface type`.
    Interface,
    /// `relationship type`.
    Relationship,
    /// `policy type`.
    Policy,
    /// `group type`.
    Group,
}

/// A type's declaration.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeItem {
    /// `abstract`.
    pub is_abstract: bool,
    /// Which kind.
    pub kind: TypeItemKind,
    /// Its name.
    pub name: Name,
    /// `= T`, for a constrained scalar.
    pub alias: Option<TypeExpr>,
    /// `where …` of an alias.
    pub wheres: Vec<Where>,
    /// `extends T`.
    pub extends: Option<Path>,
    /// Its body.
    pub body: Body,
}

/// `output name: T = e`, and `expose name = e`.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Its name.
    pub name: Name,
    /// Its type, if said.
    pub ty: Option<TypeExpr>,
    /// Its value.
    pub value: Expr,
    /// `where …`.
    pub wheres: Vec<Where>,
}

/// `fn name(…) -> T = e`.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: Name,
    /// What it takes.
    pub parameters: Vec<Member>,
    /// What it gives.
    pub result: Option<TypeExpr>,
    /// What that is.
    pub body: Expr,
}

/// `workflow name(…) -> T { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Workflow {
    /// Its name.
    pub name: Name,
    /// What it takes.
    pub parameters: Vec<Member>,
    /// What it gives.
    pub result: Option<TypeExpr>,
    /// What it does.
    pub steps: Vec<Step>,
    /// From brace to brace.
    pub steps_span: Span,
}

/// `test "…" { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// What it says.
    pub name: Name,
    /// Its body.
    pub body: Body,
}

/// A block: from its `{` to its `}`; empty where there is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// What stands in it, in order.
    pub entries: Vec<BodyEntry>,
    /// With the braces; `None` where there is no block.
    pub span: Option<Span>,
}

/// One entry of a block.
#[derive(Clone, Debug, PartialEq)]
pub struct BodyEntry {
    /// The `///` lines above it.
    pub documentation: SmolStr,
    /// `@replace` and its like.
    pub annotations: Vec<Annotation>,
    /// What it is.
    pub kind: EntryKind,
    /// The whole.
    pub span: Span,
}

/// Every kind of entry.
#[derive(Clone, Debug, PartialEq)]
pub enum EntryKind {
    /// `name = e`.
    Assign {
        /// What is set.
        key: Name,
        /// To what.
        value: Expr,
    },
    /// `name -> target via R { … } where …`.
    Meets(Box<Meets>),
    /// `name: T = e where …`, a field.
    Field(Box<Member>),
    /// `property name: T …`.
    Property(Box<Member>),
    /// `attribute name: T …`.
    Attribute(Box<Member>),
    /// `requires name: T[card] via R where …`.
    Requires(Box<Member>),
    /// `capability name: T { … }`.
    Capability(Box<Member>),
    /// `operation a.b(…) -> T = impl { … }`.
    Operation(Box<Operation>),
    /// `implements I as name`.
    Implements {
        /// Which interface.
        interface: Path,
        /// Under which name.
        alias: Option<Name>,
    },
    /// `fixed name = e`.
    Fixed {
        /// What is settled.
        key: Name,
        /// For good.
        value: Expr,
    },
    /// `check e else m`.
    Check(Where),
    /// `let name = e`.
    Let {
        /// The local.
        name: Name,
        /// What it is.
        value: Expr,
    },
    /// `assert e else m`.
    Assert(Where),
    /// `assert_fails E4102`.
    AssertFails(Name),
    /// `...e`.
    Spread(Expr),
}

/// A declared member: field, property, attribute, requirement, capability or parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
    /// How many, for requirements.
    pub cardinality: Option<Cardinality>,
    /// `via R { … }`, for requirements.
    pub via: Option<Via>,
    /// `= e`.
    pub default: Option<Expr>,
    /// `where …`.
    pub wheres: Vec<Where>,
    /// `{ … }`, for capabilities.
    pub body: Body,
    /// The whole.
    pub span: Span,
}

/// `via R { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Via {
    /// The relationship type.
    pub ty: Path,
    /// Its block.
    pub body: Body,
}

/// `name -> target via R { … } where …`.
#[derive(Clone, Debug, PartialEq)]
pub struct Meets {
    /// The requirement.
    pub name: Name,
    /// What meets it.
    pub target: Expr,
    /// By what.
    pub via: Option<Via>,
    /// `where …`.
    pub wheres: Vec<Where>,
}

/// `operation interface.name(…) -> T = implementation { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// `lifecycle.create`, or the bare name inside an interface type.
    pub path: Path,
    /// What it takes; `None` where it says nothing of that.
    pub parameters: Option<Vec<Member>>,
    /// What it gives.
    pub result: Option<TypeExpr>,
    /// What does it.
    pub implementation: Option<Expr>,
    /// The implementation's block.
    pub body: Body,
}

/// A type as written.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeExpr {
    /// What it is.
    pub kind: TypeKind,
    /// Where it stands.
    pub span: Span,
}

/// Every form of type.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// `name`, `a.b.Name`, `list<T>`.
    Named {
        /// Its name.
        path: Path,
        /// What stands between `<` and `>`.
        arguments: Vec<TypeExpr>,
    },
    /// `"dev"`.
    Literal(SmolStr),
    /// `A | B`.
    Union(Vec<TypeExpr>),
    /// `T?`.
    Optional(Box<TypeExpr>),
    /// `secret T`.
    Secret(Box<TypeExpr>),
    /// `{ a: T, b: U }`, as an operation's result.
    Record(Vec<Member>),
    /// Not there (reported).
    Missing,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// Every form of expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// Numbers, quantities, `true false null`, and strings without `${}`.
    Literal(Value),
    /// A string with `${}`: its parts, literal strings between.
    Interpolation(Vec<Expr>),
    /// A name; `self`, `source`, `target`, `deployment` too. Type names (capitals) too, as a left-open target.
    Name(SmolStr),
    /// `of.name`, `of?.name`.
    Field {
        /// From what.
        of: Box<Expr>,
        /// What.
        name: Name,
        /// `?.`.
        safe: bool,
    },
    /// `of[key]`, `of?[key]`.
    Index {
        /// From what.
        of: Box<Expr>,
        /// Which.
        key: Box<Expr>,
        /// `?[`.
        safe: bool,
    },
    /// `of[*]` and the postfixes after it, which apply to each element: there the element is the
    /// innermost [`ExprKind::Element`].
    Splat {
        /// The collection.
        of: Box<Expr>,
        /// What is taken of each element.
        body: Box<Expr>,
    },
    /// The element of the splat around it.
    Element,
    /// `f(a, b)`; `of` is a name or `module.name`.
    Call {
        /// The function.
        function: Path,
        /// What it is given; `f(n in xs, p)` is a [`ExprKind::Binder`] instead.
        arguments: Vec<Expr>,
    },
    /// `all(n in xs, p)`, `any(k, v in m, p)`.
    Binder {
        /// The function.
        function: Name,
        /// One or two names.
        names: Vec<Name>,
        /// What is gone through.
        over: Box<Expr>,
        /// What is computed for each.
        body: Option<Box<Expr>>,
    },
    /// `[a, ...b]`.
    List(Vec<Element>),
    /// `[e for x in xs if p]`.
    ListFor {
        /// What is computed.
        body: Box<Expr>,
        /// Over what.
        each: Box<Each>,
    },
    /// `{ a = b, ...c }`.
    Record(Vec<RecordEntry>),
    /// `{ k = v for k, v in m if p }`.
    RecordFor {
        /// The key.
        key: Box<Expr>,
        /// The value.
        value: Box<Expr>,
        /// Over what.
        each: Box<Each>,
    },
    /// `not x`, `-x`.
    Unary {
        /// Which.
        op: UnaryOp,
        /// Of what.
        of: Box<Expr>,
    },
    /// `a op b`.
    Binary {
        /// Which.
        op: BinaryOp,
        /// Where it stands.
        op_span: Span,
        /// The left side.
        left: Box<Expr>,
        /// The right side.
        right: Box<Expr>,
    },
    /// `if c then a else b`.
    If {
        /// What decides.
        condition: Box<Expr>,
        /// When it holds.
        then: Box<Expr>,
        /// When it does not.
        otherwise: Box<Expr>,
    },
    /// `( e )`: kept for the formatter.
    Paren(Box<Expr>),
    /// Not there, or not to be parsed (reported).
    Missing,
}

/// An element of a list literal.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// Whether `...` stands before it.
    pub spread: bool,
    /// The element.
    pub value: Expr,
}

/// An entry of a record literal.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordEntry {
    /// `key = value`.
    One {
        /// Literal.
        key: Name,
        /// Its value.
        value: Expr,
    },
    /// `...e`.
    Spread(Expr),
}

/// A step of a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it is.
    pub kind: StepKind,
    /// The whole.
    pub span: Span,
}

/// Every kind of step.
#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// `call node.interface.operation { … }`, perhaps after `let r =`.
    Call {
        /// What its result is called.
        result: Option<Name>,
        /// What is called.
        operation: Expr,
        /// With what.
        arguments: Body,
    },
    /// `run workflow { … }`, perhaps after `let r =`.
    Run {
        /// What its result is called.
        result: Option<Name>,
        /// What is run.
        workflow: Expr,
        /// With what.
        arguments: Body,
    },
    /// `let name = e`.
    Let {
        /// The local.
        name: Name,
        /// What it is.
        value: Expr,
    },
    /// `parallel { … }`.
    Parallel(Vec<Step>),
    /// `for x in xs max n { … }`.
    For {
        /// One or two names.
        names: Vec<Name>,
        /// What is gone through.
        over: Expr,
        /// How many at once.
        max: Option<Expr>,
        /// What is done for each.
        steps: Vec<Step>,
    },
    /// `if c { … } else { … }`; an `else if` is an `If` alone in `otherwise`.
    If {
        /// What decides.
        condition: Expr,
        /// When it holds.
        then: Vec<Step>,
        /// When it does not.
        otherwise: Option<Vec<Step>>,
    },
    /// `wait 30s`.
    Wait(Expr),
    /// `wait until c timeout 5m`.
    WaitUntil {
        /// What is waited for.
        condition: Expr,
        /// For how long at most.
        timeout: Option<Expr>,
    },
    /// `fail "…"`.
    Fail(Expr),
    /// `return { … }`.
    Return(Option<Expr>),
    /// `recover`.
    Recover,
    /// `on failure { … }`.
    OnFailure(Vec<Step>),
    /// `on cancel { … }`.
    OnCancel(Vec<Step>),
}
