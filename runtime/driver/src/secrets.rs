//! Where the values of secrets come from, and how they are kept from being seen.

use bp_engine::Secrets;
use bp_plan::Plan;
use serde_json::Value as Json;

/// Gives secrets at the moment of their use. It must never write them anywhere.
pub trait SecretSource: Send + Sync {
    /// The secrets of this plan, as far as they are known; of the others, what to do.
    fn secrets(&self, plan: &Plan) -> Secrets;
}

/// The shortest text that is kept from being seen: what is shorter stands in many words by chance.
const SHORTEST: usize = 4;

/// Takes secrets out of what leaves the process.
#[derive(Clone, Default)]
pub(crate) struct Veil {
    /// Texts, longest first, with their secrets' names.
    texts: Vec<(String, String)>,
}

impl Veil {
    pub(crate) fn of(secrets: &Secrets) -> Self {
        let mut texts: Vec<(String, String)> = secrets
            .texts()
            .into_iter()
            .filter(|(_, text)| text.len() >= SHORTEST)
            .map(|(name, text)| (text, name.to_owned()))
            .collect();
        texts.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        Self { texts }
    }

    /// The text with the name of each secret in its place.
    pub(crate) fn over(&self, text: String) -> String {
        self.texts.iter().fold(text, |text, (hidden, name)| {
            if text.contains(hidden) {
                text.replace(hidden, &format!("‹secret {name}›"))
            } else {
                text
            }
        })
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
    fn a_secret_is_seen_wherever_it_stands() {
        let veil = veil();
        assert_eq!(veil.seen(&json!({ "a": [1, { "b": "xhunter2x" }] })), Some("user"));
        assert_eq!(veil.seen(&json!({ "hunter2": 1 })), Some("user"));
        assert_eq!(veil.seen(&json!({ "a": [1, "hunter"] })), None);
    }
}
