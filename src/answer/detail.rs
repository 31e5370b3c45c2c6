//! A spec with everything that is known of it.

use super::{EventView, prelude::*};
use crate::domain::{check_line::CheckLine, checks::Checks};

/// A spec with everything that is known of it, as `show` gives it.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub(crate) struct SpecDetail {
    /// What `list` gives.
    #[serde(flatten)]
    pub spec: SpecView,
    /// Why it failed, was paused, cancelled or archived, in the words of its last event of that kind; why finished work is not merged.
    pub reason: Option<String>,
    /// What to do where finished work is not merged, one line each; empty where the usual merge is next.
    pub next: Vec<String>,
    /// The commit that the attempt started from.
    pub base: Option<String>,
    /// The full ref that the work goes to.
    pub target: Option<String>,
    /// The merge that the record holds.
    pub merge: Option<MergeView>,
    /// The Markdown below the front matter.
    pub body: Option<String>,
    /// The task-list items under "Acceptance Criteria".
    pub criteria: Vec<Criterion>,
    /// What was checked at the end of the last attempt.
    pub checks: Option<CheckedAttempt>,
    /// The inputs as they were pinned.
    pub links: Vec<Pin>,
    /// The last word on its approval.
    pub approval: Option<ApprovalView>,
    /// The last word about the work of its last attempt.
    pub review: Option<ReviewView>,
    /// Why the claim that is recorded does not count, where claims have to be signed.
    pub discounted_claim: Option<String>,
    /// Its events, oldest first.
    pub history: Vec<EventView>,
    /// What the front matter says of recorded matters, and the keys that are not known.
    pub front_matter: serde_json::Map<String, serde_json::Value>,
    /// What a run changed in the repository that no event explains, one sentence each.
    pub tampered: Vec<String>,
    /// What confined the run of the agent: `bubblewrap`, `seatbelt` or `none`.
    pub confined: Option<String>,
    /// What its work changes, as a patch; only with `--diff`.
    pub diff: Option<String>,
}

impl SpecDetail {
    /// The detail of a spec of which nothing more is known.
    pub(crate) fn new(spec: SpecView) -> Self {
        SpecDetail {
            spec,
            reason: None,
            next: Vec::new(),
            base: None,
            target: None,
            merge: None,
            body: None,
            criteria: Vec::new(),
            checks: None,
            links: Vec::new(),
            approval: None,
            review: None,
            discounted_claim: None,
            history: Vec::new(),
            front_matter: serde_json::Map::new(),
            tampered: Vec::new(),
            confined: None,
            diff: None,
        }
    }
}

/// One acceptance criterion.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct Criterion {
    /// The item's text.
    pub text: String,
    /// Whether its box is ticked.
    pub checked: bool,
}

/// What was checked at the end of an attempt.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub(crate) struct CheckedAttempt {
    /// A line each.
    pub checks: Vec<CheckLine>,
    /// Whether a command of `verify` ran, besides the proof. Where a known runner counted its tests, `ran` in `evidence` is their number.
    pub suite: bool,
    /// The evidence, as its `checks.json` holds it.
    pub evidence: Checks,
}

/// An input and what it was when the attempt started.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct Pin {
    /// `path`, `spec` or `url`.
    pub kind: String,
    /// The path, the spec's id or the URL.
    pub what: String,
    /// The blob or event that it was; `null` for a URL.
    pub pinned: Option<String>,
}

/// The last word on a spec's approval.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Approval")]
pub(crate) struct ApprovalView {
    /// `required`, `approved` or `rejected`.
    pub state: String,
    /// Who said it: `Name <email>`.
    pub by: Option<String>,
    /// When.
    pub at: Option<String>,
    /// The blob that it is for.
    pub blob: Option<String>,
    /// Whether the spec's text has changed since.
    pub stale: bool,
    /// Why it does not count, where approvals have to be signed.
    pub discounted: Option<String>,
}

/// The last word about the work of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Review")]
pub(crate) struct ReviewView {
    /// `required`, `approved` or `rejected`.
    pub state: String,
    /// Who said it: `Name <email>`.
    pub by: Option<String>,
    /// When.
    pub at: Option<String>,
    /// The newest commit of the work that it is about.
    pub commit: Option<String>,
    /// Whether the work has another newest commit now.
    pub stale: bool,
    /// Why it does not count, where approvals have to be signed.
    pub discounted: Option<String>,
}

/// A merge: which ref moved from where to where.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Merge")]
pub(crate) struct MergeView {
    /// The full name of the ref.
    pub target: String,
    /// Where it was.
    pub old: String,
    /// Where it went.
    pub new: String,
    /// Whether the ref holds neither that nor the same changes any more.
    pub dropped: bool,
}
