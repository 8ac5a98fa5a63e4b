//! Lives carried on: what [`super::next`] finds is begun, one step after the other, until the
//! instance is whole or gone.

use std::collections::{BTreeMap, BTreeSet};

use bp_topology::{Given, InstanceId, Own, Reads};
use serde_json::Value as Json;

use super::down::unsure;
use super::next::{How, Look, Next, Removal, ToCall, ToConverge};
use super::{CallStep, Effect, Engine, Intent, Step, Timer, Wanted};
use crate::event::{Class, Event, Failure, Operation};
use crate::life::{Begun, Called, Limits, is_observe};
use crate::retry::{derived, digest};
use crate::state::Applied;
use crate::stream::Stream;
use crate::work::{Calling, Standing};

impl Engine {
    /// An item with a life whose needs are met: is there anything to do?
    pub(super) fn consider_life(&mut self, at: usize) {
        let Some(id) = self.work.items.get(at).and_then(|item| item.id.clone()) else {
            self.enqueue(at);
            return;
        };
        // What any of its operations reads of others, all of its life waits for.
        let mut read = Reads::default();
        let mut flaw = None;
        for act in self.topology.life(&id).acts() {
            let (call, reads) = self.topology.call(&id, act, Own::Ahead);
            read.instances.extend(reads.instances);
            read.missing.extend(reads.missing);
            flaw = flaw.or(call.err());
        }
        let (next, reads) = self.look(at);
        read.instances.extend(reads.instances);
        read.missing.extend(reads.missing);
        for other in &read.instances {
            if let Some(need) = self.item_of(other).filter(|need| *need != at) {
                self.work.order(at, need);
            }
        }
        if let Some(flaw) = flaw {
            self.refuse(at, flaw.into());
        } else if !read.missing.is_empty() {
            self.wait(at, &id, &read.missing);
        } else {
            match next {
                // Its provider's part is looked at all the same.
                Next::Done(_) if self.looks_at_all() && self.has_own(at) => self.enqueue(at),
                Next::Done(attributes) => self.finish(at, attributes),
                Next::Wait => self.wait(at, &id, &read.missing),
                Next::Refuse(failure) => self.refuse(at, failure),
                Next::Unsure(failure) => self.give_up_unsure(at, failure),
                _ => self.enqueue(at),
            }
        }
    }

    fn look(&self, at: usize) -> (Next, Reads) {
        let Some(item) = self.work.items.get(at) else { return (Next::Wait, Reads::default()) };
        let depends = self.depends(at);
        let mut look = Look::at(&self.topology, self.instance(at), item.checked);
        let next = look.next(item.id.as_ref(), &item.instance, depends);
        (next, look.reads)
    }

    fn target_id(&self, at: usize) -> Option<String> {
        let item = self.work.items.get(at)?;
        Some(self.work.sites.get(item.target)?.id.clone())
    }

    fn id(&self, at: usize) -> Option<InstanceId> {
        self.work.items.get(at)?.id.clone()
    }

    /// Goes on with a life until something is under way, or it has come to its end. The item has its
    /// place among those that run.
    pub(super) fn proceed(&mut self, at: usize) {
        let Some(target) = self.target_id(at) else { return };
        loop {
            let (next, reads) = self.look(at);
            match next {
                Next::GoOn => return self.go_on(at),
                Next::Call(_) | Next::Own(_) if self.is_stopping => {
                    self.release(at);
                    return self.work.hold(at, "the run was stopped before it was whole");
                }
                Next::Call(_) | Next::Own(_) if self.is_paused() => {
                    self.release(at);
                    return self.enqueue(at);
                }
                Next::Call(call) => return self.start_call(at, *call),
                Next::Own(own) => return self.start_own(at, *own),
                Next::Settle(event, blobs) => {
                    let is_gone = matches!(
                        *event,
                        Event::InstanceSettled { operation: Operation::Delete, .. }
                    );
                    self.push_with(&target, *event, blobs);
                    if is_gone && self.id(at).is_none() {
                        self.release(at);
                        return self.work.done(at);
                    }
                }
                Next::Conclude(given) => match self.sealed.kept(&given.secrets, &self.state) {
                    Ok((kept, blobs)) => {
                        let mut event = self.success(at, given.attributes, None, None);
                        if let Event::StepSucceeded { sealed, .. } = &mut event {
                            *sealed = kept;
                        }
                        self.push_with(&target, event, blobs);
                    }
                    Err(failure) => {
                        self.release(at);
                        return self.refuse(at, failure);
                    }
                },
                Next::Done(attributes) => {
                    self.release(at);
                    return self.finish(at, attributes);
                }
                Next::Wait => {
                    self.release(at);
                    let Some(id) = self.id(at) else { return };
                    return self.wait(at, &id, &reads.missing);
                }
                Next::Refuse(failure) => {
                    self.release(at);
                    return self.refuse(at, failure);
                }
                Next::Unsure(failure) => {
                    self.release(at);
                    return self.give_up_unsure(at, failure);
                }
            }
        }
    }

    pub(super) fn push_with(&mut self, target: &str, event: Event, blobs: Vec<Vec<u8>>) {
        let stream = Stream::Target(self.deployment.clone(), target.to_owned());
        self.push(stream.clone(), event);
        self.outbox.entry(stream).or_default().1.extend(blobs);
    }

    /// The success of a call, with how the instance is taken away from now on.
    fn success(
        &self,
        at: usize,
        attributes: BTreeMap<String, Json>,
        result: Option<Json>,
        output: Option<String>,
    ) -> Event {
        Event::StepSucceeded {
            instance: self.work.items.get(at).map(|i| i.instance.clone()).unwrap_or_default(),
            record: None,
            attributes,
            sealed: BTreeMap::new(),
            result,
            removal: None,
            output,
        }
    }

    /// A call that was begun before, and whose end nobody saw, goes on.
    fn go_on(&mut self, at: usize) {
        let begun = self.instance(at).and_then(|is| is.life.as_ref()?.last.clone());
        let Some(begun) = begun else { return };
        let id = self.id(at);
        let still = id.as_ref().filter(|_| begun.operation == Operation::Converge).and_then(|id| {
            let is = self.instance(at);
            Look::at(&self.topology, is, 0).still(id, &begun)
        });
        let kept = self.instance(at).and_then(|is| {
            let life = is.life.as_ref()?;
            life.removal.iter().find(|kept| kept.call == begun.subject).map(|kept| kept.limits)
        });
        let (intent, subject, limits) = match (still, kept, begun.operation) {
            (Some(planned), ..) => {
                (Intent::CarryOut, Wanted::Here(Box::new(planned.subject)), planned.limits)
            }
            (None, Some(limits), Operation::Delete) => {
                (Intent::CarryOut, Wanted::Stored(begun.subject.clone()), limits)
            }
            (None, limits, _) => {
                let intent = if id.is_none() { Intent::Stop } else { Intent::WaitFor };
                (intent, Wanted::Stored(begun.subject.clone()), limits.unwrap_or_default())
            }
        };
        if let Some(item) = self.work.items.get_mut(at) {
            let is_settling = intent != Intent::CarryOut;
            item.calling = Some(Calling { limits, is_settling, is_fresh: false });
        }
        self.perform_call(at, &begun, intent, subject, limits);
    }

    fn start_call(&mut self, at: usize, call: ToCall) {
        let ToCall { operation, act, place, inputs, how, executor, limits, removal } = call;
        let Some(item) = self.work.items.get(at) else { return };
        let Some(target) = self.target_id(at) else { return };
        let (wanted, subject, mut blobs) = match how {
            How::Kept(digest) => (Wanted::Stored(digest.clone()), digest, Vec::new()),
            How::Planned(subject) => {
                let bytes = subject.bytes();
                (Wanted::Here(subject), digest(&bytes), vec![bytes])
            }
        };
        let is = self.instance(at);
        let renewals = is.map_or(0, |is| is.renewals).to_string();
        let (revision, called) = (self.revision.to_string(), act.to_string());
        let word = match operation {
            Operation::Converge => "call",
            Operation::Delete => "call down",
        };
        let key = derived(&[
            &self.state.seed,
            &target,
            &item.instance,
            word,
            &called,
            &subject,
            &revision,
            &renewals,
        ]);
        let last = is.and_then(|is| is.life.as_ref()?.last.as_ref());
        let same = last.filter(|last| last.key == key);
        let turn = same.map_or(1, |last| last.turn.saturating_add(1));
        let is_retry = same.is_some() && is.is_some_and(|is| is.run == self.run);
        let attempt = is.filter(|_| is_retry).map_or(1, |is| is.attempt.saturating_add(1));
        let depends = match (operation, is) {
            (Operation::Delete, Some(is)) => is.depends.clone(),
            _ => self.depends(at),
        };
        let instance = item.instance.clone();
        let kept = removal.map(|Removal { kept, blobs: more }| {
            blobs.extend(more);
            kept
        });
        let event = Event::StepStarted {
            run: self.run.clone(),
            instance,
            operation,
            attempt,
            key,
            subject,
            provider: executor,
            depends,
            call: Some(Box::new(Called { act: Some(act), place, inputs, turn, removal: kept })),
        };
        self.push_with(&target, event, blobs);
        if let Some(item) = self.work.items.get_mut(at) {
            item.calling = Some(Calling { limits, is_settling: false, is_fresh: true });
        }
        let begun = self.instance(at).and_then(|is| is.life.as_ref()?.last.clone());
        if let Some(begun) = begun {
            self.perform_call(at, &begun, Intent::CarryOut, wanted, limits);
        }
    }

    fn perform_call(
        &mut self,
        at: usize,
        begun: &Begun,
        intent: Intent,
        subject: Wanted,
        limits: Limits,
    ) {
        let Some(item) = self.work.items.get(at) else { return };
        let (Some(target), Some(act)) = (self.target(item.target), begun.act.clone()) else {
            return;
        };
        let attempt = self.instance(at).map_or(1, |is| is.attempt);
        let step = Step {
            instance: item.instance.clone(),
            operation: begun.operation,
            key: begun.key.clone(),
            attempt,
            provider: begun.executor.clone(),
            subject,
            earlier: Vec::new(),
            record: None,
            handle: None,
            call: Some(CallStep { act, turn: begun.turn, intent, limits }),
            was: Vec::new(),
            may_replace: false,
            hidden: BTreeSet::new(),
            takes_back: false,
        };
        self.effects.push(Effect::Perform { target, step: Box::new(step) });
    }

    /// The provider's own part of a life.
    fn start_own(&mut self, at: usize, own: ToConverge) {
        let ToConverge { operation, place, subject, removal } = own;
        let inputs = match (&subject, self.instance(at)) {
            (Some(subject), _) => digest(&subject.bytes()),
            (None, Some(is)) => is.subject.clone(),
            (None, None) => return,
        };
        let (kept, blobs) = removal.map_or((None, Vec::new()), |r| (Some(r.kept), r.blobs));
        if let Some(item) = self.work.items.get_mut(at) {
            item.subject = subject.map(Box::new);
            item.calling = None;
        }
        let called = Called { act: None, place, inputs, turn: 1, removal: kept };
        self.start(at, operation, Some(Box::new(called)), blobs);
    }

    /// An operation was called, and has ended.
    pub(super) fn called(
        &mut self,
        now_ms: i64,
        at: usize,
        outcome: Result<Json, Failure>,
        output: Option<Vec<u8>>,
    ) {
        let begun = self.instance(at).and_then(|is| is.life.as_ref()?.last.clone());
        let (Some(begun), Some(target)) = (begun, self.target_id(at)) else { return };
        let Some(act) = &begun.act else { return };
        // It is stored with the event that names it.
        let output = output.map(|bytes| {
            let named = digest(&bytes);
            let stream = Stream::Target(self.deployment.clone(), target.clone());
            self.outbox.entry(stream).or_default().1.push(bytes);
            named
        });
        let result = match outcome {
            Ok(result) => result,
            Err(failure) => return self.call_failed(now_ms, at, &begun, failure, output),
        };
        if is_observe(act) {
            let event = self.success(at, BTreeMap::new(), Some(result), output);
            self.push_target(&target, event);
            return self.proceed(at);
        }
        let is_settling =
            self.work.items.get(at).is_some_and(|item| {
                item.calling.as_ref().is_some_and(|calling| calling.is_settling)
            });
        let given = match self.gives(at, result) {
            Ok(given) => given,
            Err(_) if is_settling => Given::nothing(),
            Err(flaw) => return self.call_failed(now_ms, at, &begun, flaw.into(), output),
        };
        let Given { attributes, secrets, .. } = given;
        let (kept, mut blobs) = match self.sealed.kept(&secrets, &self.state) {
            Ok(kept) => kept,
            Err(failure) => return self.call_failed(now_ms, at, &begun, failure, output),
        };
        let mut event = self.success(at, attributes.clone(), None, output);
        if let Event::StepSucceeded { sealed, .. } = &mut event {
            *sealed = kept;
        }
        let id = self.id(at).filter(|_| begun.operation == Operation::Converge);
        let (event, more) = self.with_removal(at, id.as_ref(), event, attributes);
        blobs.extend(more);
        self.push_with(&target, event, blobs);
        let done = self.instance(at).and_then(|is| is.life.as_ref()).map_or(0, |l| l.done.len());
        if let Some(item) = self.work.items.get_mut(at)
            && begun.place.is_some()
            && item.calling.as_ref().is_some_and(|calling| calling.is_fresh)
        {
            // When it was begun, all before it was looked at.
            item.checked = done;
        }
        self.proceed(at);
    }

    /// How the instance is taken away may have become known by what was set.
    fn with_removal(
        &self,
        at: usize,
        id: Option<&InstanceId>,
        mut event: Event,
        attributes: BTreeMap<String, Json>,
    ) -> (Event, Vec<Vec<u8>>) {
        let is = self.instance(at);
        let (Some(id), Some(is)) = (id.filter(|_| !attributes.is_empty()), is) else {
            return (event, Vec::new());
        };
        let Some(life) = is.life.as_deref() else { return (event, Vec::new()) };
        let mut own = is.applied.as_ref().map(Applied::reported).unwrap_or_default();
        own.extend(life.all_attributes());
        own.extend(attributes);
        let found = Look::at(&self.topology, Some(is), 0)
            .removed_by(id, &own)
            .filter(|found| found.kept != life.removal);
        match (found, &mut event) {
            (Some(found), Event::StepSucceeded { removal, .. }) => {
                *removal = Some(found.kept);
                (event, found.blobs)
            }
            _ => (event, Vec::new()),
        }
    }

    fn call_failed(
        &mut self,
        now_ms: i64,
        at: usize,
        begun: &Begun,
        mut failure: Failure,
        output: Option<String>,
    ) {
        let (Some(act), Some(target)) = (begun.act.clone(), self.target_id(at)) else { return };
        let Some(item) = self.work.items.get(at) else { return };
        let instance = item.instance.clone();
        let Some(Calling { limits, is_settling, .. }) = item.calling.clone() else { return };
        failure.property = Some(act.path());
        let is_unknown = failure.class == Class::UnknownOutcome;
        let attempt = self.instance(at).map_or(1, |is| is.attempt);
        // An unknown outcome is no failure yet: it costs one call more.
        let allowed = limits.retries.saturating_add(1 + u32::from(is_unknown));
        let may_again = failure.may_pass() && (!is_unknown || limits.repeatable);
        let is_retried = may_again && attempt < allowed && !self.is_stopping && !is_settling;
        let is_doubtful = is_unknown && !limits.repeatable && !is_observe(&act) && !is_settling;
        // A call that is always lost comes to its end, too.
        let may_look = self.work.items.get(at).is_some_and(|item| item.looks <= limits.retries);
        let can_look = is_doubtful && may_look && self.can_look(at);
        if is_doubtful && !can_look {
            let Failure { message, help, .. } = unsure(&act, None);
            failure.message = format!("{}; {message}", failure.message);
            failure.help = help;
        }
        let retry_at_ms = is_retried.then(|| now_ms.saturating_add(limits.pause_ms(attempt)));
        let operation = begun.operation;
        let event = Event::StepFailed { instance, operation, failure, retry_at_ms, output };
        self.push_target(&target, event);
        if let Some(at_ms) = retry_at_ms {
            self.release(at);
            if let Some(item) = self.work.items.get_mut(at) {
                item.standing = Standing::Backoff(at_ms);
            }
            self.timers.insert((at_ms, Timer::Step(at)));
        } else if is_settling || can_look {
            if let Some(item) = self.work.items.get_mut(at) {
                item.looks += u32::from(can_look);
            }
            self.proceed(at);
        } else {
            self.release(at);
            self.work.failed(at);
        }
    }

    /// Whether an operation tells what is there.
    fn can_look(&self, at: usize) -> bool {
        match self.id(at) {
            Some(id) => self.topology.life(&id).observe.is_some(),
            None => self.instance(at).is_some_and(|is| {
                is.life.as_ref().is_some_and(|l| l.removal.iter().any(|k| is_observe(&k.act)))
            }),
        }
    }

    fn give_up_unsure(&mut self, at: usize, failure: Failure) {
        let Some(target) = self.target_id(at) else { return };
        let Some(item) = self.work.items.get(at) else { return };
        let is_told = self
            .state
            .targets
            .get(&target)
            .is_some_and(|there| there.failures.contains_key(&item.instance));
        if is_told {
            // It is as it was told before.
            self.work.failed(at);
        } else {
            self.refuse(at, failure);
        }
    }
}
