//! The store: one event chain a spec under `refs/chant/specs/`. No other room writes refs of git-chant.
//!
//! [`Store::append`] is the only way in: it folds what is there, lets the transition table decide, writes the objects, and
//! moves the ref by compare-and-swap. Reading never writes.

mod append;
pub(crate) mod archive;
mod archive_merge;
pub(crate) mod attempts;
mod backfill;
mod chain;
mod codec;
mod evidence;
mod merge_event;
mod notes;
mod notes_merge;
mod purge;
mod reflog;
pub(crate) mod refs;
pub(crate) mod sync_branch;
pub(crate) mod tracking;
mod up_to_date;

#[cfg(test)]
mod tests;

use std::time::Duration;

use gix::{
    ObjectId,
    actor::{Signature, SignatureRef},
    date::parse::TimeBuf,
    objs::Commit,
};

pub use append::{Addition, Refusal};
pub(crate) use append::{Appended, Decision};
pub(crate) use backfill::PastEvent;
pub(crate) use chain::Walk;
pub(crate) use codec::{Invalid, MAX_EVENT_LEN, decode, encode, merge_event};
pub use evidence::Evidence;
pub(crate) use evidence::File;
pub(crate) use notes::NOTES_REF;

use crate::{
    domain::{event::Op, id::SpecId},
    error::{Error, Kind, Result},
    git::object::patiently,
};

/// The namespace of the chains.
pub(crate) const SPECS: &str = "refs/chant/specs/";

/// How the store writes; made from configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name of this clone, put into each event.
    pub clone: String,
    /// How long an append tries against others.
    pub patience: Duration,
    /// Whether `core.fsync` asks for loose objects to be synced.
    pub sync_objects: bool,
    /// Whether `core.fsync` asks for refs to be synced.
    pub sync_refs: bool,
}

/// The author and the committer of what is written next, with the time now.
pub(crate) type People<'repo> = Box<dyn Fn() -> Result<(Signature, Signature)> + 'repo>;

/// Puts signatures on events.
pub trait EventSigner {
    /// The commit of an event as it is to be written: signed, or as it came.
    ///
    /// # Errors
    /// If it cannot be signed. Nothing has moved then.
    fn sign(&self, op: &Op, event: Commit) -> Result<Commit>;

    /// Looks at an event that exists as an object, before a ref points at it.
    ///
    /// # Errors
    /// If it would not count here.
    fn check(&self, op: &Op, event: ObjectId) -> Result<()>;
}

/// The event store of one repository.
pub struct Store<'repo> {
    repo: &'repo gix::Repository,
    settings: Settings,
    people: Option<People<'repo>>,
    /// Whom the logs of refs name.
    logger: Option<Box<dyn Fn() -> Signature + 'repo>>,
    seal: Option<Box<dyn EventSigner + 'repo>>,
}

impl<'repo> Store<'repo> {
    /// The store of `repo`.
    pub fn new(repo: &'repo gix::Repository, settings: Settings) -> Self {
        Store { repo, settings, people: None, logger: None, seal: None }
    }

    /// This store, made to ask `people` before each write.
    ///
    /// Without it, the people are those that gix knows, and the time is the one at which the repository was opened: an agent
    /// that works for two hours would finish when it began.
    #[must_use]
    pub fn written_by(self, people: People<'repo>) -> Self {
        Store { people: Some(people), ..self }
    }

    /// This store, made to name `logger` in the logs of refs: to move one needs no identity, as in git.
    #[must_use]
    pub(crate) fn logged_by(self, logger: Box<dyn Fn() -> Signature + 'repo>) -> Self {
        Store { logger: Some(logger), ..self }
    }

    /// This store, made to sign its events as `seal` says. A store without one signs none.
    #[must_use]
    pub fn signed_by(self, seal: Box<dyn EventSigner + 'repo>) -> Self {
        Store { seal: Some(seal), ..self }
    }

    fn people(&self) -> Result<(Signature, Signature)> {
        if let Some(people) = &self.people {
            return people();
        }
        let known = |found: Option<std::result::Result<SignatureRef<'_>, _>>| {
            found
                .transpose()
                .map_err(|error| Error::fatal(Kind::NoIdentity, format!("{error}")))?
                .ok_or_else(|| Error::fatal(Kind::NoIdentity, "identity unknown: please tell me who you are"))?
                .to_owned()
                .map_err(|error| Error::fatal(Kind::NoIdentity, error.to_string()))
        };
        Ok((known(self.repo.author())?, known(self.repo.committer())?))
    }

    /// Writes a commit of ours; no ref is moved.
    fn write_commit(&self, message: String, tree: ObjectId, parents: Vec<ObjectId>) -> Result<ObjectId> {
        let people = self.people()?;
        self.write_commit_of(people, message, tree, parents)
    }

    fn write_commit_of(
        &self,
        (author, committer): (Signature, Signature),
        message: String,
        tree: ObjectId,
        parents: Vec<ObjectId>,
    ) -> Result<ObjectId> {
        let (mut author_time, mut committer_time) = (TimeBuf::default(), TimeBuf::default());
        let (committer, author) = (committer.to_ref(&mut committer_time), author.to_ref(&mut author_time));
        patiently(|| Ok(self.repo.new_commit_as(committer, author, &message, tree, parents.iter().copied())?.id))
    }

    /// Writes the commit of an event, signed if the seal says so; no ref is moved.
    fn write_event_commit(
        &self,
        op: &Op,
        message: String,
        tree: ObjectId,
        parents: Vec<ObjectId>,
        past: Option<&Signature>,
    ) -> Result<ObjectId> {
        let (author, committer) = match past {
            Some(past) => (past.clone(), past.clone()),
            None => self.people()?,
        };
        let Some(seal) = &self.seal else { return self.write_commit_of((author, committer), message, tree, parents) };
        let commit = Commit {
            tree,
            parents: parents.into(),
            author,
            committer,
            encoding: None,
            message: message.into(),
            extra_headers: Vec::new(),
        };
        let commit = seal.sign(op, commit)?;
        let id = patiently(|| Ok(self.repo.write_object(&commit)?.detach()))?;
        seal.check(op, id)?;
        Ok(id)
    }

    /// The ref of a spec's chain. Computed from the id, never taken from an event.
    pub fn ref_name(id: &SpecId) -> String {
        format!("{SPECS}{id}")
    }

    /// The id of a blob with `bytes`, without writing it.
    pub fn blob_id(&self, bytes: &[u8]) -> ObjectId {
        gix::objs::compute_hash(self.repo.object_hash(), gix::objs::Kind::Blob, bytes)
            .expect("hashing bytes in memory cannot fail")
    }
}
