//! What was cleared away, and what was not.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::id::SpecId;

/// What can be cleared away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Pruned {
    /// A worktree: its directory and its registration.
    Worktree,
    /// The registration of a worktree that was deleted by hand.
    Registration,
    /// A work branch.
    Branch,
    /// A ref that keeps an attempt.
    Attempt,
    /// What an agent printed.
    Transcript,
    /// The lease of a dead run.
    Lease,
    /// The worktree in which checks are run at a commit.
    Check,
    /// A file that a merge moved out of its way.
    Aside,
}

impl Pruned {
    /// The name as it stands in JSON and output.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Pruned::Worktree => "worktree",
            Pruned::Registration => "registration",
            Pruned::Branch => "branch",
            Pruned::Attempt => "attempt",
            Pruned::Transcript => "transcript",
            Pruned::Lease => "lease",
            Pruned::Check => "check",
            Pruned::Aside => "aside",
        }
    }
}

/// One thing that `prune` found.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Prune")]
pub(crate) struct PruneView {
    /// What it is.
    pub kind: Pruned,
    /// The spec that it belongs to.
    pub spec: Option<SpecId>,
    /// Its path, or the full name of the ref.
    pub name: String,
    /// Whether it goes; else it stays.
    pub pruned: bool,
    /// Why, in words: lower case, no full stop.
    pub why: String,
}

impl PruneView {
    /// The keys, in order.
    pub(crate) const FIELDS: [&'static str; 5] = ["kind", "spec", "name", "pruned", "why"];

    /// `pruned` or `kept`.
    pub(crate) fn done(&self) -> &'static str {
        if self.pruned { "pruned" } else { "kept" }
    }
}
