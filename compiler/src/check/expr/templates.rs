//! `template("x.hbs", data)`: the template's text checked against the type of its data.
//!
//! A variable must be there whatever the data's values are: in records and data types by their
//! fields; maps and open data are asked when the template is filled in. What may be unset must be
//! tested before it is printed. A field that a record may lack is such: it is null in the data, as it is where an
//! expression reads it.

use std::collections::BTreeSet;

use bp_eval::template::{Block, Node, Operand, Path, Span, Start, Step, Template, Word};
use bp_plan::{Expr, Type};

use super::{Checker, Part, TextFile, fits};
use crate::diagnostics::{Diagnostic, types as says};
use crate::source::{self, Place};
use crate::syntax::ast;

pub(super) const SIGNATURE: &str = "template(path: string, data: json) -> string";

impl Checker<'_> {
    /// A call of `template`.
    pub(super) fn template(&mut self, arguments: &[ast::Expr], span: source::Span) -> Option<Part> {
        let [path, given] = self.exactly("template", arguments, SIGNATURE, span)?;
        let file = self
            .path_of_file(path)
            .and_then(|(path, at)| self.taken(at, &path, |c, from| c.world.text_file(from, &path)));
        let data = self.because(None, |c| c.infer(given, None));
        let file = file?;
        // The data may go on for many lines: what names the template is enough to find it.
        let call = self.place(source::Span::new(span.start, path.span.end));
        let template = match Template::parse(&file.text) {
            Ok(template) => template,
            Err(mistake) => {
                let error = says::template_text(within(&file, &mistake.span), &mistake, call);
                self.once(error);
                return None;
            }
        };
        if data.is_broken() {
            return None;
        }
        if !fits::fits(self.world, &fits::bare(data.ty.clone()), &Type::Json) {
            let at = self.place(given.span);
            self.report(says::argument(at, "template", "data", &data.ty, SIGNATURE));
            return None;
        }
        let read =
            |ty: &Type| Walk::over(self, &file, call, fits::bare(ty.clone())).read(&template);
        let (mut found, lacked) = read(&data.ty);
        let data = if lacked.is_empty() {
            data
        } else {
            let ty = fits::with_gaps_filled(data.ty.clone(), &lacked);
            (found, _) = read(&ty);
            self.with_gaps_filled(data, ty)
        };
        if !found.is_empty() {
            self.out.extend(found);
            return None;
        }
        self.filled(&file, &template, data, call)
    }

    /// The text where the data is known, else what becomes one.
    fn filled(
        &mut self,
        file: &TextFile,
        template: &Template,
        data: Part,
        call: Place,
    ) -> Option<Part> {
        if let Some(value) = data.expr.as_value() {
            match template.render(value) {
                Ok(text) => return Some(Part::value(Type::String, text.into())),
                Err(mistake) if self.certain => {
                    let at = within(file, &mistake.span);
                    self.report(says::template_value(at, &mistake.error.message, call));
                    return None;
                }
                Err(_) => {}
            }
        }
        let is_secret = fits::holds_secret(self.world, &data.ty);
        let ty = if is_secret { fits::secret(Type::String) } else { Type::String };
        let made = bp_plan::Template {
            path: file.path.clone(),
            text: file.text.to_string(),
            data: data.expr,
        };
        Some(Part::new(ty, Expr::Template(Box::new(made)), data.phase, data.open))
    }

    /// The data with null for what its records lack and this type has.
    fn with_gaps_filled(&self, data: Part, ty: Type) -> Part {
        let expr = match data.expr {
            Expr::Value(value) => {
                let whole = bp_eval::completed(value.clone(), &ty, &self.data_types(&ty));
                Expr::Value(whole.unwrap_or(value))
            }
            of => self.held_as(of, "the data of the template".to_owned(), ty.clone()),
        };
        Part { ty, expr, ..data }
    }

    /// Reports a mistake of a text, which every call that uses the text would find again.
    fn once(&mut self, error: Diagnostic) {
        let is_told = |known: &Diagnostic| known.place == error.place && known.code == error.code;
        if !self.out.iter().any(is_told) {
            self.report(error);
        }
    }
}

fn within(file: &TextFile, span: &Span) -> Place {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Place { file: file.id, span: source::Span::new(offset(span.start), offset(span.end)) }
}

/// Which keys the elements of an `each` have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keys {
    Numbers,
    Names,
    Either,
}

/// A type, and the path that leads to the value from the data's root: what a test says of a path
/// holds for every other way to write it.
#[derive(Clone, Debug)]
struct Found {
    ty: Type,
    path: String,
}

/// What a block is about.
struct Frame {
    this: Found,
    /// What `@index` and its like are of.
    each: Option<Keys>,
    /// `as |element key|`.
    names: Vec<(String, Found)>,
}

struct Walk<'w, 'a> {
    checker: &'w Checker<'a>,
    file: &'w TextFile,
    call: Place,
    frames: Vec<Frame>,
    /// Paths that a test around has shown to be set.
    settled: Vec<String>,
    found: Vec<Diagnostic>,
    /// The names of fields that are read of records that may lack them.
    lacked: BTreeSet<String>,
    /// What has no path from the root has a number.
    numbers: usize,
}

impl<'w, 'a> Walk<'w, 'a> {
    fn over(checker: &'w Checker<'a>, file: &'w TextFile, call: Place, data: Type) -> Self {
        let this = Found { ty: data, path: String::new() };
        let frames = vec![Frame { this, each: None, names: Vec::new() }];
        let (settled, found, lacked) = (Vec::new(), Vec::new(), BTreeSet::new());
        Self { checker, file, call, frames, settled, found, lacked, numbers: 0 }
    }

    /// All mistakes of the template, and what it reads of records that may lack it.
    fn read(mut self, template: &Template) -> (Vec<Diagnostic>, BTreeSet<String>) {
        self.nodes(&template.nodes);
        (self.found, self.lacked)
    }

    fn at(&self, span: &Span) -> Place {
        within(self.file, span)
    }

    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Text(_) => {}
                Node::Print(operand) => self.print(operand),
                Node::Block(block) => self.block(block),
            }
        }
    }

    fn print(&mut self, operand: &Operand) {
        let Some(found) = self.operand(operand) else { return };
        let at = self.at(&operand.span());
        match &found.ty {
            Type::Optional(_) | Type::Null => {
                self.found.push(says::template_unsettled(at, &found.ty, "printed", self.call));
            }
            ty if !self.checker.is_scalar(ty) => {
                self.found.push(says::template_prints(at, ty, self.call));
            }
            _ => {}
        }
    }

    fn block(&mut self, block: &Block) {
        let over = self.operand(&block.of);
        match block.word {
            Word::If | Word::Unless => {
                let path = over.map(|found| found.path);
                let holds = block.word == Word::If;
                self.given(path.clone().filter(|_| holds), |walk| walk.nodes(&block.body));
                let otherwise = block.otherwise.as_deref().unwrap_or_default();
                self.given(path.filter(|_| !holds), |walk| walk.nodes(otherwise));
            }
            Word::With => {
                let this = over.and_then(|found| self.there(block, found, "gone into"));
                let each = self.frames.last().and_then(|frame| frame.each);
                self.body(block, this, each, None);
            }
            Word::Each => self.each(block, over),
        }
    }

    fn each(&mut self, block: &Block, over: Option<Found>) {
        let over = over.and_then(|found| self.there(block, found, "gone through"));
        self.numbers += 1;
        let path = format!("#{}", self.numbers);
        let of = over.and_then(|over| {
            let record = fits::bare(self.checker.as_record(&over.ty));
            match (&record, self.checker.elements(&record)) {
                (Type::Unknown, _) => None,
                (Type::List(_) | Type::Never, Some((_, of))) => Some((Keys::Numbers, of)),
                (Type::Json, Some((_, of))) => Some((Keys::Either, of)),
                (Type::Map(_) | Type::Record(_), Some((_, of))) => Some((Keys::Names, of)),
                _ => {
                    let at = self.at(&block.of.span());
                    self.found.push(says::template_goes_through(at, &over.ty, self.call));
                    None
                }
            }
        });
        let (keys, of) = of.unwrap_or((Keys::Either, Type::Unknown));
        let key = match keys {
            Keys::Numbers => Type::Int,
            Keys::Names => Type::String,
            Keys::Either => Type::Json,
        };
        let this = Some(Found { ty: fits::bare(of), path });
        self.body(block, this, Some(keys), Some(key));
    }

    /// What a block is about, which must be there unless the block says what counts without it.
    fn there(&mut self, block: &Block, found: Found, position: &str) -> Option<Found> {
        match found.ty {
            Type::Optional(of) if block.otherwise.is_some() => Some(Found { ty: *of, ..found }),
            Type::Optional(_) | Type::Null => {
                let at = self.at(&block.of.span());
                self.found.push(says::template_unsettled(at, &found.ty, position, self.call));
                None
            }
            _ => Some(found),
        }
    }

    /// The body of an `each` or `with`, then what stands after `{{else}}`.
    fn body(&mut self, block: &Block, this: Option<Found>, each: Option<Keys>, key: Option<Type>) {
        let this = this.unwrap_or(Found { ty: Type::Unknown, path: "?".to_owned() });
        let key = key.map(|ty| Found { ty, path: format!("{}@key", this.path) });
        let values = [Some(this.clone()), key];
        let names = block.names.iter().cloned().zip(values);
        let names = names.filter_map(|(name, value)| Some((name, value?))).collect();
        self.frames.push(Frame { this, each, names });
        self.nodes(&block.body);
        self.frames.pop();
        self.nodes(block.otherwise.as_deref().unwrap_or_default());
    }

    /// With this path being set inside.
    fn given(&mut self, path: Option<String>, inside: impl FnOnce(&mut Self)) {
        let outside = self.settled.len();
        self.settled.extend(path);
        inside(self);
        self.settled.truncate(outside);
    }

    /// The type of an operand; nothing where it has a mistake, which is noted.
    fn operand(&mut self, operand: &Operand) -> Option<Found> {
        self.numbers += 1;
        let path = format!("#{}", self.numbers);
        let anonymous = |ty| Found { ty, path };
        match operand {
            Operand::Path(path) => self.path(path),
            Operand::Literal(value, _) => Some(anonymous(match value {
                serde_json::Value::Null => Type::Null,
                serde_json::Value::Bool(_) => Type::Bool,
                serde_json::Value::String(text) => Type::Literal(text.clone()),
                serde_json::Value::Number(number) if number.is_f64() => Type::Float,
                serde_json::Value::Number(_) => Type::Int,
                serde_json::Value::Array(_) | serde_json::Value::Object(_) => Type::Json,
            })),
            Operand::Lookup(inner, _) => {
                let (of, key) = &**inner;
                let found = self.operand(of);
                let by = self.operand(key);
                let ty = self.lookup(&found?.ty, of, &by?.ty, key)?;
                Some(anonymous(ty))
            }
        }
    }

    fn lookup(&mut self, of: &Type, from: &Operand, key: &Type, by: &Operand) -> Option<Type> {
        if matches!(of, Type::Optional(_) | Type::Null) {
            let at = self.at(&from.span());
            self.found.push(says::template_unsettled(at, of, "looked into", self.call));
            return None;
        }
        let record = fits::bare(self.checker.as_record(of));
        match (&record, key) {
            (Type::Unknown, _) => None,
            (Type::Record(fields), Type::Literal(name)) => {
                let ty = fields.get(name).map(|of| fits::bare(fits::read(of)));
                if ty.is_none() {
                    let known: Vec<String> = fields.keys().cloned().collect();
                    let at = self.at(&by.span());
                    let error = says::template_variable(at, name, &known, None, self.call);
                    // What is written there is a literal: no name can take its place as it is.
                    self.found.push(Diagnostic { fix: None, ..error });
                }
                ty
            }
            (Type::List(of), Type::Int | Type::Json) => Some(fits::bare((**of).clone())),
            (Type::Json, Type::Int | Type::String | Type::Literal(_) | Type::Json) => {
                Some(Type::Json)
            }
            (Type::Record(_) | Type::Map(_), key)
                if fits::fits(self.checker.world, key, &Type::String) =>
            {
                let (_, of) = self.checker.elements(&record)?;
                Some(fits::bare(of))
            }
            _ => {
                let at = self.at(&by.span());
                self.found.push(says::template_lookup(at, of, key, self.call));
                None
            }
        }
    }

    fn path(&mut self, path: &Path) -> Option<Found> {
        let mut steps = path.steps.iter();
        let mut found = match &path.start {
            Start::Root => {
                let root = self.frames.first()?;
                Found { ty: root.this.ty.clone(), path: String::new() }
            }
            Start::Local(out, name) => return self.local(path, *out, name),
            Start::This(out) => match path.steps.first().and_then(|step| self.named(&step.name)) {
                Some(found) => {
                    let _ = steps.next();
                    found
                }
                None => self.this(path, *out)?,
            },
        };
        for step in steps {
            let ty = self.step(&found.ty, step, path)?;
            found = Found { ty, path: format!("{}.{}", found.path, step.name) };
            if let Type::Optional(of) = &found.ty
                && self.settled.contains(&found.path)
            {
                found.ty = (**of).clone();
            }
        }
        if let Type::Optional(of) = &found.ty
            && self.settled.contains(&found.path)
        {
            found.ty = (**of).clone();
        }
        (found.ty != Type::Unknown).then_some(found)
    }

    fn this(&mut self, path: &Path, out: usize) -> Option<Found> {
        let at = self.frames.len().checked_sub(out + 1);
        let found = at.and_then(|at| self.frames.get(at)).map(|frame| frame.this.clone());
        if found.is_none() {
            let message = format!("`{}` leads out of the data", path.text);
            let help = "`../` goes out of one `{{#each}}` or `{{#with}}`; leave one out";
            let error = says::template_place(self.at(&path.span), &message, help, self.call);
            self.found.push(error);
        }
        found
    }

    fn local(&mut self, path: &Path, out: usize, name: &str) -> Option<Found> {
        let frame = self.frames.len().checked_sub(out + 1).and_then(|at| self.frames.get(at));
        let keys = frame.and_then(|frame| frame.each);
        let ty = match (name, keys) {
            ("index", Some(_)) => Type::Int,
            ("first" | "last", Some(_)) => Type::Bool,
            ("key", Some(Keys::Names | Keys::Either)) => Type::String,
            _ => {
                let message = format!("there is no `{}` here", path.text);
                let help = match keys {
                    Some(_) => "a list's elements have no keys: `@index` counts them",
                    None => "it stands in the body of an `{{#each}}`",
                };
                let error = says::template_place(self.at(&path.span), &message, help, self.call);
                self.found.push(error);
                return None;
            }
        };
        Some(Found { ty, path: "@".to_owned() })
    }

    /// What a block around gave this name.
    fn named(&self, name: &str) -> Option<Found> {
        let names = self.frames.iter().rev().flat_map(|frame| &frame.names);
        names.into_iter().find(|(known, _)| known == name).map(|(_, found)| found.clone())
    }

    /// The type of a step further.
    fn step(&mut self, of: &Type, step: &Step, path: &Path) -> Option<Type> {
        let at = self.at(&step.span);
        match fits::bare(self.checker.as_record(of)) {
            Type::Record(fields) => {
                if let Some(ty) = fields.get(&step.name) {
                    if matches!(ty, Type::Perhaps(_)) {
                        self.lacked.insert(step.name.clone());
                    }
                    return Some(fits::bare(fits::read(ty)));
                }
                let known: Vec<String> = fields.keys().cloned().collect();
                let outer = self.outer(step, path);
                let error = says::template_variable(at, &step.name, &known, outer, self.call);
                self.found.push(error);
                None
            }
            Type::Map(of) => Some(fits::bare(*of)),
            Type::List(of) if step.name.parse::<usize>().is_ok() => Some(fits::bare(*of)),
            Type::Json => Some(Type::Json),
            Type::Unknown | Type::Never => None,
            ty @ (Type::Optional(_) | Type::Null) => {
                let position = format!("asked for its `{}`", step.name);
                let at = self.at(&path.span);
                self.found.push(says::template_unsettled(at, &ty, &position, self.call));
                None
            }
            ty => {
                self.found.push(says::template_field(at, &step.name, &ty, self.call));
                None
            }
        }
    }

    /// How a bare name would be reached that a block further out has.
    fn outer(&self, step: &Step, path: &Path) -> Option<String> {
        if path.text != step.name {
            return None;
        }
        let mut out = String::new();
        for frame in self.frames.iter().rev().skip(1) {
            out.push_str("../");
            if let Type::Record(fields) = self.checker.as_record(&frame.this.ty)
                && fields.contains_key(&step.name)
            {
                return Some(format!("{out}{}", step.name));
            }
        }
        None
    }
}
