//! Relationships: what their properties come to, and whether they are as their types ask.

use bp_eval::{ErrorKind, EvalError, Outcome, Verdict, check_constraint, check_constraint_with};
use bp_plan::{Plan, Reference, Requirement, Value};

use crate::life::{self, Link};
use crate::problem::code_of;
use crate::resolved::Flaw;
use crate::site::link_value;
use crate::topology::{InstanceId, Unmet};
use crate::world::{World, error};

impl World {
    /// A property of a relationship: as it is set where the requirement is met, else by its type's default;
    /// of its type and within its constraints.
    pub(crate) fn link_property(
        &self,
        id: &InstanceId,
        link: &Link<'_>,
        name: &str,
    ) -> Result<Option<Outcome>, EvalError> {
        let set = link.requirement.properties.get(name);
        let kind = self.plan.relationship_types.get(&link.requirement.relationship);
        let declared = kind.and_then(|kind| kind.properties.get(name));
        let inside = self.inside(id, link);
        let outcome = match (set, declared.and_then(|declared| declared.default.as_ref())) {
            (Some(set), _) => self.evaluate(id, &set.value)?,
            (None, Some(default)) => bp_eval::evaluate(default, &inside)?,
            (None, None) if declared.is_some() => Outcome::Value(Value::Null),
            (None, None) => return Ok(None),
        };
        let (Outcome::Value(value), Some(declared)) = (&outcome, declared) else {
            return Ok(Some(outcome));
        };
        let value = bp_eval::conform(value.clone(), &declared.kind, &self.plan.data_types)
            .map_err(|why| error(ErrorKind::Constraint, why.to_string()))?;
        for constraint in &declared.constraints {
            if let Verdict::Broken(message) = check_constraint(constraint, &value, &inside)? {
                return Err(error(ErrorKind::Constraint, message));
            }
        }
        Ok(Some(Outcome::Value(value)))
    }

    /// Whether what meets a requirement is as its `where`s ask, as far as it is known.
    pub(crate) fn fit(
        &self,
        id: &InstanceId,
        requirement: &Requirement,
        targets: &[Reference],
    ) -> Result<(), Unmet> {
        let name = &requirement.name;
        let say =
            |error: EvalError| (code_of(&error), format!("`{id}`: what meets `{name}`: {error}"));
        let node = self.plan.nodes.get(&id.node);
        let kind = node.and_then(|node| self.plan.node_types.get(&node.kind));
        let declared = kind.and_then(|kind| kind.requirements.get(name));
        let declared = declared.map_or(&[][..], |declared| declared.constraints.as_slice());
        if declared.is_empty() && requirement.constraints.is_empty() {
            return Ok(());
        }
        let existence = self.existence(&id.node).map_err(say)?;
        let locals = existence.locals(id.key.as_deref()).iter();
        let locals: Vec<(&str, Value)> =
            locals.map(|(name, value)| (name.as_str(), value.clone())).collect();
        for target in targets {
            for constraint in declared.iter().chain(&requirement.constraints) {
                let site = self.outside().with_source(id);
                let value = Value::Reference(target.clone());
                if let Verdict::Broken(message) =
                    check_constraint_with(constraint, &value, &site, &locals).map_err(say)?
                {
                    let message = format!("`{id}`: what meets `{name}` does not fit: {message}");
                    return Err(("E4011", message));
                }
            }
        }
        Ok(())
    }

    /// What is wrong with the relationships of an instance and with what they lead to, as far as it is known.
    pub(crate) fn check_links(&self, id: &InstanceId) -> Result<(), Flaw> {
        let Some(node) = self.plan.nodes.get(&id.node) else { return Ok(()) };
        // What is wanted of a relationship orders nothing: what is read for it is not noted.
        self.reading(|| {
            for requirement in &node.requirements {
                let targets = self.targets(id, requirement).unwrap_or_default();
                self.fit(id, requirement, &targets).map_err(|(code, message)| Flaw {
                    property: Some(requirement.name.clone()),
                    ..Flaw::new(code, message)
                })?;
            }
            if !node.requirements.iter().any(|requirement| asks(&self.plan, requirement)) {
                return Ok(());
            }
            let links = life::links(self, id, node);
            let mut links = links.iter().filter(|link| asks(&self.plan, link.requirement));
            links.try_for_each(|link| self.check_link(id, link))
        })
        .0
    }

    fn check_link(&self, id: &InstanceId, link: &Link<'_>) -> Result<(), Flaw> {
        let requirement = &link.requirement.name;
        let Some(kind) = self.plan.relationship_types.get(&link.requirement.relationship) else {
            return Ok(());
        };
        let target = bp_eval::reference_text(&link.target);
        for name in kind.properties.keys() {
            if let Err(error) = self.link_property(id, link, name) {
                let message = format!("`{id}`: `{requirement} -> {target}`: `{name}`: {error}");
                let property = Some(format!("{requirement}.{name}"));
                return Err(Flaw { property, ..Flaw::new(code_of(&error), message) });
            }
        }
        let (this, site) = (link_value(id, link), self.inside(id, link));
        for constraint in &kind.constraints {
            let (code, why) = match check_constraint(constraint, &this, &site) {
                Ok(Verdict::Broken(why)) => ("E4023", why),
                Ok(_) => continue,
                Err(error) => (code_of(&error), error.message),
            };
            let message = format!("`{id}`: `{requirement} -> {target}`: {why}");
            return Err(Flaw { property: Some(requirement.clone()), ..Flaw::new(code, message) });
        }
        Ok(())
    }
}

/// Whether a relationship's type asks anything of it.
fn asks(plan: &Plan, requirement: &Requirement) -> bool {
    let kind = plan.relationship_types.get(&requirement.relationship);
    kind.is_some_and(|kind| !kind.properties.is_empty() || !kind.constraints.is_empty())
}
