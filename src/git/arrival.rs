//! Finding work in a branch that it reached another way than by a merge of ours: a forge squashed or rebased it, a person picked it.

use std::collections::{HashMap, HashSet};

use bstr::{BString, ByteSlice};
use gix::ObjectId;

use super::{
    history::{self, Change, ChangeKind},
    repository::Repository,
    three_way::{picked, tree_of},
};
use crate::error::Result;

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
    let mut changes = history::changed_paths(repo, Some(base), work)?;
    changes.retain(|change| !change.path.starts_with(besides.as_bytes()));
    let paths: Vec<BString> = changes.iter().map(|change| change.path.clone()).collect();
    // Mostly the target has none of them otherwise than the base: to see that costs next to nothing.
    if paths.is_empty() || !differ(repo, &paths, [base, target])? {
        return Ok(None);
    }
    let names: Vec<String> = paths.iter().filter_map(|path| path.to_str().ok()).map(str::to_owned).collect();
    let repo = &repo.in_memory();
    let mut traces = changes.iter().take(FEW).map(|change| Trace::of(repo, change)).collect::<Result<Vec<_>>>()?;
    // Other people change the files that all work changes hundreds of times: the first commit that has the work ends the search, and
    // most of those without it lack the line that the last one lacked.
    for commit in history::commits_touching(repo, [base], target, &names, None)?.into_iter().rev() {
        if has_traces(repo, &mut traces, commit)? && holds(repo, commit, (base, work), besides)? {
            return Ok(Some(commit));
        }
    }
    Ok(None)
}

/// What a commit has of a changed path if it holds the change. A commit may have it by chance: only a merge shows that it holds the change.
struct Trace {
    path: BString,
    kind: ChangeKind,
    /// The lines that the change brings.
    lines: HashSet<BString>,
    /// Whether these are in a blob, for the blobs that were looked at.
    known: HashMap<ObjectId, bool>,
}

impl Trace {
    fn of(repo: &Repository, change: &Change) -> Result<Trace> {
        let before = change.before.map(|blob| lines_of(repo, blob)).transpose()?.unwrap_or_default();
        let after = change.after.map(|blob| lines_of(repo, blob)).transpose()?.unwrap_or_default();
        let lines = after.difference(&before).cloned().collect();
        Ok(Trace { path: change.path.clone(), kind: change.kind, lines, known: HashMap::new() })
    }

    /// Whether a tree has it. A file that is not there may have been renamed, and a new one put into a renamed directory.
    fn is_in(&mut self, repo: &Repository, tree: &gix::Tree<'_>) -> Result<bool> {
        let entry = tree.lookup_entry(self.path.split_str("/"))?;
        match (self.kind, entry) {
            (ChangeKind::Deleted, entry) => Ok(entry.is_none()),
            (ChangeKind::Modified, None) => Ok(true),
            (ChangeKind::Added, None) => match self.path.rsplit_once_str("/") {
                Some((parent, _)) => Ok(tree.lookup_entry(parent.split_str("/"))?.is_none()),
                None => Ok(false),
            },
            (_, Some(entry)) if self.lines.is_empty() || !entry.mode().is_blob() => Ok(true),
            (_, Some(entry)) => {
                let blob = entry.object_id();
                if let Some(known) = self.known.get(&blob) {
                    return Ok(*known);
                }
                let found = self.lines.is_subset(&lines_of(repo, blob)?);
                self.known.insert(blob, found);
                Ok(found)
            }
        }
    }
}

fn lines_of(repo: &Repository, blob: ObjectId) -> Result<HashSet<BString>> {
    let found = repo.gix().find_blob(blob)?;
    Ok(found.data.lines_with_terminator().map(|line| line.trim_end().into()).collect())
}

/// Whether a commit has all of the `traces`. The one that it lacks is looked for first in the next commit.
fn has_traces(repo: &Repository, traces: &mut [Trace], commit: ObjectId) -> Result<bool> {
    let tree = repo.gix().find_commit(commit)?.tree()?;
    for at in 0..traces.len() {
        if !traces[at].is_in(repo, &tree)? {
            traces[..=at].rotate_right(1);
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether to merge the changes between two commits into `commit` would change nothing of it, or only what lies below `besides`.
fn holds(repo: &Repository, commit: ObjectId, (base, work): (ObjectId, ObjectId), besides: &str) -> Result<bool> {
    let [base, ours, theirs] = [tree_of(repo, base)?, tree_of(repo, commit)?, tree_of(repo, work)?];
    match picked(repo, base, ours, theirs, None)? {
        Ok(merged) if merged == ours => Ok(true),
        Ok(merged) => {
            let changes = history::changed_paths(repo, Some(ours), merged)?;
            Ok(changes.iter().all(|change| change.path.starts_with(besides.as_bytes())))
        }
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
