//! The files of former worktrees, kept for the next ones: of a large tree git then writes only what differs.
//!
//! An entry is a directory of `chant/pool`. `tree` holds the files of one former worktree, `index` is a copy of what git wrote when it made
//! them, and `key` says what else decided their bytes. No agent had that copy. It is as old as the index that it was copied from, so that git
//! looks into a file whose times cannot tell whether it changed. An entry has no git directory, and belongs to no worktree until a new one
//! takes it whole. It can be deleted at any time; only time is lost.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use gix::index::entry::Mode;

use super::{Worktree, add, identity, list, remove};
use crate::{
    env::{fault, local_file},
    error::{Error, IoContext, Kind, Result},
    git::{process::Git, repository::Repository, snapshot::copy_index},
};

/// Where what is known of worktrees in use lies.
const IN_USE: &str = "in-use";

/// A smaller tree is checked out as fast, in files.
const FEWEST: u32 = 5_000;

/// The part of a file system that stays free: one in so many blocks.
const FREE: u64 = 10;

/// A longer key, or file of attributes, is not read, in bytes.
const LONGEST: u64 = 1 << 20;

/// What decides the bytes of a file in a worktree besides its blob and its attributes.
const DECIDES: &[&str] = &[
    "core.autocrlf",
    "core.eol",
    "core.fileMode",
    "core.ignoreCase",
    "core.precomposeUnicode",
    "core.symlinks",
    "core.attributesFile",
];

/// The former worktrees that a clone keeps.
pub(crate) struct Pool<'r> {
    repo: &'r Repository,
    dir: PathBuf,
    /// How many entries there are at most. If it is not set, there are as many as worktrees were in use at once, since each new worktree
    /// takes one.
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

    /// Whether worktrees are kept here: the main one is large, or the configuration says so.
    pub(crate) fn is_used(&self) -> bool {
        let config = self.repo.gix().config_snapshot();
        let is_set = |key| config.boolean(key).unwrap_or(false);
        let is_large = || files(&self.repo.common_dir().join("index")).is_ok_and(|count| count >= FEWEST);
        self.most.map_or_else(is_large, |most| most > 0) && !is_set("core.sparseCheckout") && !is_set("core.splitIndex")
    }

    /// Takes the entry that was kept last, if one can come to `path`. Only one process gets it.
    pub(crate) fn take(&self, path: &Path) -> Option<Entry> {
        let there = path.ancestors().skip(1).find_map(device)?;
        let mut entries = self.entries();
        entries.retain(|(dir, _)| device(dir) == Some(there));
        entries.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
        entries.into_iter().find_map(|(dir, _)| {
            let taken = dir.with_extension("taken");
            fault::around("pool.move", || fs::rename(&dir, &taken)).is_ok().then_some(Entry { dir: taken })
        })
    }

    /// Puts the files of its branch into a worktree that [`add::add_empty`] made, those of `entry` where they serve, and records what
    /// [`Pool::add`] needs of it.
    ///
    /// # Errors
    /// If git cannot write the files, or `entry` cannot serve: another one, or none, may.
    pub(crate) fn fill(&self, tree: &Worktree, entry: Option<&Entry>) -> Result<()> {
        let mark = self.record_of(tree, "filling");
        if entry.is_some() {
            self.make_dir()?;
            fault::around("pool.note", || File::create(&mark)).io("create", &mark)?;
        }
        let moved = entry.map_or(Ok(()), |entry| {
            // Another directory comes to be the worktree: until it is there, nothing tells which one it is.
            identity::forget(tree)?;
            entry.move_into(tree)?;
            identity::record(tree)
        });
        let filled = moved.and_then(|()| {
            add::write_files(tree)?;
            let Some(entry) = entry else { return Ok(()) };
            self.clean(tree.plain_git()?)?;
            // The attributes of the files may be others now.
            match self.key(tree)? {
                Some(key) if Some(&key) == entry.key().as_ref() => Ok(()),
                _ => Err(Error::fatal(Kind::GitFailed, "the files of the former worktree were written in another way")),
            }
        });
        if let Some(entry) = entry {
            let _stays = remove::clear(&entry.dir);
        }
        filled?;
        // Before the hook: that may be code of the branch.
        let _only_time_is_lost = self.record(tree);
        add::complete(tree)?;
        local_file::remove("pool.drop", &mark)
    }

    /// Whether a worktree was never completed that was to get the files of a former one: what is in it is no work.
    pub(crate) fn is_filling(&self, tree: &Worktree) -> bool {
        self.record_of(tree, "filling").exists()
    }

    /// Whether the files of a linked worktree can be kept.
    pub(crate) fn accepts(&self, tree: &Worktree) -> bool {
        let is_whole = || {
            !tree.is_replaced()
                && tree.leads_home()
                && tree.path.is_dir()
                && device(&tree.path) == device(self.repo.common_dir())
        };
        self.is_used() && self.record_of(tree, "index").exists() && is_whole() && !self.is_full()
    }

    /// Removes a linked worktree, whose work is kept elsewhere, and keeps its files if nothing strange is among them. `false` if it has to be
    /// removed in another way; nothing was touched then.
    pub(crate) fn add(&self, tree: &Worktree) -> bool {
        let name = self.repo.env().random_hex(8);
        let new = Entry { dir: self.dir.join(format!("{name}.new")) };
        let moved = fault::around("pool.make", || local_file::make_dir(&new.dir))
            .and_then(|()| fault::around("pool.move", || fs::rename(&tree.path, new.tree())));
        if moved.is_ok() {
            let completed = remove::forget(self.repo, tree).and_then(|()| self.complete(&new, tree));
            let is_whole = matches!(completed, Ok(true)) && !self.is_full();
            if is_whole && fault::around("pool.move", || fs::rename(&new.dir, self.dir.join(name))).is_ok() {
                return true;
            }
        }
        let _stays = remove::clear(&new.dir);
        moved.is_ok()
    }

    /// What is in the pool, whole or not, with the time at which it came there, and what is recorded of worktrees that are gone.
    ///
    /// # Errors
    /// If the worktrees cannot be listed.
    pub(crate) fn leftovers(&self) -> Result<Vec<(PathBuf, SystemTime)>> {
        let worktrees = list(self.repo)?;
        let in_use = |path: &Path| worktrees.iter().any(|tree| path.file_stem() == tree.git_dir.file_name());
        let records = listed(&self.dir.join(IN_USE)).into_iter().filter(|(path, _)| !in_use(path));
        let entries = listed(&self.dir).into_iter().filter(|(path, _)| !path.ends_with(IN_USE));
        Ok(entries.chain(records).collect())
    }

    /// A file with something that is known of a worktree in use. An agent that is confined cannot write it.
    fn record_of(&self, tree: &Worktree, what: &str) -> PathBuf {
        let mut name = tree.git_dir.file_name().unwrap_or_default().to_owned();
        name.push(".");
        name.push(what);
        self.dir.join(IN_USE).join(name)
    }

    fn make_dir(&self) -> Result<()> {
        let dir = self.dir.join(IN_USE);
        fault::around("pool.note", || local_file::make_dir(&dir)).io("create", &dir)
    }

    /// Records what a worktree is made of that git has just filled; nothing, if it cannot be kept.
    fn record(&self, tree: &Worktree) -> Result<()> {
        let [index, key] = ["index", "key"].map(|what| self.record_of(tree, what));
        local_file::remove("pool.drop", &index)?;
        let Some(text) = self.key(tree)? else { return Ok(()) };
        self.make_dir()?;
        fault::around("pool.note", || fs::write(&key, text)).io("write", &key)?;
        fault::around("pool.note", || copy_index(&tree.git_dir.join("index"), &index))
    }

    /// What decides the bytes of the files in a worktree besides their blobs. `None` if it is small, or has submodules.
    fn key(&self, tree: &Worktree) -> Result<Option<String>> {
        let path = tree.git_dir.join("index");
        let hash = self.repo.gix().object_hash();
        let index = gix::index::File::at(&path, hash, false, gix::index::decode::Options::default())
            .map_err(|error| Error::fatal(Kind::GitFailed, error.to_string()))?;
        let is_small = self.most.is_none() && index.entries().len() < usize::try_from(FEWEST).unwrap_or(usize::MAX);
        if is_small || index.entries().iter().any(|entry| entry.mode == Mode::COMMIT) {
            return Ok(None);
        }
        let config = self.repo.gix().config_snapshot();
        let mut key = String::new();
        for name in DECIDES {
            let value = config.string(*name).map(|value| value.to_string());
            key.push_str(&format!("{name}={}\n", value.unwrap_or_default()));
        }
        for section in config.plumbing().sections_by_name("filter").into_iter().flatten() {
            key.push_str(&format!("{:?}\n", section.to_bstring()));
        }
        let named = config.trusted_path("core.attributesFile").ok().flatten();
        for path in named.into_iter().chain([self.repo.common_dir().join("info/attributes")]) {
            key.push_str(&format!("{:?}\n", local_file::read(&path, LONGEST).io("read", &path)?));
        }
        let attributes = index.entries().iter().filter(|entry| entry.path(&index).ends_with(b".gitattributes"));
        attributes.for_each(|entry| key.push_str(&format!("{} {}\n", entry.id, entry.path(&index))));
        Ok(Some(key))
    }

    /// The entries that are whole.
    fn entries(&self) -> Vec<(PathBuf, SystemTime)> {
        let mut all = listed(&self.dir);
        all.retain(|(path, _)| path.extension().is_none() && !path.ends_with(IN_USE));
        all
    }

    fn is_full(&self) -> bool {
        let has_room = |stat: rustix::fs::StatVfs| stat.f_bavail > stat.f_blocks / FREE;
        self.most.is_some_and(|most| self.entries().len() >= most)
            || !rustix::fs::statvfs(self.repo.common_dir()).is_ok_and(has_room)
    }

    /// Makes an entry of the files that were moved to it. `false` if there is among them what git does not see.
    fn complete(&self, entry: &Entry, tree: &Worktree) -> Result<bool> {
        let io = |done: io::Result<()>| done.io("move files to", &entry.dir);
        io(fault::around("pool.drop", || fs::remove_file(entry.tree().join(".git"))))?;
        for what in ["index", "key"] {
            io(fault::around("pool.move", || fs::rename(self.record_of(tree, what), entry.dir.join(what))))?;
        }
        let git = Git::in_dir(&entry.tree()).repository(self.repo.common_dir(), &entry.tree());
        self.clean(git.without_hooks().env("GIT_INDEX_FILE", entry.dir.join("index")))?;
        has_nothing_strange(&entry.tree()).io("read", &entry.dir)
    }

    /// Removes the untracked files of a worktree.
    fn clean(&self, git: Git) -> Result<()> {
        let git = git.config("core.fsmonitor=false").config("core.untrackedCache=false");
        let exceptions = self.kept.iter().map(|pattern| format!("--exclude={pattern}"));
        fault::around("git.clean", || git.args(["clean", "-ffdx", "--quiet"]).args(exceptions).check()).map(drop)
    }
}

impl Entry {
    fn tree(&self) -> PathBuf {
        self.dir.join("tree")
    }

    fn key(&self) -> Option<String> {
        String::from_utf8(local_file::read(&self.dir.join("key"), LONGEST).ok()??).ok()
    }

    /// Puts the files and their index into a worktree without files.
    fn move_into(&self, tree: &Worktree) -> Result<()> {
        let rename = |from: PathBuf, to: PathBuf| fault::around("pool.move", || fs::rename(from, to));
        let moved = || {
            rename(tree.path.join(".git"), self.tree().join(".git"))?;
            fault::around("pool.drop", || fs::remove_dir(&tree.path))?;
            rename(self.tree(), tree.path.clone())?;
            rename(self.dir.join("index"), tree.git_dir.join("index"))
        };
        moved().io("move files to", &tree.path)
    }
}

/// Removes what [`Pool::leftovers`] names. A process that is about to use it finds it gone, not half of it.
///
/// # Errors
/// If it cannot be removed.
pub(crate) fn discard(path: &Path) -> Result<()> {
    if !path.is_dir() {
        return local_file::remove("pool.drop", path);
    }
    let gone = path.with_extension("gone");
    fault::around("pool.move", || fs::rename(path, &gone)).io("rename", path)?;
    remove::clear(&gone)
}

/// Whether the tree has only files, links and directories as git makes them, and no repository inside: git passes over others, and over a
/// second name of a file, or permissions, that came in the second in which it made that file.
fn has_nothing_strange(tree: &Path) -> io::Result<bool> {
    let probe = || {
        let like = tempfile::Builder::new().prefix("like").tempdir_in(tree.parent().unwrap_or(tree))?;
        let dir = like.path().join("directory");
        fs::create_dir(&dir)?;
        Ok::<_, io::Error>(fs::metadata(&dir)?.permissions().mode())
    };
    let usual = fault::around("pool.probe", probe)?;
    let mut dirs = vec![tree.to_owned()];
    while let Some(dir) = dirs.pop() {
        let mut names = [0; 1 << 12];
        let has_list = rustix::fs::llistxattr(&dir, &mut names[..])
            .map_or(true, |length| names[..length].windows(10).any(|name| name == b"posix_acl_"));
        if dir.symlink_metadata()?.permissions().mode() != usual || has_list {
            return Ok(false);
        }
        for entry in fs::read_dir(&dir)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let is_repository = entry.file_name().eq_ignore_ascii_case(".git");
            let is_usual = if kind.is_file() {
                let meta = entry.metadata()?;
                let permissions = meta.mode() & 0o7777;
                meta.nlink() == 1 && (permissions == usual & 0o777 || permissions == usual & 0o666)
            } else {
                kind.is_dir() || kind.is_symlink()
            };
            if is_repository || !is_usual {
                return Ok(false);
            }
            if kind.is_dir() {
                dirs.push(entry.path());
            }
        }
    }
    Ok(true)
}

fn device(path: &Path) -> Option<u64> {
    path.metadata().map(|meta| meta.dev()).ok()
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
