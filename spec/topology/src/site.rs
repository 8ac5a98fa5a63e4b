//! Where an expression stands: what its names lead to, in the world of a plan.

use std::collections::{BTreeMap, BTreeSet};

use bp_eval::{DataTypes, Environment, ErrorKind, EvalError, Outcome, Outer, Step, Tracer};
use bp_plan::{Expr, Reference, TakenBy, Value};

use crate::life::{self, Link};
use crate::topology::{Existence, InstanceId};
use crate::world::{World, error};

/// The surroundings of one expression.
#[derive(Clone)]
pub(crate) struct Site<'w> {
    world: &'w World,
    this: Option<Value>,
    source: Option<Value>,
    target: Option<Value>,
}

impl<'w> Site<'w> {
    /// With this `self`, where there is one.
    pub(crate) fn new(world: &'w World, this: Option<Value>) -> Self {
        Self { world, this, source: None, target: None }
    }

    /// The same, with the ends of this relationship.
    pub(crate) fn between(mut self, source: &InstanceId, link: &Link<'_>) -> Self {
        let kind = self.world.plan.relationship_types.get(&link.requirement.relationship);
        let target = match &link.target {
            Reference::Capability { of, .. } if kind.is_none_or(|k| !k.leads_to_capability) => of,
            target => target,
        };
        self.target = Some(Value::Reference(target.clone()));
        self.with_source(source)
    }

    /// The same, with this node as the one that requires.
    pub(crate) fn with_source(mut self, source: &InstanceId) -> Self {
        self.source = Some(Value::Reference(source.reference()));
        self
    }
}

impl Site<'_> {
    /// A property of a relationship, as it is set where the requirement is met, else by its type's
    /// default; or an attribute of it.
    fn relationship_field(
        &self,
        id: &InstanceId,
        requirement: &str,
        index: usize,
        name: &str,
    ) -> Result<Option<Outcome>, EvalError> {
        let plan = &self.world.plan;
        let Some(node) = plan.nodes.get(&id.node) else { return Ok(None) };
        let links = life::links(self.world, id, node);
        let mut links = links.iter().filter(|link| link.requirement.name == *requirement);
        let Some(link) = links.find(|link| link.index == index) else { return Ok(None) };
        let kind = plan.relationship_types.get(&link.requirement.relationship);
        let is_set = link.requirement.properties.contains_key(name);
        if let Some(attribute) = kind.and_then(|kind| kind.attributes.get(name))
            && !is_set
        {
            let via = link.via();
            return self.world.relationship_attribute(id, &via, name, attribute).map(Some);
        }
        self.world.link_property(id, link, name)
    }
}

impl World {
    /// The surroundings of an expression of a relationship's type, for this relationship.
    pub(crate) fn inside(&self, id: &InstanceId, link: &Link<'_>) -> Site<'_> {
        Site::new(self, Some(link_value(id, link))).between(id, link)
    }
}

/// A relationship as a value.
pub(crate) fn link_value(id: &InstanceId, link: &Link<'_>) -> Value {
    Value::Reference(Reference::Relationship {
        of: Box::new(id.reference()),
        requirement: link.requirement.name.clone(),
        index: link.index,
    })
}

impl Environment for Site<'_> {
    fn input(&self, name: &str) -> Result<Outcome, EvalError> {
        self.world.input(name)
    }

    fn secret(&self, name: &str) -> Result<Outcome, EvalError> {
        let value = self.world.secrets.value(name).filter(|_| self.world.is_revealing.get());
        Ok(match value {
            Some(value) => Outcome::Value(value.clone()),
            None => Outcome::Secret(BTreeSet::from([name.to_owned()])),
        })
    }

    fn constant(&self, name: &str) -> Result<Outcome, EvalError> {
        self.world.constant(name)
    }

    fn name(&self, name: Outer<'_>) -> Result<Outcome, EvalError> {
        let nowhere =
            |what: &str| error(ErrorKind::Unavailable, format!("there is no `{what}` here"));
        let value = match name {
            Outer::This => self.this.clone().ok_or_else(|| nowhere("self"))?,
            Outer::Source => self.source.clone().ok_or_else(|| nowhere("source"))?,
            Outer::Target => self.target.clone().ok_or_else(|| nowhere("target"))?,
            Outer::Deployment => {
                let text = |text: &str| Value::String(text.to_owned());
                Value::Map(BTreeMap::from([
                    ("id".to_owned(), text(&self.world.identity.id)),
                    ("name".to_owned(), text(&self.world.identity.name)),
                    ("labels".to_owned(), Value::Map(BTreeMap::new())),
                    ("tenant".to_owned(), text("default")),
                ]))
            }
            Outer::Node(node) => match &*self.world.existence(node)? {
                Existence::None => Value::Null,
                Existence::One => Value::Reference(InstanceId::one(node).reference()),
                Existence::Keyed(keys) => Value::Map(
                    keys.keys()
                        .map(|key| {
                            let id = InstanceId::keyed(node, key);
                            (key.clone(), Value::Reference(id.reference()))
                        })
                        .collect(),
                ),
            },
            Outer::Group(group) => Value::Reference(Reference::Group { group: group.to_owned() }),
            Outer::Selection(selection) => Value::Map(
                self.world
                    .selection(selection)?
                    .iter()
                    .map(|name| (name.clone(), element_reference(selection, name)))
                    .collect(),
            ),
            Outer::Requirement(name) => {
                // Nobody uses this blueprint: what may be left out is, all else is open.
                let cardinality = self
                    .world
                    .plan
                    .requirements
                    .get(name)
                    .ok_or_else(|| nowhere(name))?
                    .requirement
                    .cardinality;
                match cardinality {
                    _ if self.world.is_within() => return Ok(Outcome::Unknown),
                    (0, Some(1)) => Value::Null,
                    (0, _) => Value::List(Vec::new()),
                    _ => return Ok(Outcome::Unknown),
                }
            }
        };
        Ok(Outcome::Value(value))
    }

    fn element(&self, collection: Outer<'_>, key: &str) -> Result<Option<Value>, EvalError> {
        match collection {
            Outer::Node(node) => Ok(match &*self.world.existence(node)? {
                Existence::Keyed(keys) if keys.contains_key(key) => {
                    Some(Value::Reference(InstanceId::keyed(node, key).reference()))
                }
                _ => None,
            }),
            Outer::Selection(selection) => {
                let names = self.world.selection(selection)?;
                // Names are in the inventory's order; most selections are small.
                Ok(names.iter().any(|n| n == key).then(|| element_reference(selection, key)))
            }
            _ => Ok(None),
        }
    }

    fn field(&self, of: &Reference, name: &str) -> Result<Option<Outcome>, EvalError> {
        match of {
            Reference::Node { node, key } => {
                let id = InstanceId { node: node.clone(), key: key.clone() };
                let is_own = matches!(&self.this, Some(Value::Reference(this)) if this == of);
                self.world.node_field(&id, name, is_own)
            }
            Reference::Group { group } => self.world.group_field(group, name),
            Reference::Element { name: element, .. } => {
                match self.world.inventory.element(element) {
                    Some(element) => self.world.fact(of, element, name),
                    None => Ok(None),
                }
            }
            Reference::Capability { of, name: capability } => {
                self.world.capability_field(of, capability, name)
            }
            Reference::Relationship { of, requirement, index } => {
                let Some(id) = InstanceId::of(of) else { return Ok(None) };
                self.relationship_field(&id, requirement, *index, name)
            }
        }
    }

    fn part(&self, of: &Reference, path: &[Step]) -> Option<Result<Outcome, EvalError>> {
        match of {
            Reference::Node { .. } => self.world.part(&InstanceId::of(of)?, path),
            _ => None,
        }
    }

    fn data_types(&self) -> Option<&DataTypes> {
        Some(&self.world.plan.data_types)
    }

    fn tracer(&self) -> Option<&dyn Tracer> {
        self.world.traced(|_| ()).map(|()| self as &dyn Tracer)
    }
}

impl Tracer for Site<'_> {
    fn plain(&self, value: &Value) {
        self.world.traced(|trace| trace.plain(value));
    }

    fn secret(&self, part: &Expr, names: &BTreeSet<String>, locals: &[(&str, Value)]) {
        let open = self.world.revealing(|| bp_eval::evaluate_with(part, self, locals));
        if let Ok(Outcome::Value(value)) = open {
            self.world.traced(|trace| trace.secret(part, &value, names));
        }
    }
}

pub(crate) fn element_reference(selection: &str, name: &str) -> Value {
    let selection = TakenBy(selection.to_owned());
    Value::Reference(Reference::Element { selection, name: name.to_owned() })
}
