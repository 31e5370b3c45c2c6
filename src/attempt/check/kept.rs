//! What the warm checkout keeps of all that is written while it is built.
//!
//! An output can outlive the rule that made it, and a program can read it without looking at what it was made of. So only two things stay:
//! directories that a program is known to keep up to date by itself, and what `chant.worktreeSetup` left. Everything else that a command
//! wrote is removed, and is made again from its sources.

use std::{
    collections::{BTreeMap, HashSet},
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crate::{
    env::local_file,
    error::{IoContext as _, Result},
};

/// How a directory is known that its program keeps up to date. Where a source of it is gone, a check has a fresh checkout anyway. What a
/// package manager installs is none: other programs keep caches of their own in it.
enum Sign {
    /// By its name.
    Name(&'static str),
    /// By a file in it, with this beginning.
    Holds(&'static str, &'static [u8]),
}

/// The directories.
const CACHES: &[Sign] = &[
    // The program says that it is a cache: cargo's `target`, and those of pytest, mypy and ruff.
    Sign::Holds("CACHEDIR.TAG", b"Signature: 8a477f597d28d172789f06886806bc55"),
    // Python compares each file with the date and size of its source.
    Sign::Name("__pycache__"),
    // CMake and what it calls compare dates, of headers too.
    Sign::Holds("CMakeCache.txt", b""),
];

/// What tells a file from another in its place, and from itself once it was written again.
type Stamp = (u64, u64, i64, i64);

/// Files, with their stamps, and directories below a checkout that are neither tracked nor in a cache.
pub(super) type Outputs = BTreeMap<PathBuf, Option<Stamp>>;

/// A checkout whose files lie in directories over each other.
pub(super) struct Tree<'a> {
    /// The uppermost, which is looked through.
    pub top: &'a Path,
    /// The others.
    pub below: &'a [PathBuf],
    /// The tracked paths.
    pub tracked: &'a HashSet<&'a Path>,
}

impl Tree<'_> {
    /// What is in it.
    ///
    /// # Errors
    /// If a directory cannot be read.
    pub(super) fn outputs(&self) -> Result<Outputs> {
        let mut found = Outputs::new();
        let mut dirs = vec![PathBuf::new()];
        while let Some(dir) = dirs.pop() {
            for (path, meta) in self.entries(&dir)? {
                if meta.is_dir() {
                    dirs.push(path.clone());
                    found.insert(path, None);
                } else {
                    found.insert(path, Some(stamp(&meta)));
                }
            }
        }
        Ok(found)
    }

    /// Removes all that is not among `kept`. Returns whether all of that is as it was: otherwise a command resumes what another one,
    /// or itself, made of it.
    ///
    /// # Errors
    /// If something cannot be read or removed.
    pub(super) fn remove_others(&self, kept: &Outputs) -> Result<bool> {
        let now = self.outputs()?;
        if kept.iter().any(|(path, stamp)| now.get(path) != Some(stamp)) {
            return Ok(false);
        }
        // What a directory holds comes after it.
        for (path, stamp) in now.iter().rev().filter(|(path, _)| !kept.contains_key(*path)) {
            let path = self.top.join(path);
            match stamp {
                Some(_) => fs::remove_file(&path).io("remove", &path)?,
                None => match fs::remove_dir(&path) {
                    // It holds tracked files, or a cache.
                    Err(cause) if cause.kind() == io::ErrorKind::DirectoryNotEmpty => {}
                    removed => removed.io("remove", &path)?,
                },
            }
        }
        Ok(true)
    }

    /// What a directory holds that is neither tracked nor a cache.
    fn entries(&self, dir: &Path) -> Result<Vec<(PathBuf, Metadata)>> {
        let place = self.top.join(dir);
        let mut entries = Vec::new();
        for entry in fs::read_dir(&place).io("read", &place)? {
            let entry = entry.io("read", &place)?;
            let path = dir.join(entry.file_name());
            let meta = fs::symlink_metadata(entry.path()).io("read", &place)?;
            let own = self.tracked.contains(path.as_path()) || path == Path::new(".git");
            if !(own || meta.is_dir() && self.is_cache(&path)) {
                entries.push((path, meta));
            }
        }
        Ok(entries)
    }

    /// Whether the directory at `path` is one of [`CACHES`]. What a commit brings says nothing.
    fn is_cache(&self, path: &Path) -> bool {
        let begins = |place: &Path, with: &[u8]| {
            let bytes = local_file::read(place, MOST_SIGN).ok().flatten();
            bytes.is_some_and(|bytes| bytes.starts_with(with))
        };
        CACHES.iter().any(|sign| match sign {
            Sign::Name(name) => path.file_name().is_some_and(|own| own == *name),
            Sign::Holds(name, beginning) => {
                let file = path.join(name);
                let mut places = std::iter::once(self.top).chain(self.below.iter().map(PathBuf::as_path));
                !self.tracked.contains(file.as_path()) && places.any(|top| begins(&top.join(&file), beginning))
            }
        })
    }
}

/// A larger file is no sign, in bytes.
const MOST_SIGN: u64 = 1 << 20;

fn stamp(meta: &Metadata) -> Stamp {
    (meta.ino(), meta.len(), meta.ctime(), meta.ctime_nsec())
}
