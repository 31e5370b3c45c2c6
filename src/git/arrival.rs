//! Finding work in a branch that it reached another way than by a merge of ours: a forge squashed or rebased it, a person picked it.

use bstr::{BString, ByteSlice};
use gix::ObjectId;

use super::{
    history,
    repository::Repository,
    three_way::{picked, tree_of},
};
use crate::error::Result;

/// The number of commits that are looked at, the newest that change what the work changes.
const MOST: usize = 50;

/// The number of paths up to which each is looked up by itself. A lookup reads its directory from the start, so that many in one
/// directory take the square of the time.
const FEW: usize = 100;

/// The first commit among those that `target` reaches and `base` does not that holds all the changes between `base` and `work`: to merge
/// these into it would change nothing. Later commits may have changed the same lines again. What lies below `besides` does not count.
///
/// `None` if there is none, or an object is missing.
pub(crate) fn find(
    repo: &Repository,
    target: ObjectId,
    (base, work): (ObjectId, ObjectId),
    besides: &str,
) -> Result<Option<ObjectId>> {
    for end in [target, base, work] {
        if repo.gix().try_find_header(end)?.is_none() {
            return Ok(None);
        }
    }
    let mut paths: Vec<BString> =
        history::changed_paths(repo, Some(base), work)?.into_iter().map(|change| change.path).collect();
    paths.retain(|path| !path.starts_with(besides.as_bytes()));
    // Mostly the target has none of them otherwise than the base: to see that costs next to nothing.
    if paths.is_empty() || !differ(repo, &paths, [base, target])? {
        return Ok(None);
    }
    let names: Vec<String> = paths.iter().filter_map(|path| path.to_str().ok()).map(str::to_owned).collect();
    let repo = &repo.in_memory();
    for commit in history::commits_touching(repo, [base], target, &names, MOST)?.into_iter().rev() {
        if holds(repo, commit, (base, work), &paths)? {
            return Ok(Some(commit));
        }
    }
    Ok(None)
}

/// Whether to merge the changes between two commits into `commit` would change none of `paths`.
fn holds(repo: &Repository, commit: ObjectId, (base, work): (ObjectId, ObjectId), paths: &[BString]) -> Result<bool> {
    let [base, ours, theirs] = [tree_of(repo, base)?, tree_of(repo, commit)?, tree_of(repo, work)?];
    match picked(repo, base, ours, theirs, None)? {
        Ok(merged) => Ok(!trees_differ(repo, paths, [ours, merged])?),
        Err(_) => Ok(false),
    }
}

/// Whether two commits have one of `paths` differently.
fn differ(repo: &Repository, paths: &[BString], [one, other]: [ObjectId; 2]) -> Result<bool> {
    trees_differ(repo, paths, [tree_of(repo, one)?, tree_of(repo, other)?])
}

/// Whether two trees have one of `paths`, which are sorted, differently.
fn trees_differ(repo: &Repository, paths: &[BString], trees: [ObjectId; 2]) -> Result<bool> {
    if paths.len() > FEW {
        let changed = history::changed_paths(repo, Some(trees[0]), trees[1])?;
        return Ok(changed.iter().any(|change| paths.binary_search(&change.path).is_ok()));
    }
    let [one, other] = trees.map(|tree| repo.gix().find_tree(tree));
    let (one, other) = (one?, other?);
    for path in paths {
        let entry = |tree: &gix::Tree<'_>| -> Result<_> {
            let found = tree.lookup_entry(path.split_str("/"))?;
            Ok(found.map(|entry| (entry.mode(), entry.object_id())))
        };
        if entry(&one)? != entry(&other)? {
            return Ok(true);
        }
    }
    Ok(false)
}
