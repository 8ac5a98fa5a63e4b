//! Secrets in what is journaled: in the place of each secret part of an instance's subject stands a
//! keyed hash of it, enough to see that it changed, of no use to whoever reads the journal without
//! the key.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fmt::Write as _;

use bp_topology::{Made, Property, Secrets};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value as Json, json};
use sha2::Sha256;

/// What stands in the place of a secret part: `{"$secret": {"of": ["db_password"], "hash": "…"}}`.
pub const MARK: &str = "$secret";

/// What is really to be applied of properties with secret parts. Never journaled, never shown.
#[derive(Clone, Default, PartialEq)]
pub struct Revealed {
    /// Whole properties, by name.
    pub properties: BTreeMap<String, Json>,
    /// Which parts of them are secret: `parameters.Password`.
    pub paths: BTreeSet<String>,
    /// What is made of secrets in them.
    pub made: Box<Made>,
}

impl fmt::Debug for Revealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revealed").field("paths", &self.paths).finish_non_exhaustive()
    }
}

impl Revealed {
    /// Takes in a property; gives what may be written down of it.
    pub(crate) fn shown(&mut self, key: &[u8], name: &str, property: Property) -> Json {
        match property {
            Property::Plain(value) => value,
            Property::Secret { open, of, parts, made } => {
                self.made.extend(made);
                self.add(key, name, open, &of, &parts)
            }
        }
    }

    /// Takes in a property with secret parts; gives it with marks in their places.
    pub(crate) fn add(
        &mut self,
        key: &[u8],
        name: &str,
        open: Json,
        of: &BTreeSet<String>,
        parts: &[Vec<String>],
    ) -> Json {
        let mut marked = open.clone();
        for path in parts {
            let part = path.iter().try_fold(&mut marked, |part, step| part.get_mut(step));
            if let Some(part) = part {
                *part = json!({ MARK: { "of": of, "hash": hash(key, part) } });
            }
            let mut whole = vec![name];
            whole.extend(path.iter().map(String::as_str));
            self.paths.insert(whole.join("."));
        }
        self.properties.insert(name.to_owned(), open);
        marked
    }
}

/// Puts the secrets back into what was written down with marks in their places: those that are the
/// secret by itself, by the secrets that are known now. Else the sentence that says what is missing.
pub fn reveal(
    properties: &BTreeMap<String, Json>,
    secrets: &Secrets,
) -> Result<Revealed, (String, Option<String>)> {
    let mut revealed = Revealed::default();
    for (name, property) in properties {
        let mut open = property.clone();
        let mut path = vec![name.clone()];
        unmark(&mut open, secrets, &mut path, &mut revealed.paths)?;
        if open != *property {
            revealed.properties.insert(name.clone(), open);
        }
    }
    Ok(revealed)
}

fn unmark(
    json: &mut Json,
    secrets: &Secrets,
    path: &mut Vec<String>,
    paths: &mut BTreeSet<String>,
) -> Result<(), (String, Option<String>)> {
    if let Some(mark) = json.get(MARK) {
        let names: Vec<String> = mark
            .get("of")
            .and_then(Json::as_array)
            .map(|names| names.iter().filter_map(Json::as_str).map(str::to_owned).collect())
            .unwrap_or_default();
        let wanted = mark.get("hash").and_then(Json::as_str).unwrap_or_default();
        let known: Vec<Json> = names.iter().filter_map(|name| secrets.json(name)).collect();
        let same = known.iter().position(|value| hash(secrets.key(), value) == wanted);
        // One that was given another value since is the same secret all the same.
        let found =
            known.into_iter().nth(same.unwrap_or(0)).filter(|_| same.is_some() || names.len() == 1);
        let Some(found) = found else {
            let shown = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let help = names.iter().find_map(|name| secrets.missing(name)).cloned();
            let why = names.iter().find_map(|name| secrets.why(name));
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            return Err((
                format!("it is called with the secret {shown}, which is not known here{why}"),
                help,
            ));
        };
        paths.insert(path.join("."));
        *json = found;
        return Ok(());
    }
    match json {
        Json::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                path.push(at.to_string());
                unmark(item, secrets, path, paths)?;
                path.pop();
            }
        }
        Json::Object(entries) => {
            for (key, entry) in entries {
                path.push(key.clone());
                unmark(entry, secrets, path, paths)?;
                path.pop();
            }
        }
        _ => {}
    }
    Ok(())
}

/// A keyed hash of a value.
pub(crate) fn hash(key: &[u8], value: &Json) -> String {
    // A key of any length will do.
    let Ok(mut hash) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    hash.update(value.to_string().as_bytes());
    hash.finalize().into_bytes().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
