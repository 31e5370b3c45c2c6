//! The status of a spec.

use std::{fmt, str::FromStr};

/// Where a spec stands. The order is the one of `rank`: what wins when attempts disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Nobody works on it.
    Pending,
    /// An attempt is under way.
    InProgress,
    /// An attempt was stopped and can go on.
    Paused,
    /// The work is done and checked, and not in its target yet.
    Finished,
    /// The work is in its target, or there was nothing to merge.
    Completed,
    /// The last attempt failed.
    Failed,
    /// It will not be done.
    Cancelled,
    /// Put away.
    Archived,
}

impl Status {
    /// Every status, in the order of a spec's life.
    pub const ALL: [Status; 8] = [
        Status::Pending,
        Status::InProgress,
        Status::Paused,
        Status::Finished,
        Status::Completed,
        Status::Failed,
        Status::Cancelled,
        Status::Archived,
    ];

    /// The name as it stands in trailers, JSON and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::InProgress => "in_progress",
            Status::Paused => "paused",
            Status::Finished => "finished",
            Status::Completed => "completed",
            Status::Failed => "failed",
            Status::Cancelled => "cancelled",
            Status::Archived => "archived",
        }
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

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no status.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not a status")]
pub struct UnknownStatus(pub String);

impl FromStr for Status {
    type Err = UnknownStatus;

    /// Takes the names of [`Status::as_str`], with `-` for `_` too.
    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        let name = text.replace('-', "_");
        Status::ALL.into_iter().find(|status| status.as_str() == name).ok_or_else(|| UnknownStatus(text.to_owned()))
    }
}
