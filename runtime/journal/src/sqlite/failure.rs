//! What SQLite and the file system say, in the journal's words.

use std::path::Path;

use rusqlite::{Error, ErrorCode, ffi};

use crate::store::StoreError;

/// Something else went wrong.
pub(super) fn other(
    doing: impl Into<String>,
    source: impl std::error::Error + Send + Sync + 'static,
) -> StoreError {
    StoreError::Other { doing: doing.into(), source: Box::new(source) }
}

/// A failure of the file system.
pub(super) fn io(path: &Path, doing: &str, error: std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => full(path),
        _ => other(format!("can't {doing} {}", path.display()), error),
    }
}

fn full(path: &Path) -> StoreError {
    StoreError::Full { path: path.display().to_string() }
}

/// A failure of SQLite.
pub(super) fn sqlite(path: &Path, doing: &str, error: Error) -> StoreError {
    let Error::SqliteFailure(failure, _) = &error else {
        return other(format!("can't {doing} {}", path.display()), error);
    };
    let no_room = [
        ffi::SQLITE_IOERR_WRITE,
        ffi::SQLITE_IOERR_SHMSIZE,
        ffi::SQLITE_IOERR_TRUNCATE,
        ffi::SQLITE_IOERR_SHMMAP,
    ];
    match failure.code {
        ErrorCode::DiskFull => full(path),
        _ if no_room.contains(&failure.extended_code) && !has_room(path) => full(path),
        ErrorCode::NotADatabase => StoreError::Corrupt(format!(
            "{} is no journal: another program wrote it, or it was damaged; restore it from a backup",
            path.display()
        )),
        ErrorCode::DatabaseCorrupt => StoreError::Corrupt(format!(
            "the journal {} is damaged ({error}); restore it from a backup",
            path.display()
        )),
        ErrorCode::DatabaseBusy => other(
            format!("can't {doing} {}: another program has held it for too long", path.display()),
            error,
        ),
        _ => other(format!("can't {doing} {}", path.display()), error),
    }
}

/// Whether a few pages can be written beside the journal.
fn has_room(path: &Path) -> bool {
    let probe = path.with_extension(format!("room-{}", std::process::id()));
    let written = std::fs::write(&probe, vec![0; 64 * 1024]);
    // Whether it was written is all that matters.
    let _ = std::fs::remove_file(&probe);
    written.is_ok()
}
