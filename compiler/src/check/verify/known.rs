//! The surroundings of an expression as far as they are known when compiling: nodes and their properties.
//!
//! What one property is may hang on many others; each is worked out once.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};

use bp_eval::{DataTypes, Environment, EvalError, Outcome, Outer, evaluate_with};
use bp_plan::{Expr, Property, Reference, Requirement, Type, Value};

use super::gather;
use crate::check::capabilities;
use crate::check::nodes::{CheckedNode, Nodes};
use crate::check::program::{Program, TypeInfo};

/// How deep a property may hang on others, to be worked out.
const MOST_DEEP: usize = 40;

/// The name of what no property is called: whether a node is there.
const THERE: &str = "";

/// A property: its node, the instance's key, and its name.
type Slot = (String, Option<String>, String);

/// What is known so far of properties; and the groups and policies that there are.
#[derive(Debug, Default)]
pub(in crate::check) struct Memo<'p> {
    places: Places<'p>,
    /// Inputs and secrets whose values are known: those that a node gives the blueprint that it is made of.
    inputs: BTreeMap<String, Value>,
    known: RefCell<HashMap<Slot, Outcome>>,
    depth: Cell<usize>,
    /// Something was too deep to be looked at: then it shows what was looked at before.
    is_cut: Cell<bool>,
    /// What was read that a node reports only once it is deployed: the node and the attribute.
    reported: RefCell<Option<(String, String)>>,
    data_types: OnceCell<DataTypes>,
}

/// A group or a policy.
#[derive(Clone, Copy, Debug)]
pub(in crate::check) struct Placed<'p> {
    pub(in crate::check) info: &'p TypeInfo,
    pub(in crate::check) set: &'p BTreeMap<String, Property>,
    /// The nodes and groups that it is over, and how they are called: `members` or `targets`.
    pub(in crate::check) over: (&'static str, &'p Expr),
}

/// Groups and policies by name: no two have the same.
pub(in crate::check) type Places<'p> = BTreeMap<&'p str, Placed<'p>>;

/// What is looked at, and what was found out of it.
pub(in crate::check) type World<'p, 's> = (&'p Program<'s>, &'p Nodes, &'p Memo<'p>);

impl<'p> Memo<'p> {
    /// With these groups and policies.
    pub(in crate::check) fn among(places: Places<'p>) -> Self {
        Self { places, ..Self::default() }
    }

    /// Where these inputs have these values.
    pub(in crate::check) fn given(self, inputs: BTreeMap<String, Value>) -> Self {
        Self { inputs, ..self }
    }

    /// Whether something was too deep to be looked at.
    pub(in crate::check) fn is_cut(&self) -> bool {
        self.is_cut.get()
    }

    /// What `work` finds, and what it read that a node reports only once it is deployed.
    pub(in crate::check) fn reading<T>(
        &self,
        work: impl FnOnce() -> T,
    ) -> (T, Option<(String, String)>) {
        self.reported.take();
        let found = work();
        (found, self.reported.take())
    }

    /// The group or the policy of this name.
    pub(in crate::check) fn place(&self, name: &str) -> Option<Placed<'p>> {
        self.places.get(name).copied()
    }
}

/// See the module.
pub(in crate::check) struct Known<'p, 's> {
    pub(in crate::check) program: &'p Program<'s>,
    pub(in crate::check) nodes: &'p Nodes,
    memo: &'p Memo<'p>,
    pub(in crate::check) this: Reference,
    source: Option<Reference>,
    /// What the relationship leads to that is looked at.
    link: Option<(&'p Requirement, Reference)>,
}

/// A node that is one.
pub(in crate::check) fn reference(node: &str) -> Reference {
    Reference::Node { node: node.to_owned(), key: None }
}

/// An instance of a collection.
pub(in crate::check) fn instance(node: &str, key: &str) -> Reference {
    Reference::Node { node: node.to_owned(), key: Some(key.to_owned()) }
}

impl<'p, 's> Known<'p, 's> {
    /// Where this is `self`.
    pub(in crate::check) fn of((program, nodes, memo): World<'p, 's>, this: Reference) -> Self {
        Self { program, nodes, memo, this, source: None, link: None }
    }

    /// With this being `source`.
    pub(in crate::check) fn required_by(self, source: Reference) -> Self {
        Self { source: Some(source), ..self }
    }

    /// Where `self` is the relationship by which this requirement leads to this.
    pub(in crate::check) fn leading_to(self, by: &'p Requirement, target: Reference) -> Self {
        Self { link: Some((by, target)), ..self }
    }

    /// A property of the relationship that is looked at: as it is set where the requirement is met, else by its
    /// type's default.
    fn of_link(&self, name: &str) -> Option<Outcome> {
        let (by, _) = self.link.as_ref()?;
        let declared = self.program.types.get(&by.relationship)?.properties.get(name)?;
        if let Some(set) = by.properties.get(name) {
            let slot = format!("{}.{name}", by.name);
            let made = self.evaluated(self.source.as_ref()?, &slot, &set.value);
            return Some(whole(made, &declared.declared.kind));
        }
        let Some(default) = declared.declared.default.as_ref() else {
            return Some(whole(Outcome::Value(Value::Null), &declared.declared.kind));
        };
        Some(evaluate_with(default, self, &[]).unwrap_or(Outcome::Unknown))
    }

    /// A property of a group or a policy, or the nodes that it is over.
    fn of_placed(&self, of: &Reference, name: &str) -> Option<Outcome> {
        let Reference::Group { group } = of else { return None };
        let placed = self.memo.place(group)?;
        let (called, over) = placed.over;
        let Some(declared) = placed.info.properties.get(name) else {
            let mut found = Vec::new();
            (name == called).then_some(())?;
            self.gather_members(over, &mut found)?;
            let found = found.into_iter().map(Value::Reference);
            return Some(Outcome::Value(Value::List(found.collect())));
        };
        let set = placed.set.get(name).map(|set| &set.value);
        let value = set.or(declared.declared.default.as_ref());
        let made =
            value.map_or(Outcome::Value(Value::Null), |value| self.evaluated(of, name, value));
        Some(whole(made, &declared.declared.kind))
    }

    /// The members that an expression names, with those of the groups among them; nothing where one is not known.
    fn gather_members(&self, members: &Expr, found: &mut Vec<Reference>) -> Option<()> {
        let Ok(Outcome::Value(value)) = evaluate_with(members, self, &[]) else { return None };
        let mut named = Vec::new();
        gather(value, &mut named);
        for one in named {
            if let Reference::Group { group } = &one {
                let (_, inner) = self.memo.place(group)?.over;
                self.gather_members(inner, found)?;
            } else if !found.contains(&one) {
                found.push(one);
            }
        }
        Some(())
    }

    /// What meets a requirement of a node, as it reads: one, perhaps one, or a list. A choice is for the runtime.
    fn required(&self, of: &Reference, node: &CheckedNode, name: &str) -> Option<Outcome> {
        let declared = self.program.types.get(&node.node.kind)?.requirements.get(name)?;
        let met = node.node.requirements.iter().find(|met| met.name == name);
        let found = match met {
            Some(_) if node.choices.iter().any(|choice| choice.requirement() == name) => {
                return Some(Outcome::Unknown);
            }
            Some(met) => match self.evaluated(of, name, &met.target) {
                Outcome::Value(value) => {
                    let mut found = Vec::new();
                    gather(value, &mut found);
                    found
                }
                other => return Some(other),
            },
            None => Vec::new(),
        };
        let mut found = found.into_iter().map(Value::Reference);
        Some(match declared.declared.cardinality {
            (fewest, Some(1)) => match (found.next(), fewest) {
                (Some(one), _) => Outcome::Value(one),
                (None, 0) => Outcome::Value(Value::Null),
                // That it must be met is told where it is not.
                (None, _) => Outcome::Unknown,
            },
            _ => Outcome::Value(Value::List(found.collect())),
        })
    }

    /// The relationship of a requirement that leads to one.
    fn via(&self, of: &Reference, node: &CheckedNode, requirement: &str) -> Option<Outcome> {
        Some(match self.required(of, node, requirement)? {
            Outcome::Value(Value::Null) => Outcome::Value(Value::Null),
            Outcome::Value(Value::Reference(_)) => {
                let (of, requirement) = (Box::new(of.clone()), requirement.to_owned());
                let link = Reference::Relationship { of, requirement, index: 0 };
                Outcome::Value(Value::Reference(link))
            }
            _ => Outcome::Unknown,
        })
    }

    /// A property of the relationship by which a requirement of a node leads to one of its targets.
    fn of_relationship(&self, relationship: &Reference, name: &str) -> Option<Outcome> {
        let Reference::Relationship { of, requirement, index } = relationship else { return None };
        let Reference::Node { node, key } = &**of else { return None };
        let checked = self.node(node, key.as_deref())?;
        let by = checked.node.requirements.iter().find(|met| met.name == *requirement)?;
        let Outcome::Value(value) = self.evaluated(of, requirement, &by.target) else {
            return None;
        };
        let mut found = Vec::new();
        gather(value, &mut found);
        let target = found.into_iter().nth(*index)?;
        let known = Known::of((self.program, self.nodes, self.memo), relationship.clone());
        known.required_by((**of).clone()).leading_to(by, target).of_link(name)
    }

    /// Whether a node has such a capability.
    pub(in crate::check) fn has(&self, node: &str, capability: &str) -> bool {
        let node = self.nodes.nodes.get(node);
        node.is_some_and(|node| self.has_capability(node, capability))
    }

    fn has_capability(&self, node: &CheckedNode, name: &str) -> bool {
        let info = self.program.types.get(&node.node.kind);
        info.is_some_and(|info| info.capabilities.contains_key(name))
    }

    fn property(&self, of: &Reference, node: &CheckedNode, name: &str) -> Option<Outcome> {
        let info = self.program.types.get(&node.node.kind)?;
        let declared = info.properties.get(name);
        // What a node sets, it need not wait to hear of itself.
        let is_own = *of == self.this && declared.is_some();
        if info.attributes.contains_key(name) && !is_own {
            let read = (bp_eval::reference_text(of), name.to_owned());
            self.memo.reported.replace(Some(read));
            return Some(Outcome::Unknown);
        }
        if declared.is_none() && name == "labels" && !info.requirements.contains_key(name) {
            return Some(self.labels(of, node));
        }
        let declared = declared?;
        let value = node.node.properties.get(name).map(|set| &set.value);
        let value = value.or(declared.declared.default.as_ref());
        let made =
            value.map_or(Outcome::Value(Value::Null), |value| self.evaluated(of, name, value));
        Some(whole(made, &declared.declared.kind))
    }

    /// The labels of a node, where nothing but itself gives it any.
    fn labels(&self, of: &Reference, node: &CheckedNode) -> Outcome {
        if self.program.gives_labels() {
            return Outcome::Unknown;
        }
        match &node.node.labels {
            Some(labels) => self.evaluated(of, "labels", labels),
            None => Outcome::Value(Value::Map(BTreeMap::new())),
        }
    }

    /// What an expression is that stands in a node.
    fn evaluated(&self, of: &Reference, name: &str, expr: &Expr) -> Outcome {
        if let Expr::Value(value) = expr {
            return Outcome::Value(value.clone());
        }
        let (node, key) = match of {
            Reference::Node { node, key } => (node, key),
            Reference::Group { group } => (group, &None),
            _ => return Outcome::Unknown,
        };
        let slot = (node.clone(), key.clone(), name.to_owned());
        if let Some(known) = self.memo.known.borrow().get(&slot) {
            return known.clone();
        }
        let depth = self.memo.depth.get();
        let locals = match key {
            None => Some(Vec::new()),
            Some(key) => match self.program.instances.get(node) {
                Some(all) => all.get(key).map(|locals| {
                    locals.iter().map(|(name, value)| (name.as_str(), value.clone())).collect()
                }),
                // Of the one that stands for all, nothing of its loop is known.
                None => key.is_empty().then(Vec::new),
            },
        };
        if depth >= MOST_DEEP {
            self.memo.is_cut.set(true);
        }
        let (Some(locals), true) = (locals, depth < MOST_DEEP) else { return Outcome::Unknown };
        // Until it is known.
        self.memo.known.borrow_mut().insert(slot.clone(), Outcome::Unknown);
        self.memo.depth.set(depth + 1);
        let within = Known::of((self.program, self.nodes, self.memo), of.clone());
        let outcome = evaluate_with(expr, &within, &locals).unwrap_or(Outcome::Unknown);
        self.memo.depth.set(depth);
        self.memo.known.borrow_mut().insert(slot, outcome.clone());
        outcome
    }

    /// The node, where it is one or an instance of it is asked for.
    fn node(&self, node: &str, key: Option<&str>) -> Option<&'p CheckedNode> {
        let checked = self.nodes.nodes.get(node)?;
        (checked.node.each.is_some() == key.is_some()).then_some(checked)
    }

    /// Whether a condition holds, where that is known.
    pub(in crate::check) fn holds(&self, condition: &Expr) -> Option<bool> {
        match evaluate_with(condition, self, &[]) {
            Ok(Outcome::Value(Value::Bool(holds))) => Some(holds),
            _ => None,
        }
    }

    /// What stands for a node's name: itself, or all of its instances.
    fn named(&self, node: &str) -> Option<Value> {
        let checked = self.nodes.nodes.get(node)?;
        match checked.node.condition.as_ref().map(Expr::as_value) {
            None | Some(Some(Value::Bool(true))) => {}
            Some(Some(Value::Bool(false))) => {
                let is_collection = checked.node.each.is_some();
                return Some(if is_collection { Value::Map(BTreeMap::new()) } else { Value::Null });
            }
            Some(_) => {
                let condition = checked.node.condition.as_ref()?;
                match self.evaluated(&reference(node), THERE, condition) {
                    Outcome::Value(Value::Bool(true)) => {}
                    Outcome::Value(Value::Bool(false)) => {
                        let is_collection = checked.node.each.is_some();
                        let empty = Value::Map(BTreeMap::new());
                        return Some(if is_collection { empty } else { Value::Null });
                    }
                    _ => return None,
                }
            }
        }
        if checked.node.each.is_none() {
            return Some(Value::Reference(reference(node)));
        }
        let keys = self.program.instances.get(node)?.keys();
        let all = keys.map(|key| (key.clone(), Value::Reference(instance(node, key))));
        Some(Value::Map(all.collect()))
    }

    fn of_capability(&self, owner: &Reference, capability: &str, name: &str) -> Option<Outcome> {
        let Reference::Node { node, key } = owner else { return None };
        let node = self.node(node, key.as_deref())?;
        let slot = format!("{capability}.{name}");
        let own = node.node.capabilities.get(capability).and_then(|set| set.get(name));
        if let Some(own) = own {
            return Some(self.evaluated(owner, &slot, &own.value));
        }
        // What the node's own type does not say, the blueprint does that stands for it.
        let kinds = [Some(&node.node.kind), node.node.substituted_by.as_ref()];
        let value = kinds.into_iter().flatten().find_map(|kind| {
            let info = self.program.types.get(kind)?;
            let of = info.capabilities.get(capability)?;
            capabilities::values(self.program, info, capability, of).remove(name)
        });
        Some(self.evaluated(owner, &slot, &value?))
    }
}

/// What stands for a value that has a mistake, or that must be set and is not, is none.
fn whole(made: Outcome, kind: &Type) -> Outcome {
    let is_null = matches!(made, Outcome::Value(Value::Null));
    if is_null && !matches!(kind, Type::Optional(_) | Type::Json) {
        return Outcome::Unknown;
    }
    made
}

impl Environment for Known<'_, '_> {
    fn input(&self, name: &str) -> Result<Outcome, EvalError> {
        let given = self.memo.inputs.get(name);
        Ok(given.map_or(Outcome::Unknown, |value| Outcome::Value(value.clone())))
    }

    fn secret(&self, name: &str) -> Result<Outcome, EvalError> {
        let given = self.memo.inputs.get(name);
        let hidden = || Outcome::Secret(BTreeSet::from([name.to_owned()]));
        Ok(given.map_or_else(hidden, |value| Outcome::Value(value.clone())))
    }

    fn constant(&self, name: &str) -> Result<Outcome, EvalError> {
        match self.program.constants.get(name) {
            Some(constant) => evaluate_with(constant, self, &[]),
            None => Ok(Outcome::Unknown),
        }
    }

    fn name(&self, name: Outer<'_>) -> Result<Outcome, EvalError> {
        Ok(match name {
            Outer::This => Outcome::Value(Value::Reference(self.this.clone())),
            Outer::Source => {
                let source = self.source.clone();
                source.map_or(Outcome::Unknown, |of| Outcome::Value(Value::Reference(of)))
            }
            Outer::Target => {
                let target = self.link.as_ref().map(|(_, target)| target.clone());
                target.map_or(Outcome::Unknown, |of| Outcome::Value(Value::Reference(of)))
            }
            Outer::Node(node) => self.named(node).map_or(Outcome::Unknown, Outcome::Value),
            Outer::Group(group) => {
                Outcome::Value(Value::Reference(Reference::Group { group: group.to_owned() }))
            }
            _ => Outcome::Unknown,
        })
    }

    fn element(&self, collection: Outer<'_>, key: &str) -> Result<Option<Value>, EvalError> {
        let Outer::Node(node) = collection else { return Ok(None) };
        let is_sure = self.nodes.nodes.get(node).is_some_and(|it| it.node.condition.is_none());
        let is_there = self.program.instances.get(node).is_some_and(|all| all.contains_key(key));
        Ok((is_sure && is_there).then(|| Value::Reference(instance(node, key))))
    }

    fn field(&self, of: &Reference, name: &str) -> Result<Option<Outcome>, EvalError> {
        Ok(Some(match of {
            Reference::Node { node, key } => match self.node(node, key.as_deref()) {
                Some(node) if self.has_capability(node, name) => {
                    let of = Box::new(of.clone());
                    let name = name.to_owned();
                    Outcome::Value(Value::Reference(Reference::Capability { of, name }))
                }
                Some(node) => match name.strip_suffix(".via") {
                    Some(requirement) => self.via(of, node, requirement),
                    None => self.property(of, node, name).or_else(|| self.required(of, node, name)),
                }
                .unwrap_or(Outcome::Unknown),
                None => Outcome::Unknown,
            },
            Reference::Capability { of, .. } if name == "node" => {
                Outcome::Value(Value::Reference((**of).clone()))
            }
            Reference::Capability { of, name: capability } => {
                self.of_capability(of, capability, name).unwrap_or(Outcome::Unknown)
            }
            Reference::Relationship { .. } if *of == self.this => {
                self.of_link(name).unwrap_or(Outcome::Unknown)
            }
            Reference::Relationship { .. } => {
                self.of_relationship(of, name).unwrap_or(Outcome::Unknown)
            }
            Reference::Group { .. } => self.of_placed(of, name).unwrap_or(Outcome::Unknown),
            Reference::Element { .. } => Outcome::Unknown,
        }))
    }

    fn data_types(&self) -> Option<&DataTypes> {
        let all = self.program.data.iter();
        let made = || all.map(|(name, data)| (name.clone(), (**data).clone())).collect();
        Some(self.memo.data_types.get_or_init(made))
    }
}
