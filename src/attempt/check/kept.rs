//! What the warm checkout keeps of all that is written while it is built.
//!
//! What a program made of the project's files can outlive them, whatever the program says of its caches, and a command can pass by it. So
//! only what was made of other files stays: what `chant.worktreeSetup` left, unless it read what changed since, and what
//! [cargo](super::cargo_target) and Python compiled of packages from elsewhere. What rustc [alone](super::compiled) compiled is set apart.
//! Everything else that a command wrote is removed, and is made again from its sources.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashSet},
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::{
    cargo_target::CargoTarget,
    compiled::{self, Unit},
};
use crate::error::{IoContext as _, Result};

/// Where Python has what it compiled of the files beside.
const BYTECODE: &str = "__pycache__";

/// What tells a file from another in its place, and from itself once it was written again.
type Stamp = (u64, u64, i64, i64);

/// Files, with their stamps, and directories below a checkout that are neither tracked nor made of packages.
pub(super) type Outputs = BTreeMap<PathBuf, Option<Stamp>>;

/// A checkout whose files lie in directories over each other.
pub(super) struct Tree<'a> {
    /// The directories, the uppermost first.
    layers: Vec<&'a Path>,
    /// The tracked paths.
    tracked: &'a HashSet<&'a Path>,
    /// The directories that hold tracked files.
    with_tracked: HashSet<&'a Path>,
    /// Where commands find it.
    checkout: &'a Path,
    /// What was found that is made of packages, with all that is below.
    of_packages: RefCell<BTreeSet<PathBuf>>,
}

/// What came of tidying a checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// There is something to begin with.
    Something,
    /// Nothing stays.
    Nothing,
    /// A command changed what set-up left: one run of it resumes what another made.
    Changed,
}

impl<'a> Tree<'a> {
    /// The checkout that commands find at `checkout`. It is `top` that is looked through, which lies over the directories `below`.
    pub(super) fn new(
        top: &'a Path,
        below: &'a [PathBuf],
        tracked: &'a HashSet<&'a Path>,
        checkout: &'a Path,
    ) -> Tree<'a> {
        let layers = std::iter::once(top).chain(below.iter().map(PathBuf::as_path)).collect();
        let with_tracked = tracked.iter().filter_map(|path| path.parent()).collect();
        Tree { layers, tracked, with_tracked, checkout, of_packages: RefCell::default() }
    }

    fn top(&self) -> &'a Path {
        self.layers[0]
    }

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

    /// Removes all that is neither among `kept`, which has to be as it was, nor made of packages. What rustc alone compiled goes to
    /// `compiled`, and comes back in units.
    ///
    /// # Errors
    /// If something cannot be read, moved or removed.
    pub(super) fn remove_others(&self, kept: &Outputs, compiled: &Path) -> Result<(Kept, Vec<Unit>)> {
        let now = self.outputs()?;
        if kept.iter().any(|(path, stamp)| now.get(path) != Some(stamp)) {
            return Ok((Kept::Changed, Vec::new()));
        }
        let dirs = now.iter().filter(|(_, stamp)| stamp.is_none()).map(|(path, _)| path.as_path());
        let units = dirs.flat_map(|dir| self.cargo_target(dir).compiled(self.tracked)).collect();
        let units = compiled::set_apart(units, self.top(), compiled, |path| kept.contains_key(path))?;
        // What a directory holds comes after it.
        for (path, stamp) in now.iter().rev().filter(|(path, _)| !kept.contains_key(*path)) {
            let path = self.top().join(path);
            let removed = if stamp.is_some() { fs::remove_file(&path) } else { fs::remove_dir(&path) };
            match removed {
                // It holds tracked files, or what is made of packages; or it was set apart.
                Err(cause) if matches!(cause.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound) => {}
                removed => removed.io("remove", &path)?,
            }
        }
        let is_empty = kept.is_empty() && units.is_empty() && self.of_packages.borrow().is_empty();
        Ok((if is_empty { Kept::Nothing } else { Kept::Something }, units))
    }

    fn cargo_target<'t>(&'t self, at: &'t Path) -> CargoTarget<'t> {
        CargoTarget { layers: &self.layers, checkout: self.checkout, at }
    }

    /// What a directory holds that is neither tracked nor made of packages.
    fn entries(&self, dir: &Path) -> Result<Vec<(PathBuf, Metadata)>> {
        let place = self.top().join(dir);
        let mut entries = Vec::new();
        for entry in fs::read_dir(&place).io("read", &place)? {
            let entry = entry.io("read", &place)?;
            let path = dir.join(entry.file_name());
            let meta = fs::symlink_metadata(entry.path()).io("read", &place)?;
            if self.tracked.contains(path.as_path()) || path == Path::new(".git") {
                continue;
            }
            if meta.is_dir() {
                self.of_packages.borrow_mut().extend(self.cargo_target(&path).of_others());
                let is_bytecode = path.file_name().is_some_and(|name| name == BYTECODE);
                if is_bytecode && !self.with_tracked.contains(dir) {
                    continue;
                }
            }
            if !self.of_packages.borrow().contains(&path) {
                entries.push((path, meta));
            }
        }
        Ok(entries)
    }
}

fn stamp(meta: &Metadata) -> Stamp {
    (meta.ino(), meta.len(), meta.ctime(), meta.ctime_nsec())
}
