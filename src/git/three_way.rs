//! The three-way merge of trees, with the request for a merge and its result.
//!
//! What is made of the tree (a merge commit, one commit, commits made again) is in `merge`, `squash` and `replay`.

use std::collections::HashSet;

use bstr::{BString, ByteSlice};
use gix::{
    ObjectId,
    merge::{
        blob::builtin_driver::text::Labels,
        tree::{Conflict, Resolution, TreatAsUnresolved},
    },
    objs::tree::EntryKind,
};

use super::{commit::Signing, history, lookup, process::Git, repository::Repository};
use crate::{config::MergeHow, error::Result};

/// A merge to compute.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    /// The commit of the target.
    pub ours: ObjectId,
    /// The commit of the work.
    pub theirs: ObjectId,
    /// The commit that the work began at: what it reaches is no part of the work. `None` where that is not known.
    pub since: Option<ObjectId>,
    /// What was fetched of the target: the work may bring it.
    pub fetched: Option<ObjectId>,
    /// The message of the commit that is made, if one is.
    pub message: &'a str,
    /// What is made of it.
    pub how: MergeHow,
    /// Whether an agent made the work: then no person signs it off.
    pub by_agent: bool,
    /// Whether the commits that are made are signed.
    pub signing: Signing,
}

impl Request<'_> {
    /// What the work is not: the commits that the target reaches, and those before the work began.
    pub(super) fn known(&self) -> impl Iterator<Item = ObjectId> {
        [Some(self.ours), self.since].into_iter().flatten()
    }

    /// The commit that the work began at, where the work holds it and the target does not.
    pub(crate) fn dropped_base(&self, repo: &Repository) -> Result<Option<ObjectId>> {
        let Some(since) = self.since else { return Ok(None) };
        let kept = history::is_ancestor(repo, since, self.ours)? || !history::is_ancestor(repo, since, self.theirs)?;
        Ok((!kept).then_some(since))
    }

    /// Whether merges brought commits of other branches into the work that the target does not have: neither its own, one after the other,
    /// nor the target's. A merge that has them for ancestors would say that the target holds their changes. Commits that no other branch
    /// has were made for the work itself, on a branch that is gone.
    pub(crate) fn brings_others(&self, repo: &Repository) -> Result<bool> {
        let between = |tip| history::newest_between(repo, self.known().chain(self.fetched), tip, usize::MAX);
        let mut left: HashSet<ObjectId> = between(self.theirs).into_iter().collect();
        let (mut own, mut next) = (HashSet::new(), Some(self.theirs));
        while let Some(commit) = next.filter(|commit| left.remove(commit)) {
            own.insert(commit);
            next = history::first_parent(repo, commit)?;
        }
        if left.is_empty() {
            return Ok(false);
        }
        let mut others = Vec::new();
        for prefix in ["refs/heads/", "refs/remotes/"] {
            others.extend(lookup::below(repo.gix(), prefix)?.into_iter().filter_map(|(_, tip)| tip));
        }
        // The work branch, and what was pushed of it earlier.
        others.retain(|tip| !own.contains(tip));
        Ok(others.into_iter().any(|tip| between(tip).iter().any(|commit| left.contains(commit))))
    }
}

/// The result of a merge. Only objects are written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Computed {
    /// The target may move to this commit, a descendant of `ours`.
    Commit(ObjectId),
    /// The target holds the work already, by ancestry or because the work changes nothing of it (squash, rebase).
    UpToDate,
    /// These paths conflict, sorted.
    Conflict(Vec<BString>),
}

/// A file that both sides took from elsewhere, so that their histories share no version of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedFile<'a> {
    /// Its path.
    pub path: &'a str,
    /// The text that both sides began with.
    pub blob: ObjectId,
}

/// The tree of a merge of two commits whose merge base is `base`.
pub(super) fn three_way(
    repo: &Repository,
    base: ObjectId,
    ours: ObjectId,
    theirs: ObjectId,
    shared: Option<SharedFile<'_>>,
) -> Result<Merged> {
    if base == ours {
        return Ok(Ok(tree_of(repo, theirs)?));
    }
    let gix = repo.gix();
    let outcome = gix.merge_commits(ours, theirs, labels(), gix.tree_merge_options()?.into())?;
    let [base, ours, theirs] = [tree_of(repo, base)?, tree_of(repo, ours)?, tree_of(repo, theirs)?];
    with_shared(repo, settled(repo, outcome.tree_merge)?, [base, ours, theirs], shared)
}

/// The tree of what `theirs` changed since `ancestor`, done to `ours`; all of them trees.
pub(super) fn picked(
    repo: &Repository,
    ancestor: ObjectId,
    ours: ObjectId,
    theirs: ObjectId,
    shared: Option<SharedFile<'_>>,
) -> Result<Merged> {
    let trees = [ancestor, ours, theirs];
    with_shared(repo, merged_trees(repo, trees)?, trees, shared)
}

pub(super) fn tree_of(repo: &Repository, commit: ObjectId) -> Result<ObjectId> {
    Ok(repo.gix().find_commit(commit)?.tree_id()?.detach())
}

/// The tree of a merge, or the paths that conflict.
pub(super) type Merged = Result<ObjectId, Vec<BString>>;

fn labels() -> Labels<'static> {
    Labels { ancestor: None, current: Some("target".into()), other: Some("work".into()) }
}

/// The tree of a three-way merge of trees, the ancestor first.
fn merged_trees(repo: &Repository, [ancestor, ours, theirs]: [ObjectId; 3]) -> Result<Merged> {
    let gix = repo.gix();
    settled(repo, gix.merge_trees(ancestor, ours, theirs, labels(), gix.tree_merge_options()?)?)
}

/// The merge of these trees in view of `shared`: where `merged` has a conflict in that file alone, the trees are merged again
/// with an ancestor that holds its text.
fn with_shared(
    repo: &Repository,
    merged: Merged,
    [ancestor, ours, theirs]: [ObjectId; 3],
    shared: Option<SharedFile<'_>>,
) -> Result<Merged> {
    match (merged, shared) {
        (Err(conflicts), Some(shared)) if conflicts == [shared.path] => {
            let mut ancestor = repo.gix().edit_tree(ancestor)?;
            ancestor.upsert(shared.path, EntryKind::Blob, shared.blob)?;
            merged_trees(repo, [ancestor.write()?.detach(), ours, theirs])
        }
        (merged, _) => Ok(merged),
    }
}

fn settled(repo: &Repository, mut merge: gix::merge::tree::Outcome<'_>) -> Result<Merged> {
    let how = TreatAsUnresolved::git();
    let unresolved = merge.conflicts.iter().filter(|conflict| conflict.is_unresolved(how));
    let mut paths: Vec<_> = unresolved
        .flat_map(|conflict| [conflict.ours.location().to_owned(), conflict.theirs.location().to_owned()])
        .filter(|path| !path.is_empty())
        .collect();
    // gix puts what is new in a directory into the place to which the other side renamed the directory; git asks its setting.
    let moved: Vec<_> = merge.conflicts.iter().filter_map(along_a_directory).collect();
    let follows = if moved.is_empty() { Follows::Yes } else { Follows::of(repo) };
    if follows == Follows::Conflict {
        paths.extend(moved.iter().map(|(_, to)| to.clone()));
    }
    paths.sort();
    paths.dedup();
    if !paths.is_empty() {
        return Ok(Err(paths));
    }
    let tree = merge.tree.write()?.detach();
    Ok(Ok(if follows == Follows::No { moved_back(repo, tree, &moved)? } else { tree }))
}

/// Whether what is new in a directory follows it where the other side renamed it: `merge.directoryRenames`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Follows {
    Yes,
    No,
    /// It does, and a person has to look at it. This is git's default.
    Conflict,
}

impl Follows {
    fn of(repo: &Repository) -> Follows {
        match repo.gix().config_snapshot().try_boolean("merge.directoryRenames") {
            Ok(Some(true)) => Follows::Yes,
            Ok(Some(false)) => Follows::No,
            _ => Follows::Conflict,
        }
    }
}

/// Where a file was put by one side, and where it is because the other side renamed the directory.
fn along_a_directory(conflict: &Conflict) -> Option<(BString, BString)> {
    match &conflict.resolution {
        Ok(Resolution::SourceLocationAffectedByRename { final_location }) => {
            Some((conflict.changes_in_resolution().1.location().to_owned(), final_location.clone()))
        }
        _ => None,
    }
}

/// The tree with files moved from the second path of each pair to the first.
fn moved_back(repo: &Repository, tree: ObjectId, moved: &[(BString, BString)]) -> Result<ObjectId> {
    let mut editor = repo.gix().edit_tree(tree)?;
    for (from, to) in moved {
        if let Some(entry) = repo.gix().find_tree(tree)?.lookup_entry(to.split_str("/"))? {
            editor.remove(to)?;
            editor.upsert(from, entry.mode().kind(), entry.object_id())?;
        }
    }
    Ok(editor.write()?.detach())
}

/// Whether a merge commit is what git makes of its parents, and holds nothing that a person added to it: a conflict that was resolved, a
/// file that neither parent has. Of more than two parents only a merge without a file that differs from all of them counts.
pub(crate) fn is_automatic(repo: &Repository, commit: ObjectId) -> Result<bool> {
    let repo = &repo.in_memory();
    let parents: Vec<ObjectId> = repo.gix().find_commit(commit)?.parent_ids().map(gix::Id::detach).collect();
    let [ours, theirs] = parents[..] else {
        let listed = Git::at(repo).args(["diff-tree", "-c", "-r", "--name-only", "--no-commit-id"]);
        return Ok(listed.arg(commit.to_hex().to_string()).check()?.stdout.is_empty());
    };
    let tree = tree_of(repo, commit)?;
    Ok(match history::merge_base(repo, ours, theirs)? {
        None => false,
        Some(base) if base == theirs => tree_of(repo, ours)? == tree,
        Some(base) => three_way(repo, base, ours, theirs, None)? == Ok(tree),
    })
}
