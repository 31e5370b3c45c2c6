//! Leases: a file an attempt that says who runs it, held by a lock that the kernel releases when that process is gone.
//!
//! A lease is a hint about life, never state. The lock is what counts, the text only tells who to look for. A file under
//! its final name is locked from the first moment: it is written and locked under another name, then renamed.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gix::ObjectId;
use serde::{Deserialize, Serialize};

use super::process::ProcessGroup;
pub(crate) use super::survivors::{Survivors, Traces, end_survivors, survivors};
use crate::domain::id::SpecId;
use crate::env::file_lock::{is_current, try_lock, try_lock_shared, unlock};
use crate::env::{fault, local_file, process_table};
use crate::error::{Error, IoContext, Kind, Result};

/// The version of the file format.
const FORMAT: u32 = 1;

/// What the names of temporary files begin with.
pub(crate) const TEMPORARY: &str = ".lease-";

/// A lease file is some hundred bytes; one that is larger is not ours.
const MOST: u64 = 64 * 1024;

/// How long a take-over waits for those who are only looking.
const LOOKERS: Duration = Duration::from_secs(2);

/// What a lease says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Info {
    /// The version of the file format: 1.
    pub format: u32,
    /// The process that runs the attempt.
    pub pid: u32,
    /// Clock ticks from boot to its start; Linux only.
    pub pid_start: Option<u64>,
    /// Which boot of which kernel that was; Linux only.
    pub boot: Option<String>,
    /// The pid namespace (`pid:[4026531836]`) that `pid` counts in; Linux only.
    pub pid_namespace: Option<String>,
    /// The name of the machine.
    pub host: String,
    /// The spec.
    #[serde(deserialize_with = "spec_id")]
    pub spec: SpecId,
    /// The worktree of the attempt.
    #[serde(with = "path_text")]
    pub worktree: PathBuf,
    /// When the run began, in seconds since 1970 UTC.
    pub started_at: i64,
    /// The agent, once it is there. Without one there never was any: it is recorded before it begins.
    pub agent: Option<ProcessGroup>,
    /// For a process that leaves the agent alone: when it tries again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try: Option<NextTry>,
}

/// When a process tries a spec again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NextTry {
    /// In seconds since 1970 UTC.
    pub at: i64,
    /// Which try that is, from 1.
    pub number: u32,
}

impl Info {
    /// This process, working `spec` in `worktree` since `started_at` (seconds since 1970 UTC).
    pub(crate) fn of_this_process(spec: SpecId, worktree: PathBuf, started_at: i64) -> Self {
        let pid = std::process::id();
        Info {
            format: FORMAT,
            pid,
            pid_start: process_table::one(pid).map(|process| process.start),
            boot: boot(),
            pid_namespace: pid_namespace(),
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            spec,
            worktree,
            started_at,
            agent: None,
            next_try: None,
        }
    }

    /// Whether the lease was written under the kernel that runs now, or may have been: `None`.
    pub(super) fn is_of_this_boot(&self) -> Option<bool> {
        Some(self.boot.as_ref()? == &boot()?)
    }

    fn read(file: &File) -> Result<Self, String> {
        let mut text = Vec::new();
        file.take(MOST).read_to_end(&mut text).map_err(|error| error.to_string())?;
        let info: Info = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        if info.format == FORMAT { Ok(info) } else { Err(format!("its format is {}", info.format)) }
    }
}

/// An attempt that this process runs. Dropped without [`Lease::release`], the file stays and says that the run is dead.
#[derive(Debug)]
pub(crate) struct Lease {
    path: PathBuf,
    info: Info,
    /// Holds the lock. Opened close-on-exec: the lock dies with this process, not with its children.
    file: File,
}

impl Lease {
    /// Takes the lease of `attempt` in `dir` (made if absent). That of a dead run is taken over. Gives [`Busy`] if the attempt is being
    /// run.
    pub(crate) fn acquire(dir: &Path, attempt: &gix::oid, info: Info) -> Result<Result<Self, Busy>> {
        fault::around("dir.make", || local_file::make_dir(dir)).io("create", dir)?;
        let path = dir.join(attempt.to_string());
        loop {
            let fresh = locked(dir, &info)?;
            match fault::around("lease.take", || fresh.persist_noclobber(&path)) {
                Ok(file) => return Ok(Ok(Lease { path, info, file })),
                Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.error).io("create", &path),
            }
            // Held until the new file is in its place, so that only one can take over.
            let _dead = match lock_dead(&path)? {
                Ok(Some(dead)) => dead,
                Ok(None) => continue,
                Err(busy) => return Ok(Err(busy)),
            };
            let fresh = locked(dir, &info)?;
            let file = fault::around("lease.take", || fresh.persist(&path))
                .map_err(|error| error.error)
                .io("replace", &path)?;
            return Ok(Ok(Lease { path, info, file }));
        }
    }

    /// Writes down the agent's process group; to be called before the agent does anything.
    pub(crate) fn record_agent(&mut self, agent: &ProcessGroup) -> Result<()> {
        let info = Info { agent: Some(agent.clone()), ..self.info.clone() };
        let dir = self.path.parent().unwrap_or(Path::new("."));
        // Two locked files for a moment; the old lock goes when the new file is what the name means.
        let fresh = locked(dir, &info)?;
        self.file = fault::around("lease.record", || fresh.persist(&self.path))
            .map_err(|error| error.error)
            .io("replace", &self.path)?;
        self.info = info;
        Ok(())
    }

    /// What the lease says.
    pub(crate) fn info(&self) -> &Info {
        &self.info
    }

    /// Removes the file, then lets go of the lock.
    pub(crate) fn release(self) -> Result<()> {
        if !is_current(&self.file, &self.path)? {
            return Ok(());
        }
        fault::around("lease.release", || std::fs::remove_file(&self.path)).io("remove", &self.path)
    }
}

/// The attempt is being run by another process; by which, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Busy(pub String);

impl Busy {
    /// The holder of the lease in `file`.
    fn of(file: &File) -> Busy {
        let holder = match Info::read(file) {
            Ok(info) => format!("process {} on '{}'", info.pid, crate::terminal::sanitize::line(&info.host)),
            Err(_) => "another process".to_owned(),
        };
        Busy(format!("the attempt is being run by {holder}"))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        unlock(&self.file);
    }
}

/// Whether an attempt is being run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// The lock is held.
    Running(Info),
    /// The process is gone without having said how it ended.
    Dead(Info),
    /// There is no lease, or nothing can be told from it: then why.
    Unknown(Option<String>),
}

impl Life {
    /// Looks at the lease of `attempt` in `dir`.
    pub(crate) fn of(dir: &Path, attempt: &gix::oid) -> Result<Self> {
        let path = dir.join(attempt.to_string());
        loop {
            let file = match local_file::open(&path) {
                Ok(Some(file)) => file,
                Ok(None) => return Ok(Life::Unknown(None)),
                Err(error) => return Ok(Life::Unknown(Some(format!("'{}' cannot be read: {error}", path.display())))),
            };
            // Shared, so that two who look don't take each other for the holder.
            let held = !try_lock_shared(&file, &path)?;
            if !is_current(&file, &path)? {
                continue;
            }
            let unclear = |why: String| Life::Unknown(Some(why));
            return Ok(match (Info::read(&file), held) {
                (Ok(info), true) => Life::Running(info),
                (Ok(info), false) if elsewhere(&info) => unclear(format!("it was taken on '{}'", info.host)),
                (Ok(info), false) => Life::Dead(info),
                (Err(why), true) => unclear(format!("'{}' is held, and unreadable: {why}", path.display())),
                (Err(why), false) => unclear(format!("'{}' is unreadable: {why}", path.display())),
            });
        }
    }
}

/// The attempts that have a lease file in `dir`, sorted.
pub(crate) fn list(dir: &Path) -> Result<Vec<ObjectId>> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).io("read", dir),
    };
    let mut attempts = Vec::new();
    for entry in entries {
        let name = entry.io("read", dir)?.file_name();
        attempts.extend(ObjectId::from_hex(name.as_encoded_bytes()));
    }
    attempts.sort();
    Ok(attempts)
}

/// Removes the lease of a dead run. One that is held stays: `false`.
pub(crate) fn forget(dir: &Path, attempt: &gix::oid) -> Result<bool> {
    let path = dir.join(attempt.to_string());
    match lock_dead(&path)? {
        Ok(Some(_dead)) => {
            fault::around("lease.forget", || std::fs::remove_file(&path)).io("remove", &path).map(|()| true)
        }
        Ok(None) => Ok(true),
        Err(_) => Ok(false),
    }
}

/// A new file in `dir`, under a name that is no attempt's, written and locked.
fn locked(dir: &Path, info: &Info) -> Result<tempfile::NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(dir).io("create a file in", dir)?;
    let path = file.path().to_owned();
    if !try_lock(file.as_file(), &path)? {
        return Err(Error::fatal(Kind::LeaseHeld, format!("'{}' was locked by another process", path.display())));
    }
    let mut text = serde_json::to_string(info).expect("strings, numbers and bytes are JSON");
    text.push('\n');
    file.write_all(text.as_bytes()).io("write", &path)?;
    // An empty file after a power cut would be a lease that says nothing.
    file.as_file().sync_data().io("write", &path)?;
    Ok(file)
}

/// The lease of a dead run, locked for this process; `None` if it has just gone, [`Busy`] if the run is alive.
fn lock_dead(path: &Path) -> Result<Result<Option<File>, Busy>> {
    let begun = Instant::now();
    loop {
        let file = match local_file::open_with(path, File::options().read(true).write(true)) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Ok(None)),
            Err(error) => return Err(error).io("open", path),
        };
        let held = !try_lock_shared(&file, path)?;
        if held && is_current(&file, path)? {
            return Ok(Err(Busy::of(&file)));
        }
        // From shared to exclusive: fails while others look.
        if !held && try_lock(&file, path)? {
            if is_current(&file, path)? {
                return Ok(Ok(Some(file)));
            }
        } else if begun.elapsed() > LOOKERS {
            return Ok(Err(Busy::of(&file)));
        }
        drop(file);
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a free lock may only mean that we can't see it: another machine, over a network disk. One boot is one kernel, whatever
/// it is called in a container; a name that comes back after another boot is this machine, restarted.
fn elsewhere(info: &Info) -> bool {
    let host = rustix::system::uname();
    info.is_of_this_boot() != Some(true) && info.host.as_bytes() != host.nodename().to_bytes()
}

/// Which boot of the kernel this is; Linux only.
pub(super) fn boot() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}

/// Our pid namespace, in which pids and `/proc` are counted.
pub(super) fn pid_namespace() -> Option<String> {
    Some(std::fs::read_link("/proc/self/ns/pid").ok()?.to_string_lossy().into_owned())
}

fn spec_id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SpecId, D::Error> {
    SpecId::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

/// A path as a string, or as its bytes where it is not Unicode, for serde.
pub(crate) mod path_text {
    use std::ffi::OsString;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    use std::path::{Path, PathBuf};

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Text {
        Unicode(PathBuf),
        Bytes(Vec<u8>),
    }

    pub(crate) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        match path.to_str() {
            Some(text) => serializer.serialize_str(text),
            None => path.as_os_str().as_bytes().serialize(serializer),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        Ok(match Text::deserialize(deserializer)? {
            Text::Unicode(path) => path,
            Text::Bytes(bytes) => OsString::from_vec(bytes).into(),
        })
    }
}
