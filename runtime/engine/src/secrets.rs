//! Secrets in what is journaled: in the place of each secret part of an instance's subject stands a
//! keyed hash of it, enough to see that it changed, of no use to whoever reads the journal without
//! the key.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fmt::Write as _;

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
}

impl fmt::Debug for Revealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revealed").field("paths", &self.paths).finish_non_exhaustive()
    }
}

impl Revealed {
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

fn hash(key: &[u8], value: &Json) -> String {
    // A key of any length will do.
    let Ok(mut hash) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    hash.update(value.to_string().as_bytes());
    hash.finalize().into_bytes().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
