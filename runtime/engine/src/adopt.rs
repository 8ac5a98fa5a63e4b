//! What an object is adopted for: an instance that a plan wants, and that the deployment does not have yet.

use bp_topology::{InstanceId, Inventory, Topology};

use crate::engine::TargetRef;
use crate::event::Failure;
use crate::state::State;
use crate::status::shown;
use crate::subject::{Subject, resolve};
use crate::work::{connection, places};

/// An instance that an object can be adopted for.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Where it is.
    pub target: TargetRef,
    /// What is wanted of it.
    pub subject: Subject,
}

/// The instance, if an object can be adopted for it; every target that the topology names is admitted.
pub fn candidate(
    state: &State,
    topology: &mut Topology,
    inventory: &Inventory,
    id: &InstanceId,
) -> Result<Candidate, Failure> {
    crate::outputs::learn(topology, state);
    let instance = topology.find(id).and_then(|at| topology.instances().get(at));
    let Some(instance) = instance else {
        let known: Vec<String> =
            topology.instances().iter().take(8).map(|one| format!("`{}`", one.id)).collect();
        return Err(Failure {
            help: Some(format!("it has {}", known.join(", "))),
            ..Failure::permanent("the plan wants no such instance")
        });
    };
    if instance.provider.is_none() {
        return Err(Failure::permanent(
            "no provider keeps it: what its own operations made, only they know",
        ));
    }
    let id_of_target = places(state).get(&instance.place).cloned().unwrap_or_default();
    let there = state.targets.get(&id_of_target);
    let name = there.map(|there| there.name.clone()).unwrap_or_default();
    if there.is_some_and(|there| there.instances.contains_key(&id.to_string())) {
        return Err(Failure {
            help: Some("`bpr status` shows what it has".to_owned()),
            ..Failure::permanent(format!("it has an object already, on {}", shown(&name)))
        });
    }
    let (subject, reads) = resolve(topology, id);
    let Some(subject) = subject? else {
        let missing: Vec<String> = reads.missing.iter().map(ToString::to_string).collect();
        return Err(Failure {
            help: Some("deploy those first".to_owned()),
            ..Failure::permanent(format!("it needs what {} report", missing.join(", ")))
        });
    };
    let Some(connection) = connection(inventory, &name) else {
        return Err(Failure::permanent(format!("`{name}` is not in the inventory")));
    };
    let identity = there.and_then(|there| there.identity.clone());
    let target = TargetRef { id: id_of_target, name, identity, connection };
    Ok(Candidate { target, subject })
}
