//! Files that a sparse checkout leaves out of a worktree.

use std::fs;

use super::Worktree;
use crate::error::Result;

/// Puts those of `paths` into a fresh worktree that its commit has and a sparse checkout leaves out. What the checkout shows besides stays
/// as it is.
///
/// # Errors
/// `git-failed`, for example if the commit lacks one of them.
pub(crate) fn show(tree: &Worktree, paths: &[String]) -> Result<()> {
    let is_missing = |path: &&String| fs::symlink_metadata(tree.path.join(path)).is_err();
    let missing: Vec<u8> = paths.iter().filter(is_missing).flat_map(|path| [path.as_bytes(), b"\0"].concat()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let git = tree.plain_git()?.global("--literal-pathspecs");
    git.args(["checkout", "--quiet", "--ignore-skip-worktree-bits", "HEAD"]).pathspecs(missing).check().map(drop)
}
