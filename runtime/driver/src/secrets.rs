//! Where the values of secrets come from, and how they are kept from being seen.

use std::collections::BTreeSet;

use async_trait::async_trait;
use base64::Engine as _;
use bp_plan::Plan;
use bp_topology::{Made, Secrets};
use serde_json::Value as Json;

/// Gives secrets at the moment of their use. It must never write them anywhere.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// Asks for the secrets of this plan, where that takes time; [`Self::secrets`] gives what was told.
    async fn ask(&self, _plan: &Plan) {}

    /// The secrets of this plan, as far as they are known; of the others, what to do.
    fn secrets(&self, plan: &Plan) -> Secrets;

    /// Whether there is, or can be, a key by which what is secret of results is sealed.
    fn can_seal(&self) -> Result<(), Unsealed> {
        Err(Unsealed::no_key())
    }

    /// For whom it is sealed, in the words of age, for processes that seal by themselves.
    fn recipient(&self) -> Result<String, Unsealed> {
        Err(Unsealed::no_key())
    }

    /// Seals what a journal is to keep.
    fn seal(&self, _open: &[u8]) -> Result<Vec<u8>, Unsealed> {
        Err(Unsealed::no_key())
    }

    /// What was sealed.
    fn open(&self, _sealed: &[u8]) -> Result<Vec<u8>, Unsealed> {
        Err(Unsealed::no_key())
    }

    /// Is told of secrets that became known by the way, so that they are hidden wherever this process writes.
    fn hide(&self, _secrets: &Secrets) {}
}

/// Why something could not be sealed, or opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsealed {
    /// What happened, in one sentence.
    pub why: String,
    /// What to do.
    pub help: String,
}

impl Unsealed {
    fn no_key() -> Self {
        Self {
            why: "this runtime has no key to seal with".to_owned(),
            help: "run it with a key of age".to_owned(),
        }
    }
}

/// The shortest text that is kept from being seen: what is shorter stands in many words by chance.
const SHORTEST: usize = 4;

/// From this length on, a line of a secret is kept from being seen by itself.
const LONG_LINE: usize = 12;

/// Takes secrets out of what leaves the process.
#[derive(Clone, Default)]
pub struct Veil {
    /// Texts, longest first, with their secrets' names.
    texts: Vec<(String, String)>,
}

impl Veil {
    pub(crate) fn of(secrets: &Secrets) -> Self {
        let named = |(name, text): (&str, String)| (name.to_owned(), text);
        Self::over_texts(secrets.texts().into_iter().map(named))
    }

    /// Over these texts, each with what it is called.
    pub fn over_texts(texts: impl IntoIterator<Item = (String, String)>) -> Self {
        let named = |(name, text): (String, String)| {
            let all = forms(&text).into_iter().chain(long_lines(&text));
            all.map(|form| (form, name.clone())).collect::<Vec<_>>()
        };
        Self::hiding(texts.into_iter().flat_map(named).collect())
    }

    /// Over what is under one of both.
    #[must_use]
    pub fn and(&self, other: Self) -> Self {
        Self::hiding(self.texts.iter().cloned().chain(other.texts).collect())
    }

    /// The same, and over what is made of secrets, too.
    pub(crate) fn with(&self, made: &Made) -> Self {
        let mut texts = self.texts.clone();
        for (text, names) in &made.texts {
            texts.extend(forms(text).into_iter().map(|form| (form, joined(names))));
        }
        for (line, names) in &made.lines {
            texts.extend(long_lines(line).map(|line| (line, joined(names))));
        }
        Self::hiding(texts)
    }

    fn hiding(mut texts: Vec<(String, String)>) -> Self {
        texts.retain(|(text, _)| text.len() >= SHORTEST);
        texts.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        texts.dedup();
        Self { texts }
    }

    /// The text with the name of each secret in its place.
    pub fn over(&self, text: String) -> String {
        self.texts.iter().fold(text, |text, (hidden, name)| {
            if text.contains(hidden) { text.replace(hidden, &shown(name)) } else { text }
        })
    }

    /// The texts, each with what stands in its place.
    pub(crate) fn hidden(&self) -> Vec<(String, String)> {
        self.texts.iter().map(|(text, name)| (text.clone(), shown(name))).collect()
    }

    /// The secret that shows in a value, if one does.
    pub(crate) fn seen(&self, json: &Json) -> Option<&str> {
        let shows = |text: &str| {
            self.texts.iter().find(|(hidden, _)| text.contains(hidden)).map(|(_, n)| n.as_str())
        };
        match json {
            Json::Null | Json::Bool(_) => None,
            Json::Number(number) if self.texts.is_empty() || number.is_f64() => None,
            Json::Number(number) => shows(&number.to_string()),
            Json::String(text) => shows(text),
            Json::Array(items) => items.iter().find_map(|item| self.seen(item)),
            Json::Object(entries) => {
                entries.iter().find_map(|(key, value)| shows(key).or_else(|| self.seen(value)))
            }
        }
    }
}

/// The names of secrets of which one text is made.
fn joined(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// What stands in a secret's place.
fn shown(name: &str) -> String {
    format!("‹secret {name}›")
}

/// The lines of a text that are kept from being seen by themselves.
fn long_lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(str::trim).filter(|line| line.len() >= LONG_LINE).map(str::to_owned)
}

/// The forms in which a text may come back: as it is, and as others encode it.
fn forms(text: &str) -> Vec<String> {
    let quoted = Json::from(text).to_string();
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let escaped = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;")]
        .iter()
        .fold(text.to_owned(), |text, (plain, entity)| text.replace(plain, entity));
    let form: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let percent = form.replace('+', "%20");
    let base64 = base64::engine::general_purpose::STANDARD_NO_PAD.encode(text);
    vec![text.to_owned(), inner.to_owned(), escaped, form, percent, base64]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn veil() -> Veil {
        let text = |text: &str, name: &str| (text.to_owned(), name.to_owned());
        Veil { texts: vec![text("hunter2-long", "admin"), text("hunter2", "user")] }
    }

    #[test]
    fn texts_show_names_in_the_place_of_secrets() {
        let text = "`hunter2-long` and `hunter2` do not match".to_owned();
        assert_eq!(veil().over(text), "`‹secret admin›` and `‹secret user›` do not match");
        assert_eq!(veil().over("nothing".to_owned()), "nothing");
    }

    #[test]
    fn a_secret_is_known_in_the_forms_that_others_give_it() {
        let secret = "-----BEGIN KEY-----\nMIIabc\"def&ghi<jkl\n";
        let texts = forms(secret).into_iter().chain(long_lines(secret));
        let veil = Veil { texts: texts.map(|form| (form, "key".to_owned())).collect() };
        for said in [
            format!("no: {}", json!(secret)),
            "no: MIIabc\"def&ghi<jkl".to_owned(),
            "MIIabc&quot;def&amp;ghi&lt;jkl".replace("MII", "-----BEGIN KEY-----\nMII") + "\n",
            format!(
                "no: {}",
                form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>()
            ),
            base64::engine::general_purpose::STANDARD.encode(secret),
        ] {
            assert!(veil.seen(&json!(said)).is_some(), "{said}");
        }
    }

    #[test]
    fn what_is_made_of_a_secret_is_hidden_in_its_forms_and_what_is_short_is_not() {
        let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let made = Made {
            texts: [("HUNTER2".to_owned(), of(&["user"])), ("HUN".to_owned(), of(&["user"]))]
                .into(),
            lines: [
                ("pw=HUN and more".to_owned(), of(&["admin", "user"])),
                ("pw=HUN".to_owned(), of(&["user"])),
            ]
            .into(),
        };
        let veil = veil().with(&made);
        let encoded = base64::engine::general_purpose::STANDARD.encode("HUNTER2");
        let said = format!("HUNTER2 hunter2 HUN pw=HUN and more {encoded}");
        assert_eq!(
            veil.over(said),
            "‹secret user› ‹secret user› HUN ‹secret admin, user› ‹secret user›=="
        );
    }

    #[test]
    fn a_secret_is_seen_wherever_it_stands() {
        let veil = veil();
        assert_eq!(veil.seen(&json!({ "a": [1, { "b": "xhunter2x" }] })), Some("user"));
        assert_eq!(veil.seen(&json!({ "hunter2": 1 })), Some("user"));
        assert_eq!(veil.seen(&json!({ "a": [1, "hunter"] })), None);
    }
}
