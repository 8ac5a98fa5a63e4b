//! `cargo xtask package`: the VS Code extension as one file, with the language server and the
//! compiler inside.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value as Json;

use crate::extension::Extension;
use crate::{Outcome, npm, workspace};

/// What the extension brings along.
const PROGRAMS: [&str; 2] = ["bpls", "bpc"];

/// Build bpls and bpc, and pack them with the VS Code extension into one file.
#[derive(Args)]
pub(crate) struct Package {
    /// The profile that bpls and bpc are built in; `dev` is quicker to build and slower to run.
    #[arg(long, default_value = "release")]
    profile: String,
}

impl Package {
    pub(crate) fn run(self) -> Outcome {
        let file = package(&self.profile)?;
        println!("{}", file.display());
        eprintln!("install it: code --install-extension {}", file.display());
        Ok(())
    }
}

/// Packs the extension; returns the file.
pub(crate) fn package(profile: &str) -> Outcome<PathBuf> {
    build(profile)?;
    let extension = Extension::open()?;
    extension.bundle()?;
    // Cargo's own name for the profile's folder.
    let built = workspace::target().join(if profile == "dev" { "debug" } else { profile });
    let server = extension.folder().join("server");
    std::fs::create_dir(&server).map_err(|error| format!("{}: {error}", server.display()))?;
    for program in PROGRAMS {
        let file = built.join(program);
        std::fs::copy(&file, server.join(program))
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let version = env!("CARGO_PKG_VERSION");
    set_version(&extension.folder().join("package.json"), version)?;
    let platform = npm::platform();
    let file = workspace::target().join(format!("package/blueprint-{version}-{platform}.vsix"));
    let mut vsce = extension.node("node_modules/@vscode/vsce/vsce");
    vsce.args(["package", "--no-dependencies", "--allow-missing-repository"]);
    vsce.args(["--target", &platform, "--out"]).arg(&file);
    workspace::output(&mut vsce)?;
    Ok(file)
}

fn build(profile: &str) -> Outcome {
    let mut build =
        workspace::cargo(["build", "--quiet", "--locked", "--bins", "--profile", profile]);
    if profile == "dev" {
        // As the tests build it: nothing is built twice.
        build.arg("--workspace");
    } else {
        build.args(["-p", "bp-lsp", "-p", "bp-compiler"]);
    }
    workspace::run(&mut build)
}

/// The extension has the version of the programs in it.
fn set_version(manifest: &Path, version: &str) -> Outcome {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", manifest.display());
    let text = std::fs::read_to_string(manifest).map_err(|error| failed(&error))?;
    let mut json: Json = serde_json::from_str(&text).map_err(|error| failed(&error))?;
    let fields = json.as_object_mut().ok_or_else(|| failed(&"it is no JSON object"))?;
    fields.insert("version".to_owned(), version.into());
    let text = serde_json::to_string_pretty(&json).map_err(|error| failed(&error))?;
    std::fs::write(manifest, text + "\n").map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]

    #[test]
    fn the_manifest_gets_the_version_and_keeps_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("package.json");
        std::fs::write(&file, r#"{ "name": "x", "version": "0.0.1", "main": "y" }"#).unwrap();
        super::set_version(&file, "1.2.3").unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let whole = "{\n  \"name\": \"x\",\n  \"version\": \"1.2.3\",\n  \"main\": \"y\"\n}\n";
        assert_eq!(text, whole);
        std::fs::write(&file, "[]").unwrap();
        assert!(super::set_version(&file, "1.2.3").unwrap_err().contains("no JSON object"));
    }
}
