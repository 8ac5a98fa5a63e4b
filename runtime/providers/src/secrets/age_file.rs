//! Secrets in a file that is encrypted with age: `name: value`, as YAML or JSON.

use std::collections::BTreeMap;
use std::path::PathBuf;

use async_trait::async_trait;
use serde_json::Value as Json;

use super::seal::{Identities, SealError};
use super::{Lack, Source, Told, all};

/// See the module.
pub struct AgeFile {
    /// Where it is.
    pub file: PathBuf,
    /// The text of the identities that open it, or why there is none.
    pub identities: Result<String, Lack>,
}

#[async_trait]
impl Source for AgeFile {
    async fn read(&self, names: &[String]) -> Told {
        let entries = match self.entries() {
            Ok(entries) => entries,
            Err(lack) => return all(names, &lack),
        };
        let told = |name: &String| match entries.get(name) {
            Some(Json::String(text)) => Ok(text.clone()),
            Some(Json::Null) | None => Err(self.absent(name)),
            Some(other) => Ok(other.to_string()),
        };
        names.iter().map(|name| (name.clone(), told(name))).collect()
    }
}

impl AgeFile {
    fn entries(&self) -> Result<BTreeMap<String, Json>, Lack> {
        let file = self.file.display();
        let identities = self.identities.as_ref().map_err(Clone::clone)?;
        let identities = Identities::parse(identities).map_err(|why| {
            Lack::failed(
                format!("the key of {file} can't be used: {why}"),
                "give it a file as `age-keygen -o FILE` writes it",
            )
        })?;
        let sealed = std::fs::read(&self.file).map_err(|error| {
            let why = match error.kind() {
                std::io::ErrorKind::NotFound => format!("there is no file {file}"),
                _ => format!("{file} can't be read: {error}"),
            };
            Lack::failed(why, "name a file that `age -r RECIPIENT` wrote")
        })?;
        let open = identities.open(&sealed).map_err(|why| {
            let own = identities.recipient().unwrap_or_default();
            let help = match why {
                SealError::OtherKey => format!(
                    "give the key that it is encrypted for, or encrypt it for this one, too: `age -r {own}`"
                ),
                SealError::Passphrase => format!("encrypt it for a key: `age -r {own}`"),
                _ => "encrypt it anew".to_owned(),
            };
            Lack::failed(format!("{file} can't be opened: {why}"), help)
        })?;
        // What a parser quotes may be a secret: its words stay out.
        let text = String::from_utf8(open).ok();
        text.and_then(|text| serde_saphyr::from_str(&text).ok()).ok_or_else(|| {
            Lack::failed(
                format!("what is encrypted in {file} is no map of names to values"),
                "write one `name: value` a line, as YAML or JSON",
            )
        })
    }

    fn absent(&self, name: &str) -> Lack {
        let file = self.file.display();
        Lack::absent(
            format!("{file} has none of the name `{name}`"),
            format!("add `{name}: …` to what is encrypted there"),
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

    use super::super::seal::{new_identity, seal};
    use super::*;

    struct Ground {
        folder: tempfile::TempDir,
        identity: String,
    }

    impl Ground {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap(), identity: new_identity() }
        }

        fn holding(&self, text: &str) -> AgeFile {
            let own = Identities::parse(&self.identity).unwrap();
            let sealed = seal(text.as_bytes(), &own.recipient().unwrap()).unwrap();
            let file = self.folder.path().join("team.age");
            std::fs::write(&file, sealed).unwrap();
            AgeFile { file, identities: Ok(self.identity.clone()) }
        }
    }

    async fn lack(source: &AgeFile) -> Lack {
        let told = source.read(&["db/password".to_owned()]).await;
        let lack = told["db/password"].clone().unwrap_err();
        assert!(!lack.why.contains("hunter2") && !lack.help.is_empty(), "{lack:?}");
        lack
    }

    #[tokio::test]
    async fn it_tells_what_is_encrypted_in_it() {
        let source = Ground::new();
        let source = source.holding("db/password: hunter2\nport: 5432\nhosts: [a, b]\nnone:\n");
        let names = ["db/password", "port", "hosts", "none", "other"].map(str::to_owned);
        let told = source.read(&names).await;
        assert_eq!(told["db/password"].as_deref(), Ok("hunter2"));
        assert_eq!(told["port"].as_deref(), Ok("5432"));
        assert_eq!(told["hosts"].as_deref(), Ok("[\"a\",\"b\"]"));
        for name in ["none", "other"] {
            let lack = told[name].clone().unwrap_err();
            assert!(lack.is_absent && lack.why.contains(name), "{lack:?}");
        }
    }

    #[tokio::test]
    async fn what_can_t_be_opened_is_told_without_a_word_of_it() {
        let ground = Ground::new();
        let good = ground.holding("db/password: hunter2\n");
        let other = AgeFile { identities: Ok(new_identity()), file: good.file.clone() };
        let told = lack(&other).await;
        assert!(told.why.contains("sealed for another key") && told.help.contains("age -r age1"));
        let none = AgeFile { identities: Ok("hunter2".to_owned()), file: good.file.clone() };
        assert!(lack(&none).await.why.contains("there is no identity of age in it"));
        let missing = AgeFile {
            file: ground.folder.path().join("none.age"),
            identities: Ok(ground.identity.clone()),
        };
        assert!(lack(&missing).await.why.contains("there is no file"));
        let lacking = Lack::failed("no key was given", "give one");
        let keyless = AgeFile { identities: Err(lacking.clone()), file: good.file.clone() };
        assert_eq!(lack(&keyless).await, lacking);
        assert!(lack(&ground.holding("- hunter2\n")).await.why.contains("is no map of names"));
        let plain = ground.holding("");
        std::fs::write(&plain.file, "db/password: hunter2\n").unwrap();
        assert!(lack(&plain).await.why.contains("is no file of age"));
    }
}
