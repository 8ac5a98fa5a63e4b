//! Inside of the blueprints that nodes are made of: what breaks there with what the nodes give in a test.
//!
//! What a node reports only once it is deployed stays open, and so does what meets the blueprint's requirements.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_eval::Outcome;
use bp_plan::composition::{MOST_NESTED, nested};
use bp_plan::{Digest, Expr, Node, Plan, Value};
use bp_topology::topology::blame;
use bp_topology::{Expanded, Identity, InstanceId, Problem, Secrets, Topology};

use super::Suite;
use crate::analysis::Analysis;
use crate::diagnostics::{Diagnostic, testing as says};
use crate::source::Place;

/// How many instances are looked into.
const MOST: usize = 1_000;

/// Plans by their digests.
pub(super) type Plans = BTreeMap<Digest, Arc<Plan>>;

/// What a node gives the blueprint that it is made of.
#[derive(Clone, Default)]
struct Given {
    values: BTreeMap<String, Value>,
    /// What is known later.
    open: BTreeSet<String>,
}

/// The plans that a plan's nodes are made of, however deep.
pub(super) fn plans(analysis: &Analysis, plan: &Plan) -> Plans {
    let mut found = Plans::new();
    let mut next: Vec<Digest> = nested(plan).into_iter().cloned().collect();
    while let Some(digest) = next.pop() {
        if found.contains_key(&digest) {
            continue;
        }
        let bytes = analysis.artifacts().get(&digest);
        let Some(inner) = bytes.and_then(|it| serde_json::from_slice::<Plan>(it).ok()) else {
            continue;
        };
        next.extend(nested(&inner).into_iter().cloned());
        found.insert(digest, Arc::new(inner));
    }
    found
}

impl Suite<'_> {
    /// What breaks in the blueprints that the nodes of this are made of: of each node the first.
    pub(super) fn inside(&self, topology: &Topology, test: Place) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let mut left = MOST;
        self.look(topology, test, (0, &mut left), &mut found);
        found
    }

    fn look(
        &self,
        topology: &Topology,
        test: Place,
        (depth, left): (usize, &mut usize),
        found: &mut Vec<Diagnostic>,
    ) {
        let plan = topology.plan();
        let mut broken: BTreeSet<&str> = BTreeSet::new();
        for id in topology.instances().iter().map(|instance| &instance.id) {
            let Some((node, inner)) = self.made_of(plan, id) else { continue };
            if broken.contains(id.node.as_str()) {
                continue;
            }
            if *left == 0 || depth >= MOST_NESTED {
                return;
            }
            *left -= 1;
            let given = given(topology, (id, node), inner);
            let Expanded { topology: inside, problems } = expanded(topology, id, inner, &given);
            let before = found.len();
            if let Some(problem) = problems.iter().find(|it| !it.is_warning) {
                let guilty = given.values.keys().find(|input| {
                    let others = given.without(input, inner);
                    node.properties.contains_key(input)
                        && !shows(&expanded(topology, id, inner, &others), problem)
                });
                let span = blame(plan, &id.node, guilty.map(String::as_str));
                let at = self.place(plan, span);
                let breaks = self.place(inner, problem.span);
                let name = id.to_string();
                let names = [name.as_str(), inner.blueprint.name.as_str()];
                found.push(says::broken_inside(problem, names, (at, breaks), test));
            } else if let Some(mut inside) = inside {
                inside.expect();
                self.look(&inside, test, (depth + 1, left), found);
            }
            if found.len() > before {
                broken.insert(id.node.as_str());
            }
        }
    }

    /// The node of an instance, and the plan that it is made of, where it is made of one.
    fn made_of<'p>(&'p self, plan: &'p Plan, id: &InstanceId) -> Option<(&'p Node, &'p Arc<Plan>)> {
        let node = plan.nodes.get(&id.node)?;
        let kind = node.substituted_by.as_ref().unwrap_or(&node.kind);
        let digest = plan.node_types.get(kind)?.blueprint.as_ref()?.plan.as_ref()?;
        Some((node, self.plans.get(digest)?))
    }
}

impl Given {
    /// With the default of an input in the place of its value; where it has none, with neither.
    fn without(&self, input: &str, inner: &Plan) -> Self {
        let mut given = self.clone();
        given.values.remove(input);
        if inner.inputs.get(input).is_none_or(|declared| declared.default.is_none()) {
            given.open.insert(input.to_owned());
        }
        given
    }
}

/// What an instance gives, as far as it is known. What it leaves out is for the blueprint's defaults, or for those of
/// the type that the blueprint stands for.
fn given(topology: &Topology, (id, node): (&InstanceId, &Node), inner: &Plan) -> Given {
    let kind = topology.plan().node_types.get(&node.kind).filter(|_| node.substituted_by.is_some());
    let mut given = Given::default();
    for input in inner.inputs.keys() {
        let declared = kind.and_then(|kind| kind.properties.get(input));
        let has_default = declared.is_some_and(|declared| declared.default.is_some());
        if !node.properties.contains_key(input) && !has_default {
            continue;
        }
        let of = Box::new(this(id));
        let (outcome, _) = topology.evaluate(&Expr::Field { of, name: input.clone(), safe: false });
        match outcome {
            Ok(Outcome::Value(value)) => drop(given.values.insert(input.clone(), value)),
            // What is wrong with it is told of the node itself.
            _ => drop(given.open.insert(input.clone())),
        }
    }
    given
}

/// An instance, as an expression names it.
fn this(id: &InstanceId) -> Expr {
    let node = Expr::Node(id.node.clone());
    match &id.key {
        None => node,
        Some(key) => Expr::Index {
            of: Box::new(node),
            key: Box::new(Expr::Value(Value::String(key.clone()))),
            safe: false,
        },
    }
}

/// The plan inside with these inputs, and with the inventory of the test.
fn expanded(topology: &Topology, id: &InstanceId, inner: &Arc<Plan>, given: &Given) -> Expanded {
    let inventory = Arc::new(topology.inventory().clone());
    let identity = Identity { id: "test".to_owned(), name: id.to_string() };
    let values = (&given.values, given.open.clone());
    Topology::expand_within(inner, values, inventory, identity, Secrets::veiled())
}

/// Whether the same is wrong there.
fn shows(expanded: &Expanded, problem: &Problem) -> bool {
    expanded.problems.iter().any(|it| (it.code, it.span) == (problem.code, problem.span))
}
