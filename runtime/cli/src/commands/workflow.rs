//! `bpr run` and `bpr cancel`: a workflow of a deployment.

use std::fmt::Write as _;
use std::sync::Arc;

use bp_driver::{Deployments, DriverError, Input, Ran, Runtime};
use bp_engine::event::Outcome;
use bp_engine::workflow::story::{StepStanding, StepStatus, WorkflowStanding, WorkflowStatus};
use bp_journal::Store;
use bp_plan::Plan;

use super::run::{Running, executors, runtime};
use super::status::since;
use crate::arguments::Run;
use crate::output::{Output, printable};
use crate::secrets::Sources;
use crate::told::Told;
use crate::{DONE, FAILED, PARTLY, home, steps};

/// How many steps are shown.
const MOST: usize = 40;

pub(crate) async fn run(asked: Run, output: Output) -> Result<u8, Vec<Told>> {
    let name = &asked.name;
    let inputs = given(&asked)?;
    let (journal, id) = home::existing(name).await.map_err(one)?;
    let held = journal.hold(name).await.map_err(one)?;
    let store = held.store();
    held.during(carry_out(&asked, (store, &id), &inputs, output)).await
}

/// Runs it, in a journal that is held.
async fn carry_out(
    asked: &Run,
    (store, id): (Arc<dyn Store>, &str),
    inputs: &[(String, Input)],
    output: Output,
) -> Result<u8, Vec<Told>> {
    let name = &asked.name;
    let secrets = Sources::of(name).map_err(one)?;
    let runtime = runtime(store.clone(), executors(name).map_err(one)?, secrets);
    let running = Running::start(steps::watcher(output));
    let result = runtime.run_workflow(id, &asked.workflow, inputs, running.control()).await;
    running.end();
    let ran = result.map_err(|error| Told::driver(name, &error))?;
    finish(name, id, store, &ran, output).await
}

/// Cancels the workflow that is under way: asks the process that runs it, or does it where none does.
pub(crate) async fn cancel(name: &str, output: Output) -> Result<u8, Vec<Told>> {
    let (journal, id) = home::existing(name).await.map_err(one)?;
    let secrets = Sources::of(name).map_err(one)?;
    let mut runtime = runtime(journal.store(), executors(name).map_err(one)?, secrets);
    let failed = |error: DriverError| Told::driver(name, &error);
    let workflow = runtime.ask_to_cancel(&id).await.map_err(failed)?;
    let Some(held) = journal.try_hold(name).await.map_err(one)? else {
        output.note(&format!(
            "asked the process that runs `{workflow}` to cancel it; see `bpr status {name}`"
        ));
        return Ok(DONE);
    };
    runtime.store = held.store();
    held.during(async {
        let running = Running::start(steps::watcher(output));
        let ran = go_on(&runtime, &id, &running).await;
        running.end();
        // Whoever ran it has just ended it.
        let Some(ran) = ran.map_err(failed)? else { return Ok(DONE) };
        let code = finish(name, &id, runtime.store.clone(), &ran, output).await?;
        Ok(if ran.outcome == Some(Outcome::Stopped) { DONE } else { code })
    })
    .await
}

/// Goes on with the workflow that was begun; none where there is none.
pub(crate) async fn go_on(
    runtime: &Runtime,
    id: &str,
    running: &Running,
) -> Result<Option<Ran>, DriverError> {
    runtime.resume_workflow(id, running.control()).await
}

/// Says how a workflow went; gives the exit code.
pub(crate) async fn finish(
    name: &str,
    id: &str,
    store: Arc<dyn Store>,
    ran: &Ran,
    output: Output,
) -> Result<u8, Vec<Told>> {
    let (status, plan) =
        Deployments::new(store).status(id).await.map_err(|error| Told::driver(name, &error))?;
    if let Some(workflow) = &status.workflow {
        if output.is_json() {
            output.json(workflow);
        } else {
            failures(workflow, plan.as_deref(), output);
        }
    }
    let workflow = &ran.workflow;
    let paused = status.workflow.as_ref().and_then(|workflow| workflow.paused.as_ref());
    let is_paused = paused.or(status.paused.as_ref()).is_some();
    let how = if is_paused { "paused" } else { "interrupted" };
    let (words, code) = match ran.outcome {
        Some(Outcome::Done) => (format!("{name}: {workflow} is done\n"), DONE),
        Some(Outcome::Stopped | Outcome::Superseded) => {
            (format!("{name}: {workflow} was cancelled\n"), PARTLY)
        }
        Some(Outcome::Failed | Outcome::Partial) => {
            (format!("{name}: {workflow} failed\n  next: bpr status {name}\n"), FAILED)
        }
        None => (
            format!(
                "{name}: {workflow} was {how}\n  next: bpr resume {name} · bpr cancel {name}\n"
            ),
            PARTLY,
        ),
    };
    output.text(&words);
    if let Some(result) = status.workflow.as_ref().and_then(|workflow| workflow.result.as_ref()) {
        output.text(&results(result));
    }
    Ok(code)
}

/// A workflow of a status, for people.
pub(crate) fn shown(name: &str, workflow: &WorkflowStatus) -> String {
    let (mark, word) = match workflow.state {
        WorkflowStanding::Running => ("…", "running"),
        WorkflowStanding::Cancelling => ("…", "being cancelled"),
        WorkflowStanding::Done => ("✔", "done"),
        WorkflowStanding::Failed => ("✗", "failed"),
        WorkflowStanding::Cancelled => ("◐", "cancelled"),
    };
    let (called, run) = (&workflow.workflow, &workflow.run);
    let mut text = format!("\n{mark} workflow {called}: {word}, run {run}\n");
    if let Some(paused) = &workflow.paused {
        let _ = writeln!(text, "  paused {}; `bpr resume {name}` goes on", since(paused));
        return text + &rows(name, workflow);
    }
    let is_open =
        matches!(workflow.state, WorkflowStanding::Running | WorkflowStanding::Cancelling);
    if is_open {
        let _ = writeln!(
            text,
            "  it is under way, or was interrupted; then: bpr resume {name} · bpr cancel {name}"
        );
    }
    text + &rows(name, workflow)
}

/// The steps of a workflow, and its result.
fn rows(name: &str, workflow: &WorkflowStatus) -> String {
    let mut text = String::new();
    let done = workflow.steps.iter().filter(|step| step.state == StepStanding::Done).count();
    if done > 0 {
        let _ = writeln!(text, "  {done} of {} steps done", workflow.steps.len());
    }
    let others: Vec<&StepStatus> =
        workflow.steps.iter().filter(|step| step.state != StepStanding::Done).collect();
    for step in others.iter().take(MOST) {
        text.push_str(&row(step));
    }
    if others.len() > MOST {
        let more = others.len() - MOST;
        let _ = writeln!(text, "  and {more} more; `bpr status {name} --output json` has all");
    }
    if let Some(result) = &workflow.result {
        text.push_str(&results(result));
    }
    text
}

fn row(step: &StepStatus) -> String {
    let word = match step.state {
        StepStanding::Running => "running",
        StepStanding::Retrying => "is tried again",
        StepStanding::Waiting => "waiting",
        StepStanding::Done => "done",
        StepStanding::Failed => "failed",
    };
    let at = step.line.map_or_else(String::new, |line| format!("line {line}: "));
    let what = match (&step.instance, &step.operation) {
        (Some(instance), Some(operation)) => format!("{instance} {operation}: "),
        _ => String::new(),
    };
    let reason = step.reason.as_deref();
    let reason = reason.map_or_else(String::new, |reason| format!(": {}", printable(reason)));
    format!("  {at}{what}{word}{reason}\n")
}

/// Why it failed, with the line of the blueprint.
pub(crate) fn failures(workflow: &WorkflowStatus, plan: Option<&Plan>, output: Output) {
    let Some(reason) = &workflow.reason else { return };
    let mut told = Told::error(format!("the workflow `{}` failed: {reason}", workflow.workflow));
    told.help.clone_from(&workflow.help);
    if let Some(plan) = plan {
        told = told.at(plan, workflow.span);
    }
    output.told(&told);
}

fn results(result: &serde_json::Value) -> String {
    let Some(entries) = result.as_object() else { return format!("  {result}\n") };
    let line = |(name, value): (&String, &serde_json::Value)| match value {
        serde_json::Value::String(text) => format!("  {name} = {}\n", printable(text)),
        other => format!("  {name} = {other}\n"),
    };
    entries.iter().map(line).collect()
}

fn one(told: Told) -> Vec<Told> {
    vec![told]
}

/// What was given, by the file and then by the command line.
fn given(asked: &Run) -> Result<Vec<(String, Input)>, Vec<Told>> {
    let mut given = Vec::new();
    if let Some(path) = &asked.inputs_file {
        let inputs = super::wanted::file(path).map_err(one)?;
        given.extend(inputs.into_iter().map(|(name, json)| (name, Input::Json(json))));
    }
    for argument in &asked.inputs {
        let (name, text) = bp_eval::split_input(argument)
            .map_err(|error| one(Told::error(format!("--input: {error}"))))?;
        given.push((name.to_owned(), Input::Text(text.to_owned())));
    }
    Ok(given)
}
