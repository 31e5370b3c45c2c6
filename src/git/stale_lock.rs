//! Lock files that a process left behind when it died.
//!
//! git and gix lock a file by creating `<file>.lock`. A process that is killed in between leaves it, and every later writer
//! waits in vain. Such a lock is removed here if no living process can own it, and only then. That is known on Linux alone, from `/proc`,
//! on a file system that no other machine writes to, and in the first pid namespace, where every process shows.

use std::{
    fs,
    io::{self, Read as _},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bstr::ByteSlice;

use crate::{
    env::{
        fault, machine,
        process_table::{self, Process},
    },
    error::{IoContext, Result},
};

/// How long a lock has to be in the way before a writer looks for its owner: that costs more than a short wait.
pub(crate) const MOMENT: Duration = Duration::from_secs(1);

/// How far the time of a file and the start of a process may be off: both are counted in ticks of the kernel.
const TICKS: Duration = Duration::from_millis(20);

/// Programs beyond git's own that write repositories themselves.
const OTHERS: &[&[u8]] = &[b"ein", b"gix", b"java", b"jj"];

/// The owner of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The process that made it has ended, for certain.
    Gone,
    /// This process may own it, in words.
    Possible(String),
}

/// A lock file, as it was when it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LockFile {
    /// Where it is.
    pub path: PathBuf,
    /// How old it is.
    pub age: Duration,
    /// The owner.
    pub owner: Owner,
    file: (u64, u64),
}

/// Looks at the lock at `path` in the repository with this common directory; `None` if there is none that is at least so old.
///
/// # Errors
/// If it cannot be looked at.
pub(crate) fn inspect(common_dir: &Path, path: &Path, at_least: Duration) -> Result<Option<LockFile>> {
    let meta = match fs::symlink_metadata(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        meta => meta.io("read", path)?,
    };
    let Some(made) = machine::since_epoch(meta.ctime(), meta.ctime_nsec()).filter(|_| meta.is_file()) else {
        return Ok(None);
    };
    let age = machine::now().saturating_sub(made);
    if age < at_least {
        return Ok(None);
    }
    let owner = match owner(common_dir, path, &meta, made) {
        None => Owner::Gone,
        Some(who) => Owner::Possible(who),
    };
    Ok(Some(LockFile { path: path.to_owned(), age, owner, file: (meta.dev(), meta.ino()) }))
}

/// Removes the lock at `path` if its owner is gone and it is at least so old. Returns whether it did.
///
/// # Errors
/// If it cannot be looked at or removed.
pub(crate) fn remove_stale(common_dir: &Path, path: &Path, at_least: Duration) -> Result<bool> {
    match inspect(common_dir, path, at_least)? {
        Some(found) if found.owner == Owner::Gone => remove(&found),
        _ => Ok(false),
    }
}

/// Removes the locks below a directory of refs, and on packed refs, whose owner is gone. Returns how many.
///
/// # Errors
/// If one cannot be looked at or removed.
pub(crate) fn remove_below(common_dir: &Path, refs: &str) -> Result<usize> {
    let mut found = vec![common_dir.join("packed-refs.lock")];
    below(&common_dir.join(refs), &mut found);
    let mut cleared = 0;
    for path in found {
        cleared += usize::from(remove_stale(common_dir, &path, Duration::ZERO)?);
    }
    Ok(cleared)
}

/// Every lock of the repository: of refs, indexes, configuration, of its linked worktrees too.
pub(crate) fn all(common_dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut tops = vec![common_dir.to_owned()];
    tops.extend(entries(&common_dir.join("worktrees")).filter(|(_, is_dir)| *is_dir).map(|(path, _)| path));
    for top in tops {
        found.extend(locks(&top));
        for dir in ["refs", "logs"] {
            below(&top.join(dir), &mut found);
        }
    }
    found.extend(locks(&common_dir.join("objects/info")));
    found.sort();
    found
}

fn locks(dir: &Path) -> impl Iterator<Item = PathBuf> {
    let is_lock = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        // The second half of how git writes packed refs, and as much in its way.
        name.ends_with(b".lock") || name == b"packed-refs.new"
    };
    entries(dir).filter(|(_, is_dir)| !is_dir).map(|(path, _)| path).filter(is_lock)
}

fn below(dir: &Path, found: &mut Vec<PathBuf>) {
    found.extend(locks(dir));
    for (path, _) in entries(dir).filter(|(_, is_dir)| *is_dir) {
        below(&path, found);
    }
}

/// The entries of a directory, and whether each is a directory itself; symlinks are not followed.
fn entries(dir: &Path) -> impl Iterator<Item = (PathBuf, bool)> + use<> {
    let listed = fs::read_dir(dir).into_iter().flatten().flatten();
    listed.filter_map(|entry| Some((entry.path(), entry.file_type().ok()?.is_dir())))
}

/// Removes a lock whose owner is gone. The lock is renamed first: if the renamed file is another than the one that was inspected, it is
/// put back.
fn remove(found: &LockFile) -> Result<bool> {
    let path = &found.path;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // git and gix pass over what ends like this in a directory of refs.
    name.push(format!(".{:x}-{:x}.lock", std::process::id(), found.file.1));
    let aside = path.with_file_name(name);
    if !is(path, found.file) {
        return Ok(false);
    }
    match fault::around("lock.move", || fs::rename(path, &aside)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        renamed => renamed.io("move", path)?,
    }
    let right = is(&aside, found.file);
    if !right {
        match fault::around("lock.return", || fs::hard_link(&aside, path)) {
            // Another process has made a new lock: there can be only one.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            linked => linked.io("restore", path)?,
        }
    }
    match fault::around("lock.drop", || fs::remove_file(&aside)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        removed => removed.io("remove", &aside)?,
    }
    Ok(right)
}

fn is(path: &Path, file: (u64, u64)) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| (meta.dev(), meta.ino()) == file)
}

/// The process that may own the lock, or why that is unknown; `None` if no process can own it.
fn owner(common_dir: &Path, path: &Path, meta: &fs::Metadata, made: Duration) -> Option<String> {
    if let Some(why) = unknowable(common_dir, meta) {
        return Some(why);
    }
    if own_locks().iter().any(|lock| lock == path) {
        return Some("this process".to_owned());
    }
    let epoch = machine::boot_time();
    let repository = Repository::at(common_dir);
    let table = process_table::all();
    if table.is_empty() {
        return Some("an unknown process (cannot list processes)".to_owned());
    }
    for process in table.iter().filter(|process| !process.ended && process.pid != std::process::id()) {
        let started = epoch + ticks(process.start);
        // A process that has just ended cannot be told from one that nothing may be known about.
        let may_own = made + TICKS >= started && repository.may_write(process, path);
        if !may_own || !process.lives() {
            continue;
        }
        let name = process.names().into_iter().next().unwrap_or_default();
        return Some(format!("process {} ({})", process.pid, name.to_str_lossy()));
    }
    None
}

/// Why the owner of this lock cannot be found out, if so.
fn unknowable(common_dir: &Path, meta: &fs::Metadata) -> Option<String> {
    if let Some(who) = machine::unseen() {
        return Some(who.to_owned());
    }
    if machine::may_be_shared(common_dir) {
        return Some("a process on another machine".to_owned());
    }
    let me = rustix::process::geteuid();
    if !me.is_root() && meta.uid() != me.as_raw() {
        return Some(format!("user {}", meta.uid()));
    }
    None
}

/// The directories of a repository.
struct Repository {
    tops: Vec<PathBuf>,
}

impl Repository {
    fn at(common_dir: &Path) -> Repository {
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let common = real(common_dir);
        let mut tops: Vec<PathBuf> = common.parent().map(Path::to_owned).into_iter().collect();
        for (dir, _) in entries(&common.join("worktrees")) {
            let mut text = Vec::new();
            let read = fs::File::open(dir.join("gitdir")).and_then(|file| file.take(1 << 16).read_to_end(&mut text));
            if read.is_ok()
                && let Ok(dot_git) = gix::path::from_byte_slice(text.trim_end())
                && let Some(top) = dir.join(dot_git).parent()
            {
                tops.push(real(top));
            }
        }
        tops.push(common);
        Repository { tops }
    }

    fn has(&self, path: &Path) -> bool {
        self.tops.iter().any(|top| path.starts_with(top))
    }

    /// Whether this process may have made a lock in the repository.
    ///
    /// A process that merely has it as its working directory may not: a shell has, and an editor, and the agent itself.
    fn may_write(&self, process: &Process, lock: &Path) -> bool {
        let names = process.names();
        let named = |known: &dyn Fn(&[u8]) -> bool| names.iter().any(|name| known(name));
        let is_git = named(&|name| name.starts_with(b"git"));
        let files = process.open_files();
        let common = self.tops.last().map_or(lock, PathBuf::as_path);
        if files.iter().flatten().any(|file| file == lock || file.starts_with(common)) {
            return true;
        }
        let writes = is_git || named(&|name| OTHERS.contains(&name));
        writes && !is_wrapper(process) && !(process.reads_alike(common) && self.works_elsewhere(process))
    }

    /// Whether a process works outside of the repository: neither its directory nor its arguments and variables lead into it.
    fn works_elsewhere(&self, process: &Process) -> bool {
        const OPTIONS: [&[u8]; 2] = [b"--git-dir", b"--work-tree"];
        const VARIABLES: [&str; 3] = ["GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE"];
        let Some(directory) = process.directory() else { return false };
        let words = process.words();
        let mut named: Vec<Vec<u8>> = VARIABLES.iter().filter_map(|name| process.variable(name)).collect();
        for (at, word) in words.iter().enumerate() {
            if word == b"-C" || OPTIONS.contains(&word.as_slice()) {
                named.extend(words.get(at + 1).cloned());
            } else if let Some((option, value)) = word.split_once_str("=")
                && OPTIONS.contains(&option)
            {
                named.push(value.to_vec());
            }
        }
        // What is relative may lead anywhere: several `-C` go on from each other.
        let is_elsewhere = |path: &Vec<u8>| match gix::path::from_byte_slice(path) {
            Ok(path) if path.is_absolute() => self.is_elsewhere(process, path),
            _ => false,
        };
        !self.has(&directory) && named.iter().all(is_elsewhere)
    }

    /// Whether an absolute path that a process names leads out of the repository.
    fn is_elsewhere(&self, process: &Process, path: &Path) -> bool {
        let real = fs::canonicalize(path);
        if process.has_our_mounts() {
            return real.map_or_else(|error| error.kind() == io::ErrorKind::NotFound, |real| !self.has(&real));
        }
        let id = |path: &Path| fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
        // A path that is hidden from us may be one of the repository.
        let Some(there) = process.seen_at(path) else { return false };
        match real {
            Ok(real) if id(&real) == Some(there) => !self.has(&real),
            // The repository may be mounted at any place; what is on another device is not it.
            _ => self.tops.iter().all(|top| id(top).is_none_or(|(device, _)| device != there.0)),
        }
    }
}

/// Whether it is the `git` of `git chant` that waits for us.
fn is_wrapper(process: &Process) -> bool {
    let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get().unsigned_abs());
    parent == Some(process.pid) && process.words().iter().any(|word| word == b"chant")
}

/// The locks that this process holds right now.
static OWN_LOCKS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn own_locks() -> MutexGuard<'static, Vec<PathBuf>> {
    OWN_LOCKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Marks, while it lives, that this process holds a lock, so that its other threads do not take the lock for a stale one.
#[derive(Debug)]
#[must_use = "the lock is held for as long as this lives"]
pub(super) struct HeldLock(PathBuf);

impl HeldLock {
    pub(super) fn new(lock: PathBuf) -> HeldLock {
        own_locks().push(lock.clone());
        HeldLock(lock)
    }
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        let mut locks = own_locks();
        if let Some(at) = locks.iter().position(|lock| *lock == self.0) {
            locks.swap_remove(at);
        }
    }
}

/// A number of clock ticks.
fn ticks(count: u64) -> Duration {
    let frequency = rustix::param::clock_ticks_per_second().max(1);
    Duration::from_millis(count.saturating_mul(1000) / frequency)
}
