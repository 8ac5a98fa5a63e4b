//! One session in the editor: a folder of its own, the packed extension, and the script that drives.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::install;
use crate::{Outcome, extension, npm, workspace};

/// How long a session may take; it is done in a minute on a machine that does nothing else.
const PATIENCE: Duration = Duration::from_mins(5);

/// Runs the script; returns where the screenshots are.
pub(super) fn run(extension: &Path) -> Outcome<String> {
    let code = install::code()?;
    let chromium = install::browser()?;
    let node = npm::node(&extension::tools()?)?;
    let tests = workspace::root().join("tests/editor");
    let screenshots = workspace::target().join("editor");
    if screenshots.exists() {
        std::fs::remove_dir_all(&screenshots)
            .map_err(|error| format!("{}: {error}", screenshots.display()))?;
    }
    let place = tempfile::TempDir::with_prefix("blueprint-editor-");
    let place = place.map_err(|error| error.to_string())?;
    let mut copy = Command::new("cp");
    workspace::run(copy.arg("-R").arg(tests.join("fleet")).arg(place.path()))?;

    let mut drive = Command::new(node);
    drive.arg(tests.join("drive.mjs")).stdin(Stdio::null());
    drive.arg("--code").arg(code).arg("--extension").arg(extension);
    drive.arg("--settings").arg(tests.join("settings.json"));
    drive.arg("--home").arg(place.path()).arg("--workspace").arg(place.path().join("fleet"));
    drive.arg("--screenshots").arg(&screenshots).arg("--chromium").arg(chromium);
    let mut child = drive.spawn().map_err(|error| format!("node did not start: {error}"))?;
    let fine = wait(&mut child)?;
    let shown = screenshots.display();
    if fine {
        Ok(format!("screenshots in {shown}"))
    } else {
        Err(format!(
            "the editor does not do what it should; see above, and the pictures in {shown}"
        ))
    }
}

/// Waits for its end; past all patience it is asked to end, and so to end what it started.
fn wait(child: &mut Child) -> Outcome<bool> {
    let failed = |error: std::io::Error| format!("the session cannot be waited for: {error}");
    let begin = Instant::now();
    let mut asked = false;
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            return Ok(status.success());
        }
        if begin.elapsed() > PATIENCE && !asked {
            eprintln!("the session takes longer than {} s", PATIENCE.as_secs());
            let number = i32::try_from(child.id()).map_err(|error| error.to_string())?;
            // It may have ended meanwhile.
            let _ = kill(Pid::from_raw(number), Signal::SIGTERM);
            asked = true;
        }
        if begin.elapsed() > PATIENCE + Duration::from_secs(20) {
            child.kill().map_err(failed)?;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
