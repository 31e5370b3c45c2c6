//! One process of ours at a time in a worktree that is not the spec's own.
//!
//! `git merge --ff-only` lets go of the index before it moves the branch. Two of them in one worktree can so each write files
//! and only one move the branch; what the other wrote would stay. The kernel holds the lock, on the git directory itself, and
//! gives it back when the process ends: nothing is left behind.

use std::{
    fs::File,
    io,
    time::{Duration, Instant},
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use super::Worktree;
use crate::error::{Error, IoContext, Result};
use crate::git::process::PassedOn;

/// A worktree that is held until this is dropped.
#[derive(Debug)]
#[must_use = "it is let go of when dropped"]
pub(crate) struct WorktreeLock {
    /// A git that outlives us is still at work there.
    _passed_on: Option<PassedOn>,
    _lock: Option<File>,
}

/// Holds `place`, waiting for others of ours as long as `patience` lasts.
///
/// Where the file system knows no locks it goes on without one.
///
/// # Errors
/// `busy` if it did not become free.
pub(crate) fn lock(place: &Worktree, patience: Duration) -> Result<WorktreeLock> {
    let started = Instant::now();
    let lock = File::open(&place.git_dir).io("open", &place.git_dir)?;
    let mut pause = Duration::from_millis(1);
    loop {
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                let passed_on = PassedOn::new(&lock).io("lock", &place.git_dir)?;
                return Ok(WorktreeLock { _passed_on: Some(passed_on), _lock: Some(lock) });
            }
            Err(Errno::WOULDBLOCK | Errno::INTR) => {}
            Err(Errno::NOLCK | Errno::OPNOTSUPP | Errno::BADF | Errno::INVAL | Errno::NOSYS) => {
                return Ok(WorktreeLock { _passed_on: None, _lock: None });
            }
            Err(error) => return Err(io::Error::from(error)).io("lock", &place.git_dir),
        }
        if started.elapsed() >= patience {
            let message = format!("another git chant is at work in '{}'", place.path.display());
            return Err(Error::fatal("busy", message).hint("try again when it is done"));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
