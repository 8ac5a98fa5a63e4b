//! A template walked over its data before it is rendered: everything that it names must be there.
//!
//! It goes where rendering will go, so what it counts bounds what rendering costs.

use std::borrow::Cow;

use handlebars::JsonTruthy as _;
use serde_json::Value as Json;

use super::tree::{Block, Node, Operand, Path, Start, Word};
use super::{RenderMistake, Span};
use crate::budget::{Budget, MAX_STRING};
use crate::text::{named, shorten};
use crate::{ErrorKind, EvalError};

/// What a block is about.
struct Frame<'d> {
    this: Cow<'d, Json>,
    /// `@index` and its like, where they are told.
    locals: Vec<(&'static str, Json)>,
    /// `as |element key|`.
    names: Vec<(&'d str, Cow<'d, Json>)>,
}

struct Walk<'d, 'b> {
    frames: Vec<Frame<'d>>,
    root: &'d Json,
    budget: &'b mut Budget,
    /// Bytes of the output so far.
    size: usize,
}

/// Whether all that a template names is there, and its output within bounds.
pub(super) fn check(nodes: &[Node], data: &Json, budget: &mut Budget) -> Result<(), RenderMistake> {
    let frame = Frame { this: Cow::Borrowed(data), locals: Vec::new(), names: Vec::new() };
    Walk { frames: vec![frame], root: data, budget, size: 0 }.nodes(nodes)
}

/// An element of a list or map.
pub(super) fn element<'j>(of: &'j Json, key: &Json) -> Option<&'j Json> {
    match (of, key) {
        (Json::Array(items), key) => items.get(usize::try_from(key.as_u64()?).ok()?),
        (Json::Object(entries), Json::String(key)) => entries.get(key),
        _ => None,
    }
}

fn fail(span: &Span, kind: ErrorKind, message: impl Into<String>) -> RenderMistake {
    RenderMistake { span: span.clone(), error: EvalError::new(kind, message) }
}

impl<'d> Walk<'d, '_> {
    fn nodes(&mut self, nodes: &'d [Node]) -> Result<(), RenderMistake> {
        for node in nodes {
            match node {
                Node::Text(size) => self.add(*size, &(0..0))?,
                Node::Print(operand) => self.print(operand)?,
                Node::Block(block) => self.block(block)?,
            }
        }
        Ok(())
    }

    fn add(&mut self, size: usize, span: &Span) -> Result<(), RenderMistake> {
        let at = |error| RenderMistake { span: span.clone(), error };
        self.budget.step().map_err(at)?;
        self.size = self.size.saturating_add(size);
        if self.size > MAX_STRING {
            let message = format!("what it gives has more than {} MiB", MAX_STRING >> 20);
            return Err(fail(span, ErrorKind::TooLarge, message));
        }
        Ok(())
    }

    fn print(&mut self, operand: &'d Operand) -> Result<(), RenderMistake> {
        let span = operand.span();
        let value = self.value(operand)?;
        let text = match &*value {
            Json::String(text) => text.len(),
            Json::Bool(_) => 5,
            Json::Number(number) => number.to_string().len(),
            Json::Null => {
                let message = "there is nothing to print: this is null";
                return Err(fail(&span, ErrorKind::WrongType, message));
            }
            Json::Array(_) | Json::Object(_) => {
                let message = format!("expected a scalar to print, found {}", described(&value));
                return Err(fail(&span, ErrorKind::WrongType, message));
            }
        };
        self.add(text, &span)
    }

    fn block(&mut self, block: &'d Block) -> Result<(), RenderMistake> {
        self.add(0, &block.span)?;
        match block.word {
            Word::If | Word::Unless => {
                let asked = self.asked(&block.of)?;
                let holds = asked.is_some_and(|value| value.is_truthy(block.includes_zero));
                if holds == (block.word == Word::If) {
                    self.nodes(&block.body)
                } else {
                    self.otherwise(block)
                }
            }
            Word::With => match self.asked(&block.of)?.filter(|value| value.is_truthy(false)) {
                Some(this) => {
                    let locals = self.frames.last().map(|frame| frame.locals.clone());
                    self.within(block, this, locals.unwrap_or_default(), None)
                }
                None => self.otherwise(block),
            },
            Word::Each => self.each(block),
        }
    }

    fn otherwise(&mut self, block: &'d Block) -> Result<(), RenderMistake> {
        match &block.otherwise {
            Some(nodes) => self.nodes(nodes),
            None if block.word == Word::With => {
                let message = "there is nothing to go into, and no `{{else}}`";
                Err(fail(&block.of.span(), ErrorKind::WrongType, message))
            }
            None => Ok(()),
        }
    }

    fn each(&mut self, block: &'d Block) -> Result<(), RenderMistake> {
        let over = self.asked(&block.of)?;
        let over = match over {
            None if block.otherwise.is_some() => return self.otherwise(block),
            None => {
                let message = "there is nothing to go through, and no `{{else}}`";
                return Err(fail(&block.of.span(), ErrorKind::MissingKey, message));
            }
            Some(Cow::Borrowed(Json::Null)) if block.otherwise.is_some() => {
                return self.otherwise(block);
            }
            Some(Cow::Borrowed(over)) => over,
            Some(Cow::Owned(_)) => &Json::Null,
        };
        let elements: Vec<(Json, &'d Json)> = match over {
            Json::Array(items) => items.iter().enumerate().map(|(i, v)| (i.into(), v)).collect(),
            Json::Object(entries) => {
                entries.iter().map(|(key, v)| (Json::String(key.clone()), v)).collect()
            }
            other => {
                let message = format!("expected a list or a map, found {}", described(other));
                return Err(fail(&block.of.span(), ErrorKind::WrongType, message));
            }
        };
        if elements.is_empty() {
            return self.otherwise(block);
        }
        let last = elements.len() - 1;
        for (index, (key, value)) in elements.into_iter().enumerate() {
            self.add(0, &block.span)?;
            let mut locals = vec![
                ("index", Json::from(index)),
                ("first", Json::Bool(index == 0)),
                ("last", Json::Bool(index == last)),
            ];
            if key.is_string() {
                locals.push(("key", key.clone()));
            }
            self.within(block, Cow::Borrowed(value), locals, Some(key))?;
        }
        Ok(())
    }

    /// The block's body, with `this` being this.
    fn within(
        &mut self,
        block: &'d Block,
        this: Cow<'d, Json>,
        locals: Vec<(&'static str, Json)>,
        key: Option<Json>,
    ) -> Result<(), RenderMistake> {
        let values = [Some(this.clone()), key.map(Cow::Owned)];
        let names = block.names.iter().map(String::as_str).zip(values);
        let names = names.filter_map(|(name, value)| Some((name, value?))).collect();
        self.frames.push(Frame { this, locals, names });
        let result = self.nodes(&block.body);
        self.frames.pop();
        result
    }

    /// The value of an operand that must be there.
    fn value(&self, operand: &'d Operand) -> Result<Cow<'d, Json>, RenderMistake> {
        let missing = |key: &str| {
            let message = format!("there is no element {key}");
            fail(&operand.span(), ErrorKind::MissingKey, message)
        };
        match operand {
            Operand::Lookup(of, _) => {
                let (of, by) = &**of;
                let (of, key) = (self.value(of)?, self.value(by)?);
                found(&of, &key).ok_or_else(|| missing(&as_written(by)))
            }
            _ => self.asked(operand).and_then(|value| value.ok_or_else(|| missing("there"))),
        }
    }

    /// The value of an operand that is asked for: with `lookup` it may be missing.
    fn asked(&self, operand: &'d Operand) -> Result<Option<Cow<'d, Json>>, RenderMistake> {
        match operand {
            Operand::Path(path) => self.path(path).map(Some),
            Operand::Literal(value, _) => Ok(Some(Cow::Borrowed(value))),
            Operand::Lookup(of, _) => {
                let (of, key) = &**of;
                let (Some(of), key) = (self.asked(of)?, self.value(key)?) else { return Ok(None) };
                Ok(found(&of, &key))
            }
        }
    }

    fn path(&self, path: &'d Path) -> Result<Cow<'d, Json>, RenderMistake> {
        let frame =
            |out: usize| self.frames.len().checked_sub(out + 1).and_then(|at| self.frames.get(at));
        let outside = || {
            let message = format!("`{}` leads out of the data", path.text);
            fail(&path.span, ErrorKind::MissingKey, message)
        };
        let mut steps = path.steps.iter();
        let mut value = match &path.start {
            Start::Root => Cow::Borrowed(self.root),
            Start::Local(out, name) => {
                let frame = frame(*out).ok_or_else(outside)?;
                let local = frame.locals.iter().find(|(known, _)| known == name);
                let (_, value) = local.ok_or_else(|| {
                    let message = format!("there is no `@{name}` here");
                    fail(&path.span, ErrorKind::MissingKey, message)
                })?;
                Cow::Owned(value.clone())
            }
            Start::This(out) => match path.steps.first().and_then(|step| self.named(&step.name)) {
                Some(value) => {
                    let _ = steps.next();
                    value
                }
                None => frame(*out).ok_or_else(outside)?.this.clone(),
            },
        };
        for step in steps {
            let found = self::step(&value, &step.name);
            value = found.ok_or_else(|| {
                fail(&step.span, ErrorKind::MissingKey, missing(&value, &step.name))
            })?;
        }
        Ok(value)
    }

    /// What a block around gave this name.
    fn named(&self, name: &str) -> Option<Cow<'d, Json>> {
        let names = self.frames.iter().rev().flat_map(|frame| &frame.names);
        names.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    }
}

/// An element of what is kept or borrowed, without a copy where that can be.
fn found<'d>(of: &Cow<'d, Json>, key: &Json) -> Option<Cow<'d, Json>> {
    match of {
        Cow::Borrowed(of) => element(of, key).map(Cow::Borrowed),
        Cow::Owned(of) => element(of, key).cloned().map(Cow::Owned),
    }
}

fn step<'d>(of: &Cow<'d, Json>, name: &str) -> Option<Cow<'d, Json>> {
    fn member<'j>(of: &'j Json, name: &str) -> Option<&'j Json> {
        match of {
            Json::Array(items) => items.get(name.parse::<usize>().ok()?),
            Json::Object(entries) => entries.get(name),
            _ => None,
        }
    }
    match of {
        Cow::Borrowed(of) => member(of, name).map(Cow::Borrowed),
        Cow::Owned(of) => member(of, name).cloned().map(Cow::Owned),
    }
}

fn missing(of: &Json, name: &str) -> String {
    let name = shorten(name);
    match of {
        Json::Object(entries) if entries.is_empty() => {
            format!("there is no `{name}`: it is empty")
        }
        Json::Object(entries) => {
            let mut keys: Vec<String> = entries.keys().cloned().collect();
            keys.sort_unstable();
            format!("there is no `{name}`: there is {}", named(keys.iter()))
        }
        Json::Array(items) => {
            format!("there is no element `{name}`: the list has {}, counted from 0", items.len())
        }
        other => format!("there is no `{name}` in {}", described(other)),
    }
}

/// How a key is told: as the template has it. What it is may be a secret.
fn as_written(key: &Operand) -> String {
    match key {
        Operand::Literal(value, _) => shorten(&value.to_string()),
        Operand::Path(path) => format!("by the name that `{}` has", shorten(&path.text)),
        Operand::Lookup(..) => "by the name that was looked up".to_owned(),
    }
}

/// What a value is, not which: it may be a secret.
fn described(value: &Json) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(_) => "a bool".to_owned(),
        Json::Number(_) => "a number".to_owned(),
        Json::String(_) => "a string".to_owned(),
        Json::Array(items) => match items.len() {
            1 => "a list of 1 element".to_owned(),
            n => format!("a list of {n} elements"),
        },
        Json::Object(_) => "a map".to_owned(),
    }
}
