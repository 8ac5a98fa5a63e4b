//! Whether what a person gives a workflow is as its parameters want it.

use std::collections::BTreeMap;

use bp_eval::{Outcome, ValueError, Verdict, check_constraint};
use bp_plan::workflow::{BUILT_IN, Parameter, Workflow};
use bp_plan::{Expr, Plan, Type, Value};

use crate::kept::{held, sound};
use crate::problem::{Lack, Problem, code_of};
use crate::topology::{InstanceId, Topology};

/// What is given to a workflow or an operation, by the names of its parameters: values; what has a secret part as
/// the expression that makes it.
pub type Arguments = BTreeMap<String, Expr>;

/// The workflow of this name; else what is wrong with the name.
pub fn workflow<'p>(plan: &'p Plan, name: &str) -> Result<&'p Workflow, Problem> {
    if let Some(workflow) = plan.workflows.get(name) {
        return Ok(workflow);
    }
    if BUILT_IN.contains(&name) {
        return Err(Problem::error(format!(
            "`{name}` is a workflow of every deployment, which this version of the runtime does not run by its name"
        ))
        .help(match name {
            "install" | "update" => "`bpr deploy` brings a plan about",
            "uninstall" => "`bpr uninstall` removes everything that was deployed",
            "heal" => "`bpr heal` makes what others have changed as it was applied",
            "check_drift" => "`bpr drift` shows what others have changed",
            "check_health" => "`bpr health` tells how the nodes are",
            "rollback" => "`bpr rollback` goes back to the last revision that was healthy",
            _ => "`bpr update` takes other inputs",
        }));
    }
    let near = plan
        .workflows
        .keys()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, _)| *distance <= name.len() / 3 + 1)
        .min();
    let there = plan.workflows.keys().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    let blueprint = &plan.blueprint.name;
    Err(Problem::error(format!("the blueprint `{blueprint}` has no workflow `{name}`")).help(
        match near {
            Some((_, near)) => format!("did you mean `{near}`?"),
            None if there.is_empty() => "it has no workflows".to_owned(),
            None => format!("it has {there}"),
        },
    ))
}

impl Topology {
    /// The value of a workflow's parameter that a person gave as text (`keep=3d`, `db=orders`).
    pub fn argument(&self, workflow: &str, name: &str, text: &str) -> Result<Value, Problem> {
        let parameter = self.open_parameter(workflow, name)?;
        self.read(text, &parameter.kind).map_err(|why| wrong(parameter, &why).code("E3002"))
    }

    /// The same, given in a file.
    pub fn argument_from_json(
        &self,
        workflow: &str,
        name: &str,
        json: serde_json::Value,
    ) -> Result<Value, Problem> {
        let parameter = self.open_parameter(workflow, name)?;
        if let (serde_json::Value::String(text), true) = (&json, is_of_nodes(&parameter.kind)) {
            return self
                .read(text, &parameter.kind)
                .map_err(|why| wrong(parameter, &why).code("E3002"));
        }
        bp_eval::from_json(json, &parameter.kind, &self.plan().data_types)
            .map_err(|why| wrong(parameter, &why.to_string()).code("E3002"))
    }

    /// All parameters of a workflow with their values: what is given, else their defaults.
    pub fn arguments(&self, name: &str, given: &Arguments) -> Result<Arguments, Vec<Problem>> {
        let workflow = workflow(self.plan(), name).map_err(|problem| vec![problem])?;
        let mut problems: Vec<Problem> =
            given.keys().filter_map(|argument| self.parameter(name, argument).err()).collect();
        let mut whole = Arguments::new();
        for parameter in &workflow.parameters {
            match self.one(parameter, given.get(&parameter.name)) {
                Ok(value) => drop(whole.insert(parameter.name.clone(), value)),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(whole) } else { Err(problems) }
    }

    fn one(&self, parameter: &Parameter, given: Option<&Expr>) -> Result<Expr, Problem> {
        let given = match (given, &parameter.default) {
            (Some(given), _) => given.clone(),
            (None, Some(default)) => match self.kept(default, &[]).0 {
                Ok(Some(default)) => default,
                Ok(None) => {
                    return Err(wrong(parameter, "its default needs what is not deployed"));
                }
                Err(error) => {
                    return Err(
                        wrong(parameter, &format!("its default: {error}")).code(code_of(&error))
                    );
                }
            },
            (None, None) if matches!(parameter.kind, Type::Optional(_)) => Expr::Value(Value::Null),
            (None, None) if self.is_secret(parameter) => return Err(hidden(parameter)),
            (None, None) => {
                let (name, kind) = (&parameter.name, &parameter.kind);
                return Err(Problem::error(format!("the input `{name}` ({kind}) is not given"))
                    .code("E7081")
                    .at(parameter.span)
                    .lack(Lack::Input(name.clone())));
            }
        };
        let value = match given {
            Expr::Value(value) => value,
            made => return self.made(parameter, &made),
        };
        let value = bp_eval::conform(value, &parameter.kind, &self.plan().data_types)
            .map_err(|why| wrong(parameter, &why.to_string()).code("E3028"))?;
        for constraint in &parameter.constraints {
            let (message, code) = match check_constraint(constraint, &value, &self.world.outside())
            {
                Ok(Verdict::Broken(message)) => (message, "E3028"),
                Ok(_) => continue,
                Err(error) => (error.to_string(), code_of(&error)),
            };
            return Err(wrong(parameter, &message).code(code).at(constraint.span));
        }
        Ok(Expr::Value(value))
    }

    /// What is made with a secret, held against what is asked of it.
    fn made(&self, parameter: &Parameter, made: &Expr) -> Result<Expr, Problem> {
        let refuse = |why: &str| wrong(parameter, why).code("E3028");
        let (kind, constraints) = (&parameter.kind, &parameter.constraints);
        let held = held(made, kind, constraints, &self.plan().data_types)
            .map_err(|why| refuse(&why.to_string()))?;
        let evaluate = |expr: &Expr| bp_eval::evaluate(expr, &self.world.outside());
        if let Ok(Outcome::Secret(names)) = evaluate(&held) {
            sound(&self.world, &held, &names, &evaluate).map_err(|why| refuse(&why))?;
        }
        Ok(held)
    }

    fn is_secret(&self, parameter: &Parameter) -> bool {
        parameter.kind.holds_secret(&self.plan().data_types)
    }

    /// A parameter that a person may give.
    fn open_parameter(&self, name: &str, parameter: &str) -> Result<&Parameter, Problem> {
        let found = self.parameter(name, parameter)?;
        if self.is_secret(found) { Err(hidden(found)) } else { Ok(found) }
    }

    fn parameter(&self, name: &str, parameter: &str) -> Result<&Parameter, Problem> {
        let workflow = workflow(self.plan(), name)?;
        let found = workflow.parameters.iter().find(|known| known.name == parameter);
        found.ok_or_else(|| {
            let names = workflow.parameters.iter().map(|known| format!("`{}`", known.name));
            let there = names.collect::<Vec<_>>().join(", ");
            Problem::error(format!("the workflow `{name}` has no input `{parameter}`"))
                .code("E7071")
                .at(workflow.span)
                .help(match there.as_str() {
                    "" => "it takes no inputs".to_owned(),
                    there => format!("it has {there}"),
                })
        })
    }

    /// A text as a value of this type; a node is written as `bpr status` shows it.
    fn read(&self, text: &str, kind: &Type) -> Result<Value, String> {
        match kind {
            Type::Optional(_) if text == "null" => Ok(Value::Null),
            Type::Optional(of) => self.read(text, of),
            Type::Node(full) => self.node(text.trim(), full),
            Type::Nodes(full) => {
                let name = text.trim();
                let all = self.instances().iter().filter(|instance| instance.id.node == name);
                let all: BTreeMap<String, Value> = all
                    .filter_map(|instance| {
                        Some((instance.id.key.clone()?, Value::Reference(instance.id.reference())))
                    })
                    .collect();
                let is_fit = self.is_of(name, full);
                if is_fit && !all.is_empty() {
                    return Ok(Value::Map(all));
                }
                Err(format!("expected the name of a {kind}, found `{name}`"))
            }
            Type::List(of) if is_of_nodes(of) => {
                let names: Vec<String> = serde_json::from_str(text).map_err(|_| {
                    format!("expected {kind}, written as JSON (`[\"a\", \"b\"]`), found `{text}`")
                })?;
                names
                    .iter()
                    .map(|name| self.read(name, of))
                    .collect::<Result<_, _>>()
                    .map(Value::List)
            }
            _ => bp_eval::parse_input(text, kind, &self.plan().data_types)
                .map_err(|why: ValueError| why.to_string()),
        }
    }

    fn node(&self, name: &str, full: &str) -> Result<Value, String> {
        let short = full.rsplit('.').next().unwrap_or(full);
        let plain = |text: &str| text.replace('"', "");
        let is_it = |id: &InstanceId| plain(&id.to_string()) == plain(name);
        match self.instances().iter().map(|instance| &instance.id).find(|id| is_it(id)) {
            Some(id) if self.is_of(&id.node, full) => Ok(Value::Reference(id.reference())),
            Some(id) => Err(format!("expected a {short}, and `{id}` is none")),
            None => {
                let fitting = self.instances().iter().map(|instance| &instance.id);
                let fitting: Vec<String> = fitting
                    .filter(|id| self.is_of(&id.node, full))
                    .take(10)
                    .map(|id| format!("`{id}`"))
                    .collect();
                let there = match fitting.join(", ").as_str() {
                    "" => "there is none".to_owned(),
                    there => format!("there is {there}"),
                };
                Err(format!("expected a {short}, found `{name}`; {there}"))
            }
        }
    }

    /// Whether a node is of this type.
    fn is_of(&self, node: &str, full: &str) -> bool {
        let Some(node) = self.plan().nodes.get(node) else { return false };
        let kind = self.plan().node_types.get(&node.kind);
        node.kind == full || kind.is_some_and(|kind| kind.extends.iter().any(|of| of == full))
    }
}

fn wrong(parameter: &Parameter, why: &str) -> Problem {
    Problem::error(format!("the input `{}`: {why}", parameter.name)).at(parameter.span)
}

/// What a person can't give.
fn hidden(parameter: &Parameter) -> Problem {
    wrong(parameter, "it is secret, and what a person gives a workflow is written down").help(
        "declare a secret of the blueprint, and give it in a workflow: `run … { … }`, or as the default",
    )
}

fn is_of_nodes(kind: &Type) -> bool {
    match kind {
        Type::Node(_) | Type::Nodes(_) => true,
        Type::Optional(of) | Type::List(of) => is_of_nodes(of),
        _ => false,
    }
}
