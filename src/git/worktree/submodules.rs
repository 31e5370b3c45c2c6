//! Submodules of a linked worktree: each has a repository of its own in there, which goes with the worktree.

use std::{fs, path::Path};

use bstr::{BString, ByteSlice};

use super::Worktree;
use crate::{
    error::Result,
    git::{process::Git, repository::Repository},
};

/// How many commits of one submodule are looked for elsewhere; with more it counts as unsaved.
const MAX_COMMITS: usize = 1000;

/// The submodules of a worktree that hold what is nowhere else: changes in no commit, and commits that neither a remote of theirs
/// nor the main worktree's copy of the submodule has. By path, sorted.
///
/// # Errors
/// If the index of the worktree cannot be read. A submodule that cannot be read counts as unsaved.
pub(crate) fn unsaved_submodules(repo: &Repository, worktree: &Worktree) -> Result<Vec<BString>> {
    let listed = worktree.plain_git()?.args(["ls-files", "--stage", "-z"]).check()?;
    let mut unsaved: Vec<BString> = listed
        .records()
        .filter_map(|record| record.strip_prefix(b"160000 ")?.split_once_str("\t").map(|(_, path)| path.as_bstr()))
        .filter(|path| !is_saved(repo, worktree, path).unwrap_or(false))
        .map(ToOwned::to_owned)
        .collect();
    unsaved.sort();
    unsaved.dedup();
    Ok(unsaved)
}

fn is_saved(repo: &Repository, worktree: &Worktree, path: &bstr::BStr) -> Result<bool> {
    let path = gix::path::from_bstr(path)?;
    let Some(here) = checkout(&worktree.path.join(&path)) else { return Ok(true) };
    let here = here.within(&worktree.sandbox);
    let dirty = here.clone().args(["status", "--porcelain=v1", "--ignore-submodules=none"]).check()?;
    if !dirty.stdout.is_empty() {
        return Ok(false);
    }
    // With `HEAD` and what any ref was: a branch may have been set back.
    let most = format!("--max-count={}", MAX_COMMITS + 1);
    let own = here.args(["rev-list", most.as_str(), "--all", "--reflog", "--not", "--remotes"]).check()?;
    match own.stdout.lines().count() {
        0 => return Ok(true),
        count if count > MAX_COMMITS => return Ok(false),
        _ => {}
    }
    let Some(main) = repo.main_work_dir().and_then(|main| checkout(&main.join(&path))) else { return Ok(false) };
    let found = main.args(["cat-file", "--batch-check=%(objecttype)"]).stdin_bytes(own.stdout).check()?;
    Ok(found.stdout.lines().all(|line| line == b"commit"))
}

/// Git in a submodule, if it is checked out there.
fn checkout(dir: &Path) -> Option<Git> {
    fs::symlink_metadata(dir.join(".git")).ok()?;
    // In a sandbox git starts elsewhere.
    let git = Git::in_dir(dir).global("-C").global(dir);
    Some(git.without_hooks().config("core.fsmonitor=false").env("GIT_OPTIONAL_LOCKS", "0"))
}
