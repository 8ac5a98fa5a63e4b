//! The values of secrets, while a process holds them: given by whoever runs the engine, never journaled.
//!
//! An instance's subject has, in the place of each secret part, a keyed hash of it: enough to see that it
//! changed, of no use to whoever reads the journal without the key.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fmt::Write as _;

use bp_eval::{Outcome, Verdict, check_constraint};
use bp_plan::{Entry, Expr, Plan, Type, Value};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value as Json, json};
use sha2::Sha256;

use crate::event::Failure;
use crate::problem::Problem;
use crate::topology::InstanceId;
use crate::world::World;

/// What stands in the place of a secret part: `{"$secret": {"of": ["db_password"], "hash": "…"}}`.
pub const MARK: &str = "$secret";

/// The values of a plan's secrets, as far as they are known.
#[derive(Clone, Default, PartialEq)]
pub struct Secrets {
    values: BTreeMap<String, Value>,
    /// What to do about those that are not known, by name.
    missing: BTreeMap<String, String>,
    /// Those whose text is of another type.
    malformed: BTreeSet<String>,
    key: Vec<u8>,
    is_veiled: bool,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").field("names", &self.values.keys()).finish_non_exhaustive()
    }
}

impl Secrets {
    /// Without any value, for those who only look: what needs one is left open, and no mistake.
    pub fn veiled() -> Self {
        Self { is_veiled: true, ..Self::default() }
    }

    /// None yet, with the key of the hashes that stand in their place.
    pub fn new(key: Vec<u8>) -> Self {
        Self { key, ..Self::default() }
    }

    /// With a value as text, as it stands in its source: an environment variable, say.
    pub fn add(&mut self, plan: &Plan, name: &str, text: &str, from: &str) {
        let Some(secret) = plan.secrets.get(name) else { return };
        if let Ok(value) = bp_eval::parse_input(text, &secret.kind, &plan.data_types) {
            self.values.insert(name.to_owned(), value);
        } else {
            // What the error says of the text is not for anybody's eyes.
            self.missing.insert(name.to_owned(), format!("give it a value of that type in {from}"));
            self.malformed.insert(name.to_owned());
        }
    }

    /// One that is not known, and what to do about it.
    pub fn miss(&mut self, plan: &Plan, name: &str, help: String) {
        match plan.secrets.get(name) {
            Some(secret) if matches!(secret.kind, Type::Optional(_)) => {
                self.values.insert(name.to_owned(), Value::Null);
            }
            _ => drop(self.missing.insert(name.to_owned(), help)),
        }
    }

    /// Each text that must not be seen, with the name of its secret.
    pub fn texts(&self) -> Vec<(&str, String)> {
        let mut texts = Vec::new();
        for (name, value) in &self.values {
            gather(name, value, &mut texts);
        }
        texts
    }

    pub(crate) fn is_veiled(&self) -> bool {
        self.is_veiled
    }

    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    fn hash(&self, value: &Json) -> String {
        // A key of any length will do.
        let Ok(mut hash) = Hmac::<Sha256>::new_from_slice(&self.key) else { return String::new() };
        hash.update(value.to_string().as_bytes());
        hash.finalize().into_bytes().iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

fn gather<'s>(name: &'s str, value: &Value, texts: &mut Vec<(&'s str, String)>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::List(items) => items.iter().for_each(|item| gather(name, item, texts)),
        Value::Map(entries) => entries.values().for_each(|item| gather(name, item, texts)),
        scalar => texts.extend(bp_eval::scalar_text(scalar).ok().map(|text| (name, text))),
    }
}

/// All that is wrong with the secrets.
pub(crate) fn check(world: &World) -> Vec<Problem> {
    let plan = &world.plan;
    let mut problems = Vec::new();
    if world.secrets.is_veiled {
        return problems;
    }
    for (name, secret) in &plan.secrets {
        let Some(value) = world.secrets.values.get(name) else {
            let message = if world.secrets.malformed.contains(name) {
                format!("the secret `{name}` is no {}", secret.kind)
            } else {
                format!("the secret `{name}` is not set")
            };
            let problem = Problem::error(message);
            let help = world.secrets.missing.get(name).cloned();
            problems.push(Problem { help, ..problem.at(secret.span) });
            continue;
        };
        for constraint in &secret.constraints {
            // A message of the author's own can't show the value; one of ours would.
            let message = match check_constraint(constraint, value, &world.outside()) {
                Ok(Verdict::Holds | Verdict::Open) => continue,
                Ok(Verdict::Broken(message)) if constraint.message.is_some() => message,
                _ => format!("it does not meet `where {}`", constraint.text),
            };
            let message = format!("the secret `{name}`: {message}");
            problems.push(Problem::error(message).at(constraint.span));
        }
    }
    problems
}

/// What is really to be applied of properties with secret parts. Never journaled, never shown.
#[derive(Clone, Default, PartialEq)]
pub struct Revealed {
    /// Whole properties, by name.
    pub properties: BTreeMap<String, Json>,
    /// Which parts of them are secret: `parameters.Password`.
    pub paths: BTreeSet<String>,
}

impl fmt::Debug for Revealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revealed").field("paths", &self.paths).finish_non_exhaustive()
    }
}

impl Revealed {
    /// Takes in a property with secret parts; gives it with marks in their places. None where it
    /// still needs what others report.
    pub(crate) fn add(
        &mut self,
        world: &World,
        id: &InstanceId,
        name: &str,
        of: &BTreeSet<String>,
    ) -> Result<Option<Json>, Failure> {
        let refuse = |help: Option<&String>| {
            let names = of.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            Failure {
                property: Some(name.to_owned()),
                help: help.cloned(),
                // What exactly is wrong could say what the secret is.
                ..Failure::permanent(format!(
                    "`{id}.{name}` has no value of its type with the secret {names}"
                ))
            }
        };
        if let Some(help) = of.iter().find_map(|name| world.secrets.missing.get(name)) {
            return Err(refuse(Some(help)));
        }
        let open = match world.revealing(|| world.property(id, name)) {
            Ok(Outcome::Value(value)) => bp_eval::to_json(&value).map_err(|_| refuse(None))?,
            Ok(Outcome::Unknown) => return Ok(None),
            Ok(Outcome::Secret(_)) | Err(_) => return Err(refuse(None)),
        };
        let mut paths = Vec::new();
        let set = world.plan.nodes.get(&id.node).and_then(|node| node.properties.get(name));
        match set {
            Some(set) => secret_parts(world, id, &set.value, Vec::new(), &mut paths),
            None => paths.push(Vec::new()),
        }
        let mut marked = open.clone();
        for path in &paths {
            let part = path.iter().try_fold(&mut marked, |part, key| part.get_mut(key));
            if let Some(part) = part {
                *part = json!({ MARK: { "of": of, "hash": world.secrets.hash(part) } });
            }
            let mut whole = vec![name];
            whole.extend(path.iter().map(String::as_str));
            self.paths.insert(whole.join("."));
        }
        self.properties.insert(name.to_owned(), open);
        Ok(Some(marked))
    }
}

/// The innermost entries of a record, as written, that have secret parts.
fn secret_parts(
    world: &World,
    id: &InstanceId,
    expr: &Expr,
    path: Vec<String>,
    found: &mut Vec<Vec<String>>,
) {
    let Expr::Record(entries) = expr else {
        found.push(path);
        return;
    };
    let is_secret =
        |expr: &Expr| !matches!(world.evaluate(id, expr), Ok(Outcome::Value(_) | Outcome::Unknown));
    let mut inner = Vec::new();
    for entry in entries {
        match entry {
            Entry::One(key, value) if is_secret(value) => {
                let mut path = path.clone();
                path.push(key.clone());
                secret_parts(world, id, value, path, &mut inner);
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
