//! Folding: every part that is known already becomes its value, the rest stays as it is.

use bp_plan::{BinaryOp, Binder, Entry, Expr, Held, Item, Template, Value};

use crate::evaluator::{Evaluator, Level, Stop};
use crate::{Environment, EvalError};

/// The expression with every closed part replaced by its value, as far as `env` knows names. A
/// mistake in a part that is surely evaluated is reported; one that perhaps never comes up stays
/// in the expression.
pub fn fold(expr: &Expr, env: &dyn Environment) -> Result<Expr, EvalError> {
    Folder { env, locals: Vec::new() }.fold(expr)
}

struct Folder<'a> {
    env: &'a dyn Environment,
    /// Names bound around the part at hand, whose values aren't known.
    locals: Vec<String>,
}

impl Folder<'_> {
    fn fold(&mut self, expr: &Expr) -> Result<Expr, EvalError> {
        let _level = Level::enter()?;
        match expr {
            Expr::Value(_) | Expr::Secret(_) => Ok(expr.clone()),
            Expr::Input(_)
            | Expr::Const(_)
            | Expr::Local(_)
            | Expr::This
            | Expr::Source
            | Expr::Target
            | Expr::Deployment
            | Expr::Node(_)
            | Expr::Selection(_)
            | Expr::Group(_)
            | Expr::Requirement(_) => self.settled(expr.clone()),
            Expr::If { condition, then, otherwise } => self.branch(condition, then, otherwise),
            Expr::Binary {
                op: op @ (BinaryOp::And | BinaryOp::Or | BinaryOp::Coalesce),
                left,
                right,
            } => self.short(*op, left, right),
            _ => {
                let parts = self.parts(expr)?;
                self.settled(parts)
            }
        }
    }

    /// The value of an expression whose parts are folded, if it has one now.
    fn settled(&self, expr: Expr) -> Result<Expr, EvalError> {
        let mut evaluator = Evaluator::new(self.env);
        for name in &self.locals {
            evaluator.locals.push((name, Err(Stop::Unknown)));
        }
        match evaluator.eval(&expr) {
            Ok(value) => Ok(Expr::Value(value)),
            Err(Stop::Unknown | Stop::Secret(_)) => Ok(expr),
            Err(Stop::Error(error)) => Err(error),
        }
    }

    /// A part of which isn't known whether it will ever be evaluated: its mistakes may wait.
    fn perhaps(&mut self, expr: &Expr) -> Expr {
        self.fold(expr).unwrap_or_else(|_| expr.clone())
    }

    fn boxed(&mut self, expr: &Expr) -> Result<Box<Expr>, EvalError> {
        self.fold(expr).map(Box::new)
    }

    fn branch(
        &mut self,
        condition: &Expr,
        then: &Expr,
        otherwise: &Expr,
    ) -> Result<Expr, EvalError> {
        match self.fold(condition)? {
            Expr::Value(Value::Bool(true)) => self.fold(then),
            Expr::Value(Value::Bool(false)) => self.fold(otherwise),
            condition => {
                let whole = Expr::If {
                    condition: Box::new(condition),
                    then: Box::new(self.perhaps(then)),
                    otherwise: Box::new(self.perhaps(otherwise)),
                };
                self.settled(whole)
            }
        }
    }

    fn short(&mut self, op: BinaryOp, left: &Expr, right: &Expr) -> Result<Expr, EvalError> {
        let left = self.fold(left)?;
        let right = match (op, &left) {
            (BinaryOp::Coalesce, Expr::Value(Value::Null)) => return self.fold(right),
            (BinaryOp::Coalesce, Expr::Value(_))
            | (BinaryOp::And, Expr::Value(Value::Bool(false)))
            | (BinaryOp::Or, Expr::Value(Value::Bool(true))) => return Ok(left),
            (_, Expr::Value(_)) => self.fold(right)?,
            _ => self.perhaps(right),
        };
        self.settled(Expr::Binary { op, left: Box::new(left), right: Box::new(right) })
    }

    /// The same form with folded parts.
    fn parts(&mut self, expr: &Expr) -> Result<Expr, EvalError> {
        Ok(match expr {
            Expr::Field { of, name, safe } => {
                Expr::Field { of: self.boxed(of)?, name: name.clone(), safe: *safe }
            }
            Expr::Index { of, key, safe } => {
                Expr::Index { of: self.boxed(of)?, key: self.boxed(key)?, safe: *safe }
            }
            Expr::Splat { of, body } => {
                let of = self.boxed(of)?;
                let body = self.within(&["*".to_owned()], body);
                Expr::Splat { of, body: Box::new(body) }
            }
            Expr::List(items) => Expr::List(
                items
                    .iter()
                    .map(|item| {
                        Ok(match item {
                            Item::One(expr) => Item::One(self.fold(expr)?),
                            Item::Spread(expr) => Item::Spread(self.fold(expr)?),
                        })
                    })
                    .collect::<Result<_, EvalError>>()?,
            ),
            Expr::Record(entries) => Expr::Record(
                entries
                    .iter()
                    .map(|entry| {
                        Ok(match entry {
                            Entry::One(key, expr) => Entry::One(key.clone(), self.fold(expr)?),
                            Entry::Spread(expr) => Entry::Spread(self.fold(expr)?),
                        })
                    })
                    .collect::<Result<_, EvalError>>()?,
            ),
            Expr::Unary { op, of } => Expr::Unary { op: *op, of: self.boxed(of)? },
            Expr::Binary { op, left, right } => {
                Expr::Binary { op: *op, left: self.boxed(left)?, right: self.boxed(right)? }
            }
            Expr::Call { function, arguments } => {
                Expr::Call { function: function.clone(), arguments: self.all(arguments)? }
            }
            Expr::Interpolate(parts) => Expr::Interpolate(self.all(parts)?),
            Expr::Template(template) => Expr::Template(Box::new(Template {
                path: template.path.clone(),
                text: template.text.clone(),
                data: self.fold(&template.data)?,
            })),
            Expr::Binder(binder) => Expr::Binder(Box::new(self.binder(binder)?)),
            Expr::Held(held) => {
                Expr::Held(Box::new(Held { of: self.fold(&held.of)?, ..(**held).clone() }))
            }
            other => other.clone(),
        })
    }

    fn all(&mut self, exprs: &[Expr]) -> Result<Vec<Expr>, EvalError> {
        exprs.iter().map(|expr| self.fold(expr)).collect()
    }

    fn binder(&mut self, binder: &Binder) -> Result<Binder, EvalError> {
        let over = self.fold(&binder.over)?;
        let mut inside = |expr: &Option<Expr>| expr.as_ref().map(|e| self.within(&binder.names, e));
        Ok(Binder {
            function: binder.function.clone(),
            names: binder.names.clone(),
            over,
            filter: inside(&binder.filter),
            key: inside(&binder.key),
            body: inside(&binder.body),
        })
    }

    /// A part inside of a loop, which perhaps has no turn.
    fn within(&mut self, names: &[String], expr: &Expr) -> Expr {
        let outside = self.locals.len();
        self.locals.extend_from_slice(names);
        let folded = self.perhaps(expr);
        self.locals.truncate(outside);
        folded
    }
}
