//! Groups: which members they have, and whether they have as many as their types ask for.

use std::collections::BTreeSet;

use bp_eval::{ErrorKind, EvalError, Outcome, Verdict, check_constraint};
use bp_plan::{Constraint, Expr, Reference, Value};

use crate::problem::{Problem, code_of};
use crate::selection::cardinality;
use crate::world::{Reads, World, error, gather, known};

impl World {
    /// The members of a group: nodes and elements, with those of the groups in it. Nothing where some of them are up to
    /// who uses the blueprint, and nobody does.
    pub(crate) fn members(&self, group: &str) -> Result<Option<Vec<Reference>>, EvalError> {
        self.with_members(vec![Reference::Group { group: group.to_owned() }])
    }

    /// The nodes and elements that an expression names, with the members of the groups that it names; nothing as above.
    pub(crate) fn all_of(&self, named: &Expr) -> Result<Option<Vec<Reference>>, EvalError> {
        match self.gathered(named)? {
            Some(references) => self.with_members(references),
            None => Ok(None),
        }
    }

    /// These, with the members of a group in its place.
    fn with_members(
        &self,
        references: Vec<Reference>,
    ) -> Result<Option<Vec<Reference>>, EvalError> {
        let mut members: Vec<Reference> = Vec::new();
        let mut seen: BTreeSet<Reference> = BTreeSet::new();
        // What is still to be looked at, the next one last.
        let mut next: Vec<Reference> = references.into_iter().rev().collect();
        while let Some(reference) = next.pop() {
            // A group may be in many of the groups in it: it is gone through once.
            if !seen.insert(reference.clone()) {
                continue;
            }
            match reference {
                Reference::Group { group } => match self.named(&group)? {
                    Some(named) => next.extend(named.into_iter().rev()),
                    None => return Ok(None),
                },
                one => members.push(one),
            }
        }
        Ok(Some(members))
    }

    /// What a group itself names as its members: groups too.
    fn named(&self, group: &str) -> Result<Option<Vec<Reference>>, EvalError> {
        let Some(declared) = self.plan.groups.get(group) else {
            return Err(error(ErrorKind::Unavailable, format!("the plan has no group `{group}`")));
        };
        self.gathered(&declared.members)
    }

    /// What an expression names: groups too.
    fn gathered(&self, named: &Expr) -> Result<Option<Vec<Reference>>, EvalError> {
        let mut references = Vec::new();
        match bp_eval::evaluate(named, &self.outside())? {
            Outcome::Unknown if self.is_unused() => return Ok(None),
            outcome => gather(known(outcome)?, &mut references),
        }
        Ok(Some(references))
    }

    /// A property of a group, or its members.
    pub(crate) fn group_field(
        &self,
        group: &str,
        name: &str,
    ) -> Result<Option<Outcome>, EvalError> {
        if name == "members" {
            let Some(members) = self.members(group)? else { return Ok(Some(Outcome::Unknown)) };
            let members = members.into_iter().map(Value::Reference).collect();
            return Ok(Some(Outcome::Value(Value::List(members))));
        }
        let Some(declared) = self.plan.groups.get(group) else { return Ok(None) };
        let Some(kind) = self.plan.group_types.get(&declared.kind) else { return Ok(None) };
        let Some(property) = kind.properties.get(name) else { return Ok(None) };
        let outcome = match (declared.properties.get(name), &property.default) {
            (Some(set), _) => bp_eval::evaluate(&set.value, &self.outside())?,
            (None, Some(default)) => {
                let this = Value::Reference(Reference::Group { group: group.to_owned() });
                bp_eval::evaluate(default, &crate::site::Site::new(self, Some(this)))?
            }
            (None, None) => Outcome::Value(Value::Null),
        };
        let Outcome::Value(value) = outcome else { return Ok(Some(outcome)) };
        bp_eval::conform(value, &property.kind, &self.plan.data_types)
            .map(|value| Some(Outcome::Value(value)))
            .map_err(|e| error(ErrorKind::WrongType, e.to_string()))
    }
}

/// All that is wrong with the groups.
pub(crate) fn check(world: &World) -> Vec<Problem> {
    let mut problems = Vec::new();
    for name in world.plan.groups.keys() {
        if let Err((code, message)) = check_one(world, name) {
            let span = world.plan.groups.get(name).map(|group| group.span);
            let mut problem = Problem::error(message).code(code);
            problem.span = span;
            problems.push(problem);
        }
    }
    problems
}

fn check_one(world: &World, name: &str) -> Result<(), (&'static str, String)> {
    let say = |error: EvalError| (code_of(&error), format!("the group `{name}`: {error}"));
    let members = world.members(name).map_err(say)?;
    let Some(group) = world.plan.groups.get(name) else { return Ok(()) };
    let Some(kind) = world.plan.group_types.get(&group.kind) else { return Ok(()) };
    let (fewest, most) = kind.cardinality;
    if let Some(count) = members.map(|members| members.len() as u64)
        && (count < fewest || most.is_some_and(|most| count > most))
    {
        let wanted = cardinality(fewest, most);
        let message = format!("the group `{name}` wants {wanted} members and has {count}");
        return Err(("E5002", message));
    }
    for (property, declared) in &kind.properties {
        let field = world.group_field(name, property).map_err(say)?;
        let Some(Outcome::Value(value)) = field else { continue };
        for constraint in &declared.constraints {
            if let Verdict::Broken(message) =
                check_constraint(constraint, &value, &world.outside()).map_err(say)?
            {
                return Err(("E3028", format!("the group `{name}`: `{property}`: {message}")));
            }
        }
    }
    let this = Value::Reference(Reference::Group { group: name.to_owned() });
    for constraint in &kind.constraints {
        let (verdict, reads) =
            world.reading(|| check_constraint(constraint, &this, &world.outside()));
        let (code, why) = match verdict.map_err(say)? {
            Verdict::Broken(message) => ("E5011", message),
            Verdict::Open => match late(constraint, &reads) {
                Some(why) => ("E4016", why),
                None => continue,
            },
            Verdict::Holds => continue,
        };
        return Err((code, format!("the group `{name}`: {why}")));
    }
    Ok(())
}

/// Why a check of a group or a policy, which is held before anything runs, can't be: it hangs on what nodes report.
pub(crate) fn late(constraint: &Constraint, reads: &Reads) -> Option<String> {
    let missing = reads.missing.first()?;
    let text = &constraint.text;
    Some(format!(
        "`check {text}` must be known when it is deployed, and hangs on what `{missing}` reports"
    ))
}
