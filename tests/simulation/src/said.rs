//! What people say beside their wishes, as the journal has it: pauses, skipped steps, the way back. What
//! follows from it is worked out here once more, by rules of the oracle's own.

use std::collections::{BTreeMap, BTreeSet};

use bp_engine::Event;
use bp_journal::Envelope;

/// See the module.
#[derive(Default)]
pub(crate) struct Said {
    /// Nothing is to be begun.
    is_paused: bool,
    /// When a pause was asked for that nobody has taken yet.
    asked_at: Option<i64>,
    /// A skip that nobody has taken yet: the sequence of its request, and its steps.
    skip: Option<(u64, Vec<(String, String)>)>,
    /// Revisions that go back, with where they go.
    back_to: BTreeMap<u64, u64>,
    /// Revisions all of which was there, with nothing skipped.
    pub(crate) whole: BTreeSet<u64>,
    newest: u64,
}

impl Said {
    /// Takes in an event; gives the steps of a skip that was taken by it.
    pub(crate) fn hear(
        &mut self,
        envelope: &Envelope,
        event: &Event,
    ) -> Option<Vec<(String, String)>> {
        match event {
            Event::PauseRequested {} => self.asked_at = Some(envelope.time_ms),
            Event::ResumeRequested {} | Event::EpochTaken { .. } => self.asked_at = None,
            Event::RunPaused { .. } => (self.is_paused, self.asked_at) = (true, None),
            Event::RunClosed { .. } => (self.is_paused, self.asked_at) = (false, None),
            Event::RevisionPlanned { revision, back_to, .. } => {
                self.newest = *revision;
                self.back_to.extend(back_to.map(|to| (*revision, to)));
            }
            Event::SkipRequested { steps, .. } => {
                self.skip = Some((envelope.sequence, steps.clone()));
            }
            Event::DeployRequested { .. }
            | Event::RollbackRequested { .. }
            | Event::UninstallRequested { .. }
            | Event::RetryRequested { .. }
            | Event::HealRequested { .. } => self.skip = None,
            _ => {}
        }
        let request = match event {
            Event::RunOpened { request, .. } | Event::RunContinued { request, .. } => {
                self.is_paused = false;
                *request
            }
            Event::RequestTaken { request } => *request,
            _ => return None,
        };
        let (_, steps) = self.skip.take_if(|(sequence, _)| *sequence <= request)?;
        Some(steps)
    }

    /// Why nothing may be begun: it is paused, or it was asked for before this moment and nobody heard.
    pub(crate) fn forbids(&self, late_ms: i64) -> Option<&'static str> {
        if self.is_paused {
            return Some("while it was paused");
        }
        self.asked_at.is_some_and(|at| at < late_ms).then_some("long after it was asked to pause")
    }

    /// The last revision that was whole before what is wanted now, with its version.
    pub(crate) fn destination(
        &self,
        revisions: &BTreeMap<u64, Option<usize>>,
    ) -> Option<(u64, usize)> {
        let mut now = self.newest;
        while let Some(back) = self.back_to.get(&now) {
            now = *back;
        }
        let is_whole = |revision: &u64| self.whole.contains(revision);
        let there = revisions.get(&self.newest).filter(|_| is_whole(&self.newest));
        let mut before = revisions.range(..now).rev();
        before.find_map(|(revision, version)| {
            let is_there = there == Some(version);
            version.filter(|_| is_whole(revision) && !is_there).map(|version| (*revision, version))
        })
    }
}
