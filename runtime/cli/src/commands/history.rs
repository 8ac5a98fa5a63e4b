//! `bpr history`.

use std::fmt::Write as _;

use bp_driver::{Deployments, Told as Entry};
use bp_engine::Event;
use bp_engine::event::Operation;
use bp_engine::workflow::Decision;
use bp_engine::workflow::story::{plain, shown};
use serde_json::json;

use crate::output::{Output, printable};
use crate::told::Told;
use crate::{DONE, home};

pub(crate) async fn run(name: &str, output: Output) -> Result<u8, Vec<Told>> {
    let (journal, id) = home::existing(name).await.map_err(|told| vec![told])?;
    let history = Deployments::new(journal.store())
        .history(&id)
        .await
        .map_err(|error| Told::driver(name, &error))?;
    if output.is_json() {
        let events: Vec<_> = history
            .iter()
            .map(|told| {
                let envelope = &told.envelope;
                let payload: serde_json::Value =
                    serde_json::from_str(&envelope.event.payload).unwrap_or_default();
                json!({
                    "stream": envelope.stream,
                    "sequence": envelope.sequence,
                    "time": time(envelope.time_ms),
                    "kind": envelope.event.kind,
                    "epoch": envelope.event.epoch,
                    "actor": envelope.event.actor,
                    "run": envelope.event.run,
                    "payload": payload,
                })
            })
            .collect();
        output.json(&json!({ "events": events }));
        return Ok(DONE);
    }
    let mut text = String::new();
    for told in &history {
        let time = time(told.envelope.time_ms);
        let _ =
            writeln!(text, "{time}  {:<18} {}", told.envelope.event.kind, printable(&words(told)));
    }
    output.text(&text);
    Ok(DONE)
}

fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map_or_else(|_| ms.to_string(), |time| format!("{time:.3}"))
}

fn words(told: &Entry) -> String {
    match &told.event {
        Event::DeploymentCreated { name, .. } => name.clone(),
        Event::EpochTaken { owner } => format!("{} by {owner}", told.envelope.event.epoch),
        Event::TargetAdmitted { id, name } => {
            format!("{} as {id}", bp_engine::status::shown(name))
        }
        Event::RevisionPlanned { revision, plan, .. } => {
            format!("{revision}, plan {}", plan.get(..12).unwrap_or(plan))
        }
        Event::RunOpened { run, .. } => run.clone(),
        Event::RunClosed { run, outcome, .. } => format!("{run}: {outcome:?}").to_lowercase(),
        Event::TargetSettled { target, outcome, .. } => {
            format!("{target}: {outcome:?}").to_lowercase()
        }
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
        Decision::Calls { targets, .. } => {
            let names: Vec<String> =
                targets.iter().map(|target| plain(target).to_string()).collect();
            format!("calls {}", names.join(", "))
        }
        Decision::Returned(of) => format!("returns {}", shown(of)),
    }
}
