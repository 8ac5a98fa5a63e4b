//! The way back: which revision a rollback goes to, and what the names of its nodes have become since.

use std::collections::BTreeMap;

use bp_plan::Plan;

use crate::event::Verb;
use crate::state::{Revision, State};

/// Why there is no way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoWayBack {
    /// Nothing was whole before what is wanted now.
    Nothing {
        /// The newest revision.
        newest: u64,
        /// The revision that it goes back to already.
        back_to: Option<u64>,
    },
    /// There is no such revision.
    Unknown {
        /// Which.
        to: u64,
        /// The oldest that is still known.
        oldest: u64,
        /// The newest.
        newest: u64,
    },
    /// It is what is wanted now.
    Newest(u64),
    /// It is a removal.
    Removal(u64),
}

/// The revision that a rollback goes to: the named one, or the last that was healthy before what is wanted
/// now. A rollback stands where the revision stands that it went back to, so that another one goes further
/// back and not forth again.
pub fn destination(state: &State, to: Option<u64>) -> Result<u64, NoWayBack> {
    let newest = state.revision();
    let number = newest.map_or(0, |(number, _)| number);
    match to {
        Some(to) if to == number && to > 0 => Err(NoWayBack::Newest(to)),
        Some(to) => match state.revisions.get(&to) {
            None => {
                let oldest = state.oldest_revision();
                Err(NoWayBack::Unknown { to, oldest, newest: number })
            }
            Some(revision) if revision.verb == Verb::Uninstall => Err(NoWayBack::Removal(to)),
            Some(_) => Ok(to),
        },
        None => {
            let back_to = newest.and_then(|(_, revision)| revision.back_to);
            let now = stands_at(state, number);
            let is_whole = state.healthy.contains(&number);
            let mut before = state.revisions.range(..now).rev();
            let found = before.find(|(number, revision)| {
                // What is there already is not gone back to.
                let is_there =
                    is_whole && newest.is_some_and(|(_, newest)| wants_the_same(newest, revision));
                revision.verb == Verb::Deploy && state.healthy.contains(*number) && !is_there
            });
            let found = found.map(|(number, _)| *number);
            found.ok_or(NoWayBack::Nothing { newest: number, back_to })
        }
    }
}

/// Where a revision stands among those that are no rollbacks.
fn stands_at(state: &State, number: u64) -> u64 {
    let mut at = number;
    while let Some(back) = state.revisions.get(&at).and_then(|revision| revision.back_to)
        && back < at
    {
        at = back;
    }
    at
}

fn wants_the_same(one: &Revision, other: &Revision) -> bool {
    one.verb == other.verb
        && one.plan == other.plan
        && one.inputs == other.inputs
        && one.inventory == other.inventory
}

/// Lets the nodes of a plan take over what is there under names that later plans gave them; those are given
/// newest first. Whether there are any.
pub fn take_names_back(plan: &mut Plan, later: &[&Plan]) -> bool {
    // What each later name was called in the plan that is gone back to.
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    for then in later.iter().rev() {
        for (name, node) in &then.nodes {
            let of = node.was.iter().find_map(|was| {
                let own = plan.nodes.contains_key(was).then(|| was.clone());
                first.get(was).cloned().or(own)
            });
            if let Some(of) = of.filter(|_| !plan.nodes.contains_key(name)) {
                first.insert(name.clone(), of);
            }
        }
    }
    for (later, name) in &first {
        if let Some(node) = plan.nodes.get_mut(name) {
            node.was.insert(0, later.clone());
        }
    }
    !first.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Outcome};
    use crate::stream::Stream;

    /// A state with these revisions: each with what it wants, what it goes back to, and how its run ended.
    fn state(revisions: &[(&str, Option<u64>, Option<Outcome>)]) -> State {
        let mut state = State::default();
        let stream = Stream::Deployment("a".into());
        for (revision, (plan, back_to, outcome)) in (1..).zip(revisions) {
            let verb = if plan.is_empty() { Verb::Uninstall } else { Verb::Deploy };
            let planned = Event::RevisionPlanned {
                revision,
                request: revision,
                verb,
                plan: (*plan).to_owned(),
                inputs: String::new(),
                inventory: String::new(),
                terms: None,
                back_to: *back_to,
                reached_by: None,
            };
            let run = format!("a.{revision}");
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
    const PARTIAL: Option<Outcome> = Some(Outcome::Partial);

    #[test]
    fn it_goes_to_the_last_that_was_healthy() {
        let state = state(&[("a", None, DONE), ("b", None, PARTIAL), ("c", None, None)]);
        assert_eq!(destination(&state, None), Ok(1));
        assert_eq!(destination(&state, Some(2)), Ok(2), "a person may know better");
    }

    #[test]
    fn what_is_there_already_is_not_gone_back_to() {
        let same = state(&[("a", None, DONE), ("b", None, DONE), ("b", None, DONE)]);
        assert_eq!(destination(&same, None), Ok(1));
        // Where that did not come about, it is.
        let broken = state(&[("a", None, DONE), ("b", None, DONE), ("b", None, PARTIAL)]);
        assert_eq!(destination(&broken, None), Ok(2));
    }

    #[test]
    fn a_second_rollback_goes_further_back_and_not_forth() {
        let twice = state(&[("a", None, DONE), ("b", None, DONE), ("c", None, DONE)]);
        assert_eq!(destination(&twice, None), Ok(2));
        let once =
            state(&[("a", None, DONE), ("b", None, DONE), ("c", None, DONE), ("b", Some(2), DONE)]);
        assert_eq!(destination(&once, None), Ok(1));
        let whole = state(&[("a", None, DONE), ("b", None, DONE), ("a", Some(1), DONE)]);
        let nothing = NoWayBack::Nothing { newest: 3, back_to: Some(1) };
        assert_eq!(destination(&whole, None), Err(nothing));
        assert_eq!(destination(&whole, Some(2)), Ok(2));
    }

    #[test]
    fn there_may_be_no_way_back() {
        let first = state(&[("a", None, PARTIAL)]);
        assert_eq!(destination(&first, None), Err(NoWayBack::Nothing { newest: 1, back_to: None }));
        assert_eq!(destination(&first, Some(1)), Err(NoWayBack::Newest(1)));
        assert_eq!(
            destination(&first, Some(0)),
            Err(NoWayBack::Unknown { to: 0, oldest: 1, newest: 1 })
        );
        assert_eq!(
            destination(&first, Some(7)),
            Err(NoWayBack::Unknown { to: 7, oldest: 1, newest: 1 })
        );
        let gone = state(&[("a", None, DONE), ("", None, DONE), ("b", None, PARTIAL)]);
        assert_eq!(destination(&gone, Some(2)), Err(NoWayBack::Removal(2)));
        assert_eq!(destination(&gone, None), Ok(1));
    }

    #[test]
    fn a_revision_is_not_healthy_as_long_as_a_step_is_skipped() {
        let stream = Stream::Deployment("a".into());
        let mut state = state(&[("a", None, DONE), ("b", None, PARTIAL)]);
        let step = || vec![("t".to_owned(), "web".to_owned())];
        let opened = |run: &str, again| {
            let run = run.to_owned();
            Event::RunOpened { run, revision: 2, request: 9, again, heals: false }
        };
        let closed = |run: &str| {
            let (run, head) = (run.to_owned(), String::new());
            Event::RunClosed { run, outcome: Outcome::Done, head }
        };
        let (why, by) = ("it is not needed".to_owned(), "operator:alice".to_owned());
        let skipped =
            Event::StepsSkipped { revision: 2, request: 9, steps: step(), why, by, at_ms: 0 };
        for event in [opened("a.3", Some(step())), skipped, closed("a.3")] {
            state.fold(&stream, 1, &event);
        }
        assert!(!state.healthy.contains(&2));
        for event in [opened("a.4", Some(step())), closed("a.4")] {
            state.fold(&stream, 1, &event);
        }
        assert!(state.healthy.contains(&2), "it was done after all");
    }
}
