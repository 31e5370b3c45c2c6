//! The uncommitted changes of a worktree. Committing them is in `leftovers`, keeping them in `snapshot`.

use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

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

/// How many paths [`fingerprints`] tells apart.
const MANY: usize = 5000;

/// How deep directories are listed whose files are told apart though none is tracked.
const DEEP: usize = 8;

/// Every path of [`dirty`] with what tells its present content from another: what is staged, and of a file its size and times. Directories
/// that hold nothing tracked are one path each, apart from what is below `listed`: of that every file is named, also where it is `ignored`.
pub(crate) fn fingerprints(worktree: &Worktree, listed: &str, ignored: bool) -> Result<BTreeMap<String, String>> {
    let options = ["--porcelain=v2", "-z", "--untracked-files=normal", "--no-renames", "--ignore-submodules=dirty"];
    let output = worktree.plain_git()?.env("GIT_OPTIONAL_LOCKS", "0").arg("status").args(options).check()?;
    let (mut found, mut below) = (BTreeMap::new(), ignored);
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
        if path.ends_with(b"/") && path.starts_with(listed.as_bytes()) {
            below = true;
            continue;
        }
        let stamp = path.to_path().ok().and_then(|path| stamp(&worktree.path.join(path)));
        let how = how.to_str_lossy().into_owned() + &stamp.unwrap_or_default();
        found.insert(path.to_str_lossy().into_owned(), how);
    }
    if below {
        let tracked = worktree.plain_git()?.args(["ls-files", "-z", "--", listed]).check()?;
        let tracked: BTreeSet<&[u8]> = tracked.records().collect();
        files_below(&worktree.path, listed.trim_end_matches('/'), DEEP, &mut |path, how| {
            if !tracked.contains(path.as_bytes()) && found.len() < MANY {
                found.entry(path).or_insert(how);
            }
        });
    }
    Ok(found)
}

/// Names each file below `dir` as an untracked one.
fn files_below(top: &Path, dir: &str, depth: usize, name: &mut dyn FnMut(String, String)) {
    for entry in std::fs::read_dir(top.join(dir)).into_iter().flatten().flatten() {
        let path = format!("{dir}/{}", entry.file_name().to_string_lossy());
        match stamp(&entry.path()) {
            Some(stamp) => name(path, format!("?{stamp}")),
            None if depth > 0 => files_below(top, &path, depth - 1, name),
            None => {}
        }
    }
}

/// What tells the present content of a file from another: its size and times. `None` for a directory, and where nothing is.
pub(crate) fn stamp(path: &Path) -> Option<String> {
    let meta = std::fs::symlink_metadata(path).ok().filter(|meta| !meta.is_dir())?;
    // A program can set the one time back, and not the other.
    Some(format!(" {} {:?} {}.{}", meta.len(), meta.modified().ok(), meta.ctime(), meta.ctime_nsec()))
}

/// The files of a worktree whose changes git does not look for.
pub(crate) fn hidden(worktree: &Worktree) -> Result<Vec<BString>> {
    let is_there =
        |path: &BString| path.to_path().is_ok_and(|path| worktree.path.join(path).symlink_metadata().is_ok());
    Ok(unwatched(worktree)?.into_iter().map(|(_, path)| path).filter(is_there).collect())
}

/// The paths of the index whose changes git does not look for, each with the letter that `git ls-files -v` has for it: `S` is skipped,
/// `h` is assumed to be unchanged, `s` is both.
pub(crate) fn unwatched(worktree: &Worktree) -> Result<Vec<(char, BString)>> {
    let listed = worktree.plain_git()?.args(["ls-files", "-v", "-z"]).check()?;
    let one = |record: &[u8]| {
        let [letter, b' ', path @ ..] = record else { return None };
        (letter.is_ascii_lowercase() || *letter == b'S').then(|| (char::from(*letter), path.into()))
    };
    Ok(listed.records().filter_map(one).collect())
}
