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

/// Files that tie a worktree to its repository: those of the repository hold, and no copy.
const TIES: &[&str] = &["commondir", "config.worktree", "gitdir", "locked"];

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
            copy_dir(&tree.git_dir, fresh.path(), &|name| name != MODULES)?;
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
        fault::around("private.back", || replace(&copy.join("HEAD"), &tree.git_dir.join("HEAD")))
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
            copy_dir(copy, &tree.git_dir, &|name| name != MODULES && !is_tie(name))?;
            drop_others(copy, &tree.git_dir, &|name| name != MODULES && !is_tie(name))
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

fn is_tie(name: &OsStr) -> bool {
    TIES.iter().any(|tie| name == *tie)
}

/// A lock that a process holds, or held when it died, is of one directory.
fn is_lock(name: &OsStr) -> bool {
    name.as_bytes().ends_with(b".lock")
}

/// Copies the plain files of a directory, as far as it and those in it go, over what is in another; at the top only names that are `wanted`.
fn copy_dir(from: &Path, to: &Path, wanted: &dyn Fn(&OsStr) -> bool) -> Result<()> {
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
            copy_dir(&path, &target, &|_| true)?;
        } else if kind.is_file() {
            replace(&path, &target)?;
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

/// Puts a copy of a file in the place of another, whole, with the time of the first: see [`copy_index`].
fn replace(from: &Path, to: &Path) -> Result<()> {
    let dir = to.parent().unwrap_or(to);
    let staged = tempfile::Builder::new().prefix(".git-").tempfile_in(dir).io("create a file in", dir)?;
    copy_index(from, staged.path())?;
    if fs::symlink_metadata(from).is_err() {
        // It went at this moment.
        return Ok(());
    }
    if fs::symlink_metadata(to).is_ok_and(|meta| meta.is_dir()) {
        remove_any(to)?;
    }
    staged.persist(to).map(drop).map_err(|failed| failed.error).io("write", to)
}
