//! How a run of a workflow stands, for people: what was called, what is waited for, what failed.

use std::collections::BTreeMap;

use bp_plan::{Entry, Expr, Item, Plan, Span, Value};
use serde::Serialize;
use serde_json::Value as Json;

use super::facts::{CallState, Decision, WorkflowRun};
use super::path;
use crate::event::Outcome;
use crate::state::Paused;

/// How a run of a workflow stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkflowStanding {
    /// On its way, or interrupted.
    Running,
    /// It is cancelled, and tidies up.
    Cancelling,
    /// All of it is done.
    Done,
    /// It failed.
    Failed,
    /// It was cancelled.
    Cancelled,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepStanding {
    /// It was begun and has not ended.
    Running,
    /// It failed, and is tried again.
    Retrying,
    /// It waits for a time or a condition.
    Waiting,
    /// It is done.
    Done,
    /// It failed.
    Failed,
}

/// A run of a workflow.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkflowStatus {
    /// The workflow's name.
    pub workflow: String,
    /// The run.
    pub run: String,
    /// How it stands.
    pub state: WorkflowStanding,
    /// Who has paused it, and since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<Paused>,
    /// All of its inputs.
    pub inputs: BTreeMap<String, Json>,
    /// What it gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Json>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Its calls, what it waits for and what failed, in the order of the steps.
    pub steps: Vec<StepStatus>,
    /// Where in the blueprint it failed.
    #[serde(skip)]
    pub span: Option<Span>,
}

/// A step that is told of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepStatus {
    /// Its path.
    pub step: String,
    /// The line of the blueprint that it stands on, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The instance whose operation is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// That operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// How it stands.
    pub state: StepStanding,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where it stands in the blueprint.
    #[serde(skip)]
    pub span: Option<Span>,
}

/// Tells of a run; with the plan of its revision also where its steps stand in the blueprint.
pub fn story(run: &WorkflowRun, plan: Option<&Plan>) -> WorkflowStatus {
    let span = |step: &str| Some(path::step(plan?, &run.workflow, step)?.span);
    let told = |step: &str, state, reason: Option<&String>, call: Option<&CallState>| StepStatus {
        step: step.to_owned(),
        line: span(step).map(|span| span.line),
        instance: call.map(|call| call.instance.clone()),
        operation: call.map(|call| call.operation.clone()),
        state,
        reason: reason.cloned(),
        span: span(step),
    };
    let mut steps: Vec<StepStatus> = Vec::new();
    for (step, call) in &run.calls {
        let (state, reason) = match (&call.outcome, &call.retry) {
            (Some(Ok(_)), _) => (StepStanding::Done, None),
            (Some(Err(failure)), _) => (StepStanding::Failed, Some(&failure.message)),
            (None, Some((failure, _))) => (StepStanding::Retrying, Some(&failure.message)),
            (None, None) => (StepStanding::Running, None),
        };
        steps.push(told(step, state, reason, Some(call)));
    }
    for (step, decision) in &run.decided {
        if matches!(decision, Decision::Waits { .. }) {
            let state = match run.ended_steps.get(step) {
                Some(None) => StepStanding::Done,
                Some(Some(_)) => continue,
                None if run.ended.is_some() => continue,
                None => StepStanding::Waiting,
            };
            steps.push(told(step, state, None, None));
        }
    }
    for (step, failure) in &run.ended_steps {
        if let Some(failure) = failure {
            steps.push(told(step, StepStanding::Failed, Some(&failure.message), None));
        }
    }
    steps.sort_by_cached_key(|step| path::order(&step.step));
    let failure = run.ended.as_ref().and_then(|ended| ended.failure.as_ref());
    WorkflowStatus {
        workflow: run.workflow.clone(),
        run: run.id.clone(),
        state: standing(run),
        paused: run.paused.clone(),
        inputs: run.arguments.iter().map(|(name, of)| (name.clone(), shown(of))).collect(),
        result: run.ended.as_ref().and_then(|ended| ended.result.as_ref()).map(shown),
        reason: failure.map(|(failure, _)| failure.message.clone()),
        help: failure.and_then(|(failure, _)| failure.help.clone()),
        steps,
        span: failure.and_then(|(_, step)| span(step)),
    }
}

fn standing(run: &WorkflowRun) -> WorkflowStanding {
    match run.ended.as_ref().map(|ended| ended.outcome).or(run.closed) {
        Some(Outcome::Done) => WorkflowStanding::Done,
        Some(Outcome::Stopped | Outcome::Superseded) => WorkflowStanding::Cancelled,
        Some(Outcome::Failed | Outcome::Partial) => WorkflowStanding::Failed,
        None if run.is_cancelled => WorkflowStanding::Cancelling,
        None => WorkflowStanding::Running,
    }
}

/// What stands in the place of what has a secret part.
pub const SECRET: &str = "(secret)";

/// What a workflow worked out as people read it: of what has a secret part no more than that it has.
pub fn shown(of: &Expr) -> Json {
    let hidden = || Json::from(SECRET);
    match of {
        Expr::Value(value) => plain(value),
        Expr::Held(held) => shown(&held.of),
        Expr::List(items) => {
            let all = items.iter().map(|item| match item {
                Item::One(of) => Some(shown(of)),
                Item::Spread(_) => None,
            });
            all.collect::<Option<_>>().map_or_else(hidden, Json::Array)
        }
        Expr::Record(entries) => {
            let all = entries.iter().map(|entry| match entry {
                Entry::One(name, of) => Some((name.clone(), shown(of))),
                Entry::Spread(_) => None,
            });
            all.collect::<Option<_>>().map_or_else(hidden, Json::Object)
        }
        _ => hidden(),
    }
}

/// A value as people read it: a node is its name.
pub fn plain(value: &Value) -> Json {
    match value {
        Value::Reference(reference) => Json::String(bp_eval::reference_text(reference)),
        Value::List(items) => Json::Array(items.iter().map(plain).collect()),
        Value::Map(entries) => {
            Json::Object(entries.iter().map(|(key, value)| (key.clone(), plain(value))).collect())
        }
        other => bp_eval::to_json(other).unwrap_or(Json::Null),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_a_secret_part_is_shown_as_that_and_no_more() {
        let secret = || Expr::Secret("s".to_owned());
        let text = Expr::Interpolate(vec![Expr::string("pw="), secret()]);
        let one = |name: &str, of: Expr| Entry::One(name.to_owned(), of);
        let login = Expr::Held(Box::new(bp_plan::Held {
            of: Expr::Record(vec![one("user", Expr::string("u")), one("password", text.clone())]),
            what: "it".to_owned(),
            kind: bp_plan::Type::Json,
            constraints: Vec::new(),
        }));
        let all = [Item::One(Expr::Value(Value::Int(1))), Item::One(secret())];
        let spread = Expr::Record(vec![one("open", Expr::string("o")), Entry::Spread(secret())]);
        for (of, told) in [
            (Expr::string("open"), json!("open")),
            (text, json!("(secret)")),
            (login, json!({ "user": "u", "password": "(secret)" })),
            (Expr::List(all.to_vec()), json!([1, "(secret)"])),
            (Expr::List(vec![Item::Spread(secret())]), json!("(secret)")),
            (spread, json!("(secret)")),
        ] {
            assert_eq!(shown(&of), told, "{of:?}");
        }
    }
}
