//! Merging finished work: computed in the object database, then the target is advanced.

pub(crate) use super::three_way::{Computed, Request, SharedFile, is_automatic};
use super::{
    commit::{self, NewCommit},
    durability, history,
    object::patiently,
    replay,
    repository::Repository,
    squash,
    three_way::{three_way, tree_of},
};
use crate::{
    config::MergeHow,
    error::{Error, Kind, Result},
};

/// Computes the merge of `theirs` into `ours`.
///
/// `Merge` makes a commit with both as parents even where the target could simply move forward; `FastForward` makes one only
/// where it could not; `Squash` makes one with `ours` as its only parent, which keeps the trailers of the commits that are in it;
/// `Rebase` makes every commit of the work again on top of `ours`. Commits are by the person (a squash of one author's work and
/// what is rebased keep their author), signed off and signed as configured. Errors: `unrelated-histories`, `no-identity`,
/// `signing-failed`.
///
/// Where the target no longer holds the commit that the work began at, the commits of the work alone are made again on top of it: what
/// a person removed from the target does not come back with its history. Where merges brought commits into the work that the target does
/// not have, it is made again as `Rebase` does: none of them becomes an ancestor of the target.
///
/// If nothing but the file of `shared` conflicts, that file is merged again with the text that both sides began with as their
/// ancestor.
pub(crate) fn compute(repo: &Repository, request: &Request<'_>, shared: Option<SharedFile<'_>>) -> Result<Computed> {
    patiently(|| compute_once(repo, request, shared))
}

fn compute_once(repo: &Repository, request: &Request<'_>, shared: Option<SharedFile<'_>>) -> Result<Computed> {
    let (ours, theirs) = (request.ours, request.theirs);
    let base = history::merge_base(repo, ours, theirs)?;
    if base == Some(theirs) {
        return Ok(Computed::UpToDate);
    }
    if let Some(since) = request.dropped_base(repo)? {
        return replay::without_base(repo, request, since, shared);
    }
    let Some(base) = base else {
        let message = format!("refusing to merge unrelated histories: '{}' and '{}'", ours.to_hex(), theirs.to_hex());
        return Err(Error::fatal(Kind::UnrelatedHistories, message));
    };
    let squashes = request.how == MergeHow::Squash;
    if request.how == MergeHow::Rebase || !squashes && request.brings_others(repo)? {
        return replay::compute(repo, request, base, shared);
    }
    if base == ours && request.how == MergeHow::FastForward {
        return Ok(Computed::Commit(theirs));
    }
    let our_tree = tree_of(repo, ours)?;
    let tree = match three_way(repo, base, ours, theirs, shared)? {
        Ok(tree) => tree,
        Err(conflicts) => return Ok(Computed::Conflict(conflicts)),
    };
    if squashes {
        return squash::compute(repo, request, tree, our_tree, shared);
    }
    durability::sync_tree(repo, tree, Some(our_tree))?;
    let message = commit::signed_off(repo, request.message.as_bytes())?;
    let new = NewCommit { tree, parents: vec![ours, theirs], message };
    Ok(Computed::Commit(commit::write(repo, new, request.signing)?))
}
