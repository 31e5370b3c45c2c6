//! What a person is told of a proof besides that it stands. What leads to it is in `doubts`.

use crate::domain::enumeration::enumerate;

/// What a person is told of a proof.
pub(super) enum Doubt {
    /// It waits for an acknowledgement.
    Waits(String),
    /// It stands.
    Note(String),
}

/// Paths, as a sentence has them.
pub(super) fn quoted(paths: &[String]) -> String {
    enumerate(&paths.iter().map(|path| format!("'{path}'")).collect::<Vec<_>>())
}
