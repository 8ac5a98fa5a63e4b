//! Secrets, from where this home's configuration says that they are; else from the environment.
//!
//! Nothing here may write a secret anywhere.

mod file;
mod keys;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bp_driver::{SecretSource, Unsealed};
use bp_plan::Plan;
use bp_providers::secrets::{Lack, seal};
use bp_topology::Secrets;

use crate::logs;
use crate::told::Told;

pub(crate) use file::choose;

/// How the variables begin.
pub(crate) const PREFIX: &str = "BPR_SECRET_";

/// Where secrets come from: for the secret `db_password` the first source that takes this name, else the variable
/// `BPR_SECRET_DB_PASSWORD`.
pub(crate) struct Sources {
    key: Vec<u8>,
    /// What was told last, by the names in the store.
    told: Mutex<BTreeMap<String, Answer>>,
}

/// What is told of a name, and by what.
struct Answer {
    by: String,
    text: Result<String, Lack>,
}

impl Sources {
    /// For a deployment that has no folder yet: the hashes are compared with none.
    pub(crate) fn passing() -> Self {
        Self { key: keys::passing(), told: Mutex::default() }
    }

    /// For who only looks at the deployment of this name: where it has no key yet, its hashes are compared
    /// with none.
    pub(crate) fn looking(name: &str) -> Result<Self, Told> {
        if keys::of_hashes(name)?.is_file() { Self::of(name) } else { Ok(Self::passing()) }
    }

    /// For the deployment of this name.
    pub(crate) fn of(name: &str) -> Result<Self, Told> {
        Ok(Self { key: keys::hashes(&keys::of_hashes(name)?)?, told: Mutex::default() })
    }

    /// The key of the hashes that stand in the place of secrets.
    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    fn told(&self) -> MutexGuard<'_, BTreeMap<String, Answer>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SecretSource for Sources {
    async fn ask(&self, plan: &Plan) {
        if plan.secrets.is_empty() {
            return;
        }
        let mut told = BTreeMap::new();
        let places = file::places();
        let places = match &places {
            Ok(places) => places.as_slice(),
            Err(wrong) => {
                let lack = Lack {
                    why: wrong.message.clone(),
                    help: wrong.help.clone().unwrap_or_default(),
                    is_absent: false,
                };
                let lacks = plan.secrets.values().map(|secret| {
                    let answer = Answer { by: String::new(), text: Err(lack.clone()) };
                    (secret.from.clone(), answer)
                });
                *self.told() = lacks.collect();
                return;
            }
        };
        let mut asked: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for secret in plan.secrets.values() {
            let found = places.iter().enumerate().find_map(|(at, place)| {
                Some((at, secret.from.strip_prefix(&place.prefix)?.to_owned()))
            });
            if let Some((at, name)) = found {
                asked.entry(at).or_default().push(name);
            }
        }
        for (at, names) in asked {
            let Some(place) = places.get(at) else { continue };
            for (name, text) in place.source.read(&names).await {
                let answer = Answer { by: place.called.clone(), text };
                told.insert(format!("{}{name}", place.prefix), answer);
            }
        }
        *self.told() = told;
    }

    fn secrets(&self, plan: &Plan) -> Secrets {
        let mut secrets = Secrets::new(self.key.clone());
        let told = self.told();
        for (name, secret) in &plan.secrets {
            match told.get(&secret.from) {
                None => from_environment(&mut secrets, plan, name, &secret.from),
                Some(Answer { by, text: Ok(text) }) => secrets.add(plan, name, text, by),
                Some(Answer { text: Err(lack), .. })
                    if lack.is_absent && is_optional(plan, name) =>
                {
                    secrets.miss(plan, name, lack.help.clone());
                }
                Some(Answer { text: Err(lack), .. }) => {
                    secrets.fail(name, lack.why.clone(), lack.help.clone());
                }
            }
        }
        logs::hide(&secrets);
        secrets
    }

    fn can_seal(&self) -> Result<(), Unsealed> {
        match keys::identity().map_err(unsealed)? {
            Some(text) => keys::recipient(&text).map(drop).map_err(unsealed),
            // One is made when it is first needed.
            None => Ok(()),
        }
    }

    fn recipient(&self) -> Result<String, Unsealed> {
        keys::recipient(&keys::sealing().map_err(unsealed)?).map_err(unsealed)
    }

    fn seal(&self, open: &[u8]) -> Result<Vec<u8>, Unsealed> {
        let recipient = self.recipient()?;
        seal::seal(open, &recipient)
            .map_err(|error| Unsealed { why: error.to_string(), help: keys::HELP.to_owned() })
    }

    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, Unsealed> {
        let Some(text) = keys::identity().map_err(unsealed)? else {
            return Err(Unsealed {
                why: "this home has no key".to_owned(),
                help: keys::HELP.to_owned(),
            });
        };
        let identities = keys::identities(&text).map_err(unsealed)?;
        identities
            .open(sealed)
            .map_err(|error| Unsealed { why: error.to_string(), help: keys::HELP.to_owned() })
    }

    fn hide(&self, secrets: &Secrets) {
        logs::hide(secrets);
    }
}

fn unsealed(told: Told) -> Unsealed {
    Unsealed { why: told.message, help: told.help.unwrap_or_else(|| keys::HELP.to_owned()) }
}

fn is_optional(plan: &Plan, name: &str) -> bool {
    plan.secrets.get(name).is_some_and(|secret| matches!(secret.kind, bp_plan::Type::Optional(_)))
}

fn from_environment(secrets: &mut Secrets, plan: &Plan, name: &str, from: &str) {
    let variable = variable(from);
    match std::env::var(&variable) {
        Ok(text) => secrets.add(plan, name, &text, &variable),
        Err(std::env::VarError::NotPresent) => {
            secrets.miss(plan, name, format!("set the environment variable {variable}"));
        }
        Err(std::env::VarError::NotUnicode(_)) => {
            secrets.miss(plan, name, format!("{variable} is not UTF-8: set it anew"));
        }
    }
}

/// The variable that holds the secret that the store calls so.
fn variable(from: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("{PREFIX}{}", from.chars().map(letter).collect::<String>())
}

/// Whether a program that is asked for a secret may see this variable: those that hold secrets themselves are
/// nothing of its business.
fn is_public(variable: &str) -> bool {
    !variable.starts_with(PREFIX) && variable != keys::IDENTITY_TEXT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_have_the_secrets_name_in_capitals() {
        assert_eq!(variable("db_password"), "BPR_SECRET_DB_PASSWORD");
        assert_eq!(variable("team/db-1"), "BPR_SECRET_TEAM_DB_1");
    }

    #[test]
    fn programs_see_no_variable_that_holds_a_secret() {
        assert!(is_public("HOME") && is_public("VAULT_ADDR") && is_public("BPR_AGE_IDENTITY_FILE"));
        assert!(!is_public("BPR_SECRET_DB_PASSWORD") && !is_public("BPR_AGE_IDENTITY"));
    }
}
