//! What the expressions of a plan can name at run time: inputs, selections, instances, and what was reported.
//!
//! Everything is worked out when it is first asked for, and remembered where no report can change
//! it. What an evaluation read of other instances is noted, so that the caller knows what to wait for.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_eval::{ErrorKind, EvalError, Outcome, Verdict, check_constraint};
use bp_plan::{Expr, Fields, Node, Plan, Property, Reference, Requirement, Type, Value};
use foldhash::HashMap;
use serde_json::Value as Json;

use crate::inventory::Inventory;
use crate::life::Via;
use crate::made::{Made, Trace};
use crate::problem::{OPEN, Problem};
use crate::sealed;
use crate::secrets::Secrets;
use crate::site::Site;
use crate::topology::{Existence, InstanceId, Place};

/// How many values may need each other in one chain.
const DEEPEST: usize = 200;

/// Who the deployment is, for `deployment.name` and its like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) plan: Arc<Plan>,
    pub(crate) inventory: Arc<Inventory>,
    pub(crate) identity: Identity,
    pub(crate) secrets: Secrets,
    given: BTreeMap<String, Value>,
    /// The inputs that are known later, where it is the plan of a node of another: then it is used, and what it
    /// requires is met there.
    within: Option<BTreeSet<String>>,
    /// The attributes of instances that are as wanted.
    reported: HashMap<InstanceId, Fields<Json>>,
    memo: RefCell<HashMap<Slot, Option<Answer>>>,
    /// The same with secrets as their values.
    revealed: RefCell<HashMap<Slot, Option<Answer>>>,
    reads: RefCell<Reads>,
    depth: Cell<usize>,
    /// Secrets are their values, for now.
    pub(crate) is_revealing: Cell<bool>,
    /// What nobody has reported yet is read as it is set.
    pub(crate) is_expecting: bool,
    /// What an instance on its way knows of itself, for the time of one evaluation.
    own: RefCell<Option<Known>>,
    /// What is made of secrets, while somebody asks for it.
    trace: RefCell<Option<Trace>>,
    /// That there is one of a node.
    one: Arc<Existence>,
}

/// What an instance that is on its way knows of itself.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) id: InstanceId,
    pub(crate) attributes: BTreeMap<String, Json>,
    /// What is not known now may come later.
    pub(crate) is_open: bool,
}

/// What an evaluation read of instances' attributes.
#[derive(Clone, Debug, Default)]
pub struct Reads {
    /// All whose attributes were asked for.
    pub instances: BTreeSet<InstanceId>,
    /// Those that had nothing to say yet.
    pub missing: BTreeSet<InstanceId>,
    /// A secret's value was needed, and is not for who asks.
    pub is_veiled: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Slot {
    Input(String),
    Constant(String),
    Selection(String),
    Existence(String),
    Property(InstanceId, String),
    Requirement(InstanceId, String),
    Labels(InstanceId),
    Place(InstanceId),
}

#[derive(Clone, Debug)]
enum Answer {
    Outcome(Result<Outcome, EvalError>),
    Names(Result<Arc<Vec<String>>, EvalError>),
    Existence(Result<Arc<Existence>, EvalError>),
    Met(Result<Met, EvalError>),
    Place(Result<Place, EvalError>),
}

/// What meets a requirement of an instance.
#[derive(Clone, Debug)]
pub(crate) enum Met {
    /// This.
    By(Arc<[Reference]>),
    /// It is up to who uses the blueprint, and nobody does.
    Open,
}

pub(crate) fn error(kind: ErrorKind, message: impl Into<String>) -> EvalError {
    EvalError { kind, message: message.into() }
}

impl World {
    pub(crate) fn new(
        plan: Arc<Plan>,
        inputs: BTreeMap<String, Value>,
        inventory: Arc<Inventory>,
        identity: Identity,
        secrets: Secrets,
    ) -> Self {
        Self {
            plan,
            inventory,
            identity,
            secrets,
            given: inputs,
            within: None,
            reported: HashMap::default(),
            memo: RefCell::default(),
            revealed: RefCell::default(),
            reads: RefCell::default(),
            depth: Cell::new(0),
            is_revealing: Cell::new(false),
            is_expecting: false,
            own: RefCell::default(),
            trace: RefCell::default(),
            one: Arc::new(Existence::One),
        }
    }

    /// The same for a node of another plan, which gives these inputs later.
    pub(crate) fn within(self, open: BTreeSet<String>) -> Self {
        Self { within: Some(open), ..self }
    }

    /// Whether it is the plan of a node of another.
    pub(crate) fn is_within(&self) -> bool {
        self.within.is_some()
    }

    /// Takes out what only can't be told yet, where more is known later.
    pub(crate) fn leave_open(&self, problems: &mut Vec<Problem>) {
        if self.is_within() {
            problems.retain(|problem| problem.code != Some(OPEN));
        }
    }

    /// Whether an input is given, and known later.
    pub(crate) fn is_open(&self, input: &str) -> bool {
        self.within.as_ref().is_some_and(|open| open.contains(input))
    }

    /// This instance is as wanted, and reports this.
    pub(crate) fn report(&mut self, instance: InstanceId, attributes: BTreeMap<String, Json>) {
        self.reported.insert(instance, attributes.into());
    }

    /// What an instance that is as wanted reports.
    pub(crate) fn reports(&self, id: &InstanceId) -> Option<&Fields<Json>> {
        self.reported.get(id)
    }

    /// From now on what nobody has reported is read as it is set, and parts of what is not known as a
    /// whole by themselves.
    pub(crate) fn expect(&mut self) {
        self.is_expecting = true;
        self.memo.take();
        self.revealed.take();
    }

    /// This work with an instance's attributes as it knows them itself, on its way.
    pub(crate) fn knowing<T>(&self, known: Known, work: impl FnOnce() -> T) -> T {
        let outside = self.own.replace(Some(known));
        let result = work();
        self.own.replace(outside);
        result
    }

    /// An attribute of the instance that is on its way; none where it is another's.
    fn own_attribute(&self, id: &InstanceId, name: &str) -> Option<Attribute> {
        let own = self.own.borrow();
        let own = own.as_ref().filter(|own| own.id == *id)?;
        Some(match own.attributes.get(name) {
            Some(json) => Attribute::Known(json.clone()),
            None if own.is_open => Attribute::Open,
            None => Attribute::Unset,
        })
    }

    /// What this work reads of instances.
    pub(crate) fn reading<T>(&self, work: impl FnOnce() -> T) -> (T, Reads) {
        let outside = self.reads.take();
        let result = work();
        (result, self.reads.replace(outside))
    }

    /// What was read by itself is read by whoever asked, too.
    pub(crate) fn note(&self, reads: Reads) {
        let mut all = self.reads.borrow_mut();
        all.instances.extend(reads.instances);
        all.missing.extend(reads.missing);
        all.is_veiled |= reads.is_veiled;
    }

    /// This work with secrets as their values.
    pub(crate) fn revealing<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.is_revealing.replace(true) {
            return work();
        }
        self.memo.swap(&self.revealed);
        let result = work();
        self.memo.swap(&self.revealed);
        self.is_revealing.set(false);
        result
    }

    /// What this work makes of secrets.
    pub(crate) fn tracing<T>(&self, work: impl FnOnce() -> T) -> Made {
        let outside = self.trace.replace(Some(Trace::default()));
        work();
        self.trace.replace(outside).unwrap_or_default().made()
    }

    /// The notes of what is made of secrets, where somebody asks for them.
    pub(crate) fn traced<T>(&self, note: impl FnOnce(&mut Trace) -> T) -> Option<T> {
        if self.is_revealing.get() {
            return None;
        }
        self.trace.borrow_mut().as_mut().map(note)
    }

    /// Whether a secret answer is worked out once more, since how it is made is asked for.
    fn is_gone_through(&self, slot: &Slot, answer: &Answer) -> bool {
        matches!(answer, Answer::Outcome(Ok(Outcome::Secret(_))))
            && self.traced(|trace| trace.begins(&slot.described())).unwrap_or_default()
    }

    /// Who asks may not see a secret that is needed.
    pub(crate) fn note_veil(&self) {
        self.reads.borrow_mut().is_veiled = true;
    }

    /// The surroundings of an expression that stands outside all nodes.
    pub(crate) fn outside(&self) -> Site<'_> {
        Site::new(self, None)
    }

    /// The surroundings of an expression of this instance.
    pub(crate) fn site(&self, instance: &InstanceId) -> Site<'_> {
        Site::new(self, Some(Value::Reference(instance.reference())))
    }

    /// There is room for so many more answers.
    pub(crate) fn make_room(&self, slots: usize) {
        self.memo.borrow_mut().reserve(slots);
    }

    /// Works a slot out once. What read an attribute is not remembered: a report may change it.
    fn once(&self, slot: Slot, work: impl FnOnce() -> Answer) -> Result<Answer, EvalError> {
        match self.memo.borrow().get(&slot) {
            Some(Some(answer)) if !self.is_gone_through(&slot, answer) => {
                return Ok(answer.clone());
            }
            Some(Some(_)) | None => {}
            Some(None) => {
                return Err(error(
                    ErrorKind::Cycle,
                    format!("{} needs its own value", slot.described()),
                ));
            }
        }
        if self.depth.get() >= DEEPEST {
            return Err(error(
                ErrorKind::TooLarge,
                format!(
                    "{} is the {DEEPEST}th value of a chain in which each needs the next; shorten the chain",
                    slot.described()
                ),
            ));
        }
        self.memo.borrow_mut().insert(slot.clone(), None);
        self.depth.set(self.depth.get() + 1);
        let (answer, reads) = self.reading(work);
        self.depth.set(self.depth.get() - 1);
        let mut memo = self.memo.borrow_mut();
        if reads.instances.is_empty() && !answer.is_too_deep() {
            memo.insert(slot, Some(answer.clone()));
        } else {
            memo.remove(&slot);
            let mut outer = self.reads.borrow_mut();
            outer.instances.extend(reads.instances);
            outer.missing.extend(reads.missing);
        }
        Ok(answer)
    }

    pub(crate) fn input(&self, name: &str) -> Result<Outcome, EvalError> {
        if let Some(value) = self.given.get(name) {
            return Ok(Outcome::Value(value.clone()));
        }
        if self.is_open(name) {
            return Ok(Outcome::Unknown);
        }
        let answer = self.once(Slot::Input(name.to_owned()), || {
            Answer::Outcome(match self.plan.inputs.get(name).and_then(|i| i.default.as_ref()) {
                Some(default) => bp_eval::evaluate(default, &self.outside()),
                None => Ok(Outcome::Value(Value::Null)),
            })
        })?;
        answer.outcome()
    }

    pub(crate) fn constant(&self, name: &str) -> Result<Outcome, EvalError> {
        let answer = self.once(Slot::Constant(name.to_owned()), || {
            Answer::Outcome(match self.plan.constants.get(name) {
                Some(of) => bp_eval::evaluate(of, &self.outside()),
                None => {
                    Err(error(ErrorKind::Unavailable, format!("the plan has no constant `{name}`")))
                }
            })
        })?;
        answer.outcome()
    }

    /// The names of the elements that a selection takes, in the inventory's order.
    pub(crate) fn selection(&self, name: &str) -> Result<Arc<Vec<String>>, EvalError> {
        let answer = self.once(Slot::Selection(name.to_owned()), || {
            Answer::Names(
                crate::selection::placement(self, name).map(|placement| Arc::new(placement.taken)),
            )
        })?;
        match answer {
            Answer::Names(names) => names,
            _ => Err(mixed_up()),
        }
    }

    /// Which instances of a node there are.
    pub(crate) fn existence(&self, node: &str) -> Result<Arc<Existence>, EvalError> {
        let declared = self.plan.nodes.get(node);
        if declared.is_some_and(|node| node.condition.is_none() && node.each.is_none()) {
            return Ok(self.one.clone());
        }
        let answer = self.once(Slot::Existence(node.to_owned()), || {
            Answer::Existence(crate::topology::existence(self, node).map(Arc::new))
        })?;
        match answer {
            Answer::Existence(existence) => existence,
            _ => Err(mixed_up()),
        }
    }

    /// Where an instance is.
    pub(crate) fn place(&self, instance: &InstanceId) -> Result<Place, EvalError> {
        let node = self.plan.nodes.get(&instance.node);
        if !node.is_some_and(|node| node.requirements.iter().any(|met| met.hosts)) {
            return Ok(Place::Local);
        }
        let answer = self.once(Slot::Place(instance.clone()), || {
            Answer::Place(crate::topology::place(self, instance))
        })?;
        match answer {
            Answer::Place(place) => place,
            _ => Err(mixed_up()),
        }
    }

    /// What meets a requirement of an instance.
    pub(crate) fn requirement(&self, instance: &InstanceId, name: &str) -> Result<Met, EvalError> {
        let node = self.plan.nodes.get(&instance.node);
        if !node.is_some_and(|node| node.requirements.iter().any(|met| met.name == name)) {
            return Ok(Met::By(Arc::default()));
        }
        let slot = Slot::Requirement(instance.clone(), name.to_owned());
        let answer = self.once(slot, || Answer::Met(self.fresh_requirement(instance, name)))?;
        match answer {
            Answer::Met(met) => met,
            _ => Err(mixed_up()),
        }
    }

    fn fresh_requirement(&self, instance: &InstanceId, name: &str) -> Result<Met, EvalError> {
        let mut references = Vec::new();
        let node = self.plan.nodes.get(&instance.node);
        let entries = node.into_iter().flat_map(|node| &node.requirements);
        for requirement in entries.filter(|requirement| requirement.name == name) {
            match self.evaluate(instance, &requirement.target)? {
                Outcome::Unknown if self.is_unused() => return Ok(Met::Open),
                outcome => gather(known(outcome)?, &mut references),
            }
        }
        Ok(Met::By(references.into()))
    }

    /// Whether the blueprint needs something of whoever uses it, and that is not there: it is only looked at.
    pub(crate) fn is_unused(&self) -> bool {
        let mut all = self.plan.requirements.values();
        all.any(|required| self.is_within() || required.requirement.cardinality.0 > 0)
    }

    /// What one entry of a node's body leads to.
    pub(crate) fn targets(
        &self,
        instance: &InstanceId,
        requirement: &Requirement,
    ) -> Result<Vec<Reference>, EvalError> {
        let mut references = Vec::new();
        gather(self.evaluate(instance, &requirement.target).and_then(known)?, &mut references);
        Ok(references)
    }

    /// An expression of an instance.
    pub(crate) fn evaluate(&self, id: &InstanceId, expr: &Expr) -> Result<Outcome, EvalError> {
        let existence = self.existence(&id.node)?;
        let locals: Vec<(&str, Value)> = existence
            .locals(id.key.as_deref())
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        bp_eval::evaluate_with(expr, &self.site(id), &locals)
    }

    /// A property of an instance: as it sets it, or by its type's default; of its type and within its constraints.
    pub(crate) fn property(&self, id: &InstanceId, name: &str) -> Result<Outcome, EvalError> {
        if self.is_written_out(id, name) {
            return self.fresh_property(id, name);
        }
        let slot = Slot::Property(id.clone(), name.to_owned());
        self.once(slot, || Answer::Outcome(self.fresh_property(id, name)))?.outcome()
    }

    /// A scalar that is written out and of which nothing more is asked: it is as soon read as remembered.
    fn is_written_out(&self, id: &InstanceId, name: &str) -> bool {
        let plain = |node: &Node| {
            let declared = self.plan.node_types.get(&node.kind)?.properties.get(name)?;
            let value = match node.properties.get(name) {
                Some(set) => set.value.as_value()?,
                None => declared.default.as_ref()?.as_value()?,
            };
            let is_scalar = !matches!(value, Value::List(_) | Value::Map(_));
            Some(is_scalar && declared.constraints.is_empty())
        };
        self.plan.nodes.get(&id.node).and_then(plain).unwrap_or_default()
    }

    fn fresh_property(&self, id: &InstanceId, name: &str) -> Result<Outcome, EvalError> {
        let missing = || {
            error(
                ErrorKind::Unavailable,
                format!("the plan does not know `{id}`'s property `{name}`"),
            )
        };
        let node = self.plan.nodes.get(&id.node).ok_or_else(missing)?;
        let node_type = self.plan.node_types.get(&node.kind).ok_or_else(missing)?;
        let declared = node_type.properties.get(name).ok_or_else(missing)?;
        let outcome = match (node.properties.get(name), &declared.default) {
            (Some(Property { value: Expr::Value(value), .. }), _)
            | (None, Some(Expr::Value(value))) => Outcome::Value(value.clone()),
            (Some(set), _) => self.evaluate(id, &set.value)?,
            (None, Some(default)) => bp_eval::evaluate(default, &self.site(id))?,
            (None, None) => Outcome::Value(Value::Null),
        };
        let Outcome::Value(value) = outcome else { return Ok(outcome) };
        let value = bp_eval::conform(value, &declared.kind, &self.plan.data_types)
            .map_err(|e| error(ErrorKind::Constraint, e.to_string()))?;
        for constraint in &declared.constraints {
            if let Verdict::Broken(message) = check_constraint(constraint, &value, &self.site(id))?
            {
                return Err(error(ErrorKind::Constraint, message));
            }
        }
        Ok(Outcome::Value(value))
    }

    /// An attribute of an instance: as reported; else, where it repeats a property, as set.
    fn attribute(&self, id: &InstanceId, name: &str, kind: &Type) -> Result<Outcome, EvalError> {
        self.reads.borrow_mut().instances.insert(id.clone());
        let found = self.own_attribute(id, name).unwrap_or_else(|| {
            let reported = self.reported.get(id).map(|attributes| attributes.get(name));
            match reported {
                None => {
                    self.reads.borrow_mut().missing.insert(id.clone());
                    Attribute::Open
                }
                Some(None) => Attribute::Unset,
                Some(Some(json)) => Attribute::Known(json.clone()),
            }
        });
        if let Attribute::Open = found {
            return Ok(Outcome::Unknown);
        }
        if let Attribute::Known(json) = found {
            return self.told(id, name, kind, json);
        }
        let node_type = self.plan.nodes.get(&id.node).map(|node| node.kind.as_str());
        let is_property = node_type
            .and_then(|kind| self.plan.node_types.get(kind))
            .is_some_and(|kind| kind.properties.contains_key(name));
        match kind {
            _ if is_property => self.property(id, name),
            Type::Optional(_) => Ok(Outcome::Value(Value::Null)),
            _ => Err(error(
                ErrorKind::Unavailable,
                if self.own.borrow().as_ref().is_some_and(|own| own.id == *id) {
                    format!(
                        "`{id}` needs its own attribute `{name}` before an operation has set it"
                    )
                } else {
                    format!("`{id}` is ready and never reported its attribute `{name}`")
                },
            )),
        }
    }

    /// An attribute that is known, as it was written down: of its type, and secret where that says so.
    fn told(
        &self,
        id: &InstanceId,
        name: &str,
        kind: &Type,
        json: Json,
    ) -> Result<Outcome, EvalError> {
        let types = &self.plan.data_types;
        let is_secret = kind.holds_secret(types);
        let wrong = |why: bp_eval::ValueError| {
            // Of a secret no message tells the value.
            let why = if is_secret { "it is not of its type".to_owned() } else { why.to_string() };
            error(ErrorKind::WrongType, format!("`{id}` reported `{name}`: {why}"))
        };
        if let Some(made) = is_secret.then(|| sealed::made(&json)).flatten() {
            return match bp_eval::evaluate(&made, &self.outside())? {
                Outcome::Value(value) => {
                    bp_eval::conform(value, kind, types).map(Outcome::Value).map_err(wrong)
                }
                open => Ok(open),
            };
        }
        // Whoever wrote it before secrets were sealed did not know better: it is secret all the same.
        if is_secret && !json.is_null() && !self.is_revealing.get() {
            return Ok(Outcome::Secret(BTreeSet::from([format!("{id}.{name}")])));
        }
        bp_eval::from_json(json, kind, types).map(Outcome::Value).map_err(wrong)
    }

    /// The expression that makes an attribute of an instance, where it has secret parts.
    pub(crate) fn made_attribute(&self, id: &InstanceId, name: &str, kind: &Type) -> Option<Expr> {
        if !kind.holds_secret(&self.plan.data_types) {
            return None;
        }
        self.reads.borrow_mut().instances.insert(id.clone());
        match self.own_attribute(id, name) {
            Some(Attribute::Known(json)) => sealed::made(&json),
            Some(_) => None,
            None => sealed::made(self.reported.get(id)?.get(name)?),
        }
    }

    pub(crate) fn node_field(
        &self,
        id: &InstanceId,
        name: &str,
        is_own: bool,
    ) -> Result<Option<Outcome>, EvalError> {
        let Some(node) = self.plan.nodes.get(&id.node) else { return Ok(None) };
        let Some(node_type) = self.plan.node_types.get(&node.kind) else { return Ok(None) };
        let is_property = node_type.properties.contains_key(name);
        // What a node sets, it need not wait to hear of itself.
        if let Some(kind) = node_type
            .attributes
            .get(name)
            .filter(|_| !((is_own || self.is_expecting) && is_property))
        {
            return self.attribute(id, name, kind).map(Some);
        }
        if is_property {
            return self.property(id, name).map(Some);
        }
        if node_type.capabilities.contains_key(name) {
            let of = Box::new(id.reference());
            let reference = Reference::Capability { of, name: name.to_owned() };
            return Ok(Some(Outcome::Value(Value::Reference(reference))));
        }
        if let Some(requirement) = name.strip_suffix(".via") {
            return self.relationship(id, requirement).map(Some);
        }
        let declared = node_type.requirements.get(name);
        if declared.is_none() && !node.requirements.iter().any(|r| r.name == name) {
            return if name == "labels" { self.labels(id).map(Some) } else { Ok(None) };
        }
        let Met::By(targets) = self.requirement(id, name)? else {
            return Ok(Some(Outcome::Unknown));
        };
        let mut targets = targets.iter().cloned().map(Value::Reference);
        let value = match declared.map(|declared| declared.cardinality.1) {
            None | Some(Some(1)) => targets.next().unwrap_or(Value::Null),
            Some(_) => Value::List(targets.collect()),
        };
        Ok(Some(Outcome::Value(value)))
    }

    /// An attribute of a relationship, which its operations set.
    pub(crate) fn relationship_attribute(
        &self,
        id: &InstanceId,
        via: &Via,
        name: &str,
        kind: &Type,
    ) -> Result<Outcome, EvalError> {
        self.attribute(id, &via.attribute(name), kind)
    }

    /// The labels of an instance: the blueprint's, and its own.
    fn labels(&self, id: &InstanceId) -> Result<Outcome, EvalError> {
        let slot = Slot::Labels(id.clone());
        self.once(slot, || Answer::Outcome(self.fresh_labels(id)))?.outcome()
    }

    fn fresh_labels(&self, id: &InstanceId) -> Result<Outcome, EvalError> {
        let mut labels = BTreeMap::new();
        for (name, expr) in &self.plan.blueprint.labels {
            let value = bp_eval::evaluate(expr, &self.outside()).and_then(known)?;
            labels.insert(name.clone(), value);
        }
        let own = self.plan.nodes.get(&id.node).and_then(|node| node.labels.as_ref());
        if let Some(own) = own
            && let Value::Map(own) = self.evaluate(id, own).and_then(known)?
        {
            labels.extend(own);
        }
        Ok(Outcome::Value(Value::Map(labels)))
    }

    /// The relationship by which a requirement is met, `null` where nothing meets it.
    fn relationship(&self, id: &InstanceId, requirement: &str) -> Result<Outcome, EvalError> {
        match self.requirement(id, requirement)? {
            Met::Open => return Ok(Outcome::Unknown),
            Met::By(targets) if targets.is_empty() => return Ok(Outcome::Value(Value::Null)),
            Met::By(_) => {}
        }
        let of = Box::new(id.reference());
        let reference =
            Reference::Relationship { of, requirement: requirement.to_owned(), index: 0 };
        Ok(Outcome::Value(Value::Reference(reference)))
    }

    pub(crate) fn capability_field(
        &self,
        of: &Reference,
        capability: &str,
        name: &str,
    ) -> Result<Option<Outcome>, EvalError> {
        if name == "node" {
            return Ok(Some(Outcome::Value(Value::Reference(of.clone()))));
        }
        let Some(id) = InstanceId::of(of) else {
            return self.element_capability_field(of, capability, name);
        };
        let node = self.plan.nodes.get(&id.node);
        let own = node.and_then(|node| node.capabilities.get(capability)?.get(name));
        if let Some(own) = own {
            return self.evaluate(&id, &own.value).map(Some);
        }
        let kind = node.and_then(|node| self.plan.node_types.get(&node.kind));
        let value = kind
            .and_then(|kind| kind.capabilities.get(capability))
            .and_then(|properties| properties.get(name));
        // What the plan does not say of it, the blueprint tells that the node is made of.
        let is_told = node.is_some_and(|node| node.substituted_by.is_some())
            || kind.is_some_and(|kind| kind.blueprint.is_some());
        match value {
            Some(value) => bp_eval::evaluate(value, &self.site(&id)).map(Some),
            None => Ok(is_told.then_some(Outcome::Unknown)),
        }
    }
}

/// The value, where it is known before anything runs.
pub(crate) fn known(outcome: Outcome) -> Result<Value, EvalError> {
    match outcome {
        Outcome::Value(value) => Ok(value),
        Outcome::Unknown => Err(error(
            ErrorKind::Unavailable,
            "it is known only once other nodes are deployed, and is needed before",
        )),
        Outcome::Secret(names) => Err(error(
            ErrorKind::Unavailable,
            format!(
                "it holds the secret {}, and must be known to all",
                names.into_iter().collect::<Vec<_>>().join(", ")
            ),
        )),
    }
}

pub(crate) fn gather(value: Value, references: &mut Vec<Reference>) {
    match value {
        Value::Reference(reference) => references.push(reference),
        Value::List(items) => items.into_iter().for_each(|item| gather(item, references)),
        Value::Map(items) => items.into_values().for_each(|item| gather(item, references)),
        _ => {}
    }
}

fn mixed_up() -> EvalError {
    error(ErrorKind::Unavailable, "an answer of another kind was remembered")
}

/// How an attribute stands.
enum Attribute {
    Known(Json),
    /// It may come.
    Open,
    /// It was never reported.
    Unset,
}

impl Answer {
    fn outcome(self) -> Result<Outcome, EvalError> {
        match self {
            Self::Outcome(outcome) => outcome,
            _ => Err(mixed_up()),
        }
    }

    /// Whether it says only that the way to it was long: from elsewhere it may be shorter.
    fn is_too_deep(&self) -> bool {
        let (Self::Outcome(Err(error))
        | Self::Names(Err(error))
        | Self::Existence(Err(error))
        | Self::Met(Err(error))
        | Self::Place(Err(error))) = self
        else {
            return false;
        };
        error.kind == ErrorKind::TooLarge
    }
}

impl Slot {
    fn described(&self) -> String {
        match self {
            Self::Input(name) => format!("the input `{name}`"),
            Self::Constant(name) => format!("the constant `{name}`"),
            Self::Selection(name) => format!("the selection `{name}`"),
            Self::Existence(node) => format!("whether there is a `{node}`"),
            Self::Property(id, name) => format!("`{id}.{name}`"),
            Self::Requirement(id, name) => format!("the requirement `{name}` of `{id}`"),
            Self::Labels(id) => format!("`{id}.labels`"),
            Self::Place(id) => format!("where `{id}` is"),
        }
    }
}
