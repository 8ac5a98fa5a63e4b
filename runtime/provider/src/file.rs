//! A file of the plan, as a provider finds it among a subject's properties.
//!
//! A value of the type `file` arrives as an object of three members, wherever it stands in
//! [`Subject::properties`](crate::Subject::properties):
//!
//! ```json
//! { "path": "templates/postgres.yaml", "digest": "sha256:…", "text": "AWSTemplateFormatVersion: …" }
//! ```
//!
//! - `path` is where it lies in the package: for people, and for the ending of its name; there is no
//!   such file on the machine.
//! - `digest` is the SHA-256 of its bytes: what to compare, and to remember in a [`Record`](crate::Record).
//! - `text` is the whole content where that is UTF-8; else there is `base64` in place of it.
//!
//! A property of a type such as `file | string` arrives as such an object or as a string: see
//! [`text`]. Content is at most 16 MiB, and is no secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Where it lies in the package.
    pub path: String,
    /// The SHA-256 of its bytes, `sha256:…`.
    pub digest: String,
    /// Its content, where that is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its content in base64, where it is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

impl File {
    /// The file with this content.
    pub fn new(path: impl Into<String>, digest: impl Into<String>, content: Vec<u8>) -> Self {
        let (text, base64) = match String::from_utf8(content) {
            Ok(text) => (Some(text), None),
            Err(error) => (None, Some(STANDARD.encode(error.into_bytes()))),
        };
        Self { path: path.into(), digest: digest.into(), text, base64 }
    }

    /// The file that a property is; nothing where it is something else.
    pub fn read(property: &Json) -> Option<Self> {
        property.get("digest")?.as_str()?.strip_prefix("sha256:")?;
        let file = Self::deserialize(property).ok()?;
        (file.text.is_some() != file.base64.is_some()).then_some(file)
    }

    /// Its bytes; nothing where its base64 is none.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match (&self.text, &self.base64) {
            (Some(text), _) => Some(text.clone().into_bytes()),
            (None, Some(base64)) => STANDARD.decode(base64).ok(),
            (None, None) => None,
        }
    }

    /// As a subject's properties have it.
    pub fn to_json(&self) -> Json {
        let entries = [
            ("path", Some(&self.path)),
            ("digest", Some(&self.digest)),
            ("text", self.text.as_ref()),
            ("base64", self.base64.as_ref()),
        ];
        let there = entries.into_iter().filter_map(|(name, text)| Some((name, text?.clone())));
        Json::Object(there.map(|(name, text)| (name.to_owned(), Json::String(text))).collect())
    }
}

/// The text of a property of a type such as `file | string`: the string itself, or the file's text.
/// Nothing for what is neither, and for a file that is no text.
pub fn text(property: &Json) -> Option<String> {
    match property {
        Json::String(text) => Some(text.clone()),
        other => File::read(other)?.text,
    }
}

/// The property with every file in it as its path and digest alone: what a [`Record`](crate::Record)
/// or an attribute, which are journaled, should hold of it.
#[must_use]
pub fn without_content(property: &Json) -> Json {
    if let Some(file) = File::read(property) {
        return File { text: None, base64: None, ..file }.to_json();
    }
    match property {
        Json::Array(items) => items.iter().map(without_content).collect(),
        Json::Object(entries) => Json::Object(
            entries.iter().map(|(key, entry)| (key.clone(), without_content(entry))).collect(),
        ),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    const DIGEST: &str = "sha256:2cf2";

    #[test]
    fn text_and_bytes_are_read_back() {
        for content in [b"hello".to_vec(), vec![0xff, 0x00]] {
            let json = File::new("a/b.txt", DIGEST, content.clone()).to_json();
            let file = File::read(&json).unwrap();
            assert_eq!(file.bytes(), Some(content));
        }
        let json = File::new("a.txt", DIGEST, b"hello".to_vec()).to_json();
        assert_eq!(json, json!({ "path": "a.txt", "digest": DIGEST, "text": "hello" }));
        assert_eq!(text(&json).as_deref(), Some("hello"));
        assert_eq!(text(&json!("plain")).as_deref(), Some("plain"));
        assert_eq!(text(&File::new("a", DIGEST, vec![0xff]).to_json()), None);
    }

    #[test]
    fn what_is_no_file_is_none() {
        for other in [
            json!("hello"),
            json!({ "path": "a", "digest": "sha256:1" }),
            json!({ "path": "a", "digest": "md5:1", "text": "x" }),
            json!({ "path": "a", "digest": "sha256:1", "text": "x", "more": 1 }),
        ] {
            assert_eq!(File::read(&other), None, "{other}");
            assert_eq!(without_content(&other), other);
        }
    }

    #[test]
    fn what_is_remembered_has_no_content() {
        let file = File::new("a.txt", DIGEST, b"hello".to_vec()).to_json();
        let kept = without_content(&json!({ "files": [file], "size": 3 }));
        assert_eq!(kept, json!({ "files": [{ "path": "a.txt", "digest": DIGEST }], "size": 3 }));
    }
}
