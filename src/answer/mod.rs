//! What a caller sees of specs, events and problems: pure data, from which every form of output is made.
//!
//! The names and order of the fields are the JSON keys and the names in `--format='%(field)'`: they are a contract, held by
//! the `FIELDS` tables and their tests. Absent is `null`; a list is never `null`. Object ids are full hexadecimal, times are
//! RFC 3339 with the offset that was recorded (`2026-02-08T10:00:00+01:00`), paths are as git prints them.

pub(crate) mod outcome;
pub(crate) mod progress;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use crate::domain::{diagnostic::Severity, status::Status};

mod detail;
mod drift;
mod event;
mod exchange;
mod graph;
mod hook;
mod import;
mod line;
mod note;
mod past;
mod problem;
mod prune;
mod spec;
mod standing;
mod topic;
mod why;

pub(crate) use crate::domain::checks::CheckLine as CheckView;
pub(crate) use detail::{ApprovalView, Checked, Criterion, MergeView, Pin, SpecDetail};
pub(crate) use drift::DriftView;
pub(crate) use event::{EventView, Person, Trailer};
pub(crate) use exchange::{ExchangeView, Way};
pub(crate) use graph::{EdgeView, GraphView, NodeView};
pub(crate) use hook::{HookState, HookView};
pub(crate) use import::ImportView;
pub(crate) use line::Line;
pub(crate) use note::NoteView;
pub(crate) use past::{CommitView, SoFar};
pub(crate) use problem::ProblemView;
pub(crate) use prune::{PruneView, Pruned};
pub(crate) use spec::{Blocker, BlockerKind, SpecView, flags};
pub(crate) use standing::{
    AttentionView, DriverView, FinishedView, Need, PausedView, RunView, StandingView, WaitingView,
};
pub(crate) use topic::{StepView, TopicView};
pub(crate) use why::{ResearchView, WhyView};

/// Serialises a status as [`Status::as_str`].
impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One of the names.
impl JsonSchema for Status {
    fn schema_name() -> Cow<'static, str> {
        "Status".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Where a spec stands.",
            "type": "string",
            "enum": (Status::ALL.iter().map(|status| status.as_str()).collect::<Vec<_>>()),
        })
    }
}

impl Severity {
    /// The name as it stands in JSON and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// Serialises a severity as [`Severity::as_str`].
impl Serialize for Severity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One of the names.
impl JsonSchema for Severity {
    fn schema_name() -> Cow<'static, str> {
        "Severity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "How bad it is.",
            "type": "string",
            "enum": ([Severity::Warning, Severity::Error].map(Severity::as_str)),
        })
    }
}
