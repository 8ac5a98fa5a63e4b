//! Whose turn it is: every target with something to begin stands in line, begins one step, and stands at the end of the
//! line again. So one with ten thousand steps does not hold up one with a single step.
//!
//! Who may not begin stands in no line, but where it waits: for room among all steps, for room of a provider; and who has
//! begun as many as itself takes at once is given a turn when one of them ends.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::retry::Limits;

/// Targets, each once, in the order in which they came.
#[derive(Debug, Default)]
struct Line {
    order: VecDeque<usize>,
    inside: BTreeSet<usize>,
}

impl Line {
    fn push(&mut self, site: usize) {
        if self.inside.insert(site) {
            self.order.push_back(site);
        }
    }

    fn pop(&mut self) -> Option<usize> {
        let site = self.order.pop_front()?;
        self.inside.remove(&site);
        Some(site)
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Turns {
    line: Line,
    /// Those that wait for room among all steps.
    full: Line,
    /// Those that wait for a provider, by its name.
    blocked: BTreeMap<String, Line>,
    /// How many steps are under way.
    running: usize,
    /// The same by provider.
    running_by: BTreeMap<String, usize>,
}

/// How many steps may be under way.
#[derive(Clone, Copy)]
pub(super) struct Room<'a> {
    /// In all.
    pub(super) at_once: usize,
    /// By provider, where it has a limit.
    pub(super) per_provider: &'a BTreeMap<String, usize>,
}

impl<'a> Room<'a> {
    pub(super) fn of(limits: &'a Limits) -> Self {
        Self { at_once: limits.at_once, per_provider: &limits.at_once_per_provider }
    }
}

impl Turns {
    /// A target may have something to begin.
    pub(super) fn give(&mut self, site: usize) {
        self.line.push(site);
    }

    /// How many steps are under way.
    pub(super) fn running(&self) -> usize {
        self.running
    }

    /// A step of this provider is under way.
    pub(super) fn begun(&mut self, provider: Option<&str>) {
        self.running += 1;
        if let Some(provider) = provider {
            match self.running_by.get_mut(provider) {
                Some(running) => *running += 1,
                None => drop(self.running_by.insert(provider.to_owned(), 1)),
            }
        }
    }

    /// It is over.
    pub(super) fn ended(&mut self, provider: Option<&str>) {
        self.running = self.running.saturating_sub(1);
        if let Some(running) = provider.and_then(|provider| self.running_by.get_mut(provider)) {
            *running = running.saturating_sub(1);
        }
    }

    /// Whether a step of a provider may begin, as far as that one goes.
    pub(super) fn has_room_for(&self, provider: &str, room: Room<'_>) -> bool {
        let most = room.per_provider.get(provider);
        most.is_none_or(|most| self.running_by.get(provider).is_none_or(|running| running < most))
    }

    /// The target waits until fewer steps are under way.
    pub(super) fn wait_for_room(&mut self, site: usize) {
        self.full.push(site);
    }

    /// The target waits until fewer steps of a provider are under way.
    pub(super) fn wait_for(&mut self, provider: &str, site: usize) {
        match self.blocked.get_mut(provider) {
            Some(line) => line.push(site),
            None => self.blocked.entry(provider.to_owned()).or_default().push(site),
        }
    }

    /// Whose turn it is.
    pub(super) fn next(&mut self, room: Room<'_>) -> Option<usize> {
        if self.running < room.at_once
            && let Some(site) = self.full.pop()
        {
            return Some(site);
        }
        if let Some(site) = self.line.pop() {
            return Some(site);
        }
        let open = self.blocked.keys().find(|provider| self.has_room_for(provider, room))?.clone();
        let line = self.blocked.get_mut(&open)?;
        let site = line.pop();
        if line.order.is_empty() {
            self.blocked.remove(&open);
        }
        site
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_turn_and_who_waits_for_a_provider_has_it_when_there_is_room() {
        let helm = BTreeMap::from([("helm".to_owned(), 1)]);
        let room = Room { at_once: 2, per_provider: &helm };
        let mut turns = Turns::default();
        for site in [3, 1, 3, 2] {
            turns.give(site);
        }
        assert_eq!(turns.next(room), Some(3));
        turns.begun(Some("helm"));
        turns.give(3);
        assert_eq!(turns.next(room), Some(1));
        assert!(!turns.has_room_for("helm", room) && turns.has_room_for("noop", room));
        turns.wait_for("helm", 1);
        assert_eq!(turns.next(room), Some(2));
        turns.begun(None);
        assert_eq!(turns.running(), 2);
        assert_eq!(turns.next(room), Some(3));
        turns.wait_for_room(3);
        assert_eq!(turns.next(room), None);

        turns.ended(None);
        assert_eq!(turns.next(room), Some(3));
        assert_eq!(turns.next(room), None);
        turns.ended(Some("helm"));
        assert_eq!(turns.next(room), Some(1));
        assert_eq!(turns.next(room), None);
    }
}
