//! What is ready is looked at, and what may begin begins.

use std::collections::{BTreeMap, BTreeSet};

use bp_topology::InstanceId;
use serde_json::Value as Json;

use super::turns::Room;
use super::{Effect, Engine, Step, Wanted};
use crate::event::{Event, Failure, Operation};
use crate::life::Called;
use crate::remembered::Remembered;
use crate::retry::{derived, digest};
use crate::state::InstanceState;
use crate::stream::Stream;
use crate::subject::{Subject, resolve};
use crate::terms::protection;
use crate::work::{Contact, Standing};

/// How many items are looked at before what was decided is appended and begun: the first of a hundred thousand do not
/// wait for the last.
const AT_A_TIME: usize = 1_000;

impl Engine {
    /// Looks at what is ready, and begins what may begin, until nothing more can.
    pub(super) fn advance(&mut self) {
        let mut considered = 0;
        loop {
            while considered < AT_A_TIME
                && let Some(item) = self.work.ready.pop_front()
            {
                considered += 1;
                self.consider(item);
            }
            if self.is_stopping || self.is_paused() {
                break;
            }
            let Some(site) = self.turns.next(Room::of(&self.limits)) else { break };
            self.take_turn(site);
        }
        for item in std::mem::take(&mut self.work.ended) {
            if let Some(item) = self.work.items.get(item) {
                self.settling.insert(item.target);
            }
        }
    }

    /// An item whose needs are met: is there anything to do?
    pub(super) fn consider(&mut self, at: usize) {
        let Some(item) = self.work.items.get(at) else { return };
        if item.has_ended() {
            return;
        }
        if item.has_life {
            self.consider_life(at);
            return;
        }
        let Some(id) = item.id.clone() else {
            self.enqueue(at);
            return;
        };
        let is_kept = item.provider.is_some();
        let (subject, mut reads) = resolve(&self.topology, &id);
        for other in &reads.instances {
            if let Some(need) = self.item_of(other).filter(|need| *need != at) {
                self.work.order(at, need);
            }
        }
        if !is_kept {
            // Nobody reports anything of it.
            reads.missing.remove(&id);
        }
        let is_open = !reads.missing.is_empty() && !self.is_all_unforeseen(&reads.missing);
        match subject {
            Err(failure) => self.refuse(at, failure),
            // Nothing is to be done for it: what is asked of it holds.
            Ok(_) if !is_kept && !is_open => self.finish(at, BTreeMap::new()),
            Ok(None) => self.wait(at, &id, &reads.missing),
            Ok(Some(subject)) => {
                if let Some(attributes) = self.unchanged(at, &subject) {
                    self.finish(at, attributes);
                    return;
                }
                if let Some(item) = self.work.items.get_mut(at) {
                    item.subject = Some(Box::new(subject));
                }
                self.enqueue(at);
            }
        }
    }

    /// Waits for what others are still to report.
    pub(super) fn wait(&mut self, at: usize, id: &InstanceId, missing: &BTreeSet<InstanceId>) {
        if self.is_all_unforeseen(missing) {
            self.enqueue(at);
            return;
        }
        for other in missing {
            let item = self.item_of(other).and_then(|item| self.work.items.get(item));
            let is_skipped = item.is_some_and(|item| item.is_skipped);
            match item.map(|item| item.standing.clone()) {
                Some(Standing::Done) if is_skipped => {
                    let why = format!("it reads what {other} reports, which was skipped");
                    self.work.hold(at, &why);
                    return;
                }
                Some(Standing::Failed) => {
                    self.work.hold(at, &format!("it needs {other}, which failed"));
                    return;
                }
                Some(Standing::Held(_)) => {
                    self.work.hold(at, &format!("it needs {other}, which was not tried"));
                    return;
                }
                Some(_) if other != id => {}
                _ => {
                    let why = format!("`{id}` needs what `{other}` reports, which never comes");
                    self.refuse(at, Failure::permanent(why));
                    return;
                }
            }
        }
        if let Some(item) = self.work.items.get_mut(at) {
            item.standing = Standing::Waiting;
        }
    }

    pub(super) fn item_of(&self, id: &InstanceId) -> Option<usize> {
        self.work.item_of(self.topology.find(id)?)
    }

    /// What an instance reports that is there just as it is wanted.
    pub(super) fn unchanged(&self, at: usize, subject: &Subject) -> Option<BTreeMap<String, Json>> {
        let is = self.instance(at)?;
        let applied = is.applied.as_ref()?;
        let wanted = digest(&subject.bytes());
        let is_so = is.operation == Operation::Converge
            && !self.looks_at_all()
            && !is.has_drifted()
            && is.flight.is_none()
            && !is.is_renamed
            // What it needs now is to be known when it goes.
            && is.depends == self.depends(at)
            && is.was_last_applied(&wanted);
        is_so.then(|| applied.reported())
    }

    pub(super) fn instance(&self, at: usize) -> Option<&InstanceState> {
        let item = self.work.items.get(at)?;
        let site = self.work.sites.get(item.target)?;
        self.state.targets.get(&site.id)?.instance(&item.instance)
    }

    pub(super) fn enqueue(&mut self, at: usize) {
        let Some(item) = self.work.items.get(at) else { return };
        if item.has_ended() {
            return;
        }
        if !self.is_asked_for(at) {
            self.work.hold(at, "it is not among the steps that are tried again");
            return;
        }
        let Some(item) = self.work.items.get_mut(at) else { return };
        item.standing = Standing::Queued;
        let target = item.target;
        self.work.queue(at);
        self.turns.give(target);
    }

    /// Begins a step on a target, where one may begin; calls it first.
    fn take_turn(&mut self, at: usize) {
        let Some(site) = self.work.sites.get(at) else { return };
        if site.queue.is_empty() {
            return;
        }
        match &site.contact {
            Contact::Calling | Contact::Backoff(_) => {}
            Contact::Unreached(why) => {
                let why = why.clone();
                for item in site.queued() {
                    self.work.hold(item, &why);
                }
            }
            Contact::None => {
                let Some(provider) = self.contact_by(at) else {
                    // Nothing but operations, which run where the runtime does.
                    self.set_contact(at, Contact::Reached);
                    self.turns.give(at);
                    return;
                };
                let Some(target) = self.target(at) else {
                    let why = format!("`{}` is no longer in the inventory", site.name);
                    self.not_reached(0, at, Failure::permanent(why));
                    return;
                };
                self.calling += 1;
                self.set_contact(at, Contact::Calling);
                self.effects.push(Effect::Contact { target, provider });
            }
            Contact::Reached if self.turns.running() >= self.limits.at_once => {
                self.turns.wait_for_room(at);
            }
            // It has a turn again when one of its steps ends.
            Contact::Reached if site.running >= site.pace.most(self.limits.at_once_per_target) => {}
            Contact::Reached => {
                let (turns, room) = (&self.turns, Room::of(&self.limits));
                let Some(item) = site.first(|provider| turns.has_room_for(provider, room)) else {
                    for provider in site.queue.keys() {
                        self.turns.wait_for(provider, at);
                    }
                    return;
                };
                self.work.unqueue(item);
                self.begin(item);
                self.turns.give(at);
            }
        }
    }

    /// The provider by which a target is called: that of the first item that has one.
    fn contact_by(&self, at: usize) -> Option<String> {
        let site = self.work.sites.get(at)?;
        let mut items = site.items.iter().filter_map(|item| self.work.items.get(*item));
        items.find_map(|item| item.provider.clone().filter(|_| !item.has_ended()))
    }

    /// Begins what is to be done to an instance.
    fn begin(&mut self, at: usize) {
        let Some(item) = self.work.items.get_mut(at) else { return };
        item.standing = Standing::Running;
        let (has_life, operation) = (item.has_life, item.operation);
        self.turns.begun(item.provider.as_deref());
        if let Some(site) = self.work.sites.get_mut(item.target) {
            site.running += 1;
        }
        if self.foresight.is_some() {
            self.foresee(at);
        } else if has_life {
            self.proceed(at);
        } else {
            self.start(at, operation, None, Vec::new());
        }
    }

    /// Starts a step by a provider; one that was begun before and whose end nobody saw goes on.
    pub(super) fn start(
        &mut self,
        at: usize,
        operation: Operation,
        call: Option<Box<Called>>,
        blobs: Vec<Vec<u8>>,
    ) {
        let Some(item) = self.work.items.get(at) else { return };
        let Some(site) = self.work.sites.get(item.target) else { return };
        let is = self.instance(at);
        let (subject, blob) = match (&item.subject, is) {
            (Some(subject), _) => {
                let bytes = subject.bytes();
                (digest(&bytes), Some(bytes))
            }
            (None, Some(is)) => (is.subject.clone(), None),
            (None, None) => return,
        };
        let goes_on = is.is_some_and(|is| {
            is.flight.is_some() && is.operation == operation && is.subject == subject
        });
        let target = site.id.clone();
        if !goes_on {
            let is_retry = is.is_some_and(|is| {
                is.run == self.run && is.operation == operation && is.subject == subject
            });
            let attempt = is.filter(|_| is_retry).map_or(1, |is| is.attempt.saturating_add(1));
            let renewals = is.map_or(0, |is| is.renewals).to_string();
            let revision = self.revision.to_string();
            let word = match operation {
                Operation::Converge => "converge",
                Operation::Delete => "delete",
            };
            let parts = [
                &self.state.seed,
                &target,
                &item.instance,
                word,
                &subject,
                revision.as_str(),
                &renewals,
            ];
            let depends = match (operation, is) {
                (Operation::Delete, Some(is)) => is.depends.clone(),
                _ => self.depends(at),
            };
            let event = Event::StepStarted {
                run: self.run.clone(),
                instance: item.instance.clone(),
                operation,
                attempt,
                key: derived(&parts),
                subject,
                provider: item.provider.clone().unwrap_or_default(),
                depends,
                call,
            };
            let stream = Stream::Target(self.deployment.clone(), target);
            self.push(stream.clone(), event);
            self.outbox.entry(stream).or_default().1.extend(blob.into_iter().chain(blobs));
        }
        self.perform(at);
    }

    /// What an instance needs, seen through logical nodes.
    pub(super) fn depends(&self, at: usize) -> Vec<(String, String)> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::from([at]);
        let mut stack = vec![at];
        while let Some(next) = stack.pop() {
            for need in self.work.items.get(next).into_iter().flat_map(|item| &item.needs) {
                let Some(item) = self.work.items.get(*need).filter(|_| seen.insert(*need)) else {
                    continue;
                };
                match self.work.sites.get(item.target) {
                    Some(site) if !item.is_logical() => {
                        found.insert((site.id.clone(), item.instance.clone()));
                    }
                    _ => stack.push(*need),
                }
            }
        }
        found.into_iter().collect()
    }

    /// Names the effect of a step that is begun.
    pub(super) fn perform(&mut self, at: usize) {
        let Some(item) = self.work.items.get(at) else { return };
        let (Some(is), Some(target)) = (self.instance(at), self.target(item.target)) else {
            return;
        };
        let Some(flight) = &is.flight else { return };
        let step = Step {
            instance: item.instance.clone(),
            operation: is.operation,
            key: flight.key.clone(),
            attempt: is.attempt,
            provider: is.provider.clone(),
            subject: match &item.subject {
                Some(subject) => Wanted::Here(subject.clone()),
                None => Wanted::Stored(is.subject.clone()),
            },
            earlier: is.begun.clone(),
            record: is.record.as_ref().map(Remembered::json),
            handle: flight.handle.clone(),
            call: None,
            was: is.was.clone(),
            may_replace: self.may_replace(at),
            hidden: self.hidden(at),
            takes_back: is.has_drifted(),
        };
        self.effects.push(Effect::Perform { target, step: Box::new(step) });
    }

    /// The attributes of an instance that are secret.
    fn hidden(&self, at: usize) -> BTreeSet<String> {
        let plan = self.topology.plan();
        let id = self.work.items.get(at).and_then(|item| item.id.as_ref());
        let kind = id.and_then(|id| plan.node_types.get(&plan.nodes.get(&id.node)?.kind));
        let all = kind.into_iter().flat_map(|kind| &kind.attributes);
        all.filter(|(_, of)| of.holds_secret(&plan.data_types))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Whether an instance may be replaced where it can't be changed in place.
    pub(super) fn may_replace(&self, at: usize) -> bool {
        let Some(item) = self.work.items.get(at) else { return false };
        let terms = self.state.revisions.get(&self.revision).map(|revision| &revision.terms);
        if terms.is_some_and(|terms| terms.approves(&item.instance)) {
            return true;
        }
        let target = self.work.sites.get(item.target).map(|site| site.id.as_str());
        let was_shown = terms.and_then(|terms| terms.replaces.as_ref()).is_none_or(|shown| {
            shown.iter().any(|(on, one)| Some(on.as_str()) == target && *one == item.instance)
        });
        let plan = self.topology.plan();
        was_shown && protection(plan, None, &item.instance, self.instance(at)).is_none()
    }

    pub(super) fn finish(&mut self, at: usize, mut attributes: BTreeMap<String, Json>) {
        let item = self.work.items.get(at).and_then(|item| Some((item, item.id.clone()?)));
        if let Some((item, id)) = item {
            let target = self.work.sites.get(item.target).map_or("", |site| site.id.as_str());
            attributes.extend(self.state.set_of(target, &item.instance));
            self.topology.report(id, attributes);
        }
        self.work.done(at);
    }

    /// What is wanted can't be said: nothing was begun.
    pub(super) fn refuse(&mut self, at: usize, failure: Failure) {
        let Some(item) = self.work.items.get(at) else { return };
        let Some(target) = self.work.sites.get(item.target).map(|site| site.id.clone()) else {
            return;
        };
        let (instance, operation) = (item.instance.clone(), item.operation);
        let output = None;
        let event = Event::StepFailed { instance, operation, failure, retry_at_ms: None, output };
        self.push_target(&target, event);
        self.work.failed(at);
    }
}
