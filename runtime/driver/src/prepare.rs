//! A plan with its inputs and an inventory, checked before anything is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_plan::{Plan, Value};
use bp_topology::{Expanded, Identity, Inventory, Problem, Topology};

use crate::error::DriverError;
use crate::package::Package;
use crate::runtime::{Executors, Providers};
use crate::secrets::{SecretSource, Unsealed};
use crate::twins;

/// What can be deployed.
#[derive(Debug)]
pub struct Prepared {
    /// The plan's container.
    pub bytes: Vec<u8>,
    /// The files that travel with it.
    pub artifacts: Vec<Vec<u8>>,
    /// The plan.
    pub plan: Arc<Plan>,
    /// The inputs that were given.
    pub inputs: BTreeMap<String, Value>,
    /// What there is to be placed on.
    pub inventory: Arc<Inventory>,
    /// How targets are reached: by what there is, unless this goes back to what there was.
    pub reached_by: Arc<Inventory>,
    /// The revision that this goes back to.
    pub back_to: Option<u64>,
    /// What is wanted.
    pub topology: Topology,
    /// What is worth a warning.
    pub warnings: Vec<Problem>,
}

/// What the journal keeps of a plan with its inputs and inventory; how targets are reached where that is not as the
/// inventory says. Files by themselves too: a step needs the one that it names, whatever plan it is of.
pub(crate) fn blobs(
    bytes: Vec<u8>,
    artifacts: Vec<Vec<u8>>,
    inputs: &BTreeMap<String, Value>,
    (inventory, reached_by): (&Inventory, &Inventory),
) -> Result<Vec<Vec<u8>>, DriverError> {
    let malformed = |what| move |source| DriverError::Malformed { what, source };
    let mut blobs = artifacts;
    blobs.push(bytes);
    blobs.push(serde_json::to_vec(inputs).map_err(malformed("inputs"))?);
    blobs.push(serde_json::to_vec(inventory).map_err(malformed("inventory"))?);
    if reached_by != inventory {
        blobs.push(serde_json::to_vec(reached_by).map_err(malformed("inventory"))?);
    }
    Ok(blobs)
}

/// Who a deployment is.
pub fn identity(id: &str, name: &str) -> Identity {
    Identity { id: id.to_owned(), name: name.to_owned() }
}

/// Checks everything that can be known before anything runs.
pub fn prepare(
    package: Package,
    inputs: BTreeMap<String, Value>,
    inventory: Inventory,
    identity: Identity,
    providers: &Providers,
    executors: &Executors,
    secrets: &dyn SecretSource,
) -> Result<Prepared, DriverError> {
    let Package { bytes, plan, artifacts } = package;
    let inventory = Arc::new(inventory);
    let mut problems = bp_engine::supports::check(&plan);
    let Expanded { topology, problems: found } =
        Topology::expand(&plan, &inputs, inventory.clone(), identity, secrets.secrets(&plan));
    problems.extend(found);
    problems.extend(unkept(&plan, providers));
    for (kind, span) in bp_engine::supports::executors(&plan) {
        if !executors.contains_key(&kind) {
            let there = executors.keys().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
            let message = format!("this runtime has nothing that carries out a `{kind}`");
            let help = match there.as_str() {
                "" => "a newer one may have it".to_owned(),
                there => format!("it has {there}; a newer one may have it"),
            };
            problems.push(Problem::error(message).at(span).help(help));
        }
    }
    if let Some(span) = bp_engine::supports::gives_secret(&plan)
        && let Err(Unsealed { why, help }) = secrets.can_seal()
    {
        let message = format!("what this gives is secret, and can't be sealed: {why}");
        problems.push(Problem::error(message).at(span).help(help));
    }
    problems.extend(topology.iter().flat_map(bp_engine::supports::machines));
    problems.extend(topology.iter().flat_map(|wanted| twins::check(wanted, providers)));
    match topology {
        Some(topology) if problems.iter().all(|problem| problem.is_warning) => {
            let (reached_by, back_to, warnings) = (inventory.clone(), None, problems);
            Ok(Prepared {
                bytes,
                artifacts,
                plan,
                inputs,
                inventory,
                reached_by,
                back_to,
                topology,
                warnings,
            })
        }
        _ => Err(DriverError::Refused { plan, problems }),
    }
}

/// The nodes whose providers are not here, or do not keep nodes of their types.
fn unkept(plan: &Plan, providers: &Providers) -> Vec<Problem> {
    let mut problems = Vec::new();
    for node in plan.nodes.values() {
        let kind = &node.kind;
        let Some(of) = plan.node_types.get(kind) else { continue };
        let Some(name) = &of.provider else { continue };
        let Some(provider) = providers.get(name) else {
            let there = providers.keys().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
            let message = format!(
                "`{kind}` is kept by the provider `{name}`, which this runtime does not have"
            );
            let help = format!("it has {there}; a newer one may have it");
            problems.push(Problem::error(message).at(node.span).help(help));
            continue;
        };
        let line: Vec<&str> = [kind].into_iter().chain(&of.extends).map(String::as_str).collect();
        if let Some(refusal) = provider.refuses(&line) {
            let mut problem = Problem::error(refusal.message).at(node.span);
            problem.help = refusal.help;
            problems.push(problem);
        }
    }
    problems
}
