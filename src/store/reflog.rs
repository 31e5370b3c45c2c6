//! Finds and mends what a crash did to the ref of a chain, or to its log. What is worth mending is decided by `fsck`.

use std::{
    collections::{BTreeSet, HashSet},
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::PathBuf,
};

use gix::ObjectId;

use super::{MAX_EVENT_LEN, Store, decode};
use crate::{
    domain::{event::Event, id::SpecId},
    env::fault,
    error::{Error, IoContext, Kind, Result},
};

/// How much of the end of a log is read, in bytes: its last lines.
const LOG_END: u64 = 64 << 10;

/// A value that a ref held, from its reflog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReflogEntry {
    /// The id.
    pub id: ObjectId,
    /// Whether git put it there by itself, in a fetch, a pull or a push.
    pub exchanged: bool,
}

impl Store<'_> {
    /// Whether the chain of a spec has a log.
    pub fn has_log(&self, spec: &SpecId) -> bool {
        self.log_path(spec).is_file()
    }

    /// Begins a log for a chain that has none, with what the ref holds. (To move the ref to where it is would log nothing.)
    pub fn begin_log(&self, spec: &SpecId) -> Result<()> {
        let Some(tip) = self.ref_tip(spec)? else { return Ok(()) };
        let path = self.log_path(spec);
        if let Some(dir) = path.parent() {
            fault::around("dir.make", || std::fs::create_dir_all(dir)).io("create", dir)?;
        }
        let mut line = format!("{} {tip} ", tip.kind().null()).into_bytes();
        let committer = self.repo.committer().transpose().map_err(|error| no_identity(&error.to_string()))?;
        let committer = committer.ok_or_else(|| no_identity("committer identity unknown"))?;
        committer.to_owned()?.write_to(&mut line).io("write", &path)?;
        line.extend_from_slice(b"\tchant: fsck\n");
        match fault::around("log.begin", || File::create_new(&path)) {
            Ok(mut log) => log.write_all(&line).and_then(|()| log.sync_all()).io("write", &path),
            // Another process moved the chain, and began the log.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error).io("create", &path),
        }
    }

    /// The newest event of a spec that the log of its ref names and that is there.
    pub fn last_logged(&self, spec: &SpecId) -> Result<Option<ObjectId>> {
        for ReflogEntry { id, .. } in self.logged(spec)? {
            if self.repo.try_find_header(id)?.is_some() && self.event(spec, id)?.is_ok() {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// The values of a spec's ref by its log, the newest first, as far back as the end of a long log goes.
    pub fn logged(&self, spec: &SpecId) -> Result<Vec<ReflogEntry>> {
        let path = self.log_path(spec);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).io("open", &path),
        };
        let len = file.metadata().io("read", &path)?.len();
        file.seek(SeekFrom::Start(len.saturating_sub(LOG_END))).io("read", &path)?;
        let mut end = Vec::new();
        file.take(LOG_END).read_to_end(&mut end).io("read", &path)?;
        Ok(end.rsplit(|byte| *byte == b'\n').filter_map(logged).collect())
    }

    /// The events of these specs that lie among the objects, in a chain or not. All objects are gone through.
    pub fn events_among_objects(&self, specs: &BTreeSet<SpecId>) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut seen = HashSet::new();
        for id in self.repo.objects.iter()? {
            let id = id.map_err(gix::Error::from_error)?;
            // A damaged object is for 'git fsck' to name.
            let Ok(Some(header)) = self.repo.try_find_header(id) else { continue };
            if header.kind() != gix::objs::Kind::Commit || header.size() > MAX_EVENT_LEN as u64 || !seen.insert(id) {
                continue;
            }
            if let Ok(Some(object)) = self.repo.try_find_object(id)
                && let Ok(event) = decode(id, &object.data)
                && specs.contains(&event.spec)
            {
                events.push(event);
            }
        }
        Ok(events)
    }

    /// Lets a ref whose file holds no id point at the newest event that its log names. Returns whether it did: a ref that
    /// holds an id, or that leads elsewhere, stays as it is.
    ///
    /// git and gix refuse to move such a ref. The file is replaced under git's own lock for it.
    pub fn reconnect(&self, spec: &SpecId) -> Result<bool> {
        let name = Self::ref_name(spec);
        let path = self.repo.common_dir().join(&name);
        let lock = self.repo.common_dir().join(format!("{name}.lock"));
        let mut held = match fault::around("ref.lock", || File::create_new(&lock)) {
            Ok(held) => held,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Err(self.busy(&name)),
            Err(error) => return Err(error).io("create", &lock),
        };
        let mended = self.replace(spec, &path, &lock, &mut held);
        if !matches!(mended, Ok(true)) {
            fault::around("lock.drop", || std::fs::remove_file(&lock)).io("remove", &lock)?;
        }
        mended
    }

    fn replace(&self, spec: &SpecId, path: &PathBuf, lock: &PathBuf, held: &mut File) -> Result<bool> {
        let now = std::fs::read(path).io("read", path)?;
        if now.starts_with(b"ref:") || self.ref_tip(spec).is_ok() {
            return Ok(false);
        }
        let Some(event) = self.last_logged(spec)? else { return Ok(false) };
        writeln!(held, "{event}").and_then(|()| held.sync_all()).io("write", lock)?;
        fault::around("ref.mend", || std::fs::rename(lock, path)).io("replace", path)?;
        Ok(true)
    }

    fn log_path(&self, spec: &SpecId) -> PathBuf {
        self.repo.common_dir().join("logs").join(Self::ref_name(spec))
    }
}

/// One line of a log. One that a crash cut short, or filled with zeros, names nothing.
fn logged(line: &[u8]) -> Option<ReflogEntry> {
    let id = ObjectId::from_hex(line.split(|byte| *byte == b' ').nth(1)?).ok().filter(|id| !id.is_null())?;
    let message = line.splitn(2, |byte| *byte == b'\t').nth(1).unwrap_or_default();
    let exchanged = [&b"fetch"[..], b"pull", b"push"].iter().any(|verb| message.starts_with(verb));
    Some(ReflogEntry { id, exchanged })
}

fn no_identity(why: &str) -> Error {
    Error::fatal(Kind::NoIdentity, why)
}
