//! An instance as its provider is to see it: all of its properties, resolved.

use std::collections::BTreeMap;

use bp_eval::{EvalError, Outcome, Verdict, check_constraint};
use bp_plan::{Entry, Expr, FileRef, Type, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::event::Failure;
use crate::secrets::Revealed;
use crate::topology::{InstanceId, Topology};
use crate::world::{Reads, World, known};

/// What is wanted of an instance. Kept as a blob; its digest tells whether anything changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its node type, by full name.
    pub node_type: String,
    /// The provider that keeps it.
    pub provider: String,
    /// Its properties; in the place of each secret part stands a mark with a keyed hash of it.
    pub properties: BTreeMap<String, Json>,
    /// The properties of its account; none where it has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<BTreeMap<String, Json>>,
    /// The files among the properties, by the JSON pointer that leads to each (`/template`): there
    /// stands its path and digest; whoever performs the step puts the content beside them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, FileRef>,
    /// Labels of blueprint and node.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The properties with secret parts as they really are.
    #[serde(skip)]
    pub revealed: Revealed,
}

/// The instance as far as it is known: `None` where it still needs what others report. Beside it
/// what it read of others.
pub(crate) fn resolve(
    topology: &Topology,
    id: &InstanceId,
) -> (Result<Option<Subject>, Failure>, Reads) {
    topology.world.reading(|| whole(topology, id))
}

fn whole(topology: &Topology, id: &InstanceId) -> Result<Option<Subject>, Failure> {
    let world = &topology.world;
    let plan = &world.plan;
    let unknown = || Failure::permanent(format!("the plan does not know `{id}`"));
    let node = plan.nodes.get(&id.node).ok_or_else(unknown)?;
    let node_type = plan.node_types.get(&node.kind).ok_or_else(unknown)?;
    let (mut properties, mut revealed) = (BTreeMap::new(), Revealed::default());
    let mut files = BTreeMap::new();
    // All are asked, so that all that is still missing is noted at once.
    let mut waits = false;
    for (name, declared) in &node_type.properties {
        let refuse = |error: String| Failure {
            property: Some(name.clone()),
            ..Failure::permanent(format!("`{id}.{name}`: {error}"))
        };
        let outcome = world.property(id, name).map_err(|e| {
            let part = node.properties.get(name).and_then(|set| wrong_part(world, id, &set.value));
            let property = part.map_or_else(|| name.clone(), |part| format!("{name}.{part}"));
            Failure { property: Some(property), ..refuse(e.message) }
        })?;
        match outcome {
            Outcome::Unknown => waits = true,
            Outcome::Secret(_) if world.secrets.is_veiled() => {
                world.note_veil();
                waits = true;
            }
            Outcome::Secret(of) => match revealed.add(world, id, name, &of)? {
                Some(marked) => drop(properties.insert(name.clone(), marked)),
                None => waits = true,
            },
            Outcome::Value(Value::Null) if declared.kind != Type::Json => {}
            Outcome::Value(value) => {
                let json = bp_eval::to_json(&value).map_err(|e| refuse(e.to_string()))?;
                files_in(&value, &step("", name), &mut files);
                properties.insert(name.clone(), json);
            }
        }
    }
    let labels = labels(topology, id)?;
    for constraint in &node_type.constraints {
        let value = Value::Reference(id.reference());
        match check_constraint(constraint, &value, &world.site(id)) {
            Ok(Verdict::Broken(message)) => {
                return Err(Failure::permanent(format!("`{id}`: {message}")));
            }
            Ok(_) => {}
            Err(error) => return Err(Failure::permanent(format!("`{id}`: {error}"))),
        }
    }
    let account = match account(topology, id)? {
        Account::Unknown => return Ok(None),
        Account::None => None,
        Account::Known(account) => Some(account),
    };
    let provider = node_type.provider.clone().unwrap_or_default();
    let node_type = node.kind.clone();
    let subject = Subject { node_type, provider, properties, account, files, labels, revealed };
    Ok((!waits).then_some(subject))
}

enum Account {
    None,
    Unknown,
    Known(BTreeMap<String, Json>),
}

/// The properties of the node that meets the requirement `account`.
fn account(topology: &Topology, id: &InstanceId) -> Result<Account, Failure> {
    let world = &topology.world;
    let refuse = |error: String| Failure::permanent(format!("`{id}`: its account: {error}"));
    let met = world.requirement(id, "account").map_err(|e| refuse(e.message))?;
    let Some(account) = met.first().and_then(InstanceId::of) else { return Ok(Account::None) };
    let node = world.plan.nodes.get(&account.node);
    let node_type = node.and_then(|node| world.plan.node_types.get(&node.kind));
    let mut properties = BTreeMap::new();
    for name in node_type.into_iter().flat_map(|kind| kind.properties.keys()) {
        match world.property(&account, name).map_err(|e| refuse(format!("`{name}`: {e}")))? {
            Outcome::Unknown => return Ok(Account::Unknown),
            Outcome::Value(Value::Null) => {}
            outcome => {
                let value = known(outcome).map_err(|e| refuse(format!("`{name}`: {e}")))?;
                let json = bp_eval::to_json(&value).map_err(|e| refuse(e.to_string()))?;
                properties.insert(name.clone(), json);
            }
        }
    }
    Ok(Account::Known(properties))
}

/// The innermost entry of a record, as written, that has no value, as a path; none where it is the whole.
fn wrong_part(world: &World, id: &InstanceId, expr: &Expr) -> Option<String> {
    let Expr::Record(entries) = expr else { return None };
    entries.iter().find_map(|entry| match entry {
        Entry::One(key, value) if world.evaluate(id, value).is_err() => {
            let inner = wrong_part(world, id, value);
            Some(inner.map_or_else(|| key.clone(), |inner| format!("{key}.{inner}")))
        }
        _ => None,
    })
}

/// The files in a value, by their pointers.
fn files_in(value: &Value, at: &str, found: &mut BTreeMap<String, FileRef>) {
    match value {
        Value::File(file) => {
            found.insert(at.to_owned(), file.clone());
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                files_in(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Map(entries) => {
            for (key, entry) in entries {
                files_in(entry, &step(at, key), found);
            }
        }
        _ => {}
    }
}

/// One step further along a JSON pointer.
fn step(at: &str, key: &str) -> String {
    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))
}

fn labels(topology: &Topology, id: &InstanceId) -> Result<BTreeMap<String, String>, Failure> {
    let world = &topology.world;
    let refuse = |name: &str, error: String| {
        Failure::permanent(format!("`{id}`: its label `{name}`: {error}"))
    };
    let text = |name: &str, outcome: Result<Outcome, EvalError>| {
        let value = outcome.and_then(known).map_err(|e| refuse(name, e.message))?;
        bp_eval::scalar_text(&value).map_err(|e| refuse(name, e.message))
    };
    let mut labels = BTreeMap::new();
    for (name, expr) in &world.plan.blueprint.labels {
        labels.insert(name.clone(), text(name, bp_eval::evaluate(expr, &world.outside()))?);
    }
    let node = world.plan.nodes.get(&id.node);
    let Some(own) = node.and_then(|node| node.labels.as_ref()) else { return Ok(labels) };
    let own = world.evaluate(id, own).and_then(known);
    match own.map_err(|e| Failure::permanent(format!("`{id}`: its labels: {}", e.message)))? {
        Value::Map(own) => {
            for (name, value) in own {
                let value = text(&name, Ok(Outcome::Value(value)))?;
                labels.insert(name, value);
            }
            Ok(labels)
        }
        _ => Err(Failure::permanent(format!("`{id}`: its labels are no map"))),
    }
}

impl Subject {
    /// Its canonical bytes.
    pub fn bytes(&self) -> Vec<u8> {
        // Strings, numbers and maps with string keys are always JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
