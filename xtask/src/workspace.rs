//! Where things are, and how programs are run.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use crate::Outcome;

/// The workspace's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Where tools, servers and clusters are kept between runs.
pub(crate) fn cache() -> Outcome<PathBuf> {
    let given = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = given("XDG_CACHE_HOME")
        .or_else(|| Some(given("HOME")?.join(".cache")))
        .ok_or("neither XDG_CACHE_HOME nor HOME is set, so there is no place for a cache")?
        .join("blueprint");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Cargo, in the workspace's folder.
pub(crate) fn cargo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    command
}

/// A program on the PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Runs a command to its end.
pub(crate) fn status(command: &mut Command) -> Outcome<ExitStatus> {
    command.status().map_err(|error| format!("{} did not start: {error}", shown(command)))
}

/// Runs a command to its end; anything but success is a failure.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let status = status(command)?;
    succeeded(command, status)
}

/// Whether a command that has ended with this did well.
pub(crate) fn succeeded(command: &Command, status: ExitStatus) -> Outcome {
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", shown(command))) }
}

/// What a command prints; anything but success is a failure.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let output =
        command.output().map_err(|error| format!("{} did not start: {error}", shown(command)))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(format!("{} ended with {}: {}", shown(command), output.status, words.trim()))
}

/// A command as a person would type it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}
