//! What is sealed with age: for a recipient, who is known to everybody, and opened by the identity, which only its
//! owner has.

use std::fmt;
use std::io::Read as _;

use age::secrecy::ExposeSecret as _;
use age::x25519::{Identity, Recipient};
use age::{DecryptError, Decryptor, armor::ArmoredReader};

/// How an identity begins.
const IDENTITY: &str = "AGE-SECRET-KEY-1";

/// Why nothing could be sealed, or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// A text holds no identity.
    #[error("there is no identity of age in it (a line that begins with `{IDENTITY}`)")]
    NoIdentity,
    /// A text that is no recipient.
    #[error("it is no recipient of age (`age1…`)")]
    NoRecipient,
    /// It was sealed for somebody else.
    #[error("it is sealed for another key")]
    OtherKey,
    /// It was sealed with a passphrase.
    #[error("it is sealed with a passphrase, and not for a key")]
    Passphrase,
    /// It is not what age writes, or was changed.
    #[error("it is no file of age, or it was cut or changed")]
    Damaged,
}

/// The keys by which something is opened.
pub struct Identities(Vec<Identity>);

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identities").field("count", &self.0.len()).finish()
    }
}

impl Identities {
    /// Those of a text as `age-keygen` writes it: one a line, beside comments.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let lines = text.lines().map(str::trim).filter(|line| line.starts_with(IDENTITY));
        let all: Result<Vec<Identity>, _> = lines.map(str::parse).collect();
        match all {
            Ok(all) if !all.is_empty() => Ok(Self(all)),
            // What is wrong with a line could say what stands there.
            _ => Err(SealError::NoIdentity),
        }
    }

    /// For whom what these are to open is sealed.
    pub fn recipient(&self) -> Option<String> {
        self.0.first().map(|first| first.to_public().to_string())
    }

    /// What was sealed for one of them.
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let decryptor =
            Decryptor::new_buffered(ArmoredReader::new(sealed)).map_err(|_| SealError::Damaged)?;
        if decryptor.is_scrypt() {
            return Err(SealError::Passphrase);
        }
        let all = self.0.iter().map(|identity| identity as &dyn age::Identity);
        let mut open = Vec::new();
        let mut reader = decryptor.decrypt(all).map_err(|error| match error {
            DecryptError::NoMatchingKeys => SealError::OtherKey,
            _ => SealError::Damaged,
        })?;
        reader.read_to_end(&mut open).map_err(|_| SealError::Damaged)?;
        Ok(open)
    }
}

/// A new identity as text, with a comment that says for whom it opens.
pub fn new_identity() -> String {
    let identity = Identity::generate();
    let (public, secret) = (identity.to_public(), identity.to_string());
    format!("# public key: {public}\n{}\n", secret.expose_secret())
}

/// Seals something for a recipient.
pub fn seal(open: &[u8], recipient: &str) -> Result<Vec<u8>, SealError> {
    let recipient: Recipient = recipient.parse().map_err(|_| SealError::NoRecipient)?;
    age::encrypt(&recipient, open).map_err(|_| SealError::Damaged)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn what_is_sealed_is_opened_by_its_own_key_alone() {
        let text = new_identity();
        let own = Identities::parse(&text).unwrap();
        let sealed = seal(b"hunter2", &own.recipient().unwrap()).unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
        assert_eq!(own.open(&sealed).unwrap(), b"hunter2");
        let other = Identities::parse(&new_identity()).unwrap();
        assert_eq!(other.open(&sealed).unwrap_err(), SealError::OtherKey);
        let both = Identities::parse(&format!("{}{text}", new_identity())).unwrap();
        assert_eq!(both.open(&sealed).unwrap(), b"hunter2");
        let mut cut = sealed.clone();
        cut.truncate(sealed.len() - 3);
        assert_eq!(own.open(&cut).unwrap_err(), SealError::Damaged);
        assert_eq!(own.open(b"hunter2").unwrap_err(), SealError::Damaged);
        assert!(!format!("{own:?}").contains("AGE-SECRET"));
    }

    #[test]
    fn what_is_no_key_is_not_quoted() {
        for text in ["", "hunter2", "AGE-SECRET-KEY-1HUNTER2", "# public key: age1xyz"] {
            let error = Identities::parse(text).unwrap_err();
            assert_eq!(error, SealError::NoIdentity);
            assert!(!error.to_string().contains("HUNTER2"));
        }
        assert_eq!(seal(b"x", "age1xyz").unwrap_err(), SealError::NoRecipient);
    }

    #[test]
    fn an_armoured_one_is_opened_and_one_with_a_passphrase_is_told() {
        let own = Identities::parse(&new_identity()).unwrap();
        let recipient: Recipient = own.recipient().unwrap().parse().unwrap();
        let armoured = age::encrypt_and_armor(&recipient, b"hunter2").unwrap();
        assert_eq!(own.open(armoured.as_bytes()).unwrap(), b"hunter2");
        let mut passphrase = age::scrypt::Recipient::new("hunter2".to_owned().into());
        passphrase.set_work_factor(1);
        let sealed = age::encrypt(&passphrase, b"hunter2").unwrap();
        assert_eq!(own.open(&sealed).unwrap_err(), SealError::Passphrase);
    }
}
