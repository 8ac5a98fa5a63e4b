//! Why a step of the workflow that was run last is as it is, and why that workflow is.

use bp_engine::workflow::story::{StepStanding, WorkflowStanding, plain, shown, story};
use bp_engine::workflow::{Decision, WorkflowRun, step};
use bp_engine::{Event, Stream};
use bp_plan::Plan;

use super::facts::Facts;
use super::node::policy;
use super::{About, Cause, Kind, Reason};
use crate::error::DriverError;
use crate::timeline::Told;

/// A step by its path, or all of the workflow by its name; none where there is nothing of that name.
pub(super) async fn about(facts: &mut Facts, asked: &str) -> Result<Option<About>, DriverError> {
    let Some(run) = facts.state.workflows.last().cloned() else { return Ok(None) };
    let want = facts.want(run.revision).await?;
    let plan = want.as_ref().map(|want| &*want.plan);
    if asked == run.workflow {
        return Ok(Some(of_workflow(facts, &run, plan)));
    }
    let is_path =
        asked.starts_with(|sign: char| sign.is_ascii_digit() || matches!(sign, '!' | '-'));
    let is_known = run.decided.contains_key(asked)
        || run.calls.contains_key(asked)
        || run.ended_steps.contains_key(asked)
        || plan.is_some_and(|plan| step(plan, &run.workflow, asked).is_some());
    Ok((is_path && is_known).then(|| of_step(facts, &run, plan, asked)))
}

fn of_workflow(facts: &Facts, run: &WorkflowRun, plan: Option<&Plan>) -> About {
    let told = story(run, plan);
    let mut causes = Vec::new();
    let failed = run.ended.as_ref().and_then(|ended| ended.failure.as_ref());
    let open = || told.steps.iter().find(|step| step.state != StepStanding::Done);
    let led = failed.map(|(_, step)| step).or_else(|| open().map(|step| &step.step));
    causes.extend(led.into_iter().flat_map(|step| chain(facts, run, plan, step)));
    let state = match told.state {
        WorkflowStanding::Running => "running",
        WorkflowStanding::Cancelling => "being cancelled",
        WorkflowStanding::Done => "done",
        WorkflowStanding::Failed => "failed",
        WorkflowStanding::Cancelled => "cancelled",
    };
    causes.extend(cancelled(facts, run));
    causes.extend(asked_for(facts, run));
    let (id, state) = (run.workflow.clone(), state.to_owned());
    About { kind: Kind::Workflow, id, target: None, state, causes }
}

fn of_step(facts: &Facts, run: &WorkflowRun, plan: Option<&Plan>, path: &str) -> About {
    let mut causes = chain(facts, run, plan, path);
    causes.extend(cancelled(facts, run));
    causes.extend(asked_for(facts, run));
    let state = state(run, path).to_owned();
    let target = run.calls.get(path).map(|call| facts.target_name(&call.target).to_owned());
    About { kind: Kind::Step, id: path.to_owned(), target, state, causes }
}

fn state(run: &WorkflowRun, path: &str) -> &'static str {
    if let Some(call) = run.calls.get(path) {
        return match (&call.outcome, &call.retry) {
            (Some(Ok(_)), _) => "done",
            (Some(Err(_)), _) => "failed",
            (None, Some(_)) => "retrying",
            (None, None) => "running",
        };
    }
    match (run.ended_steps.get(path), run.decided.contains_key(path)) {
        (Some(None), _) => "done",
        (Some(Some(_)), _) => "failed",
        (None, true) => "begun",
        (None, false) => "not begun",
    }
}

/// What a step came to, and the decisions on the way to it, the nearest first.
fn chain(facts: &Facts, run: &WorkflowRun, plan: Option<&Plan>, path: &str) -> Vec<Cause> {
    let mut causes = vec![own(facts, run, plan, path)];
    if let Some(call) = run.calls.get(path) {
        let tries = call.attempt.max(1);
        match (&call.outcome, &call.retry) {
            (Some(Err(failure)), _) => causes.push(policy(failure, None, tries)),
            (None, Some((failure, at))) => causes.push(policy(failure, Some(*at), tries)),
            _ => {}
        }
    }
    let mut outer = path;
    while let Some(next) = around(outer) {
        outer = next;
        causes.extend(decision(facts, run, plan, outer));
    }
    causes
}

/// The path of what is around a step or a turn.
fn around(path: &str) -> Option<&str> {
    path.rfind(['.', '#', '!', '-']).and_then(|at| path.get(..at)).filter(|path| !path.is_empty())
}

fn place(cause: Cause, run: &WorkflowRun, plan: Option<&Plan>, path: &str) -> Cause {
    let Some(plan) = plan else { return cause };
    let span = step(plan, &run.workflow, path).map(|step| step.span);
    cause.at(plan, span)
}

/// What happened to a step last.
fn own(facts: &Facts, run: &WorkflowRun, plan: Option<&Plan>, path: &str) -> Cause {
    let last = facts.last(facts.told.len(), |told| words(told, run, path));
    let cause = match last {
        Some((at, (reason, text, help, attempt))) => {
            let mut cause = Cause::new(reason, text);
            cause.help = help;
            if let Some(told) = facts.told.get(at) {
                cause = cause.by(told);
            }
            match attempt {
                Some(attempt) => cause.attempt(attempt),
                None => cause,
            }
        }
        None => not_begun(run),
    };
    place(cause, run, plan, path)
}

fn not_begun(run: &WorkflowRun) -> Cause {
    let failed = run.ended.as_ref().and_then(|ended| ended.failure.as_ref());
    let text = match failed {
        Some((failure, step)) => {
            format!("it was not begun: step {step} failed before ({})", failure.message)
        }
        None if run.is_cancelled => "it was not begun: the workflow was cancelled".to_owned(),
        None if run.ended.is_some() => "it was not begun: the way led past it".to_owned(),
        None => "its turn has not come".to_owned(),
    };
    Cause::new(Reason::Dependency, text)
}

type Words = (Reason, String, Option<String>, Option<u32>);

fn words(told: &Told, run: &WorkflowRun, path: &str) -> Option<Words> {
    let attempt = run.calls.get(path).map(|call| call.attempt);
    match &told.event {
        Event::CallFailed { run: of, step, instance, operation, failure, .. }
            if *of == run.id && step == path =>
        {
            let text = format!("{instance}: {operation}: {}", failure.message);
            Some((Reason::Failure, text, failure.help.clone(), attempt))
        }
        Event::CallSucceeded { run: of, step, instance, operation, .. }
            if *of == run.id && step == path =>
        {
            Some((
                Reason::Done,
                format!("{operation} of {instance} was carried out"),
                None,
                attempt,
            ))
        }
        Event::CallStarted { run: of, step, instance, operation, attempt, .. }
            if *of == run.id && step == path =>
        {
            let text = format!("{operation} of {instance} is being carried out");
            Some((Reason::UnderWay, text, None, Some(*attempt)))
        }
        _ if !matches!(&told.stream, Stream::Run(of) if *of == run.id) => None,
        Event::StepEnded { step, failure } if step == path => Some(match failure {
            Some(failure) => (Reason::Failure, failure.message.clone(), failure.help.clone(), None),
            None => (Reason::Done, "it is over".to_owned(), None, None),
        }),
        Event::StepDecided { step, decision } if step == path => {
            Some((Reason::Decision, decided(decision), None, None))
        }
        _ => None,
    }
}

/// What was decided at a step around another.
fn decision(facts: &Facts, run: &WorkflowRun, plan: Option<&Plan>, path: &str) -> Option<Cause> {
    let decision = run.decided.get(path)?;
    let (at, ()) = facts.last(facts.told.len(), |told| {
        let is_own = matches!(&told.stream, Stream::Run(of) if *of == run.id);
        let is_step = matches!(&told.event, Event::StepDecided { step, .. } if step == path);
        (is_own && is_step).then_some(())
    })?;
    let mut cause = Cause::new(Reason::Decision, decided(decision)).by(facts.told.get(at)?);
    cause.of = Some(path.to_owned());
    Some(place(cause, run, plan, path))
}

/// What a decision is, for people.
fn decided(decision: &Decision) -> String {
    match decision {
        Decision::Bound(of) => format!("it is {}", shown(of)),
        Decision::Chosen(arm) => format!("its arm {} was chosen", arm + 1),
        Decision::Turns { elements, at_once } => {
            format!("there are {} turns, {at_once} at once", elements.len())
        }
        Decision::Waits { until_ms } => {
            let until = jiff::Timestamp::from_millisecond(*until_ms);
            until.map_or("it waits".to_owned(), |until| {
                format!("it waits until {until:.0} at the latest")
            })
        }
        Decision::Runs(arguments) => {
            let given: Vec<String> =
                arguments.iter().map(|(name, of)| format!("{name} = {}", shown(of))).collect();
            format!("it runs a workflow with {}", list(&given))
        }
        Decision::BringsAbout(verb) => format!("it begins to {verb:?}").to_lowercase(),
        Decision::Scales(inputs) => {
            let set: Vec<String> =
                inputs.iter().map(|(name, value)| format!("{name} = {}", plain(value))).collect();
            format!("it sets {}", list(&set))
        }
        Decision::GoesBack => "it goes back".to_owned(),
        Decision::Found(names) if names.is_empty() => "it found nothing".to_owned(),
        Decision::Found(names) => format!("it found {}", list(names)),
        Decision::Calls { targets, .. } => {
            let names: Vec<String> = targets.iter().map(|of| plain(of).to_string()).collect();
            format!("it calls {}", list(&names))
        }
        Decision::Returned(of) => format!("it returned {}", shown(of)),
    }
}

fn list(items: &[String]) -> String {
    if items.is_empty() { "nothing".to_owned() } else { items.join(", ") }
}

fn cancelled(facts: &Facts, run: &WorkflowRun) -> Option<Cause> {
    let (at, request) = facts.last(facts.told.len(), |told| match (&told.stream, &told.event) {
        (Stream::Run(of), Event::CancelTaken { request }) if *of == run.id => Some(*request),
        _ => None,
    })?;
    let asked = requested(facts, request).or(facts.told.get(at))?;
    let who = &asked.envelope.event.actor;
    Some(Cause::new(Reason::Request, format!("{who} cancelled the workflow")).by(asked))
}

fn requested(facts: &Facts, request: u64) -> Option<&Told> {
    facts.told.iter().find(|told| {
        matches!(told.stream, Stream::Requests(_)) && told.envelope.sequence == request
    })
}

fn asked_for(facts: &Facts, run: &WorkflowRun) -> Option<Cause> {
    let asked = requested(facts, run.request)?;
    let who = &asked.envelope.event.actor;
    let given: Vec<String> =
        run.arguments.iter().map(|(name, of)| format!("{name} = {}", shown(of))).collect();
    let with = if given.is_empty() { String::new() } else { format!(" with {}", given.join(", ")) };
    let text = format!("{who} ran the workflow `{}`{with}, as run {}", run.workflow, run.id);
    Some(Cause::new(Reason::Request, text).by(asked))
}
