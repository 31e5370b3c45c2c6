//! The store: one event chain a spec under `refs/chant/specs/`. Nobody else writes our refs.
//!
//! [`Store::append`] is the only way in: it folds what is there, lets the transition table decide, writes the objects, and
//! moves the ref by compare-and-swap. Reading never writes.

mod append;
pub mod attempts;
mod codec;
mod evidence;
mod join;
mod mend;
mod notes;
mod read;
mod refs;

use std::time::Duration;

use gix::ObjectId;

pub use append::{Addition, Appended, Refusal};
pub use codec::{Invalid, MAX_EVENT_LEN, decode, encode, merge_event};
pub use evidence::{Evidence, File};
pub use notes::NOTES_REF;
pub use read::Walk;

use crate::domain::id::SpecId;

/// The namespace of the chains.
pub const SPECS: &str = "refs/chant/specs/";

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

/// The event store of one repository.
#[derive(Debug)]
pub struct Store<'repo> {
    repo: &'repo gix::Repository,
    settings: Settings,
}

impl<'repo> Store<'repo> {
    /// The store of `repo`.
    pub fn new(repo: &'repo gix::Repository, settings: Settings) -> Self {
        Store { repo, settings }
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
