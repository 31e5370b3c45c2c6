//! The three-way merge of trees, and what a merge is asked for and comes to.
//!
//! What is made of the tree (a merge commit, one commit, commits made again) is in `merge`, `squash` and `replay`.

use bstr::BString;
use gix::{
    ObjectId,
    merge::{blob::builtin_driver::text::Labels, tree::TreatAsUnresolved},
    objs::tree::EntryKind,
};

use super::{history, repository::Repository};
use crate::{config::MergeHow, error::Result};

/// What is to be merged.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    /// The commit of the target.
    pub ours: ObjectId,
    /// The commit of the work.
    pub theirs: ObjectId,
    /// The commit that the work began at: what it reaches is no part of the work. `None` where that is not known.
    pub since: Option<ObjectId>,
    /// The message of the commit that is made, if one is.
    pub message: &'a str,
    /// What is made of it.
    pub how: MergeHow,
}

/// What came of a merge. Nothing but objects has been written.
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

/// A file that both sides have from the same source though their histories do not say so: its path and its text there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    /// The file.
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
    origin: Option<Origin<'_>>,
) -> Result<Merged> {
    if base == ours {
        return Ok(Ok(tree_of(repo, theirs)?));
    }
    let ancestor = tree_of(repo, base)?;
    match (merged_tree(repo, ours, theirs)?, origin) {
        (Err(conflicts), Some(origin)) if conflicts == [origin.path] => {
            merged_from(repo, ancestor, tree_of(repo, ours)?, tree_of(repo, theirs)?, origin)
        }
        (merged, _) => Ok(merged),
    }
}

/// The tree of what `theirs` changed since `ancestor`, done to `ours`; all of them trees.
pub(super) fn picked(
    repo: &Repository,
    ancestor: ObjectId,
    ours: ObjectId,
    theirs: ObjectId,
    origin: Option<Origin<'_>>,
) -> Result<Merged> {
    let gix = repo.gix();
    let merged = settled(gix.merge_trees(ancestor, ours, theirs, labels(), gix.tree_merge_options()?)?)?;
    match (merged, origin) {
        (Err(conflicts), Some(origin)) if conflicts == [origin.path] => {
            merged_from(repo, ancestor, ours, theirs, origin)
        }
        (merged, _) => Ok(merged),
    }
}

pub(super) fn tree_of(repo: &Repository, commit: ObjectId) -> Result<ObjectId> {
    Ok(repo.gix().find_commit(commit)?.tree_id()?.detach())
}

/// The tree of a merge, or the paths that conflict.
pub(super) type Merged = Result<ObjectId, Vec<BString>>;

fn labels() -> Labels<'static> {
    Labels { ancestor: None, current: Some("target".into()), other: Some("work".into()) }
}

/// The tree of a three-way merge of two commits.
fn merged_tree(repo: &Repository, ours: ObjectId, theirs: ObjectId) -> Result<Merged> {
    let gix = repo.gix();
    let outcome = gix.merge_commits(ours, theirs, labels(), gix.tree_merge_options()?.into())?;
    settled(outcome.tree_merge)
}

/// The tree of a three-way merge of trees, with an ancestor that holds the text of `origin`.
fn merged_from(
    repo: &Repository,
    ancestor: ObjectId,
    ours: ObjectId,
    theirs: ObjectId,
    origin: Origin<'_>,
) -> Result<Merged> {
    let gix = repo.gix();
    let mut ancestor = gix.edit_tree(ancestor)?;
    ancestor.upsert(origin.path, EntryKind::Blob, origin.blob)?;
    let ancestor = ancestor.write()?.detach();
    settled(gix.merge_trees(ancestor, ours, theirs, labels(), gix.tree_merge_options()?)?)
}

fn settled(mut merge: gix::merge::tree::Outcome<'_>) -> Result<Merged> {
    let how = TreatAsUnresolved::git();
    let unresolved = merge.conflicts.iter().filter(|conflict| conflict.is_unresolved(how));
    let mut paths: Vec<_> = unresolved
        .flat_map(|conflict| [conflict.ours.location().to_owned(), conflict.theirs.location().to_owned()])
        .filter(|path| !path.is_empty())
        .collect();
    paths.sort();
    paths.dedup();
    if paths.is_empty() { Ok(Ok(merge.tree.write()?.detach())) } else { Ok(Err(paths)) }
}

/// The paths in which `theirs` conflicts with `ours`, sorted. Nothing is written, no object either.
pub(crate) fn conflicts(
    repo: &Repository,
    ours: ObjectId,
    theirs: ObjectId,
    origin: Option<Origin<'_>>,
) -> Result<Vec<BString>> {
    let repo = &repo.in_memory();
    let Some(base) = history::merge_base(repo, ours, theirs)? else { return Ok(Vec::new()) };
    if base == ours || base == theirs {
        return Ok(Vec::new());
    }
    let merged = match (merged_tree(repo, ours, theirs)?, origin) {
        (Err(conflicts), Some(origin)) if conflicts == [origin.path] => merged_from(repo, base, ours, theirs, origin)?,
        (merged, _) => merged,
    };
    Ok(merged.err().unwrap_or_default())
}
