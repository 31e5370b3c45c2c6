//! Objects that a partial clone lacks and a remote has promised. Git fetches them one by one when it needs them; what many of them are
//! needed for is fetched at once here.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use gix::ObjectId;

use super::{process::Git, repository::Repository};
use crate::error::Result;

/// The number of commits whose directories are fetched at once, and of those that change a file: git fetches those of older ones itself.
const MOST: usize = 50_000;

/// Whether objects may be missing that a remote has promised.
pub(crate) fn is_partial(repo: &Repository) -> bool {
    repo.gix().config_snapshot().string("extensions.partialClone").is_some() || remote(repo).is_some()
}

/// The remote that has promised them.
fn remote(repo: &Repository) -> Option<String> {
    let snapshot = repo.gix().config_snapshot();
    if let Some(name) = snapshot.string("extensions.partialClone") {
        return Some(name.to_string());
    }
    let mut remotes = snapshot.plumbing().sections_by_name("remote").into_iter().flatten();
    let promisor = remotes.find(|remote| remote.value("promisor").is_some_and(|value| value != "false"))?;
    promisor.header().subsection_name().map(ToString::to_string)
}

/// Fetches what a partial clone lacks of the newest commits that `rev` reaches and that change `path`: each directory on the way, then the
/// file. What cannot be fetched is left to the command that needs it, which says why.
///
/// # Errors
/// If git cannot be run.
pub(super) fn fetch_history(repo: &Repository, rev: &str, path: &str) -> Result<()> {
    let Some(remote) = remote(repo) else { return Ok(()) };
    let most = format!("--max-count={MOST}");
    if lacks_directories(repo, &remote) {
        let list = Git::at(repo).args(["rev-list", "--no-commit-header", "--format=%T", &most, rev, "--"]).run()?;
        let mut trees: BTreeSet<ObjectId> =
            list.stdout.lines().filter_map(|line| ObjectId::from_hex(line).ok()).collect();
        let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
        for name in folders.split('/').map(Some).chain([None]) {
            let missing: Vec<String> =
                trees.iter().filter(|tree| !repo.gix().has_object(**tree)).map(ToString::to_string).collect();
            if !missing.is_empty() {
                // A directory without what is in it: git alone would fetch all that lies below.
                fetch_objects(repo, &remote, "--filter=tree:0", missing.join("\n").into())?;
            }
            let Some(name) = name.filter(|name| !name.is_empty()) else { break };
            trees = trees.iter().filter_map(|tree| entry(repo, *tree, name)).collect();
        }
    }
    fetch(repo, &remote, &[&most, rev, "--", path])
}

/// Whether the clone was made without directories, too.
fn lacks_directories(repo: &Repository, remote: &str) -> bool {
    let filter = repo.gix().config_snapshot().string(&format!("remote.{remote}.partialclonefilter"));
    filter.is_some_and(|filter| filter.contains_str("tree:"))
}

/// The object of that name in a directory that is here.
fn entry(repo: &Repository, tree: ObjectId, name: &str) -> Option<ObjectId> {
    let tree = repo.gix().try_find_object(tree).ok()??.try_into_tree().ok()?;
    tree.find_entry(name).map(|entry| entry.object_id())
}

/// Fetches all that a partial clone lacks of what the refs hold that match `globs`: a fetch for directories, and one for files. What cannot
/// be fetched is left to the command that needs it.
///
/// # Errors
/// If git cannot be run.
pub(crate) fn fetch_refs(repo: &Repository, globs: &[&str]) -> Result<()> {
    let Some(remote) = remote(repo) else { return Ok(()) };
    let globs: Vec<String> = globs.iter().map(|glob| format!("--glob={glob}")).collect();
    let globs: Vec<&str> = globs.iter().map(String::as_str).collect();
    // What is in a directory is known once it is here.
    (0..2).try_for_each(|_| fetch(repo, &remote, &globs))
}

/// Fetches what is missing of the objects that `git rev-list` lists for `what`.
fn fetch(repo: &Repository, remote: &str, what: &[&str]) -> Result<()> {
    let list = Git::at(repo).global("--literal-pathspecs").args(["rev-list", "--objects", "--missing=print"]);
    let listed = list.args(what).run()?;
    let missing = listed.stdout.lines().filter_map(|line| line.strip_prefix(b"?"));
    let missing: Vec<&[u8]> = missing.filter_map(|line| line.fields().next()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    fetch_objects(repo, remote, "--filter=blob:none", missing.join(&b'\n'))
}

/// Fetches objects by their ids, a line each, as git itself fetches what it lacks.
fn fetch_objects(repo: &Repository, remote: &str, filter: &str, ids: Vec<u8>) -> Result<()> {
    let git = Git::at(repo).config("fetch.negotiationAlgorithm=noop").args(["fetch", "--quiet", "--no-tags"]);
    let git = git.args(["--no-write-fetch-head", "--recurse-submodules=no", filter, "--stdin"]);
    git.arg(remote).stdin_bytes(ids).run()?;
    Ok(())
}
