//! A template as a tree: what it prints and asks, each with its place.

use std::collections::BTreeSet;

use super::Span;

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// So many bytes of text, as they stand.
    Text(usize),
    /// `{{x}}`: prints a scalar.
    Print(Operand),
    /// `{{#if x}}…{{/if}}` and its like.
    Block(Box<Block>),
}

/// A block.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Which.
    pub word: Word,
    /// Where its opening tag stands.
    pub span: Span,
    /// What it asks, goes through or goes into.
    pub of: Operand,
    /// For `if` and `unless`: whether 0 counts as something.
    pub includes_zero: bool,
    /// `as |element key|`.
    pub names: Vec<String>,
    /// What it says.
    pub body: Vec<Node>,
    /// What stands after `{{else}}`.
    pub otherwise: Option<Vec<Node>>,
}

/// What a block does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Word {
    /// Once, where there is something.
    If,
    /// Once, where there is nothing.
    Unless,
    /// For each element.
    Each,
    /// Once, with `this` being it.
    With,
}

impl Word {
    /// As templates write it.
    pub fn text(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::Unless => "unless",
            Self::Each => "each",
            Self::With => "with",
        }
    }
}

/// What stands for a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A path into the data.
    Path(Path),
    /// What it says.
    Literal(serde_json::Value, Span),
    /// `lookup of key`: an element that perhaps is not there.
    Lookup(Box<(Operand, Operand)>, Span),
}

impl Operand {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Path(path) => path.span.clone(),
            Self::Literal(_, span) | Self::Lookup(_, span) => span.clone(),
        }
    }
}

/// A path into the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Where it stands.
    pub span: Span,
    /// As written.
    pub text: String,
    /// Where it begins.
    pub start: Start,
    /// The steps from there; none for `this`.
    pub steps: Vec<Step>,
}

/// Where a path begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// At `this`, so many blocks (`each` and `with`) further out. The first step may be a block's own name.
    This(usize),
    /// At the whole data: `@root`.
    Root,
    /// `@index`, `@key`, `@first`, `@last`, so many blocks further out.
    Local(usize, String),
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The field, key or index.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// The names of the data itself that these use, so many `each` and `with` inside of it.
pub(super) fn variables(nodes: &[Node], depth: usize, found: &mut BTreeSet<String>) {
    for node in nodes {
        match node {
            Node::Text(_) => {}
            Node::Print(operand) => operand.variables(depth, found),
            Node::Block(block) => {
                block.of.variables(depth, found);
                let inner = match block.word {
                    Word::If | Word::Unless => depth,
                    Word::With | Word::Each => depth + 1,
                };
                variables(&block.body, inner, found);
                variables(block.otherwise.as_deref().unwrap_or_default(), depth, found);
            }
        }
    }
}

impl Operand {
    fn variables(&self, depth: usize, found: &mut BTreeSet<String>) {
        match self {
            Self::Path(path) => {
                let is_of_data = match path.start {
                    Start::This(out) => out == depth,
                    Start::Root => true,
                    Start::Local(..) => false,
                };
                if let Some(step) = path.steps.first().filter(|_| is_of_data) {
                    found.insert(step.name.clone());
                }
            }
            Self::Literal(..) => {}
            Self::Lookup(both, _) => {
                both.0.variables(depth, found);
                both.1.variables(depth, found);
            }
        }
    }
}
