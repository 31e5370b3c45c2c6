//! Removes worktrees, whatever state they are in. Keeping what they hold is up to the caller.

use std::{fs, io, path::Path};

use super::{Worktree, find, identity};
use crate::{
    env::{fault, remove_dir::remove_dir},
    error::{Error, IoContext, Kind, Result},
    git::{process::Git, repository::Repository},
};

/// How much of a worktree was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Removed {
    /// The directory and its registration.
    Everything,
    /// The registration; the directory had been deleted already.
    Registration,
    /// The registration; the directory was left alone, since it is no longer the worktree.
    DirectoryKept,
}

/// Removes the linked worktree at `path` with all that is in it, locked or not, with changes or not, with submodules or
/// without. Its branch stays.
///
/// Errors: `not-a-worktree` if `path` is not a linked worktree of this repository: nothing is touched then.
pub(crate) fn remove(repo: &Repository, path: &Path) -> Result<Removed> {
    let found = find(repo, path)?.filter(|worktree| !worktree.main);
    let Some(worktree) = found else {
        let message = format!("'{}' is not a linked worktree of this repository", path.display());
        return Err(Error::fatal(Kind::NotAWorktree, message));
    };
    if fs::symlink_metadata(&worktree.path).is_err() {
        forget(repo, &worktree)?;
        return Ok(Removed::Registration);
    }
    if worktree.is_replaced() || !worktree.leads_home() {
        forget(repo, &worktree)?;
        return Ok(Removed::DirectoryKept);
    }
    // From the common directory: git will not remove the worktree that it stands in.
    let git = Git::in_git_dir(repo.common_dir());
    let git = git.args(["worktree", "remove", "--force", "--force", "--"]).arg(&worktree.path);
    let output = git.run()?;
    if output.success() {
        return Ok(Removed::Everything);
    }
    // Read-only directories (module caches) stop git half-way, after it has forgotten the worktree.
    clear_rest(&worktree.path).map_err(|_| git.failed(&output))?;
    forget(repo, &worktree)?;
    Ok(Removed::Everything)
}

/// Removes a linked worktree if nothing in it is uncommitted, nor any submodule there: git itself looks, right before. Gives back
/// whether it did; otherwise nothing was touched.
pub(crate) fn remove_clean(repo: &Repository, worktree: &Worktree) -> Result<bool> {
    if worktree.main || worktree.is_replaced() || !worktree.leads_home() {
        return Ok(false);
    }
    let git = Git::in_git_dir(repo.common_dir());
    // What the person does not want to be shown is work nevertheless.
    let git = git.without_hooks().config("core.fsmonitor=false").config("status.showUntrackedFiles=all");
    let git = worktree.muted.iter().fold(git, Git::setting);
    let git = git.args(["worktree", "remove", "--"]).arg(&worktree.path);
    let output = git.run()?;
    if output.success() {
        return Ok(true);
    }
    if worktree.git_dir.exists() {
        return Ok(false);
    }
    // The worktree was clean, and something in it stopped git half-way.
    clear_rest(&worktree.path).map_err(|_| git.failed(&output))?;
    Ok(true)
}

/// Removes the registration of one worktree, as `git worktree prune` would, but of this one only.
pub(super) fn forget(repo: &Repository, worktree: &Worktree) -> Result<()> {
    let all = repo.common_dir().join("worktrees");
    let ours = worktree.git_dir.parent().is_some_and(|parent| super::same_place(parent, &all));
    if worktree.main || !ours {
        return Err(Error::fatal(
            Kind::NotAWorktree,
            format!("'{}' is not a linked worktree", worktree.path.display()),
        ));
    }
    identity::forget(worktree)?;
    match fault::around("tree.forget", || remove_dir(&worktree.git_dir)) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause).io("remove", &worktree.git_dir),
        _ => {
            // git removes the directory of all registrations with the last one; it stays if there are others.
            match fault::around("tree.forget", || fs::remove_dir(&all)) {
                Ok(()) | Err(_) => Ok(()),
            }
        }
    }
}

/// Removes a directory with all that is in it, read-only directories too; one that is not there is none to remove.
///
/// # Errors
/// If something in it cannot be removed.
pub(crate) fn clear(dir: &Path) -> Result<()> {
    clear_rest(dir).io("remove", dir)
}

/// Removes what git left of a directory.
fn clear_rest(dir: &Path) -> io::Result<()> {
    if fs::symlink_metadata(dir).is_err() {
        return Ok(());
    }
    fault::around("tree.remove", || remove_dir(dir))
}
