//! Packages of npm: exactly those of a lock file, in the cache, without the scripts that they bring.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::system::{self, Need};
use crate::{Outcome, workspace};

/// What must be beside a folder's packages.
const MANIFESTS: [&str; 2] = ["package.json", "package-lock.json"];
/// Older ones cannot package an extension.
const OLDEST_NODE: u32 = 22;

/// Puts the packages of `source`'s lock file into a folder of the cache, once; `finish` does what is
/// left to do. Returns the folder, which then is whole.
pub(crate) fn packages(
    name: &str,
    source: &Path,
    finish: impl FnOnce(&Path) -> Outcome,
) -> Outcome<PathBuf> {
    let home = workspace::cache()?.join("editor");
    std::fs::create_dir_all(&home).map_err(|error| format!("{}: {error}", home.display()))?;
    let folder = home.join(format!("{name}-{}", digest(&source.join("package-lock.json"))?));
    // Ends with this function, or with the process.
    let _lock = lock(&home.join(format!("{name}.lock")))?;
    if folder.is_dir() {
        return Ok(folder);
    }
    system::need("npm's packages", &[Need { what: "npm", package: "npm" }])?;
    eprintln!("editor: packages of npm into {}", folder.display());
    let fresh = tempfile::tempdir_in(&home).map_err(|error| error.to_string())?;
    for manifest in MANIFESTS {
        let file = source.join(manifest);
        std::fs::copy(&file, fresh.path().join(manifest))
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let mut install = npm(&["ci", "--ignore-scripts"]);
    workspace::run(install.current_dir(fresh.path()))?;
    finish(fresh.path())?;
    std::fs::rename(fresh.path(), &folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    remove_older(&home, name, &folder)?;
    Ok(folder)
}

/// Removes the packages of other lock files: nobody asks for them again, and they are large.
fn remove_older(home: &Path, name: &str, current: &Path) -> Outcome {
    let failed = |error: std::io::Error| format!("{}: {error}", home.display());
    for entry in home.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let version = file_name.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
        if version.is_some() && path != current && path.is_dir() {
            std::fs::remove_dir_all(&path)
                .map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    Ok(())
}

/// npm, saying only what went wrong.
pub(crate) fn npm(arguments: &[&str]) -> Command {
    let mut npm = Command::new("npm");
    npm.args(arguments).args(["--no-audit", "--no-fund", "--no-update-notifier"]);
    npm.args(["--loglevel", "error"]).stdin(Stdio::null()).stdout(Stdio::null());
    npm
}

/// Node: the one among these packages, else the machine's own.
pub(crate) fn node(packages: &Path) -> Outcome<PathBuf> {
    let platform = platform();
    let packed = packages.join(format!("node_modules/node-{platform}/bin/node"));
    if packed.is_file() {
        return Ok(packed);
    }
    let why = format!(
        "npm has no Node for {platform}; put Node {OLDEST_NODE} or newer on the PATH, then run the \
         same command again"
    );
    let found = workspace::find("node").ok_or_else(|| why.clone())?;
    let version = workspace::output(Command::new(&found).arg("--version"))?;
    let major = version.trim().trim_start_matches('v').split('.').next().unwrap_or_default();
    let is_new = major.parse().is_ok_and(|major: u32| major >= OLDEST_NODE);
    if is_new { Ok(found) } else { Err(format!("{why} (`node` is {})", version.trim())) }
}

/// This machine, as npm and VS Code call it: `linux-x64`.
pub(crate) fn platform() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{system}-{machine}")
}

fn digest(file: &Path) -> Outcome<String> {
    let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
    let hex: Vec<String> =
        digest.as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    Ok(hex.concat())
}

/// Waits until nobody else holds it.
fn lock(path: &Path) -> Outcome<File> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = File::options().create(true).append(true).open(path).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]

    #[test]
    fn only_the_packages_of_the_current_lock_file_stay() {
        let home = tempfile::tempdir().unwrap();
        for folder in ["code-1", "code-2", "tools-1"] {
            std::fs::create_dir_all(home.path().join(folder).join("node_modules")).unwrap();
        }
        std::fs::write(home.path().join("code.lock"), "").unwrap();
        super::remove_older(home.path(), "code", &home.path().join("code-2")).unwrap();
        let entries = home.path().read_dir().unwrap();
        let mut left: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["code-2", "code.lock", "tools-1"]);
    }
}
