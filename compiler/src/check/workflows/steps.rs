//! Steps, one kind each.

use bp_plan::workflow::{Action, Arm, Loop, Step};
use bp_plan::{Dimension, Expr, Phase, Type, Value};

use super::Checker;
use super::blocks::{Around, Checked};
use crate::check::expr::{
    Local, Scope, Typed, check_condition, check_each, check_expr, held_later,
};
use crate::diagnostics::workflows as says;
use crate::source::Span;
use crate::syntax::ast::{self, StepKind};

/// How many turns a loop may have.
const MOST_TURNS: i64 = 1_000_000;

/// How many parts a value may have that stands at each of its uses.
const MOST_REPEATED: usize = 50;

/// A step that was checked.
pub(super) struct Done<'t> {
    /// Nothing where it has no place in the plan: a `let` whose every use stands for its value.
    pub(super) step: Option<Step>,
    /// What comes after it is reached.
    pub(super) falls_through: bool,
    /// What it binds for the steps after it.
    pub(super) locals: Vec<Local>,
    /// A condition that holds, or does not, for the steps after it.
    pub(super) given: Option<(&'t ast::Expr, bool)>,
}

impl Done<'_> {
    fn goes_on(action: Action, span: bp_plan::Span) -> Self {
        let step = Some(Step { action, span });
        Self { step, falls_through: true, locals: Vec::new(), given: None }
    }
}

impl Checker<'_, '_> {
    pub(super) fn step<'t>(
        &mut self,
        step: &'t ast::Step,
        scope: &Scope,
        around: Around,
    ) -> Done<'t> {
        let head = self.head_of(step);
        let span = self.span(head);
        match &step.kind {
            StepKind::Call { result, operation, arguments } => {
                let (call, ty) = self.call(operation, arguments, scope);
                let local = result.as_ref().map(|name| name.text.to_string());
                let action = call.map(|call| {
                    Action::Call(bp_plan::workflow::Call { result: local.clone(), ..call })
                });
                Self::with_result(action, span, local, ty)
            }
            StepKind::Run { result, workflow, arguments } => {
                let (run, ty) = self.run(workflow, arguments, result.as_ref(), scope);
                let local = result.as_ref().map(|name| name.text.to_string());
                let action = run.map(|run| {
                    Action::Run(bp_plan::workflow::Run { result: local.clone(), ..run })
                });
                Self::with_result(action, span, local, ty)
            }
            StepKind::Let { name, value } => self.let_(name, value, scope, span),
            StepKind::Parallel(steps) => {
                let Checked { block, falls_through, made, .. } =
                    self.block(steps, scope, around.parallel(head));
                let done = Done::goes_on(Action::Parallel(block), span);
                Done { falls_through, locals: made, ..done }
            }
            StepKind::For { names, over, max, steps } => {
                let parts = (names.as_slice(), over, max.as_ref(), steps.as_slice());
                Done::goes_on(self.looped(parts, scope, around, head), span)
            }
            StepKind::If { .. } => self.choice(step, scope, around, span),
            StepKind::Wait(time) => {
                let time = self.duration(time, scope, "a wait");
                Done::goes_on(Action::Wait(time), span)
            }
            StepKind::WaitUntil { condition, timeout } => {
                let (condition, timeout) =
                    self.wait_until(step.span, condition, timeout.as_ref(), scope);
                Done::goes_on(Action::WaitUntil { condition, timeout }, span)
            }
            StepKind::Fail(message) => {
                let typed = self.expr(scope, message, Some(&Type::String));
                let done = Done::goes_on(Action::Fail(typed.expr), span);
                Done { falls_through: false, ..done }
            }
            StepKind::Return(value) => {
                let value = self.returned(step.span, value.as_ref(), scope, around);
                let done = Done::goes_on(Action::Return(value), span);
                Done { falls_through: false, ..done }
            }
            // Handlers and `recover` are their block's.
            StepKind::Recover | StepKind::OnFailure(_) | StepKind::OnCancel(_) => {
                Done { step: None, falls_through: true, locals: Vec::new(), given: None }
            }
        }
    }

    /// An expression of a step; `error` outside of a handler has a sentence of its own.
    pub(super) fn expr(&mut self, scope: &Scope, expr: &ast::Expr, want: Option<&Type>) -> Typed {
        let before = self.out.len();
        let typed = check_expr(self.program, scope, expr, want, self.out);
        self.error_outside(before);
        typed
    }

    pub(super) fn condition(&mut self, scope: &Scope, condition: &ast::Expr) -> Typed {
        let before = self.out.len();
        let typed = check_condition(self.program, scope, condition, self.out);
        self.error_outside(before);
        typed
    }

    /// Of what was told since: the unknown name `error` is known in handlers alone.
    pub(super) fn error_outside(&mut self, before: usize) {
        let sources = self.program.sources;
        for told in self.out.iter_mut().skip(before).filter(|told| told.code == "E3001") {
            let text = sources.file(told.place.file).map(|file| file.slice(told.place.span));
            if text == Some("error") {
                *told = says::error_outside(told.place);
            }
        }
    }

    fn with_result<'t>(
        action: Option<Action>,
        span: bp_plan::Span,
        local: Option<String>,
        ty: Type,
    ) -> Done<'t> {
        let locals = local.map(|name| Local::variable(name, ty, Phase::Run)).into_iter().collect();
        let step = action.map(|action| Step { action, span });
        Done { step, falls_through: true, locals, given: None }
    }

    fn let_<'t>(
        &mut self,
        name: &ast::Name,
        value: &ast::Expr,
        scope: &Scope,
        span: bp_plan::Span,
    ) -> Done<'t> {
        let typed = self.expr(scope, value, None);
        let name = name.text.to_string();
        if is_stable(&typed.expr) {
            let locals = vec![Local::alias(name, typed)];
            return Done { step: None, falls_through: true, locals, given: None };
        }
        let local = Local::variable(name.as_str(), typed.ty, typed.phase);
        let action = Action::Let { name, value: typed.expr };
        Done { locals: vec![local], ..Done::goes_on(action, span) }
    }

    fn looped(
        &mut self,
        (names, over, max, steps): (&[ast::Name], &ast::Expr, Option<&ast::Expr>, &[ast::Step]),
        scope: &Scope,
        around: Around,
        head: Span,
    ) -> Action {
        let each = ast::Each { names: names.to_vec(), over: over.clone(), key: None, filter: None };
        let before = self.out.len();
        let looped = check_each(self.program, scope, &each, self.out);
        self.error_outside(before);
        let max = max.map(|max| {
            let typed = self.expr(scope, max, Some(&Type::Int));
            if let Some(Value::Int(most)) = typed.expr.as_value()
                && *most < 1
            {
                self.out.push(says::too_few_at_once(self.place(max.span), *most));
            }
            typed.expr
        });
        let is_single = matches!(&max, None | Some(Expr::Value(Value::Int(1))));
        let inside = if is_single { around.inside() } else { around.at_once(head) };
        let (over, locals) = if let Some(looped) = looped {
            self.turns(over.span, &looped.over.expr);
            (looped.over.expr, looped.locals)
        } else {
            // The names are bound all the same, so that their uses are no mistakes.
            let names = names.iter().map(|name| name.text.as_str());
            let unknown = |name| Local::variable(name, Type::Unknown, Phase::Run);
            (Expr::Value(Value::Null), names.map(unknown).collect())
        };
        let scope = locals.into_iter().fold(scope.clone(), Scope::with);
        let body = self.block(steps, &scope, inside).block;
        let names = names.iter().map(|name| name.text.to_string()).collect();
        Action::For(Box::new(Loop { names, over, max, body }))
    }

    /// A loop that could never end.
    fn turns(&mut self, at: Span, over: &Expr) {
        if let Some(Value::Range(from, to)) = over.as_value()
            && from <= to
            && to.checked_sub(*from).is_none_or(|turns| turns >= MOST_TURNS)
        {
            self.out.push(says::too_many_turns(self.place(at), MOST_TURNS));
        }
    }

    /// `if`, with each `else if` behind it.
    fn choice<'t>(
        &mut self,
        step: &'t ast::Step,
        scope: &Scope,
        around: Around,
        span: bp_plan::Span,
    ) -> Done<'t> {
        let mut arms = Vec::new();
        let mut falls_through = false;
        let mut scope = scope.clone();
        let mut at = step;
        let mut given = None;
        let otherwise = loop {
            let StepKind::If { condition, then, otherwise } = &at.kind else { break None };
            let checked_condition = self.condition(&scope, condition);
            let inside = scope.clone().given(condition, true);
            let checked = self.block(then, &inside, around.inside());
            falls_through |= checked.falls_through;
            arms.push(Arm { condition: checked_condition.expr, body: checked.block });
            if arms.len() == 1 && otherwise.is_none() && !checked.falls_through {
                given = Some((condition, false));
            }
            scope = scope.given(condition, false);
            match otherwise.as_deref() {
                None => {
                    falls_through = true;
                    break None;
                }
                Some([only]) if matches!(only.kind, StepKind::If { .. }) => at = only,
                Some(steps) => {
                    let checked = self.block(steps, &scope, around.inside());
                    falls_through |= checked.falls_through;
                    break Some(checked.block);
                }
            }
        };
        let done = Done::goes_on(Action::If { arms, otherwise }, span);
        Done { falls_through, given, ..done }
    }

    /// A time to wait, which is longer than nothing.
    fn duration(&mut self, time: &ast::Expr, scope: &Scope, what: &str) -> Expr {
        let want = Type::Quantity(Dimension::Duration);
        let typed = self.expr(scope, time, Some(&want));
        if let Some(Value::Quantity(quantity)) = typed.expr.as_value()
            && quantity.amount <= 0
        {
            self.out.push(says::no_time(self.place(time.span), what));
        }
        typed.expr
    }

    fn wait_until(
        &mut self,
        whole: Span,
        condition: &ast::Expr,
        timeout: Option<&ast::Expr>,
        scope: &Scope,
    ) -> (Expr, Expr) {
        let checked = self.condition(scope, condition);
        let timeout = if let Some(timeout) = timeout {
            self.duration(timeout, scope, "a timeout")
        } else {
            let end = self.place(Span::new(condition.span.end, condition.span.end));
            self.out.push(says::no_timeout(self.place(whole), end));
            Expr::Value(Value::Null)
        };
        (checked.expr, timeout)
    }

    fn returned(
        &mut self,
        whole: Span,
        value: Option<&ast::Expr>,
        scope: &Scope,
        around: Around,
    ) -> Option<Expr> {
        let at = self.place(whole);
        let declared = self.workflow.result.as_ref().map(|ty| self.place(ty.span));
        if let Some(handler) = around.in_handler() {
            self.out.push(says::return_in_handler(at, handler));
        } else if let Some((span, why)) = around.bars_return() {
            self.out.push(says::return_at_once(at, why, self.place(span)));
        }
        match (value, &self.head.result) {
            (Some(value), Some(result)) => {
                let note = format!("`{}` gives this", self.head.name);
                let scope = scope.clone().because(declared, note);
                let typed = self.expr(&scope, value, Some(result));
                let what = format!("what `{}` gives", self.head.name);
                Some(held_later(self.program, &what, (typed.expr, &typed.ty), result, &[]))
            }
            (Some(value), None) => {
                let typed = self.expr(scope, value, None);
                if typed.ty != Type::Unknown {
                    let name = &self.head.name;
                    self.out.push(says::returns_too_much(self.place(value.span), name));
                }
                Some(typed.expr)
            }
            (None, Some(result)) => {
                self.out.push(says::returns_nothing(at, &self.head.name, result, declared));
                None
            }
            (None, None) => None,
        }
    }
}

/// Whether each use of a `let` can stand for its value: it is the same whenever it is evaluated, as
/// what nodes report is not, and it is small.
fn is_stable(expr: &Expr) -> bool {
    fn walk(expr: &Expr, left: &mut usize) -> bool {
        if *left == 0 || matches!(expr, Expr::Node(_) | Expr::Selection(_) | Expr::Local(_)) {
            return false;
        }
        *left -= 1;
        let mut stable = true;
        expr.parts(&mut |part| stable = stable && walk(part, left));
        stable
    }
    expr.as_value().is_some() || walk(expr, &mut { MOST_REPEATED })
}
