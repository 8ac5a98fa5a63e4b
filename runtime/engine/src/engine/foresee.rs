//! Looking ahead: the same decisions, with nothing begun. Where a step would begin, it is asked what that
//! would do; what the attributes of a node that changes will be, nobody knows before.
//!
//! The round of whoever drives it is the usual one, but that nothing of a batch is appended, and that
//! [`Engine::queries`] are answered in the place of steps.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::Plan;
use bp_topology::InstanceId;
use serde_json::Value as Json;

use super::ahead::Ahead;
use super::next::Look;
use super::{Engine, Start, TargetRef};
use crate::event::{Event, Failure, Operation};
use crate::outlook::{Action, Called, Field, NodeOutlook, Outlook};
use crate::remembered::Remembered;
use crate::retry::digest;
use crate::state::{Applied, InstanceState};
use crate::status::shown;
use crate::subject::{Subject, resolve_partly};
use crate::terms::{node_of, protection};
use crate::work::{Item, Standing};

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Foresight {
    /// What is as it was last applied, by the journal, is looked at all the same.
    looks_at_all: bool,
    /// Instances whose attributes are not known before they are as wanted.
    unforeseen: BTreeSet<InstanceId>,
    lives: BTreeMap<usize, Ahead>,
    /// The digests of what is wanted.
    wanted: BTreeMap<usize, String>,
    answers: BTreeMap<usize, Answer>,
    queries: Vec<Query>,
}

/// A question for a provider: what would be done to an instance?
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Where.
    pub target: TargetRef,
    /// To which instance.
    pub instance: String,
    /// Whether it is to be as wanted, or to go.
    pub operation: Operation,
    /// Which provider keeps it.
    pub provider: String,
    /// What is wanted of it, as far as that is known; none for a deletion.
    pub subject: Option<Box<Subject>>,
    /// Its properties that are not known, each with the instances that tell it.
    pub unknown: BTreeMap<String, Vec<String>>,
    /// The digest of the subject that was last begun.
    pub begun: Option<String>,
    /// The digest of the subject that was last applied.
    pub applied: Option<String>,
    /// What it reported when it was last as wanted.
    pub reported: BTreeMap<String, Json>,
    /// What the provider remembers of it.
    pub record: Option<Json>,
    /// Names that it had.
    pub was: Vec<String>,
    /// A step of it was begun, and has not ended.
    pub is_under_way: bool,
}

/// What a provider said to a [`Query`].
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What would be done: nothing, or one of the first four.
    pub action: Action,
    /// Which fields differ.
    pub fields: Vec<Field>,
    /// What it reports; none where that will be another by then.
    pub attributes: Option<BTreeMap<String, Json>>,
    /// Why it would be done, or can't be told.
    pub reason: Option<String>,
    /// It would fail.
    pub failure: Option<Failure>,
}

impl Engine {
    /// An engine that looks ahead from here: nothing of its batches is to be appended.
    pub fn looking_ahead(start: Start) -> Option<Self> {
        let mut engine = Self::new(start)?;
        engine.foresight = Some(Box::default());
        Some(engine)
    }

    /// As [`Engine::looking_ahead`], and what is as it is wanted by the journal is asked for, too: others may
    /// have changed it.
    pub fn looking_at_all(start: Start) -> Option<Self> {
        let mut engine = Self::looking_ahead(start)?;
        if let Some(foresight) = &mut engine.foresight {
            foresight.looks_at_all = true;
        }
        Some(engine)
    }

    pub(super) fn looks_at_all(&self) -> bool {
        self.foresight.as_ref().is_some_and(|foresight| foresight.looks_at_all)
    }

    /// Whether a provider keeps a part of an instance, and did something to it.
    pub(super) fn has_own(&self, at: usize) -> bool {
        let is_kept = self.work.items.get(at).is_some_and(|item| item.provider.is_some());
        is_kept && self.instance(at).is_some_and(|is| is.applied.is_some())
    }

    /// What is to be asked now. Each is answered once, by [`Engine::answer`].
    pub fn queries(&mut self) -> Vec<Query> {
        self.foresight.as_mut().map(|f| std::mem::take(&mut f.queries)).unwrap_or_default()
    }

    /// Whether all that is missing will be known only when it is as wanted.
    pub(super) fn is_all_unforeseen(&self, missing: &BTreeSet<InstanceId>) -> bool {
        let Some(foresight) = &self.foresight else { return false };
        !missing.is_empty() && missing.iter().all(|id| foresight.unforeseen.contains(id))
    }

    /// What would begin now is looked at.
    pub(super) fn foresee(&mut self, at: usize) {
        let Some(item) = self.work.items.get(at) else { return };
        let (id, has_life) = (item.id.clone(), item.has_life);
        let mut asks = true;
        if has_life {
            let mut ahead = Look::at(&self.topology, self.instance(at), 0).ahead(id.as_ref());
            if self.looks_at_all() && id.is_some() && self.has_own(at) {
                ahead.own = ahead.own.or(Some(Operation::Converge));
            }
            if let Some(flaw) = ahead.flaw {
                self.release(at);
                return self.refuse(at, flaw);
            }
            asks = ahead.own.is_some();
            if let Some(foresight) = &mut self.foresight {
                foresight.lives.insert(at, ahead);
            }
        }
        if !asks {
            return self.conclude(at, self.instance(at).and_then(InstanceState::reported));
        }
        match self.query(at) {
            Ok(Some(query)) => {
                let wanted = query.subject.as_ref().map(|subject| digest(&subject.bytes()));
                if let Some(foresight) = &mut self.foresight {
                    foresight.wanted.extend(wanted.map(|wanted| (at, wanted)));
                    foresight.queries.push(query);
                }
            }
            Ok(None) => self.conclude(at, None),
            Err(failure) => {
                self.release(at);
                self.refuse(at, failure);
            }
        }
    }

    fn query(&self, at: usize) -> Result<Option<Query>, Failure> {
        let Some(item) = self.work.items.get(at) else { return Ok(None) };
        let Some(target) = self.target(item.target) else { return Ok(None) };
        let life = self.foresight.as_ref().and_then(|foresight| foresight.lives.get(&at));
        let operation = life.and_then(|life| life.own).unwrap_or(item.operation);
        let is = self.instance(at);
        let mut unknown = BTreeMap::new();
        let subject = match &item.id {
            Some(id) => {
                let (subject, missing) = resolve_partly(&self.topology, id)?;
                let names =
                    |ids: BTreeSet<InstanceId>| ids.iter().map(ToString::to_string).collect();
                unknown.extend(missing.into_iter().map(|(name, ids)| (name, names(ids))));
                Some(Box::new(subject))
            }
            None => None,
        };
        Ok(Some(Query {
            target,
            instance: item.instance.clone(),
            operation,
            provider: is
                .map(|is| is.provider.clone())
                .filter(|_| item.id.is_none())
                .or_else(|| item.provider.clone())
                .unwrap_or_default(),
            subject,
            unknown,
            begun: is.map(|is| is.subject.clone()).filter(|subject| !subject.is_empty()),
            applied: is.and_then(|is| is.applied.as_ref()).map(|applied| applied.subject.clone()),
            reported: is
                .and_then(|is| is.applied.as_ref())
                .map(Applied::reported)
                .unwrap_or_default(),
            record: is.and_then(|is| is.record.as_ref()).map(Remembered::json),
            was: is.map(|is| is.was.clone()).unwrap_or_default(),
            is_under_way: is.is_some_and(|is| is.flight.is_some()),
        }))
    }

    /// Takes in what a provider said.
    pub fn answer(&mut self, target: &str, instance: &str, answer: Answer) {
        let Some(at) = self.work.find(target, instance) else { return };
        let attributes = answer.attributes.clone().map(|attributes| {
            // What is as the journal has it, is written down already.
            let known = self.instance(at).and_then(InstanceState::reported).unwrap_or_default();
            let is_known = |(name, value): &(String, Json)| known.get(name) == Some(value);
            let (kept, fresh): (Vec<_>, Vec<_>) = attributes.into_iter().partition(is_known);
            let (mut attributes, secrets) = self.reports(at, fresh.into_iter().collect());
            for (name, value) in secrets {
                self.topology.secrets_mut().know(&name, value);
            }
            attributes.extend(kept);
            attributes
        });
        let failure = answer.failure.clone();
        if let Some(foresight) = &mut self.foresight {
            foresight.answers.insert(at, answer);
        }
        match failure {
            Some(failure) => {
                self.release(at);
                self.refuse(at, failure);
            }
            None => self.conclude(at, attributes),
        }
    }

    /// An instance was looked at; with what it reports, unless that will be another by then.
    fn conclude(&mut self, at: usize, attributes: Option<BTreeMap<String, Json>>) {
        self.release(at);
        let Some(foresight) = &mut self.foresight else { return };
        let life = foresight.lives.get(&at);
        let is_moving = life.is_some_and(|life| !life.calls.is_empty() || life.doubt.is_some());
        let own = self.work.items.get(at).and_then(|item| item.id.clone());
        match (own, attributes) {
            (Some(_), Some(attributes)) if !is_moving => self.finish(at, attributes),
            (Some(id), _) => {
                foresight.unforeseen.insert(id);
                self.work.done(at);
            }
            (None, _) => self.work.done(at),
        }
    }

    /// What was found. What the plan does not name any more is protected by the plan before it.
    pub fn outlook(&self, before: Option<&Plan>) -> Outlook {
        let of = |(at, item): (usize, &Item)| {
            (!item.is_logical()).then(|| self.node_outlook(at, item, before)).flatten()
        };
        let mut nodes: Vec<NodeOutlook> =
            self.work.items.iter().enumerate().filter_map(of).collect();
        nodes.sort_by(|a, b| (&a.target, &a.id).cmp(&(&b.target, &b.id)));
        Outlook { nodes }
    }

    fn node_outlook(&self, at: usize, item: &Item, before: Option<&Plan>) -> Option<NodeOutlook> {
        let foresight = self.foresight.as_ref()?;
        let site = self.work.sites.get(item.target)?;
        let is = self.instance(at);
        let (life, answer) = (foresight.lives.get(&at), foresight.answers.get(&at));
        let failed = self.state.targets.get(&site.id).and_then(|t| t.failures.get(&item.instance));
        let mut node = NodeOutlook {
            id: item.instance.clone(),
            node: node_of(&item.instance).to_owned(),
            target: shown(&site.name).to_owned(),
            action: self.action(at, item),
            was: self.name_before(&site.id, item),
            fields: answer.map(|answer| answer.fields.clone()).unwrap_or_default(),
            operations: life.map(operations).unwrap_or_default(),
            reason: answer
                .and_then(|answer| answer.reason.clone())
                .or_else(|| life.and_then(|life| life.doubt.clone())),
            help: None,
            property: None,
            needs_approval: false,
            wanted: foresight.wanted.get(&at).cloned(),
            target_id: site.id.clone(),
            protection: None,
        };
        match &item.standing {
            Standing::Held(why) => node.reason = Some(why.clone()),
            Standing::Failed => {
                if let Some(failed) = failed {
                    node.reason = Some(failed.failure.message.clone());
                    node.help.clone_from(&failed.failure.help);
                    node.property.clone_from(&failed.failure.property);
                }
            }
            _ => {}
        }
        if matches!(node.action, Action::Replace | Action::Delete) {
            node.protection = protection(self.topology.plan(), before, &item.instance, is);
            let terms = self.state.revisions.get(&self.revision).map(|revision| &revision.terms);
            let is_approved = terms.is_some_and(|terms| terms.approves(&item.instance));
            node.needs_approval = node.protection.is_some() && !is_approved;
        }
        Some(node)
    }

    fn action(&self, at: usize, item: &Item) -> Action {
        let Some(foresight) = &self.foresight else { return Action::Held };
        let (life, answer) = (foresight.lives.get(&at), foresight.answers.get(&at));
        let is = self.instance(at);
        match &item.standing {
            Standing::Failed => return Action::Fail,
            Standing::Done => {}
            _ => return Action::Held,
        }
        if item.operation == Operation::Delete {
            return Action::Delete;
        }
        let found = answer.map_or(Action::None, |answer| answer.action);
        if self.looks_at_all() {
            // What is still to be called is nobody's change.
            return found;
        }
        let calls = life.map_or(&[][..], |life| life.calls.as_slice());
        let is_there = is.is_some_and(|is| {
            let is_begun = is.life.as_ref().is_some_and(|life| life.reached.is_some());
            is.applied.is_some() || is.record.is_some() || is_begun
        });
        match found {
            Action::Replace | Action::Fail | Action::Held => found,
            _ if life.is_some_and(|life| life.own == Some(Operation::Delete)) => Action::Replace,
            _ if !is_there && (answer.is_none() || found == Action::Create) && life.is_some() => {
                Action::Create
            }
            Action::None if calls.iter().any(|call| call.is_sure) => Action::Change,
            Action::None if !calls.is_empty() => Action::Unknown,
            Action::None if life.is_some_and(|life| life.doubt.is_some()) => Action::Unknown,
            Action::None if self.is_moving(item) => Action::Move,
            found => found,
        }
    }
}

impl Engine {
    /// The name that an instance had until now.
    fn name_before(&self, target: &str, item: &Item) -> Option<String> {
        self.moves.iter().find_map(|(on, event)| match event {
            Event::InstanceRenamed { instance, was }
                if on == target && *instance == item.instance =>
            {
                Some(was.clone())
            }
            _ => None,
        })
    }

    fn is_moving(&self, item: &Item) -> bool {
        let target = self.work.sites.get(item.target).map_or("", |site| &site.id);
        self.name_before(target, item).is_some()
    }
}

fn operations(life: &Ahead) -> Vec<Called> {
    let called = |call: &super::ahead::ToBeCalled| Called {
        operation: call.act.to_string(),
        perhaps: !call.is_sure,
    };
    life.calls.iter().map(called).collect()
}
