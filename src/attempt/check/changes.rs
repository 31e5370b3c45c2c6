//! What runs of agents changed in the person's home directory, remembered for the checks that come later, and what of that a person took
//! over as their own.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs::{self, File},
    os::unix::{
        ffi::{OsStrExt as _, OsStringExt as _},
        fs::MetadataExt as _,
    },
    path::{Path, PathBuf},
};

use gix::ObjectId;

use crate::{
    attempt::home::{self, Since},
    env::{
        fault,
        file_lock::{self, Lockable},
        local_file,
    },
    error::{IoContext as _, Result},
    git::private::Private,
    project::Project,
};

/// Where it is kept what runs changed in the home directory.
const CHANGED_BY_RUNS: &str = "changed-by-runs";

/// Where it is kept which of these changes a person took over as their own.
const TAKEN_OVER: &str = "taken-over";

/// Which process writes one of the two.
const LOCK: &str = "changes.lock";

/// How large such a file may be, in bytes.
const MOST_CHANGED: u64 = 16 << 20;

/// A path, and when it was last changed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Changed {
    path: PathBuf,
    at: (i64, i64),
}

impl Changed {
    /// The path as it is; `None` if nothing is there.
    fn now(path: &Path) -> Option<Changed> {
        let meta = fs::symlink_metadata(path).ok()?;
        Some(Changed { path: path.to_owned(), at: (meta.ctime(), meta.ctime_nsec()) })
    }

    /// Whether the path is still as it was.
    fn is_so(&self) -> bool {
        Changed::now(&self.path).as_ref() == Some(self)
    }

    /// A record of it, which is read back by [`Changed::read`].
    fn record(&self) -> Vec<u8> {
        let (seconds, nanoseconds) = self.at;
        [format!("{seconds}.{nanoseconds}\t").as_bytes(), self.path.as_os_str().as_bytes()].concat()
    }

    fn read(record: &[u8]) -> Option<Changed> {
        let tab = record.iter().position(|byte| *byte == b'\t')?;
        let (seconds, nanoseconds) = std::str::from_utf8(&record[..tab]).ok()?.split_once('.')?;
        let at = (seconds.parse().ok()?, nanoseconds.parse().ok()?);
        Some(Changed { path: OsString::from_vec(record[tab + 1..].to_vec()).into(), at })
    }
}

/// What changed in the home directory since the file `since` was written, and no person took over; nothing where that is not there.
///
/// # Errors
/// If a file that holds what they took over cannot be read.
pub(super) fn at_home(project: &Project, since: &Path) -> Result<Vec<PathBuf>> {
    let own = known(project, TAKEN_OVER)?;
    let mut changed = since_written(project, since);
    changed.retain(|path| Changed::now(path).is_none_or(|changed| !own.contains(&changed)));
    Ok(changed)
}

fn since_written(project: &Project, since: &Path) -> Vec<PathBuf> {
    fs::symlink_metadata(since).map(|meta| home::changed(project, Since::of(&meta))).unwrap_or_default()
}

/// Remembers what a run of `attempt` changed in the home directory, as far as it decides how programs run: no later check finds that there.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn remember_changes(project: &Project, attempt: ObjectId) -> Result<()> {
    let changed = since_written(project, &Private::of(&project.repo, &attempt).commondir);
    let _held = hold(project)?;
    let (before, own) = (known(project, CHANGED_BY_RUNS)?, known(project, TAKEN_OVER)?);
    let new = changed.iter().filter_map(|path| Changed::now(path)).filter(|changed| !own.contains(changed));
    let known: BTreeSet<Changed> = before.iter().cloned().chain(new).collect();
    if known == before {
        return Ok(());
    }
    // What was changed again since is named anew.
    write(project, CHANGED_BY_RUNS, known.iter().filter(|changed| changed.is_so()))
}

/// Takes what the run of `attempt`, if that is given, and other runs changed in the home directory for a person's own, as it is now: later checks find it. Gives
/// the paths.
///
/// # Errors
/// If a file of ours cannot be read or written.
pub(crate) fn take_over(project: &Project, attempt: Option<ObjectId>) -> Result<Vec<PathBuf>> {
    let own_run = |attempt: ObjectId| since_written(project, &Private::of(&project.repo, &attempt).commondir);
    let mut hidden = attempt.map(own_run).unwrap_or_default();
    let _held = hold(project)?;
    hidden.extend(by_runs(project)?);
    let mut own = known(project, TAKEN_OVER)?;
    let new: BTreeSet<Changed> = hidden.iter().filter_map(|path| Changed::now(path)).collect();
    let new: Vec<Changed> = new.difference(&own).cloned().collect();
    if !new.is_empty() {
        own.extend(new.iter().cloned());
        write(project, TAKEN_OVER, own.iter().filter(|changed| changed.is_so()))?;
    }
    Ok(new.into_iter().map(|changed| changed.path).collect())
}

/// What runs changed in the home directory, is still as they left it, and no person took over.
///
/// # Errors
/// If a file that holds them cannot be read.
pub(super) fn by_runs(project: &Project) -> Result<Vec<PathBuf>> {
    let own = known(project, TAKEN_OVER)?;
    let changed = known(project, CHANGED_BY_RUNS)?.into_iter();
    Ok(changed.filter(|changed| !own.contains(changed) && changed.is_so()).map(|changed| changed.path).collect())
}

/// Keeps other processes from writing what is known.
fn hold(project: &Project) -> Result<Lockable> {
    let lock = project.private_dir("check")?.join(LOCK);
    let open = || local_file::open_with(&lock, File::options().create(true).append(true));
    let held = Lockable::from(fault::around("cache.lock", open).io("create", &lock)?);
    file_lock::lock(&held, &lock)?;
    Ok(held)
}

fn known(project: &Project, name: &str) -> Result<BTreeSet<Changed>> {
    let path = project.private_dir("check")?.join(name);
    let bytes = local_file::read(&path, MOST_CHANGED).io("read", &path)?.unwrap_or_default();
    // An earlier version wrote lines.
    let end = if bytes.contains(&0) { 0 } else { b'\n' };
    Ok(bytes.split(|byte| *byte == end).filter_map(Changed::read).collect())
}

fn write<'c>(project: &Project, name: &str, changed: impl Iterator<Item = &'c Changed>) -> Result<()> {
    let records: Vec<u8> = changed.flat_map(|changed| [changed.record(), vec![0]].concat()).collect();
    local_file::replace(&project.private_dir("check")?, name, &records)
}
