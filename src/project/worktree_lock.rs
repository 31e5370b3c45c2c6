//! One process at a time that makes or takes away the worktree and the branch of a spec.
//!
//! The kernel holds the lock, on a file that exists as long as a process holds it, and releases it when the process ends.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use super::Project;
use crate::{
    domain::id::SpecId,
    env::{fault, file_lock, local_file},
    error::{IoContext, Result},
    git::inherited_lock::InheritedLock,
};

/// The place of a spec, held until this is dropped.
#[derive(Debug)]
#[must_use = "it is let go of when dropped"]
pub(crate) struct WorktreeLock {
    path: PathBuf,
    lock: File,
    /// A git that outlives us is still at work there.
    _inherited: InheritedLock,
}

impl Drop for WorktreeLock {
    fn drop(&mut self) {
        // While the lock is held: later, another process may have locked the file. A file that stays means nothing.
        let _stays = fault::around("place.drop", || std::fs::remove_file(&self.path));
        file_lock::unlock(&self.lock);
    }
}

impl Project {
    /// Locks the worktree and the branch of a spec, after a process that makes or removes them.
    pub(crate) fn lock_worktree(&self, id: &SpecId) -> Result<WorktreeLock> {
        loop {
            let waits = |file: &File, path: &Path| file_lock::lock(file, path).map(|()| true);
            if let Some(held) = self.lock_worktree_by(id, waits)? {
                return Ok(held);
            }
        }
    }

    /// Locks the worktree and the branch of a spec without waiting; `None` if another process holds the lock.
    pub(crate) fn try_lock_worktree(&self, id: &SpecId) -> Result<Option<WorktreeLock>> {
        self.lock_worktree_by(id, file_lock::try_lock)
    }

    fn lock_worktree_by(
        &self,
        id: &SpecId,
        take: impl Fn(&File, &Path) -> Result<bool>,
    ) -> Result<Option<WorktreeLock>> {
        let path = self.private_dir("places")?.join(id.as_str());
        loop {
            let open = || local_file::open_with(&path, File::options().create(true).append(true));
            let lock = fault::around("place.hold", open).io("create", &path)?;
            if !take(&lock, &path)? {
                return Ok(None);
            }
            if file_lock::is_current(&lock, &path)? {
                let inherited = InheritedLock::new(&lock).io("lock", &path)?;
                return Ok(Some(WorktreeLock { path, lock, _inherited: inherited }));
            }
            // The process that held it removed the file: there is another one now.
        }
    }
}
