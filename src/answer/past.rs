//! What an attempt that was stopped has come to.

use schemars::JsonSchema;
use serde::Serialize;

/// What an attempt has come to so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct SoFar {
    /// Why it stopped, where that is recorded.
    pub stopped: Option<String>,
    /// Its commits, oldest first.
    pub commits: Vec<CommitView>,
    /// The paths that differ from its base in those commits.
    pub changed: Vec<String>,
    /// The paths that are not committed.
    pub uncommitted: Vec<String>,
    /// How many criteria are ticked.
    pub ticked: usize,
    /// How many criteria there are.
    pub criteria: usize,
    /// The last lines that its agent printed, without control sequences.
    pub said: Vec<String>,
}

/// A commit, by its id and what its message begins with.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Commit")]
pub(crate) struct CommitView {
    /// The id.
    pub id: String,
    /// The subject.
    pub subject: String,
}
