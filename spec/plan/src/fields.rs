//! Values by name, in as much room as they need.
//!
//! A `BTreeMap` has room for eleven entries as soon as it has one. Where there is a small map for each of a hundred
//! thousand nodes, that is most of what they take.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Index;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Values by name, in the order of the names: for few that seldom change.
#[derive(Clone, PartialEq, Eq)]
pub struct Fields<V>(Box<[(String, V)]>);

impl<V> Fields<V> {
    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&V> {
        self.0.get(self.at(name).ok()?).map(|(_, value)| value)
    }

    /// See [`Self::get`].
    pub fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        let at = self.at(name).ok()?;
        self.0.get_mut(at).map(|(_, value)| value)
    }

    /// Whether there is a value of this name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.at(name).is_ok()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|(name, _)| name)
    }

    /// The values, in the order of their names.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// See [`Self::values`].
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &V)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// Sets the value of this name; all others are moved for it.
    pub fn insert(&mut self, name: String, value: V) {
        let mut all = std::mem::take(&mut self.0).into_vec();
        all.push((name, value));
        self.0 = ordered(all);
    }

    /// Takes out the value of this name.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        let at = self.at(name).ok()?;
        let mut all = std::mem::take(&mut self.0).into_vec();
        let (_, value) = all.remove(at);
        self.0 = all.into_boxed_slice();
        Some(value)
    }

    fn at(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_str().cmp(name))
    }
}

/// In the order of the names; of two with the same name the later one.
fn ordered<V>(mut all: Vec<(String, V)>) -> Box<[(String, V)]> {
    if !all.is_sorted_by(|(one, _), (next, _)| one < next) {
        all = all.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect();
    }
    all.into_boxed_slice()
}

impl<V> Default for Fields<V> {
    fn default() -> Self {
        Self(Box::default())
    }
}

impl<V: fmt::Debug> fmt::Debug for Fields<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<V> Index<&str> for Fields<V> {
    type Output = V;

    /// As of other maps: for who knows that it is there.
    #[expect(clippy::expect_used, reason = "an index has nothing else to give")]
    fn index(&self, name: &str) -> &V {
        self.get(name).expect("there is a value of this name")
    }
}

impl<V> FromIterator<(String, V)> for Fields<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(all: I) -> Self {
        Self(ordered(all.into_iter().collect()))
    }
}

impl<V> From<BTreeMap<String, V>> for Fields<V> {
    fn from(all: BTreeMap<String, V>) -> Self {
        Self(all.into_iter().collect())
    }
}

impl<V> IntoIterator for Fields<V> {
    type Item = (String, V);
    type IntoIter = std::vec::IntoIter<(String, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_vec().into_iter()
    }
}

impl<'a, V> IntoIterator for &'a Fields<V> {
    type Item = (&'a String, &'a V);
    type IntoIter =
        std::iter::Map<std::slice::Iter<'a, (String, V)>, fn(&'a (String, V)) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

impl<V: Serialize> Serialize for Fields<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Fields<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Each<V> {
            type Value = Fields<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<V>, A::Error> {
                let mut all = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    all.push(entry);
                }
                Ok(Fields(ordered(all)))
            }
        }

        deserializer.deserialize_map(Each(PhantomData))
    }
}

impl<V: JsonSchema> JsonSchema for Fields<V> {
    fn schema_name() -> Cow<'static, str> {
        BTreeMap::<String, V>::schema_name()
    }

    fn inline_schema() -> bool {
        BTreeMap::<String, V>::inline_schema()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, V>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::Fields;

    #[test]
    fn names_are_in_order_and_the_later_of_two_values_counts() {
        let all = [("b", 1), ("a", 2), ("c", 3), ("b", 4)].map(|(name, at)| (name.to_owned(), at));
        let mut fields: Fields<i32> = all.into_iter().collect();
        let same: Fields<i32> = serde_json::from_str(r#"{"c":3,"b":1,"a":2,"b":4}"#).unwrap();
        assert_eq!(fields, same);
        assert_eq!(serde_json::to_string(&fields).unwrap(), r#"{"a":2,"b":4,"c":3}"#);
        assert_eq!((fields.get("b"), fields.get("d")), (Some(&4), None));

        fields.insert("d".into(), 5);
        fields.insert("a".into(), 6);
        assert_eq!(fields.remove("b"), Some(4));
        assert_eq!(fields.remove("b"), None);
        assert_eq!(serde_json::to_string(&fields).unwrap(), r#"{"a":6,"c":3,"d":5}"#);
    }
}
