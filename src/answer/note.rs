//! An entry of a changelog.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::id::SpecId;

/// What one spec says about itself to users.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Note")]
pub(crate) struct NoteView {
    /// `Added`, `Changed`, `Deprecated`, `Removed`, `Fixed` or `Security`.
    pub kind: String,
    /// What changes, one line of Markdown.
    pub text: String,
    /// The spec.
    pub spec: SpecId,
    /// Its short id.
    pub short: String,
}
