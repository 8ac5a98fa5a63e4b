//! What comes next in an instance's life: a look at what is wanted of it and at what was done.
//!
//! Nothing here changes anything; [`super::lives`] does what is found.

use std::collections::{BTreeMap, BTreeSet};

use bp_topology::life::{Stage, Via, stage};
use bp_topology::parameters::Arguments;
use bp_topology::{Act, Given, InstanceId, Life, Own, Reads, Topology};
use serde_json::Value as Json;

use super::down::{called, is_going, unsure};
use crate::event::{Event, Failure, Operation};
use crate::life::{Begun, Kept, LifeState, Limits, is_done};
use crate::retry::digest;
use crate::secrets::hash;
use crate::state::{Applied, InstanceState};
use crate::subject::{Subject, resolve};

/// What comes next.
#[derive(Debug)]
pub(crate) enum Next {
    /// It is as wanted, and reports this.
    Done(BTreeMap<String, Json>),
    /// There is nothing left to call: it is whole, or gone. With the blobs that the event names.
    Settle(Box<Event>, Vec<Vec<u8>>),
    /// A call that was begun has not ended.
    GoOn,
    /// An operation is to be called.
    Call(Box<ToCall>),
    /// The provider's own part is to be brought about.
    Own(Box<ToConverge>),
    /// What was in doubt was carried out, and gave this.
    Conclude(Box<Given>),
    /// Something that others report is missing.
    Wait,
    /// What is wanted can't be said.
    Refuse(Failure),
    /// Nobody knows whether something was carried out, and nobody can tell.
    Unsure(Failure),
}

/// An operation that is to be called.
#[derive(Debug)]
pub(crate) struct ToCall {
    pub(crate) operation: Operation,
    pub(crate) act: Act,
    pub(crate) place: Option<usize>,
    pub(crate) inputs: String,
    pub(crate) how: How,
    pub(crate) executor: String,
    pub(crate) limits: Limits,
    pub(crate) removal: Option<Removal>,
}

/// How an operation is called.
#[derive(Debug)]
pub(crate) enum How {
    /// As the plan says.
    Planned(Box<Subject>),
    /// As the blob of this digest says.
    Kept(String),
}

/// A provider's own part of a life.
#[derive(Debug)]
pub(crate) struct ToConverge {
    pub(crate) operation: Operation,
    pub(crate) place: Option<usize>,
    /// None for a deletion.
    pub(crate) subject: Option<Subject>,
    pub(crate) removal: Option<Removal>,
}

/// How an instance is taken away, with the blobs that say how its operations are called.
#[derive(Debug)]
pub(crate) struct Removal {
    pub(crate) kept: Vec<Kept>,
    pub(crate) blobs: Vec<Vec<u8>>,
}

/// An operation as the plan wants it called.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) subject: Subject,
    pub(crate) digest: String,
    pub(crate) limits: Limits,
}

/// Why there is nothing planned.
#[derive(Debug)]
pub(crate) enum Stop {
    Wait,
    Flaw(Failure),
}

impl From<Stop> for Next {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Wait => Self::Wait,
            Stop::Flaw(failure) => Self::Refuse(failure),
        }
    }
}

/// What is looked at.
pub(crate) struct Look<'a> {
    pub(crate) topology: &'a Topology,
    /// What was done; none where nothing was.
    pub(crate) is: Option<&'a InstanceState>,
    /// How many steps of the way up were done in this very run.
    pub(crate) checked: usize,
    /// What was read of others.
    pub(crate) reads: Reads,
}

/// The steps of a way up, each with the digest of what it is called with.
type Acts = Vec<(Option<Act>, String)>;

/// A digest of a value, by its JSON.
fn digest_of(value: &impl serde::Serialize) -> String {
    // Texts, maps of texts and lists are always JSON.
    digest(&serde_json::to_vec(value).unwrap_or_default())
}

impl Look<'_> {
    /// At this instance, of which nothing was read yet.
    pub(crate) fn at<'l>(
        topology: &'l Topology,
        is: Option<&'l InstanceState>,
        checked: usize,
    ) -> Look<'l> {
        Look { topology, is, checked, reads: Reads::default() }
    }

    /// What comes next for an instance that is wanted, or (without an id) is to go.
    pub(crate) fn next(
        &mut self,
        id: Option<&InstanceId>,
        name: &str,
        depends: Vec<(String, String)>,
    ) -> Next {
        if let Some(is) = self.is
            && is.flight.is_some()
            && is.life.as_ref().is_some_and(|l| l.last.as_ref().is_some_and(|b| b.act.is_some()))
        {
            return Next::GoOn;
        }
        let life = self.is.and_then(|is| is.life.as_deref());
        match id {
            // What is half taken away, or may be, is taken away before it is made anew.
            Some(id) if !life.is_some_and(is_going) => {
                self.up(id, name, depends).unwrap_or_else(Next::from)
            }
            _ => self.down(name),
        }
    }

    /// The attributes that the provider reports.
    pub(super) fn reported(&self) -> BTreeMap<String, Json> {
        let applied = self.is.and_then(|is| is.applied.as_ref());
        applied.map(Applied::reported).unwrap_or_default()
    }

    fn up(
        &mut self,
        id: &InstanceId,
        name: &str,
        depends: Vec<(String, String)>,
    ) -> Result<Next, Stop> {
        let nothing = LifeState::default();
        let state = self.is.and_then(|is| is.life.as_deref()).unwrap_or(&nothing);
        self.held(id)?;
        let life = self.topology.life(id);
        let mut all = self.reported();
        all.extend(state.all_attributes());
        let doubt = state.doubt.as_ref().filter(|doubt| doubt.operation == Operation::Converge);
        if let Some(doubt) = doubt
            && let Some(next) = self.doubtful(id, &life, state, doubt, &all)?
        {
            return Ok(next);
        }
        if let Some(observe) = &life.observe
            && self.is.is_some_and(InstanceState::is_to_be_looked_at)
        {
            if let Some(told) = &state.observed {
                let message =
                    format!("`lifecycle.observe` does not tell its `state`: it gave {told}");
                return Ok(Next::Refuse(Failure::permanent(message)));
            }
            let inputs = self.planned(id, observe, &all)?.digest;
            return self.call(id, observe, None, inputs, &all);
        }
        let was_whole = state.was_whole();
        if let Some(kept) = self.unlinked(id, state).next() {
            return Ok(Next::Call(Box::new(ToCall {
                operation: Operation::Converge,
                ..called(kept)
            })));
        }
        let way = self.way(id, &life, state)?;
        let mut baseline = Vec::new();
        if let Some(update) = &life.update {
            let mark = self.planned(id, update, &way.own)?.digest;
            let is_changed = way.first.is_some() || state.differs(update, &mark);
            let inputs = digest_of(&(&mark, &way.acts));
            if was_whole && is_changed && !state.was_called(update, &inputs) {
                return self.call(id, update, None, inputs, &all);
            }
            baseline.push((update.clone(), mark));
        }
        if let Some((place, first)) = way.first
            && !(was_whole && life.update.is_some())
        {
            let Some(act) = first else {
                return Ok(Next::Own(Box::new(ToConverge {
                    operation: Operation::Converge,
                    place: Some(place),
                    subject: Some(self.own(id)?),
                    removal: self.changed_removal(id)?,
                })));
            };
            let inputs = self.planned(id, &act, &way.own)?.digest;
            return self.call(id, &act, Some(place), inputs, &way.own);
        }
        for act in &life.target_changed {
            let mark = self.target_mark(id, act, &way.own)?;
            if state.differs(act, &mark) && !state.was_called(act, &mark) {
                return self.call(id, act, None, mark, &all);
            }
            baseline.push((act.clone(), mark));
        }
        self.settle(id, name, depends, (way.acts, baseline, all))
    }

    /// Refuses an instance that is not as its type and those around it ask, as far as that is known by now.
    fn held(&mut self, id: &InstanceId) -> Result<(), Stop> {
        let (resolved, mut reads) = resolve(self.topology, id);
        // What it reports itself comes with what is done here.
        reads.instances.remove(id);
        reads.missing.remove(id);
        self.note(reads);
        resolved.map(drop).map_err(Stop::Flaw)
    }

    /// What `target_changed` is called for when it changes.
    pub(super) fn target_mark(
        &mut self,
        id: &InstanceId,
        act: &Act,
        own: &BTreeMap<String, Json>,
    ) -> Result<String, Stop> {
        let called = self.planned(id, act, own)?.digest;
        let target = self.topology.target_of(id, act);
        let reported = target.as_ref().and_then(|target| self.topology.reported(target));
        Ok(digest_of(&(called, reported)))
    }

    /// Nothing is left to call.
    fn settle(
        &mut self,
        id: &InstanceId,
        name: &str,
        depends: Vec<(String, String)>,
        (acts, baseline, all): (Acts, Vec<(Act, String)>, BTreeMap<String, Json>),
    ) -> Result<Next, Stop> {
        let nothing = LifeState::default();
        let state = self.is.and_then(|is| is.life.as_deref()).unwrap_or(&nothing);
        let removal = self.removal(id, &all)?;
        let was: Acts = state.done.iter().map(|d| (d.act.clone(), d.inputs.clone())).collect();
        let is_so = state.baseline.as_ref() == Some(&baseline)
            && was == acts
            && state.asides.is_empty()
            && state.removal == removal.kept
            && self.is.is_some_and(|is| {
                // What it needs now is to be known when it goes.
                is.operation == Operation::Converge && is.depends == depends && !is.has_drifted()
            });
        if is_so {
            return Ok(Next::Done(all));
        }
        let event = Event::InstanceSettled {
            instance: name.to_owned(),
            operation: Operation::Converge,
            acts,
            baseline,
            removal: removal.kept,
            depends,
        };
        Ok(Next::Settle(Box::new(event), removal.blobs))
    }

    /// The way up as it is wanted, against what was done of it.
    fn way(&mut self, id: &InstanceId, life: &Life, state: &LifeState) -> Result<Way, Stop> {
        let can_update = state.was_whole() && life.update.is_some();
        let mut way = Way { acts: Vec::new(), first: None, own: BTreeMap::new() };
        for (place, act) in self.steps(id, life).into_iter().enumerate() {
            let has_drifted = act.is_none() && self.is.is_some_and(InstanceState::has_drifted);
            let there = state.done.get(place).filter(|done| done.act == act && !has_drifted);
            let inputs = match (there, &act) {
                // Nothing that it is called with can have changed since.
                (Some(done), _) if place < self.checked => done.inputs.clone(),
                (_, Some(act)) => self.planned(id, act, &way.own)?.digest,
                (_, None) => digest(&self.own(id)?.bytes()),
            };
            way.acts.push((act.clone(), inputs.clone()));
            if there.is_none_or(|done| done.inputs != inputs) && way.first.is_none() {
                way.first = Some((place, act.clone()));
                if !can_update {
                    break;
                }
            }
            let done = state.done.iter().find(|done| done.act == act);
            way.own.extend(done.map(|done| done.attributes.clone()).unwrap_or_default());
            if act.is_none() {
                way.own.extend(self.reported());
            }
        }
        Ok(way)
    }

    /// The provider's own part, as it is wanted.
    pub(super) fn own(&mut self, id: &InstanceId) -> Result<Subject, Stop> {
        let (resolved, reads) = resolve(self.topology, id);
        self.note(reads);
        resolved.map_err(Stop::Flaw)?.ok_or(Stop::Wait)
    }

    /// What is done on the way up, in order; none stands for the provider's own part.
    pub(super) fn steps(&self, id: &InstanceId, life: &Life) -> Vec<Option<Act>> {
        let mut steps: Vec<Option<Act>> = life.up.iter().cloned().map(Some).collect();
        let at = self.topology.find(id).and_then(|at| self.topology.instances().get(at));
        if at.is_some_and(|instance| instance.provider.is_some()) {
            let is_later = |act: &Act| stage(&act.operation) > Some(Stage::Configure);
            let at = life.up.iter().position(is_later).unwrap_or(steps.len());
            steps.insert(at, None);
        }
        steps
    }

    /// The operations that take apart relationships that are no more, or of which none is called any more.
    pub(super) fn unlinked<'s>(
        &self,
        id: &InstanceId,
        state: &'s LifeState,
    ) -> impl Iterator<Item = &'s Kept> + use<'s> {
        let life = self.topology.life(id);
        let links: BTreeSet<Via> = life.acts().filter_map(|act| act.via.clone()).collect();
        state.removal.iter().filter(move |kept| {
            kept.act.via.as_ref().is_some_and(|via| !links.contains(via))
                && state.is_due(kept)
                && !state.asides.iter().any(|(act, _)| *act == kept.act)
        })
    }

    /// What to do about a call of the way up of which nobody knows whether it was carried out; nothing
    /// where it may simply be made again.
    fn doubtful(
        &mut self,
        id: &InstanceId,
        life: &Life,
        state: &LifeState,
        doubt: &Begun,
        all: &BTreeMap<String, Json>,
    ) -> Result<Option<Next>, Stop> {
        let Some(act) = doubt.act.as_ref().filter(|act| life.acts().any(|known| known == *act))
        else {
            return Ok(None);
        };
        let own = self.set_before(state, doubt.place);
        let planned = self.planned(id, act, &own)?;
        if planned.limits.repeatable {
            return Ok(None);
        }
        Ok(match (&state.observed, &life.observe) {
            (Some(told), _) => match is_done(act, told) {
                // What it was called with then is not what is wanted now.
                Some(true) if planned.digest != doubt.subject => None,
                Some(true) => {
                    let key = self.topology.secrets().key();
                    let mark = |value: &Json| hash(key, value);
                    let nothing = Arguments::new();
                    let given = self.topology.gives(id, act, &own, &nothing, told.clone(), &mark);
                    Some(match given {
                        Ok(given) => Next::Conclude(Box::new(given)),
                        Err(flaw) => Next::Refuse(flaw.into()),
                    })
                }
                Some(false) => None,
                None => Some(Next::Unsure(unsure(act, Some(told)))),
            },
            (None, Some(observe)) => {
                let inputs = self.planned(id, observe, all)?.digest;
                Some(self.call(id, observe, None, inputs, all)?)
            }
            (None, None) => Some(Next::Unsure(unsure(act, None))),
        })
    }

    /// The attributes that were set before a place of the way up; all where none is given.
    fn set_before(&self, state: &LifeState, place: Option<usize>) -> BTreeMap<String, Json> {
        let mut own = BTreeMap::new();
        if let Some(place) = place {
            for done in state.done.iter().take(place) {
                own.extend(done.attributes.clone());
                if done.act.is_none() {
                    own.extend(self.reported());
                }
            }
        } else {
            own = self.reported();
            own.extend(state.all_attributes());
        }
        own
    }

    pub(super) fn planned(
        &mut self,
        id: &InstanceId,
        act: &Act,
        own: &BTreeMap<String, Json>,
    ) -> Result<Planned, Stop> {
        let (call, reads) = self.topology.call(id, act, Own::Now(own));
        self.note(reads);
        let call = call.map_err(|flaw| Stop::Flaw(flaw.into()))?.ok_or(Stop::Wait)?;
        let limits = Limits::of(call.limits, call.wants_result);
        let subject = Subject::of_call(&self.named(act), call, self.topology.secrets().key());
        Ok(Planned { digest: digest(&subject.bytes()), subject, limits })
    }

    fn call(
        &mut self,
        id: &InstanceId,
        act: &Act,
        place: Option<usize>,
        inputs: String,
        own: &BTreeMap<String, Json>,
    ) -> Result<Next, Stop> {
        let Planned { subject, limits, .. } = self.planned(id, act, own)?;
        Ok(Next::Call(Box::new(ToCall {
            operation: Operation::Converge,
            act: act.clone(),
            place,
            inputs,
            executor: subject.provider.clone(),
            how: How::Planned(Box::new(subject)),
            limits,
            removal: self.changed_removal(id)?,
        })))
    }

    /// The call that was begun, if the plan still wants just this.
    pub(crate) fn still(&mut self, id: &InstanceId, begun: &Begun) -> Option<Planned> {
        let act = begun.act.as_ref()?;
        let life = self.topology.life(id);
        life.acts().find(|known| *known == act)?;
        let nothing = LifeState::default();
        let state = self.is.and_then(|is| is.life.as_deref()).unwrap_or(&nothing);
        let own = self.set_before(state, begun.place);
        self.planned(id, act, &own).ok().filter(|planned| planned.digest == begun.subject)
    }

    /// How the instance is taken away, as far as it is known with these attributes.
    pub(crate) fn removed_by(
        &mut self,
        id: &InstanceId,
        own: &BTreeMap<String, Json>,
    ) -> Option<Removal> {
        self.removal(id, own).ok()
    }

    /// How the instance is taken away, where that is not what the journal has.
    fn changed_removal(&mut self, id: &InstanceId) -> Result<Option<Removal>, Stop> {
        // What a step of this run has set was told with its success.
        if self.checked > 0 {
            return Ok(None);
        }
        let nothing = LifeState::default();
        let state = self.is.and_then(|is| is.life.as_deref()).unwrap_or(&nothing);
        let mut all = self.reported();
        all.extend(state.all_attributes());
        let removal = self.removal(id, &all)?;
        Ok((removal.kept != state.removal).then_some(removal))
    }

    fn removal(&mut self, id: &InstanceId, own: &BTreeMap<String, Json>) -> Result<Removal, Stop> {
        let life = self.topology.life(id);
        let mut removal = Removal { kept: Vec::new(), blobs: Vec::new() };
        for act in life.down.iter().chain(&life.observe) {
            let (call, reads) = self.topology.call(id, act, Own::SoFar(own));
            self.note(reads);
            let call = call.map_err(|flaw| Stop::Flaw(flaw.into()))?.ok_or(Stop::Wait)?;
            let limits = Limits::of(call.limits, call.wants_result);
            let subject = Subject::of_call(&self.named(act), call, self.topology.secrets().key());
            let bytes = subject.bytes();
            removal.kept.push(Kept {
                act: act.clone(),
                call: digest(&bytes),
                executor: subject.provider,
                limits,
            });
            removal.blobs.push(bytes);
        }
        // What is still to be taken apart is kept until it is.
        if let Some(state) = self.is.and_then(|is| is.life.as_deref()) {
            removal.kept.extend(self.unlinked(id, state).cloned());
        }
        Ok(removal)
    }

    /// The operation under the name by which it is compared.
    fn named(&self, act: &Act) -> Act {
        let life = self.is.and_then(|is| is.life.as_deref());
        life.map_or_else(|| act.clone(), |life| life.named(act))
    }

    fn note(&mut self, reads: Reads) {
        self.reads.instances.extend(reads.instances);
        self.reads.missing.extend(reads.missing);
        self.reads.is_veiled |= reads.is_veiled;
    }
}

/// The way up, as far as it was gone through.
struct Way {
    acts: Acts,
    /// The first that was not done like this.
    first: Option<(usize, Option<Act>)>,
    /// The attributes that are set where it stands.
    own: BTreeMap<String, Json>,
}
