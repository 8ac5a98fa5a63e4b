//! The file that says where secrets are: `--secrets FILE`, `$BPR_SECRETS`, or `secrets.yaml` in the home. It holds
//! no secret itself.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use bp_providers::secrets::{AgeFile, Command, Kubernetes, Lack, Source};
use serde::Deserialize;

use super::{is_public, keys};
use crate::arguments::duration;
use crate::home;
use crate::told::Told;

/// Names the file; the option `--secrets` goes before it.
const FILE: &str = "BPR_SECRETS";
/// What it is called in the home.
const OWN: &str = "secrets.yaml";
/// How long a command may take, where nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How such a file looks, for those who wrote another.
const FORM: &str = "it has the form `sources: [{ prefix: team/, age: FILE, identity: FILE }, { prefix: cluster/, kubernetes: { kubeconfig: FILE, context: NAME, namespace: NAME } }, { command: [PROGRAM, ARGUMENT, \"{name}\"], timeout: 10s }]`";

static CHOSEN: OnceLock<Option<PathBuf>> = OnceLock::new();

/// Takes in what the command line says, before anything is asked for: a file that is named is to be one, also where
/// nothing is asked of it.
pub(crate) fn choose(file: Option<PathBuf>) -> Result<(), Told> {
    if let Some(file) = &file {
        read(file)?;
    }
    // The command line is read once.
    let _ = CHOSEN.set(file);
    Ok(())
}

/// Where secrets of these names are.
pub(super) struct Place {
    /// How the names begin; the rest is what the source knows them by.
    pub(super) prefix: String,
    /// What people call it.
    pub(super) called: String,
    pub(super) source: Box<dyn Source>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map with `sources`")]
struct File {
    sources: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a source: a map with `age`, `kubernetes` or `command`")]
struct Entry {
    #[serde(default)]
    prefix: String,
    age: Option<PathBuf>,
    identity: Option<PathBuf>,
    kubernetes: Option<Cluster>,
    command: Option<Vec<String>>,
    timeout: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a cluster: a map with `kubeconfig`, `context`, `namespace`"
)]
struct Cluster {
    kubeconfig: Option<PathBuf>,
    context: Option<String>,
    namespace: Option<String>,
}

/// The places that the file names, in its order; none where there is no file.
pub(super) fn places() -> Result<Vec<Place>, Told> {
    let chosen = CHOSEN.get().cloned().flatten();
    let named =
        chosen.or_else(|| std::env::var_os(FILE).filter(|file| !file.is_empty()).map(Into::into));
    let path = match named {
        Some(path) => path,
        None => match home::folder()?.with_file_name(OWN) {
            own if own.is_file() => own,
            _ => return Ok(Vec::new()),
        },
    };
    read(&path)
}

fn read(path: &Path) -> Result<Vec<Place>, Told> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Told::error(format!("{shown}, which says where secrets are, can't be read: {error}"))
            .help("name another with `--secrets FILE` or $BPR_SECRETS")
    })?;
    let options = serde_saphyr::options! { with_snippet: false };
    let file: File = serde_saphyr::from_str_with_options(&text, options)
        .map_err(|error| wrong(path, &error.to_string()).help(FORM))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    file.sources.into_iter().map(|entry| entry.place(path, folder)).collect()
}

fn wrong(path: &Path, why: &str) -> Told {
    Told::error(format!(
        "{}, which says where secrets are, is not as it should be: {why}",
        path.display()
    ))
}

impl Entry {
    fn place(self, path: &Path, folder: &Path) -> Result<Place, Told> {
        let prefix = self.prefix;
        let wrong =
            |why: &str| Err(wrong(path, &format!("the source of `{prefix}…` {why}")).help(FORM));
        let is_of_age = self.age.is_some();
        let (called, source): (String, Box<dyn Source>) =
            match (self.age, self.kubernetes, self.command) {
                (Some(file), None, None) => {
                    let file = folder.join(file);
                    let identity = self.identity.as_ref().map(|identity| folder.join(identity));
                    let identities = identities(identity.as_deref());
                    (file.display().to_string(), Box::new(AgeFile { file, identities }))
                }
                (None, Some(cluster), None) => cluster.place(folder),
                (None, None, Some(words)) => {
                    let Some(program) = words.first().filter(|word| !word.is_empty()) else {
                        return wrong("has a command without a program");
                    };
                    let called = format!("what the command `{program}` gives");
                    let timeout = match self.timeout.as_deref().map(duration) {
                        None => TIMEOUT,
                        Some(Ok(timeout)) => timeout,
                        Some(Err(why)) => return wrong(&format!("has a `timeout`: {why}")),
                    };
                    (called, Box::new(Command { words, timeout, may_see: is_public }))
                }
                (None, None, None) => return wrong("says nothing of where they are"),
                _ => return wrong("says more than one place: each is a source of its own"),
            };
        if self.identity.is_some() && !is_of_age {
            return wrong("has an `identity`, which is for `age` only");
        }
        Ok(Place { prefix, called, source })
    }
}

impl Cluster {
    fn place(self, folder: &Path) -> (String, Box<dyn Source>) {
        let kubeconfig = self.kubeconfig.map_or_else(default_kubeconfig, |file| folder.join(file));
        let kubeconfig = kubeconfig.display().to_string();
        let name = self.context.clone().unwrap_or_else(|| kubeconfig.clone());
        let called = format!("a Secret of `{name}`");
        let (context, namespace) = (self.context, self.namespace);
        (called, Box::new(Kubernetes { name, kubeconfig, context, namespace }))
    }
}

/// Where `kubectl` looks.
fn default_kubeconfig() -> PathBuf {
    let named = std::env::var_os("KUBECONFIG").filter(|file| !file.is_empty());
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".kube/config");
    named.map_or_else(home, PathBuf::from)
}

/// The text of the identities of this file, else of this home.
fn identities(file: Option<&Path>) -> Result<String, Lack> {
    let lack = |why: String, help: &str| Lack { why, help: help.to_owned(), is_absent: false };
    let keygen = "name a file as `age-keygen -o FILE` writes it: `identity: FILE`, or $BPR_AGE_IDENTITY_FILE";
    if let Some(file) = file {
        // A key that was put here instead of its file's name must not be shown.
        if file.to_string_lossy().contains("AGE-SECRET-KEY") {
            return Err(lack("`identity` holds a key, and not a file's name".to_owned(), keygen));
        }
        return std::fs::read_to_string(file).map_err(|error| {
            lack(format!("the key {} can't be read: {error}", file.display()), keygen)
        });
    }
    match keys::identity() {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(lack("no key was given to open it with".to_owned(), keygen)),
        Err(told) => Err(lack(told.message, told.help.as_deref().unwrap_or(keygen))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn told(text: &str) -> Result<Vec<Place>, Told> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(OWN);
        std::fs::write(&path, text).unwrap();
        read(&path)
    }

    #[test]
    fn each_source_has_its_names() {
        let places = told(
            "sources:\n- { prefix: team/, age: team.age, identity: key.txt }\n\
             - { prefix: cluster/, kubernetes: { kubeconfig: east.yaml, context: east } }\n\
             - { command: [pass, show, \"{name}\"], timeout: 5s }\n",
        );
        let places = places.unwrap();
        let prefixes: Vec<&str> = places.iter().map(|place| place.prefix.as_str()).collect();
        assert_eq!(prefixes, ["team/", "cluster/", ""]);
    }

    #[test]
    fn what_is_not_as_it_should_be_is_told() {
        for (text, words) in [
            ("sources: 1", "is not as it should be"),
            ("places: []", "is not as it should be"),
            ("sources: [{ prefix: a/ }]", "`a/…` says nothing of where they are"),
            ("sources: [{ age: a, command: [b] }]", "says more than one place"),
            ("sources: [{ command: [] }]", "a command without a program"),
            ("sources: [{ command: [a], timeout: soon }]", "expected a duration"),
            ("sources: [{ command: [a], identity: b }]", "is for `age` only"),
        ] {
            let told = told(text).err().unwrap();
            assert!(told.message.contains(words) && told.help.is_some(), "{told:?}");
        }
        let missing = read(Path::new("/no/such/file")).err().unwrap();
        assert!(missing.message.contains("can't be read"), "{missing:?}");
    }
}
