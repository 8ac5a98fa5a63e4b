//! The walk over an expression: one arm for each form.
//!
//! Inside, what isn't a value is a [`Stop`], so that `?` carries it outwards; where several parts
//! are evaluated, a mistake counts before a secret, and a secret before what isn't known.

use std::cell::Cell;
use std::collections::BTreeSet;

use bp_plan::{BinaryOp, Entry, Expr, Item, Template, UnaryOp, Value};

use crate::budget::{Budget, MAX_FOLDED_BYTES};
use crate::constraint::Nowhere;
use crate::text::described;
use crate::typed::DataTypes;
use crate::{
    Environment, ErrorKind, EvalError, Outcome, Outer, Step, access, functions, operators, template,
};

/// How deep expressions may nest, with the constants and functions that they use.
pub(crate) const MAX_DEPTH: usize = 256;

thread_local! {
    /// How deep this thread is in expressions. It counts across evaluations, since an environment
    /// may evaluate a constant in the midst of another.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// One level deeper, until it is dropped.
pub(crate) struct Level;

impl Level {
    pub(crate) fn enter() -> Result<Self, EvalError> {
        let depth = DEPTH.get();
        if depth >= MAX_DEPTH {
            return Err(EvalError::new(
                ErrorKind::TooLarge,
                format!("the expression nests more than {MAX_DEPTH} deep: name its parts"),
            ));
        }
        DEPTH.set(depth + 1);
        Ok(Self)
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

/// Why there is no value.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    Unknown,
    Secret(BTreeSet<String>),
    Error(EvalError),
}

impl From<EvalError> for Stop {
    fn from(error: EvalError) -> Self {
        Self::Error(error)
    }
}

impl From<Outcome> for Result<Value, Stop> {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Value(value) => Ok(value),
            Outcome::Unknown => Err(Stop::Unknown),
            Outcome::Secret(names) => Err(Stop::Secret(names)),
        }
    }
}

pub(crate) type Eval = Result<Value, Stop>;

/// Remembers the gravest stop of several parts.
#[derive(Default)]
pub(crate) struct Gravest(Option<Stop>);

impl Gravest {
    /// The value, or nothing after noting why there is none. A mistake ends it at once.
    pub(crate) fn note(&mut self, part: Eval) -> Result<Option<Value>, EvalError> {
        match part {
            Ok(value) => return Ok(Some(value)),
            Err(Stop::Error(error)) => return Err(error),
            Err(Stop::Secret(names)) => match &mut self.0 {
                Some(Stop::Secret(known)) => known.extend(names),
                other => *other = Some(Stop::Secret(names)),
            },
            Err(Stop::Unknown) => {
                self.0.get_or_insert(Stop::Unknown);
            }
        }
        Ok(None)
    }

    /// Whether every part so far was a value.
    pub(crate) fn is_clear(&self) -> bool {
        self.0.is_none()
    }

    /// Whether no part so far was secret.
    pub(crate) fn is_clear_of_secrets(&self) -> bool {
        !matches!(self.0, Some(Stop::Secret(_)))
    }

    /// The stop, if any part had one.
    pub(crate) fn settle(self) -> Result<(), Stop> {
        self.0.map_or(Ok(()), Err)
    }
}

/// What an expression comes to in these surroundings.
pub fn evaluate(expr: &Expr, env: &dyn Environment) -> Result<Outcome, EvalError> {
    evaluate_with(expr, env, &[])
}

/// As [`evaluate`], while compiling, of what needs nothing from outside but perhaps data types: it may take
/// less room.
pub fn evaluate_constant(
    expr: &Expr,
    data_types: Option<&DataTypes>,
) -> Result<Outcome, EvalError> {
    let budget = Budget::of(MAX_FOLDED_BYTES);
    Evaluator { env: &Nowhere { data_types }, locals: Vec::new(), budget }.outcome(expr)
}

/// As [`evaluate`], with values for some locals (loop variables, parameters).
pub fn evaluate_with(
    expr: &Expr,
    env: &dyn Environment,
    locals: &[(&str, Value)],
) -> Result<Outcome, EvalError> {
    let mut evaluator = Evaluator::new(env);
    // Just as many: this is evaluated very often, and mostly nothing comes to these.
    evaluator.locals.reserve_exact(locals.len());
    evaluator.locals.extend(locals.iter().map(|(name, value)| (*name, Ok(value.clone()))));
    evaluator.outcome(expr)
}

/// One evaluation: its surroundings, the locals in scope, what it may still cost.
pub(crate) struct Evaluator<'a> {
    pub(crate) env: &'a dyn Environment,
    pub(crate) locals: Vec<(&'a str, Eval)>,
    pub(crate) budget: Budget,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(env: &'a dyn Environment) -> Self {
        Self { env, locals: Vec::new(), budget: Budget::default() }
    }

    fn outcome(&mut self, expr: &'a Expr) -> Result<Outcome, EvalError> {
        match self.eval(expr) {
            Ok(value) => Ok(Outcome::Value(value)),
            Err(Stop::Unknown) => Ok(Outcome::Unknown),
            Err(Stop::Secret(names)) => Ok(Outcome::Secret(names)),
            Err(Stop::Error(error)) => Err(error),
        }
    }

    pub(crate) fn eval(&mut self, expr: &'a Expr) -> Eval {
        let came_to = self.untraced(expr);
        if let Some(tracer) = self.env.tracer() {
            self.trace(tracer, expr, &came_to);
        }
        came_to
    }

    /// As [`Evaluator::eval`], of what only a part is taken from: nobody is told of the whole.
    fn untraced(&mut self, expr: &'a Expr) -> Eval {
        let _level = Level::enter()?;
        self.budget.step()?;
        match expr {
            Expr::Value(value) => {
                self.budget.weigh(value)?;
                Ok(value.clone())
            }
            Expr::Secret(name) => self.env.secret(name)?.into(),
            Expr::Local(name) => self.local(name),
            Expr::Input(_)
            | Expr::Const(_)
            | Expr::This
            | Expr::Source
            | Expr::Target
            | Expr::Deployment
            | Expr::Node(_)
            | Expr::Selection(_)
            | Expr::Group(_)
            | Expr::Requirement(_) => self.outer(expr),
            Expr::Field { of, name, safe } => self.field(of, name, *safe),
            Expr::Index { of, key, safe } => self.index(of, key, *safe),
            Expr::Splat { of, body } => self.splat(of, body),
            Expr::List(items) => self.list(items),
            Expr::Record(entries) => self.record(entries),
            Expr::Unary { op, of } => self.unary(*op, of),
            Expr::Binary { op, left, right } => match op {
                BinaryOp::And => self.logical(left, right, false),
                BinaryOp::Or => self.logical(left, right, true),
                BinaryOp::Coalesce => self.coalesce(left, right),
                _ => self.strict(*op, left, right),
            },
            Expr::If { condition, then, otherwise } => self.branch(condition, then, otherwise),
            Expr::Call { function, arguments } => self.call(function, arguments),
            Expr::Binder(binder) => self.binder(binder),
            Expr::Interpolate(parts) => self.interpolate(parts),
            Expr::Template(template) => self.template(template),
            Expr::Held(held) => self.held(held),
        }
    }

    fn local(&mut self, name: &str) -> Eval {
        let Some((_, value)) = self.locals.iter().rev().find(|(known, _)| *known == name) else {
            return Err(EvalError::new(
                ErrorKind::Unavailable,
                format!("there is no local `{name}` here"),
            )
            .into());
        };
        if let Ok(value) = value {
            self.budget.weigh(value)?;
        }
        value.clone()
    }

    fn outer(&mut self, expr: &Expr) -> Eval {
        let outcome = match expr {
            Expr::Input(name) => self.env.input(name),
            Expr::Const(name) => self.env.constant(name),
            Expr::Source => self.env.name(Outer::Source),
            Expr::Target => self.env.name(Outer::Target),
            Expr::Deployment => self.env.name(Outer::Deployment),
            Expr::Node(name) => self.env.name(Outer::Node(name)),
            Expr::Selection(name) => self.env.name(Outer::Selection(name)),
            Expr::Group(name) => self.env.name(Outer::Group(name)),
            Expr::Requirement(name) => self.env.name(Outer::Requirement(name)),
            _ => self.env.name(Outer::This),
        }?;
        let value = <Result<Value, Stop>>::from(outcome)?;
        self.budget.weigh(&value)?;
        Ok(value)
    }

    /// The value that a path of locals and literals stands for, without a copy.
    fn place(&self, expr: &'a Expr) -> Option<&Value> {
        match expr {
            Expr::Value(value) => Some(value),
            Expr::Local(name) => {
                self.locals.iter().rev().find(|(known, _)| known == name)?.1.as_ref().ok()
            }
            Expr::Field { of, name, .. } => match self.place(of)? {
                Value::Map(entries) => entries.get(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// What a step leads to from `of`, which is a part of a node that is not known as a whole, or has a secret part.
    fn part(&mut self, of: &'a Expr, last: Step) -> Option<Eval> {
        let mut path = vec![last];
        let mut from = of;
        let mut reference = loop {
            match from {
                Expr::Field { of, name, .. } => {
                    path.push(Step::Field(name.clone()));
                    from = of;
                }
                _ => match (self.eval(from), from) {
                    (Ok(Value::Reference(reference)), _) => break reference,
                    (Err(_), Expr::Index { of, key, .. }) => {
                        path.push(Step::Key(self.eval(key).ok()?));
                        from = of;
                    }
                    _ => return None,
                },
            }
        };
        path.reverse();
        let mut rest = path.as_slice();
        while let [Step::Field(first), further @ ..] = rest {
            match self.env.field(&reference, first) {
                Ok(Some(Outcome::Value(Value::Reference(next)))) => reference = next,
                _ => break,
            }
            rest = further;
        }
        let outcome = self.env.part(&reference, rest)?;
        Some(outcome.map_err(Stop::from).and_then(<Result<Value, Stop>>::from))
    }

    fn field(&mut self, of: &'a Expr, name: &str, safe: bool) -> Eval {
        if let Some(place) = self.place(of)
            && !matches!(place, Value::Reference(_))
        {
            let found = access::field(place, name, safe)?;
            self.budget.weigh(&found)?;
            return Ok(found);
        }
        let of = match self.untraced(of) {
            Err(stop @ (Stop::Unknown | Stop::Secret(_))) => {
                if let Some(entry) = self.entry(of, name) {
                    return self.eval(entry);
                }
                return self.part(of, Step::Field(name.to_owned())).unwrap_or(Err(stop));
            }
            of => of?,
        };
        match &of {
            Value::Reference(reference) => match self.env.field(reference, name)? {
                Some(outcome) => {
                    let value = <Result<Value, Stop>>::from(outcome)?;
                    self.budget.weigh(&value)?;
                    Ok(value)
                }
                None if safe => Ok(Value::Null),
                None => Err(access::missing_field(&of, name).into()),
            },
            _ => Ok(access::field(&of, name, safe)?),
        }
    }

    /// What stands under this name in a record as written, whose other entries may not be known; nothing
    /// where that isn't plain.
    fn entry(&mut self, of: &'a Expr, name: &str) -> Option<&'a Expr> {
        let Expr::Record(entries) = self.written(of)? else { return None };
        for entry in entries.iter().rev() {
            match entry {
                Entry::One(known, value) if known == name => return Some(value),
                Entry::One(..) => {}
                Entry::Spread(of) => match self.eval(of) {
                    Ok(Value::Map(entries)) if !entries.contains_key(name) => {}
                    _ => return None,
                },
            }
        }
        None
    }

    /// The same of an element of a list or a record.
    fn element_of(&mut self, of: &'a Expr, key: &'a Expr) -> Option<&'a Expr> {
        let at = match self.eval(key).ok()? {
            Value::Int(at) => usize::try_from(at).ok()?,
            Value::String(name) => return self.entry(of, &name),
            _ => return None,
        };
        let Expr::List(items) = self.written(of)? else { return None };
        let before = items.get(..=at)?;
        match before.last()? {
            Item::One(item) if before.iter().all(|it| matches!(it, Item::One(_))) => Some(item),
            _ => None,
        }
    }

    /// The literal that a path leads to.
    fn written(&mut self, expr: &'a Expr) -> Option<&'a Expr> {
        match expr {
            Expr::Record(_) | Expr::List(_) => Some(expr),
            Expr::Held(held) => self.written(&held.of),
            Expr::Field { of, name, .. } => {
                let entry = self.entry(of, name)?;
                self.written(entry)
            }
            Expr::Index { of, key, .. } => {
                let element = self.element_of(of, key)?;
                self.written(element)
            }
            _ => None,
        }
    }

    fn index(&mut self, of: &'a Expr, by: &'a Expr, safe: bool) -> Eval {
        let key = self.eval(by);
        if let Ok(key) = &key
            && let Some(place) = self.place(of)
        {
            let found = access::index(place, key, safe)?;
            self.budget.weigh(&found)?;
            return Ok(found);
        }
        if let Ok(key) = &key
            && let Some(found) = self.element(of, key)?
        {
            return Ok(found);
        }
        let mut gravest = Gravest::default();
        let whole = self.untraced(of);
        if let (Err(Stop::Unknown | Stop::Secret(_)), Ok(key)) = (&whole, &key) {
            if let Some(element) = self.element_of(of, by) {
                return self.eval(element);
            }
            if let Some(part) = self.part(of, Step::Key(key.clone())) {
                return part;
            }
        }
        let of = gravest.note(whole)?;
        let key = gravest.note(key)?;
        gravest.settle()?;
        match (of, key) {
            (Some(of), Some(key)) => Ok(access::index(&of, &key, safe)?),
            _ => Err(Stop::Unknown),
        }
    }

    /// The element of a collection of the surroundings, where they give it without the whole.
    fn element(&self, of: &Expr, key: &Value) -> Result<Option<Value>, EvalError> {
        let collection = match of {
            Expr::Node(name) => Outer::Node(name),
            Expr::Selection(name) => Outer::Selection(name),
            _ => return Ok(None),
        };
        match access::key_text(key) {
            Ok(key) => self.env.element(collection, &key),
            // The whole is needed to say what is wrong.
            Err(_) => Ok(None),
        }
    }

    fn splat(&mut self, of: &'a Expr, body: &'a Expr) -> Eval {
        let elements = match self.eval(of) {
            Err(stop @ (Stop::Unknown | Stop::Secret(_))) => return self.each_of(of, body, stop),
            elements => access::elements(elements?)?,
        };
        if matches!(body, Expr::Local(name) if name == "*") {
            return Ok(Value::List(elements.into_iter().map(|(_, value)| value).collect()));
        }
        let mut gravest = Gravest::default();
        let mut out = Vec::with_capacity(elements.len());
        for (_, element) in elements {
            self.locals.push(("*", Ok(element)));
            let value = self.eval(body);
            self.locals.pop();
            out.extend(gravest.note(value)?);
        }
        gravest.settle()?;
        Ok(Value::List(out))
    }

    /// The same of a list as written, whose elements are not known as a whole; `stop` where it is none.
    fn each_of(&mut self, of: &'a Expr, body: &'a Expr, stop: Stop) -> Eval {
        let Some(Expr::List(items)) = self.written(of) else { return Err(stop) };
        let mut gravest = Gravest::default();
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            let Item::One(item) = item else { return Err(stop) };
            let body = body.with_locals(&[("*", item)]);
            let budget = std::mem::take(&mut self.budget);
            let mut inside = Evaluator { env: self.env, locals: self.locals.clone(), budget };
            let value = inside.eval(&body);
            self.budget = inside.budget;
            out.extend(gravest.note(value)?);
        }
        gravest.settle()?;
        Ok(Value::List(out))
    }

    fn unary(&mut self, op: UnaryOp, of: &'a Expr) -> Eval {
        let value = self.eval(of)?;
        Ok(match op {
            UnaryOp::Not => Value::Bool(!truth(&value, "after `not`")?),
            UnaryOp::Negate => operators::negate(&value)?,
        })
    }

    fn strict(&mut self, op: BinaryOp, left: &'a Expr, right: &'a Expr) -> Eval {
        let mut gravest = Gravest::default();
        let left = self.eval(left);
        let left = gravest.note(left)?;
        let right = self.eval(right);
        let right = gravest.note(right)?;
        gravest.settle()?;
        match (left, right) {
            (Some(left), Some(right)) => Ok(operators::apply(op, &left, &right)?),
            _ => Err(Stop::Unknown),
        }
    }

    /// `and` and `or`: the side that equals `decisive` settles it, whatever the other is.
    fn logical(&mut self, left: &'a Expr, right: &'a Expr, decisive: bool) -> Eval {
        let beside = if decisive { "beside `or`" } else { "beside `and`" };
        let first = match self.eval(left) {
            Ok(value) if truth(&value, beside)? == decisive => return Ok(Value::Bool(decisive)),
            Err(Stop::Error(error)) => return Err(error.into()),
            other => other,
        };
        let second = self.eval(right);
        match (first, second) {
            (Ok(_), Ok(value)) => Ok(Value::Bool(truth(&value, beside)?)),
            (Ok(_), stop) => stop,
            (Err(Stop::Unknown), Ok(value))
                if truth(&value, beside).is_ok_and(|b| b == decisive) =>
            {
                Ok(Value::Bool(decisive))
            }
            // Whether the right side counts isn't known, so neither is its mistake.
            (Err(first), Err(Stop::Secret(names))) => Err(tainted(first, names)),
            (Err(first), _) => Err(first),
        }
    }

    fn coalesce(&mut self, left: &'a Expr, right: &'a Expr) -> Eval {
        match self.eval(left) {
            Ok(Value::Null) => self.eval(right),
            Ok(value) => Ok(value),
            Err(stop @ Stop::Error(_)) => Err(stop),
            Err(stop) => Err(self.perhaps(stop, &[right])),
        }
    }

    fn branch(&mut self, condition: &'a Expr, then: &'a Expr, otherwise: &'a Expr) -> Eval {
        match self.eval(condition) {
            Ok(value) if truth(&value, "after `if`")? => self.eval(then),
            Ok(_) => self.eval(otherwise),
            Err(stop @ Stop::Error(_)) => Err(stop),
            Err(stop) => Err(self.perhaps(stop, &[then, otherwise])),
        }
    }

    /// `stop`, with the secrets that could come in by parts of which isn't known whether they count.
    fn perhaps(&mut self, mut stop: Stop, parts: &[&'a Expr]) -> Stop {
        for part in parts {
            if let Err(Stop::Secret(names)) = self.eval(part) {
                stop = tainted(stop, names);
            }
        }
        stop
    }

    fn template(&mut self, of: &'a Template) -> Eval {
        let data = self.eval(&of.data)?;
        let text = template::render(&of.path, &of.text, &data, &mut self.budget)?;
        let value = Value::String(text);
        self.budget.weigh(&value)?;
        Ok(value)
    }

    fn call(&mut self, function: &'a str, arguments: &'a [Expr]) -> Eval {
        let mut gravest = Gravest::default();
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.extend(gravest.note(self.eval(argument))?);
        }
        gravest.settle()?;
        if let Some(result) = functions::call(function, &values) {
            let value = result?;
            self.budget.weigh(&value)?;
            return Ok(value);
        }
        Err(EvalError::new(ErrorKind::Unavailable, format!("there is no function `{function}`"))
            .into())
    }
}

fn tainted(stop: Stop, names: BTreeSet<String>) -> Stop {
    match stop {
        Stop::Secret(mut known) => {
            known.extend(names);
            Stop::Secret(known)
        }
        Stop::Unknown => Stop::Secret(names),
        Stop::Error(error) => Stop::Error(error),
    }
}

/// The truth value that this is.
pub(crate) fn truth(value: &Value, place: &str) -> Result<bool, EvalError> {
    match value {
        Value::Bool(b) => Ok(*b),
        other => Err(EvalError::wrong_type(format!(
            "expected true or false {place}, found {}",
            described(other)
        ))),
    }
}
