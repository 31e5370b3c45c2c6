//! Ancestry, ranges and patches of commits. The history of files is in `file_history` and `blame`.

use std::collections::{HashMap, HashSet};

use bstr::{BStr, BString, ByteSlice};
use gix::{
    ObjectId, object::tree::diff::ChangeDetached, objs::tree::EntryMode, revision::walk::Sorting,
    traverse::commit::simple::CommitTimeOrder,
};

pub(crate) use super::changes::{Change, ChangeKind};
use super::{object::MOST_TEXT, output::Output, process::Git, repository::Repository};
use crate::error::{Error, Kind, Result};

/// The files (symlinks, submodules) that differ between two commits or trees, sorted by path; `from` `None` is the empty tree.
pub(crate) fn changed_paths(repo: &Repository, from: Option<ObjectId>, to: ObjectId) -> Result<Vec<Change>> {
    let gix = repo.gix();
    let old = match from {
        Some(id) => gix.find_object(id)?.peel_to_tree()?,
        None => gix.empty_tree(),
    };
    let new = gix.find_object(to)?.peel_to_tree()?;
    let trees = (old.id, new.id);
    if let Some(changes) = repo.known_changes().get(trees) {
        return Ok(changes);
    }
    let mut options = gix::diff::Options::default().with_rewrites(None);
    options.track_path();
    let mut changes: Vec<_> = gix.diff_tree_to_tree(&old, &new, options)?.into_iter().flat_map(changes_of).collect();
    changes.sort();
    changes.dedup();
    repo.known_changes().insert(trees, &changes);
    Ok(changes)
}

/// The changed paths of a change. Trees are left out; a file that becomes a directory is deleted.
fn changes_of(change: ChangeDetached) -> Vec<Change> {
    type Side = Option<(EntryMode, ObjectId)>;
    let is_tree = |side: &Side| side.is_some_and(|(mode, _)| mode.is_tree());
    let change_of = |path, before: Side, after: Side| {
        let (before, after) = (before.filter(|_| !is_tree(&before)), after.filter(|_| !is_tree(&after)));
        let kind = match (before, after) {
            (None, None) => return None,
            (None, Some(_)) => ChangeKind::Added,
            (Some(_), None) => ChangeKind::Deleted,
            (Some(_), Some(_)) => ChangeKind::Modified,
        };
        let blob = |side: Side| side.filter(|(mode, _)| mode.is_blob()).map(|(_, id)| id);
        let is_link = after.is_some_and(|(mode, _)| mode.is_link());
        Some(Change { path, kind, is_link, before: blob(before), after: blob(after) })
    };
    match change {
        ChangeDetached::Addition { location, entry_mode, id, .. } => {
            Vec::from_iter(change_of(location, None, Some((entry_mode, id))))
        }
        ChangeDetached::Deletion { location, entry_mode, id, .. } => {
            Vec::from_iter(change_of(location, Some((entry_mode, id)), None))
        }
        ChangeDetached::Modification { location, previous_entry_mode, previous_id, entry_mode, id } => {
            Vec::from_iter(change_of(location, Some((previous_entry_mode, previous_id)), Some((entry_mode, id))))
        }
        ChangeDetached::Rewrite { source_location, source_entry_mode, source_id, location, entry_mode, id, .. } => {
            let gone = change_of(source_location, Some((source_entry_mode, source_id)), None);
            gone.into_iter().chain(change_of(location, None, Some((entry_mode, id)))).collect()
        }
    }
}

/// The commits that `tip` reaches and none of `known` does, parents before children. Git walks: gix would step over the edge of a
/// shallow clone.
pub(crate) fn commits_between(
    repo: &Repository,
    known: impl IntoIterator<Item = ObjectId>,
    tip: ObjectId,
) -> Result<Vec<ObjectId>> {
    let git = Git::at(repo).args(["rev-list", "--topo-order", "--reverse"]).arg(tip.to_hex().to_string());
    let listed = git.args(known.into_iter().map(|known| format!("^{known}"))).arg("--").check()?;
    Ok(ids(&listed).collect())
}

/// The patch from one commit or tree to another, as git prints it; `from` `None` is the empty tree. No program of the repository or of the
/// person's configuration has a hand in it.
pub(crate) fn patch(repo: &Repository, from: Option<ObjectId>, to: ObjectId) -> Result<String> {
    let from = from.unwrap_or_else(|| ObjectId::empty_tree(to.kind()));
    let git =
        Git::at(repo).args(["diff-tree", "--patch", "--stat", "--find-renames", "--no-ext-diff", "--no-textconv"]);
    let git = git.args(["--no-color", "--submodule=short"]).arg(from.to_hex().to_string());
    let printed = git.arg(to.to_hex().to_string()).arg("--").check()?;
    Ok(printed.stdout.to_str_lossy().into_owned())
}

/// The [`patch`] of each pair of commits, without the files below the directory `without`, by one git process.
pub(crate) fn patches(repo: &Repository, pairs: &[(Option<ObjectId>, ObjectId)], without: &str) -> Result<Vec<String>> {
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let mut lines = String::new();
    let mut heads = Vec::new();
    for (from, to) in pairs {
        let tree = |id: ObjectId| Ok::<_, Error>(repo.gix().find_object(id)?.peel_to_tree()?.id);
        let to = tree(*to)?;
        let from = from.map_or_else(|| Ok(ObjectId::empty_tree(to.kind())), tree)?;
        lines.push_str(&format!("{from} {to}\n"));
        heads.push(format!("{from} {to}\n"));
    }
    let git =
        Git::at(repo).args(["diff-tree", "--stdin", "--patch", "--find-renames", "--no-ext-diff", "--no-textconv"]);
    let git = git.args(["--no-color", "--submodule=short", "-r", "-m", "--", ".", &format!(":(exclude,top){without}")]);
    let printed = git.stdin_bytes(lines).check()?.stdout;
    let printed = printed.to_str_lossy();
    let mut rest = printed.as_ref();
    // Git repeats each line, and prints nothing more for trees that are equal.
    let mut found = Vec::new();
    for (at, head) in heads.iter().enumerate() {
        rest = rest.strip_prefix(head.as_str()).unwrap_or(rest);
        let end = match heads.get(at + 1) {
            Some(next) if rest.starts_with(next.as_str()) => 0,
            Some(next) => rest.find(&format!("\n{next}")).map_or(rest.len(), |at| at + 1),
            None => rest.len(),
        };
        let (patch, others) = rest.split_at(end);
        found.push(patch.to_owned());
        rest = others;
    }
    Ok(found)
}

/// The object ids that git printed, one a line.
pub(super) fn ids(listed: &Output) -> impl Iterator<Item = ObjectId> {
    listed.stdout.lines().filter_map(|line| ObjectId::from_hex(line).ok())
}

/// Of the commits that `tip` reaches and none of `known` does the newest ones, at most `most`, newest first: as far as they can be seen, and
/// without starting git, which takes longer than to look at a few commits.
pub(crate) fn newest_between(
    repo: &Repository,
    known: impl IntoIterator<Item = ObjectId>,
    tip: ObjectId,
    most: usize,
) -> Vec<ObjectId> {
    let walk =
        repo.gix().rev_walk([tip]).with_hidden(known).sorting(Sorting::ByCommitTime(CommitTimeOrder::NewestFirst));
    walk.all().into_iter().flatten().map_while(|commit| commit.ok().map(|commit| commit.id)).take(most).collect()
}

/// The newest `most` commits that `tip` reaches and `known` does not and that change one of `paths`, or any; newest first.
pub(crate) fn commits_touching(
    repo: &Repository,
    known: impl IntoIterator<Item = ObjectId>,
    tip: ObjectId,
    paths: &[String],
    most: usize,
) -> Result<Vec<ObjectId>> {
    let git = Git::at(repo).global("--literal-pathspecs").args(["rev-list", "--no-merges"]);
    let git = git.arg(format!("--max-count={most}")).arg(tip.to_hex().to_string());
    let paths = paths.iter().take(MAX_PATHS);
    let listed = git.args(known.into_iter().map(|known| format!("^{known}"))).arg("--").args(paths).check()?;
    Ok(ids(&listed).collect())
}

/// All commits, parents first, that `tip` reaches and `known` does not and that change one of `paths`: those too whose changes are undone by
/// now, so that a merge took none of them.
pub(crate) fn all_commits_touching(
    repo: &Repository,
    known: impl IntoIterator<Item = ObjectId>,
    tip: ObjectId,
    paths: &[String],
) -> Result<Vec<ObjectId>> {
    let git = Git::at(repo).global("--literal-pathspecs").args(["rev-list", "--no-merges", "--full-history"]);
    let git = git.args(["--topo-order", "--reverse"]).arg(tip.to_hex().to_string());
    let paths = paths.iter().take(MAX_PATHS);
    let listed = git.args(known.into_iter().map(|known| format!("^{known}"))).arg("--").args(paths).check()?;
    Ok(ids(&listed).collect())
}

/// The paths below `dir` that a commit changed which `tip` reaches and none of `known` does, merges too; sorted.
pub(crate) fn paths_touched(
    repo: &Repository,
    known: impl IntoIterator<Item = ObjectId>,
    tip: ObjectId,
    dir: &str,
) -> Result<Vec<BString>> {
    let git =
        Git::at(repo).global("--literal-pathspecs").args(["log", "--full-history", "-m", "--format=", "--name-only"]);
    let git = git.args(["-z", "--no-renames", "--no-show-signature"]).arg(tip.to_hex().to_string());
    let listed = git.args(known.into_iter().map(|known| format!("^{known}"))).args(["--", dir]).check()?;
    let mut paths: Vec<BString> =
        listed.records().map(|path| BString::from(path.trim_start_with(|c| c == '\n'))).collect();
    paths.retain(|path| !path.is_empty());
    paths.sort();
    paths.dedup();
    Ok(paths)
}

/// The commits of a range as `git rev-list` takes it; `None` if it is none.
pub(crate) fn commits_in(repo: &Repository, range: &str) -> Result<Option<HashSet<ObjectId>>> {
    let listed = Git::at(repo).args(["rev-list", "--end-of-options"]).arg(range).arg("--").run()?;
    Ok(listed.success().then(|| ids(&listed).collect()))
}

/// Whether `descendant` reaches `ancestor`; a commit reaches itself.
pub(crate) fn is_ancestor(repo: &Repository, ancestor: ObjectId, descendant: ObjectId) -> Result<bool> {
    Ok(ancestor == descendant || merge_base(repo, ancestor, descendant)? == Some(ancestor))
}

/// A best common ancestor; `None` for unrelated histories.
pub(crate) fn merge_base(repo: &Repository, one: ObjectId, other: ObjectId) -> Result<Option<ObjectId>> {
    Ok(repo.gix().merge_base(one, other)?.map(gix::Id::detach))
}

/// A best common ancestor of `target` and of each of `tips`, in their order; `None` for unrelated histories, and for a tip that is not here.
/// Git walks once for all of them: a walk for each would take the square of the history.
pub(crate) fn merge_bases(repo: &Repository, target: ObjectId, tips: &[ObjectId]) -> Result<Vec<Option<ObjectId>>> {
    let ends: String = tips.iter().map(|tip| format!("{tip}\n")).collect();
    let git = Git::at(repo).args(["rev-list", "--ignore-missing", "--topo-order", "--reverse", "--parents", "--stdin"]);
    let listed = git.stdin_bytes(format!("{ends}^{target}\n")).check()?;
    let ways = ways_out(repo, &listed)?;
    let of = |tip: &ObjectId| match ways.get(tip).map(Vec::as_slice) {
        Some([]) => Ok(None),
        Some([only]) => Ok(Some(*only)),
        Some(_) => merge_base(repo, *tip, target),
        None => Ok(repo.gix().try_find_header(*tip)?.is_some().then_some(*tip)),
    };
    tips.iter().map(of).collect()
}

/// The newest `most` commits that one of `tips` reaches and none of `others`. What is not here is passed over.
pub(crate) fn reached_by_none_of(
    repo: &Repository,
    tips: &[ObjectId],
    others: &[ObjectId],
    most: usize,
) -> Result<HashSet<ObjectId>> {
    if tips.is_empty() {
        return Ok(HashSet::new());
    }
    let mut ends: String = tips.iter().map(|tip| format!("{tip}\n")).collect();
    ends.extend(others.iter().map(|other| format!("^{other}\n")));
    let git = Git::at(repo).args(["rev-list", "--ignore-missing", "--stdin"]).arg(format!("--max-count={most}"));
    let listed = git.stdin_bytes(ends).check()?;
    Ok(listed.stdout.lines().filter_map(|id| ObjectId::from_hex(id).ok()).collect())
}

/// For each listed commit, parents first and each with its parents, the commits outside of the list that are met on the way to its
/// ancestors, as far as they are here: of more than two, two.
fn ways_out(repo: &Repository, listed: &Output) -> Result<HashMap<ObjectId, Vec<ObjectId>>> {
    let mut ways: HashMap<ObjectId, Vec<ObjectId>> = HashMap::new();
    for line in listed.stdout.lines() {
        let mut ids = line.split(|byte| *byte == b' ').filter_map(|id| ObjectId::from_hex(id).ok());
        let Some(commit) = ids.next() else { continue };
        let mut out: Vec<ObjectId> = Vec::new();
        for parent in ids {
            match ways.get(&parent) {
                Some(further) => out.extend(further),
                None if repo.gix().try_find_header(parent)?.is_some() => out.push(parent),
                None => {}
            }
        }
        out.sort_unstable();
        out.dedup();
        out.truncate(2);
        ways.insert(commit, out);
    }
    Ok(ways)
}

/// Whether `upstream` makes every change that the commits between `since` and `tip` make: as the very commits, or as others with
/// the same patch. `None` if that cannot be told because an object is missing.
pub(crate) fn holds_changes(
    repo: &Repository,
    upstream: ObjectId,
    since: Option<ObjectId>,
    tip: ObjectId,
) -> Result<Option<bool>> {
    let ends = [Some(upstream), Some(tip), since];
    for end in ends.into_iter().flatten() {
        if repo.gix().try_find_header(end)?.is_none() {
            return Ok(None);
        }
    }
    let ends = ends.into_iter().flatten().map(|id| id.to_hex().to_string());
    let compared = Git::at(repo).config("core.fsmonitor=false").arg("cherry").args(ends).run()?;
    // The edge of a shallow clone, an object that a partial clone cannot get.
    if !compared.success() {
        return Ok(None);
    }
    Ok(Some(compared.stdout.lines().all(|line| line.starts_with(b"-"))))
}

/// How a patch is written that `git patch-id` is to know again, whatever is configured.
pub(super) const PATCH: [&str; 7] =
    ["--no-renames", "--no-ext-diff", "--no-textconv", "--no-color", "--full-index", "-U3", "-p"];

/// How many paths are compared: they are words of a command line.
const MAX_PATHS: usize = 500;

/// Limits `git` to these paths. Without the setting git asks the file system monitor, though only trees are compared.
pub(super) fn limited<P: AsRef<BStr>>(git: Git, paths: &[P]) -> Result<Git> {
    let git = git.global("--literal-pathspecs").config("core.fsmonitor=false").arg("--");
    paths.iter().try_fold(git, |git, path| Ok(git.arg(&*gix::path::from_bstr(path.as_ref())?)))
}

/// How many paths a commit may change for a patch id: to write the patch of more takes longer than to make the commit.
const MAX_PATCHED: usize = 2000;

/// The `git patch-id --stable` of the change that a commit makes to its first parent; `None` for a merge, for a
/// commit that changes nothing, and for one that changes more than two thousand paths, or one that is longer than any text.
pub(crate) fn patch_id(repo: &Repository, commit: ObjectId) -> Result<Option<ObjectId>> {
    Ok(patch_ids(repo, &[commit])?.pop().flatten())
}

/// Whether the patch of these changes can be written: they are not too many, and none is of a blob that is longer than any text.
fn is_short(repo: &Repository, changes: &[Change]) -> Result<bool> {
    // Each blob is looked up, and there may be very many changes.
    if changes.len() > MAX_PATCHED {
        return Ok(false);
    }
    for change in changes {
        if is_long(repo, change)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a change is of a blob that is longer than any text: git would read it whole to say that it differs.
pub(super) fn is_long(repo: &Repository, change: &Change) -> Result<bool> {
    for blob in [change.before, change.after].into_iter().flatten() {
        if repo.gix().try_find_header(blob)?.is_some_and(|header| header.size() > MOST_TEXT) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The [`patch_id`] of several commits, in their order.
pub(crate) fn patch_ids(repo: &Repository, commits: &[ObjectId]) -> Result<Vec<Option<ObjectId>>> {
    let mut single = Vec::new();
    for commit in commits {
        let parents: Vec<ObjectId> = repo.gix().find_commit(*commit)?.parent_ids().map(gix::Id::detach).collect();
        // Git finds what gix cannot: beyond the edge of a shallow or partial clone.
        let changed = changed_paths(repo, parents.first().copied(), *commit);
        let is_short = changed.as_ref().map_or(Ok(true), |changed| is_short(repo, changed))?;
        if parents.len() <= 1 && is_short {
            single.push(format!("{commit}\n"));
        }
    }
    if single.is_empty() {
        return Ok(vec![None; commits.len()]);
    }
    // `git diff-tree` asks the file system monitor, though two trees are compared.
    let git = Git::at(repo).config("core.fsmonitor=false").args(["diff-tree", "--root", "--stdin"]).args(PATCH);
    let patch = git.stdin_bytes(single.concat()).check()?;
    let output = Git::at(repo).args(["patch-id", "--stable"]).stdin_bytes(patch.stdout).check()?;
    let pairs = output.stdout.lines().filter_map(|line| {
        let (id, commit) = line.split_once_str(" ")?;
        Some((ObjectId::from_hex(commit).ok()?, ObjectId::from_hex(id).ok()?))
    });
    let ids: HashMap<ObjectId, ObjectId> = pairs.collect();
    Ok(commits.iter().map(|commit| ids.get(commit).copied()).collect())
}

/// How many commits are counted before it is enough to know that there are many.
const ENOUGH: usize = 1000;

/// How many of the commits that `tips` reach no branch, tag or remote-tracking branch reaches, at most a thousand. The branches that
/// `except` names, by their short names, don't count; what is below `besides`, a namespace of refs, does.
pub(crate) fn unreached(
    repo: &Repository,
    tips: &[ObjectId],
    except: &[String],
    besides: Option<&str>,
) -> Result<usize> {
    if tips.is_empty() {
        return Ok(0);
    }
    let most = format!("--max-count={ENOUGH}");
    let mut git = Git::at(repo).args(["rev-list", "--count", most.as_str()]);
    git = git.args(tips.iter().map(|tip| tip.to_hex().to_string())).arg("--not");
    git = git.args(except.iter().map(|name| format!("--exclude={name}"))).args(["--branches", "--tags", "--remotes"]);
    git = git.args(besides.map(|namespace| format!("--glob={namespace}")));
    let counted = git.arg("--").check()?;
    counted.line().parse().map_err(|_| Error::fatal(Kind::GitFailed, "unexpected output from git rev-list"))
}

/// The first parent of a commit; `None` for a root, and where a shallow clone ends.
pub(crate) fn first_parent(repo: &Repository, commit: ObjectId) -> Result<Option<ObjectId>> {
    let parent = repo.gix().find_commit(commit)?.parent_ids().next().map(gix::Id::detach);
    let Some(parent) = parent else { return Ok(None) };
    Ok(repo.gix().try_find_header(parent)?.map(|_| parent))
}

/// Says of an error how a shallow clone gets the history that it lacks.
pub(crate) fn with_unshallow(error: Error) -> Error {
    error
        .hint("this clone is shallow: git fetch --unshallow")
        .hint("in CI, fetch all of the history: fetch-depth: 0 on GitHub, GIT_DEPTH: \"0\" on GitLab")
}

/// Finds out whether `commit` is in this clone; `what` begins the error.
///
/// # Errors
/// `cut-off` if it is not, with the way to get it.
pub(crate) fn require(repo: &Repository, commit: ObjectId, what: &str) -> Result<()> {
    if repo.gix().try_find_header(commit)?.is_some() {
        return Ok(());
    }
    let message = format!("{what}: the commit {} is not in this clone", commit.to_hex_with_len(10));
    let error = Error::fatal(Kind::CutOff, message);
    Err(if repo.gix().is_shallow().unwrap_or_default() {
        with_unshallow(error)
    } else {
        error.hint(format!("to get it from a clone that has it: git fetch <remote> {commit}"))
    })
}

/// The first of `commits` whose parents a shallow clone lacks.
///
/// # Errors
/// If the list of such commits cannot be read.
pub(crate) fn edge_in(repo: &Repository, commits: &[ObjectId]) -> Result<Option<ObjectId>> {
    let edges = repo.gix().shallow_commits()?;
    Ok(edges.and_then(|edges| commits.iter().copied().find(|commit| edges.contains(commit))))
}

/// The commit that a person names as `name`.
///
/// # Errors
/// `unknown-revision`.
pub(crate) fn named_commit(repo: &Repository, name: &str) -> Result<ObjectId> {
    let unknown = || {
        let error = Error::fatal(Kind::UnknownRevision, format!("'{}' names no commit", name.escape_debug()));
        if repo.gix().is_shallow().unwrap_or_default() { with_unshallow(error) } else { error }
    };
    let id = repo.gix().rev_parse_single(name).map_err(|_| unknown())?;
    let commit = id.object()?.peel_to_kind(gix::object::Kind::Commit).map_err(|_| unknown())?;
    Ok(commit.id)
}

/// Whether one path is the other or lies below it.
pub(super) fn overlap(one: &BStr, other: &BStr) -> bool {
    let below = |upper: &BStr, lower: &BStr| {
        lower.strip_prefix(upper.as_bytes()).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    below(one, other) || below(other, one)
}
