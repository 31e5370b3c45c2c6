//! What builds on what.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::{id::SpecId, status::Status};

/// Specs and what leads from one to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Graph")]
pub(crate) struct GraphView {
    /// The specs, in the order of their ids.
    pub nodes: Vec<NodeView>,
    /// What leads from one to another, each once, in the order of `from` and `to`.
    pub edges: Vec<EdgeView>,
}

/// A spec in a graph.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Node")]
pub(crate) struct NodeView {
    /// The id.
    pub id: SpecId,
    /// The short id.
    pub short: String,
    /// The title.
    pub title: Option<String>,
    /// The status.
    pub status: Status,
    /// The phase of its investigation.
    pub phase: Option<String>,
    /// Its investigation.
    pub topic: Option<String>,
}

/// One spec builds on another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize)]
#[schemars(rename = "Edge")]
pub(crate) struct EdgeView {
    /// The one that builds on the other.
    pub from: SpecId,
    /// The other.
    pub to: SpecId,
    /// Whether it waits for it.
    pub depends_on: bool,
    /// Whether it is informed by it, or by a document that it produces.
    pub informed_by: bool,
}
