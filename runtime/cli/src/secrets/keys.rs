//! The keys of this home: by which secrets are compared, and for which what operations give is sealed.
//!
//! Each is in a file that only its owner reads, or in the environment; none is ever an argument.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use bp_providers::secrets::seal::{self, Identities};

use crate::home;
use crate::told::Told;

/// The file of the key of the hashes, in a deployment's folder.
const HASHES: &str = "secrets.key";
/// How many bytes that key has.
const SIZE: usize = 32;
/// The file of the identity of age, in the home's folder.
const IDENTITY: &str = "age.key";
/// Holds the text of an identity.
pub(super) const IDENTITY_TEXT: &str = "BPR_AGE_IDENTITY";
/// Names a file with one.
const IDENTITY_FILE: &str = "BPR_AGE_IDENTITY_FILE";

/// Where the key of the hashes of the deployment of this name is.
pub(super) fn of_hashes(name: &str) -> Result<PathBuf, Told> {
    Ok(home::folder()?.join(name).join(HASHES))
}

/// One that is like no other.
pub(super) fn passing() -> Vec<u8> {
    rand::random::<[u8; SIZE]>().to_vec()
}

/// The key of the hashes; made when it is first needed.
pub(super) fn hashes(path: &Path) -> Result<Vec<u8>, Told> {
    match std::fs::read(path) {
        Ok(key) if key.len() == SIZE => return Ok(key),
        // One cut short by a crash hashed nothing that is still compared.
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(unkept(path, &error)),
    }
    let key = passing();
    keep(path, &key)?;
    Ok(key)
}

/// The text of this home's identities, where it has some.
pub(super) fn identity() -> Result<Option<String>, Told> {
    if let Ok(text) = std::env::var(IDENTITY_TEXT) {
        return Ok(Some(text));
    }
    let (path, is_named) = match std::env::var_os(IDENTITY_FILE).filter(|file| !file.is_empty()) {
        Some(file) => (PathBuf::from(file), true),
        None => (own_identity()?, false),
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !is_named => Ok(None),
        Err(error) => {
            Err(Told::error(format!("the key {} can't be read: {error}", path.display()))
                .help("name a file as `age-keygen -o FILE` writes it, which you may read"))
        }
    }
}

/// What to do where a key does not open what is sealed.
pub(super) const HELP: &str = "give the key that it was sealed for: age.key of the home that deployed it, by $BPR_AGE_IDENTITY_FILE or $BPR_AGE_IDENTITY";

/// The text of the identities by which what operations give is opened again; made when it is first needed.
pub(super) fn sealing() -> Result<String, Told> {
    if let Some(text) = identity()? {
        return Ok(text);
    }
    let path = own_identity()?;
    let new = written(&path, seal::new_identity().as_bytes())?;
    // Another process may have been quicker: what is sealed for its key must stay open to all.
    let linked = std::fs::hard_link(&new, &path);
    std::fs::remove_file(&new).map_err(|error| unkept(&path, &error))?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(unkept(&path, &error))
        }
        _ => std::fs::read_to_string(&path).map_err(|error| unkept(&path, &error)),
    }
}

/// The identities of a text.
pub(super) fn identities(text: &str) -> Result<Identities, Told> {
    Identities::parse(text).map_err(|error| {
        Told::error(format!("the key of this home can't be used: {error}"))
            .help("give it one as `age-keygen -o FILE` writes it, by $BPR_AGE_IDENTITY_FILE or $BPR_AGE_IDENTITY")
    })
}

/// For whom is sealed what the first of these opens.
pub(super) fn recipient(text: &str) -> Result<String, Told> {
    Ok(identities(text)?.recipient().unwrap_or_default())
}

fn own_identity() -> Result<PathBuf, Told> {
    Ok(home::folder()?.with_file_name(IDENTITY))
}

fn unkept(path: &Path, error: &std::io::Error) -> Told {
    Told::error(format!("the key {} can't be kept: {error}", path.display()))
        .help("its folder must be readable and writable for you")
}

/// Keeps a key for its owner's eyes only: as a whole, or not at all.
fn keep(path: &Path, key: &[u8]) -> Result<(), Told> {
    let new = written(path, key)?;
    std::fs::rename(&new, path).map_err(|error| unkept(path, &error))
}

/// A key in a new file beside where it is to be.
fn written(path: &Path, key: &[u8]) -> Result<PathBuf, Told> {
    let failed = |error: std::io::Error| unkept(path, &error);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let new: PathBuf = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)
        .map_err(failed)?;
    file.write_all(key).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(new)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_stays_and_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(HASHES);
        let first = hashes(&path).unwrap();
        assert_eq!(hashes(&path).unwrap(), first);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "cut").unwrap();
        assert_eq!(hashes(&path).unwrap().len(), SIZE);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
