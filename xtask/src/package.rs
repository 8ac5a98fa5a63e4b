//! `cargo xtask package`: the VS Code extension as one file, with the language server and the
//! compiler inside.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value as Json;

use crate::extension::Extension;
use crate::programs::Programs;
use crate::{Outcome, npm, workspace};

/// What the manifest says to those alone who build the extension.
const OF_THE_BUILD: [&str; 3] = ["scripts", "devDependencies", "optionalDependencies"];

/// Build bpls and bpc, and pack them with the VS Code extension into one file.
#[derive(Args)]
pub(crate) struct Package {
    /// The profile that bpls and bpc are built in; `dev` is quicker to build and slower to run.
    #[arg(long, default_value = "release", value_parser = ["release", "dev"])]
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
    let programs = Programs::build(profile)?;
    let extension = Extension::open()?;
    extension.bundle()?;
    programs.put(&extension.folder().join("server"))?;
    let version = env!("CARGO_PKG_VERSION");
    write_manifest(&extension.folder().join("package.json"), version)?;
    let platform = npm::platform();
    let file = workspace::target().join(format!("package/blueprint-{version}-{platform}.vsix"));
    let mut vsce = extension.node("node_modules/@vscode/vsce/vsce");
    vsce.args(["package", "--no-dependencies", "--allow-missing-repository"]);
    vsce.args(["--target", &platform, "--out"]).arg(&file);
    if std::env::var_os("SOURCE_DATE_EPOCH").is_none() {
        // The same programs give the same file: it has the first date that its format knows.
        vsce.env("SOURCE_DATE_EPOCH", "315619200");
    }
    workspace::output(&mut vsce)?;
    Ok(file)
}

/// The extension has the version of the programs in it, and nothing of how it is built.
fn write_manifest(manifest: &Path, version: &str) -> Outcome {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", manifest.display());
    let text = std::fs::read_to_string(manifest).map_err(|error| failed(&error))?;
    let mut json: Json = serde_json::from_str(&text).map_err(|error| failed(&error))?;
    let fields = json.as_object_mut().ok_or_else(|| failed(&"it is no JSON object"))?;
    fields.insert("version".to_owned(), version.into());
    fields.retain(|name, _| !OF_THE_BUILD.contains(&name.as_str()));
    let text = serde_json::to_string_pretty(&json).map_err(|error| failed(&error))?;
    std::fs::write(manifest, text + "\n").map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]

    #[test]
    fn the_manifest_gets_the_version_and_loses_what_is_of_the_build() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("package.json");
        let text = r#"{
            "name": "x", "version": "0.0.1", "scripts": { "a": "b" }, "main": "y",
            "devDependencies": { "c": "1" }, "optionalDependencies": { "d": "1" }
        }"#;
        std::fs::write(&file, text).unwrap();
        super::write_manifest(&file, "1.2.3").unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let whole = "{\n  \"name\": \"x\",\n  \"version\": \"1.2.3\",\n  \"main\": \"y\"\n}\n";
        assert_eq!(text, whole);
        std::fs::write(&file, "[]").unwrap();
        assert!(super::write_manifest(&file, "1.2.3").unwrap_err().contains("no JSON object"));
    }
}
