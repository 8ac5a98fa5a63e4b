//! Programs that the machine itself must have: Debian's packages, installed where that is possible.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Outcome, workspace};

/// Something that must be there, and the package that brings it.
pub(crate) struct Need {
    /// A program on the PATH, or a file by its whole path.
    pub(crate) what: &'static str,
    /// Debian's package.
    pub(crate) package: &'static str,
}

impl Need {
    fn is_met(&self) -> bool {
        let path = Path::new(self.what);
        if path.is_absolute() { path.is_file() } else { workspace::find(self.what).is_some() }
    }
}

/// Sees to it that all of these are there. Where they are not and cannot be installed, the sentence
/// says what a person has to do.
pub(crate) fn need(purpose: &str, needs: &[Need]) -> Outcome {
    let missing: Vec<&Need> = needs.iter().filter(|need| !need.is_met()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let words = |part: fn(&Need) -> &'static str| {
        let words: Vec<&str> = missing.iter().copied().map(part).collect();
        words.join(" ")
    };
    let (things, packages) = (words(|need| need.what), words(|need| need.package));
    let by_hand = |why: &str| {
        format!(
            "{purpose} needs {things}, which this machine lacks, and {why}\n\
             Install Debian's packages (as root: apt-get install {packages}), or the like of your \
             system, then run the same command again."
        )
    };
    if workspace::find("apt-get").is_none() {
        return Err(by_hand("`apt-get` is not on this machine."));
    }
    if !nix::unistd::geteuid().is_root() {
        return Err(by_hand("only root may install packages."));
    }
    eprintln!("{purpose}: installing Debian's packages {packages}");
    let apt = |arguments: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.args(["-qq", "-o", "Dpkg::Use-Pty=0"]).args(arguments).stdout(Stdio::null());
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    let update = &mut apt(&["update"]);
    workspace::run(update).map_err(|error| by_hand(&error))?;
    let mut install = apt(&["install", "--yes", "--no-install-recommends"]);
    workspace::run(install.args(packages.split(' '))).map_err(|error| by_hand(&error))?;
    match missing.iter().find(|need| !need.is_met()) {
        None => Ok(()),
        Some(need) => Err(format!(
            "the package {} is installed, and `{}` is not there",
            need.package, need.what
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]

    use super::{Need, need};

    #[test]
    fn what_is_there_needs_nothing() {
        let shell = Need { what: "sh", package: "no-such-package" };
        let file = Need { what: "/bin/sh", package: "no-such-package" };
        need("a test", &[shell, file]).unwrap();
    }

    #[test]
    fn a_file_and_a_program_can_be_missing() {
        assert!(!Need { what: "no-such-program", package: "" }.is_met());
        assert!(!Need { what: "/no/such/file", package: "" }.is_met());
    }
}
