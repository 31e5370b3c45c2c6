//! The files of former worktrees, kept for the next ones: of a large tree git then writes only what differs.
//!
//! An entry is a directory of `chant/pool`. `tree` holds the files of one former worktree, `index` is what git wrote when it made them: no
//! agent had that, and it knows every file that was written since by its size, inode and times. An entry has no git directory and belongs to
//! no worktree until a new one takes it whole. It can be deleted at any time; only time is lost.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{Worktree, list, remove};
use crate::{
    env::{fault, local_file},
    error::{IoContext, Result},
    git::{process::Git, repository::Repository, snapshot::copy_index},
};

/// Where the indexes lie of worktrees that are in use.
const IN_USE: &str = "in-use";

/// A smaller tree is checked out as fast, in files.
const FEWEST: u32 = 5_000;

/// The part of a file system that stays free: one in so many blocks.
const FREE: u64 = 10;

/// The former worktrees that a clone keeps.
pub(crate) struct Pool<'r> {
    repo: &'r Repository,
    dir: PathBuf,
    /// How many entries it holds at most. With `None` as many as worktrees were in use at once: an entry goes before a new worktree is made.
    most: Option<usize>,
    /// Patterns of untracked files that stay in an entry.
    kept: Vec<String>,
}

/// One of them, taken by this process.
pub(crate) struct Entry {
    dir: PathBuf,
}

impl<'r> Pool<'r> {
    /// The pool of this clone.
    ///
    /// # Errors
    /// If its configuration is wrong.
    pub(crate) fn of(repo: &'r Repository) -> Result<Self> {
        let (most, kept) = (repo.config().worktree_pool()?, repo.config().worktree_keep()?);
        Ok(Pool { repo, dir: repo.chant_dir().join("pool"), most, kept })
    }

    /// Takes note of the index of a worktree that git has just filled. Without that it is not kept when its time is over.
    pub(crate) fn note(&self, tree: &Worktree) -> Result<()> {
        let (index, copy) = (tree.git_dir.join("index"), self.index_of(tree));
        if !self.is_worthwhile(&index) {
            return local_file::remove("pool.note", &copy);
        }
        let dir = self.dir.join(IN_USE);
        fault::around("pool.note", || local_file::make_dir(&dir)).io("create", &dir)?;
        fault::around("pool.note", || copy_index(&index, &copy))
    }

    /// Whether the files of a linked worktree are of use for the next ones.
    pub(crate) fn wants(&self, tree: &Worktree) -> bool {
        let is_whole = || tree.leads_home() && tree.path.is_dir() && !tree.path.join(".gitmodules").exists();
        self.is_worthwhile(&self.index_of(tree)) && is_whole() && !self.is_full()
    }

    /// Removes a linked worktree, whose work is kept elsewhere, and keeps its files. `false` if it has to be removed in another way; nothing
    /// was touched then.
    ///
    /// # Errors
    /// If its registration cannot be removed.
    pub(crate) fn keep(&self, tree: &Worktree) -> Result<bool> {
        let index = self.index_of(tree);
        let name = self.repo.env().random_hex(8);
        let new = Entry { dir: self.dir.join(format!("{name}.new")) };
        fault::around("pool.make", || local_file::make_dir(&new.dir)).io("create", &new.dir)?;
        // Across file systems there is nothing to gain.
        if fault::around("pool.move", || fs::rename(&tree.path, new.tree())).is_err() {
            new.discard()?;
            return Ok(false);
        }
        remove::forget(self.repo, tree)?;
        let emptied = fault::around("pool.make", || {
            fs::remove_file(new.tree().join(".git"))?;
            fs::rename(&index, new.index())
        });
        if emptied.is_err() || !self.clean(&new)? {
            new.discard()?;
            return Ok(true);
        }
        fault::around("pool.move", || fs::rename(&new.dir, self.dir.join(name))).io("rename", &new.dir)?;
        Ok(true)
    }

    /// Takes the entry that was kept last, if one can come to `path`. Only one process gets it.
    pub(crate) fn take(&self, path: &Path) -> Option<Entry> {
        if self.most == Some(0) {
            return None;
        }
        let device = |path: &Path| path.metadata().map(|meta| meta.dev()).ok();
        let there = path.ancestors().skip(1).find_map(device)?;
        let mut entries = self.entries();
        entries.retain(|(dir, _)| dir.extension().is_none() && device(dir) == Some(there));
        entries.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
        entries.into_iter().find_map(|(dir, _)| {
            let taken = dir.with_extension("taken");
            fault::around("pool.move", || fs::rename(&dir, &taken)).is_ok().then_some(Entry { dir: taken })
        })
    }

    /// Removes what the worktree that took an entry has besides the files of its commit.
    ///
    /// # Errors
    /// If git cannot remove it.
    pub(crate) fn clean_worktree(&self, tree: &Worktree) -> Result<()> {
        let git = tree.plain_git()?.config("core.untrackedCache=false").args(["clean", "-ffdx", "--quiet"]);
        fault::around("git.clean", || git.args(self.exceptions()).check()).map(drop)
    }

    /// What is in the pool, whole or not, with the time at which that was put there; also what is left of worktrees that are gone.
    ///
    /// # Errors
    /// If the worktrees cannot be listed.
    pub(crate) fn left(&self) -> Result<Vec<(PathBuf, SystemTime)>> {
        let worktrees = list(self.repo)?;
        let in_use = |path: &Path| worktrees.iter().any(|tree| self.index_of(tree) == path);
        let indexes = listed(&self.dir.join(IN_USE)).into_iter().filter(|(path, _)| !in_use(path));
        Ok(self.entries().into_iter().chain(indexes).collect())
    }

    /// How the index is called here that git made for a worktree.
    fn index_of(&self, tree: &Worktree) -> PathBuf {
        self.dir.join(IN_USE).join(tree.git_dir.file_name().unwrap_or_default())
    }

    fn entries(&self) -> Vec<(PathBuf, SystemTime)> {
        let mut all = listed(&self.dir);
        all.retain(|(path, _)| !path.ends_with(IN_USE));
        all
    }

    /// Whether the tree of this index is to be kept: large enough, and whole in one index.
    fn is_worthwhile(&self, index: &Path) -> bool {
        let config = self.repo.gix().config_snapshot();
        let is_set = |key| config.boolean(key).unwrap_or(false);
        let is_large = || files(index).is_ok_and(|count| self.most.is_some() || count >= FEWEST);
        self.most != Some(0) && !is_set("core.sparseCheckout") && !is_set("core.splitIndex") && is_large()
    }

    fn is_full(&self) -> bool {
        let has_room = |stat: rustix::fs::StatVfs| stat.f_bavail > stat.f_blocks / FREE;
        self.most.is_some_and(|most| self.entries().len() >= most)
            || !rustix::fs::statvfs(self.repo.common_dir()).is_ok_and(has_room)
    }

    /// Removes the untracked files of an entry. `false` if git cannot.
    fn clean(&self, entry: &Entry) -> Result<bool> {
        let git = Git::in_dir(&entry.tree()).repository(self.repo.common_dir(), &entry.tree());
        let git = git.without_hooks().config("core.fsmonitor=false").config("core.untrackedCache=false");
        let git = git.env("GIT_INDEX_FILE", entry.index()).args(["clean", "-ffdx", "--quiet"]).args(self.exceptions());
        Ok(fault::around("git.clean", || git.run())?.success())
    }

    fn exceptions(&self) -> impl Iterator<Item = String> {
        self.kept.iter().map(|pattern| format!("--exclude={pattern}"))
    }
}

impl Entry {
    fn tree(&self) -> PathBuf {
        self.dir.join("tree")
    }

    fn index(&self) -> PathBuf {
        self.dir.join("index")
    }

    /// Puts the files into the worktree `tree`, which [`super::add::add_empty`] made. [`super::add::fill`] then makes them those of its commit.
    ///
    /// # Errors
    /// If they cannot be moved.
    pub(crate) fn move_into(self, tree: &Worktree) -> Result<()> {
        let moved = || {
            fs::rename(tree.path.join(".git"), self.tree().join(".git"))?;
            fs::remove_dir(&tree.path)?;
            fs::rename(self.tree(), &tree.path)?;
            fs::rename(self.index(), tree.git_dir.join("index"))
        };
        fault::around("pool.move", moved).io("move files to", &tree.path)?;
        self.discard()
    }

    /// Removes it.
    ///
    /// # Errors
    /// If something of it cannot be removed.
    pub(crate) fn discard(&self) -> Result<()> {
        remove::clear(&self.dir)
    }
}

/// Removes what [`Pool::left`] names.
///
/// # Errors
/// If it cannot be removed.
pub(crate) fn discard(path: &Path) -> Result<()> {
    if path.is_dir() { remove::clear(path) } else { local_file::remove("pool.drop", path) }
}

/// What is in a directory of git-chant's own, with its times.
fn listed(dir: &Path) -> Vec<(PathBuf, SystemTime)> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.path(), entry.metadata().ok()?.modified().ok()?))).collect()
}

/// How many files an index holds, as gitformat-index(5) has it.
fn files(index: &Path) -> io::Result<u32> {
    let mut head = [0; 12];
    File::open(index)?.read_exact(&mut head)?;
    let [.., a, b, c, d] = head;
    Ok(u32::from_be_bytes([a, b, c, d]))
}
