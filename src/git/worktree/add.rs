//! A new worktree for a branch.

use std::{fs, path::Path};

use gix::refs::FullNameRef;

use super::{Worktree, among_others, find, remove};
use crate::{
    error::{Error, IoContext, Kind, Result},
    git::{process::Git, repository::Repository},
};

/// Makes a worktree at `path`, an absolute one, on an existing branch.
///
/// Git does it: hooks, clean and smudge filters, sparse checkouts and relative paths are then as everywhere else. A
/// post-checkout hook that fails leaves a complete worktree, so that is no error. What a worktree that was deleted by hand
/// left behind at this path is cleared first. Errors: `worktree-path-exists`, `git-failed`.
pub(crate) fn add(repo: &Repository, path: &Path, branch: &FullNameRef) -> Result<Worktree> {
    let old = find(repo, path)?;
    if old.as_ref().is_some_and(|old| old.main || !old.prunable || path.join(".git").exists()) {
        let message = format!("cannot create a worktree at '{}': one exists already", path.display());
        return Err(Error::fatal(Kind::WorktreePathExists, message));
    }
    require_free(path)?;
    if let Some(old) = old {
        remove::forget(repo, &old)?;
    }
    let short = branch.shorten().to_string();
    let git = Git::at(repo).args(["worktree", "add", "--quiet"]).arg("--").arg(path).arg(short);
    let output = among_others(&git)?;
    match find(repo, path)? {
        Some(made) if made.is_on(branch) && made.path.is_dir() => Ok(made),
        _ => Err(git.failed(&output)),
    }
}

/// Refuses a place for a worktree where something else is than an empty directory.
///
/// # Errors
/// `worktree-path-exists`.
pub(crate) fn require_free(path: &Path) -> Result<()> {
    let Ok(meta) = fs::symlink_metadata(path) else { return Ok(()) };
    if meta.is_dir() && fs::read_dir(path).io("read", path)?.next().is_none() {
        return Ok(());
    }
    let what = if meta.is_dir() { "a directory that is not empty" } else { "a file" };
    let message = format!("cannot create a worktree at '{}': {what} is in the way", path.display());
    Err(Error::fatal(Kind::WorktreePathExists, message).hint("move it aside, or set chant.worktreeDir"))
}
