//! Why a commit or a line is there.

use schemars::JsonSchema;
use serde::Serialize;

use super::{CheckView, SpecView};

/// One answer: a commit, and the spec that it came from.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[schemars(rename = "Why")]
pub(crate) struct WhyView {
    /// The commit; `None` for a line that is not committed yet.
    pub commit: Option<String>,
    /// Its subject.
    pub subject: Option<String>,
    /// How it is known: `recorded` (by an event), `patch` (the same change as a recorded commit), `claimed` (only the commit says so,
    /// or a note), `unknown`.
    pub certainty: String,
    /// The same in words.
    pub how: String,
    /// The spec.
    pub spec: Option<SpecView>,
    /// What was checked when it was finished.
    pub checks: Vec<CheckView>,
    /// What informed it, the nearest first.
    pub research: Vec<ResearchView>,
}

/// A spec that informed another.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[schemars(rename = "Research")]
pub(crate) struct ResearchView {
    /// Its short id.
    pub short: String,
    /// Its title.
    pub title: Option<String>,
    /// The phase of its investigation.
    pub phase: Option<String>,
    /// The documents that it wrote.
    pub documents: Vec<String>,
    /// The recommendation in them, if there is one.
    pub recommendation: Option<String>,
}
