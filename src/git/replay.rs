//! Work made again on top of its target, commit by commit, as `git rebase` would: in the object database, no file touched.

use bstr::BString;
use gix::ObjectId;

use super::{
    commit::{self, Authorship, NewCommit},
    durability, history,
    repository::Repository,
    squash,
    three_way::{Computed, Request, SharedFile, picked, three_way, tree_of},
};
use crate::{config::MergeHow, error::Result};

/// Replays the commits that `theirs` reaches, and neither `ours` nor `since` does, onto `ours`; `base` is the merge base of both.
///
/// Merge commits are left out and what becomes empty is dropped. A merge can hold what none of its parents has: a conflict that
/// was resolved in it. Where the commits without the merges conflict, or come to something else than a merge of the work does, the
/// work goes in as one commit, so that what arrives is what was checked.
pub(super) fn compute(
    repo: &Repository,
    request: &Request<'_>,
    base: ObjectId,
    shared: Option<SharedFile<'_>>,
) -> Result<Computed> {
    let (ours, theirs) = (request.ours, request.theirs);
    let mut commits = history::commits_between(repo, request.known(), theirs)?;
    let all = commits.len();
    let mut is_merge = Vec::with_capacity(all);
    for commit in &commits {
        is_merge.push(repo.gix().find_commit(*commit)?.parent_ids().count() > 1);
    }
    let mut merges = is_merge.iter();
    commits.retain(|_| !merges.next().copied().unwrap_or_default());
    let linear = commits.len() == all;
    if linear && base == ours && in_order(repo, ours, &commits)? {
        return Ok(Computed::Commit(theirs));
    }
    let replayed = onto(repo, request, &commits, shared)?;
    if linear {
        return Ok(match replayed {
            Ok(tip) if tip == ours => Computed::UpToDate,
            Ok(tip) => Computed::Commit(tip),
            Err(conflicts) => Computed::Conflict(conflicts),
        });
    }
    let tree = match three_way(repo, base, ours, theirs, shared)? {
        Ok(tree) => tree,
        Err(conflicts) => return Ok(Computed::Conflict(conflicts)),
    };
    match replayed {
        Ok(tip) if tree_of(repo, tip)? == tree && tip != ours => Ok(Computed::Commit(tip)),
        _ => squash::compute(repo, request, tree, tree_of(repo, ours)?, shared),
    }
}

/// Replays the work onto a target that does not hold `since`, the commit that the work began at. Where it was to be squashed, or holds
/// merges, it goes in as one commit.
pub(super) fn without_base(
    repo: &Repository,
    request: &Request<'_>,
    since: ObjectId,
    shared: Option<SharedFile<'_>>,
) -> Result<Computed> {
    let (ours, theirs) = (request.ours, request.theirs);
    let commits = history::commits_between(repo, request.known(), theirs)?;
    if request.how != MergeHow::Squash && in_order(repo, since, &commits)? {
        return Ok(match onto(repo, request, &commits, shared)? {
            Ok(tip) if tip == ours => Computed::UpToDate,
            Ok(tip) => Computed::Commit(tip),
            Err(conflicts) => Computed::Conflict(conflicts),
        });
    }
    let our_tree = tree_of(repo, ours)?;
    match picked(repo, tree_of(repo, since)?, our_tree, tree_of(repo, theirs)?, shared)? {
        Ok(tree) => squash::compute(repo, request, tree, our_tree, shared),
        Err(conflicts) => Ok(Computed::Conflict(conflicts)),
    }
}

/// Whether each of the commits sits on the one before it, and the first on `first`: then nothing has to be made again.
fn in_order(repo: &Repository, first: ObjectId, commits: &[ObjectId]) -> Result<bool> {
    let mut expected = first;
    for commit in commits {
        if parent(repo, *commit)? != Some(expected) {
            return Ok(false);
        }
        expected = *commit;
    }
    Ok(true)
}

fn parent(repo: &Repository, commit: ObjectId) -> Result<Option<ObjectId>> {
    Ok(repo.gix().find_commit(commit)?.parent_ids().next().map(gix::Id::detach))
}

/// The newest of the commits, made again one after the other on top of the target, or the paths at which one of them conflicts.
fn onto(
    repo: &Repository,
    request: &Request<'_>,
    commits: &[ObjectId],
    shared: Option<SharedFile<'_>>,
) -> Result<Result<ObjectId, Vec<BString>>> {
    let mut tip = request.ours;
    for commit in commits {
        let parent = parent(repo, *commit)?;
        if parent == Some(tip) {
            tip = *commit;
            continue;
        }
        let ancestor = match parent {
            Some(parent) => tree_of(repo, parent)?,
            None => repo.gix().object_hash().empty_tree(),
        };
        let before = tree_of(repo, tip)?;
        match picked(repo, ancestor, before, tree_of(repo, *commit)?, shared)? {
            Err(conflicts) => return Ok(Err(conflicts)),
            Ok(tree) if tree == before => {}
            Ok(tree) => {
                durability::sync_tree(repo, tree, Some(before))?;
                tip = again(repo, *commit, tree, tip, request)?;
            }
        }
    }
    Ok(Ok(tip))
}

/// Writes a commit again with another tree and parent: author, message and encoding stay, the committer is the person, who signs off
/// nothing that an agent made.
fn again(
    repo: &Repository,
    commit: ObjectId,
    tree: ObjectId,
    parent: ObjectId,
    request: &Request<'_>,
) -> Result<ObjectId> {
    let found = repo.gix().find_commit(commit)?;
    let old = found.decode()?;
    let message = if request.by_agent { old.message.to_owned() } else { commit::signed_off(repo, old.message)? };
    let by = Authorship { author: old.author()?.to_owned()?, encoding: old.encoding.map(ToOwned::to_owned) };
    commit::write_by(repo, NewCommit { tree, parents: vec![parent], message }, by, request.signing)
}
