//! The git directory of a worktree, as a run has it: a copy, with index, `HEAD`, reflog and whatever operation is under way.
//!
//! The run finds the copy in the place of the directory itself. What it writes there names objects that only the private repository has; the
//! directory stays as it was until these have come in, so that every git of the person works. The copy is in the folder of the
//! run, where the run cannot put anything else in its place.

use std::{ffi::OsStr, fs, io, os::unix::ffi::OsStrExt as _, path::Path};

use super::{Private, set_mode};
use crate::{
    env::{fault, remove_dir::remove_dir},
    error::{IoContext, Result},
    git::{snapshot::copy_index, worktree::Worktree},
};

/// The folder for it in that of the run.
const NAME: &str = "worktree";

/// What git itself keeps in the git directory of a worktree, besides names that end with `_HEAD`. Nothing else that a run left in its copy
/// becomes the worktree's.
const OF_GIT: &[&str] = &[
    "AUTO_MERGE",
    "BISECT_ANCESTORS_OK",
    "BISECT_EXPECTED_REV",
    "BISECT_FIRST_PARENT",
    "BISECT_LOG",
    "BISECT_NAMES",
    "BISECT_RUN",
    "BISECT_START",
    "BISECT_TERMS",
    "COMMIT_EDITMSG",
    "HEAD",
    "MERGE_AUTOSTASH",
    "MERGE_MODE",
    "MERGE_MSG",
    "MERGE_RR",
    "NOTES_EDITMSG",
    "SQUASH_MSG",
    "TAG_EDITMSG",
    "index",
    "info",
    "logs",
    "rebase-apply",
    "rebase-merge",
    "refs",
    "reftable",
    "sequencer",
];

/// How many files are taken from a copy.
const MANY: usize = 20_000;

/// How large a file is that is copied where it cannot be linked, in bytes.
const MOST: u64 = 2 << 30;

/// The folder with the git directories of submodules: a run has those that are there as they are, since they may be large.
pub(crate) const MODULES: &str = "modules";

impl Private {
    /// Has the run work in a copy of the git directory of `tree`. That of an earlier run is moved aside.
    ///
    /// # Errors
    /// If the files cannot be copied.
    pub(crate) fn with_copy(self, tree: &Worktree) -> Result<Private> {
        self.set_copy_aside()?;
        let run_dir = &self.run_dir;
        let copy = run_dir.join(NAME);
        fault::around("private.copy", || {
            let fresh =
                tempfile::Builder::new().prefix(".git-").tempdir_in(run_dir).io("create a directory in", run_dir)?;
            let put = |from: &Path, to: &Path| replace(to, &|staged| copy_index(from, staged));
            copy_dir(&tree.git_dir, fresh.path(), &|name| name != MODULES, &mut { put })?;
            set_mode(fresh.path(), &tree.git_dir);
            let fresh = fresh.keep();
            fs::rename(&fresh, &copy).io("rename", &fresh)
        })?;
        Ok(Private { copy: Some(copy), ..self })
    }

    /// As a run has it that died: with the copy that it worked in, if there is one.
    pub(crate) fn with_copy_of_the_dead(self) -> Private {
        let copy = self.run_dir.join(NAME);
        Private { copy: copy.is_dir().then_some(copy), ..self }
    }

    /// The git directory of `tree` as the run has it.
    pub(super) fn seat<'a>(&'a self, tree: &'a Worktree) -> &'a Path {
        self.copy.as_deref().unwrap_or(&tree.git_dir)
    }

    /// Gives the worktree the `HEAD` that the run left, and nothing else.
    pub(super) fn give_head(&self, tree: &Worktree) -> Result<()> {
        let Some(copy) = &self.copy else { return Ok(()) };
        let (from, to) = (copy.join("HEAD"), tree.git_dir.join("HEAD"));
        fault::around("private.back", || replace(&to, &|staged| copy_index(&from, staged)))
    }

    /// Makes the git directory of `tree` what the run left in its copy, which is gone then. Every object that this names has to be in the
    /// repository. Doing it again after a kill does no harm.
    pub(super) fn give_back(&self, tree: &Worktree) -> Result<()> {
        let Some(copy) = self.copy.as_deref().filter(|copy| copy.is_dir()) else { return Ok(()) };
        fault::around("private.back", || {
            let (from, to) = (copy.join(MODULES), tree.git_dir.join(MODULES));
            if from.is_dir() && !to.exists() {
                fs::rename(&from, &to).io("rename", &from)?;
            }
            let mut left = MANY;
            copy_dir(copy, &tree.git_dir, &is_of_git, &mut |from, to| {
                left = left.saturating_sub(1);
                if left == 0 { Ok(()) } else { replace(to, &|staged| link(from, staged)) }
            })?;
            drop_others(copy, &tree.git_dir, &is_of_git)
        })?;
        self.drop_copy()
    }

    /// Removes the copy: by one rename, then file by file.
    pub(super) fn drop_copy(&self) -> Result<()> {
        let (copy, gone) = (self.run_dir.join(NAME), self.run_dir.join(".gone"));
        let remove = |path: &Path| match remove_dir(path) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause).io("remove", path),
            _ => Ok(()),
        };
        fault::around("private.drop", || {
            remove(&gone)?;
            match fs::rename(&copy, &gone) {
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
                renamed => renamed.io("rename", &copy)?,
            }
            remove(&gone)
        })
    }

    /// Moves a copy out of the way that is of no use any more, or was refused; it is kept.
    pub(super) fn set_copy_aside(&self) -> Result<()> {
        let copy = self.run_dir.join(NAME);
        if !copy.is_dir() {
            return Ok(());
        }
        let numbered = (1..).map(|number| self.run_dir.join(format!("{NAME}.{number}")));
        let aside = numbered.into_iter().find(|path| fs::symlink_metadata(path).is_err());
        let aside = aside.unwrap_or_else(|| copy.with_extension("0"));
        fault::around("private.move", || fs::rename(&copy, &aside)).io("rename", &copy)
    }
}

fn is_of_git(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    OF_GIT.iter().any(|of_git| name == *of_git) || bytes.ends_with(b"_HEAD") || bytes.starts_with(b"sharedindex.")
}

/// A lock that a process holds, or held when it died, is of one directory.
fn is_lock(name: &OsStr) -> bool {
    name.as_bytes().ends_with(b".lock")
}

/// Has each plain file of a directory, as far as it and those in it go, `put` over what is in another; at the top only names that are
/// `wanted`.
fn copy_dir(
    from: &Path,
    to: &Path,
    wanted: &dyn Fn(&OsStr) -> bool,
    put: &mut dyn FnMut(&Path, &Path) -> Result<()>,
) -> Result<()> {
    for entry in fs::read_dir(from).io("read", from)? {
        let entry = entry.io("read", from)?;
        let (name, kind) = (entry.file_name(), entry.file_type().io("read", from)?);
        if !wanted(&name) || is_lock(&name) {
            continue;
        }
        let (path, target) = (entry.path(), to.join(&name));
        if kind.is_dir() {
            if !fs::symlink_metadata(&target).is_ok_and(|meta| meta.is_dir()) {
                remove_any(&target)?;
                fs::create_dir(&target).io("create", &target)?;
            }
            copy_dir(&path, &target, &|_| true, put)?;
        } else if kind.is_file() {
            put(&path, &target)?;
        }
    }
    Ok(())
}

/// Removes from `to` what `from` does not have; at the top only names that are `wanted`.
fn drop_others(from: &Path, to: &Path, wanted: &dyn Fn(&OsStr) -> bool) -> Result<()> {
    for entry in fs::read_dir(to).io("read", to)? {
        let entry = entry.io("read", to)?;
        let name = entry.file_name();
        if !wanted(&name) || is_lock(&name) {
            continue;
        }
        let (source, path) = (from.join(&name), entry.path());
        let (here, there) = (fs::symlink_metadata(&path), fs::symlink_metadata(&source));
        match (here, there) {
            (Ok(here), Ok(there)) if here.is_dir() && there.is_dir() => drop_others(&source, &path, &|_| true)?,
            (Ok(here), Err(_)) if here.is_dir() || here.is_file() => remove_any(&path)?,
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn remove_any(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => remove_dir(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => return Ok(()),
    };
    match removed {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause).io("remove", path),
        _ => Ok(()),
    }
}

/// Puts what `make` makes, if it makes anything, in the place of a file.
fn replace(to: &Path, make: &dyn Fn(&Path) -> Result<()>) -> Result<()> {
    let dir = to.parent().unwrap_or(to);
    let staged = tempfile::Builder::new().prefix(".git-").tempdir_in(dir).io("create a directory in", dir)?;
    let file = staged.path().join("file");
    make(&file)?;
    if fs::symlink_metadata(&file).is_err() {
        // It went at this moment.
        return Ok(());
    }
    if fs::symlink_metadata(to).is_ok_and(|meta| meta.is_dir()) {
        remove_any(to)?;
    }
    fs::rename(&file, to).io("write", to)
}

/// Makes a file the one that a run left, whatever its size: no run can write that any more. Where it cannot be linked, it is copied, unless
/// it is larger than any of git.
fn link(from: &Path, to: &Path) -> Result<()> {
    match fs::hard_link(from, to) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(_) if fs::symlink_metadata(from).is_ok_and(|meta| meta.len() <= MOST) => copy_index(from, to),
        Err(_) | Ok(()) => Ok(()),
    }
}
