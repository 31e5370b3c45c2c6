//! Submodules of a linked worktree: each has a repository of its own in there, which goes with the worktree.

use std::{fs, path::Path};

use bstr::{BStr, BString, ByteSlice};
use gix::ObjectId;

use super::Worktree;
use crate::{
    error::Result,
    git::{
        history::{self, ChangeKind},
        process::Git,
        repository::Repository,
    },
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

/// The submodules that `tip` has at another commit than `base`, by path, each with that commit.
///
/// # Errors
/// If a commit cannot be read.
pub(crate) fn changed_submodules(
    repo: &Repository,
    base: Option<ObjectId>,
    tip: ObjectId,
) -> Result<Vec<(BString, ObjectId)>> {
    let tree = repo.gix().find_commit(tip)?.tree()?;
    let mut links = Vec::new();
    // What is there and is neither a file nor a directory.
    for change in history::changed_paths(repo, base, tip)? {
        if change.kind != ChangeKind::Deleted
            && change.after.is_none()
            && let Some(entry) = tree.lookup_entry(change.path.split_str("/"))?.filter(|entry| entry.mode().is_commit())
        {
            links.push((change.path, entry.object_id()));
        }
    }
    Ok(links)
}

/// Whether a remote of the submodule at `path`, or the main worktree's copy of it, has `commit`; also where it is not checked out in
/// `worktree`, so that the commit came from elsewhere.
///
/// # Errors
/// If git cannot be run.
pub(crate) fn has_submodule_commit(
    repo: &Repository,
    worktree: &Worktree,
    path: &BStr,
    commit: ObjectId,
) -> Result<bool> {
    let path = gix::path::from_bstr(path)?;
    let Some(here) = checkout(&worktree.path.join(&path)) else { return Ok(true) };
    let commit = commit.to_string();
    let own =
        here.within(&worktree.sandbox).args(["rev-list", "--max-count=1", &commit, "--not", "--remotes"]).run()?;
    if own.success() && own.stdout.is_empty() {
        return Ok(true);
    }
    let main = repo.main_work_dir().and_then(|main| checkout(&main.join(&path)));
    main.map_or(Ok(false), |main| Ok(main.args(["cat-file", "-e", &commit]).run()?.success()))
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
    Some(
        git.without_hooks().config("core.fsmonitor=false").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_NO_LAZY_FETCH", "1"),
    )
}
