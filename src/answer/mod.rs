//! What commands answer: one type a file, which is its own JSON, and writes itself for people and as records ([`outcome::Answer`]).
//!
//! The names and order of the fields are the JSON keys and the names in `--format='%(field)'`: they are a contract, which
//! `man/git-chant.schema.json` holds. Absent is `null`; a list is never `null`. Object ids are full hexadecimal, times are
//! RFC 3339 with the offset that was recorded (`2026-02-08T10:00:00+01:00`), paths are as git prints them. What is printed where
//! and in which form is the `output` room's to decide.

mod added;
mod check;
mod claimed;
mod demo;
mod detail;
pub(crate) mod diagnostic;
mod drift;
mod edited;
mod event;
mod failure;
mod graph;
mod hooks;
mod import;
mod init;
mod install_man;
mod list;
mod log;
pub(crate) mod outcome;
mod path;
mod problems;
pub(crate) mod progress;
mod prune;
pub(crate) mod record;
mod recorded;
mod release_notes;
pub mod schema;
mod show;
mod spec;
mod standing;
mod status;
mod sync;
mod takeover;
mod text;
mod topic;
mod verify;
mod version;
mod why;
mod work;

#[cfg(test)]
pub(crate) mod sample;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use crate::domain::{diagnostic::Severity, status::Status};

pub(crate) use added::{Added, AllAdded};
pub(crate) use claimed::Claimed;
pub(crate) use demo::{Demonstrated, Look};
pub(crate) use detail::{ApprovalView, CheckedAttempt, Criterion, MergeView, Pin, SpecDetail};
pub(crate) use drift::{DriftView, Drifted};
pub(crate) use edited::Edited;
pub(crate) use event::{EventView, Person, Trailer};
pub(crate) use failure::Failure;
pub(crate) use graph::{EdgeView, GraphForm, GraphOf, GraphView, NodeView};
pub(crate) use hooks::{AllHooks, HookState, HookView};
pub(crate) use import::{ImportView, Imported};
pub(crate) use init::{Changed, Initialized};
pub(crate) use install_man::ManualPages;
pub(crate) use list::{Explained, Line, Listed};
pub(crate) use log::Events;
pub(crate) use path::PathOf;
pub(crate) use problems::{ProblemView, Problems};
pub(crate) use prune::{AllPruned, PruneView, Pruned};
pub(crate) use recorded::{AllRecorded, Folded, Recorded};
pub(crate) use release_notes::{NoteView, Notes};
pub(crate) use show::{AllShown, Shown};
pub(crate) use spec::{Blocker, BlockerKind, SpecView, flags};
pub(crate) use standing::{
    AttentionView, DriverView, FinishedView, Need, PausedView, RunView, StandingView, WaitingView,
};
pub(crate) use status::StatusOfAll;
pub(crate) use sync::{ExchangeView, Exchanged, Way};
pub(crate) use takeover::{CommitView, SoFar, TakenOver};
pub(crate) use text::{Nothing, SchemaOf, Text};
pub(crate) use topic::{StatusOfTopic, StepView, TopicView};
pub(crate) use verify::{AllChecked, Checked, CheckedSpec};
pub(crate) use version::{Build, VersionOf};
pub(crate) use why::{ResearchView, WhyView, Whys};
pub(crate) use work::{AllWorked, Failed, Merged, SpecMerged, Worked, WorkedSpec};

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
