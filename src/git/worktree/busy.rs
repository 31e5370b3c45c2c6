//! Branches that an unfinished operation of git will write to.

use std::{fs, path::Path};

use bstr::ByteSlice;
use gix::refs::FullNameRef;

use super::{MAX_LINE, Worktree, checked_out_in, list};
use crate::{env::local_file, error::Result, git::repository::Repository};

/// How large a list of refs that a rebase moves is read, in bytes.
const MAX_REFS: u64 = 1 << 24;

/// The worktree that has a branch checked out, as far as it says whether the branch can move.
pub(crate) enum Checkout {
    /// None has.
    Nowhere,
    /// This one has.
    In(Worktree),
    /// An unfinished operation holds the branch, or two worktrees have it checked out; in words.
    Blocked(String),
}

/// The worktree with which `branch` moves.
///
/// # Errors
/// If the worktrees cannot be listed.
pub(crate) fn checkout(repo: &Repository, branch: &FullNameRef) -> Result<Checkout> {
    let name = branch.shorten();
    if let Some((tree, operation)) = busy_in(repo, branch)?.into_iter().next() {
        let place = tree.path.display();
        return Ok(Checkout::Blocked(format!("'{name}' is being {} in '{place}'", operation.participle())));
    }
    let mut trees = checked_out_in(repo, branch)?.into_iter();
    Ok(match (trees.next(), trees.next()) {
        (None, _) => match missing(repo, branch)? {
            Some(gone) => Checkout::Blocked(format!(
                "'{name}' is checked out in '{}', which is not there: 'git worktree repair <its new directory>' if it was moved, 'git \
                 worktree prune' if it was deleted",
                gone.path.display()
            )),
            None => Checkout::Nowhere,
        },
        (Some(tree), None) => Checkout::In(tree),
        (Some(one), Some(other)) => {
            let (one, other) = (one.path.display(), other.path.display());
            Checkout::Blocked(format!("'{name}' is checked out twice: in '{one}' and in '{other}'"))
        }
    })
}

/// The registered worktree that has a branch checked out and is not where it is registered, as if it was moved by other means than git:
/// when it is back, its files would be those of before.
fn missing(repo: &Repository, branch: &FullNameRef) -> Result<Option<Worktree>> {
    Ok(list(repo)?.into_iter().find(|worktree| !worktree.main && worktree.is_on(branch) && !worktree.path.is_dir()))
}

/// An operation that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// `git rebase`, of the branch itself or with `--update-refs`.
    Rebase,
    /// `git am`.
    ApplyMailbox,
    /// `git bisect`.
    Bisect,
}

impl Operation {
    /// What is being done to the branch, as in "it is being rebased".
    pub(crate) fn participle(self) -> &'static str {
        match self {
            Operation::Rebase => "rebased",
            Operation::ApplyMailbox => "written by 'git am'",
            Operation::Bisect => "bisected",
        }
    }
}

/// The worktrees in which an unfinished operation holds this branch, mostly with a detached `HEAD`.
pub(crate) fn busy_in(repo: &Repository, branch: &FullNameRef) -> Result<Vec<(Worktree, Operation)>> {
    let held = list(repo)?.into_iter().filter_map(|worktree| {
        let operation = operation(&worktree, branch)?;
        Some((worktree, operation))
    });
    Ok(held.collect())
}

/// The unfinished operation in a worktree, by the command that continues or aborts it.
pub(crate) fn under_way(worktree: &Worktree) -> Option<&'static str> {
    let marks = [
        ("rebase-merge", "git rebase"),
        ("rebase-apply", "git rebase"),
        ("MERGE_HEAD", "git merge"),
        ("CHERRY_PICK_HEAD", "git cherry-pick"),
        ("REVERT_HEAD", "git revert"),
        ("BISECT_LOG", "git bisect"),
        ("refs/worktree", "git update-ref (refs/worktree)"),
    ];
    let begun = |name: &str| {
        let path = worktree.git_dir.join(name);
        path.exists() && fs::read_dir(&path).map_or(true, |mut entries| entries.next().is_some())
    };
    marks.iter().find(|(name, _)| begun(name)).map(|(_, command)| *command)
}

/// The operation by which git's own rule counts a branch as in use by a worktree.
fn operation(worktree: &Worktree, branch: &FullNameRef) -> Option<Operation> {
    let dir = &worktree.git_dir;
    let named = |file: &str| first_line(&dir.join(file)).is_some_and(|name| is(&name, branch));
    if dir.join("rebase-apply").is_dir() {
        if dir.join("rebase-apply/applying").exists() {
            return worktree.is_on(branch).then_some(Operation::ApplyMailbox);
        }
        if named("rebase-apply/head-name") {
            return Some(Operation::Rebase);
        }
    }
    if named("rebase-merge/head-name") || updated_by_rebase(dir, branch) {
        return Some(Operation::Rebase);
    }
    (dir.join("BISECT_LOG").exists() && named("BISECT_START")).then_some(Operation::Bisect)
}

/// `rebase --update-refs` lists three lines a ref: its name, its old id and its new one.
fn updated_by_rebase(dir: &Path, branch: &FullNameRef) -> bool {
    let Ok(Some(text)) = local_file::read(&dir.join("rebase-merge/update-refs"), MAX_REFS) else { return false };
    text.lines().step_by(3).any(|name| name.trim() == branch.as_bstr())
}

fn first_line(path: &Path) -> Option<Vec<u8>> {
    let text = local_file::read(path, MAX_LINE).ok()??;
    text.lines().next().map(|line| line.trim().to_owned())
}

/// `BISECT_START` has the short name, the others the full one.
fn is(name: &[u8], branch: &FullNameRef) -> bool {
    name == branch.as_bstr() || name == branch.shorten()
}
