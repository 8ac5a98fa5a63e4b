//! `bpr history`.

use std::collections::BTreeMap;

use bp_driver::Told as Entry;
use bp_engine::event::Operation;
use bp_engine::workflow::Decision;
use bp_engine::workflow::story::{plain, shown};
use bp_engine::{Event, Stream};
use serde_json::json;

use crate::DONE;
use crate::moment::{When, time};
use crate::output::{Output, printable};
use crate::reading::{self, Since};
use crate::told::Told;

pub(crate) async fn run(name: &str, since: Option<When>, output: Output) -> Result<u8, Vec<Told>> {
    let Since { told, from, .. } = reading::open(name).await?.since(since).await?;
    let compacted = reading::compacted(&told);
    let is_asked = |told: &&Entry| told.number >= from;
    if output.is_json() {
        let events: Vec<_> = told.iter().filter(is_asked).map(object).collect();
        output.json(&match compacted {
            None => json!({ "events": events }),
            Some(compacted) => json!({ "compacted": compacted, "events": events }),
        });
        return Ok(DONE);
    }
    if let Some(compacted) = compacted {
        output.note(&reading::dropped(name, &compacted));
    }
    let mut names = Names::default();
    let lines = told.iter().map(|told| (told, names.line(told)));
    let text: String = lines.filter(|(told, _)| is_asked(told)).map(|(_, line)| line).collect();
    output.text(&text);
    Ok(DONE)
}

/// An event for programs.
pub(crate) fn object(told: &Entry) -> serde_json::Value {
    let envelope = &told.envelope;
    let payload: serde_json::Value =
        serde_json::from_str(&envelope.event.payload).unwrap_or_default();
    json!({
        "number": told.number,
        "stream": envelope.stream,
        "sequence": envelope.sequence,
        "time": time(envelope.time_ms),
        "kind": envelope.event.kind,
        "epoch": envelope.event.epoch,
        "actor": envelope.event.actor,
        "run": envelope.event.run,
        "payload": payload,
    })
}

/// What targets are called, as far as that was told.
#[derive(Default)]
pub(crate) struct Names(BTreeMap<String, String>);

impl Names {
    /// An event for people, in one line.
    pub(crate) fn line(&mut self, told: &Entry) -> String {
        if let Event::TargetAdmitted { id, name } = &told.event {
            self.0.insert(id.clone(), name.clone());
        }
        let target = match &told.stream {
            Stream::Target(_, id) => self.0.get(id).filter(|name| !name.is_empty()),
            _ => None,
        };
        let on = target.map(|name| format!("{name}: ")).unwrap_or_default();
        let (number, time) = (told.number, time(told.envelope.time_ms));
        let kind = &told.envelope.event.kind;
        let words = printable(&format!("{on}{}", words(told))).replace('\n', " ");
        format!("{number:>5}  {time}  {kind:<18} {words}").trim_end().to_owned() + "\n"
    }
}

fn words(told: &Entry) -> String {
    match &told.event {
        Event::DeploymentCreated { name, .. } => name.clone(),
        Event::EpochTaken { owner } => format!("{} by {owner}", told.envelope.event.epoch),
        Event::TargetAdmitted { id, name } => {
            format!("{} as {id}", bp_engine::status::shown(name))
        }
        Event::RevisionPlanned { revision, plan, back_to, .. } => {
            let back =
                back_to.map_or_else(String::new, |to| format!(", a rollback to revision {to}"));
            format!("{revision}{back}, plan {}", plan.get(..12).unwrap_or(plan))
        }
        Event::RollbackRequested { to, .. } => {
            format!("to revision {to}, by {}", told.envelope.event.actor)
        }
        Event::RunPaused { run, by, .. } | Event::RunContinued { run, by, .. } => {
            format!("{run}, by {by}")
        }
        Event::StepsSkipped { steps, why, by, .. } => {
            format!("{}, by {by}: {why}", instances(steps))
        }
        Event::SkipRequested { steps, why } => {
            format!("{}, by {}: {why}", instances(steps), told.envelope.event.actor)
        }
        Event::RetryRequested { steps: Some(steps) } => {
            format!("{}, by {}", instances(steps), told.envelope.event.actor)
        }
        Event::HealRequested { found } => {
            let names: Vec<&str> = found.iter().map(|one| one.instance.as_str()).collect();
            format!("{}, by {}", names.join(", "), told.envelope.event.actor)
        }
        Event::DriftFound { instance, .. } => format!("{instance} is not as it was applied"),
        Event::CheckpointTaken { events, until_ms, by, .. } => {
            format!("events 1 to {events}, until {}, dropped by {by}", time(*until_ms))
        }
        Event::RunOpened { run, .. } => run.clone(),
        Event::RunClosed { run, outcome, .. } => format!("{run}: {outcome:?}").to_lowercase(),
        Event::TargetSettled { target, outcome, .. } => {
            format!("{target}: {outcome:?}").to_lowercase()
        }
        Event::TargetsGranted { targets } => match targets.as_slice() {
            [one] => one.clone(),
            all => format!("{} targets", all.len()),
        },
        Event::RunEnded { outcome } => format!("{outcome:?}").to_lowercase(),
        Event::TargetContacted { identity, .. } => identity.clone(),
        Event::TargetUnreached { failure, .. } => failure.message.clone(),
        Event::StepStarted { instance, operation, attempt, call, .. } => {
            let again = if *attempt > 1 { format!(", try {attempt}") } else { String::new() };
            let act = call.as_ref().and_then(|call| call.act.as_ref());
            let what =
                act.map_or_else(|| format!("{operation:?}").to_lowercase(), ToString::to_string);
            format!("{what} {instance}{again}")
        }
        Event::WorkflowOpened { run, workflow, .. } => format!("{workflow} as {run}"),
        Event::WorkflowStarted { workflow, .. } => workflow.clone(),
        Event::WorkflowRequested { workflow, .. } => {
            format!("{workflow}, by {}", told.envelope.event.actor)
        }
        Event::WorkflowEnded { outcome, failure, .. } => match failure {
            None => format!("{outcome:?}").to_lowercase(),
            Some(failure) => format!("failed: {}", failure.message),
        },
        Event::StepDecided { step, decision } => format!("{step}: {}", decided(decision)),
        Event::StepEnded { step, failure: None } => format!("{step}: over"),
        Event::StepEnded { step, failure: Some(failure) } => format!("{step}: {}", failure.message),
        Event::CallStarted { step, instance, operation, attempt, .. } => {
            let again = if *attempt > 1 { format!(", try {attempt}") } else { String::new() };
            format!("{step}: {operation} {instance}{again}")
        }
        Event::CallSucceeded { step, instance, operation, .. } => {
            format!("{step}: {operation} {instance}")
        }
        Event::CallFailed { step, instance, operation, failure, .. } => {
            format!("{step}: {operation} {instance}: {}", failure.message)
        }
        Event::InstanceSettled { instance, operation: Operation::Converge, .. } => {
            format!("{instance} is whole")
        }
        Event::InstanceSettled { instance, .. } => format!("{instance} is gone"),
        Event::InstanceRenamed { instance, was } => format!("{was} is {instance} now"),
        Event::InstanceAdopted { instance, id, .. } => format!("{id} is {instance} now"),
        Event::StepAccepted { instance, .. } | Event::StepSucceeded { instance, .. } => {
            instance.clone()
        }
        Event::StepFailed { instance, failure, .. } => format!("{instance}: {}", failure.message),
        _ => format!("by {}", told.envelope.event.actor),
    }
}

/// The instances of steps.
fn instances(steps: &[(String, String)]) -> String {
    steps.iter().map(|(_, instance)| instance.as_str()).collect::<Vec<_>>().join(", ")
}

/// What a step of a workflow is about.
fn decided(decision: &Decision) -> String {
    match decision {
        Decision::Bound(of) => format!("is {}", shown(of)),
        Decision::Chosen(arm) => format!("arm {}", arm + 1),
        Decision::Turns { elements, at_once } => {
            format!("{} turns, {at_once} at once", elements.len())
        }
        Decision::Waits { until_ms } => format!("waits until {} at the latest", time(*until_ms)),
        Decision::Runs(arguments) => {
            let names: Vec<String> =
                arguments.iter().map(|(name, of)| format!("{name} = {}", shown(of))).collect();
            format!(
                "runs with {}",
                if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
            )
        }
        Decision::BringsAbout(verb) => format!("{verb:?}").to_lowercase(),
        Decision::Scales(inputs) => {
            let set: Vec<String> =
                inputs.iter().map(|(name, value)| format!("{name} = {}", plain(value))).collect();
            format!("sets {}", if set.is_empty() { "nothing".to_owned() } else { set.join(", ") })
        }
        Decision::GoesBack => "goes back".to_owned(),
        Decision::Found(names) if names.is_empty() => "finds nothing".to_owned(),
        Decision::Found(names) => format!("finds {}", names.join(", ")),
        Decision::Calls { targets, .. } => {
            let names: Vec<String> =
                targets.iter().map(|target| plain(target).to_string()).collect();
            format!("calls {}", names.join(", "))
        }
        Decision::Returned(of) => format!("returns {}", shown(of)),
    }
}
