//! One process of this tool at a time in a worktree that is not the spec's own.
//!
//! `git merge --ff-only` releases the index before it moves the branch. Two of them in one worktree can each write files while only
//! one moves the branch; what the other wrote would stay. The lock is on the git directory itself: no file is made for it.

use std::{
    fs::File,
    time::{Duration, Instant},
};

use super::Worktree;
use crate::{
    env::file_lock,
    error::{IoContext, Result},
    git::inherited_lock::InheritedLock,
};

/// The lock on a worktree, released when this is dropped.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub(crate) struct WorktreeLock {
    /// A git that outlives this process is still at work there.
    _inherited: InheritedLock,
    _file: File,
}

/// Locks `worktree`, waiting for other processes of this tool as long as `patience` lasts; `None` if it did not become free.
pub(crate) fn lock(worktree: &Worktree, patience: Duration) -> Result<Option<WorktreeLock>> {
    let started = Instant::now();
    let path = &worktree.git_dir;
    let file = File::open(path).io("open", path)?;
    let mut pause = Duration::from_millis(1);
    while !file_lock::try_lock(&file, path)? {
        if started.elapsed() >= patience {
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
    Ok(Some(WorktreeLock { _inherited: InheritedLock::new(&file).io("lock", path)?, _file: file }))
}
