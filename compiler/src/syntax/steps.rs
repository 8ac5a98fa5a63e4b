//! Steps of workflows.

use super::peg::Pair;

use super::ast::{Name, Step, StepKind};
use super::grammar::Rule;
use super::lowering::{Lowering, MAX_CHAIN, Parts, span};
use crate::diagnostics::syntax as says;
use crate::source::Span;

type P<'i> = Pair<'i>;

impl Lowering<'_> {
    /// `{ … }` of a workflow or of a step.
    pub(super) fn steps(&mut self, pair: P<'_>) -> Vec<Step> {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let mut steps = Vec::new();
        let mut start = at.start;
        while let Some(part) = parts.next() {
            match part.as_rule() {
                Rule::junk_rest => self.junk_rest(&part, start),
                Rule::junk => self.junk_step(&part),
                Rule::extra_comma => self.extra_comma(&part),
                Rule::missing_brace => self.unclosed(at, "{", "}"),
                _ => {
                    let whole = span(&part);
                    start = whole.start;
                    if let Some(kind) = self.step(part) {
                        steps.push(Step { kind, span: whole });
                    }
                }
            }
        }
        steps
    }

    fn next_steps(&mut self, parts: &mut Parts<'_>) -> Vec<Step> {
        parts.take(Rule::steps).map(|steps| self.steps(steps)).unwrap_or_default()
    }

    fn step(&mut self, pair: P<'_>) -> Option<StepKind> {
        let at = span(&pair);
        let rule = pair.as_rule();
        if matches!(rule, Rule::call_step | Rule::run_step) {
            return Some(self.call_or_run(pair, None));
        }
        let mut parts = Parts::of(pair);
        Some(match rule {
            Rule::recover => StepKind::Recover,
            Rule::let_ => {
                let name = parts.take(Rule::word);
                let name = self.value_name(name, at);
                if matches!(parts.peek(), Some(Rule::call_step | Rule::run_step)) {
                    let call = parts.next()?;
                    return Some(self.call_or_run(call, Some(name)));
                }
                StepKind::Let { name, value: self.next_expr(&mut parts, at) }
            }
            Rule::parallel => StepKind::Parallel(self.next_steps(&mut parts)),
            Rule::for_step => {
                let names = parts.take(Rule::binders).map(|binders| self.binders(binders));
                let over = self.next_expr(&mut parts, at);
                let max = parts.take(Rule::for_max).map(|max| self.only_expr(max));
                let steps = self.next_steps(&mut parts);
                StepKind::For { names: names.unwrap_or_default(), over, max, steps }
            }
            Rule::if_step => self.if_step(&mut parts, at),
            Rule::wait_step => match parts.take(Rule::wait_until) {
                Some(until) => {
                    let mut inner = Parts::of(until);
                    let condition = self.next_expr(&mut inner, at);
                    let timeout = inner.peek().map(|_| self.next_expr(&mut inner, at));
                    StepKind::WaitUntil { condition, timeout }
                }
                None => StepKind::Wait(self.next_expr(&mut parts, at)),
            },
            Rule::fail_step => StepKind::Fail(self.next_expr(&mut parts, at)),
            Rule::return_step => {
                StepKind::Return(parts.take(Rule::expr).map(|value| self.expression(value)))
            }
            _ => {
                let is_cancel = parts.take(Rule::on_cancel).is_some();
                parts.take(Rule::on_failure);
                let steps = self.next_steps(&mut parts);
                if is_cancel { StepKind::OnCancel(steps) } else { StepKind::OnFailure(steps) }
            }
        })
    }

    fn call_or_run(&mut self, pair: P<'_>, result: Option<Name>) -> StepKind {
        let at = span(&pair);
        let is_call = pair.as_rule() == Rule::call_step;
        let mut parts = Parts::of(pair);
        let called = self.next_expr(&mut parts, at);
        let arguments = parts.take(Rule::body).map(|body| self.body(body)).unwrap_or_default();
        if is_call {
            StepKind::Call { result, operation: called, arguments }
        } else {
            StepKind::Run { result, workflow: called, arguments }
        }
    }

    /// `if c { … } else if d { … } else { … }`, each `else if` inside the one before.
    fn if_step(&mut self, parts: &mut Parts<'_>, at: Span) -> StepKind {
        let mut arms = vec![(self.next_expr(parts, at), self.next_steps(parts), at)];
        while let Some(arm) = parts.take(Rule::else_if_step) {
            let whole = Span::new(span(&arm).start, at.end);
            let mut inner = Parts::of(arm);
            arms.push((self.next_expr(&mut inner, whole), self.next_steps(&mut inner), whole));
        }
        let mut otherwise = parts.take(Rule::else_step).map(|arm| {
            let mut inner = Parts::of(arm);
            self.next_steps(&mut inner)
        });
        if arms.len() > MAX_CHAIN {
            self.report(says::too_many_arms(self.at(at), MAX_CHAIN));
            arms.truncate(1);
        }
        while let Some((condition, then, arm)) = arms.pop() {
            let kind = StepKind::If { condition, then, otherwise: otherwise.take() };
            if arms.is_empty() {
                return kind;
            }
            otherwise = Some(vec![Step { kind, span: arm }]);
        }
        StepKind::Recover
    }
}
