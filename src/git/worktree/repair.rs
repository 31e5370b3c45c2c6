//! Repairing what an agent or a person has broken in a worktree, and finding commits that only its reflog holds.

use std::{collections::HashSet, fs, path::Path};

use bstr::ByteSlice;
use gix::ObjectId;

use super::{Worktree, identity};
use crate::{
    env::local_file,
    error::Result,
    git::{
        history,
        process::Git,
        repository::{Head, Repository},
    },
};

/// How many of the newest places that a worktree's `HEAD` stood at are looked at.
const MAX_HEADS: usize = 1000;

/// How much of the end of a reflog is read, in bytes.
const MAX_LOG: u64 = 1 << 20;

/// Makes `.git` in a linked worktree lead to its git directory again. Returns whether there was something to repair.
///
/// What is no file there (a repository of its own, a symlink) is left alone; [`Worktree::git`] then says that it is damaged.
pub(crate) fn repair(repo: &Repository, worktree: &Worktree) -> Result<bool> {
    if worktree.main || worktree.leads_home() || worktree.is_replaced() || !worktree.path.is_dir() {
        return Ok(false);
    }
    let in_the_way = fs::symlink_metadata(worktree.path.join(".git")).is_ok_and(|meta| !meta.is_file());
    if in_the_way {
        return Ok(false);
    }
    if leads_astray(repo)? {
        return Ok(false);
    }
    let git = Git::in_git_dir(repo.common_dir());
    // git looks at every worktree and may complain about another; whether this one is repaired shows below.
    git.args(["worktree", "repair"]).run()?;
    Ok(worktree.leads_home())
}

/// Whether something else stands in the place of some worktree: git, which repairs all of them, would write `.git` into it.
fn leads_astray(repo: &Repository) -> Result<bool> {
    Ok(super::list(repo)?.iter().any(Worktree::is_replaced))
}

/// Registers a worktree at `place`, to which its directory was moved together with the repository, or by hand. Returns whether it was:
/// only if nothing is at the place where it is registered, and `.git` at `place` names its registration.
pub(crate) fn follow(repo: &Repository, worktree: &Worktree, place: &Path) -> Result<bool> {
    if worktree.main || !worktree.prunable || !names_registration(&place.join(".git"), worktree) {
        return Ok(false);
    }
    if leads_astray(repo)? {
        return Ok(false);
    }
    let git = Git::in_git_dir(repo.common_dir());
    git.args(["worktree", "repair", "--"]).arg(place).run()?;
    let found = super::find(repo, place)?.filter(|found| found.git_dir == worktree.git_dir && found.leads_home());
    found.iter().try_for_each(identity::record)?;
    Ok(found.is_some())
}

/// Whether the `.git` file of a worktree names the registration of this one, wherever the repository was when it was written.
fn names_registration(dot_git: &Path, worktree: &Worktree) -> bool {
    let Ok(Some(text)) = local_file::read(dot_git, super::MAX_LINE) else { return false };
    let target = text.strip_prefix(b"gitdir: ").and_then(|target| gix::path::from_byte_slice(target.trim_end()).ok());
    let names = |path: &Path| {
        [path.file_name(), path.parent().and_then(Path::file_name)].map(|name| name.map(ToOwned::to_owned))
    };
    target.is_some_and(|target| names(target) == names(&worktree.git_dir))
}

/// The commits that `HEAD` of a linked worktree is and was at, newest first, as far as they are here.
pub(crate) fn past_heads(repo: &Repository, worktree: &Worktree) -> Vec<ObjectId> {
    let log = local_file::read_end(&worktree.git_dir.join("logs/HEAD"), MAX_LOG).ok().flatten().unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let logged = log
        .lines()
        .rev()
        .take(MAX_HEADS)
        .filter_map(|line| line.split(' ').nth(1).and_then(|id| ObjectId::from_hex(id.as_bytes()).ok()));
    let mut heads: Vec<ObjectId> = Vec::new();
    for id in worktree.head.as_ref().and_then(Head::id).into_iter().chain(logged) {
        if !id.is_null() && !heads.contains(&id) && repo.gix().find_commit(id).is_ok() {
            heads.push(id);
        }
    }
    heads
}

/// The commits that `HEAD` of a linked worktree stood on and that neither a ref nor another of them reaches: with the worktree
/// goes the only log that names them.
pub(crate) fn lost_heads(repo: &Repository, worktree: &Worktree) -> Result<Vec<ObjectId>> {
    let heads = past_heads(repo, worktree);
    if heads.len() < 2 || held_by_branch(repo, worktree, &heads)? {
        return Ok(Vec::new());
    }
    let revisions: String = heads.iter().map(|id| format!("{id}\n")).collect();
    let git = Git::in_git_dir(repo.common_dir());
    // What is left out is said in the arguments: before 2.42 git takes no options from its input.
    let list = ["rev-list", "--topo-order", "--parents", "--stdin", "--not", "--all"];
    let listed = git.args(list).stdin_bytes(revisions).check()?;
    let text = String::from_utf8_lossy(&listed.stdout);
    let mut inner: HashSet<&str> = HashSet::new();
    let mut lost = Vec::new();
    // Children come before their parents.
    for line in text.lines() {
        let mut ids = line.split(' ');
        let Some(commit) = ids.next() else { continue };
        if !inner.contains(commit) {
            lost.extend(ObjectId::from_hex(commit.as_bytes()));
        }
        inner.extend(ids);
    }
    Ok(lost)
}

/// Whether the branch of a worktree reaches all of these commits. Mostly it does, and git need not read every ref.
fn held_by_branch(repo: &Repository, worktree: &Worktree, heads: &[ObjectId]) -> Result<bool> {
    let Some(Head::Branch(_, Some(tip))) = worktree.head else { return Ok(false) };
    for head in heads {
        if !history::is_ancestor(repo, *head, tip)? {
            return Ok(false);
        }
    }
    Ok(true)
}
