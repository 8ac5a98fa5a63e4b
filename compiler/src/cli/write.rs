//! How a file is written: whole or not at all; into a device or a pipe, as it comes.

use std::fs::{File, Metadata, Permissions};
use std::io::{Error, ErrorKind, Result, Write as _};
use std::path::{Path, PathBuf};

/// So many links are followed, as systems do.
const MOST_LINKS: usize = 40;

/// Writes a file that this program makes. A link stays a link: what it leads to is written.
pub(super) fn replace(to: &Path, bytes: &[u8]) -> Result<()> {
    match to.metadata() {
        Ok(is) if is.is_dir() => Err(Error::new(ErrorKind::IsADirectory, "it is a folder")),
        // What `/dev/stdout` leads to is open already, even where it is a file.
        Ok(is) if !is.is_file() || to.starts_with("/dev") || to.starts_with("/proc") => {
            File::options().append(true).open(to)?.write_all(bytes)
        }
        Ok(is) => beside(&followed(to)?, bytes, Some(is.permissions())),
        Err(error) if error.kind() == ErrorKind::NotFound => beside(&followed(to)?, bytes, None),
        Err(error) => Err(error),
    }
}

/// Writes a file of a person's anew: it keeps its rights and all of its names, and one that is not to be
/// written is not.
pub(super) fn rewrite(path: &Path, bytes: &[u8]) -> Result<()> {
    let is = path.metadata()?;
    if is.permissions().readonly() {
        return Err(Error::new(ErrorKind::PermissionDenied, "it is read-only"));
    }
    if !is.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is no plain file"));
    }
    if names(&is) == 1 {
        return beside(&followed(path)?, bytes, Some(is.permissions()));
    }
    // Another file in its place would have only one of the names.
    let mut file = File::options().write(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// What to do about a file that can't be written.
pub(super) fn help(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "make the folder, or name a file in another",
        ErrorKind::IsADirectory => "name a file in it, or another",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "see to it that you may write there, or name a file elsewhere"
        }
        ErrorKind::StorageFull => "make room on the disk, or name a file elsewhere",
        _ => "check that the folder is there, that you may write to it and that the disk has room",
    }
}

/// That a file which is made of another would replace it, and what to do.
pub(super) fn over_its_source(read: &Path) -> (String, String) {
    let why = format!("it would replace `{}`, which it is made of", read.display());
    (why, "name another file with `--output`".to_owned())
}

/// Whether both paths lead to one file.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) if one == other => true,
        (Ok(one), Ok(other)) => is_same_on_disk(&one, &other),
        _ => false,
    }
}

#[cfg(unix)]
fn is_same_on_disk(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |path: &Path| path.metadata().ok().map(|is| (is.dev(), is.ino()));
    identity(one).is_some_and(|it| identity(other) == Some(it))
}

#[cfg(not(unix))]
fn is_same_on_disk(_: &Path, _: &Path) -> bool {
    false
}

/// Where links lead, which need not be there.
fn followed(path: &Path) -> Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if !path.symlink_metadata().is_ok_and(|is| is.is_symlink()) {
            return Ok(path);
        }
        let to = path.read_link()?;
        path = path.parent().unwrap_or(Path::new("")).join(to);
    }
    Err(Error::other("too many links lead on from it"))
}

/// Writes beside it, then takes its place.
fn beside(to: &Path, bytes: &[u8], rights: Option<Permissions>) -> Result<()> {
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    if !folder.is_dir() {
        let why = format!("there is no folder `{}`", folder.display());
        return Err(Error::new(ErrorKind::NotFound, why));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".bpc-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(Permissions::from_mode(0o644));
    }
    let mut beside = builder.tempfile_in(folder)?;
    beside.write_all(bytes)?;
    if let Some(rights) = rights {
        beside.as_file().set_permissions(rights)?;
    }
    beside.as_file().sync_all()?;
    beside.persist(to).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(unix)]
fn names(is: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(is)
}

#[cfg(not(unix))]
fn names(_: &Metadata) -> u64 {
    1
}
