//! `lab install`: etcd and the Kubernetes servers, from the nearest place that has them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::debian::Debian;
use super::home::Home;
use super::kubernetes;
use crate::{Outcome, workspace};

/// The newest Kubernetes that Debian has as source.
pub(super) const VERSION: &str = "1.20.2";
pub(super) const SERVERS: [&str; 3] =
    ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];
/// A folder, or an archive, with servers that somebody built before.
const PREBUILT: &str = "CLUSTER_LAB_PREBUILT";
/// Beside the workspace, where the variable is not set.
const BESIDE: &str = "../shared/lab/prebuilt";

/// Gets what is missing; cheap where nothing is.
pub(super) fn install(home: &Home) -> Outcome {
    let _lock = home.lock("install")?;
    let mut debian = None;
    if home.etcd().is_none() {
        eprintln!("lab: etcd from Debian's package etcd-server");
        let unpacked = open(&mut debian, home).and_then(|debian| debian.unpack("etcd-server"));
        unpacked.map_err(|why| missing("etcd", "etcd-server", &why))?;
    }
    let servers = home.servers(VERSION);
    if !complete(&servers) {
        match prebuilt() {
            Some(from) => {
                eprintln!("lab: Kubernetes {VERSION} from {}", from.display());
                take(&from, home)?;
            }
            None => kubernetes::build(home, open(&mut debian, home)?)?,
        }
    }
    if complete(&servers) {
        return Ok(());
    }
    Err(format!("{} lacks one of {}", servers.display(), SERVERS.join(", ")))
}

fn complete(folder: &Path) -> bool {
    SERVERS.iter().all(|server| folder.join(server).is_file())
}

fn open<'a>(debian: &'a mut Option<Debian>, home: &Home) -> Outcome<&'a Debian> {
    if debian.is_none() {
        *debian = Some(Debian::open(&home.packages())?);
    }
    debian.as_ref().ok_or_else(|| "Debian's packages are not there".to_owned())
}

pub(super) fn missing(program: &str, package: &str, why: &str) -> String {
    format!(
        "the tests against real API servers need `{program}`, and it could not be fetched: {why}\n\
         Install Debian's package `{package}` (as root: apt-get install {package}), or put `{program}` on the \
         PATH, then run the same command again."
    )
}

/// Where built servers lie: the folder or archive that the variable names, or one beside the workspace.
fn prebuilt() -> Option<PathBuf> {
    let given = std::env::var_os(PREBUILT).filter(|value| !value.is_empty());
    let place = given.map_or_else(|| workspace::root().join(BESIDE), PathBuf::from);
    if !place.is_dir() || complete(&place) {
        return place.exists().then_some(place);
    }
    let archive = place.join(format!("kubernetes-{VERSION}.tar.zst"));
    archive.is_file().then_some(archive)
}

/// Unpacks an archive that holds `VERSION/SERVER`, or copies the servers of a folder.
fn take(from: &Path, home: &Home) -> Outcome {
    let fresh = tempfile::tempdir_in(home.versions()).map_err(|error| error.to_string())?;
    let ready = fresh.path().join(VERSION);
    if from.is_dir() {
        std::fs::create_dir(&ready).map_err(|error| error.to_string())?;
        for server in SERVERS {
            let copied = std::fs::copy(from.join(server), ready.join(server));
            copied.map_err(|error| format!("{}: {error}", from.join(server).display()))?;
        }
    } else {
        if workspace::find("zstd").is_none() {
            return Err(missing("zstd", "zstd", "it is not on this machine"));
        }
        let mut unpack = Command::new("tar");
        unpack.arg("-C").arg(fresh.path()).args(["--zstd", "-xf"]).arg(from);
        workspace::run(&mut unpack)?;
    }
    let servers = home.servers(VERSION);
    if servers.exists() {
        std::fs::remove_dir_all(&servers)
            .map_err(|error| format!("{}: {error}", servers.display()))?;
    }
    std::fs::rename(&ready, &servers).map_err(|error| format!("{}: {error}", servers.display()))
}
