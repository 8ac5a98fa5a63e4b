//! `bpls` and `bpc` as they are packed: without symbols and, built for release, without a trace of the
//! machine that built them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, workspace};

/// What the extension brings along.
const PROGRAMS: [&str; 2] = ["bpls", "bpc"];
/// What stands between flags in `CARGO_ENCODED_RUSTFLAGS`.
const SEPARATOR: &str = "\u{1f}";

/// The programs, built.
pub(crate) struct Programs {
    folder: PathBuf,
    is_release: bool,
}

impl Programs {
    /// Builds them in the profile `release` or `dev`.
    pub(crate) fn build(profile: &str) -> Outcome<Self> {
        let is_release = profile != "dev";
        let folder = if is_release { build()? } else { build_dev()? };
        Ok(Self { folder, is_release })
    }

    /// Puts them into a folder of the extension, which is not there yet.
    pub(crate) fn put(&self, server: &Path) -> Outcome {
        std::fs::create_dir(server).map_err(|error| format!("{}: {error}", server.display()))?;
        for program in PROGRAMS {
            let (from, to) = (self.folder.join(program), server.join(program));
            std::fs::copy(&from, &to).map_err(|error| format!("{}: {error}", from.display()))?;
            if self.is_release {
                check(&to)?;
            } else {
                strip(&to)?;
            }
        }
        Ok(())
    }
}

/// As the tests build them: nothing is built twice.
fn build_dev() -> Outcome<PathBuf> {
    let arguments = ["build", "--quiet", "--locked", "--bins", "--workspace"];
    workspace::run(&mut workspace::cargo(arguments))?;
    Ok(workspace::target().join("debug"))
}

/// For other machines. In a folder of its own: other flags would build all that is there anew.
fn build() -> Outcome<PathBuf> {
    let folder = workspace::target().join("package/build");
    let mut build = workspace::cargo(["build", "--quiet", "--locked", "--bins", "--release"]);
    build.args(["-p", "bp-lsp", "-p", "bp-compiler", "--target-dir"]).arg(&folder);
    build.env("CARGO_PROFILE_RELEASE_STRIP", "symbols");
    build.env("CARGO_ENCODED_RUSTFLAGS", flags(given(), &remaps(&folder)));
    workspace::run(&mut build)?;
    Ok(folder.join("release"))
}

/// What a path becomes in the programs; of two that match a path the later holds.
fn remaps(build: &Path) -> Vec<(PathBuf, &'static str)> {
    let mut remaps = own();
    if let Some(cargo) = cargo_home() {
        let sources = cargo.join("registry/src");
        let registries = sources.read_dir().into_iter().flatten().filter_map(Result::ok);
        let crates = registries.map(|registry| (registry.path(), "/crates"));
        let crates: Vec<(PathBuf, &str)> = crates.collect();
        remaps.push((cargo, "/cargo"));
        remaps.extend(crates);
    }
    remaps.push((build.to_owned(), "/build"));
    remaps
}

/// The flags that a build here has anyway.
fn given() -> OsString {
    std::env::var_os("CARGO_ENCODED_RUSTFLAGS").unwrap_or_else(|| {
        let plain = std::env::var("RUSTFLAGS").unwrap_or_default();
        plain.split_whitespace().collect::<Vec<_>>().join(SEPARATOR).into()
    })
}

/// These flags, and those that change paths.
fn flags(mut flags: OsString, remaps: &[(PathBuf, &str)]) -> OsString {
    for (from, to) in remaps {
        if !flags.is_empty() {
            flags.push(SEPARATOR);
        }
        flags.push("--remap-path-prefix=");
        flags.push(from);
        flags.push("=");
        flags.push(to);
    }
    flags
}

/// Whose paths say something of this machine: the person's folder, and the checkout.
fn own() -> Vec<(PathBuf, &'static str)> {
    let home = std::env::var_os("HOME").map(|home| (PathBuf::from(home), "/home"));
    let own = home.into_iter().chain([(workspace::root().to_owned(), "/source")]);
    // One that is the root of all paths says nothing.
    own.filter(|(path, _)| path.is_absolute() && path.parent().is_some()).collect()
}

fn cargo_home() -> Option<PathBuf> {
    let given = std::env::var_os("CARGO_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    given.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))
}

/// Takes the symbols out, where the machine has the program for it; they are most of such a file.
fn strip(file: &Path) -> Outcome {
    match workspace::find("strip") {
        Some(strip) => workspace::run(Command::new(strip).arg(file)),
        None => Ok(()),
    }
}

/// Fails where a program holds a path of this machine.
fn check(file: &Path) -> Outcome {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let bytes = std::fs::read(file).map_err(|error| failed(&error))?;
    let mut own: Vec<PathBuf> = own().into_iter().map(|(path, _)| path).collect();
    own.extend(cargo_home());
    match traces(&bytes, &own).first() {
        None => Ok(()),
        Some(trace) => Err(failed(&format!(
            "it holds the path `{trace}` of this machine, which whoever installs the extension could \
             read; what put it there is missing among the prefixes in xtask/src/programs.rs, or is \
             code that takes `env!(\"CARGO_MANIFEST_DIR\")` into the program"
        ))),
    }
}

/// The paths in these bytes that begin with one of these folders, each with what surrounds it.
fn traces(bytes: &[u8], folders: &[PathBuf]) -> Vec<String> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+@".contains(byte);
    let mut traces = Vec::new();
    for folder in folders {
        let folder = folder.as_os_str().as_encoded_bytes();
        let mut rest = bytes;
        while let Some(at) = rest.windows(folder.len()).position(|window| window == folder) {
            let found = rest.get(at..).unwrap_or_default();
            let after = found.get(folder.len()..).unwrap_or_default();
            // `/rootfs` is not in `/root`.
            if after.first().is_none_or(|byte| *byte == b'/' || !is_part(byte)) {
                let path: Vec<u8> = found.iter().copied().take_while(is_part).take(200).collect();
                traces.push(String::from_utf8_lossy(&path).into_owned());
            }
            rest = after;
        }
    }
    traces
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]

    use std::path::PathBuf;

    use super::{flags, traces};

    #[test]
    fn paths_are_changed_after_the_flags_that_are_there() {
        let remaps = [(PathBuf::from("/a"), "/x"), (PathBuf::from("/a b"), "/y")];
        let one = "--remap-path-prefix=/a=/x\u{1f}--remap-path-prefix=/a b=/y";
        assert_eq!(flags("".into(), &remaps), one);
        assert_eq!(flags("-O".into(), &remaps), *format!("-O\u{1f}{one}"));
    }

    #[test]
    fn a_path_of_the_machine_is_found_and_one_like_it_is_not() {
        let own = [PathBuf::from("/opt/ada"), PathBuf::from("/src/blueprint")];
        assert_eq!(traces(b"\0/opt/adam\0 /opt/adam \0/src/blue", &own), [""; 0]);
        let held = b"\0/opt/adam\0/opt/ada/.cargo/x-1.0/lib.rs\0at /src/blueprint\0";
        assert_eq!(traces(held, &own), ["/opt/ada/.cargo/x-1.0/lib.rs", "/src/blueprint"]);
    }
}
