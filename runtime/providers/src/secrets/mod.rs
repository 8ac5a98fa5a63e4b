//! Where secrets are kept: a file that is encrypted with age, Secrets of Kubernetes, a command that tells them.
//!
//! # What a source promises
//!
//! - It is asked when a secret is needed, and remembers nothing.
//! - What it tells goes to who asked, and nowhere else: into no file, no log, no argument of a program.
//! - Where it has nothing to tell, it says so in a sentence that quotes nothing of what it read: that may be the
//!   secret.

mod age_file;
mod command;
mod kubernetes;
pub mod seal;

use std::collections::BTreeMap;

use async_trait::async_trait;

pub use age_file::AgeFile;
pub use command::Command;
pub use kubernetes::Kubernetes;

/// The most that a source may tell of one secret, in bytes.
const LARGEST: usize = 1024 * 1024;

/// Why a secret is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// What happened, in one sentence.
    pub why: String,
    /// What to do.
    pub help: String,
    /// The source answered, and has none of this name.
    pub is_absent: bool,
}

impl Lack {
    fn absent(why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { is_absent: true, ..Self::failed(why, help) }
    }

    fn failed(why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { why: why.into(), help: help.into(), is_absent: false }
    }
}

/// What a source tells of each name.
pub type Told = BTreeMap<String, Result<String, Lack>>;

/// Something that knows secrets by their names.
#[async_trait]
pub trait Source: Send + Sync {
    /// What it has under these names now.
    async fn read(&self, names: &[String]) -> Told;
}

/// The same about all of them.
fn all(names: &[String], lack: &Lack) -> Told {
    names.iter().map(|name| (name.clone(), Err(lack.clone()))).collect()
}

/// Bytes as the text that a secret is.
fn text(bytes: Vec<u8>, from: &str) -> Result<String, Lack> {
    if bytes.len() > LARGEST {
        let why = format!("{from} gave more than {} MiB", LARGEST / 1024 / 1024);
        return Err(Lack::failed(why, "a secret is a text that fits into one property"));
    }
    String::from_utf8(bytes).map_err(|_| {
        Lack::failed(
            format!("{from} gave what is no text (UTF-8)"),
            "keep it encoded, as base64 say, and let what uses it decode it",
        )
    })
}
