//! What a provider remembers of an instance: the engine keeps it and does not look into it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;
use serde_json::value::RawValue;

/// JSON as text: as a tree it would take ten times as much, for each instance.
#[derive(Clone, PartialEq, Eq)]
pub struct Remembered(Box<str>);

impl Remembered {
    /// The text of this.
    pub fn of(json: &Json) -> Self {
        Self(json.to_string().into())
    }

    /// What it says.
    pub fn json(&self) -> Json {
        // It was written by `of`, or read as JSON.
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Remembered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.0)
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Remembered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self(raw.into()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::Remembered;

    #[test]
    fn it_is_json_where_it_is_written_and_read() {
        let record = json!({ "version": 1, "body": { "name": "a\"b", "ports": [1, 2.5, null] } });
        let remembered = Remembered::of(&record);
        assert_eq!(remembered.json(), record);
        let written = serde_json::to_string(&Some(&remembered)).unwrap();
        assert_eq!(written, record.to_string());
        let read: Option<Remembered> = serde_json::from_str(&written).unwrap();
        assert_eq!(read, Some(remembered));
        assert_eq!(serde_json::from_str::<Option<Remembered>>("null").unwrap(), None);
    }
}
