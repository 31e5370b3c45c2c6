//! The warm checkout of a clone: what checks of commits of a target built, for later checks to begin with.
//!
//! It is a stack of directories. A check of one commit made each of them, and nothing writes it again: the next check lays its own over
//! them. The caller decides which commits may add to it. Everything here can be deleted; only time is lost.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::SystemTime,
};

use gix::ObjectId;
use serde::{Deserialize, Serialize};

use super::Project;
use crate::{
    env::{
        fault,
        file_lock::{self, Lockable},
        local_file, machine,
    },
    error::{Error, IoContext, Kind, Result},
    git::worktree::remove,
};

/// A larger record is none of ours, in bytes.
const MOST: u64 = 1 << 20;

/// How many directories are laid over each other at most: then a new stack begins.
const DEEPEST: usize = 8;

/// The file that says what the warm checkout is.
const RECORD: &str = "record.json";

/// Beginnings of the names of files that mark commands.
const SLOW: &str = "slow-";
const COLD: &str = "cold-";

/// The files that stay: locks.
const LOCKS: [&str; 2] = ["lock", "making"];

/// The file of a directory that says what commands read there.
const READS: &str = "reads.json";

/// A larger one is none of ours, in bytes.
const MOST_READS: u64 = 64 << 20;

/// In such a directory, where what is set apart lies, and what it is; as large at most as what commands read.
const COMPILED: &str = "compiled";
const UNITS: &str = "compiled.json";

/// The tracked files that each command read in a fresh checkout, by command.
pub(crate) type Reads = BTreeMap<String, BTreeSet<String>>;

/// What the warm checkout is.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    /// What it depends on: set-up, environment, place.
    key: String,
    /// The commit whose files it has.
    commit: String,
    /// The directories, the newest last.
    layers: Vec<u64>,
    /// The commands that ran in it.
    commands: BTreeSet<String>,
    /// What it takes of the disk, in bytes.
    #[serde(default)]
    size: u64,
}

/// What is known of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It takes so long that a warm checkout is worth its while.
    Slow,
    /// It comes to something else in a warm checkout than in a cold one, or what it builds is too large.
    Cold,
}

/// What a check built, to be added.
pub(crate) struct Built<'a> {
    /// The commit that was checked.
    pub commit: ObjectId,
    /// What the check wrote in its checkout.
    pub tree: &'a Path,
    /// Git's index of the checkout.
    pub index: &'a Path,
    /// The commands that ran.
    pub commands: &'a [String],
    /// What they read.
    pub reads: &'a Reads,
    /// Where what is set apart lies, and what it is, in the words of the caller.
    pub compiled: (&'a Path, &'a [u8]),
    /// Whether it began with the warm checkout as it is.
    pub on_top: bool,
}

/// What came of adding it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It is there.
    Yes,
    /// Another process has added something, or removed what this was built on.
    No,
    /// The warm checkout would take so many bytes, more than it may.
    TooLarge(u64),
}

/// The warm checkout, held so that no other process removes it.
pub(crate) struct Warm {
    dir: PathBuf,
    key: String,
    record: Option<Record>,
    held: Lockable,
}

impl Warm {
    /// Opens the warm checkout of this clone; one that does not fit `key` is as good as none. `None` where there is to be none, or where
    /// another process removes it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn open(project: &Project, key: String) -> Result<Option<Warm>> {
        let (dir, limit) = (dir(project), project.config().warm_limit()?);
        if limit == 0 {
            return forget(project).map(|_| None);
        }
        if record(&dir).is_some_and(|record| record.size > limit) {
            remove_record(&dir)?;
        }
        fault::around("dir.make", || local_file::make_dir(&dir)).io("create", &dir)?;
        let held = lock(&dir)?;
        if !file_lock::try_lock_shared(&held, &dir)? {
            return Ok(None);
        }
        // When it was used last: for `prune`.
        held.set_modified(project.env.now().into()).io("write", &dir)?;
        let mut warm = Warm { record: record(&dir).filter(|record| record.key == key), dir, key, held };
        warm.sweep()?;
        Ok(Some(warm))
    }

    /// The commit whose files it has; `None` if it is empty.
    pub(crate) fn commit(&self) -> Option<ObjectId> {
        self.record.as_ref()?.commit.parse().ok()
    }

    /// Its directories, the newest first.
    pub(crate) fn layers(&self) -> Vec<PathBuf> {
        let numbers = self.record.iter().flat_map(|record| record.layers.iter().rev());
        numbers.map(|number| self.dir.join(number.to_string()).join("tree")).collect()
    }

    /// Git's index of its files.
    pub(crate) fn index(&self) -> Option<PathBuf> {
        Some(self.dir.join(self.record.as_ref()?.layers.last()?.to_string()).join("index"))
    }

    /// Where what the newest directory has set apart lies, and what it is.
    pub(crate) fn compiled(&self) -> Option<(PathBuf, Vec<u8>)> {
        let dir = self.dir.join(self.record.as_ref()?.layers.last()?.to_string());
        let units = local_file::read(&dir.join(UNITS), MOST_READS).ok().flatten()?;
        Some((dir.join(COMPILED), units))
    }

    /// What commands read while it was built; `None` where that is not known.
    pub(crate) fn reads(&self) -> Option<Reads> {
        let mut all = Reads::new();
        for number in self.record.iter().flat_map(|record| &record.layers) {
            let path = self.dir.join(number.to_string()).join(READS);
            let bytes = local_file::read(&path, MOST_READS).ok().flatten()?;
            for (command, paths) in serde_json::from_slice::<Reads>(&bytes).ok()? {
                all.entry(command).or_default().extend(paths);
            }
        }
        Some(all)
    }

    /// Whether `command` ran in it.
    pub(crate) fn has_run(&self, command: &str) -> bool {
        self.record.as_ref().is_some_and(|record| record.commands.contains(command))
    }

    /// Whether more can be laid over it.
    pub(crate) fn can_grow(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.layers.len() < DEEPEST)
    }

    /// Whether `command` has this mark.
    pub(crate) fn is(&self, project: &Project, mark: Mark, command: &str) -> Result<bool> {
        Ok(self.dir.join(self.mark_of(project, mark, command)?).exists())
    }

    /// Marks `command`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn mark(&self, project: &Project, mark: Mark, command: &str) -> Result<()> {
        local_file::replace(&self.dir, &self.mark_of(project, mark, command)?, b"")
    }

    /// The file that marks a command. What a command comes to depends on all that the warm checkout depends on, and on its limit.
    fn mark_of(&self, project: &Project, mark: Mark, command: &str) -> Result<String> {
        let (name, around) = match mark {
            Mark::Slow => (SLOW, String::new()),
            Mark::Cold => (COLD, format!("{}\0{}\0", self.key, project.config().warm_limit()?)),
        };
        Ok(format!("{name}{}", project.store()?.blob_id(format!("{around}{command}").as_bytes())))
    }

    /// The number of the next directory: greater than that of every one before. The files of its commit are dated by it.
    pub(crate) fn next(&self) -> u64 {
        numbers(&self.dir).max().unwrap_or_default() + 1
    }

    /// Takes what a check built, which is moved here, unless it is too large or another process has added something.
    ///
    /// # Errors
    /// If it cannot be moved.
    pub(crate) fn add(&mut self, project: &Project, built: &Built<'_>) -> Result<Added> {
        let making = local_file::open_with(&self.dir.join(LOCKS[1]), File::options().create(true).append(true));
        let making = Lockable::from(fault::around("cache.lock", || making).io("create", &self.dir)?);
        let layers = |record: Option<&Record>| record.map(|record| record.layers.clone());
        let is_free = file_lock::try_lock(&making, &self.dir)?;
        if !is_free || layers(self.recorded().as_ref()) != layers(self.record.as_ref()) {
            return Ok(Added::No);
        }
        let before = self.record.take().filter(|_| built.on_top);
        let number = self.next();
        let layer = self.dir.join(number.to_string());
        fault::around("dir.make", || fs::create_dir(&layer)).io("create", &layer)?;
        fault::around("cache.place", || fs::rename(built.tree, layer.join("tree"))).io("move", built.tree)?;
        fs::copy(built.index, layer.join("index")).io("copy", built.index)?;
        let (compiled, units) = built.compiled;
        if compiled.is_dir() {
            fs::rename(compiled, layer.join(COMPILED)).io("move", compiled)?;
            fs::write(layer.join(UNITS), units).io("write", &layer)?;
        }
        let reads = serde_json::to_vec(built.reads).map_err(std::io::Error::from).io("write", &layer)?;
        fs::write(layer.join(READS), reads).io("write", &layer)?;
        // A record that outlives a crash of the machine names files that do, too.
        File::open(&layer).and_then(|dir| machine::sync_all(&dir)).io("write", &layer)?;
        let mut record = before.unwrap_or_else(|| Record {
            key: self.key.clone(),
            commit: String::new(),
            layers: Vec::new(),
            commands: BTreeSet::new(),
            size: 0,
        });
        record.commit = built.commit.to_string();
        record.layers.push(number);
        record.commands.extend(built.commands.iter().cloned());
        let size: u64 = record.layers.iter().map(|layer| size_of(&self.dir.join(layer.to_string()))).sum();
        if size > project.config().warm_limit()? {
            remove_record(&self.dir)?;
            for command in built.commands {
                self.mark(project, Mark::Cold, command)?;
            }
            self.sweep()?;
            return Ok(Added::TooLarge(size));
        }
        record.size = size;
        let json = serde_json::to_vec(&record).map_err(std::io::Error::from).io("write", &self.dir)?;
        local_file::replace(&self.dir, RECORD, &json)?;
        self.record = Some(record);
        self.sweep()?;
        Ok(Added::Yes)
    }

    /// The record of what fits, as it is on the disk.
    fn recorded(&self) -> Option<Record> {
        record(&self.dir).filter(|record| record.key == self.key)
    }

    /// Removes the directories that no record names, unless another process holds them.
    fn sweep(&mut self) -> Result<()> {
        let serves = record(&self.dir).map(|record| record.layers).unwrap_or_default();
        let old: Vec<u64> = numbers(&self.dir).filter(|number| !serves.contains(number)).collect();
        if old.is_empty() {
            return Ok(());
        }
        // One lock turns into the other; where it does not, the directories go another time.
        file_lock::unlock(&self.held);
        if file_lock::try_lock(&self.held, &self.dir)? {
            old.iter().try_for_each(|number| remove::clear(&self.dir.join(number.to_string())))?;
        }
        file_lock::unlock(&self.held);
        // Without the lock another process may have removed everything.
        self.record = if file_lock::try_lock_shared(&self.held, &self.dir)? { self.recorded() } else { None };
        Ok(())
    }
}

/// The directory.
fn dir(project: &Project) -> PathBuf {
    project.repo.chant_dir().join("check").join("warm")
}

fn lock(dir: &Path) -> Result<Lockable> {
    let open = || local_file::open_with(&dir.join(LOCKS[0]), File::options().create(true).append(true));
    fault::around("cache.lock", open).io("create", dir).map(Lockable::from)
}

/// The record, if the directories that it names are there.
fn record(dir: &Path) -> Option<Record> {
    let bytes = local_file::read(&dir.join(RECORD), MOST).ok().flatten()?;
    let record: Record = serde_json::from_slice(&bytes).ok()?;
    let is_there = |number: &u64| dir.join(number.to_string()).join("tree").is_dir();
    record.layers.iter().all(is_there).then_some(record)
}

fn numbers(dir: &Path) -> impl Iterator<Item = u64> + use<> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn remove_record(dir: &Path) -> Result<()> {
    local_file::remove("file.remove", &dir.join(RECORD))
}

/// What the files in a directory take of the disk, in bytes.
fn size_of(dir: &Path) -> u64 {
    let (mut size, mut dirs) = (0, vec![dir.to_owned()]);
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(meta) if meta.is_dir() => dirs.push(entry.path()),
                Ok(meta) => size += meta.blocks() * 512 / meta.nlink().max(1),
                Err(_) => {}
            }
        }
    }
    size
}

/// Where the warm checkout is, what it takes of the disk in bytes, and when it was used last; `None` if there is none.
pub(crate) fn left(project: &Project) -> Option<(PathBuf, u64, SystemTime)> {
    let dir = dir(project);
    let used = fs::metadata(dir.join(LOCKS[0])).and_then(|meta| meta.modified()).ok()?;
    let mut entries = fs::read_dir(&dir).into_iter().flatten().flatten();
    entries.find(|entry| !LOCKS.iter().any(|lock| entry.file_name() == *lock))?;
    let size = size_of(&dir);
    Some((dir, size, used))
}

/// Forgets the warm checkout and what is known of commands, and removes it unless a check uses it: then the next check does. Returns whether
/// it is gone.
///
/// # Errors
/// If it cannot be removed.
pub(crate) fn forget(project: &Project) -> Result<bool> {
    let dir = dir(project);
    if !dir.is_dir() {
        return Ok(true);
    }
    remove_record(&dir)?;
    for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(SLOW) || name.starts_with(COLD)) {
            local_file::remove("file.remove", &entry.path())?;
        }
    }
    let held = lock(&dir)?;
    if !file_lock::try_lock(&held, &dir)? {
        return Ok(false);
    }
    let old: Vec<u64> = numbers(&dir).collect();
    old.iter().try_for_each(|number| remove::clear(&dir.join(number.to_string())))?;
    Ok(true)
}

/// Removes the warm checkout.
///
/// # Errors
/// `in-use` if a check uses it.
pub(crate) fn remove(project: &Project) -> Result<()> {
    if forget(project)? { Ok(()) } else { Err(Error::negative(Kind::InUse, "checks are run in it")) }
}
