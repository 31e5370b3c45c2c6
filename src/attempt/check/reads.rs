//! Which tracked files of a checkout a command read.
//!
//! What was built before can look finished to a command in a warm checkout, so that it passes and looks at nothing that the work changed: a
//! build script that declares too little does that. So it has to read there what the work changed.
//!
//! The kernel dates the last access to each file, also through an overlay, except where it copies the file by itself; the sandbox of a check
//! has no such calls. Where a file system keeps no dates of access (`noatime`), nothing is ever seen to be read: [`are_seen`] tells.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use bstr::{BString, ByteSlice as _};
use rustix::{
    fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_OMIT},
    time::ClockId,
};

use crate::{
    error::{IoContext as _, Result},
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
    /// That place as text.
    pub path: String,
    /// Whether the warm checkout has none there.
    pub is_new: bool,
    /// Whether the target has the file as it is: then no work changed it.
    pub of_target: bool,
}

impl From<&Change> for Changed {
    fn from(change: &Change) -> Changed {
        let path = change.path.to_str_lossy().into_owned();
        let at = change.path.to_path().map_or_else(|_| PathBuf::from(&path), Path::to_owned);
        Changed { at, path, is_new: change.kind == ChangeKind::Added, of_target: false }
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

/// What dates of files in a checkout are after, in seconds since 1970, unless a program made them.
pub(super) const PAST: i64 = 1_000_000_000;

/// Dates these files below `top` before all others: what the project ignores is made from others, and would otherwise look as new as they
/// are, or newer. Returns whether there are any.
pub(super) fn age(top: &Path, ignored: &[BString]) -> bool {
    date_all(top, ignored, Timespec { tv_sec: PAST, tv_nsec: 0 })
}

/// Dates these files below `top` after all others: what the work changed is newer than what was made of it before. Returns whether there are
/// any.
pub(super) fn renew(top: &Path, changed: &[BString]) -> bool {
    date_all(top, changed, rustix::time::clock_gettime(ClockId::Realtime))
}

fn date_all(top: &Path, paths: &[BString], time: Timespec) -> bool {
    let paths: Vec<PathBuf> = paths.iter().filter_map(|path| Some(path.to_path().ok()?.to_owned())).collect();
    date(top, &paths, &Timestamps { last_access: time, last_modification: time });
    !paths.is_empty()
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

/// Whether the file system of `dir` dates the last access to a file.
///
/// # Errors
/// If no file can be written there.
pub(super) fn are_seen(dir: &Path) -> Result<bool> {
    let file = Path::new("read");
    fs::write(dir.join(file), b"x").io("create a file in", dir)?;
    let files = [file.to_owned()];
    let dir = &fs::canonicalize(dir).io("read", dir)?;
    forget(dir, &files);
    fs::read(dir.join(file)).io("read", dir)?;
    let seen = !since_forgotten(dir, &files).is_empty();
    fs::remove_file(dir.join(file)).io("remove", dir)?;
    Ok(seen)
}

/// The first of the `changed` files that `command` did not `read`, though it may read it in a fresh checkout: it did before, or never ran in
/// one here.
pub(super) fn missed<'c>(
    known: &Reads,
    command: &str,
    changed: &'c [Changed],
    read: &BTreeSet<String>,
) -> Option<&'c str> {
    let reads_it = |file: &&Changed| match known.get(command) {
        Some(known) => reads(known, file),
        // It never ran in a fresh checkout here.
        None => file.has_to_be_read() || known.values().any(|known| reads(known, file)),
    };
    let unread = changed.iter().filter(|file| !read.contains(&file.path));
    unread.filter(reads_it).map(|file| file.path.as_str()).next()
}

/// The first of the `changed` files that no command `read`. Of those that the work changed only prose may stay unread, of those that the
/// target changed any.
pub(super) fn unread<'c>(changed: &'c [Changed], read: &BTreeSet<String>) -> Option<&'c str> {
    let unread = changed.iter().filter(|file| file.has_to_be_read() && !read.contains(&file.path));
    unread.map(|file| file.path.as_str()).next()
}

/// The first of the `changed` files that has to be read, and that no command ever read: no checkout but a fresh one serves then.
pub(super) fn never_read<'c>(known: &Reads, changed: &'c [Changed]) -> Option<&'c str> {
    let never = |file: &&Changed| !known.values().any(|known| known.contains(&file.path));
    let old = changed.iter().filter(|file| file.has_to_be_read() && !file.is_new);
    old.filter(never).map(|file| file.path.as_str()).next()
}

impl Changed {
    /// Whether it is a document: of git-chant, or by its name.
    pub(super) fn is_for_people(&self) -> bool {
        self.path.starts_with(".chant/") || is_prose(&self.path)
    }

    fn has_to_be_read(&self) -> bool {
        !self.of_target && !is_prose(&self.path)
    }
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
    let directory = |path: &str| Path::new(path).parent().map(ToOwned::to_owned);
    // Every spec brings documents of git-chant: a command reads them by their directory.
    let near = |path: &str| !file.path.starts_with(".chant/") || directory(path) == directory(&file.path);
    match file.is_new {
        true => known.iter().any(|path| extension(path) == extension(&file.path) && near(path)),
        false => known.contains(&file.path),
    }
}
