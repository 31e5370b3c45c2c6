//! Which directory was made for a worktree: what identifies it, kept where no confined agent can write.
//!
//! They count only together with those of the worktree's git directory. A repository that was copied, or restored, has another one, and so
//! tells nothing.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::Worktree;
use crate::{env::local_file, error::Result};

/// Where that is kept, below the common git directory.
const DIR: &str = "chant/places";

/// How large such a file is at most, in bytes.
const MOST: u64 = 256;

/// Records which directory a linked worktree is, which git-chant has just made.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn record(tree: &Worktree) -> Result<()> {
    match (file_of(tree), text_of(tree)) {
        (Some((dir, name)), Some(text)) => local_file::replace(&dir, &name, text.as_bytes()),
        _ => Ok(()),
    }
}

/// Whether the directory of a worktree is certainly another than the one that was kept.
pub(super) fn is_other(tree: &Worktree) -> bool {
    let Some((dir, name)) = file_of(tree) else { return false };
    let Ok(Some(kept)) = local_file::read(&dir.join(name), MOST) else { return false };
    let kept = String::from_utf8_lossy(&kept);
    let (Some(now), Some((of_git, _))) = (text_of(tree), kept.split_once(',')) else { return false };
    now.starts_with(&format!("{of_git},")) && now != kept
}

/// Forgets it: the worktree is gone.
pub(super) fn forget(tree: &Worktree) -> Result<()> {
    file_of(tree).map_or(Ok(()), |(dir, name)| local_file::remove("pool.drop", &dir.join(name)))
}

/// The git directory, then the directory of the worktree.
fn text_of(tree: &Worktree) -> Option<String> {
    Some(format!("{},{}", identity(&tree.git_dir)?, identity(&tree.path)?))
}

/// Device, inode, and where the file system tells it, when it was made: an inode is given to another soon.
fn identity(path: &Path) -> Option<String> {
    let meta = fs::symlink_metadata(path).ok()?;
    Some(format!("{} {} {:?}", meta.dev(), meta.ino(), meta.created().ok()))
}

fn file_of(tree: &Worktree) -> Option<(PathBuf, String)> {
    let all = tree.git_dir.parent().filter(|all| !tree.main && all.ends_with("worktrees"))?;
    Some((all.parent()?.join(DIR), tree.git_dir.file_name()?.to_str()?.to_owned()))
}
