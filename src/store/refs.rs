//! The refs of the store: read, listed, and moved by the one compare-and-swap of [`reference`](mod@reference), always logged.

use std::{
    fs::File,
    time::{Duration, Instant},
};

use gix::{
    ObjectId,
    refs::{FullName, Target},
};

use super::Store;
use crate::{
    domain::digest::{base64, sha256},
    error::{Error, IoContext, Kind, Result},
    git::{
        lookup,
        reference::{self, Attempt, RefUpdate, Swap, Swapped},
        stale_lock,
    },
};

/// Refs below a namespace, sorted by their names without it, with their targets; no target for a symbolic or broken ref.
pub(crate) type RefList = Vec<(String, Option<ObjectId>)>;

/// What tells refs from others, by their names and ids.
pub(crate) fn fingerprint(refs: &RefList) -> String {
    let mut text = String::new();
    for (name, id) in refs {
        text.extend([name, " ", &id.map(|id| id.to_string()).unwrap_or_default(), "\n"]);
    }
    base64(&sha256(text.as_bytes()))
}

/// How many refs are changed at once, at most: git holds a lock file for each.
const MAX_UPDATED: usize = 200;

/// How an attempt to move a ref ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// It holds the new id.
    Yes,
    /// Another process was faster, or holds the lock: read again and decide again.
    Busy,
}

impl Store<'_> {
    /// The id in a ref. A symbolic ref in our namespaces is not ours: it could lead anywhere.
    pub(super) fn ref_target(&self, name: &str) -> Result<Option<ObjectId>> {
        match lookup::target(self.repo, full(name)?.as_ref())? {
            None => Ok(None),
            Some(Target::Object(id)) => Ok(Some(id)),
            Some(Target::Symbolic(_)) => {
                Err(Error::fatal(Kind::SymbolicRef, format!("'{name}' is a symbolic ref, which git-chant never makes"))
                    .hint(format!("look at it with 'git symbolic-ref {name}'")))
            }
        }
    }

    /// Every ref below `prefix`, its name without it, sorted; no target if it is symbolic or broken.
    pub(super) fn listed(&self, prefix: &str) -> Result<RefList> {
        lookup::below(self.repo, prefix)
    }

    /// Moves `name` from `old` to `new`, with a reflog entry whether or not the repository keeps reflogs.
    pub(super) fn swap(&self, name: &str, old: Option<ObjectId>, new: ObjectId, message: &str) -> Result<Moved> {
        self.attempt(name, old, Some(new), message)
    }

    /// Deletes `name` if it still holds `old`.
    pub(super) fn remove(&self, name: &str, old: ObjectId) -> Result<Moved> {
        self.attempt(name, Some(old), None, "chant: delete")
    }

    /// Changes each of these refs that still has the id that it must have. Returns for each whether it was. Many at once, since the file of
    /// packed refs is locked, and for a deletion written anew, each time.
    pub(super) fn update_each(&self, updates: &[RefUpdate], message: &str) -> Result<Vec<bool>> {
        let mut done = Vec::new();
        for chunk in updates.chunks(MAX_UPDATED) {
            done.extend(self.update_some(chunk, message)?);
        }
        Ok(done)
    }

    fn update_some(&self, updates: &[RefUpdate], message: &str) -> Result<Vec<bool>> {
        if let [RefUpdate { name, old, new }] = updates {
            return Ok(vec![self.attempt(name, *old, *new, message)? == Moved::Yes]);
        }
        if updates.is_empty() || reference::update_all(self.repo, updates, message)? {
            return Ok(vec![true; updates.len()]);
        }
        // One of them moved, or is locked: the others can change.
        let (some, others) = updates.split_at(updates.len() / 2);
        Ok([self.update_some(some, message)?, self.update_some(others, message)?].concat())
    }

    fn attempt(&self, name: &str, expected: Option<ObjectId>, new: Option<ObjectId>, message: &str) -> Result<Moved> {
        let committer = match &self.logger {
            Some(logger) => logger(),
            None => self.people()?.1,
        };
        let name = full(name)?;
        let swap = Swap { name: name.as_ref(), expected, new, message, force_log: true };
        match reference::attempt(self.repo, &swap, &committer, self.settings.sync_refs)? {
            Attempt::Swapped(Swapped::Done) => Ok(Moved::Yes),
            Attempt::Swapped(Swapped::Differs(_)) => Ok(Moved::Busy),
            Attempt::Busy(_) => {
                // Every ref that the store writes is ours: a lock on it that a dead process left can go.
                reference::clear_locks(self.repo, name.as_ref())?;
                Ok(Moved::Busy)
            }
        }
    }

    /// Tries to move the ref `name` until another process no longer gets in the way, for as long as the store's patience lasts.
    ///
    /// `step` reads, decides and tries once; it answers `None` where the ref was busy, and then reads and decides again.
    ///
    /// # Errors
    /// The errors of `step`, and `busy` at the end of the patience.
    pub(super) fn retry<T, E: From<Error>>(
        &self,
        name: &str,
        mut step: impl FnMut() -> Result<Option<T>, E>,
    ) -> Result<T, E> {
        let started = Instant::now();
        for tries in 1.. {
            if let Some(done) = step()? {
                return Ok(done);
            }
            if started.elapsed() >= self.settings.patience {
                break;
            }
            std::thread::sleep(backoff(tries)?);
        }
        Err(self.busy(name).into())
    }

    /// The error for a ref that could not be moved for as long as the store's patience lasts.
    pub(super) fn busy(&self, name: &str) -> Error {
        let locks = ["packed-refs", name].map(|name| self.repo.common_dir().join(format!("{name}.lock")));
        match locks.iter().find(|path| path.exists()) {
            Some(path) => {
                let error = Error::fatal(Kind::Busy, format!("could not update '{name}': '{}' exists", path.display()));
                match stale_lock::inspect(self.repo.common_dir(), path, Duration::ZERO) {
                    Ok(Some(stale_lock::LockFile { owner: stale_lock::Owner::Possible(who), .. })) => {
                        error.hint(format!("{who} may hold it; if no process runs there, remove the file"))
                    }
                    _ => error.hint("another process is running; try again"),
                }
            }
            None => Error::fatal(Kind::Busy, format!("cannot update '{name}': other processes keep changing it"))
                .hint("try again"),
        }
    }

    /// Syncs loose objects that were just written, if `core.fsync` asks for it, before a ref points at them.
    pub(super) fn sync_objects(&self, ids: &[ObjectId]) -> Result<()> {
        if !self.settings.sync_objects {
            return Ok(());
        }
        for id in ids {
            let hex = id.to_string();
            let path = self.repo.objects.store_ref().path().join(&hex[..2]).join(&hex[2..]);
            match File::open(&path) {
                Ok(file) => file.sync_all().io("sync", &path)?,
                // It was there already, in a pack.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).io("open", &path),
            }
        }
        Ok(())
    }
}

/// How long to wait after so many tries: longer each time, and different for each process.
fn backoff(tries: u64) -> Result<Duration> {
    let [chance] = crate::env::random_bytes::<1>()?;
    Ok(Duration::from_micros((u64::from(chance) + 1) * 20 * tries.min(50)))
}

fn full(name: &str) -> Result<FullName> {
    FullName::try_from(name).map_err(|error| Error::fatal(Kind::BadRef, format!("'{name}' is not a ref name: {error}")))
}
