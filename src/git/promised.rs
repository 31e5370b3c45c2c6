//! Objects that a partial clone lacks and a remote has promised. Git fetches them one by one when it needs them; what many of them are
//! needed for is fetched at once here.

use bstr::ByteSlice;

use super::{process::Git, repository::Repository};
use crate::error::Result;

/// The number of commits whose objects are fetched at once: git fetches those of older ones itself.
const MOST: usize = 1000;

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

/// Fetches what a partial clone lacks of the newest commits that `rev` reaches and that change `path`: directories, then the file. What
/// cannot be fetched is left to the command that needs it, which says why.
///
/// # Errors
/// If git cannot be run.
pub(super) fn fetch_history(repo: &Repository, rev: &str, path: &str) -> Result<()> {
    let Some(remote) = remote(repo) else { return Ok(()) };
    fetch(repo, &remote, &["--filter=blob:none", rev, "--"])?;
    fetch(repo, &remote, &[rev, "--", path])
}

/// Fetches what is missing of the objects that `git rev-list` lists for `what`.
fn fetch(repo: &Repository, remote: &str, what: &[&str]) -> Result<()> {
    let list = Git::at(repo).global("--literal-pathspecs").args(["rev-list", "--objects", "--missing=print"]);
    let listed = list.arg(format!("--max-count={MOST}")).args(what).run()?;
    let missing = listed.stdout.lines().filter_map(|line| line.strip_prefix(b"?"));
    let missing: Vec<&[u8]> = missing.filter_map(|line| line.fields().next()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    // As git itself fetches what it lacks.
    let git = Git::at(repo).config("fetch.negotiationAlgorithm=noop").args(["fetch", "--quiet", "--no-tags"]);
    let git = git.args(["--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none", "--stdin"]);
    git.arg(remote).stdin_bytes(missing.join(&b'\n')).run()?;
    Ok(())
}
