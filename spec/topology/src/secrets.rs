//! The values of secrets, while a process holds them: given by whoever knows them, never written anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bp_eval::{Verdict, check_secret};
use bp_plan::{Plan, Type, Value};
use serde_json::Value as Json;

use crate::problem::Problem;
use crate::world::World;

/// The values of a plan's secrets, as far as they are known.
#[derive(Clone, Default, PartialEq)]
pub struct Secrets {
    values: BTreeMap<String, Value>,
    /// What to do about those that are not known, by name.
    missing: BTreeMap<String, String>,
    /// Why they are not known, where more is to be said than that nobody set them.
    failed: BTreeMap<String, String>,
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

    /// With a value that is no secret to who asks: a test's.
    pub fn give(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    /// With one that an operation gave or a node reports.
    pub fn know(&mut self, name: &str, value: Value) {
        self.failed.remove(name);
        self.missing.remove(name);
        self.values.insert(name.to_owned(), value);
    }

    /// Whether this one has a value.
    pub fn knows(&self, name: &str) -> bool {
        self.values.contains_key(name)
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

    /// One whose source does not tell it: why, and what to do.
    pub fn fail(&mut self, name: &str, why: String, help: String) {
        self.failed.insert(name.to_owned(), why);
        self.missing.insert(name.to_owned(), help);
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

    /// A secret's value as plain JSON: never to be written or shown.
    pub fn json(&self, name: &str) -> Option<Json> {
        self.values.get(name).and_then(|value| bp_eval::to_json(value).ok())
    }

    /// The key of the hashes that stand in the place of secrets, for whoever makes them.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Their hashes are made with this key from here on.
    pub fn compare_by(&mut self, key: &[u8]) {
        self.key = key.to_vec();
    }

    /// Why one is not known, where more is to be said than that.
    pub fn why(&self, name: &str) -> Option<&String> {
        self.failed.get(name)
    }

    /// What to do about one that is not known.
    pub fn missing(&self, name: &str) -> Option<&String> {
        self.missing.get(name)
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
    for (name, secret) in &plan.secrets {
        let Some(value) = world.secrets.values.get(name) else {
            if world.secrets.is_veiled {
                continue;
            }
            let message = if world.secrets.malformed.contains(name) {
                format!("the secret `{name}` is no {}", secret.kind)
            } else if let Some(why) = world.secrets.failed.get(name) {
                format!("the secret `{name}` is not known: {why}")
            } else {
                format!("the secret `{name}` is not set")
            };
            let problem = Problem::error(message);
            let help = world.secrets.missing.get(name).cloned();
            problems.push(Problem { help, ..problem.at(secret.span) });
            continue;
        };
        for constraint in &secret.constraints {
            let Verdict::Broken(message) = check_secret(constraint, value, &world.outside(), &[])
            else {
                continue;
            };
            let message = format!("the secret `{name}`: {message}");
            problems.push(Problem::error(message).code("E3028").at(constraint.span));
        }
    }
    problems
}
