//! Types of expressions, and expressions lowered to what the plan carries, in one walk.
//!
//! [`check_expr`] resolves names through [`World`], tells mistakes as diagnostics, and folds what is
//! constant on the way. It must not know files, items or what a blueprint is made of.
//!
//! Invariants:
//! - one mistake, one error: what has a mistake is [`Type::Unknown`], which goes with everything;
//! - what was accepted evaluates to a value of its type, or fails for a reason that only values show;
//! - time is linear in the expression and what it stands for, depth is bounded by the parser.

mod access;
mod adapt;
mod calls;
mod collections;
mod compare;
mod each;
mod files;
mod fits;
mod folding;
mod functions;
mod idle;
mod literals;
mod loops;
mod names;
mod narrow;
mod operators;
pub(super) mod origin;
mod scope;
mod secrets;
mod signatures;
mod templates;
mod type_expr;
mod wheres;
mod world;

use std::sync::Arc;

use bp_plan::{Expr, Phase, Type, Value};

pub(crate) use adapt::data_types;
pub use adapt::held;
pub use calls::{is_ordered, is_scalar};
pub use each::{Looped, check_claim, check_condition, check_each, check_local, is_key};
pub(crate) use files::NAMES as OF_FILES;
pub(crate) use fits::secret as secret_of;
pub use fits::{fits, holds_node, holds_secret, plain};
pub use folding::mistake;
pub use functions::{check_body, check_signature, parameter_scope};
pub(crate) use names::deployment_type;
pub(crate) use names::is_function as is_built_in;
pub use scope::{Local, Scope};
pub(crate) use secrets::Way;
pub use type_expr::check_type_expr;
pub(crate) use wheres::held_later;
pub use wheres::{check_of_type, check_wheres};
use world::Read;
pub use world::{Declared, Function, Member, Named, Notice, Parameter, TextFile, World};

use crate::diagnostics::{Diagnostic, Severity, types as says};
use crate::source::{Place, Span};
use crate::syntax::ast::{self, ExprKind};

/// An expression that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Typed {
    /// The type of its value; [`Type::Unknown`] where it has a mistake.
    pub ty: Type,
    /// What it becomes; constants are folded.
    pub expr: Expr,
    /// When it is known.
    pub phase: Phase,
}

impl Typed {
    /// A string that could not be put together is null: what is wrong was told.
    pub(crate) fn is_lost(&self) -> bool {
        self.ty == Type::String && self.expr.as_value() == Some(&Value::Null)
    }
}

/// Checks an expression and lowers it. With `expected`, literals become what is expected, and what
/// does not fit is an error; [`Scope::because`] says where the expectation comes from.
pub fn check_expr(
    world: &dyn World,
    scope: &Scope,
    expr: &ast::Expr,
    expected: Option<&Type>,
    out: &mut Vec<Diagnostic>,
) -> Typed {
    Checker::new(world, scope, out).typed(expr.span, |checker| checker.whole(expr, expected))
}

/// Whether an error was told since there were so many diagnostics.
fn has_error(out: &[Diagnostic], before: usize) -> bool {
    out.iter().skip(before).any(|d| d.severity == Severity::Error)
}

/// A checked part of an expression.
#[derive(Clone, Debug)]
struct Part {
    ty: Type,
    expr: Expr,
    phase: Phase,
    /// What it still waits for, see [`CLOSED`].
    open: usize,
    /// For a requirement that was read: the reading of its relationship, and its type.
    via: Option<Box<(Expr, Type)>>,
}

/// The part needs nothing that isn't in it: it can be evaluated. Less than this: one more than the index of
/// the outermost local that it needs. 0: it waits for something that no loop inside gives it.
const CLOSED: usize = usize::MAX;
/// See [`CLOSED`].
const OPEN: usize = 0;

impl Part {
    /// What stands where there was a mistake.
    fn broken() -> Self {
        Self {
            ty: Type::Unknown,
            expr: Expr::Value(Value::Null),
            phase: Phase::Compile,
            open: OPEN,
            via: None,
        }
    }

    fn new(ty: Type, expr: Expr, phase: Phase, open: usize) -> Self {
        Self { ty, expr, phase, open, via: None }
    }

    fn value(ty: Type, value: Value) -> Self {
        Self::new(ty, Expr::Value(value), Phase::Compile, CLOSED)
    }

    fn is_broken(&self) -> bool {
        self.ty == Type::Unknown
    }
}

/// One walk over an expression.
struct Checker<'a> {
    world: &'a dyn World,
    scope: Scope,
    out: &'a mut Vec<Diagnostic>,
    /// Whether the part at hand is surely evaluated, so that a mistake of its value is one now.
    certain: bool,
    /// Whether what takes the part that comes next takes `null` as well.
    takes_null: bool,
    /// How many parts came in from `let`s and functions.
    spent: usize,
    /// How much came in from constants.
    taken: folding::Taken,
    /// What was read of nodes among the arguments of the function whose body it is, and of which.
    reads: Vec<(Read, Expr)>,
}

impl<'a> Checker<'a> {
    fn new(world: &'a dyn World, scope: &Scope, out: &'a mut Vec<Diagnostic>) -> Self {
        let (scope, taken) = (scope.clone(), folding::Taken::default());
        Self {
            world,
            scope,
            out,
            certain: true,
            takes_null: false,
            spent: 0,
            taken,
            reads: Vec::new(),
        }
    }

    fn place(&self, span: Span) -> Place {
        Place { file: self.scope.file(), span }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.out.push(diagnostic);
    }

    /// What `inside` checks, as a whole: of no type where any part of it has a mistake, so that
    /// whoever uses it stays silent.
    fn typed(&mut self, span: Span, inside: impl FnOnce(&mut Self) -> Part) -> Typed {
        let before = self.out.len();
        let part = inside(self);
        let part = self.measured(part, span);
        let part = if has_error(self.out, before) { Part::broken() } else { part };
        Typed { ty: part.ty, expr: part.expr, phase: part.phase }
    }

    /// A whole expression, of the type that is expected where one is.
    fn whole(&mut self, expr: &ast::Expr, expected: Option<&Type>) -> Part {
        if let Some(expected) = expected {
            return self.check(expr, expected);
        }
        self.takes_null = true;
        self.infer(expr, None)
    }

    /// The part, which must be of this type.
    fn check(&mut self, expr: &ast::Expr, want: &Type) -> Part {
        self.takes_null = matches!(want, Type::Optional(_) | Type::Unknown);
        let before = self.out.len();
        let part = self.infer(expr, Some(want));
        self.meant(expr, want, before);
        self.require(part, want, expr)
    }

    /// The part as it is by itself; `hint` is what literals may become.
    fn infer(&mut self, expr: &ast::Expr, hint: Option<&Type>) -> Part {
        let takes_null = std::mem::take(&mut self.takes_null);
        match &expr.kind {
            ExprKind::Missing => Part::broken(),
            ExprKind::Paren(of) => {
                self.takes_null = takes_null;
                self.infer(of, hint)
            }
            ExprKind::Literal(value) => self.literal(value, hint, expr.span),
            ExprKind::Interpolation(parts) => self.interpolation(parts, expr.span),
            ExprKind::Name(name) => self.name(name, expr.span),
            ExprKind::Element => self.element(),
            ExprKind::Field { of, name, safe } => self.field(of, name, *safe, expr, takes_null),
            ExprKind::Index { of, key, safe } => self.index(of, key, *safe, expr.span),
            ExprKind::Splat { of, body } => self.splat(of, body, expr.span),
            ExprKind::Call { function, arguments } => self.call(function, arguments, expr.span),
            ExprKind::Binder { function, names, over, body } => {
                self.binder(function, names, over, body.as_deref(), expr.span)
            }
            ExprKind::List(elements) => self.list(elements, hint, expr.span),
            ExprKind::ListFor { body, each } => self.list_for(body, each, hint, expr.span),
            ExprKind::Record(entries) => self.record(entries, hint, expr.span),
            ExprKind::RecordFor { key, value, each } => {
                self.record_for(key, value, each, hint, expr.span)
            }
            ExprKind::Unary { op, of } => self.unary(*op, of, expr.span),
            ExprKind::Binary { op, op_span, left, right } => {
                self.binary(*op, *op_span, left, right, hint, expr.span)
            }
            ExprKind::If { condition, then, otherwise } => {
                self.choice(condition, then, otherwise, hint, expr.span)
            }
        }
    }

    /// Whatever `inside` checks, it perhaps never comes up.
    fn perhaps<T>(&mut self, certain: bool, inside: impl FnOnce(&mut Self) -> T) -> T {
        let outside = self.certain;
        self.certain = outside && certain;
        let result = inside(self);
        self.certain = outside;
        result
    }

    /// With what a condition says when it is true or false.
    fn given<T>(
        &mut self,
        condition: &ast::Expr,
        holds: bool,
        inside: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let outside = Arc::clone(&self.scope.settled);
        narrow::facts(condition, holds, Arc::make_mut(&mut self.scope.settled));
        let result = inside(self);
        self.scope.settled = outside;
        result
    }

    /// With locals bound, which are gone afterwards.
    fn within<T>(&mut self, locals: Vec<Local>, inside: impl FnOnce(&mut Self) -> T) -> T {
        let outside = Arc::clone(&self.scope.locals);
        Arc::make_mut(&mut self.scope.locals).extend(locals);
        let result = inside(self);
        self.scope.locals = outside;
        result
    }

    /// A condition: `true` or `false`, and no secret.
    fn condition(&mut self, expr: &ast::Expr) -> Part {
        let part = self.infer(expr, Some(&Type::Bool));
        if fits::has_secret(&part.ty) {
            self.report(says::secret_decides(self.place(expr.span), "a condition"));
            return Part::broken();
        }
        self.require(part, &Type::Bool, expr)
    }
}
