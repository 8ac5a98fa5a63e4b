//! What a person says about a run that goes on or is begun again: that it pauses, which steps are tried again,
//! and which count as done.

use std::collections::BTreeSet;

use super::Engine;
use crate::event::Event;
use crate::state::{InstanceState, Run};

impl Engine {
    fn own_run(&self) -> Option<&Run> {
        self.state.runs.iter().rev().find(|run| run.id == self.run)
    }

    /// Nothing more is begun until the run is gone on with.
    pub fn is_paused(&self) -> bool {
        self.own_run().is_some_and(|run| run.paused.is_some())
    }

    /// By this request nothing more is begun; what is under way ends. Once is enough.
    pub fn pause(&mut self, request: u64, by: &str, at_ms: i64) {
        let is_open = self.own_run().is_some_and(|run| run.ended.is_none());
        if is_open && !self.is_paused() {
            let (run, by) = (self.run.clone(), by.to_owned());
            self.push_deployment(Event::RunPaused { run, request, by, at_ms });
        }
    }

    /// By this request a run that was paused goes on.
    pub fn go_on_with(&mut self, request: u64, by: &str, at_ms: i64) {
        if self.is_paused() {
            let (run, by) = (self.run.clone(), by.to_owned());
            self.push_deployment(Event::RunContinued { run, request, by, at_ms });
        }
    }

    /// What counts as done in this revision is passed over: others are told what it reports, as far as it does.
    pub(super) fn pass_over(&mut self) {
        for at in 0..self.work.items.len() {
            let Some(item) = self.work.items.get(at) else { continue };
            let Some(site) = self.work.sites.get(item.target) else { continue };
            let there = self.state.targets.get(&site.id);
            let skipped = there.and_then(|there| there.skipped.get(&item.instance));
            if skipped.is_none_or(|skipped| skipped.revision != self.revision) {
                continue;
            }
            let reported = self.instance(at).and_then(InstanceState::reported);
            let id = item.id.clone();
            if let Some(item) = self.work.items.get_mut(at) {
                item.is_skipped = true;
            }
            if let (Some(id), Some(reported)) = (id, reported) {
                self.topology.report(id, reported);
            }
            self.work.done(at);
        }
    }

    /// How many steps count as done because a person said so.
    pub fn skipped(&self) -> usize {
        self.work.items.iter().filter(|item| item.is_skipped).count()
    }

    /// Whether an item is among those that this run is to try, or needs one of them.
    pub(super) fn is_asked_for(&self, at: usize) -> bool {
        let Some(again) = self.own_run().and_then(|run| run.again.as_ref()) else { return true };
        let mut seen = BTreeSet::from([at]);
        let mut stack = vec![at];
        while let Some(next) = stack.pop() {
            let Some(item) = self.work.items.get(next) else { continue };
            let target = self.work.sites.get(item.target).map(|site| site.id.clone());
            if target.is_some_and(|target| again.contains(&(target, item.instance.clone()))) {
                return true;
            }
            stack.extend(item.needs.iter().copied().filter(|need| seen.insert(*need)));
        }
        false
    }
}
