//! Debian's packages, unpacked into the lab's own folder: nothing on the machine is changed, no
//! service starts, and no special rights are needed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Outcome, workspace};

/// A repository of Debian's, with lists of its own.
pub(super) struct Debian {
    folder: PathBuf,
}

impl Debian {
    /// The mirror that this machine's apt uses. Fails with what is missing where apt cannot be used.
    pub(super) fn open(folder: &Path) -> Outcome<Self> {
        for program in ["apt-get", "dpkg-deb"] {
            if workspace::find(program).is_none() {
                return Err(format!("`{program}` is not on this machine"));
            }
        }
        let debian = Self { folder: folder.to_owned() };
        let lists = folder.join("lists/partial");
        std::fs::create_dir_all(&lists).map_err(|error| format!("{}: {error}", lists.display()))?;
        let mirror = mirror()?;
        let release = "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg";
        let sources = format!(
            "deb [{release}] {mirror} bookworm main\ndeb-src [{release}] {mirror} bookworm main\n"
        );
        let file = folder.join("sources.list");
        std::fs::write(&file, sources).map_err(|error| format!("{}: {error}", file.display()))?;
        workspace::run(debian.apt().arg("update").stdout(Stdio::null()))
            .map_err(|why| format!("Debian's mirror {mirror} cannot be used: {why}"))?;
        Ok(debian)
    }

    /// Downloads a binary package and unpacks it into its own folder, once.
    pub(super) fn unpack(&self, package: &str) -> Outcome<PathBuf> {
        let target = self.folder.join(package);
        if target.is_dir() {
            return Ok(target);
        }
        let fresh = tempfile::tempdir_in(&self.folder).map_err(|error| error.to_string())?;
        let mut download = self.apt();
        workspace::run(download.args(["download", package]).current_dir(fresh.path()))?;
        let entries = fresh.path().read_dir().map_err(|error| error.to_string())?;
        let deb = entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|end| end == "deb"))
            .ok_or_else(|| format!("apt-get download {package} left no package"))?;
        let tree = fresh.path().join("tree");
        workspace::run(Command::new("dpkg-deb").arg("-x").arg(&deb).arg(&tree))?;
        std::fs::rename(&tree, &target)
            .map_err(|error| format!("{}: {error}", target.display()))?;
        Ok(target)
    }

    /// Downloads a source package and unpacks it into `folder`; returns its tree.
    pub(super) fn source(&self, package: &str, folder: &Path) -> Outcome<PathBuf> {
        let mut source = self.apt();
        source.args(["source", "--download-only", "--only-source", package]).current_dir(folder);
        workspace::run(&mut source)?;
        let entries = folder.read_dir().map_err(|error| error.to_string())?;
        let dsc = entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|end| end == "dsc"))
            .ok_or_else(|| format!("apt-get source {package} left no description"))?;
        let tree = folder.join(package);
        let mut unpack = Command::new("dpkg-source");
        unpack.args(["--no-check", "-x"]).arg(dsc).arg(&tree).stdout(Stdio::null());
        workspace::run(&mut unpack)?;
        Ok(tree)
    }

    fn apt(&self) -> Command {
        let mut apt = Command::new("apt-get");
        let place =
            |option: &str, path: &str| format!("{option}={}", self.folder.join(path).display());
        apt.args(["-qq", "-o", "Dir::Etc::sourceparts=/dev/null", "-o", "APT::Sandbox::User=root"]);
        apt.arg("-o").arg(place("Dir::Etc::sourcelist", "sources.list"));
        apt.arg("-o").arg(place("Dir::State::lists", "lists"));
        apt.args(["-o", "Dir::Cache::srcpkgcache=", "-o", "Dir::Cache::pkgcache="]);
        apt
    }
}

/// Where this machine's apt gets Debian from.
fn mirror() -> Outcome<String> {
    let mut targets = Command::new("apt-get");
    targets.args([
        "indextargets",
        "--format",
        "$(REPO_URI)",
        "Created-By: Packages",
        "Origin: Debian",
    ]);
    let listed = workspace::output(&mut targets)?;
    let mirror = listed.lines().find(|line| !line.contains("security") && line.contains("debian"));
    Ok(mirror.unwrap_or("http://deb.debian.org/debian/").to_owned())
}
