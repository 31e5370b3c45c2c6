//! Merging finished work: computed in the object database, then the target is advanced.

use bstr::BString;
use gix::{
    ObjectId,
    merge::{blob::builtin_driver::text::Labels, tree::TreatAsUnresolved},
};

use super::{
    commit::{self, Draft, Signing},
    durability, history,
    repository::Repository,
};
use crate::{
    config::MergeHow,
    error::{Error, Result},
};

/// What is to be merged.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The commit of the target.
    pub ours: ObjectId,
    /// The commit of the work.
    pub theirs: ObjectId,
    /// The message of the commit that is made, if one is.
    pub message: &'a str,
    /// What is made of it.
    pub how: MergeHow,
}

/// What came of a merge. Nothing but objects has been written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Computed {
    /// The target may move to this commit, a descendant of `ours`.
    Commit(ObjectId),
    /// The target holds the work already, by ancestry or because the merge changes nothing of it (squash).
    UpToDate,
    /// These paths conflict, sorted.
    Conflict(Vec<BString>),
}

/// Computes the merge of `theirs` into `ours`.
///
/// `Merge` makes a commit with both as parents even where the target could simply move forward; `FastForward` makes one only
/// where it could not; `Squash` makes one with `ours` as its only parent. Commits are authored by the person, signed off and
/// signed as configured. Errors: `unrelated-histories`, `no-identity`, `signing-failed`.
pub fn compute(repo: &Repository, request: &Request<'_>) -> Result<Computed> {
    let (ours, theirs) = (request.ours, request.theirs);
    let base = history::merge_base(repo, ours, theirs)?;
    if base == Some(theirs) {
        return Ok(Computed::UpToDate);
    }
    if base.is_none() {
        let message = format!("refusing to merge unrelated histories: '{}' and '{}'", ours.to_hex(), theirs.to_hex());
        return Err(Error::fatal("unrelated-histories", message));
    }
    if base == Some(ours) && request.how == MergeHow::FastForward {
        return Ok(Computed::Commit(theirs));
    }
    let our_tree = repo.gix().find_commit(ours)?.tree_id()?.detach();
    let tree = if base == Some(ours) {
        repo.gix().find_commit(theirs)?.tree_id()?.detach()
    } else {
        match merged_tree(repo, ours, theirs)? {
            Ok(tree) => tree,
            Err(conflicts) => return Ok(Computed::Conflict(conflicts)),
        }
    };
    if request.how == MergeHow::Squash && tree == our_tree {
        return Ok(Computed::UpToDate);
    }
    durability::sync_tree(repo, tree, Some(our_tree))?;
    let parents = if request.how == MergeHow::Squash { vec![ours] } else { vec![ours, theirs] };
    let message = commit::signed_off(repo, request.message.as_bytes())?;
    let id = commit::write(repo, Draft { tree, parents, message }, Signing::AsConfigured)?;
    Ok(Computed::Commit(id))
}

/// The tree of a three-way merge, or the paths that conflict.
fn merged_tree(repo: &Repository, ours: ObjectId, theirs: ObjectId) -> Result<Result<ObjectId, Vec<BString>>> {
    let gix = repo.gix();
    let labels = Labels { ancestor: None, current: Some("target".into()), other: Some("work".into()) };
    let mut outcome = gix.merge_commits(ours, theirs, labels, gix.tree_merge_options()?.into())?;
    let how = TreatAsUnresolved::git();
    let unresolved = outcome.tree_merge.conflicts.iter().filter(|conflict| conflict.is_unresolved(how));
    let mut paths: Vec<_> = unresolved
        .flat_map(|conflict| [conflict.ours.location().to_owned(), conflict.theirs.location().to_owned()])
        .filter(|path| !path.is_empty())
        .collect();
    paths.sort();
    paths.dedup();
    if paths.is_empty() { Ok(Ok(outcome.tree_merge.tree.write()?.detach())) } else { Ok(Err(paths)) }
}
