//! `cargo xtask editor`: real VS Code in a real browser, with the packed extension, driven as a
//! person drives it.
//!
//! VS Code is code-server from npm, the browser is Debian's Chromium. What a person does there, and
//! what they must see, is `tests/editor/drive.mjs`; here is only what has to be installed and run.

mod install;
mod session;

use clap::Subcommand;

use crate::extension::Extension;
use crate::package::package;
use crate::{Outcome, extension};

/// Real VS Code, for the tests of the extension.
#[derive(Subcommand)]
pub(crate) enum Editor {
    /// Get VS Code, the browser and the extension's tools, where they are not there yet.
    Install,
    /// Test the highlighting, without an editor.
    Highlight,
    /// Pack the extension with development builds, and use it in real VS Code.
    Test,
}

impl Editor {
    pub(crate) fn run(self) -> Outcome {
        match self {
            Self::Install => install(),
            Self::Highlight => highlight().map(|note| eprintln!("{note}")),
            Self::Test => test().map(|note| eprintln!("{note}")),
        }
    }
}

/// Gets what is missing; cheap where nothing is.
pub(crate) fn install() -> Outcome {
    extension::tools()?;
    install::browser()?;
    install::code().map(|_| ())
}

/// Tests the highlighting; returns what was tested.
pub(crate) fn highlight() -> Outcome<String> {
    Extension::open()?.highlight()
}

/// Uses the packed extension in real VS Code; returns where the screenshots are.
pub(crate) fn test() -> Outcome<String> {
    let packed = package("dev")?;
    session::run(&packed)
}
