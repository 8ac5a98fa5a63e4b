//! Templates: Handlebars, strict.
//!
//! The `handlebars` crate parses and renders; here stands what makes it strict. [`Template::parse`]
//! gives the tree that the compiler checks against the type of the data, with every place in it;
//! what has no meaning without files or a program around (partials, decorators, helpers of one's
//! own) is refused. [`Template::render`] first walks the tree over the data: a name that is not
//! there, a value that is no scalar where one is printed, or an output past its bound is a mistake
//! at its place, before anything is rendered. Nothing is escaped: templates are of configuration,
//! not of pages.

mod convert;
mod scan;
mod tree;
mod walk;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use bp_plan::Value;
use handlebars::{
    Context, Handlebars, Helper, HelperDef, RenderContext, RenderError, ScopedJson, no_escape,
};

pub use tree::{Block, Node, Operand, Path, Start, Step, Word};

use crate::budget::Budget;
use crate::{ErrorKind, EvalError, to_json};

/// Most bytes of a template's text.
pub const MAX_TEXT: usize = 1 << 20;
/// Most tags of a template.
pub const MAX_TAGS: usize = 10_000;
/// How deep blocks may nest; each `{{else if}}` is one level.
pub const MAX_NESTING: usize = 64;

/// A stretch of the template's text, in bytes.
pub type Span = std::ops::Range<usize>;

/// A template that is well-formed and uses nothing that there is not.
#[derive(Clone, Debug)]
pub struct Template {
    /// What it says.
    pub nodes: Vec<Node>,
    parsed: handlebars::Template,
}

/// What is wrong with a template's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub span: Span,
    /// Which kind.
    pub kind: MistakeKind,
    /// One sentence.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// Kinds of mistakes of a template's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MistakeKind {
    /// It is no Handlebars.
    Syntax,
    /// It is Handlebars that this language does not have.
    Unsupported,
    /// It is larger than templates may be.
    TooLarge,
}

/// A mistake that shows when a template is rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderMistake {
    /// Where in the template.
    pub span: Span,
    /// What, without the place.
    pub error: EvalError,
}

impl Template {
    /// The template that a text is.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let tags = scan::tags(text)?;
        let parsed = handlebars::Template::compile(text)
            .map_err(|error| convert::refused(text, &tags, &error))?;
        let nodes = convert::nodes(text, &tags, &parsed)?;
        Ok(Self { nodes, parsed })
    }

    /// The names that it uses of the data itself, not of what is in it.
    pub fn variables(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        tree::variables(&self.nodes, 0, &mut found);
        found
    }

    /// The text that it gives with this data.
    pub fn render(&self, data: &Value) -> Result<String, RenderMistake> {
        self.render_within(data, &mut Budget::default())
    }

    pub(crate) fn render_within(
        &self,
        data: &Value,
        budget: &mut Budget,
    ) -> Result<String, RenderMistake> {
        let whole = |error| RenderMistake { span: 0..0, error };
        let data = to_json(data)
            .map_err(|error| whole(EvalError::bad_argument(format!("its data: {error}"))))?;
        walk::check(&self.nodes, &data, budget)?;
        let mut registry = registry();
        registry.register_template("template", self.parsed.clone());
        let context = Context::from(data);
        registry.render_with_context("template", &context).map_err(|error| {
            whole(EvalError::new(ErrorKind::BadArgument, error.reason().to_string()))
        })
    }
}

/// The helpers of the language, and no others.
fn registry() -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(no_escape);
    let others = ["log", "eq", "ne", "gt", "gte", "lt", "lte", "and", "or", "not", "len"];
    for name in others {
        registry.unregister_helper(name);
    }
    registry.register_helper("lookup", Box::new(Lookup));
    registry
}

/// `lookup`, which gives nothing for a key that is not there: where that is no mistake, the walk has
/// said so before.
struct Lookup;

impl HelperDef for Lookup {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let argument = |at| helper.param(at).map(handlebars::PathAndJson::value);
        let found = match (argument(0), argument(1)) {
            (Some(of), Some(key)) => walk::element(of, key).cloned(),
            _ => None,
        };
        Ok(found.unwrap_or_default().into())
    }
}

/// The text of a template of the plan with this data; a mistake names the template's line.
pub(crate) fn render(
    path: &str,
    text: &str,
    data: &Value,
    budget: &mut Budget,
) -> Result<String, EvalError> {
    let template = parsed(text).map_err(|mistake| {
        let line = line(text, mistake.span.start);
        EvalError::bad_argument(format!("{path}, line {line}: {}", mistake.message))
    })?;
    template.render_within(data, budget).map_err(|mistake| {
        let line = line(text, mistake.span.start);
        let message = format!("{path}, line {line}: {}", mistake.error.message);
        EvalError::new(mistake.error.kind, message)
    })
}

/// The line of a byte, from 1.
fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// The template of a text; the last few are kept, since a fleet renders the same one again and again.
fn parsed(text: &str) -> Result<Rc<Template>, Mistake> {
    const KEPT: usize = 16;
    thread_local! {
        static TEMPLATES: RefCell<BTreeMap<String, Rc<Template>>> =
            const { RefCell::new(BTreeMap::new()) };
    }
    TEMPLATES.with_borrow_mut(|templates| {
        if let Some(known) = templates.get(text) {
            return Ok(known.clone());
        }
        let template = Rc::new(Template::parse(text)?);
        if templates.len() >= KEPT {
            templates.clear();
        }
        templates.insert(text.to_owned(), template.clone());
        Ok(template)
    })
}
