//! How much is done at once, as the command line asks for it.

use std::sync::OnceLock;

use bp_engine::retry::Limits;

use crate::commands::run::providers;
use crate::told::Told;

static CHOSEN: OnceLock<Limits> = OnceLock::new();

/// `--at-once`: `N`, or `PROVIDER=N`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AtOnce {
    /// Of which provider; of all of them where none is named.
    provider: Option<String>,
    most: usize,
}

/// Reads a value of `--at-once`.
pub(crate) fn at_once(text: &str) -> Result<AtOnce, String> {
    let (provider, number) = match text.split_once('=') {
        Some((provider, number)) => (Some(provider.to_owned()), number),
        None => (None, text),
    };
    steps(number).map(|most| AtOnce { provider, most })
}

/// Reads a number of steps.
pub(crate) fn steps(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("`{text}` is no number of steps; write one from 1 on, such as 32"))
}

/// Keeps what was asked for; refused where nobody has such a provider.
pub(crate) fn choose(asked: Vec<AtOnce>, per_target: Option<usize>) -> Result<(), Told> {
    let mut limits = Limits::default();
    if let Some(most) = per_target {
        limits.at_once_per_target = most;
    }
    for AtOnce { provider, most } in asked {
        let Some(provider) = provider else {
            limits.at_once = most;
            continue;
        };
        let known = providers();
        if !known.contains_key(&provider) {
            let names: Vec<String> = known.keys().map(|name| format!("`{name}`")).collect();
            let told = Told::error(format!("--at-once: there is no provider `{provider}`"));
            return Err(told.help(format!("this runtime has {}", names.join(", "))));
        }
        limits.at_once_per_provider.insert(provider, most);
    }
    // Only the first of two choices matters, and this is the only one.
    let _ = CHOSEN.set(limits);
    Ok(())
}

/// How much is done at once.
pub(crate) fn limits() -> Limits {
    CHOSEN.get().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_steps_is_one_or_more_of_all_or_of_a_provider() {
        assert_eq!(at_once("32"), Ok(AtOnce { provider: None, most: 32 }));
        assert_eq!(at_once("helm=4"), Ok(AtOnce { provider: Some("helm".into()), most: 4 }));
        for wrong in ["0", "helm=0", "many", "helm=", "-1", ""] {
            assert!(at_once(wrong).is_err(), "{wrong}");
        }
    }
}
