//! Where checks have their files, one directory for each check that runs at the same time. What a check does there is not known here.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::{
    agent::{
        interrupt::Interrupts,
        lease::{Survivors, Traces},
        process::{GRACE, ProcessGroup},
    },
    env::{
        fault,
        file_lock::{self, Lockable},
        local_file,
    },
    error::{Error, Exit, IoContext, Kind, Result},
    git::worktree::{self, path, remove},
};

use super::Project;

/// The most checks that run at the same time in one clone.
const MOST: usize = 64;

/// How long to wait before it is looked again whether a slot is free.
const PAUSE: Duration = Duration::from_millis(100);

/// The file that holds what was told last.
const TOLD: &str = "told";

/// One directory for checks, held by an OS lock while it is in use.
pub(crate) struct Slot {
    /// Its number, from 1.
    number: usize,
    /// The directory.
    pub dir: PathBuf,
    _held: Lockable,
}

impl Slot {
    /// The name of the directory that is a checkout in a sandbox only. It says nothing of checks: no test can tell by it where it runs.
    pub(crate) const LAYERED: &str = "tree";

    /// Takes a free slot; where as many checks run as there are processors, says so by `waits` and waits for one of them.
    ///
    /// # Errors
    /// `interrupted` if a signal comes while it waits.
    pub(crate) fn take(project: &Project, waits: impl FnOnce()) -> Result<Slot> {
        let root = project.private_dir("check")?;
        let free = || -> Result<Option<Slot>> {
            let most = std::thread::available_parallelism().map_or(1, usize::from).clamp(1, MOST);
            for number in 1..=most {
                let (held, lock) = open_lock(&root, number)?;
                if file_lock::try_lock(&held, &lock)? {
                    return Slot::make(project, &root, number, held).map(Some);
                }
            }
            Ok(None)
        };
        wait_for("another check", waits, free)
    }

    fn make(project: &Project, root: &Path, number: usize, held: Lockable) -> Result<Slot> {
        // When it was used last: for `prune`.
        held.set_modified(project.env.now().into()).io("write", root)?;
        Ok(Slot { number, dir: root.join(number.to_string()), _held: held })
    }

    /// Removes what an earlier check left, and makes the directory.
    pub(crate) fn clear(&self, project: &Project) -> Result<()> {
        remove::clear(&self.dir)?;
        let earlier = path::default_path(&project.repo, &earlier_name(self.number))?;
        let record = self.dir.with_extension("place");
        if recorded(&record).as_ref() == Some(&earlier) && worktree::find(&project.repo, &earlier)?.is_none() {
            // A check of an earlier version died in it.
            remove::clear(&earlier)?;
            local_file::remove("file.remove", &record)?;
        }
        fault::around("dir.make", || fs::create_dir_all(&self.dir)).io("create", &self.dir)
    }

    /// Notes the command that runs in this slot, for the case that this process dies and it does not.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn note_run(&self, group: &ProcessGroup, directory: &Path) -> Result<()> {
        let json = serde_json::to_vec(&Traces::of(group, directory)).map_err(std::io::Error::from);
        let root = self.dir.parent().unwrap_or(&self.dir);
        local_file::replace(root, &run_name(self.number), &json.io("write", root)?)
    }

    /// Forgets the command that ran in this slot: it has ended.
    ///
    /// # Errors
    /// If the file cannot be removed.
    pub(crate) fn forget_run(&self) -> Result<()> {
        local_file::remove("file.remove", &self.dir.with_file_name(run_name(self.number)))
    }

    /// Ends the command that a process left in this slot when it died.
    ///
    /// # Errors
    /// If the file that names it cannot be removed.
    pub(crate) fn end_left(&self) -> Result<Survivors> {
        let bytes = local_file::read(&self.dir.with_file_name(run_name(self.number)), 1 << 16).ok().flatten();
        let Some(bytes) = bytes else { return Ok(Survivors::None) };
        let ended = match serde_json::from_slice::<Traces>(&bytes) {
            Ok(traces) => traces.end(GRACE)?,
            Err(_) => Survivors::None,
        };
        self.forget_run()?;
        Ok(ended)
    }

    /// Directories of this clone's checks, as paths relative to [`Slot::dir`] with colons between them.
    pub(crate) fn names(&self, dirs: &[PathBuf]) -> String {
        let root = self.dir.parent().unwrap_or(&self.dir);
        let name = |dir: &PathBuf| format!("../{}", dir.strip_prefix(root).unwrap_or(dir).display());
        dirs.iter().map(name).collect::<Vec<_>>().join(":")
    }

    /// Tells `what`, unless it was the last that was told in this clone.
    pub(crate) fn tell_once(&self, what: &str, tell: impl FnOnce(&str)) -> Result<()> {
        let dir = self.dir.parent().unwrap_or(&self.dir);
        let told = local_file::read(&dir.join(TOLD), 1 << 16).ok().flatten();
        if told.as_deref() == Some(what.as_bytes()) {
            return Ok(());
        }
        tell(what);
        local_file::replace(dir, TOLD, what.as_bytes())
    }

    /// An empty directory beside the main worktree for a checkout that is really there. Only a directory that this tool made is emptied.
    pub(crate) fn checkout_dir(&self, project: &Project) -> Result<PathBuf> {
        let path = path::default_path(&project.repo, &name(self.number))?;
        let record = self.dir.with_extension("place");
        let recorded = recorded(&record);
        let ours = recorded.is_some_and(|recorded| recorded == path) && worktree::find(&project.repo, &path)?.is_none();
        let empty = fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_none());
        if !ours && !empty && fs::symlink_metadata(&path).is_ok() {
            let message = format!("cannot run checks in '{}': it is not a checkout of git-chant", path.display());
            return Err(Error::fatal(Kind::WorktreePathExists, message).hint("move it aside, or set chant.worktreeDir"));
        }
        if !ours && let (Some(dir), Some(name)) = (record.parent(), record.file_name().and_then(OsStr::to_str)) {
            local_file::replace(dir, name, path.as_os_str().as_bytes())?;
        }
        remove::clear(&path)?;
        fs::create_dir_all(&path).io("create", &path)?;
        fs::canonicalize(&path).io("read", &path)
    }
}

/// Keeps other processes of this clone from checking merges until this is dropped: each of them would be out of date with the next. Where
/// another process does, says so by `waits` and waits for it.
///
/// # Errors
/// If the lock cannot be taken; `interrupted` if a signal comes while it waits.
pub(crate) fn hold_merges(project: &Project, waits: impl FnOnce()) -> Result<Lockable> {
    let lock = project.private_dir("check")?.join("merges.lock");
    wait_for("the checks of another merge", waits, || {
        let open = || local_file::open_with(&lock, File::options().create(true).append(true));
        let held = Lockable::from(fault::around("cache.lock", open).io("create", &lock)?);
        Ok(file_lock::try_lock(&held, &lock)?.then_some(held))
    })
}

/// What is `free`. Until it is, says so once by `waits` and looks again; `what` is waited for.
fn wait_for<T>(what: &str, waits: impl FnOnce(), free: impl Fn() -> Result<Option<T>>) -> Result<T> {
    if let Some(found) = free()? {
        return Ok(found);
    }
    waits();
    let mut signals = Interrupts::listen()?;
    loop {
        if let Some(signal) = signals.wait(PAUSE)? {
            let error = Error::fatal(Kind::Interrupted, format!("interrupted while waiting for {what} to end"));
            return Err(Error { exit: Exit::Signal(signal), ..error });
        }
        if let Some(found) = free()? {
            return Ok(found);
        }
    }
}

/// The name of the directory in which the checks of a slot have a checkout that is really there; never [`Slot::LAYERED`], which sandboxes make and
/// remove.
fn name(number: usize) -> String {
    format!("{}-{number}", Slot::LAYERED)
}

/// The name of the file that names the command of a slot, where nothing else ends it with the process that runs it.
fn run_name(number: usize) -> String {
    format!("{number}.run")
}

/// What earlier versions called it.
fn earlier_name(number: usize) -> String {
    if number == 1 { "check".to_owned() } else { format!("check-{number}") }
}

/// Whether a recorded directory is one that the checks of a slot use. An unconfined agent can write the record, and no other directory is ours
/// to remove.
fn is_own(project: &Project, number: usize, place: &Path) -> bool {
    let is_named = |name: &str| path::default_path(&project.repo, name).is_ok_and(|path| path == place);
    (is_named(&name(number)) || is_named(&earlier_name(number)))
        && matches!(worktree::find(&project.repo, place), Ok(None))
}

/// What a check left that died.
#[derive(Debug)]
pub(crate) struct Left {
    lock: PathBuf,
    /// The directories, the one to name first.
    pub dirs: Vec<PathBuf>,
    /// When the slot was used last.
    pub used: Option<SystemTime>,
}

/// What is left of checks in the slots of this clone. A check that is over leaves nothing.
pub(crate) fn left(project: &Project) -> Vec<Left> {
    let root = project.repo.chant_dir().join("check");
    let left = (1..=MOST).filter_map(|number| {
        let (lock, dir) = (root.join(format!("{number}.lock")), root.join(number.to_string()));
        let place = recorded(&dir.with_extension("place")).filter(|place| is_own(project, number, place));
        let dirs: Vec<PathBuf> = place.into_iter().chain([dir]).filter(|dir| dir.is_dir()).collect();
        let used = fs::metadata(&lock).and_then(|meta| meta.modified()).ok();
        (!dirs.is_empty()).then_some(Left { lock, dirs, used })
    });
    left.collect()
}

impl Left {
    /// Whether a check uses the slot now.
    ///
    /// # Errors
    /// If the lock cannot be looked at.
    pub(crate) fn is_in_use(&self) -> Result<bool> {
        let held = local_file::open(&self.lock).ok().flatten().map(Lockable::from);
        held.map_or(Ok(false), |file| Ok(!file_lock::try_lock_shared(&file, &self.lock)?))
    }

    /// Removes it.
    ///
    /// # Errors
    /// `in-use` if a check uses the slot by now.
    pub(crate) fn remove(&self) -> Result<()> {
        let held = local_file::open(&self.lock).ok().flatten().map(Lockable::from);
        if let Some(held) = &held
            && !file_lock::try_lock(held, &self.lock)?
        {
            return Err(Error::negative(Kind::InUse, "checks are run in it"));
        }
        self.dirs.iter().try_for_each(|dir| remove::clear(dir))
    }
}

/// The directory beside the main worktree that a slot used, as its record says.
fn recorded(record: &Path) -> Option<PathBuf> {
    let bytes = local_file::read(record, 1 << 16).ok().flatten()?;
    Some(PathBuf::from(OsString::from_vec(bytes)))
}

fn open_lock(root: &Path, number: usize) -> Result<(Lockable, PathBuf)> {
    let lock = root.join(format!("{number}.lock"));
    let open = || local_file::open_with(&lock, File::options().create(true).append(true));
    Ok((fault::around("cache.lock", open).io("create", &lock)?.into(), lock))
}
