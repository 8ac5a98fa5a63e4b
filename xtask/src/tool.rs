//! Cargo's own tools: the ones on the PATH, or the tool cache's, built there when missing.

use std::path::PathBuf;

use crate::{Outcome, workspace};

/// The program of a crate such as `cargo-deny`, of this version where it is built here.
pub(crate) fn tool(name: &str, version: &str, how: &[&str]) -> Outcome<PathBuf> {
    if let Some(program) = workspace::find(name) {
        return Ok(program);
    }
    let tools = workspace::cache()?.join("tools").join(format!("{name}-{version}"));
    let program = tools.join("bin").join(name);
    if !program.is_file() {
        eprintln!("building {name} {version} into {}", tools.display());
        let mut install = workspace::cargo(["install", "--quiet", "--locked", "--debug", "--root"]);
        install.arg(&tools).arg(format!("{name}@{version}")).args(how);
        install.env("CARGO_TARGET_DIR", tools.join("build")).env("CARGO_PROFILE_DEV_DEBUG", "0");
        workspace::run(&mut install)?;
        // Kept only so long as it is built.
        let _ = std::fs::remove_dir_all(tools.join("build"));
    }
    Ok(program)
}
