//! Ports that nobody uses.

use std::collections::BTreeSet;
use std::net::TcpListener;

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::Outcome;

/// Below the range that outgoing connections take theirs from.
const FIRST: u16 = 20_000;
const SPAN: u16 = 12_000;

/// A free port that is not among those `taken` by clusters that are down.
pub(super) fn free(taken: &BTreeSet<u16>) -> Outcome<u16> {
    let random = SystemRandom::new();
    for _ in 0..1000 {
        let mut bytes = [0; 2];
        random.fill(&mut bytes).map_err(|_| "the system gives no random numbers")?;
        let port = FIRST + u16::from_le_bytes(bytes) % SPAN;
        if !taken.contains(&port) && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(format!("no free port between {FIRST} and {}", FIRST + SPAN))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]

    use std::collections::BTreeSet;

    #[test]
    fn a_taken_port_is_not_given_again() {
        let free = super::free(&BTreeSet::new()).unwrap();
        let all_but_free = (super::FIRST..super::FIRST + super::SPAN).filter(|port| *port != free);
        // 999 draws of 12,000 rarely meet the one that is left, so only what it must never give is checked.
        let taken: BTreeSet<u16> = all_but_free.collect();
        match super::free(&taken) {
            Ok(port) => assert_eq!(port, free),
            Err(message) => assert!(message.contains("no free port"), "{message}"),
        }
    }
}
