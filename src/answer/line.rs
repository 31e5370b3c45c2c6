//! A spec as one line of many, for people: nothing is kept of it that is not shown.

use std::borrow::Cow;

use super::SpecView;
use crate::domain::{id::SpecId, status::Status};

/// What a line shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The full id.
    pub id: SpecId,
    /// The status.
    pub status: Status,
    /// What a person should see beside it.
    pub flags: Vec<&'static str>,
    /// The first heading of the body.
    pub title: Option<String>,
    /// Why the spec file cannot be read.
    pub error: Option<String>,
    /// The phase of an investigation, else the type.
    pub kind: Cow<'static, str>,
    /// The labels, in the order of the file.
    pub labels: Vec<String>,
}

impl From<SpecView> for Line {
    fn from(view: SpecView) -> Line {
        let flags = view.flags();
        let SpecView { id, status, title, error, kind, phase, labels, .. } = view;
        Line { id, status, flags, title, error, kind: phase.unwrap_or(kind).into(), labels }
    }
}
