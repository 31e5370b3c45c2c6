//! Moving one ref by compare-and-swap, logged, and as durable as `core.fsync` asks.

use std::fs::File;

use gix::{
    ObjectId,
    refs::{
        FullName, Target,
        transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog},
    },
};

use super::Store;
use crate::error::{Error, IoContext, Result};

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
        match self.repo.try_find_reference(name)? {
            None => Ok(None),
            Some(found) => match found.target().try_id() {
                Some(id) => Ok(Some(id.to_owned())),
                None => Err(Error::fatal(
                    "symbolic-ref",
                    format!("'{name}' is a symbolic ref, which git-chant never makes"),
                )
                .hint(format!("look at it with 'git symbolic-ref {name}'"))),
            },
        }
    }

    /// Moves `name` from `old` to `new`, with a reflog entry whether or not the repository keeps reflogs.
    pub(super) fn swap(&self, name: &str, old: Option<ObjectId>, new: ObjectId, message: &str) -> Result<Moved> {
        let expected = match old {
            Some(id) => PreviousValue::MustExistAndMatch(Target::Object(id)),
            None => PreviousValue::MustNotExist,
        };
        let log = LogChange { mode: RefLog::AndReference, force_create_reflog: true, message: message.into() };
        self.transact(name, RefEdit::update_with_log(full(name)?, new, expected, log))
    }

    /// Deletes `name` if it still holds `old`.
    pub(super) fn remove(&self, name: &str, old: ObjectId) -> Result<Moved> {
        let expected = PreviousValue::MustExistAndMatch(Target::Object(old));
        self.transact(name, RefEdit::new(full(name)?, Change::Delete { expected, log: RefLog::AndReference }))
    }

    fn transact(&self, name: &str, edit: RefEdit) -> Result<Moved> {
        let committer = self
            .repo
            .committer()
            .transpose()
            .map_err(|error| Error::fatal("no-identity", error.to_string()))?
            .ok_or_else(|| Error::fatal("no-identity", "committer identity unknown"))?;
        let fail = gix::lock::acquire::Fail::AfterDurationWithBackoff(std::time::Duration::from_millis(100));
        let prepared = match self.repo.refs.transaction().prepare(Some(edit), fail, fail) {
            Ok(prepared) => prepared,
            Err(error) if error.is_conflict() || error.is_retryable() => return Ok(Moved::Busy),
            Err(error) => return Err(error.into()),
        };
        if self.settings.sync_refs {
            // The new value lies in the lock file now and is renamed into place next.
            let lock = self.repo.common_dir().join(format!("{name}.lock"));
            match File::open(&lock) {
                Ok(file) => file.sync_all().io("sync", &lock)?,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).io("open", &lock),
            }
        }
        match prepared.commit(committer) {
            Ok(_) => Ok(Moved::Yes),
            Err(error) if error.is_conflict() || error.is_retryable() => Ok(Moved::Busy),
            Err(error) => Err(error.into()),
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

fn full(name: &str) -> Result<FullName> {
    FullName::try_from(name).map_err(|error| Error::fatal("bad-ref", format!("'{name}' is not a ref name: {error}")))
}
