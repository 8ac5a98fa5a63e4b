//! Secrets from the environment, and the key of the hashes that stand in their place in a journal.
//!
//! Nothing here may write a secret anywhere.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use bp_driver::SecretSource;
use bp_plan::Plan;
use bp_topology::Secrets;

use crate::told::Told;

/// The key's file in a deployment's folder.
const KEY_FILE: &str = "secrets.key";
/// How the variables begin.
pub(crate) const PREFIX: &str = "BPR_SECRET_";
/// How many bytes a key has.
const KEY_SIZE: usize = 32;

/// The variables of the environment: `BPR_SECRET_DB_PASSWORD` for the secret `db_password`.
pub(crate) struct FromEnvironment {
    key: Vec<u8>,
}

impl FromEnvironment {
    /// For a deployment that has no folder yet: the hashes are compared with none.
    pub(crate) fn passing() -> Self {
        Self { key: rand::random::<[u8; KEY_SIZE]>().to_vec() }
    }

    /// For who only looks at the deployment of this name: where it has no key yet, its hashes are compared
    /// with none.
    pub(crate) fn looking(name: &str) -> Result<Self, Told> {
        let path = crate::home::folder()?.join(name).join(KEY_FILE);
        if path.is_file() { Self::of(name) } else { Ok(Self::passing()) }
    }

    /// For the deployment of this name.
    pub(crate) fn of(name: &str) -> Result<Self, Told> {
        let path = crate::home::folder()?.join(name).join(KEY_FILE);
        Ok(Self { key: key(&path)? })
    }
}

impl SecretSource for FromEnvironment {
    fn secrets(&self, plan: &Plan) -> Secrets {
        let mut secrets = Secrets::new(self.key.clone());
        for (name, secret) in &plan.secrets {
            let variable = variable(&secret.from);
            match std::env::var(&variable) {
                Ok(text) => secrets.add(plan, name, &text, &variable),
                Err(std::env::VarError::NotPresent) => {
                    let help = format!("set the environment variable {variable}");
                    secrets.miss(plan, name, help);
                }
                Err(std::env::VarError::NotUnicode(_)) => {
                    secrets.miss(plan, name, format!("{variable} is not UTF-8: set it anew"));
                }
            }
        }
        secrets
    }
}

/// The variable that holds the secret that the store calls so.
fn variable(from: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("{PREFIX}{}", from.chars().map(letter).collect::<String>())
}

/// The deployment's key; made when it is first needed, for its owner's eyes only.
fn key(path: &Path) -> Result<Vec<u8>, Told> {
    let failed = |error: std::io::Error| {
        Told::error(format!("the key {} can't be kept: {error}", path.display()))
            .help("its folder must be readable and writable for you")
    };
    match std::fs::read(path) {
        Ok(key) if key.len() == KEY_SIZE => return Ok(key),
        // One cut short by a crash hashed nothing that is still compared.
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let key: [u8; KEY_SIZE] = rand::random();
    let new: PathBuf = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)
        .map_err(failed)?;
    file.write_all(&key).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&new, path).map_err(failed)?;
    Ok(key.to_vec())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_stays_and_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KEY_FILE);
        let first = key(&path).unwrap();
        assert_eq!(key(&path).unwrap(), first);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "cut").unwrap();
        assert_eq!(key(&path).unwrap().len(), KEY_SIZE);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn variables_have_the_secrets_name_in_capitals() {
        assert_eq!(variable("db_password"), "BPR_SECRET_DB_PASSWORD");
        assert_eq!(variable("team/db-1"), "BPR_SECRET_TEAM_DB_1");
    }
}
