//! What a process does for as long as it takes, or what it waits for until a moment that is known.

use std::time::Duration;

/// What is done now, in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Activity {
    /// `thinking`, `retrying`.
    pub what: String,
    /// For how long, where that is known beforehand.
    pub wait: Option<Wait>,
}

/// A time that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    /// How long it is, from its beginning.
    pub length: Duration,
    /// What else is known of it: `3 of 10: overloaded`.
    pub detail: String,
}

impl Activity {
    /// Something that takes as long as it takes.
    pub(crate) fn new(what: &str) -> Activity {
        Activity { what: what.to_owned(), wait: None }
    }

    /// Something that begins after a wait of that length.
    pub(crate) fn after(length: Duration, what: &str, detail: &str) -> Activity {
        Activity { what: what.to_owned(), wait: Some(Wait { length, detail: detail.to_owned() }) }
    }
}
