//! The way down: what comes next where an instance is to go, by what the journal kept of it.

use std::collections::BTreeMap;

use bp_topology::life::{Stage, stage};
use bp_topology::{Act, Given};
use serde_json::Value as Json;

use super::next::{How, Look, Next, ToCall, ToConverge};
use crate::event::{Class, Event, Failure, Operation};
use crate::life::{Kept, LifeState, is_done, is_observe};

impl Look<'_> {
    /// What comes next on the way down.
    pub(super) fn down(&self, name: &str) -> Next {
        let nothing = LifeState::default();
        let Some(is) = self.is else {
            return Next::Done(BTreeMap::new());
        };
        let state = is.life.as_deref().unwrap_or(&nothing);
        let doubt = state.doubt.as_ref().filter(|doubt| doubt.operation == Operation::Delete);
        if let Some(act) = doubt.and_then(|doubt| doubt.act.as_ref())
            && let Some(kept) = state.removal.iter().find(|kept| kept.act == *act)
            && !kept.limits.repeatable
        {
            let observe = state.removal.iter().find(|kept| is_observe(&kept.act));
            match (&state.observed, observe) {
                (Some(told), _) => match is_done(act, told) {
                    Some(true) => return Next::Conclude(Box::new(Given::nothing())),
                    Some(false) => {}
                    None => return Next::Unsure(unsure(act, Some(told))),
                },
                (None, Some(observe)) => return Next::Call(Box::new(called(observe))),
                (None, None) => return Next::Unsure(unsure(act, None)),
            }
        }
        let mut steps: Vec<Option<&Kept>> =
            state.removal.iter().filter(|kept| state.is_due(kept)).map(Some).collect();
        if !is.subject.is_empty() {
            let is_last = |kept: Option<&Kept>| {
                kept.is_some_and(|k| stage(&k.act.operation) == Some(Stage::Postdelete))
            };
            let at = steps.iter().position(|step| is_last(*step)).unwrap_or(steps.len());
            steps.insert(at, None);
        }
        for step in steps {
            let act = step.map(|kept| kept.act.clone());
            if state.removed.contains(&act) {
                continue;
            }
            return match step {
                Some(kept) => Next::Call(Box::new(called(kept))),
                None => Next::Own(Box::new(ToConverge {
                    operation: Operation::Delete,
                    place: None,
                    subject: None,
                    removal: None,
                })),
            };
        }
        let event = Event::InstanceSettled {
            instance: name.to_owned(),
            operation: Operation::Delete,
            acts: Vec::new(),
            baseline: Vec::new(),
            removal: Vec::new(),
            depends: Vec::new(),
        };
        Next::Settle(Box::new(event), Vec::new())
    }
}

/// Whether something of an instance was taken away, or may have been.
pub(super) fn is_going(life: &LifeState) -> bool {
    let doubt = life.doubt.as_ref().filter(|doubt| doubt.operation == Operation::Delete);
    let was_not = |act: &Act| {
        let told = life.observed.as_ref().and_then(|told| is_done(act, told));
        told == Some(false)
    };
    !life.removed.is_empty() || doubt.is_some_and(|doubt| !doubt.act.as_ref().is_some_and(was_not))
}

/// An operation of the way down.
pub(super) fn called(kept: &Kept) -> ToCall {
    ToCall {
        operation: Operation::Delete,
        act: kept.act.clone(),
        place: None,
        inputs: kept.call.clone(),
        how: How::Kept(kept.call.clone()),
        executor: kept.executor.clone(),
        limits: kept.limits,
        removal: None,
    }
}

/// Why a branch stops where nobody knows.
pub(super) fn unsure(act: &Act, told: Option<&Json>) -> Failure {
    let how = match told {
        None => String::new(),
        Some(told) => format!("; `lifecycle.observe` does not tell ({told})"),
    };
    Failure {
        class: Class::UnknownOutcome,
        property: Some(act.path()),
        help: Some(
            "look at what is there; `repeatable = true` lets it be called again, `lifecycle.observe` lets the runtime look itself"
                .to_owned(),
        ),
        ..Failure::permanent(format!(
            "nobody knows whether {act} was carried out, and it can't be called twice{how}"
        ))
    }
}
