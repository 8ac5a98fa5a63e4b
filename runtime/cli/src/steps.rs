//! A workflow as it goes on: a line for each call that begins, ends or fails.

use std::sync::Arc;

use bp_driver::Watcher;
use bp_engine::workflow::Decision;
use bp_engine::{Event, Stream};
use bp_journal::Envelope;

use crate::output::{Output, printable, write_err};
use crate::progress::spoken;

/// The watcher for this output.
pub(crate) fn watcher(output: Output) -> Arc<dyn Watcher> {
    if output.is_json() { Arc::new(bp_driver::watch::Silent) } else { Arc::new(Steps) }
}

struct Steps;

/// What an event says to a person; some say nothing.
fn words(event: &Event) -> Option<String> {
    Some(match event {
        Event::CallStarted { instance, operation, attempt: 0 | 1, .. } => {
            format!("{instance}: {operation}: begun")
        }
        Event::CallStarted { instance, operation, attempt, .. } => {
            format!("{instance}: {operation}: begun, try {attempt}")
        }
        Event::CallSucceeded { instance, operation, .. } => {
            format!("{instance}: {operation}: done")
        }
        Event::CallFailed { instance, operation, failure, retry_at_ms, .. } => {
            let again = if retry_at_ms.is_some() { "; it is tried again" } else { "" };
            format!("{instance}: {operation}: {}{again}", failure.message)
        }
        Event::StepDecided { decision: Decision::Waits { until_ms }, .. } => {
            let until = jiff::Timestamp::from_millisecond(*until_ms).ok()?;
            format!("waits until {until:.0} at the latest")
        }
        Event::StepFailed { instance, failure, retry_at_ms, .. } => {
            let again = if retry_at_ms.is_some() { "; it is tried again" } else { "" };
            format!("{instance}: {}{again}", failure.message)
        }
        Event::StepEnded { failure: Some(failure), .. } => failure.message.clone(),
        Event::CancelTaken { .. } => {
            "cancelled: what is under way ends, then `on cancel` is done".to_owned()
        }
        _ => return None,
    })
}

impl Watcher for Steps {
    fn event(&self, _: &Stream, _: &Envelope, event: &Event) {
        if let Some(words) = words(event) {
            write_err(&format!("{}\n", printable(&words)));
        }
    }

    fn wrote(&self, _: &str, instance: &str, operation: &str, line: &str) {
        write_err(&format!("{}\n", spoken(instance, operation, line)));
    }
}
