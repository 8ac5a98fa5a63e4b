//! A deployment's outputs, as far as what was reported makes them known.

use std::collections::BTreeMap;

use bp_eval::Outcome;
use bp_topology::{InstanceId, Problem, Topology};
use serde_json::Value as Json;

use crate::event::Operation;
use crate::state::{InstanceState, State};
use crate::work::places;

/// How an output stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Its value.
    Known(Json),
    /// It needs what is not deployed, and which.
    Unknown(Vec<InstanceId>),
    /// It holds a secret.
    Secret,
    /// It has none, and why.
    Wrong(String),
}

/// The outputs by name. The topology learns what the state knows to be reported.
pub fn outputs(topology: &mut Topology, state: &State) -> BTreeMap<String, Output> {
    learn(topology, state);
    let outputs = topology.plan().outputs.iter();
    outputs.map(|(name, of)| (name.clone(), output(topology, of))).collect()
}

/// What is wrong with outputs of a deployment that is as wanted.
pub fn wrong(topology: &Topology) -> Vec<Problem> {
    let problem = |(name, of): (&String, &bp_plan::Output)| match output(topology, of) {
        Output::Wrong(why) => {
            Some(Problem::error(format!("the output `{name}` has no value: {why}")).at(of.span))
        }
        _ => None,
    };
    topology.plan().outputs.iter().filter_map(problem).collect()
}

fn output(topology: &Topology, output: &bp_plan::Output) -> Output {
    let (outcome, reads) = topology.output(output);
    match outcome {
        Ok(Outcome::Unknown) => Output::Unknown(reads.missing.into_iter().collect()),
        Ok(Outcome::Secret(_)) => Output::Secret,
        Err(error) => Output::Wrong(error.message),
        Ok(Outcome::Value(value)) => {
            let json = bp_eval::to_json(&value);
            json.map_or_else(|error| Output::Wrong(error.to_string()), Output::Known)
        }
    }
}

/// The topology learns what was reported of instances that are there.
pub fn learn(topology: &mut Topology, state: &State) {
    let targets = places(state);
    let known: Vec<(InstanceId, BTreeMap<String, Json>)> = topology
        .instances()
        .iter()
        .filter_map(|instance| {
            let name = instance.id.to_string();
            let target = targets.get(&instance.place);
            let is = target.and_then(|target| state.targets.get(target)?.instance(&name));
            let mut attributes = is
                .filter(|is| is.operation == Operation::Converge && is.flight.is_none())
                .and_then(InstanceState::reported)
                .or_else(|| instance.is_logical().then(BTreeMap::new))?;
            attributes.extend(target.map(|id| state.set_of(id, &name)).unwrap_or_default());
            Some((instance.id.clone(), attributes))
        })
        .collect();
    for (id, attributes) in known {
        topology.report(id, attributes);
    }
}
