//! From the tree of the `handlebars` crate to ours: places found, what the language does not have refused.

use handlebars::template::{BlockParam, HelperTemplate, Parameter, TemplateElement};
use handlebars::{PathSeg, TemplateError, TemplateErrorReason};

use super::scan::{Tag, mistake};
use super::tree::{Block, Node, Operand, Path, Start, Step, Word};
use super::{Mistake, MistakeKind, Span};

/// The helpers that there are; a variable of such a name is written `this.each`.
const HELPERS: [&str; 6] = ["if", "unless", "each", "with", "lookup", "raw"];
/// What `@` may stand before.
const LOCALS: [&str; 4] = ["index", "key", "first", "last"];

/// A mistake that the parser found.
pub(super) fn refused(text: &str, tags: &[Tag], error: &TemplateError) -> Mistake {
    let at = error.pos().map_or(0, |(line, column)| offset(text, line, column));
    let inside = tags.iter().find(|tag| tag.span.contains(&at));
    let span = match inside {
        Some(tag) => tag.span.clone(),
        // It stands after a tag that could not go on.
        None => tags.iter().rev().find(|tag| tag.span.end <= at).map_or(at..at, |t| t.span.clone()),
    };
    let message = match error.reason() {
        TemplateErrorReason::InvalidParam(param) => format!("`{param}` is no argument"),
        _ => match text.get(span.clone()).filter(|tag| !tag.is_empty()) {
            Some(tag) => format!("`{}` is no tag of a template", crate::text::shorten(tag)),
            None => "the template can't be read here".to_owned(),
        },
    };
    let help = "a tag is `{{x}}`, `{{a.b}}`, `{{#if x}} … {{else}} … {{/if}}`, and so with `unless`, `each` and `with`; braces that are text are written `\\{{`";
    mistake(span, MistakeKind::Syntax, message, help)
}

/// The byte at a line and column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let within = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
    start + within
}

/// The tree.
pub(super) fn nodes(
    text: &str,
    tags: &[Tag],
    parsed: &handlebars::Template,
) -> Result<Vec<Node>, Mistake> {
    Converter { text, tags: tags.iter() }.nodes(parsed)
}

struct Converter<'t> {
    text: &'t str,
    /// The tags that no element was found for yet. Elements come in the order of the text.
    tags: std::slice::Iter<'t, Tag>,
}

/// Finds the parts of a tag in its text, in turn.
struct Finder<'t> {
    text: &'t str,
    at: usize,
    tag: Span,
}

impl Finder<'_> {
    fn find(&mut self, part: &str) -> Span {
        let rest = self.text.get(self.at..self.tag.end).unwrap_or_default();
        match rest.find(part).filter(|_| !part.is_empty()) {
            Some(found) => {
                let start = self.at + found;
                self.at = start + part.len();
                start..self.at
            }
            None => self.tag.clone(),
        }
    }
}

impl<'t> Converter<'t> {
    fn nodes(&mut self, template: &handlebars::Template) -> Result<Vec<Node>, Mistake> {
        let mut nodes = Vec::with_capacity(template.elements.len());
        for element in &template.elements {
            nodes.extend(self.node(element)?);
        }
        Ok(nodes)
    }

    fn node(&mut self, element: &TemplateElement) -> Result<Option<Node>, Mistake> {
        Ok(Some(match element {
            TemplateElement::RawString(text) => Node::Text(text.len()),
            TemplateElement::Expression(of) | TemplateElement::HtmlExpression(of) => {
                Node::Print(self.print(of)?)
            }
            TemplateElement::HelperBlock(of) => return self.block(of),
            TemplateElement::PartialExpression(_) | TemplateElement::PartialBlock(_) => {
                let span = self.next();
                let help = "a template stands alone: write the part in place, or give its text in the data with `template(\"…\", { … })`";
                return Err(unsupported(span, "templates have no partials", help));
            }
            TemplateElement::DecoratorExpression(_) | TemplateElement::DecoratorBlock(_) => {
                let span = self.next();
                let help = "work the value out in the blueprint, and give it in the data";
                return Err(unsupported(span, "templates have no decorators", help));
            }
            _ => return Ok(None),
        }))
    }

    fn next(&mut self) -> Span {
        self.tags.next().map_or(0..0, |tag| tag.span.clone())
    }

    fn finder(&mut self) -> Finder<'t> {
        let tag = self.next();
        Finder { text: self.text, at: tag.start + 2, tag }
    }

    /// `{{x}}`, `{{lookup a b}}`.
    fn print(&mut self, of: &HelperTemplate) -> Result<Operand, Mistake> {
        let mut finder = self.finder();
        let is_name = of.params.is_empty() && of.hash.is_empty();
        match &of.name {
            Parameter::Path(path) if is_name => {
                let name = of.name.as_name().unwrap_or_default();
                if HELPERS.contains(&name) {
                    let message = format!("`{name}` is a helper, and stands alone here");
                    let help = format!("write `this.{name}` for a variable of this name");
                    return Err(unsupported(finder.find(name), message, help));
                }
                self::path(path, name, &mut finder).map(Operand::Path)
            }
            Parameter::Name(name) => call(name, &of.params, of.hash.is_empty(), &mut finder),
            _ => {
                let help = "print a path into the data: `{{a.b}}`";
                Err(unsupported(finder.tag, "this can't be printed", help))
            }
        }
    }

    fn block(&mut self, of: &HelperTemplate) -> Result<Option<Node>, Mistake> {
        let mut finder = self.finder();
        let span = finder.tag.clone();
        let name = of.name.as_name().unwrap_or_default();
        let _ = finder.find(name);
        let word = match name {
            "if" => Word::If,
            "unless" => Word::Unless,
            "each" => Word::Each,
            "with" => Word::With,
            "raw" if of.params.is_empty() && of.hash.is_empty() && of.block_param.is_none() => {
                let body = of.template.as_ref().map(|body| self.nodes(body)).transpose()?;
                let texts = body.into_iter().flatten().map(|node| match node {
                    Node::Text(size) => size,
                    _ => 0,
                });
                return Ok(Some(Node::Text(texts.sum())));
            }
            other => return Err(no_helper(span, other)),
        };
        let [operand] = of.params.as_slice() else {
            let message =
                format!("`{{{{#{name}}}}}` takes one argument, found {}", of.params.len());
            let help = format!("write `{{{{#{name} x}}}}`");
            return Err(mistake(span, MistakeKind::Syntax, message, help));
        };
        let operand = self::operand(operand, &mut finder)?;
        let includes_zero = includes_zero(of, word, &span)?;
        let names: Vec<String> = match &of.block_param {
            Some(BlockParam::Single(name)) => {
                name.as_name().map(str::to_owned).into_iter().collect()
            }
            Some(BlockParam::Pair((first, second))) => {
                [first, second].into_iter().filter_map(|n| n.as_name()).map(str::to_owned).collect()
            }
            None | Some(_) => Vec::new(),
        };
        let most = match word {
            Word::Each => 2,
            Word::With => 1,
            Word::If | Word::Unless => 0,
        };
        if names.len() > most {
            let message = match most {
                0 => format!("`{{{{#{name}}}}}` gives nothing a name"),
                _ => format!("`{{{{#{name}}}}}` gives one thing a name"),
            };
            return Err(unsupported(span, message, "remove `as |…|`, or shorten it"));
        }
        let body = of.template.as_ref().map(|body| self.nodes(body)).transpose()?;
        let otherwise = of.inverse.as_ref().map(|other| self.nodes(other)).transpose()?;
        let body = body.unwrap_or_default();
        let block = Block { word, span, of: operand, includes_zero, names, body, otherwise };
        Ok(Some(Node::Block(Box::new(block))))
    }
}

/// `includeZero=true` of an `if` or `unless`; nothing else may stand there.
fn includes_zero(of: &HelperTemplate, word: Word, span: &Span) -> Result<bool, Mistake> {
    let tests = matches!(word, Word::If | Word::Unless);
    let Some((name, value)) = of.hash.iter().min_by_key(|(name, _)| name.as_str()) else {
        return Ok(false);
    };
    match value {
        Parameter::Literal(serde_json::Value::Bool(truth))
            if tests && name == "includeZero" && of.hash.len() == 1 =>
        {
            Ok(*truth)
        }
        _ => {
            let message = format!("`{{{{#{}}}}}` takes no `{name}=…` like this", word.text());
            let help = "`{{#if x includeZero=true}}` is the only named argument that there is";
            Err(unsupported(span.clone(), message, help))
        }
    }
}

fn unsupported(span: Span, message: impl Into<String>, help: impl Into<String>) -> Mistake {
    mistake(span, MistakeKind::Unsupported, message, help)
}

fn no_helper(span: Span, name: &str) -> Mistake {
    let message = format!("there is no helper `{}`", crate::text::shorten(name));
    let help = "there are `if`, `unless`, `each`, `with` and `lookup`; everything else is worked out in the blueprint and given in the data";
    unsupported(span, message, help)
}

/// A helper's call that gives a value: `lookup of key`.
fn call(
    name: &str,
    arguments: &[Parameter],
    is_plain: bool,
    finder: &mut Finder<'_>,
) -> Result<Operand, Mistake> {
    let head = finder.find(name);
    match (name, arguments) {
        ("lookup", [of, key]) if is_plain => {
            let of = operand(of, finder)?;
            let key = operand(key, finder)?;
            let span = head.start..key.span().end.max(head.end);
            Ok(Operand::Lookup(Box::new((of, key)), span))
        }
        ("lookup", _) => {
            let help = "write `lookup labels \"zone\"`";
            Err(unsupported(head, "`lookup` takes a collection and a key", help))
        }
        ("if" | "unless" | "each" | "with" | "raw", _) => {
            let message = format!("`{name}` is the word of a block");
            let help = format!("write `{{{{#{name} x}}}} … {{{{/{name}}}}}`");
            Err(unsupported(head, message, help))
        }
        _ => Err(no_helper(head, name)),
    }
}

fn operand(of: &Parameter, finder: &mut Finder<'_>) -> Result<Operand, Mistake> {
    match of {
        Parameter::Path(path) => {
            let text = of.as_name().unwrap_or_default();
            self::path(path, text, finder).map(Operand::Path)
        }
        Parameter::Literal(value) => {
            let span = finder.find(&value.to_string());
            Ok(Operand::Literal(value.clone(), span))
        }
        Parameter::Subexpression(of) => match of.as_element() {
            TemplateElement::Expression(inner) => match &inner.name {
                Parameter::Name(name) => call(name, &inner.params, inner.hash.is_empty(), finder),
                other => Err(no_helper(finder.tag.clone(), other.as_name().unwrap_or("(…)"))),
            },
            _ => Err(no_helper(finder.tag.clone(), "(…)")),
        },
        _ => {
            let help = "give a path into the data, a literal or `(lookup of key)`";
            Err(unsupported(finder.tag.clone(), "this is no argument", help))
        }
    }
}

fn path(path: &handlebars::Path, text: &str, finder: &mut Finder<'_>) -> Result<Path, Mistake> {
    let span = finder.find(text);
    match path {
        handlebars::Path::Local((out, name, _)) => {
            if !LOCALS.contains(&name.as_str()) || !text.ends_with(name.as_str()) {
                let message = format!("there is no `{text}`");
                let help = "inside of `{{#each}}` there are `@index`, `@key`, `@first` and `@last`; the whole data is `@root.x`";
                return Err(unsupported(span, message, help));
            }
            let start = Start::Local(*out, name.clone());
            Ok(Path { span, text: text.to_owned(), start, steps: Vec::new() })
        }
        handlebars::Path::Relative((segments, _)) => {
            let is_root = text.starts_with("@root");
            let ruled = segments.iter().filter(|s| !matches!(s, PathSeg::Named(_))).count();
            let out = ruled.saturating_sub(usize::from(is_root));
            if is_root && (out > 0 || ruled == 0) {
                let help = "after `@root` come names: `@root.x`";
                return Err(unsupported(span, format!("there is no `{text}`"), help));
            }
            let mut at = 0;
            let mut steps = Vec::new();
            for segment in segments {
                let PathSeg::Named(name) = segment else { continue };
                let found = text.get(at..).and_then(|rest| rest.find(name.as_str()));
                let from = at + found.unwrap_or_default();
                at = from + name.len();
                let span = span.start + from..span.start + at;
                steps.push(Step { name: name.clone(), span });
            }
            let start = if is_root { Start::Root } else { Start::This(out) };
            Ok(Path { span, text: text.to_owned(), start, steps })
        }
    }
}
