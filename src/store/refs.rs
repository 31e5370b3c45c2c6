//! Moving one ref by compare-and-swap, logged, and as durable as `core.fsync` asks.

use std::{fs::File, path::PathBuf};

use gix::{
    ObjectId,
    refs::{
        FullName, Target,
        file::find::ReferenceDecode,
        store::WriteReflog,
        transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog},
    },
};

use super::Store;
use crate::{
    error::{Error, IoContext, Result},
    git::reference,
};

/// How many refs are deleted at once, at most: a lock file is held for each.
const MAX_REMOVED: usize = 200;

/// How an attempt to move a ref ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// It holds the new id.
    Yes,
    /// Somebody else was faster, or holds the lock: read again and decide again.
    Busy,
}

impl Store<'_> {
    /// What a ref holds. A symbolic ref in our namespaces is not ours: it could lead anywhere.
    pub(super) fn ref_target(&self, name: &str) -> Result<Option<ObjectId>> {
        match reference::target(self.repo, full(name)?.as_ref())? {
            None => Ok(None),
            Some(Target::Object(id)) => Ok(Some(id)),
            Some(Target::Symbolic(_)) => {
                Err(Error::fatal("symbolic-ref", format!("'{name}' is a symbolic ref, which git-chant never makes"))
                    .hint(format!("look at it with 'git symbolic-ref {name}'")))
            }
        }
    }

    /// Every ref below `prefix`, its name without it; no target if it is symbolic or broken.
    pub(super) fn listed(&self, prefix: &str) -> Result<Vec<(String, Option<ObjectId>)>> {
        let packed =
            || std::fs::metadata(self.repo.common_dir().join("packed-refs")).map(|m| (m.modified().ok(), m.len()));
        let mut rounds = 0;
        loop {
            rounds += 1;
            let last = rounds == 5;
            let before = packed().ok();
            match self.list_once(prefix) {
                // Refs that were packed meanwhile may be missing.
                Ok(list) if last || before == packed().ok() => return Ok(list),
                Err(error) if last || !passing(&error) => return Err(error.into()),
                _ => {}
            }
        }
    }

    fn list_once(&self, prefix: &str) -> Result<Vec<(String, Option<ObjectId>)>, gix::Error> {
        reference::refresh(self.repo);
        let platform = self.repo.references()?;
        let mut list = Vec::new();
        for reference in platform.prefixed(prefix)? {
            let (name, target) = match reference {
                Ok(found) => (found.name().as_bstr().to_string(), found.target().try_id().map(ToOwned::to_owned)),
                Err(error) => match broken(&error) {
                    Some(name) => (name, None),
                    None => return Err(error),
                },
            };
            if let Some(name) = name.strip_prefix(prefix) {
                list.push((name.to_owned(), target));
            }
        }
        Ok(list)
    }

    /// Moves `name` from `old` to `new`, with a reflog entry whether or not the repository keeps reflogs.
    pub(super) fn swap(&self, name: &str, old: Option<ObjectId>, new: ObjectId, message: &str) -> Result<Moved> {
        let expected = match old {
            Some(id) => PreviousValue::MustExistAndMatch(Target::Object(id)),
            None => PreviousValue::MustNotExist,
        };
        let log = LogChange { mode: RefLog::AndReference, force_create_reflog: true, message: message.into() };
        self.transact(name, old, RefEdit::update_with_log(full(name)?, new, expected, log))
    }

    /// Deletes `name` if it still holds `old`.
    pub(super) fn remove(&self, name: &str, old: ObjectId) -> Result<Moved> {
        let expected = PreviousValue::MustExistAndMatch(Target::Object(old));
        self.transact(
            name,
            Some(old),
            RefEdit::new(full(name)?, Change::Delete { expected, log: RefLog::AndReference }),
        )
    }

    /// Deletes each of these refs that still holds what is said; tells of each whether it is gone. Many at once, since the file of
    /// packed refs is written anew each time.
    pub(super) fn remove_each(&self, refs: &[(String, ObjectId)]) -> Result<Vec<bool>> {
        if refs.len() > MAX_REMOVED {
            let mut gone = Vec::new();
            for chunk in refs.chunks(MAX_REMOVED) {
                gone.extend(self.remove_each(chunk)?);
            }
            return Ok(gone);
        }
        let mut held = Vec::new();
        for (name, old) in refs {
            held.push(self.ref_target(name)? == Some(*old));
        }
        let wanted: Vec<_> = refs.iter().zip(&held).filter(|(_, held)| **held).map(|(one, _)| one).collect();
        let mut edits = Vec::new();
        for (name, old) in &wanted {
            let expected = PreviousValue::MustExistAndMatch(Target::Object(*old));
            edits.push(RefEdit::new(full(name)?, Change::Delete { expected, log: RefLog::AndReference }));
        }
        let expected: Vec<_> = wanted.iter().map(|(name, old)| (name.as_str(), Some(*old))).collect();
        if edits.is_empty() || self.transact_all(&expected, edits)? == Moved::Yes {
            return Ok(held);
        }
        // One of them moved, or is locked: the others can go.
        if refs.len() == 1 {
            return Ok(vec![false]);
        }
        let (some, others) = refs.split_at(refs.len() / 2);
        Ok([self.remove_each(some)?, self.remove_each(others)?].concat())
    }

    fn transact(&self, name: &str, old: Option<ObjectId>, edit: RefEdit) -> Result<Moved> {
        self.transact_all(&[(name, old)], vec![edit])
    }

    /// Carries out all edits or none; `expected` says what each of their refs holds before.
    fn transact_all(&self, expected: &[(&str, Option<ObjectId>)], edits: Vec<RefEdit>) -> Result<Moved> {
        let (_, committer) = self.people()?;
        reference::refresh(self.repo);
        let fail = gix::lock::acquire::Fail::AfterDurationWithBackoff(std::time::Duration::from_millis(100));
        // A bare repository, or one with core.logAllRefUpdates=false, keeps no reflog even of refs that ask for one.
        let mut refs = self.repo.refs.clone();
        refs.write_reflog = WriteReflog::Normal;
        let prepared = match refs.transaction().prepare(edits, fail, fail) {
            Ok(prepared) => prepared,
            Err(error) if passing(&error) => {
                return match expected.iter().find_map(|(name, _)| self.in_the_way(name)) {
                    Some(error) => Err(error),
                    None => Ok(Moved::Busy),
                };
            }
            Err(error) => return Err(error.into()),
        };
        // If there were no packed refs before the lock was taken, it was compared with the loose file alone.
        for (name, old) in expected {
            if self.ref_target(name)? != *old {
                return Ok(Moved::Busy);
            }
        }
        if self.settings.sync_refs {
            // The new value lies in the lock file now and is renamed into place next.
            for (name, _) in expected {
                let lock = self.lock_path(name);
                match File::open(&lock) {
                    Ok(file) => file.sync_all().io("sync", &lock)?,
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error).io("open", &lock),
                }
            }
        }
        let mut time = gix::date::parse::TimeBuf::default();
        match prepared.commit(committer.to_ref(&mut time)) {
            Ok(_) => Ok(Moved::Yes),
            Err(error) if passing(&error) => Ok(Moved::Busy),
            Err(error) => Err(error.into()),
        }
    }

    fn lock_path(&self, name: &str) -> PathBuf {
        self.repo.common_dir().join(format!("{name}.lock"))
    }

    /// The error for a ref that lies where a directory would have to be.
    fn in_the_way(&self, name: &str) -> Option<Error> {
        let mut above = name.match_indices('/').map(|(at, _)| &name[..at]);
        let found = above.find(|above| self.repo.common_dir().join(above).is_file())?;
        let error = Error::fatal("ref-in-the-way", format!("could not update '{name}': there is a ref '{found}'"));
        Some(error.hint(format!("to delete it: git update-ref -d {found}")))
    }

    /// The error for a ref that could not be moved for as long as the store's patience lasts.
    pub(super) fn busy(&self, name: &str) -> Error {
        let locks = [self.lock_path(name), self.lock_path("packed-refs")];
        match locks.iter().find(|lock| lock.exists()) {
            Some(lock) => Error::fatal("busy", format!("could not update '{name}': '{}' exists", lock.display())).hint(
                "another process may be at work; if none is, it was left behind by one that died: remove the file",
            ),
            None => {
                Error::fatal("busy", format!("could not update '{name}': others keep writing to it")).hint("try again")
            }
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

/// The name of a ref whose file holds no ref.
fn broken(error: &gix::Error) -> Option<String> {
    let found = error.downcast_any_ref::<ReferenceDecode>()?;
    found.relative_path.to_str().map(str::to_owned)
}

/// Whether an error may be over at the next try: somebody else was faster or holds the lock, or whoever packs refs took a
/// file or an empty directory away, or put it back, between two of our steps. (Where a directory vanishes right after it was
/// found to exist, gix says that it is none.)
fn passing(error: &gix::Error) -> bool {
    use std::io::ErrorKind::{AlreadyExists, NotADirectory, NotFound};
    let io = error.downcast_any_ref::<std::io::Error>().map(std::io::Error::kind);
    let vanished = matches!(io, Some(AlreadyExists | NotADirectory | NotFound));
    vanished || error.is_conflict() || error.is_retryable() || error.is_not_found()
}

fn full(name: &str) -> Result<FullName> {
    FullName::try_from(name).map_err(|error| Error::fatal("bad-ref", format!("'{name}' is not a ref name: {error}")))
}
