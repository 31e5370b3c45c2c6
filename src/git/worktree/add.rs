//! A new worktree for a branch.

use std::{fs, path::Path};

use gix::refs::FullNameRef;

use super::{Worktree, among_others, find, identity, remove};
use crate::{
    env::fault,
    error::{Error, IoContext, Kind, Result},
    git::{
        process::Git,
        repository::{Head, Repository},
    },
};

/// The reason by which a worktree is locked while git makes it, or while it waits to be filled.
pub(crate) const INITIALIZING: &str = "initializing";

/// Makes a worktree at `path`, an absolute one, on an existing branch.
///
/// Git does it: hooks, clean and smudge filters, sparse checkouts and relative paths are then as everywhere else. A
/// post-checkout hook that fails leaves a complete worktree, so that is no error. What a worktree that was deleted by hand
/// left behind at this path is cleared first. Errors: `worktree-path-exists`, `git-failed`.
pub(crate) fn add(repo: &Repository, path: &Path, branch: &FullNameRef) -> Result<Worktree> {
    register(repo, path, branch, &[])
}

/// As [`add`], without files: [`fill`] puts them there. Until then the worktree is locked, as one that git has not completed.
pub(crate) fn add_empty(repo: &Repository, path: &Path, branch: &FullNameRef) -> Result<Worktree> {
    register(repo, path, branch, &["--no-checkout", "--lock", "--reason", INITIALIZING])
}

/// Puts the files of its branch into a worktree that [`add_empty`] made, and runs the post-checkout hook: both within its sandbox.
///
/// # Errors
/// `git-failed` if git cannot write the files.
pub(crate) fn fill(tree: &Worktree) -> Result<()> {
    write_files(tree)?;
    complete(tree)
}

/// Makes the files of a worktree those of its branch. Files that are there are told from changed ones by all that its index knows of them.
pub(super) fn write_files(tree: &Worktree) -> Result<()> {
    let git = tree.git()?.config("core.trustctime=true").config("core.checkStat=default");
    let git = git.config("core.fsmonitor=false").config("core.untrackedCache=false");
    git.args(["read-tree", "--reset", "-u", "--no-recurse-submodules", "HEAD"]).check().map(drop)
}

/// Runs the post-checkout hook in a worktree that has its files, and unlocks it.
pub(super) fn complete(tree: &Worktree) -> Result<()> {
    if let Some(head) = tree.head.as_ref().and_then(Head::id) {
        let ids = [head.kind().null(), head].map(|id| id.to_string());
        let hook = tree.git()?.args(["hook", "run", "--ignore-missing", "post-checkout", "--"]).args(ids).arg("1");
        // One that fails leaves a complete worktree.
        let _ran = hook.run()?;
    }
    let lock = tree.git_dir.join("locked");
    fault::around("tree.unlock", || fs::remove_file(&lock)).io("remove", &lock)
}

fn register(repo: &Repository, path: &Path, branch: &FullNameRef, options: &[&str]) -> Result<Worktree> {
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
    let git = Git::at(repo).args(["worktree", "add", "--quiet"]).args(options).arg("--").arg(path).arg(short);
    let output = among_others(&git)?;
    match find(repo, path)? {
        Some(made) if made.is_on(branch) && made.path.is_dir() => identity::record(&made).map(|()| made),
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
