//! An opened repository, and the worktree that the user is in.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use bstr::ByteSlice;
use gix::{
    ObjectId,
    refs::{FullName, Target},
};

use super::{changes::KnownChanges, process::Git};
use crate::{
    config::Config,
    env::{Env, local_file},
    error::{Error, Kind, Result},
};

/// How large a file of patterns is read, in bytes.
const MAX_EXCLUDE: u64 = 1 << 24;

/// The branch or commit at `HEAD` of a worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Head {
    /// A branch, by its full name, and its commit; `None` while it is unborn.
    Branch(FullName, Option<ObjectId>),
    /// A commit and no branch.
    Detached(ObjectId),
}

impl Head {
    /// The commit, unless the branch is unborn.
    pub(crate) fn id(&self) -> Option<ObjectId> {
        match self {
            Head::Branch(_, id) => *id,
            Head::Detached(id) => Some(*id),
        }
    }

    /// The full name of the branch, unless detached.
    pub(crate) fn branch(&self) -> Option<&FullName> {
        match self {
            Head::Branch(name, _) => Some(name),
            Head::Detached(_) => None,
        }
    }
}

/// A repository that passed every check of [`open`](super::open), with absolute paths.
#[derive(Clone)]
pub(crate) struct Repository {
    gix: gix::Repository,
    env: Env,
    common_dir: PathBuf,
    explicit: bool,
    known_changes: KnownChanges,
}

impl Repository {
    pub(super) fn new(gix: gix::Repository, env: &Env, explicit: bool) -> Self {
        let common_dir = if gix.common_dir() == gix.git_dir() {
            gix.git_dir().to_owned()
        } else {
            // gix leaves `.git/worktrees/<id>/../..` as it is.
            fs::canonicalize(gix.common_dir()).unwrap_or_else(|_| gix.common_dir().to_owned())
        };
        Repository { gix, env: env.clone(), common_dir, explicit, known_changes: KnownChanges::default() }
    }

    /// A copy of the repository whose written objects stay in memory and are gone with it.
    #[must_use]
    pub(crate) fn in_memory(&self) -> Self {
        Repository { gix: self.gix.clone().with_object_memory(), ..self.clone() }
    }

    /// The changes between trees that were found last.
    pub(super) fn known_changes(&self) -> &KnownChanges {
        &self.known_changes
    }

    /// The repository in the terms of gix.
    pub(crate) fn gix(&self) -> &gix::Repository {
        &self.gix
    }

    /// The state of the process that it was opened with.
    pub(crate) fn env(&self) -> &Env {
        &self.env
    }

    /// The `chant.*` settings as they were when the repository was opened.
    pub(crate) fn config(&self) -> Config<'_> {
        Config::new(self.gix.config_snapshot())
    }

    /// Whether the environment named the git directory, so that it may not be found from the work tree.
    pub(super) fn is_explicit(&self) -> bool {
        self.explicit
    }

    /// The git directory of this worktree, absolute: `.git`, or `.git/worktrees/<id>` of the main worktree.
    pub(crate) fn git_dir(&self) -> &Path {
        self.gix.git_dir()
    }

    /// The git directory that all worktrees share, absolute.
    pub(crate) fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The object directories that this repository borrows from, directly or through others.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(crate) fn borrowed_objects(&self) -> Result<Vec<PathBuf>> {
        Ok(self.gix.objects.store_ref().alternate_db_paths()?)
    }

    /// Whether a pack is a hard link that another directory may have too, as `git clone` of a path makes them.
    pub(crate) fn has_linked_packs(&self) -> bool {
        let packs = fs::read_dir(self.common_dir().join("objects/pack")).into_iter().flatten().flatten();
        let is_linked = |entry: fs::DirEntry| entry.metadata().is_ok_and(|meta| meta.is_file() && meta.nlink() > 1);
        packs.into_iter().any(is_linked)
    }

    /// The top of this work tree, absolute; none if bare.
    pub(crate) fn work_dir(&self) -> Option<&Path> {
        self.gix.workdir()
    }

    /// The top of this work tree, or an error that names the command that needs it (`"edit"`).
    pub(crate) fn require_work_dir(&self, verb: &str) -> Result<&Path> {
        self.work_dir().ok_or_else(|| Error::fatal(Kind::NoWorkTree, format!("'{verb}' must be run in a work tree")))
    }

    /// The top of the main worktree, also from a linked one; none if the repository is bare.
    pub(crate) fn main_work_dir(&self) -> Option<PathBuf> {
        if !self.is_linked() {
            return self.work_dir().map(Path::to_owned);
        }
        let main = self.gix.main_repo().ok()?;
        if main.is_bare() { None } else { main.workdir().map(Path::to_owned) }
    }

    /// Whether there is no work tree here.
    pub(crate) fn is_bare(&self) -> bool {
        self.gix.workdir().is_none()
    }

    /// Whether this is a linked worktree (`git worktree add`).
    pub(crate) fn is_linked(&self) -> bool {
        self.gix.git_dir() != self.gix.common_dir()
    }

    /// The branch or commit at `HEAD`.
    pub(crate) fn head(&self) -> Result<Head> {
        head_of(&self.gix)
    }

    /// The directory that this tool keeps for the clone: `<common dir>/chant`. It may not exist yet.
    pub(crate) fn chant_dir(&self) -> PathBuf {
        self.common_dir().join("chant")
    }

    /// Whether `.chant/` is kept out of history by `info/exclude`: silent mode.
    pub(crate) fn silent(&self) -> bool {
        let path = self.common_dir().join("info").join("exclude");
        let path = fs::canonicalize(&path).unwrap_or(path);
        let Ok(Some(text)) = local_file::read(&path, MAX_EXCLUDE) else { return false };
        text.lines().fold(false, |silent, line| {
            let (negated, pattern) = match line.strip_prefix(b"!") {
                Some(pattern) => (true, pattern),
                None => (false, line),
            };
            match pattern.trim_end() {
                b".chant" | b".chant/" | b"/.chant" | b"/.chant/" => !negated,
                _ => silent,
            }
        })
    }
}

impl Git {
    /// Git at the top of the work tree of `repo`, or in its git directory if it is bare.
    pub(crate) fn at(repo: &Repository) -> Self {
        match repo.work_dir() {
            Some(top) if repo.is_explicit() || !top.join(".git").exists() => {
                Git::in_dir(top).repository(repo.git_dir(), top)
            }
            Some(top) => Git::in_dir(top),
            None => Git::in_git_dir(repo.git_dir()),
        }
    }
}

/// The branch or commit at `HEAD` of an opened repository.
pub(super) fn head_of(repo: &gix::Repository) -> Result<Head> {
    match repo.head()?.kind {
        gix::head::Kind::Unborn(name) => Ok(Head::Branch(name, None)),
        gix::head::Kind::Detached { target, .. } => Ok(Head::Detached(target)),
        gix::head::Kind::Symbolic(reference) => {
            let name = reference.name;
            // A branch holds a commit: there is no need to look at that.
            let id = match reference.target {
                Target::Object(id) => id,
                Target::Symbolic(_) => repo.find_reference(&name)?.follow_to_object()?.detach(),
            };
            Ok(Head::Branch(name, Some(id)))
        }
    }
}
