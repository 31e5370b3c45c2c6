//! A path that differs between two trees, and the differences that a process has found already. Finding them is in `history`.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use bstr::BString;
use gix::ObjectId;

/// How a path differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ChangeKind {
    /// The path is new.
    Added,
    /// The path is gone.
    Deleted,
    /// The content or mode of the path is another.
    Modified,
}

/// A path that differs between two trees. A rename is a deletion and an addition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    /// Relative to the top, with `/`.
    pub path: BString,
    /// How it differs.
    pub kind: ChangeKind,
    /// Whether it is a symbolic link now.
    pub is_link: bool,
    /// The blob of the regular file that was there.
    pub before: Option<ObjectId>,
    /// The blob of the regular file that is there.
    pub after: Option<ObjectId>,
}

/// How many lists are kept, and how long one of them is at least: a short one is found again as fast as it is looked up.
const MOST: usize = 4;
const LONG: usize = 100;

/// Two trees.
type Trees = (ObjectId, ObjectId);

/// The long lists of changes that were found last, by their trees: an attempt asks for the same one many times.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownChanges(Arc<Mutex<VecDeque<Known>>>);

/// Two trees, and what differs between them.
type Known = (Trees, Vec<Change>);

impl KnownChanges {
    pub(super) fn get(&self, trees: Trees) -> Option<Vec<Change>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(of, _)| *of == trees).map(|(_, changes)| changes.clone())
    }

    pub(super) fn insert(&self, trees: Trees, changes: &[Change]) {
        if changes.len() < LONG {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.push_front((trees, changes.to_vec()));
        known.truncate(MOST);
    }
}
