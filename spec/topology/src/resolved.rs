//! An instance with all of its properties resolved, as far as they are known.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bp_eval::{ErrorKind, EvalError, Outcome, ValueError, Verdict, check_constraint};
use bp_plan::{Entry, Expr, FileRef, Type, Value};
use serde_json::Value as Json;

use crate::made::Made;
use crate::problem::code_of;
use crate::topology::{InstanceId, Topology};
use crate::world::{Met, World, known};

/// What is wanted of an instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// Its node type, by full name.
    pub node_type: String,
    /// The types that this extends, nearest first.
    pub extends: Vec<String>,
    /// The provider that keeps it; empty for a logical node.
    pub provider: String,
    /// Its properties; those that are not set are left out.
    pub properties: BTreeMap<String, Property>,
    /// The properties of its account; none where it has none of its own.
    pub account: Option<BTreeMap<String, Json>>,
    /// The files among the properties, by the JSON pointer that leads to each (`/template`).
    pub files: BTreeMap<String, FileRef>,
    /// Labels of blueprint and node.
    pub labels: BTreeMap<String, String>,
}

/// The value of a property.
#[derive(Clone, PartialEq)]
pub enum Property {
    /// Without a secret.
    Plain(Json),
    /// With secret parts: never to be written or shown as it is.
    Secret {
        /// The whole, with secrets as their values.
        open: Json,
        /// The secrets that it has parts of.
        of: BTreeSet<String>,
        /// The way to each secret part; an empty one is the whole.
        parts: Vec<Vec<String>>,
        /// What is made of the secrets in it.
        made: Made,
    },
}

impl fmt::Debug for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(value) => f.debug_tuple("Plain").field(value).finish(),
            Self::Secret { of, parts, .. } => f
                .debug_struct("Secret")
                .field("of", of)
                .field("parts", parts)
                .finish_non_exhaustive(),
        }
    }
}

/// An instance as far as it is known before others report.
#[derive(Clone, Debug, PartialEq)]
pub struct Partly {
    /// What is known; without an account where that is not.
    pub known: Resolved,
    /// The properties that are not known yet, each with the instances that it waits for; `account` stands for
    /// all of the account's.
    pub unknown: BTreeMap<String, BTreeSet<InstanceId>>,
}

/// Why an instance can't be resolved. It will not pass by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Its code in the catalogue of diagnostics.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The property that it is about, as a path: `ports[0].port`.
    pub property: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Flaw {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), property: None, help: None }
    }
}

/// The instance with all of its properties; none where some are not known yet.
pub(crate) fn whole(topology: &Topology, id: &InstanceId) -> Result<Option<Resolved>, Flaw> {
    partly(topology, id).map(|partly| partly.unknown.is_empty().then_some(partly.known))
}

/// The instance as far as it is known.
pub(crate) fn partly(topology: &Topology, id: &InstanceId) -> Result<Partly, Flaw> {
    let world = &topology.world;
    let plan = &world.plan;
    let stranger = || Flaw::new("E7083", format!("the plan does not know `{id}`"));
    let node = plan.nodes.get(&id.node).ok_or_else(stranger)?;
    let node_type = plan.node_types.get(&node.kind).ok_or_else(stranger)?;
    let mut properties = BTreeMap::new();
    let mut files = BTreeMap::new();
    // All are asked, so that all that is still missing is noted at once.
    let mut unknown = BTreeMap::new();
    for (name, declared) in &node_type.properties {
        let refuse = |error: &EvalError| Flaw {
            property: Some(name.clone()),
            ..Flaw::new(code_of(error), format!("`{id}.{name}`: {error}"))
        };
        let (outcome, reads) = world.reading(|| world.property(id, name));
        let missing = reads.missing.clone();
        world.note(reads);
        let outcome = outcome.map_err(|e| {
            let part = node.properties.get(name).and_then(|set| wrong_part(world, id, &set.value));
            let property = part.map_or_else(|| name.clone(), |part| format!("{name}.{part}"));
            Flaw { property: Some(property), ..refuse(&e) }
        })?;
        match outcome {
            Outcome::Unknown => drop(unknown.insert(name.clone(), missing)),
            Outcome::Secret(_) if world.secrets.is_veiled() => {
                world.note_veil();
                unknown.insert(name.clone(), missing);
            }
            Outcome::Secret(of) => match revealed(world, id, name, of)? {
                Some(property) => drop(properties.insert(name.clone(), property)),
                None => drop(unknown.insert(name.clone(), missing)),
            },
            Outcome::Value(Value::Null) if declared.kind != Type::Json => {}
            Outcome::Value(value) => {
                let json = bp_eval::to_json(&value).map_err(|e| refuse(&no_json(&e)))?;
                files_in(&value, &step("", name), &mut files);
                properties.insert(name.clone(), Property::Plain(json));
            }
        }
    }
    let labels = labels(topology, id)?;
    for constraint in node_type.constraints.iter().chain(&node.constraints) {
        let value = Value::Reference(id.reference());
        match check_constraint(constraint, &value, &world.site(id)) {
            Ok(Verdict::Broken(message)) => {
                return Err(Flaw::new("E4023", format!("`{id}`: {message}")));
            }
            Ok(_) => {}
            Err(error) => return Err(Flaw::new(code_of(&error), format!("`{id}`: {error}"))),
        }
    }
    world.check_links(id)?;
    let (account, reads) = world.reading(|| account(topology, id));
    let missing = reads.missing.clone();
    world.note(reads);
    let account = match account? {
        Account::Unknown => {
            unknown.insert("account".to_owned(), missing);
            None
        }
        Account::None => None,
        Account::Known(account) => Some(account),
    };
    let provider = node_type.provider.clone().unwrap_or_default();
    let extends = node_type.extends.clone();
    let node_type = node.kind.clone();
    let known = Resolved { node_type, extends, provider, properties, account, files, labels };
    Ok(Partly { known, unknown })
}

/// A property with secrets as their values. None where it still needs what others report.
fn revealed(
    world: &World,
    id: &InstanceId,
    name: &str,
    of: BTreeSet<String>,
) -> Result<Option<Property>, Flaw> {
    let refuse = |help: Option<&String>| {
        let names = of.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        Flaw {
            code: "E3028",
            property: Some(name.to_owned()),
            help: help.cloned(),
            // What exactly is wrong could say what the secret is.
            message: format!("`{id}.{name}` has no value of its type with the secret {names}"),
        }
    };
    if let Some(lacking) = of.iter().find(|name| world.secrets.missing(name).is_some()) {
        let flaw = refuse(world.secrets.missing(lacking));
        return Err(match world.secrets.why(lacking) {
            Some(why) => Flaw {
                message: format!("`{id}.{name}` needs a secret that is not known: {why}"),
                ..flaw
            },
            None => flaw,
        });
    }
    let open = match world.revealing(|| world.property(id, name)) {
        Ok(Outcome::Value(value)) => bp_eval::to_json(&value).map_err(|_| refuse(None))?,
        Ok(Outcome::Unknown) => return Ok(None),
        Ok(Outcome::Secret(_)) | Err(_) => return Err(refuse(None)),
    };
    let made = world.tracing(|| world.property(id, name));
    let mut parts = Vec::new();
    let set = world.plan.nodes.get(&id.node).and_then(|node| node.properties.get(name));
    match set {
        Some(set) => {
            let evaluate = |expr: &Expr| world.evaluate(id, expr);
            secret_parts(&evaluate, &set.value, Vec::new(), &mut parts);
        }
        None => parts.push(Vec::new()),
    }
    Ok(Some(Property::Secret { open, of, parts, made }))
}

/// The innermost entries of a record, as written, that have secret parts.
pub(crate) fn secret_parts(
    evaluate: &dyn Fn(&Expr) -> Result<Outcome, EvalError>,
    expr: &Expr,
    path: Vec<String>,
    found: &mut Vec<Vec<String>>,
) {
    let Expr::Record(entries) = expr else {
        found.push(path);
        return;
    };
    let is_secret =
        |expr: &Expr| !matches!(evaluate(expr), Ok(Outcome::Value(_) | Outcome::Unknown));
    let mut inner = Vec::new();
    for entry in entries {
        match entry {
            Entry::One(key, value) if is_secret(value) => {
                let mut path = path.clone();
                path.push(key.clone());
                secret_parts(evaluate, value, path, &mut inner);
            }
            // Which of its entries count is not plain: all of them are kept.
            Entry::Spread(value) if is_secret(value) => {
                found.push(path);
                return;
            }
            _ => {}
        }
    }
    found.append(&mut inner);
}

fn no_json(error: &ValueError) -> EvalError {
    EvalError::new(ErrorKind::WrongType, error.to_string())
}

enum Account {
    None,
    Unknown,
    Known(BTreeMap<String, Json>),
}

/// The properties of the node that meets the requirement `account`.
fn account(topology: &Topology, id: &InstanceId) -> Result<Account, Flaw> {
    let world = &topology.world;
    let refuse =
        |error: &EvalError| Flaw::new(code_of(error), format!("`{id}`: its account: {error}"));
    let of_part = |name: &str, error: &EvalError| {
        let message = format!("`{name}`: {error}");
        refuse(&EvalError { kind: error.kind, message })
    };
    let Met::By(met) = world.requirement(id, "account").map_err(|e| refuse(&e))? else {
        return Ok(Account::Unknown);
    };
    let Some(account) = met.first().and_then(InstanceId::of) else { return Ok(Account::None) };
    let node = world.plan.nodes.get(&account.node);
    let node_type = node.and_then(|node| world.plan.node_types.get(&node.kind));
    let mut properties = BTreeMap::new();
    for name in node_type.into_iter().flat_map(|kind| kind.properties.keys()) {
        match world.property(&account, name).map_err(|e| of_part(name, &e))? {
            Outcome::Unknown => return Ok(Account::Unknown),
            Outcome::Value(Value::Null) => {}
            outcome => {
                let value = known(outcome).map_err(|e| of_part(name, &e))?;
                let json = bp_eval::to_json(&value).map_err(|e| refuse(&no_json(&e)))?;
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
pub(crate) fn files_in(value: &Value, at: &str, found: &mut BTreeMap<String, FileRef>) {
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

fn labels(topology: &Topology, id: &InstanceId) -> Result<BTreeMap<String, String>, Flaw> {
    let world = &topology.world;
    let refuse = |name: &str, error: &EvalError| {
        Flaw::new(code_of(error), format!("`{id}`: its label `{name}`: {error}"))
    };
    let text = |name: &str, outcome: Result<Outcome, EvalError>| {
        let value = outcome.and_then(known).map_err(|e| refuse(name, &e))?;
        bp_eval::scalar_text(&value).map_err(|e| refuse(name, &e))
    };
    let mut labels = BTreeMap::new();
    for (name, expr) in &world.plan.blueprint.labels {
        labels.insert(name.clone(), text(name, bp_eval::evaluate(expr, &world.outside()))?);
    }
    let node = world.plan.nodes.get(&id.node);
    let Some(own) = node.and_then(|node| node.labels.as_ref()) else { return Ok(labels) };
    let own = world.evaluate(id, own).and_then(known);
    let refuse_all =
        |error: &EvalError| Flaw::new(code_of(error), format!("`{id}`: its labels: {error}"));
    match own.map_err(|e| refuse_all(&e))? {
        Value::Map(own) => {
            for (name, value) in own {
                let value = text(&name, Ok(Outcome::Value(value)))?;
                labels.insert(name, value);
            }
            Ok(labels)
        }
        _ => Err(refuse_all(&EvalError::wrong_type("they are no map"))),
    }
}
