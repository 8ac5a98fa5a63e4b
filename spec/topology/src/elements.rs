//! What expressions read of the elements of the inventory: what it says of them, and what their types say.

use std::collections::BTreeMap;

use bp_eval::{ErrorKind, EvalError, Outcome, Verdict, check_constraint};
use bp_plan::{Expr, Reference, Type, Value};

use crate::inventory::Element;
use crate::site::Site;
use crate::world::{World, error};

impl World {
    /// A fact of an element, which this refers to: an attribute of its type, or a property, which may have a
    /// default; or one of its capabilities.
    pub(crate) fn fact(
        &self,
        of: &Reference,
        element: &Element,
        name: &str,
    ) -> Result<Option<Outcome>, EvalError> {
        let node_type = self.plan.node_types.get(&element.node_type);
        let property = node_type.and_then(|kind| kind.properties.get(name));
        let attribute = node_type.and_then(|kind| kind.attributes.get(name));
        let declared = attribute.or(property.map(|property| &property.kind));
        let wrong = |kind, why: String| {
            let of = &element.name;
            error(kind, format!("the inventory's `{of}`: {name}: {why}"))
        };
        if let Some(fact) = element.facts.get(name) {
            let kind = declared.unwrap_or(&Type::Json);
            let value = bp_eval::from_json(fact.clone(), kind, &self.plan.data_types)
                .map_err(|e| wrong(ErrorKind::WrongType, e.to_string()))?;
            for constraint in property.into_iter().flat_map(|property| &property.constraints) {
                if let Verdict::Broken(message) =
                    check_constraint(constraint, &value, &self.outside())?
                {
                    return Err(wrong(ErrorKind::Constraint, message));
                }
            }
            return Ok(Some(Outcome::Value(value)));
        }
        if name == "name" {
            return Ok(Some(Outcome::Value(Value::String(element.name.clone()))));
        }
        if let Some(default) = property.and_then(|property| property.default.as_ref()) {
            return self.of_element(of, default).map(Some);
        }
        match declared {
            Some(Type::Optional(_)) => Ok(Some(Outcome::Value(Value::Null))),
            Some(Type::Map(_)) => Ok(Some(Outcome::Value(Value::Map(BTreeMap::new())))),
            Some(_) => Err(unknown(name, &element.name)),
            // Every node may have labels.
            None if name == "labels" => Ok(Some(Outcome::Value(Value::Map(BTreeMap::new())))),
            None => {
                let has_it = node_type.is_some_and(|kind| kind.capabilities.contains_key(name));
                let of = Box::new(of.clone());
                let capability = Reference::Capability { of, name: name.to_owned() };
                Ok(has_it.then_some(Outcome::Value(Value::Reference(capability))))
            }
        }
    }

    /// A property of a capability of an element, as its type gives it: the inventory says nothing of capabilities.
    pub(crate) fn element_capability_field(
        &self,
        of: &Reference,
        capability: &str,
        name: &str,
    ) -> Result<Option<Outcome>, EvalError> {
        let Reference::Element { name: named, .. } = of else { return Ok(None) };
        let kind = self.inventory.element(named).map(|element| &element.node_type);
        let kind = kind.and_then(|kind| self.plan.node_types.get(kind));
        match kind.and_then(|kind| kind.capabilities.get(capability)) {
            None => Ok(None),
            Some(values) => match values.get(name) {
                Some(value) => self.of_element(of, value).map(Some),
                None => Err(unknown(&format!("{capability}.{name}"), named)),
            },
        }
    }

    /// What a type says of its nodes, as it is for the element that this refers to.
    fn of_element(&self, of: &Reference, expr: &Expr) -> Result<Outcome, EvalError> {
        bp_eval::evaluate(expr, &Site::new(self, Some(Value::Reference(of.clone()))))
    }
}

/// Who asks for what nobody says finds nothing, and may go on with something else.
fn unknown(name: &str, element: &str) -> EvalError {
    error(ErrorKind::MissingKey, format!("nothing is known of `{name}` of `{element}`"))
}
