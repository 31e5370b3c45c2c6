//! Finding work in a branch that it reached another way than by a merge of ours: a forge squashed or rebased it, a person picked it. And
//! whether the branch took it back since.

use std::collections::{HashMap, HashSet};

use bstr::{BString, ByteSlice};
use gix::ObjectId;
use serde::{Deserialize, Serialize};

use super::{
    history::{self, Change, ChangeKind},
    repository::Repository,
    three_way::{picked, tree_of},
};
use crate::{domain::oid, error::Result};

/// The number of paths up to which each is looked up by itself. A lookup reads its directory from the start, so that many in one
/// directory take the square of the time.
const FEW: usize = 100;

/// The lines of a longer text are not compared, in bytes.
const MAX_TEXT: u64 = 4 << 20;

/// How the changes between two commits stand to a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Found {
    /// No commit of it holds them.
    Nowhere,
    /// This commit brought them. Later commits may have changed the same lines again.
    In(#[serde(with = "oid")] ObjectId),
    /// A commit brought them, and a later one reverted that.
    TakenBack {
        /// The commit that brought them.
        #[serde(with = "oid")]
        landed: ObjectId,
        /// The commit that reverted it.
        #[serde(with = "oid")]
        by: ObjectId,
    },
}

/// How the changes between `base` and `work` stand to the commits that `target` reaches and `base` does not. A commit holds them where to
/// merge them into it would change nothing; without `base` they are all that `work` has. What lies below `besides` does not count.
///
/// `None` if an object is missing.
pub(crate) fn find(
    repo: &Repository,
    target: ObjectId,
    (base, work): (Option<ObjectId>, ObjectId),
    besides: &str,
) -> Result<Option<Found>> {
    for end in [Some(target), base, Some(work)].into_iter().flatten() {
        if repo.gix().try_find_header(end)?.is_none() {
            return Ok(None);
        }
    }
    let mut changes = history::changed_paths(repo, base, work)?;
    changes.retain(|change| !change.path.starts_with(besides.as_bytes()));
    let paths: Vec<BString> = changes.iter().map(|change| change.path.clone()).collect();
    if paths.is_empty() || base == Some(target) {
        return Ok(Some(Found::Nowhere));
    }
    let names: Vec<String> = paths.iter().filter_map(|path| path.to_str().ok()).map(str::to_owned).collect();
    let commits = history::all_commits_touching(repo, base, target, &names)?;
    if commits.is_empty() {
        return Ok(Some(Found::Nowhere));
    }
    let repo = &repo.in_memory();
    let traces = changes.iter().take(FEW).map(|change| Trace::of(repo, change)).collect::<Result<Vec<_>>>()?;
    let mut search = Search { repo, base: base_tree(repo, base)?, work: tree_of(repo, work)?, besides, traces };
    let found = search.along(&commits, target)?;
    Ok(Some(match (found, commits.last()) {
        // However a person wrote it: nothing of the work is left.
        (Found::In(landed), Some(by))
            if *by != landed && !trees_differ(repo, &paths, [search.base, tree_of(repo, target)?])? =>
        {
            Found::TakenBack { landed, by: *by }
        }
        (found, _) => found,
    }))
}

fn base_tree(repo: &Repository, base: Option<ObjectId>) -> Result<ObjectId> {
    base.map_or_else(|| Ok(repo.gix().empty_tree().id), |base| tree_of(repo, base))
}

/// A search for the changes between two trees.
struct Search<'a> {
    repo: &'a Repository,
    base: ObjectId,
    work: ObjectId,
    besides: &'a str,
    traces: Vec<Trace>,
}

impl Search<'_> {
    /// How the changes stand after `commits`, parents first, which end in `target`.
    ///
    /// Other people change the files that all work changes hundreds of times. Most commits without the work lack the line that the last one
    /// lacked, and most of those after it take none of its lines away.
    fn along(&mut self, commits: &[ObjectId], target: ObjectId) -> Result<Found> {
        let mut is_kept = None;
        let mut found = Found::Nowhere;
        for commit in commits {
            if let Found::In(landed) = found {
                if self.takes_away(*commit)? && self.undoes(*commit, landed)? {
                    found = Found::TakenBack { landed, by: *commit };
                }
            } else if self.has_traces(*commit)? && self.holds(*commit)? {
                found = Found::In(*commit);
                let is_kept = match is_kept {
                    Some(known) => known,
                    None => *is_kept.insert(self.is_whole(target)?),
                };
                if is_kept {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Whether a commit has all of the traces. The one that it lacks is looked for first in the next commit.
    fn has_traces(&mut self, commit: ObjectId) -> Result<bool> {
        let tree = self.repo.gix().find_commit(commit)?.tree()?;
        for at in 0..self.traces.len() {
            if !self.traces[at].may_be_in(self.repo, &tree)? {
                self.traces[..=at].rotate_right(1);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a commit has every line that the work brings.
    fn is_whole(&mut self, commit: ObjectId) -> Result<bool> {
        let tree = self.repo.gix().find_commit(commit)?.tree()?;
        for trace in &mut self.traces {
            if trace.amount(self.repo, &tree)? < trace.whole() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a commit has less of the work than its parent has.
    fn takes_away(&mut self, commit: ObjectId) -> Result<bool> {
        let gix = self.repo.gix();
        let Some(parent) = history::first_parent(self.repo, commit)? else { return Ok(false) };
        let (before, after) = (gix.find_commit(parent)?.tree()?, gix.find_commit(commit)?.tree()?);
        for trace in &mut self.traces {
            if trace.amount(self.repo, &after)? < trace.amount(self.repo, &before)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether to merge the changes into `commit` would change nothing.
    fn holds(&self, commit: ObjectId) -> Result<bool> {
        let ours = tree_of(self.repo, commit)?;
        self.comes_to([self.base, ours, self.work], ours)
    }

    /// Whether `commit`, which has less of the work than its parent, reverts the changes, or all that `landed` brought, whatever else it
    /// changes: with what git makes of a revert, with the lines as they were before the work, or, where a person resolved a conflict
    /// otherwise, by git's own words for a revert.
    fn undoes(&mut self, commit: ObjectId, landed: ObjectId) -> Result<bool> {
        let Some(parent) = history::first_parent(self.repo, commit)? else { return Ok(false) };
        let (before, after) = (tree_of(self.repo, parent)?, tree_of(self.repo, commit)?);
        if self.reverts([self.work, before, self.base], after)? {
            return Ok(true);
        }
        let without = base_tree(self.repo, history::first_parent(self.repo, landed)?)?;
        if self.reverts([tree_of(self.repo, landed)?, before, without], after)? || self.brings_back(after)? {
            return Ok(true);
        }
        let message = self.repo.gix().find_commit(commit)?.message_raw_sloppy().to_owned();
        Ok(message.contains_str(format!("This reverts commit {landed}")))
    }

    /// Whether a merge of trees, the ancestor first, changes ours, and `after` has these changes: whatever a person changed beside them.
    fn reverts(&self, [ancestor, ours, theirs]: [ObjectId; 3], after: ObjectId) -> Result<bool> {
        let Ok(merged) = picked(self.repo, ancestor, ours, theirs, None)? else { return Ok(false) };
        let reverted = history::changed_paths(self.repo, Some(ours), merged)?;
        let beside = history::changed_paths(self.repo, Some(merged), after)?;
        let counts = |change: &&Change| !change.path.starts_with(self.besides.as_bytes());
        let own: HashSet<&BString> = reverted.iter().filter(counts).map(|change| &change.path).collect();
        Ok(!own.is_empty() && beside.iter().filter(counts).all(|change| !own.contains(&change.path)))
    }

    /// Whether a tree has all lines that the work took away, and none of those that it brought. Of work that takes none away that says
    /// nothing: a person may have rewritten its lines.
    fn brings_back(&mut self, tree: ObjectId) -> Result<bool> {
        let tree = self.repo.gix().find_tree(tree)?;
        let mut any = false;
        for trace in &mut self.traces {
            if trace.amount(self.repo, &tree)? > 0 {
                return Ok(false);
            }
            let back = trace.is_back(self.repo, &tree)?;
            any |= back == Some(true);
            if back == Some(false) {
                return Ok(false);
            }
        }
        Ok(any)
    }

    /// Whether a merge of trees, the ancestor first, gives `expected`.
    fn comes_to(&self, [ancestor, ours, theirs]: [ObjectId; 3], expected: ObjectId) -> Result<bool> {
        match picked(self.repo, ancestor, ours, theirs, None)? {
            Ok(merged) if merged == expected => Ok(true),
            Ok(merged) => {
                let changes = history::changed_paths(self.repo, Some(expected), merged)?;
                Ok(changes.iter().all(|change| change.path.starts_with(self.besides.as_bytes())))
            }
            Err(_) => Ok(false),
        }
    }
}

/// What a commit has of a changed path if it holds the change. A commit may have it by chance: only a merge shows that it holds the change.
struct Trace {
    path: BString,
    kind: ChangeKind,
    /// The lines that the change brings; of one that only takes lines away, the pairs of lines that are neighbours by it.
    lines: HashSet<BString>,
    are_pairs: bool,
    /// The lines that the change takes away from a file that stays.
    gone: HashSet<BString>,
    /// How many of these are in a blob, for the blobs that were looked at; `None` for one that is too long.
    known: HashMap<ObjectId, Option<usize>>,
}

impl Trace {
    fn of(repo: &Repository, change: &Change) -> Result<Trace> {
        let brought = |pairs: bool| -> Result<(HashSet<BString>, HashSet<BString>)> {
            let texts = [change.before, change.after].map(|blob| blob.map(|blob| parts_of(repo, blob, pairs)));
            let [before, after] = texts.map(|text| text.unwrap_or_else(|| Ok(Some(HashSet::new()))));
            let (Some(before), Some(after)) = (before?, after?) else { return Ok(Default::default()) };
            Ok((after.difference(&before).cloned().collect(), before.difference(&after).cloned().collect()))
        };
        let is_modified = change.kind == ChangeKind::Modified;
        let (lines, gone) = brought(false)?;
        let are_pairs = lines.is_empty() && is_modified;
        let lines = if are_pairs { brought(true)?.0 } else { lines };
        let gone = if is_modified { gone } else { HashSet::new() };
        Ok(Trace { path: change.path.clone(), kind: change.kind, lines, are_pairs, gone, known: HashMap::new() })
    }

    /// Whether a tree may hold the change. A file that is not there may have been renamed, and a new one put into a renamed directory.
    fn may_be_in(&mut self, repo: &Repository, tree: &gix::Tree<'_>) -> Result<bool> {
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
                Ok(self.lines_in(repo, entry.object_id())?.is_none_or(|found| found == self.lines.len()))
            }
        }
    }

    /// How much of the change a tree has, of [`Trace::whole`].
    fn amount(&mut self, repo: &Repository, tree: &gix::Tree<'_>) -> Result<usize> {
        let entry = tree.lookup_entry(self.path.split_str("/"))?;
        match (self.kind, entry) {
            (ChangeKind::Deleted, entry) => Ok(usize::from(entry.is_none())),
            (_, Some(entry)) if entry.mode().is_blob() && !self.lines.is_empty() => {
                Ok(self.lines_in(repo, entry.object_id())?.unwrap_or(self.lines.len()))
            }
            (_, entry) => Ok(if entry.is_some() { self.whole() } else { 0 }),
        }
    }

    /// Whether a tree has all lines that the change takes away; `None` if it takes none.
    fn is_back(&self, repo: &Repository, tree: &gix::Tree<'_>) -> Result<Option<bool>> {
        if self.gone.is_empty() {
            return Ok(None);
        }
        let entry = tree.lookup_entry(self.path.split_str("/"))?.filter(|entry| entry.mode().is_blob());
        let parts = entry.map(|entry| parts_of(repo, entry.object_id(), false)).transpose()?.flatten();
        Ok(Some(parts.is_some_and(|parts| self.gone.is_subset(&parts))))
    }

    fn whole(&self) -> usize {
        self.lines.len().max(1)
    }

    /// How many of the lines a blob has; `None` if it is too long.
    fn lines_in(&mut self, repo: &Repository, blob: ObjectId) -> Result<Option<usize>> {
        if let Some(known) = self.known.get(&blob) {
            return Ok(*known);
        }
        let found = parts_of(repo, blob, self.are_pairs)?.map(|parts| self.lines.intersection(&parts).count());
        self.known.insert(blob, found);
        Ok(found)
    }
}

/// The lines of a blob, or its `pairs` of neighbouring lines, where begin and end count as lines; `None` if it is too long.
fn parts_of(repo: &Repository, blob: ObjectId, pairs: bool) -> Result<Option<HashSet<BString>>> {
    if repo.gix().find_header(blob)?.size() > MAX_TEXT {
        return Ok(None);
    }
    let found = repo.gix().find_blob(blob)?;
    let lines = found.data.lines_with_terminator().map(|line| line.trim_end());
    if !pairs {
        return Ok(Some(lines.map(BString::from).collect()));
    }
    let edge = b"\n".as_slice();
    let all: Vec<&[u8]> = std::iter::once(edge).chain(lines).chain([edge]).collect();
    Ok(Some(all.windows(2).map(|pair| BString::from(pair.join(&b'\n'))).collect()))
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
