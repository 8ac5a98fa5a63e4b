//! The lock that keeps a second process from writing: held for a process's life, gone with it.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::failure;
use crate::store::StoreError;

/// A held lock.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock of the journal in this folder, which may be damaged.
    pub fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("lock");
        let failed = |error| failure::io(&path, "lock the journal by", error);
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who holds it is a courtesy.
                let _ = file.read_to_string(&mut holder);
                let holder = holder.trim();
                let who = if holder.is_empty() { String::new() } else { format!(" ({holder})") };
                return Err(StoreError::Locked(format!(
                    "another process{who} is working on this deployment: wait until it is done, or stop it"
                )));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0).map_err(failed)?;
        file.rewind().map_err(failed)?;
        file.write_all(format!("pid {}\n", std::process::id()).as_bytes()).map_err(failed)?;
        Ok(Self { file })
    }

    /// What no other lock is called that is held anywhere at this moment: the file, and since when its machine
    /// runs. Whoever holds a lock of this name knows that all who held it before have ended. None where the
    /// machine does not tell.
    pub fn place(&self) -> Option<String> {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let file = self.file.metadata().ok()?;
        Some(format!("{}:{}:{}", boot.trim(), file.dev(), file.ino()))
    }
}
