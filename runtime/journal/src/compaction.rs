//! Dropping what a journal need not keep any longer: the first events of its streams, and blobs that nothing names.
//!
//! It happens in one step with the event that tells of it, so that a kill leaves all or nothing of it. What an event or
//! a blob names is every SHA-256 that it spells out: whatever may be meant is kept.

use std::collections::BTreeSet;

use crate::event::Envelope;
use crate::store::{Append, StoreError};

/// How many digits a digest has.
const DIGITS: usize = 64;

/// What is to be dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compaction {
    /// What tells of it, with what is kept instead.
    pub append: Append,
    /// Streams, each with the last event that goes.
    pub until: Vec<(String, u64)>,
    /// Streams that go as a whole: nothing is appended to them any more.
    pub over: Vec<String>,
    /// Only say what would be dropped.
    pub is_dry: bool,
}

/// What was dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    /// How many events.
    pub events: u64,
    /// How many blobs.
    pub blobs: u64,
    /// How many bytes those held.
    pub bytes: u64,
    /// What was appended to tell of it.
    pub written: Vec<Envelope>,
}

/// From where to where a stream has events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Which stream.
    pub stream: String,
    /// The last event that was dropped.
    pub floor: Mark,
    /// The last event.
    pub end: Mark,
}

/// Which event of a stream, by which it is known again.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mark {
    /// Its sequence; 0 for before the first.
    pub sequence: u64,
    /// Its hash; empty for before the first.
    pub hash: String,
}

/// Every digest that these bytes spell out.
pub fn digests(bytes: &[u8]) -> impl Iterator<Item = &str> {
    bytes
        .split(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        .filter(|digits| digits.len() == DIGITS)
        .filter_map(|digits| std::str::from_utf8(digits).ok())
}

/// The digests among these, and those that blobs of these name in turn, of which there are blobs.
pub fn reachable(
    named: impl IntoIterator<Item = String>,
    mut blob: impl FnMut(&str) -> Result<Option<Vec<u8>>, StoreError>,
) -> Result<BTreeSet<String>, StoreError> {
    let mut seen: BTreeSet<String> = named.into_iter().collect();
    let mut next: Vec<String> = seen.iter().cloned().collect();
    let mut there = BTreeSet::new();
    while let Some(digest) = next.pop() {
        let Some(bytes) = blob(&digest)? else { continue };
        for found in digests(&bytes) {
            if seen.insert(found.to_owned()) {
                next.push(found.to_owned());
            }
        }
        there.insert(digest);
    }
    Ok(there)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::collections::BTreeMap;

    use super::*;
    use crate::chain::digest;

    #[test]
    fn digests_are_found_wherever_they_stand() {
        let (one, two) = (digest(b"one"), digest(b"two"));
        let text = format!("{{\"plan\":\"{one}\",\"as\":\"sha256:{two}\",\"no\":\"{one}{two}\"}}");
        assert_eq!(digests(text.as_bytes()).collect::<Vec<_>>(), [&one, &two]);
        assert_eq!(digests(b"deadbeef").count(), 0);
    }

    #[test]
    fn what_a_blob_names_is_reached_through_it() {
        let leaf = b"leaf".to_vec();
        let branch = format!("{{\"file\":\"{}\"}}", digest(&leaf)).into_bytes();
        let stray = b"stray".to_vec();
        let blobs: BTreeMap<String, Vec<u8>> =
            [leaf, branch.clone(), stray].map(|bytes| (digest(&bytes), bytes)).into();
        let named = [digest(&branch), digest(b"no blob")];
        let found = reachable(named, |digest| Ok(blobs.get(digest).cloned())).unwrap();
        assert_eq!(found, [digest(b"leaf"), digest(&branch)].into());
    }
}
