//! How what a workflow works out is written down: a value as plans write it; what has a secret part as
//! `{"$made": …}` with the expression that makes it, in which secrets are their names.

use std::collections::BTreeMap;

use bp_plan::{Expr, Value};
use bp_topology::sealed::MADE;
use serde::de::Error as _;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

struct Written<'e>(&'e Expr);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Expr::Value(value) => value.serialize(serializer),
            made => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(MADE, made)?;
                map.end()
            }
        }
    }
}

struct Read(Expr);

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut json = Json::deserialize(deserializer)?;
        if let Json::Object(entries) = &mut json
            && let Some(made) = entries.remove(MADE)
        {
            return serde_json::from_value(made).map(Self).map_err(D::Error::custom);
        }
        let value: Value = serde_json::from_value(json).map_err(D::Error::custom)?;
        Ok(Self(Expr::Value(value)))
    }
}

pub(crate) fn serialize<S: Serializer>(of: &Expr, serializer: S) -> Result<S::Ok, S::Error> {
    Written(of).serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Expr, D::Error> {
    Read::deserialize(deserializer).map(|Read(of)| of)
}

/// By the names of parameters.
pub(crate) mod arguments {
    use super::{BTreeMap, Deserialize, Deserializer, Expr, Read, Serializer, Written};

    pub(crate) fn serialize<S: Serializer>(
        of: &BTreeMap<String, Expr>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(of.iter().map(|(name, of)| (name, Written(of))))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, Expr>, D::Error> {
        let read = BTreeMap::<String, Read>::deserialize(deserializer)?;
        Ok(read.into_iter().map(|(name, Read(of))| (name, of)).collect())
    }
}

/// With their keys.
pub(crate) mod elements {
    use super::{Deserialize, Deserializer, Expr, Read, Serializer, Value, Written};

    pub(crate) fn serialize<S: Serializer>(
        of: &[(Value, Expr)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(of.iter().map(|(key, of)| (key, Written(of))))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(Value, Expr)>, D::Error> {
        let read = Vec::<(Value, Read)>::deserialize(deserializer)?;
        Ok(read.into_iter().map(|(key, Read(of))| (key, of)).collect())
    }
}

/// Where there is one.
pub(crate) mod perhaps {
    use super::{Deserialize, Deserializer, Expr, Read, Serialize as _, Serializer, Written};

    #[expect(clippy::ref_option, reason = "serde hands over the field as it is")]
    pub(crate) fn serialize<S: Serializer>(
        of: &Option<Expr>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        of.as_ref().map(Written).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Expr>, D::Error> {
        Ok(Option::<Read>::deserialize(deserializer)?.map(|Read(of)| of))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use bp_plan::Entry;
    use serde_json::json;

    use super::*;
    use crate::event::{Event, Outcome};
    use crate::workflow::Decision;

    fn read_back(event: &Event, payload: &Json, version: u32) {
        let (kind, written) = event.encode().unwrap();
        assert_eq!(&serde_json::from_str::<Json>(&written).unwrap(), payload);
        assert_eq!(event.version(), version);
        assert_eq!(&Event::decode(&kind, version, &written).unwrap(), event);
    }

    fn decided(decision: Decision) -> Event {
        Event::StepDecided { step: "0".to_owned(), decision }
    }

    #[test]
    fn values_are_written_as_ever_and_what_has_a_secret_as_what_makes_it() {
        let open = Value::Map(BTreeMap::from([("$made".to_owned(), Value::Int(1))]));
        let made = Expr::Record(vec![Entry::One("p".to_owned(), Expr::Secret("s".to_owned()))]);
        let wrote = json!({ "$made": { "record": [{ "one": ["p", { "secret": "s" }] }] } });
        read_back(
            &decided(Decision::Bound(Expr::Value(Value::Null))),
            &json!({ "step": "0", "decision": { "bound": null } }),
            3,
        );
        read_back(
            &decided(Decision::Returned(made.clone())),
            &json!({ "step": "0", "decision": { "returned": wrote } }),
            4,
        );
        read_back(
            &decided(Decision::Runs(BTreeMap::from([
                ("a".to_owned(), Expr::Value(open)),
                ("b".to_owned(), made.clone()),
            ]))),
            &json!({ "step": "0", "decision": { "runs": {
                "a": { "$map": { "$made": 1 } }, "b": wrote,
            } } }),
            4,
        );
        read_back(
            &decided(Decision::Turns { elements: vec![(Value::Int(0), made.clone())], at_once: 1 }),
            &json!({ "step": "0", "decision": { "turns": { "elements": [[0, wrote]], "at_once": 1 } } }),
            4,
        );
        read_back(
            &Event::WorkflowEnded {
                outcome: Outcome::Done,
                result: Some(made),
                failure: None,
                step: None,
            },
            &json!({ "outcome": "done", "result": wrote }),
            4,
        );
    }
}
