//! Where an investigation stands.

use schemars::JsonSchema;
use serde::Serialize;

use super::SpecView;

/// An investigation: its specs in the order of their phases.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[schemars(rename = "Topic")]
pub(crate) struct TopicView {
    /// Its name.
    pub topic: String,
    /// The branches that its work goes to, each once.
    pub targets: Vec<String>,
    /// Its specs, by phase, those of no phase last.
    pub steps: Vec<StepView>,
    /// The short id of what is next: what is ready, else what waits for a person.
    pub next: Option<String>,
}

/// One spec of an investigation.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[schemars(rename = "Step")]
pub(crate) struct StepView {
    /// The spec.
    pub spec: SpecView,
    /// Who did it, or does it; `None` if nobody has begun.
    pub by: Option<String>,
    /// When they began, RFC 3339.
    pub since: Option<String>,
}
