//! Which objects a list or a watch is about.

use serde_json::Value as Json;

use crate::kinds::{at, text};
use crate::status::Refusal;

/// Conditions on labels and on an object's name and namespace.
#[derive(Debug, Default)]
pub(crate) struct Selector {
    labels: Vec<Condition>,
    fields: Vec<(Vec<String>, String, bool)>,
}

#[derive(Debug)]
enum Condition {
    Is(String, String),
    IsNot(String, String),
    Has(String),
    HasNot(String),
}

impl Selector {
    /// From a label selector and a field selector, both of which may be empty.
    pub(crate) fn read(labels: &str, fields: &str) -> Result<Self, Refusal> {
        let mut selector = Self::default();
        for part in labels.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            if part.contains([' ', '(', ')', '<', '>']) {
                return Err(Refusal::bad_request(format!(
                    "unable to parse requirement: the embedded API server knows `=`, `!=` and \
                     bare keys, found {part:?}"
                )));
            }
            selector.labels.push(match (part.split_once("!="), part.split_once('=')) {
                (Some((key, value)), _) => Condition::IsNot(key.to_owned(), value.to_owned()),
                (None, Some((key, value))) => {
                    Condition::Is(key.to_owned(), value.trim_start_matches('=').to_owned())
                }
                (None, None) => match part.strip_prefix('!') {
                    Some(key) => Condition::HasNot(key.to_owned()),
                    None => Condition::Has(part.to_owned()),
                },
            });
        }
        for part in fields.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let not = part.contains("!=");
            let Some((path, value)) = part.split_once(if not { "!=" } else { "=" }) else {
                return Err(Refusal::bad_request(format!("invalid selector: {part:?}")));
            };
            if path != "metadata.name" && path != "metadata.namespace" {
                return Err(Refusal::bad_request(format!("field label not supported: {path}")));
            }
            let path = path.split('.').map(str::to_owned).collect();
            selector.fields.push((path, value.trim_start_matches('=').to_owned(), !not));
        }
        Ok(selector)
    }

    /// Whether an object is meant.
    pub(crate) fn fits(&self, object: &Json) -> bool {
        let label = |key: &str| at(object, &["metadata", "labels", key]).and_then(Json::as_str);
        let labels = self.labels.iter().all(|condition| match condition {
            Condition::Is(key, value) => label(key) == Some(value),
            Condition::IsNot(key, value) => label(key) != Some(value),
            Condition::Has(key) => label(key).is_some(),
            Condition::HasNot(key) => label(key).is_none(),
        });
        labels
            && self.fields.iter().all(|(path, value, is)| {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                (text(object, &path) == value) == *is
            })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    #[test]
    fn labels_and_names_select() {
        let object = serde_json::json!({ "metadata": { "name": "a", "labels": { "x": "1" } } });
        let fits =
            |labels: &str, fields: &str| Selector::read(labels, fields).unwrap().fits(&object);
        assert!(fits("x=1,!y,x!=2", "metadata.name=a"));
        assert!(fits("x==1,x", ""));
        assert!(!fits("x=2", ""));
        assert!(!fits("", "metadata.name!=a"));
        assert_eq!(Selector::read("x in (1)", "").unwrap_err().code, 400);
        assert_eq!(Selector::read("", "spec.x=1").unwrap_err().code, 400);
    }
}
