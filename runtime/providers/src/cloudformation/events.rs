//! What happened to a stack in its last operation: progress, and the reason of a failure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};
use bp_provider::Failure;

use super::account::Session;
use super::failure::Attempt;

/// The type of a stack's own events.
const STACK: &str = "AWS::CloudFormation::Stack";
/// How many pages of events are read of one operation; a page has a hundred.
const MOST_PAGES: usize = 50;
/// How many resources are named that are under way.
const NAMED: usize = 2;

/// The last operation on a stack.
#[derive(Debug, Default)]
pub(crate) struct Operation {
    /// Newest first.
    events: Vec<StackEvent>,
}

impl Operation {
    /// The last one on this stack.
    pub(crate) async fn last(session: &Session, stack_id: &str) -> Result<Self, Failure> {
        let what = format!("read the events of {stack_id}");
        let attempt = Attempt::to_read(&what, &session.region);
        let mut operation = Self::default();
        let mut next = None;
        for _ in 0..MOST_PAGES {
            let page = session.client.describe_stack_events().stack_name(stack_id);
            let page = page.set_next_token(next).send().await;
            let page = page.map_err(|error| attempt.failed(&error))?;
            next = page.next_token().map(str::to_owned);
            for event in page.stack_events() {
                let is_first = begins(event, stack_id);
                operation.events.push(event.clone());
                if is_first {
                    return Ok(operation);
                }
            }
            if next.is_none() {
                break;
            }
        }
        Ok(operation)
    }

    /// Whether it was asked for with this token.
    pub(crate) fn is_of(&self, token: &str) -> bool {
        self.events.iter().any(|event| event.client_request_token() == Some(token))
    }

    /// How far it is, in a few words.
    pub(crate) fn progress(&self, status: &str) -> String {
        let mut newest: BTreeMap<&str, &StackEvent> = BTreeMap::new();
        for event in &self.events {
            if event.resource_type() != Some(STACK)
                && let Some(id) = event.logical_resource_id()
            {
                newest.entry(id).or_insert(event);
            }
        }
        let ends = |event: &StackEvent, end: &str| resource_status(event).ends_with(end);
        let done = newest.values().filter(|event| ends(event, "_COMPLETE")).count();
        let busy: Vec<String> = newest
            .iter()
            .filter(|(_, event)| ends(event, "_IN_PROGRESS"))
            .map(|(id, event)| format!("{id} ({})", event.resource_type().unwrap_or_default()))
            .collect();
        let mut words = format!("{status}, {done} of {} done", newest.len());
        if !busy.is_empty() {
            // Writing to a String cannot fail.
            let _ = write!(words, ": {}", busy.get(..NAMED).unwrap_or(&busy).join(", "));
            if busy.len() > NAMED {
                let _ = write!(words, " and {} more", busy.len() - NAMED);
            }
        }
        words
    }

    /// The first resource that failed by itself, by its name in the template, and why.
    pub(crate) fn reason(&self) -> Option<(&str, String)> {
        let failed = self.events.iter().rev().find(|event| {
            let reason = event.resource_status_reason().unwrap_or_default();
            resource_status(event).ends_with("_FAILED")
                && !reason.is_empty()
                && !reason.contains("cancelled")
        })?;
        let id = failed.logical_resource_id().unwrap_or_default();
        let kind = failed.resource_type().unwrap_or_default();
        let reason = failed.resource_status_reason().unwrap_or_default();
        Some((id, format!("`{id}` ({kind}) {}: {reason}", resource_status(failed))))
    }
}

fn resource_status(event: &StackEvent) -> &str {
    event.resource_status().map(ResourceStatus::as_str).unwrap_or_default()
}

/// Whether an operation on the stack begins with this event.
fn begins(event: &StackEvent, stack_id: &str) -> bool {
    let own = event.resource_type() == Some(STACK)
        && event.physical_resource_id().is_none_or(|id| id == stack_id || id.is_empty());
    let status = resource_status(event);
    own && ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "REVIEW_IN_PROGRESS"]
        .contains(&status)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn event(id: &str, kind: &str, status: &str, reason: &str) -> StackEvent {
        StackEvent::builder()
            .logical_resource_id(id)
            .resource_type(kind)
            .resource_status(ResourceStatus::from(status))
            .resource_status_reason(reason)
            .client_request_token("token")
            .stack_id("arn")
            .stack_name("shop")
            .event_id("e")
            .timestamp(aws_sdk_cloudformation::primitives::DateTime::from_secs(0))
            .build()
    }

    #[test]
    fn the_first_that_failed_by_itself_is_the_reason() {
        let operation = Operation {
            events: vec![
                event("shop", STACK, "ROLLBACK_IN_PROGRESS", "[Queue, Topic] failed"),
                event("Topic", "AWS::SNS::Topic", "CREATE_FAILED", "Resource creation cancelled"),
                event("Queue", "AWS::SQS::Queue", "CREATE_FAILED", "no such key"),
                event("Queue", "AWS::SQS::Queue", "CREATE_IN_PROGRESS", ""),
            ],
        };
        let said = "`Queue` (AWS::SQS::Queue) CREATE_FAILED: no such key".to_owned();
        assert_eq!(operation.reason().unwrap(), ("Queue", said));
        assert!(operation.is_of("token") && !operation.is_of("other"));
    }

    #[test]
    fn progress_counts_and_names_what_is_under_way() {
        let busy = |id: &str| event(id, "AWS::SQS::Queue", "CREATE_IN_PROGRESS", "");
        let done = event("A", "AWS::SQS::Queue", "CREATE_COMPLETE", "");
        let events = vec![done, busy("A"), busy("B"), busy("C"), busy("D")];
        assert_eq!(
            Operation { events }.progress("CREATE_IN_PROGRESS"),
            "CREATE_IN_PROGRESS, 1 of 4 done: B (AWS::SQS::Queue), C (AWS::SQS::Queue) and 1 more"
        );
    }
}
