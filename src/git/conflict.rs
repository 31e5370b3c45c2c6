//! A real merge in a worktree, with the markers of its conflicts in the files: to be resolved there.

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BString, ByteSlice};
use gix::ObjectId;

use super::{object::begin_of_blob, process::Git, repository::Repository, work_file, worktree::Worktree};
use crate::error::{Error, Kind, Result};

/// The largest file that is looked into for markers, in bytes. What is larger counts as resolved once it is another.
const MAX_LEN: u64 = 16 << 20;

/// How a merge in a worktree ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum MergeOutcome {
    /// The merge is committed.
    Committed,
    /// The merge stopped.
    Stopped(Stopped),
}

/// A merge that stopped: the paths that conflict, sorted, and what git left there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stopped {
    paths: Vec<(BString, Option<ObjectId>)>,
    /// What the automatic merge made of every other path: its mode and its id.
    merged: BTreeMap<BString, BString>,
}

impl Stopped {
    /// The paths, sorted.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.paths.iter().map(|(path, _)| path.to_string()).collect()
    }
}

impl Stopped {
    /// The paths that do not conflict and that `tip` has otherwise than the automatic merge made them; sorted.
    ///
    /// # Errors
    /// If git cannot read `tip`.
    pub(crate) fn strayed(&self, repo: &Repository, tip: ObjectId) -> Result<Vec<String>> {
        let listed =
            Git::at(repo).args(["ls-tree", "-r", "-z", "--full-tree"]).arg(tip.to_hex().to_string()).check()?;
        let entry = |record: &[u8]| {
            let (facts, path) = record.split_once_str("\t")?;
            let mut facts = facts.split_str(" ");
            let (mode, id) = (facts.next()?, facts.nth(1)?);
            Some((BString::from(path), BString::from([mode, b" ", id].concat())))
        };
        let now: BTreeMap<BString, BString> = listed.records().filter_map(entry).collect();
        let conflicting: BTreeSet<&BString> = self.paths.iter().map(|(path, _)| path).collect();
        let every: BTreeSet<&BString> = self.merged.keys().chain(now.keys()).collect();
        let strayed =
            every.into_iter().filter(|path| !conflicting.contains(path) && self.merged.get(*path) != now.get(*path));
        Ok(strayed.map(ToString::to_string).collect())
    }

    /// The paths that conflict and that `tip` has as `side` has them: what the other side changed there is gone.
    ///
    /// # Errors
    /// If a commit cannot be read.
    pub(crate) fn as_in(&self, repo: &Repository, side: ObjectId, tip: ObjectId) -> Result<Vec<String>> {
        let trees = [side, tip].map(|commit| Ok::<_, Error>(repo.gix().find_commit(commit)?.tree()?));
        let [side, tip] = trees;
        let (side, tip) = (side?, tip?);
        let mut same = Vec::new();
        for (path, _) in &self.paths {
            let entry = |tree: &gix::Tree<'_>| -> Result<_> {
                let found = tree.lookup_entry(path.split_str("/"))?;
                Ok(found.map(|entry| (entry.mode(), entry.object_id())))
            };
            if entry(&side)? == entry(&tip)? {
                same.push(path.to_string());
            }
        }
        Ok(same)
    }
}

/// Merges `branch`, such as `heads/main`, into the branch of `tree`, as `git merge` there would: hooks and signing apply. The worktree has to be clean.
///
/// # Errors
/// `git-failed` if git did not even begin, or a hook refused: nothing is under way then.
pub(crate) fn begin(repo: &Repository, tree: &Worktree, branch: &str, message: &str) -> Result<MergeOutcome> {
    // Whatever `merge.*` and `branch.*.mergeOptions` say.
    let options = ["--no-ff", "--commit", "--no-edit", "--no-squash", "--no-autostash", "--no-stat", "--quiet"];
    // By its name, which the markers then show.
    let git = tree.git()?.arg("merge").args(options).args(["-m", message, "--", branch]);
    let output = git.run()?;
    if output.success() {
        return Ok(MergeOutcome::Committed);
    }
    let unmerged = unmerged(tree)?;
    if !tree.is_merging() || (unmerged.is_empty() && !resolved_by_itself(tree)?) {
        abort(tree)?;
        return Err(git.failed(&output));
    }
    let paths = unmerged.into_iter().map(|path| Ok((path.clone(), found(repo, tree, &path)?)));
    Ok(MergeOutcome::Stopped(Stopped { paths: paths.collect::<Result<_>>()?, merged: merged(tree)? }))
}

/// Commits a merge that stopped, if every path of it is resolved; one that was committed already is looked at too. Returns the paths
/// that are not resolved: those that are as git left them, and those in which there are markers that neither side has.
///
/// # Errors
/// `git-failed` if it could not be committed.
pub(crate) fn conclude(
    repo: &Repository,
    tree: &Worktree,
    stopped: &Stopped,
    sides: [ObjectId; 2],
) -> Result<Vec<String>> {
    let unmerged = unmerged(tree)?;
    let mut left = Vec::new();
    for (path, before) in &stopped.paths {
        let untouched = unmerged.contains(path) && found(repo, tree, path)? == *before;
        if untouched || (has_markers(tree, path)? && !sides_have_markers(repo, sides, path)?) {
            left.push(path.to_string());
        }
    }
    if !left.is_empty() || !tree.is_merging() {
        return Ok(left);
    }
    let pathspecs: Vec<u8> = unmerged.iter().flat_map(|path| [path.as_slice(), b"\0"].concat()).collect();
    if !pathspecs.is_empty() {
        let git = tree.plain_git()?.global("--literal-pathspecs").args(["add", "--all", "--force"]);
        git.pathspecs(pathspecs).check()?;
    }
    tree.git()?.args(["commit", "--quiet", "--no-edit"]).check()?;
    Ok(left)
}

/// Aborts a merge that is under way; does nothing without one.
fn abort(tree: &Worktree) -> Result<()> {
    if tree.is_merging() {
        tree.plain_git()?.args(["merge", "--abort"]).check()?;
    }
    Ok(())
}

/// Resets `tree` and its branch `branch` to `tip`, whatever its `HEAD` is and whatever is under way in it. Uncommitted changes are lost,
/// except ignored files.
pub(crate) fn restore(tree: &Worktree, branch: &str, tip: ObjectId) -> Result<()> {
    let git = || tree.plain_git();
    for verb in ["rebase", "am", "cherry-pick", "revert"] {
        // Mostly nothing of that kind is under way, which git calls a failure.
        let _none = git()?.args([verb, "--quit"]).run()?;
    }
    let tip = tip.to_hex().to_string();
    git()?.args(["reset", "--quiet", "--hard"]).check()?;
    git()?.args(["checkout", "--quiet", "--force", "-B", branch, &tip, "--"]).check()?;
    git()?.args(["clean", "--quiet", "-d", "--force"]).check()?;
    Ok(())
}

/// The paths that are merged in the index, each with its mode and its id.
fn merged(tree: &Worktree) -> Result<BTreeMap<BString, BString>> {
    let listed = tree.plain_git()?.args(["ls-files", "--stage", "-z"]).check()?;
    let entry = |record: &[u8]| {
        let (facts, path) = record.split_once_str("\t")?;
        Some((BString::from(path), BString::from(facts.strip_suffix(b" 0")?)))
    };
    Ok(listed.records().filter_map(entry).collect())
}

/// The paths that are unmerged in the index.
fn unmerged(tree: &Worktree) -> Result<BTreeSet<BString>> {
    let listed = tree.plain_git()?.args(["ls-files", "--unmerged", "-z"]).check()?;
    let path = |record: &[u8]| record.find_byte(b'\t').map(|at| BString::from(&record[at + 1..]));
    Ok(listed.records().filter_map(path).collect())
}

/// Whether a merge stopped with nothing to resolve: `rerere.autoUpdate` knew how.
fn resolved_by_itself(tree: &Worktree) -> Result<bool> {
    let configured = tree.plain_git()?.args(["config", "--type=bool", "rerere.autoUpdate"]).run()?;
    Ok(configured.line() == "true")
}

/// The id of the file at a path of the worktree; `None` if there is no file.
fn found(repo: &Repository, tree: &Worktree, path: &BString) -> Result<Option<ObjectId>> {
    let Some(bytes) = bytes_at(tree, path) else { return Ok(None) };
    let id = gix::objs::compute_hash(repo.gix().object_hash(), gix::objs::Kind::Blob, &bytes);
    id.map(Some).map_err(|error| Error::fatal(Kind::Hash, error.to_string()))
}

fn bytes_at(tree: &Worktree, path: &BString) -> Option<Vec<u8>> {
    work_file::read(&tree.path, path.as_bstr(), MAX_LEN).ok().flatten()
}

pub(crate) fn has_markers(tree: &Worktree, path: &BString) -> Result<bool> {
    Ok(bytes_at(tree, path).is_some_and(|bytes| marked(&bytes)))
}

/// A file may be about markers itself.
fn sides_have_markers(repo: &Repository, sides: [ObjectId; 2], path: &BString) -> Result<bool> {
    for side in sides {
        let tree = repo.gix().find_commit(side)?.tree()?;
        if let Some(entry) = tree.lookup_entry(path.split_str("/"))?
            && entry.mode().is_blob()
            && marked(&begin_of_blob(repo, entry.object_id(), MAX_LEN)?)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn marked(bytes: &[u8]) -> bool {
    bytes.lines().any(|line| line.starts_with(b"<<<<<<< ") || line.starts_with(b">>>>>>> "))
}
