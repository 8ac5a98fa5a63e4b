//! Expressions as the plan carries them: names resolved, types checked, everything that could be
//! folded folded. `bp-eval` is the only thing that evaluates them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Constraint;
use crate::types::Type;
use crate::value::Value;

/// An expression whose names are resolved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expr {
    /// What it says.
    Value(Value),
    /// An input of the blueprint.
    Input(String),
    /// A secret of the blueprint, by its name.
    Secret(String),
    /// A constant that could not be folded (it is as late as its parts).
    Const(String),
    /// A loop's variable, a binder, a parameter or a `let`.
    Local(String),
    /// `self`: the value being constrained, or the node.
    #[serde(rename = "self")]
    This,
    /// `source`: the node that requires.
    Source,
    /// `target`: the node that is required.
    Target,
    /// `deployment`: the record `id name labels tenant`.
    Deployment,
    /// A node of the blueprint: an instance, `null` where its condition does not hold, or a
    /// collection where it has a `for`.
    Node(String),
    /// A selection of the inventory: a collection.
    Selection(String),
    /// A group of the blueprint: its members are read from it as `members`.
    Group(String),
    /// What meets a requirement of the blueprint itself: a node or a capability, `null`, or a list of these.
    Requirement(String),
    /// `of.name`, or `of?.name`.
    Field {
        /// What is read from.
        of: Box<Expr>,
        /// What is read.
        name: String,
        /// Whether `null` and a missing key give `null`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        safe: bool,
    },
    /// `of[key]`, or `of?[key]`.
    Index {
        /// What is read from.
        of: Box<Expr>,
        /// Which element.
        key: Box<Expr>,
        /// Whether `null` and a missing key give `null`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        safe: bool,
    },
    /// `of[*]`: all elements as a list, in key order; with `body`, that of each (`xs[*].a.b`), where
    /// the element is the local `*`.
    Splat {
        /// The collection.
        of: Box<Expr>,
        /// What to take from each element.
        body: Box<Expr>,
    },
    /// `[a, ...b]`.
    List(Vec<Item>),
    /// `{ a = b, ...c }`.
    Record(Vec<Entry>),
    /// `not x`, `-x`.
    Unary {
        /// Which.
        op: UnaryOp,
        /// Of what.
        of: Box<Expr>,
    },
    /// `left op right`.
    Binary {
        /// Which.
        op: BinaryOp,
        /// The left side.
        left: Box<Expr>,
        /// The right side.
        right: Box<Expr>,
    },
    /// `if condition then a else b`.
    If {
        /// What decides.
        condition: Box<Expr>,
        /// When it holds.
        then: Box<Expr>,
        /// When it does not.
        otherwise: Box<Expr>,
    },
    /// A built-in function.
    Call {
        /// Its name.
        function: String,
        /// Its arguments, by position.
        arguments: Vec<Expr>,
    },
    /// `all(n in xs, p)` and its like; also, as `function: "list"` and `"map"`, the comprehensions
    /// `[body for n in over if filter]` and `{ key = body for k, v in over if filter }`.
    Binder(Box<Binder>),
    /// `"a${b}c"`: the parts, each a scalar, joined.
    Interpolate(Vec<Expr>),
    /// `template("x.hbs", data)`: the text that the template gives with the data.
    Template(Box<Template>),
    /// A value that must be as is asked of it: the argument of a function whose parameter has a `where`.
    Held(Box<Held>),
}

/// A value and what is asked of it: it is a mistake where it is of another type or breaks a constraint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Held {
    /// The value.
    pub of: Expr,
    /// What it is for: "`port` of `address`", for messages.
    pub what: String,
    /// Its type. Of a secret no message tells the value.
    #[serde(rename = "type")]
    pub kind: Type,
    /// What must hold of it. In these the value is the local `self`, for what is around has a `self` of its
    /// own; their spans are empty, for a mistake is told where the whole stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
}

/// A template and what it is filled in with. Its text travels here, so that evaluation needs no files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Template {
    /// Where it lies, from the package's root: for messages.
    pub path: String,
    /// Its text: Handlebars.
    pub text: String,
    /// What its variables are read from.
    pub data: Expr,
}

/// A function or comprehension that binds names over a collection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Binder {
    /// `all any count sum min max sort unique_by group_by list map`, and `choose`: the first that
    /// `filter` lets through, or `null`; a missing fact means that an element does not fit.
    pub function: String,
    /// One name (the element), or two (key and element).
    pub names: Vec<String>,
    /// What is gone through.
    pub over: Expr,
    /// Which elements count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Expr>,
    /// The key, for `map`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Expr>,
    /// What is computed for each element; `None` where the function needs nothing (`count(n in xs)`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Expr>,
}

/// An element of a list literal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// One element.
    One(Expr),
    /// All elements of a list.
    Spread(Expr),
}

/// An entry of a record literal; later ones win.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A key and its value.
    One(String, Expr),
    /// All entries of a map or record.
    Spread(Expr),
}

/// An operator with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnaryOp {
    /// `not`.
    Not,
    /// `-`.
    Negate,
}

/// An operator with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BinaryOp {
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`: always a float.
    Divide,
    /// `..`.
    Range,
    /// `??`.
    Coalesce,
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
    /// `in`.
    In,
    /// `not in`.
    NotIn,
    /// `and`.
    And,
    /// `or`.
    Or,
}

impl BinaryOp {
    /// As the language writes it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Range => "..",
            Self::Coalesce => "??",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::NotIn => "not in",
            Self::And => "and",
            Self::Or => "or",
        }
    }
}

impl Expr {
    /// The literal string.
    pub fn string(text: impl Into<String>) -> Self {
        Self::Value(Value::String(text.into()))
    }

    /// Hands each direct part of the expression to `visit`.
    pub fn parts<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        match self {
            Self::Value(_)
            | Self::Input(_)
            | Self::Secret(_)
            | Self::Const(_)
            | Self::Local(_)
            | Self::This
            | Self::Source
            | Self::Target
            | Self::Deployment
            | Self::Node(_)
            | Self::Selection(_)
            | Self::Group(_)
            | Self::Requirement(_) => {}
            Self::Field { of, .. } | Self::Unary { of, .. } => visit(of),
            Self::Index { of, key, .. } => [of, key].into_iter().for_each(|e| visit(e)),
            Self::Splat { of, body } => [of, body].into_iter().for_each(|e| visit(e)),
            Self::List(items) => items.iter().for_each(|item| match item {
                Item::One(expr) | Item::Spread(expr) => visit(expr),
            }),
            Self::Record(entries) => entries.iter().for_each(|entry| match entry {
                Entry::One(_, expr) | Entry::Spread(expr) => visit(expr),
            }),
            Self::Binary { left, right, .. } => [left, right].into_iter().for_each(|e| visit(e)),
            Self::If { condition, then, otherwise } => {
                visit(condition);
                visit(then);
                visit(otherwise);
            }
            Self::Call { arguments, .. } => arguments.iter().for_each(visit),
            Self::Binder(binder) => {
                visit(&binder.over);
                binder.filter.iter().chain(&binder.key).chain(&binder.body).for_each(visit);
            }
            Self::Interpolate(parts) => parts.iter().for_each(visit),
            Self::Template(template) => visit(&template.data),
            Self::Held(held) => {
                visit(&held.of);
                held.constraints.iter().for_each(|one| {
                    visit(&one.predicate);
                    one.message.iter().for_each(&mut *visit);
                });
            }
        }
    }

    /// The value, where it is one already.
    pub fn as_value(&self) -> Option<&Value> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }
}
