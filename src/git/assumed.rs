//! Files in one worktree that are as the set-up of it left them: tracked ones for whose changes git is not to look (`assume-unchanged`), and
//! untracked ones that go with it.

use super::worktree::Worktree;
use crate::error::Result;

/// Has git take the files at `paths` for unchanged. Nothing of them stays staged.
///
/// # Errors
/// If git fails.
pub(crate) fn assume_unchanged(tree: &Worktree, paths: &[String]) -> Result<()> {
    let reset = tree.plain_git()?.global("--literal-pathspecs").args(["reset", "--quiet"]);
    reset.pathspecs(listed(paths)).check()?;
    update(tree, "--assume-unchanged", paths)
}

/// Has git look for changes of the files at `paths` again.
///
/// # Errors
/// If git fails.
pub(crate) fn look_again(tree: &Worktree, paths: &[String]) -> Result<()> {
    update(tree, "--no-assume-unchanged", paths)
}

/// Has git look for changes of the files at `paths` again, and gives them back as its index has them.
///
/// # Errors
/// If git fails.
pub(crate) fn restore(tree: &Worktree, paths: &[String]) -> Result<()> {
    look_again(tree, paths)?;
    let git = tree.plain_git()?.global("--literal-pathspecs").args(["restore", "--quiet"]);
    git.pathspecs(listed(paths)).check().map(drop)
}

/// Removes the untracked files at `paths`, and directories that are empty then.
///
/// # Errors
/// If git fails.
pub(crate) fn remove(tree: &Worktree, paths: &[String]) -> Result<()> {
    for some in paths.chunks(500) {
        let git = tree.plain_git()?.global("--literal-pathspecs").args(["clean", "--quiet", "--force", "-d", "--"]);
        git.args(some).check()?;
    }
    Ok(())
}

fn update(tree: &Worktree, how: &str, paths: &[String]) -> Result<()> {
    let git = tree.plain_git()?.args(["update-index", how, "-z", "--stdin"]);
    git.stdin_bytes(listed(paths)).check().map(drop)
}

/// The paths, each ended by NUL.
fn listed(paths: &[String]) -> Vec<u8> {
    paths.iter().flat_map(|path| [path.as_bytes(), b"\0"].concat()).collect()
}
