//! Which tracked files of a checkout a command read.
//!
//! What was built before can look finished to a command in a warm checkout, so that it passes and looks at nothing that the work changed: a
//! stamp of `make` that depends on too little does that. So it has to read there what the work changed.
//!
//! The kernel dates the last access to each file, also through an overlay. Where a file system keeps no such dates (`noatime`), nothing is
//! ever seen to be read.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use bstr::ByteSlice as _;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_OMIT};

use crate::{
    git::history::{Change, ChangeKind},
    project::warm::Reads,
};

/// A last access, in seconds since 1970, that no file has by itself.
const NEVER: i64 = 999_999_937;

/// The name under which [`Reads`] has what `chant.worktreeSetup` read.
pub(super) const SET_UP: &str = "";

/// Extensions of files for people.
const PROSE: &[&str] = &["adoc", "markdown", "md", "rst"];

/// A file of a commit that is another in the warm checkout.
pub(super) struct Changed {
    /// Where it lies, relative to the top.
    pub at: PathBuf,
    /// The same, in words.
    path: String,
    /// Whether the warm checkout has none there.
    is_new: bool,
}

impl From<&Change> for Changed {
    fn from(change: &Change) -> Changed {
        let path = change.path.to_str_lossy().into_owned();
        let at = change.path.to_path().map_or_else(|_| PathBuf::from(&path), Path::to_owned);
        Changed { at, path, is_new: change.kind == ChangeKind::Added }
    }
}

/// Dates these files below `top`, where they are: a file that is gone, or that lies in a directory with a link in its place, stays as it is.
pub(super) fn date(top: &Path, paths: &[PathBuf], times: &Timestamps) {
    let mut dir = (PathBuf::new(), false);
    for path in paths.iter().map(|path| top.join(path)) {
        let parent = path.parent().unwrap_or(top);
        if dir.0 != parent {
            // A command may have put a link in the place of a directory.
            dir = (parent.to_owned(), fs::canonicalize(parent).is_ok_and(|real| real == parent));
        }
        if dir.1 {
            let _stays = rustix::fs::utimensat(CWD, &path, times, AtFlags::SYMLINK_NOFOLLOW);
        }
    }
}

/// Dates the last access of these files below `top` before all that comes.
pub(super) fn forget(top: &Path, paths: &[PathBuf]) {
    let last_access = Timespec { tv_sec: NEVER, tv_nsec: 0 };
    date(top, paths, &Timestamps { last_access, last_modification: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT } });
}

/// Which of these files were read since [`forget`].
pub(super) fn since_forgotten(top: &Path, paths: &[PathBuf]) -> BTreeSet<String> {
    let is_read = |path: &&PathBuf| fs::symlink_metadata(top.join(path)).is_ok_and(|meta| meta.atime() != NEVER);
    paths.iter().filter(is_read).map(|path| path.to_string_lossy().into_owned()).collect()
}

/// The first of the `changed` files that `command` did not `read`, though it may read it in a fresh checkout: only prose is known to be of no
/// use where nothing was seen to read it. A file that is copied by the kernel is not seen to be read.
pub(super) fn missed<'c>(
    known: &Reads,
    command: &str,
    changed: &'c [Changed],
    read: &BTreeSet<String>,
) -> Option<&'c str> {
    let reads_it = |file: &&Changed| match known.get(command) {
        Some(known) => reads(known, file),
        // It never ran in a fresh checkout here.
        None => known.values().any(|known| reads(known, file)),
    };
    let unread = changed.iter().filter(|file| !read.contains(&file.path));
    unread.filter(|file| !is_prose(&file.path) || reads_it(file)).map(|file| file.path.as_str()).next()
}

/// Whether a file is for people, by its extension.
fn is_prose(path: &str) -> bool {
    let extension = Path::new(path).extension();
    extension.is_some_and(|extension| PROSE.iter().any(|prose| extension.eq_ignore_ascii_case(prose)))
}

/// Whether set-up reads one of the `changed` files in a fresh checkout.
pub(super) fn by_set_up(known: &Reads, changed: &[Changed]) -> bool {
    known.get(SET_UP).is_some_and(|known| changed.iter().any(|file| reads(known, file)))
}

/// Whether what reads the `known` files reads this one: for a new file, whether it reads one with such an extension.
fn reads(known: &BTreeSet<String>, file: &Changed) -> bool {
    let extension = |path: &str| Path::new(path).extension().map(ToOwned::to_owned);
    match file.is_new {
        true => known.iter().any(|path| extension(path) == extension(&file.path)),
        false => known.contains(&file.path),
    }
}
