//! PostgreSQL's server for tests: the machine's own, or Debian's package, unpacked into the lab's folder.
//!
//! Nothing is started here: each test starts a server of its own.

use std::path::{Path, PathBuf};

use super::debian::Debian;
use super::home::Home;
use crate::{Outcome, workspace};

/// A folder with the programs, where somebody has other ones than the machine's.
const GIVEN: &str = "BLUEPRINT_POSTGRES";
/// Where Debian has them, version by version.
const MACHINE: &str = "/usr/lib/postgresql";
/// What a test starts.
const PROGRAMS: [&str; 2] = ["initdb", "postgres"];
/// Debian's package of the server, and its version.
const PACKAGE: &str = "postgresql-15";
/// The libraries that a small machine may lack.
const LIBRARIES: [&str; 11] = [
    "libpq5",
    "libicu72",
    "libxml2",
    "libldap-2.5-0",
    "libsasl2-2",
    "libgssapi-krb5-2",
    "libkrb5-3",
    "libk5crypto3",
    "libkrb5support0",
    "libkeyutils1",
    "liblz4-1",
];

/// Where the programs are, and where the libraries that they need beside the machine's.
pub(super) struct Postgres {
    pub(super) programs: PathBuf,
    pub(super) libraries: Vec<PathBuf>,
}

/// The programs; installed when missing.
pub(super) fn install(home: &Home) -> Outcome<Postgres> {
    if let Some(given) = std::env::var_os(GIVEN).filter(|folder| !folder.is_empty()) {
        let programs = PathBuf::from(given);
        if !is_whole(&programs) {
            let needs = PROGRAMS.join(" or ");
            return Err(format!("{GIVEN} is {}, which has no {needs}", programs.display()));
        }
        return Ok(Postgres { programs, libraries: Vec::new() });
    }
    if let Some(programs) = of_machine() {
        return Ok(Postgres { programs, libraries: Vec::new() });
    }
    let _lock = home.lock("postgres")?;
    unpacked(home).map_err(|why| {
        format!(
            "the tests of the journal in PostgreSQL need its server, and it could not be fetched: {why}\n\
             Install Debian's package `postgresql` (as root: apt-get install postgresql), or name a folder with \
             {} in {GIVEN}, then run the same command again.",
            PROGRAMS.join(" and ")
        )
    })
}

fn is_whole(folder: &Path) -> bool {
    PROGRAMS.iter().all(|program| folder.join(program).is_file())
}

/// Those on the PATH, or the newest that Debian's packages have put on the machine.
fn of_machine() -> Option<PathBuf> {
    // A link on the PATH does not tell where the rest of the server is.
    let on_path = workspace::find("postgres").and_then(|file| file.canonicalize().ok());
    let on_path = on_path.and_then(|file| Some(file.parent()?.to_owned()));
    let versions = Path::new(MACHINE).read_dir().into_iter().flatten().filter_map(Result::ok);
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    let newest = versions.into_iter().rev().map(|(_, folder)| folder);
    on_path.into_iter().chain(newest).find(|folder| is_whole(folder))
}

/// Debian's packages, in the lab's folder.
fn unpacked(home: &Home) -> Outcome<Postgres> {
    let tree = home.packages().join(PACKAGE);
    let are_there =
        std::iter::once(&PACKAGE).chain(&LIBRARIES).all(|name| home.packages().join(name).is_dir());
    if !are_there {
        eprintln!("lab: PostgreSQL from Debian's package {PACKAGE}");
        let debian = Debian::open(&home.packages())?;
        debian.unpack(PACKAGE)?;
        for library in LIBRARIES {
            debian.unpack(library)?;
        }
    }
    let version = PACKAGE.rsplit('-').next().unwrap_or_default();
    let programs = tree.join("usr/lib/postgresql").join(version).join("bin");
    if !is_whole(&programs) {
        return Err(format!("{} lacks one of {}", programs.display(), PROGRAMS.join(", ")));
    }
    let folder = |library: &str| {
        let lib = home.packages().join(library).join("usr/lib");
        let mut parts = lib.read_dir().ok()?.filter_map(Result::ok).map(|entry| entry.path());
        parts.find(|path| path.is_dir() && path.display().to_string().contains("-linux-"))
    };
    let libraries = LIBRARIES.into_iter().filter_map(folder).collect();
    Ok(Postgres { programs, libraries })
}
