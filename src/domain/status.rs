//! The status of a spec.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// The status of a spec. The order is the one of `rank`: what wins when attempts disagree.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    JsonSchema,
    Serialize,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[schemars(description = "Where a spec stands.")]
#[strum(serialize_all = "snake_case", parse_err_ty = UnknownStatus, parse_err_fn = unknown)]
pub enum Status {
    /// No attempt is open.
    Pending,
    /// An attempt is under way.
    #[strum(to_string = "in_progress", serialize = "in-progress")]
    InProgress,
    /// An attempt was stopped and can be resumed.
    Paused,
    /// The work is done and checked, and not in its target yet.
    Finished,
    /// The work is in its target, or there was nothing to merge.
    Completed,
    /// The last attempt failed.
    Failed,
    /// It will not be done.
    Cancelled,
    /// Archived.
    Archived,
}

impl Status {
    /// Every status, in the order of a spec's life.
    pub const ALL: &'static [Status] = <Status as strum::VariantArray>::VARIANTS;

    /// The name as it stands in trailers, JSON and output.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether nothing more is to be done: completed, cancelled or archived.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Status::Completed | Status::Cancelled | Status::Archived)
    }

    /// Which status wins among concurrent phase events: the lowest rank.
    pub fn rank(self) -> u8 {
        match self {
            Status::Archived => 0,
            Status::Completed => 1,
            Status::Cancelled => 2,
            Status::Finished => 3,
            Status::Failed => 4,
            Status::InProgress => 5,
            Status::Paused => 6,
            Status::Pending => 7,
        }
    }
}

/// A text that is no status.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not a status")]
pub struct UnknownStatus(pub String);

fn unknown(text: &str) -> UnknownStatus {
    UnknownStatus(text.to_owned())
}
