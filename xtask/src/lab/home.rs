//! The lab's folder, and locks between those who use it at once.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::{Outcome, workspace};

/// The lab's folder.
pub(super) struct Home {
    folder: PathBuf,
}

impl Home {
    /// The folder under the cache; made when missing.
    pub(super) fn open() -> Outcome<Self> {
        Self::at(workspace::cache()?.join("lab"))
    }

    fn at(folder: PathBuf) -> Outcome<Self> {
        for part in ["run", "versions", "locks", "packages"] {
            let part = folder.join(part);
            std::fs::create_dir_all(&part)
                .map_err(|error| format!("{}: {error}", part.display()))?;
        }
        Ok(Self { folder })
    }

    /// The servers of a version of Kubernetes.
    pub(super) fn servers(&self, version: &str) -> PathBuf {
        self.folder.join("versions").join(version)
    }

    /// The parent of [`Home::servers`].
    pub(super) fn versions(&self) -> PathBuf {
        self.folder.join("versions")
    }

    /// The AWS API server of a version.
    pub(super) fn aws(&self, version: &str) -> PathBuf {
        self.folder.join("aws").join(version)
    }

    /// Where Debian's packages are unpacked.
    pub(super) fn packages(&self) -> PathBuf {
        self.folder.join("packages")
    }

    /// Where Kubernetes is built.
    pub(super) fn build(&self) -> PathBuf {
        self.folder.join("build")
    }

    /// A cluster's folder.
    pub(super) fn cluster(&self, name: &str) -> PathBuf {
        self.folder.join("run").join(name)
    }

    /// The names of all clusters that were started and not stopped.
    pub(super) fn clusters(&self) -> Outcome<Vec<String>> {
        let run = self.folder.join("run");
        let entries = run.read_dir().map_err(|error| format!("{}: {error}", run.display()))?;
        let mut names: Vec<String> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.path().join(super::cluster::SETTINGS).is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        Ok(names)
    }

    /// Waits until nobody else holds this lock; it ends with the value, or with the process.
    pub(super) fn lock(&self, name: &str) -> Outcome<File> {
        let path = self.folder.join("locks").join(name);
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(file)
    }

    /// The etcd that was installed, or the machine's own.
    pub(super) fn etcd(&self) -> Option<PathBuf> {
        let own = self.packages().join("etcd-server/usr/bin/etcd");
        if own.is_file() { Some(own) } else { workspace::find("etcd") }
    }
}

/// Writes a file that only its owner may read; whoever reads it at that time sees all of the old one or all of the new.
pub(super) fn write_private(path: &Path, text: &str) -> Outcome {
    use std::io::Write as _;
    let folder = path.parent().unwrap_or(Path::new("."));
    // Such a file is its owner's alone from the start.
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(path).map_err(|failed| failed.error)
    };
    write().map(drop).map_err(|error| format!("{}: {error}", path.display()))
}
