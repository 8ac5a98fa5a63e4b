//! The form of events in the envelope: kind, version, payload.

use bp_topology::sealed::is_made;
use serde_json::Value as Json;

use crate::event::Event;
use crate::workflow::Decision;

/// The newest version of payloads that this engine reads.
pub const VERSION: u32 = 8;

/// An event that this engine can't read.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Written by a newer engine.
    #[error(
        "the journal holds an event `{kind}` of version {found}, and this program knows versions up to {VERSION}: \
         it was written by a newer one; use that, nothing was changed"
    )]
    Newer {
        /// Which kind.
        kind: String,
        /// Its version.
        found: u32,
    },
    /// Not what its kind says.
    #[error(
        "the journal holds an event `{kind}` that can't be read ({source}): it was written by another program or damaged"
    )]
    Malformed {
        /// Which kind.
        kind: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl Event {
    /// The version of its payload: an older engine would not know what a step of a life is, what has another
    /// name or was adopted, what needs an approval, nor a workflow, nor what one makes with a secret, nor what
    /// goes back, waits for a person, or was skipped, nor what is healed, nor where what was dropped is kept, nor what is
    /// sealed, nor what of a workflow sets inputs or goes back.
    pub fn version(&self) -> u32 {
        match self {
            Self::StepDecided { decision: Decision::Scales(_) | Decision::GoesBack, .. } => 8,
            Self::StepSucceeded { attributes, .. } if attributes.values().any(is_made) => 7,
            Self::CallSucceeded { attributes, result, .. }
                if attributes.values().any(is_made) || result.as_value().is_none() =>
            {
                7
            }
            Self::RevisionPlanned { back_to, reached_by, .. }
                if back_to.is_some() || reached_by.is_some() =>
            {
                5
            }
            Self::RunOpened { heals: true, .. }
            | Self::DriftFound { .. }
            | Self::HealRequested { .. }
            | Self::StepDecided { decision: Decision::Found(_), .. }
            | Self::CheckpointTaken { .. } => 6,
            Self::RunOpened { again: Some(_), .. }
            | Self::RunPaused { .. }
            | Self::RunContinued { .. }
            | Self::StepsSkipped { .. }
            | Self::RollbackRequested { .. }
            | Self::PauseRequested {}
            | Self::RetryRequested { .. }
            | Self::SkipRequested { .. } => 5,
            Self::StepDecided { decision, .. } if decision.holds_secret() => 4,
            Self::WorkflowEnded { result: Some(result), .. } if result.as_value().is_none() => 4,
            Self::WorkflowOpened { arguments, .. } | Self::WorkflowRequested { arguments, .. }
                if arguments.values().any(|of| of.as_value().is_none()) =>
            {
                4
            }
            Self::WorkflowOpened { .. }
            | Self::WorkflowStarted { .. }
            | Self::StepDecided { .. }
            | Self::StepEnded { .. }
            | Self::CancelTaken { .. }
            | Self::WorkflowEnded { .. }
            | Self::CallStarted { .. }
            | Self::CallSucceeded { .. }
            | Self::CallFailed { .. }
            | Self::WorkflowRequested { .. }
            | Self::CancelRequested {}
            | Self::RevisionPlanned { terms: Some(_), .. }
            | Self::DeployRequested { terms: Some(_), .. }
            | Self::AdoptionRequested { .. }
            | Self::InstanceRenamed { .. }
            | Self::InstanceAdopted { .. } => 3,
            Self::StepStarted { call: Some(_), .. } | Self::InstanceSettled { .. } => 2,
            Self::UninstallRequested { approved } if !approved.is_empty() => 3,
            _ => 1,
        }
    }

    /// Its kind and its payload as JSON text.
    pub fn encode(&self) -> Result<(String, String), serde_json::Error> {
        let whole = serde_json::to_string(self)?;
        // Both stand in it as they are: no kind has a character that JSON would write otherwise.
        let parts = whole.strip_prefix("{\"kind\":\"").and_then(|rest| rest.strip_suffix('}'));
        let parts = parts.and_then(|rest| rest.split_once("\",\"payload\":"));
        let (kind, payload) = parts.unwrap_or((&whole, "{}"));
        Ok((kind.to_owned(), payload.to_owned()))
    }

    /// The event of this kind, version and payload.
    pub fn decode(kind: &str, version: u32, payload: &str) -> Result<Self, EventError> {
        if version > VERSION {
            return Err(EventError::Newer { kind: kind.to_owned(), found: version });
        }
        let malformed = |source| EventError::Malformed { kind: kind.to_owned(), source };
        // The kind stands first, so that the payload is read straight into what it is.
        let name = Json::from(kind);
        serde_json::from_str(&format!("{{\"kind\":{name},\"payload\":{payload}}}"))
            .map_err(malformed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::event::{Failure, Operation};

    #[test]
    fn events_are_read_back() {
        for event in [
            Event::ResumeRequested {},
            Event::TargetAdmitted { id: "t1".into(), name: "east".into() },
            Event::StepFailed {
                instance: "web[\"east\"]".into(),
                operation: Operation::Converge,
                failure: Failure::permanent("no"),
                retry_at_ms: None,
                output: None,
            },
        ] {
            let (kind, payload) = event.encode().unwrap();
            assert!(payload.starts_with('{'), "{payload}");
            assert_eq!(Event::decode(&kind, VERSION, &payload).unwrap(), event);
        }
    }

    #[test]
    fn what_is_newer_or_damaged_is_refused_with_a_sentence() {
        let newer = Event::decode("run-ended", VERSION + 1, "{}").unwrap_err().to_string();
        assert!(newer.contains("newer") && newer.contains("run-ended"), "{newer}");
        let damaged = Event::decode("run-ended", VERSION, "{\"outcome\":7}").unwrap_err();
        assert!(damaged.to_string().contains("run-ended"), "{damaged}");
        assert!(Event::decode("never-heard-of", VERSION, "{}").is_err());
    }
}
