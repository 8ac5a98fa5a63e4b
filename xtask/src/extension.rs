//! The VS Code extension of `lsp/vscode`: its tools, its bundle, the tests of its highlighting.
//!
//! Everything happens in a copy below the build folder: the checkout stays as it is.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, npm, workspace};

/// What is highlighted as a whole, beside the tests of single constructs.
const SAMPLES: [&str; 4] = ["blueprints", "stdlib", "tests/cases/accept", "tests/editor"];

/// What a person who works on the extension has in its folder, and is no source.
const BUILT: [&str; 4] = ["node_modules", "out", "server", "ThirdPartyNotices.txt"];

/// The extension, ready to be worked on.
pub(crate) struct Extension {
    folder: PathBuf,
    node: PathBuf,
}

impl Extension {
    /// Installs the tools that are missing, and copies the extension's sources.
    pub(crate) fn open() -> Outcome<Self> {
        let source = source();
        let packages = tools()?;
        let node = npm::node(&packages)?;
        let folder = workspace::target().join("package/extension");
        let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
        if folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(failed)?;
        }
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let entries =
            source.read_dir().map_err(|error| format!("{}: {error}", source.display()))?;
        for entry in entries.filter_map(Result::ok) {
            let built = BUILT.iter().any(|name| entry.file_name() == *name);
            if !built {
                let mut copy = Command::new("cp");
                workspace::run(copy.arg("-R").arg(entry.path()).arg(&folder))?;
            }
        }
        std::os::unix::fs::symlink(packages.join("node_modules"), folder.join("node_modules"))
            .map_err(failed)?;
        Ok(Self { folder, node })
    }

    /// Where it lies.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs a script of a package in the extension's folder, on the Node that came with the tools.
    pub(crate) fn node(&self, script: &str) -> Command {
        let mut command = Command::new(&self.node);
        command.arg(script).current_dir(&self.folder);
        command
    }

    /// Checks the types, makes one file of all that the extension consists of, and a notice of whose
    /// code that is.
    pub(crate) fn bundle(&self) -> Outcome {
        ["types", "bundle", "notices"].iter().try_for_each(|name| self.script(name))
    }

    /// Runs the tests of the highlighting; returns what was tested.
    pub(crate) fn highlight(&self) -> Outcome<String> {
        self.script("highlight")?;
        let mut samples = self.node("tests/samples.mjs");
        samples.args(SAMPLES.map(|folder| workspace::root().join(folder)));
        workspace::output(&mut samples).map(|said| said.trim().to_owned())
    }

    /// Runs a script of `package.json`.
    fn script(&self, name: &str) -> Outcome {
        let bin = self.node.parent().unwrap_or(Path::new("."));
        let path = std::env::var("PATH").unwrap_or_default();
        let mut run = Command::new("npm");
        run.args(["run", "--silent", name]).current_dir(&self.folder);
        run.env("PATH", format!("{}:{path}", bin.display()));
        workspace::output(&mut run).map(|_| ())
    }
}

/// The packages that build and test the extension, in the cache.
pub(crate) fn tools() -> Outcome<PathBuf> {
    npm::packages("tools", &source(), |_| Ok(()))
}

fn source() -> PathBuf {
    workspace::root().join("lsp/vscode")
}
