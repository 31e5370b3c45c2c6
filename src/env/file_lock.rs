//! Locks on open files, by which the processes of this tool keep out of each other's way.
//!
//! The kernel holds a lock and releases it when the process ends, so that none is ever left behind. Where the file system has no
//! locks, taking one is an error: a lease or a merge without a lock would only look safe. Lock files of git (`<file>.lock`) are not
//! here, see `git::stale_lock`. Over NFS an exclusive lock needs a file that is open for writing.

use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind},
    os::unix::fs::MetadataExt,
    path::Path,
};

use crate::error::{IoContext, Result};

/// A file on which this process has a lock, or tries to get one. The lock is released when this is dropped.
///
/// Closing the file is not enough: a child that another thread is just starting has a copy of every open file until it has become its
/// program, and would keep the lock until then.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub(crate) struct Lockable(File);

impl From<File> for Lockable {
    fn from(file: File) -> Self {
        Lockable(file)
    }
}

impl std::ops::Deref for Lockable {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl Drop for Lockable {
    fn drop(&mut self) {
        unlock(&self.0);
    }
}

/// Waits for the exclusive lock on `file`, which was opened at `path`.
pub(crate) fn lock(file: &File, path: &Path) -> Result<()> {
    taken(path, || file.lock().map_err(TryLockError::Error)).map(drop)
}

/// Takes the exclusive lock on `file` without waiting; `false` if another process has a lock on it.
pub(crate) fn try_lock(file: &File, path: &Path) -> Result<bool> {
    taken(path, || file.try_lock())
}

/// Takes a shared lock on `file` without waiting; `false` if another process has the exclusive one.
pub(crate) fn try_lock_shared(file: &File, path: &Path) -> Result<bool> {
    taken(path, || file.try_lock_shared())
}

fn taken(path: &Path, take: impl Fn() -> Result<(), TryLockError>) -> Result<bool> {
    loop {
        match take() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(cause)) if cause.kind() == ErrorKind::Interrupted => {}
            Err(TryLockError::Error(cause)) => return Err(cause).io("lock", path),
        }
    }
}

/// Releases the lock before `file` is closed, see [`Lockable`]. A failure leaves the lock to be released at the end of the process.
pub(crate) fn unlock(file: &File) {
    let _kept_until_the_end: io::Result<()> = file.unlock();
}

/// Whether `path` still names `file`: files are replaced, and a lock on the old one means nothing.
pub(crate) fn is_current(file: &File, path: &Path) -> Result<bool> {
    let ours = file.metadata().io("read", path)?;
    match fs::symlink_metadata(path) {
        Ok(now) => Ok((now.dev(), now.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).io("read", path),
    }
}

#[cfg(test)]
#[path = "tests/file_lock.rs"]
mod tests;
