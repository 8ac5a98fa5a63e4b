//! What a state need not know any longer, once the events that led to it are dropped.

use std::collections::BTreeSet;

use crate::back::destination;
use crate::event::Outcome;
use crate::state::State;

impl State {
    /// Forgets runs that have ended and revisions that nothing leads to any more; `named` are the runs and revisions
    /// that events still tell of, or that may be gone back to. Gives the runs that are forgotten.
    ///
    /// What is there and how it is taken away again is all kept.
    pub fn forget(
        &mut self,
        named_runs: &BTreeSet<String>,
        named_revisions: &BTreeSet<u64>,
    ) -> Vec<String> {
        let mut forgotten = Vec::new();
        let workflows = self.workflows.iter().filter(|run| run.closed.is_none());
        // A workflow that is under way counts the runs that it began.
        let inner: Vec<String> = workflows.map(|run| format!("{}.", run.id)).collect();
        let newest =
            [self.runs.last().map(|run| &run.id), self.workflows.last().map(|run| &run.id)];
        let mut newest: BTreeSet<String> = newest.into_iter().flatten().cloned().collect();
        // Which revision a target is at is told by the last run that was done with it.
        newest.extend(self.targets.keys().filter_map(|target| {
            let mut runs = self.runs.iter().rev();
            let done = runs.find(|run| run.settled.get(target) == Some(&Outcome::Done));
            done.map(|run| run.id.clone())
        }));
        let mut is_kept = |id: &String, is_closed: bool| {
            let is_inner = inner.iter().any(|of| id.starts_with(of.as_str()));
            let is_named = newest.contains(id) || named_runs.contains(id);
            let is_kept = !is_closed || is_inner || is_named;
            if !is_kept {
                forgotten.push(id.clone());
            }
            is_kept
        };
        self.runs.retain(|run| is_kept(&run.id, run.closed.is_some()));
        self.workflows.retain(|run| is_kept(&run.id, run.closed.is_some()));
        self.forgotten_runs += forgotten.len() as u64;
        // Between the first that is needed and the newest none is left out: a rollback looks at all of them.
        if let Some(first) = self.first_needed(named_revisions) {
            self.revisions = self.revisions.split_off(&first);
            self.healthy = self.healthy.split_off(&first);
        }
        forgotten
    }

    /// The first revision that something may still need.
    fn first_needed(&self, named: &BTreeSet<u64>) -> Option<u64> {
        let (newest, _) = self.revision()?;
        let runs = self.runs.iter().map(|run| run.revision);
        let workflows = self.workflows.iter().map(|run| run.revision);
        let needed = runs.chain(workflows).chain(named.iter().copied());
        Some(needed.fold(newest, u64::min))
    }

    /// The digests of the blobs that it can't do without: what is wanted, what was begun, and how it is taken away.
    pub fn blobs(&self) -> BTreeSet<&str> {
        let mut blobs: BTreeSet<&String> = self.sealed.values().collect();
        for revision in self.revisions.values() {
            blobs.extend([&revision.plan, &revision.inputs, &revision.inventory]);
            blobs.extend(&revision.reached_by);
        }
        for instance in self.targets.values().flat_map(|target| target.instances.values()) {
            blobs.insert(&instance.subject);
            blobs.extend(&instance.begun);
            blobs.extend(instance.applied.as_ref().map(|applied| &applied.subject));
            let Some(life) = &instance.life else { continue };
            blobs.extend(life.removal.iter().map(|kept| &kept.call));
            blobs.extend(life.last.iter().chain(&life.doubt).map(|begun| &begun.subject));
        }
        blobs.into_iter().map(String::as_str).filter(|digest| !digest.is_empty()).collect()
    }

    /// The revisions that a rollback may need: the one that it goes to, and where the newest stands.
    pub fn ways_back(&self) -> BTreeSet<u64> {
        let back_to = self.revision().and_then(|(_, revision)| revision.back_to);
        [destination(self, None).ok(), back_to].into_iter().flatten().collect()
    }

    /// The oldest revision that is still known; 0 where there is none.
    pub fn oldest_revision(&self) -> u64 {
        self.revisions.first_key_value().map_or(0, |(number, _)| *number)
    }

    /// How many runs of both kinds there were.
    pub fn count_of_runs(&self) -> u64 {
        self.forgotten_runs + (self.runs.len() + self.workflows.len()) as u64
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::event::{Event, Verb};
    use crate::stream::Stream;

    /// A state after so many revisions, of each of which a run ended so; `None` for one that has not.
    fn state(outcomes: &[Option<Outcome>]) -> State {
        let mut state = State::default();
        let stream = Stream::Deployment("a".into());
        for (revision, outcome) in (1..).zip(outcomes) {
            let run = format!("a.{revision}");
            let planned = Event::RevisionPlanned {
                revision,
                request: revision,
                verb: Verb::Deploy,
                plan: format!("p{revision}"),
                inputs: String::new(),
                inventory: String::new(),
                terms: None,
                back_to: None,
                reached_by: None,
            };
            let opened = Event::RunOpened {
                run: run.clone(),
                revision,
                request: revision,
                again: None,
                heals: false,
            };
            let closed =
                outcome.map(|outcome| Event::RunClosed { run, outcome, head: String::new() });
            for event in [planned, opened].into_iter().chain(closed) {
                state.fold(&stream, 1, &event);
            }
        }
        state
    }

    const DONE: Option<Outcome> = Some(Outcome::Done);
    const FAILED: Option<Outcome> = Some(Outcome::Failed);

    #[test]
    fn what_a_rollback_goes_to_is_kept_and_what_lies_between() {
        let mut state = state(&[DONE, DONE, FAILED, FAILED]);
        let before = destination(&state, None).unwrap();
        let back = state.ways_back();
        assert_eq!(state.forget(&BTreeSet::new(), &back), ["a.1", "a.2", "a.3"]);
        assert_eq!(state.revisions.keys().copied().collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!((destination(&state, None).unwrap(), state.oldest_revision()), (before, 2));
        assert_eq!(state.count_of_runs(), 4, "the next run has a name of its own");
    }

    #[test]
    fn what_is_open_or_still_told_of_is_kept() {
        let mut state = state(&[DONE, DONE, DONE, None]);
        let named = (["a.2".to_owned()].into(), [2].into());
        assert_eq!(state.forget(&named.0, &named.1), ["a.1", "a.3"]);
        assert_eq!(state.open_run().map(|run| run.id.as_str()), Some("a.4"));
        assert_eq!(state.oldest_revision(), 2);
        assert_eq!(state.forget(&named.0, &named.1), Vec::<String>::new());
    }

    #[test]
    fn a_state_is_read_back_as_it_was() {
        let mut state = state(&[DONE, None]);
        state.forget(&BTreeSet::new(), &BTreeSet::new());
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
        // What was kept before a field was there.
        assert_eq!(serde_json::from_str::<State>("{}").unwrap(), State::default());
    }
}
