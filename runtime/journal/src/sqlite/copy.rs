//! A copy of a journal in a file of its own: a backup that is whole, whatever is written meanwhile.

use std::fs::File;
use std::path::Path;

use rusqlite::Connection;

use super::failure;
use crate::store::StoreError;

/// Copies the journal as it is at this moment into a new file, which is there whole or not at all.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let failed = |error| failure::io(to, "write the copy", error);
    let beside = to.with_extension(format!("part-{}", std::process::id()));
    let written = write(from, &beside).and_then(|()| {
        File::open(&beside).and_then(|file| file.sync_all()).map_err(failed)?;
        // Somebody else's file is never written over: a link fails where there is one.
        std::fs::hard_link(&beside, to).map_err(failed)
    });
    // What is left of it is of no use, and its name is nobody's.
    let _ = std::fs::remove_file(&beside);
    written?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn write(from: &Path, to: &Path) -> Result<(), StoreError> {
    let path = to.to_str().ok_or_else(|| {
        let why = std::io::Error::other("its path is no text");
        failure::io(to, "write the copy", why)
    })?;
    let connection =
        Connection::open(from).map_err(|error| failure::sqlite(from, "read the journal", error))?;
    connection
        .execute("VACUUM INTO ?1", [path])
        .map(drop)
        .map_err(|error| failure::sqlite(from, "copy the journal", error))
}
