//! What was imported.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::{id::SpecId, status::Status};

/// A spec that `import` began the chain of.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Import")]
pub(crate) struct ImportView {
    /// The spec.
    pub spec: SpecId,
    /// Its status now.
    pub status: Status,
    /// Its title.
    pub title: Option<String>,
    /// The file that it was read from.
    pub path: String,
    /// The commits that its work made, as far as they are here.
    pub commits: Vec<String>,
}

impl ImportView {
    /// The keys, in order.
    pub(crate) const FIELDS: [&'static str; 5] = ["spec", "status", "title", "path", "commits"];
}
