//! The uncommitted changes of a worktree. Committing them is in `leftovers`, keeping them in `snapshot`.

use std::collections::BTreeMap;

use bstr::{BString, ByteSlice};

use super::worktree::Worktree;
use crate::error::Result;

/// A path that is not as the last commit has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Dirty {
    /// Relative to the top, with `/`; a nested repository without its final `/`.
    pub path: BString,
    /// Git's two letters: index and work tree (`" M"`, `"??"`).
    pub state: [u8; 2],
    /// Whether it is a repository of its own that nothing here tracks: its files can be neither committed nor kept in a
    /// snapshot.
    pub nested: bool,
}

impl Dirty {
    /// Whether a merge left it unmerged.
    pub(crate) fn is_unmerged(&self) -> bool {
        self.state.contains(&b'U') || matches!(&self.state, b"AA" | b"DD")
    }
}

/// Everything that is staged, changed, deleted or untracked and not ignored, sorted by path, submodules with changes inside
/// included. A rename is two paths. Neither the index nor its lock is touched.
pub(crate) fn dirty(worktree: &Worktree) -> Result<Vec<Dirty>> {
    let options = ["--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=none"];
    let output = worktree.plain_git()?.env("GIT_OPTIONAL_LOCKS", "0").arg("status").args(options).check()?;
    let mut found: Vec<_> = output.records().filter_map(parse).collect();
    found.sort();
    Ok(found)
}

/// The paths of [`dirty`].
pub(crate) fn status(worktree: &Worktree) -> Result<Vec<BString>> {
    Ok(dirty(worktree)?.into_iter().map(|dirty| dirty.path).collect())
}

fn parse(record: &[u8]) -> Option<Dirty> {
    let [index, tree, b' ', path @ ..] = record else { return None };
    let state = [*index, *tree];
    // With all untracked files listed one by one, only a repository is left to be shown as a directory.
    let nested = state == *b"??" && path.ends_with(b"/");
    let path = path.strip_suffix(b"/").unwrap_or(path);
    Some(Dirty { path: path.as_bstr().to_owned(), state, nested })
}

/// How many paths [`standing`] tells apart.
const MANY: usize = 5000;

/// Every path of [`dirty`] with what tells its present content from another: what is staged, and of a file its size and time. Directories
/// that hold nothing tracked are one path each.
pub(crate) fn standing(worktree: &Worktree) -> Result<BTreeMap<String, String>> {
    let options = ["--porcelain=v2", "-z", "--untracked-files=normal", "--no-renames", "--ignore-submodules=dirty"];
    let output = worktree.plain_git()?.env("GIT_OPTIONAL_LOCKS", "0").arg("status").args(options).check()?;
    let mut found = BTreeMap::new();
    for record in output.records().take(MANY) {
        // Fields before the path: of a changed one, of an unmerged one, of an untracked one.
        let fields = match record.first() {
            Some(b'1') => 8,
            Some(b'u') => 10,
            Some(b'?') => 1,
            _ => continue,
        };
        let Some(at) = record.find_iter(b" ").nth(fields - 1) else { continue };
        let (how, path) = (&record[..at], &record[at + 1..]);
        let meta = path.to_path().ok().and_then(|path| std::fs::symlink_metadata(worktree.path.join(path)).ok());
        let stamp =
            meta.filter(|meta| !meta.is_dir()).map(|meta| format!(" {} {:?}", meta.len(), meta.modified().ok()));
        let how = how.to_str_lossy().into_owned() + &stamp.unwrap_or_default();
        found.insert(path.to_str_lossy().into_owned(), how);
    }
    Ok(found)
}
