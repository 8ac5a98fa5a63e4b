//! What came of effects: successes, failures, further tries, targets that don't answer.

use super::{Engine, Report, Timer};
use crate::event::{Event, Failure};
use crate::sealed::Named;
use crate::work::{Contact, Standing};

impl Engine {
    /// Takes in what came of an effect.
    pub fn report(&mut self, now_ms: i64, report: Report) {
        match report {
            Report::Contacted { target, result } => {
                let Some(site) = self.work.site(&target) else { return };
                self.calling = self.calling.saturating_sub(1);
                match result.and_then(|identity| self.check_identity(&target, identity)) {
                    Ok(identity) => {
                        let run = self.run.clone();
                        let known = self.identities.entry(identity.clone());
                        known.or_insert_with(|| target.clone());
                        self.push_target(&target, Event::TargetContacted { run, identity });
                        self.set_contact(site, Contact::Reached);
                        self.turns.give(site);
                    }
                    Err(failure) => self.not_reached(now_ms, site, failure),
                }
            }
            Report::Accepted { target, instance, handle, record } => {
                let event = Event::StepAccepted { instance: instance.clone(), handle, record };
                self.push_target(&target, event);
                if let Some(item) = self.work.find(&target, &instance) {
                    self.perform(item);
                }
            }
            Report::Succeeded { target, instance, record, attributes } => {
                let at = self.work.find(&target, &instance);
                let (attributes, secrets) = match at {
                    Some(at) => self.reports(at, attributes),
                    None => (attributes, Named::new()),
                };
                let (sealed, blobs) = match self.sealed.kept(&secrets, &self.state) {
                    Ok(kept) => kept,
                    Err(failure) => {
                        return self.report(now_ms, Report::Failed { target, instance, failure });
                    }
                };
                let event = Event::StepSucceeded {
                    instance: instance.clone(),
                    record,
                    attributes: attributes.clone(),
                    sealed,
                    result: None,
                    removal: None,
                    output: None,
                };
                self.push_with(&target, event, blobs);
                let allowed = self.limits.at_once_per_target;
                if let Some(site) = self.work.site_of(&target) {
                    site.pace.went_well(allowed);
                }
                if let Some(item) = self.work.find(&target, &instance) {
                    let life = self.work.items.get_mut(item).filter(|item| item.has_life);
                    if let Some(life) = life {
                        // What the provider reports may change how the instance is taken away.
                        life.checked = 0;
                        self.proceed(item);
                    } else {
                        self.release(item);
                        if self.needs_others(item) {
                            self.work.make_ready(item);
                        } else {
                            self.finish(item, attributes);
                        }
                    }
                }
            }
            Report::Called { target, instance, outcome, output } => {
                if let Some(item) = self.work.find(&target, &instance) {
                    self.called(now_ms, item, outcome, output);
                }
            }
            Report::Failed { target, instance, failure } => {
                if let Some(site) = self.work.site_of(&target)
                    && failure.retry_after_ms.is_some()
                {
                    site.pace.asked_for_time(site.running);
                }
                if let Some(item) = self.work.find(&target, &instance) {
                    self.release(item);
                    self.step_failed(now_ms, item, failure);
                }
            }
            Report::Abandoned { target, instance } => {
                if let Some(item) = self.work.find(&target, &instance) {
                    self.release(item);
                    self.work.hold(item, "the run was stopped while it was under way");
                }
            }
        }
    }

    /// Whether an instance needs others than its step was begun with: by a plan before this one.
    fn needs_others(&self, at: usize) -> bool {
        let is_wanted = self.work.items.get(at).is_some_and(|item| item.id.is_some());
        is_wanted && self.instance(at).is_some_and(|is| is.depends != self.depends(at))
    }

    /// A step is no longer under way.
    pub(super) fn release(&mut self, at: usize) {
        let Some(item) = self.work.items.get(at) else { return };
        self.turns.ended(item.provider.as_deref());
        if let Some(site) = self.work.sites.get_mut(item.target) {
            site.running = site.running.saturating_sub(1);
        }
        // Its place on its target is free.
        self.turns.give(item.target);
    }

    pub(super) fn step_failed(&mut self, now_ms: i64, at: usize, failure: Failure) {
        let Some(item) = self.work.items.get(at) else { return };
        let site = item.target;
        let Some(target) = self.work.sites.get(site).map(|site| site.id.clone()) else { return };
        let attempt = self.instance(at).map_or(1, |is| is.attempt);
        let operation = self.instance(at).map_or(item.operation, |is| is.operation);
        let instance = item.instance.clone();
        let is_retried = failure.may_pass() && attempt < self.limits.attempts && !self.is_stopping;
        let retry_at_ms = is_retried.then(|| {
            let wait = self.limits.wait_ms(&self.state.seed, &instance, attempt);
            now_ms.saturating_add(wait.max(failure.retry_after_ms.unwrap_or(0)))
        });
        let unreachable = failure.unreachable.then(|| failure.clone());
        let output = None;
        let event = Event::StepFailed { instance, operation, failure, retry_at_ms, output };
        self.push_target(&target, event);
        if let Some(at_ms) = retry_at_ms {
            if let Some(item) = self.work.items.get_mut(at) {
                item.standing = Standing::Backoff(at_ms);
            }
            self.timers.insert((at_ms, Timer::Step(at)));
            return;
        }
        self.work.failed(at);
        if let Some(failure) = unreachable {
            self.give_up(site, failure);
        }
    }

    /// The identity, if the target is the one it was, and no other of this deployment.
    pub(super) fn check_identity(&self, target: &str, identity: String) -> Result<String, Failure> {
        let name = self.state.targets.get(target).map_or("", |t| t.name.as_str());
        let pinned = self.state.targets.get(target).and_then(|t| t.identity.as_ref());
        if let Some(pinned) = pinned.filter(|pinned| **pinned != identity) {
            return Err(Failure {
                help: Some(
                    "give the new cluster a name of its own, or point the old name at the old one"
                        .to_owned(),
                ),
                ..Failure::permanent(format!(
                    "`{name}` is not the cluster it was: it had the identity {pinned} and has {identity} now"
                ))
            });
        }
        let twin = self.identities.get(&identity).filter(|id| *id != target && !name.is_empty());
        match twin.and_then(|id| self.state.targets.get(id)) {
            Some(other) => Err(Failure {
                help: Some("name it once in the inventory".to_owned()),
                ..Failure::permanent(format!("`{name}` and `{}` are the same cluster", other.name))
            }),
            None => Ok(identity),
        }
    }

    pub(super) fn not_reached(&mut self, now_ms: i64, at: usize, failure: Failure) {
        let Some(site) = self.work.sites.get_mut(at) else { return };
        site.calls += 1;
        let (calls, id) = (site.calls, site.id.clone());
        if !failure.may_pass() || calls >= self.limits.contacts || self.is_stopping {
            self.give_up(at, failure);
            return;
        }
        let wait = self.limits.wait_ms(&self.state.seed, &id, calls);
        let retry_at = now_ms.saturating_add(wait.max(failure.retry_after_ms.unwrap_or(0)));
        let event = Event::TargetUnreached {
            run: self.run.clone(),
            attempt: calls,
            failure,
            retry_at_ms: Some(retry_at),
        };
        self.push_target(&id, event);
        self.set_contact(at, Contact::Backoff(retry_at));
        self.timers.insert((retry_at, Timer::Contact(at)));
    }

    /// A target is given up for this run: what is not begun on it is held.
    pub(super) fn give_up(&mut self, at: usize, failure: Failure) {
        let Some(site) = self.work.sites.get_mut(at) else { return };
        if matches!(site.contact, Contact::Unreached(_)) {
            return;
        }
        let why = failure.message.clone();
        site.contact = Contact::Unreached(why.clone());
        let (id, attempt, items) = (site.id.clone(), site.calls, site.items.clone());
        let run = self.run.clone();
        self.push_target(&id, Event::TargetUnreached { run, attempt, failure, retry_at_ms: None });
        for item in items {
            let is_under_way = self
                .work
                .items
                .get(item)
                .is_none_or(|item| item.standing == Standing::Running || item.has_ended());
            if !is_under_way {
                self.work.hold(item, &why);
            }
        }
        self.timers.retain(|(_, timer)| match timer {
            Timer::Step(item) => self.work.items.get(*item).is_some_and(|i| !i.has_ended()),
            Timer::Contact(site) => *site != at,
        });
    }
}
