//! Policies: whether they are as their types ask.

use bp_eval::{
    DataTypes, Environment, ErrorKind, EvalError, Outcome, Outer, Step, Verdict, check_constraint,
};
use bp_plan::policy::Run;
use bp_plan::{Policy, PolicyType, Reference, Value};

use crate::groups::late;
use crate::problem::{Problem, code_of};
use crate::site::Site;
use crate::world::{World, error};

/// All that is wrong with the policies, as far as it is known before anything runs.
pub(crate) fn check(world: &World) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, policy) in &world.plan.policies {
        let Some(kind) = world.plan.policy_types.get(&policy.kind) else { continue };
        let whole = Whole { site: world.outside(), world, name, policy, kind };
        if let Err(Wrong { code, message, property }) = whole.check() {
            let set = property.and_then(|property| policy.properties.get(property));
            let span = set.map_or(policy.span, |set| set.span);
            problems.push(Problem::error(message).code(code).at(span));
        }
        if let Some(run) = &policy.run {
            arguments(world, name, run, &mut problems);
        }
    }
    problems
}

/// What the workflow of a policy would be given that it does not take.
fn arguments(world: &World, policy: &str, run: &Run, problems: &mut Vec<Problem>) {
    let workflow = world.plan.workflows.get(&run.workflow);
    let parameters = workflow.map_or(&[][..], |workflow| workflow.parameters.as_slice());
    let site = world.outside();
    for (name, given) in &run.with {
        let held = || {
            let Outcome::Value(value) = bp_eval::evaluate(&given.value, &site)? else {
                return Ok(());
            };
            let asked = parameters.iter().filter(|parameter| parameter.name == *name);
            for constraint in asked.flat_map(|parameter| &parameter.constraints) {
                if let Verdict::Broken(message) = check_constraint(constraint, &value, &site)? {
                    return Err(error(ErrorKind::Constraint, message));
                }
            }
            Ok(())
        };
        if let Err(wrong) = held() {
            let message = format!("the policy `{policy}`: the argument `{name}`: {wrong}");
            problems.push(Problem::error(message).code(code_of(&wrong)).at(given.span));
        }
    }
}

/// What is wrong with a policy.
struct Wrong<'p> {
    code: &'static str,
    message: String,
    /// The property that it is about.
    property: Option<&'p str>,
}

/// A policy in its surroundings: those of its type's checks and defaults, where `self` is the policy.
struct Whole<'w> {
    world: &'w World,
    site: Site<'w>,
    name: &'w str,
    policy: &'w Policy,
    kind: &'w PolicyType,
}

impl<'w> Whole<'w> {
    fn check(&self) -> Result<(), Wrong<'w>> {
        let name = self.name;
        for (property, declared) in &self.kind.properties {
            let say = |error: &EvalError| Wrong {
                code: code_of(error),
                message: format!("the policy `{name}`: `{property}`: {error}"),
                property: Some(property),
            };
            let outcome = self.property(property).map_err(|e| say(&e))?;
            let Some(Outcome::Value(value)) = outcome else { continue };
            for constraint in &declared.constraints {
                if let Verdict::Broken(message) =
                    check_constraint(constraint, &value, self).map_err(|e| say(&e))?
                {
                    return Err(say(&error(ErrorKind::Constraint, message)));
                }
            }
        }
        for constraint in &self.kind.constraints {
            let say = |code: &'static str, message: &str| Wrong {
                code,
                message: format!("the policy `{name}`: {message}"),
                property: None,
            };
            let (verdict, reads) =
                self.world.reading(|| check_constraint(constraint, &self.this(), self));
            match verdict {
                Ok(Verdict::Broken(message)) => return Err(say("E5011", &message)),
                Ok(Verdict::Open) => {
                    if let Some(why) = late(constraint, &reads) {
                        return Err(say("E4016", &why));
                    }
                }
                Ok(Verdict::Holds) => {}
                Err(error) => return Err(say(code_of(&error), &error.message)),
            }
        }
        Ok(())
    }

    /// A policy is no value: what stands for it has the name that nothing else of the blueprint has.
    fn this(&self) -> Value {
        Value::Reference(Reference::Group { group: self.name.to_owned() })
    }

    /// A property as it is set, else by its type's default; of its type. Or the nodes that it is over.
    fn property(&self, name: &str) -> Result<Option<Outcome>, EvalError> {
        let Some(declared) = self.kind.properties.get(name) else {
            return match name {
                "targets" => {
                    let targets = self.world.all_of(&self.policy.targets)?;
                    let all = targets.map(|all| all.into_iter().map(Value::Reference).collect());
                    Ok(Some(all.map_or(Outcome::Unknown, |all| Outcome::Value(Value::List(all)))))
                }
                _ => Ok(None),
            };
        };
        let outcome = match (self.policy.properties.get(name), &declared.default) {
            (Some(set), _) => bp_eval::evaluate(&set.value, &self.site)?,
            (None, Some(default)) => bp_eval::evaluate(default, self)?,
            (None, None) => Outcome::Value(Value::Null),
        };
        let Outcome::Value(value) = outcome else { return Ok(Some(outcome)) };
        bp_eval::conform(value, &declared.kind, &self.world.plan.data_types)
            .map(|value| Some(Outcome::Value(value)))
            .map_err(|why| error(ErrorKind::Constraint, why.to_string()))
    }
}

impl Environment for Whole<'_> {
    fn input(&self, name: &str) -> Result<Outcome, EvalError> {
        self.site.input(name)
    }

    fn constant(&self, name: &str) -> Result<Outcome, EvalError> {
        self.site.constant(name)
    }

    fn secret(&self, name: &str) -> Result<Outcome, EvalError> {
        self.site.secret(name)
    }

    fn name(&self, name: Outer<'_>) -> Result<Outcome, EvalError> {
        match name {
            Outer::This => Ok(Outcome::Value(self.this())),
            other => self.site.name(other),
        }
    }

    fn element(&self, collection: Outer<'_>, key: &str) -> Result<Option<Value>, EvalError> {
        self.site.element(collection, key)
    }

    fn field(&self, of: &Reference, name: &str) -> Result<Option<Outcome>, EvalError> {
        match of {
            Reference::Group { group } if group == self.name => self.property(name),
            other => self.site.field(other, name),
        }
    }

    fn part(&self, of: &Reference, path: &[Step]) -> Option<Result<Outcome, EvalError>> {
        self.site.part(of, path)
    }

    fn data_types(&self) -> Option<&DataTypes> {
        self.site.data_types()
    }
}
