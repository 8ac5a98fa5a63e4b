//! What a life would call if it went on now, as far as that is known before anything is called.
//!
//! Nothing here changes anything, and nothing is decided anew: the way is the one of [`super::next`].

use std::collections::BTreeMap;

use bp_topology::{Act, InstanceId, Life};
use serde_json::Value as Json;

use super::down::is_going;
use super::next::{Look, Stop};
use crate::event::{Failure, Operation};
use crate::life::{LifeState, can_be_lost};
use crate::retry::digest;
use crate::state::InstanceState;

/// What would be called, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ahead {
    pub(crate) calls: Vec<ToBeCalled>,
    /// Its provider's own part is gone through.
    pub(crate) own: Option<Operation>,
    /// A call that was begun before has not ended, or nobody knows how it ended.
    pub(crate) doubt: Option<String>,
    /// Why it can't go on.
    pub(crate) flaw: Option<Failure>,
}

/// An operation that would be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToBeCalled {
    pub(crate) act: Act,
    /// Whether that is known by now; else it depends on what others are still to report.
    pub(crate) is_sure: bool,
}

impl Look<'_> {
    /// What would be called for an instance that is wanted, or (without an id) is to go.
    pub(crate) fn ahead(&mut self, id: Option<&InstanceId>) -> Ahead {
        let life = self.is.and_then(|is| is.life.as_deref());
        let mut ahead = Ahead::default();
        if let Some(life) = life {
            let is_flying = self.is.is_some_and(|is| is.flight.is_some());
            let begun = if is_flying { &life.last } else { &life.doubt };
            if let Some(act) = begun.as_ref().and_then(|begun| begun.act.as_ref()) {
                ahead.doubt = Some(format!("{act} was begun, and how it ended is not known yet"));
            }
        }
        let is_half_gone = life.is_some_and(is_going);
        if id.is_none() || is_half_gone {
            self.down_ahead(&mut ahead);
        }
        let Some(id) = id else { return ahead };
        if let Err(Stop::Flaw(failure)) = self.up_ahead(id, is_half_gone, &mut ahead) {
            ahead.flaw = Some(failure);
        }
        ahead
    }

    fn down_ahead(&self, ahead: &mut Ahead) {
        let Some(is) = self.is else { return };
        let life = is.life.as_deref();
        let due = life.into_iter().flat_map(|life| {
            let is_left = |act: &Act| !life.removed.contains(&Some(act.clone()));
            life.removal.iter().filter(move |kept| life.is_due(kept) && is_left(&kept.act))
        });
        ahead.calls.extend(due.map(|kept| ToBeCalled { act: kept.act.clone(), is_sure: true }));
        let is_taken = life.is_some_and(|life| life.removed.contains(&None));
        if !is.subject.is_empty() && !is_taken {
            ahead.own = Some(Operation::Delete);
        }
    }

    fn up_ahead(&mut self, id: &InstanceId, is_anew: bool, ahead: &mut Ahead) -> Result<(), Stop> {
        let nothing = LifeState::default();
        let state = self.is.and_then(|is| is.life.as_deref()).unwrap_or(&nothing);
        let state = if is_anew { &nothing } else { state };
        let life = self.topology.life(id);
        let was_whole = state.was_whole();
        let gone: Vec<Act> = self.unlinked(id, state).map(|kept| kept.act.clone()).collect();
        ahead.calls.extend(gone.into_iter().map(|act| ToBeCalled { act, is_sure: true }));
        let first = self.first_ahead(id, &life, state)?;
        match (&life.update, first) {
            (Some(update), first) if was_whole => {
                let own = self.whole_own(state);
                let is_changed = match self.planned(id, update, &own) {
                    Ok(planned) => Some(
                        first.as_ref().is_some_and(|(_, is_sure)| *is_sure)
                            || state.differs(update, &planned.digest),
                    ),
                    Err(Stop::Wait) => None,
                    Err(flaw) => return Err(flaw),
                };
                let may_be = is_changed.is_none() || first.is_some();
                if is_changed == Some(true) || may_be {
                    let is_sure = is_changed == Some(true);
                    ahead.calls.push(ToBeCalled { act: update.clone(), is_sure });
                }
            }
            (_, Some((place, is_sure))) => {
                for step in self.steps(id, &life).into_iter().skip(place) {
                    match step {
                        Some(act) => ahead.calls.push(ToBeCalled { act, is_sure }),
                        None => ahead.own = Some(Operation::Converge),
                    }
                }
            }
            (_, None) => {}
        }
        if let Some(observe) = &life.observe
            && self.is.is_some_and(InstanceState::is_to_be_looked_at)
        {
            ahead.calls.insert(0, ToBeCalled { act: observe.clone(), is_sure: true });
            let from = life.up.iter().position(can_be_lost).unwrap_or(life.up.len());
            for act in life.up.iter().skip(from) {
                if !ahead.calls.iter().any(|call| call.act == *act) {
                    ahead.calls.push(ToBeCalled { act: act.clone(), is_sure: false });
                }
            }
        }
        self.targets_ahead(id, &life, state, ahead)
    }

    fn whole_own(&self, state: &LifeState) -> BTreeMap<String, Json> {
        let mut own = self.reported();
        own.extend(state.all_attributes());
        own
    }

    /// The first step of the way up that would be gone through, and whether that is known by now.
    fn first_ahead(
        &mut self,
        id: &InstanceId,
        life: &Life,
        state: &LifeState,
    ) -> Result<Option<(usize, bool)>, Stop> {
        let mut own = BTreeMap::new();
        for (place, act) in self.steps(id, life).into_iter().enumerate() {
            let has_drifted = act.is_none() && self.is.is_some_and(InstanceState::has_drifted);
            let there = state.done.get(place).filter(|done| done.act == act && !has_drifted);
            let Some(done) = there else {
                return Ok(Some((place, true)));
            };
            let inputs = match &act {
                Some(act) => self.planned(id, act, &own).map(|planned| planned.digest),
                None => self.own(id).map(|subject| digest(&subject.bytes())),
            };
            match inputs {
                Ok(inputs) if inputs == done.inputs => {}
                Ok(_) => return Ok(Some((place, true))),
                Err(Stop::Wait) => return Ok(Some((place, false))),
                Err(flaw) => return Err(flaw),
            }
            own.extend(done.attributes.clone());
            if act.is_none() {
                own.extend(self.reported());
            }
        }
        Ok(None)
    }

    fn targets_ahead(
        &mut self,
        id: &InstanceId,
        life: &Life,
        state: &LifeState,
        ahead: &mut Ahead,
    ) -> Result<(), Stop> {
        let own = self.whole_own(state);
        for act in &life.target_changed {
            let mark = self.target_mark(id, act, &own);
            let is_sure = match mark {
                Ok(mark) if state.differs(act, &mark) && !state.was_called(act, &mark) => true,
                Ok(_) => continue,
                Err(Stop::Wait) => false,
                Err(flaw) => return Err(flaw),
            };
            let target = self.topology.target_of(id, act);
            // What is about to change reports something else, perhaps.
            let is_known = target.is_none_or(|target| self.topology.reported(&target).is_some());
            ahead.calls.push(ToBeCalled { act: act.clone(), is_sure: is_sure && is_known });
        }
        Ok(())
    }
}
