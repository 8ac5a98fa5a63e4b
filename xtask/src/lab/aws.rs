//! An AWS API server for tests: ministack, from `PyPI`, in a Python environment of its own.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::home::Home;
use crate::{Outcome, workspace};

/// What is installed; another version is another folder.
const VERSION: &str = "1.5.33";

/// The server's program; installed when missing.
pub(super) fn install(home: &Home) -> Outcome<PathBuf> {
    let _lock = home.lock("aws")?;
    let folder = home.aws(VERSION);
    let program = folder.join("bin/ministack");
    if program.is_file() {
        return Ok(program);
    }
    eprintln!("lab: ministack {VERSION} from PyPI");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let python = workspace::find("python3").ok_or_else(|| missing("it is not on this machine"))?;
    let mut environment = Command::new(python);
    environment.args(["-m", "venv"]).arg(&folder).stdout(Stdio::null());
    workspace::run(&mut environment).map_err(|why| missing(&why))?;
    let mut install = Command::new(folder.join("bin/python3"));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    install.arg(format!("ministack=={VERSION}"));
    workspace::run(&mut install).map_err(|why| {
        format!("the AWS API server of the tests could not be installed from PyPI: {why}")
    })?;
    if program.is_file() {
        return Ok(program);
    }
    Err(format!("ministack was installed into {}, and its program is not there", folder.display()))
}

fn missing(why: &str) -> String {
    format!(
        "the tests against an AWS API server need Python 3 with `venv`: {why}\n\
         Install Debian's package `python3-venv` (as root: apt-get install python3-venv), then run the same \
         command again."
    )
}
