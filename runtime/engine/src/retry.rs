//! How often something is tried, and how long to wait between.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

/// The limits that the engine keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps that run at once, over all targets.
    pub at_once: usize,
    /// Steps that run at once on one target.
    pub at_once_per_target: usize,
    /// Steps of one provider that run at once, over all targets; those that are not named have no limit of their own.
    pub at_once_per_provider: BTreeMap<String, usize>,
    /// How often a step is tried in one run.
    pub attempts: u32,
    /// How often a target is called in one run before it is given up.
    pub contacts: u32,
    /// The first wait between two tries, in milliseconds; it doubles.
    pub first_wait_ms: i64,
    /// The longest wait between two tries, in milliseconds.
    pub longest_wait_ms: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            at_once: 256,
            at_once_per_target: 64,
            at_once_per_provider: BTreeMap::new(),
            attempts: 6,
            contacts: 5,
            first_wait_ms: 500,
            longest_wait_ms: 30_000,
        }
    }
}

impl Limits {
    /// How long to wait after this try (from 1): doubling, with a jitter of a quarter that derives
    /// from the seed and what is tried, so that a thousand targets don't come back as one.
    pub fn wait_ms(&self, seed: &str, what: &str, attempt: u32) -> i64 {
        let doubled = self.first_wait_ms.saturating_mul(1_i64 << attempt.saturating_sub(1).min(20));
        let wait = doubled.clamp(0, self.longest_wait_ms);
        let jitter =
            i64::from(hash(&[seed, what, &attempt.to_string()]).first().copied().unwrap_or(0));
        wait - wait / 4 + wait / 2 * jitter / 255
    }
}

fn hash(parts: &[&str]) -> Vec<u8> {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_vec()
}

/// A name that derives from these parts, and from nothing else: 32 hexadecimal digits.
pub(crate) fn derived(parts: &[&str]) -> String {
    use std::fmt::Write as _;
    hash(parts).iter().take(16).fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The SHA-256 of some bytes, as the journal names blobs.
pub fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_within_their_jitter_and_have_an_end() {
        let limits = Limits::default();
        for attempt in 1..40 {
            let whole = (500_i64 << (attempt - 1).min(20)).min(30_000);
            for what in ["a", "b", "c"] {
                let wait = limits.wait_ms("seed", what, attempt);
                assert!(wait >= whole * 3 / 4 && wait <= whole * 5 / 4, "{attempt}: {wait}");
            }
        }
        assert_eq!(limits.wait_ms("s", "x", 3), limits.wait_ms("s", "x", 3));
        assert_ne!(limits.wait_ms("s", "x", 3), limits.wait_ms("s", "y", 3));
    }
}
