//! Inputs that are not what they were.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::id::SpecId;

/// One input of one spec that has changed since its attempt began.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Drift")]
pub(crate) struct DriftView {
    /// The spec whose input it is.
    pub spec: SpecId,
    /// Its short id.
    pub short: String,
    /// Its title.
    pub title: Option<String>,
    /// `changed`, `added`, `gone`, `reworked` or `superseded`.
    pub kind: String,
    /// The path, or the id of the spec, that the input is.
    pub input: String,
    /// The object that it was.
    pub was: Option<String>,
    /// The object that it is now.
    pub now: Option<String>,
    /// The spec that took its place.
    pub by: Option<String>,
    /// What to type to see the difference.
    pub see: Option<String>,
    /// The short ids of everything that builds on the spec.
    pub downstream: Vec<String>,
}

impl DriftView {
    /// The keys, in order.
    pub(crate) const FIELDS: [&'static str; 10] =
        ["spec", "short", "title", "kind", "input", "was", "now", "by", "see", "downstream"];
}
