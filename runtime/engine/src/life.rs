//! What the journal says of an instance's life: which of its operations were called, with what, and
//! how it is taken away again.

use std::collections::BTreeMap;

use bp_topology::life::{OBSERVE, Stage, stage};
use bp_topology::{Act, calls};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::event::{Class, Event, Failure, Operation};

/// Which operation of an instance's life a step calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Called {
    /// Which; none for what the instance's provider does by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Act>,
    /// Where it stands on the way up, from 0: what was done from there on no longer counts. None for
    /// what is called beside the way, and going down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<usize>,
    /// The digest of what it is called with: another one is a change.
    pub inputs: String,
    /// Which start this is under the step's key, from 1.
    pub turn: u32,
    /// How the instance is taken away again, as far as it is known now; none where that is as before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removal: Option<Vec<Kept>>,
}

/// An operation that is kept for the time when no plan says any more how it is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Which.
    pub act: Act,
    /// The digest of the blob that says how it is called.
    pub call: String,
    /// What carries it out: `std.Script`.
    pub executor: String,
    /// How long, and how often.
    #[serde(flatten)]
    pub limits: Limits,
}

/// How long a call may take, and how often it is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// How long one call may take, in milliseconds; none where the runtime decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<i64>,
    /// How often a call that failed is made again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: u32,
    /// The first pause before that, in milliseconds; it doubles.
    #[serde(default)]
    pub backoff_ms: i64,
    /// Calling it twice does what calling it once does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeatable: bool,
    /// Its result is asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wants_result: bool,
    /// Something of its result is secret.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gives_secret: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The longest pause before a call is made again, in milliseconds.
const LONGEST_PAUSE_MS: i64 = 3_600_000;

impl Limits {
    pub(crate) fn of(limits: calls::Limits, wants_result: bool) -> Self {
        let calls::Limits { timeout_ms, retries, backoff_ms, repeatable, gives_secret } = limits;
        Self { timeout_ms, retries, backoff_ms, repeatable, wants_result, gives_secret }
    }

    /// How long to wait after this try, from 1.
    pub(crate) fn pause_ms(&self, attempt: u32) -> i64 {
        let doubled = self.backoff_ms.saturating_mul(1 << attempt.saturating_sub(1).min(30));
        doubled.clamp(0, LONGEST_PAUSE_MS)
    }
}

/// An instance's life so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LifeState {
    /// What was done on the way up, in order.
    pub done: Vec<Done>,
    /// What was called beside the way since the instance was last whole, with the digests of its inputs.
    pub asides: Vec<(Act, String)>,
    /// What those set.
    pub attributes: BTreeMap<String, Json>,
    /// The farthest stage of the way up that was begun.
    pub reached: Option<Stage>,
    /// What was done on the way down; none stands for the provider's own part.
    pub removed: Vec<Option<Act>>,
    /// How it is taken away again.
    pub removal: Vec<Kept>,
    /// It was whole once, since it was last taken away: with these digests of what is called only when
    /// they change.
    pub baseline: Option<Vec<(Act, String)>>,
    /// The call that was last begun.
    pub last: Option<Begun>,
    /// A call of which nobody knows whether it was carried out.
    pub doubt: Option<Begun>,
    /// What `lifecycle.observe` told since.
    pub observed: Option<Json>,
    /// Something of it was lost since it was last whole: it is called again, and not updated.
    pub is_lost: bool,
    /// What its relationships lead to and was called otherwise when they were first called, with that name.
    pub named: BTreeMap<String, String>,
}

/// An operation of the way up that was carried out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// Which; none for the provider's own part.
    pub act: Option<Act>,
    /// The digest of what it was called with.
    pub inputs: String,
    /// What it set.
    pub attributes: BTreeMap<String, Json>,
}

/// A call that was begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// On the way up, or down.
    pub operation: Operation,
    /// Which; none for the provider's own part.
    pub act: Option<Act>,
    /// See [`Called::place`].
    pub place: Option<usize>,
    /// The digest of what it is called with.
    pub inputs: String,
    /// The digest of the blob that says how it is called.
    pub subject: String,
    /// What carries it out.
    pub executor: String,
    /// Its key.
    pub key: String,
    /// Which start under that key.
    pub turn: u32,
}

impl LifeState {
    /// Each operation that it names.
    pub(crate) fn for_each_act(&mut self, mut work: impl FnMut(&mut Act)) {
        self.done.iter_mut().filter_map(|done| done.act.as_mut()).for_each(&mut work);
        self.asides.iter_mut().for_each(|(act, _)| work(act));
        self.removed.iter_mut().flatten().for_each(&mut work);
        self.removal.iter_mut().for_each(|kept| work(&mut kept.act));
        self.baseline.iter_mut().flatten().for_each(|(act, _)| work(act));
        let begun = self.last.iter_mut().chain(&mut self.doubt);
        begun.filter_map(|begun| begun.act.as_mut()).for_each(work);
    }

    /// The operation under the name by which it is compared.
    pub(crate) fn named(&self, act: &Act) -> Act {
        let mut named = act.clone();
        if let Some(via) = &mut named.via
            && let Some(first) = self.named.get(&via.target)
        {
            via.target.clone_from(first);
        }
        named
    }

    /// The attributes that operations have set.
    pub fn all_attributes(&self) -> BTreeMap<String, Json> {
        let done = self.done.iter().map(|done| &done.attributes);
        done.chain([&self.attributes]).flatten().map(|(k, v)| (k.clone(), v.clone())).collect()
    }

    /// Whether what is called only when it changes is another one than when the instance was last whole;
    /// one that was none then has not changed.
    pub(crate) fn differs(&self, act: &Act, mark: &str) -> bool {
        let was = self.baseline.iter().flatten().find(|(known, _)| known == act);
        was.is_some_and(|(_, was)| was != mark)
    }

    /// Whether something was called beside the way since the instance was last whole.
    pub(crate) fn was_called(&self, act: &Act, inputs: &str) -> bool {
        self.asides.iter().any(|(known, with)| known == act && with == inputs)
    }

    pub(crate) fn started(&mut self, begun: Begun, removal: Option<&Vec<Kept>>) {
        match begun.operation {
            Operation::Converge => {
                self.removed.clear();
                if let Some(place) = begun.place {
                    self.done.truncate(place);
                }
                let stage =
                    begun.act.as_ref().map_or(Some(Stage::Configure), |a| stage(&a.operation));
                self.reached = self.reached.max(stage);
            }
            Operation::Delete => {}
        }
        if let Some(removal) = removal {
            self.removal.clone_from(removal);
        }
        let is_look = begun.act.as_ref().is_some_and(is_observe);
        if !is_look {
            self.doubt = None;
            self.observed = None;
        }
        self.last = Some(begun);
    }

    /// `is_flying`: it is the step that was last begun; else what was in doubt was seen to be done.
    pub(crate) fn succeeded(
        &mut self,
        is_flying: bool,
        attributes: &BTreeMap<String, Json>,
        result: Option<&Json>,
    ) {
        let begun = if is_flying { self.last.clone() } else { self.doubt.take() };
        let Some(begun) = begun else { return };
        if begun.act.as_ref().is_some_and(is_observe) {
            self.observed = Some(result.cloned().unwrap_or(Json::Null));
            return;
        }
        self.observed = None;
        match (begun.operation, begun.place) {
            (Operation::Delete, _) => {
                // What was taken down is not there to be gone on with.
                self.done.clear();
                if self.baseline.take().is_some() {
                    self.reached = Some(Stage::Poststart);
                }
                self.is_lost = false;
                self.removed.push(begun.act);
            }
            (Operation::Converge, Some(place)) => {
                self.done.truncate(place);
                self.done.push(Done {
                    act: begun.act,
                    inputs: begun.inputs,
                    attributes: attributes.clone(),
                });
            }
            (Operation::Converge, None) => {
                let act = begun.act.as_ref();
                if act.is_some_and(|act| stage(&act.operation) == Some(Stage::Unlink)) {
                    self.unlinked(act);
                }
                self.attributes.extend(attributes.clone());
                self.asides.extend(begun.act.map(|act| (act, begun.inputs)));
            }
        }
    }

    /// What a relationship has had counts no more: where it is wanted again, it is made again.
    fn unlinked(&mut self, by: Option<&Act>) {
        let via = by.and_then(|act| act.via.as_ref());
        for done in &mut self.done {
            if done.act.as_ref().is_some_and(|act| act.via.is_some() && act.via.as_ref() == via) {
                done.inputs.clear();
            }
        }
    }

    /// Whether what was last begun only looks.
    pub(crate) fn is_looking(&self) -> bool {
        self.last.as_ref().and_then(|last| last.act.as_ref()).is_some_and(is_observe)
    }

    pub(crate) fn failed(&mut self, failure: &Failure) {
        let last = self.last.clone();
        if failure.class == Class::UnknownOutcome
            && let Some(last) = last
            // A provider looks itself at what it makes.
            && last.act.as_ref().map_or(last.operation == Operation::Delete, |act| !is_observe(act))
        {
            self.doubt = Some(last);
        }
    }

    /// What `lifecycle.observe` told is not there any more counts as not done, and all that was done after it.
    pub(crate) fn lose(&mut self, told: &Json) {
        let is_lost =
            |done: &Done| done.act.as_ref().and_then(|act| is_done(act, told)) == Some(false);
        if let Some(place) = self.done.iter().position(is_lost) {
            self.done.truncate(place);
            self.is_lost = true;
        }
    }

    /// What is called again was whole once, and can be updated.
    pub(crate) fn was_whole(&self) -> bool {
        self.baseline.is_some() && !self.is_lost
    }

    /// What `lifecycle.observe` tells of an instance that was whole.
    pub fn seen(&self, told: &Json) -> Seen {
        let state = told.get("state").and_then(Json::as_str).filter(|state| STATES.contains(state));
        let Some(state) = state else { return Seen::Untold };
        let own = self.done.iter().filter_map(|done| done.act.as_ref());
        let reached =
            own.filter(|act| act.via.is_none()).filter_map(|act| state_after(&act.operation));
        match reached.max() {
            Some(wanted) if STATES.iter().position(|known| *known == state) < Some(wanted) => {
                Seen::Lost {
                    wanted: STATES.get(wanted).copied().unwrap_or_default(),
                    state: state.to_owned(),
                }
            }
            _ => Seen::AsItWas,
        }
    }

    /// The operation that tells what is there, as it is called.
    pub fn observe(&self) -> Option<&Kept> {
        self.removal.iter().find(|kept| is_observe(&kept.act))
    }

    /// All of it is as it was wanted.
    pub(crate) fn settled(&mut self, event: &Event) {
        let Event::InstanceSettled { acts, baseline, removal, .. } = event else { return };
        let before = std::mem::take(&mut self.done);
        let done = acts.iter().map(|(act, inputs)| Done {
            act: act.clone(),
            inputs: inputs.clone(),
            attributes: before
                .iter()
                .find(|done| done.act == *act)
                .map(|done| done.attributes.clone())
                .unwrap_or_default(),
        });
        self.done = done.collect();
        self.asides.clear();
        self.is_lost = false;
        self.baseline = Some(baseline.clone());
        self.removal.clone_from(removal);
        self.doubt = None;
        self.observed = None;
    }

    /// Whether an operation of the way down is called: what it would undo has been begun.
    pub(crate) fn is_due(&self, kept: &Kept) -> bool {
        let reached = self.reached.filter(|_| self.baseline.is_none());
        match (stage(&kept.act.operation), reached) {
            (None, _) => false,
            (Some(Stage::Prestop | Stage::Stop), Some(reached)) => reached >= Stage::Start,
            (Some(Stage::Unlink), Some(reached)) => reached >= Stage::Preconfigure,
            _ => true,
        }
    }
}

/// What was seen of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// What its operations have made is there.
    AsItWas,
    /// Something of it is not there any more.
    Lost {
        /// The state that its operations had brought it to.
        wanted: &'static str,
        /// The state that it is in.
        state: String,
    },
    /// That was not told.
    Untold,
}

/// The states that `lifecycle.observe` tells, each after the one before it.
const STATES: [&str; 4] = ["absent", "created", "configured", "started"];

/// Which of the states an operation of the way up leads to.
fn state_after(operation: &str) -> Option<usize> {
    match stage(operation)? {
        Stage::Create => Some(1),
        Stage::Configure => Some(2),
        Stage::Start => Some(3),
        _ => None,
    }
}

/// Whether `lifecycle.observe` may tell that what an operation made is not there any more.
pub(crate) fn can_be_lost(act: &Act) -> bool {
    act.via.is_none() && state_after(&act.operation).is_some()
}

/// Whether an operation was carried out, by what `lifecycle.observe` told; none where that does not
/// tell.
pub(crate) fn is_done(act: &Act, told: &Json) -> Option<bool> {
    let state = told.get("state")?.as_str()?;
    let is = STATES.iter().position(|known| *known == state)?;
    if act.via.is_some() {
        return None;
    }
    match stage(&act.operation)? {
        Stage::Stop => Some(is < 3),
        Stage::Delete => Some(is == 0),
        _ => state_after(&act.operation).map(|after| is >= after),
    }
}

/// Whether an operation only looks.
pub(crate) fn is_observe(act: &Act) -> bool {
    act.operation == OBSERVE
}
