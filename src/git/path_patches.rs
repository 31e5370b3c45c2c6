//! The patches between two commits, path by path.

use std::collections::HashMap;

use bstr::{BStr, ByteSlice};
use gix::ObjectId;

use super::{changes::Change, history, process::Git, repository::Repository};
use crate::{
    domain::{changed_lines::ChangedLines, patches::PathPatch},
    error::Result,
};

/// With more changed paths none is told: they are words of a command line.
const MAX_PATHS: usize = 500;

/// The lines of a longer text are not compared, in bytes.
const MAX_TEXT: u64 = 4 << 20;

/// How a change is written that is to be known again among other changes of the file: without the lines around it.
const ALONE: [&str; 3] = ["-U0", "--diff-algorithm=myers", "--indent-heuristic"];

/// The changes between two commits, a path each, sorted; `from` `None` is the empty tree. Paths below `without` and paths that are not UTF-8
/// are left out. With more than five hundred paths there is none.
///
/// # Errors
/// If an object is missing, or git fails.
pub(crate) fn between(
    repo: &Repository,
    from: Option<ObjectId>,
    to: ObjectId,
    without: &str,
) -> Result<Vec<PathPatch>> {
    let mut changes = history::changed_paths(repo, from, to)?;
    changes.retain(|change| !change.path.starts_with(without.as_bytes()) && change.path.to_str().is_ok());
    if changes.is_empty() || changes.len() > MAX_PATHS {
        return Ok(Vec::new());
    }
    // Of what is longer than any text the blobs say enough.
    let mut short = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        if !history::is_long(repo, change)? {
            short.push(at);
        }
    }
    let paths: Vec<&BStr> = short.iter().map(|at| changes[*at].path.as_bstr()).collect();
    let ids = patch_ids(repo, from, to, &paths)?.into_iter();
    let mut ids: HashMap<usize, String> = ids.map(|(place, id)| (short[place], id)).collect();
    let patch_of = |(at, change): (usize, &Change)| PathPatch {
        path: change.path.to_string(),
        before: change.before.map(|id| id.to_string()),
        after: change.after.map(|id| id.to_string()),
        patch: ids.remove(&at),
        lines: None,
    };
    let mut patches: Vec<PathPatch> = changes.iter().enumerate().map(patch_of).collect();
    for (patch, change) in patches.iter_mut().zip(&changes) {
        patch.lines = lines(repo, change.before, change.after)?;
    }
    Ok(patches)
}

/// The lines by which two blobs differ; without a blob the text is empty. `None` if one is not in this clone, long, or no text.
///
/// # Errors
/// If an object cannot be read.
pub(crate) fn lines(
    repo: &Repository,
    before: Option<ObjectId>,
    after: Option<ObjectId>,
) -> Result<Option<ChangedLines>> {
    let text = |id: Option<ObjectId>| -> Result<Option<Vec<u8>>> {
        let Some(id) = id else { return Ok(Some(Vec::new())) };
        let is_short = repo.gix().try_find_header(id)?.is_some_and(|header| header.size() <= MAX_TEXT);
        Ok(if is_short { repo.gix().try_find_object(id)?.map(|object| object.detach().data) } else { None })
    };
    let (Some(before), Some(after)) = (text(before)?, text(after)?) else { return Ok(None) };
    Ok(ChangedLines::between(&before, &after))
}

/// The patch ids of these paths, which are sorted, by their places. Git gives one for each patch of a commit: the patch of each path is
/// handed to it as that of a commit of its own. None at all where git prints another number of patches than there are paths.
fn patch_ids(
    repo: &Repository,
    from: Option<ObjectId>,
    to: ObjectId,
    paths: &[&BStr],
) -> Result<HashMap<usize, String>> {
    if paths.is_empty() {
        return Ok(HashMap::new());
    }
    let from = from.unwrap_or_else(|| ObjectId::empty_tree(to.kind()));
    let git = Git::at(repo).args(["diff-tree", "-r"]).args(history::PATCH).args(ALONE);
    let git = git.arg(from.to_hex().to_string()).arg(to.to_hex().to_string());
    let printed = history::limited(git, paths)?.check()?.stdout;
    let (mut marked, mut patches) = (Vec::with_capacity(printed.len()), 0);
    let width = to.kind().len_in_hex();
    for line in printed.lines_with_terminator() {
        if line.starts_with(b"diff --git ") {
            patches += 1;
            marked.extend(format!("commit {patches:0width$x}\n").bytes());
        }
        marked.extend_from_slice(line);
    }
    if patches != paths.len() {
        return Ok(HashMap::new());
    }
    let output = Git::at(repo).args(["patch-id", "--stable"]).stdin_bytes(marked).check()?;
    let pairs = output.stdout.lines().filter_map(|line| {
        let (id, place) = line.to_str().ok()?.split_once(' ')?;
        Some((usize::from_str_radix(place, 16).ok()?.checked_sub(1)?, id.to_owned()))
    });
    Ok(pairs.collect())
}
